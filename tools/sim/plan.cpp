#include "tools/sim/plan.hpp"

#include <algorithm>

#include "tools/sim/random.hpp"

namespace tranche::sim {
namespace {

/// One kind of market: `price` in 1e-8, grids likewise.
struct Listing {
    const char* name;
    std::int64_t price;
    std::int64_t tick;
    std::int64_t step;
};
constexpr std::int64_t one = Price::one;
constexpr std::array<Listing, most_symbols> listings{{
    {"BTCUSDT", 50'000 * one, one / 10, one / 1'000},
    {"ETHUSDT", 3'000 * one, one / 100, one / 100},
    {"DOGEUSDT", one / 5, one / 100'000, one},
    {"SOLUSDT", 150 * one, one / 100, one / 10},
    {"XRPUSDT", one / 2, one / 10'000, one / 10},
    {"ASTERUSDT", 2 * one, one / 10'000, one},
}};

Ratio permyriad(std::int64_t n) {
    return {n * (Ratio::one / 10'000)};
}
Notional usdt(std::int64_t n) {
    return {n * Notional::one};
}

SymbolRules rules_for(const Listing& listing, Dice& dice) {
    SymbolRules rules;
    rules.name = listing.name;
    rules.trading = true;
    rules.tick = rules.min_price = Price{listing.tick};
    rules.max_price = Price{listing.price * 20};
    rules.step = rules.market_step = rules.min_quantity = rules.market_min_quantity =
        Quantity{listing.step};
    rules.max_quantity = Quantity{listing.step * 10'000'000};
    rules.market_max_quantity = rules.max_quantity;
    rules.min_notional = usdt(5);
    rules.multiplier_up = permyriad(15'000);
    rules.multiplier_down = permyriad(5'000);
    rules.max_orders = 200;
    rules.max_conditional_orders = dice.below(2) == 0 ? 10 : 100;
    return rules;
}

SymbolSettings settings_for(const SymbolRules& rules, Price price, bool in_usdt, Dice& dice) {
    SymbolSettings made;
    made.name = rules.name;
    const Notional threshold = usdt(dice.between(1'000, 20'000));
    made.threshold_long = made.threshold_short =
        in_usdt ? threshold.raw : quantity_for(threshold, price, Rounding::up).raw;
    made.leverage = static_cast<std::uint16_t>(dice.between(3, 20));
    made.trade_side = static_cast<TradeSide>(dice.below(dice.below(3) == 0 ? 4 : 1));
    made.trade_value = usdt(dice.between(10, 60));
    made.max_position = {made.trade_value.raw * dice.between(2, 60)};
    made.price_offset = permyriad(dice.between(0, 10));
    made.take_profit_enabled = dice.below(10) != 0;
    made.take_profit = permyriad(dice.between(8, 150));
    made.stop_loss_enabled = dice.below(12) != 0;
    made.stop_loss = permyriad(dice.between(30, 300));
    made.working_type = static_cast<WorkingType>(dice.below(2));
    made.price_protect = dice.below(8) == 0;
    return made;
}

void choose_rules_of_trade(EngineSettings& settings, Dice& dice) {
    settings.entry.price_mode = static_cast<EntryPriceMode>(dice.below(2));
    settings.entry.time_in_force = dice.below(4) == 0 ? TimeInForce::gtx : TimeInForce::gtc;
    settings.entry.ttl = milliseconds(dice.between(300, 8'000));
    settings.entry.max_overshoot = dice.below(3) == 0 ? permyriad(5'000) : Ratio{};
    settings.entry.max_total_exposure = usdt(dice.between(200, 9'000));
    settings.entry.max_open_orders = static_cast<std::uint16_t>(dice.between(1, 10));
    settings.tranche.increment = permyriad(dice.between(5, 300));
    settings.tranche.max_per_side = static_cast<std::uint16_t>(dice.between(1, 5));
    settings.tranche.max_orders = 2;
    settings.tranche.max_stops = static_cast<std::uint16_t>(dice.between(3, 50));
    settings.tranche.merge_pnl = permyriad(dice.between(0, 50));
    settings.tranche.on_max = static_cast<OnMaxTranches>(dice.below(3));
    settings.tranche.unattributed = static_cast<UnattributedClose>(dice.below(2));
    settings.tranche.consolidate = dice.below(5) != 0;
    settings.tranche.order_ttl.general =
        dice.below(3) == 0 ? milliseconds(dice.between(2'000, 20'000)) : Nanos{};
    settings.protection.take_profit_is_limit = dice.below(4) != 0;
    settings.protection.instant_close = dice.below(4) != 0;
    settings.protection.instant_close_grace = milliseconds(dice.between(100, 2'000));
    settings.protection.reconcile_interval = seconds(dice.between(3, 20));
    // No user can switch it off; the draw stays, so that what follows it does not move.
    settings.protection.backstop = dice.below(8) < 8;
}

EngineSettings engine_settings(const Plan& plan, Dice& dice) {
    EngineSettings settings;
    settings.simulate_only = false;
    settings.hedge_mode = dice.below(2) == 0;
    settings.instance = static_cast<std::uint16_t>(dice.below(1024));
    settings.window.span = milliseconds(dice.between(1'000, 30'000));
    settings.window.in_usdt = dice.below(2) == 0;
    settings.window.side = static_cast<VolumeSide>(dice.below(2));
    settings.window.cooldown = dice.below(4) != 0 ? Nanos{} : milliseconds(dice.between(10, 300));
    choose_rules_of_trade(settings, dice);
    for (std::size_t i = 0; i < plan.rules.size(); ++i)
        settings.symbols.push_back(
            settings_for(plan.rules[i], plan.prices[i], settings.window.in_usdt, dice));
    return settings;
}

/// O5: governors tight enough to trip.
void tighten_governors(EngineSettings& settings, Dice& dice) {
    settings.governor.entries_per_minute = static_cast<std::uint32_t>(dice.between(2, 12));
    if (dice.below(2) == 0) settings.governor.notional_per_minute = usdt(dice.between(500, 5'000));
    if (dice.below(3) == 0) settings.governor.loss_per_hour = usdt(dice.between(5, 100));
    if (dice.below(3) == 0) settings.governor.drawdown = usdt(dice.between(5, 100));
}

std::vector<RateLimit> limits(bool tight, Dice& dice) {
    const auto orders = static_cast<std::uint32_t>(tight ? dice.between(30, 100) : 300);
    return {{RateUnit::weight, seconds(60), 2'400},
            {RateUnit::orders, seconds(60), orders * 4},
            {RateUnit::orders, seconds(10), orders}};
}

/// List E: every switch as the seed has it, but a stop that changes its id is a fault of its own.
exchange::Behaviour behaviour(const Plan& plan, Dice& dice) {
    exchange::Behaviour drawn = exchange::draw_behaviour(plan.seed);
    const bool changes = plan.faults[index(Fault::s3)];
    drawn.trigger_changes_order_id = changes;
    drawn.trigger_changes_client_id = dice.below(3) == 0 && changes;
    return drawn;
}

void choose_faults(Plan& plan, const FaultSet& allowed, Swarm how) {
    Dice swarm{plan.seed, Concern::swarm};
    constexpr std::array<std::uint32_t, 5> densities{0, 60'000, 150'000, 300'000, 600'000};
    const std::uint32_t density = densities[swarm.below(densities.size())];
    for (std::size_t i = 0; i < fault_count; ++i) {
        // Keyed by fault, so that leaving one out does not change the others.
        Dice dice{plan.seed, Concern::swarm, i + 1};
        const bool asked_for_alone = allowed.count() < fault_count / 4;
        const bool drawn = dice.chance(asked_for_alone ? 900'000 : density);
        const bool in = how == Swarm::as_given || drawn;
        plan.chance[i] = static_cast<std::uint32_t>(dice.long_tailed({2'000}, {100'000}).count);
        const std::uint32_t rate = allowed.rate(i);
        if (rate != 0) plan.chance[i] = rate;
        if ((in || rate != 0) && allowed[i]) plan.faults.set(i, rate);
    }
}

}  // namespace

Plan make_plan(std::uint64_t seed, const FaultSet& allowed, Swarm how) {
    Plan plan;
    plan.seed = seed;
    choose_faults(plan, allowed, how);
    Dice dice{seed, Concern::plan};
    const auto symbols = static_cast<std::size_t>(dice.between(3, most_symbols));
    for (std::size_t i = 0; i < symbols; ++i) {
        plan.rules.push_back(rules_for(listings[i], dice));
        plan.prices.push_back(Price{listings[i].price});
    }
    plan.settings = engine_settings(plan, dice);
    // Only an entry that is cancelled can be filled just before.
    if (plan.faults[index(Fault::n9)])
        plan.settings.entry.ttl = milliseconds(dice.between(200, 1'500));
    if (plan.faults[index(Fault::o5)]) tighten_governors(plan.settings, dice);
    plan.venue.seed = seed;
    plan.venue.hedge_mode = plan.settings.hedge_mode;
    plan.venue.generate = false;
    plan.venue.balance = exchange::units(dice.below(8) == 0 ? 300 : 10'000);
    plan.venue.behaviour = behaviour(plan, dice);
    plan.venue.history_limit = 4'096;
    plan.venue.candles = false;
    constexpr std::array<std::int64_t, 4> paces{300, 700, 1'500, 4'000};
    plan.pace = paces[dice.below(paces.size())];
    plan.volatility = dice.between(20, 400);
    plan.latency = dice.between(microseconds(300), milliseconds(20));
    // As the composition root opens them: twice what the settings ask for.
    plan.order_connections = static_cast<std::size_t>(2 * dice.between(1, 3));
    plan.ring_capacity = plan.faults[index(Fault::m1)] ? 128 : 1024;
    plan.limits = limits(dice.below(6) == 0, dice);
    // Drawn apart, so that the draws above stay what they are.
    Dice later{seed, Concern::plan, 1};
    plan.settings.entry.void_unknown = later.below(2) == 0;
    plan.settings.protection.modify_take_profits = later.below(3) == 1;
    plan.settings.entry.attach_exits = later.below(3) == 1;
    return plan;
}

}  // namespace tranche::sim
