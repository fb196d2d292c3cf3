// Seeded misbehaviour: which replies and events go wrong, and how.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/exchange/random.hpp"

namespace tranche::exchange {

enum class Fault : std::uint8_t {
    http503,      // a TRADE call is executed, the answer is 503
    delay,        // the reply of a signed call leaves 50 ms to 2 s late
    dup_events,   // a user event is sent twice
    event_first,  // user events leave before the reply that they belong to
    cut           // a TRADE call is executed, then the connection is closed without an answer
};
inline constexpr std::size_t fault_count = 5;

/// Probability of each fault, in the order of Fault.
using FaultRates = std::array<double, fault_count>;

/// Reads "none", "all", or a comma list of `name` or `name=probability`; a bare name (and "all")
/// means 0.05. On failure: nothing, and what is wrong with the list.
std::optional<FaultRates> parse_faults(std::string_view list, std::string& error);

/// What a request asks for, as far as faults care.
enum class RequestKind : std::uint8_t {
    open,   // nobody signs it
    query,  // signed, changes nothing
    trade   // changes orders
};

/// What happens to one request. Several things may.
struct RequestFate {
    bool answer_503{};
    bool cut{};
    bool events_first{};
    std::int64_t delay_ms{};
};

/// What happens to one user event.
struct EventFate {
    bool twice{};
};

/// Decides which requests and events go wrong. Pure: the same rates, seed and questions give the
/// same fates; carrying them out is the caller's business.
class FaultPlan {
public:
    FaultPlan(const FaultRates& rates, std::uint64_t seed) : rates_{rates}, random_{seed} {}

    /// A plan of its own for a seed: each fault is left out in half of the seeds, and else has a
    /// rate of up to `most`.
    static FaultPlan swarm(std::uint64_t seed, double most);

    RequestFate decide(RequestKind kind);
    EventFate decide_event() { return {.twice = happens(Fault::dup_events)}; }
    [[nodiscard]] const FaultRates& rates() const { return rates_; }

private:
    bool happens(Fault fault) {
        const double rate = rates_[static_cast<std::size_t>(fault)];
        return rate > 0 && random_.chance(rate);
    }

    FaultRates rates_;
    Random random_;
};

}  // namespace tranche::exchange
