#include "tranche/entry.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/book.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/plausible.hpp"
#include "tranche/prefetch.hpp"
#include "tranche/risk.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

/// Our side and the threshold it is measured by. Source: reference-behaviour.md §3.3.
struct Direction {
    Side side;
    std::int64_t threshold;
};
Direction direction_for(const SymbolSettings& settings, Side forced) {
    Side side = opposite(forced);
    switch (settings.trade_side) {
        case TradeSide::opposite: break;
        case TradeSide::same: side = forced; break;
        case TradeSide::buy: side = Side::buy; break;
        case TradeSide::sell: side = Side::sell; break;
    }
    return {side, side == Side::buy ? settings.threshold_long : settings.threshold_short};
}

struct Plan {
    PositionSide side;
    Price price;
    Quantity quantity;
    Notional notional;
    Notional wanted;  // before the filters
    Notional margin;
};

Verdict price_and_size(EngineState& state, SymbolId id, const Liquidation& forced, Side side,
                       Plan& plan) {
    const EntrySettings& rules = state.settings.entry;
    const SymbolState& symbol = state.symbol(id);
    const SymbolPrices& market = state.price(id);
    const bool fresh =
        market.book_time.count != 0 &&
        (state.now - market.book_time <= rules.book_limit || planted(Canary::stale_book));
    std::optional<Price> price;
    if (fresh)
        price = entry_price(side, {market.bid, market.ask}, rules.price_mode, symbol.rules);
    else if (rules.price_mode == EntryPriceMode::reference)
        price = fallback_price(side, forced.price, symbol.settings.price_offset, symbol.rules);
    if (!price) return Verdict::no_book;
    const Price mark = state.now - market.mark_time < seconds(10) ? market.mark : Price{};
    if (!price_allowed(side, *price, mark, symbol.rules)) return Verdict::price_out_of_bounds;
    const Notional wanted{narrow(Wide{symbol.settings.trade_value.raw} * symbol.leverage)};
    const auto quantity = entry_quantity(wanted, *price, symbol.rules);
    if (!quantity) return Verdict::size_impossible;
    plan = {opened_by(side), *price, *quantity, *price * *quantity, wanted, {}};
    plan.margin = margin_of(plan.notional, symbol.leverage);
    if (rules.max_overshoot.positive() &&
        plan.notional > wanted + scale(wanted, rules.max_overshoot, Rounding::down))
        return Verdict::size_overshoot;
    return Verdict::entered;
}

/// Stops the symbol would need with one more tranche: one a tranche, one backstop a side.
bool stops_fit(const EngineState& state, const SymbolState& symbol, PositionSide which) {
    const std::size_t limit = symbol.rules.max_conditional_orders;
    const std::size_t each = state.settings.protection.take_profit_is_limit ? 1 : 2;
    std::size_t needed = each;
    for (std::size_t s = 0; s < 2; ++s) {
        const bool used = symbol.sides[s].count > 0 || s == index(which);
        needed += symbol.sides[s].count * each;
        if (used && state.settings.protection.backstop) ++needed;
    }
    // Without a backstop a stop can only be replaced beside the old one: one place is kept free.
    if (!state.settings.protection.backstop) ++needed;
    return limit == 0 || needed <= limit;
}

struct Assignment {
    TrancheSlot existing{no_slot};  // else a new tranche
    TrancheSlot keep{no_slot};      // merge these two first
    TrancheSlot absorb{no_slot};
    Verdict verdict{Verdict::entered};
};

Assignment at_the_limit(const EngineState& state, SymbolId id, const Plan& plan, Verdict otherwise,
                        TrancheSlot newest) {
    switch (state.settings.tranche.on_max) {
        case OnMaxTranches::add_to_newest: return {.existing = newest};
        case OnMaxTranches::reject: return {.verdict = otherwise};
        case OnMaxTranches::merge_then_new: break;
    }
    const MergePair pair = find_merge(state, id, plan.side);
    if (pair.kept == no_slot) return {.verdict = otherwise};
    return {.existing = no_slot, .keep = pair.kept, .absorb = pair.absorbed};
}

/// Which tranche the entry belongs to; decided once, carried by the client order id.
/// Source: reference-behaviour.md §4.3.
Assignment assign(const EngineState& state, SymbolId id, const SymbolState& symbol,
                  const Plan& plan) {
    const SideBook& side = symbol.sides[index(plan.side)];
    if (side.count == 0)
        return stops_fit(state, symbol, plan.side)
                   ? Assignment{}
                   : Assignment{.verdict = Verdict::conditional_limit};
    const TrancheSlot newest = side.tranches[side.count - 1U];
    // One that waits for its first fill takes the whole burst of triggers (reference §4.3, 4).
    if (side.pending > 0 && state.tranches[newest].row.state == TrancheState::pending)
        return {.existing = newest};
    const TrancheSettings& rules = state.settings.tranche;
    const bool losing =
        side.quantity.positive() &&
        pnl_at_or_below(plan.side, plan.price, side.quantity, side.cost, -rules.increment);
    if (!losing) return {.existing = newest};
    if (side.count >= rules.max_per_side)
        return at_the_limit(state, id, plan, Verdict::tranche_limit, newest);
    if (!stops_fit(state, symbol, plan.side))
        return at_the_limit(state, id, plan, Verdict::conditional_limit, newest);
    if (side.count >= rules.max_stops) {
        const Assignment forced = at_the_limit(state, id, plan, Verdict::conditional_limit, newest);
        // With fewer than two tranches there is nothing to merge; one stop serves them all.
        return forced.verdict == Verdict::entered ? forced : Assignment{.existing = newest};
    }
    return {};
}

Verdict gates_before_pricing(const EngineState& state, const SymbolState& symbol) {
    if (state.now < symbol.cooling_until) return Verdict::cooling_down;
    if (state.paused) return Verdict::paused;
    if (state.hold == Hold::loss_governor) return Verdict::loss_governor;
    if (state.hold == Hold::rate_governor) return Verdict::rate_governor;
    if (state.hold != Hold::none && !halts(state.hold)) return Verdict::paused;
    if (state.totals.mode != Mode::trading && !planted(Canary::enter_while_reconciling))
        return Verdict::entries_off;
    if (state.now < symbol.entries_off_until || symbol.rules_doubted) return Verdict::entries_off;
    if (!symbol.rules.trading || symbol.closed) return Verdict::symbol_not_trading;
    return Verdict::entered;
}

/// One-way mode: would an entry on this side reduce what the other side holds, or may hold soon?
bool against_position(const SymbolState& symbol, const EngineState& state, PositionSide which) {
    const SideBook& other = symbol.sides[1 - index(which)];
    if (other.count > 0 || other.exchange_quantity.positive()) return true;
    for (OrderSlot slot = symbol.first_entry; slot != no_slot; slot = state.orders[slot].next_entry)
        if (state.orders[slot].row.position_side != which) return true;
    return false;
}

Verdict gates_after_pricing(EngineState& state, const SymbolState& symbol, const Plan& plan,
                            Outbox& out) {
    const SideBook& side = symbol.sides[index(plan.side)];
    if (side.unknown_orders > 0 || side.differs_since.count != 0) return Verdict::side_blocked;
    if (side.alarmed > 0 || side.backstop_attempts.given_up) return Verdict::side_blocked;
    if (!state.hedge_mode && against_position(symbol, state, plan.side))
        return Verdict::against_position;
    if (symbol.live_entries >= state.settings.entry.max_open_orders) return Verdict::order_limit;
    const Verdict collateral = check_collateral(state, symbol, plan.margin);
    if (collateral != Verdict::entered) return collateral;
    return check_governors(state, plan.notional, out);
}

/// The filters may demand more than was asked for; without a limit that is said once a symbol.
void tell_overshoot(EngineState& state, SymbolId id, const Plan& plan, Outbox& out) {
    SymbolState& symbol = state.symbol(id);
    if (plan.notional <= plan.wanted || std::exchange(symbol.overshoot_told, true)) return;
    record_alarm(state, AlarmKind::size_overshoot, true, id, no_tranche, plan.notional.raw,
                 "the exchange's minimum makes orders larger than asked for", out);
}

Verdict enter_position(EngineState& state, SymbolId id, const Plan& plan, TrancheId& tranche,
                       Outbox& out) {
    SymbolState& symbol = state.symbol(id);
    const Assignment assignment = assign(state, id, symbol, plan);
    if (assignment.verdict != Verdict::entered) return assignment.verdict;
    TrancheSlot target = assignment.existing;
    if (assignment.keep != no_slot)
        merge_tranches(state, assignment.keep, assignment.absorb, 1, out);
    const bool opened = target == no_slot;
    if (opened) target = open_tranche(state, id, plan.side, false, out);
    if (target == no_slot) return Verdict::no_capacity;
    const OrderSlot order = place(state,
                                  {.symbol = id,
                                   .side = plan.side,
                                   .role = Role::entry,
                                   .type = OrderType::limit,
                                   .price = plan.price,
                                   .stop_price = {},
                                   .quantity = plan.quantity,
                                   .tranche = target,
                                   .time_in_force = state.settings.entry.time_in_force,
                                   .with_exits = takes_exits(state, target, plan.quantity)},
                                  out);
    if (order == no_slot) {
        if (opened) finish_tranche(state, target, TrancheState::discarded, CloseReason::none, out);
        return Verdict::no_capacity;
    }
    tranche = state.tranches[target].row.id;
    tell_overshoot(state, id, plan, out);
    count_entry(state, plan.notional);
    ++symbol.entries;
    symbol.cooling_until = state.now + state.settings.window.cooldown;
    return Verdict::entered;
}

/// What the record of a liquidation says beside the event.
struct Outcome {
    Notional value;
    std::int64_t window_sum{};
    std::int64_t threshold{};
    TrancheId tranche{no_tranche};
    Side trade_side{};
    Verdict verdict{};
};

Verdict decide(EngineState& state, SymbolId id, const Liquidation& forced, Outcome& outcome,
               Outbox& out) {
    SymbolState& symbol = state.symbol(id);
    const Direction direction = direction_for(symbol.settings, forced.side);
    const WindowSettings& window = state.settings.window;
    symbol.window.expire(state.now);
    symbol.window.add(state.now, forced.side,
                      window.in_usdt ? outcome.value.raw : forced.quantity.raw);
    if (planted(Canary::window_counts_twice))
        symbol.window.add(state.now, forced.side, forced.quantity.raw);
    outcome.window_sum = symbol.window.sum(window.side, forced.side);
    outcome.threshold = direction.threshold;
    outcome.trade_side = direction.side;
    if (outcome.window_sum < direction.threshold) return Verdict::below_threshold;
    ++state.totals.triggers;
    Verdict verdict = gates_before_pricing(state, symbol);
    if (verdict != Verdict::entered) return verdict;
    Plan plan{};
    verdict = price_and_size(state, id, forced, direction.side, plan);
    if (verdict != Verdict::entered) return verdict;
    verdict = gates_after_pricing(state, symbol, plan, out);
    if (verdict != Verdict::entered) return verdict;
    return enter_position(state, id, plan, outcome.tranche, out);
}

bool usable(const Liquidation& forced) {
    const Price price = forced.average_price.positive() ? forced.average_price : forced.price;
    return forced.price <= highest_price && plausible(price, forced.quantity);
}

void record_liquidation(const EngineState& state, const Event& event, const Outcome& outcome,
                        Outbox& out) {
    const Liquidation& forced = event.liquidation;
    LiquidationRow& row = out.record(RecordKind::liquidation, state.now).liquidation;
    row.arrival_time = event.arrival_time;
    row.exchange_time = forced.exchange_time;
    row.trade_time = forced.trade_time;
    row.price = forced.price;
    row.average_price = forced.average_price;
    row.quantity = forced.quantity;
    row.filled = forced.filled;
    row.value = outcome.value;
    row.window_sum = outcome.window_sum;
    row.threshold = outcome.threshold;
    row.tranche = outcome.tranche;
    row.symbol = event.symbol;
    row.side = forced.side;
    row.trade_side = outcome.trade_side;
    row.verdict = outcome.verdict;
    // A configured symbol's name lies with what else was read of it; the table's would be a miss.
    const bool configured = index(event.symbol) < state.symbols.size();
    if (event.symbol != no_symbol)
        (configured ? std::string_view{state.symbols[index(event.symbol)].rules.name}
                    : state.table.name(event.symbol))
            .copy(row.name.data(), row.name.size());
}

}  // namespace

void expect_liquidation(const EngineState& state, const Event& event) {
    const Liquidation& forced = event.liquidation;
    state.recent_liquidations.prefetch(RecentLiquidations::mark_of(event.symbol, forced));
    if (index(event.symbol) < state.symbols.size())
        prefetch_entry(state, event.symbol, opened_by(opposite(forced.side)));
}

void expect_entry(const EngineState& state, const Event& event) {
    if (index(event.symbol) < state.symbols.size()) prefetch_behind(state, event.symbol);
}

void on_liquidation(EngineState& state, const Event& event, Outbox& out) {
    const Liquidation& forced = event.liquidation;
    const bool configured = index(event.symbol) < state.symbols.size();
    const std::uint64_t mark = RecentLiquidations::mark_of(event.symbol, forced);
    state.recent_liquidations.prefetch(mark);
    const PositionSide likely = opened_by(opposite(forced.side));  // unless set otherwise
    if (configured) prefetch_entry(state, event.symbol, likely);
    if (state.recent_liquidations.seen_before(mark, state.now)) {
        ++state.totals.duplicates;
        return;
    }
    if (configured) prefetch_behind(state, event.symbol);
    Outcome outcome;
    outcome.trade_side = opposite(forced.side);
    ++state.totals.liquidations;
    if (usable(forced)) {
        outcome.value = (forced.average_price.positive() ? forced.average_price : forced.price) *
                        forced.quantity;
        outcome.verdict = configured ? decide(state, event.symbol, forced, outcome, out)
                                     : Verdict::not_configured;
    } else {
        outcome.verdict = Verdict::malformed;
    }
    ++state.totals.verdicts[static_cast<std::size_t>(outcome.verdict)];
    if (configured) {
        SymbolState& symbol = state.symbol(event.symbol);
        ++symbol.liquidations;
        symbol.last_liquidation = state.now;
        symbol.last_verdict = outcome.verdict;
    }
    record_liquidation(state, event, outcome, out);
}

}  // namespace tranche
