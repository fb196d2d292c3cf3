// From a liquidation to an entry order, or to the reason why not.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// Counts the liquidation in its window, decides, and puts exactly one verdict on record.
void on_liquidation(EngineState& state, const Event& event, Outbox& out);

/// Ask for the memory of a liquidation that comes soon, and for what lies behind that once the next
/// event is one; see Engine::expect_soon.
void expect_liquidation(const EngineState& state, const Event& event);
void expect_entry(const EngineState& state, const Event& event);

}  // namespace tranche
