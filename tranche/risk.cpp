#include "tranche/risk.hpp"

#include <algorithm>
#include <string_view>

#include "tranche/lifecycle.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr std::int64_t day_ns = 86'400'000'000'000;

void turn_day(EngineState& state) {
    const std::int64_t today = state.now.count / day_ns;
    if (today == state.governors.day) return;
    state.governors.day = today;
    state.governors.day_result = {};
    state.totals.realized = {};
    state.totals.fees = {};
}

struct Target {
    Mode mode;
    std::string_view reason;
};

/// First condition that holds decides; the order is that of severity.
Target wanted_mode(const EngineState& state) {
    const Streams& streams = state.streams;
    if (state.totals.mode == Mode::halt) return {Mode::halt, "halted"};
    if (state.drain_wanted) return {Mode::drain, "stopping: entries off, exits stay"};
    if (state.flatten_wanted) return {Mode::flatten, "closing every position"};
    if (!state.reconciled)
        return {Mode::reconcile, "waiting for positions and orders to agree with the exchange"};
    if (streams.user_open == 0) return {Mode::protect_only, "user stream is down"};
    if (streams.market_open == 0) return {Mode::protect_only, "market stream is down"};
    if (state.now < state.banned_until) return {Mode::protect_only, "the exchange has banned us"};
    if (state.clock_bad) return {Mode::protect_only, "clock differs from the exchange's"};
    return {Mode::trading, "all streams up, reconciled"};
}

}  // namespace

void refresh_reservation(EngineState& state, OrderSlot slot) {
    Order& order = state.orders[slot];
    SymbolState& symbol = state.symbol(order.row.symbol);
    Notional wanted;
    if (order.row.id.role == Role::entry && !is_final(order.row.state) &&
        order.row.quantity > order.attributed)
        wanted =
            margin_of(order.row.price * (order.row.quantity - order.attributed), symbol.leverage);
    symbol.reserved_margin += wanted - order.reserved;
    state.totals.reserved_margin += wanted - order.reserved;
    order.reserved = wanted;
}

Verdict check_collateral(const EngineState& state, const SymbolState& symbol, Notional margin) {
    if (symbol.used_margin + symbol.reserved_margin + margin > symbol.settings.max_position)
        return Verdict::symbol_limit;
    if (state.totals.used_margin + state.totals.reserved_margin + margin >
        state.settings.entry.max_total_exposure)
        return Verdict::total_limit;
    return Verdict::entered;
}

Verdict check_governors(EngineState& state, Notional notional) {
    const GovernorSettings& limit = state.settings.governor;
    Governors& seen = state.governors;
    turn_day(state);
    if (limit.entries_per_minute > 0 &&
        seen.entries.total(state.now) >= static_cast<std::int64_t>(limit.entries_per_minute))
        return Verdict::rate_governor;
    if (limit.notional_per_minute.positive() &&
        seen.notional.total(state.now) + notional.raw > limit.notional_per_minute.raw)
        return Verdict::rate_governor;
    if (limit.loss_per_hour.positive() &&
        seen.hour_result.total(state.now) <= -limit.loss_per_hour.raw)
        return Verdict::loss_governor;
    if (limit.loss_per_day.positive() && seen.day_result <= -limit.loss_per_day)
        return Verdict::loss_governor;
    if (limit.drawdown.positive() && seen.best_result - seen.result >= limit.drawdown)
        return Verdict::loss_governor;
    return Verdict::entered;
}

void count_entry(EngineState& state, Notional notional) {
    state.governors.entries.add(state.now, 1);
    state.governors.notional.add(state.now, notional.raw);
}

void book_result(EngineState& state, Notional result) {
    turn_day(state);
    Governors& governors = state.governors;
    governors.hour_result.add(state.now, result.raw);
    governors.day_result += result;
    governors.result += result;
    governors.best_result = std::max(governors.best_result, governors.result);
    state.totals.realized += result;
}

void update_mode(EngineState& state, Outbox& out) {
    const Target target = wanted_mode(state);
    state.totals.reconciled = state.reconciled;
    const bool same_reason = target.reason == std::string_view{state.totals.mode_reason.data()};
    if (target.mode == state.totals.mode && same_reason) return;
    ModeRow& row = out.record(RecordKind::mode, state.now).mode;
    row.from = state.totals.mode;
    row.to = target.mode;
    row.paused = state.paused;
    target.reason.copy(row.reason.data(), row.reason.size() - 1);
    if (state.totals.mode != target.mode) state.totals.mode_since = state.now;
    state.totals.mode = target.mode;
    state.totals.mode_reason = row.reason;
}

}  // namespace tranche
