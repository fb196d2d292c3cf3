#include "tranche/sizing.hpp"

#include <algorithm>

#include "core/canary.hpp"
#include "tranche/plausible.hpp"

namespace tranche {
namespace {

constexpr Ratio wide_spread{200'000};      // 0.2 %
constexpr Ratio spread_share{20'000'000};  // a fifth of the spread
constexpr Ratio basis_point{10'000};

Price clamp(Price price, const SymbolRules& rules) {
    if (rules.max_price.positive() && price > rules.max_price)
        price = snap(rules.max_price, rules.tick, Rounding::down);
    if (rules.min_price.positive() && price < rules.min_price) price = rules.min_price;
    return std::max(price, rules.tick);
}

std::int64_t through_float(std::int64_t raw) {
    return static_cast<std::int64_t>(static_cast<float>(raw) / 1e8F * 1e8F);
}

Rounding towards_not_paying(Side side) {
    return side == Side::buy ? Rounding::down : Rounding::up;
}

}  // namespace

std::optional<Price> entry_price(Side side, Quote quote, EntryPriceMode mode,
                                 const SymbolRules& rules) {
    if (!quote.bid.positive() || quote.ask <= quote.bid) return std::nullopt;
    const Price best = side == Side::buy ? quote.bid : quote.ask;
    const Price spread = quote.ask - quote.bid;
    const bool wide = spread > scale(best, wide_spread, Rounding::down);
    const Price inside = wide ? scale(spread, spread_share, Rounding::down)
                              : std::max(rules.tick, scale(best, basis_point, Rounding::down));
    Price price = side == Side::buy ? best + inside : best - inside;
    if (mode == EntryPriceMode::maker)
        price = side == Side::buy ? std::min(price, quote.ask - rules.tick)
                                  : std::max(price, quote.bid + rules.tick);
    price = snap(price, rules.tick, towards_not_paying(side));
    if (!price.positive()) return std::nullopt;
    return price;
}

std::optional<Price> fallback_price(Side side, Price liquidation, Ratio offset,
                                    const SymbolRules& rules) {
    if (!liquidation.positive()) return std::nullopt;
    const Price shift = scale(liquidation, offset, Rounding::down);
    const Price price = snap(side == Side::buy ? liquidation - shift : liquidation + shift,
                             rules.tick, towards_not_paying(side));
    if (!price.positive()) return std::nullopt;
    return price;
}

bool price_allowed(Side side, Price price, Price mark, const SymbolRules& rules) {
    if (!price.positive()) return false;
    if (rules.min_price.positive() && price < rules.min_price) return false;
    if (rules.max_price.positive() && price > rules.max_price) return false;
    if (!mark.positive()) return true;
    if (side == Side::buy)
        return !rules.multiplier_up.positive() ||
               price <= scale(mark, rules.multiplier_up, Rounding::down);
    return !rules.multiplier_down.positive() ||
           price >= scale(mark, rules.multiplier_down, Rounding::up);
}

std::optional<Quantity> entry_quantity(Notional notional, Price price, const SymbolRules& rules) {
    if (!price.positive() || !notional.positive()) return std::nullopt;
    // More than this can no order hold, whatever the price.
    if (Wide{std::max(notional, rules.min_notional).raw} * Price::one >=
        Wide{highest_quantity.raw} * price.raw)
        return std::nullopt;
    Quantity quantity =
        snap(quantity_for(notional, price, Rounding::down), rules.step, Rounding::down);
    // A whole number of steps that is beyond a limit is beyond the limit's own steps too, so those
    // divisions are for the few that are not.
    if (quantity < rules.min_quantity)
        quantity = snap(rules.min_quantity, rules.step, Rounding::up);
    if (!plausible(price, quantity)) return std::nullopt;
    const Quantity affordable = quantity;
    const bool worth_enough = price * quantity >= rules.min_notional;
    if (rules.min_notional.positive() && !worth_enough)
        quantity =
            snap(quantity_for(rules.min_notional, price, Rounding::up), rules.step, Rounding::up);
    if (rules.max_quantity.positive() && quantity > rules.max_quantity)
        quantity = snap(rules.max_quantity, rules.step, Rounding::down);
    if (!quantity.positive() || quantity < rules.min_quantity) return std::nullopt;
    const bool moved = !worth_enough || quantity != affordable;
    if (moved && rules.min_notional.positive() && price * quantity < rules.min_notional)
        return std::nullopt;
    if (planted(Canary::float_quantity)) return Quantity{through_float(quantity.raw)};
    return quantity;
}

Notional margin_of(Notional notional, std::uint16_t leverage) {
    return {divide(notional.raw, leverage, Rounding::up)};
}

Price take_profit_price(PositionSide side, Price entry, Ratio distance, const SymbolRules& rules) {
    const bool is_long = side == PositionSide::long_side;
    const Rounding away = is_long ? Rounding::up : Rounding::down;
    const Ratio factor{is_long ? Ratio::one + distance.raw : Ratio::one - distance.raw};
    if (!factor.positive()) return clamp(rules.tick, rules);
    return clamp(snap(scale(entry, factor, away), rules.tick, away), rules);
}

Price stop_loss_price(PositionSide side, Price entry, Ratio distance, const SymbolRules& rules) {
    const bool is_long = side == PositionSide::long_side;
    const Rounding near = is_long ? Rounding::up : Rounding::down;
    const Ratio factor{is_long ? Ratio::one - distance.raw : Ratio::one + distance.raw};
    if (!factor.positive()) return clamp(rules.tick, rules);
    return clamp(snap(scale(entry, factor, near), rules.tick, near), rules);
}

Price backstop_price(PositionSide side, Price worst_stop, Price liquidation, Ratio distance,
                     const SymbolRules& rules) {
    const Price stop = stop_loss_price(side, worst_stop, distance, rules);
    if (!liquidation.positive()) return stop;
    // One part in a thousand before the liquidation price: the stop must fire first.
    const bool is_long = side == PositionSide::long_side;
    const PositionSide other = is_long ? PositionSide::short_side : PositionSide::long_side;
    const Price last = stop_loss_price(other, liquidation, Ratio{100'000}, rules);
    return is_long ? std::max(stop, last) : std::min(stop, last);
}

bool pnl_at_or_below(PositionSide side, Price reference, Quantity quantity, Notional cost,
                     Ratio threshold) {
    // Both sides in units of 1e-16, so that exactly the threshold counts as reached.
    const Wide gain =
        sign(side) * (Wide{reference.raw} * quantity.raw - Wide{cost.raw} * Notional::one);
    return gain <= Wide{threshold.raw} * cost.raw;
}

Notional profit(PositionSide side, Notional value, Notional cost) {
    return side == PositionSide::long_side ? value - cost : cost - value;
}

}  // namespace tranche
