// Execution on paper: in paper mode this stage stands where the gateway and the account stage
// would, between the engine, which knows nothing of it, and an exchange inside the process that
// follows the real market. No signed request, no credentials, no money.
//
// What is assumed of execution:
// - An order arrives `paper.latency_ms` after it was decided, against the prices that have come by
//   then; answers and account news take as long back. Always the same time, no jitter, no loss.
// - The touch is the real best bid and ask. A LIMIT order that crosses it takes at once (taker
// fee);
//   one that rests fills at its own price, as maker, once the opposite touch reaches it, up to the
//   touch's quantity. Each new touch is new quantity. There is no queue in front of it, and nobody
//   notices our orders: this is kinder than the real book.
// - MARKET orders and stops that have fired take the touch's quantity at its price; what is more
//   takes levels of a basis point each behind it, sized like the touch, within the mark price's
//   bounds (where the rules name any).
// - Conditional orders fire by mark price or by the last price, as their working type says. No
// trade
//   stream is subscribed, so the last price is the middle of the touch.
// - Filters and order limits are those of the real exchangeInfo; leverage is that of the settings.
//   Margin is checked before an order, but a position is never liquidated or deleveraged.
// - Funding is paid when the mark stream's next funding time has come, at the rate it named before.
// - Nothing happens while the process does not run: after a restart wallet, positions and working
//   orders stand as recorded, and what the market has reached meanwhile executes at the first
//   prices.
//
// It may allocate: no real order waits for it. Runs on the gateway's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/messages.hpp"
#include "core/restored.hpp"
#include "core/ring.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "net/gateway_metrics.hpp"
#include "tools/direct_exchange.hpp"

namespace tranche {

/// What the paper exchange had before this start.
struct PaperPast {
    const Restored& restored;
    Notional wallet;  // USDT
};

/// Everything passed by reference outlives it.
struct PaperRings {
    Ring<Event>& market;      // from parse
    Ring<Command>& commands;  // from the engine
    Ring<Event>& events;      // to the engine: the market as it came, and the account's news
    Ring<Event>& replies;     // to the engine
    std::atomic<bool>& snapshot_wanted;
};

class PaperStage {
public:
    static constexpr std::size_t batch = 64;

    /// `user_connection`: the number under which the user stream is announced.
    PaperStage(const Settings& settings, const SymbolTable& symbols, const PaperPast& past,
               const PaperRings& rings, GatewayMetrics& metrics, std::uint8_t user_connection,
               Nanos now);

    /// One turn: takes commands and prices, executes what has arrived, delivers what is due.
    /// Returns how many events and commands it dealt with.
    std::size_t poll(Nanos now);

    /// USDT, with all fees and funding up to now.
    Notional wallet() const { return {venue_->account.wallet().raw}; }
    /// Commands and news that are still on their way.
    std::size_t under_way() const { return arriving_.size() + leaving_.size(); }
    const exchange::Venue& venue() const { return *venue_; }

private:
    /// On its way to the exchange: a command, or the question for a snapshot.
    struct Arriving {
        Nanos due;
        Nanos asked;  // of a snapshot; 0 for a command
        Command command;
    };
    struct Leaving {
        Nanos due;
        bool is_reply;
        Event event;
    };
    /// The newest tick of a symbol, for funding.
    struct Funding {
        Ratio rate;
        Nanos next;
    };

    void rebuild(const Restored& restored, Nanos now);
    void put_back(const OrderRow& row);
    std::size_t take_commands(Nanos now);
    std::size_t follow_market();
    void ask_for_snapshot(Nanos now);
    void run_until(Nanos time);
    void execute(const Command& command);
    void answer(const Command& command, Reply reply);
    void take_snapshot(Nanos asked);
    void see(const Event& event);
    void fund(SymbolId symbol, const MarkPrice& tick);
    void collect();
    void send(Event event, bool is_reply);
    void deliver();

    PaperRings rings_;
    GatewayMetrics& metrics_;
    Nanos latency_;
    Nanos snapshot_interval_;
    bool hedge_mode_;
    std::unique_ptr<exchange::Venue> venue_;
    std::unique_ptr<DirectExchange> exchange_;
    std::deque<Arriving> arriving_;  // in order of time
    std::deque<Leaving> leaving_;    // in order of time
    std::vector<Funding> funding_;   // by SymbolId
    std::vector<Event> news_;        // scratch
    Nanos time_;                     // of the exchange; never goes back
    Nanos snapshot_due_{};
    Nanos snapshot_earliest_{};
    std::uint32_t generation_{};
};

}  // namespace tranche
