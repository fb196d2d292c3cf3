// Limits: collateral with reservations, order counts, governors, and the mode that follows from
// streams, reconciliation and operators.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Sets aside the margin of an entry's unfilled part, or frees it once the order is final.
void refresh_reservation(EngineState& state, OrderSlot slot);

/// May an entry of this margin be added? `entered` when it may.
/// Equality passes, as documented. Source: reference-behaviour.md §3.6.
Verdict check_collateral(const EngineState& state, const SymbolState& symbol, Notional margin);

/// Do the governors let another entry of this notional pass? Too many a minute are refused one by
/// one; a loss beyond its limit, or ten times as many refusals as are allowed entries (logic that
/// runs away), holds all entries until an operator resumes. Source: reliability-model.md O5.
Verdict check_governors(EngineState& state, Notional notional, Outbox& out);

/// Holds entries, or everything, until an operator resumes. The most severe reason stands.
void hold(EngineState& state, Hold why, Outbox& out);

/// An order of our family from a later start: whoever sends it, this process stops.
/// Source: reliability-model.md O1, D6.
void meet_younger(EngineState& state, SymbolId symbol, const ClientOrderId& id, Outbox& out);

/// The account's position mode is not that of the settings: entries wait for an operator.
/// Source: reliability-model.md X10, S7.
void mismatch_mode(EngineState& state, Outbox& out);

/// Several requests were too early or too late for the exchange: entries wait until the clock is
/// known to be right, or a minute. Source: reliability-model.md X1.
void doubt_clock(EngineState& state, Outbox& out);

/// The clock has been measured: too far from the exchange's, or not. Ends doubts when it is right.
/// Source: reliability-model.md X2.
void learn_clock(EngineState& state, bool bad, Outbox& out);

/// The exchange refused an order for the account's position mode: entries wait until a snapshot
/// taken after this moment has read it again. Source: reliability-model.md X10.
void doubt_mode(EngineState& state, Outbox& out);

/// An operator resumes: no hold, and whatever led to one is measured anew.
void release_hold(EngineState& state, Outbox& out);

/// Losses beyond their limits, also while nothing asks for an entry.
void watch_losses(EngineState& state, Outbox& out);

/// Counts an entry against the governors.
void count_entry(EngineState& state, Notional notional);

/// Counts a realised result or a fee (negative).
void book_result(EngineState& state, Notional result);

/// Derives the mode from what is known; records and shows a change. Leaving trading is automatic,
/// coming back needs a clean reconciliation.
void update_mode(EngineState& state, Outbox& out);

}  // namespace tranche
