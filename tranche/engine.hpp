// All trading decisions, as a pure state machine: the same events in the same order give the same
// commands and records. No clock, no socket, no allocation after construction.
#pragma once

#include "core/board.hpp"
#include "core/messages.hpp"
#include "core/restored.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "tranche/outbox.hpp"
#include "tranche/state.hpp"

namespace tranche {

class Engine {
public:
    /// `symbols`: the configured ones first, in the order of the settings. `board` has a row for
    /// each. Nothing is sent before the first complete snapshot agreed with what was restored.
    Engine(const EngineSettings& settings, const SymbolTable& symbols, StatusBoard& board,
           const Restored& restored);

    /// One event; everything that follows from it is in `out`. The clock is the event's arrival
    /// time, which never runs backwards for the engine.
    void on(const Event& event, Outbox& out);

    /// Asks for the memory that an event will need; nothing changes. `soon` for the one after the
    /// next, `next` for the next: what lies behind what the first asked for. In a cascade of
    /// liquidations their lines arrive while those before are decided (bench/engine_bench: bursts).
    void expect_soon(const Event& event) const;
    void expect_next(const Event& event) const;

    /// True once a drain is over: no entry order of ours can still be filled.
    bool drained() const;

    const EngineState& state() const { return state_; }

private:
    void dispatch(const Event& event, Outbox& out);
    void on_timer(Outbox& out);
    void on_control(const Control& control, SymbolId symbol, Outbox& out);
    void on_stream_change(const StreamChange& change, Outbox& out);
    void on_account_notice(const AccountNotice& notice, SymbolId symbol, Outbox& out);
    void on_book_ticker(const BookTicker& ticker, SymbolId symbol);
    void on_mark_price(const MarkPrice& mark, SymbolId symbol, Outbox& out);
    void on_balance_update(const BalanceUpdate& balance, Outbox& out);
    void on_rules_update(const RulesUpdate& update, SymbolId symbol);
    void merge_by_hand(const Control& control, SymbolId symbol, Outbox& out);
    void run_due(Outbox& out);
    void visit_symbols(Outbox& out);
    void merge_what_profits(SymbolId id, Outbox& out);
    void show(SymbolId id);
    void doubt_user_stream();
    void cancel_entries(Outbox& out);
    void close_everything(Outbox& out);

    EngineState state_;
    Nanos last_watch_;
    std::size_t next_visit_{};
    Nanos all_visited_;
    bool visit_all_{true};
};

}  // namespace tranche
