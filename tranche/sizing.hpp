// How much, and at what price: pure arithmetic on settings, rules and the best bid and ask.
#pragma once

#include <optional>

#include "core/numbers.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"

namespace tranche {

/// Best bid and ask used for one decision.
struct Quote {
    Price bid;
    Price ask;
};

/// Limit price of an entry. `reference`: a fifth of the spread inside when the spread is wide
/// (> 0.2 %), else one tick or one basis point beyond the best, as the old bot did; `maker`: the
/// same, but at most one tick inside the opposite best. Rounded towards not paying more.
/// Nothing when the quote is crossed, empty, or leaves no valid price.
/// Source: reference-behaviour.md §3.8.
std::optional<Price> entry_price(Side side, Quote quote, EntryPriceMode mode,
                                 const SymbolRules& rules);

/// Limit price without a book: the liquidation's price moved by the configured offset.
std::optional<Price> fallback_price(Side side, Price liquidation, Ratio offset,
                                    const SymbolRules& rules);

/// False when the exchange would refuse a limit price by PRICE_FILTER or PERCENT_PRICE.
/// `mark` 0 leaves the percent test out: without a mark nothing can be said.
bool price_allowed(Side side, Price price, Price mark, const SymbolRules& rules);

/// Quantity for `notional` at `price`: floor to the step, raised to the smallest step that meets
/// minimum quantity and minimum notional, capped at the maximum. Nothing when the filters leave
/// no quantity. Source: reference-behaviour.md §3.5.
std::optional<Quantity> entry_quantity(Notional notional, Price price, const SymbolRules& rules);

/// Margin of a position: notional / leverage, rounded up so that limits are never overstated.
Notional margin_of(Notional notional, std::uint16_t leverage);

/// Trigger or limit prices of the exits, from the tranche's average entry, rounded so that profit
/// is never less and loss never more than configured. Source: reference-behaviour.md §5.2.
Price take_profit_price(PositionSide side, Price entry, Ratio distance, const SymbolRules& rules);
Price stop_loss_price(PositionSide side, Price entry, Ratio distance, const SymbolRules& rules);

/// Stop of the backstop: `distance` beyond the worst stop of the side, but before the liquidation
/// price when that is known (non-zero).
Price backstop_price(PositionSide side, Price worst_stop, Price liquidation, Ratio distance,
                     const SymbolRules& rules);

/// Is `sign(side) × (ref − cost/quantity) / (cost/quantity)` at or below `threshold`? Exact.
bool pnl_at_or_below(PositionSide side, Price reference, Quantity quantity, Notional cost,
                     Ratio threshold);

/// Profit of closing `quantity` at `price` out of a cost basis: sign × (price × quantity − cost).
Notional profit(PositionSide side, Notional value, Notional cost);

}  // namespace tranche
