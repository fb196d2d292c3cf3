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

/// What happens to one call.
struct CallFate {
    bool answer_503{};
    bool cut{};
    bool events_first{};
    std::int64_t delay_ms{};
};

/// Draws fates; the same seed and calls give the same fates.
class Faults {
public:
    Faults(FaultRates rates, std::uint64_t seed) : rates_{rates}, random_{seed} {}

    /// `signed_call`: any USER_DATA or TRADE call; `trade_call`: one that changes orders.
    CallFate draw_call(bool signed_call, bool trade_call);
    bool duplicate_event() { return happens(Fault::dup_events); }

private:
    bool happens(Fault fault) {
        const double rate = rates_[static_cast<std::size_t>(fault)];
        return rate > 0 && random_.chance(rate);
    }

    FaultRates rates_;
    Random random_;
};

}  // namespace tranche::exchange
