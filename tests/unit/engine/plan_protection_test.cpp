// Exits belong to their tranche: repair, cleanup, limits and closes that never reach beyond it.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

ExchangeOrder exit_of(World& world, TrancheId id, Role role) {
    for (const ExchangeOrder& order : world.open(btc, role))
        if (order.placed.id.tranche == id) return order;
    ADD_FAILURE() << "the tranche has no open exit of that role";
    return {};
}

void snapshots(World& world, int count) {
    for (int i = 0; i < count; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
}

// ---------------------------------------------------------------- repair

TEST(Repair, PutsBackWhatWasLostWithAllItsTraits) {
    Options with = options();
    with.settings.symbols[0].working_type = WorkingType::mark_price;
    with.settings.symbols[0].price_protect = true;
    World world{with};
    take_position(world, btc, Side::sell, at);
    const Command lost = world.only(btc, Role::stop_loss).placed;
    world.end(lost.id, OrderStatus::expired);
    world.pass(seconds(1));
    const Command again = world.only(btc, Role::stop_loss).placed;
    EXPECT_NE(again.id.generation, lost.id.generation);
    EXPECT_EQ(again.id.tranche, lost.id.tranche);
    EXPECT_EQ(again.type, OrderType::stop_market);
    EXPECT_EQ(again.stop_price, lost.stop_price);
    EXPECT_EQ(again.quantity, lost.quantity);
    EXPECT_EQ(again.working_type, WorkingType::mark_price);
    EXPECT_TRUE(again.price_protect);
    EXPECT_EQ(world.recorded(btc, long_side).at(0).stop_loss_order,
              world.only(btc, Role::stop_loss).order_id);
    EXPECT_NE(world.recorded(btc, long_side).at(0).take_profit_order,
              world.only(btc, Role::stop_loss).order_id);
}

TEST(Repair, IsOfTheTrancheThatLostItNotOfThePosition) {
    World world{wide_stop()};
    open_steps(world, 2);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    const std::size_t before = world.commands.size();
    world.end(exit_of(world, rows[0].id, Role::stop_loss).placed.id, OrderStatus::expired);
    world.pass(seconds(2));
    ASSERT_EQ(world.commands.size(), before + 1);
    const Command& sent = world.commands.back();
    EXPECT_EQ(sent.id.role, Role::stop_loss);
    EXPECT_EQ(sent.id.tranche, rows[0].id);
    EXPECT_EQ(sent.quantity, rows[0].quantity);
    EXPECT_EQ(sent.stop_price, rows[0].stop_loss);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Repair, KnowsAConditionalTakeProfitAndAddsNoSecond) {
    Options with = options();
    with.settings.protection.take_profit_is_limit = false;
    World world{with};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::buy, at);
    const std::size_t before = world.commands.size();
    snapshots(world, 20);
    world.restart();
    world.mark(btc, at);
    snapshots(world, 20);
    EXPECT_EQ(world.commands.size(), before);
    EXPECT_EQ(world.open(btc, Role::take_profit).size(), 2U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Repair, HasNothingToDoInAHundredCyclesOfFiveTranches) {
    World world{wide_stop()};
    open_steps(world, 5);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 5U);
    const std::size_t before = world.commands.size();
    snapshots(world, 100);
    EXPECT_EQ(world.commands.size(), before);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Repair, LeavesNoWorkBehindOnceEverythingHasClosed) {
    World world;
    for (int round = 0; round < 20; ++round) {
        take_position(world, btc, Side::sell, at);
        world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    }
    world.pass(seconds(30));
    const std::size_t commands = world.commands.size();
    const std::size_t records = world.records.size();
    world.pass(seconds(300));
    EXPECT_EQ(world.commands.size(), commands);
    EXPECT_EQ(world.records.size(), records);
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- orphans

TEST(Orphans, OfOneSideAreCancelledThoughTheOtherSideIsOpen) {
    World world;
    take_position(world, btc, Side::buy, at);
    const std::int64_t stop = world.only(btc, Role::stop_loss).order_id;
    ExchangeOrder orphan = world.only(btc, Role::stop_loss);
    orphan.placed.id.tranche = TrancheId{777};
    orphan.placed.side = Side::sell;
    orphan.placed.position_side = long_side;
    orphan.order_id = 5;
    const ClientOrderId left = orphan.placed.id;
    world.orders[left] = orphan;
    snapshots(world, 10);
    EXPECT_FALSE(world.orders[left].open());
    EXPECT_EQ(world.only(btc, Role::stop_loss).order_id, stop);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Orphans, AreGoneWithinTenSecondsEvenIfTheirCancelsGetLost) {
    World world;
    take_position(world, btc, Side::sell, at);
    int lost = 3;
    world.treat = [&](const Command& command) {
        return command.kind == CommandKind::cancel && lost-- > 0 ? Treatment{Answer::never_came}
                                                                 : Treatment{};
    };
    world.fill(world.only(btc, Role::stop_loss).placed.id, price("40000"));
    world.pass(seconds(10));
    EXPECT_TRUE(world.open(btc, Role::take_profit).empty());
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- closing

TEST(InstantClose, IsOfTheTrancheWhoseTakeProfitWasReachedOnly) {
    World world{wide_stop()};
    open_steps(world, 2);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    world.mark(btc, rows[1].take_profit);
    world.pass(milliseconds(1500));
    world.mark(btc, rows[1].take_profit);
    world.pass(seconds(1));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    const TrancheRow left = world.tranches(btc, long_side)[0];
    EXPECT_EQ(left.id, rows[0].id);
    EXPECT_EQ(left.quantity, rows[0].quantity);
    EXPECT_EQ(left.take_profit_order, rows[0].take_profit_order);
    EXPECT_EQ(left.stop_loss_order, rows[0].stop_loss_order);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(InstantClose, IsOffAgainBelowTheTakeProfitInOneWayModeToo) {
    Options with = options();
    with.settings.hedge_mode = false;
    World world{with};
    take_position(world, btc, Side::sell, at);
    world.mark(btc, price("50500"));
    for (int i = 0; i < 5; ++i) {
        world.pass(seconds(1));
        world.mark(btc, price("49000"));
    }
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 0U);
    EXPECT_EQ(world.unsettled(), "");
}

class RefusedClose : public testing::TestWithParam<std::int32_t> {};

TEST_P(RefusedClose, ForgetsNoPositionThatIsStillThere) {
    World world;
    take_position(world, btc, Side::sell, at);
    world.mark(btc, price("50500"));
    world.treat = placing(Role::close, {Answer::reject, GetParam()});
    world.pass(milliseconds(1500));
    world.mark(btc, price("50500"));
    world.pass(seconds(5));
    EXPECT_GE(world.sent(CommandKind::place, Role::close), 1U);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.02"));
    world.mark(btc, at);
    world.treat = nullptr;
    world.pass(seconds(20));
    EXPECT_EQ(world.unsettled(), "") << "its take-profit is back, or it has closed";
}

INSTANTIATE_TEST_SUITE_P(Codes, RefusedClose, testing::Values(-2022, -1106, -4118, -1000));

class LostTakeProfitCancel : public testing::TestWithParam<Answer> {};

TEST_P(LostTakeProfitCancel, NeverLeadsToTwoOfThemForOneQuantity) {
    World world;
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.fill(entry, at, quantity("0.01"));
    world.pass(seconds(1));
    int lost = 2;
    Quantity most;
    world.treat = [&](const Command& command) {
        Quantity standing;
        for (const ExchangeOrder& order : world.open(btc, Role::take_profit))
            standing += order.left();
        most = std::max(most, standing);
        return command.kind == CommandKind::cancel && lost-- > 0 ? Treatment{GetParam()}
                                                                 : Treatment{};
    };
    world.fill(entry, at);
    world.pass(seconds(30));
    world.mark(btc, at);
    world.pass(seconds(1));
    EXPECT_LE(most, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

INSTANTIATE_TEST_SUITE_P(AnyWay, LostTakeProfitCancel,
                         testing::Values(Answer::never_came, Answer::not_sent, Answer::throttled,
                                         Answer::hold, Answer::silent, Answer::lost_reply,
                                         Answer::reject));

class OrderEnd : public testing::TestWithParam<OrderStatus> {};

TEST_P(OrderEnd, OfAnEntryFreesItAndOfAnExitBringsAnother) {
    World world;
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.end(world.only(btc, Role::entry).placed.id, GetParam());
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
    take_position(world, btc, Side::sell, at);
    world.end(world.only(btc, Role::stop_loss).placed.id, GetParam());
    world.end(world.only(btc, Role::take_profit).placed.id, GetParam());
    world.pass(seconds(2));
    EXPECT_EQ(world.unsettled(), "");
}

INSTANTIATE_TEST_SUITE_P(EveryWay, OrderEnd,
                         testing::Values(OrderStatus::canceled, OrderStatus::expired,
                                         OrderStatus::rejected));

// ---------------------------------------------------------------- limits

TEST(StopLimit, OfOneLeavesNothingUnprotected) {
    Options with = wide_stop();
    with.settings.tranche.max_stops = 1;
    World world{with};
    open_steps(world, 3);
    world.pass(seconds(3));
    EXPECT_EQ((world.holdings[{btc, long_side}].quantity),
              world.tranches(btc, long_side).at(0).quantity);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(StopLimit, IsMadeRoomForByMergingNeverByLeavingAStopOut) {
    Options with = wide_stop();
    with.settings.tranche.max_stops = 2;
    World world{with};
    open_steps(world, 4);
    world.pass(seconds(3));
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 2U);
    EXPECT_GE(world.records_of(RecordKind::merge).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(StopLimit, OfOneSymbolTakesNoRoomFromAnother) {
    Options with = wide_stop();
    with.settings.tranche.max_stops = 1;
    for (SymbolRules& rules : with.rules) rules.max_conditional_orders = 2;
    World world{with};
    take_position(world, btc, Side::sell, at);
    take_position(world, eth, Side::sell, price("3000"));
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.open(eth, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(OrdersOfATranche, DoNotUseUpTheRoomOfAnother) {
    Options with = wide_stop();
    with.settings.tranche.max_orders = 2;
    World world{with};
    open_steps(world, 5);
    for (const TrancheRow& row : world.tranches(btc, long_side)) {
        EXPECT_EQ(exit_of(world, row.id, Role::stop_loss).left(), row.quantity);
        EXPECT_EQ(exit_of(world, row.id, Role::take_profit).left(), row.quantity);
    }
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Exits, LieOnTheGridHoweverFineItIs) {
    Options with = options();
    SymbolRules& fine = with.rules[1];
    fine.tick = fine.min_price = price("0.00001");
    fine.step = fine.market_step = fine.min_quantity = fine.market_min_quantity = quantity("1");
    fine.max_quantity = fine.market_max_quantity = quantity("1000000");
    with.settings.symbols[1].threshold_long = with.settings.symbols[1].threshold_short = 0;
    World world{with};
    for (int round = 0; round < 60; ++round) {
        const Price where{price("0.34577").raw + round * price("0.00137").raw};
        const Side forced = round % 2 == 0 ? Side::sell : Side::buy;
        take_position(world, eth, forced, where);
        const Command stop = world.only(eth, Role::stop_loss).placed;
        const Command profit = world.only(eth, Role::take_profit).placed;
        EXPECT_EQ(snap(stop.stop_price, fine.tick, Rounding::down), stop.stop_price);
        EXPECT_EQ(snap(profit.price, fine.tick, Rounding::down), profit.price);
        EXPECT_EQ(snap(stop.quantity, fine.step, Rounding::down), stop.quantity);
        EXPECT_LE(to_text(stop.stop_price).size(), 7U) << "0.xxxxx, nothing behind";
        world.fill(profit.id, profit.price);
        world.pass(milliseconds(100));
    }
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
