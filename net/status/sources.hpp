// What the status side is given to show and to press. All of it is handed in by the composition
// root: this folder knows neither the engine nor the database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/board.hpp"
#include "core/messages.hpp"
#include "core/result.hpp"
#include "core/symbols.hpp"

namespace tranche {

/// Which rows of the past are wanted. Answers are newest first.
struct HistoryQuery {
    std::size_t limit{100};      // at most so many rows
    SymbolId symbol{no_symbol};  // only these; `no_symbol` for all
    Nanos since{};               // not older than this, UTC
    std::int64_t order_id{};     // only rows of this order of the exchange; 0 for all
    TrancheId tranche{};         // only rows of this tranche; 0 for all
};

template <class Row> using HistoryOf = std::function<Result<std::vector<Row>>(const HistoryQuery&)>;

/// The database, read-only, asked on the status thread. One that is not set answers 503.
struct StatusHistory {
    HistoryOf<LiquidationRow> liquidations;
    HistoryOf<OrderRow> orders;
    HistoryOf<FillRow> fills;
    HistoryOf<TrancheRow> tranches;  // final ones
    HistoryOf<MergeRow> merges;
};

/// A latency histogram and the stage it measures, such as `tick_to_order`.
struct StageHistogram {
    std::string stage;
    std::string help;
    const Histogram* histogram{};
};

enum class MetricType : std::uint8_t { counter, gauge };

/// One number for /metrics. `name` without the prefix, base units, counters end in `_total`.
struct Metric {
    std::string name;
    std::string help;
    MetricType type{};
    std::vector<std::pair<std::string, std::string>> labels;
    std::function<double()> read;
};

/// What this process is.
struct ProcessInfo {
    std::string version;
    std::string commit;
    std::string venue;          // shown in the header
    bool simulate_only{true};   // paper mode: orders are executed on paper
    bool simulated_exchange{};  // the peer is `tranche-exchange`
};

/// Passes a command on to the engine; the error says why it could not be.
using ControlSink = std::function<Result<Done>(const Control&, SymbolId)>;

/// One connection of the receive stage, for the page.
struct ConnectionView {
    std::string name;
    std::string_view state;  // idle, connecting, open or lost
    bool succeeding{};       // its successor is being made
    Nanos last_message;      // UTC; 0: none yet
    std::uint64_t wins{};    // events it brought first
    std::uint64_t copies{};  // events another one had brought before
    std::int64_t lag_p99{};  // ns its copies came later
};

struct StatusSources {
    const StatusBoard& board;
    const SymbolTable& symbols;
    StatusHistory history;
    std::vector<StageHistogram> latencies;
    std::vector<Metric> metrics;
    ControlSink control;
    std::string settings_json;  // echo without secrets; an object
    ProcessInfo process;
    /// What else is wrong, a line each; shown beside the engine's own obstacles. May be empty.
    std::function<std::vector<std::string>()> problems{};
    /// The stream connections; may be empty.
    std::function<std::vector<ConnectionView>()> connections{};
};

}  // namespace tranche
