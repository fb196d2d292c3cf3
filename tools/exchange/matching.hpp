// The order book of the account against the generated market: acceptance, price-time priority,
// fills, triggers, ends. Pure: time comes in with every call. Prices that reach no order of ours
// cost a few comparisons.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/exchange/account.hpp"
#include "tools/exchange/behaviour.hpp"
#include "tools/exchange/board.hpp"
#include "tools/exchange/order.hpp"
#include "tools/exchange/order_store.hpp"
#include "tools/exchange/rules.hpp"
#include "tools/exchange/strategy.hpp"
#include "tools/exchange/user_events.hpp"

namespace tranche::exchange {

struct MatchingOptions {
    Behaviour behaviour{};
    std::size_t history_limit{};  // ended orders that are remembered; 0: all
    bool liquidations{};          // the account itself can be liquidated
};

/// Why the venue itself closes a position.
enum class Force : std::uint8_t { liquidation, deleveraging, settlement };

/// Owner of all orders. Market events must reach the board before they reach `on`.
class Matching {
public:
    Matching(const Rules& rules, const Board& board, Account& account, Outbox& outbox,
             const MatchingOptions& options);

    /// Every check of a placement, without placing.
    [[nodiscard]] std::optional<Reject> check(const NewOrder& order) const;
    /// Accepts and executes as far as the market allows.
    std::variant<OrderId, Reject> place(NewOrder order, std::int64_t now_ms);
    /// Places what leads; the rest follows what becomes of that. A failure code tells of a check
    /// that came after the leading order was executed.
    std::variant<StrategyOutcome, Reject> place(const NewStrategy& strategy, std::int64_t now_ms);
    /// -2011 unless the order is open.
    std::optional<Reject> cancel(OrderId id, std::int64_t now_ms);
    void cancel_all(SymbolIndex symbol, std::int64_t now_ms);
    /// New quantity and price of a resting LIMIT order; on refusal the old terms stay.
    std::optional<Reject> modify(OrderId id, Amount quantity, Amount price, std::int64_t now_ms);

    /// Order and trade ids go on behind these: for a venue that follows an earlier one.
    void number_from(OrderId order, std::int64_t trade);
    /// Puts back an open order of an earlier run: unchecked, unannounced. `quote`: value of what
    /// was executed.
    void put_back(const NewOrder& terms, OrderId id, Amount executed, Amount quote,
                  std::int64_t time_ms);

    void on(const Quote& quote, std::int64_t now_ms);
    void on(const Trade& trade, std::int64_t now_ms);
    void on(const Mark& mark, std::int64_t now_ms);
    /// To be told when a leverage has changed, or a mark without `on`.
    void revalue(SymbolIndex symbol);

    /// Closes up to `quantity` of a position by an order of the venue's own, at the book and beyond
    /// it at `price`. A liquidation cancels the symbol's orders first and charges its fee.
    void force_close(SymbolIndex symbol, PositionSide side, Amount quantity, Amount price,
                     Force force, std::int64_t now_ms);
    /// MARGIN_CALL of every position.
    void call_margin(std::int64_t now_ms);

    [[nodiscard]] const Order* find(OrderId id) const { return store_.find(id); }
    /// The newest order that carried this client id.
    [[nodiscard]] const Order* find_client(SymbolIndex symbol, const ClientText& client_id) const;
    /// In order of priority in time.
    [[nodiscard]] std::span<const Order* const> open(SymbolIndex symbol) const {
        return books_[symbol].open;
    }
    /// All that are remembered, by id; for cold callers.
    [[nodiscard]] std::vector<const Order*> orders() const { return store_.all(); }
    [[nodiscard]] const OrderStore& store() const { return store_; }
    /// Initial margin that resting orders have reserved.
    [[nodiscard]] Amount reserved() const { return reserved_; }
    /// What may still be used to open.
    [[nodiscard]] Amount available() const;
    [[nodiscard]] const Behaviour& behaviour() const { return options_.behaviour; }

private:
    /// References at which the first waiting order of a symbol fires.
    struct Triggers {
        Amount at_or_above{INT64_MAX}, at_or_below{INT64_MIN};
        [[nodiscard]] bool reached(Amount reference) const {
            return reference >= at_or_above || reference <= at_or_below;
        }
    };
    /// What the account has on one symbol.
    struct Book {
        std::vector<Order*> open;                         // in order of priority in time
        Amount best_bid{INT64_MIN}, best_ask{INT64_MAX};  // limits of ours that rest
        Triggers mark, last;
        OpenNotional resting, opening;  // of all resting orders, and of those that may open
        Amount reserved;
        Amount bids_taken, asks_taken;  // from the market's book since its last renewal
        std::int64_t conditional{};
        std::int64_t trade_id{48'000'000};
    };

    // matching_checks.cpp
    [[nodiscard]] std::optional<Reject> check_counts(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_client_id(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_trigger(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_post_only(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_closing(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_close_position(const NewOrder& order) const;
    [[nodiscard]] std::optional<Reject> check_margin(const NewOrder& order) const;
    [[nodiscard]] Amount opening_notional(const NewOrder& order) const;
    [[nodiscard]] Amount quantity_of_closers(const NewOrder& order, bool waiting) const;
    void trim(NewOrder& order) const;

    // matching_book.cpp
    void enter(Order& order);
    void leave(Order& order);
    static void note(Book& book, const Order& order);
    static void renew_bounds(Book& book);
    void update_resting(Order& order);
    void reserve(SymbolIndex symbol);

    // matching_execution.cpp
    void execute(Order& order, std::int64_t now_ms);
    void execute_market(Order& order, std::int64_t now_ms);
    void execute_limit(Order& order, std::int64_t now_ms);
    void take(Order& order, Amount worst_price, std::int64_t now_ms);
    bool meets_own(Order& order, Amount price, Amount worst_price, std::int64_t now_ms);
    void match_resting(SymbolIndex symbol, Side side, Amount price, Amount quantity,
                       std::int64_t now_ms);
    [[nodiscard]] Amount available_up_to(SymbolIndex symbol, Side taker, Amount worst) const;
    Amount fill(Order& order, Amount price, Amount quantity, bool maker, std::int64_t now_ms);
    void trigger(SymbolIndex symbol, WorkingType source, Amount reference, std::int64_t now_ms);
    void fire(Order& order, std::int64_t now_ms);
    Order& fired_form(Order& order, std::int64_t now_ms);
    void expire_closers(SymbolIndex symbol, PositionSide side, std::int64_t now_ms);

    // matching_forced.cpp
    void watch_margin(std::int64_t now_ms);
    void liquidate(std::int64_t now_ms);
    void announce_forced(Order& order, Force force, std::int64_t now_ms);
    [[nodiscard]] ClientText forced_id(Force force, std::int64_t now_ms);

    // matching_strategy.cpp
    struct Strategy {
        std::int64_t id{};
        NewStrategy plan;
        std::array<OrderId, 3> orders{};  // 0: not placed yet
    };
    /// Something became of an order that others hang on.
    struct Move {
        std::int64_t strategy{};
        std::size_t leg{};
        OrderId order{};
        OrderStatus status{};
    };
    [[nodiscard]] std::optional<Reject> check_driven(const NewStrategy& strategy) const;
    std::optional<Reject> place_leading(std::int64_t id, bool alone, std::int64_t now_ms);
    Strategy* find_strategy(std::int64_t id);
    void note_move(const Order& order);
    void drive(std::int64_t now_ms);
    void drive_leg(const Move& move, std::size_t leg, std::int64_t now_ms);
    void place_leg(std::int64_t id, std::size_t leg, Amount executed, std::int64_t now_ms);
    void cancel_leg(std::int64_t id, std::size_t leg, std::int64_t now_ms);
    void grow_leg(OrderId placed, Amount executed, Amount most, std::int64_t now_ms);
    void forget_over();

    void finish(Order& order, OrderStatus status, std::int64_t now_ms);
    void announce(const Order& order, Execution execution, const Fill* fill, std::int64_t now_ms);
    void announce_account(AccountReason reason, SymbolIndex symbol, PositionSide side,
                          std::int64_t now_ms);

    const Rules& rules_;
    const Board& board_;
    Account& account_;
    Outbox& outbox_;
    MatchingOptions options_;
    OrderStore store_;
    std::vector<Book> books_;
    std::vector<Order*> candidates_, closers_;  // kept, so that loops over orders allocate nothing
    Amount reserved_;
    std::vector<Strategy> strategies_;  // that still drive
    std::vector<Move> moves_;           // not carried out yet
    std::int64_t strategy_id_{};
    bool driving_{};
    std::int64_t forced_count_{};
    bool margin_called_{};
};

/// True if the order fires at or above its stop price (exchange-protocol.md §10.2).
constexpr bool triggers_upward(const NewOrder& order) {
    return (order.side == Side::buy) == stops(order.type);
}

}  // namespace tranche::exchange
