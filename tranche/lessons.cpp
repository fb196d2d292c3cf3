#include "tranche/lessons.hpp"

#include <utility>

#include "tranche/book.hpp"
#include "tranche/exits.hpp"
#include "tranche/protection.hpp"
#include "tranche/risk.hpp"

namespace tranche {
namespace {

constexpr Nanos probe_after = seconds(60);  // also between equal alarms

}  // namespace

/// What a refusal says about more than its order. Source: reliability-model.md §2.3, X1 … X11.
void learn_from(EngineState& state, SymbolId id, PositionSide which, Role role, Refusal why,
                Outbox& out) {
    SymbolState& symbol = state.symbol(id);
    SideBook& side = symbol.sides[index(which)];
    switch (why) {
        case Refusal::nothing_to_reduce:
            if (side.differs_since.count == 0) side.differs_since = state.now;
            out.want_snapshot();
            break;
        case Refusal::filter:
        case Refusal::too_small:
            if (why == Refusal::too_small && role != Role::entry) break;  // a slice, not a rule
            if (symbol.filter_refusals < 2 && ++symbol.filter_refusals == 2) {
                symbol.rules_doubted = true;
                record_alarm(state, AlarmKind::filters_doubted, true, id, no_tranche, 0,
                             "orders do not fit the exchange's filters: entries off", out);
            }
            break;
        case Refusal::not_trading:
            if (!std::exchange(symbol.closed, true))
                record_alarm(state, AlarmKind::entry_rejected, true, id, no_tranche, 0,
                             "the exchange takes no orders on this symbol now", out);
            break;
        case Refusal::no_margin:
        case Refusal::too_many_orders: symbol.entries_off_until = state.now + probe_after; break;
        case Refusal::clock:
            state.clock_refusals.add(state.now, 1);
            if (state.clock_refusals.total(state.now) >= 3) doubt_clock(state, out);
            break;
        case Refusal::in_liquidation:
            record_alarm(state, AlarmKind::margin_call, true, id, no_tranche, 0,
                         "the account is in liquidation: entries are off until resumed", out);
            hold(state, Hold::margin_call, out);
            break;
        case Refusal::position_mode: doubt_mode(state, out); break;
        case Refusal::credentials:
            record_alarm(state, AlarmKind::credentials_refused, true, id, no_tranche, 0,
                         "the exchange refuses our signature or key: nothing is sent", out);
            hold(state, Hold::credentials, out);
            break;
        case Refusal::would_take:
        case Refusal::would_trigger:
        case Refusal::other: break;
    }
}

/// What a refused exit means for its tranche.
void mend_exit(EngineState& state, TrancheSlot slot, Role role, Refusal why, Outbox& out) {
    const Tranche& tranche = state.tranches[slot];
    if (!tranche.live) return;
    if (why == Refusal::would_trigger && (role == Role::stop_loss || role == Role::take_profit))
        start_close(state, slot,
                    role == Role::stop_loss ? CloseReason::stop_loss : CloseReason::take_profit,
                    out);
    if (why == Refusal::nothing_to_reduce && is_crowded(state, slot, role))
        note_crowding(state, slot, role);
    else if (why == Refusal::nothing_to_reduce || why == Refusal::filter ||
             why == Refusal::too_small)
        wait_with_exit(state, slot, role, why == Refusal::filter);
    if (why == Refusal::too_small) note_dust(state, slot, out);
    if (why == Refusal::too_many_orders) {
        // Room for its stop is made by two tranches that share one (reference §5.6).
        const MergePair pair = find_merge(state, tranche.row.symbol, tranche.row.side);
        if (pair.kept != no_slot) merge_tranches(state, pair.kept, pair.absorbed, 1, out);
        record_alarm(state, AlarmKind::order_limit, true, tranche.row.symbol, tranche.row.id, 0,
                     "the exchange takes no more orders on this symbol", out);
    }
}

void banned(EngineState& state, const Reply& reply, Outbox& out) {
    if (reply.retry_after <= state.banned_until) return;
    state.banned_until = reply.retry_after;
    record_alarm(state, AlarmKind::banned, true, no_symbol, no_tranche, reply.code,
                 "the exchange answers nothing for a while; entries are off", out);
    hold(state, Hold::banned, out);
}

void throttled(EngineState& state, const Reply& reply, Outbox& out) {
    if (state.throttled_told.count != 0 && state.now - state.throttled_told < probe_after) return;
    state.throttled_told = state.now;
    record_alarm(state, AlarmKind::rate_limited, true, no_symbol, no_tranche, reply.code,
                 "the exchange counts too many requests; protection goes first", out);
}

}  // namespace tranche
