#include "tools/sim/ledger.hpp"

#include <algorithm>

#include "core/require.hpp"

namespace tranche::sim {
namespace {

IdTable::Key order_key(std::int64_t order_id) {
    return IdTable::key(static_cast<std::uint64_t>(order_id), 1);
}
IdTable::Key trade_key(SymbolId symbol, std::int64_t trade_id) {
    return IdTable::key(static_cast<std::uint64_t>(trade_id), tranche::index(symbol) + 2);
}

/// The book an order works on. In one-way mode an order that closes works on the other side.
PositionSide book_of(const OrderUpdate& update, bool closing) {
    switch (update.leg) {
        case PositionLeg::long_side: return PositionSide::long_side;
        case PositionLeg::short_side: return PositionSide::short_side;
        case PositionLeg::both: break;
    }
    return opened_by(closing ? opposite(update.side) : update.side);
}

}  // namespace

Ledger::Ledger(std::size_t symbols, bool hedge_mode)
    : hedge_mode_{hedge_mode}, sides_(symbols * 2), entered_(symbols * 2) {
    orders_.reserve(1024);
    open_.reserve(256);
    open_place_.reserve(1024);
    trades_.reserve(2048);
}

const LedgerOrder* Ledger::find(const ClientOrderId& id) const {
    const std::uint32_t place = by_client_id_.find(IdTable::key(id));
    return place == IdTable::nowhere ? nullptr : &orders_[place];
}

LedgerTrade* Ledger::find_trade(SymbolId symbol, std::int64_t trade_id) {
    const std::uint32_t place = by_trade_id_.find(trade_key(symbol, trade_id));
    return place == IdTable::nowhere ? nullptr : &trades_[place];
}

void Ledger::forgive_trades() {
    for (LedgerTrade& trade : trades_) trade.forgiven = true;
}

void Ledger::forgive_unbooked_trades() {
    for (LedgerTrade& trade : trades_)
        if (trade.booked < trade.quantity) trade.forgiven = true;
}

std::uint32_t Ledger::add(const LedgerOrder& order) {
    const auto place = static_cast<std::uint32_t>(orders_.size());
    orders_.push_back(order);
    open_place_.push_back(static_cast<std::uint32_t>(open_.size()));
    open_.push_back(place);
    by_order_id_.add(order_key(order.order_id), place);
    cover(order, 1);
    return place;
}

bool Ledger::accepted(const Command& command, std::int64_t order_id, Nanos now) {
    if (by_client_id_.find(IdTable::key(command.id)) != IdTable::nowhere) return false;
    LedgerOrder order;
    order.id = command.id;
    order.order_id = order_id;
    order.quantity = command.quantity;
    order.price = command.price;
    order.accepted = now;
    order.symbol = command.symbol;
    order.side = command.position_side;
    order.ours = order.open = true;
    order.closing = command.side == closing_side(command.position_side);
    order.close_position = command.close_position;
    order.stop = command.type == OrderType::stop_market;
    order.conditional = is_conditional(command.type);
    by_client_id_.add(IdTable::key(command.id), add(order));
    look(command.symbol, {});
    return true;
}

bool Ledger::replaced(const Command& command) {
    const std::uint32_t place = by_client_id_.find(IdTable::key(command.id));
    if (place == IdTable::nowhere || !orders_[place].open) return false;
    cover(orders_[place], -1);
    orders_[place].quantity = command.quantity;
    orders_[place].price = command.price;
    cover(orders_[place], 1);
    return true;
}

/// What a waiting stop adds to, or takes from, the cover of its side.
void Ledger::cover(const LedgerOrder& order, std::int64_t sign) {
    if (!order.ours || !order.stop || !order.closing) return;
    LedgerSide& side = mutable_side(order.symbol, order.side);
    side.stops += static_cast<std::int32_t>(sign);
    if (order.close_position)
        side.backstops += static_cast<std::int32_t>(sign);
    else
        side.covered += Quantity{sign * (order.quantity - order.filled).raw};
}

void Ledger::finish(std::uint32_t place) {
    LedgerOrder& order = orders_[place];
    cover(order, -1);
    order.open = false;
    const std::uint32_t at = open_place_[place];
    open_[at] = open_.back();
    open_place_[open_[at]] = at;
    open_.pop_back();
}

void Ledger::reopen(std::uint32_t place) {
    LedgerOrder& order = orders_[place];
    order.open = true;
    open_place_[place] = static_cast<std::uint32_t>(open_.size());
    open_.push_back(place);
    cover(order, 1);
}

void Ledger::increase(LedgerSide& side, const LedgerOrder& order, Quantity quantity, Price price) {
    side.held += quantity;
    if (!order.ours) return;
    side.own += quantity;
    side.own_cost += price * quantity;
}

void Ledger::reduce(LedgerSide& side, Quantity quantity) {
    side.held -= quantity;
    const Quantity own = std::min(side.own, quantity);
    if (own.zero()) return;
    side.own_cost -= Notional{narrow(Wide{side.own_cost.raw} * own.raw / side.own.raw)};
    side.own -= own;
}

void Ledger::open_or_close(LedgerOrder& order, Side direction, PositionLeg leg, Quantity quantity,
                           Price price, Nanos now) {
    PositionSide which = order.side;
    if (leg == PositionLeg::both) {
        // One-way: the other side goes first, whatever the order was meant for.
        LedgerSide& other = mutable_side(order.symbol, opened_by(opposite(direction)));
        const Quantity closed = std::min(other.held, quantity);
        if (closed.positive()) {
            reduce(other, closed);
            other.changed = now;
        }
        quantity -= closed;
        which = opened_by(direction);
        if (quantity.zero()) return;
    }
    LedgerSide& side = mutable_side(order.symbol, which);
    side.changed = now;
    if (opening_side(which) == direction)
        increase(side, order, quantity, price);
    else
        reduce(side, quantity);
}

void Ledger::trade(const OrderUpdate& update, LedgerOrder& order, Nanos now) {
    const auto place = static_cast<std::uint32_t>(&order - orders_.data());
    by_trade_id_.add(trade_key(order.symbol, update.trade_id),
                     static_cast<std::uint32_t>(trades_.size()));
    LedgerTrade seen;
    seen.order = place;
    seen.quantity = update.last_quantity;
    trades_.push_back(seen);
    cover(order, -1);
    order.filled += update.last_quantity;
    if (order.ours && !order.closing)
        entered_[tranche::index(order.symbol) * 2 + tranche::index(order.side)] +=
            update.last_quantity;
    cover(order, 1);
    open_or_close(order, update.side, update.leg, update.last_quantity, update.last_price, now);
}

bool Ledger::on(const OrderUpdate& update, SymbolId symbol, Nanos now) {
    std::uint32_t place = by_order_id_.find(order_key(update.order_id));
    if (place == IdTable::nowhere) {
        place = update.ours ? by_client_id_.find(IdTable::key(update.id)) : IdTable::nowhere;
        // What fires may continue under another number (E7).
        if (place != IdTable::nowhere) by_order_id_.add(order_key(update.order_id), place);
    }
    if (place == IdTable::nowhere) {
        if (update.ours) return false;  // our orders are known from their acceptance
        LedgerOrder order;
        order.order_id = update.order_id;
        order.symbol = symbol;
        order.open = true;
        order.side = book_of(update, false);
        place = add(order);
    }
    LedgerOrder& order = orders_[place];
    if (!is_conditional(update.type)) order.conditional = false;
    if (order.stop && !is_conditional(update.type)) {
        if (order.open) cover(order, -1);  // it has triggered: at work, no longer waiting
        order.stop = false;
    }
    if (update.last_quantity.positive() && (update.execution == ExecutionType::trade ||
                                            update.execution == ExecutionType::calculated)) {
        if (find_trade(symbol, update.trade_id) != nullptr) return false;
        trade(update, order, now);
        if (update.filled != order.filled) return false;
    }
    // A stop that fires may say EXPIRED of its waiting form and go on under the same number.
    const bool over = is_terminal(update.status);
    if (over && order.open) finish(place);
    if (!over && !order.open) reopen(place);
    look(symbol, now);
    return true;
}

void Ledger::look(SymbolId symbol, Nanos now) {
    for (const PositionSide which : {PositionSide::long_side, PositionSide::short_side}) {
        LedgerSide& side = mutable_side(symbol, which);
        const auto follow = [now](Nanos& since, bool wrong) {
            if (!wrong)
                since = {};
            else if (since.count == 0)
                since = now;
        };
        follow(side.bare_since, side.bare());
        follow(side.short_since, side.short_of_stops());
    }
}

}  // namespace tranche::sim
