// The way of an order request to the exchange and back: what the gateway sees as connections, and
// what can happen to a request between them. Requests are the bytes of their commands.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/messages.hpp"
#include "net/aster/costs.hpp"
#include "net/aster/replies.hpp"
#include "net/gateway.hpp"
#include "tools/sim/answers.hpp"
#include "tools/sim/heap.hpp"
#include "tools/sim/oracle.hpp"
#include "tools/sim/plan.hpp"
#include "tools/sim/venue_side.hpp"

namespace tranche::sim {

class Network;

/// A connection for orders, as the gateway's concept wants it.
class SimConnection {
public:
    SimConnection(Network& network, std::uint32_t number) : network_{network}, number_{number} {}

    HttpOutcome poll(Nanos) { return std::exchange(outcome_, HttpOutcome::none); }
    bool send(std::span<const char> bytes, Nanos now);
    bool is_ready() const { return up_ && !waiting_; }
    const HttpResponse& response() const { return response_; }
    Nanos first_byte_out() const { return first_byte_out_; }
    Nanos answered() const { return answered_; }

private:
    friend class Network;

    Network& network_;
    std::uint32_t number_;
    std::uint32_t request_{};  // under way, while `waiting_`
    bool up_{true};
    bool waiting_{};
    HttpOutcome outcome_{HttpOutcome::none};
    Nanos first_byte_out_{};
    Nanos answered_{};
    HttpResponse response_{};
    std::array<char, 512> body_{};
};
static_assert(OrderConnection<SimConnection>);

/// Requests are commands as they stand; answers are read by production code.
class SimAdapter {
public:
    std::size_t encode(const Command& command, Nanos now, std::span<char> out);
    std::size_t encode_ping(std::span<char> out);
    RateCost cost(const Command& command) const {
        if (command.with_exits) return aster::cost_of(aster::Resource::strategy_order, true);
        const bool counts =
            command.kind == CommandKind::place || command.kind == CommandKind::replace;
        return {.weight = 1, .orders = counts ? 1U : 0U};
    }
    RateAnswer read_limits(const HttpResponse& response, Nanos now) const {
        return aster::read_limits(response, now);
    }
    Reply decode(const Command& command, const HttpResponse& response, const RateAnswer& rate) {
        return decoder_.decode(command, response, rate);
    }

private:
    aster::ReplyDecoder decoder_;
};
static_assert(tranche::OrderAdapter<SimAdapter>);

/// Until when the exchange, or the way to it, is in a state; times long past for "not".
struct Weather {
    Nanos outage_until;
    Nanos throttled_until;
    Nanos banned_until;
    Nanos keys_refused_until;
    Nanos mode_mismatch_until;
    Nanos no_margin_until;
    std::array<Nanos, most_symbols> halted_until;
    std::array<Nanos, most_symbols> filters_changed_until;
    Nanos exchange_offset;  // its clock minus the true time
    Nanos offset_until;
};

using FaultCounts = std::array<std::uint64_t, fault_count>;

class Network {
public:
    Network(const Plan& plan, EventHeap& heap, VenueSide& venue, Oracle& oracle, Weather& weather,
            FaultCounts& counts);

    std::vector<SimConnection*> connections();
    /// From a connection: a request leaves.
    void submit(SimConnection& connection, std::span<const char> bytes, Nanos now);

    void arrive(std::uint32_t request, Nanos now);
    void answer(std::uint32_t request, Nanos now);
    void time_out(std::uint32_t request, Nanos now);
    void link_up(std::uint32_t connection, Nanos now);
    /// Every connection is lost; requests that left may still arrive.
    void cut_all(Nanos now, Nanos down_for);
    /// The process is gone: nobody waits for answers any more.
    void forget_waiting();
    bool any_usable() const;
    /// Each connection is down, or has waited for an answer for long.
    bool stuck(Nanos now) const;
    /// No more faults of single requests.
    void calm() { calm_ = true; }
    std::uint64_t requests() const { return requests_sent_; }

private:
    enum class Way : std::uint8_t {
        clean,
        not_sent,       // fails before the first byte
        cut_before,     // bytes left, nothing arrives
        cut_after,      // executed, no answer
        late,           // the connection breaks; executed seconds later
        server_error,   // 503, not executed
        done_but_503,   // 503, executed
        done_late_503,  // 503, executed seconds later
        garbage,
        refused,  // with `code`, not executed
        throttled,
    };
    /// What happens to an entry just before its cancel arrives.
    enum class Race : std::uint8_t { none, filled, filled_in_part };
    struct Request {
        Command command{};
        Reply reply{};
        std::uint32_t connection{};
        std::uint32_t life{};  // of the process that sent it
        Way way{};
        Race race{};
        bool ping{};
        bool waited_for{};
        bool settled{};  // its connection has its outcome
        Garbage garbage{};
        std::int32_t code{};
        unsigned status{};
        Nanos up;
        Nanos down;
        Nanos held;                // extra time before it is executed
        std::uint8_t open_ends{};  // happenings that still name it
    };

    void choose(Request& request, Nanos now);
    void choose_rarely(Request& request, Dice& dice);
    bool strikes(Fault fault, Dice& dice);
    void refuse(Request& request, Fault fault, std::int32_t code);
    bool refused_by_weather(Request& request, Nanos now);
    void fill_first(const Request& request, Nanos now);
    void execute(Request& request, Nanos now);
    bool is_void(const Request& request) const;
    void make_void(Request& request);
    void lose(SimConnection& connection, HttpOutcome outcome, Nanos down_for, Nanos now);
    void write(SimConnection& connection, const Request& request);
    void release(std::uint32_t slot);
    void excuse(const Request& request, Nanos now);

    const Plan& plan_;
    EventHeap& heap_;
    VenueSide& venue_;
    Oracle& oracle_;
    Weather& weather_;
    FaultCounts& counts_;
    std::vector<SimConnection> connections_;
    Pool<Request> pool_{256};
    IdTable attempts_{1024};
    std::vector<std::uint32_t> attempt_counts_;
    IdTable voided_{64};  // orders whose nonce was used up by a noop
    std::uint32_t life_{};
    std::uint64_t requests_sent_{};
    Nanos ban_known_until_{};  // the process has been told
    bool calm_{};
};

}  // namespace tranche::sim
