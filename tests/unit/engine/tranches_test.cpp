// Which tranche an entry belongs to, and what its fills make of it.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

/// Entry, filled at once at `where`.
void open_position(World& world, SymbolId symbol, Side forced, Price where) {
    ASSERT_EQ(world.trigger(symbol, forced, where), Verdict::entered);
    world.fill(world.only(symbol, Role::entry).placed.id, where);
    world.pass(milliseconds(500));
}

Options example() {
    Options with = options();
    with.settings.symbols[0].stop_loss = ratio("0.5");
    return with;
}

TEST(Tranches, FollowTheWorkedExampleOfTheSpecificationToTheLastDigit) {
    Options with = example();
    with.settings.symbols[0].trade_value = usdt("450");
    World world{with};
    open_position(world, btc, Side::sell, price("45000"));
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.price, price("45450"));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.stop_price, price("22500"));

    ASSERT_EQ(world.trigger(btc, Side::sell, price("44550")), Verdict::entered);
    const ClientOrderId second = world.only(btc, Role::entry).placed.id;
    world.fill(second, price("44550"), quantity("0.05"));
    world.end(second, OrderStatus::canceled);
    world.pass(milliseconds(500));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].entry, price("44850"));
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.price, price("45298.5"));
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.quantity, quantity("0.15"));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.stop_price, price("22425"));
    const std::int64_t untouched = world.only(btc, Role::stop_loss).order_id;

    ASSERT_EQ(world.trigger(btc, Side::sell, price("42300")), Verdict::entered);
    world.fill(world.only(btc, Role::entry).placed.id, price("42300"), quantity("0.08"));
    world.pass(milliseconds(500));
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1].ordinal, 1U);
    EXPECT_EQ(rows[1].entry, price("42300"));
    EXPECT_EQ(rows[1].take_profit, price("42723"));
    EXPECT_EQ(rows[1].stop_loss, price("21150"));
    EXPECT_EQ(rows[0].stop_loss_order, untouched);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Tranches, AddBelowTheIncrementAndOpenAtExactlyTheIncrement) {
    World adds{example()};
    open_position(adds, btc, Side::sell, at);
    open_position(adds, btc, Side::sell, price("47500.1"));
    EXPECT_EQ(adds.tranches(btc, long_side).size(), 1U);
    World opens{example()};
    open_position(opens, btc, Side::sell, at);
    open_position(opens, btc, Side::sell, price("47500"));
    EXPECT_EQ(opens.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(opens.unsettled(), "");
}

TEST(Tranches, OfAShortOpenWhenThePriceRises) {
    World world{example()};
    open_position(world, btc, Side::buy, at);
    open_position(world, btc, Side::buy, price("52500"));
    EXPECT_EQ(world.tranches(btc, short_side).size(), 2U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Tranches, ABurstOfTriggersSharesThePendingOne) {
    World world;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].state, TrancheState::pending);
    for (const ExchangeOrder& order : world.open(btc, Role::entry)) world.fill(order.placed.id, at);
    world.pass(seconds(1));
    EXPECT_EQ(world.tranches(btc, long_side)[0].quantity, quantity("0.06"));
    EXPECT_EQ(world.unsettled(), "");
}

/// Five tranches, each opened a little more than 5 % below the average so far.
void open_five(World& world) {
    Price where = at;
    for (int i = 0; i < 5; ++i) {
        open_position(world, btc, Side::sell, where);
        where = snap(Price{where.raw / 100 * 90}, price("0.1"), Rounding::down);
    }
    ASSERT_EQ(world.tranches(btc, long_side).size(), 5U);
}

TEST(Tranches, AtTheirLimitAddToTheNewestWhenToldSo) {
    Options with = example();
    with.settings.tranche.on_max = OnMaxTranches::add_to_newest;
    World world{with};
    open_five(world);
    const Quantity before = world.tranches(btc, long_side)[4].quantity;
    open_position(world, btc, Side::sell, price("25000"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 5U);
    EXPECT_GT(world.tranches(btc, long_side)[4].quantity, before);
}

TEST(Tranches, AtTheirLimitRefuseTheEntryWhenToldSo) {
    Options with = example();
    with.settings.tranche.on_max = OnMaxTranches::reject;
    World world{with};
    open_five(world);
    EXPECT_EQ(world.trigger(btc, Side::sell, price("25000")), Verdict::tranche_limit);
}

TEST(Tranches, AtTheirLimitMergeTheBestTwoAndOpenANewOneByDefault) {
    World world{example()};
    open_five(world);
    open_position(world, btc, Side::sell, price("25000"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 5U);
    const auto merges = world.records_of(RecordKind::merge);
    ASSERT_EQ(merges.size(), 1U);
    EXPECT_EQ(merges[0].merge.why, 1);
    world.pass(seconds(2));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Tranches, AreCountedWhileOpenNotByTheirNumber) {
    World world;
    for (int round = 0; round < 8; ++round) {
        open_position(world, btc, Side::sell, at);
        world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    }
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.tranches(btc, long_side)[0].ordinal, 0U) << "a new episode starts at 0";
    EXPECT_EQ(world.tranches(btc, long_side)[0].episode, 9U);
}

TEST(Tranches, OfOtherSymbolsAndSidesAreLeftAlone) {
    World world;
    open_position(world, btc, Side::sell, at);
    open_position(world, btc, Side::buy, at);
    open_position(world, eth, Side::sell, price("3000"));
    const std::size_t cancels = world.sent(CommandKind::cancel);
    world.fill(world.open(btc, long_side, Role::take_profit).at(0).placed.id, price("50500"));
    world.pass(seconds(1));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.sent(CommandKind::cancel), cancels + 2) << "its stop and its backstop";
    EXPECT_EQ(world.tranches(btc, short_side)[0].quantity, quantity("0.02"));
    EXPECT_EQ(world.tranches(eth, long_side).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Tranches, AFillAfterItsTrancheClosedOpensANewOneAndNeverReopensTheOld) {
    World world;
    world.trigger(btc, Side::sell, at);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.fill(entry, at, quantity("0.01"));
    const TrancheId first = world.tranches(btc, long_side)[0].id;
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    ASSERT_TRUE(world.tranches(btc, long_side).empty());
    world.fill(entry, at, quantity("0.005"));
    world.fill(entry, at, quantity("0.005"));
    world.pass(seconds(1));
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_NE(rows[0].id, first);
    EXPECT_EQ(rows[0].quantity, quantity("0.01"));
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- merging

Options merging() {
    Options with = example();
    with.settings.symbols[0].take_profit = ratio("0.5");
    return with;
}

TEST(Merging, HappensOnceTwoTranchesAreAtBreakEvenForThirtySeconds) {
    World world{merging()};
    open_position(world, btc, Side::sell, at);
    open_position(world, btc, Side::sell, price("45000"));
    world.mark(btc, at);
    world.pass(seconds(2));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U) << "the younger is too young";
    world.mark(btc, price("49999.9"));
    world.pass(seconds(31));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U) << "the older is at a loss";
    world.pass(seconds(1));
    world.mark(btc, at);
    world.pass(seconds(1));
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].ordinal, 0U);
    EXPECT_EQ(rows[0].quantity, quantity("0.042"));
    EXPECT_EQ(rows[0].cost, usdt("1990"));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.quantity, quantity("0.042"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Merging, WaitsWhileAnEntryIsPending) {
    World world{merging()};
    open_position(world, btc, Side::sell, at);
    open_position(world, btc, Side::sell, price("45000"));
    world.with.settings.entry.ttl = seconds(300);
    world.pass(seconds(31));
    ASSERT_EQ(world.trigger(btc, Side::sell, price("47000")), Verdict::entered);
    world.mark(btc, at);
    world.control(ControlKind::merge, btc, long_side);
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
}

TEST(Merging, ByHandIsRecordedAsSuch) {
    World world{merging()};
    open_position(world, btc, Side::sell, at);
    open_position(world, btc, Side::sell, price("45000"));
    world.control(ControlKind::merge, btc, long_side);
    world.pass(seconds(1));
    const auto merges = world.records_of(RecordKind::merge);
    ASSERT_EQ(merges.size(), 1U);
    EXPECT_EQ(merges[0].merge.why, 2);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Merging, KeepsAStopOnEveryUnitAllTheTime) {
    World world{merging()};
    open_position(world, btc, Side::sell, at);
    open_position(world, btc, Side::sell, price("45000"));
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::place ? Answer::hold : Answer::accept};
    };
    world.control(ControlKind::merge, btc, long_side);
    world.pass(milliseconds(100));
    Quantity covered;
    for (const ExchangeOrder& stop : world.open(btc, Role::stop_loss)) covered += stop.left();
    EXPECT_EQ(covered, quantity("0.042")) << "the old stops stay until the new one works";
    world.treat = nullptr;
    world.release();
    world.pass(seconds(1));
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
