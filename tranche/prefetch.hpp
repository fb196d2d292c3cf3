// Asks for memory before it is needed. With hundreds of symbols the engine's state lies in the
// third cache, where one line takes 15 to 20 ns; lines asked for together arrive together.
// All of it is always inlined: g++ takes a function that only prefetches for one without effect and
// drops the calls that it has not inlined.
#pragma once

#include <cstddef>

#include "core/ring.hpp"
#include "tranche/exits.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/state.hpp"

namespace tranche {

/// The lines of `bytes` from `at` on, to be written.
[[gnu::always_inline]] inline void prefetch(const void* at, std::size_t bytes) {
    const char* line = static_cast<const char*>(at);
    for (std::size_t offset = 0; offset < bytes; offset += cache_line)
        __builtin_prefetch(line + offset, 1);
}

/// What nearly every event about a symbol reads of it: prices, both sides' sums, window, limits,
/// rules and settings.
[[gnu::always_inline]] inline void prefetch_symbol(const EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbols[index(id)];
    prefetch(&state.prices[index(id)], cache_line);
    for (const SideBook& side : symbol.sides) prefetch(&side, cache_line);
    const char* rest = reinterpret_cast<const char*>(&symbol.window);
    prefetch(rest, static_cast<std::size_t>(reinterpret_cast<const char*>(&symbol + 1) - rest));
}

/// What changing a side's tranches touches of it, beside its first line.
[[gnu::always_inline]] inline void prefetch_side(const EngineState& state, SymbolId id,
                                                 PositionSide which) {
    const SideBook& side = state.symbols[index(id)].sides[index(which)];
    prefetch(&side.backstop_attempts, cache_line);
    prefetch(side.tranches.data(), cache_line);
    prefetch(side.stops.data(), cache_line);
    prefetch(side.targets.data(), cache_line);
}

/// What placing an order writes of its slot.
[[gnu::always_inline]] inline void prefetch_order(const EngineState& state, OrderSlot slot) {
    prefetch(&state.orders[slot], Order::used_bytes);
    state.timers.prefetch(slot);
}

/// The slots that the next orders will be put in.
[[gnu::always_inline]] inline void prefetch_free_orders(const EngineState& state,
                                                        std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const OrderSlot slot = state.orders.next_free(i);
        if (slot == no_slot) return;
        prefetch_order(state, slot);
    }
}

[[gnu::always_inline]] inline void prefetch_tranche(const EngineState& state, TrancheSlot slot) {
    prefetch(&state.tranches[slot], sizeof(TrancheCore));
    state.timers.prefetch(state.timer_of_tranche(slot));
}

/// The look-up places of the orders that will be made next: an entry into a new tranche, and the
/// exits that a tranche has none of.
[[gnu::always_inline]] inline void prefetch_order_place(const EngineState& state, Role role,
                                                        TrancheId tranche,
                                                        std::uint32_t generation) {
    state.orders.prefetch({.instance = state.settings.instance,
                           .role = role,
                           .reserved = 0,
                           .epoch = state.epoch,
                           .tranche = tranche,
                           .generation = generation});
}
[[gnu::always_inline]] inline void prefetch_first_entry(const EngineState& state) {
    prefetch_order_place(state, Role::entry, TrancheId{state.next_tranche}, 1);
}
[[gnu::always_inline]] inline void prefetch_exits(const EngineState& state,
                                                  const Tranche& tranche) {
    const TrancheRow& row = tranche.row;
    if (tranche.stop_loss == no_slot)
        prefetch_order_place(state, Role::stop_loss, row.id, row.stop_loss_generation + 1);
    if (tranche.take_profit == no_slot)
        prefetch_order_place(state, Role::take_profit, row.id, row.take_profit_generation + 1);
}

/// What a liquidation needs if it triggers an entry on that side, known before anything is read.
/// In two waves: a core waits for some twenty lines at a time, and what comes too early holds up
/// what is needed first. bench/engine_bench: an entry with 300 symbols takes a third more without.
[[gnu::always_inline]] inline void prefetch_entry(const EngineState& state, SymbolId id,
                                                  PositionSide which) {
    prefetch_symbol(state, id);
    prefetch_side(state, id, which);
}

/// What the next entry is put into, whatever its symbol.
[[gnu::always_inline]] inline void prefetch_next_entry(const EngineState& state) {
    prefetch_free_orders(state, 1);
    state.timers.prefetch(state.now + reply_patience);
    prefetch_first_entry(state);
    if (!state.free_tranches.empty())
        prefetch(&state.tranches[state.free_tranches.back()], sizeof(TrancheCore));
}

/// The second wave, once the symbol's lines are there: oldest volume, and what an order of a new
/// tranche is put into.
[[gnu::always_inline]] inline void prefetch_behind(const EngineState& state, SymbolId id) {
    state.symbols[index(id)].window.prefetch();
    prefetch_next_entry(state);
}

/// All that an execution report needs, known before anything has been read: the symbol, its side
/// where the report names it, and where order and trade are looked up.
[[gnu::always_inline]] inline void prefetch_report(const EngineState& state, SymbolId id,
                                                   const OrderUpdate& update) {
    if (update.ours) state.orders.prefetch(update.id);
    state.trades.prefetch(id, update.trade_id);
    prefetch_symbol(state, id);
    if (update.leg != PositionLeg::short_side) prefetch_side(state, id, PositionSide::long_side);
    if (update.leg != PositionLeg::long_side) prefetch_side(state, id, PositionSide::short_side);
}

/// What a fill of a tranche leads to, once its order is found.
[[gnu::always_inline]] inline void prefetch_fill(const EngineState& state, TrancheSlot slot) {
    const Tranche& tranche = state.tranches[slot];
    prefetch_tranche(state, slot);
    prefetch_free_orders(state, 2);
    prefetch_exits(state, tranche);
    const SideBook& side = state.symbols[index(tranche.row.symbol)].sides[index(tranche.row.side)];
    if (side.backstop != no_slot) prefetch(&state.orders[side.backstop], Order::used_bytes);
    for (const Nanos wait : {exit_patience, judge_pause, keep_final})
        state.timers.prefetch(state.now + wait);
}

}  // namespace tranche
