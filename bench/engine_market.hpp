// One engine with many symbols and an exchange that agrees with everything, on one thread and with
// a clock that moves only when told.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/board.hpp"
#include "core/messages.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "tranche/engine.hpp"

namespace tranche::bench {

class EngineMarket {
public:
    static constexpr Price center{Price::one * 50'000};

    /// `symbols` of them, streams up, an empty first snapshot taken: the engine trades.
    explicit EngineMarket(std::size_t symbols);

    Event event(EventKind kind, SymbolId symbol) const;
    Event book(SymbolId symbol, Price around = center) const;
    Event mark(SymbolId symbol, Price at = center) const;
    /// A forced order of `quantity` at a price; by default a sale around the book's.
    Event liquidation(SymbolId symbol, Quantity quantity, Side side = Side::sell,
                      Price at = center) const;
    /// Opens and protects `tranches` on both sides of every symbol, each 1 % further from the
    /// center than the one before.
    void populate(std::size_t tranches);
    /// Where the next entry on a side opens another tranche.
    static Price losing(PositionSide side, std::size_t tranches);
    /// What the exchange says when an order of ours is filled whole.
    Event fill(const Command& order);

    /// What the engine does with one event. `out()` holds what it said.
    void feed(const Event& event) { engine_->on(event, *out_); }
    /// The same for the events a bench is about: perf/callgrind-engine.sh counts inside this.
    void measured(const Event& event);
    /// Several at once, as the stage takes them from its ring: what they need is asked for ahead,
    /// or not. What the engine sends waits for `settle`.
    void burst(std::span<const Event> events, bool ahead);
    const std::vector<Command>& sent() const { return sent_; }
    const Outbox& out() const { return *out_; }
    /// Answers what `out()` asks for, and what follows from that, until nothing moves; empties it.
    void settle();
    /// The order of the role the engine sent last.
    const Command& newest(Role role) const { return newest_.at(role); }
    const EngineState& state() const { return engine_->state(); }

    Nanos now{seconds(1'700'000'000)};

private:
    struct HashOfId {
        std::size_t operator()(const ClientOrderId& id) const;
    };
    void answer(const Command& command);
    void open_tranche(SymbolId symbol, PositionSide side, Price at);
    Event report(const Command& order, ExecutionType execution, OrderStatus status) const;

    SymbolTable table_;
    std::unique_ptr<StatusBoard> board_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Outbox> out_{std::make_unique<Outbox>()};
    std::vector<Command> sent_;  // in a burst
    std::deque<Event> wire_;
    // No tree: walking one of twenty thousand orders takes more of the caches than the engine does.
    std::unordered_map<ClientOrderId, Command, HashOfId> open_;
    std::map<Role, Command> newest_;
    std::int64_t trades_{};
};

}  // namespace tranche::bench
