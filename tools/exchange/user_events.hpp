// The texts of the user data stream and of order replies (exchange-protocol.md §3.3 and §4.5).
#pragma once

#include <string>
#include <vector>

#include "tools/exchange/account.hpp"
#include "tools/exchange/board.hpp"
#include "tools/exchange/order.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// Notional of the account's open buy and sell orders of a symbol.
struct OpenNotional {
    Amount bids, asks;
};

/// One ORDER_TRADE_UPDATE; `fill` only for an execution.
std::string order_trade_update(const SymbolRules& rules, const Order& order, Execution execution,
                               const Fill* fill, const OpenNotional& open, std::int64_t now_ms);

/// One ACCOUNT_UPDATE with m = ORDER after a fill.
std::string account_update(const Rules& rules, const Account& account, const Board& board,
                           SymbolIndex symbol, PositionSide side, std::int64_t now_ms);

std::string leverage_update(const SymbolRules& rules, std::int64_t leverage, std::int64_t now_ms);
std::string mode_update(const Account& account, std::int64_t now_ms);
std::string margin_type_update(const Rules& rules, const Account& account, const Board& board,
                               SymbolIndex symbol, std::int64_t now_ms);
std::string listen_key_expired(std::int64_t now_ms);

/// The order object of REST replies; queries carry `time` as well.
std::string order_object(const SymbolRules& rules, const Order& order, bool with_time);
/// The reply to a placement in ACK form: accepted, nothing filled yet.
std::string order_acknowledgement(const SymbolRules& rules, const Order& order);

/// One line of `--json-log` about an order or a fill.
std::string log_line(const SymbolRules& rules, const Order& order, Execution execution,
                     const Fill* fill, std::int64_t now_ms);

}  // namespace tranche::exchange
