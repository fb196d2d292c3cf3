// What leaves about an order: it is placed, cancelled, changed, asked about.
#include <algorithm>

#include "core/canary.hpp"
#include "tranche/attached.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/order_steps.hpp"
#include "tranche/risk.hpp"

namespace tranche {
namespace {

constexpr Nanos cancel_pause = milliseconds(500);  // after a question about one that was refused

std::uint32_t next_generation(EngineState& state, const NewOrder& order) {
    if (order.tranche == no_slot) return state.next_backstop++;
    TrancheRow& row = state.tranches[order.tranche].row;
    switch (order.role) {
        case Role::entry: return ++row.entry_generation;
        case Role::take_profit: return ++row.take_profit_generation;
        case Role::stop_loss: return ++row.stop_loss_generation;
        case Role::close:
        case Role::backstop: return ++row.close_generation;
    }
    return 0;
}

}  // namespace

Command& command_for(EngineState& state, OrderSlot slot, CommandKind kind, Lane lane, Outbox& out) {
    const OrderRow& row = state.orders[slot].row;
    Command& command = out.command();
    command.sequence = state.next_sequence++;
    command.decided_at = state.now;
    command.id = row.id;
    command.order_id = row.order_id;
    command.symbol = row.symbol;
    command.kind = kind;
    command.lane = lane;
    command.side = row.side;
    command.position_side = row.position_side;
    command.type = row.type;
    return command;
}

OrderSlot enlist(EngineState& state, const NewOrder& order) {
    const TrancheId tranche =
        order.tranche == no_slot ? no_tranche : state.tranches[order.tranche].row.id;
    const OrderSlot slot = state.orders.create({.instance = state.settings.instance,
                                                .role = order.role,
                                                .reserved = 0,
                                                .epoch = state.epoch,
                                                .tranche = tranche,
                                                .generation = next_generation(state, order)});
    if (slot == no_slot) return no_slot;
    Order& placed = state.orders[slot];
    const SymbolState& symbol = state.symbol(order.symbol);
    const bool opens = order.role == Role::entry;
    OrderRow& row = placed.row;
    row.price = order.price;
    row.stop_price = order.stop_price;
    row.quantity = order.quantity;
    row.created = state.now;
    row.cause_time = state.now;
    row.symbol = order.symbol;
    row.side = opens ? opening_side(order.side) : closing_side(order.side);
    row.position_side = order.side;
    row.type = order.type;
    row.time_in_force = order.time_in_force;
    row.working_type = symbol.settings.working_type;
    row.close_position = order.role == Role::backstop;
    row.reduce_only = !opens && !state.hedge_mode && !row.close_position &&
                      !planted(Canary::one_way_without_reduce_only) &&
                      !(planted(Canary::flip_on_double_trigger) && order.role == Role::close);
    row.price_protect = is_conditional(order.type) && symbol.settings.price_protect;
    row.state = OrderState::sent;
    placed.state_since = state.now;
    placed.tranche = order.tranche;
    return slot;
}

OrderSlot place(EngineState& state, const NewOrder& order, Outbox& out) {
    if (halts(state.hold)) return no_slot;
    const OrderSlot slot = enlist(state, order);
    if (slot == no_slot) return no_slot;
    const OrderRow& row = state.orders[slot].row;
    const bool opens = order.role == Role::entry;
    Command& command =
        command_for(state, slot, CommandKind::place, opens ? Lane::entry : Lane::protective, out);
    command.cause_time = state.now;
    command.deadline = opens ? state.now + stale_entry : Nanos{};
    command.price = row.price;
    command.stop_price = row.stop_price;
    command.quantity = row.quantity;
    command.time_in_force = row.time_in_force;
    command.working_type = row.working_type;
    command.reduce_only = row.reduce_only;
    command.close_position = row.close_position;
    command.price_protect = row.price_protect;
    if (order.with_exits) attach_exits(state, slot, command, out);
    ++state.totals.orders_sent;
    order_begins(state, slot);
    if (opens) {
        if (order.tranche != no_slot) ++state.tranches[order.tranche].live_entries;
        refresh_reservation(state, slot);
    }
    record_order(state, slot, out);
    due(state, slot, state.now + (opens ? reply_patience : exit_patience));
    return slot;
}

void cancel(EngineState& state, OrderSlot slot, Outbox& out) {
    Order& order = state.orders[slot];
    if (is_final(order.row.state) || order.cancel_in_flight) return;
    order.cancel_wanted = true;
    if (order.row.state == OrderState::sent) return;
    if (order.cancel_refused && state.now < order.asked + cancel_pause)
        return due(state, slot, order.asked + cancel_pause);
    if (halts(state.hold)) return due(state, slot, state.now + seconds(1));
    if (!out.roomy()) return due(state, slot, state.now + milliseconds(1));
    order.cancel_in_flight = true;
    if (order.row.state != OrderState::unknown) enter(state, slot, OrderState::cancelling);
    command_for(state, slot, CommandKind::cancel, Lane::protective, out);
    due(state, slot, state.now + silence);
    record_order(state, slot, out);
}

void replace(EngineState& state, OrderSlot slot, Quantity quantity, Price price, Outbox& out) {
    Order& order = state.orders[slot];
    require(order.row.type == OrderType::limit && order.replacing == Replacing::no,
            "only a limit order is changed, and only one change is under way");
    if (halts(state.hold)) return;
    order.replacing = Replacing::under_way;
    Command& command = command_for(state, slot, CommandKind::replace, Lane::protective, out);
    command.price = price;
    command.quantity = order.row.filled + quantity;
    command.time_in_force = order.row.time_in_force;
    command.reduce_only = order.row.reduce_only;
    due(state, slot, state.now + silence);
}

void query(EngineState& state, OrderSlot slot, Outbox& out) {
    const bool possible = out.roomy() && !halts(state.hold);
    state.orders[slot].question_wanted = !possible;
    if (!possible)
        return due(state, slot, state.now + (halts(state.hold) ? seconds(1) : milliseconds(1)));
    state.orders[slot].asked = state.now;
    const bool protective = state.orders[slot].row.id.role != Role::entry;
    command_for(state, slot, CommandKind::query, protective ? Lane::protective : Lane::reconcile,
                out);
    due(state, slot, state.now + silence);
}

}  // namespace tranche
