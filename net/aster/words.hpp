// The exchange's words → our enums. A word we do not know is `unknown`, never a guess.
// Source: exchange-protocol.md §3.3, §4.5, §6.1.
#pragma once

#include <optional>
#include <string_view>

#include "core/ids.hpp"
#include "core/rows.hpp"

namespace tranche::aster {

inline std::optional<Side> side_of(std::string_view word) {
    if (word == "BUY") return Side::buy;
    if (word == "SELL") return Side::sell;
    return std::nullopt;
}

/// An empty word is the one-way mode's leg.
inline std::optional<PositionLeg> leg_of(std::string_view word) {
    if (word == "BOTH" || word.empty()) return PositionLeg::both;
    if (word == "LONG") return PositionLeg::long_side;
    if (word == "SHORT") return PositionLeg::short_side;
    return std::nullopt;
}

inline OrderType order_type_of(std::string_view word) {
    if (word == "LIMIT") return OrderType::limit;
    if (word == "MARKET") return OrderType::market;
    if (word == "STOP") return OrderType::stop;
    if (word == "STOP_MARKET") return OrderType::stop_market;
    if (word == "TAKE_PROFIT") return OrderType::take_profit;
    if (word == "TAKE_PROFIT_MARKET") return OrderType::take_profit_market;
    if (word == "TRAILING_STOP_MARKET") return OrderType::trailing_stop_market;
    if (word == "LIQUIDATION") return OrderType::liquidation;
    return OrderType::unknown;
}

inline OrderStatus order_status_of(std::string_view word) {
    if (word == "NEW" || word == "PENDING") return OrderStatus::created;
    if (word == "PARTIALLY_FILLED") return OrderStatus::partially_filled;
    if (word == "FILLED") return OrderStatus::filled;
    if (word == "CANCELED") return OrderStatus::canceled;
    if (word == "EXPIRED" || word == "EXPIRED_IN_MATCH") return OrderStatus::expired;
    if (word == "REJECTED") return OrderStatus::rejected;
    return OrderStatus::unknown;  // NEW_INSURANCE and NEW_ADL: the exchange took it over
}

/// Status of a conditional order in a service of its own. Once it has fired the order that came of
/// it has the word: `unknown` here.
inline OrderStatus algo_status_of(std::string_view word) {
    if (word == "NEW") return OrderStatus::created;
    if (word == "CANCELED") return OrderStatus::canceled;
    if (word == "EXPIRED") return OrderStatus::expired;
    if (word == "REJECTED") return OrderStatus::rejected;
    return OrderStatus::unknown;  // TRIGGERING, TRIGGERED, FINISHED
}

inline ExecutionType execution_of(std::string_view word) {
    if (word == "NEW") return ExecutionType::created;
    if (word == "TRADE") return ExecutionType::trade;
    if (word == "CANCELED") return ExecutionType::canceled;
    if (word == "EXPIRED") return ExecutionType::expired;
    if (word == "CALCULATED") return ExecutionType::calculated;
    if (word == "AMENDMENT") return ExecutionType::amended;
    return ExecutionType::unknown;
}

inline CommissionAsset asset_of(std::string_view word) {
    return word == "USDT" ? CommissionAsset::usdt : CommissionAsset::other;
}

/// The exchange closes positions under client order ids of its own. A settlement counts as a
/// liquidation: nobody of us closed, and the position is gone.
inline ForcedClose forced_close_of(std::string_view client_id) {
    if (client_id.starts_with("adl_autoclose")) return ForcedClose::deleveraging;
    if (client_id.starts_with("autoclose-")) return ForcedClose::liquidation;
    if (client_id.starts_with("settlement_autoclose-")) return ForcedClose::liquidation;
    return ForcedClose::none;
}

}  // namespace tranche::aster
