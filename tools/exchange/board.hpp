// What the market shows at this moment: quotes with the depth behind them, marks, last prices and
// candles. REST answers and order checks read it; only market events change it.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "tools/exchange/market.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

struct Level {
    Amount price, quantity;
};

/// One minute of trading.
struct Candle {
    std::int64_t open_ms{};
    Amount open, high, low, close, volume, quote_volume, taker_volume, taker_quote_volume;
    std::int64_t trades{};
};

struct SymbolBoard {
    Quote quote{};
    Mark mark{};
    Amount last;
    std::int64_t last_trade_ms{};
    /// False until the market has shown a price: nothing can be traded before.
    [[nodiscard]] bool priced() const { return !quote.bid.zero() && !mark.mark.zero(); }
};

/// Level `index` (0 is the best) of one side of the book behind a quote; sizes grow with distance.
Level depth_level(const SymbolRules& rules, const Quote& quote, Side book_side, int index);

class Board {
public:
    /// Levels that exist behind each best price.
    static constexpr int depth_levels = 100;

    static constexpr std::size_t minutes_kept = 1500;

    /// Without `candles` trades leave nothing but the last price.
    explicit Board(const Rules& rules, bool candles = true)
        : rules_{rules}, symbols_(rules.size()), minutes_(candles ? rules.size() : 0) {}

    void apply(const Quote& quote);
    void apply(const Trade& trade);
    void apply(const Mark& mark) { symbols_[mark.symbol].mark = mark; }

    [[nodiscard]] const SymbolBoard& at(SymbolIndex symbol) const { return symbols_[symbol]; }
    /// Newest last, at most `minutes_kept`.
    [[nodiscard]] const std::deque<Candle>& minutes(SymbolIndex symbol) const {
        return minutes_.at(symbol);
    }
    /// The best `count` levels that traders of `book_side` (bids: buy) have put up.
    [[nodiscard]] std::vector<Level> depth(SymbolIndex symbol, Side book_side, int count) const;

private:
    void add_to_minute(const Trade& trade);

    const Rules& rules_;
    std::vector<SymbolBoard> symbols_;
    std::vector<std::deque<Candle>> minutes_;
};

}  // namespace tranche::exchange
