#include "tools/exchange/board.hpp"

#include <algorithm>

#include "tools/exchange/random.hpp"

namespace tranche::exchange {

Level depth_level(const SymbolRules& rules, const Quote& quote, Side book_side, int index) {
    const bool bids = book_side == Side::buy;
    const Amount best = bids ? quote.bid : quote.ask;
    const Amount top = bids ? quote.bid_quantity : quote.ask_quantity;
    if (index == 0) return {.price = best, .quantity = top};
    const Amount gap = max(floor_to(best / 10'000, rules.tick), rules.tick);
    const Amount away = gap * index;
    const std::uint64_t hash = mix(static_cast<std::uint64_t>(quote.update_id) * 2'048U +
                                   static_cast<std::uint64_t>(index) * 2U + (bids ? 1U : 0U));
    const auto percent = static_cast<std::int64_t>(60 + hash % 80) + 20 * index;
    const Amount quantity = max(floor_to(top * percent / 100, rules.step), rules.step);
    return {.price = bids ? max(best - away, Amount{}) : best + away, .quantity = quantity};
}

void Board::apply(const Quote& quote) {
    SymbolBoard& board = symbols_[quote.symbol];
    board.quote = quote;
    if (board.last.zero()) board.last = quote.bid;
}

void Board::apply(const Trade& trade) {
    SymbolBoard& board = symbols_[trade.symbol];
    board.last = trade.price;
    board.last_trade_ms = trade.time_ms;
    if (!minutes_.empty()) add_to_minute(trade);
}

void Board::add_to_minute(const Trade& trade) {
    std::deque<Candle>& minutes = minutes_[trade.symbol];
    const std::int64_t minute = trade.time_ms - trade.time_ms % 60'000;
    if (minutes.empty() || minutes.back().open_ms != minute) {
        if (minutes.size() == minutes_kept) minutes.pop_front();
        Candle candle;
        candle.open_ms = minute;
        candle.open = candle.high = candle.low = trade.price;
        minutes.push_back(candle);
    }
    Candle& candle = minutes.back();
    candle.high = max(candle.high, trade.price);
    candle.low = min(candle.low, trade.price);
    candle.close = trade.price;
    candle.volume += trade.quantity;
    candle.quote_volume += trade.price * trade.quantity;
    ++candle.trades;
    if (trade.buyer_is_maker) return;
    candle.taker_volume += trade.quantity;
    candle.taker_quote_volume += trade.price * trade.quantity;
}

std::vector<Level> Board::depth(SymbolIndex symbol, Side book_side, int count) const {
    std::vector<Level> levels;
    const Quote& quote = symbols_[symbol].quote;
    if (quote.bid.zero()) return levels;
    for (int index = 0; index < std::min(count, depth_levels); ++index) {
        const Level level = depth_level(rules_.at(symbol), quote, book_side, index);
        if (level.price.zero()) break;
        levels.push_back(level);
    }
    return levels;
}

}  // namespace tranche::exchange
