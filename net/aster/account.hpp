// The account's housekeeping: clock, symbols and their rules, modes, leverage, listen key,
// snapshots, audits. A cold stage: it may allocate and has a connection of its own, so that no
// question of its ever stands before an order; what it asks counts in the same budget. Source:
// exchange-protocol.md §3.1, §14; reference-behaviour.md §2.1, §6.4, §7.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/messages.hpp"
#include "core/result.hpp"
#include "core/ring.hpp"
#include "core/settings.hpp"
#include "core/snapshot.hpp"
#include "core/symbols.hpp"
#include "net/aster/account_rows.hpp"
#include "net/aster/answer.hpp"
#include "net/aster/exchange_info.hpp"
#include "net/aster/http_transport.hpp"
#include "net/aster/path_change.hpp"
#include "net/aster/requests.hpp"
#include "net/backoff.hpp"

namespace tranche::aster {

/// What the account stage takes of the settings.
struct AccountSettings {
    Venue venue{Venue::aster};
    bool signed_calls{};  // false: paper trading or no key, so only public questions
    bool hedge_mode{};
    bool multi_assets{};
    bool set_leverage{};
    bool set_margin_type{};
    Nanos reconcile_interval{};
    std::uint16_t user_connection{};              // of the receive stage, the first one
    std::uint16_t user_connections{1};            // from there on: all of them use the same key
    Nanos listen_key_refresh = seconds(20 * 60);  // a key lives 60 minutes
    std::string agent_address;  // V3: who signs; empty when there is nobody to ask about
    Nanos banned_until{};       // by an earlier run's ban, UTC
    std::vector<SymbolSettings> symbols;
};

/// `has_key`: the authenticator can sign.
AccountSettings account_settings(const Settings& settings, bool has_key,
                                 std::uint16_t user_connection);

/// Where the start-up sequence stands, in its order.
enum class AccountStep : std::uint8_t {
    clock,
    exchange_info,
    position_mode,
    multi_assets,
    positions,
    symbol_settings,  // leverage and margin type
    listen_key,
    user_stream,  // waiting for it to open
    snapshot,     // the first one
    running,
    failed,  // see `fatal`
};
std::string_view name(AccountStep step);

/// For the page. Times are UTC, 0 for never.
struct AccountStatus {
    Nanos clock_offset;       // exchange's clock minus ours
    Nanos clock_uncertainty;  // half of the shortest round trip
    Nanos clock_measured;
    Nanos listen_key_since;  // created or kept alive
    Nanos snapshot_time;     // of the last complete one
    Nanos error_time;
    std::uint64_t snapshots;      // complete ones
    std::uint64_t failures;       // calls that did not do what they should
    std::uint64_t audits;         // positions compared between snapshots
    std::uint64_t rules_changes;  // symbols whose rules or status changed since start
    Nanos contact;                // of the last answer, whatever it said
    Nanos agent_expires;          // UTC; 0 while unknown
    AccountStep step;
    bool symbols_ready;
    std::uint16_t error_length;
    std::array<char, 252> error;  // the last one, in words

    std::string_view last_error() const { return {error.data(), error_length}; }
};

/// Polled by one cold thread; what is marked so may be called from others.
class Account {
public:
    /// Everything passed by reference must outlive it. `events` and `paths` are its own rings to
    /// the engine and to receive.
    Account(AccountSettings settings, const Requests& requests, NonceSource& nonces,
            HttpTransport& transport, Ring<Event>& events, Ring<PathChange>& paths,
            RateBoard& board, std::uint64_t seed = 1);

    /// One turn; returns the number of answers and events it handled.
    std::size_t poll(Nanos now);

    /// True once exchangeInfo has been read; `symbols` and `limits` do not change afterwards: new
    /// rules of a symbol become events, new numbers of a limit reach the board.
    bool symbols_ready() const { return symbols_ready_; }
    const SymbolTable& symbols() const { return symbols_; }
    const std::vector<RateLimit>& limits() const { return limits_; }

    /// End of the newest ban that any stage knows of, UTC; 0 for none. To be kept over a restart.
    Nanos banned_until() const { return budget_.banned_until(); }

    /// The next question waits for room in the exchange's budget, or for the end of a pause.
    bool waits_for_budget() const { return waits_for_budget_; }

    /// Why nothing can go on until somebody acts: kind credentials or settings; null while all is
    /// well. The stage asks nothing any more.
    const Error* fatal() const { return fatal_ ? &*fatal_ : nullptr; }
    /// Changes the exchange refused although nothing depends on them, a line each.
    const std::vector<std::string>& warnings() const { return warnings_; }

    /// Any thread: the user stream is open (again); what came before may have been missed.
    void user_stream_opened() {
        stream_opened_.store(true, std::memory_order_relaxed);
        snapshot_wanted_.store(true, std::memory_order_release);
    }
    /// Any thread: the engine wants to know what is really there.
    void request_snapshot() { snapshot_wanted_.store(true, std::memory_order_release); }
    /// Any thread: the exchange said that the listen key has expired.
    void renew_listen_key() { key_expired_.store(true, std::memory_order_release); }
    /// Any thread: an order was refused for its price, size or symbol; the rules may have changed.
    void request_rules() { rules_wanted_.store(true, std::memory_order_release); }
    /// Any thread: a request was refused for its time.
    void request_clock() { clock_wanted_.store(true, std::memory_order_release); }
    /// Any thread: an order was refused for the position mode; a snapshot that reads it is taken.
    void request_position_mode() {
        mode_doubted_.store(true, std::memory_order_release);
        snapshot_wanted_.store(true, std::memory_order_release);
    }
    /// Any thread.
    const Snapshot<AccountStatus>& status() const { return published_; }

private:
    enum class Call : std::uint8_t {
        none,
        time,
        exchange_info,
        position_mode,
        flat_positions,  // may the position mode be changed?
        flat_orders,
        set_position_mode,
        multi_assets,
        set_multi_assets,
        positions,
        change_symbol,
        create_key,
        keep_key,
        snapshot_positions,
        snapshot_mode,  // where it is doubted: positions tell it only while there are any
        snapshot_balances,
        snapshot_algo_orders,  // where conditional orders live apart
        snapshot_orders,
        audit_positions,
        rules,
        agent,
    };
    static Resource resource_of(Call call);
    static bool changes_something(Call call);
    struct SymbolChange {
        std::string symbol;
        Resource resource;  // leverage or margin_type
        std::string value;
    };

    Call choose(Nanos now);
    Call choose_at_start() const;
    Call choose_running(Nanos now);
    Call choose_audit(Nanos now);
    Call choose_housekeeping(Nanos now);
    RateCost cost(Call call) const;
    bool begin(Call call, Nanos now);
    void begin_snapshot(Nanos now);
    Result<std::string> build(Call call, Nanos now) const;
    void finish(const Answer& answer, Nanos now);
    void handle(Call call, const Answer& answer, Nanos now);
    void on_time(const Answer& answer, Nanos now);
    void start_clock();
    void finish_clock(Nanos now);
    void on_exchange_info(const Answer& answer, Nanos now);
    void on_position_mode(const Answer& answer, Nanos now);
    void on_flat_positions(const Answer& answer, Nanos now);
    void on_flat_orders(const Answer& answer, Nanos now);
    void on_set_position_mode(const Answer& answer, Nanos now);
    void on_multi_assets(const Answer& answer, Nanos now);
    void on_set_multi_assets(const Answer& answer, Nanos now);
    void on_positions(const Answer& answer, Nanos now);
    void plan_changes(const std::vector<ListedPosition>& positions);
    void on_change_symbol(const Answer& answer, Nanos now);
    void on_create_key(const Answer& answer, Nanos now);
    void on_keep_key(const Answer& answer, Nanos now);
    void on_snapshot(Call call, const Answer& answer, Nanos now);
    bool take_mode(const Answer& answer, Nanos now);
    void on_audit(const Answer& answer, Nanos now);
    void on_rules(const Answer& answer, Nanos now);
    void learn_limits(const std::vector<RateLimit>& limits);
    void on_agent(const Answer& answer, Nanos now);
    void finish_snapshot(bool complete, Nanos now);
    void collect(const std::vector<ListedPosition>& rows);
    void collect(const std::vector<BalanceUpdate>& rows);
    void collect(const std::vector<ListedOrder>& rows);
    void learn_mode(const std::vector<ListedPosition>& rows);

    void announce_key();
    Event& queue(EventKind kind, SymbolId symbol, Nanos now);
    std::size_t flush();
    void advance(AccountStep step) { step_ = step; }
    void retry(const std::string& text, Nanos now, Nanos not_before = {});
    void note(const std::string& text, Nanos now);
    void stop(ErrorKind kind, const std::string& text, Nanos now);
    void publish_status();

    AccountSettings settings_;
    const Requests& requests_;
    NonceSource& nonces_;
    HttpTransport& transport_;
    Ring<Event>& events_;
    Ring<PathChange>& paths_;
    Backoff backoff_;

    AccountStep step_{AccountStep::clock};
    Call call_{Call::none};  // under way
    Nanos retry_at_{};
    std::optional<Error> fatal_;
    std::vector<std::string> warnings_;

    RateBudget budget_;
    bool waits_for_budget_{};
    RateBoard& board_;
    Nanos share_due_{};

    bool symbols_ready_{};
    SymbolTable symbols_;
    std::vector<RulesUpdate> rules_;  // of configured symbols, as the engine knows them
    Nanos rules_due_{};
    Nanos rules_earliest_{};
    Nanos agent_due_{};
    bool agent_seen_{};
    std::vector<RateLimit> limits_;

    int clock_samples_{};
    Nanos best_round_trip_{};
    Nanos best_offset_{};
    Nanos clock_due_{};
    bool clock_bad_{};
    bool clock_asked_{};  // somebody waits for what the next measurement says

    bool mode_differs_{};
    bool flat_positions_{};
    bool flat_orders_{};
    bool hedge_known_{};  // of the exchange, as last seen
    bool multi_assets_on_{};
    bool multi_assets_differ_{};
    std::deque<SymbolChange> changes_;

    std::string key_path_;
    std::uint16_t paths_left_{};  // connections that do not know the key yet
    Nanos keep_due_{};
    int keep_failures_{};

    Call snapshot_next_{Call::none};  // part to ask for; none while no snapshot is under way
    Nanos snapshot_due_{};
    Nanos snapshot_earliest_{};
    Nanos snapshot_begun_{};
    std::uint32_t generation_{};
    Nanos snapshot_latest_{};  // one is taken then, whatever audits have cost
    Nanos audit_due_{};
    RateWindow audit_weight_;             // what audits have cost
    RateWindow wanted_lately_;            // snapshots on demand
    std::vector<ListedPosition> listed_;  // rows of the newest snapshot or audit
    std::vector<Event> parts_;            // of the snapshot under way
    std::deque<Event> outgoing_;          // to the engine, as it has room

    std::atomic<bool> stream_opened_{};
    std::atomic<bool> snapshot_wanted_{};
    std::atomic<bool> key_expired_{};
    std::atomic<bool> rules_wanted_{};
    std::atomic<bool> clock_wanted_{};
    std::atomic<bool> mode_doubted_{};
    AccountStatus status_{};
    Snapshot<AccountStatus> published_;
};

}  // namespace tranche::aster
