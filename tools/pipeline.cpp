#include "tools/pipeline.hpp"

#include <algorithm>

#include "net/name_servers.hpp"

namespace tranche {
namespace {

// A dead order connection is found within 8 s (reliability-model.md N4): a ping after so long
// without an order, and 3 s for its answer. An order's answer may take a little longer.
constexpr Nanos idle_before_ping = milliseconds(4'500);
constexpr Nanos order_answer_timeout = seconds(5);

/// Liveness by data (where there is always some), by our own pings, and by TCP
/// (reliability-model.md N4). The exchange pings every five minutes: nothing at all for longer than
/// that is silence even where nobody answers our pings.
StreamPlan plan_for(const PipelineParts& parts, std::string name, std::string path, StreamKind kind,
                    std::size_t number) {
    StreamPlan plan;
    plan.name = std::move(name);
    plan.endpoint = parts.peers.stream;
    plan.book = parts.peers.stream_book.get();
    plan.path = std::move(path);
    plan.kind = static_cast<std::uint16_t>(kind);
    plan.ping_interval = seconds(5);
    plan.silence_limit = seconds(360);
    plan.backoff = stream_ladder;
    // Never all at once; with very many connections the last ones wait for half of the age.
    const ExchangeSettings& exchange = parts.settings.exchange;
    const Nanos earlier{exchange.rotate_stagger.count * static_cast<std::int64_t>(number)};
    plan.rotate_after =
        std::max(exchange.rotate_after - earlier, Nanos{exchange.rotate_after.count / 2});
    return plan;
}

}  // namespace

std::vector<aster::MarketFeed> feeds_of(const Settings& settings) {
    std::vector<std::string> names;
    for (const SymbolSettings& symbol : settings.engine.symbols) names.push_back(symbol.name);
    return aster::market_feeds(names, settings.exchange.feeds, longest_path,
                               settings.exchange.venue);
}

Result<Peers> Peers::find(const ExchangeSettings& settings) {
    Peers peers;
    for (const bool rest : {true, false}) {
        auto endpoint = parse_url(rest ? settings.rest_url : settings.stream_url);
        if (!endpoint) return endpoint.error();
        const auto lookup = make_lookup(settings.dns_servers);
        auto addresses = resolve_by(*lookup, endpoint.value().host, endpoint.value().port);
        if (!addresses) return addresses.error();
        (rest ? peers.rest : peers.stream) = endpoint.value();
        (rest ? peers.rest_addresses : peers.stream_addresses) = addresses.value();
        (rest ? peers.rest_book : peers.stream_book) =
            std::make_unique<AddressBook>(addresses.value(), kernel_now());
    }
    return peers;
}

Pipeline::Pipeline(const PipelineParts& parts) : guard_{parts.guard}, journal_{parts.journal} {
    const EngineSettings& settings = parts.settings.engine;
    controls_ = std::make_unique<ControlPump>(notices_);
    codec_ = std::make_unique<aster::Codec>(parts.symbols);
    frame_tap_ = std::make_unique<FrameTap<aster::Codec>>(*codec_, parts.recorded_frames);
    parse_ = std::make_unique<Parse<FrameTap<aster::Codec>>>(
        frames_, market_events_, *frame_tap_, parts.symbols.configured(),
        TimeSource{parts.parse_clock},
        feeds_of(parts.settings).size() + parts.settings.exchange.user_feeds);
    board_ = std::make_unique<StatusBoard>(parts.symbols.configured(), tranche_capacity(settings),
                                           order_capacity(settings));
    engine_ = std::make_unique<Engine>(settings, parts.symbols, *board_, parts.restored);
    // Answers first: they may free what the next event needs.
    engine_inputs_ = {&replies_, &notices_, &parts.account_events,
                      settings.simulate_only ? &paper_events_ : &market_events_};
    stage_ = std::make_unique<EngineStage<Journal>>(
        EngineStage<Journal>{.engine = *engine_,
                             .inputs = engine_inputs_,
                             .commands = commands_,
                             .journal = parts.journal,
                             .snapshot_wanted = snapshot_wanted_,
                             .listen_key_wanted = listen_key_wanted_,
                             .time = TimeSource{parts.engine_clock},
                             .halted = &halted_});
    tap_ = std::make_unique<RecordTap>(parts.journal, parts.writer, record_copies_);
    rows_again_ = std::make_unique<RowsAgain>(*board_, parts.journal);
}

Result<std::unique_ptr<Pipeline>> Pipeline::build(const PipelineParts& parts) {
    std::unique_ptr<Pipeline> pipeline{new Pipeline{parts}};
    if (auto done = pipeline->connect_streams(parts); !done) return done.error();
    if (parts.settings.engine.simulate_only)
        pipeline->execute_on_paper(parts);
    else if (auto done = pipeline->connect_orders(parts); !done)
        return done.error();
    return pipeline;
}

Result<Done> Pipeline::connect_streams(const PipelineParts& parts) {
    const ExchangeSettings& exchange = parts.settings.exchange;
    const auto feeds = feeds_of(parts.settings);
    std::vector<StreamPlan> plans;
    std::vector<StreamRole> roles;
    std::uint8_t marks_group = 1;
    for (const aster::MarketFeed& feed : feeds)
        marks_group = std::max(marks_group, static_cast<std::uint8_t>(feed.part + 1));
    for (const aster::MarketFeed& feed : feeds) {
        plans.push_back(plan_for(parts, feed.name, feed.path, StreamKind::market, plans.size()));
        if (feed.heartbeat) plans.back().quiet_limit = exchange.silence;
        // Best prices of the further parts close entries symbol by symbol, by their age.
        const bool marks = feed.kind == aster::FeedKind::marks;
        roles.push_back({StreamKind::market,
                         marks ? marks_group : static_cast<std::uint8_t>(feed.part),
                         marks || feed.part == 0, plans.back().quiet_limit});
    }
    // Their path is a listen key, which the account stage brings; until then they stay idle.
    const auto user_group = static_cast<std::uint8_t>(marks_group + 1);
    for (int number = 1; number <= exchange.user_feeds; ++number) {
        plans.push_back(
            plan_for(parts, "user " + std::to_string(number), "", StreamKind::user, plans.size()));
        roles.push_back({StreamKind::user, user_group, true, Nanos{}});
    }
    ReactorOptions options;
    options.channels = static_cast<std::uint16_t>(2 * plans.size());  // each may have a successor
    auto reactor = Reactor::create(options, TimeSource{parts.receive_clock});
    if (!reactor) return reactor.error();
    receive_reactor_ = std::move(reactor).value();
    auto receive =
        Receive::create(*receive_reactor_, parts.tls, std::move(plans), frames_, stream_states_,
                        parts.paths, static_cast<std::uint64_t>(kernel_now().count));
    if (!receive) return receive.error();
    receive_ = std::move(receive).value();
    std::vector<const StreamCounters*> counters;
    for (std::size_t i = 0; i < roles.size(); ++i) counters.push_back(&receive_->counters(i));
    watch_ = std::make_unique<StreamWatch>(stream_states_, notices_, std::move(roles),
                                           std::move(counters));
    return Done{};
}

Result<Done> Pipeline::connect_orders(const PipelineParts& parts) {
    const ExchangeSettings& settings = parts.settings.exchange;
    // As many again are spare: open before the others are all at work, or dead.
    const auto connections_in_all = static_cast<std::uint16_t>(2 * settings.order_connections);
    ReactorOptions options;
    options.channels = std::max(options.channels, connections_in_all);
    auto reactor = Reactor::create(options, TimeSource{parts.gateway_clock});
    if (!reactor) return reactor.error();
    order_reactor_ = std::move(reactor).value();
    std::vector<HttpConnection*> connections;
    for (std::uint16_t i = 0; i < connections_in_all; ++i) {
        auto channel = order_reactor_->acquire();
        if (!channel) return channel.error();
        HttpPeer peer;
        peer.host = parts.peers.rest.host;
        peer.book = parts.peers.rest_book.get();
        peer.answer_timeout = order_answer_timeout;
        order_connections_.push_back(std::make_unique<HttpConnection>(
            *order_reactor_, channel.value(), parts.tls, std::move(peer), parts.guard,
            TimeSource{parts.gateway_clock}, i + 1U));
        connections.push_back(order_connections_.back().get());
    }
    presigned_ = parts.authenticator.make_pool(settings.presigned_nonces);
    requests_ = std::make_unique<aster::OrderRequests>(
        aster::RequestTarget{.venue = settings.venue,
                             .auth = settings.auth,
                             .host_header = parts.peers.rest.host_header(),
                             .prefix = parts.peers.rest.prefix},
        parts.authenticator, parts.symbols, parts.settings.engine.hedge_mode, presigned_.get());
    adapter_ = std::make_unique<aster::OrderAdapter>(*requests_);
    GatewaySettings gateway;
    gateway.simulate_only = parts.settings.engine.simulate_only;
    gateway.batch_entries = settings.batch_entries;
    gateway.batch_exits = settings.batch_exits;
    gateway.ping_after = idle_before_ping;
    gateway.ping_gap = milliseconds(100);
    RateBudget budget{parts.limits, settings.rate_limit_buffer};
    budget.join(parts.board, RateParty::gateway);
    gateway_ = std::make_unique<OrderGateway>(commands_, replies_, std::move(connections),
                                              *adapter_, budget, gateway,
                                              TimeSource{parts.gateway_clock}, gateway_metrics_);
    gateway_->obey(halted_);
    return Done{};
}

/// Not even a socket for orders is there.
void Pipeline::execute_on_paper(const PipelineParts& parts) {
    const auto user_connection = static_cast<std::uint8_t>(feeds_of(parts.settings).size());
    paper_ = std::make_unique<PaperStage>(
        parts.settings, parts.symbols, PaperPast{parts.restored, parts.paper_wallet},
        PaperRings{.market = market_events_,
                   .commands = commands_,
                   .events = paper_events_,
                   .replies = replies_,
                   .snapshot_wanted = snapshot_wanted_},
        gateway_metrics_, user_connection, parts.gateway_clock.now());
}

std::size_t Pipeline::poll_receive(Nanos now) {
    return receive_->poll(now);
}

std::size_t Pipeline::poll_parse(Nanos now) {
    return parse_->poll(now);
}

bool Pipeline::record(const Record& alarm) {
    Record* const slot = outside_records_.slot();
    if (slot == nullptr) return false;
    *slot = alarm;
    outside_records_.publish();
    return true;
}

void Pipeline::record_outside() {
    while (const Record* record = outside_records_.front()) {
        if (journal_.room() < Outbox::record_capacity) return;
        journal_.append(*record);
        outside_records_.pop();
    }
}

/// The engine's thread is the journal's only writer.
void Pipeline::record_gaps() {
    while (const StreamGap* gap = watch_->gap()) {
        if (journal_.room() < Outbox::record_capacity) return;
        journal_.append(record_of(*gap, receive_->name(gap->connection)));
        watch_->pop_gap();
    }
}

/// The writer may hang in the disk: what the engine's thread sees by itself has to do.
void Pipeline::watch_storage(Nanos now) {
    if (now < storage_due_ || notices_.room() == 0) return;
    storage_due_ = now + milliseconds(1);
    rows_again_->poll(now);
    const WriterFigures writer = tap_->figures.read();
    const auto change = storage_gate_.poll(
        {.waiting = journal_.waiting(),
         .capacity = journal_.capacity(),
         .oldest = journal_.oldest_waiting(),
         .poisoned = writer.state == static_cast<std::uint64_t>(WriterState::stopped),
         .space_short = writer.space_short != 0,
         .lost = rows_again_->due()},
        now);
    storage_.store(storage_gate_.state(), std::memory_order_relaxed);
    if (!change) return;
    Event notice{};
    notice.arrival_time = now;
    notice.symbol = no_symbol;
    notice.kind = EventKind::account_notice;
    notice.account_notice.kind = *change;
    *notices_.slot() = notice;
    notices_.publish();
}

std::size_t Pipeline::poll_engine(Nanos now) {
    std::size_t done = watch_->poll(now);
    watch_storage(now);
    record_gaps();
    record_outside();
    done += controls_->poll(now);
    done += stage_->poll(now);
    held_back_.store(stage_->held_back, std::memory_order_relaxed);
    drained_.store(engine_->drained(), std::memory_order_relaxed);
    return done;
}

std::size_t Pipeline::poll_gateway(Nanos now) {
    if (paper_) return paper_->poll(now);
    return order_reactor_->poll() + gateway_->poll(now);
}

std::size_t Pipeline::poll_writer(Nanos now) {
    return tap_->poll(now);
}

std::size_t Pipeline::poll_presigned(Nanos now) {
    return presigned_ ? presigned_->poll(now) : 0;
}

}  // namespace tranche
