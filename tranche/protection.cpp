#include "tranche/protection.hpp"

#include <algorithm>
#include <array>

#include "core/canary.hpp"
#include "tranche/book.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/pairs.hpp"
#include "tranche/prefetch.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr Nanos adjust_pause = milliseconds(200);  // at most five replacements a second
constexpr Nanos unknown_patience = seconds(1);     // I3, hard bound
constexpr Nanos alarm_after = seconds(2);
constexpr Ratio backstop_distance{2'000'000};  // 2 % beyond the worst stop
constexpr Nanos refused_pause = seconds(5);
constexpr Nanos removal_memory = seconds(600);
constexpr std::uint8_t removals_to_give_up = 3;
constexpr Nanos forget_failures = seconds(30);  // without one, the ladder starts again
constexpr std::array<Nanos, 6> retry_ladder = {
    milliseconds(0), milliseconds(100), milliseconds(300), seconds(1), seconds(3), seconds(5)};

void due(EngineState& state, TrancheSlot slot, Nanos when) {
    state.timers.set_earlier(state.timer_of_tranche(slot), when);
}

bool room_for_conditional(const EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbols[index(id)];
    const std::uint16_t limit = symbol.rules.max_conditional_orders;
    return limit == 0 || symbol.live_conditionals < limit;
}

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

bool too_old(const EngineState& state, const Tranche& tranche, const Order& order) {
    const Nanos limit = state.settings.tranche.order_ttl.of(tranche.row.ordinal);
    return limit.count > 0 && state.now - order.row.created >= limit;
}

/// Counts a removal by somebody else; true when there have been too many of late.
bool removed_too_often(Attempts& attempts, Nanos now) {
    if (attempts.removals == 0 || now - attempts.removed_since > removal_memory) {
        attempts.removals = 0;
        attempts.removed_since = now;
    }
    attempts.given_up = ++attempts.removals >= removals_to_give_up;
    if (attempts.given_up) attempts.removals = 0;
    return attempts.given_up;
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

bool matches(const Order& order, Quantity quantity, Price price) {
    const Price at = order.row.stop_price.positive() ? order.row.stop_price : order.row.price;
    return order.row.quantity - order.row.filled == quantity && at == price;
}

/// A stop whose fate stays unknown does not protect; without a backstop one other is sent.
/// Source: reliability-model.md §2.2, step 6.
bool stop_is_lost(const EngineState& state, const Tranche& tranche, const Order& order) {
    return order.row.state == OrderState::unknown &&
           state.now - order.state_since > unknown_patience &&
           !is_working(
               state,
               state.symbols[index(tranche.row.symbol)].sides[index(tranche.row.side)].backstop) &&
           std::none_of(tranche.retiring.begin(), tranche.retiring.begin() + tranche.retiring_count,
                        [&](OrderSlot slot) {
                            return is_live(state, slot) &&
                                   state.orders[slot].row.state == OrderState::unknown;
                        });
}

/// Where stops may not overlap, the old one goes first, and only while the backstop works (G5).
/// True while one has to be waited for.
bool makes_way(EngineState& state, TrancheSlot slot, Outbox& out) {
    if (!state.stops_share_position || !has_retiring_stop(state, slot)) return false;
    const Tranche& tranche = state.tranches[slot];
    if (is_working(state, state.side(tranche.row.symbol, tranche.row.side).backstop))
        for (std::size_t i = 0; i < tranche.retiring_count; ++i)
            if (is_live(state, tranche.retiring[i]) &&
                state.orders[tranche.retiring[i]].row.id.role == Role::stop_loss)
                cancel(state, tranche.retiring[i], out);
    due(state, slot, state.now + milliseconds(100));
    return true;
}

void ensure_stop(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    SymbolState& symbol = state.symbol(tranche.row.symbol);
    if (!symbol.settings.stop_loss_enabled) return;
    Quantity wanted = sendable(symbol, tranche.own_quantity());
    if (planted(Canary::half_stop))
        wanted = snap(Quantity{wanted.raw / 2}, symbol.rules.step, Rounding::up);
    if (wanted.zero()) return let_exit_go(state, tranche.stop_loss, out);
    const Price stop = tranche.stop_wanted;
    if (is_live(state, tranche.stop_loss)) {
        const Order& order = state.orders[tranche.stop_loss];
        if (stop_is_lost(state, tranche, order)) {
            if (!retire(tranche, tranche.stop_loss)) return;
        } else {
            const bool good = matches(order, wanted, stop) && !too_old(state, tranche, order);
            if (good || !is_working(state, tranche.stop_loss)) return;
            if (state.now < tranche.adjusted_at + adjust_pause)
                return due(state, slot, tranche.adjusted_at + adjust_pause);
            if (!room_for_conditional(state, tranche.row.symbol)) {
                const OrderSlot backstop = state.side_of(tranche).backstop;
                if (is_working(state, backstop)) cancel(state, tranche.stop_loss, out);
                return due(state, slot, state.now + adjust_pause);
            }
            if (planted(Canary::cancel_before_place)) return cancel(state, tranche.stop_loss, out);
            if (!retire(tranche, tranche.stop_loss))
                return due(state, slot, state.now + adjust_pause);
        }
    }
    if (tranche.stop_loss_attempts.given_up || too_small_for_exits(symbol, tranche.own_quantity()))
        return;
    if (state.now < tranche.stop_loss_attempts.not_before)
        return due(state, slot, tranche.stop_loss_attempts.not_before);
    if (makes_way(state, slot, out)) return;
    if (!room_for_conditional(state, tranche.row.symbol))
        return due(state, slot, state.now + adjust_pause);
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
    const bool limit = state.settings.protection.take_profit_is_limit;
    const Quantity own = tranche.own_quantity();
    const Quantity wanted = limit ? own : sendable(symbol, own);
    if (wanted.zero()) return let_exit_go(state, tranche.take_profit, out);
    const Price at = tranche.take_profit_wanted;
    if (is_live(state, tranche.take_profit)) {
        const Order& order = state.orders[tranche.take_profit];
        const bool good = matches(order, wanted, at) && !too_old(state, tranche, order);
        if (good || !is_working(state, tranche.take_profit)) return;
        // Two of them together would exceed the position, so the old one goes first (§5.7).
        return cancel(state, tranche.take_profit, out);
    }
    if (old_ones_left || tranche.take_profit_attempts.given_up ||
        too_small_for_exits(symbol, tranche.own_quantity()))
        return;
    if (state.now < tranche.take_profit_attempts.not_before)
        return due(state, slot, tranche.take_profit_attempts.not_before);
    if (!limit && !room_for_conditional(state, tranche.row.symbol))
        return due(state, slot, state.now + adjust_pause);
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

/// The closing order itself, once nothing else could sell the same quantity.
void continue_close(EngineState& state, TrancheSlot slot, bool old_ones_left, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (is_live(state, tranche.close)) return;
    if (is_live(state, tranche.take_profit)) return cancel(state, tranche.take_profit, out);
    if (old_ones_left) return;
    if (state.now < tranche.close_attempts.not_before)
        return due(state, slot, tranche.close_attempts.not_before);
    tranche.close =
        place(state,
              {.symbol = tranche.row.symbol,
               .side = tranche.row.side,
               .role = Role::close,
               .type = OrderType::market,
               .price = {},
               .stop_price = {},
               .quantity = sendable(state.symbol(tranche.row.symbol), tranche.row.quantity),
               .tranche = slot},
              out);
}

/// Whether marks beyond the take-profit close at market. A conditional one needs no help.
bool closes_at_market(const EngineState& state, const SymbolState& symbol) {
    const ProtectionSettings& rules = state.settings.protection;
    return rules.instant_close && rules.take_profit_is_limit && symbol.settings.take_profit_enabled;
}

void watch_target(EngineState& state, TrancheSlot slot) {
    const TrancheRow& row = state.tranches[slot].row;
    SideBook& side = state.side(row.symbol, row.side);
    Price& target = side.targets[place_in(side, slot)];
    const Price wanted =
        closes_at_market(state, state.symbol(row.symbol)) ? row.take_profit : Price{};
    if (target == wanted) return;
    target = wanted;
    refresh_quiet(state, row.symbol);
}

/// Working exits are looked at again when they are too old.
void expire_exits(EngineState& state, TrancheSlot slot) {
    const Tranche& tranche = state.tranches[slot];
    const Nanos limit = state.settings.tranche.order_ttl.of(tranche.row.ordinal);
    if (limit.count == 0) return;
    for (const OrderSlot order : {tranche.stop_loss, tranche.take_profit})
        if (order != no_slot) due(state, slot, state.orders[order].row.created + limit);
}

/// State of the tranche from what works; alarms when its stop is missing for too long.
void judge(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    const SymbolState& symbol = state.symbol(tranche.row.symbol);
    const Quantity held = tranche.own_quantity();
    const bool dust = too_small_for_exits(symbol, tranche.row.quantity);
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
        due(state, slot, state.now + milliseconds(100));
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

/// Worst stop among the side's tranches: lowest for a long, highest for a short; 0 without any.
Price worst_stop(const SideBook& side, PositionSide which) {
    Price worst;
    for (std::size_t i = 0; i < side.count; ++i) {
        const Price stop = side.stops[i];
        const bool further = which == PositionSide::long_side ? stop < worst : stop > worst;
        if (stop.positive() && (!worst.positive() || further)) worst = stop;
    }
    return worst;
}

/// The mark price is beyond the take-profit since `when`; 0: it is not.
void set_crossed(EngineState& state, TrancheSlot slot, Nanos when) {
    Tranche& tranche = state.tranches[slot];
    std::uint16_t& crossed = state.side_of(tranche).crossed;
    if (tranche.crossed_since.count != 0) --crossed;
    if (when.count != 0) ++crossed;
    tranche.crossed_since = when;
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
    if (!out.roomy()) return due(state, slot, state.now + milliseconds(1));
    const bool dust = too_small_for_exits(state.symbol(tranche.row.symbol), tranche.row.quantity) &&
                      tranche.closing_for == CloseReason::none && tranche.live_entries == 0;
    if (dust && join_neighbour(state, slot, out)) return;
    if (!pairs_live(state, slot)) fold_pairs(state, slot);
    prefetch_exits(state, tranche);
    const bool old_take_profits = sweep_retired(state, tranche, out);
    ensure_stop(state, slot, out);
    if (tranche.closing_for != CloseReason::none)
        continue_close(state, slot, old_take_profits, out);
    else
        ensure_take_profit(state, slot, old_take_profits, out);
    ensure_backstop(state, tranche.row.symbol, tranche.row.side, out);
    judge(state, slot, out);
}

void ensure_backstop(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    if (!state.settings.protection.backstop || planted(Canary::no_backstop)) return;
    SymbolState& symbol = state.symbol(id);
    SideBook& side = symbol.sides[index(which)];
    const Price worst = worst_stop(side, which);
    if (!worst.positive()) {
        if (is_live(state, side.backstop)) cancel(state, side.backstop, out);
        return;
    }
    if (side.backstop_attempts.given_up) return;
    const bool same =
        worst == side.backstop_beyond && side.liquidation_price == side.backstop_within;
    if (same && is_live(state, side.backstop)) return;
    const Price wanted =
        backstop_price(which, worst, side.liquidation_price, backstop_distance, symbol.rules);
    if (is_live(state, side.backstop)) {
        const Price stop = state.orders[side.backstop].row.stop_price;
        const bool is_long = which == PositionSide::long_side;
        const bool beyond_stops = is_long ? stop < worst : stop > worst;
        const bool within_liquidation = is_long ? stop >= wanted : stop <= wanted;
        // The tranches' own stops hold while it moves, so here the old one may go first.
        if (!(beyond_stops && within_liquidation) && is_working(state, side.backstop))
            cancel(state, side.backstop, out);
        return;
    }
    if (state.now < side.backstop_attempts.not_before || !room_for_conditional(state, id) ||
        !out.roomy()) {
        const Nanos again = std::max(side.backstop_attempts.not_before, state.now + adjust_pause);
        const auto holds = std::find_if(side.stops.begin(), side.stops.begin() + side.count,
                                        [](Price stop) { return stop.positive(); });
        return due(state, side.tranches[static_cast<std::size_t>(holds - side.stops.begin())],
                   again);
    }
    side.backstop = place(state,
                          {.symbol = id,
                           .side = which,
                           .role = Role::backstop,
                           .type = OrderType::stop_market,
                           .price = {},
                           .stop_price = wanted,
                           .quantity = {},
                           .tranche = no_slot},
                          out);
    side.backstop_beyond = worst;
    side.backstop_within = side.liquidation_price;
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

void refresh_quiet(EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbol(id);
    Price above;
    Price below{INT64_MAX};
    for (const PositionSide which : {PositionSide::long_side, PositionSide::short_side}) {
        const SideBook& side = symbol.sides[index(which)];
        if (side.crossed > 0) {
            state.price(id).quiet = QuietRange::never();
            return;
        }
        for (std::size_t i = 0; i < side.count; ++i) {
            if (!side.targets[i].positive()) continue;
            if (which == PositionSide::long_side)
                below = std::min(below, side.targets[i]);
            else
                above = std::max(above, side.targets[i]);
        }
    }
    state.price(id).quiet = {above, below};
}

void watch_mark(EngineState& state, SymbolId id, Outbox& out) {
    SymbolState& symbol = state.symbol(id);
    const Price mark = state.price(id).mark;
    for (const PositionSide which : {PositionSide::long_side, PositionSide::short_side}) {
        SideBook& side = symbol.sides[index(which)];
        for (std::size_t i = side.count; i-- > 0;) {
            const Price target = side.targets[i];
            const TrancheSlot slot = side.tranches[i];
            const bool crossed =
                target.positive() &&
                (which == PositionSide::long_side ? mark >= target : mark <= target);
            const Tranche& tranche = state.tranches[slot];
            if (!crossed) {
                set_crossed(state, slot, {});
            } else if (tranche.crossed_since.count == 0) {
                set_crossed(state, slot, state.now);
            } else if (state.now - tranche.crossed_since >=
                           state.settings.protection.instant_close_grace &&
                       state.now >= tranche.close_attempts.not_before && out.roomy()) {
                start_close(state, slot, CloseReason::market_close, out);
            }
        }
    }
    refresh_quiet(state, id);
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

void note_backstop_removal(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    if (!removed_too_often(state.side(id, which).backstop_attempts, state.now)) return;
    record_alarm(state, AlarmKind::exit_removed, true, id, no_tranche, removals_to_give_up,
                 "somebody else keeps cancelling the backstop: the side is theirs", out);
}

void wait_with_exit(EngineState& state, TrancheSlot slot, Role role, bool filters) {
    Tranche& tranche = state.tranches[slot];
    if (role != Role::stop_loss && role != Role::take_profit) return;
    if (filters && !state.symbol(tranche.row.symbol).rules_doubted) return;
    Attempts& attempts =
        role == Role::stop_loss ? tranche.stop_loss_attempts : tranche.take_profit_attempts;
    attempts.not_before = state.now + refused_pause;
}

bool has_retiring_stop(const EngineState& state, TrancheSlot slot) {
    const Tranche& tranche = state.tranches[slot];
    return std::any_of(tranche.retiring.begin(), tranche.retiring.begin() + tranche.retiring_count,
                       [&](OrderSlot order) {
                           return is_live(state, order) &&
                                  state.orders[order].row.id.role == Role::stop_loss;
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
        due(state, slot, state.now + milliseconds(1));
        record_alarm(state, AlarmKind::protection_rejected, true, tranche.row.symbol,
                     tranche.row.id, attempts.failures, "closing at market failed three times",
                     out);
    }
    due(state, slot, std::max(attempts.not_before, state.now + milliseconds(1)));
    if (tranche.row.quantity.positive()) judge(state, slot, out);
}

}  // namespace tranche
