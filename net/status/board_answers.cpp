// Answers that need nothing but the board and memory.
#include <algorithm>
#include <array>

#include "net/status/answers.hpp"
#include "net/status/json.hpp"
#include "net/status/names.hpp"
#include "net/status/pnl.hpp"
#include "net/status/shapes.hpp"

namespace tranche {
namespace {

constexpr std::array sides{PositionSide::long_side, PositionSide::short_side};

/// Older than this and the engine's turn counts as stopped: its timer runs far more often.
constexpr Nanos engine_silence = seconds(5);

std::string text_or_zero(Wide sum) {
    return sum >= INT64_MIN && sum <= INT64_MAX ? to_text(static_cast<std::int64_t>(sum)) : "0";
}

/// What keeps the pipeline from trading; empty when it is ready.
std::vector<std::string> obstacles(const AnswerContext& context) {
    const EngineBoardRow& engine = context.view.engine();
    std::vector<std::string> found;
    if (context.sources.problems) found = context.sources.problems();
    if (context.now - engine.now > engine_silence)
        found.emplace_back("the engine has not seen an event for more than 5 s");
    if (engine.mode != Mode::trading) {
        std::string mode = "mode is " + std::string{name_of(engine.mode)};
        const std::string_view reason = text_of(engine.mode_reason);
        if (!reason.empty()) mode += ": " + std::string{reason};
        found.push_back(std::move(mode));
    }
    if (!engine.market_stream_up) found.emplace_back("the market stream is down");
    if (!engine.user_stream_up) found.emplace_back("the user stream is down");
    if (!engine.reconciled)
        found.emplace_back("the last snapshot of the exchange differs from our view");
    return found;
}

void write_process(JsonWriter& json, const ProcessInfo& process) {
    json.field("version", process.version);
    json.field("commit", process.commit);
    json.field("venue", process.venue);
    json.field("simulate_only", process.simulate_only);
    json.field("simulated_exchange", process.simulated_exchange);
}

void write_state(JsonWriter& json, const AnswerContext& context) {
    const EngineBoardRow& engine = context.view.engine();
    json.field("mode", name_of(engine.mode));
    json.field("mode_reason", text_of(engine.mode_reason));
    json.time("mode_since", engine.mode_since);
    json.field("paused", engine.paused);
    json.field("waits_for_operator", waits_for_operator(engine));
    json.field("hedge_mode", engine.hedge_mode);
    json.time("started", engine.started);
    json.time("engine_time", engine.now);
    json.span("engine_age_ms", context.now - engine.now);
    json.key("streams");
    json.begin_object();
    json.field("market", engine.market_stream_up);
    json.field("user", engine.user_stream_up);
    json.end_object();
    json.field("reconciled", engine.reconciled);
    json.time("last_reconcile", engine.last_reconcile);
}

void write_connections(JsonWriter& json, const AnswerContext& context) {
    json.key("connections");
    json.begin_array();
    if (context.sources.connections) {
        for (const ConnectionView& one : context.sources.connections()) {
            json.begin_object();
            json.field("name", one.name);
            json.field("state", one.state);
            json.field("succeeding", one.succeeding);
            json.time("last_message", one.last_message);
            json.field("wins", one.wins);
            json.field("copies", one.copies);
            json.field("lag_p99_ns", one.lag_p99);
            json.end_object();
        }
    }
    json.end_array();
}

void write_funnel(JsonWriter& json, const EngineBoardRow& engine) {
    json.key("funnel");
    json.begin_object();
    json.field("liquidations", engine.liquidations);
    json.field("triggers", engine.triggers);
    json.key("verdicts");
    json.begin_object();
    for (std::size_t i = 0; i < verdict_count; ++i) {
        const auto verdict = static_cast<Verdict>(i);
        if (engine.verdicts[i] != 0) json.field(name_of(verdict), engine.verdicts[i]);
    }
    json.end_object();
    json.field("orders_sent", engine.orders_sent);
    json.field("orders_accepted", engine.orders_accepted);
    json.field("orders_rejected", engine.orders_rejected);
    json.field("orders_unknown", engine.orders_unknown);
    json.field("unknown_now", engine.unknown_now);
    json.field("fills", engine.fills);
    json.field("tranches_opened", engine.tranches_opened);
    json.field("tranches_closed", engine.tranches_closed);
    json.field("tranches_merged", engine.tranches_merged);
    json.field("open_tranches", engine.open_tranches);
    json.field("unprotected_now", engine.unprotected_now);
    json.span("unprotected_max_ms", engine.unprotected_max);
    json.field("position_differences", engine.position_differences);
    json.field("duplicates", engine.duplicates);
    json.field("events", engine.events);
    json.end_object();
}

/// Sum over a side key of one symbol; what the exchange says stands beside what the tranches say.
struct SideSummary {
    std::vector<const TrancheRow*> tranches;
    Wide quantity{};
    Wide profit{};
    std::size_t unprotected{};
    std::optional<Ratio> worst;
    std::optional<Ratio> best;
};

SideSummary summarize(const BoardView& view, SymbolId id, PositionSide side) {
    const SymbolBoardRow& symbol = view.symbol(id);
    SideSummary sum;
    const auto of_side = std::pair{id, side};
    const auto key = [](const TrancheRow& row) { return std::pair{row.symbol, row.side}; };
    const auto& open_tranches = view.tranches();  // sorted by just this key
    auto at = std::lower_bound(
        open_tranches.begin(), open_tranches.end(), of_side,
        [&key](const TrancheRow& row, const auto& wanted) { return key(row) < wanted; });
    for (; at != open_tranches.end() && key(*at) == of_side; ++at) {
        const TrancheRow& row = *at;
        sum.tranches.push_back(&row);
        sum.quantity += row.quantity.raw;
        if (row.unprotected_since.count != 0) ++sum.unprotected;
        const auto open = unrealized(side, row.entry, symbol.mark, row.quantity, symbol.leverage);
        if (!open) continue;
        sum.profit += open->profit.raw;
        sum.worst = std::min(sum.worst.value_or(open->price_percent), open->price_percent);
        sum.best = std::max(sum.best.value_or(open->price_percent), open->price_percent);
    }
    return sum;
}

void optional_field(JsonWriter& json, std::string_view name, const auto& value) {
    json.key(name);
    if (!value) return json.null();
    json.value(*value);
}

/// Initial margin of a notional at a leverage; zero leverage is "not known yet".
std::optional<Notional> margin_of(std::optional<Notional> value, std::uint16_t leverage) {
    if (!value || leverage == 0) return std::nullopt;
    return Notional{value->raw / leverage};
}

void write_exits(JsonWriter& json, std::string_view name, const SideSummary& sum,
                 Price TrancheRow::*price) {
    json.key(name);
    json.begin_array();
    for (const TrancheRow* row : sum.tranches)
        if (!(row->*price).zero()) json.value(row->*price);
    json.end_array();
}

void write_position(JsonWriter& json, const AnswerContext& context, SymbolId id, PositionSide side,
                    const SideSummary& sum) {
    const SymbolBoardRow& symbol = context.view.symbol(id);
    const std::size_t at = index(side);
    const auto value = value_at(symbol.mark, symbol.position[at]);
    const auto open = unrealized(side, symbol.position_entry[at], symbol.mark, symbol.position[at],
                                 symbol.leverage);
    json.begin_object();
    json.field("symbol", symbol_name(context.sources.symbols, id));
    write_decimals(json, context.sources.symbols, id);
    json.field("side", name_of(side));
    json.field("positionAmt", to_text(symbol.position[at].raw * sign(side)));
    json.field("entryPrice", symbol.position_entry[at]);
    json.field("markPrice", symbol.mark);
    json.time("mark_time", symbol.mark_time);
    json.field("leverage", symbol.leverage);
    json.field("isolated", symbol.isolated);
    json.field("liquidationPrice", symbol.liquidation_price[at]);
    optional_field(json, "positionValue", value);
    optional_field(json, "initialMargin", margin_of(value, symbol.leverage));
    json.key("unrealizedPnl");
    open ? json.value(open->profit) : json.null();
    json.key("pnl_pct_price");
    open ? json.value(open->price_percent) : json.null();
    json.key("pnl_pct_margin");
    open ? json.value(open->margin_percent) : json.null();
    write_exits(json, "takeProfitPrice", sum, &TrancheRow::take_profit);
    write_exits(json, "stopLossPrice", sum, &TrancheRow::stop_loss);
    json.time("updated", symbol.position_time[at]);
    json.field("reconciling", symbol.reconciling[at]);
    json.field("agrees", sum.quantity == symbol.position[at].raw);
    json.field("tranche_count", sum.tranches.size());
    json.key("tranches_summary");
    json.begin_object();
    json.field("open", sum.tranches.size());
    json.field("quantity", text_or_zero(sum.quantity));
    json.field("unprotected", sum.unprotected);
    json.field("unrealized_pnl", text_or_zero(sum.profit));
    optional_field(json, "worst_pnl_pct", sum.worst);
    optional_field(json, "best_pnl_pct", sum.best);
    json.end_object();
    json.end_object();
}

void write_summary(JsonWriter& json, const SymbolBoardRow& symbol, PositionSide side,
                   const SideSummary& sum) {
    const std::size_t at = index(side);
    json.key("summary");
    json.begin_object();
    json.field("total_quantity", text_or_zero(sum.quantity));
    json.field("exchange_quantity", symbol.position[at]);
    json.field("avg_entry_price", symbol.position_entry[at]);
    json.field("unrealized_pnl", text_or_zero(sum.profit));
    optional_field(json, "total_margin",
                   margin_of(value_at(symbol.mark, symbol.position[at]), symbol.leverage));
    json.field("num_tranches", sum.tranches.size());
    json.end_object();
}

/// Working orders of a side, as a list and once more by id as the old API had them.
void write_side_orders(JsonWriter& json, const AnswerContext& context, SymbolId id,
                       PositionSide side) {
    const auto belongs = [id, side](const OrderRow& row) {
        return row.symbol == id && row.position_side == side;
    };
    json.key("open_orders");
    json.begin_array();
    for (const OrderRow& row : context.view.orders())
        if (belongs(row)) write_order(json, row, context.sources.symbols);
    json.end_array();
    json.key("order_statuses");
    json.begin_object();
    for (const OrderRow& row : context.view.orders()) {
        if (!belongs(row) || row.order_id == 0) continue;
        json.key(std::to_string(row.order_id));
        write_order(json, row, context.sources.symbols);
    }
    json.end_object();
}

void write_relationships(JsonWriter& json, const SideSummary& sum) {
    json.key("order_relationships");
    json.begin_array();
    for (const TrancheRow* row : sum.tranches) {
        json.begin_object();
        json.field("tranche_id", static_cast<std::uint32_t>(row->id));
        json.field("tp_order_id", std::to_string(row->take_profit_order));
        json.field("sl_order_id", std::to_string(row->stop_loss_order));
        json.end_object();
    }
    json.end_array();
}

}  // namespace

Answer overview(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("timestamp", context.now.milliseconds());
    write_process(json, context.sources.process);
    write_state(json, context);
    const auto reasons = obstacles(context);
    json.field("ready", reasons.empty());
    json.key("problems");
    json.begin_array();
    for (const std::string& reason : reasons) json.value(reason);
    json.end_array();
    json.field("alarms_raised", context.recent.raised());
    write_connections(json, context);
    write_funnel(json, context.view.engine());
    json.end_object();
    return answer;
}

Answer health(const AnswerContext& context) {
    const auto reasons = obstacles(context);
    Answer answer;
    answer.status = reasons.empty() ? 200 : 503;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("status", reasons.empty() ? "healthy" : "degraded");
    json.field("ready", reasons.empty());
    json.key("problems");
    json.begin_array();
    for (const std::string& reason : reasons) json.value(reason);
    json.end_array();
    json.field("database", context.sources.history.orders ? "healthy" : "missing");
    json.field("settings", context.sources.settings_json.empty() ? "missing" : "healthy");
    json.field("version", context.sources.process.version);
    write_state(json, context);
    json.field("timestamp", context.now.milliseconds());
    json.end_object();
    return answer;
}

Answer account(const AnswerContext& context) {
    const EngineBoardRow& engine = context.view.engine();
    Wide profit = 0;
    for (const TrancheRow& row : context.view.tranches()) {
        const SymbolBoardRow& symbol = context.view.symbol(row.symbol);
        const auto open =
            unrealized(row.side, row.entry, symbol.mark, row.quantity, symbol.leverage);
        if (open) profit += open->profit.raw;
    }
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("totalWalletBalance", engine.wallet);
    json.field("totalUnrealizedProfit", text_or_zero(profit));
    json.field("totalMarginBalance", text_or_zero(Wide{engine.wallet.raw} + profit));
    json.field("availableBalance", engine.available);
    json.field("totalPositionInitialMargin", engine.used_margin);
    json.field("reserved_margin", engine.reserved_margin);
    json.field("realized_today", engine.realized);
    json.field("fees_today", engine.fees);
    json.field("net_today", text_or_zero(Wide{engine.realized.raw} - engine.fees.raw));
    json.time("updated", engine.now);
    json.field("timestamp", context.now.milliseconds());
    json.end_object();
    return answer;
}

Answer symbols(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (std::size_t i = 0; i < context.view.symbol_count(); ++i) {
        const SymbolBoardRow& row = context.view.symbol(i);
        const SymbolId id{static_cast<std::uint16_t>(i)};
        json.begin_object();
        json.field("symbol", symbol_name(context.sources.symbols, id));
        write_decimals(json, context.sources.symbols, id);
        json.field("bid", row.bid);
        json.field("ask", row.ask);
        json.field("mark", row.mark);
        json.time("book_time", row.book_time);
        json.time("mark_time", row.mark_time);
        json.time("last_liquidation_time", row.last_liquidation_time);
        json.field("window_buy", to_text(row.window_buy));
        json.field("window_sell", to_text(row.window_sell));
        json.field("liquidations", row.liquidations);
        json.field("entries", row.entries);
        json.field("used_margin", row.used_margin);
        json.field("reserved_margin", row.reserved_margin);
        json.field("last_verdict", name_of(row.last_verdict));
        json.field("long_tranches", row.open_tranches[0]);
        json.field("short_tranches", row.open_tranches[1]);
        json.end_object();
    }
    json.end_array();
    return answer;
}

Answer alarms(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    const auto& rows = context.recent.alarms();
    for (auto alarm = rows.rbegin(); alarm != rows.rend(); ++alarm)
        write_alarm(json, alarm->row, alarm->time, context.sources.symbols);
    json.end_array();
    return answer;
}

Answer open_orders(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (const OrderRow& row : context.view.orders())
        write_order(json, row, context.sources.symbols);
    json.end_array();
    return answer;
}

Answer open_tranches(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (const TrancheRow& row : context.view.tranches())
        write_tranche(json, row, context.view, context.sources.symbols);
    json.end_array();
    return answer;
}

Answer positions(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (std::size_t i = 0; i < context.view.symbol_count(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        for (const PositionSide side : sides) {
            const SideSummary sum = summarize(context.view, id, side);
            if (sum.quantity == 0 && context.view.symbol(i).position[index(side)].zero()) continue;
            write_position(json, context, id, side, sum);
        }
    }
    json.end_array();
    return answer;
}

Answer symbol_tranches(const AnswerContext& context, std::string_view symbol) {
    const SymbolId id = context.sources.symbols.find(symbol);
    if (id == no_symbol) return error_answer(404, "no such symbol");
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (const TrancheRow& row : context.view.tranches())
        if (row.symbol == id) write_tranche(json, row, context.view, context.sources.symbols);
    json.end_array();
    return answer;
}

Answer position(const AnswerContext& context, std::string_view symbol, std::string_view name) {
    const SymbolTable& table = context.sources.symbols;
    const SymbolId id = table.find(symbol);
    if (id == no_symbol) return error_answer(404, "no such symbol");
    const auto* side = std::find_if(sides.begin(), sides.end(),
                                    [name](PositionSide one) { return name_of(one) == name; });
    if (side == sides.end()) return error_answer(404, "no such side: use LONG or SHORT");
    const SideSummary sum = summarize(context.view, id, *side);
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("symbol", symbol_name(table, id));
    json.field("side", name_of(*side));
    write_summary(json, context.view.symbol(id), *side, sum);
    json.key("tranches");
    json.begin_array();
    for (const TrancheRow* row : sum.tranches) write_tranche(json, *row, context.view, table);
    json.end_array();
    write_side_orders(json, context, id, *side);
    write_relationships(json, sum);
    json.key("current_positions");
    json.begin_array();
    write_position(json, context, id, *side, sum);
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace tranche
