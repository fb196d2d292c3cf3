// Steps in the life of an order that the files about orders share; the rest of the engine calls
// lifecycle.hpp.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

struct NewOrder;

inline constexpr Nanos silence = seconds(2);  // without a verdict, the outcome is unknown
inline constexpr Nanos stale_entry = milliseconds(500);

/// The order is looked at again by then.
inline void due(EngineState& state, OrderSlot slot, Nanos when) {
    state.timers.set_earlier(slot, when);
}

/// Assigns the client order id and remembers the order as sent; nothing leaves yet. `no_slot` when
/// the order table is full.
OrderSlot enlist(EngineState& state, const NewOrder& order);

/// A command about an order, with all that names it.
Command& command_for(EngineState& state, OrderSlot slot, CommandKind kind, Lane lane, Outbox& out);

/// Moves an order to another state, by the table of moves.
void enter(EngineState& state, OrderSlot slot, OrderState next);

/// The order ends although no report said so: refused, never sent, or proved absent.
void end_without_fill(EngineState& state, OrderSlot slot, OrderState final_state, Outbox& out);

}  // namespace tranche
