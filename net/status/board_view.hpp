// The status side's own copy of the board: every answer of one turn is made from the same picture,
// and only rows that were written since are read again.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/board.hpp"

namespace tranche {

/// Copies rows when their version moved. One thread.
class BoardView {
public:
    explicit BoardView(const StatusBoard& board);

    /// Takes over what changed; returns the number of rows copied.
    std::size_t refresh();

    const EngineBoardRow& engine() const { return engine_.row; }
    /// By index of the configured symbols.
    std::size_t symbol_count() const { return symbols_.size(); }
    const SymbolBoardRow& symbol(std::size_t at) const { return symbols_[at].row; }
    /// Zeroes for a symbol that is not configured.
    const SymbolBoardRow& symbol(SymbolId id) const;

    /// Tranches that are not final, by symbol, side and ordinal.
    const std::vector<TrancheRow>& tranches() const { return open_tranches_; }
    /// Orders that are not final, newest first.
    const std::vector<OrderRow>& orders() const { return live_orders_; }
    /// The working order with the exchange's id, or null.
    const OrderRow* order(std::int64_t order_id) const;

    const StatusBoard& board() const { return board_; }

private:
    template <class Row> struct Copy {
        std::uint64_t version{};
        Row row{};
    };
    template <class Row>
    static std::size_t take(const std::vector<Snapshot<Row>>& from, std::vector<Copy<Row>>& to);
    void collect();

    const StatusBoard& board_;
    Copy<EngineBoardRow> engine_{};
    std::vector<Copy<SymbolBoardRow>> symbols_;
    std::vector<Copy<TrancheBoardRow>> tranches_;
    std::vector<Copy<OrderBoardRow>> orders_;
    std::vector<TrancheRow> open_tranches_;
    std::vector<OrderRow> live_orders_;
    std::vector<std::pair<std::int64_t, std::size_t>> order_index_;  // sorted by exchange id
    SymbolBoardRow nothing_{};
};

}  // namespace tranche
