// One pair of exits a fill (`enable_order_consolidation` off), as long as the orders of a tranche
// may be that many. A pair is never changed: when anything but its own fills happens to the
// tranche, its pairs are folded into one for all it holds, placed before the old ones go.
// Source: reference-behaviour.md §2.1, §14 5.1a and 5.2a.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Places stop and take-profit for a further fill of a tranche that has exits already. False, with
/// an alarm the first time, when there is no room for them: the caller consolidates.
bool add_pair(EngineState& state, TrancheSlot slot, Quantity quantity, Price price, Outbox& out);

/// One exit for everything from now on: the pairs' orders are on their way out.
void fold_pairs(EngineState& state, TrancheSlot slot);

/// A fill of `order` closes that much of its pair, if it is of one; a pair that holds nothing more
/// is gone, one that holds a rest is folded.
void reduce_pair(EngineState& state, TrancheSlot slot, OrderSlot order, Quantity quantity,
                 Outbox& out);

/// All pairs' orders can still be filled, and none is too old.
bool pairs_live(const EngineState& state, TrancheSlot slot);
/// All pairs' orders are confirmed.
bool pairs_work(const EngineState& state, const Tranche& tranche);

}  // namespace tranche
