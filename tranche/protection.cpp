#include "tranche/protection.hpp"

#include <algorithm>
#include <array>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/book.hpp"
#include "tranche/exits.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/pairs.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr Nanos alarm_after = seconds(2);
// After the exchange refused one for closing more than there is: longer than a snapshot takes for a
// take-profit, within what I4 allows for a stop.
constexpr Nanos refused_profit_pause = seconds(5);
constexpr Nanos refused_stop_pause = seconds(1);
constexpr Nanos forget_failures = seconds(30);  // without one, the ladder starts again
constexpr std::array<Nanos, 6> retry_ladder = {
    milliseconds(0), milliseconds(100), milliseconds(300), seconds(1), seconds(3), seconds(5)};

bool retire(Tranche& tranche, OrderSlot& order) {
    if (tranche.retiring_count == tranche.retiring.size()) return false;
    tranche.retiring[tranche.retiring_count++] = order;
    order = no_slot;
    return true;
}

Quantity sendable(const SymbolState& symbol, Quantity quantity) {
    const SymbolRules& rules = symbol.rules;
    if (!rules.market_max_quantity.positive()) return quantity;
    return std::min(quantity, rules.market_max_quantity);
}

bool covers(const EngineState& state, OrderSlot slot, Quantity quantity) {
    if (!is_working(state, slot)) return false;
    const OrderRow& row = state.orders[slot].row;
    return row.quantity - row.filled >= quantity;
}

/// Less than an order may hold (reliability-model.md X6).
bool too_small_for_exits(const SymbolState& symbol, Quantity quantity) {
    return quantity < std::max(symbol.rules.min_quantity, symbol.rules.market_min_quantity);
}

bool is_dust(const SymbolState& symbol, const Tranche& tranche) {
    return tranche.dust || too_small_for_exits(symbol, tranche.row.quantity);
}

/// While new exits fail, for want of budget for instance, one that works is not given up for its
/// age: together the tranches could ask for more orders than the exchange takes.
bool too_old(const EngineState& state, const Tranche& tranche, const Order& order) {
    const Attempts& attempts = order.row.id.role == Role::stop_loss ? tranche.stop_loss_attempts
                                                                    : tranche.take_profit_attempts;
    if (attempts.failures > 0 && state.now - attempts.not_before <= forget_failures) return false;
    const Nanos limit = state.settings.tranche.order_ttl.of(tranche.row.ordinal);
    return limit.count > 0 && state.now - order.row.created >= limit;
}

/// Forgets retired orders that have ended; cancels stops once the current one works for all the
/// tranche holds, take-profits at once. True while a take-profit is still on its way out.
bool sweep_retired(EngineState& state, Tranche& tranche, Outbox& out) {
    bool take_profit_left = false;
    const bool covered = covers(state, tranche.stop_loss,
                                sendable(state.symbol(tranche.row.symbol), tranche.own_quantity()));
    for (std::size_t i = 0; i < tranche.retiring_count;) {
        const OrderSlot slot = tranche.retiring[i];
        if (!is_live(state, slot)) {
            tranche.retiring[i] = tranche.retiring[--tranche.retiring_count];
            continue;
        }
        const bool is_stop = state.orders[slot].row.id.role == Role::stop_loss;
        if (!is_stop || (covered && !planted(Canary::second_stop_kept))) cancel(state, slot, out);
        take_profit_left = take_profit_left || !is_stop;
        ++i;
    }
    return take_profit_left;
}

/// Nothing is left for it to close: other exits of the tranche hold the rest.
void let_exit_go(EngineState& state, OrderSlot slot, Outbox& out) {
    if (is_live(state, slot)) cancel(state, slot, out);
}

bool matches(const EngineState& state, const Order& order, Quantity quantity, Price price) {
    const Price at = order.row.stop_price.positive() ? order.row.stop_price : order.row.price;
    const Quantity left = order.row.quantity - order.row.filled;
    return at == price && (left == quantity || (left > quantity && is_for_more(state, order)));
}

/// A stop whose fate stays unknown does not protect; without a backstop one other is sent, and for
/// one that the exchange was to place by itself in any case.
/// Source: reliability-model.md §2.2, step 6.
bool stop_is_lost(const EngineState& state, const Tranche& tranche, const Order& order) {
    return order.row.state == OrderState::unknown &&
           state.now - order.state_since >= unknown_patience &&
           (order.attached || !is_working(state, state.symbols[index(tranche.row.symbol)]
                                                     .sides[index(tranche.row.side)]
                                                     .backstop)) &&
           std::none_of(tranche.retiring.begin(), tranche.retiring.begin() + tranche.retiring_count,
                        [&](OrderSlot slot) {
                            return is_live(state, slot) &&
                                   state.orders[slot].row.state == OrderState::unknown;
                        });
}

/// A stop may go before the one that follows it: the backstop covers the moment between, or will
/// not come back.
bool may_go_first(const EngineState& state, const SideBook& side) {
    return is_working(state, side.backstop) || side.backstop_attempts.given_up;
}

/// Where stops share the position, the old one goes first, once the backstop works (G5). True while
/// it has to be waited for.
bool makes_way(EngineState& state, TrancheSlot slot, Outbox& out) {
    const Tranche& tranche = state.tranches[slot];
    if (!state.stops_share_position || !has_retiring_stop(state, slot)) return false;
    const bool may_go =
        may_go_first(state, state.side_of(tranche)) || !state.settings.protection.backstop;
    for (std::size_t i = 0; may_go && i < tranche.retiring_count; ++i)
        if (is_live(state, tranche.retiring[i]) &&
            state.orders[tranche.retiring[i]].row.id.role == Role::stop_loss)
            cancel(state, tranche.retiring[i], out);
    look_again(state, slot, state.now + milliseconds(100));
    return true;
}

/// So little that no stop of its own is taken: one that is left from when it was more would close
/// what belongs to others, and goes once the backstop works.
void leave_to_backstop(EngineState& state, TrancheSlot slot, Outbox& out) {
    const Tranche& tranche = state.tranches[slot];
    if (!is_live(state, tranche.stop_loss)) return;
    const OrderRow& row = state.orders[tranche.stop_loss].row;
    const bool too_much = row.quantity - row.filled > tranche.own_quantity();
    if (too_much && is_working(state, state.side_of(tranche).backstop))
        cancel(state, tranche.stop_loss, out);
}

void ensure_stop(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    SymbolState& symbol = state.symbol(tranche.row.symbol);
    if (!symbol.settings.stop_loss_enabled) return;
    Quantity wanted = sendable(symbol, tranche.own_quantity());
    if (planted(Canary::half_stop))
        wanted = snap(Quantity{wanted.raw / 2}, symbol.rules.step, Rounding::up);
    if (wanted.zero()) return let_exit_go(state, tranche.stop_loss, out);
    if (is_dust(symbol, tranche)) return leave_to_backstop(state, slot, out);
    const Price stop = tranche.stop_wanted;
    if (is_live(state, tranche.stop_loss)) {
        const Order& order = state.orders[tranche.stop_loss];
        if (stop_is_lost(state, tranche, order)) {
            if (!retire(tranche, tranche.stop_loss)) return;
        } else {
            const bool good =
                matches(state, order, wanted, stop) && !too_old(state, tranche, order);
            if (good || !is_working(state, tranche.stop_loss)) return;
            if (state.now < tranche.adjusted_at + adjust_pause)
                return look_again(state, slot, tranche.adjusted_at + adjust_pause);
            if (!room_for_conditional(state, tranche.row.symbol)) {
                if (may_go_first(state, state.side_of(tranche)))
                    cancel(state, tranche.stop_loss, out);
                return look_again(state, slot, state.now + adjust_pause);
            }
            if (planted(Canary::cancel_before_place)) return cancel(state, tranche.stop_loss, out);
            if (!retire(tranche, tranche.stop_loss))
                return look_again(state, slot, state.now + adjust_pause);
        }
    }
    // It is left to the backstop only while that one is not left to somebody else too (I3).
    const bool backstopped = !state.side_of(tranche).backstop_attempts.given_up;
    if ((tranche.stop_loss_attempts.given_up && backstopped) ||
        too_small_for_exits(symbol, tranche.own_quantity()))
        return;
    if (state.now < tranche.stop_loss_attempts.not_before)
        return look_again(state, slot, tranche.stop_loss_attempts.not_before);
    if (makes_way(state, slot, out)) return;
    if (!room_for_conditional(state, tranche.row.symbol))
        return look_again(state, slot, state.now + adjust_pause);
    tranche.adjusted_at = state.now;
    tranche.stop_loss = place(state,
                              {.symbol = tranche.row.symbol,
                               .side = tranche.row.side,
                               .role = Role::stop_loss,
                               .type = OrderType::stop_market,
                               .price = {},
                               .stop_price = stop,
                               .quantity = wanted,
                               .tranche = slot},
                              out);
}

void ensure_take_profit(EngineState& state, TrancheSlot slot, bool old_ones_left, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    SymbolState& symbol = state.symbol(tranche.row.symbol);
    if (!symbol.settings.take_profit_enabled || tranche.closing_for != CloseReason::none) return;
    const bool limit = take_profit_is_limit(state);
    const Quantity own = tranche.own_quantity();
    const Quantity wanted = limit ? own : sendable(symbol, own);
    if (wanted.zero()) return let_exit_go(state, tranche.take_profit, out);
    const Price at = tranche.take_profit_wanted;
    if (is_live(state, tranche.take_profit)) {
        const Order& order = state.orders[tranche.take_profit];
        const bool aged = too_old(state, tranche, order);
        const bool good = matches(state, order, wanted, at) && !aged &&
                          order.replacing != Replacing::lost &&
                          is_conditional(order.row.type) != limit;
        if (good || !is_working(state, tranche.take_profit)) return;
        if (order.replacing == Replacing::under_way || order.replacing == Replacing::doubted)
            return;  // its reply, or the answer to a question, looks again
        const bool changeable = state.settings.protection.modify_take_profits && limit &&
                                order.row.type == OrderType::limit &&
                                order.replacing == Replacing::no && !aged && !tranche.dust &&
                                !too_small_for_exits(symbol, wanted);
        if (changeable) return replace(state, tranche.take_profit, wanted, at, out);
        // Two of them together would exceed the position, so the old one goes first (§5.7).
        return cancel(state, tranche.take_profit, out);
    }
    if (old_ones_left || tranche.take_profit_attempts.given_up || tranche.dust ||
        too_small_for_exits(symbol, tranche.own_quantity()))
        return;
    if (state.now < tranche.take_profit_attempts.not_before)
        return look_again(state, slot, tranche.take_profit_attempts.not_before);
    if (!limit && !room_for_conditional(state, tranche.row.symbol))
        return look_again(state, slot, state.now + adjust_pause);
    tranche.take_profit = place(state,
                                {.symbol = tranche.row.symbol,
                                 .side = tranche.row.side,
                                 .role = Role::take_profit,
                                 .type = limit ? OrderType::limit : OrderType::take_profit_market,
                                 .price = limit ? at : Price{},
                                 .stop_price = limit ? Price{} : at,
                                 .quantity = wanted,
                                 .tranche = slot},
                                out);
}

/// What a close may sell: after a refusal no more than the exchange says it holds.
Quantity closable(const EngineState& state, const Tranche& tranche) {
    const Quantity theirs =
        state.symbols[index(tranche.row.symbol)].sides[index(tranche.row.side)].exchange_quantity;
    const bool doubted = tranche.close_attempts.failures > 0 && theirs.positive();
    return doubted ? std::min(theirs, tranche.row.quantity) : tranche.row.quantity;
}

/// The closing order itself, once nothing else could sell the same quantity.
void continue_close(EngineState& state, TrancheSlot slot, bool old_ones_left, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (is_live(state, tranche.close)) return;
    if (is_live(state, tranche.take_profit)) return cancel(state, tranche.take_profit, out);
    if (old_ones_left) return;
    if (state.now < tranche.close_attempts.not_before)
        return look_again(state, slot, tranche.close_attempts.not_before);
    tranche.close =
        place(state,
              {.symbol = tranche.row.symbol,
               .side = tranche.row.side,
               .role = Role::close,
               .type = OrderType::market,
               .price = {},
               .stop_price = {},
               .quantity = sendable(state.symbol(tranche.row.symbol), closable(state, tranche)),
               .tranche = slot},
              out);
}

/// Working exits are looked at again when they are too old.
void expire_exits(EngineState& state, TrancheSlot slot) {
    const Tranche& tranche = state.tranches[slot];
    const Nanos limit = state.settings.tranche.order_ttl.of(tranche.row.ordinal);
    if (limit.count == 0) return;
    for (const OrderSlot order : {tranche.stop_loss, tranche.take_profit})
        if (order != no_slot) look_again(state, slot, state.orders[order].row.created + limit);
}

/// State of the tranche from what works; alarms when its stop is missing for too long.
void judge(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    const SymbolState& symbol = state.symbol(tranche.row.symbol);
    const Quantity held = tranche.own_quantity();
    const bool dust = is_dust(symbol, tranche);
    const bool pairs_ok = pairs_work(state, tranche);
    const bool stop_ok =
        !symbol.settings.stop_loss_enabled ||
        (pairs_ok && (held.zero() || covers(state, tranche.stop_loss, sendable(symbol, held)))) ||
        (dust && is_working(state, state.side_of(tranche).backstop));
    const bool profit_ok = !symbol.settings.take_profit_enabled || dust ||
                           (pairs_ok && (held.zero() || covers(state, tranche.take_profit, held)));
    const bool on_the_way =
        is_live(state, tranche.stop_loss) || is_live(state, tranche.take_profit);
    const TrancheState before = tranche.row.state;
    TrancheState now = TrancheState::unprotected;
    if (tranche.closing_for != CloseReason::none)
        now = TrancheState::closing;
    else if (stop_ok && profit_ok)
        now = tranche.retiring_count > 0 ? TrancheState::adjusting : TrancheState::protected_;
    else if (on_the_way)
        now = before == TrancheState::protected_ || before == TrancheState::adjusting
                  ? TrancheState::adjusting
                  : TrancheState::protecting;
    if (stop_ok) {
        end_unprotected(state, slot, out);
    } else {
        begin_unprotected(state, slot);
        if (!tranche.alarmed && state.now - tranche.row.unprotected_since > alarm_after) {
            tranche.alarmed = true;
            ++state.side_of(tranche).alarmed;
            record_alarm(state, AlarmKind::unprotected_too_long, true, tranche.row.symbol,
                         tranche.row.id, (state.now - tranche.row.unprotected_since).milliseconds(),
                         "no stop-loss works for the whole quantity", out);
        }
    }
    if (now != TrancheState::protected_)
        look_again(state, slot, state.now + judge_pause);
    else
        expire_exits(state, slot);
    const auto id_of = [&](OrderSlot order) {
        return is_live(state, order) ? state.orders[order].row.order_id : 0;
    };
    const auto price_of = [&](OrderSlot order) {
        if (!is_live(state, order)) return Price{};
        const OrderRow& row = state.orders[order].row;
        return row.stop_price.positive() ? row.stop_price : row.price;
    };
    TrancheRow& row = tranche.row;
    const std::int64_t take_profit = id_of(tranche.take_profit);
    const std::int64_t stop_loss = id_of(tranche.stop_loss);
    if (before != now || row.take_profit_order != take_profit || row.stop_loss_order != stop_loss)
        record_tranche(state, slot);
    move_to(tranche, now);
    row.take_profit_order = take_profit;
    row.stop_loss_order = stop_loss;
    row.take_profit = price_of(tranche.take_profit);
    row.stop_loss = price_of(tranche.stop_loss);
    watch_target(state, slot);
}

}  // namespace

void begin_unprotected(EngineState& state, TrancheSlot slot) {
    TrancheRow& row = state.tranches[slot].row;
    if (row.unprotected_since.count != 0) return;
    row.unprotected_since = state.now;
    ++state.totals.unprotected_now;
}

void end_unprotected(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (tranche.row.unprotected_since.count == 0) return;
    --state.totals.unprotected_now;
    const Nanos span = state.now - tranche.row.unprotected_since;
    tranche.row.unprotected_since = {};
    tranche.row.unprotected_total += span;
    tranche.row.unprotected_max = std::max(tranche.row.unprotected_max, span);
    state.totals.unprotected_max = std::max(state.totals.unprotected_max, span);
    state.board.unprotected.add(span.count);
    if (!tranche.alarmed) return;
    tranche.alarmed = false;
    --state.side_of(tranche).alarmed;
    record_alarm(state, AlarmKind::unprotected_too_long, false, tranche.row.symbol, tranche.row.id,
                 span.milliseconds(), "protected again", out);
}

void protect(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (!tranche.live || is_final(tranche.row.state) || !tranche.row.quantity.positive()) return;
    if (!out.roomy()) return look_again(state, slot, state.now + milliseconds(1));
    const bool dust = is_dust(state.symbol(tranche.row.symbol), tranche) &&
                      tranche.closing_for == CloseReason::none && tranche.live_entries == 0;
    if (dust && join_neighbour(state, slot, out)) return;
    if (dust) look_again(state, slot, state.now + seconds(1));  // a neighbour may come
    if (!pairs_live(state, slot)) fold_pairs(state, slot);
    const bool old_take_profits = sweep_retired(state, tranche, out);
    ensure_stop(state, slot, out);
    if (tranche.closing_for != CloseReason::none)
        continue_close(state, slot, old_take_profits, out);
    // While order connections are short, what covers goes before what takes profit.
    ensure_backstop(state, tranche.row.symbol, tranche.row.side, out);
    if (tranche.closing_for == CloseReason::none)
        ensure_take_profit(state, slot, old_take_profits, out);
    judge(state, slot, out);
}

void start_close(EngineState& state, TrancheSlot slot, CloseReason reason, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (!tranche.row.quantity.positive()) return;
    if (tranche.closing_for != CloseReason::none) {
        // Whoever asks for it by hand is not stopped by the breaker of instant closes.
        if (reason == CloseReason::operator_close) tranche.closing_for = reason;
        return;
    }
    fold_pairs(state, slot);
    tranche.closing_for = reason;
    tranche.close_attempts = {};
    // Already beyond its stop: another one would be refused too while the close is under way.
    if (reason == CloseReason::stop_loss)
        tranche.stop_loss_attempts.not_before = state.now + seconds(1);
    set_crossed(state, slot, {});
    protect(state, slot, out);
}

void note_removal(EngineState& state, TrancheSlot slot, Role role, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (role != Role::stop_loss && role != Role::take_profit) return;
    Attempts& attempts =
        role == Role::stop_loss ? tranche.stop_loss_attempts : tranche.take_profit_attempts;
    if (!removed_too_often(attempts, state.now)) return;
    record_alarm(state, AlarmKind::exit_removed, true, tranche.row.symbol, tranche.row.id,
                 removals_to_give_up,
                 "somebody else keeps cancelling this exit: left to the backstop", out);
}

void wait_with_exit(EngineState& state, TrancheSlot slot, Role role, bool filters) {
    Tranche& tranche = state.tranches[slot];
    if (role != Role::stop_loss && role != Role::take_profit) return;
    if (filters && !state.symbol(tranche.row.symbol).rules_doubted) return;
    if (role == Role::stop_loss)
        tranche.stop_loss_attempts.not_before = state.now + refused_stop_pause;
    else
        tranche.take_profit_attempts.not_before = state.now + refused_profit_pause;
}

bool is_crowded(const EngineState& state, TrancheSlot slot, Role role) {
    const Tranche& tranche = state.tranches[slot];
    const bool conditional_target = is_live(state, tranche.take_profit) &&
                                    is_conditional(state.orders[tranche.take_profit].row.type);
    if (role == Role::stop_loss) return has_retiring_stop(state, slot) || conditional_target;
    return role == Role::take_profit && !take_profit_is_limit(state) &&
           is_live(state, tranche.stop_loss);
}

void note_crowding(EngineState& state, TrancheSlot slot, Role role) {
    const Tranche& tranche = state.tranches[slot];
    const Attempts& attempts =
        role == Role::stop_loss ? tranche.stop_loss_attempts : tranche.take_profit_attempts;
    if (attempts.failures >= 2) state.stops_share_position = true;
}

bool take_profit_is_limit(const EngineState& state) {
    return state.settings.protection.take_profit_is_limit || state.stops_share_position;
}

bool has_retiring_stop(const EngineState& state, TrancheSlot slot) {
    const Tranche& tranche = state.tranches[slot];
    return std::any_of(tranche.retiring.begin(), tranche.retiring.begin() + tranche.retiring_count,
                       [&](OrderSlot slot_of_stop) {
                           const Order& order = state.orders[slot_of_stop];
                           // One that the exchange was to place and never showed stands in no way.
                           const bool unseen = order.attached && order.row.order_id == 0;
                           return is_live(state, slot_of_stop) && !unseen &&
                                  order.row.id.role == Role::stop_loss;
                       });
}

bool join_neighbour(EngineState& state, TrancheSlot slot, Outbox& out) {
    const SideBook& side = state.side_of(state.tranches[slot]);
    const std::size_t own = place_in(side, slot);
    const auto takes = [&](std::size_t at) {
        const Tranche& other = state.tranches[side.tranches[at]];
        return other.row.quantity.positive() && other.closing_for == CloseReason::none &&
               other.retiring_count <= merge_retiring_max;
    };
    std::size_t found = side.count;
    for (std::size_t at = own; at-- > 0 && found == side.count;)
        if (takes(at)) found = at;
    for (std::size_t at = own + 1; at < side.count && found == side.count; ++at)
        if (takes(at)) found = at;
    if (found == side.count) return false;
    merge_tranches(state, side.tranches[found], slot, 1, out);
    return true;
}

void note_dust(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    const Notional least = state.symbol(tranche.row.symbol).rules.min_notional;
    if (least.positive() && tranche.row.cost > least + least) return;
    tranche.dust = true;
    if (tranche.live_entries == 0) join_neighbour(state, slot, out);
}

void note_failure(EngineState& state, TrancheSlot slot, Role role, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    Attempts& attempts = role == Role::stop_loss     ? tranche.stop_loss_attempts
                         : role == Role::take_profit ? tranche.take_profit_attempts
                                                     : tranche.close_attempts;
    if (state.now - attempts.not_before > forget_failures) attempts.failures = 0;
    const std::size_t step = std::min<std::size_t>(attempts.failures, retry_ladder.size() - 1);
    attempts.not_before = state.now + retry_ladder[step];
    if (attempts.failures < UINT8_MAX) ++attempts.failures;
    if (role == Role::close && attempts.failures >= 3 &&
        tranche.closing_for == CloseReason::market_close) {
        // Circuit breaker (§5.4): back to resting exits, no more market closes for five minutes.
        tranche.closing_for = CloseReason::none;
        attempts.not_before = state.now + seconds(300);
        look_again(state, slot, state.now + milliseconds(1));
        record_alarm(state, AlarmKind::protection_rejected, true, tranche.row.symbol,
                     tranche.row.id, attempts.failures, "closing at market failed three times",
                     out);
    }
    look_again(state, slot, std::max(attempts.not_before, state.now + milliseconds(1)));
    if (tranche.row.quantity.positive()) judge(state, slot, out);
}

}  // namespace tranche
