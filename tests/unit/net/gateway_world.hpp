// A gateway on one thread between rings and connections that do as a test says.
#pragma once

#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/gateway.hpp"

namespace tranche {

inline constexpr Nanos start = seconds(1'700'000'000);

/// A connection whose peer does as the test says; requests are the command's number as text.
class ScriptedConnection {
public:
    explicit ScriptedConnection(const Nanos& now) : now_{now} {}

    HttpOutcome poll(Nanos) {
        ++polls;
        if (!waiting_ || !next_) return HttpOutcome::none;
        const HttpOutcome outcome = *next_;
        next_.reset();
        waiting_ = false;
        up = outcome == HttpOutcome::answer && up;
        return outcome;
    }
    bool is_ready() const { return up && !waiting_; }
    bool send(std::span<const char> request, Nanos) {
        EXPECT_FALSE(waiting_) << "one request at a time";
        if (!is_ready() || refuse_sends) return false;
        waiting_ = true;
        first_byte_ = now_;
        sent.emplace_back(request.data(), request.size());
        return true;
    }
    const HttpResponse& response() const { return response_; }
    Nanos first_byte_out() const { return first_byte_; }
    Nanos answered() const { return now_; }

    void answer(unsigned status) {
        response_.status = status;
        next_ = HttpOutcome::answer;
    }
    void fail(HttpOutcome outcome) { next_ = outcome; }
    void give_up() {
        ++given_up;
        fail(HttpOutcome::cut);
    }
    bool waiting() const { return waiting_; }

    bool up{true};
    bool refuse_sends{};
    std::size_t polls{};
    std::size_t given_up{};
    std::vector<std::string> sent;

private:
    const Nanos& now_;
    bool waiting_{};
    std::optional<HttpOutcome> next_;
    HttpResponse response_;
    Nanos first_byte_{};
};
static_assert(OrderConnection<ScriptedConnection>);

/// An exchange that says everything by HTTP status.
struct PlainAdapter {
    std::size_t encode(const Command& command, Nanos, std::span<char> out) {
        if (command.type == OrderType::unknown) return 0;
        return write("order " + std::to_string(command.sequence), out);
    }
    bool may_batch(const Command& command) const { return command.type != OrderType::stop; }
    RateCost batch_cost(std::span<const Command> commands) const {
        return {.weight = 5, .orders = static_cast<std::uint32_t>(commands.size())};
    }
    std::size_t encode_batch(std::span<const Command> commands, Nanos, std::span<char> out) {
        std::string text = "batch";
        for (const Command& command : commands) text += ' ' + std::to_string(command.sequence);
        return write(text, out);
    }
    /// Orders with an odd number are taken.
    void decode_batch(std::span<const Command> commands, const HttpResponse& response,
                      const RateAnswer& rate, std::span<Reply> replies) {
        for (std::size_t i = 0; i < commands.size(); ++i) {
            replies[i] = decode(commands[i], response, rate);
            if (response.status == 200 && commands[i].sequence % 2 == 0)
                replies[i].verdict = ReplyClass::rejected;
        }
    }
    std::size_t encode_ping(std::span<char> out) { return write("ping", out); }
    RateCost cost(const Command& command) const {
        return command.with_exits ? RateCost{.weight = 50, .orders = 3}
                                  : RateCost{.weight = 1, .orders = 1};
    }
    RateAnswer read_limits(const HttpResponse& response, Nanos now) const {
        RateAnswer answer;
        if (response.status == 429) {
            answer.verdict = RateVerdict::throttled;
            answer.retry_after = now + seconds(1);
        }
        return answer;
    }
    Reply decode(const Command&, const HttpResponse& response, const RateAnswer& rate) {
        Reply reply{};
        reply.http_status = static_cast<std::uint16_t>(response.status);
        reply.retry_after = rate.retry_after;
        reply.verdict = ReplyClass::unknown;
        if (response.status == 200) reply.verdict = ReplyClass::accepted;
        if (response.status == 400) reply.verdict = ReplyClass::rejected;
        if (response.status == 429) reply.verdict = ReplyClass::throttled;
        return reply;
    }

private:
    static std::size_t write(const std::string& text, std::span<char> out) {
        std::memcpy(out.data(), text.data(), text.size());
        return text.size();
    }
};
static_assert(BatchAdapter<PlainAdapter>);

/// A gateway between rings, with a clock that moves only when told.
struct World {
    explicit World(std::size_t pool_size, GatewaySettings settings = {.simulate_only = false},
                   std::size_t reply_capacity = 64,
                   std::vector<RateLimit> limits = {{RateUnit::weight, seconds(60), 2400}})
        : replies{reply_capacity} {
        std::vector<ScriptedConnection*> pool;
        for (std::size_t i = 0; i < pool_size; ++i) {
            connections.push_back(std::make_unique<ScriptedConnection>(now));
            pool.push_back(connections.back().get());
        }
        RateBudget budget{limits, Ratio{}};
        budget.join(board, RateParty::gateway);
        gateway = std::make_unique<Gateway<ScriptedConnection, PlainAdapter>>(
            commands, replies, pool, adapter, budget, settings, TimeSource{now}, metrics);
    }

    std::uint64_t order(Lane lane = Lane::protective, CommandKind kind = CommandKind::place,
                        Nanos deadline = {}) {
        Command* command = commands.slot();
        EXPECT_NE(command, nullptr);
        *command = {};
        command->sequence = ++sequence;
        command->lane = lane;
        command->kind = kind;
        command->deadline = deadline;
        command->symbol = SymbolId{3};
        command->id.epoch = 7;
        command->decided_at = decided_at;
        command->with_exits = with_exits;
        command->id.generation =
            static_cast<std::uint32_t>(same_id_as == 0 ? sequence : same_id_as);
        commands.publish();
        return sequence;
    }
    void poll(Nanos passing = {}) {
        now += passing;
        gateway->poll(now);
    }
    /// Every reply there is, by command; twice the same command fails the test.
    std::map<std::uint64_t, Reply> take_replies() {
        std::map<std::uint64_t, Reply> taken;
        for (const Event* event = replies.front(); event != nullptr; event = replies.front()) {
            EXPECT_EQ(event->kind, EventKind::reply);
            EXPECT_EQ(event->symbol, SymbolId{3});
            EXPECT_EQ(event->reply.id.generation, event->reply.sequence);
            EXPECT_TRUE(taken.emplace(event->reply.sequence, event->reply).second);
            replies.pop();
        }
        return taken;
    }
    ReplyClass only_verdict() {
        const auto taken = take_replies();
        EXPECT_EQ(taken.size(), 1U);
        return taken.empty() ? ReplyClass::unknown : taken.begin()->second.verdict;
    }
    ScriptedConnection& line(std::size_t i) { return *connections[i]; }

    Nanos now{start};
    Ring<Command> commands{256};
    Ring<Event> replies;
    std::vector<std::unique_ptr<ScriptedConnection>> connections;
    PlainAdapter adapter;
    GatewayMetrics metrics;
    RateBoard board;
    std::unique_ptr<Gateway<ScriptedConnection, PlainAdapter>> gateway;
    std::uint64_t sequence{};
    Nanos decided_at{};          // of the orders that follow
    std::uint64_t same_id_as{};  // the next order names this one
    bool with_exits{};           // the orders that follow
};

}  // namespace tranche
