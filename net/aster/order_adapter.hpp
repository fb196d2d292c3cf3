// The exchange's dialect of orders, as the gateway wants it.
#pragma once

#include "net/aster/algo_orders.hpp"
#include "net/aster/replies.hpp"
#include "net/aster/requests.hpp"

namespace tranche::aster {

/// Encodes and decodes orders of one account. Keeps a reference to `requests`; one thread.
class OrderAdapter {
public:
    explicit OrderAdapter(const OrderRequests& requests) : requests_{requests} {}

    std::size_t encode(const Command& command, Nanos now, std::span<char> out) {
        return requests_.encode(algo_orders_.translated(command), now, out);
    }
    std::size_t encode_ping(std::span<char> out) { return requests_.encode_ping(out); }
    /// Every order request weighs 1; only new orders count as orders (exchange-protocol.md §4.2).
    RateCost cost(const Command& command) const {
        return {.weight = 1, .orders = command.kind == CommandKind::place ? 1U : 0U};
    }
    RateAnswer read_limits(const HttpResponse& response, Nanos now) const {
        return aster::read_limits(response, now);
    }
    Reply decode(const Command& command, const HttpResponse& response, const RateAnswer& rate) {
        const Reply reply = decoder_.decode(algo_orders_.translated(command), response, rate);
        const ReplyDecoder::AlgoIds algo = decoder_.algo_ids();
        if (algo.algo_id != 0 && command.id != ClientOrderId{})
            algo_orders_.note(command.id, algo.algo_id, algo.order_id);
        return reply;
    }

private:
    const OrderRequests& requests_;
    ReplyDecoder decoder_;
    AlgoOrders algo_orders_;
};
static_assert(tranche::OrderAdapter<OrderAdapter>);

}  // namespace tranche::aster
