// The exchange's dialect of orders, as the gateway wants it.
#pragma once

#include "net/aster/algo_orders.hpp"
#include "net/aster/attempts.hpp"
#include "net/aster/costs.hpp"
#include "net/aster/replies.hpp"
#include "net/aster/requests.hpp"
#include "net/gateway_metrics.hpp"

namespace tranche::aster {

/// What answers to orders say beside the answer. The gateway writes, any thread reads.
struct OrderFigures {
    Figure rules_doubted;    // refused for price, size or symbol: the rules may have changed
    Figure clock_doubted;    // refused for the time
    Figure mode_doubted;     // refused for the position mode
    Figure unknown_members;  // members of answers that nobody knows
    Figure unreadable;       // answers that are no order although they say 200
};

/// Encodes and decodes orders of one account. Keeps a reference to `requests`; one thread.
class OrderAdapter {
public:
    explicit OrderAdapter(const OrderRequests& requests) : requests_{requests} {}

    std::size_t encode(const Command& command, Nanos now, std::span<char> out) {
        if (command.kind == CommandKind::noop)
            return requests_.encode_noop(attempts_.find(command.id), out);
        std::uint64_t nonce = 0;
        const std::size_t length =
            command.with_exits
                ? requests_.encode_strategy(command, now, out, &nonce)
                : requests_.encode(algo_orders_.translated(command), now, out, &nonce);
        if (nonce != 0) attempts_.note(command.id, nonce);
        return length;
    }
    bool may_batch(const Command& command) const { return requests_.may_batch(command); }
    RateCost batch_cost(std::span<const Command> commands) const {
        return {.weight = 5, .orders = static_cast<std::uint32_t>(commands.size())};
    }
    std::size_t encode_batch(std::span<const Command> commands, Nanos now, std::span<char> out) {
        std::uint64_t nonce = 0;
        const std::size_t length = requests_.encode_batch(commands, now, out, &nonce);
        for (const Command& command : commands)
            if (nonce != 0) attempts_.note(command.id, nonce);
        return length;
    }
    void decode_batch(std::span<const Command> commands, const HttpResponse& response,
                      const RateAnswer& rate, std::span<Reply> replies) {
        decoder_.decode_batch(commands, response, rate, replies);
        for (std::size_t i = 0; i < commands.size(); ++i) count(commands[i], replies[i]);
    }
    std::size_t encode_ping(std::span<char> out) { return requests_.encode_ping(out); }
    /// Every order request but a strategy weighs 1; new orders count as orders
    /// (exchange-protocol.md §4.2), and changed ones too, as nobody says that they do not.
    RateCost cost(const Command& command) const {
        if (command.with_exits) return cost_of(Resource::strategy_order, true);
        const bool counts =
            command.kind == CommandKind::place || command.kind == CommandKind::replace;
        return {.weight = 1, .orders = counts ? 1U : 0U};
    }
    RateAnswer read_limits(const HttpResponse& response, Nanos now) const {
        return aster::read_limits(response, now);
    }
    Reply decode(const Command& command, const HttpResponse& response, const RateAnswer& rate) {
        const Reply reply = decoder_.decode(algo_orders_.translated(command), response, rate);
        const ReplyDecoder::AlgoIds algo = decoder_.algo_ids();
        if (algo.algo_id != 0 && command.id != ClientOrderId{})
            algo_orders_.note(command.id, algo.algo_id, algo.order_id);
        count(command, reply);
        return reply;
    }
    const OrderFigures& figures() const { return figures_; }

private:
    void count(const Command& command, const Reply& reply) {
        if (doubts_rules(reply.code)) figures_.rules_doubted.add();
        // A used nonce is what a noop is about, so its refusal is no word about the clock.
        if (command.kind != CommandKind::noop && doubts_clock(reply.code))
            figures_.clock_doubted.add();
        if (doubts_mode(reply.code)) figures_.mode_doubted.add();
        figures_.unknown_members.set(decoder_.unknown_members());
        figures_.unreadable.set(decoder_.unreadable());
    }

    const OrderRequests& requests_;
    ReplyDecoder decoder_;
    AlgoOrders algo_orders_;
    Attempts attempts_;
    OrderFigures figures_;
};
static_assert(BatchAdapter<OrderAdapter>);

}  // namespace tranche::aster
