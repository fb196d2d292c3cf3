#include "net/status/board_view.hpp"

#include <algorithm>
#include <tuple>

namespace tranche {

BoardView::BoardView(const StatusBoard& board)
    : board_{board},
      symbols_(board.symbols.size()),
      tranches_(board.tranches.size()),
      orders_(board.orders.size()) {}

template <class Row>
std::size_t BoardView::take(const std::vector<Snapshot<Row>>& from, std::vector<Copy<Row>>& to) {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::uint64_t version = from[i].version();
        if (version == to[i].version) continue;
        to[i] = {version, from[i].read()};
        ++copied;
    }
    return copied;
}

std::size_t BoardView::refresh() {
    std::size_t copied = 0;
    const std::uint64_t version = board_.engine.version();
    if (version != engine_.version) {
        engine_ = {version, board_.engine.read()};
        ++copied;
    }
    copied += take(board_.symbols, symbols_);
    const std::size_t rows = take(board_.tranches, tranches_) + take(board_.orders, orders_);
    if (rows > 0) collect();
    return copied + rows;
}

void BoardView::collect() {
    open_tranches_.clear();
    for (const auto& copy : tranches_)
        if (copy.row.live != 0) open_tranches_.push_back(copy.row.tranche);
    std::sort(open_tranches_.begin(), open_tranches_.end(),
              [](const TrancheRow& a, const TrancheRow& b) {
                  return std::tie(a.symbol, a.side, a.ordinal, a.id) <
                         std::tie(b.symbol, b.side, b.ordinal, b.id);
              });
    live_orders_.clear();
    for (const auto& copy : orders_)
        if (copy.row.live != 0) live_orders_.push_back(copy.row.order);
    std::sort(live_orders_.begin(), live_orders_.end(), [](const OrderRow& a, const OrderRow& b) {
        return std::tie(b.created, b.order_id) < std::tie(a.created, a.order_id);
    });
    order_index_.clear();
    for (std::size_t i = 0; i < live_orders_.size(); ++i)
        if (live_orders_[i].order_id != 0) order_index_.emplace_back(live_orders_[i].order_id, i);
    std::sort(order_index_.begin(), order_index_.end());
}

const SymbolBoardRow& BoardView::symbol(SymbolId id) const {
    return index(id) < symbols_.size() ? symbols_[index(id)].row : nothing_;
}

const OrderRow* BoardView::order(std::int64_t order_id) const {
    const auto found = std::lower_bound(order_index_.begin(), order_index_.end(),
                                        std::pair{order_id, std::size_t{0}});
    if (order_id == 0 || found == order_index_.end() || found->first != order_id) return nullptr;
    return &live_orders_[found->second];
}

}  // namespace tranche
