#include "net/status/metrics.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <set>

#include "net/status/names.hpp"
#include "net/status/shapes.hpp"

namespace tranche {
namespace {

constexpr double nanosecond = 1e-9;

std::string_view name_of(MetricType type) {
    switch (type) {
        case MetricType::counter: return "counter";
        case MetricType::gauge: return "gauge";
    }
    return "untyped";
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '\n') {
            safe += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') safe += '\\';
        safe += c;
    }
    return safe;
}

void head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
    fmt::format_to(std::back_inserter(out), "# HELP tranche_{} {}\n# TYPE tranche_{} {}\n", name,
                   escaped(help), name, type);
}

void sample(std::string& out, std::string_view name, std::string_view labels, double value) {
    const auto shown = std::isfinite(value) ? fmt::format("{}", value) : std::string{"NaN"};
    fmt::format_to(std::back_inserter(out), "tranche_{}{}{}{} {}\n", name,
                   labels.empty() ? "" : "{", labels, labels.empty() ? "" : "}", shown);
}

void single(std::string& out, std::string_view name, std::string_view help, std::string_view type,
            double value) {
    head(out, name, help, type);
    sample(out, name, "", value);
}

/// Shown only: a metric is no ledger, so a double will do.
double shown(Notional amount) {
    return static_cast<double>(amount.raw) / static_cast<double>(Notional::one);
}

/// The clock each tranche runs while its stop is missing. Source: reliability-model.md, I4.
void write_unprotected(std::string& out, const Histogram& histogram) {
    const Percentiles read = histogram.percentiles();
    head(out, "unprotected_seconds", "How long tranches were without their stop.", "summary");
    for (const auto& [quantile, value] : {std::pair{"0.5", read.p50}, std::pair{"0.99", read.p99},
                                          std::pair{"0.999", read.p999}, std::pair{"1", read.max}})
        sample(out, "unprotected_seconds", fmt::format("quantile=\"{}\"", quantile),
               static_cast<double>(value) * nanosecond);
    sample(out, "unprotected_seconds_sum", "", static_cast<double>(histogram.sum()) * nanosecond);
    sample(out, "unprotected_seconds_count", "", static_cast<double>(read.count));
}

void write_alarms(std::string& out, const Recent& recent) {
    head(out, "alarms_total", "Alarms raised by kind.", "counter");
    for (std::size_t i = 0; i < Recent::alarm_kinds; ++i)
        sample(out, "alarms_total",
               fmt::format("kind=\"{}\"", tranche::name_of(static_cast<AlarmKind>(i))),
               static_cast<double>(recent.alarms_by_kind()[i]));
}

void write_latency(std::string& out, std::string_view stage, const Histogram& histogram) {
    const Percentiles read = histogram.percentiles();
    const std::array quantiles{std::pair{"0.5", read.p50}, std::pair{"0.9", read.p90},
                               std::pair{"0.99", read.p99}, std::pair{"0.999", read.p999},
                               std::pair{"1", read.max}};
    for (const auto& quantile : quantiles)
        sample(out, "latency_seconds",
               fmt::format("stage=\"{}\",quantile=\"{}\"", escaped(stage), quantile.first),
               static_cast<double>(quantile.second) * nanosecond);
    const auto label = fmt::format("stage=\"{}\"", escaped(stage));
    sample(out, "latency_seconds_sum", label, static_cast<double>(histogram.sum()) * nanosecond);
    sample(out, "latency_seconds_count", label, static_cast<double>(read.count));
}

void write_engine(std::string& out, const EngineBoardRow& engine, Nanos now) {
    const auto count = [&out](std::string_view name, std::string_view help, std::uint64_t value) {
        single(out, name, help, "counter", static_cast<double>(value));
    };
    const auto gauge = [&out](std::string_view name, std::string_view help, double value) {
        single(out, name, help, "gauge", value);
    };
    count("events_total", "Events the engine has seen.", engine.events);
    count("liquidations_total", "Forced orders seen.", engine.liquidations);
    count("triggers_total", "Liquidations at or above their threshold.", engine.triggers);
    count("orders_sent_total", "Orders sent.", engine.orders_sent);
    count("orders_accepted_total", "Orders accepted.", engine.orders_accepted);
    count("orders_rejected_total", "Orders rejected.", engine.orders_rejected);
    count("orders_unknown_total", "Orders whose fate was unknown.", engine.orders_unknown);
    count("fills_total", "Trades of our orders.", engine.fills);
    count("tranches_opened_total", "Tranches opened.", engine.tranches_opened);
    count("tranches_closed_total", "Tranches closed.", engine.tranches_closed);
    count("tranches_merged_total", "Tranches merged.", engine.tranches_merged);
    count("duplicates_total", "Events dropped as seen before.", engine.duplicates);
    gauge("orders_unknown", "Orders whose fate is unknown now.",
          static_cast<double>(engine.unknown_now));
    gauge("open_tranches", "Tranches open now.", static_cast<double>(engine.open_tranches));
    gauge("unprotected_tranches", "Tranches without their stop now.",
          static_cast<double>(engine.unprotected_now));
    gauge("unprotected_max_seconds", "Longest a tranche was without its stop.",
          static_cast<double>(engine.unprotected_max.count) * nanosecond);
    gauge("position_differences", "Side keys that differ from the exchange.",
          static_cast<double>(engine.position_differences));
    gauge("engine_age_seconds", "Since the engine's newest event.",
          static_cast<double>((now - engine.now).count) * nanosecond);
    gauge("paused", "1 while entries are paused.", engine.paused ? 1 : 0);
    gauge("waits_for_operator", "1 while trading only comes back by tranche resume.",
          waits_for_operator(engine) ? 1 : 0);
    gauge("reconciled", "1 when the newest snapshot agreed.", engine.reconciled ? 1 : 0);
    gauge("wallet_usdt", "Wallet balance.", shown(engine.wallet));
    gauge("available_usdt", "Available balance.", shown(engine.available));
    gauge("realized_today_usdt", "Realised since the start of the day, UTC, before fees.",
          shown(engine.realized));
    gauge("fees_today_usdt", "Fees since the start of the day, UTC.", shown(engine.fees));
    gauge("used_margin_usdt", "Margin of open tranches.", shown(engine.used_margin));
    head(out, "stream_up", "1 while the stream is connected.", "gauge");
    sample(out, "stream_up", "stream=\"market\"", engine.market_stream_up ? 1 : 0);
    sample(out, "stream_up", "stream=\"user\"", engine.user_stream_up ? 1 : 0);
    head(out, "mode", "1 for the mode the engine is in.", "gauge");
    for (auto mode = Mode::boot; mode <= Mode::halt;
         mode = static_cast<Mode>(static_cast<int>(mode) + 1))
        sample(out, "mode", fmt::format("mode=\"{}\"", tranche::name_of(mode)),
               mode == engine.mode ? 1 : 0);
    head(out, "verdicts_total", "Liquidations by what became of them.", "counter");
    for (std::size_t i = 0; i < verdict_count; ++i)
        sample(out, "verdicts_total",
               fmt::format("verdict=\"{}\"", tranche::name_of(static_cast<Verdict>(i))),
               static_cast<double>(engine.verdicts[i]));
}

/// All samples of a name must stand together, whatever order they were registered in.
void write_registered(std::string& out, const std::vector<Metric>& metrics) {
    std::set<std::string_view> done;
    for (const Metric& first : metrics) {
        if (!done.insert(first.name).second) continue;
        head(out, first.name, first.help, name_of(first.type));
        for (const Metric& metric : metrics) {
            if (metric.name != first.name) continue;
            std::string labels;
            for (const auto& label : metric.labels)
                labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", label.first,
                                      escaped(label.second));
            sample(out, metric.name, labels, metric.read());
        }
    }
}

}  // namespace

std::string metrics_text(const AnswerContext& context) {
    std::string out;
    head(out, "build_info", "What is running.", "gauge");
    sample(out, "build_info",
           fmt::format("version=\"{}\",commit=\"{}\"", escaped(context.sources.process.version),
                       escaped(context.sources.process.commit)),
           1);
    write_engine(out, context.view.engine(), context.now);
    head(out, "latency_seconds", "Latency by stage.", "summary");
    for (const StageHistogram& stage : context.sources.latencies)
        write_latency(out, stage.stage, *stage.histogram);
    write_latency(out, "unprotected", context.sources.board.unprotected);
    write_unprotected(out, context.sources.board.unprotected);
    write_alarms(out, context.recent);
    head(out, "symbol_liquidations_total", "Forced orders seen by symbol.", "counter");
    for (std::size_t i = 0; i < context.view.symbol_count(); ++i)
        sample(out, "symbol_liquidations_total",
               fmt::format("symbol=\"{}\"",
                           escaped(symbol_name(context.sources.symbols,
                                               SymbolId{static_cast<std::uint16_t>(i)}))),
               static_cast<double>(context.view.symbol(i).liquidations));
    write_registered(out, context.sources.metrics);
    return out;
}

}  // namespace tranche
