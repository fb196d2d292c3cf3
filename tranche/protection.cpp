#include "tranche/protection.hpp"

#include <algorithm>
#include <array>

#include "tranche/book.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr Nanos adjust_pause = milliseconds(200);  // at most five replacements a second
constexpr Nanos unknown_patience = seconds(1);     // I3, hard bound
constexpr Nanos alarm_after = seconds(2);
constexpr Ratio backstop_distance{2'000'000};   // 2 % beyond the worst stop
constexpr Nanos forget_failures = seconds(30);  // without one, the ladder starts again
constexpr std::array<Nanos, 6> retry_ladder = {
    milliseconds(0), milliseconds(100), milliseconds(300), seconds(1), seconds(3), seconds(5)};

void due(EngineState& state, TrancheSlot slot, Nanos when) {
    Nanos& at = state.tranche_due[slot];
    if (at.count == 0 || when < at) at = when;
}

/// Conditional orders of ours that count against the exchange's limit on the symbol.
std::size_t conditional_orders(const EngineState& state, SymbolId id) {
    std::size_t count = 0;
    const SymbolState& symbol = state.symbols[index(id)];
    const auto conditional = [&](OrderSlot slot) {
        return is_live(state, slot) && is_conditional(state.orders[slot].row.type);
    };
    for (const SideBook& side : symbol.sides) {
        count += conditional(side.backstop) ? 1U : 0U;
        for (std::size_t i = 0; i < side.count; ++i) {
            const Tranche& tranche = state.tranches[side.tranches[i]];
            count += conditional(tranche.stop_loss) ? 1U : 0U;
            count += conditional(tranche.take_profit) ? 1U : 0U;
            for (std::size_t r = 0; r < tranche.retiring_count; ++r)
                count += conditional(tranche.retiring[r]) ? 1U : 0U;
        }
    }
    return count;
}

bool room_for_conditional(const EngineState& state, SymbolId id) {
    const std::uint16_t limit = state.symbols[index(id)].rules.max_conditional_orders;
    return limit == 0 || conditional_orders(state, id) < limit;
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

/// Forgets retired orders that have ended; cancels stops once the current one works for all the
/// tranche holds, take-profits at once. True while a take-profit is still on its way out.
bool sweep_retired(EngineState& state, Tranche& tranche, Outbox& out) {
    bool take_profit_left = false;
    const bool covered = covers(state, tranche.stop_loss,
                                sendable(state.symbol(tranche.row.symbol), tranche.row.quantity));
    for (std::size_t i = 0; i < tranche.retiring_count;) {
        const OrderSlot slot = tranche.retiring[i];
        if (!is_live(state, slot)) {
            tranche.retiring[i] = tranche.retiring[--tranche.retiring_count];
            continue;
        }
        const bool is_stop = state.orders[slot].row.id.role == Role::stop_loss;
        if (!is_stop || covered) cancel(state, slot, out);
        take_profit_left = take_profit_left || !is_stop;
        ++i;
    }
    return take_profit_left;
}

bool matches(const Order& order, Quantity quantity, Price price) {
    const Price at = order.row.stop_price.positive() ? order.row.stop_price : order.row.price;
    return order.row.quantity - order.row.filled == quantity && at == price;
}

/// A stop whose fate stays unknown does not protect; without a backstop another one is sent.
bool stop_is_lost(const EngineState& state, const Tranche& tranche, const Order& order) {
    return order.row.state == OrderState::unknown &&
           state.now - order.state_since > unknown_patience &&
           !is_working(
               state,
               state.symbols[index(tranche.row.symbol)].sides[index(tranche.row.side)].backstop);
}

void ensure_stop(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    SymbolState& symbol = state.symbol(tranche.row.symbol);
    if (!symbol.settings.stop_loss_enabled) return;
    const Quantity wanted = sendable(symbol, tranche.row.quantity);
    const Price stop = stop_loss_price(tranche.row.side, tranche.row.entry,
                                       symbol.settings.stop_loss, symbol.rules);
    if (is_live(state, tranche.stop_loss)) {
        const Order& order = state.orders[tranche.stop_loss];
        if (stop_is_lost(state, tranche, order)) {
            if (!retire(tranche, tranche.stop_loss)) return;
        } else {
            if (matches(order, wanted, stop) || !is_working(state, tranche.stop_loss)) return;
            if (state.now < tranche.adjusted_at + adjust_pause)
                return due(state, slot, tranche.adjusted_at + adjust_pause);
            if (!room_for_conditional(state, tranche.row.symbol)) {
                const OrderSlot backstop = state.side_of(tranche).backstop;
                if (is_working(state, backstop)) cancel(state, tranche.stop_loss, out);
                return due(state, slot, state.now + adjust_pause);
            }
            if (!retire(tranche, tranche.stop_loss))
                return due(state, slot, state.now + adjust_pause);
        }
    }
    if (state.now < tranche.stop_loss_attempts.not_before)
        return due(state, slot, tranche.stop_loss_attempts.not_before);
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
    const Quantity wanted = limit ? tranche.row.quantity : sendable(symbol, tranche.row.quantity);
    const Price at = take_profit_price(tranche.row.side, tranche.row.entry,
                                       symbol.settings.take_profit, symbol.rules);
    if (is_live(state, tranche.take_profit)) {
        if (matches(state.orders[tranche.take_profit], wanted, at) ||
            !is_working(state, tranche.take_profit))
            return;
        // Two of them together would exceed the position, so the old one goes first (§5.7).
        return cancel(state, tranche.take_profit, out);
    }
    if (old_ones_left) return;
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

/// State of the tranche from what works; alarms when its stop is missing for too long.
void judge(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    const SymbolState& symbol = state.symbol(tranche.row.symbol);
    const Quantity held = tranche.row.quantity;
    const bool stop_ok = !symbol.settings.stop_loss_enabled ||
                         covers(state, tranche.stop_loss, sendable(symbol, held));
    const bool profit_ok =
        !symbol.settings.take_profit_enabled || covers(state, tranche.take_profit, held);
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
        if (tranche.row.unprotected_since.count == 0) tranche.row.unprotected_since = state.now;
        if (!tranche.alarmed && state.now - tranche.row.unprotected_since > alarm_after) {
            tranche.alarmed = true;
            record_alarm(state, AlarmKind::unprotected_too_long, true, tranche.row.symbol,
                         tranche.row.id, (state.now - tranche.row.unprotected_since).milliseconds(),
                         "no stop-loss works for the whole quantity", out);
        }
    }
    if (now != TrancheState::protected_) due(state, slot, state.now + milliseconds(100));
    const auto id_of = [&](OrderSlot order) {
        return is_live(state, order) ? state.orders[order].row.order_id : 0;
    };
    const auto price_of = [&](OrderSlot order) {
        if (!is_live(state, order)) return Price{};
        const OrderRow& row = state.orders[order].row;
        return row.stop_price.positive() ? row.stop_price : row.price;
    };
    TrancheRow& row = tranche.row;
    const TrancheRow shown = row;
    row.state = now;
    row.take_profit_order = id_of(tranche.take_profit);
    row.stop_loss_order = id_of(tranche.stop_loss);
    row.take_profit = price_of(tranche.take_profit);
    row.stop_loss = price_of(tranche.stop_loss);
    if (shown.state != row.state || shown.take_profit_order != row.take_profit_order ||
        shown.stop_loss_order != row.stop_loss_order)
        record_tranche(state, slot, out);
}

/// Worst stop among the side's tranches: lowest for a long, highest for a short; 0 without any.
Price worst_stop(const EngineState& state, SymbolId id, PositionSide which) {
    const SymbolState& symbol = state.symbols[index(id)];
    const SideBook& side = symbol.sides[index(which)];
    Price worst;
    for (std::size_t i = 0; i < side.count; ++i) {
        const TrancheRow& row = state.tranches[side.tranches[i]].row;
        if (!row.quantity.positive() || !symbol.settings.stop_loss_enabled) continue;
        const Price stop =
            stop_loss_price(which, row.entry, symbol.settings.stop_loss, symbol.rules);
        const bool further = which == PositionSide::long_side ? stop < worst : stop > worst;
        if (!worst.positive() || further) worst = stop;
    }
    return worst;
}

}  // namespace

void end_unprotected(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (tranche.row.unprotected_since.count == 0) return;
    const Nanos span = state.now - tranche.row.unprotected_since;
    tranche.row.unprotected_since = {};
    tranche.row.unprotected_total += span;
    tranche.row.unprotected_max = std::max(tranche.row.unprotected_max, span);
    state.totals.unprotected_max = std::max(state.totals.unprotected_max, span);
    state.board.unprotected.add(span.count);
    if (!tranche.alarmed) return;
    tranche.alarmed = false;
    record_alarm(state, AlarmKind::unprotected_too_long, false, tranche.row.symbol, tranche.row.id,
                 span.milliseconds(), "protected again", out);
}

void protect(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (!tranche.live || is_final(tranche.row.state) || !tranche.row.quantity.positive() ||
        state.settings.simulate_only)
        return;
    if (!out.roomy()) return due(state, slot, state.now + milliseconds(1));
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
    SymbolState& symbol = state.symbol(id);
    SideBook& side = symbol.sides[index(which)];
    if (!state.settings.protection.backstop || state.settings.simulate_only) return;
    const Price worst = worst_stop(state, id, which);
    if (!worst.positive()) {
        if (is_live(state, side.backstop)) cancel(state, side.backstop, out);
        return;
    }
    const Price wanted =
        backstop_price(which, worst, side.liquidation_price, backstop_distance, symbol.rules);
    if (is_live(state, side.backstop)) {
        const Price stop = state.orders[side.backstop].row.stop_price;
        const bool beyond = which == PositionSide::long_side ? stop < worst : stop > worst;
        // The tranches' own stops hold while it moves, so here the old one may go first.
        if (!beyond && stop != wanted && is_working(state, side.backstop))
            cancel(state, side.backstop, out);
        return;
    }
    if (state.now < side.backstop_attempts.not_before || !room_for_conditional(state, id) ||
        !out.roomy()) {
        const Nanos again = std::max(side.backstop_attempts.not_before, state.now + adjust_pause);
        const auto holds = [&](TrancheSlot slot) {
            return state.tranches[slot].row.quantity.positive();
        };
        return due(state, *std::find_if(side.tranches.begin(), side.tranches.end(), holds), again);
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
}

void start_close(EngineState& state, TrancheSlot slot, CloseReason reason, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    if (!tranche.row.quantity.positive()) return;
    if (tranche.closing_for != CloseReason::none) {
        // Whoever asks for it by hand is not stopped by the breaker of instant closes.
        if (reason == CloseReason::operator_close) tranche.closing_for = reason;
        return;
    }
    tranche.closing_for = reason;
    tranche.close_attempts = {};
    // Already beyond its stop: another one would be refused too while the close is under way.
    if (reason == CloseReason::stop_loss)
        tranche.stop_loss_attempts.not_before = state.now + seconds(1);
    tranche.crossed_since = {};
    protect(state, slot, out);
}

void watch_mark(EngineState& state, SymbolId id, Outbox& out) {
    const SymbolState& symbol = state.symbol(id);
    const ProtectionSettings& rules = state.settings.protection;
    if (!rules.instant_close || !rules.take_profit_is_limit || !symbol.settings.take_profit_enabled)
        return;
    for (const SideBook& side : symbol.sides) {
        for (std::size_t i = side.count; i-- > 0;) {
            const TrancheSlot slot = side.tranches[i];
            Tranche& tranche = state.tranches[slot];
            const Price target = tranche.row.take_profit;
            const bool crossed = target.positive() && (tranche.row.side == PositionSide::long_side
                                                           ? symbol.mark >= target
                                                           : symbol.mark <= target);
            if (!crossed) {
                tranche.crossed_since = {};
            } else if (tranche.crossed_since.count == 0) {
                tranche.crossed_since = state.now;
            } else if (state.now - tranche.crossed_since >= rules.instant_close_grace &&
                       state.now >= tranche.close_attempts.not_before && out.roomy()) {
                start_close(state, slot, CloseReason::market_close, out);
            }
        }
    }
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
}

}  // namespace tranche
