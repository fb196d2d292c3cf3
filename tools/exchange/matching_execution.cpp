// How orders execute: against the market's book, at rest, and when their stop price is reached.
#include <algorithm>

#include "tools/exchange/matching.hpp"

namespace tranche::exchange {

void Matching::execute(Order& order, std::int64_t now_ms) {
    if (order.terms.type == OrderType::market)
        execute_market(order, now_ms);
    else
        execute_limit(order, now_ms);
}

void Matching::execute_market(Order& order, std::int64_t now_ms) {
    const SymbolRules& rules = rules_.at(order.terms.symbol);
    const Amount mark = board_.at(order.terms.symbol).mark.mark;
    const Amount reach = mark * rules.market_take_bound;
    take(order, order.terms.side == Side::buy ? mark + reach : mark - reach, now_ms);
    if (order.open()) finish(order, OrderStatus::expired, now_ms);
}

void Matching::execute_limit(Order& order, std::int64_t now_ms) {
    const NewOrder& terms = order.terms;
    switch (terms.time_in_force) {
        case TimeInForce::gtx:
            if (!available_up_to(terms.symbol, terms.side, terms.price).zero())
                finish(order, OrderStatus::expired, now_ms);
            return;
        case TimeInForce::fok:
            if (available_up_to(terms.symbol, terms.side, terms.price) < order.remaining())
                return finish(order, OrderStatus::expired, now_ms);
            return take(order, terms.price, now_ms);
        case TimeInForce::ioc:
            take(order, terms.price, now_ms);
            if (order.open()) finish(order, OrderStatus::expired, now_ms);
            return;
        case TimeInForce::gtc: return take(order, terms.price, now_ms);
    }
}

Amount Matching::available_up_to(SymbolIndex symbol, Side taker, Amount worst) const {
    const SymbolRules& rules = rules_.at(symbol);
    const Quote& quote = board_.at(symbol).quote;
    Amount total;
    for (int index = 0; index < Board::depth_levels; ++index) {
        const Level level = depth_level(rules, quote, opposite(taker), index);
        const bool within = taker == Side::buy ? level.price <= worst : level.price >= worst;
        if (!within || level.price.zero()) break;
        total += level.quantity;
    }
    const Book& book = books_[symbol];
    return max(total - (taker == Side::buy ? book.asks_taken : book.bids_taken), Amount{});
}

/// Lets the older of two own orders, or the order itself, give way before they meet at a price of
/// the market (exchange-protocol.md §10.6). True if the order has ended by that.
bool Matching::meets_own(Order& order, Amount price, Amount worst_price, std::int64_t now_ms) {
    const SelfTrade mode = options_.behaviour.self_trade;
    if (mode == SelfTrade::ignored) return false;
    Book& book = books_[order.terms.symbol];
    const bool buys = order.terms.side == Side::buy;
    while (true) {
        const Amount own = buys ? book.best_ask : book.best_bid;
        const bool first =
            buys ? own <= price && own <= worst_price : own >= price && own >= worst_price;
        if (!first) return false;
        const auto resting = std::find_if(book.open.begin(), book.open.end(), [&](Order* other) {
            return !other->waiting() && other->terms.side != order.terms.side &&
                   other->terms.price == own;
        });
        if (resting == book.open.end()) return false;
        if (mode != SelfTrade::expire_taker) finish(**resting, OrderStatus::expired, now_ms);
        if (mode == SelfTrade::expire_maker) continue;
        finish(order, OrderStatus::expired, now_ms);
        return true;
    }
}

void Matching::take(Order& order, Amount worst_price, std::int64_t now_ms) {
    const SymbolIndex symbol = order.terms.symbol;
    const Side side = order.terms.side;
    const SymbolRules& rules = rules_.at(symbol);
    const Quote quote = board_.at(symbol).quote;
    Book& book = books_[symbol];
    Amount& taken = side == Side::buy ? book.asks_taken : book.bids_taken;
    Amount skip = taken;
    for (int index = 0; index < Board::depth_levels && order.open(); ++index) {
        const Level level = depth_level(rules, quote, opposite(side), index);
        const bool within =
            side == Side::buy ? level.price <= worst_price : level.price >= worst_price;
        const Amount reach = within && !level.price.zero() ? level.price : worst_price;
        if (meets_own(order, reach, worst_price, now_ms)) return;
        if (!within || level.price.zero()) return;
        const Amount left = max(level.quantity - skip, Amount{});
        skip = max(skip - level.quantity, Amount{});
        if (left.zero()) continue;
        const Amount filled = fill(order, level.price, min(left, order.remaining()), false, now_ms);
        if (filled.zero()) return;
        taken += filled;
    }
}

Amount Matching::fill(Order& order, Amount price, Amount quantity, bool maker,
                      std::int64_t now_ms) {
    const NewOrder& terms = order.terms;
    const SymbolIndex symbol = terms.symbol;
    const PositionSide position_side = terms.position_side;
    if (closes(terms))
        quantity = min(quantity, account_.closable(symbol, position_side, terms.side));
    if (quantity.raw <= 0) {
        finish(order, OrderStatus::expired, now_ms);
        return {};
    }
    Fill fill{.trade_id = ++books_[symbol].trade_id,
              .order = order.id,
              .symbol = symbol,
              .side = terms.side,
              .position_side = position_side,
              .price = price,
              .quantity = quantity,
              .fee = {},
              .realized = {},
              .maker = maker,
              .time_ms = now_ms};
    account_.apply(fill);
    order.executed += quantity;
    order.cumulated_quote += price * quantity;
    order.update_ms = now_ms;
    order.status = order.remaining().zero() ? OrderStatus::filled : OrderStatus::partially_filled;
    note_move(order);
    const bool whole = order.status == OrderStatus::filled;
    if (whole)
        leave(order);
    else
        update_resting(order);
    revalue(symbol);
    announce(order, order.forced_calculated ? Execution::calculated : Execution::trade, &fill,
             now_ms);
    if (whole) store_.ended(order);
    announce_account(AccountReason::order, symbol, position_side, now_ms);
    if (account_.position(symbol, position_side).quantity.zero())
        expire_closers(symbol, position_side, now_ms);
    return quantity;
}

void Matching::expire_closers(SymbolIndex symbol, PositionSide side, std::int64_t now_ms) {
    closers_.clear();
    for (Order* order : books_[symbol].open)
        if (order->terms.position_side == side && closes(order->terms) &&
            (!order->waiting() || order->terms.close_position))
            closers_.push_back(order);
    for (Order* order : closers_) finish(*order, OrderStatus::expired, now_ms);
}

void Matching::match_resting(SymbolIndex symbol, Side side, Amount price, Amount quantity,
                             std::int64_t now_ms) {
    candidates_.clear();
    for (Order* order : books_[symbol].open) {
        if (order->waiting() || order->terms.side != side) continue;
        const Amount limit = order->terms.price;
        if (side == Side::buy ? limit >= price : limit <= price) candidates_.push_back(order);
    }
    // By price, then by id or earlier place: `open` is in order of time, and so is a stable sort.
    // An insertion sort needs no buffer, and there are few.
    for (std::size_t end = 1; end < candidates_.size(); ++end)
        for (std::size_t at = end; at > 0; --at) {
            const Amount before = candidates_[at - 1]->terms.price;
            const Amount after = candidates_[at]->terms.price;
            if (side == Side::buy ? before >= after : before <= after) break;
            std::swap(candidates_[at - 1], candidates_[at]);
        }
    for (Order* order : candidates_) {
        if (quantity.raw <= 0) return;
        if (!order->open()) continue;
        quantity -=
            fill(*order, order->terms.price, min(quantity, order->remaining()), true, now_ms);
    }
}

void Matching::trigger(SymbolIndex symbol, WorkingType source, Amount reference,
                       std::int64_t now_ms) {
    candidates_.clear();
    for (Order* order : books_[symbol].open) {
        const NewOrder& terms = order->terms;
        if (!order->waiting() || terms.working_type != source) continue;
        const bool reached =
            triggers_upward(terms) ? reference >= terms.stop_price : reference <= terms.stop_price;
        if (reached) candidates_.push_back(order);
    }
    for (Order* order : candidates_)
        if (order->open() && order->waiting()) fire(*order, now_ms);
}

void Matching::fire(Order& order, std::int64_t now_ms) {
    const NewOrder& terms = order.terms;
    const SymbolBoard& market = board_.at(terms.symbol);
    if (terms.price_protect) {
        const Amount gap = abs(market.mark.mark - market.last) / market.mark.mark;
        if (gap > rules_.at(terms.symbol).trigger_protect) {
            if (!options_.behaviour.protect_keeps_order)
                finish(order, OrderStatus::expired, now_ms);
            return;
        }
    }
    if (options_.behaviour.trigger_announces_expiry &&
        !options_.behaviour.trigger_changes_order_id) {
        order.status = OrderStatus::expired;
        announce(order, Execution::expired, nullptr, now_ms);
        order.status = OrderStatus::fresh;
    }
    Amount quantity = terms.quantity;
    if (closes(terms)) {
        const Amount held = account_.closable(terms.symbol, terms.position_side, terms.side);
        if (terms.close_position) quantity = held;
        if (held.zero()) return finish(order, OrderStatus::expired, now_ms);
    }
    Order& fired = fired_form(order, now_ms);
    fired.terms.quantity = quantity;
    fired.triggered = true;
    fired.update_ms = now_ms;
    // It reserved nothing while it waited, so its margin is checked now.
    if (check_margin(fired.terms)) return finish(fired, OrderStatus::expired, now_ms);
    update_resting(fired);
    announce(fired, Execution::fresh, nullptr, now_ms);
    execute(fired, now_ms);
}

/// The order that goes on as LIMIT or MARKET: the same, or another in its place (E7).
Order& Matching::fired_form(Order& order, std::int64_t now_ms) {
    const OrderType type = at_market(order.terms.type) ? OrderType::market : OrderType::limit;
    if (!options_.behaviour.trigger_changes_order_id) {
        Book& book = books_[order.terms.symbol];
        --book.conditional;
        order.terms.type = type;
        renew_bounds(book);
        return order;
    }
    NewOrder terms = order.terms;
    terms.type = type;
    if (options_.behaviour.trigger_changes_client_id) terms.client_id.clear();
    const OrderId fired = order.id;
    const OrderType original = order.original_type;
    order.triggered = true;
    finish(order, OrderStatus::expired, now_ms);
    Order& child = store_.create(terms, now_ms);
    child.original_type = original;
    enter(child);
    if (Order* parent = store_.find(fired)) parent->fired_as = child.id;
    return child;
}

}  // namespace tranche::exchange
