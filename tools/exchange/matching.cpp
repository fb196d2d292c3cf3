#include "tools/exchange/matching.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "tools/exchange/random.hpp"

namespace tranche::exchange {

Matching::Matching(const Rules& rules, const Board& board, Account& account, Outbox& outbox,
                   MatchingOptions options)
    : rules_{rules},
      board_{board},
      account_{account},
      outbox_{outbox},
      options_{options},
      open_(rules.size()),
      taken_(rules.size()),
      trade_ids_(rules.size(), 48'000'000) {}

const Order* Matching::find(OrderId id) const {
    const auto found = orders_.find(id);
    return found == orders_.end() ? nullptr : &found->second;
}

const Order* Matching::find_client(SymbolIndex symbol, const std::string& client_id) const {
    const auto found = by_client_id_.find(client_id);
    if (found == by_client_id_.end()) return nullptr;
    for (auto id = found->second.rbegin(); id != found->second.rend(); ++id)
        if (orders_.at(*id).terms.symbol == symbol) return &orders_.at(*id);
    return nullptr;
}

OpenNotional Matching::open_notional(SymbolIndex symbol) const {
    OpenNotional open;
    for (const OrderId id : open_[symbol]) {
        const Order& order = orders_.at(id);
        if (order.waiting()) continue;
        (order.terms.side == Side::buy ? open.bids : open.asks) +=
            order.remaining() * order.terms.price;
    }
    return open;
}

void Matching::announce(const Order& order, Execution execution, const Fill* fill,
                        std::int64_t now_ms) {
    const SymbolRules& rules = rules_.at(order.terms.symbol);
    outbox_.user.push_back(order_trade_update(rules, order, execution, fill,
                                              open_notional(order.terms.symbol), now_ms));
    outbox_.log.push_back(log_line(rules, order, execution, fill, now_ms));
}

std::variant<OrderId, Reject> Matching::place(NewOrder terms, std::int64_t now_ms) {
    if (std::optional<Reject> refused = check(terms)) return *refused;
    const OrderId id = ++next_id_;
    if (terms.client_id.empty())
        terms.client_id = fmt::format("auto-{:x}", mix(static_cast<std::uint64_t>(id)));
    Order order;
    order.id = id;
    order.terms = std::move(terms);
    order.original_type = order.terms.type;
    order.time_ms = order.update_ms = now_ms;
    by_client_id_[order.terms.client_id].push_back(id);
    ++accepted_[order.terms.client_id];
    open_[order.terms.symbol].push_back(id);
    Order& kept = orders_.emplace(id, std::move(order)).first->second;
    announce(kept, Execution::fresh, nullptr, now_ms);
    if (!kept.waiting()) execute(kept, now_ms);
    return id;
}

void Matching::finish(Order& order, OrderStatus status, std::int64_t now_ms) {
    order.status = status;
    order.update_ms = now_ms;
    std::erase(open_[order.terms.symbol], order.id);
    if (status == OrderStatus::canceled) announce(order, Execution::canceled, nullptr, now_ms);
    if (status == OrderStatus::expired) announce(order, Execution::expired, nullptr, now_ms);
}

std::optional<Reject> Matching::cancel(OrderId id, std::int64_t now_ms) {
    const auto found = orders_.find(id);
    if (found == orders_.end() || !found->second.open())
        return Reject{-2011, "Unknown order sent."};
    finish(found->second, OrderStatus::canceled, now_ms);
    return std::nullopt;
}

void Matching::cancel_all(SymbolIndex symbol, std::int64_t now_ms) {
    const std::vector<OrderId> ids = open_[symbol];
    for (const OrderId id : ids) finish(orders_.at(id), OrderStatus::canceled, now_ms);
}

std::optional<Reject> Matching::modify(OrderId id, Amount quantity, Amount price,
                                       std::int64_t now_ms) {
    const auto found = orders_.find(id);
    if (found == orders_.end() || !found->second.open())
        return Reject{-2013, "Order does not exist."};
    Order& order = found->second;
    if (order.terms.type != OrderType::limit) return Reject{-1116, "Invalid orderType."};
    if (quantity <= order.executed)
        return Reject{-4003, "Quantity not above what is executed already."};
    // The order must not count against itself, neither its id nor its margin.
    std::vector<OrderId>& open = open_[order.terms.symbol];
    const auto place = std::find(open.begin(), open.end(), id);
    const auto rank = place - open.begin();
    open.erase(place);
    NewOrder changed = order.terms;
    changed.client_id.clear();
    changed.quantity = quantity - order.executed;
    changed.price = price;
    const std::optional<Reject> refused = check(changed);
    const bool keeps_rank =
        refused || (price == order.terms.price && quantity <= order.terms.quantity);
    open.insert(keeps_rank ? open.begin() + rank : open.end(), id);
    if (refused) return refused;
    order.terms.quantity = quantity;
    order.terms.price = price;
    order.update_ms = now_ms;
    announce(order, Execution::amendment, nullptr, now_ms);
    execute(order, now_ms);
    return std::nullopt;
}

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
    const Amount there = available_up_to(terms.symbol, terms.side, terms.price);
    switch (terms.time_in_force) {
        case TimeInForce::gtx:
            if (!there.zero()) finish(order, OrderStatus::expired, now_ms);
            return;
        case TimeInForce::fok:
            if (there < order.remaining()) return finish(order, OrderStatus::expired, now_ms);
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
    const Amount gone = taker == Side::buy ? taken_[symbol].asks : taken_[symbol].bids;
    return max(total - gone, Amount{});
}

void Matching::take(Order& order, Amount worst_price, std::int64_t now_ms) {
    const SymbolIndex symbol = order.terms.symbol;
    const Side side = order.terms.side;
    const SymbolRules& rules = rules_.at(symbol);
    const Quote quote = board_.at(symbol).quote;
    Amount& taken = side == Side::buy ? taken_[symbol].asks : taken_[symbol].bids;
    Amount skip = taken;
    for (int index = 0; index < Board::depth_levels && order.open(); ++index) {
        const Level level = depth_level(rules, quote, opposite(side), index);
        const bool within =
            side == Side::buy ? level.price <= worst_price : level.price >= worst_price;
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
    NewOrder& terms = order.terms;
    const bool closing = closes(terms);
    if (closing)
        quantity = min(quantity, account_.closable(terms.symbol, terms.position_side, terms.side));
    if (quantity.raw <= 0) {
        finish(order, OrderStatus::expired, now_ms);
        return {};
    }
    Fill fill{.trade_id = ++trade_ids_[terms.symbol],
              .order = order.id,
              .symbol = terms.symbol,
              .side = terms.side,
              .position_side = terms.position_side,
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
    if (!order.open()) std::erase(open_[terms.symbol], order.id);
    announce(order, Execution::trade, &fill, now_ms);
    outbox_.user.push_back(
        account_update(rules_, account_, board_, terms.symbol, terms.position_side, now_ms));
    if (account_.position(terms.symbol, terms.position_side).quantity.zero())
        expire_closers(terms.symbol, terms.position_side, now_ms);
    return quantity;
}

void Matching::expire_closers(SymbolIndex symbol, PositionSide side, std::int64_t now_ms) {
    const std::vector<OrderId> ids = open_[symbol];
    for (const OrderId id : ids) {
        Order& order = orders_.at(id);
        const bool orphan = order.terms.position_side == side && closes(order.terms) &&
                            (!order.waiting() || order.terms.close_position);
        if (orphan && order.open()) finish(order, OrderStatus::expired, now_ms);
    }
}

void Matching::match_resting(SymbolIndex symbol, Side side, Amount price, Amount quantity,
                             std::int64_t now_ms) {
    std::vector<OrderId> ids;
    for (const OrderId id : open_[symbol]) {
        const Order& order = orders_.at(id);
        if (order.waiting() || order.terms.side != side) continue;
        const Amount limit = order.terms.price;
        if (side == Side::buy ? limit >= price : limit <= price) ids.push_back(id);
    }
    std::stable_sort(ids.begin(), ids.end(), [&](OrderId a, OrderId b) {
        const Amount left = orders_.at(a).terms.price;
        const Amount right = orders_.at(b).terms.price;
        return side == Side::buy ? left > right : left < right;
    });
    for (const OrderId id : ids) {
        Order& order = orders_.at(id);
        if (quantity.raw <= 0) return;
        if (!order.open()) continue;
        quantity -= fill(order, order.terms.price, min(quantity, order.remaining()), true, now_ms);
    }
}

void Matching::on(const Quote& quote, std::int64_t now_ms) {
    taken_[quote.symbol] = {};
    if (open_[quote.symbol].empty()) return;
    // A book that now crosses a resting order has traded with it at the order's own price.
    match_resting(quote.symbol, Side::buy, quote.ask, quote.ask_quantity, now_ms);
    match_resting(quote.symbol, Side::sell, quote.bid, quote.bid_quantity, now_ms);
}

void Matching::on(const Trade& trade, std::int64_t now_ms) {
    if (open_[trade.symbol].empty()) return;
    const Side resting = trade.buyer_is_maker ? Side::buy : Side::sell;
    match_resting(trade.symbol, resting, trade.price, trade.quantity, now_ms);
    trigger(trade.symbol, WorkingType::contract_price, trade.price, now_ms);
}

void Matching::on(const Mark& mark, std::int64_t now_ms) {
    if (!open_[mark.symbol].empty())
        trigger(mark.symbol, WorkingType::mark_price, mark.mark, now_ms);
}

void Matching::fire(Order& order, std::int64_t now_ms) {
    NewOrder& terms = order.terms;
    const SymbolBoard& market = board_.at(terms.symbol);
    if (terms.price_protect) {
        const Amount gap = abs(market.mark.mark - market.last) / market.mark.mark;
        if (gap > rules_.at(terms.symbol).trigger_protect) {
            if (!options_.protect_keeps_order) finish(order, OrderStatus::expired, now_ms);
            return;
        }
    }
    if (options_.trigger_announces_expiry) {
        order.status = OrderStatus::expired;
        announce(order, Execution::expired, nullptr, now_ms);
        order.status = OrderStatus::fresh;
    }
    if (closes(terms)) {
        const Amount held = account_.closable(terms.symbol, terms.position_side, terms.side);
        if (terms.close_position) terms.quantity = held;
        if (held.zero()) return finish(order, OrderStatus::expired, now_ms);
    }
    terms.type = at_market(terms.type) ? OrderType::market : OrderType::limit;
    order.triggered = true;
    order.update_ms = now_ms;
    // It reserved nothing while it waited, so its margin is checked now.
    if (check_margin(terms)) return finish(order, OrderStatus::expired, now_ms);
    announce(order, Execution::fresh, nullptr, now_ms);
    execute(order, now_ms);
}

}  // namespace tranche::exchange
