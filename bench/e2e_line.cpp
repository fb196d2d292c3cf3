#include "bench/e2e_line.hpp"

#include <filesystem>
#include <fmt/format.h>

#include "bench/report.hpp"
#include "net/aster/path_change.hpp"
#include "persist/migrate.hpp"

namespace tranche::bench {
namespace {

std::string settings_text(const std::string& folder, const std::string& ca_file, std::uint16_t port,
                          const std::vector<std::string>& names) {
    std::string symbols;
    for (const std::string& name : names)
        symbols += fmt::format(
            R"({}"{}":{{"volume_threshold_long":1000,"volume_threshold_short":1000,)"
            R"("leverage":10,"margin_type":"CROSSED","trade_side":"OPPOSITE",)"
            R"("trade_value_usdt":5,"max_position_usdt":1000,"price_offset_pct":0.1,)"
            R"("take_profit_enabled":true,"take_profit_pct":0.5,"stop_loss_enabled":true,)"
            R"("stop_loss_pct":3,"working_type":"MARK_PRICE","price_protect":false}})",
            symbols.empty() ? "" : ",", name);
    return fmt::format(
        R"({{"globals":{{"simulate_only":false,"volume_window_sec":60,"use_usdt_volume":true,)"
        R"("hedge_mode":true,"max_total_exposure_usdt":100000,"max_open_orders_per_symbol":20}},)"
        R"("symbols":{{{0}}},"exchange":{{"rest_url":"https://localhost:{1}",)"
        R"("stream_url":"wss://localhost:{1}","ca_file":"{2}","feeds":1}},)"
        R"("storage":{{"database":"{3}/bench.db"}}}})",
        symbols, port, ca_file, folder);
}

SymbolRules rules_of(const std::string& name) {
    SymbolRules rules;
    rules.name = name;
    rules.trading = true;
    rules.tick = rules.min_price = {Price::one / 100};
    rules.max_price = {Price::one * 1'000'000};
    rules.step = rules.market_step = {Quantity::one / 1'000};
    rules.min_quantity = rules.market_min_quantity = rules.step;
    rules.max_quantity = rules.market_max_quantity = {Quantity::one * 100'000};
    rules.min_notional = {Notional::one * 5};
    rules.multiplier_up = {Ratio::one * 3 / 2};
    rules.multiplier_down = {Ratio::one / 2};
    rules.max_orders = 200;
    rules.max_conditional_orders = 100;
    return rules;
}

/// The value, or the end of the bench with the reason.
template <class T> T need(Result<T> result) {
    check(result.ok(), result.ok() ? "" : result.error().message);
    return std::move(result).value();
}

}  // namespace

Line::Line(const std::string& folder, const std::string& ca_file, std::uint16_t port,
           const std::vector<std::string>& names, unsigned core)
    : settings_{need(load_settings(settings_text(folder, ca_file, port, names)))} {
    std::vector<SymbolRules> rules;
    for (const std::string& name : names) rules.push_back(rules_of(name));
    symbols_ = SymbolTable{std::move(rules), names.size()};
    restored_.epoch = 1;
    peers_ = need(Peers::find(settings_.exchange));
    tls_ = need(TlsContext::create({.ca_file = settings_.exchange.ca_file, .key_log_file = {}}));
    aster::Credentials credentials;
    credentials.scheme = AuthScheme::v3;
    credentials.key = aster::Secret{std::string(64, '7')};
    authenticator_.emplace(
        need(aster::Authenticator::create(credentials, settings_.exchange.chain_id, nonces_)));
    open_storage(folder);
    build();
    run(core);
}

Line::~Line() {
    if (threads_) threads_->stop();
    std::filesystem::remove(journal_->path());
}

void Line::open_storage(const std::string& folder) {
    const auto stamp = kernel_now().count;
    journal_.emplace(need(Journal::open(fmt::format("/dev/shm/tranche-bench-{}.journal", stamp),
                                        default_journal_records)));
    database_.emplace(need(Database::open(folder + "/bench.db", Access::write)));
    need(migrate(*database_));
    writer_.emplace(need(Writer::make(*database_, *journal_, {})));
    need(journal_->start(symbols_, 0));
}

void Line::build() {
    pipeline_ = need(Pipeline::build({.settings = settings_,
                                      .symbols = symbols_,
                                      .peers = peers_,
                                      .tls = tls_.get(),
                                      .guard = guard_,
                                      .authenticator = *authenticator_,
                                      .limits = limits_,
                                      .board = board_,
                                      .restored = restored_,
                                      .journal = *journal_,
                                      .writer = *writer_,
                                      .account_events = account_events_,
                                      .paths = paths_,
                                      .receive_clock = clock_,
                                      .parse_clock = clock_,
                                      .engine_clock = clock_,
                                      .gateway_clock = clock_}));
}

void Line::run(unsigned core) {
    std::vector<Polled> polled;
    for (auto stage : {&Pipeline::poll_receive, &Pipeline::poll_parse, &Pipeline::poll_engine,
                       &Pipeline::poll_gateway})
        polled.emplace_back(turns_.emplace_back(Turn{*pipeline_, stage}));
    ThreadSettings hot;
    hot.name = "hot";
    hot.core = static_cast<int>(core);
    hot.wait = Wait::spin;
    hot.stages = {Stage::receive, Stage::parse, Stage::engine, Stage::gateway};
    threads_.emplace(std::vector<ThreadSettings>{hot});
    threads_->start(hot, std::move(polled), clock_);
    for (const std::string& warning : threads_->warnings()) fmt::print(stderr, "{}\n", warning);
}

void Line::open_user_stream() {
    const auto connection = static_cast<std::uint16_t>(feeds_of(settings_).size());
    check(aster::announce_path(paths_, connection, "/ws/bench"), "the ring of paths has room");
}

void Line::push_mark(Nanos now, bool begins) {
    Event* event = account_events_.slot();
    check(event != nullptr, "the account's ring has room");
    *event = Event{};
    event->arrival_time = now;
    event->symbol = no_symbol;
    event->kind = EventKind::snapshot_mark;
    event->snapshot_mark.requested_at = now;
    event->snapshot_mark.generation = generation_;
    event->snapshot_mark.begins = begins;
    event->snapshot_mark.complete = !begins;
    event->snapshot_mark.hedge_mode = true;
    account_events_.publish();
}

void Line::serve_account(Nanos now) {
    if (!pipeline_->snapshot_wanted().exchange(false, std::memory_order_relaxed)) return;
    ++generation_;
    push_mark(now, true);
    push_mark(now, false);
}

}  // namespace tranche::bench
