// The model is one of log prices in floating point: what comes out is rounded to ticks and steps
// before anybody trades on it.
#include "tools/exchange/market.hpp"

#include <algorithm>
#include <cmath>

namespace tranche::exchange {
namespace {

constexpr double step_s = static_cast<double>(Market::step_ms) / 1000.0;
constexpr std::int64_t funding_interval_ms = 8 * 3'600'000;
constexpr double displacement_max = 0.045;

/// What a regime does to volatility and to the flow of liquidations.
struct RegimeTraits {
    double volatility;          // multiplies the symbol's own
    double liquidation_rate;    // per second
    double liquidation_median;  // USDT, before the symbol's scale
    double tail_chance;         // of a Pareto size
    double tail_scale;          // USDT
    double with_move;           // chance that those on the wrong side of the move are hit
    double mean_s;              // mean duration
};

constexpr RegimeTraits traits_of(Regime regime) {
    switch (regime) {
        case Regime::calm: return {1.0, 1.45, 60, 0.02, 1'000, 0.55, 14};
        case Regime::trend: return {1.3, 1.9, 150, 0.04, 2'000, 0.85, 11};
        case Regime::cascade: return {2.5, 7.0, 1'500, 0.10, 10'000, 0.95, 6};
        case Regime::gap: return {2.0, 4.0, 1'200, 0.10, 12'000, 0.95, 2};
        case Regime::recovery: return {1.5, 1.45, 100, 0.03, 1'500, 0.6, 14};
    }
    return {};
}

Regime next_of(Regime regime, Random& random) {
    const double draw = random.uniform();
    switch (regime) {
        case Regime::calm:
            if (draw < 0.50) return Regime::cascade;
            return draw < 0.85 ? Regime::trend : Regime::gap;
        case Regime::trend: return draw < 0.6 ? Regime::cascade : Regime::calm;
        case Regime::cascade: return Regime::recovery;
        case Regime::gap: return draw < 0.4 ? Regime::cascade : Regime::recovery;
        case Regime::recovery: return Regime::calm;
    }
    return Regime::calm;
}

Amount at_least_a_step(double quantity, Amount step) {
    return max(floor_to(from_model(quantity), step), step);
}

}  // namespace

Market::Market(const Rules& rules, std::uint64_t seed, std::int64_t start_ms)
    : rules_{rules}, now_ms_{start_ms - start_ms % step_ms} {
    for (SymbolIndex symbol = 0; symbol < rules.size(); ++symbol) {
        const MarketProfile& profile = rules.at(symbol).market;
        Model model{.symbol = symbol, .profile = profile, .random = Random{mix(seed) + symbol}};
        if (profile.price > 0) {
            model.anchor = model.base = std::log(profile.price);
            model.mark = profile.price;
            model.trade_id = 48'000'000;
            // Symbols start out of step with each other, or their first cascades would coincide.
            const double first_s = model.random.uniform(1.0, 12.0);
            model.regime_until_ms = now_ms_ + static_cast<std::int64_t>(first_s * 1000);
        }
        models_.push_back(model);
    }
}

void Market::advance(std::int64_t until_ms, std::vector<MarketEvent>& out) {
    while (now_ms_ + step_ms <= until_ms) {
        now_ms_ += step_ms;
        for (Model& model : models_)
            if (model.profile.price > 0) step(model, out);
    }
}

void Market::step(Model& model, std::vector<MarketEvent>& out) {
    if (now_ms_ >= model.regime_until_ms) change_regime(model);
    move(model);
    const bool first = model.quote.update_id == 0;
    if (first || model.random.chance(step_s / 0.11)) quote(model, out);
    if (model.random.chance(step_s * 4)) trade(model, out);
    if (model.random.chance(traits_of(model.regime).liquidation_rate * step_s))
        liquidate(model, out);
    if (first || now_ms_ % 1000 < step_ms) mark(model, out);
}

void Market::change_regime(Model& model) const {
    Random& random = model.random;
    const Regime before = model.regime;
    model.regime = next_of(before, random);
    const double length_s =
        std::clamp(random.exponential(traits_of(model.regime).mean_s), 2.0, 40.0);
    model.regime_until_ms = now_ms_ + static_cast<std::int64_t>(length_s * 1000);
    const bool continues =
        model.regime == Regime::cascade && (before == Regime::trend || before == Regime::gap);
    if (!continues) model.direction = random.chance(0.5) ? 1.0 : -1.0;
    const double wildness = model.profile.volatility / 4e-4;
    switch (model.regime) {
        case Regime::calm:
        case Regime::recovery: model.pace = 0; break;
        case Regime::trend: model.pace = random.uniform(1e-4, 3.5e-4) * wildness; break;
        case Regime::cascade: model.pace = random.uniform(1.0e-3, 3.0e-3) * wildness; break;
        case Regime::gap:
            model.pace = 0;
            model.displacement += model.direction * random.uniform(0.004, 0.014) * wildness;
            break;
    }
}

void Market::move(Model& model) const {
    const double volatility = model.profile.volatility * traits_of(model.regime).volatility;
    model.base += volatility * std::sqrt(step_s) * model.random.normal();
    model.base -= (model.base - model.anchor) * step_s / 600;
    switch (model.regime) {
        case Regime::trend: model.base += model.direction * model.pace * step_s; break;
        case Regime::cascade: model.displacement += model.direction * model.pace * step_s; break;
        case Regime::calm:
        case Regime::gap:
        case Regime::recovery: {
            const double half_life_s = model.regime == Regime::recovery ? 6 : 12;
            model.displacement *= std::exp2(-step_s / half_life_s);
            break;
        }
    }
    model.displacement = std::clamp(model.displacement, -displacement_max, displacement_max);
    const double price = std::exp(model.base + model.displacement);
    model.mark += (price - model.mark) * step_s / 0.8;
}

void Market::quote(Model& model, std::vector<MarketEvent>& out) {
    const SymbolRules& rules = rules_.at(model.symbol);
    const double price = std::exp(model.base + model.displacement);
    const double half = 0.5 * price * model.profile.spread * model.random.uniform(0.8, 1.6);
    const Amount bid = floor_to(from_model(price - half), rules.tick);
    const Amount ask = max(ceil_to(from_model(price + half), rules.tick), bid + rules.tick);
    const double top = model.profile.top_notional / price;
    model.quote = {.symbol = model.symbol,
                   .time_ms = now_ms_,
                   .update_id = ++update_id_,
                   .bid = bid,
                   .bid_quantity = at_least_a_step(model.random.lognormal(top, 0.9), rules.step),
                   .ask = ask,
                   .ask_quantity = at_least_a_step(model.random.lognormal(top, 0.9), rules.step)};
    out.emplace_back(model.quote);
}

void Market::trade(Model& model, std::vector<MarketEvent>& out) const {
    const SymbolRules& rules = rules_.at(model.symbol);
    const bool moving = model.regime == Regime::cascade || model.regime == Regime::trend;
    const double sell_chance = moving ? (model.direction < 0 ? 0.75 : 0.25) : 0.5;
    const bool sold = model.random.chance(sell_chance);
    const double typical = 0.15 * model.profile.top_notional / std::exp(model.base);
    out.emplace_back(Trade{
        .symbol = model.symbol,
        .time_ms = now_ms_,
        .id = ++model.trade_id,
        .price = sold ? model.quote.bid : model.quote.ask,
        .quantity = at_least_a_step(model.random.lognormal(typical, 1.2), rules.step),
        .buyer_is_maker = sold,
    });
}

void Market::liquidate(Model& model, std::vector<MarketEvent>& out) const {
    Random& random = model.random;
    const RegimeTraits traits = traits_of(model.regime);
    const SymbolRules& rules = rules_.at(model.symbol);
    const double scale = model.profile.liquidation_scale;
    double notional = random.lognormal(traits.liquidation_median, 1.2);
    if (random.chance(traits.tail_chance)) notional = random.pareto(traits.tail_scale, 1.35);
    notional = std::min(notional * scale, 2'500'000.0);

    const double trend = model.regime == Regime::calm ? model.displacement : model.direction;
    const bool falling = random.chance(traits.with_move) == (trend < 0);
    const Side side = falling ? Side::sell : Side::buy;
    const double away = falling ? -1.0 : 1.0;
    const double price = std::exp(model.base + model.displacement);
    const Amount quantity = at_least_a_step(notional / price, rules.step);
    const double slip = random.exponential(4e-4);
    const double bankrupt = slip + random.uniform(0.004, 0.02);
    const double last = random.chance(0.4) ? 1.0 : random.uniform(0.05, 1.0);
    out.emplace_back(Liquidation{
        .symbol = model.symbol,
        .time_ms = now_ms_,
        .side = side,
        .quantity = quantity,
        .price = floor_to(from_model(price * (1 + away * bankrupt)), rules.tick),
        .average_price = floor_to(from_model(price * (1 + away * slip)), rules.tick),
        .last_quantity = at_least_a_step(
            static_cast<double>(quantity.raw) / static_cast<double>(Amount::one) * last,
            rules.step),
    });
    // A forced order pushes the price a little further: that is what makes cascades.
    const double depth = 40 * model.profile.top_notional;
    model.displacement += away * std::min(notional / depth, 1.0) * 4e-4;
}

void Market::mark(Model& model, std::vector<MarketEvent>& out) const {
    out.emplace_back(Mark{
        .symbol = model.symbol,
        .time_ms = now_ms_,
        .mark = from_model(model.mark),
        .index = from_model(model.mark * (1 + 3e-5 * model.random.normal())),
        .funding_rate = amount("0.0001").value_or(Amount{}),
        .next_funding_ms = (now_ms_ / funding_interval_ms + 1) * funding_interval_ms,
    });
}

}  // namespace tranche::exchange
