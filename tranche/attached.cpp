#include "tranche/attached.hpp"

#include <algorithm>
#include <utility>

#include "tranche/book.hpp"
#include "tranche/exits.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/order_steps.hpp"
#include "tranche/plausible.hpp"
#include "tranche/protection.hpp"
#include "tranche/refusals.hpp"
#include "tranche/risk.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr Nanos plain_for = seconds(600);         // after a refusal that may be the exits'
constexpr Nanos still_fresh = milliseconds(100);  // an entry that did not leave, to leave plain
constexpr Nanos unseen_fill = milliseconds(250);  // an exit has come before its entry's report

/// Does a refusal speak of what only an entry with exits has: exits, a call of its own?
bool may_be_the_exits(const Reply& reply) {
    constexpr std::uint16_t ok = 200;
    constexpr std::uint16_t no_such_path = 404;
    constexpr std::uint16_t no_such_method = 405;
    // Taken, it says, and yet with a code: of a check that came later.
    if (reply.verdict == ReplyClass::unknown)
        return (reply.http_status == ok && reply.code != 0) || reply.http_status == no_such_path ||
               reply.http_status == no_such_method;
    if (reply.verdict != ReplyClass::rejected) return false;
    switch (refusal_of(reply.code)) {
        case Refusal::other:
        case Refusal::would_trigger:
        case Refusal::nothing_to_reduce:
        case Refusal::filter:
        case Refusal::too_small: return true;
        case Refusal::would_take:
        case Refusal::no_margin:
        case Refusal::too_many_orders:
        case Refusal::not_trading:
        case Refusal::clock:
        case Refusal::in_liquidation:
        case Refusal::position_mode:
        case Refusal::credentials: break;
    }
    return false;
}

/// One of the two exits, remembered as sent. `no_slot` when the order table is full.
OrderSlot enlist_exit(EngineState& state, const Order& entry, Role role, Price at) {
    const bool limit = role == Role::take_profit && take_profit_is_limit(state);
    const OrderType conditional =
        role == Role::stop_loss ? OrderType::stop_market : OrderType::take_profit_market;
    const OrderSlot slot = enlist(state, {.symbol = entry.row.symbol,
                                          .side = entry.row.position_side,
                                          .role = role,
                                          .type = limit ? OrderType::limit : conditional,
                                          .price = limit ? at : Price{},
                                          .stop_price = limit ? Price{} : at,
                                          .quantity = entry.row.quantity,
                                          .tranche = entry.tranche});
    if (slot != no_slot) state.orders[slot].attached = true;
    return slot;
}

/// The exit may exist from now on.
void come(EngineState& state, OrderSlot slot, TrancheSlot target, Outbox& out) {
    Order& exit = state.orders[slot];
    if (exit.row.sent.count != 0 || is_final(exit.row.state)) return;
    exit.row.sent = state.now;
    if (exit.row.state == OrderState::sent) due(state, slot, state.now + exit_patience);
    // It is named after the tranche that its entry was for: another one gets exits of its own.
    const bool fits = target != no_slot && state.tranches[target].row.id == exit.row.id.tranche;
    exit.tranche = fits ? target : no_slot;
    if (!fits) return cancel(state, slot, out);
    Tranche& tranche = state.tranches[target];
    OrderSlot& place =
        exit.row.id.role == Role::stop_loss ? tranche.stop_loss : tranche.take_profit;
    if (!is_live(state, place)) {
        place = slot;
    } else if (tranche.retiring_count < tranche.retiring.size()) {
        tranche.retiring[tranche.retiring_count++] = slot;
    } else {
        exit.tranche = no_slot;
        cancel(state, slot, out);
    }
}

/// The entry ended without a fill, so the exit does not exist; unless the exchange has shown it.
void give_up(EngineState& state, OrderSlot slot, Outbox& out) {
    Order& exit = state.orders[slot];
    exit.tranche = no_slot;
    const bool unseen = exit.row.state == OrderState::sent || exit.row.state == OrderState::unknown;
    if (unseen) return end_without_fill(state, slot, OrderState::dropped, out);
    cancel(state, slot, out);
}

bool may_still_enter(const EngineState& state, const Order& entry) {
    const SymbolState& symbol = state.symbols[index(entry.row.symbol)];
    return state.now - entry.row.created <= still_fresh && entry.tranche != no_slot &&
           !entry.cancel_wanted && state.totals.mode == Mode::trading && !state.paused &&
           state.hold == Hold::none && state.now >= symbol.entries_off_until;
}

}  // namespace

bool takes_exits(const EngineState& state, TrancheSlot slot, Quantity quantity) {
    const EntrySettings& entry = state.settings.entry;
    if (!entry.attach_exits || !state.settings.tranche.consolidate) return false;
    if (entry.time_in_force == TimeInForce::ioc || entry.time_in_force == TimeInForce::fok)
        return false;
    const Tranche& tranche = state.tranches[slot];
    const SymbolState& symbol = state.symbols[index(tranche.row.symbol)];
    const bool both = symbol.settings.stop_loss_enabled && symbol.settings.take_profit_enabled;
    if (!both || state.now < symbol.plain_entries_until) return false;
    if (tranche.row.state != TrancheState::pending || tranche.live_entries > 0) return false;
    const std::uint16_t limit = symbol.rules.max_conditional_orders;
    const Quantity most = symbol.rules.market_max_quantity;
    return quantity >= symbol.rules.market_min_quantity && (!most.positive() || quantity <= most) &&
           (limit == 0 || symbol.live_conditionals + 2U < limit);
}

void attach_exits(EngineState& state, OrderSlot entry, Command& command, Outbox& out) {
    const OrderRow& row = state.orders[entry].row;
    const SymbolState& symbol = state.symbol(row.symbol);
    const Price profit =
        take_profit_price(row.position_side, row.price, symbol.settings.take_profit, symbol.rules);
    const Price loss =
        stop_loss_price(row.position_side, row.price, symbol.settings.stop_loss, symbol.rules);
    if (!profit.positive() || !loss.positive()) return;
    const OrderSlot target = enlist_exit(state, state.orders[entry], Role::take_profit, profit);
    if (target == no_slot) return;
    const OrderSlot stop = enlist_exit(state, state.orders[entry], Role::stop_loss, loss);
    if (stop == no_slot) return state.orders.release(target);
    state.orders[entry].next_leg = target;
    state.orders[target].next_leg = stop;
    state.orders[stop].next_leg = entry;
    command.take_profit = profit;
    command.stop_loss = loss;
    command.take_profit_type = state.orders[target].row.type;
    command.take_profit_generation = state.orders[target].row.id.generation;
    command.stop_loss_generation = state.orders[stop].row.id.generation;
    command.price_protect = symbol.settings.price_protect;
    command.with_exits = true;
    for (const OrderSlot exit : {target, stop}) {
        order_begins(state, exit);
        record_order(state, exit, out);
    }
}

void exits_come(EngineState& state, OrderSlot entry, TrancheSlot target, Outbox& out) {
    for (OrderSlot leg = state.orders[entry].next_leg; leg != entry && leg != no_slot;
         leg = state.orders[leg].next_leg)
        come(state, leg, target, out);
}

void fill_entry_of(EngineState& state, const Order& exit, Outbox& out) {
    const OrderSlot slot = entry_of(state, exit);
    if (slot == no_slot) return;
    Order& entry = state.orders[slot];
    const Quantity least = std::min(exit.row.filled, entry.row.quantity);
    if (least <= entry.attributed || entry.tranche == no_slot) return;
    const Quantity missing = least - entry.attributed;
    entry.row.filled = std::max(entry.row.filled, least);
    entry.attributed = least;
    exits_come(state, slot, entry.tranche, out);
    add_fill(state, entry.tranche, missing, entry.row.price, Exits::from_average);
    refresh_reservation(state, slot);
    entry.question_wanted = true;  // for the rest
    due(state, slot, state.now + unseen_fill);
}

void leg_ended(EngineState& state, OrderSlot slot, TrancheSlot owner, Outbox& out) {
    Order& order = state.orders[slot];
    if (order.attached) {  // the others go on without it
        OrderSlot before = order.next_leg;
        while (state.orders[before].next_leg != slot) before = state.orders[before].next_leg;
        state.orders[before].next_leg = std::exchange(order.next_leg, no_slot);
        return;
    }
    const bool filled = order.row.filled.positive();
    for (OrderSlot leg = std::exchange(order.next_leg, no_slot); leg != slot;) {
        const OrderSlot exit = leg;
        leg = std::exchange(state.orders[exit].next_leg, no_slot);
        if (filled)
            come(state, exit, owner, out);
        else
            give_up(state, exit, out);
    }
    // Its exits may be for more than came of it.
    if (filled && owner != no_slot) look_again(state, owner, state.now);
}

void let_legs_go(EngineState& state, OrderSlot entry) {
    for (OrderSlot leg = state.orders[entry].next_leg; leg != entry && leg != no_slot;
         leg = state.orders[leg].next_leg)
        state.orders[leg].tranche = no_slot;
}

void see_attaching(EngineState& state, OrderSlot entry, const Reply& reply, Outbox& out) {
    const Order& order = state.orders[entry];
    SymbolState& symbol = state.symbol(order.row.symbol);
    if (may_be_the_exits(reply)) {
        symbol.plain_entries_until = state.now + plain_for;
        record_alarm(state, AlarmKind::entry_rejected, true, order.row.symbol, order.row.id.tranche,
                     reply.code, "an entry with exits was refused: plain ones for ten minutes",
                     out);
    }
    const bool never_left =
        reply.verdict == ReplyClass::not_sent && order.row.state == OrderState::sent;
    if (!never_left || !may_still_enter(state, order)) return;
    place(state,
          {.symbol = order.row.symbol,
           .side = order.row.position_side,
           .role = Role::entry,
           .type = order.row.type,
           .price = order.row.price,
           .stop_price = {},
           .quantity = order.row.quantity,
           .tranche = order.tranche,
           .time_in_force = order.row.time_in_force},
          out);
}

void exit_shown(EngineState& state, OrderSlot slot, Outbox& out) {
    if (is_final(state.orders[slot].row.state)) return;
    const OrderSlot entry = entry_of(state, state.orders[slot]);
    if (entry != no_slot && state.orders[entry].row.filled.zero()) {
        state.orders[entry].question_wanted = true;
        due(state, entry, state.now + unseen_fill);
    }
    query(state, slot, out);
}

void take_size(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& exit = state.orders[slot];
    if (is_final(exit.row.state) || !reply.quantity.positive()) return;
    if (reply.quantity == exit.row.quantity || reply.quantity > highest_quantity) return;
    exit.row.quantity = reply.quantity;
    record_order(state, slot, out);
    // Once the answer has been taken in whole.
    if (exit.tranche != no_slot)
        state.timers.set_earlier(state.timer_of_tranche(exit.tranche), state.now);
}

void revive(EngineState& state, OrderSlot slot) {
    Order& exit = state.orders[slot];
    if (!exit.attached || exit.row.state != OrderState::dropped) return;
    // Given up without proof, so its end was none.
    exit.row.state = OrderState::working;
    exit.state_since = state.now;
    exit.tranche = no_slot;
    exit.cancel_wanted = true;
    exit.cancel_in_flight = exit.cancel_refused = false;
    order_begins(state, slot);
    state.timers.set(slot, state.now);
}

bool restore_leg(EngineState& state, OrderSlot slot) {
    Order& exit = state.orders[slot];
    const OrderRow& row = exit.row;
    const bool exits = row.id.role == Role::take_profit || row.id.role == Role::stop_loss;
    const bool unseen = row.state == OrderState::sent || row.state == OrderState::unknown;
    if (!state.settings.entry.attach_exits || !exits || !unseen || row.order_id != 0) return false;
    exit.attached = true;
    const TrancheSlot owner = find_tranche(state, row.symbol, row.position_side, row.id.tranche);
    if (owner == no_slot || state.tranches[owner].row.quantity.positive()) return false;
    for (OrderSlot at = state.symbol(row.symbol).first_entry; at != no_slot;
         at = state.orders[at].next_entry) {
        Order& entry = state.orders[at];
        if (entry.tranche != owner || entry.row.created != row.created) continue;
        exit.tranche = owner;
        exit.next_leg = entry.next_leg == no_slot ? at : entry.next_leg;
        entry.next_leg = slot;
        exit.row.state = OrderState::sent;
        return true;
    }
    return false;
}

}  // namespace tranche
