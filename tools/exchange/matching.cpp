#include "tools/exchange/matching.hpp"

#include <algorithm>

namespace tranche::exchange {

Matching::Matching(const Rules& rules, const Board& board, Account& account, Outbox& outbox,
                   const MatchingOptions& options)
    : rules_{rules},
      board_{board},
      account_{account},
      outbox_{outbox},
      options_{options},
      store_{options.history_limit},
      books_(rules.size()) {}

const Order* Matching::find_client(SymbolIndex symbol, const ClientText& client_id) const {
    const Order* order = store_.newest(client_id);
    while (order != nullptr && order->terms.symbol != symbol) order = order->earlier;
    return order;
}

void Matching::announce(const Order& order, Execution execution, const Fill* fill,
                        std::int64_t now_ms) {
    const OrderEvent event{.time_ms = now_ms,
                           .execution = execution,
                           .has_fill = fill != nullptr,
                           .order = order,
                           .fill = fill != nullptr ? *fill : Fill{},
                           .open = books_[order.terms.symbol].resting};
    outbox_.user.emplace_back(event);
    if (outbox_.keep_log) outbox_.log.emplace_back(event);
}

void Matching::announce_account(AccountReason reason, SymbolIndex symbol, PositionSide side,
                                std::int64_t now_ms) {
    AccountEvent event;
    event.time_ms = now_ms;
    event.reason = reason;
    event.wallet = account_.wallet();
    event.add(position_state(account_, board_, symbol, side));
    outbox_.user.emplace_back(event);
}

std::variant<OrderId, Reject> Matching::place(NewOrder terms, std::int64_t now_ms) {
    if (options_.behaviour.over_close == OverClose::trim) trim(terms);
    if (std::optional<Reject> refused = check(terms)) return *refused;
    Order& order = store_.create(terms, now_ms);
    enter(order);
    announce(order, Execution::fresh, nullptr, now_ms);
    const OrderId id = order.id;
    note_move(order);
    if (!order.waiting()) execute(order, now_ms);
    drive(now_ms);
    return id;
}

void Matching::finish(Order& order, OrderStatus status, std::int64_t now_ms) {
    order.status = status;
    order.update_ms = now_ms;
    note_move(order);
    leave(order);
    if (status == OrderStatus::canceled) announce(order, Execution::canceled, nullptr, now_ms);
    if (status == OrderStatus::expired) announce(order, Execution::expired, nullptr, now_ms);
    store_.ended(order);
}

std::optional<Reject> Matching::cancel(OrderId id, std::int64_t now_ms) {
    Order* order = store_.find(id);
    if (order == nullptr || !order->open()) return Reject{-2011, "Unknown order sent."};
    finish(*order, OrderStatus::canceled, now_ms);
    drive(now_ms);
    return std::nullopt;
}

void Matching::cancel_all(SymbolIndex symbol, std::int64_t now_ms) {
    closers_ = books_[symbol].open;
    for (Order* order : closers_) finish(*order, OrderStatus::canceled, now_ms);
    drive(now_ms);
}

std::optional<Reject> Matching::modify(OrderId id, Amount quantity, Amount price,
                                       std::int64_t now_ms) {
    Order* found = store_.find(id);
    if (found == nullptr || !found->open()) return Reject{-2013, "Order does not exist."};
    Order& order = *found;
    if (order.terms.type != OrderType::limit) return Reject{-1116, "Invalid orderType."};
    if (quantity <= order.executed)
        return Reject{-4003, "Quantity not above what is executed already."};
    // The order must not count against itself, neither its id nor its margin.
    std::vector<Order*>& open = books_[order.terms.symbol].open;
    const auto rank = std::find(open.begin(), open.end(), found) - open.begin();
    leave(order);
    NewOrder changed = order.terms;
    changed.client_id.clear();
    changed.quantity = quantity - order.executed;
    changed.price = price;
    const std::optional<Reject> refused = check(changed);
    const bool keeps_rank =
        refused || (price == order.terms.price && quantity <= order.terms.quantity);
    if (!refused) {
        order.terms.quantity = quantity;
        order.terms.price = price;
        order.update_ms = now_ms;
    }
    enter(order);
    if (keeps_rank) std::rotate(open.begin() + rank, open.end() - 1, open.end());
    if (refused) return refused;
    announce(order, Execution::amendment, nullptr, now_ms);
    execute(order, now_ms);
    drive(now_ms);
    return std::nullopt;
}

void Matching::on(const Quote& quote, std::int64_t now_ms) {
    Book& book = books_[quote.symbol];
    book.bids_taken = book.asks_taken = {};
    // A book that now crosses a resting order has traded with it at the order's own price.
    if (quote.ask <= book.best_bid)
        match_resting(quote.symbol, Side::buy, quote.ask, quote.ask_quantity, now_ms);
    if (quote.bid >= book.best_ask)
        match_resting(quote.symbol, Side::sell, quote.bid, quote.bid_quantity, now_ms);
    drive(now_ms);
}

void Matching::on(const Trade& trade, std::int64_t now_ms) {
    Book& book = books_[trade.symbol];
    if (trade.buyer_is_maker ? trade.price <= book.best_bid : trade.price >= book.best_ask)
        match_resting(trade.symbol, trade.buyer_is_maker ? Side::buy : Side::sell, trade.price,
                      trade.quantity, now_ms);
    if (book.last.reached(trade.price))
        trigger(trade.symbol, WorkingType::contract_price, trade.price, now_ms);
    drive(now_ms);
}

void Matching::on(const Mark& mark, std::int64_t now_ms) {
    if (!account_.flat(mark.symbol)) revalue(mark.symbol);
    if (books_[mark.symbol].mark.reached(mark.mark))
        trigger(mark.symbol, WorkingType::mark_price, mark.mark, now_ms);
    if (options_.liquidations) watch_margin(now_ms);
    drive(now_ms);
}

}  // namespace tranche::exchange
