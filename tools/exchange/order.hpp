// What an order is, and the venue's names for its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/exchange/amount.hpp"
#include "tools/exchange/client_text.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

enum class Side : std::uint8_t { buy, sell };
enum class OrderType : std::uint8_t {
    limit,
    market,
    stop,
    stop_market,
    take_profit,
    take_profit_market,
    liquidation  // the exchange's own closing order
};
enum class TimeInForce : std::uint8_t { gtc, ioc, fok, gtx };
enum class PositionSide : std::uint8_t { both, long_side, short_side };
enum class WorkingType : std::uint8_t { contract_price, mark_price };
enum class OrderStatus : std::uint8_t {
    fresh,
    partially_filled,
    filled,
    canceled,
    expired,
    insurance,    // NEW_INSURANCE: the insurance fund takes over a liquidation
    deleveraging  // NEW_ADL
};
enum class ResponseType : std::uint8_t { ack, result };
/// The `x` of ORDER_TRADE_UPDATE.
enum class Execution : std::uint8_t { fresh, trade, canceled, expired, amendment, calculated };

std::string_view name(Side side);
std::string_view name(OrderType type);
std::string_view name(TimeInForce time_in_force);
std::string_view name(PositionSide side);
std::string_view name(WorkingType type);
std::string_view name(OrderStatus status);
std::string_view name(Execution execution);

std::optional<Side> side_of(std::string_view text);
std::optional<OrderType> order_type_of(std::string_view text);
std::optional<TimeInForce> time_in_force_of(std::string_view text);
std::optional<PositionSide> position_side_of(std::string_view text);
std::optional<WorkingType> working_type_of(std::string_view text);

constexpr bool conditional(OrderType type) {
    return type != OrderType::limit && type != OrderType::market && type != OrderType::liquidation;
}
/// STOP and STOP_MARKET, as against the take-profit types.
constexpr bool stops(OrderType type) {
    return type == OrderType::stop || type == OrderType::stop_market;
}
/// Executes at whatever price, at once or once triggered.
constexpr bool at_market(OrderType type) {
    return type == OrderType::market || type == OrderType::stop_market ||
           type == OrderType::take_profit_market;
}
constexpr Side opposite(Side side) {
    return side == Side::buy ? Side::sell : Side::buy;
}

/// Why a request is refused; `code` as in exchange-protocol.md §9.2.
struct Reject {
    int code;
    std::string message;
    unsigned http_status{400};
};

using OrderId = std::int64_t;

/// What the parameters of POST order say, after the checks that need no market and no account.
struct NewOrder {
    SymbolIndex symbol{};
    ClientText client_id;
    Side side{};
    OrderType type{};
    TimeInForce time_in_force{TimeInForce::gtc};
    PositionSide position_side{PositionSide::both};
    Amount quantity, price, stop_price;
    WorkingType working_type{WorkingType::contract_price};
    ResponseType response{ResponseType::ack};
    bool price_protect{};
    bool reduce_only{};
    bool close_position{};
    std::int64_t strategy{};  // it belongs to; 0 for none
    std::size_t leg{};        // which of its orders it is, from 0
    bool attached{};  // placed by what became of another one: may be larger than what is held
};

/// An accepted order, kept after its end.
struct Order {
    OrderId id{};
    NewOrder terms;  // `type` becomes LIMIT or MARKET on trigger
    OrderType original_type{};
    OrderStatus status{OrderStatus::fresh};
    Amount executed, cumulated_quote;
    std::int64_t time_ms{}, update_ms{};
    bool triggered{};
    OrderId fired_as{};        // the order that came of this one when it fired as another
    bool forced_calculated{};  // the venue's own order whose fills are announced as CALCULATED
    std::uint32_t rank{};      // of its client id: 1 for the first order that carried it
    Amount resting{};          // notional that it adds to its side while it rests in the book
    Order* earlier{};  // the one before with the same client id, while the venue remembers it

    [[nodiscard]] bool open() const {
        return status == OrderStatus::fresh || status == OrderStatus::partially_filled;
    }
    [[nodiscard]] bool waiting() const { return conditional(terms.type); }
    [[nodiscard]] Amount remaining() const { return terms.quantity - executed; }
    [[nodiscard]] Amount average_price() const { return cumulated_quote / executed; }
};

/// True if the order can only make a position smaller (reduceOnly, closePosition, hedge closing).
constexpr bool closes(const NewOrder& order) {
    if (order.reduce_only || order.close_position) return true;
    return (order.position_side == PositionSide::long_side && order.side == Side::sell) ||
           (order.position_side == PositionSide::short_side && order.side == Side::buy);
}

}  // namespace tranche::exchange
