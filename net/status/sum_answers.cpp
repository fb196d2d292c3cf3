// Answers in sums: latency, totals by symbol and hour.
#include <algorithm>

#include "net/status/answers.hpp"
#include "net/status/json.hpp"
#include "net/status/shapes.hpp"

namespace tranche {
namespace {

std::string text_or_zero(Wide sum) {
    return sum >= INT64_MIN && sum <= INT64_MAX ? to_text(static_cast<std::int64_t>(sum)) : "0";
}

void write_by_symbol(JsonWriter& json, const AnswerContext& context) {
    json.key("by_symbol");
    json.begin_array();
    for (std::size_t i = 0; i < context.view.symbol_count(); ++i) {
        const SymbolBoardRow& row = context.view.symbol(i);
        if (row.liquidations == 0 && row.entries == 0) continue;
        json.begin_object();
        json.field("symbol",
                   symbol_name(context.sources.symbols, SymbolId{static_cast<std::uint16_t>(i)}));
        json.field("liquidations", row.liquidations);
        json.field("trade_count", row.entries);
        json.end_object();
    }
    json.end_array();
}

void write_hours(JsonWriter& json, const Recent& recent) {
    json.key("hourly_volume");
    json.begin_array();
    std::vector<Recent::Hour> hours{recent.by_hour().begin(), recent.by_hour().end()};
    std::sort(hours.begin(), hours.end(),
              [](const auto& a, const auto& b) { return a.hour < b.hour; });
    for (const Recent::Hour& hour : hours) {
        if (hour.hour == 0) continue;
        json.begin_object();
        json.field("hour", hour.hour * 3'600'000);
        json.field("liquidations", hour.liquidations);
        json.field("volume", text_or_zero(hour.volume));
        json.end_object();
    }
    json.end_array();
}

}  // namespace

Answer latency(const AnswerContext& context) {
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("unit", "ns");
    json.key("stages");
    json.begin_array();
    const auto write = [&json](std::string_view stage, std::string_view help, const Histogram& of) {
        const Percentiles read = of.percentiles();
        json.begin_object();
        json.field("stage", stage);
        json.field("help", help);
        json.field("count", read.count);
        json.field("p50", read.p50);
        json.field("p90", read.p90);
        json.field("p99", read.p99);
        json.field("p999", read.p999);
        json.field("max", read.max);
        json.end_object();
    };
    for (const StageHistogram& stage : context.sources.latencies)
        write(stage.stage, stage.help, *stage.histogram);
    write("unprotected", "from a fill to its stop being live", context.sources.board.unprotected);
    json.end_array();
    json.end_object();
    return answer;
}

Answer stats(const AnswerContext& context) {
    const Recent::Totals& totals = context.recent.totals();
    const EngineBoardRow& engine = context.view.engine();
    Answer answer;
    JsonWriter json{answer.body};
    json.begin_object();
    json.time("since", engine.started);
    json.key("liquidations");
    json.begin_object();
    json.field("total_liquidations", totals.liquidations);
    json.field("total_liquidation_volume", text_or_zero(totals.liquidated));
    std::size_t unique = 0;
    for (std::size_t i = 0; i < context.view.symbol_count(); ++i)
        unique += context.view.symbol(i).liquidations != 0 ? 1U : 0U;
    json.field("unique_symbols", unique);
    json.end_object();
    json.key("trades");
    json.begin_object();
    json.field("total_trades", engine.orders_sent);
    json.field("successful_trades", totals.orders_filled);
    json.field("success_rate_percent", totals.orders_final == 0
                                           ? std::uint64_t{0}
                                           : 100 * totals.orders_filled / totals.orders_final);
    json.field("wins", totals.wins);
    json.field("losses", totals.losses);
    json.field("realized_pnl", text_or_zero(totals.realized));
    json.field("fees", text_or_zero(totals.fees));
    json.end_object();
    write_by_symbol(json, context);
    write_hours(json, context.recent);
    json.end_object();
    return answer;
}

}  // namespace tranche
