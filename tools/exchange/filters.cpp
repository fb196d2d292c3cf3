#include "tools/exchange/filters.hpp"

#include <fmt/format.h>

namespace tranche::exchange {
namespace {

using Refusal = std::optional<Reject>;

bool on_grid(Amount value, Amount from, Amount step) {
    return step.zero() || (value.raw - from.raw) % step.raw == 0;
}

Refusal check_price(const SymbolRules& rules, Amount price) {
    if (price.raw < 0) return Reject{-4001, "Price less than 0."};
    if (price.zero() || (!rules.min_price.zero() && price < rules.min_price))
        return Reject{-4013, "Price less than min price."};
    if (!rules.max_price.zero() && price > rules.max_price)
        return Reject{-4002, "Price greater than max price."};
    if (!on_grid(price, rules.min_price, rules.tick))
        return Reject{-4014, "Price not increased by tick size."};
    return std::nullopt;
}

Refusal check_stop_price(const SymbolRules& rules, Amount price) {
    if (price.raw <= 0 || (!rules.min_price.zero() && price < rules.min_price))
        return Reject{-4006, "Stop price less than zero or than min price."};
    if (!rules.max_price.zero() && price > rules.max_price)
        return Reject{-4007, "Stop price greater than max price."};
    if (!on_grid(price, rules.min_price, rules.tick))
        return Reject{-4014, "Stop price not increased by tick size."};
    return std::nullopt;
}

Refusal check_quantity(const SymbolRules& rules, const NewOrder& order) {
    const bool market = at_market(order.type);
    const Amount low = market ? rules.market_min_quantity : rules.min_quantity;
    const Amount high = market ? rules.market_max_quantity : rules.max_quantity;
    const Amount step = market ? rules.market_step : rules.step;
    if (order.quantity.raw <= 0) return Reject{-4003, "Quantity less than or equal to zero."};
    if (order.quantity < low) return Reject{-4004, "Quantity less than min quantity."};
    if (!high.zero() && order.quantity > high)
        return Reject{-4005, "Quantity greater than max quantity."};
    if (!on_grid(order.quantity, low, step))
        return Reject{-4023, "Qty not increased by step size."};
    return std::nullopt;
}

Refusal check_percent(const SymbolRules& rules, const NewOrder& order, const MarketPrices& prices) {
    const bool buy = order.side == Side::buy;
    if (order.type == OrderType::market) {
        const Amount opposite = buy ? prices.best_ask : prices.best_bid;
        const bool out = buy ? opposite > prices.mark * rules.multiplier_up
                             : opposite < prices.mark * rules.multiplier_down;
        if (out && !rules.multiplier_up.zero())
            return Reject{-4131,
                          "The counterparty's best price does not meet the PERCENT_PRICE "
                          "filter limit."};
    }
    if (at_market(order.type)) return std::nullopt;
    const bool waits = conditional(order.type);
    const Amount reference = waits ? order.stop_price : prices.mark;
    const Amount highest = reference * rules.multiplier_up;
    const Amount lowest = reference * rules.multiplier_down;
    if (buy && !rules.multiplier_up.zero() && order.price > highest)
        return Reject{waits ? -4183 : -4016,
                      fmt::format("Limit price can't be higher than {}.", plain(highest))};
    if (!buy && !rules.multiplier_down.zero() && order.price < lowest)
        return Reject{waits ? -4184 : -4024,
                      fmt::format("Limit price can't be lower than {}.", plain(lowest))};
    return std::nullopt;
}

Refusal check_notional(const SymbolRules& rules, const NewOrder& order,
                       const MarketPrices& prices) {
    if (order.reduce_only || order.close_position) return std::nullopt;
    Amount price = order.price;
    if (order.type == OrderType::market) price = prices.mark;
    if (conditional(order.type) && at_market(order.type)) price = order.stop_price;
    if (price * order.quantity >= rules.min_notional) return std::nullopt;
    return Reject{-4164, fmt::format("Order's notional must be no smaller than {} (unless you "
                                     "choose reduce only).",
                                     plain(rules.min_notional))};
}

}  // namespace

std::optional<Reject> check_filters(const SymbolRules& rules, const NewOrder& order,
                                    const MarketPrices& prices) {
    Refusal refusal;
    if (!at_market(order.type)) refusal = check_price(rules, order.price);
    if (!refusal && conditional(order.type)) refusal = check_stop_price(rules, order.stop_price);
    if (!refusal && !order.close_position) refusal = check_quantity(rules, order);
    if (!refusal) refusal = check_percent(rules, order, prices);
    if (!refusal && !order.close_position) refusal = check_notional(rules, order, prices);
    return refusal;
}

}  // namespace tranche::exchange
