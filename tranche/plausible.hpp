// Bounds on numbers from outside. Within them no sum or product of ours can leave its range;
// beyond them a figure is refused, never computed with.
#pragma once

#include "core/numbers.hpp"

namespace tranche {

inline constexpr Price highest_price{Price::one * 100'000'000};              // USDT
inline constexpr Quantity highest_quantity{Quantity::one * 10'000'000'000};  // base units
inline constexpr Notional highest_notional{Notional::one * 1'000'000'000};   // USDT

constexpr bool plausible(Price price) {
    return price.positive() && price <= highest_price;
}

/// A quantity at a price, as of a fill or a position.
constexpr bool plausible(Price price, Quantity quantity) {
    return plausible(price) && quantity.positive() && quantity <= highest_quantity &&
           Wide{price.raw} * quantity.raw < (Wide{highest_notional.raw} + 1) * Price::one;
}

/// A fee, a result, a balance: either sign.
constexpr bool plausible(Notional amount) {
    return amount >= -highest_notional && amount <= highest_notional;
}

}  // namespace tranche
