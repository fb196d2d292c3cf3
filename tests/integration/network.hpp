// The two programs under a network that misbehaves: what is done to them, and what both say of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/books.hpp"

namespace tranche::integration {

/// One change of the engine's mode, as its log tells it.
struct ModeChange {
    std::string to;
    Nanos at;  // of the log's clock
};

/// One change of an order, as the engine's log tells it.
struct OrderChange {
    std::string id;
    std::string symbol;
    std::string role;  // entry, take_profit, stop_loss, close, backstop
    std::string state;
    Nanos at;  // of the log's clock
};

/// The time of day by the log's clock.
Nanos time_of_day();

/// A rule of faults that only counts how often a call is made: a delay of nothing.
std::string counting(const std::string& call);

/// An exchange with a lively market, and an engine that trades on it.
class Network {
public:
    using Tweak = std::function<void(Json& settings)>;
    explicit Network(const std::vector<std::string>& exchange_flags = {}, const Tweak& tweak = {},
                     const Environment& more = {});

    /// Waits until it trades and holds so many tranches; else a failure, and false.
    bool holds(std::size_t tranches = 3);
    /// Waits until the exchange has accepted so many further orders.
    bool trades_on(std::int64_t orders, Nanos patience = seconds(40));

    /// Rules of faults from now on (tranche-exchange --help).
    void faults(const std::string& list) { post("faults", list); }
    /// How often the rules in force have struck, together.
    std::int64_t happened() const;
    /// How often the rule of `fault` for `call` (without a text) has struck; without such a rule
    /// the test fails.
    std::int64_t happened_to(const std::string& call, const std::string& fault = "delay") const;
    /// Rules that strike so often by themselves; waits until they have.
    bool strikes(const std::string& list, std::int64_t times, Nanos patience = seconds(30));
    /// Harms open connections: cut, reset, half_open or close; rest, market, user or all.
    std::int64_t harm(const std::string& what, const std::string& which, int count = 1000);
    /// Any other path below /sim.
    Json post(const std::string& path, const std::string& body);
    Json get_from_exchange(const std::string& path) const;
    /// Somebody in the web page presses a button of the status page.
    void press(const std::string& verb);

    /// Forgets what the engine's log has said so far.
    void listen();
    /// What it has said since.
    std::string said() const;
    bool says(const std::string& text, Nanos patience = seconds(20)) const;
    std::vector<ModeChange> modes() const;
    std::vector<OrderChange> orders() const;
    /// Time of day of its first line since `listen` that contains `text`; none without one.
    std::optional<Nanos> said_at(const std::string& text) const;
    /// Alarms of this kind that are rows of the database.
    std::int64_t recorded(const std::string& alarm) const;
    /// Trades of ours that are rows of the database.
    std::int64_t recorded_fills() const;
    /// How many published liquidations the engine has not counted, once everything under way has
    /// arrived. Halts the market for it.
    std::int64_t unseen();
    std::string mode() const;
    bool becomes(const std::string& mode, Nanos patience = seconds(20)) const;
    /// The page says that entries are closed, a moment after the log, and goes on to for so long.
    bool stays_closed(Nanos span) const;
    /// Waits for any mode without entries: protect_only, reconcile or halt.
    bool closes_entries(Nanos patience = seconds(20)) const;
    /// Longest stretch since `listen` from leaving trading to coming back, by the log's clock.
    Nanos longest_out_of_trading() const;
    /// Sum of a metric's samples (without the prefix) whose labels contain `label`.
    double metric(const std::string& name, const std::string& label = "") const;

    /// The rules end, trading comes back, the market stops: books agree to the last step, no order
    /// was doubled, nothing was unprotected longer than `bound`, and the engine ends by itself.
    void ends_well(Nanos bound = seconds(2));

    const Exchange& exchange() const { return exchange_; }
    Engine& engine() { return engine_; }
    const Engine& engine() const { return engine_; }
    const Folder& folder() const { return folder_; }

private:
    void expect_nothing_doubled();
    void expect_no_order_came_back() const;
    std::int64_t count_of(const std::string& rows) const;

    Folder folder_;
    Exchange exchange_;
    Engine engine_;
    std::size_t heard_{};
};

/// Longest time that a position of the exchange's log (--json-log) was without any open stop.
/// `until_ms`: when what is open still counts.
Nanos longest_without_stop(const std::string& json_log, std::int64_t until_ms, std::string& which);

}  // namespace tranche::integration
