#include "tranche/book.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/pairs.hpp"
#include "tranche/plausible.hpp"
#include "tranche/protection.hpp"
#include "tranche/risk.hpp"
#include "tranche/sizing.hpp"
#include "tranche/transitions.hpp"

namespace tranche {
namespace {

Price average(Notional cost, Quantity quantity) {
    if (!quantity.positive()) return {};
    return {divide(Wide{cost.raw} * Price::one + quantity.raw / 2, quantity.raw, Rounding::down)};
}

/// Where its exits belong, from its average entry.
void price_exits(EngineState& state, TrancheSlot slot) {
    Tranche& tranche = state.tranches[slot];
    const SymbolState& symbol = state.symbol(tranche.row.symbol);
    const TrancheRow& row = tranche.row;
    tranche.stop_wanted =
        stop_loss_price(row.side, row.entry, symbol.settings.stop_loss, symbol.rules);
    tranche.take_profit_wanted =
        take_profit_price(row.side, row.entry, symbol.settings.take_profit, symbol.rules);
    SideBook& side = state.side_of(tranche);
    side.stops[place_in(side, slot)] = symbol.settings.stop_loss_enabled && row.quantity.positive()
                                           ? tranche.stop_wanted
                                           : Price{};
}

void remove_from_side(EngineState& state, TrancheSlot slot) {
    SideBook& side = state.side_of(state.tranches[slot]);
    const auto take_out = [&, at = place_in(side, slot)](auto& of_each) {
        std::copy(of_each.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                  of_each.begin() + side.count, of_each.begin() + static_cast<std::ptrdiff_t>(at));
    };
    take_out(side.tranches);
    take_out(side.stops);
    take_out(side.targets);
    side.tranches[--side.count] = no_slot;
    side.stops[side.count] = {};
    side.targets[side.count] = {};
    if (state.tranches[slot].alarmed) --side.alarmed;
    if (state.tranches[slot].crossed_since.count != 0) --side.crossed;
}

void let_go(EngineState& state, OrderSlot& slot, Outbox& out) {
    if (slot == no_slot) return;
    const OrderSlot order = slot;
    slot = no_slot;
    state.orders[order].tranche = no_slot;
    if (planted(Canary::keep_orphan_stop) && state.orders[order].row.id.role == Role::stop_loss)
        return;
    cancel(state, order, out);
}

}  // namespace

void move_to(Tranche& tranche, TrancheState next) {
    if (tranche.row.state == next) return;
    require(tranche_transitions.allows(tranche.row.state, next), "a tranche follows its states");
    tranche.row.state = next;
}

std::size_t place_in(const SideBook& side, TrancheSlot slot) {
    const auto end = side.tranches.begin() + side.count;
    const auto at = std::find(side.tranches.begin(), end, slot);
    require(at != end, "an open tranche stands in its side");
    return static_cast<std::size_t>(at - side.tranches.begin());
}

void add_to_side(EngineState& state, TrancheSlot slot) {
    const TrancheRow& row = state.tranches[slot].row;
    SideBook& side = state.side_of(state.tranches[slot]);
    require(side.count < tranches_per_side, "a side has room for another tranche");
    std::size_t at = side.count++;
    const bool is_newest = row.ordinal + 1 == side.next_ordinal;
    for (; at > 0 && !is_newest && state.tranches[side.tranches[at - 1]].row.ordinal > row.ordinal;
         --at) {
        side.tranches[at] = side.tranches[at - 1];
        side.stops[at] = side.stops[at - 1];
        side.targets[at] = side.targets[at - 1];
    }
    side.tranches[at] = slot;
    side.stops[at] = side.targets[at] = {};
    side.quantity += row.quantity;
    side.cost += row.cost;
    side.merge_from = {};
    if (row.state == TrancheState::pending) ++side.pending;
    ++state.totals.open_tranches;
    if (row.quantity.positive()) price_exits(state, slot);
}

TrancheSlot open_tranche(EngineState& state, SymbolId symbol, PositionSide which, bool adopted,
                         Outbox& out, TrancheId id) {
    SideBook& side = state.side(symbol, which);
    if (side.count == tranches_per_side || state.free_tranches.empty()) return no_slot;
    if (side.count == 0) {
        ++side.episode;
        side.next_ordinal = 0;
    }
    const TrancheSlot slot = state.free_tranches.back();
    state.free_tranches.pop_back();
    Tranche& tranche = state.tranches[slot];
    const bool unshown = tranche.unshown;  // of the slot's last tenant: it is on the list already
    static_cast<TrancheCore&>(tranche) = {};
    tranche.unshown = unshown;
    tranche.live = true;
    TrancheRow& row = tranche.row;
    row.id = id != no_tranche ? id : TrancheId{state.next_tranche++};
    if (const auto place = static_cast<std::uint32_t>(row.id) - state.first_tranche;
        place < state.opened.size())
        state.opened[place] = 1;
    row.episode = side.episode;
    row.ordinal = side.next_ordinal++;
    if (planted(Canary::reuse_ordinal) && row.ordinal > 0) --row.ordinal;
    row.symbol = symbol;
    row.side = which;
    row.state = TrancheState::pending;
    row.created = state.now;
    row.adopted = adopted;
    ++state.totals.tranches_opened;
    add_to_side(state, slot);
    record_tranche_now(state, slot, out);
    return slot;
}

void add_fill(EngineState& state, TrancheSlot slot, Quantity quantity, Price price, Exits exits) {
    require(quantity.positive(), "a fill has a quantity");
    Tranche& tranche = state.tranches[slot];
    TrancheRow& row = tranche.row;
    require(!is_final(row.state), "only open tranches are filled");
    SideBook& side = state.side_of(tranche);
    const Notional cost = price * quantity;
    row.quantity += quantity;
    tranche.dust = false;
    // The last backstop ended with the last position.
    if (side.quantity.zero()) side.backstop_attempts.not_before = {};
    side.quantity += quantity;
    row.entered += quantity;
    row.cost += cost;
    side.cost += cost;
    side.merge_from = {};
    row.entry = average(row.cost, row.quantity);
    if (exits == Exits::from_average) price_exits(state, slot);
    if (row.state == TrancheState::pending) {
        --side.pending;
        move_to(tranche, TrancheState::unprotected);
    }
    begin_unprotected(state, slot);
}

Notional take_fill(EngineState& state, TrancheSlot slot, Quantity quantity, Price price) {
    TrancheRow& row = state.tranches[slot].row;
    require(quantity.positive() && quantity <= row.quantity, "no more is closed than is held");
    const bool all = quantity == row.quantity;
    const Notional basis =
        all ? row.cost
            : Notional{divide(Wide{row.cost.raw} * quantity.raw, row.quantity.raw, Rounding::down)};
    const Notional gain = profit(row.side, price * quantity, basis);
    SideBook& side = state.side_of(state.tranches[slot]);
    row.quantity -= quantity;
    state.tranches[slot].dust = false;
    side.quantity -= quantity;
    row.exited += quantity;
    row.cost -= basis;
    side.cost -= basis;
    side.merge_from = {};
    row.realized += gain;
    if (all) side.stops[place_in(side, slot)] = {};
    book_result(state, gain);
    return gain;
}

void finish_tranche(EngineState& state, TrancheSlot slot, TrancheState final_state,
                    CloseReason reason, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    require(is_final(final_state), "a tranche ends in a final state");
    require(tranche.row.quantity.zero(), "a tranche that ends holds nothing");
    end_unprotected(state, slot, out);
    if (tranche.row.state == TrancheState::pending) --state.side_of(tranche).pending;
    move_to(tranche, final_state);
    tranche.row.close_reason = reason;
    tranche.row.closed = state.now;
    tranche.row.take_profit_order = 0;
    tranche.row.stop_loss_order = 0;
    remove_from_side(state, slot);
    let_go(state, tranche.take_profit, out);
    let_go(state, tranche.stop_loss, out);
    let_go(state, tranche.close, out);
    fold_pairs(state, slot);
    for (std::size_t i = 0; i < tranche.retiring_count; ++i)
        let_go(state, tranche.retiring[i], out);
    // An entry that is still live opens another tranche when it fills.
    for (OrderSlot order = state.symbol(tranche.row.symbol).first_entry;
         tranche.live_entries > 0 && order != no_slot; order = state.orders[order].next_entry)
        if (state.orders[order].tranche == slot) {
            state.orders[order].tranche = no_slot;
            --tranche.live_entries;
            let_legs_go(state, order);
        }
    --state.totals.open_tranches;
    if (final_state == TrancheState::closed) ++state.totals.tranches_closed;
    record_tranche_now(state, slot, out);
    tranche.live = false;
    state.timers.clear(state.timer_of_tranche(slot));
    state.free_tranches.push_back(slot);
    refresh_margin(state, tranche.row.symbol);
    refresh_quiet(state, tranche.row.symbol);
    ensure_backstop(state, tranche.row.symbol, tranche.row.side, out);
}

Quantity reduce_side(EngineState& state, SymbolId symbol, PositionSide which, Quantity quantity,
                     Price price, bool oldest_first, CloseReason reason, Outbox& out) {
    SideBook& side = state.side(symbol, which);
    const bool fifo =
        oldest_first || state.settings.tranche.unattributed == UnattributedClose::fifo;
    std::size_t skipped = 0;
    while (quantity.positive() && side.count > skipped) {
        const std::size_t at = fifo ? skipped : side.count - 1U - skipped;
        const TrancheSlot slot = side.tranches[at];
        TrancheRow& row = state.tranches[slot].row;
        const Quantity part = std::min(quantity, row.quantity);
        if (part.zero()) {
            ++skipped;
            continue;
        }
        fold_pairs(state, slot);
        take_fill(state, slot, part, price.positive() ? price : row.entry);
        quantity -= part;
        if (row.quantity.zero()) {
            finish_tranche(state, slot, TrancheState::closed, reason, out);
            continue;
        }
        record_tranche(state, slot);
        protect(state, slot, out);
    }
    refresh_margin(state, symbol);
    return quantity;
}

void merge_tranches(EngineState& state, TrancheSlot kept, TrancheSlot absorbed, std::uint8_t why,
                    Outbox& out) {
    Tranche& into = state.tranches[kept];
    Tranche& from = state.tranches[absorbed];
    require(
        kept != absorbed && into.row.symbol == from.row.symbol && into.row.side == from.row.side,
        "tranches of one side merge");
    fold_pairs(state, kept);
    fold_pairs(state, absorbed);
    MergeRow& merge = out.record(RecordKind::merge, state.now).merge;
    merge.kept = into.row.id;
    merge.absorbed = from.row.id;
    merge.kept_quantity = into.row.quantity;
    merge.absorbed_quantity = from.row.quantity;
    merge.kept_entry = into.row.entry;
    merge.absorbed_entry = from.row.entry;
    merge.symbol = into.row.symbol;
    merge.side = into.row.side;
    merge.why = why;
    into.dust = false;
    into.row.quantity += from.row.quantity;
    if (planted(Canary::merge_loses_quantity))
        into.row.quantity -= state.symbol(into.row.symbol).rules.step;
    into.row.cost += from.row.cost;
    into.row.entered += from.row.entered;
    into.row.exited += from.row.exited;
    into.row.realized += from.row.realized;
    into.row.fees += from.row.fees;
    into.row.entry = average(into.row.cost, into.row.quantity);
    merge.entry = into.row.entry;
    // They have moved: a sum over all tranches counts them once.
    from.row.quantity = from.row.entered = from.row.exited = {};
    from.row.cost = from.row.realized = from.row.fees = {};
    price_exits(state, kept);
    SideBook& side = state.side_of(from);
    side.stops[place_in(side, absorbed)] = {};
    const auto inherit = [&](OrderSlot& order) {
        if (is_live(state, order) && into.retiring_count < into.retiring.size()) {
            state.orders[order].tranche = kept;
            into.retiring[into.retiring_count++] = order;
            order = no_slot;
        }
    };
    inherit(from.stop_loss);
    inherit(from.take_profit);
    // What is being replaced may be all that covers it until its successor works.
    for (std::size_t i = 0; i < from.retiring_count; ++i) inherit(from.retiring[i]);
    ++state.totals.tranches_merged;
    finish_tranche(state, absorbed, TrancheState::merged, CloseReason::merged, out);
    move_to(into, TrancheState::adjusting);
    into.adjusted_at = {};
    record_tranche(state, kept);
    protect(state, kept, out);
}

MergePair find_merge(const EngineState& state, SymbolId symbol, PositionSide which) {
    const SideBook& side = state.symbols[index(symbol)].sides[index(which)];
    // At any price the better entry has the better result; compared exactly, not by the average.
    const auto better = [&](const TrancheRow& a, const TrancheRow& b) {
        const Wide by_a = Wide{a.quantity.raw} * b.cost.raw;
        const Wide by_b = Wide{b.quantity.raw} * a.cost.raw;
        return which == PositionSide::long_side ? by_a > by_b : by_a < by_b;
    };
    TrancheSlot best = no_slot;
    TrancheSlot second = no_slot;
    for (std::size_t i = 0; i < side.count; ++i) {
        const TrancheSlot slot = side.tranches[i];
        const Tranche& tranche = state.tranches[slot];
        if (tranche.row.state != TrancheState::protected_ || tranche.live_entries > 0 ||
            tranche.retiring_count > merge_retiring_max)
            continue;
        if (best == no_slot || better(tranche.row, state.tranches[best].row)) {
            second = best;
            best = slot;
        } else if (second == no_slot || better(tranche.row, state.tranches[second].row)) {
            second = slot;
        }
    }
    if (second == no_slot) return {};
    if (state.tranches[best].row.ordinal > state.tranches[second].row.ordinal)
        std::swap(best, second);
    return {best, second};
}

/// The mark at which the second-best entry of a side reaches the wanted profit, or a little before
/// it: before it no two tranches do.
Price first_merge(const EngineState& state, const SideBook& side, PositionSide which,
                  Ratio wanted) {
    const bool is_long = which == PositionSide::long_side;
    Price best = is_long ? highest_price : Price{};
    Price second = best;
    for (std::size_t i = 0; i < side.count; ++i) {
        const TrancheRow& row = state.tranches[side.tranches[i]].row;
        if (!row.quantity.positive() || (is_long ? row.entry >= second : row.entry <= second))
            continue;
        second = row.entry;
        if (is_long ? second < best : second > best) std::swap(best, second);
    }
    constexpr Price margin{2};  // entries are rounded
    const Ratio factor{is_long ? Ratio::one + wanted.raw : Ratio::one - wanted.raw};
    const Price reached = is_long ? scale(second, factor, Rounding::down) - margin
                                  : scale(second, factor, Rounding::up) + margin;
    return std::max(reached, Price{1});  // 0 is "not known"
}

void merge_profitable(EngineState& state, SymbolId symbol, PositionSide which, Outbox& out) {
    const Price mark = state.price(symbol).mark;
    if (!mark.positive()) return;
    const Ratio wanted = state.settings.tranche.merge_pnl;
    SideBook& side = state.side(symbol, which);
    if (side.merge_from.zero()) side.merge_from = first_merge(state, side, which, wanted);
    if (which == PositionSide::long_side ? mark < side.merge_from : mark > side.merge_from) return;
    const MergePair pair = find_merge(state, symbol, which);
    if (pair.kept == no_slot) return;
    for (const TrancheSlot slot : {pair.kept, pair.absorbed}) {
        const TrancheRow& row = state.tranches[slot].row;
        if (state.now - row.created < seconds(30)) return;
        const Ratio just_below{wanted.raw - 1};
        if (pnl_at_or_below(which, mark, row.quantity, row.cost, just_below)) return;
    }
    merge_tranches(state, pair.kept, pair.absorbed, 0, out);
}

MergeRefusal merge_chosen(EngineState& state, SymbolId symbol, const Control& control,
                          Outbox& out) {
    const SideBook& side = state.side(symbol, control.side);
    if (!state.reconciled || side.differs_since.count != 0 || side.unknown_orders > 0)
        return "the side is being reconciled";
    std::array<TrancheSlot, std::tuple_size_v<decltype(control.tranches)>> chosen{};
    std::size_t count = std::min<std::size_t>(control.tranche_count, chosen.size());
    if (count == 0) {
        const MergePair pair = find_merge(state, symbol, control.side);
        if (pair.kept == no_slot) return "no two tranches are protected without a pending entry";
        chosen = {pair.kept, pair.absorbed};
        count = 2;
    }
    for (std::size_t i = 0; i < count && control.tranche_count > 0; ++i) {
        const auto end = side.tranches.begin() + side.count;
        const auto at = std::find_if(side.tranches.begin(), end, [&](TrancheSlot slot) {
            return state.tranches[slot].row.ordinal == control.tranches[i];
        });
        if (at == end) return "one of the tranches is not open";
        if (std::find(chosen.begin(), chosen.begin() + i, *at) != chosen.begin() + i)
            return "a tranche is named twice";
        chosen[i] = *at;
    }
    if (count < 2) return "it takes two tranches to merge";
    std::sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(count),
              [&](TrancheSlot a, TrancheSlot b) {
                  return state.tranches[a].row.ordinal < state.tranches[b].row.ordinal;
              });
    for (std::size_t i = 0; i < count; ++i) {
        const Tranche& tranche = state.tranches[chosen[i]];
        if (tranche.row.state != TrancheState::protected_ || tranche.live_entries > 0)
            return "one of the tranches is not protected or has an entry pending";
    }
    for (std::size_t i = 1; i < count; ++i) merge_tranches(state, chosen[0], chosen[i], 2, out);
    return {};
}

TrancheSlot find_tranche(const EngineState& state, SymbolId symbol, PositionSide which,
                         TrancheId id) {
    const SideBook& side = state.symbols[index(symbol)].sides[index(which)];
    for (std::size_t i = 0; i < side.count; ++i)
        if (state.tranches[side.tranches[i]].row.id == id) return side.tranches[i];
    return no_slot;
}

void refresh_margin(EngineState& state, SymbolId id) {
    SymbolState& symbol = state.symbol(id);
    Notional used;
    for (const SideBook& side : symbol.sides) {
        if (side.cost.positive()) used += margin_of(side.cost, symbol.leverage);
        // What the exchange holds beyond our tranches counts as well: it is the same account.
        if (side.exchange_quantity > side.quantity && side.exchange_time > side.last_fill)
            used += margin_of(side.exchange_entry * (side.exchange_quantity - side.quantity),
                              symbol.leverage);
    }
    state.totals.used_margin += used - symbol.used_margin;
    symbol.used_margin = used;
}

}  // namespace tranche
