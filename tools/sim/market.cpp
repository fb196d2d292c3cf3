#include "tools/sim/market.hpp"

#include <algorithm>

namespace tranche::sim {

Prices::Prices(const Plan& plan) : dice_{plan.seed, Concern::market}, volatility_{plan.volatility} {
    for (std::size_t i = 0; i < plan.rules.size(); ++i) {
        Market market;
        market.tick = plan.rules[i].tick.raw;
        market.step = plan.rules[i].step.raw;
        market.start = market.mid = plan.prices[i].raw / market.tick;
        markets_.push_back(market);
    }
}

SymbolId Prices::next_symbol() {
    return SymbolId{static_cast<std::uint16_t>(dice_.below(markets_.size()))};
}

Price Prices::mid(SymbolId symbol) const {
    const Market& market = markets_[tranche::index(symbol)];
    return {market.mid * market.tick};
}

Quantity Prices::worth(SymbolId symbol, std::int64_t usdt) const {
    const Market& market = markets_[tranche::index(symbol)];
    const Quantity exact =
        quantity_for({usdt * Notional::one}, {market.mid * market.tick}, Rounding::down);
    return {std::max<std::int64_t>(exact.raw / market.step, 1) * market.step};
}

void Prices::shock(SymbolId symbol, std::int64_t permille) {
    Market& market = markets_[tranche::index(symbol)];
    market.mid += market.mid / 1'000 * permille;
    market.mid = std::clamp(market.mid, market.start / 2, market.start * 2);
}

PricePoint Prices::step(SymbolId symbol) {
    Market& market = markets_[tranche::index(symbol)];
    const std::uint64_t bits = dice_.bits();
    // The sum of four bytes is bell-shaped enough.
    const auto bell = static_cast<std::int64_t>((bits & 255U) + (bits >> 8U & 255U) +
                                                (bits >> 16U & 255U) + (bits >> 24U & 255U)) -
                      510;
    market.mid += market.mid * volatility_ / 1'000'000 * bell / 300;
    market.mid = std::clamp(market.mid, market.start / 2, market.start * 2);
    const auto spread = static_cast<std::int64_t>(1 + (bits >> 32U & 3U));
    PricePoint point;
    point.bid = {market.mid * market.tick};
    point.ask = {(market.mid + spread) * market.tick};
    const std::int64_t lots =
        market.thin > 0
            ? 1
            : 1 + worth(symbol, static_cast<std::int64_t>(bits >> 40U & 4095U)).raw / market.step;
    if (market.thin > 0) --market.thin;
    point.bid_quantity = {lots * market.step};
    point.ask_quantity = {(lots + static_cast<std::int64_t>(bits >> 60U)) * market.step};
    return point;
}

}  // namespace tranche::sim
