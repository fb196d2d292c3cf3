// Answers about the past: parameters checked here, rows from the database.
#include <algorithm>
#include <charconv>
#include <map>

#include "net/status/answers.hpp"
#include "net/status/json.hpp"
#include "net/status/names.hpp"
#include "net/status/shapes.hpp"

namespace tranche {
namespace {

constexpr std::size_t max_limit = 1000;
constexpr std::int64_t max_hours = 24 * 365;
/// An order has few trades; this bounds what one answer may cost.
constexpr std::size_t fills_per_order = 16;

template <class Number>
Result<Number> bounded(const Request& request, std::string_view name, Number normal, Number most) {
    const auto text = request.parameter(name);
    if (!text) return normal;
    Number number{};
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != text->data() + text->size() || number < 1 ||
        number > most)
        return Error{ErrorKind::usage, std::string{name} + " must be a whole number from 1 to " +
                                           std::to_string(most)};
    return number;
}

Answer failed(const Error& error) {
    switch (error.kind) {
        case ErrorKind::usage: return error_answer(400, error.message);
        case ErrorKind::not_found: return error_answer(404, error.message);
        case ErrorKind::bad_data:
        case ErrorKind::unavailable:
        case ErrorKind::cannot_write:
        case ErrorKind::io:
        case ErrorKind::locked:
        case ErrorKind::credentials:
        case ErrorKind::settings: return error_answer(503, error.message);
    }
    return error_answer(500, error.message);
}

template <class Row>
Result<std::vector<Row>> ask(const HistoryOf<Row>& history, const HistoryQuery& query) {
    if (!history) return Error{ErrorKind::unavailable, "this instance has no database open"};
    return history(query);
}

template <class Row, class Write>
Answer list(const HistoryOf<Row>& history, const Result<HistoryQuery>& query, Write write) {
    if (!query) return failed(query.error());
    const auto rows = ask(history, query.value());
    if (!rows) return failed(rows.error());
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (const Row& row : rows.value()) write(json, row);
    json.end_array();
    return answer;
}

using FillsByOrder = std::map<std::int64_t, std::vector<FillRow>>;

FillsByOrder group(const std::vector<FillRow>& fills) {
    FillsByOrder grouped;
    for (const FillRow& fill : fills) grouped[fill.order_id].push_back(fill);
    return grouped;
}

/// Orders that traded; `include_all` takes the others too, `status` those of one status.
/// No order is filled before it is made, but for what the exchange's clock differs from ours.
Nanos fills_since(const std::vector<OrderRow>& orders, Nanos since) {
    if (orders.empty()) return since;
    const auto oldest = std::min_element(
        orders.begin(), orders.end(),
        [](const OrderRow& a, const OrderRow& b) { return a.created < b.created; });
    return std::max(since, oldest->created - seconds(60));
}

bool wanted(const OrderRow& row, std::optional<std::string_view> status, bool include_all) {
    if (status) return trade_status(row.state) == *status;
    return include_all || row.filled.positive();
}

void write_parts(JsonWriter& json, const OrderRow& row, const std::vector<FillRow>& fills,
                 const std::vector<OrderRow>& related, const AnswerContext& context) {
    const SymbolTable& symbols = context.sources.symbols;
    json.begin_object();
    json.key("trade");
    write_trade(json, row, fills, symbols);
    json.key("order");
    write_order(json, row, symbols);
    json.key("fills");
    json.begin_array();
    for (const FillRow& fill : fills) write_fill(json, fill, symbols);
    json.end_array();
    json.key("related_trades");
    json.begin_array();
    for (const OrderRow& other : related)
        if (other.order_id != row.order_id) write_order(json, other, symbols);
    json.end_array();
    json.key("tranche");
    const auto& open = context.view.tranches();
    const auto tranche = std::find_if(open.begin(), open.end(), [&row](const TrancheRow& one) {
        return one.id == row.id.tranche;
    });
    if (tranche != open.end()) {
        write_tranche(json, *tranche, context.view, symbols);
    } else {
        json.null();
    }
    json.end_object();
}

}  // namespace

Result<HistoryQuery> history_query(const Request& request, const AnswerContext& context,
                                   std::size_t limit, std::int64_t hours) {
    const auto rows = bounded<std::size_t>(request, "limit", limit, max_limit);
    if (!rows) return rows.error();
    const auto span = bounded<std::int64_t>(request, "hours", hours, max_hours);
    if (!span) return span.error();
    HistoryQuery query;
    query.limit = rows.value();
    query.since = context.now - seconds(3600 * span.value());
    if (const auto symbol = request.parameter("symbol"); symbol && !symbol->empty()) {
        query.symbol = context.sources.symbols.find(*symbol);
        if (query.symbol == no_symbol) return Error{ErrorKind::not_found, "no such symbol"};
    }
    return query;
}

Answer liquidations(const AnswerContext& context, const Request& request) {
    return list(context.sources.history.liquidations, history_query(request, context, 100, 24),
                [&context](JsonWriter& json, const LiquidationRow& row) {
                    write_liquidation(json, row, context.sources.symbols);
                });
}

Answer decisions(const AnswerContext& context, const Request& request) {
    return list(context.sources.history.liquidations, history_query(request, context, 100, 24),
                [&context](JsonWriter& json, const LiquidationRow& row) {
                    write_liquidation(json, row, context.sources.symbols);
                });
}

Answer tranche_history(const AnswerContext& context, const Request& request) {
    const auto side = request.parameter("side");
    return list(context.sources.history.tranches, history_query(request, context, 100, 168),
                [&context, side](JsonWriter& json, const TrancheRow& row) {
                    if (side && name_of(row.side) != *side) return;
                    write_tranche(json, row, context.view, context.sources.symbols);
                });
}

Answer merge_history(const AnswerContext& context, const Request& request) {
    return list(context.sources.history.merges, history_query(request, context, 100, 168),
                [&context](JsonWriter& json, const MergeRow& row) {
                    write_merge(json, row, context.sources.symbols);
                });
}

Answer trades(const AnswerContext& context, const Request& request) {
    const auto query = history_query(request, context, 100, 168);
    if (!query) return failed(query.error());
    const auto orders = ask(context.sources.history.orders, query.value());
    if (!orders) return failed(orders.error());
    HistoryQuery of_fills = query.value();
    of_fills.limit *= fills_per_order;
    of_fills.since = fills_since(orders.value(), of_fills.since);
    auto fills = ask(context.sources.history.fills, of_fills);
    if (!fills) return failed(fills.error());
    const FillsByOrder by_order = group(std::move(fills).value());
    const auto status = request.parameter("status");
    const bool include_all = request.parameter("include_all") == "true";
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_array();
    for (const OrderRow& row : orders.value()) {
        if (!wanted(row, status, include_all)) continue;
        const auto found = by_order.find(row.order_id);
        const bool has = found != by_order.end() && row.order_id != 0;
        write_trade(json, row,
                    has ? std::span<const FillRow>{found->second} : std::span<const FillRow>{},
                    context.sources.symbols);
    }
    json.end_array();
    return answer;
}

Answer trade(const AnswerContext& context, std::string_view order_id) {
    HistoryQuery query;
    query.limit = max_limit;
    const char* const end = order_id.data() + order_id.size();
    const auto parsed = std::from_chars(order_id.data(), end, query.order_id);
    if (parsed.ec != std::errc{} || parsed.ptr != end || query.order_id < 1)
        return error_answer(400, "an order id is a whole number above 0");
    const auto orders = ask(context.sources.history.orders, query);
    if (!orders) return failed(orders.error());
    if (orders.value().empty()) return error_answer(404, "no such order");
    const auto fills = ask(context.sources.history.fills, query);
    if (!fills) return failed(fills.error());
    HistoryQuery of_tranche;
    of_tranche.tranche = orders.value().front().id.tranche;
    Result<std::vector<OrderRow>> related{std::vector<OrderRow>{}};
    if (of_tranche.tranche != no_tranche) related = ask(context.sources.history.orders, of_tranche);
    if (!related) return failed(related.error());
    Answer answer;
    JsonWriter json{answer.body};
    write_parts(json, orders.value().front(), fills.value(), related.value(), context);
    return answer;
}

}  // namespace tranche
