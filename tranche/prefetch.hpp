// Asks for memory before it is needed. With hundreds of symbols the engine's state lies in the
// third cache, where one line takes 15 to 20 ns; lines asked for together arrive together.
#pragma once

#include <cstddef>

#include "core/ring.hpp"
#include "tranche/state.hpp"

namespace tranche {

/// The lines of `bytes` from `at` on, to be written.
inline void prefetch(const void* at, std::size_t bytes) {
    const char* line = static_cast<const char*>(at);
    for (std::size_t offset = 0; offset < bytes; offset += cache_line)
        __builtin_prefetch(line + offset, 1);
}

/// What a decision about a symbol reads of it: both sides' sums, window, rules, settings.
/// bench/engine_bench: an entry with 300 symbols costs 20 % more without.
inline void prefetch_symbol(const EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbols[index(id)];
    prefetch(&state.prices[index(id)], cache_line);
    for (const SideBook& side : symbol.sides) {
        prefetch(&side, 4 * cache_line);
        prefetch(side.stops.data(), cache_line);
        prefetch(side.targets.data(), cache_line);
    }
    const char* rest = reinterpret_cast<const char*>(&symbol.window);
    prefetch(rest, static_cast<std::size_t>(reinterpret_cast<const char*>(&symbol + 1) - rest));
}

/// The same for an execution report, and where its order and its trade are looked up.
inline void prefetch_report(const EngineState& state, SymbolId id, const OrderUpdate& update) {
    if (update.ours) state.orders.prefetch(update.id);
    state.trades.prefetch(id, update.trade_id);
    prefetch_symbol(state, id);
}

/// The slots that the next orders will be put in.
inline void prefetch_free_orders(const EngineState& state, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const OrderSlot slot = state.orders.next_free(i);
        if (slot == no_slot) return;
        prefetch(&state.orders[slot], sizeof(Order));
        state.timers.prefetch(slot);
    }
}

inline void prefetch_tranche(const EngineState& state, TrancheSlot slot) {
    prefetch(&state.tranches[slot], sizeof(Tranche));
    state.timers.prefetch(state.timer_of_tranche(slot));
}

/// The look-up places of the orders that will be made next: an entry into a new tranche, and the
/// exits that a tranche has none of.
inline void prefetch_order_place(const EngineState& state, Role role, TrancheId tranche,
                                 std::uint32_t generation) {
    state.orders.prefetch({.instance = state.settings.instance,
                           .role = role,
                           .reserved = 0,
                           .epoch = state.epoch,
                           .tranche = tranche,
                           .generation = generation});
}
inline void prefetch_first_entry(const EngineState& state) {
    prefetch_order_place(state, Role::entry, TrancheId{state.next_tranche}, 1);
}
inline void prefetch_exits(const EngineState& state, const Tranche& tranche) {
    const TrancheRow& row = tranche.row;
    if (tranche.stop_loss == no_slot)
        prefetch_order_place(state, Role::stop_loss, row.id, row.stop_loss_generation + 1);
    if (tranche.take_profit == no_slot)
        prefetch_order_place(state, Role::take_profit, row.id, row.take_profit_generation + 1);
}

/// What lies behind a symbol's lines, once those are there: newest volumes, tranches, backstops.
inline void prefetch_behind(const EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbols[index(id)];
    symbol.window.prefetch();
    for (const SideBook& side : symbol.sides) {
        if (side.count > 0) prefetch(&state.tranches[side.tranches[side.count - 1U]], cache_line);
        if (side.backstop != no_slot) prefetch(&state.orders[side.backstop], 3 * cache_line);
    }
}

}  // namespace tranche
