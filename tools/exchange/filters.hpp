// The symbol filters of exchange-protocol.md §5, in exact integers.
#pragma once

#include <optional>

#include "tools/exchange/order.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// Prices that the filters compare with.
struct MarketPrices {
    Amount mark;
    Amount best_bid, best_ask;
};

/// Price, quantity, notional and percent filters; the counts of open orders are checked where the
/// orders are. Nothing means that the order passes.
std::optional<Reject> check_filters(const SymbolRules& rules, const NewOrder& order,
                                    const MarketPrices& prices);

}  // namespace tranche::exchange
