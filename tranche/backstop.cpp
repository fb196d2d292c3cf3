#include <algorithm>
#include <utility>

#include "core/canary.hpp"
#include "tranche/exits.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/protection.hpp"
#include "tranche/refusals.hpp"
#include "tranche/sizing.hpp"

namespace tranche {
namespace {

constexpr Ratio backstop_distance{2'000'000};  // 2 % beyond the worst stop
constexpr Nanos refused_pause = seconds(1);
constexpr Nanos expired_pause = milliseconds(250);  // since it was sent
// Reports of a fill come this close to the position they lead to.
constexpr Nanos explained_within = milliseconds(100);

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

/// What the exchange holds beyond the tranches, until it has been explained, is closed where a
/// tranche opened at the exchange's entry price would be; 0 when there is none of it.
Price stop_of_surplus(const EngineState& state, SymbolId id, PositionSide which) {
    const SymbolState& symbol = state.symbols[index(id)];
    const SideBook& side = symbol.sides[index(which)];
    const bool unexplained =
        side.surplus_since.count != 0 && state.now - side.surplus_since >= explained_within;
    if (!unexplained || !symbol.settings.stop_loss_enabled) return {};
    const Price entry =
        side.exchange_entry.positive() ? side.exchange_entry : state.prices[index(id)].mark;
    if (!entry.positive()) return {};
    return stop_loss_price(which, entry, symbol.settings.stop_loss, symbol.rules);
}

/// A backstop whose fate stays unknown protects nobody: another is sent, and this one goes when it
/// turns out to work. One at a time, so that an exchange that never answers is not flooded.
void replace_if_lost(EngineState& state, SymbolId id, PositionSide which) {
    SideBook& side = state.side(id, which);
    if (!is_live(state, side.backstop)) return;
    Order& order = state.orders[side.backstop];
    if (order.row.state != OrderState::unknown) return;
    if (is_live(state, side.lost_backstop)) return;
    if (state.now - order.state_since < unknown_patience)
        return look_again(state, id, which, order.state_since + unknown_patience);
    order.cancel_wanted = true;
    side.lost_backstop = std::exchange(side.backstop, no_slot);
}

/// The price is beyond the backstop, and so beyond every stop of the side (X3).
void close_uncovered(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    const SideBook& side = state.side(id, which);
    for (std::size_t i = side.count; i-- > 0;)
        if (!is_working(state, state.tranches[side.tranches[i]].stop_loss))
            start_close(state, side.tranches[i], CloseReason::stop_loss, out);
}

/// Somebody else does not want it: the tranches' own stops are all there is then, whoever cancels
/// them.
void leave_backstop(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    record_alarm(state, AlarmKind::exit_removed, true, id, no_tranche, removals_to_give_up,
                 "somebody else keeps cancelling the backstop: the side is theirs", out);
    const SideBook& side = state.side(id, which);
    for (std::size_t i = 0; i < side.count; ++i)
        if (state.tranches[side.tranches[i]].stop_loss_attempts.given_up)
            look_again(state, side.tranches[i], state.now);
}

}  // namespace

void backstop_found(EngineState& state, OrderSlot slot) {
    Order& order = state.orders[slot];
    SideBook& side = state.side(order.row.symbol, order.row.position_side);
    if (slot != side.lost_backstop || is_working(state, side.backstop)) return;
    order.cancel_wanted = false;
    side.lost_backstop = std::exchange(side.backstop, slot);
    if (is_live(state, side.lost_backstop)) state.orders[side.lost_backstop].cancel_wanted = true;
    side.backstop_beyond = {};
}

void note_surplus(EngineState& state, SymbolId id, PositionSide which) {
    SideBook& side = state.side(id, which);
    if (!side.has_surplus()) {
        side.surplus_since = {};
        return;
    }
    if (side.surplus_since.count == 0) side.surplus_since = state.now;
    look_again(state, id, which, side.surplus_since + explained_within);
}

void ensure_backstop(EngineState& state, SymbolId id, PositionSide which, Outbox& out) {
    if (!state.settings.protection.backstop || planted(Canary::no_backstop)) return;
    SymbolState& symbol = state.symbol(id);
    SideBook& side = symbol.sides[index(which)];
    if (!side.has_surplus()) side.surplus_since = {};
    Price worst = worst_stop(side, which);
    if (!worst.positive()) worst = stop_of_surplus(state, id, which);
    if (!worst.positive()) {
        // What the exchange still holds is not left without it, whoever it may belong to.
        if (is_live(state, side.backstop) && !side.has_surplus()) cancel(state, side.backstop, out);
        return;
    }
    if (side.backstop_attempts.given_up) return;
    replace_if_lost(state, id, which);
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
        return look_again(state, id, which, again);
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

void backstop_ended(EngineState& state, const Order& order, Outbox& out) {
    const SymbolId id = order.row.symbol;
    const PositionSide which = order.row.position_side;
    SideBook& side = state.side(id, which);
    Attempts& attempts = side.backstop_attempts;
    const bool removed = order.row.state == OrderState::canceled;
    // What was refused because this one stood in its place may go at once.
    if (removed) attempts.not_before = {};
    // The exchange ends it with the position; the next one is for another, which may be there
    // already.
    if (order.row.state == OrderState::expired)
        attempts.not_before = order.row.created + expired_pause;
    else if (!removed && order.row.state != OrderState::filled)
        attempts.not_before = state.now + refused_pause;
    if (removed && !order.cancel_wanted && removed_too_often(attempts, state.now))
        leave_backstop(state, id, which, out);
    if (order.row.state == OrderState::rejected &&
        refusal_of(order.row.code) == Refusal::would_trigger)
        close_uncovered(state, id, which, out);
    ensure_backstop(state, id, which, out);
}

}  // namespace tranche
