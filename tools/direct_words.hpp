// The product's words for the parts of an order and the simulated exchange's, both ways.
#pragma once

#include <optional>

#include "core/numbers.hpp"
#include "core/rows.hpp"
#include "tools/direct_exchange.hpp"

namespace tranche::direct_words {

// Both sides count in whole 1e-8, so that amounts pass unchanged.
template <class Number> Number from(exchange::Amount amount) {
    static_assert(Number::one == exchange::Amount::one);
    return Number{amount.raw};
}
template <class Tag> exchange::Amount to(Fixed<Tag> number) {
    return {number.raw};
}

inline exchange::Side to(Side side) {
    return side == Side::buy ? exchange::Side::buy : exchange::Side::sell;
}
inline Side from(exchange::Side side) {
    return side == exchange::Side::buy ? Side::buy : Side::sell;
}

inline exchange::PositionSide to(PositionSide side) {
    return side == PositionSide::long_side ? exchange::PositionSide::long_side
                                           : exchange::PositionSide::short_side;
}
inline PositionLeg from(exchange::PositionSide side) {
    switch (side) {
        case exchange::PositionSide::both: return PositionLeg::both;
        case exchange::PositionSide::long_side: return PositionLeg::long_side;
        case exchange::PositionSide::short_side: return PositionLeg::short_side;
    }
    return PositionLeg::both;
}

/// Nothing for a type that cannot be placed.
inline std::optional<exchange::OrderType> to(OrderType type) {
    switch (type) {
        case OrderType::limit: return exchange::OrderType::limit;
        case OrderType::market: return exchange::OrderType::market;
        case OrderType::stop: return exchange::OrderType::stop;
        case OrderType::stop_market: return exchange::OrderType::stop_market;
        case OrderType::take_profit: return exchange::OrderType::take_profit;
        case OrderType::take_profit_market: return exchange::OrderType::take_profit_market;
        case OrderType::trailing_stop_market:
        case OrderType::liquidation:
        case OrderType::unknown: return std::nullopt;
    }
    return std::nullopt;
}
inline OrderType from(exchange::OrderType type) {
    switch (type) {
        case exchange::OrderType::limit: return OrderType::limit;
        case exchange::OrderType::market: return OrderType::market;
        case exchange::OrderType::stop: return OrderType::stop;
        case exchange::OrderType::stop_market: return OrderType::stop_market;
        case exchange::OrderType::take_profit: return OrderType::take_profit;
        case exchange::OrderType::take_profit_market: return OrderType::take_profit_market;
        case exchange::OrderType::liquidation: return OrderType::liquidation;
    }
    return OrderType::unknown;
}

inline exchange::TimeInForce to(TimeInForce time) {
    switch (time) {
        case TimeInForce::gtc: return exchange::TimeInForce::gtc;
        case TimeInForce::ioc: return exchange::TimeInForce::ioc;
        case TimeInForce::fok: return exchange::TimeInForce::fok;
        case TimeInForce::gtx: return exchange::TimeInForce::gtx;
    }
    return exchange::TimeInForce::gtc;
}

inline OrderStatus from(exchange::OrderStatus status) {
    switch (status) {
        case exchange::OrderStatus::fresh: return OrderStatus::created;
        case exchange::OrderStatus::partially_filled: return OrderStatus::partially_filled;
        case exchange::OrderStatus::filled: return OrderStatus::filled;
        case exchange::OrderStatus::canceled: return OrderStatus::canceled;
        case exchange::OrderStatus::expired: return OrderStatus::expired;
        case exchange::OrderStatus::insurance:
        case exchange::OrderStatus::deleveraging: return OrderStatus::unknown;
    }
    return OrderStatus::unknown;
}

inline ExecutionType from(exchange::Execution execution) {
    switch (execution) {
        case exchange::Execution::fresh: return ExecutionType::created;
        case exchange::Execution::trade: return ExecutionType::trade;
        case exchange::Execution::canceled: return ExecutionType::canceled;
        case exchange::Execution::expired: return ExecutionType::expired;
        case exchange::Execution::amendment: return ExecutionType::amended;
        case exchange::Execution::calculated: return ExecutionType::calculated;
    }
    return ExecutionType::unknown;
}

}  // namespace tranche::direct_words
