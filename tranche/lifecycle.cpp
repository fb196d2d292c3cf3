#include "tranche/lifecycle.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/book.hpp"
#include "tranche/exits.hpp"
#include "tranche/fills.hpp"
#include "tranche/lessons.hpp"
#include "tranche/order_steps.hpp"
#include "tranche/plausible.hpp"
#include "tranche/prefetch.hpp"
#include "tranche/protection.hpp"
#include "tranche/refusals.hpp"
#include "tranche/risk.hpp"
#include "tranche/transitions.hpp"

namespace tranche {
namespace {

// Questions about an order whose fate is unknown: reliability-model.md §2.2.
constexpr std::array<Nanos, 6> question_times = {
    milliseconds(50), milliseconds(200), milliseconds(800), seconds(2), seconds(5), seconds(10)};
constexpr Nanos validity_window = seconds(12);   // V3 nonce ±10 s, and a margin
constexpr Nanos late_trade = milliseconds(500);  // a trade report this late is asked for

}  // namespace

void enter(EngineState& state, OrderSlot slot, OrderState next) {
    Order& order = state.orders[slot];
    if (order.row.state == next) return;
    SideBook& side = state.side(order.row.symbol, order.row.position_side);
    if (order.row.state == OrderState::unknown) {
        --side.unknown_orders;
        --state.totals.unknown_now;
    }
    if (next == OrderState::unknown) {
        ++side.unknown_orders;
        ++state.totals.unknown_now;
        ++state.totals.orders_unknown;
        order.questions = 0;
        order.absent_answers = 0;
    }
    require(order_transitions.allows(order.row.state, next), "an order follows its states");
    order.row.state = next;
    order.state_since = state.now;
}

namespace {

/// Everything that hangs on an order which can no longer be filled.
void settle(EngineState& state, OrderSlot slot, Outbox& out) {
    Order& order = state.orders[slot];
    const Role role = order.row.id.role;
    const TrancheSlot owner = std::exchange(order.tranche, no_slot);
    order.questions = 0;
    state.timers.set(slot,
                     state.now + (order.attributed < order.row.filled ? late_trade : keep_final));
    refresh_reservation(state, slot);
    order_ends(state, slot);
    record_order(state, slot, out);
    if (role == Role::backstop) return backstop_ended(state, order, out);
    if (order.next_leg != no_slot) leg_ended(state, slot, owner, out);
    if (owner == no_slot) return;
    Tranche& tranche = state.tranches[owner];
    if (role == Role::entry) {
        --tranche.live_entries;
        // Its end overtook its fills: the tranche waits for them.
        if (order.attributed < order.row.filled) return record_tranche(state, owner);
        if (tranche.row.quantity.zero() && tranche.live_entries == 0)
            finish_tranche(state, owner, TrancheState::discarded, CloseReason::none, out);
        else if (tranche.dust)
            look_again(state, owner, state.now);  // nothing more comes: it may join another
        return;
    }
    // The exchange itself cancels one of two attached exits when the other is filled.
    if (order.row.state == OrderState::canceled && !order.cancel_wanted && !order.attached)
        note_removal(state, owner, role, out);
    const bool failed = order.row.state == OrderState::rejected ||
                        order.row.state == OrderState::expired ||
                        order.row.state == OrderState::dropped;
    if (failed)
        note_failure(state, owner, role, out);
    else
        protect(state, owner, out);
}

/// Takes an order that has ended out of its place in the tranche or side.
void detach(EngineState& state, OrderSlot slot) {
    const Order& order = state.orders[slot];
    if (order.tranche != no_slot) {
        Tranche& tranche = state.tranches[order.tranche];
        for (OrderSlot* current : {&tranche.take_profit, &tranche.stop_loss, &tranche.close})
            if (*current == slot) *current = no_slot;
    }
    SideBook& side = state.side(order.row.symbol, order.row.position_side);
    for (OrderSlot* current : {&side.backstop, &side.lost_backstop})
        if (*current == slot) *current = no_slot;
}

/// What a report changed about an order, for the follow-up once its fills are attributed.
struct Change {
    bool ended{};      // it can no longer be filled, since now
    bool confirmed{};  // it is known to exist, since now
    bool any{};
};

/// Moves an order to what the exchange says, never backwards; `filled` is cumulative. An order that
/// ends leaves its place in the tranche at once, so that nothing tries to cancel it, but keeps its
/// owner until its fills are attributed.
Change mark(EngineState& state, OrderSlot slot, OrderStatus status, Quantity filled,
            std::int64_t order_id) {
    Order& order = state.orders[slot];
    if (order_id != 0) order.row.order_id = order_id;
    const bool grew = filled > order.row.filled;
    order.row.filled = std::max(order.row.filled, filled);
    if (order.row.close_position) order.row.quantity = order.row.filled;
    if (is_final(order.row.state)) return {};
    const OrderState next = state_of(status, order.row.filled);
    Change change;
    change.ended = is_final(next);
    change.confirmed =
        order.row.state == OrderState::sent || order.row.state == OrderState::unknown;
    change.any = grew || change.ended || change.confirmed;
    if (change.ended || order.row.state != OrderState::cancelling) enter(state, slot, next);
    if (!change.ended) return change;
    detach(state, slot);
    return change;
}

void follow_up(EngineState& state, OrderSlot slot, Change change, Outbox& out) {
    if (change.ended) return settle(state, slot, out);
    if (!change.any) return;
    Order& order = state.orders[slot];
    refresh_reservation(state, slot);
    record_order(state, slot, out);
    if (change.confirmed) {
        order.questions = 0;
        order.absent_answers = 0;
        state.timers.clear(slot);
        if (order.row.id.role == Role::entry)
            due(state, slot, order.row.created + state.settings.entry.ttl);
        // Taken, but nobody has shown it yet.
        if (order.row.order_id == 0) due(state, slot, state.now + silence);
        order.cancel_in_flight = order.cancel_refused = false;
        if (order.row.id.role == Role::backstop) backstop_found(state, slot);
        if (order.cancel_wanted) cancel(state, slot, out);
    }
    if (order.tranche != no_slot && order.row.id.role != Role::entry)
        protect(state, order.tranche, out);
}

/// A cumulative figure without trades: at the average price; its trades find nothing left to count.
void catch_up(EngineState& state, OrderSlot slot, Quantity filled, Price average, Outbox& out) {
    Order& order = state.orders[slot];
    if (filled <= order.attributed) return;
    const Quantity missing = filled - order.attributed;
    const Price price = average.positive()           ? average
                        : order.row.price.positive() ? order.row.price
                                                     : state.price(order.row.symbol).mark;
    if (!plausible(price, missing)) return refuse_figures(state, order.row.symbol, out);
    order.row.average_price = price;
    order.questions = 0;
    apply_quantity(state, slot, missing, price, out);
}

/// An answer that describes an order as it stands.
void take_answer(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    if (reply.filled > highest_quantity)
        return refuse_figures(state, state.orders[slot].row.symbol, out);
    state.orders[slot].absent_answers = 0;
    const Change change = mark(state, slot, reply.status, reply.filled, reply.order_id);
    catch_up(state, slot, reply.filled, reply.average_price, out);
    follow_up(state, slot, change, out);
}

}  // namespace

void end_without_fill(EngineState& state, OrderSlot slot, OrderState final_state, Outbox& out) {
    enter(state, slot, final_state);
    detach(state, slot);
    settle(state, slot, out);
}

namespace {

/// The exchange is asked to refuse the attempt if it is still on its way: its nonce is used up. One
/// try, of an entry only: an exit is wanted whenever it comes.
void void_attempt(EngineState& state, OrderSlot slot, Outbox& out) {
    const bool wanted = state.settings.entry.void_unknown &&
                        state.orders[slot].row.id.role == Role::entry && !halts(state.hold);
    if (wanted && out.roomy()) command_for(state, slot, CommandKind::noop, Lane::reconcile, out);
}

void became_unknown(EngineState& state, OrderSlot slot, Outbox& out) {
    Order& order = state.orders[slot];
    if (order.row.state != OrderState::sent) return;  // the stream has said more already
    enter(state, slot, OrderState::unknown);
    record_order(state, slot, out);
    record_alarm(state, AlarmKind::order_unknown, true, order.row.symbol, order.row.id.tranche,
                 order.row.code, "no verdict from the exchange; asking by client order id", out);
    void_attempt(state, slot, out);
    due(state, slot, state.now + question_times[0]);
    look_again_if_lost(state, order);
}

void rejected(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    order.row.code = reply.code;
    const Refusal why = refusal_of(reply.code);
    if (why == Refusal::would_take) return end_without_fill(state, slot, OrderState::expired, out);
    // Its nonce was used up by our own noop, which says nothing about the clock.
    if (why == Refusal::clock && order.row.state == OrderState::unknown &&
        state.settings.entry.void_unknown && order.row.id.role == Role::entry)
        return end_without_fill(state, slot, OrderState::rejected, out);
    ++state.totals.orders_rejected;
    const OrderRow row = order.row;
    const TrancheSlot owner = order.tranche;
    record_alarm(
        state,
        row.id.role == Role::entry ? AlarmKind::entry_rejected : AlarmKind::protection_rejected,
        true, row.symbol, row.id.tranche, reply.code, "the exchange refused an order; see its code",
        out);
    learn_from(state, row.symbol, row.position_side, row.id.role, why, out);
    end_without_fill(state, slot, OrderState::rejected, out);
    if (row.id.role != Role::entry && owner != no_slot)
        mend_exit(state, owner, row.id.role, why, out);
}

bool may_be_absent(const Order& order) {
    return order.row.state == OrderState::sent || order.row.state == OrderState::unknown;
}

void on_place_reply(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    if (reply.sent_at.count != 0) order.row.sent = reply.sent_at;
    if (order.next_leg != no_slot) see_attaching(state, slot, reply, out);
    switch (reply.verdict) {
        case ReplyClass::accepted:
            ++state.totals.orders_accepted;
            return take_answer(state, slot, reply, out);
        case ReplyClass::rejected:
            if (may_be_absent(order)) return rejected(state, slot, reply, out);
            break;
        case ReplyClass::unknown:
            order.row.code = reply.code;
            return became_unknown(state, slot, out);
        case ReplyClass::banned: banned(state, reply, out); break;
        case ReplyClass::throttled: throttled(state, reply, out); break;
        case ReplyClass::not_sent: break;
    }
    if (is_final(order.row.state)) return;
    // The stream reported it, so it exists whatever this answer says.
    if (!may_be_absent(order)) return query(state, slot, out);
    order.row.code = reply.code;
    end_without_fill(state, slot, OrderState::dropped, out);
}

/// The order is not there: proof needs patience (reliability-model.md §2.2, step 3). Where a noop
/// has made the attempt void (step 4) nothing can come any more, so the validity window need not
/// be waited for. The rest stands: two answers a second apart, both to questions sent since. One
/// would not do, because the exchange may say -2013 of an order that it took a moment ago (E9).
void absent(EngineState& state, OrderSlot slot, std::uint64_t question, Outbox& out) {
    Order& order = state.orders[slot];
    if (is_final(order.row.state)) return;
    const bool voided = order.void_before != 0;
    if (question < order.void_before) return due(state, slot, state.now + milliseconds(10));
    const Nanos sent = order.row.sent.count != 0 ? order.row.sent : order.row.created;
    const bool known_before = order.row.order_id != 0;
    const bool window_over =
        planted(Canary::absent_at_once) || voided || state.now - sent > validity_window;
    if (order.absent_answers == 0) order.first_absent = state.now;
    if (window_over || known_before) ++order.absent_answers;
    if (order.absent_answers >= 2 && state.now - order.first_absent >= seconds(1)) {
        // Known once and gone now: cancelled or expired without a fill we have not seen.
        const OrderState never = order.attached ? OrderState::dropped : OrderState::rejected;
        return end_without_fill(state, slot, known_before ? OrderState::canceled : never, out);
    }
    const Nanos wait = window_over || known_before
                           ? milliseconds(1100)
                           : sent + validity_window - state.now + milliseconds(10);
    due(state, slot, state.now + std::min(wait, seconds(5)));
}

/// The answer says how a limit order stands now.
void take_shape(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    if (reply.price.positive() && reply.quantity.positive()) {
        order.row.price = reply.price;
        order.row.quantity = reply.quantity;
    }
    take_answer(state, slot, reply, out);
    if (is_final(order.row.state)) return;
    record_order(state, slot, out);
    if (order.tranche != no_slot) protect(state, order.tranche, out);
}

/// It was changed without a verdict and has been asked about. What did not come could still come,
/// so an order that stands as before goes, and another one takes its place.
void settle_doubt(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    const bool changed = reply.price.positive() &&
                         (order.row.price != reply.price || order.row.quantity != reply.quantity);
    order.replacing = changed ? Replacing::no : Replacing::lost;
    take_shape(state, slot, reply, out);
}

void on_replace_reply(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    if (reply.verdict == ReplyClass::banned) banned(state, reply, out);
    if (reply.verdict == ReplyClass::throttled) throttled(state, reply, out);
    const bool open_question =
        order.replacing == Replacing::under_way || order.replacing == Replacing::doubted;
    if (is_final(order.row.state) || !open_question) return;
    if (reply.verdict == ReplyClass::accepted) {
        order.replacing = Replacing::no;
        return take_shape(state, slot, reply, out);
    }
    const bool unsure = reply.verdict == ReplyClass::unknown;
    const bool gone = reply.verdict == ReplyClass::rejected &&
                      (reply.code == no_such_order || reply.code == unknown_order);
    order.replacing = unsure ? Replacing::doubted : Replacing::refused;
    order.row.code = reply.code;
    if (gone || unsure) return query(state, slot, out);
    // It stays as it was: the old one goes and another comes.
    if (order.tranche != no_slot) protect(state, order.tranche, out);
}

void on_question_reply(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    if (reply.verdict == ReplyClass::accepted) {
        if (state.orders[slot].replacing == Replacing::doubted)
            return settle_doubt(state, slot, reply, out);
        if (state.orders[slot].attached) take_size(state, slot, reply, out);
        return take_answer(state, slot, reply, out);
    }
    if (reply.verdict == ReplyClass::rejected && reply.code == no_such_order)
        return absent(state, slot, reply.sequence, out);
    if (reply.verdict == ReplyClass::banned) banned(state, reply, out);
    if (!is_final(state.orders[slot].row.state)) due(state, slot, state.now + seconds(1));
}

/// Only success means something: nothing of the attempt is carried out from now on.
void on_noop_reply(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    if (reply.verdict == ReplyClass::banned) banned(state, reply, out);
    if (reply.verdict != ReplyClass::accepted || order.row.state != OrderState::unknown) return;
    order.void_before = state.next_sequence;
    order.absent_answers = 0;
    due(state, slot, state.now);
}

void on_cancel_reply(EngineState& state, OrderSlot slot, const Reply& reply, Outbox& out) {
    Order& order = state.orders[slot];
    order.cancel_in_flight = false;
    if (is_final(order.row.state)) return;
    if (reply.verdict == ReplyClass::accepted) return take_answer(state, slot, reply, out);
    if (planted(Canary::unknown_order_is_cancelled) && reply.code == unknown_order)
        return end_without_fill(state, slot, OrderState::canceled, out);
    // "Unknown order" may mean filled a moment ago: ask, never assume.
    if (reply.verdict == ReplyClass::rejected && reply.code != unknown_order &&
        reply.code != no_such_order) {
        order.row.code = reply.code;
        return due(state, slot, state.now + seconds(1));
    }
    if (reply.verdict == ReplyClass::rejected || reply.verdict == ReplyClass::unknown) {
        order.cancel_refused = true;
        return query(state, slot, out);
    }
    if (reply.verdict == ReplyClass::banned) banned(state, reply, out);
    due(state, slot, state.now + milliseconds(200));
}

}  // namespace

void on_reply(EngineState& state, const Event& event, Outbox& out) {
    const Reply& reply = event.reply;
    const OrderSlot slot = state.orders.find(reply.id);
    if (slot == no_slot) return;
    switch (reply.command) {
        case CommandKind::place: return on_place_reply(state, slot, reply, out);
        case CommandKind::cancel: return on_cancel_reply(state, slot, reply, out);
        case CommandKind::query: return on_question_reply(state, slot, reply, out);
        case CommandKind::replace: return on_replace_reply(state, slot, reply, out);
        case CommandKind::noop: return on_noop_reply(state, slot, reply, out);
    }
}

void on_order_update(EngineState& state, const Event& event, Outbox& out) {
    const OrderUpdate& update = event.order_update;
    if (index(event.symbol) >= state.symbols.size()) return;
    prefetch_report(state, event.symbol, update);
    if (std::min(update.last_quantity, update.filled) < Quantity{} ||
        std::max(update.last_quantity, update.filled) > highest_quantity)
        return refuse_figures(state, event.symbol, out);
    const bool trade =
        update.last_quantity.positive() &&
        (update.execution == ExecutionType::trade || update.execution == ExecutionType::calculated);
    const OrderSlot slot = update.ours ? find_or_adopt(state, event.symbol, update, out) : no_slot;
    if (slot == no_slot) {
        if (trade && !(update.ours && state.trades.knows(event.symbol, update.trade_id)))
            apply_foreign_trade(state, event.symbol, update, out);
        return;
    }
    if (state.orders[slot].attached && !is_terminal(update.status)) revive(state, slot);
    const TrancheSlot owner = state.orders[slot].tranche;
    if (trade && owner != no_slot) prefetch_fill(state, owner);
    if (update.average_price.positive())
        state.orders[slot].row.average_price = update.average_price;
    const Change change = mark(state, slot, update.status, update.filled, update.order_id);
    if (trade) apply_trade(state, slot, update, out);
    follow_up(state, slot, change, out);
    const Order& order = state.orders[slot];
    if (change.confirmed && order.attached) exit_shown(state, slot, out);
    if (order.attributed < order.row.filled) due(state, slot, state.now + late_trade);
}

void on_order_due(EngineState& state, OrderSlot slot, Outbox& out) {
    Order& order = state.orders[slot];
    if (!order.live) return;
    if (order.question_wanted) return query(state, slot, out);
    const bool trades_missing =
        order.attributed < order.row.filled && order.questions < late_trade_questions;
    if (is_final(order.row.state)) {
        if (trades_missing) {
            ++order.questions;
            refresh_reservation(state, slot);
            return query(state, slot, out);
        }
        if (state.now - order.state_since < keep_final)
            return due(state, slot, order.state_since + keep_final);
        return state.orders.release(slot);
    }
    switch (order.row.state) {
        case OrderState::sent: return became_unknown(state, slot, out);
        case OrderState::unknown: {
            const bool stale =
                order.row.id.role == Role::entry && state.now - order.state_since > stale_entry;
            if (stale && !order.cancel_wanted) return cancel(state, slot, out);
            query(state, slot, out);
            if (order.questions + 1U < question_times.size()) ++order.questions;
            return state.timers.set(slot, state.now + question_times[order.questions]);
        }
        case OrderState::cancelling:
            // No verdict on the cancel: asking comes first, it may have been filled.
            if (std::exchange(order.cancel_in_flight, false)) return query(state, slot, out);
            return cancel(state, slot, out);
        case OrderState::working:
        case OrderState::partial:
            if (order.row.id.role == Role::entry && !planted(Canary::no_ttl) &&
                state.now - order.row.created >= state.settings.entry.ttl)
                return cancel(state, slot, out);
            if (order.cancel_wanted) return cancel(state, slot, out);
            if (order.replacing == Replacing::under_way) order.replacing = Replacing::doubted;
            if (order.replacing == Replacing::doubted) return query(state, slot, out);
            if (trades_missing) ++order.questions;
            if (order.absent_answers > 0 || trades_missing || order.row.order_id == 0)
                return query(state, slot, out);
            if (order.row.id.role == Role::entry)
                due(state, slot, order.row.created + state.settings.entry.ttl);
            return;
        case OrderState::filled:
        case OrderState::canceled:
        case OrderState::expired:
        case OrderState::rejected:
        case OrderState::dropped: return;
    }
}

}  // namespace tranche
