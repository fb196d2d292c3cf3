// The model is one of log prices in floating point: what comes out is rounded to ticks and steps
// before anybody trades on it. A price is carried on only when something is to be said about it, so
// that quiet steps cost next to nothing.
#include "tools/exchange/market.hpp"

#include <algorithm>
#include <cmath>

namespace tranche::exchange {
namespace {

constexpr double step_s = static_cast<double>(Market::step_ms) / 1000.0;
constexpr double displacement_max = 0.045;
constexpr int chance_bits = 21;  // three chances fit one random number

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
        case Regime::dead: return {0, 0, 60, 0, 1'000, 0.5, 8};
        case Regime::plunge: return {3.0, 8.0, 2'000, 0.15, 15'000, 0.95, 3};
        case Regime::flash: return {4.0, 10.0, 2'500, 0.15, 20'000, 0.95, 6};
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
        case Regime::dead: return draw < 0.5 ? Regime::plunge : Regime::calm;
        case Regime::plunge:
        case Regime::flash: return Regime::recovery;
    }
    return Regime::calm;
}

/// One of the regimes that only wild markets have, now and then instead of an ordinary one.
Regime wild_of(Regime ordinary, Random& random) {
    const double draw = random.uniform();
    if (draw < 0.04) return Regime::dead;
    if (draw < 0.10) return Regime::plunge;
    return draw < 0.14 ? Regime::flash : ordinary;
}

std::uint32_t chance_of(double a_step) {
    return static_cast<std::uint32_t>(std::min(a_step, 1.0) * (1U << chance_bits));
}

Amount on_grid(double value, Amount grid) {
    const auto raw = static_cast<std::int64_t>(value * static_cast<double>(Amount::one));
    return {raw - raw % grid.raw};
}

Amount at_least_a_step(double quantity, Amount step) {
    // A size beyond any market would not fit the conversion.
    return max(on_grid(std::min(quantity, 9e9), step), step);
}

}  // namespace

Market::Market(const Rules& rules, std::uint64_t seed, std::int64_t start_ms,
               const MarketOptions& options)
    : rules_{rules}, options_{options}, now_ms_{start_ms - start_ms % step_ms} {
    for (SymbolIndex symbol = 0; symbol < rules.size(); ++symbol) {
        const MarketProfile& profile = rules.at(symbol).market;
        Model model{.symbol = symbol, .profile = profile, .random = Random{mix(seed) + symbol}};
        if (profile.price > 0) {
            model.anchor = model.base = model.log_level = std::log(profile.price);
            model.mark = model.level = profile.price;
            model.trade_id = 48'000'000;
            model.moved_ms = now_ms_;
            model.wildness = profile.volatility / 4e-4;
            model.typical_trade = 0.15 * profile.top_notional / profile.price;
            model.quote_chance = chance_of(step_s / 0.11);
            model.trade_chance = chance_of(step_s * 4);
            // Symbols start out of step with each other, or their first cascades would coincide.
            const double first_s = model.random.uniform(1.0, 12.0);
            enter(model, Regime::calm, static_cast<std::int64_t>(first_s * 1000));
        }
        models_.push_back(model);
        refilter(symbol);
    }
}

void Market::refilter(SymbolIndex symbol) {
    models_[symbol].tick = max(rules_.at(symbol).tick, Amount{1});
    models_[symbol].step = max(rules_.at(symbol).step, Amount{1});
}

void Market::advance(std::int64_t until_ms, std::vector<MarketEvent>& out) {
    while (now_ms_ + step_ms <= until_ms) {
        now_ms_ += step_ms;
        if (now_ms_ >= next_funding_ms_)
            next_funding_ms_ =
                (now_ms_ / options_.funding_interval_ms + 1) * options_.funding_interval_ms;
        for (Model& model : models_)
            if (model.profile.price > 0) step(model, out);
    }
}

void Market::step(Model& model, std::vector<MarketEvent>& out) {
    if (now_ms_ >= model.regime_until_ms) change_regime(model);
    constexpr std::uint64_t mask = (1U << chance_bits) - 1;
    const std::uint64_t draw = model.random.bits();
    const bool first = model.quote.update_id == 0;
    const bool alive = model.regime != Regime::dead;
    const bool quotes = first || (alive && (draw & mask) < model.quote_chance);
    const bool trades = alive && (draw >> chance_bits & mask) < model.trade_chance;
    const bool forced = (draw >> 2 * chance_bits & mask) < model.liquidation_chance;
    const bool marks = first || now_ms_ % 1000 < step_ms;
    if (!quotes && !trades && !forced && !marks) return;
    move(model);
    if (quotes) quote(model, out);
    if (trades) trade(model, out);
    if (forced) liquidate(model, out);
    if (marks) mark(model, out);
}

void Market::change_regime(Model& model) const {
    move(model);
    Random& random = model.random;
    const Regime before = model.regime;
    Regime next = next_of(before, random);
    if (options_.wild) next = wild_of(next, random);
    const double length_s = std::clamp(random.exponential(traits_of(next).mean_s), 2.0, 40.0);
    const bool continues =
        next == Regime::cascade && (before == Regime::trend || before == Regime::gap);
    if (!continues) model.direction = random.chance(0.5) ? 1.0 : -1.0;
    enter(model, next, static_cast<std::int64_t>(length_s * 1000));
}

void Market::enter(Model& model, Regime regime, std::int64_t duration_ms) const {
    Random& random = model.random;
    model.regime = regime;
    model.regime_since_ms = now_ms_;
    model.regime_until_ms = now_ms_ + duration_ms;
    model.liquidation_chance = chance_of(traits_of(regime).liquidation_rate * step_s);
    model.pace = 0;
    switch (regime) {
        case Regime::calm:
        case Regime::recovery:
        case Regime::dead: break;
        case Regime::trend: model.pace = random.uniform(1e-4, 3.5e-4) * model.wildness; break;
        case Regime::cascade: model.pace = random.uniform(1.0e-3, 3.0e-3) * model.wildness; break;
        case Regime::gap:
            model.displacement += model.direction * random.uniform(0.004, 0.014) * model.wildness;
            break;
        case Regime::plunge:
            model.base += model.direction * random.uniform(0.02, 0.08);
            model.anchor = model.base;
            break;
        case Regime::flash:
            // A third of the time down, the rest back up.
            model.pace = random.uniform(0.06, 0.2) / (static_cast<double>(duration_ms) / 3000.0);
            break;
    }
}

void Market::force(SymbolIndex symbol, Regime regime, double direction, std::int64_t duration_ms) {
    Model& model = models_[symbol];
    if (model.profile.price <= 0) return;
    move(model);
    model.direction = direction < 0 ? -1.0 : 1.0;
    enter(model, regime, duration_ms);
}

/// Carries the price on to now, under the regime that has been in force since.
void Market::move(Model& model) const {
    const auto steps = static_cast<double>(now_ms_ - model.moved_ms) / Market::step_ms;
    if (steps <= 0) return;
    const double passed_s = steps * step_s;
    const std::int64_t before_ms = model.moved_ms;
    model.moved_ms = now_ms_;
    if (model.regime == Regime::dead) return;
    const double volatility = model.profile.volatility * traits_of(model.regime).volatility;
    model.base += volatility * std::sqrt(passed_s) * model.random.normal();
    model.base -= (model.base - model.anchor) * std::min(passed_s / 600, 1.0);
    switch (model.regime) {
        case Regime::trend: model.base += model.direction * model.pace * passed_s; break;
        case Regime::cascade: model.displacement += model.direction * model.pace * passed_s; break;
        case Regime::flash: {
            const std::int64_t turn_ms =
                model.regime_since_ms + (model.regime_until_ms - model.regime_since_ms) / 3;
            const bool back = before_ms >= turn_ms;
            model.base += model.direction * model.pace * passed_s * (back ? -0.5 : 1.0);
            break;
        }
        case Regime::calm:
        case Regime::gap:
        case Regime::plunge:
        case Regime::dead:
        case Regime::recovery: {
            const double half_life_s = model.regime == Regime::recovery ? 6 : 12;
            model.displacement *= std::max(1 - 0.693 * passed_s / half_life_s, 0.0);
            break;
        }
    }
    model.displacement = std::clamp(model.displacement, -displacement_max, displacement_max);
    // A small change needs no exponential: the next term of the series is below 2e-9.
    const double log_price = model.base + model.displacement;
    const double change = log_price - model.log_level;
    model.log_level = log_price;
    if (std::abs(change) < 0.002)
        model.level *= 1 + change * (1 + 0.5 * change);
    else
        model.level = std::exp(log_price);
    model.mark += (model.level - model.mark) * std::min(passed_s / 0.8, 1.0);
}

void Market::quote(Model& model, std::vector<MarketEvent>& out) {
    const double price = model.level;
    const double half = 0.5 * price * model.profile.spread * model.random.uniform(0.8, 1.6);
    const Amount tick = model.tick;
    const Amount bid = max(on_grid(price - half, tick), tick);
    const Amount above = on_grid(price + half, tick) + tick;
    const double top = model.profile.top_notional / price;
    model.quote = {.symbol = model.symbol,
                   .time_ms = now_ms_,
                   .update_id = ++update_id_,
                   .bid = bid,
                   .bid_quantity = at_least_a_step(model.random.lognormal(top, 0.9), model.step),
                   .ask = max(above, bid + tick),
                   .ask_quantity = at_least_a_step(model.random.lognormal(top, 0.9), model.step)};
    out.emplace_back(model.quote);
}

void Market::trade(Model& model, std::vector<MarketEvent>& out) const {
    const bool moving = model.regime == Regime::cascade || model.regime == Regime::trend;
    const double sell_chance = moving ? (model.direction < 0 ? 0.75 : 0.25) : 0.5;
    const bool sold = model.random.chance(sell_chance);
    out.emplace_back(Trade{
        .symbol = model.symbol,
        .time_ms = now_ms_,
        .id = ++model.trade_id,
        .price = sold ? model.quote.bid : model.quote.ask,
        .quantity = at_least_a_step(model.random.lognormal(model.typical_trade, 1.2), model.step),
        .buyer_is_maker = sold,
    });
}

void Market::liquidate(Model& model, std::vector<MarketEvent>& out) const {
    Random& random = model.random;
    const RegimeTraits traits = traits_of(model.regime);
    const double scale = model.profile.liquidation_scale;
    double notional = random.lognormal(traits.liquidation_median, 1.2);
    if (random.chance(traits.tail_chance)) notional = random.pareto(traits.tail_scale, 1.35);
    notional = std::min(notional * scale, 2'500'000.0);

    const double trend = model.regime == Regime::calm ? model.displacement : model.direction;
    const bool falling = random.chance(traits.with_move) == (trend < 0);
    const Side side = falling ? Side::sell : Side::buy;
    const double away = falling ? -1.0 : 1.0;
    const double price = model.level;
    const Amount quantity = at_least_a_step(notional / price, model.step);
    const double slip = random.exponential(4e-4);
    const double bankrupt = slip + random.uniform(0.004, 0.02);
    const double last = random.chance(0.4) ? 1.0 : random.uniform(0.05, 1.0);
    out.emplace_back(Liquidation{
        .symbol = model.symbol,
        .time_ms = now_ms_,
        .side = side,
        .quantity = quantity,
        .price = on_grid(price * (1 + away * bankrupt), model.tick),
        .average_price = on_grid(price * (1 + away * slip), model.tick),
        .last_quantity = at_least_a_step(
            static_cast<double>(quantity.raw) / static_cast<double>(Amount::one) * last,
            model.step),
    });
    // A forced order pushes the price a little further: that is what makes cascades.
    const double depth = 40 * model.profile.top_notional;
    model.displacement += away * std::min(notional / depth, 1.0) * 4e-4;
}

void Market::mark(Model& model, std::vector<MarketEvent>& out) const {
    out.emplace_back(Mark{
        .symbol = model.symbol,
        .time_ms = now_ms_,
        .mark = on_grid(model.mark, Amount{1}),
        .index = on_grid(model.mark * (1 + 3e-5 * model.random.normal()), Amount{1}),
        .funding_rate = options_.funding_rate,
        .next_funding_ms = next_funding_ms_,
    });
}

}  // namespace tranche::exchange
