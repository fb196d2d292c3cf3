#include "net/status/pnl.hpp"

namespace tranche {
namespace {

bool fits(Wide exact) {
    return exact >= INT64_MIN && exact <= INT64_MAX;
}

}  // namespace

std::optional<Unrealized> unrealized(PositionSide side, Price entry, Price mark, Quantity quantity,
                                     std::uint16_t leverage) {
    if (!entry.positive() || !mark.positive() || !quantity.positive()) return std::nullopt;
    const Wide move = (Wide{mark.raw} - entry.raw) * sign(side);
    if (!fits(move)) return std::nullopt;
    const Wide profit = move * quantity.raw / Price::one;
    // Percent to four decimals is all that can be read; rounding is toward zero.
    constexpr Wide percent = Wide{100} * 10'000;
    constexpr Wide grid = Ratio::one / 10'000;
    const Wide of_price = move * percent / entry.raw * grid;
    const Wide of_margin = move * percent * leverage / entry.raw * grid;
    if (!fits(profit) || !fits(of_price) || !fits(of_margin)) return std::nullopt;
    return Unrealized{{static_cast<std::int64_t>(profit)},
                      {static_cast<std::int64_t>(of_price)},
                      {static_cast<std::int64_t>(of_margin)}};
}

std::optional<Notional> value_at(Price price, Quantity quantity) {
    const Wide exact = Wide{price.raw} * quantity.raw / Price::one;
    if (!fits(exact)) return std::nullopt;
    return Notional{static_cast<std::int64_t>(exact)};
}

int decimals_of(std::int64_t grid) {
    int decimals = 8;
    if (grid <= 0) return decimals;
    for (; decimals > 0 && grid % 10 == 0; grid /= 10) --decimals;
    return decimals;
}

}  // namespace tranche
