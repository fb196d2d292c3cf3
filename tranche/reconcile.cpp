#include "tranche/reconcile.hpp"

#include <algorithm>
#include <utility>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/book.hpp"
#include "tranche/exits.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/plausible.hpp"
#include "tranche/protection.hpp"
#include "tranche/risk.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr Nanos settle_time = seconds(2);    // a fill's report and its position push are this close
constexpr Nanos believe_after = seconds(1);  // for reports that are still on their way
constexpr Nanos ask_again = seconds(1);
constexpr Nanos first_snapshot_pause = milliseconds(200);  // doubling while they do not agree
constexpr Nanos longest_snapshot_pause = seconds(4);
constexpr Nanos start_lag = milliseconds(1200);
constexpr Nanos rest_lag = seconds(3);  // positions read may be so old: reliability-model.md E14
constexpr Nanos abandoned_after = seconds(5);
constexpr std::uint8_t snapshots_to_believe = 2;
constexpr std::array both_sides = {PositionSide::long_side, PositionSide::short_side};

PositionSide side_of(PositionLeg leg, Quantity amount) {
    switch (leg) {
        case PositionLeg::long_side: return PositionSide::long_side;
        case PositionLeg::short_side: return PositionSide::short_side;
        case PositionLeg::both: break;
    }
    return amount.raw < 0 ? PositionSide::short_side : PositionSide::long_side;
}

bool believable(const PositionUpdate& update) {
    if (update.amount.zero()) return true;
    if (update.amount < -highest_quantity) return false;
    return plausible(update.entry_price, absolute(update.amount)) &&
           update.liquidation_price <= highest_price;
}

void see_position(EngineState& state, SymbolId id, PositionSide which, const PositionUpdate& update,
                  Quantity amount, Outbox& out) {
    const Price liquidation_before = state.side(id, which).liquidation_price;
    SideBook& side = state.side(id, which);
    const bool pushed = update.generation == 0;
    if (pushed && update.exchange_time < side.exchange_time) return;
    // The newest push once more, after the exchange was asked: what it answered stands (I13).
    if (pushed && update.exchange_time == side.exchange_time && side.exchange_time.count != 0 &&
        side.pushed_at < state.snapshot_requested && side.in_snapshot)
        return;
    if (!pushed && update.generation != state.snapshot_generation) return;
    if (!pushed || update.liquidation_price.positive())
        side.liquidation_price = update.liquidation_price;
    if (!pushed) side.in_snapshot = true;
    // A push that came after the snapshot was asked for is newer than the snapshot's row; so is one
    // that the exchange dates later than that row, while rows may be that old: its clock may jump.
    const bool dated_earlier = update.exchange_time < side.exchange_time;
    const bool outdated = side.pushed_at >= state.snapshot_requested ||
                          (dated_earlier && side.pushed_at + rest_lag >= state.snapshot_requested);
    if (!pushed) side.overruled = outdated;
    if (pushed || !outdated || planted(Canary::old_snapshot_wins)) {
        side.exchange_quantity = amount;
        side.exchange_entry = update.entry_price;
    }
    if (pushed) {
        side.exchange_time = update.exchange_time;
        side.pushed_at = state.now;
        if (out.roomy()) adopt_told(state, id, which, out);
    }
    note_surplus(state, id, which);
    // The backstop has to fire before the liquidation (reliability-model.md S7), and protects
    // nothing once nobody holds anything.
    const bool idle = side.count == 0 && is_live(state, side.backstop);
    if ((side.liquidation_price != liquidation_before || idle) && out.roomy())
        ensure_backstop(state, id, which, out);
}

/// The exchange holds more than our tranches: the difference becomes a tranche of its own.
void adopt(EngineState& state, SymbolId id, PositionSide which, Quantity surplus, Outbox& out) {
    const SideBook& side = state.side(id, which);
    if (planted(Canary::adopt_one_step_less)) surplus -= state.symbol(id).rules.step;
    if (!surplus.positive()) return;
    // Their average covers everything; what remains after our cost is the price of the rest.
    const Wide total = Wide{side.exchange_entry.raw} * (side.quantity + surplus).raw;
    const Wide rest = total - Wide{side.cost.raw} * Notional::one;
    Price price = side.exchange_entry;
    if (rest > 0 && rest / surplus.raw <= INT64_MAX)
        price = {static_cast<std::int64_t>(rest / surplus.raw)};
    if (!price.positive()) price = state.price(id).mark;
    if (!price.positive()) return;
    const TrancheSlot slot = open_tranche(state, id, which, true, out);
    if (slot == no_slot) return;
    add_fill(state, slot, surplus, price, Exits::from_average);
    record_tranche(state, slot);
    record_alarm(state, AlarmKind::adopted, true, id, state.tranches[slot].row.id, surplus.raw,
                 "position without a tranche was adopted and gets exits", out);
    protect(state, slot, out);
}

void resolve(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    SideBook& side = state.side(id, which);
    const Quantity ours = side.quantity;
    const Quantity theirs = side.exchange_quantity;
    ++state.totals.position_differences;
    record_alarm(state, AlarmKind::position_differs, true, id, no_tranche, (theirs - ours).raw,
                 "tranches and position differ; the exchange's figure is taken", out);
    if (theirs > ours) {
        adopt(state, id, which, theirs - ours, out);
    } else {
        reduce_side(state, id, which, ours - theirs, state.price(id).mark, false,
                    CloseReason::vanished, out);
    }
    side.differing_snapshots = 0;
    side.differs_since = {};
    side.foreign_opened = {};
    refresh_margin(state, id);
    // What was refused because of the difference is tried again now.
    for (std::size_t i = 0; i < side.count; ++i) {
        Tranche& tranche = state.tranches[side.tranches[i]];
        tranche.stop_loss_attempts.not_before = tranche.take_profit_attempts.not_before = {};
    }
}

/// Orders of unknown fate that could explain the difference: an entry a surplus, a closing order
/// that the exchange holds less.
bool may_be_explained(const EngineState& state, SymbolId id, PositionSide which) {
    const SideBook& side = state.symbols[index(id)].sides[index(which)];
    if (side.unknown_orders == 0 || side.exchange_quantity < side.quantity)
        return side.unknown_orders > 0;
    for (OrderSlot slot = state.symbols[index(id)].first_entry; slot != no_slot;
         slot = state.orders[slot].next_entry) {
        const OrderRow& row = state.orders[slot].row;
        if (row.position_side == which && row.state == OrderState::unknown) return true;
    }
    return false;
}

/// Compares one side with the snapshot just completed. True when it agrees, or when a fill is newer
/// than the snapshot and it agreed before.
bool compare(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    SideBook& side = state.side(id, which);
    if (!side.in_snapshot && side.pushed_at < state.snapshot_requested) side.exchange_quantity = {};
    if (side.quantity == side.exchange_quantity) {
        side.differing_snapshots = 0;
        side.differs_since = {};
        if (side.last_fill + rest_lag < state.snapshot_requested) side.foreign_opened = {};
        return true;
    }
    if (side.differs_since.count == 0) side.differs_since = state.now;
    // What is read over REST may be older than what the stream has told already.
    if (side.last_fill + rest_lag >= state.snapshot_requested &&
        !planted(Canary::old_snapshot_wins))
        return state.reconciled;
    // One report that the snapshot does not bear out decides nothing: it may be an old one come
    // again. Rows cannot be late for long.
    if (side.in_snapshot && side.overruled && !planted(Canary::old_snapshot_wins)) return false;
    if (side.differing_snapshots < snapshots_to_believe) ++side.differing_snapshots;
    const bool patient = side.differing_snapshots < snapshots_to_believe ||
                         may_be_explained(state, id, which) ||
                         state.now - side.differs_since < believe_after;
    if ((patient && !planted(Canary::old_snapshot_wins)) || !out.roomy()) return false;
    resolve(state, id, which, out);
    return true;
}

/// Orders we believe to work that a complete snapshot does not list are asked about.
void question_missing_orders(EngineState& state, Outbox& out) {
    for (OrderSlot slot = 0; slot < state.orders.highest(); ++slot) {
        const Order& order = state.orders[slot];
        const bool believed =
            order.live && !is_final(order.row.state) && order.row.state != OrderState::sent;
        if (!believed || order.seen_in_snapshot == state.snapshot_generation) continue;
        if (order.state_since >= state.snapshot_requested) continue;
        // One whose fate is unknown is asked about by its own schedule; no other one all the time.
        if (order.row.state == OrderState::unknown || state.now - order.asked < ask_again) continue;
        query(state, slot, out);
    }
}

/// Tranches whose entry ended in a moment of which no record was left.
void drop_abandoned(EngineState& state, Outbox& out) {
    for (TrancheSlot slot = 0; slot < state.tranches.size() && out.roomy(); ++slot) {
        const Tranche& tranche = state.tranches[slot];
        if (tranche.live && tranche.live_entries == 0 && tranche.row.quantity.zero() &&
            state.now - tranche.row.updated > abandoned_after)
            finish_tranche(state, slot, TrancheState::discarded, CloseReason::none, out);
    }
}

void finish_snapshot(EngineState& state, Outbox& out) {
    question_missing_orders(state, out);
    drop_abandoned(state, out);
    bool agrees = true;
    for (std::size_t i = 0; i < state.symbols.size(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        state.price(id).unshown = true;
        for (const PositionSide which : both_sides) {
            const bool same = compare(state, id, which, out);
            // One that a restart found beside nothing to protect.
            if (same && state.side(id, which).count == 0) ensure_backstop(state, id, which, out);
            agrees = agrees && same;
        }
    }
    state.totals.last_reconcile = state.now;
    // What was missed after the request is not in the answer.
    const bool covers_gap = state.streams.user_gap_at < state.snapshot_requested;
    // What an earlier run did last may be missing from what the exchange reads out at first.
    const bool caught_up =
        state.epoch <= 1 || state.snapshot_requested >= state.totals.started + start_lag;
    const bool settled = state.reconciled || state.totals.unknown_now == 0;
    state.reconciled = agrees && settled && covers_gap && caught_up;
    state.snapshot_pause = state.reconciled
                               ? Nanos{}
                               : std::clamp(Nanos{state.snapshot_pause.count * 2},
                                            first_snapshot_pause, longest_snapshot_pause);
    state.next_snapshot = state.reconciled ? Nanos{} : state.now + state.snapshot_pause;
    for (TrancheSlot slot = 0; slot < state.tranches.size(); ++slot)
        if (state.tranches[slot].live) state.timers.set(state.timer_of_tranche(slot), state.now);
}

/// An order that was changed in place just before a restart stands otherwise than remembered.
void take_listed_shape(EngineState& state, OrderSlot slot, const OpenOrder& open, Outbox& out) {
    Order& order = state.orders[slot];
    const bool changeable = state.settings.protection.modify_take_profits &&
                            order.row.id.role == Role::take_profit &&
                            open.type == OrderType::limit && order.replacing == Replacing::no;
    if (!changeable || !open.price.positive() || !open.quantity.positive()) return;
    if (order.row.price == open.price && order.row.quantity == open.quantity) return;
    order.row.price = open.price;
    order.row.quantity = open.quantity;
    record_order(state, slot, out);
    if (order.tranche != no_slot) look_again(state, order.tranche, state.now);
}

void see_known_order(EngineState& state, OrderSlot slot, const OpenOrder& open, Outbox& out) {
    Order& order = state.orders[slot];
    order.seen_in_snapshot = open.generation;
    if (order.attached) revive(state, slot);
    if (is_final(order.row.state)) return;
    const bool shown_first = order.attached && order.row.state == OrderState::sent;
    const bool news =
        order.row.state == OrderState::unknown || shown_first || open.filled > order.attributed;
    if (news && state.now - order.asked >= ask_again) return query(state, slot, out);
    if (news) return;
    take_listed_shape(state, slot, open, out);
    // An exit whose tranche is gone protects nothing we know (reference-behaviour.md §6.3).
    const Role role = order.row.id.role;
    const bool exit = role != Role::entry && role != Role::backstop;
    if (order.tranche == no_slot && exit && !planted(Canary::keep_orphan_stop))
        cancel(state, slot, out);
}

void attach(EngineState& state, OrderSlot slot) {
    const OrderRow& row = state.orders[slot].row;
    if (row.id.role == Role::backstop) {
        OrderSlot& current = state.side(row.symbol, row.position_side).backstop;
        OrderSlot older = std::exchange(current, slot);
        if (older == no_slot) return;
        if (state.orders[older].row.created > row.created) std::swap(older, current);
        state.orders[older].cancel_wanted = true;
        state.timers.set(older, state.now);
        return;
    }
    const TrancheSlot owner = find_tranche(state, row.symbol, row.position_side, row.id.tranche);
    state.orders[slot].tranche = owner;
    if (owner == no_slot) return;
    Tranche& tranche = state.tranches[owner];
    OrderSlot* place_for = nullptr;
    switch (row.id.role) {
        case Role::entry: ++tranche.live_entries; return;
        case Role::take_profit: place_for = &tranche.take_profit; break;
        case Role::stop_loss: place_for = &tranche.stop_loss; break;
        case Role::close: place_for = &tranche.close; break;
        case Role::backstop: return;
    }
    // Of two of a role the newer one is current, the other is on its way out.
    if (*place_for != no_slot && state.orders[*place_for].row.created > row.created) {
        if (tranche.retiring_count < tranche.retiring.size())
            tranche.retiring[tranche.retiring_count++] = slot;
        return;
    }
    if (*place_for != no_slot && tranche.retiring_count < tranche.retiring.size())
        tranche.retiring[tranche.retiring_count++] = *place_for;
    *place_for = slot;
}

/// A position on a symbol nobody trades here: not touched, but it takes of the same collateral.
void see_foreign(EngineState& state, const Event& event) {
    const PositionUpdate& update = event.position_update;
    if (index(event.symbol) >= state.foreign_margin.size() || !believable(update)) return;
    const PositionSide which = side_of(update.leg, update.amount);
    auto& margins = state.foreign_margin[index(event.symbol)];
    if (update.leg == PositionLeg::both) {
        for (Notional& margin : margins) {
            state.totals.used_margin -= margin;
            margin = {};
        }
    }
    Notional& margin = margins[index(which)];
    state.totals.used_margin -= margin;
    const std::uint16_t leverage = std::max<std::uint16_t>(update.leverage, 1);
    margin = update.amount.zero()
                 ? Notional{}
                 : margin_of(update.entry_price * absolute(update.amount), leverage);
    state.totals.used_margin += margin;
}

void restore_tranche(EngineState& state, const TrancheRow& row) {
    // A symbol that is not traded any more: its position stays as it is, with the stops it has.
    if (!state.table.is_configured(row.symbol)) return;
    SideBook& side = state.side(row.symbol, row.side);
    if (side.count == tranches_per_side) return;  // the snapshot's surplus is adopted
    require(!state.free_tranches.empty(), "restored tranches fit the table");
    const TrancheSlot slot = state.free_tranches.back();
    state.free_tranches.pop_back();
    Tranche& tranche = state.tranches[slot] = Tranche{};
    tranche.live = true;
    tranche.row = row;
    if (row.state == TrancheState::closing) tranche.closing_for = CloseReason::market_close;
    add_to_side(state, slot);
    side.episode = std::max(side.episode, row.episode);
    side.next_ordinal = std::max(side.next_ordinal, row.ordinal + 1);
    if (row.unprotected_since.count != 0) ++state.totals.unprotected_now;
    state.tranches[slot].unshown = true;
    state.unshown_tranches.push_back(slot);
}

void restore_order(EngineState& state, const OrderRow& row) {
    if (!state.table.is_configured(row.symbol) || state.orders.find(row.id) != no_slot) return;
    const OrderSlot slot = state.orders.create(row.id);
    require(slot != no_slot, "restored orders fit the table");
    Order& order = state.orders[slot];
    order.row = row;
    order.attributed = row.filled;
    order.state_since = row.updated;
    order_begins(state, slot);
    if (restore_leg(state, slot)) return;
    // What was on its way when the process died may or may not exist.
    if (row.state == OrderState::sent || row.state == OrderState::unknown) {
        order.row.state = OrderState::unknown;
        ++state.side(row.symbol, row.position_side).unknown_orders;
        ++state.totals.unknown_now;
        state.timers.set(slot, state.now);
    }
    if (row.state == OrderState::cancelling) order.cancel_wanted = true;
    if (row.state == OrderState::cancelling || row.id.role == Role::entry)
        state.timers.set(slot, state.now);
    attach(state, slot);
    refresh_reservation(state, slot);
    order.unshown = true;
    state.unshown_orders.push_back(slot);
}

}  // namespace

void restore(EngineState& state, const Restored& restored, Outbox&) {
    state.epoch = restored.epoch;
    state.next_tranche = state.first_tranche = restored.next_tranche;
    for (const Restored::EpisodeKey& key : restored.episode_keys) {
        if (!state.table.is_configured(key.symbol)) continue;
        SideBook& side = state.side(key.symbol, key.side);
        side.episode = key.episode;
        side.next_ordinal = key.next_ordinal;
    }
    for (const TrancheRow& row : restored.tranches) restore_tranche(state, row);
    for (const bool entries : {true, false})  // exits that wait for their entry find it
        for (const OrderRow& row : restored.orders)
            if ((row.id.role == Role::entry) == entries) restore_order(state, row);
    for (const FillRow& fill : restored.recent_fills)
        if (fill.trade_id != 0) state.trades.seen_before(fill.symbol, fill.trade_id);
    for (const LiquidationRow& row : restored.window) {
        if (!state.table.is_configured(row.symbol)) continue;
        const std::int64_t volume =
            state.settings.window.in_usdt ? row.value.raw : row.quantity.raw;
        state.symbol(row.symbol).window.add(row.arrival_time, row.side, volume);
    }
    state.totals.realized = restored.realized_today;
    state.totals.fees = restored.fees_today;
    for (std::size_t i = 0; i < state.symbols.size(); ++i)
        refresh_margin(state, SymbolId{static_cast<std::uint16_t>(i)});
}

void adopt_told(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    SideBook& side = state.side(id, which);
    if (!side.foreign_opened.positive() || side.exchange_quantity <= side.quantity) return;
    const Quantity surplus = std::min(side.foreign_opened, side.exchange_quantity - side.quantity);
    side.foreign_opened -= surplus;
    adopt(state, id, which, surplus, out);
    refresh_margin(state, id);
}

void on_position_update(EngineState& state, const Event& event, Outbox& out) {
    const PositionUpdate& update = event.position_update;
    if (index(event.symbol) >= state.symbols.size()) return see_foreign(state, event);
    // In hedge mode a row for BOTH says nothing about either side.
    if ((update.leg == PositionLeg::both) == state.hedge_mode) return;
    if (!believable(update)) {
        state.snapshot_open = state.snapshot_open && update.generation == 0;
        return refuse_figures(state, event.symbol, out);
    }
    SymbolState& symbol = state.symbol(event.symbol);
    if (update.leverage != 0) symbol.leverage = update.leverage;
    if (update.generation != 0) symbol.isolated = update.isolated;
    const PositionSide which = side_of(update.leg, update.amount);
    see_position(state, event.symbol, which, update, absolute(update.amount), out);
    if (update.leg == PositionLeg::both && !state.hedge_mode) {
        // One net position: the other side holds nothing.
        PositionUpdate empty = update;
        empty.entry_price = {};
        empty.liquidation_price = {};
        const PositionSide other =
            which == PositionSide::long_side ? PositionSide::short_side : PositionSide::long_side;
        see_position(state, event.symbol, other, empty, {}, out);
    }
}

void on_open_order(EngineState& state, const Event& event, Outbox& out) {
    const OpenOrder& open = event.open_order;
    if (!open.ours || event.symbol == no_symbol || !state.table.is_configured(event.symbol)) return;
    if (open.id.instance != state.settings.instance) return;
    OrderSlot slot = state.orders.find(open.id);
    if (slot != no_slot) return see_known_order(state, slot, open, out);
    if (open.id.epoch > state.epoch) return meet_younger(state, event.symbol, open.id, out);
    state.next_tranche =
        std::max(state.next_tranche, static_cast<std::uint32_t>(open.id.tranche) + 1);
    if (!plausible(open.price.positive() ? open.price : open.stop_price) ||
        open.filled < Quantity{} || std::max(open.quantity, open.filled) > highest_quantity)
        return refuse_figures(state, event.symbol, out);
    // Ours, but this process does not know it: both local memories were lost, or it is older.
    slot = state.orders.create(open.id);
    if (slot == no_slot) return;
    Order& order = state.orders[slot];
    OrderRow& row = order.row;
    row.order_id = open.order_id;
    row.price = open.price;
    row.stop_price = open.stop_price;
    row.quantity = open.quantity;
    row.filled = open.filled;
    row.created = row.updated = open.update_time;
    row.symbol = event.symbol;
    row.side = open.side;
    const bool opens = open.id.role == Role::entry;
    row.position_side = open.leg == PositionLeg::long_side    ? PositionSide::long_side
                        : open.leg == PositionLeg::short_side ? PositionSide::short_side
                        : opens                               ? opened_by(open.side)
                                                              : opened_by(opposite(open.side));
    row.type = open.type;
    row.reduce_only = open.reduce_only;
    row.close_position = open.close_position;
    row.state = open.filled.positive() ? OrderState::partial : OrderState::working;
    order.attributed = open.filled;
    order.state_since = state.now;
    order.seen_in_snapshot = open.generation;
    order_begins(state, slot);
    if (opens) {
        state.timers.set(slot, state.now + state.settings.entry.ttl);
        refresh_reservation(state, slot);
    }
    attach(state, slot);
    record_order(state, slot, out);
    // Without its tranche it protects nothing we know: an orphan (reference-behaviour.md §6.3).
    if (order.tranche == no_slot && open.id.role != Role::backstop) cancel(state, slot, out);
}

void on_snapshot_mark(EngineState& state, const Event& event, Outbox& out) {
    const SnapshotMark& mark = event.snapshot_mark;
    if (mark.begins) {
        state.snapshot_open = true;
        state.snapshot_generation = mark.generation;
        state.snapshot_requested = mark.requested_at;
        for (SymbolState& symbol : state.symbols)
            for (SideBook& side : symbol.sides) side.in_snapshot = false;
        return;
    }
    if (mark.complete && mark.hedge_mode != state.hedge_mode) {
        state.snapshot_open = false;
        return mismatch_mode(state, out);
    }
    const bool whole =
        state.snapshot_open && mark.complete && mark.generation == state.snapshot_generation;
    state.snapshot_open = false;
    if (!whole) return out.want_snapshot();
    finish_snapshot(state, out);
    update_mode(state, out);
}

void watch_differences(EngineState& state, Outbox& out) {
    if (state.next_snapshot.count != 0 && state.now >= state.next_snapshot) {
        state.next_snapshot = {};
        out.want_snapshot();
    }
    if (state.differing == 0) return;
    for (std::size_t i = 0; i < state.symbols.size(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        if (!state.price(id).differs) continue;
        for (const PositionSide which : both_sides) {
            SideBook& side = state.side(id, which);
            if (side.exchange_time.count == 0 || state.now - side.last_fill < settle_time) continue;
            if (side.quantity == side.exchange_quantity) continue;
            if (side.differs_since.count == 0) side.differs_since = state.now;
            state.price(id).unshown = true;
            out.want_snapshot();
        }
    }
}

}  // namespace tranche
