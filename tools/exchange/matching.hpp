// The order book of the account against the generated market: acceptance, price-time priority,
// fills, triggers, ends. Pure: time comes in with every call.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "tools/exchange/account.hpp"
#include "tools/exchange/board.hpp"
#include "tools/exchange/order.hpp"
#include "tools/exchange/rules.hpp"
#include "tools/exchange/user_events.hpp"

namespace tranche::exchange {

/// What left the matching engine since the owner last emptied it.
struct Outbox {
    std::vector<std::string> user;  // user stream payloads, in order
    std::vector<std::string> log;   // lines of --json-log, in order
};

/// Open questions of exchange-protocol.md §10.1 and §10.2, either answer playable.
struct MatchingOptions {
    bool trigger_announces_expiry{};  // EXPIRED of the conditional form before NEW of the executed
    bool protect_keeps_order{};       // priceProtect refusal: the order stays instead of expiring
};

/// Owner of all orders. Market events must reach the board before they reach `on`.
class Matching {
public:
    Matching(const Rules& rules, const Board& board, Account& account, Outbox& outbox,
             MatchingOptions options);

    /// Every check of a placement, without placing.
    [[nodiscard]] std::optional<Reject> check(const NewOrder& order) const;
    /// Accepts and executes as far as the market allows.
    std::variant<OrderId, Reject> place(NewOrder order, std::int64_t now_ms);
    /// -2011 unless the order is open.
    std::optional<Reject> cancel(OrderId id, std::int64_t now_ms);
    void cancel_all(SymbolIndex symbol, std::int64_t now_ms);
    /// New quantity and price of a resting LIMIT order; on refusal the old terms stay.
    std::optional<Reject> modify(OrderId id, Amount quantity, Amount price, std::int64_t now_ms);

    void on(const Quote& quote, std::int64_t now_ms);
    void on(const Trade& trade, std::int64_t now_ms);
    void on(const Mark& mark, std::int64_t now_ms);

    [[nodiscard]] const Order* find(OrderId id) const;
    /// The newest order that carried this client id.
    [[nodiscard]] const Order* find_client(SymbolIndex symbol, const std::string& client_id) const;
    [[nodiscard]] const std::vector<OrderId>& open(SymbolIndex symbol) const {
        return open_[symbol];
    }
    [[nodiscard]] const std::map<OrderId, Order>& orders() const { return orders_; }
    /// How often each client id was accepted.
    [[nodiscard]] const std::unordered_map<std::string, std::int64_t>& accepted() const {
        return accepted_;
    }
    /// Initial margin that resting orders have reserved.
    [[nodiscard]] Amount reserved() const;
    /// What may still be used to open.
    [[nodiscard]] Amount available() const;

private:
    /// Quantity taken from the book since its last renewal.
    struct Taken {
        Amount bids, asks;
    };

    [[nodiscard]] std::optional<Reject> check_counts(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_trigger(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_closing(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_margin(const NewOrder& order) const;
    [[nodiscard]] Amount opening_quantity(const NewOrder& order) const;
    [[nodiscard]] Amount opening_notional(const NewOrder& order) const;
    [[nodiscard]] Amount reserved_by_closers(const NewOrder& order) const;

    void execute(Order& order, std::int64_t now_ms);
    void execute_market(Order& order, std::int64_t now_ms);
    void execute_limit(Order& order, std::int64_t now_ms);
    void take(Order& order, Amount worst_price, std::int64_t now_ms);
    void match_resting(SymbolIndex symbol, Side side, Amount price, Amount quantity,
                       std::int64_t now_ms);
    [[nodiscard]] Amount available_up_to(SymbolIndex symbol, Side taker, Amount worst) const;
    Amount fill(Order& order, Amount price, Amount quantity, bool maker, std::int64_t now_ms);
    void trigger(SymbolIndex symbol, WorkingType source, Amount reference, std::int64_t now_ms);
    void fire(Order& order, std::int64_t now_ms);
    void finish(Order& order, OrderStatus status, std::int64_t now_ms);
    void expire_closers(SymbolIndex symbol, PositionSide side, std::int64_t now_ms);
    void announce(const Order& order, Execution execution, const Fill* fill, std::int64_t now_ms);
    [[nodiscard]] OpenNotional open_notional(SymbolIndex symbol) const;

    const Rules& rules_;
    const Board& board_;
    Account& account_;
    Outbox& outbox_;
    MatchingOptions options_;
    std::map<OrderId, Order> orders_;
    std::vector<std::vector<OrderId>> open_;  // by symbol, in order of priority in time
    std::unordered_map<std::string, std::vector<OrderId>> by_client_id_;
    std::unordered_map<std::string, std::int64_t> accepted_;
    std::vector<Taken> taken_;
    OrderId next_id_{17'338'000'000};
    std::vector<std::int64_t> trade_ids_;
};

}  // namespace tranche::exchange
