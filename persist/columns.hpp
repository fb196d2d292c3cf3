// Which field of a row is which column: said once, used to write, to read and to build the SQL.
// `visit(name, field)` for a column that is a field; `visit.derived(name, value)` for one that is
// only written, because it follows from the others.
#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>

#include "core/rows.hpp"

namespace tranche {

template <class R, class Row>
concept RowOf = std::same_as<std::remove_const_t<R>, Row>;

template <class Row> inline constexpr std::string_view table_of{};
template <> inline constexpr std::string_view table_of<LiquidationRow>{"liquidations"};
template <> inline constexpr std::string_view table_of<OrderRow>{"orders"};
template <> inline constexpr std::string_view table_of<FillRow>{"fills"};
template <> inline constexpr std::string_view table_of<TrancheRow>{"tranches"};
template <> inline constexpr std::string_view table_of<ModeRow>{"modes"};
template <> inline constexpr std::string_view table_of<AlarmRow>{"alarms"};
template <> inline constexpr std::string_view table_of<BalanceRow>{"balances"};
template <> inline constexpr std::string_view table_of<MergeRow>{"merges"};

/// What never changes in the life of a row: not written again, so that no index over it is either.
template <class Row> inline constexpr std::array<std::string_view, 0> fixed_columns{};
template <>
inline constexpr auto fixed_columns<OrderRow> = std::to_array<std::string_view>(
    {"client_order_id", "role", "tranche_id", "symbol", "side", "position_side", "created_ns"});
template <>
inline constexpr auto fixed_columns<TrancheRow> =
    std::to_array<std::string_view>({"id", "symbol", "side", "episode", "ordinal", "created_ns"});

template <RowOf<LiquidationRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit.name("symbol", row.name, row.symbol);
    visit("arrival_ns", row.arrival_time);
    visit("exchange_ns", row.exchange_time);
    visit("trade_ns", row.trade_time);
    visit("side", row.side);
    visit("price_e8", row.price);
    visit("average_price_e8", row.average_price);
    visit("quantity_e8", row.quantity);
    visit("filled_e8", row.filled);
    visit("value_e8", row.value);
    visit("window_sum_e8", row.window_sum);
    visit("threshold_e8", row.threshold);
    visit("trade_side", row.trade_side);
    visit("verdict", row.verdict);
    visit("tranche_id", row.tranche);
}

template <RowOf<OrderRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("client_order_id", row.id);
    visit.derived("role", row.id.role);
    visit.derived("tranche_id", row.id.tranche);
    visit("order_id", row.order_id);
    visit("symbol", row.symbol);
    visit("side", row.side);
    visit("position_side", row.position_side);
    visit("type", row.type);
    visit("time_in_force", row.time_in_force);
    visit("working_type", row.working_type);
    visit("state", row.state);
    visit.derived("open", !is_final(row.state));
    visit("price_e8", row.price);
    visit("stop_price_e8", row.stop_price);
    visit("quantity_e8", row.quantity);
    visit("filled_e8", row.filled);
    visit("average_price_e8", row.average_price);
    visit("created_ns", row.created);
    visit("updated_ns", row.updated);
    visit("sent_ns", row.sent);
    visit("cause_ns", row.cause_time);
    visit("code", row.code);
    visit("reduce_only", row.reduce_only);
    visit("close_position", row.close_position);
    visit("price_protect", row.price_protect);
}

template <RowOf<FillRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("symbol", row.symbol);
    visit("trade_id", row.trade_id);
    visit("order_id", row.order_id);
    visit("client_order_id", row.id);
    visit("tranche_id", row.tranche);
    visit("side", row.side);
    visit("position_side", row.position_side);
    visit("role", row.role);
    visit("quantity_e8", row.quantity);
    visit("price_e8", row.price);
    visit("commission_e8", row.commission);
    visit("commission_asset", row.commission_asset);
    visit("realized_e8", row.realized);
    visit("exchange_realized_e8", row.exchange_realized);
    visit("trade_ns", row.time);
    visit("maker", row.maker);
    visit("ours", row.ours);
}

template <RowOf<TrancheRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("id", row.id);
    visit("symbol", row.symbol);
    visit("side", row.side);
    visit("episode", row.episode);
    visit("ordinal", row.ordinal);
    visit("state", row.state);
    visit.derived("open", !is_final(row.state));
    visit("quantity_e8", row.quantity);
    visit("cost_e8", row.cost);
    visit("entry_e8", row.entry);
    visit("entered_e8", row.entered);
    visit("exited_e8", row.exited);
    visit("realized_e8", row.realized);
    visit("fees_e8", row.fees);
    visit("take_profit_e8", row.take_profit);
    visit("stop_loss_e8", row.stop_loss);
    visit("take_profit_order", row.take_profit_order);
    visit("stop_loss_order", row.stop_loss_order);
    visit("created_ns", row.created);
    visit("updated_ns", row.updated);
    visit("closed_ns", row.closed);
    visit("unprotected_since_ns", row.unprotected_since);
    visit("unprotected_total_ns", row.unprotected_total);
    visit("unprotected_max_ns", row.unprotected_max);
    visit("entry_generation", row.entry_generation);
    visit("take_profit_generation", row.take_profit_generation);
    visit("stop_loss_generation", row.stop_loss_generation);
    visit("close_generation", row.close_generation);
    visit("close_reason", row.close_reason);
    visit("adopted", row.adopted);
}

template <RowOf<ModeRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("from_mode", row.from);
    visit("to_mode", row.to);
    visit("paused", row.paused);
    visit("reason", row.reason);
}

template <RowOf<AlarmRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("kind", row.kind);
    visit("raised", row.raised);
    visit("symbol", row.symbol);
    visit("tranche_id", row.tranche);
    visit("value", row.value);
    visit("text", row.text);
}

template <RowOf<BalanceRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("wallet_e8", row.wallet);
    visit("available_e8", row.available);
    visit("unrealized_e8", row.unrealized);
    visit("realized_today_e8", row.realized_today);
}

template <RowOf<MergeRow> R, class Visit> void columns(R& row, Visit& visit) {
    visit("symbol", row.symbol);
    visit("side", row.side);
    visit("kept_id", row.kept);
    visit("absorbed_id", row.absorbed);
    visit("kept_quantity_e8", row.kept_quantity);
    visit("absorbed_quantity_e8", row.absorbed_quantity);
    visit("kept_entry_e8", row.kept_entry);
    visit("absorbed_entry_e8", row.absorbed_entry);
    visit("entry_e8", row.entry);
    visit("why", row.why);
}

}  // namespace tranche
