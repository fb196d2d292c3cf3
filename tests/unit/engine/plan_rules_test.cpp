// What the plan still asks of the engine: manual merges, limits and age of
// exits, alarms, dust, the answer to each refusal, and what an operator or the
// exchange does to us.
#include <algorithm>
#include <gtest/gtest.h>
#include <initializer_list>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

void merge(World& world, std::initializer_list<std::uint32_t> ordinals) {
    Event event{};
    event.kind = EventKind::control;
    event.symbol = btc;
    event.control.kind = ControlKind::merge;
    event.control.side = long_side;
    event.control.request = 7;
    for (const std::uint32_t ordinal : ordinals)
        event.control.tranches[event.control.tranche_count++] = ordinal;
    world.send(event);
    world.pass(seconds(2));
}

// ---------------------------------------------------------------- merging by
// hand

TEST(ManualMerge, MergesExactlyTheTranchesThatWereNamed) {
    World world{patient()};
    open_steps(world, 4);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    merge(world, {2, 0});
    const std::vector<TrancheRow> left = world.tranches(btc, long_side);
    ASSERT_EQ(left.size(), 3U);
    EXPECT_EQ(left[0].id, rows[0].id) << "the lowest ordinal stays";
    EXPECT_EQ(left[0].quantity, rows[0].quantity + rows[2].quantity);
    EXPECT_EQ(left[1].id, rows[1].id);
    EXPECT_EQ(left[1].quantity, rows[1].quantity);
    EXPECT_EQ(left[2].id, rows[3].id);
    const auto merges = world.records_of(RecordKind::merge);
    ASSERT_EQ(merges.size(), 1U);
    EXPECT_EQ(merges[0].merge.why, 2);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ManualMerge, TakesMoreThanTwoAtOnce) {
    World world{patient()};
    open_steps(world, 4);
    merge(world, {1, 2, 3});
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(world.records_of(RecordKind::merge).size(), 2U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ManualMerge, IsRefusedWholeWhenOneOfThemIsNotProtected) {
    World world{patient()};
    open_steps(world, 3);
    world.treat = placing(Role::stop_loss, {Answer::hold});
    world.end(world.open(btc, Role::stop_loss).at(2).placed.id, OrderStatus::expired);
    world.pass(milliseconds(20));
    const TrancheState state = world.tranches(btc, long_side)[2].state;
    ASSERT_NE(state, TrancheState::protected_);
    merge(world, {0, 1, 2});
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
    EXPECT_EQ(world.tranches(btc, long_side).size(), 3U);
    world.treat = nullptr;
    world.release();
    world.pass(seconds(5));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ManualMerge, IsRefusedForAnOrdinalThatIsNotOpenAndForOneAlone) {
    World world{patient()};
    open_steps(world, 2);
    merge(world, {0, 7});
    merge(world, {1});
    merge(world, {0, 0});
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ManualMerge, IsRefusedWhileAnEntryOfOneIsPending) {
    World world{patient()};
    open_steps(world, 2);
    ASSERT_EQ(world.trigger(btc, Side::sell, price("46000")), Verdict::entered);
    merge(world, {0, 1});
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
}

TEST(Tranches, ABurstOfTriggersAfterALossSharesTheNewPendingOne) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(world.trigger(btc, Side::sell, price("45000")), Verdict::entered);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 2U);
    for (const ExchangeOrder& entry : world.open(btc, Role::entry))
        world.fill(entry.placed.id, price("45000"));
    world.pass(seconds(1));
    EXPECT_EQ(world.tranches(btc, long_side)[1].quantity, quantity("0.066"));
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- exits: age,
// number, dust

TEST(ExitAge, ReplacesAnOldExitAndNeverUncoversItsTranche) {
    Options with = patient();
    with.settings.tranche.order_ttl = OrderTtl{seconds(60), {}};
    World world{with};
    take_position(world, btc, Side::sell, at);
    const ClientOrderId stop = world.only(btc, Role::stop_loss).placed.id;
    const ClientOrderId profit = world.only(btc, Role::take_profit).placed.id;
    Quantity least = quantity("1");
    world.treat = [&](const Command&) {
        least = std::min(least, world.covered(btc, long_side));
        return Treatment{};
    };
    world.pass(seconds(55));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.id, stop);
    world.pass(seconds(10));
    EXPECT_NE(world.only(btc, Role::stop_loss).placed.id, stop);
    EXPECT_NE(world.only(btc, Role::take_profit).placed.id, profit);
    EXPECT_GE(least, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ExitAge, OfZeroNeverReplacesAnything) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    const std::size_t before = world.commands.size();
    world.pass(seconds(600));
    EXPECT_EQ(world.commands.size(), before);
}

/// Three fills of an entry, half a second apart.
void fill_thrice(World& world) {
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    for (const std::string_view part : {"0.004", "0.005", "0.006"}) {
        world.fill(entry, at, quantity(part));
        world.pass(milliseconds(500));
    }
}

TEST(Consolidation, SwitchedOffKeepsAPairForEachFill) {
    Options with = patient();
    with.settings.tranche.consolidate = false;
    with.settings.tranche.max_orders = 6;
    World world{with};
    fill_thrice(world);
    for (const Role role : {Role::stop_loss, Role::take_profit}) {
        const std::vector<ExchangeOrder> exits = world.open(btc, role);
        ASSERT_EQ(exits.size(), 3U);
        EXPECT_EQ(exits[0].left(), quantity("0.004"));
        EXPECT_EQ(exits[1].left(), quantity("0.005"));
        EXPECT_EQ(exits[2].left(), quantity("0.006"));
    }
    EXPECT_EQ(world.sent(CommandKind::cancel), 0U) << "no pair is touched by a later fill";
}

TEST(Consolidation, SwitchedOffEndsWhereTheOrdersOfATrancheEnd) {
    Options with = patient();
    with.settings.tranche.consolidate = false;
    with.settings.tranche.max_orders = 4;
    World world{with};
    fill_thrice(world);
    world.pass(seconds(2));
    EXPECT_LE(world.open(btc, Role::stop_loss).size(), 2U);
    EXPECT_LE(world.open(btc, Role::take_profit).size(), 2U);
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.015")) << "protection is never skipped";
}

TEST(OrdersOfATranche, BeyondTheirLimitAreRefusedWithAnAlarm) {
    Options with = patient();
    with.settings.tranche.consolidate = false;
    with.settings.tranche.max_orders = 2;
    World world{with};
    const std::size_t before = world.records.size();
    fill_thrice(world);
    world.pass(seconds(2));
    EXPECT_LE(world.open(btc, Role::stop_loss).size() + world.open(btc, Role::take_profit).size(),
              2U);
    EXPECT_GE(alarms_since(world, before), 1U);
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.015"));
}

TEST(Dust, BelowTheLowestQuantityJoinsTheNeighbour) {
    Options with = patient();
    with.rules[0].min_quantity = with.rules[0].market_min_quantity = quantity("0.005");
    World world{with};
    open_steps(world, 2);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    for (const ExchangeOrder& order : world.open(btc, Role::take_profit))
        if (order.placed.id.tranche == rows[1].id)
            world.fill(order.placed.id, price("67500"), quantity("0.019"));
    world.pass(seconds(5));
    const std::vector<TrancheRow> left = world.tranches(btc, long_side);
    ASSERT_EQ(left.size(), 1U) << "0.003 cannot be sold on their own";
    EXPECT_EQ(left[0].id, rows[0].id);
    EXPECT_EQ(left[0].quantity, rows[0].quantity + quantity("0.003"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Dust, OfTheOnlyTrancheIsLeftToTheBackstop) {
    Options with = patient();
    with.rules[0].min_quantity = with.rules[0].market_min_quantity = quantity("0.005");
    World world{with};
    take_position(world, btc, Side::sell, at);
    world.fill(world.only(btc, Role::take_profit).placed.id, price("75000"), quantity("0.017"));
    world.pass(seconds(30));
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    for (const Command& command : world.commands)
        if (command.kind == CommandKind::place && !command.close_position) {
            EXPECT_GE(command.quantity, quantity("0.005"));
        }
}

// ---------------------------------------------------------------- the backstop

void tell_liquidation_price(World& world, Price liquidation, std::uint16_t leverage = 0) {
    Event event{};
    event.kind = EventKind::position_update;
    event.symbol = btc;
    event.position_update.exchange_time = world.now;
    event.position_update.amount = world.holdings[{btc, long_side}].quantity;
    event.position_update.entry_price = at;
    event.position_update.liquidation_price = liquidation;
    event.position_update.leverage = leverage;
    event.position_update.leg = PositionLeg::long_side;
    world.send(event);
    world.pass(seconds(2));
}

TEST(Backstop, MovesBeforeTheLiquidationPriceOnceThatIsKnown) {
    World world;  // stop at 40 000, backstop at 39 200
    take_position(world, btc, Side::sell, at);
    EXPECT_EQ(world.only(btc, Role::backstop).placed.stop_price, price("39200"));
    tell_liquidation_price(world, price("39500"));
    const Price stop = world.only(btc, Role::backstop).placed.stop_price;
    EXPECT_GT(stop, price("39500")) << "it must fire first";
    EXPECT_LE(stop, price("40000")) << "but behind the tranche's own stop";
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Backstop, MovesOnlyOnceForOneLiquidationPrice) {
    World world;
    take_position(world, btc, Side::sell, at);
    tell_liquidation_price(world, price("39500"));
    const std::size_t sent = world.commands.size();
    for (int i = 0; i < 5; ++i) tell_liquidation_price(world, price("39500"));
    EXPECT_EQ(world.commands.size(), sent);
}

// ---------------------------------------------------------------- alarms

TEST(Overshoot, WithoutALimitIsSaidOnceASymbol) {
    Options with = options();
    with.rules[0].min_notional = with.rules[1].min_notional = usdt("100");
    for (SymbolSettings& symbol : with.settings.symbols) symbol.trade_value = usdt("0.55");
    World world{with};
    const std::size_t before = world.records.size();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(alarms_since(world, before), 1U);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_EQ(alarms_since(world, before), 2U);
}

TEST(GovernorAlarm, IsRaisedOnceWhenEntriesStop) {
    for (const bool by_number : {true, false}) {
        Options with = options();
        if (by_number) with.settings.governor.entries_per_minute = 1;
        if (!by_number) with.settings.governor.notional_per_minute = usdt("1000");
        World world{with};
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
        EXPECT_EQ(world.alarms(AlarmKind::governor_tripped), 0U);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::rate_governor);
        EXPECT_EQ(world.alarms(AlarmKind::governor_tripped), 1U);
    }
}

TEST(GovernorAlarm, IsRaisedWhenALossTripsIt) {
    for (int which = 0; which < 3; ++which) {
        Options with = options();
        if (which == 0) with.settings.governor.loss_per_hour = usdt("100");
        if (which == 1) with.settings.governor.loss_per_day = usdt("100");
        if (which == 2) with.settings.governor.drawdown = usdt("100");
        World world{with};
        take_position(world, btc, Side::sell, at);
        world.fill(world.only(btc, Role::stop_loss).placed.id, price("40000"));
        world.trigger(btc, Side::sell, at);
        world.trigger(btc, Side::sell, at);
        EXPECT_EQ(world.alarms(AlarmKind::governor_tripped), 1U) << which;
    }
}

// ---------------------------------------------------------------- paper mode
// is a stage outside

TEST(PaperMode, IsNothingTheEngineKnowsOf) {
    Options with = options();
    with.settings.simulate_only = true;
    World world{with};
    take_position(world, btc, Side::sell, at);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    world.pass(seconds(1));
    EXPECT_EQ(world.unsettled(), "");
    world.stream(StreamKind::user, StreamCondition::lost);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
}

}  // namespace
}  // namespace tranche::test
