// A venue that goes on where an earlier one ended: what was there is put back, unchecked and
// unannounced.
#include <algorithm>
#include <utility>

#include "tools/exchange/matching.hpp"

namespace tranche::exchange {

void Account::put_back(SymbolIndex symbol, PositionSide side, Amount quantity, Amount entry) {
    change_position(positions_[symbol][static_cast<std::size_t>(side)], quantity, entry);
}

Order& OrderStore::put_back(const NewOrder& terms, OrderId id, std::int64_t time_ms) {
    const OrderId newest = std::exchange(next_id_, id - 1);
    Order& order = create(terms, time_ms);
    next_id_ = std::max(next_id_, newest);
    return order;
}

void Matching::number_from(OrderId order, std::int64_t trade) {
    store_.number_from(order);
    for (Book& book : books_) book.trade_id = std::max(book.trade_id, trade);
}

void Matching::put_back(const NewOrder& terms, OrderId id, Amount executed, Amount quote,
                        std::int64_t time_ms) {
    Order& order = store_.put_back(terms, id, time_ms);
    order.executed = executed;
    order.cumulated_quote = quote;
    if (!executed.zero()) order.status = OrderStatus::partially_filled;
    enter(order);
}

}  // namespace tranche::exchange
