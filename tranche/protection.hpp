// Take-profit, stop-loss, backstop and closing at market. The rules compare what a tranche should
// have with what works, and emit the difference; calling them again changes nothing. So every
// fill, reply, expiry and timer leads to the same function, and so does repair after a restart.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Brings the exits of a tranche in line with its quantity and entry: stop first, then take
/// profit, then the side's backstop. Safe to call at any time.
void protect(EngineState& state, TrancheSlot slot, Outbox& out);

/// One closePosition stop per side with quantity, beyond the worst stop; cancelled when flat.
void ensure_backstop(EngineState& state, SymbolId id, PositionSide which, Outbox& out);

/// Closes a tranche at market: its take-profit is cancelled and its final state awaited, then the
/// rest is sold; the stop works all the while. Source: reference-behaviour.md §5.4.
void start_close(EngineState& state, TrancheSlot slot, CloseReason reason, Outbox& out);

/// A mark price moved: instant closes whose grace is over.
void watch_mark(EngineState& state, SymbolId id, Outbox& out);

/// The exchange has said what a side holds. What no tranche knows of is given the backstop as soon
/// as no report of a fill is likely to explain it; whose it is can be found out behind that.
void note_surplus(EngineState& state, SymbolId id, PositionSide which);

/// A failed protective or closing order: when it may be tried again.
void note_failure(EngineState& state, TrancheSlot slot, Role role, Outbox& out);

/// The marks of a symbol at which nothing has to be done, from its sides' take-profits.
void refresh_quiet(EngineState& state, SymbolId id);

/// Somebody else cancelled an exit of ours. It is placed again; the third time in ten minutes it is
/// left to the backstop. Source: reliability-model.md S6.
void note_removal(EngineState& state, TrancheSlot slot, Role role, Outbox& out);

/// A backstop given up for lost works after all: as long as the one sent in its place is not known
/// to, this one stays and that one goes.
void backstop_found(EngineState& state, OrderSlot slot);

/// A backstop is over: another one, at once or a little later, unless nobody holds anything. One
/// that somebody else keeps cancelling is left to them, until an operator resumes (S6).
void backstop_ended(EngineState& state, const Order& order, Outbox& out);

/// Does another conditional order of the tranche close what this one was to close?
bool is_crowded(const EngineState& state, TrancheSlot slot, Role role);

/// An exit was refused beside such another. Once may be a fill that was faster; from the second
/// time on conditional orders are taken to share their position, and take-profits are plain limit
/// orders (reliability-model.md E3).
void note_crowding(EngineState& state, TrancheSlot slot, Role role);

/// Take-profits are limit orders: by the settings, or because conditional ones do not fit.
bool take_profit_is_limit(const EngineState& state);

/// Does an older stop of the tranche still work beside the current one?
bool has_retiring_stop(const EngineState& state, TrancheSlot slot);

/// A quantity too small for exits of its own joins the next tranche of its side, the elder first.
/// False when there is none; then the backstop alone covers it. Source: reliability-model.md X6.
bool join_neighbour(EngineState& state, TrancheSlot slot, Outbox& out);

/// The exchange takes no exit so small. What is worth many times the least an order may be worth
/// was refused for another reason, and is tried again.
void note_dust(EngineState& state, TrancheSlot slot, Outbox& out);

/// An exit was refused for what trying again at once does not mend: the next try is seconds away,
/// and the backstop covers meanwhile. A first refusal by `filters` is tried again at once.
void wait_with_exit(EngineState& state, TrancheSlot slot, Role role, bool filters);

/// The clock "unprotected for x" of a tranche starts, unless it runs; it stops.
void begin_unprotected(EngineState& state, TrancheSlot slot);
void end_unprotected(EngineState& state, TrancheSlot slot, Outbox& out);

}  // namespace tranche
