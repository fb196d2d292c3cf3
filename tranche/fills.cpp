#include "tranche/fills.hpp"

#include <algorithm>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/book.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/pairs.hpp"
#include "tranche/plausible.hpp"
#include "tranche/protection.hpp"
#include "tranche/reconcile.hpp"
#include "tranche/risk.hpp"

namespace tranche {
namespace {

PositionSide position_side_of(const OrderUpdate& update, Side effect_side) {
    switch (update.leg) {
        case PositionLeg::long_side: return PositionSide::long_side;
        case PositionLeg::short_side: return PositionSide::short_side;
        case PositionLeg::both: break;
    }
    return opened_by(effect_side);
}

CloseReason reason_of(const EngineState& state, const Order& order) {
    switch (order.row.id.role) {
        case Role::take_profit: return CloseReason::take_profit;
        case Role::stop_loss:
        case Role::backstop: return CloseReason::stop_loss;
        case Role::close:
            return order.tranche == no_slot ? CloseReason::market_close
                                            : state.tranches[order.tranche].closing_for;
        case Role::entry: break;
    }
    return CloseReason::none;
}

void record_fill(EngineState& state, const OrderUpdate& update, SymbolId symbol, PositionSide side,
                 const Order* order, TrancheId tranche, Notional realized, Outbox& out) {
    FillRow& fill = out.record(RecordKind::fill, state.now).fill;
    if (order != nullptr) {
        fill.id = order->row.id;
        fill.role = order->row.id.role;
        fill.ours = true;
    }
    fill.order_id = update.order_id;
    fill.trade_id = update.trade_id;
    fill.quantity = update.last_quantity;
    fill.price = update.last_price;
    fill.commission = update.commission;
    fill.realized = realized;
    fill.exchange_realized = update.realized;
    fill.time = update.trade_time;
    fill.tranche = tranche;
    fill.symbol = symbol;
    fill.side = update.side;
    fill.position_side = side;
    fill.maker = update.maker;
    fill.commission_asset = update.commission_asset;
    ++state.totals.fills;
}

void charge_fee(EngineState& state, TrancheSlot slot, const OrderUpdate& update) {
    if (update.commission_asset != CommissionAsset::usdt || !plausible(update.commission)) return;
    state.totals.fees += update.commission;
    if (slot != no_slot && state.tranches[slot].live)
        state.tranches[slot].row.fees += update.commission;
    book_result(state, -update.commission);
    state.totals.realized += update.commission;  // shown before fees
}

/// What tells a trade from its repeats; without a trade id, the order and how far it got.
std::int64_t trade_key(const OrderUpdate& update) {
    if (update.trade_id != 0) return update.trade_id;
    const auto mixed = static_cast<std::uint64_t>(update.order_id) * 0x9e3779b97f4a7c15U ^
                       static_cast<std::uint64_t>(update.filled.raw);
    return -2 - static_cast<std::int64_t>(mixed >> 2);  // trade ids are positive, -1 is "none"
}

/// An earlier run opened it, and every memory of it was lost but its name on this order.
bool is_lost(const EngineState& state, const ClientOrderId& id) {
    const auto name = static_cast<std::uint32_t>(id.tranche);
    if (id.epoch >= state.epoch || name < state.first_tranche) return false;
    // One that this run has opened has given its orders ids of this run.
    const std::uint32_t place = name - state.first_tranche;
    return place < state.opened.size() && state.opened[place] == 0;
}

/// Entry: the tranche of its intent, or a new one when that has closed meanwhile.
TrancheSlot entry_target(EngineState& state, Order& order, Outbox& out) {
    if (order.tranche != no_slot) return order.tranche;
    const SymbolId symbol = order.row.symbol;
    const PositionSide which = order.row.position_side;
    TrancheSlot target = find_tranche(state, symbol, which, order.row.id.tranche);
    if (target == no_slot)
        target = open_tranche(state, symbol, which, false, out,
                              is_lost(state, order.row.id) ? order.row.id.tranche : no_tranche);
    if (target != no_slot && !is_final(order.row.state)) {
        order.tranche = target;
        ++state.tranches[target].live_entries;
    }
    return target;
}

/// The one tranche whose working stop this foreign trade looks like: all it holds, at a price
/// beyond the stop by less than 2 %. Some venues execute a triggered stop under another order id.
/// Source: reliability-model.md S3.
TrancheSlot stopped_tranche(const EngineState& state, SymbolId symbol, PositionSide which,
                            const OrderUpdate& update) {
    const SideBook& side = state.symbols[index(symbol)].sides[index(which)];
    TrancheSlot found = no_slot;
    for (std::size_t i = 0; i < side.count; ++i) {
        const Tranche& tranche = state.tranches[side.tranches[i]];
        if (tranche.row.quantity != update.last_quantity || !is_working(state, tranche.stop_loss))
            continue;
        const Price stop = state.orders[tranche.stop_loss].row.stop_price;
        const std::int64_t beyond = sign(which) * (stop.raw - update.last_price.raw);
        if (beyond < 0 || beyond > stop.raw / 50) continue;
        if (found != no_slot) return no_slot;
        found = side.tranches[i];
    }
    return found;
}

/// A further fill gets exits of its own when the settings want that and there is room.
void fill_tranche(EngineState& state, TrancheSlot slot, Quantity quantity, Price price,
                  Outbox& out) {
    const Tranche& tranche = state.tranches[slot];
    const bool further = tranche.row.quantity.positive() &&
                         tranche.closing_for == CloseReason::none &&
                         !state.settings.tranche.consolidate;
    if (further && add_pair(state, slot, quantity, price, out))
        return add_fill(state, slot, quantity, price, Exits::as_they_are);
    if (further) fold_pairs(state, slot);
    add_fill(state, slot, quantity, price, Exits::from_average);
}

}  // namespace

void apply_quantity(EngineState& state, OrderSlot slot, Quantity quantity, Price price,
                    Outbox& out) {
    Order& order = state.orders[slot];
    order.attributed += quantity;
    const SymbolId symbol = order.row.symbol;
    const PositionSide which = order.row.position_side;
    SideBook& side = state.side(symbol, which);
    side.last_fill = state.now;
    const bool opens = order.row.id.role == Role::entry || (planted(Canary::take_profit_as_entry) &&
                                                            order.row.id.role == Role::take_profit);
    if (opens) {
        const TrancheSlot target = entry_target(state, order, out);
        if (target == no_slot) return out.want_snapshot();
        if (order.next_leg != no_slot) exits_come(state, slot, target, out);
        fill_tranche(state, target, quantity, price, out);
        refresh_reservation(state, slot);
        if (!planted(Canary::unprotected_partial) || is_final(order.row.state))
            protect(state, target, out);
        refresh_margin(state, symbol);
        record_tranche(state, target);
        return;
    }
    if (order.next_leg != no_slot) fill_entry_of(state, order, out);
    const CloseReason reason = reason_of(state, order);
    Quantity rest = quantity;
    // An order that has ended is off its tranche's books; what it filled still is the tranche's.
    TrancheSlot target = order.tranche != no_slot
                             ? order.tranche
                             : find_tranche(state, symbol, which, order.row.id.tranche);
    if (planted(Canary::wrong_tranche_reduced) && side.count > 1) target = side.tranches[0];
    if (target != no_slot) {
        const Quantity part = std::min(rest, state.tranches[target].row.quantity);
        if (part.positive()) {
            take_fill(state, target, part, price);
            reduce_pair(state, target, slot, part, out);
            rest -= part;
        }
        // One that was never filled, as far as we know, waits for its entry.
        const TrancheRow& row = state.tranches[target].row;
        if (row.quantity.zero() && row.state != TrancheState::pending) {
            state.orders[slot].tranche = no_slot;
            finish_tranche(state, target, TrancheState::closed, reason, out);
        } else {
            record_tranche(state, target);
            protect(state, target, out);
        }
        refresh_margin(state, symbol);
    }
    if (rest.positive())
        rest = reduce_side(state, symbol, which, rest, price, order.row.id.role == Role::backstop,
                           reason, out);
    if (rest.positive()) out.want_snapshot();
}

void apply_trade(EngineState& state, OrderSlot slot, const OrderUpdate& update, Outbox& out) {
    Order& order = state.orders[slot];
    const bool late = is_final(order.row.state) && order.state_since < state.now;
    if (planted(Canary::ignore_late_fill) && late) return;
    if (!plausible(update.last_price, update.last_quantity))
        return refuse_figures(state, order.row.symbol, out);
    // Never more than the cumulative figure leaves: a reply may have counted it already.
    const bool named = update.trade_id != 0;
    const Quantity open = (named ? order.row.filled : update.filled) - order.attributed;
    Quantity fresh = named ? std::min(update.last_quantity, open) : open;
    if (planted(Canary::count_reply_and_stream)) fresh = update.last_quantity;
    const std::int64_t key = planted(Canary::dedup_by_order_id) ? update.order_id : update.trade_id;
    const bool repeated =
        named ? state.trades.seen_before(order.row.symbol, key) : !fresh.positive();
    if (repeated) {
        ++state.totals.duplicates;
        return;
    }
    const TrancheSlot owner =
        order.tranche != no_slot
            ? order.tranche
            : find_tranche(state, order.row.symbol, order.row.position_side, order.row.id.tranche);
    const TrancheId owner_id =
        owner == no_slot ? order.row.id.tranche : state.tranches[owner].row.id;
    const Notional before = owner == no_slot ? Notional{} : state.tranches[owner].row.realized;
    charge_fee(state, owner, update);
    if (fresh.positive()) apply_quantity(state, slot, fresh, update.last_price, out);
    const TrancheSlot after = state.orders[slot].tranche;
    const TrancheId shown = after == no_slot ? owner_id : state.tranches[after].row.id;
    Notional realized;
    if (owner != no_slot && state.tranches[owner].row.id == owner_id)
        realized = state.tranches[owner].row.realized - before;
    record_fill(state, update, state.orders[slot].row.symbol, state.orders[slot].row.position_side,
                &state.orders[slot], shown, realized, out);
}

void apply_foreign_trade(EngineState& state, SymbolId symbol, const OrderUpdate& update,
                         Outbox& out) {
    if (!plausible(update.last_price, update.last_quantity))
        return refuse_figures(state, symbol, out);
    if (state.trades.seen_before(symbol, trade_key(update))) {
        ++state.totals.duplicates;
        return;
    }
    const bool closing_leg = (update.leg == PositionLeg::long_side && update.side == Side::sell) ||
                             (update.leg == PositionLeg::short_side && update.side == Side::buy);
    // One-way: it reduces when the opposite side holds something.
    const PositionSide reduced = update.leg == PositionLeg::both
                                     ? opened_by(opposite(update.side))
                                     : position_side_of(update, update.side);
    const bool reduces = closing_leg || (update.leg == PositionLeg::both &&
                                         state.side(symbol, reduced).quantity.positive());
    if (update.forced != ForcedClose::none)
        record_alarm(state, AlarmKind::forced_close, true, symbol, no_tranche,
                     update.last_quantity.raw,
                     update.forced == ForcedClose::liquidation ? "own position liquidated"
                                                               : "auto-deleveraged",
                     out);
    if (update.forced != ForcedClose::none) hold(state, Hold::forced_close, out);
    const PositionSide which = reduces ? reduced : position_side_of(update, update.side);
    state.side(symbol, which).last_fill = state.now;
    if (reduces) {
        Quantity& theirs = state.side(symbol, which).foreign_opened;
        theirs -= std::min(theirs, update.last_quantity);
    }
    const TrancheSlot stopped = reduces && update.forced == ForcedClose::none
                                    ? stopped_tranche(state, symbol, which, update)
                                    : no_slot;
    if (stopped != no_slot) {
        take_fill(state, stopped, update.last_quantity, update.last_price);
        finish_tranche(state, stopped, TrancheState::closed, CloseReason::stop_loss, out);
    } else if (reduces) {
        const bool forced = update.forced != ForcedClose::none;
        const CloseReason reason = update.forced == ForcedClose::liquidation
                                       ? CloseReason::liquidation
                                   : forced ? CloseReason::deleveraging
                                            : CloseReason::unattributed;
        reduce_side(state, symbol, which, update.last_quantity, update.last_price, forced, reason,
                    out);
    }
    if (!reduces && out.roomy()) {
        state.side(symbol, which).foreign_opened += update.last_quantity;
        adopt_told(state, symbol, which, out);
        note_surplus(state, symbol, which);
    }
    charge_fee(state, no_slot, update);
    record_fill(state, update, symbol, which, nullptr,
                stopped == no_slot ? no_tranche : state.tranches[stopped].row.id, {}, out);
    refresh_margin(state, symbol);
    out.want_snapshot();
}

/// Of an order that this process must have known while it lived, and whose trade, if the report is
/// of one, has been counted: told again, long after (reliability-model.md N8).
bool is_forgotten(const EngineState& state, SymbolId symbol, const OrderUpdate& update) {
    const bool would_be_known =
        update.id.epoch == state.epoch || state.totals.last_reconcile.count != 0;
    const bool news = update.last_quantity.positive() && update.trade_id != 0 &&
                      !state.trades.knows(symbol, update.trade_id);
    return would_be_known && !news;
}

OrderSlot find_or_adopt(EngineState& state, SymbolId symbol, const OrderUpdate& update,
                        Outbox& out) {
    const OrderSlot known = state.orders.find(update.id);
    if (known != no_slot) return known;
    if (update.id.instance != state.settings.instance) return no_slot;
    if (update.id.epoch > state.epoch) {
        meet_younger(state, symbol, update.id, out);
        return no_slot;
    }
    state.next_tranche =
        std::max(state.next_tranche, static_cast<std::uint32_t>(update.id.tranche) + 1);
    if (is_terminal(update.status) && !update.last_quantity.positive()) return no_slot;
    if (is_forgotten(state, symbol, update)) {
        ++state.totals.duplicates;
        // Unless it is one that was on its way all the time: then it is among the open ones.
        const bool may_be_late = update.id.role == Role::entry || state.settings.entry.attach_exits;
        if (may_be_late && !is_terminal(update.status)) out.want_snapshot();
        return no_slot;
    }
    const Side opening = update.id.role == Role::entry ? update.side : opposite(update.side);
    const PositionSide which = position_side_of(update, opening);
    const OrderSlot slot = state.orders.create(update.id);
    if (slot == no_slot) return no_slot;
    Order& order = state.orders[slot];
    order.row.order_id = update.order_id;
    order.row.quantity = update.filled;
    order.row.created = state.now;
    order.row.symbol = symbol;
    order.row.side = update.side;
    order.row.position_side = which;
    order.row.type = update.original_type;
    order.row.state = OrderState::working;
    order.row.close_position = update.id.role == Role::backstop;
    order.state_since = state.now;
    order.tranche = find_tranche(state, symbol, which, update.id.tranche);
    order_begins(state, slot);
    if (update.id.role == Role::entry && order.tranche != no_slot)
        ++state.tranches[order.tranche].live_entries;
    // What came before this report is asked for, not guessed. Without a trade id nothing tells a
    // late repeat from news, so then the report itself is left to the snapshot too.
    order.attributed = update.trade_id == 0 ? update.filled : update.filled - update.last_quantity;
    // The tranche has exits of its own by now; this one is not needed beside them.
    order.cancel_wanted = update.id.role != Role::entry;
    state.timers.set(slot, state.now + seconds(1));
    out.want_snapshot();
    return slot;
}

}  // namespace tranche
