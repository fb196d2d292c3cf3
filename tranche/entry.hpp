// From a liquidation to an entry order, or to the reason why not.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Counts the liquidation in its window, decides, and puts exactly one verdict on record.
void on_liquidation(EngineState& state, const Event& event, Outbox& out);

}  // namespace tranche
