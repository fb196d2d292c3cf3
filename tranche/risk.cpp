#include "tranche/risk.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/canary.hpp"
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

constexpr std::int64_t runaway = 10;  // refusals for each entry that is allowed

struct Target {
    Mode mode;
    std::string_view reason;
};

Target held_mode(Hold why) {
    switch (why) {
        case Hold::none: break;
        case Hold::rate_governor: return {Mode::protect_only, "entry governor tripped; resume"};
        case Hold::loss_governor: return {Mode::protect_only, "loss governor tripped; resume"};
        case Hold::margin_call: return {Mode::protect_only, "margin call; resume when it is met"};
        case Hold::forced_close:
            return {Mode::protect_only, "the exchange closed a position of ours; resume"};
        case Hold::banned: return {Mode::protect_only, "the exchange has banned us; resume after"};
        case Hold::position_mode:
            return {Mode::protect_only, "position mode differs from the settings; mend, resume"};
        case Hold::credentials:
            return {Mode::halt, "the exchange refuses our credentials; nothing is sent"};
        case Hold::younger_instance:
            return {Mode::halt, "another, younger instance sends orders; nothing is sent"};
    }
    return {Mode::trading, {}};
}

/// First condition that holds decides; the order is that of severity.
Target wanted_mode(const EngineState& state) {
    const Streams& streams = state.streams;
    if (halts(state.hold)) return held_mode(state.hold);
    if (state.drain_wanted) return {Mode::drain, "stopping: entries off, exits stay"};
    if (state.flatten_wanted) return {Mode::flatten, "closing every position"};
    // Before the first snapshot there is nothing yet that could be protected only.
    if (streams.user_open == 0 && state.totals.last_reconcile.count != 0)
        return {Mode::protect_only, "user stream is down"};
    if (!state.reconciled)
        return {Mode::reconcile, "waiting for positions and orders to agree with the exchange"};
    if (streams.market_open == 0) return {Mode::protect_only, "market stream is down"};
    if (state.now < state.banned_until) return {Mode::protect_only, "the exchange has banned us"};
    if (state.hold != Hold::none) return held_mode(state.hold);
    if (state.storage_behind)
        return {Mode::protect_only, "the database is behind; what happens may not be kept"};
    if (state.clock_bad || state.now < state.clock_doubted_until)
        return {Mode::protect_only, "clock differs from the exchange's"};
    return {Mode::trading, "all streams up, reconciled"};
}

bool loses_too_much(EngineState& state) {
    const GovernorSettings& limit = state.settings.governor;
    Governors& seen = state.governors;
    turn_day(state);
    return (limit.loss_per_hour.positive() &&
            seen.hour_result.total(state.now) <= -limit.loss_per_hour.raw) ||
           (limit.loss_per_day.positive() && seen.day_result <= -limit.loss_per_day) ||
           (limit.drawdown.positive() && seen.best_result - seen.result >= limit.drawdown);
}

}  // namespace

void refresh_reservation(EngineState& state, OrderSlot slot) {
    Order& order = state.orders[slot];
    if (planted(Canary::keep_reservation) && is_final(order.row.state)) return;
    SymbolState& symbol = state.symbol(order.row.symbol);
    Notional wanted;
    // Of one that is over, what it was filled with and no report has told of yet.
    const bool told = order.questions >= late_trade_questions;
    const Quantity most = !is_final(order.row.state) ? order.row.quantity
                          : told                     ? order.attributed
                                                     : order.row.filled;
    if (order.row.id.role == Role::entry && most > order.attributed)
        wanted = margin_of(order.row.price * (most - order.attributed), symbol.leverage);
    symbol.reserved_margin += wanted - order.reserved;
    state.totals.reserved_margin += wanted - order.reserved;
    order.reserved = wanted;
}

Verdict check_collateral(const EngineState& state, const SymbolState& symbol, Notional margin) {
    if (planted(Canary::cap_ignores_inflight)) margin -= symbol.reserved_margin;
    if (symbol.used_margin + symbol.reserved_margin + margin > symbol.settings.max_position)
        return Verdict::symbol_limit;
    if (state.totals.used_margin + state.totals.reserved_margin + margin >
        state.settings.entry.max_total_exposure)
        return Verdict::total_limit;
    return Verdict::entered;
}

Verdict check_governors(EngineState& state, Notional notional, Outbox& out) {
    const GovernorSettings& limit = state.settings.governor;
    Governors& seen = state.governors;
    watch_losses(state, out);
    if (state.hold == Hold::loss_governor) return Verdict::loss_governor;
    const auto most = static_cast<std::int64_t>(limit.entries_per_minute);
    const bool too_many = most > 0 && seen.entries.total(state.now) >= most;
    const bool too_much =
        limit.notional_per_minute.positive() &&
        seen.notional.total(state.now) + notional.raw > limit.notional_per_minute.raw;
    if (!too_many && !too_much) {
        seen.told = false;
        return Verdict::entered;
    }
    seen.refused_entries.add(state.now, 1);
    if (!std::exchange(seen.told, true))
        record_alarm(state, AlarmKind::governor_tripped, true, no_symbol, no_tranche, most,
                     "more entries wanted than the limits allow a minute", out);
    if (seen.refused_entries.total(state.now) >= runaway * std::max<std::int64_t>(most, runaway)) {
        record_alarm(state, AlarmKind::governor_tripped, true, no_symbol, no_tranche,
                     seen.refused_entries.total(state.now),
                     "far more entries wanted than allowed: off until resumed", out);
        hold(state, Hold::rate_governor, out);
    }
    return Verdict::rate_governor;
}

void watch_losses(EngineState& state, Outbox& out) {
    if (state.hold >= Hold::loss_governor || !loses_too_much(state)) return;
    record_alarm(state, AlarmKind::governor_tripped, true, no_symbol, no_tranche,
                 state.governors.day_result.raw,
                 "a loss limit is reached: entries are off until resumed", out);
    hold(state, Hold::loss_governor, out);
}

void hold(EngineState& state, Hold why, Outbox& out) {
    if (why <= state.hold) return;
    state.hold = why;
    update_mode(state, out);
}

void meet_younger(EngineState& state, SymbolId symbol, const ClientOrderId& id, Outbox& out) {
    if (state.hold >= Hold::younger_instance) return;
    record_alarm(state, AlarmKind::foreign_epoch, true, symbol, id.tranche, id.epoch,
                 "a younger instance sends orders on this account: nothing is sent any more", out);
    hold(state, Hold::younger_instance, out);
}

void mismatch_mode(EngineState& state, Outbox& out) {
    if (state.hold >= Hold::position_mode) return;
    record_alarm(state, AlarmKind::position_mode, true, no_symbol, no_tranche, 0,
                 "the account's position mode is not that of the settings: entries off", out);
    hold(state, Hold::position_mode, out);
}

void doubt_clock(EngineState& state, Outbox& out) {
    if (state.now >= state.clock_doubted_until)
        record_alarm(state, AlarmKind::clock_offset, true, no_symbol, no_tranche,
                     state.clock_refusals.total(state.now),
                     "requests reach the exchange too early or too late: entries off", out);
    state.clock_doubted_until = state.now + seconds(60);
    update_mode(state, out);
}

void learn_clock(EngineState& state, bool bad, Outbox& out) {
    const bool doubted = std::exchange(state.clock_doubted_until, Nanos{}).count != 0;
    const bool changed = std::exchange(state.clock_bad, bad) != bad;
    if (bad ? changed : changed || doubted)
        record_alarm(state, AlarmKind::clock_offset, bad, no_symbol, no_tranche, 0,
                     bad ? "the clock measured is too far from the exchange's: entries off"
                         : "the clock measured agrees with the exchange's",
                     out);
}

void doubt_mode(EngineState& state, Outbox& out) {
    // A snapshot asked for earlier may have read the mode earlier.
    state.streams.user_gap_at = state.now;
    state.reconciled = false;
    out.want_snapshot();
    update_mode(state, out);
}

void release_hold(EngineState& state, Outbox& out) {
    if (halts(state.hold)) {
        // While nothing was sent, anything may have happened.
        state.reconciled = false;
        out.want_snapshot();
    }
    state.hold = Hold::none;  // a ban that is not over still keeps entries off
    state.clock_doubted_until = {};
    Governors& governors = state.governors;
    governors.refused_entries.forget();
    governors.hour_result.forget();
    governors.day_result = {};
    governors.best_result = governors.result;
    for (SymbolState& symbol : state.symbols) {
        symbol.filter_refusals = 0;
        symbol.rules_doubted = false;
        symbol.closed = false;
        symbol.entries_off_until = {};
        for (SideBook& side : symbol.sides) side.backstop_attempts.given_up = false;
    }
    for (Tranche& tranche : state.tranches)
        for (Attempts* attempts : {&tranche.take_profit_attempts, &tranche.stop_loss_attempts})
            attempts->given_up = false;
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
