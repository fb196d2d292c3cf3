#include "tests/allocations/running_line.hpp"

#include <cstdlib>
#include <future>
#include <stdexcept>
#include <time.h>

#include "persist/migrate.hpp"
#include "persist/restore.hpp"
#include "tests/allocations/allocation_counter.hpp"

namespace tranche::test {
namespace {

/// The value, or an exception with the error's message: a test cannot go on without.
template <class T> T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

void nap() {
    constexpr timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
}

}  // namespace

RunningLine::RunningLine(const integration::Folder& folder, const integration::Exchange& exchange) {
    for (const auto& [name, value] : integration::credentials(folder))
        setenv(name.c_str(), value.c_str(), 1);
    settings_ = must(load_settings(integration::trading_settings(folder, exchange).dump()));
    const auto credentials = must(aster::load_credentials(settings_.exchange.auth));
    authenticator_ =
        must(aster::Authenticator::create(credentials, settings_.exchange.chain_id, nonces_));
    open_storage(folder);
    std::promise<void> started;
    auto outcome = started.get_future();
    // A ring of io_uring belongs to the thread that first uses it, so the cold thread does all that
    // the account stage's connection takes part in.
    cold_ = std::thread{[this, &started] {
        try {
            meet_exchange();
            build();
        } catch (...) {
            return started.set_exception(std::current_exception());
        }
        started.set_value();
        run_cold();
    }};
    try {
        outcome.get();
    } catch (...) {
        cold_.join();
        throw;
    }
    hot_ = std::thread{[this] { run_hot(); }};
}

void RunningLine::open_storage(const integration::Folder& folder) {
    journal_.emplace(must(Journal::open(folder.journal(), default_journal_records)));
    database_.emplace(must(Database::open(settings_.storage.database, Access::write)));
    must(migrate(*database_));
    must(claim_account(*database_, "counted"));
    writer_.emplace(must(Writer::make(*database_, *journal_, {})));
}

void RunningLine::meet_exchange() {
    peers_ = must(Peers::find(settings_.exchange));
    tls_ = must(TlsContext::create({.ca_file = settings_.exchange.ca_file, .key_log_file = {}}));
    requests_.emplace(aster::RequestTarget{.venue = settings_.exchange.venue,
                                           .auth = settings_.exchange.auth,
                                           .host_header = peers_.rest.host_header(),
                                           .prefix = peers_.rest.prefix},
                      *authenticator_);
    transport_ = must(aster::RestTransport::create(peers_.rest, peers_.rest_addresses, tls_.get(),
                                                   guard_, TimeSource{cold_clock_}, 1));
    const auto user_connection = static_cast<std::uint16_t>(feeds_of(settings_).size());
    account_ = std::make_unique<aster::Account>(
        aster::account_settings(settings_, true, user_connection), *requests_, nonces_, *transport_,
        account_events_, paths_, board_);
    const bool ready = integration::eventually(seconds(30), [this] {
        account_->poll(cold_clock_.now());
        return account_->symbols_ready() || account_->fatal() != nullptr;
    });
    if (!ready || account_->fatal() != nullptr)
        throw std::runtime_error("the exchange gives no exchangeInfo: " + transport_->why());
}

void RunningLine::build() {
    std::vector<std::string> warnings;
    restored_ = must(restore(*database_, account_->symbols(), settings_.engine.window.span,
                             kernel_now(), warnings));
    must(journal_->start(account_->symbols(), writer_->status().committed_sequence));
    pipeline_ = must(Pipeline::build({.settings = settings_,
                                      .symbols = account_->symbols(),
                                      .peers = peers_,
                                      .tls = tls_.get(),
                                      .guard = guard_,
                                      .authenticator = *authenticator_,
                                      .limits = account_->limits(),
                                      .board = board_,
                                      .restored = restored_,
                                      .journal = *journal_,
                                      .writer = *writer_,
                                      .account_events = account_events_,
                                      .paths = paths_,
                                      .receive_clock = hot_clock_,
                                      .parse_clock = hot_clock_,
                                      .engine_clock = hot_clock_,
                                      .gateway_clock = hot_clock_}));
}

void RunningLine::run_hot() {
    Nanos recalibrate_at{};
    while (!stopping_.load()) {
        count_this_thread(counting_.load());
        const Nanos now = hot_clock_.now();
        std::size_t done = pipeline_->poll_receive(now);
        done += pipeline_->poll_parse(now);
        done += pipeline_->poll_engine(now);
        done += pipeline_->poll_gateway(now);
        if (planted_.load()) {
            // Through a volatile pointer, or the compiler leaves the pair out.
            void* volatile memory = std::malloc(64);
            std::free(memory);
            planted_.store(false);
        }
        if (now >= recalibrate_at) {
            hot_clock_.recalibrate();
            recalibrate_at = now + seconds(1);
        }
        if (done == 0) nap();
    }
    count_this_thread(false);
}

void RunningLine::run_cold() {
    std::uint64_t opened = 0;
    while (!stopping_.load()) {
        const Nanos now = cold_clock_.now();
        account_->poll(now);
        const std::uint64_t seen = pipeline_->streams().user_opened();
        if (seen != opened) {
            opened = seen;
            account_->user_stream_opened();
        }
        if (pipeline_->snapshot_wanted().exchange(false)) account_->request_snapshot();
        if (pipeline_->listen_key_wanted().exchange(false)) account_->renew_listen_key();
        pipeline_->poll_writer(now);
        while (pipeline_->record_copies().front() != nullptr) pipeline_->record_copies().pop();
        nap();
    }
}

std::string RunningLine::account_state() const {
    const aster::AccountStatus status = account_->status().read();
    return std::string{aster::name(status.step)} + ": " + std::string{status.last_error()};
}

void RunningLine::stop() {
    stopping_.store(true);
    if (hot_.joinable()) hot_.join();
    if (cold_.joinable()) cold_.join();
}

}  // namespace tranche::test
