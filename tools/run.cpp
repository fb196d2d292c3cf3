// `tranche run`: start-up in the order that loses nothing, then threads, then waiting for a signal.
#include <algorithm>
#include <array>
#include <deque>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <thread>
#include <time.h>

#include "net/aster/account.hpp"
#include "net/name_servers.hpp"
#include "net/status/guard.hpp"
#include "net/status/server.hpp"
#include "persist/instance_lock.hpp"
#include "persist/page_cache.hpp"
#include "persist/queries.hpp"
#include "persist/repair.hpp"
#include "persist/restore.hpp"
#include "tools/ban_file.hpp"
#include "tools/exit_codes.hpp"
#include "tools/flat_settings.hpp"
#include "tools/frame_recorder.hpp"
#include "tools/identity.hpp"
#include "tools/loss_log.hpp"
#include "tools/outside_alarms.hpp"
#include "tools/paper_wallet.hpp"
#include "tools/pipeline.hpp"
#include "tools/rebuild.hpp"
#include "tools/record_log.hpp"
#include "tools/status_sources.hpp"
#include "tools/threads.hpp"
#include "tools/verbs.hpp"

namespace tranche {
namespace {

constexpr Nanos start_patience = seconds(15);  // for the exchange to answer at start
constexpr Nanos drain_patience = seconds(10);
constexpr std::string_view trust_hint =
    "; to trust a certificate that no public authority signed, name it in exchange.ca_file";

void log(const std::string& text) {
    fmt::print(stderr, "{} {}\n", timestamp(kernel_now()), text);
}

void nap() {
    constexpr timespec pause{0, 2'000'000};
    nanosleep(&pause, nullptr);
}

/// Signals are taken by this thread alone; threads started later inherit the mask.
class Signals {
public:
    Signals() {
        sigemptyset(&wanted_);
        sigaddset(&wanted_, SIGTERM);
        sigaddset(&wanted_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &wanted_, nullptr);
        signal(SIGPIPE, SIG_IGN);
    }
    /// True once per signal that has come.
    bool came() const {
        constexpr timespec at_once{0, 0};
        return sigtimedwait(&wanted_, nullptr, &at_once) > 0;
    }

private:
    sigset_t wanted_{};
};

/// When the exchange gave its last sign of life on any connection, as far as counters show.
class Contact {
public:
    Nanos newest(const Pipeline& pipeline, const aster::AccountStatus& account, Nanos now) {
        std::uint64_t messages = 0;
        for (std::size_t i = 0; i < pipeline.receive().connections(); ++i)
            messages += pipeline.receive().counters(i).messages.load(std::memory_order_relaxed);
        bool alive = std::exchange(messages_, messages) != messages;
        // On paper no question is asked for a minute; a stream that stays open has to do.
        if (pipeline.paper() != nullptr)
            for (const auto& open : pipeline.streams().open())
                alive = alive || open.load(std::memory_order_relaxed);
        if (alive) heard_ = now;
        const Nanos order{static_cast<std::int64_t>(pipeline.gateway_metrics().last_answer.get())};
        return std::max({heard_, account.contact, order});
    }

private:
    std::uint64_t messages_{};
    Nanos heard_{};
};

/// The status side: serves the page, and turns records into events and log lines.
struct StatusStage {
    StatusServer& server;
    Pipeline& pipeline;
    Ring<Record>& records;
    const aster::Account& account;
    const RateBoard& rates;
    OutsideAlarms alarms{kernel_now()};
    Contact contact{};
    Nanos alarms_due{};

    void publish(const Record& record) {
        server.publish(record);
        const std::string line = log_line(record, account.symbols());
        if (!line.empty()) fmt::print(stderr, "{}\n", line);
    }
    /// A ban that orders met is the engine's to tell.
    Nanos ban_of_housekeeping() const {
        const Nanos met = rates.banned_until(RateParty::account);
        return rates.banned_until(RateParty::gateway) + seconds(1) < met ? met : Nanos{};
    }
    void watch_outside(Nanos now) {
        if (now < alarms_due) return;
        alarms_due = now + milliseconds(200);
        const aster::AccountStatus status = account.status().read();
        OutsideFacts facts{.contact = contact.newest(pipeline, status, now),
                           .agent_expires = status.agent_expires,
                           .banned_until = ban_of_housekeeping()};
        if (const aster::OrderFigures* figures = pipeline.order_figures(); figures != nullptr) {
            facts.unknown_members = figures->unknown_members.get();
            facts.unreadable = figures->unreadable.get();
        }
        // They come back as the engine's do, once they are in the journal.
        for (const Record& record : alarms.poll(facts, now))
            if (!pipeline.record(record)) publish(record);
    }

    std::size_t poll(Nanos now) {
        watch_outside(now);
        std::size_t done = 0;
        for (; done < 512; ++done) {
            const Record* record = records.front();
            if (record == nullptr) break;
            publish(*record);
            records.pop();
        }
        return done + server.poll(now);
    }
};

struct PipelineStage {
    Pipeline& pipeline;
    std::size_t (Pipeline::*turn)(Nanos);
    std::size_t poll(Nanos now) { return (pipeline.*turn)(now); }
};

class Instance {
public:
    Instance(const RunOptions& options, Settings settings)
        : options_{options},
          settings_{std::move(settings)},
          guard_{settings_.engine.simulate_only} {}

    Result<Done> start(const Signals& signals);
    Result<Done> work(const Signals& signals);
    void stop();

private:
    Result<Done> open_storage();
    Result<Done> meet_exchange(const Signals& signals);
    Result<Done> rebuild_from_exchange();
    Result<Done> build_pipeline();
    Result<Done> open_status();
    void start_threads();
    Clock& clock_of(Stage stage);
    void serve_account();
    void keep_ban();
    void pass_on_doubts();
    void watch_names();
    void tell_losses();
    void drain();

    RunOptions options_;
    Settings settings_;
    RequestGuard guard_;  // every connection that carries requests is made with it
    std::vector<ThreadSettings> layout_;
    std::deque<Clock> clocks_;  // one a thread
    Clock own_clock_;           // of this thread
    aster::NonceSource nonces_;
    std::optional<Identity> identity_;
    std::optional<InstanceLock> lock_;  // of the database
    std::optional<Database> database_;
    std::optional<Database> reading_;
    std::optional<Journal> journal_;
    std::optional<Writer> writer_;
    std::unique_ptr<TlsContext> tls_;
    Peers peers_;
    std::vector<NameWatch> names_;  // of the peers
    bool names_troubled_{};
    LossLog losses_;
    std::optional<aster::Requests> requests_;
    std::unique_ptr<aster::RestTransport> transport_;
    Ring<Event> account_events_{1U << 13};
    Ring<PathChange> paths_{1U << 4};
    RateBoard rate_board_;
    std::unique_ptr<aster::Account> account_;
    Restored restored_;
    std::unique_ptr<FrameRecorder> recorder_;  // null: nothing is recorded
    std::unique_ptr<Pipeline> pipeline_;
    std::optional<Queries> queries_;
    std::unique_ptr<StatusServer> server_;
    std::optional<StatusStage> status_stage_;
    std::deque<PipelineStage> stages_;
    std::optional<Threads> threads_;
    std::uint64_t user_streams_seen_{};
    std::uint64_t refused_seen_{};
    Nanos ban_kept_{};  // what the file says
    std::uint64_t rules_doubted_seen_{};
    std::uint64_t clock_doubted_seen_{};
    std::uint64_t mode_doubted_seen_{};
    std::size_t warnings_told_{};
};

Result<Done> Instance::open_storage() {
    const std::string path = journal_path(settings_, identity_->account);
    auto journal = Journal::open(path, default_journal_records);
    if (!journal) return journal.error();
    journal_.emplace(std::move(journal).value());
    auto lock = InstanceLock::take(settings_.storage.database);
    if (!lock) return lock.error();
    lock_.emplace(std::move(lock).value());
    if (auto done = reserve_page_caches(); !done)
        log("warning " + done.error().message + "; memory will grow with the database");
    auto opened = open_checked(settings_.storage.database, kernel_now());
    if (!opened) return opened.error();
    if (!opened.value().set_aside.empty())
        log(
            fmt::format("alarm the database was damaged ({}); it is kept as {}, and a new one is "
                        "filled from the journal and the exchange",
                        opened.value().damage, opened.value().set_aside));
    database_.emplace(std::move(opened).value().database);
    if (auto done = claim_account(*database_, identity_->account); !done) return done.error();
    if (auto done = audit_file(*database_, options_.settings); !done) return done.error();
    const WriterSettings writing{.liquidation_days = settings_.storage.liquidation_days};
    auto writer = Writer::make(*database_, *journal_, writing);
    if (!writer) return writer.error();
    writer_.emplace(std::move(writer).value());
    auto drained = writer_->drain(kernel_now());
    if (!drained) return drained.error();
    if (drained.value() > 0 || journal_->cut() > 0)
        log(fmt::format("info journal taken over records={} cut={}", drained.value(),
                        journal_->cut()));
    return Done{};
}

Result<Done> Instance::meet_exchange(const Signals& signals) {
    const ExchangeSettings& exchange = settings_.exchange;
    auto peers = Peers::find(exchange);
    if (!peers) return peers.error();
    peers_ = std::move(peers).value();
    names_.emplace_back(*peers_.rest_book, peers_.rest.host, peers_.rest.port,
                        make_lookup(exchange.dns_servers), exchange.dns_interval, kernel_now());
    names_.emplace_back(*peers_.stream_book, peers_.stream.host, peers_.stream.port,
                        make_lookup(exchange.dns_servers), exchange.dns_interval, kernel_now());
    auto tls = TlsContext::create({.ca_file = exchange.ca_file, .key_log_file = options_.keylog});
    if (!tls) return tls.error();
    tls_ = std::move(tls).value();
    requests_.emplace(aster::RequestTarget{.venue = exchange.venue,
                                           .auth = exchange.auth,
                                           .host_header = peers_.rest.host_header(),
                                           .prefix = peers_.rest.prefix},
                      identity_->authenticator);
    auto transport = aster::RestTransport::create(
        peers_.rest, peers_.rest_addresses, peers_.rest.secure ? tls_.get() : nullptr, guard_,
        TimeSource{own_clock_}, static_cast<std::uint64_t>(kernel_now().count),
        peers_.rest_book.get());
    if (!transport) return transport.error();
    transport_ = std::move(transport).value();
    const auto user_connection = static_cast<std::uint16_t>(feeds_of(settings_).size());
    auto banned = read_ban(ban_file_of(settings_.storage.database), kernel_now());
    if (!banned) return banned.error();
    aster::AccountSettings account =
        aster::account_settings(settings_, identity_->authenticator.can_sign(), user_connection);
    account.agent_address = identity_->authenticator.address();
    account.banned_until = banned.value();
    account_ = std::make_unique<aster::Account>(std::move(account), *requests_, nonces_,
                                                *transport_, account_events_, paths_, rate_board_);
    Nanos begin = monotonic_now();
    while (!account_->symbols_ready()) {
        keep_ban();
        // A ban is waited for, however long: whoever asks during it makes it longer. So is a budget
        // that earlier starts have used up.
        if (own_clock_.now() < account_->banned_until() || account_->waits_for_budget())
            begin = monotonic_now();
        account_->poll(own_clock_.now());
        if (const Error* fatal = account_->fatal()) return *fatal;
        if (signals.came()) return Error{ErrorKind::unavailable, "stopped while starting"};
        if (monotonic_now() - begin > start_patience) {
            const auto status = account_->status().read();
            const std::string why =
                status.error_length > 0 ? std::string{status.last_error()} : transport_->why();
            const bool distrust = why.find("certificate") != std::string::npos;
            return Error{ErrorKind::unavailable,
                         fmt::format("exchange.rest_url {}: no exchange there within {} s: {}{}",
                                     exchange.rest_url, start_patience.count / 1'000'000'000, why,
                                     distrust ? trust_hint : "")};
        }
        nap();
    }
    return Done{};
}

/// A database that has never been run with: what is open there was open before it.
Result<Done> Instance::rebuild_from_exchange() {
    const auto starts = database_->integer("SELECT value FROM meta WHERE key = 'epoch'", 0);
    if (!starts) return starts.error();
    if (starts.value() != 0 || settings_.engine.simulate_only) return Done{};
    auto reader = AccountReader::open(settings_);
    if (!reader) return reader.error();
    const auto rebuilt = rebuild(*database_, settings_, *reader.value(), kernel_now());
    if (!rebuilt) return rebuilt.error();
    for (const std::string& note : rebuilt.value().notes) log("warning " + note);
    if (rebuilt.value().traded_before)
        log(
            fmt::format("info a new database for an account that has traded: {} tranches were "
                        "rebuilt from the exchange",
                        rebuilt.value().tranches));
    return Done{};
}

Clock& Instance::clock_of(Stage stage) {
    for (std::size_t i = 0; i < layout_.size(); ++i)
        for (const Stage one : layout_[i].stages)
            if (one == stage) return clocks_[i];
    return own_clock_;
}

Result<Done> Instance::build_pipeline() {
    std::vector<std::string> warnings;
    auto restored = restore(*database_, account_->symbols(), settings_.engine.window.span,
                            kernel_now(), warnings);
    if (!restored) return restored.error();
    restored_ = std::move(restored).value();
    for (const std::string& warning : warnings) log("warning " + warning);
    const auto sequence = writer_->status().committed_sequence;
    if (auto done = journal_->start(account_->symbols(), sequence); !done) return done.error();
    log(fmt::format("info restored epoch={} tranches={} orders={}", restored_.epoch,
                    restored_.tranches.size(), restored_.orders.size()));
    layout_ = settings_.pipeline.threads.empty()
                  ? automatic_threads(std::thread::hardware_concurrency())
                  : settings_.pipeline.threads;
    for (std::size_t i = 0; i < layout_.size(); ++i) clocks_.emplace_back();
    threads_.emplace(layout_);
    Notional paper_wallet;
    if (settings_.engine.simulate_only) {
        auto wallet = find_paper_wallet(*database_, account_->symbols(), settings_.paper.balance);
        if (!wallet) return wallet.error();
        paper_wallet = wallet.value();
        log("warning SIMULATION: the paper exchange begins with USDT " + to_text(paper_wallet.raw) +
            " and what was restored");
    }
    auto pipeline =
        Pipeline::build({.settings = settings_,
                         .symbols = account_->symbols(),
                         .peers = peers_,
                         .tls = peers_.rest.secure ? tls_.get() : nullptr,
                         .guard = guard_,
                         .authenticator = identity_->authenticator,
                         .limits = account_->limits(),
                         .board = rate_board_,
                         .restored = restored_,
                         .journal = *journal_,
                         .writer = *writer_,
                         .account_events = account_events_,
                         .paths = paths_,
                         .receive_clock = clock_of(Stage::receive),
                         .parse_clock = clock_of(Stage::parse),
                         .engine_clock = clock_of(Stage::engine),
                         .gateway_clock = clock_of(Stage::gateway),
                         .paper_wallet = paper_wallet,
                         .recorded_frames = recorder_ ? &recorder_->frames() : nullptr});
    if (!pipeline) return pipeline.error();
    pipeline_ = std::move(pipeline).value();
    if (recorder_) {
        std::vector<RecordedStream> streams;
        for (const aster::MarketFeed& feed : feeds_of(settings_))
            streams.push_back({peers_.stream.prefix + feed.path, false});
        for (int i = 0; i < settings_.exchange.user_feeds; ++i) streams.push_back({"", true});
        recorder_->begin(account_->symbols(), std::move(streams), kernel_now());
    }
    return Done{};
}

Result<Done> Instance::open_status() {
    auto reading = Database::open(settings_.storage.database, Access::read);
    if (!reading) return reading.error();
    reading_.emplace(std::move(reading).value());
    queries_.emplace(*reading_, account_->symbols());
    std::string token;
    if (!settings_.status.token_file.empty()) {
        auto made = ensure_token(settings_.status.token_file);
        if (!made) return made.error();
        token = made.value();
    }
    auto server = StatusServer::open(
        settings_.status,
        status_sources(settings_, account_->symbols(), *pipeline_, *account_, *threads_, *queries_),
        token, kernel_now());
    if (!server) return server.error();
    server_ = std::move(server).value();
    status_stage_.emplace(StatusStage{.server = *server_,
                                      .pipeline = *pipeline_,
                                      .records = pipeline_->record_copies(),
                                      .account = *account_,
                                      .rates = rate_board_});
    log("info status page url=" + server_->url());
    return Done{};
}

void Instance::start_threads() {
    if (settings_.pipeline.lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        log("warning memory cannot be locked; raise LimitMEMLOCK");
    if (pipeline_->presigned() != nullptr && !pipeline_->presigned()->locked())
        log("warning signatures made ahead may be swapped out; raise LimitMEMLOCK");
    const std::array<std::pair<Stage, std::size_t (Pipeline::*)(Nanos)>, 6> turns = {
        {{Stage::receive, &Pipeline::poll_receive},
         {Stage::parse, &Pipeline::poll_parse},
         {Stage::engine, &Pipeline::poll_engine},
         {Stage::gateway, &Pipeline::poll_gateway},
         {Stage::writer, &Pipeline::poll_writer},
         {Stage::status, &Pipeline::poll_presigned}}};  // as cold as the page
    for (std::size_t i = 0; i < layout_.size(); ++i) {
        std::vector<Polled> polled;
        for (const Stage stage : layout_[i].stages) {
            if (stage == Stage::status) polled.emplace_back(*status_stage_);
            for (const auto& [which, turn] : turns)
                if (which == stage)
                    polled.emplace_back(stages_.emplace_back(PipelineStage{*pipeline_, turn}));
        }
        threads_->start(layout_[i], std::move(polled), clocks_[i]);
        // This thread asks the account's questions: cold work, beside the page's.
        if (std::ranges::find(layout_[i].stages, Stage::status) != layout_[i].stages.end())
            threads_->join_core(layout_[i]);
    }
    for (const std::string& warning : threads_->warnings()) log("warning " + warning);
}

Result<Done> Instance::start(const Signals& signals) {
    for (const std::string& warning : settings_.warnings) log("warning settings: " + warning);
    auto identity = identify(settings_, nonces_);
    if (!identity) return identity.error();
    identity_.emplace(std::move(identity).value());
    if (settings_.engine.simulate_only)
        log("warning SIMULATION (globals.simulate_only): " + describe(settings_.paper));
    if (!options_.keylog.empty())
        log("warning keylog: whoever reads " + options_.keylog + " can read this traffic");
    if (!options_.record.empty()) {
        auto recorder = FrameRecorder::create(options_.record);
        if (!recorder) return recorder.error();
        recorder_ = std::move(recorder).value();
    }
    if (auto done = open_storage(); !done) return done;
    if (auto done = meet_exchange(signals); !done) return done;
    if (auto done = rebuild_from_exchange(); !done) return done;
    if (auto done = build_pipeline(); !done) return done;
    if (auto done = open_status(); !done) return done;
    start_threads();
    return Done{};
}

void Instance::keep_ban() {
    const Nanos until = account_->banned_until();
    if (until <= ban_kept_) return;
    ban_kept_ = until;
    log("warning the exchange has banned this address; nothing is asked before " +
        timestamp(until));
    if (auto done = write_ban(ban_file_of(settings_.storage.database), until); !done)
        log("warning " + done.error().message);
}

/// Orders refused for their price, time or side are a reason to read again what they must fit.
void Instance::pass_on_doubts() {
    const aster::OrderFigures* figures = pipeline_->order_figures();
    if (figures == nullptr) return;
    const std::uint64_t rules = figures->rules_doubted.get();
    if (std::exchange(rules_doubted_seen_, rules) != rules) account_->request_rules();
    const std::uint64_t clock = figures->clock_doubted.get();
    if (std::exchange(clock_doubted_seen_, clock) != clock) account_->request_clock();
    const std::uint64_t mode = figures->mode_doubted.get();
    if (std::exchange(mode_doubted_seen_, mode) != mode) account_->request_position_mode();
}

void Instance::serve_account() {
    account_->poll(own_clock_.now());
    keep_ban();
    pass_on_doubts();
    for (; warnings_told_ < account_->warnings().size(); ++warnings_told_)
        log("warning " + account_->warnings()[warnings_told_]);
    const std::uint64_t opened = pipeline_->streams().user_opened();
    if (opened != user_streams_seen_) {
        user_streams_seen_ = opened;
        account_->user_stream_opened();
    }
    if (pipeline_->paper() != nullptr) return;  // it is the account
    if (pipeline_->snapshot_wanted().exchange(false, std::memory_order_relaxed))
        account_->request_snapshot();
    if (pipeline_->listen_key_wanted().exchange(false, std::memory_order_relaxed))
        account_->renew_listen_key();
}

void Instance::watch_names() {
    std::string trouble;
    for (NameWatch& name : names_) {
        name.poll(own_clock_.now());
        if (trouble.empty()) trouble = name.trouble();
    }
    if (trouble.empty() == !names_troubled_) return;
    names_troubled_ = !trouble.empty();
    if (names_troubled_)
        log("warning " + trouble + " The addresses found before stay in use.");
    else
        log("info names are found again");
}

void Instance::tell_losses() {
    const Receive& receive = pipeline_->receive();
    for (std::size_t i = 0; i < receive.connections(); ++i) {
        const std::string line =
            losses_.tell(i, receive.name(i), receive.loss_words(i), own_clock_.now());
        if (!line.empty()) log(line);
    }
}

void Instance::drain() {
    log("info stopping: entries off, open entries are cancelled, exits stay at the exchange");
    Control control{};
    control.kind = ControlKind::drain;
    pipeline_->press(control, no_symbol);
    const Nanos begin = monotonic_now();
    while (!pipeline_->drained() && monotonic_now() - begin < drain_patience) {
        serve_account();
        nap();
    }
}

Result<Done> Instance::work(const Signals& signals) {
    const Nanos begin = monotonic_now();
    const Nanos limit{static_cast<std::int64_t>(options_.duration_s * 1e9)};
    Nanos recalibrate_at = begin + seconds(1);
    while (!signals.came()) {
        serve_account();
        watch_names();
        tell_losses();
        if (recorder_) recorder_->poll(pipeline_->frames_not_recorded());
        if (const Error* fatal = account_->fatal()) {
            const Error copy = *fatal;
            drain();
            return copy;
        }
        const Nanos now = monotonic_now();
        if (limit.count > 0 && now - begin >= limit) break;
        if (guard_.refused() != refused_seen_) {
            refused_seen_ = guard_.refused();
            log(
                fmt::format("alarm paper mode: {} requests were refused at the socket, the last "
                            "for {}",
                            refused_seen_, name_of(guard_.last_fault())));
        }
        if (now >= recalibrate_at) {
            own_clock_.recalibrate();
            recalibrate_at = now + seconds(1);
        }
        nap();
    }
    drain();
    return Done{};
}

void Instance::stop() {
    if (threads_) threads_->stop();
    if (recorder_ && pipeline_) {
        const std::uint64_t missed = pipeline_->frames_not_recorded();
        if (auto done = recorder_->close(missed); !done) log("warning " + done.error().message);
        log(fmt::format("info record closed frames={} missed={}", recorder_->written(), missed));
    }
    if (!writer_) return;
    auto left = writer_->drain(kernel_now());
    if (!left)
        log("warning " + left.error().message +
            "; the records stay in the journal and are taken over at the next start");
    log("info stopped");
}

}  // namespace

int run(const RunOptions& options) {
    auto settings = load_settings_file(options.settings);
    if (!settings) return report(settings.error());
    const Signals signals;
    Instance instance{options, std::move(settings).value()};
    if (auto started = instance.start(signals); !started) return report(started.error());
    const auto worked = instance.work(signals);
    instance.stop();
    return worked ? 0 : report(worked.error());
}

}  // namespace tranche
