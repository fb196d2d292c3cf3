// Our view against theirs: snapshots, restarts, adoption and shrinking. The exchange is the truth
// about what exists; a failed snapshot means "unknown", never "nothing".
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Takes up what journal and database remembered. Called once, before any event.
void restore(EngineState& state, const Restored& restored, Outbox& out);

/// One row of a snapshot, or a push of the user stream.
void on_position_update(EngineState& state, const Event& event, Outbox& out);
void on_open_order(EngineState& state, const Event& event, Outbox& out);

/// What somebody else opened on a side of ours, told trade by trade, becomes a tranche as soon as
/// the exchange's own figure says so too, whichever comes first. Source: reliability-model.md S5.
void adopt_told(EngineState& state, SymbolId id, PositionSide which, Outbox& out);

/// Begin and end of a snapshot; at the end every side key is compared.
void on_snapshot_mark(EngineState& state, const Event& event, Outbox& out);

/// Sides that differ from the exchange's pushes for longer than a fill needs to arrive ask for a
/// snapshot.
void watch_differences(EngineState& state, Outbox& out);

}  // namespace tranche
