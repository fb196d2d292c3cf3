// What a refusal, a ban or a throttled request says about more than the order it was for.
#pragma once

#include "tranche/refusals.hpp"
#include "tranche/state.hpp"

namespace tranche {

/// About the symbol, the side or the account. Source: reliability-model.md §2.3, X1 … X11.
void learn_from(EngineState& state, SymbolId id, PositionSide which, Role role, Refusal why,
                Outbox& out);
/// What a refused exit means for its tranche.
void mend_exit(EngineState& state, TrancheSlot slot, Role role, Refusal why, Outbox& out);
/// Nothing passes for a while.
void banned(EngineState& state, const Reply& reply, Outbox& out);
void throttled(EngineState& state, const Reply& reply, Outbox& out);

}  // namespace tranche
