// From a forced order to an entry: direction, threshold, gates, limits, verdicts.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

TEST(Entry, FollowsTheForcedOrderIntoALimitOrderOnTheOppositeSide) {
    World world;
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ExchangeOrder entry = world.only(btc, Role::entry);
    EXPECT_EQ(entry.placed.side, Side::buy);
    EXPECT_EQ(entry.placed.position_side, long_side);
    EXPECT_EQ(entry.placed.type, OrderType::limit);
    EXPECT_EQ(entry.placed.price, at);
    EXPECT_EQ(entry.placed.quantity, quantity("0.02"));
    EXPECT_EQ(entry.placed.lane, Lane::entry);
    EXPECT_EQ(entry.placed.deadline, world.now + milliseconds(500));
    EXPECT_EQ(world.broken(), "");
}

struct DirectionCase {
    TradeSide setting;
    Side forced;
    Side trade;
};
class Direction : public testing::TestWithParam<DirectionCase> {};

TEST_P(Direction, DecidesSideAndThreshold) {
    const DirectionCase& wanted = GetParam();
    Options with = options();
    with.settings.symbols[0].trade_side = wanted.setting;
    World world{with};
    // 0.2 × 50 000 = 10 000 USDT: exactly the long threshold, below the short one.
    world.book(btc, at - price("0.1"), at + price("0.1"));
    const Verdict verdict = world.liquidation(btc, wanted.forced, at, quantity("0.2"));
    EXPECT_EQ(verdict, wanted.trade == Side::buy ? Verdict::entered : Verdict::below_threshold);
    EXPECT_EQ(world.trigger(btc, wanted.forced, at), Verdict::entered);
    const ExchangeOrder entry = world.open(btc, Role::entry).back();
    EXPECT_EQ(entry.placed.side, wanted.trade);
    EXPECT_EQ(entry.placed.position_side, opened_by(wanted.trade));
}

INSTANTIATE_TEST_SUITE_P(All, Direction,
                         testing::Values(DirectionCase{TradeSide::opposite, Side::sell, Side::buy},
                                         DirectionCase{TradeSide::opposite, Side::buy, Side::sell},
                                         DirectionCase{TradeSide::same, Side::sell, Side::sell},
                                         DirectionCase{TradeSide::same, Side::buy, Side::buy},
                                         DirectionCase{TradeSide::buy, Side::sell, Side::buy},
                                         DirectionCase{TradeSide::buy, Side::buy, Side::buy},
                                         DirectionCase{TradeSide::sell, Side::sell, Side::sell},
                                         DirectionCase{TradeSide::sell, Side::buy, Side::sell}));

TEST(Entry, CountsSmallLiquidationsTogetherUntilTheThresholdIsReached) {
    World world;
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("0.1")), Verdict::below_threshold);
    world.pass(seconds(1));
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("0.1")), Verdict::entered);
    const LiquidationRow row = world.records_of(RecordKind::liquidation).back().liquidation;
    EXPECT_EQ(row.window_sum, usdt("10000").raw);
    EXPECT_EQ(row.threshold, usdt("10000").raw);
    EXPECT_EQ(row.value, usdt("5000"));
    EXPECT_NE(row.tranche, no_tranche);
}

TEST(Entry, ForgetsLiquidationsOlderThanTheWindow) {
    World world;
    world.liquidation(btc, Side::sell, at, quantity("0.19"));
    world.pass(seconds(60) + milliseconds(1));
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("0.1")), Verdict::below_threshold);
}

TEST(Entry, SumsOnlyTheTriggersSideWhenToldSo) {
    Options with = options();
    with.settings.window.side = VolumeSide::trigger_side;
    World world{with};
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::buy, at, quantity("0.19")), Verdict::below_threshold);
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("0.19")), Verdict::below_threshold);
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("0.01")), Verdict::entered);
}

TEST(Entry, ValuesAForcedOrderAtItsAveragePriceAndElseAtItsLimit) {
    World world;
    Event event{};
    event.kind = EventKind::liquidation;
    event.symbol = btc;
    event.liquidation.price = price("40000");
    event.liquidation.average_price = price("41000");
    event.liquidation.quantity = quantity("0.1");
    event.liquidation.side = Side::sell;
    world.send(event);
    EXPECT_EQ(world.records_of(RecordKind::liquidation).back().liquidation.value, usdt("4100"));
    event.liquidation.average_price = {};
    world.send(event);
    EXPECT_EQ(world.state().totals.duplicates, 1U) << "the same order with less detail";
    event.liquidation.trade_time = world.now;
    world.send(event);
    EXPECT_EQ(world.records_of(RecordKind::liquidation).back().liquidation.value, usdt("4000"));
}

TEST(Entry, ARepeatOfTheSameLiquidationIsNeitherCountedNorRecordedAgain) {
    World world;
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::entered);
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::duplicate);
    EXPECT_EQ(world.records_of(RecordKind::liquidation).size(), 1U);
    EXPECT_EQ(world.open(btc, Role::entry).size(), 1U);
}

TEST(Entry, ARepeatOnASymbolNobodyTradesIsShownOnceToo) {
    World world;
    EXPECT_EQ(world.liquidation(doge, Side::sell, price("0.1"), quantity("5")),
              Verdict::not_configured);
    EXPECT_EQ(world.liquidation(doge, Side::sell, price("0.1"), quantity("5")), Verdict::duplicate);
    EXPECT_EQ(world.records_of(RecordKind::liquidation).size(), 1U);
}

TEST(Entry, EveryLiquidationGetsExactlyOneVerdict) {
    World world;
    world.liquidation(doge, Side::sell, price("0.1"), quantity("100000000"));
    world.liquidation(btc, Side::sell, Price{}, quantity("1"));
    world.liquidation(btc, Side::sell, at, quantity("0.001"));
    world.trigger(btc, Side::sell, at);
    world.control(ControlKind::pause);
    world.trigger(btc, Side::sell, at);
    std::vector<Verdict> verdicts;
    for (const Record& record : world.records_of(RecordKind::liquidation))
        verdicts.push_back(record.liquidation.verdict);
    EXPECT_EQ(verdicts, (std::vector{Verdict::not_configured, Verdict::malformed,
                                     Verdict::below_threshold, Verdict::entered, Verdict::paused}));
    std::uint64_t counted = 0;
    for (const std::uint64_t count : world.state().totals.verdicts) counted += count;
    EXPECT_EQ(counted, 5U);
}

TEST(Entry, WaitsForTheCooldownAfterATrigger) {
    Options with = options();
    with.settings.window.cooldown = seconds(2);
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::cooling_down);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    world.pass(seconds(2));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Entry, NeedsABookNoOlderThanTwoSeconds) {
    World world;
    world.book(btc, at - price("0.1"), at + price("0.1"));
    world.now += seconds(2);
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::entered);
    world.now += milliseconds(1);
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::no_book);
}

TEST(Entry, FallsBackToTheLiquidationsPriceInReferenceModeOnly) {
    Options with = options();
    with.settings.entry.price_mode = EntryPriceMode::reference;
    World world{with};
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::entered);
    EXPECT_EQ(world.only(btc, Role::entry).placed.price, price("49950"));
}

TEST(Entry, RefusesAPriceOutsideThePercentFilter) {
    World world;
    world.mark(btc, price("20000"));
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::price_out_of_bounds);
}

TEST(Entry, RefusesAnOvershootBeyondTheSettingAndChargesTheFinalSizeOtherwise) {
    Options with = options();
    with.rules[0].min_notional = usdt("100");
    with.settings.symbols[0].trade_value = usdt("0.55");
    with.settings.entry.max_overshoot = ratio("0.5");
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::size_overshoot);
    with.settings.entry.max_overshoot = {};
    World charged{with};
    EXPECT_EQ(charged.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(charged.state().totals.reserved_margin, usdt("10")) << "0.002 × 50 000 / 10";
}

TEST(Entry, RefusesWhatTheFiltersLeaveNoQuantityFor) {
    Options with = options();
    with.rules[0].max_quantity = quantity("0.001");
    with.rules[0].min_notional = usdt("100");
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::size_impossible);
}

TEST(Entry, RefusesASymbolThatDoesNotTrade) {
    Options with = options();
    with.rules[0].trading = false;
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::symbol_not_trading);
}

TEST(Entry, CarriesTheSettingsTimeInForceWhichExitsNeverDo) {
    Options with = options();
    with.settings.entry.time_in_force = TimeInForce::gtx;
    World world{with};
    world.trigger(btc, Side::sell, at);
    const ExchangeOrder entry = world.only(btc, Role::entry);
    EXPECT_EQ(entry.placed.time_in_force, TimeInForce::gtx);
    world.fill(entry.placed.id, at);
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.time_in_force, TimeInForce::gtc);
}

TEST(Entry, APostOnlyOrderThatWouldTakeIsNoFailure) {
    Options with = options();
    with.settings.entry.time_in_force = TimeInForce::gtx;
    World world{with};
    world.treat = [](const Command&) { return Treatment{Answer::reject, -5022}; };
    world.trigger(btc, Side::sell, at);
    EXPECT_EQ(world.alarms(AlarmKind::entry_rejected), 0U);
    EXPECT_EQ(world.state().totals.orders_rejected, 0U);
    EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- limits

TEST(Collateral, IsReservedBeforeSendingAndFreedWhenTheEntryEnds) {
    World world;
    world.trigger(btc, Side::sell, at);
    EXPECT_EQ(world.state().totals.reserved_margin, usdt("100"));
    EXPECT_EQ(world.state().totals.used_margin, Notional{});
    world.end(world.only(btc, Role::entry).placed.id, OrderStatus::canceled);
    EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Collateral, OfAFillThatNoReportHasToldOfStaysReserved) {
    World world;
    world.trigger(btc, Side::sell, price("50000"));
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    const Notional all = world.state().totals.reserved_margin;
    world.report_fills = false;
    world.fill(entry, price("50000"), quantity("0.01"));
    world.end(entry, OrderStatus::canceled);
    EXPECT_GT(world.state().totals.reserved_margin, Notional{});
    EXPECT_LT(world.state().totals.reserved_margin, all);
    world.pass(seconds(10));
    EXPECT_TRUE(world.state().totals.reserved_margin.zero());
}

TEST(Collateral, MovesFromReservedToUsedWithEachFill) {
    World world;
    world.trigger(btc, Side::sell, at);
    const ClientOrderId id = world.only(btc, Role::entry).placed.id;
    world.fill(id, at, quantity("0.005"));
    EXPECT_EQ(world.state().totals.reserved_margin, usdt("75"));
    EXPECT_EQ(world.state().totals.used_margin, usdt("25"));
    world.end(id, OrderStatus::expired);
    EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
    EXPECT_EQ(world.state().totals.used_margin, usdt("25"));
    world.pass(seconds(1));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Collateral, OfExactlyTheSymbolsLimitPassesAndNoMore) {
    Options with = options();
    with.settings.symbols[0].max_position = usdt("200");
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered) << "both sides count together";
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::symbol_limit);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("2500")), Verdict::entered);
}

TEST(Collateral, OfAllSymbolsTogetherHasALimit) {
    Options with = options();
    with.settings.entry.max_total_exposure = usdt("200");
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("2500")), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("2500")), Verdict::total_limit);
}

TEST(Collateral, IsNotEatenUpByEntriesThatEndedWithoutAFill) {
    Options with = options();
    with.settings.symbols[0].max_position = usdt("300");
    World world{with};
    for (int round = 0; round < 20; ++round) {
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered) << round;
        world.end(world.only(btc, Role::entry).placed.id, OrderStatus::canceled);
    }
}

TEST(Collateral, OfATranchesPositionCountsAndComesBackWhenItCloses) {
    Options with = options();
    with.settings.symbols[0].max_position = usdt("100");
    World world{with};
    world.trigger(btc, Side::sell, at);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::symbol_limit);
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Entry, StopsAtTheLimitOfOpenEntriesOfASymbol) {
    Options with = options();
    with.settings.entry.max_open_orders = 2;
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::order_limit);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    world.end(world.open(btc, Role::entry).front().placed.id, OrderStatus::canceled);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Entry, IsOffForAMinuteAfterTheExchangeRefusedItsMargin) {
    World world;
    world.treat = [](const Command&) { return Treatment{Answer::reject, -2019}; };
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.alarms(AlarmKind::entry_rejected), 1U);
    world.treat = nullptr;
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    world.pass(seconds(60));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

// ---------------------------------------------------------------- one-way mode

TEST(OneWayMode, RefusesAnEntryAgainstThePosition) {
    Options with = options();
    with.settings.hedge_mode = false;
    World world{with};
    world.trigger(btc, Side::sell, at);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::against_position) << "still pending";
    world.fill(world.only(btc, Role::entry).placed.id, at);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::against_position);
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered);
}

TEST(OneWayMode, RefusesAnEntryAgainstOneWhoseTrancheHasClosed) {
    Options with = options();
    with.settings.hedge_mode = false;
    World world{with};
    world.trigger(btc, Side::sell, at);
    world.fill(world.only(btc, Role::entry).placed.id, at, quantity("0.01"));
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    ASSERT_TRUE(world.tranches(btc, long_side).empty());
    ASSERT_EQ(world.open(btc, Role::entry).size(), 1U);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::against_position);
}

TEST(OneWayMode, ExitsAreReduceOnlyAndBackstopsCloseThePosition) {
    Options with = options();
    with.settings.hedge_mode = false;
    World world{with};
    world.trigger(btc, Side::sell, at);
    EXPECT_FALSE(world.only(btc, Role::entry).placed.reduce_only);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    EXPECT_TRUE(world.only(btc, Role::stop_loss).placed.reduce_only);
    EXPECT_TRUE(world.only(btc, Role::take_profit).placed.reduce_only);
    EXPECT_FALSE(world.only(btc, Role::backstop).placed.reduce_only);
    EXPECT_TRUE(world.only(btc, Role::backstop).placed.close_position);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(HedgeMode, ExitsNeverCarryReduceOnly) {
    World world;
    world.trigger(btc, Side::buy, at);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    for (const Role role : {Role::stop_loss, Role::take_profit, Role::backstop}) {
        EXPECT_FALSE(world.only(btc, role).placed.reduce_only);
        EXPECT_EQ(world.only(btc, role).placed.side, Side::buy);
        EXPECT_EQ(world.only(btc, role).placed.position_side, short_side);
    }
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
