#include "tools/status_sources.hpp"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tranche {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

void add(std::vector<Metric>& metrics, std::string name, std::string help, MetricType type,
         Labels labels, std::function<double()> read) {
    metrics.push_back({std::move(name), std::move(help), type, std::move(labels), std::move(read)});
}

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

/// Which copy won and by how much.
void add_feed_metrics(std::vector<Metric>& metrics, const Labels& labels,
                      const FeedCounters& feed) {
    add(metrics, "feed_wins_total", "events this connection brought first", MetricType::counter,
        labels, [&feed] { return number(feed.wins.load()); });
    add(metrics, "feed_copies_total", "events another connection had brought before",
        MetricType::counter, labels, [&feed] { return number(feed.copies.load()); });
    add(metrics, "feed_stale_total", "events older than the newest, or told twice",
        MetricType::counter, labels, [&feed] { return number(feed.stale.load()); });
    const std::pair<const char*, std::int64_t Percentiles::*> quantiles[] = {
        {"0.5", &Percentiles::p50}, {"0.99", &Percentiles::p99}, {"1", &Percentiles::max}};
    for (const auto& [quantile, figure] : quantiles) {
        Labels with_quantile = labels;
        with_quantile.emplace_back("quantile", quantile);
        add(metrics, "feed_lag_seconds", "time its copies came after the ones that won",
            MetricType::gauge, std::move(with_quantile), [&feed, which = figure] {
                return static_cast<double>(feed.lag.percentiles().*which) / 1e9;
            });
    }
}

void add_stream_metrics(std::vector<Metric>& metrics, const SymbolTable& symbols,
                        Pipeline& pipeline) {
    const Receive& receive = pipeline.receive();
    for (std::size_t i = 0; i < receive.connections(); ++i) {
        const Labels labels{{"connection", std::string{receive.name(i)}}};
        const StreamCounters& counters = receive.counters(i);
        add(metrics, "connection_messages_total", "WebSocket messages received",
            MetricType::counter, labels, [&] { return number(counters.messages.load()); });
        add(metrics, "connection_bytes_total", "bytes of WebSocket messages received",
            MetricType::counter, labels, [&] { return number(counters.bytes.load()); });
        add(metrics, "connection_losses_total", "connections lost", MetricType::counter, labels,
            [&] { return number(counters.reconnects.load()); });
        add(metrics, "connection_open", "1 while the connection is open", MetricType::gauge, labels,
            [&pipeline, i] { return pipeline.streams().open()[i].load() ? 1.0 : 0.0; });
        add(metrics, "connection_rotations_total", "successors that took over", MetricType::counter,
            labels, [&] { return number(counters.rotations.load()); });
        add(metrics, "connection_rotations_failed_total", "successors that came to nothing",
            MetricType::counter, labels, [&] { return number(counters.failed_rotations.load()); });
        add(metrics, "connection_last_message_seconds", "UTC of its last message; 0: none yet",
            MetricType::gauge, labels,
            [&] { return static_cast<double>(counters.last_message_ns.load()) / 1e9; });
        add_feed_metrics(metrics, labels, pipeline.arbiter().counters(i));
    }
    add(metrics, "stream_gaps_total", "times no connection of a group brought its streams",
        MetricType::counter, {}, [&pipeline] { return number(pipeline.streams().gaps()); });
    const aster::CodecCounters& codec = pipeline.codec_counters();
    for (std::size_t i = 0; i < aster::message_kind_count; ++i) {
        const auto kind = static_cast<aster::MessageKind>(i);
        add(metrics, "messages_total", "messages decoded, by event", MetricType::counter,
            {{"event", std::string{aster::name(kind)}}},
            [&codec, kind] { return number(codec.messages(kind)); });
    }
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        add(metrics, "symbol_messages_total", "messages decoded, by symbol", MetricType::counter,
            {{"symbol", std::string{symbols.name(id)}}},
            [&codec, id] { return number(codec.messages(id)); });
    }
    add(metrics, "frames_total", "frames given to the parser", MetricType::counter, {},
        [&codec] { return number(codec.frames()); });
    add(metrics, "malformed_total", "frames that could not be decoded", MetricType::counter, {},
        [&codec] { return number(codec.malformed()); });
    add(metrics, "parse_duplicates_total", "events that were known already", MetricType::counter,
        {}, [&pipeline] { return number(pipeline.parse_counters().duplicates.load()); });
    add(metrics, "frames_waiting_bytes", "bytes between receive and parse", MetricType::gauge, {},
        [&pipeline] { return number(pipeline.frames_waiting()); });
}

void add_order_metrics(std::vector<Metric>& metrics, Pipeline& pipeline) {
    const GatewayMetrics& gateway = pipeline.gateway_metrics();
    const std::pair<ReplyClass, const char*> classes[] = {
        {ReplyClass::accepted, "accepted"},   {ReplyClass::rejected, "rejected"},
        {ReplyClass::throttled, "throttled"}, {ReplyClass::banned, "banned"},
        {ReplyClass::unknown, "unknown"},     {ReplyClass::not_sent, "not_sent"}};
    for (const auto& [verdict, word] : classes)
        add(metrics, "replies_total", "answers to commands, by class", MetricType::counter,
            {{"class", word}}, [&gateway, which = verdict] { return number(gateway.of(which)); });
    add(metrics, "requests_sent_total", "requests handed to a connection", MetricType::counter, {},
        [&gateway] { return number(gateway.sent.get()); });
    add(metrics, "simulated_total", "commands executed on paper (simulate_only)",
        MetricType::counter, {}, [&gateway] { return number(gateway.simulated.get()); });
    const RequestGuard& guard = pipeline.guard();
    add(metrics, "requests_refused_total", "requests the guard of paper mode let no byte of leave",
        MetricType::counter, {}, [&guard] { return number(guard.refused()); });
    add(metrics, "order_connections_ready", "warm order connections without a request",
        MetricType::gauge, {}, [&gateway] { return number(gateway.connections_ready.get()); });
    add(metrics, "rate_budget_left_ratio", "left of the scarcest limit of the exchange",
        MetricType::gauge, {},
        [&gateway] { return number(gateway.budget_left_permille.get()) / 1000.0; });
    if (const aster::PresignedPool* pool = pipeline.presigned(); pool != nullptr) {
        add(metrics, "presigned_nonces", "signatures made ahead that are ready", MetricType::gauge,
            {}, [pool] { return number(pool->level()); });
        add(metrics, "presigned_used_total", "orders signed with one of them", MetricType::counter,
            {}, [pool] { return number(pool->used()); });
        add(metrics, "presigned_empty_total", "orders the library signed because none was ready",
            MetricType::counter, {}, [pool] { return number(pool->empty()); });
    }
    add(metrics, "engine_held_back_total", "turns in which commands had no room",
        MetricType::counter, {}, [&pipeline] { return number(pipeline.held_back()); });
}

void add_answer_metrics(std::vector<Metric>& metrics, const Pipeline& pipeline) {
    const GatewayMetrics& gateway = pipeline.gateway_metrics();
    add(metrics, "orders_late_total", "commands not sent: too old for their lane",
        MetricType::counter, {}, [&gateway] { return number(gateway.late.get()); });
    add(metrics, "order_batches_total", "requests that held more than one new order",
        MetricType::counter, {}, [&gateway] { return number(gateway.batches.get()); });
    add(metrics, "orders_withdrawn_total", "orders not sent because their cancel came first",
        MetricType::counter, {}, [&gateway] { return number(gateway.withdrawn.get()); });
    add(metrics, "rate_blocked_until_seconds", "nothing is sent before, UTC; in the past: not so",
        MetricType::gauge, {}, [&gateway] { return number(gateway.blocked_until.get()) / 1e9; });
    add(metrics, "order_pings_unanswered_total", "idle order connections that were dead",
        MetricType::counter, {}, [&gateway] { return number(gateway.pings_unanswered.get()); });
    add(metrics, "round_trip_average_seconds", "of the newest answers; each weighs an eighth",
        MetricType::gauge, {},
        [&gateway] { return number(gateway.average_round_trip.get()) / 1e9; });
    constexpr std::array<const char*, lane_count> lanes{"protective", "entry", "reconcile"};
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        add(metrics, "order_queue_age_seconds", "since the oldest waiting command was decided",
            MetricType::gauge, {{"lane", lanes[i]}},
            [&figure = gateway.queue_age[i]] { return number(figure.get()) / 1e9; });
        add(metrics, "order_longest_wait_seconds", "longest from decision to first byte out",
            MetricType::gauge, {{"lane", lanes[i]}},
            [&figure = gateway.longest_wait[i]] { return number(figure.get()) / 1e9; });
    }
    const aster::OrderFigures* figures = pipeline.order_figures();
    if (figures == nullptr) return;
    add(metrics, "answer_unknown_members_total", "members of the exchange's answers nobody knows",
        MetricType::counter, {}, [figures] { return number(figures->unknown_members.get()); });
    add(metrics, "answers_unreadable_total", "answers that are no order although they say 200",
        MetricType::counter, {}, [figures] { return number(figures->unreadable.get()); });
}

void add_account_metrics(std::vector<Metric>& metrics, const aster::Account& account) {
    add(metrics, "clock_offset_seconds", "exchange's clock minus ours", MetricType::gauge, {},
        [&account] {
            return static_cast<double>(account.status().read().clock_offset.count) / 1e9;
        });
    add(metrics, "rules_changes_total", "symbols whose rules or status changed since start",
        MetricType::counter, {},
        [&account] { return number(account.status().read().rules_changes); });
    add(metrics, "snapshots_total", "whole snapshots of the account", MetricType::counter, {},
        [&account] { return number(account.status().read().snapshots); });
    add(metrics, "audits_total", "positions read again between snapshots", MetricType::counter, {},
        [&account] { return number(account.status().read().audits); });
    add(metrics, "account_failures_total", "housekeeping calls that did not do what they should",
        MetricType::counter, {}, [&account] { return number(account.status().read().failures); });
    add(metrics, "agent_expires_seconds", "end of the signer's permission, UTC; 0 while unknown",
        MetricType::gauge, {}, [&account] {
            return static_cast<double>(account.status().read().agent_expires.count) / 1e9;
        });
}

void add_writer_metrics(std::vector<Metric>& metrics, Pipeline& pipeline) {
    const RecordTap& tap = pipeline.tap();
    add(metrics, "journal_waiting_records", "records not yet committed", MetricType::gauge, {},
        [&tap] { return number(tap.figures.read().waiting); });
    const Journal& journal = pipeline.journal();
    add(metrics, "journal_capacity_records", "records the journal has room for", MetricType::gauge,
        {}, [&journal] { return number(journal.capacity()); });
    add(metrics, "journal_refused_total", "market records not kept: the journal was 90 % full",
        MetricType::counter, {}, [&journal] { return number(journal.refused()); });
    add(metrics, "journal_lost_total", "other records not kept: the journal was full",
        MetricType::counter, {}, [&journal] { return number(journal.lost()); });
    add(metrics, "storage_state", "0 current; more is worse, above 0 entries are off",
        MetricType::gauge, {},
        [&pipeline] { return number(static_cast<std::uint64_t>(pipeline.storage())); });
    add(metrics, "database_replaced_total", "database files given up after a failed sync",
        MetricType::counter, {}, [&tap] { return number(tap.figures.read().replaced); });
    add(metrics, "records_committed_total", "sequence of the newest committed record",
        MetricType::counter, {}, [&tap] { return number(tap.figures.read().committed); });
    add(metrics, "writer_failures_total", "transactions that failed", MetricType::counter, {},
        [&tap] { return number(tap.figures.read().failures); });
    add(metrics, "records_rejected_total", "records the database refused", MetricType::counter, {},
        [&tap] { return number(tap.figures.read().rejected); });
    add(metrics, "status_records_missed_total", "records the page and the log did not get",
        MetricType::counter, {}, [&tap] { return number(tap.missed.load()); });
}

void add_thread_metrics(std::vector<Metric>& metrics, const Threads& threads) {
    for (std::size_t i = 0; i < threads.names().size(); ++i) {
        const Labels labels{{"thread", threads.names()[i]}};
        const ThreadPulse& pulse = threads.pulses()[i];
        add(metrics, "thread_turns_total", "turns of the thread's loop", MetricType::counter,
            labels, [&pulse] { return number(pulse.turns.load()); });
        add(metrics, "thread_longest_gap_seconds", "longest time between two turns",
            MetricType::gauge, labels,
            [&pulse] { return static_cast<double>(pulse.longest_gap_ns.load()) / 1e9; });
    }
}

std::string_view name_of(StreamPhase phase) {
    switch (phase) {
        case StreamPhase::idle: return "idle";
        case StreamPhase::connecting: return "connecting";
        case StreamPhase::open: return "open";
        case StreamPhase::lost: return "lost";
    }
    return "lost";
}

std::vector<ConnectionView> connections_of(const Pipeline& pipeline) {
    std::vector<ConnectionView> views;
    const Receive& receive = pipeline.receive();
    for (std::size_t i = 0; i < receive.connections(); ++i) {
        const StreamCounters& counters = receive.counters(i);
        const FeedCounters& feed = pipeline.arbiter().counters(i);
        views.push_back({std::string{receive.name(i)}, name_of(counters.phase.load()),
                         counters.succeeding.load(), Nanos{counters.last_message_ns.load()},
                         feed.wins.load(), feed.copies.load(), feed.lag.percentiles().p99});
    }
    return views;
}

template <class Row, class Ask>
HistoryOf<Row> history(const SymbolTable& symbols, Queries& queries, Ask ask) {
    return [&symbols, &queries, ask](const HistoryQuery& query) -> Result<std::vector<Row>> {
        if (auto done = queries.follow(); !done) return done.error();
        Selection selection;
        if (query.symbol != no_symbol) selection.symbol = std::string{symbols.name(query.symbol)};
        selection.since = query.since;
        selection.limit = query.limit;
        auto rows = ask(query, selection);
        if (!rows) return rows.error();
        std::vector<Row> plain;
        for (const auto& stored : rows.value()) plain.push_back(stored.row);
        return plain;
    };
}

Result<std::vector<Stored<OrderRow>>> ask_orders(Queries& queries, const HistoryQuery& query,
                                                 const Selection& selection) {
    if (query.tranche != no_tranche) return queries.orders_of(query.tranche);
    std::vector<Stored<OrderRow>> rows;
    if (query.order_id != 0) {
        auto one = queries.order(query.order_id);
        if (!one) return one.error();
        if (one.value()) rows.push_back(one.value()->order);
        return rows;
    }
    return queries.order_rows(selection);
}

Result<std::vector<Stored<FillRow>>> ask_fills(Queries& queries, const HistoryQuery& query,
                                               const Selection& selection) {
    if (query.tranche != no_tranche) return queries.fills_of(query.tranche);
    if (query.order_id != 0) return queries.fills_of_order(query.order_id);
    return queries.fills(selection);
}

}  // namespace

StatusHistory history_of(const SymbolTable& symbols, Queries& queries) {
    StatusHistory past;
    past.liquidations = history<LiquidationRow>(
        symbols, queries,
        [&](const HistoryQuery&, const Selection& s) { return queries.liquidations(s); });
    past.orders =
        history<OrderRow>(symbols, queries, [&](const HistoryQuery& query, const Selection& s) {
            return ask_orders(queries, query, s);
        });
    past.fills =
        history<FillRow>(symbols, queries, [&](const HistoryQuery& query, const Selection& s) {
            return ask_fills(queries, query, s);
        });
    past.tranches = history<TrancheRow>(
        symbols, queries,
        [&](const HistoryQuery&, const Selection& s) { return queries.tranches(s); });
    past.merges = history<MergeRow>(symbols, queries, [&](const HistoryQuery&, const Selection& s) {
        return queries.merges(s);
    });
    return past;
}

namespace {

std::string settings_echo(const Settings& settings) {
    nlohmann::json echo;
    echo["globals"] = {{"simulate_only", settings.engine.simulate_only},
                       {"hedge_mode", settings.engine.hedge_mode},
                       {"volume_window_sec", settings.engine.window.span.milliseconds() / 1000},
                       {"use_usdt_volume", settings.engine.window.in_usdt},
                       {"max_tranches_per_symbol_side", settings.engine.tranche.max_per_side}};
    for (const SymbolSettings& symbol : settings.engine.symbols)
        echo["symbols"][symbol.name] = {{"volume_threshold_long", to_text(symbol.threshold_long)},
                                        {"volume_threshold_short", to_text(symbol.threshold_short)},
                                        {"leverage", symbol.leverage},
                                        {"trade_value_usdt", to_text(symbol.trade_value)},
                                        {"max_position_usdt", to_text(symbol.max_position)}};
    echo["paper"] = {{"latency_ms", to_text(settings.paper.latency.count * 100)},
                     {"maker_fee", to_text(settings.paper.maker_fee.raw)},
                     {"taker_fee", to_text(settings.paper.taker_fee.raw)},
                     {"balance_usdt", to_text(settings.paper.balance.raw)}};
    echo["exchange"] = {{"rest_url", settings.exchange.rest_url},
                        {"stream_url", settings.exchange.stream_url},
                        {"feeds", settings.exchange.feeds}};
    return echo.dump();
}

}  // namespace

StatusSources status_sources(const Settings& settings, const SymbolTable& symbols,
                             Pipeline& pipeline, const aster::Account& account,
                             const Threads& threads, Queries& queries) {
    StatusSources sources{.board = pipeline.board(),
                          .symbols = symbols,
                          .history = history_of(symbols, queries),
                          .latencies = {},
                          .metrics = {},
                          .control = {},
                          .settings_json = settings_echo(settings),
                          .process = {}};
    const GatewayMetrics& gateway = pipeline.gateway_metrics();
    sources.latencies = {
        {"parse", "arrival of a frame to its events", &pipeline.parse_counters().latency},
        {"decide", "arrival of a liquidation to the decision", &gateway.decide},
        {"sign", "building and signing one request", &gateway.sign},
        {"tick_to_order", "arrival of a liquidation to the order's first byte",
         &gateway.tick_to_order},
        {"round_trip", "order's first byte to the answer's last", &gateway.round_trip}};
    add_stream_metrics(sources.metrics, symbols, pipeline);
    add_order_metrics(sources.metrics, pipeline);
    add_answer_metrics(sources.metrics, pipeline);
    add_account_metrics(sources.metrics, account);
    add_writer_metrics(sources.metrics, pipeline);
    add_thread_metrics(sources.metrics, threads);
    sources.control = [&pipeline](const Control& control, SymbolId symbol) -> Result<Done> {
        pipeline.press(control, symbol);
        return Done{};
    };
    sources.connections = [&pipeline] { return connections_of(pipeline); };
    sources.process.version = "0.1.0";
    sources.process.venue = settings.exchange.venue == Venue::aster ? "aster" : "binance";
    sources.process.simulate_only = settings.engine.simulate_only;
    const RequestGuard& guard = pipeline.guard();
    sources.problems = [&guard, &pipeline] {
        std::vector<std::string> problems;
        if (guard.refused() != 0)
            problems.push_back(
                fmt::format("ALARM: paper mode, {} requests were refused at the socket, the last "
                            "for {}; a bug of ours: please report it",
                            guard.refused(), name_of(guard.last_fault())));
        if (const auto words = words_for(pipeline.storage()); !words.empty())
            problems.push_back(fmt::format("{} ({} of {} records wait)", words,
                                           pipeline.journal().waiting(),
                                           pipeline.journal().capacity()));
        return problems;
    };
    const auto endpoint = parse_url(settings.exchange.rest_url);
    sources.process.simulated_exchange = endpoint.ok() && is_loopback(endpoint.value().host);
    return sources;
}

}  // namespace tranche
