// Turns market events into the frames of the market streams (exchange-protocol.md §2).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/exchange/board.hpp"
#include "tools/exchange/market.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// A raw payload and the stream that it belongs to.
struct StreamFrame {
    std::string stream;
    std::string payload;
};

std::string force_order_payload(const SymbolRules& rules, const Liquidation& liquidation,
                                std::int64_t now_ms);
std::string book_ticker_payload(const SymbolRules& rules, const Quote& quote, std::int64_t now_ms);
std::string mark_price_payload(const SymbolRules& rules, const Mark& mark, std::int64_t now_ms);

/// Asked before a payload is written, so that streams without readers cost nothing.
using Wanted = std::function<bool(std::string_view stream)>;

/// One of the market's streams to the outside; remembers what is due when.
class Feed {
public:
    explicit Feed(const Rules& rules) : rules_{rules}, aggregate_ids_(rules.size()) {}

    void add(const Liquidation& liquidation, std::int64_t now_ms, const Wanted& wanted,
             std::vector<StreamFrame>& out);
    void add(const Quote& quote, std::int64_t now_ms, const Wanted& wanted,
             std::vector<StreamFrame>& out);
    void add(const Trade& trade, std::int64_t now_ms, const Wanted& wanted,
             std::vector<StreamFrame>& out);
    void add(const Mark& mark, std::int64_t now_ms, const Wanted& wanted,
             std::vector<StreamFrame>& out);
    /// Array streams and partial depth, which come with the clock and not with an event.
    void tick(const Board& board, std::int64_t now_ms, const Wanted& wanted,
              std::vector<StreamFrame>& out);

private:
    void depth(const Board& board, SymbolIndex symbol, int levels, std::string_view suffix,
               std::int64_t now_ms, const Wanted& wanted, std::vector<StreamFrame>& out);

    const Rules& rules_;
    std::vector<std::int64_t> aggregate_ids_;
    std::vector<std::string> marks_;  // payloads of the current second, for the array streams
    std::map<std::string, std::int64_t, std::less<>> depth_ids_;  // last update id by stream
    std::int64_t mark_second_{};
    std::int64_t depth_slot_{};
};

}  // namespace tranche::exchange
