#include "tools/sim/venue_side.hpp"

#include <algorithm>
#include <variant>

namespace tranche::sim {
namespace {

exchange::PositionSide leg_of(bool hedge_mode, PositionSide which) {
    if (!hedge_mode) return exchange::PositionSide::both;
    return which == PositionSide::long_side ? exchange::PositionSide::long_side
                                            : exchange::PositionSide::short_side;
}

std::int64_t in_ms(Nanos time) {
    return time.milliseconds();
}

}  // namespace

VenueSide::VenueSide(const Plan& plan, const SymbolTable& symbols, Oracle& oracle,
                     UserStreamSink& sink)
    : hedge_mode_{plan.settings.hedge_mode},
      venue_{venue_rules(symbols), plan.venue, in_ms(plan.start)},
      direct_{venue_, symbols},
      oracle_{oracle},
      sink_{sink} {
    told_.reserve(256);
    for (std::size_t i = 0; i < plan.rules.size(); ++i)
        index_.push_back(direct_.to_venue(SymbolId{static_cast<std::uint16_t>(i)}));
    for (std::size_t i = 0; i < plan.settings.symbols.size(); ++i)
        venue_.account.settings[index_[i]].leverage = plan.settings.symbols[i].leverage;
}

void VenueSide::tell(Nanos now) {
    told_.clear();
    direct_.take_user_events(now, told_);
    for (const Event& event : told_) {
        if (event.kind == EventKind::order_update) see_leg(event.order_update, now);
        oracle_.truth(event, now);
        sink_.send_off(event, now);
    }
}

/// Exits that a strategy places are accepted when they show, and may grow with their entry.
void VenueSide::see_leg(const OrderUpdate& update, Nanos now) {
    const auto leg = std::find_if(legs_.begin(), legs_.end(), [&](const Command& command) {
        return update.ours && command.id == update.id;
    });
    const exchange::Order* order =
        leg == legs_.end() ? nullptr : venue_.matching.find(update.order_id);
    if (order == nullptr) return;
    const bool fresh = update.execution == ExecutionType::created;
    if (!fresh && update.execution != ExecutionType::amended) return;
    leg->quantity = Quantity{order->terms.quantity.raw};
    if (oracle_.ledger().find(leg->id) == nullptr)
        oracle_.attached(*leg, update.order_id, now);
    else if (!fresh)
        oracle_.replaced(*leg, now);
}

Reply VenueSide::execute(const Command& command, Nanos now) {
    const Reply reply = direct_.execute(command, now);
    const bool accepted = reply.verdict == ReplyClass::accepted;
    if (command.with_exits && accepted) {
        const exchange::Order* entry = venue_.matching.find_client(
            index_[tranche::index(command.symbol)], venue_client_id(command.id));
        oracle_.accepted(command, entry->id, now);
        for (const Role role : {Role::take_profit, Role::stop_loss})
            legs_.push_back(attached_exit(command, role));
    } else if (command.kind == CommandKind::place && accepted) {
        oracle_.accepted(command, reply.order_id, now);
    }
    if (command.kind == CommandKind::replace && reply.verdict == ReplyClass::accepted)
        oracle_.replaced(command, now);
    tell(now);
    return reply;
}

void VenueSide::price(const Event& event) {
    direct_.observe(event);
    tell(event.arrival_time);
}

void VenueSide::trade(SymbolId symbol, Price price, Quantity quantity, bool seller_aggressive,
                      Nanos now) {
    const exchange::Trade trade{.symbol = index_[tranche::index(symbol)],
                                .time_ms = in_ms(now),
                                .id = 0,
                                .price = exchange::Amount{price.raw},
                                .quantity = exchange::Amount{quantity.raw},
                                .buyer_is_maker = seller_aggressive};
    venue_.board.apply(trade);
    venue_.matching.on(trade, in_ms(now));
    tell(now);
}

void VenueSide::snapshot(std::uint32_t generation, Nanos now, std::vector<Event>& out) {
    direct_.snapshot(generation, now, out);
}

bool VenueSide::by_hand(SymbolId symbol, PositionSide which, Side side, Quantity quantity,
                        const char* client_id, Nanos now) {
    exchange::NewOrder order;
    order.symbol = index_[tranche::index(symbol)];
    order.client_id = client_id;
    order.side = side == Side::buy ? exchange::Side::buy : exchange::Side::sell;
    order.type = exchange::OrderType::market;
    order.position_side = leg_of(hedge_mode_, which);
    order.quantity = exchange::Amount{quantity.raw};
    order.reduce_only = !hedge_mode_ && side == closing_side(which);
    const bool done =
        std::holds_alternative<exchange::OrderId>(venue_.matching.place(order, in_ms(now)));
    tell(now);
    return done;
}

void VenueSide::cancel_by_hand(std::int64_t order_id, Nanos now) {
    (void)venue_.matching.cancel(order_id, in_ms(now));
    tell(now);
}

void VenueSide::force_close(SymbolId symbol, PositionSide which, Quantity quantity, Price price,
                            bool deleveraging, Nanos now) {
    venue_.matching.force_close(
        index_[tranche::index(symbol)], leg_of(hedge_mode_, which), exchange::Amount{quantity.raw},
        exchange::Amount{price.raw},
        deleveraging ? exchange::Force::deleveraging : exchange::Force::liquidation, in_ms(now));
    tell(now);
}

void VenueSide::set_leverage(SymbolId symbol, std::int64_t leverage, Nanos now) {
    venue_.account.settings[index_[tranche::index(symbol)]].leverage = leverage;
    venue_.matching.revalue(index_[tranche::index(symbol)]);
    tell(now);
}

std::int64_t VenueSide::leverage(SymbolId symbol) const {
    return venue_.account.settings[index_[tranche::index(symbol)]].leverage;
}

std::int64_t VenueSide::net(SymbolId symbol, PositionSide which) const {
    return venue_.account.position(index_[tranche::index(symbol)], leg_of(hedge_mode_, which))
        .quantity.raw;
}

}  // namespace tranche::sim
