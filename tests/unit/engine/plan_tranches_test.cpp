// Where an entry goes and what its fills make of it, as the plan of one tranche engine words it.
#include <gtest/gtest.h>
#include <set>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

TEST(Tranches, AreChosenByTheirResultNotByThePriceOfTheEntry) {
    World near{wide_stop()};
    take_position(near, btc, Side::sell, at);
    take_position(near, btc, Side::sell, price("49000"));
    EXPECT_EQ(near.tranches(btc, long_side).size(), 1U) << "two percent apart, at a small loss";
    World same{wide_stop()};
    take_position(same, btc, Side::sell, at);
    take_position(same, btc, Side::sell, price("47500"));
    take_position(same, btc, Side::sell, at);
    const std::vector<TrancheRow> rows = same.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 2U) << "one price, two tranches: a loss of 5 % lay between";
    EXPECT_EQ(rows[0].quantity, quantity("0.02"));
    EXPECT_EQ(rows[1].quantity, quantity("0.041"));
}

struct LossCase {
    Side forced;
    std::string_view next;
    std::size_t tranches;
};
class LossThreshold : public testing::TestWithParam<LossCase> {};

TEST_P(LossThreshold, DecidesBetweenAddingAndANewTranche) {
    const LossCase& wanted = GetParam();
    World world{wide_stop()};
    const PositionSide side = opened_by(opposite(wanted.forced));
    take_position(world, btc, wanted.forced, at);
    take_position(world, btc, wanted.forced, price(wanted.next));
    EXPECT_EQ(world.tranches(btc, side).size(), wanted.tranches);
    EXPECT_EQ(world.unsettled(), "");
}

INSTANTIATE_TEST_SUITE_P(
    BothSides, LossThreshold,
    testing::Values(LossCase{Side::sell, "52500", 1}, LossCase{Side::sell, "47500.1", 1},
                    LossCase{Side::sell, "47500", 2}, LossCase{Side::sell, "47499.9", 2},
                    LossCase{Side::buy, "47500", 1}, LossCase{Side::buy, "52499.9", 1},
                    LossCase{Side::buy, "52500", 2}, LossCase{Side::buy, "52500.1", 2}));

TEST(Tranches, MeasureALossInPercentHoweverLargeThePosition) {
    Options with = wide_stop();
    with.settings.symbols[0].trade_value = usdt("10000");
    World world{with};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("49500"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U) << "1000 USDT, but one percent";
}

TEST(Tranches, OpenOnATriggerNotBecauseThePriceFell) {
    World world{wide_stop()};
    take_position(world, btc, Side::sell, at);
    for (int i = 0; i < 10; ++i) {
        world.mark(btc, price("45000"));
        world.pass(seconds(1));
    }
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    ASSERT_EQ(world.trigger(btc, Side::sell, price("45000")), Verdict::entered);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(world.tranches(btc, long_side)[1].state, TrancheState::pending);
}

ExchangeOrder exit_of(World& world, TrancheId id, Role role) {
    for (const ExchangeOrder& order : world.open(btc, role))
        if (order.placed.id.tranche == id) return order;
    ADD_FAILURE() << "the tranche has no open exit of that role";
    return {};
}

TEST(Tranches, GoOnToTheNextOrdinalWhenOlderOnesHaveClosed) {
    World world{wide_stop()};
    open_steps(world, 5);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 5U);
    for (std::size_t i = 0; i < 4; ++i)
        world.fill(exit_of(world, rows[i].id, Role::take_profit).placed.id, rows[i].take_profit);
    world.pass(seconds(1));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.trigger(btc, Side::sell, price("30000")), Verdict::entered);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 2U) << "one open of five";
    EXPECT_EQ(world.tranches(btc, long_side)[1].ordinal, 5U);
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
}

TEST(Tranches, AtTheirLimitMergeNothingForAnEntryInProfit) {
    Options with = wide_stop();
    with.settings.tranche.max_per_side = 2;
    World world{with};
    open_steps(world, 2);
    take_position(world, btc, Side::sell, at);
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Tranches, HaveIdsOfTheirOwnHoweverEqualTheirOrdinals) {
    World world;
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::buy, at);
    take_position(world, eth, Side::sell, price("3000"));
    const TrancheRow other = world.tranches(eth, long_side).at(0);
    world.fill(exit_of(world, world.tranches(btc, long_side).at(0).id, Role::take_profit).placed.id,
               price("50500"));
    world.pass(seconds(1));
    std::map<TrancheId, std::pair<SymbolId, PositionSide>> owners;
    for (const Record& record : world.records_of(RecordKind::tranche)) {
        EXPECT_EQ(record.tranche.ordinal, 0U);
        const std::pair key{record.tranche.symbol, record.tranche.side};
        EXPECT_EQ(owners.emplace(record.tranche.id, key).first->second, key);
    }
    EXPECT_EQ(owners.size(), 3U);
    EXPECT_EQ(world.recorded(eth, long_side).at(0).quantity, other.quantity);
    EXPECT_EQ(world.recorded(eth, long_side).at(0).stop_loss_order, other.stop_loss_order);
}

TEST(Tranches, OfTheOtherSideStayWhenOneSideCloses) {
    World world;
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::buy, at);
    const TrancheRow before = world.tranches(btc, short_side).at(0);
    world.foreign(btc, long_side, Side::sell, quantity("0.02"), at);
    for (int i = 0; i < 4; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    ASSERT_EQ(world.tranches(btc, short_side).size(), 1U);
    const TrancheRow after = world.tranches(btc, short_side)[0];
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.quantity, before.quantity);
    EXPECT_EQ(after.entry, before.entry);
    EXPECT_EQ(after.stop_loss_order, before.stop_loss_order);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Positions, OfBothSidesAreShownApartWithTheirOwnEntries) {
    World world;
    world.snapshots_on_demand = false;
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::buy, price("51000"));
    world.foreign(btc, long_side, Side::sell, quantity("0.005"), at);
    world.pass(milliseconds(300));
    SymbolBoardRow row = world.shown(btc);
    EXPECT_EQ(row.position[0], quantity("0.015"));
    EXPECT_EQ(row.position[1], quantity("0.019"));
    EXPECT_EQ(row.position_entry[0], at);
    EXPECT_EQ(row.position_entry[1], price("51000"));
    EXPECT_EQ(row.leverage, 10U);
    world.foreign(btc, long_side, Side::sell, quantity("0.015"), at);
    world.pass(milliseconds(300));
    row = world.shown(btc);
    EXPECT_TRUE(row.position[0].zero());
    EXPECT_EQ(row.position[1], quantity("0.019"));
    EXPECT_EQ(row.position_entry[1], price("51000"));
}

// ---------------------------------------------------------------- fills

TEST(Fills, OfOneTrancheTouchNoOrderOfAnother) {
    World world{wide_stop()};
    take_position(world, btc, Side::sell, at);
    const TrancheRow first = world.tranches(btc, long_side).at(0);
    ASSERT_EQ(world.trigger(btc, Side::sell, price("45000")), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    const std::size_t before = world.commands.size();
    world.fill(entry, price("45000"), quantity("0.01"));
    world.pass(milliseconds(500));
    world.fill(entry, price("45000"));
    world.pass(seconds(1));
    EXPECT_GT(world.commands.size(), before);
    for (std::size_t i = before; i < world.commands.size(); ++i)
        EXPECT_NE(world.commands[i].id.tranche, first.id);
    EXPECT_EQ(world.tranches(btc, long_side)[0].stop_loss_order, first.stop_loss_order);
    EXPECT_EQ(world.tranches(btc, long_side)[0].take_profit_order, first.take_profit_order);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, OfATakeProfitLeaveTheOtherTrancheAndItsHistoryAsTheyAre) {
    World world{wide_stop()};
    open_steps(world, 2);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    const std::size_t records_before = world.records.size();
    const std::size_t commands_before = world.commands.size();
    world.fill(exit_of(world, rows[1].id, Role::take_profit).placed.id, rows[1].take_profit);
    world.pass(seconds(1));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].id, rows[0].id);
    for (std::size_t i = records_before; i < world.records.size(); ++i) {
        const Record& record = world.records[i];
        if (record.kind == RecordKind::tranche) {
            EXPECT_EQ(record.tranche.id, rows[1].id);
        }
        if (record.kind == RecordKind::order) {
            EXPECT_NE(record.order.id.tranche, rows[0].id);
        }
    }
    for (std::size_t i = commands_before; i < world.commands.size(); ++i)
        if (world.commands[i].id.role != Role::backstop) {
            EXPECT_EQ(world.commands[i].kind, CommandKind::cancel) << "nothing new is placed";
        }
    EXPECT_EQ(world.unsettled(), "");
}

/// Fills a part and lets its report carry a trade id, a fee and a result of the exchange's.
void fill_part(World& world, const ClientOrderId& id, std::string_view part, std::string_view where,
               std::int64_t trade, std::string_view fee, std::string_view realized = "0") {
    world.deliver_at_once = false;
    world.fill(id, price(where), quantity(part));
    OrderUpdate& update = world.wire.front().order_update;
    update.trade_id = trade;
    update.commission = usdt(fee);
    update.realized = usdt(realized);
    world.deliver_at_once = true;
    world.pump();
    world.pass(milliseconds(500));
}

TEST(Fills, AtDifferentPricesGiveTheExactEntryAndProtectionGrowsWithThem) {
    World world;
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const Nanos decided = world.now;
    const ClientOrderId id = world.only(btc, Role::entry).placed.id;
    fill_part(world, id, "0.001", "50000", 12, "0.01");
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.001"));
    fill_part(world, id, "0.002", "49999.7", 123, "0.02");
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.003"));
    fill_part(world, id, "0.003", "49998.1", 23, "0.03");
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.006"));
    const TrancheRow row = world.recorded(btc, long_side).at(0);
    EXPECT_EQ(row.cost, usdt("299.9937"));
    EXPECT_EQ(row.entry, price("49998.95"));
    EXPECT_EQ(row.entered, quantity("0.006"));
    EXPECT_EQ(row.fees, usdt("0.06"));
    EXPECT_EQ(row.created, decided);
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.price, price("50499"));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.stop_price, price("39999.2"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, AreKeptOneByOneWithTheirOwnIdFeeAndResult) {
    World world;
    take_position(world, btc, Side::sell, at);
    const ClientOrderId exit = world.only(btc, Role::take_profit).placed.id;
    fill_part(world, exit, "0.005", "50500", 512, "0.05", "2.5");
    fill_part(world, world.only(btc, Role::take_profit).placed.id, "0.005", "50500", 51, "0.05",
              "2.4");
    fill_part(world, world.only(btc, Role::take_profit).placed.id, "0.01", "50500", 5, "0.1",
              "5.1");
    Notional fees;
    Notional realized;
    Notional said;
    std::set<std::int64_t> trades;
    for (const Record& record : world.records_of(RecordKind::fill)) {
        if (record.fill.role != Role::take_profit) continue;
        trades.insert(record.fill.trade_id);
        fees += record.fill.commission;
        realized += record.fill.realized;
        said += record.fill.exchange_realized;
    }
    EXPECT_EQ(trades, (std::set<std::int64_t>{5, 51, 512}));
    EXPECT_EQ(fees, usdt("0.2"));
    EXPECT_EQ(realized, usdt("10"));
    EXPECT_EQ(said, usdt("10"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, OfBothExitsAtOnceCloseNoMoreThanTheTranche) {
    World world{wide_stop()};
    open_steps(world, 2);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    const ClientOrderId stop = exit_of(world, rows[1].id, Role::stop_loss).placed.id;
    const ClientOrderId profit = exit_of(world, rows[1].id, Role::take_profit).placed.id;
    world.deliver_at_once = false;
    world.fill(profit, rows[1].take_profit, quantity("0.012"));
    world.fill(stop, rows[1].stop_loss, quantity("0.010"));
    world.deliver_at_once = true;
    world.pump();
    world.pass(seconds(5));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].quantity, rows[0].quantity);
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
