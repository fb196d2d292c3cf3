// Strategy orders: up to three orders of which some are placed or cancelled by what becomes of the
// others (exchange-protocol.md §4.4).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "tools/exchange/order.hpp"
#include "tools/exchange/params.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// What must become of one order for another to be driven.
enum class DrivenOn : std::uint8_t {
    fresh,
    partially_filled_or_filled,
    filled,
    canceled,
    replaced,
    stopped,
    rejected,
    expired
};
enum class Drive : std::uint8_t { place, cancel };

struct Driver {
    std::size_t leg{};  // whose events drive, from 1; 0 for none
    DrivenOn on{};
    Drive action{};
};

struct StrategyLeg {
    NewOrder terms;
    std::array<Driver, 2> drivers{};

    /// Is placed with the request itself.
    [[nodiscard]] bool leads() const { return drivers[0].leg == 0 && drivers[1].leg == 0; }
};

struct NewStrategy {
    std::string client_id;
    std::string type;  // OTO, OCO or OTOCO
    std::array<StrategyLeg, 3> legs{};
    std::size_t count{};
};

/// What became of a request: an id, and why a later check failed, if one did.
struct StrategyOutcome {
    std::int64_t id{};
    int failure_code{};
    std::string failure_reason;
};

/// The strategy that the parameters ask for, in the account's position mode.
std::variant<NewStrategy, Reject> read_strategy(const Params& params, const Rules& rules,
                                                bool hedge_mode);

}  // namespace tranche::exchange
