// What the files about exits share; the rest of the engine calls protection.hpp.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

inline constexpr Nanos adjust_pause = milliseconds(200);      // at most five replacements a second
inline constexpr Nanos judge_pause = milliseconds(100);       // until a tranche is protected
inline constexpr Nanos unknown_patience = milliseconds(200);  // an exit's fate, before another
inline constexpr Nanos removal_memory = seconds(600);
inline constexpr std::uint8_t removals_to_give_up = 3;

/// The tranche is looked at again by then.
inline void look_again(EngineState& state, TrancheSlot slot, Nanos when) {
    state.timers.set_earlier(state.timer_of_tranche(slot), when);
}

inline void look_again(EngineState& state, SymbolId id, PositionSide which, Nanos when) {
    state.timers.set_earlier(state.timer_of_side(id, which), when);
}

/// An exit that may not exist: whatever it was to protect is looked at again when it has been
/// unknown for too long.
inline void look_again_if_lost(EngineState& state, const Order& order) {
    const Nanos when = state.now + unknown_patience;
    if (order.tranche != no_slot) look_again(state, order.tranche, when);
    if (order.row.id.role == Role::backstop)
        look_again(state, order.row.symbol, order.row.position_side, when);
}

/// The exchange counts conditional orders apart, by symbol.
inline bool room_for_conditional(const EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbols[index(id)];
    const std::uint16_t limit = symbol.rules.max_conditional_orders;
    return limit == 0 || symbol.live_conditionals < limit;
}

/// Counts a removal by somebody else; true when there have been too many of late.
inline bool removed_too_often(Attempts& attempts, Nanos now) {
    if (attempts.removals == 0 || now - attempts.removed_since > removal_memory) {
        attempts.removals = 0;
        attempts.removed_since = now;
    }
    attempts.given_up = ++attempts.removals >= removals_to_give_up;
    if (attempts.given_up) attempts.removals = 0;
    return attempts.given_up;
}

/// The mark price is beyond the take-profit since `when`; 0: it is not.
void set_crossed(EngineState& state, TrancheSlot slot, Nanos when);

/// The take-profit moved, or there is none any more.
void watch_target(EngineState& state, TrancheSlot slot);

}  // namespace tranche
