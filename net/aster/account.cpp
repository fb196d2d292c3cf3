#include "net/aster/account.hpp"

#include <algorithm>
#include <utility>

#include "net/aster/costs.hpp"
#include "net/aster/dialect.hpp"
#include "net/aster/replies.hpp"
#include "net/aster/streams.hpp"

namespace tranche::aster {
namespace {

constexpr int clock_sample_count = 5;
constexpr Nanos clock_interval = seconds(60);
constexpr Nanos clock_retry = seconds(5);
constexpr Nanos worst_offset = milliseconds(500);  // reliability-model.md X2
constexpr Nanos worst_uncertainty = seconds(1);
constexpr Nanos keep_retry = seconds(30);
constexpr int keep_attempts = 3;            // then a new key
constexpr Nanos snapshot_gap = seconds(1);  // 50 units of weight each
constexpr Nanos patient_snapshot_gap = seconds(5);
constexpr std::uint32_t snapshots_a_minute = 12;  // on demand; then they take their time
constexpr Nanos share_interval = milliseconds(100);
constexpr std::size_t longest_listen_key = 112;  // theirs have 64; a path has to have room for it

std::uint32_t snapshot_weight(Venue venue) {
    const std::uint32_t weight = cost_of(Resource::position_risk, false).weight +
                                 cost_of(Resource::balance, false).weight +
                                 cost_of(Resource::open_orders, false).weight;
    if (!dialect_of(venue).conditionals_apart) return weight;
    return weight + cost_of(Resource::open_algo_orders, false).weight;
}

constexpr std::int64_t no_such_key = -1125;

bool is_listen_key(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= longest_listen_key &&
           std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

AccountSettings account_settings(const Settings& settings, bool has_key,
                                 std::uint16_t user_connection) {
    AccountSettings account;
    account.venue = settings.exchange.venue;
    account.signed_calls = has_key && !settings.engine.simulate_only;
    account.hedge_mode = settings.engine.hedge_mode;
    account.multi_assets = settings.exchange.multi_assets_mode;
    account.set_leverage = settings.exchange.set_leverage;
    account.set_margin_type = settings.exchange.set_margin_type;
    account.reconcile_interval = settings.engine.protection.reconcile_interval;
    account.user_connection = user_connection;
    account.user_connections = settings.exchange.user_feeds;
    account.listen_key_refresh = settings.exchange.listen_key_refresh;
    account.symbols = settings.engine.symbols;
    return account;
}

std::string_view name(AccountStep step) {
    switch (step) {
        case AccountStep::clock: return "measuring the exchange's clock";
        case AccountStep::exchange_info: return "reading symbols and limits";
        case AccountStep::position_mode: return "checking the position mode";
        case AccountStep::multi_assets: return "checking multi-assets mode";
        case AccountStep::positions: return "reading positions";
        case AccountStep::symbol_settings: return "setting leverage and margin type";
        case AccountStep::listen_key: return "asking for a listen key";
        case AccountStep::user_stream: return "waiting for the user stream";
        case AccountStep::snapshot: return "taking the first snapshot";
        case AccountStep::running: return "running";
        case AccountStep::failed: return "stopped";
    }
    return "stopped";
}

Account::Account(AccountSettings settings, const Requests& requests, NonceSource& nonces,
                 HttpTransport& transport, Ring<Event>& events, Ring<PathChange>& paths,
                 RateBoard& board, std::uint64_t seed)
    : settings_{std::move(settings)},
      requests_{requests},
      nonces_{nonces},
      transport_{transport},
      events_{events},
      paths_{paths},
      backoff_{BackoffSettings{milliseconds(500), seconds(60)}, seed},
      budget_{default_rate_limits, Ratio{}},
      board_{board},
      audit_weight_{RateLimit{RateUnit::weight, seconds(60), 0}},
      wanted_lately_{RateLimit{RateUnit::weight, seconds(60), snapshots_a_minute}} {
    learn_limits({});
    budget_.ban_until(settings_.banned_until);
    publish_status();
}

std::size_t Account::poll(Nanos now) {
    std::size_t done = flush();
    if (fatal_) return done;
    announce_key();
    const HttpOutcome outcome = transport_.poll(now);
    if (call_ != Call::none) {
        switch (outcome) {
            case HttpOutcome::none: return done;
            case HttpOutcome::answer: {
                const RateAnswer rate = read_limits(transport_.response(), now);
                budget_.on_answer(rate.verdict, rate.all(), rate.retry_after, now);
                status_.contact = now;
                finish(read_answer(transport_.response(), now), now);
                ++done;
                break;
            }
            case HttpOutcome::not_sent:
            case HttpOutcome::refused:
            case HttpOutcome::cut: {
                // everything here may be asked twice: a setting set again is the same setting
                Answer lost;
                lost.kind = AnswerKind::try_again;
                lost.text = outcome == HttpOutcome::refused
                                ? "paper mode: our own guard refused the request"
                                : "no answer: " + transport_.why();
                finish(lost, now);
                break;
            }
        }
    }
    if (now >= share_due_) {
        share_due_ = now + share_interval;
        budget_.share(now);
    }
    if (fatal_ || now < retry_at_ || !transport_.ready()) return done;
    const Call next = choose(now);
    waits_for_budget_ = next != Call::none && !budget_.allows(Lane::reconcile, cost(next), now);
    if (next == Call::none || waits_for_budget_) return done;
    if (begin(next, now)) ++done;
    return done;
}

// ------------------------------------------------------------------------------ what comes next

Account::Call Account::choose(Nanos now) {
    if (clock_samples_ > 0) return Call::time;  // a measurement is under way
    return step_ < AccountStep::user_stream ? choose_at_start() : choose_running(now);
}

Account::Call Account::choose_at_start() const {
    switch (step_) {
        case AccountStep::clock: return Call::time;
        case AccountStep::exchange_info: return Call::exchange_info;
        case AccountStep::position_mode:
            if (!mode_differs_) return Call::position_mode;
            if (!flat_positions_) return Call::flat_positions;
            return flat_orders_ ? Call::set_position_mode : Call::flat_orders;
        case AccountStep::multi_assets:
            return multi_assets_differ_ ? Call::set_multi_assets : Call::multi_assets;
        case AccountStep::positions: return Call::positions;
        case AccountStep::symbol_settings: return Call::change_symbol;
        case AccountStep::listen_key: return Call::create_key;
        case AccountStep::user_stream:
        case AccountStep::snapshot:
        case AccountStep::running:
        case AccountStep::failed: return Call::none;
    }
    return Call::none;
}

/// By urgency: without a key we are deaf, without a snapshot we are blind.
Account::Call Account::choose_running(Nanos now) {
    if (settings_.signed_calls) {
        if (key_expired_.load(std::memory_order_acquire)) return Call::create_key;
        if (stream_opened_.load(std::memory_order_relaxed) && step_ == AccountStep::user_stream)
            advance(AccountStep::snapshot);
        if (snapshot_next_ != Call::none) return snapshot_next_;
        if (step_ > AccountStep::user_stream)
            if (const Call audit = choose_audit(now); audit != Call::none) return audit;
        if (now >= keep_due_) return Call::keep_key;
    }
    return choose_housekeeping(now);
}

/// A whole snapshot where one is wanted or due, else only positions: reliability-model.md N5.
Account::Call Account::choose_audit(Nanos now) {
    const auto affordable = [&](std::uint32_t weight) {
        return audit_weight_.used(now) + weight <= audit_weight_.limit().limit;
    };
    const bool wanted = snapshot_wanted_.load(std::memory_order_acquire);
    if (now >= snapshot_earliest_) {
        if (wanted || now >= snapshot_latest_) return Call::snapshot_positions;
        if (now >= snapshot_due_ && affordable(snapshot_weight(settings_.venue)))
            return Call::snapshot_positions;
    }
    return now >= audit_due_ && affordable(cost(Call::audit_positions).weight)
               ? Call::audit_positions
               : Call::none;
}

Account::Call Account::choose_housekeeping(Nanos now) {
    // The age first: a wish that comes too early stays one.
    if (now - status_.clock_measured >= clock_retry &&
        clock_wanted_.exchange(false, std::memory_order_acquire)) {
        clock_asked_ = true;
        start_clock();
    }
    if (clock_samples_ > 0 || now >= clock_due_) return Call::time;
    if (now >= rules_earliest_ &&
        (now >= rules_due_ || rules_wanted_.load(std::memory_order_acquire)))
        return Call::rules;
    const bool has_agent = settings_.signed_calls && !settings_.agent_address.empty();
    return has_agent && now >= agent_due_ ? Call::agent : Call::none;
}

Resource Account::resource_of(Call call) {
    switch (call) {
        case Call::none:
        case Call::time: return Resource::time;
        case Call::exchange_info:
        case Call::rules: return Resource::exchange_info;
        case Call::position_mode:
        case Call::snapshot_mode:
        case Call::set_position_mode: return Resource::position_mode;
        case Call::multi_assets:
        case Call::set_multi_assets: return Resource::multi_assets;
        case Call::flat_positions:
        case Call::positions:
        case Call::snapshot_positions:
        case Call::audit_positions: return Resource::position_risk;
        case Call::snapshot_algo_orders: return Resource::open_algo_orders;
        case Call::flat_orders:
        case Call::snapshot_orders: return Resource::open_orders;
        case Call::snapshot_balances: return Resource::balance;
        case Call::create_key:
        case Call::keep_key: return Resource::listen_key;
        case Call::change_symbol: return Resource::leverage;
        case Call::agent: return Resource::agent;
    }
    return Resource::time;
}

bool Account::changes_something(Call call) {
    return call == Call::set_position_mode || call == Call::set_multi_assets ||
           call == Call::change_symbol;
}

RateCost Account::cost(Call call) const {
    return cost_of(resource_of(call), changes_something(call));
}

void Account::begin_snapshot(Nanos now) {
    const bool wanted = snapshot_wanted_.exchange(false, std::memory_order_relaxed);
    if (wanted)
        wanted_lately_.add(1, now);
    else
        audit_weight_.add(snapshot_weight(settings_.venue), now);
    const bool often = wanted_lately_.used(now) > wanted_lately_.limit().limit;
    snapshot_earliest_ = now + (often ? patient_snapshot_gap : snapshot_gap);
    snapshot_begun_ = now;
    ++generation_;
    parts_.clear();
    listed_.clear();
}

bool Account::begin(Call call, Nanos now) {
    if (call == Call::snapshot_positions && snapshot_next_ == Call::none) {
        begin_snapshot(now);
        snapshot_next_ = call;
    }
    const auto request = build(call, now);
    if (!request) {
        // the venue has no such thing, or we have no key: our own composition's fault
        stop(request.error().kind == ErrorKind::credentials ? ErrorKind::credentials
                                                            : ErrorKind::settings,
             request.error().message, now);
        return false;
    }
    if (!transport_.send(request.value(), now)) return false;
    budget_.spend(cost(call), now, Lane::reconcile);
    if (call == Call::audit_positions) audit_weight_.add(cost(call).weight, now);
    call_ = call;
    return true;
}

Result<std::string> Account::build(Call call, Nanos now) const {
    const Resource resource = resource_of(call);
    const auto set = [&](std::string_view member, bool value) {
        const Parameter parameter{member, value ? "true" : "false"};
        return requests_.build(Method::post, resource, {&parameter, 1}, now);
    };
    switch (call) {
        case Call::none: break;
        case Call::set_position_mode: return set("dualSidePosition", settings_.hedge_mode);
        case Call::set_multi_assets: return set("multiAssetsMargin", settings_.multi_assets);
        case Call::create_key: return requests_.build(Method::post, resource, {}, now);
        case Call::keep_key: return requests_.build(Method::put, resource, {}, now);
        case Call::time:
        case Call::exchange_info:
        case Call::rules:
        case Call::position_mode:
        case Call::multi_assets:
        case Call::flat_positions:
        case Call::flat_orders:
        case Call::positions:
        case Call::snapshot_positions:
        case Call::snapshot_mode:
        case Call::snapshot_balances:
        case Call::snapshot_algo_orders:
        case Call::snapshot_orders:
        case Call::audit_positions:
        case Call::agent: return requests_.build(Method::get, resource, {}, now);
        case Call::change_symbol: {
            const SymbolChange& change = changes_.front();
            const bool leverage = change.resource == Resource::leverage;
            const std::array<Parameter, 2> parameters{
                Parameter{"symbol", change.symbol},
                Parameter{leverage ? "leverage" : "marginType", change.value}};
            return requests_.build(Method::post, change.resource, parameters, now);
        }
    }
    return Error{ErrorKind::usage, "nothing to ask"};
}

// ------------------------------------------------------------------------------------- answers

void Account::finish(const Answer& answer, Nanos now) {
    const Call call = std::exchange(call_, Call::none);
    if (answer.kind == AnswerKind::refused)
        return stop(ErrorKind::credentials, "the exchange refuses us: " + answer.text, now);
    if (answer.kind == AnswerKind::stale) {
        // V3 may say so of a nonce another process has overtaken as well: measure, ask again
        start_clock();
    }
    handle(call, answer, now);
    publish_status();
}

void Account::handle(Call call, const Answer& answer, Nanos now) {
    switch (call) {
        case Call::none: return;
        case Call::time: return on_time(answer, now);
        case Call::exchange_info: return on_exchange_info(answer, now);
        case Call::position_mode: return on_position_mode(answer, now);
        case Call::flat_positions: return on_flat_positions(answer, now);
        case Call::flat_orders: return on_flat_orders(answer, now);
        case Call::set_position_mode: return on_set_position_mode(answer, now);
        case Call::multi_assets: return on_multi_assets(answer, now);
        case Call::set_multi_assets: return on_set_multi_assets(answer, now);
        case Call::positions: return on_positions(answer, now);
        case Call::change_symbol: return on_change_symbol(answer, now);
        case Call::create_key: return on_create_key(answer, now);
        case Call::keep_key: return on_keep_key(answer, now);
        case Call::snapshot_positions:
        case Call::snapshot_mode:
        case Call::snapshot_balances:
        case Call::snapshot_algo_orders:
        case Call::snapshot_orders: return on_snapshot(call, answer, now);
        case Call::audit_positions: return on_audit(answer, now);
        case Call::rules: return on_rules(answer, now);
        case Call::agent: return on_agent(answer, now);
    }
}

/// The sample with the shortest round trip has the least room for error (Cristian's algorithm).
void Account::on_time(const Answer& answer, Nanos now) {
    const auto server = answer.kind == AnswerKind::ok ? answer.body.whole("serverTime")
                                                      : std::optional<std::int64_t>{};
    if (!server || *server <= 0 || *server > INT64_MAX / 1'000'000) {
        // everything else goes on meanwhile, with the offset we have
        clock_samples_ = 0;
        clock_due_ = now + clock_retry;
        return retry("time: " + (answer.text.empty() ? "no serverTime" : answer.text), now,
                     answer.retry_after);
    }
    if (clock_samples_ == 0) start_clock();
    const Nanos round_trip = transport_.answered_at() - transport_.sent_at();
    const Nanos middle = transport_.sent_at() + Nanos{round_trip.count / 2};
    if (best_round_trip_.count == 0 || round_trip < best_round_trip_) {
        best_round_trip_ = std::max(round_trip, nanoseconds(1));
        best_offset_ = milliseconds(*server) - middle;
    }
    if (--clock_samples_ == 0) finish_clock(now);
}

void Account::start_clock() {
    clock_samples_ = clock_sample_count;
    best_round_trip_ = {};
}

void Account::finish_clock(Nanos now) {
    nonces_.set_offset(best_offset_);
    status_.clock_offset = best_offset_;
    status_.clock_uncertainty = Nanos{best_round_trip_.count / 2};
    status_.clock_measured = now;
    const bool bad = best_offset_ > worst_offset || best_offset_ < Nanos{-worst_offset.count} ||
                     status_.clock_uncertainty > worst_uncertainty;
    if (bad)
        note("our clock is " + std::to_string(best_offset_.milliseconds()) +
                 " ms behind the exchange's (± " +
                 std::to_string(status_.clock_uncertainty.milliseconds()) +
                 " ms); no entries until it is within 500 ms: check chrony",
             now);
    clock_due_ = now + (bad ? clock_retry : clock_interval);
    // Who doubted it is told even if it was right all the time.
    if (std::exchange(clock_asked_, false) || bad != clock_bad_) {
        clock_bad_ = bad;
        queue(EventKind::account_notice, no_symbol, now).account_notice.kind =
            bad ? AccountNoticeKind::clock_offset_bad : AccountNoticeKind::clock_offset_good;
    }
    if (step_ == AccountStep::clock) advance(AccountStep::exchange_info);
}

// ---------------------------------------------------------------------------------- key, events

void Account::on_create_key(const Answer& answer, Nanos now) {
    const std::string_view key = answer.body.text_of("listenKey");
    if (answer.kind != AnswerKind::ok || !is_listen_key(key)) {
        const std::string why = answer.text.empty() ? "the answer has no usable key" : answer.text;
        return retry("listenKey: " + why, now, answer.retry_after);
    }
    const bool expired = key_expired_.exchange(false, std::memory_order_acq_rel);
    std::string path = user_stream_path(key, settings_.venue);
    // the exchange hands out the same key while it lives; its stream needs no reconnect then
    if (path != key_path_ || expired) {
        key_path_ = std::move(path);
        paths_left_ = settings_.user_connections;
        announce_key();
    }
    keep_due_ = now + settings_.listen_key_refresh;
    keep_failures_ = 0;
    status_.listen_key_since = now;
    backoff_.reset();
    if (step_ == AccountStep::listen_key) advance(AccountStep::user_stream);
}

void Account::on_keep_key(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::ok) {
        keep_due_ = now + settings_.listen_key_refresh;
        keep_failures_ = 0;
        status_.listen_key_since = now;
        return;
    }
    note("listenKey: " + answer.text, now);
    keep_due_ = std::max(now + keep_retry, answer.retry_after);
    if (answer.code == no_such_key || ++keep_failures_ >= keep_attempts)
        key_expired_.store(true, std::memory_order_release);
}

/// Tells every user connection, as the ring has room.
void Account::announce_key() {
    while (paths_left_ > 0) {
        const auto connection = static_cast<std::uint16_t>(
            settings_.user_connection + settings_.user_connections - paths_left_);
        if (!announce_path(paths_, connection, key_path_)) return;
        --paths_left_;
    }
}

Event& Account::queue(EventKind kind, SymbolId symbol, Nanos now) {
    Event& event = outgoing_.emplace_back(Event{});
    event.arrival_time = now;
    event.symbol = symbol;
    event.kind = kind;
    return event;
}

/// Hands over what the engine has room for.
std::size_t Account::flush() {
    std::size_t done = 0;
    for (; !outgoing_.empty(); ++done) {
        Event* slot = events_.slot();
        if (slot == nullptr) break;
        *slot = outgoing_.front();
        events_.publish();
        outgoing_.pop_front();
    }
    return done;
}

// --------------------------------------------------------------------------------------- trouble

void Account::retry(const std::string& text, Nanos now, Nanos not_before) {
    note(text, now);
    retry_at_ = std::max(now + backoff_.next(), not_before);
}

void Account::note(const std::string& text, Nanos now) {
    ++status_.failures;
    status_.error_time = now;
    status_.error = {};
    status_.error_length = static_cast<std::uint16_t>(std::min(text.size(), status_.error.size()));
    std::copy_n(text.begin(), status_.error_length, status_.error.begin());
    publish_status();
}

void Account::stop(ErrorKind kind, const std::string& text, Nanos now) {
    fatal_ = Error{kind, text};
    advance(AccountStep::failed);
    note(text, now);
}

void Account::publish_status() {
    status_.step = step_;
    published_.write(status_);
}

}  // namespace tranche::aster
