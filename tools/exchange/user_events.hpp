// What the user data stream says, as structs, and the texts of it and of order replies
// (exchange-protocol.md §3.3 and §4.5).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
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

/// ORDER_TRADE_UPDATE: the order as it stood; `fill` only of an execution.
struct OrderEvent {
    std::int64_t time_ms{};
    Execution execution{};
    bool has_fill{};
    Order order;
    Fill fill;
    OpenNotional open;
};

/// The `m` of ACCOUNT_UPDATE.
enum class AccountReason : std::uint8_t { order, funding_fee, margin_type_change, insurance_clear };

struct PositionState {
    SymbolIndex symbol{};
    PositionSide side{};
    bool isolated{};
    Amount quantity, entry, realized, unrealized, isolated_wallet;
};
/// ACCOUNT_UPDATE.
struct AccountEvent {
    std::int64_t time_ms{};
    AccountReason reason{};
    std::uint8_t position_count{};
    Amount wallet;
    std::array<PositionState, 2> positions{};

    void add(const PositionState& position) { positions[position_count++] = position; }
};
/// ACCOUNT_CONFIG_UPDATE with `ac`.
struct LeverageEvent {
    std::int64_t time_ms{};
    SymbolIndex symbol{};
    std::int64_t leverage{};
};
/// ACCOUNT_CONFIG_UPDATE with `ai`.
struct ModeEvent {
    std::int64_t time_ms{};
    bool multi_assets{}, hedge_mode{};
};
/// MARGIN_CALL of one position.
struct MarginCallEvent {
    std::int64_t time_ms{};
    Amount wallet;
    PositionState position;
    Amount mark, maintenance;
};
using UserEvent = std::variant<OrderEvent, AccountEvent, LeverageEvent, ModeEvent, MarginCallEvent>;

/// A published liquidation, for the log.
struct LiquidationEvent {
    std::int64_t time_ms{};
    Liquidation liquidation;
};
using LogEntry = std::variant<OrderEvent, LiquidationEvent>;

/// What left the venue since its owner last emptied it.
struct Outbox {
    std::vector<UserEvent> user;  // in order
    std::vector<LogEntry> log;    // what --json-log writes, in order; empty unless `keep_log`
    bool keep_log{};
};

/// State of one position at the mark price.
PositionState position_state(const Account& account, const Board& board, SymbolIndex symbol,
                             PositionSide side);

/// The payload of one event.
/// `algo_service`: conditional orders are told of by ALGO_UPDATE until they fire.
std::string user_payload(const Rules& rules, const UserEvent& event, bool algo_service = false);
std::string listen_key_expired(std::int64_t now_ms);
/// One line of `--json-log`.
std::string log_line(const Rules& rules, const LogEntry& entry);

/// The order object of REST replies; queries carry `time` as well.
std::string order_object(const SymbolRules& rules, const Order& order, bool with_time);
/// The reply to a placement in ACK form: accepted, nothing filled yet.
std::string order_acknowledgement(const SymbolRules& rules, const Order& order);

}  // namespace tranche::exchange
