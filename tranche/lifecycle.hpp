// Life of an order: placing, cancelling, and what replies and execution reports do to it. Every
// order leaves through `place` and `cancel`; every fill enters through `on_order_update` or
// `on_reply`, each idempotent, in either order.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

inline constexpr Nanos reply_patience = seconds(5);        // without any word of a new order
inline constexpr std::uint8_t late_trade_questions = 5;    // about fills that no report tells of
inline constexpr Nanos exit_patience = milliseconds(600);  // likewise, of one that protects
inline constexpr Nanos keep_final = seconds(15);           // late events still find the order

/// An order to be placed. The rest follows from role, side and settings.
struct NewOrder {
    SymbolId symbol;
    PositionSide side;
    Role role;
    OrderType type;
    Price price;        // limit; 0 for none
    Price stop_price;   // trigger; 0 for none
    Quantity quantity;  // 0 for a backstop, which closes what is there
    TrancheSlot tranche{no_slot};
    TimeInForce time_in_force{TimeInForce::gtc};
    bool with_exits{};  // an entry that takes its exits along
};

/// Assigns the client order id, remembers the order, emits command and record. `no_slot` when the
/// order table is full.
OrderSlot place(EngineState& state, const NewOrder& order, Outbox& out);

/// Wants the order gone; sends the cancel as soon as the order is known to exist. Idempotent.
void cancel(EngineState& state, OrderSlot slot, Outbox& out);

/// Changes a working limit order in place. `quantity` is what it shall be for from now on, without
/// what has been filled.
void replace(EngineState& state, OrderSlot slot, Quantity quantity, Price price, Outbox& out);

/// Asks the exchange what became of it.
void query(EngineState& state, OrderSlot slot, Outbox& out);

/// The gateway's answer to a command of ours.
void on_reply(EngineState& state, const Event& event, Outbox& out);

/// An execution report of the user stream, ours or not.
void on_order_update(EngineState& state, const Event& event, Outbox& out);

/// A timer of the order came due: time to live, unknown outcome, or its slot may be reused.
void on_order_due(EngineState& state, OrderSlot slot, Outbox& out);

/// True while the order may still be filled.
inline bool is_live(const EngineState& state, OrderSlot slot) {
    return slot != no_slot && state.orders[slot].live && !is_final(state.orders[slot].row.state);
}

/// True when the exchange has confirmed it and no cancel is under way.
inline bool is_working(const EngineState& state, OrderSlot slot) {
    if (slot == no_slot) return false;
    const OrderState s = state.orders[slot].row.state;
    return s == OrderState::working || s == OrderState::partial;
}

}  // namespace tranche
