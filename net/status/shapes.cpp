#include "net/status/shapes.hpp"

#include "net/status/names.hpp"
#include "net/status/pnl.hpp"

namespace tranche {
namespace {

void write_symbol(JsonWriter& json, const SymbolTable& symbols, SymbolId id) {
    json.field("symbol", symbol_name(symbols, id));
    write_decimals(json, symbols, id);
}

/// One protective order of a tranche: what the engine wants and how the exchange has it.
void write_protection(JsonWriter& json, std::string_view name, Price price, std::int64_t order_id,
                      const BoardView& view) {
    json.key(name);
    if (price.zero() && order_id == 0) return json.null();
    const OrderRow* order = view.order(order_id);
    json.begin_object();
    json.field("order_id", std::to_string(order_id));
    json.field("price", price);
    json.key("quantity");
    if (order != nullptr) {
        json.value(order->quantity);
    } else {
        json.null();
    }
    json.field("status", order != nullptr ? name_of(order->state) : std::string_view{"none"});
    json.end_object();
}

void write_profit(JsonWriter& json, const TrancheRow& row, const SymbolBoardRow& symbol) {
    json.field("mark_price", symbol.mark);
    json.time("mark_time", symbol.mark_time);
    const auto open = unrealized(row.side, row.entry, symbol.mark, row.quantity, symbol.leverage);
    for (const auto name : {"unrealized_pnl", "pnl_pct_price", "pnl_pct_margin"}) {
        json.key(name);
        if (!open) {
            json.null();
        } else if (name == std::string_view{"unrealized_pnl"}) {
            json.value(open->profit);
        } else {
            json.value(name == std::string_view{"pnl_pct_price"} ? open->price_percent
                                                                 : open->margin_percent);
        }
    }
}

}  // namespace

std::string_view symbol_name(const SymbolTable& symbols, SymbolId id) {
    return index(id) < symbols.size() ? symbols.name(id) : std::string_view{};
}

void write_decimals(JsonWriter& json, const SymbolTable& symbols, SymbolId id) {
    const bool known = index(id) < symbols.size();
    json.field("price_decimals", known ? decimals_of(symbols.rules(id).tick.raw) : 8);
    json.field("quantity_decimals", known ? decimals_of(symbols.rules(id).step.raw) : 8);
}

void write_liquidation(JsonWriter& json, const LiquidationRow& row, const SymbolTable& symbols) {
    json.begin_object();
    json.time("timestamp", row.arrival_time);
    json.time("exchange_time", row.exchange_time);
    json.field("symbol", text_of(row.name));
    write_decimals(json, symbols, row.symbol);
    json.field("side", name_of(row.side));
    json.field("trade_side", name_of(row.trade_side));
    json.field("qty", row.quantity);
    json.field("filled_qty", row.filled);
    json.field("price", row.price);
    json.field("average_price", row.average_price);
    json.field("usdt_value", row.value);
    json.field("window_volume", to_text(row.window_sum));
    json.field("threshold", to_text(row.threshold));
    json.field("verdict", name_of(row.verdict));
    json.field("why", explain(row.verdict));
    json.field("tranche_id", static_cast<std::uint32_t>(row.tranche));
    json.end_object();
}

void write_order(JsonWriter& json, const OrderRow& row, const SymbolTable& symbols) {
    const ClientOrderIdText id = encode(row.id);
    json.begin_object();
    json.field("order_id", std::to_string(row.order_id));
    json.field("client_order_id", std::string_view{id.data(), id.size()});
    write_symbol(json, symbols, row.symbol);
    json.field("side", name_of(row.side));
    json.field("position_side", name_of(row.position_side));
    json.field("role", name_of(row.id.role));
    json.field("tranche_id", static_cast<std::uint32_t>(row.id.tranche));
    json.field("type", name_of(row.type));
    json.field("time_in_force", name_of(row.time_in_force));
    json.field("state", name_of(row.state));
    json.field("status", trade_status(row.state));
    json.field("price", row.price);
    json.field("stop_price", row.stop_price);
    json.field("quantity", row.quantity);
    json.field("executed_qty", row.filled);
    json.field("average_price", row.average_price);
    json.field("reduce_only", row.reduce_only);
    json.field("close_position", row.close_position);
    json.field("error_code", row.code);
    json.time("created", row.created);
    json.time("sent", row.sent);
    json.time("updated", row.updated);
    json.end_object();
}

void write_fill(JsonWriter& json, const FillRow& row, const SymbolTable& symbols) {
    json.begin_object();
    json.time("timestamp", row.time);
    json.field("order_id", std::to_string(row.order_id));
    json.field("trade_id", std::to_string(row.trade_id));
    write_symbol(json, symbols, row.symbol);
    json.field("side", name_of(row.side));
    json.field("position_side", name_of(row.position_side));
    json.field("role", name_of(row.role));
    json.field("tranche_id", static_cast<std::uint32_t>(row.tranche));
    json.field("qty", row.quantity);
    json.field("price", row.price);
    json.field("realized_pnl", row.realized);
    json.field("exchange_realized_pnl", row.exchange_realized);
    json.field("commission", -row.commission);
    json.field("commission_in_usdt", row.commission_asset == CommissionAsset::usdt);
    json.field("maker", row.maker);
    json.field("ours", row.ours);
    json.end_object();
}

void write_mode(JsonWriter& json, const ModeRow& row) {
    json.begin_object();
    json.field("from", name_of(row.from));
    json.field("mode", name_of(row.to));
    json.field("paused", row.paused);
    json.field("reason", text_of(row.reason));
    json.end_object();
}

void write_alarm(JsonWriter& json, const AlarmRow& row, Nanos time, const SymbolTable& symbols) {
    json.begin_object();
    json.time("timestamp", time);
    json.field("kind", name_of(row.kind));
    json.field("raised", row.raised);
    json.field("symbol", symbol_name(symbols, row.symbol));
    json.field("tranche_id", static_cast<std::uint32_t>(row.tranche));
    json.field("value", row.value);
    json.field("text", text_of(row.text));
    json.field("advice", row.raised ? advice(row.kind) : std::string_view{});
    json.end_object();
}

void write_balance(JsonWriter& json, const BalanceRow& row) {
    json.begin_object();
    json.field("totalWalletBalance", row.wallet);
    json.field("availableBalance", row.available);
    json.field("totalUnrealizedProfit", row.unrealized);
    json.field("realized_today", row.realized_today);
    json.end_object();
}

void write_merge(JsonWriter& json, const MergeRow& row, const SymbolTable& symbols) {
    constexpr std::array<std::string_view, 3> reasons{"automatic", "forced", "manual"};
    json.begin_object();
    write_symbol(json, symbols, row.symbol);
    json.field("side", name_of(row.side));
    json.field("kept", static_cast<std::uint32_t>(row.kept));
    json.field("absorbed", static_cast<std::uint32_t>(row.absorbed));
    json.field("kept_quantity", row.kept_quantity);
    json.field("absorbed_quantity", row.absorbed_quantity);
    json.field("kept_entry", row.kept_entry);
    json.field("absorbed_entry", row.absorbed_entry);
    json.field("entry_price", row.entry);
    json.field("why", row.why < reasons.size() ? reasons[row.why] : std::string_view{"?"});
    json.end_object();
}

void write_tranche(JsonWriter& json, const TrancheRow& row, const BoardView& view,
                   const SymbolTable& symbols) {
    const SymbolBoardRow& symbol = view.symbol(row.symbol);
    json.begin_object();
    json.field("id", static_cast<std::uint32_t>(row.id));
    json.field("ordinal", row.ordinal);
    json.field("episode", row.episode);
    write_symbol(json, symbols, row.symbol);
    json.field("side", name_of(row.side));
    json.field("state", name_of(row.state));
    json.field("entry_price", row.entry);
    json.field("quantity", row.quantity);
    json.field("cost", row.cost);
    json.field("leverage", symbol.leverage);
    write_profit(json, row, symbol);
    write_protection(json, "tp", row.take_profit, row.take_profit_order, view);
    write_protection(json, "sl", row.stop_loss, row.stop_loss_order, view);
    json.time("created", row.created);
    json.time("updated", row.updated);
    json.time("closed", row.closed);
    json.time("unprotected_since", row.unprotected_since);
    json.span("unprotected_total_ms", row.unprotected_total);
    json.span("unprotected_max_ms", row.unprotected_max);
    json.field("entered_qty", row.entered);
    json.field("exited_qty", row.exited);
    json.field("realized_pnl", row.realized);
    json.field("fees", row.fees);
    json.field("close_reason", name_of(row.close_reason));
    json.field("adopted", row.adopted);
    json.end_object();
}

void write_trade(JsonWriter& json, const OrderRow& row, std::span<const FillRow> fills,
                 const SymbolTable& symbols) {
    Wide realized = 0;
    Wide commission = 0;
    std::string trade_ids;
    for (const FillRow& fill : fills) {
        realized += fill.realized.raw;
        commission -= fill.commission.raw;
        if (!trade_ids.empty()) trade_ids += ',';
        trade_ids += std::to_string(fill.trade_id);
    }
    const auto text = [](Wide sum) {
        return sum >= INT64_MIN && sum <= INT64_MAX ? to_text(static_cast<std::int64_t>(sum)) : "";
    };
    json.begin_object();
    json.time("timestamp", row.created);
    json.field("order_id", std::to_string(row.order_id));
    write_symbol(json, symbols, row.symbol);
    json.field("side", name_of(row.side));
    json.field("position_side", name_of(row.position_side));
    json.field("trade_category", name_of(row.id.role));
    json.field("qty", row.quantity);
    json.field("price", row.price.zero() ? row.stop_price : row.price);
    json.field("status", trade_status(row.state));
    json.field("order_type", name_of(row.type));
    json.field("filled_qty", row.filled);
    json.field("avg_price", row.average_price);
    json.field("tranche_id", static_cast<std::uint32_t>(row.id.tranche));
    json.field("exchange_trade_id", trade_ids);
    json.field("error_code", row.code);
    json.field("realized_pnl", text(realized));
    json.field("commission", text(commission));
    json.field("funding_fee", "0");
    json.field("total_pnl", text(realized));
    json.field("net_pnl", text(realized + commission));
    json.field("updated", row.updated.milliseconds());
    json.end_object();
}

}  // namespace tranche
