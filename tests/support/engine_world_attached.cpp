// Entries that bring their exits along, on the exchange's side.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {

/// An order has been filled, or is over: what hangs on it by the wiring of a strategy.
void World::drive(const ClientOrderId& moved, bool tell) {
    const ExchangeOrder order = orders.at(moved);
    if (const auto strategy = strategies_.find(moved); strategy != strategies_.end()) {
        const Command entry = strategy->second;
        const bool over = !order.open();
        if (over || (order.filled.positive() && attached != Exits::at_end))
            strategies_.erase(strategy);
        else
            return;
        if (order.filled.positive() && attached != Exits::never)
            show_exits(entry, attached == Exits::whole ? entry.quantity : order.filled, tell);
        return;
    }
    const auto rival = rivals_.find(moved);
    if (rival == rivals_.end() || order.filled.zero()) return;
    // A resting take-profit that is filled in part leaves the stop alone.
    const bool limit = order.placed.type == OrderType::limit;
    if (limit && order.status != OrderStatus::filled) return;
    ExchangeOrder& other = orders[rival->second];
    if (!other.open()) return;
    other.status = OrderStatus::canceled;
    if (tell) report(other, ExecutionType::canceled, {}, {});
}

void World::show_exits(const Command& entry, Quantity quantity, bool tell) {
    for (const Role role : {Role::take_profit, Role::stop_loss}) {
        const Command exit = attached_exit(entry, role);
        const Role rival = role == Role::stop_loss ? Role::take_profit : Role::stop_loss;
        if (!used_.insert(exit.id).second) trouble_ += "an attached exit has a used name\n";
        rivals_[exit.id] = attached_exit(entry, rival).id;
        ExchangeOrder& order = orders[exit.id];
        order.placed = exit;
        order.placed.quantity = quantity;
        order.order_id = next_order_++;
        if (tell) report(order, ExecutionType::created, {}, {});
    }
}

}  // namespace tranche::test
