// Settings that change while the engine runs.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Takes over one setting; what is open keeps its exits. A value out of its range, or a symbol
/// that is not traded, is refused with an alarm that says so: the status side validates before.
void apply_setting(EngineState& state, const Control& control, SymbolId symbol, Outbox& out);

}  // namespace tranche
