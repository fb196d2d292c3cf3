// Enumerations as words in the database, so that adding to one or sorting it anew never changes
// what an old row says, and people can read the tables.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/ids.hpp"
#include "core/rows.hpp"

namespace tranche {

template <class E> inline constexpr int stored_names = 0;  // specialised for each stored enum

template <>
inline constexpr auto stored_names<Side> = std::to_array<std::string_view>({"buy", "sell"});
template <>
inline constexpr auto stored_names<PositionSide> = std::to_array<std::string_view>({"long",
                                                                                    "short"});
template <>
inline constexpr auto stored_names<Role> =
    std::to_array<std::string_view>({"entry", "take_profit", "stop_loss", "close", "backstop"});
template <>
inline constexpr auto stored_names<OrderType> = std::to_array<std::string_view>(
    {"limit", "market", "stop", "stop_market", "take_profit", "take_profit_market",
     "trailing_stop_market", "liquidation", "unknown"});
template <>
inline constexpr auto stored_names<TimeInForce> = std::to_array<std::string_view>({"gtc", "ioc",
                                                                                   "fok", "gtx"});
template <>
inline constexpr auto stored_names<WorkingType> = std::to_array<std::string_view>({"contract_price",
                                                                                   "mark_price"});
template <>
inline constexpr auto stored_names<CommissionAsset> = std::to_array<std::string_view>({"usdt",
                                                                                       "other"});
template <>
inline constexpr auto stored_names<Mode> = std::to_array<std::string_view>(
    {"boot", "reconcile", "protect_only", "trading", "drain", "flatten", "halt"});
template <>
inline constexpr auto stored_names<OrderState> =
    std::to_array<std::string_view>({"sent", "unknown", "working", "partial", "cancelling",
                                     "filled", "canceled", "expired", "rejected", "dropped"});
template <>
inline constexpr auto stored_names<TrancheState> =
    std::to_array<std::string_view>({"pending", "unprotected", "protecting", "protected",
                                     "adjusting", "closing", "closed", "merged", "discarded"});
template <>
inline constexpr auto stored_names<CloseReason> = std::to_array<std::string_view>(
    {"none", "take_profit", "stop_loss", "market_close", "operator_close", "unattributed",
     "liquidation", "deleveraging", "merged", "vanished"});
template <>
inline constexpr auto stored_names<Verdict> =
    std::to_array<std::string_view>({"entered",         "not_configured",   "duplicate",
                                     "malformed",       "below_threshold",  "cooling_down",
                                     "entries_off",     "paused",           "symbol_not_trading",
                                     "side_blocked",    "no_book",          "price_out_of_bounds",
                                     "size_impossible", "size_overshoot",   "symbol_limit",
                                     "total_limit",     "order_limit",      "conditional_limit",
                                     "tranche_limit",   "against_position", "rate_governor",
                                     "loss_governor",   "no_capacity",      "imported"});
template <>
inline constexpr auto stored_names<AlarmKind> =
    std::to_array<std::string_view>({"unprotected_too_long",
                                     "order_unknown",
                                     "protection_rejected",
                                     "position_differs",
                                     "clock_offset",
                                     "credentials_refused",
                                     "margin_call",
                                     "forced_close",
                                     "rate_limited",
                                     "banned",
                                     "user_stream_lost",
                                     "market_stream_lost",
                                     "stop_placed_at_limit",
                                     "governor_tripped",
                                     "adopted",
                                     "foreign_epoch",
                                     "entry_rejected",
                                     "exchange_unreachable",
                                     "control_refused",
                                     "size_overshoot",
                                     "exit_removed",
                                     "order_limit",
                                     "position_mode",
                                     "filters_doubted",
                                     "agent_expires",
                                     "stream_gap",
                                     "answers_changed",
                                     "storage",
                                     "records_lost"});

template <class E, E last>
inline constexpr bool names_complete = stored_names<E>.size() == static_cast<std::size_t>(last) + 1;
static_assert(stored_names<Verdict>.size() == verdict_count);
static_assert(names_complete<Role, Role::backstop> && names_complete<Mode, Mode::halt>);
static_assert(names_complete<OrderType, OrderType::unknown>);
static_assert(names_complete<OrderState, OrderState::dropped>);
static_assert(names_complete<TrancheState, TrancheState::discarded>);
static_assert(names_complete<CloseReason, CloseReason::vanished>);
static_assert(names_complete<AlarmKind, AlarmKind::records_lost>);

/// Empty for a value the enumeration does not have.
template <class E> constexpr std::string_view stored_name(E value) {
    const auto at = static_cast<std::size_t>(value);
    return at < stored_names<E>.size() ? stored_names<E>[at] : std::string_view{};
}

template <class E> constexpr std::optional<E> from_stored_name(std::string_view name) {
    for (std::size_t i = 0; i < stored_names<E>.size(); ++i)
        if (stored_names<E>[i] == name) return static_cast<E>(i);
    return std::nullopt;
}

}  // namespace tranche
