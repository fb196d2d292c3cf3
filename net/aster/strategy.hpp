// The one strategy order we place: an entry that brings its take-profit and stop along (OTOCO).
// Source: exchange-protocol.md §4.4.
#pragma once

#include <array>
#include <string_view>

#include "core/ids.hpp"
#include "net/aster/text.hpp"

namespace tranche::aster {

/// An order of a strategy, in the exchange's words; what is empty is left out.
struct StrategyLeg {
    std::string_view symbol{};
    std::string_view side{};
    std::string_view position_side{};
    std::string_view type{};
    std::string_view quantity{};
    std::string_view price{};
    std::string_view stop_price{};
    std::string_view working_type{};
    std::string_view time_in_force{};
    std::string_view client_order_id{};
    bool price_protect{};
    bool reduce_only{};
};

/// The exchange takes 28 characters for it: those of the entry's client order id that say more than
/// its check.
inline constexpr std::size_t client_strategy_id_length = 27;
inline std::string_view client_strategy_id(const ClientOrderIdText& entry) {
    return {entry.data(), client_strategy_id_length};
}

/// Appends all parameters of the strategy: entry, take-profit and stop, in this order. The exits
/// are placed when the entry is filled, in part or whole; each is cancelled when the other is. A
/// take-profit that rests as a limit order cancels the stop only once it is filled whole: in parts
/// it would leave the rest without one.
void put_strategy(std::string_view id, const std::array<StrategyLeg, 3>& legs, Text& text);

}  // namespace tranche::aster
