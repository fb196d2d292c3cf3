// Exits that leave with their entry as one request (OTOCO, `exchange.otoco_entry`): the exchange
// places them as soon as the entry is filled, in part or whole. Until then they are orders of ours
// in state `sent` that no tranche counts on; from then on they have as long to show themselves as
// any exit, and after that the tranche's own rules (protection.hpp) go on as without them.
// Source: exchange-protocol.md §4.4; what is not known of it (whether they come for a part, and for
// how much) is asked when they show.
#pragma once

#include "core/messages.hpp"
#include "tranche/state.hpp"

namespace tranche {

/// Whether an entry of so much into the tranche takes its exits along: it is the tranche's first,
/// may rest, and both exits are wanted and possible. A tranche that holds something, or waits for
/// another entry, has exits and a backstop for the whole of it, or gets them.
bool takes_exits(const EngineState& state, TrancheSlot slot, Quantity quantity);

/// Adds exits to a new entry and its command. They are priced as the tranche's own would be after
/// a fill at the entry's limit. Leaves both as they are when the order table is full.
void attach_exits(EngineState& state, OrderSlot entry, Command& command, Outbox& out);

/// The entry has been filled: its exits are those of `target` if that has none.
void exits_come(EngineState& state, OrderSlot entry, TrancheSlot target, Outbox& out);

/// An exit has been filled, so its entry has been too, whatever was heard of that: what is missing
/// is booked at its limit, and its own reports find nothing left to count.
void fill_entry_of(EngineState& state, const Order& exit, Outbox& out);

/// One of the legs of a request is over. Without its entry no exit ever comes. `owner` is the
/// tranche of an entry that ended.
void leg_ended(EngineState& state, OrderSlot slot, TrancheSlot owner, Outbox& out);

/// The tranche of an entry is over, the entry is not.
void let_legs_go(EngineState& state, OrderSlot entry);

/// The answer to an entry with exits: a refusal that could be theirs makes the symbol's entries
/// plain for a while, and one that never left, for want of budget for instance, leaves plain at
/// once while it is fresh.
void see_attaching(EngineState& state, OrderSlot entry, const Reply& reply, Outbox& out);

/// An attached exit has shown itself: it is asked about, for nobody says how much it is for.
void exit_shown(EngineState& state, OrderSlot slot, Outbox& out);
/// An answer says how much it is for.
void take_size(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out);

/// An attached exit that was given up for absent, and is not, works again, until it is cancelled:
/// its tranche has another by now. No effect on any other order.
void revive(EngineState& state, OrderSlot slot);

/// A restored exit that still waits for its entry is joined to it. False for any other order.
bool restore_leg(EngineState& state, OrderSlot slot);

/// The live entry that an exit left with; `no_slot` without one.
inline OrderSlot entry_of(const EngineState& state, const Order& exit) {
    OrderSlot leg = exit.next_leg;
    while (leg != no_slot && state.orders[leg].row.id.role != Role::entry)
        leg = state.orders[leg].next_leg;
    return leg;
}
/// The exit is for a whole entry, of which more may be filled.
inline bool is_for_more(const EngineState& state, const Order& order) {
    return order.attached && entry_of(state, order) != no_slot;
}

}  // namespace tranche
