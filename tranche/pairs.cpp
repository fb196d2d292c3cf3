#include "tranche/pairs.hpp"

#include <algorithm>
#include <utility>

#include "tranche/lifecycle.hpp"
#include "tranche/protection.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

/// Orders of the pair that the symbol's settings want.
template <class Holds>
bool each_order(const EngineState& state, const Tranche& tranche, const ExitPair& pair,
                Holds holds) {
    const SymbolSettings& settings = state.symbols[index(tranche.row.symbol)].settings;
    return (!settings.stop_loss_enabled || holds(pair.stop_loss)) &&
           (!settings.take_profit_enabled || holds(pair.take_profit));
}

void remove_pair(Tranche& tranche, std::size_t at) {
    std::copy(tranche.pairs.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              tranche.pairs.begin() + tranche.pair_count,
              tranche.pairs.begin() + static_cast<std::ptrdiff_t>(at));
    tranche.pairs[--tranche.pair_count] = {};
}

bool has_room(const EngineState& state, const Tranche& tranche, Quantity quantity) {
    const SymbolState& symbol = state.symbols[index(tranche.row.symbol)];
    const std::size_t orders = 2U * (tranche.pair_count + 2U);
    const std::uint16_t limit = symbol.rules.max_conditional_orders;
    return tranche.pair_count < most_pairs && orders <= state.settings.tranche.max_orders &&
           (limit == 0 || symbol.live_conditionals + 2U < limit) &&
           quantity >= std::max(symbol.rules.min_quantity, symbol.rules.market_min_quantity);
}

}  // namespace

bool add_pair(EngineState& state, TrancheSlot slot, Quantity quantity, Price price, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (!has_room(state, tranche, quantity)) {
        if (!std::exchange(tranche.crowded, true))
            record_alarm(state, AlarmKind::order_limit, true, tranche.row.symbol, tranche.row.id,
                         state.settings.tranche.max_orders,
                         "no room for exits of this fill alone: the tranche's are one pair", out);
        return false;
    }
    const SymbolState& symbol = state.symbol(tranche.row.symbol);
    const PositionSide side = tranche.row.side;
    const bool limit = take_profit_is_limit(state);
    ExitPair& pair = tranche.pairs[tranche.pair_count++];
    pair = {.quantity = quantity};
    if (symbol.settings.stop_loss_enabled)
        pair.stop_loss = place(
            state,
            {.symbol = tranche.row.symbol,
             .side = side,
             .role = Role::stop_loss,
             .type = OrderType::stop_market,
             .price = {},
             .stop_price = stop_loss_price(side, price, symbol.settings.stop_loss, symbol.rules),
             .quantity = quantity,
             .tranche = slot},
            out);
    const Price target = take_profit_price(side, price, symbol.settings.take_profit, symbol.rules);
    if (symbol.settings.take_profit_enabled)
        pair.take_profit = place(state,
                                 {.symbol = tranche.row.symbol,
                                  .side = side,
                                  .role = Role::take_profit,
                                  .type = limit ? OrderType::limit : OrderType::take_profit_market,
                                  .price = limit ? target : Price{},
                                  .stop_price = limit ? Price{} : target,
                                  .quantity = quantity,
                                  .tranche = slot},
                                 out);
    return true;
}

void fold_pairs(EngineState& state, TrancheSlot slot) {
    Tranche& tranche = state.tranches[slot];
    if (tranche.pair_count == 0) return;
    for (std::size_t i = 0; i < tranche.pair_count; ++i)
        for (const OrderSlot order : {tranche.pairs[i].stop_loss, tranche.pairs[i].take_profit})
            if (is_live(state, order)) tranche.retiring[tranche.retiring_count++] = order;
    tranche.pair_count = 0;
    tranche.pairs = {};
}

void reduce_pair(EngineState& state, TrancheSlot slot, OrderSlot order, Quantity quantity,
                 Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    for (std::size_t i = 0; i < tranche.pair_count; ++i) {
        ExitPair& pair = tranche.pairs[i];
        if (pair.stop_loss != order && pair.take_profit != order) continue;
        pair.quantity -= std::min(pair.quantity, quantity);
        // Its other exit is too large now: one for all that is left replaces them.
        if (pair.quantity.positive()) return fold_pairs(state, slot);
        for (const OrderSlot sibling : {pair.stop_loss, pair.take_profit})
            if (sibling != order && is_live(state, sibling)) cancel(state, sibling, out);
        return remove_pair(tranche, i);
    }
}

bool pairs_live(const EngineState& state, TrancheSlot slot) {
    const Tranche& tranche = state.tranches[slot];
    const Nanos ttl = state.settings.tranche.order_ttl.of(tranche.row.ordinal);
    const auto live = [&](OrderSlot order) {
        return is_live(state, order) &&
               (ttl.count == 0 || state.now - state.orders[order].row.created < ttl);
    };
    for (std::size_t i = 0; i < tranche.pair_count; ++i)
        if (!each_order(state, tranche, tranche.pairs[i], live)) return false;
    return tranche.own_quantity() >= Quantity{};
}

bool pairs_work(const EngineState& state, const Tranche& tranche) {
    const auto works = [&](OrderSlot order) { return is_working(state, order); };
    for (std::size_t i = 0; i < tranche.pair_count; ++i)
        if (!each_order(state, tranche, tranche.pairs[i], works)) return false;
    return true;
}

}  // namespace tranche
