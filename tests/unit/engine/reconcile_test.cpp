// Our view against the exchange's: adoption, shrinking, failed snapshots, orphans, foreign orders.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

void open_position(World& world) {
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(3));
}

void snapshots(World& world, int count) {
    for (int i = 0; i < count; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
}

TEST(Reconcile, AdoptsAPositionWithoutATrancheAndProtectsIt) {
    World world;
    world.holdings[{btc, long_side}] = {quantity("0.05"), usdt("2500")};
    world.mark(btc, at);
    snapshots(world, 4);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    const TrancheRow row = world.tranches(btc, long_side)[0];
    EXPECT_TRUE(row.adopted);
    EXPECT_EQ(row.entry, at);
    EXPECT_EQ(world.alarms(AlarmKind::adopted), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, AdoptsOnlyTheSurplusAtThePriceThatExplainsTheAverage) {
    World world;
    open_position(world);
    world.foreign(btc, long_side, Side::buy, quantity("0.02"), price("52000"));
    snapshots(world, 4);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].quantity, quantity("0.02"));
    EXPECT_EQ(rows[1].quantity, quantity("0.02"));
    EXPECT_EQ(rows[1].entry, price("52000"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, WhatSomebodyElseOpensAndTheExchangeConfirmsIsProtectedAtOnce) {
    World world;
    world.snapshots_on_demand = false;
    world.mark(btc, at);
    world.foreign(btc, long_side, Side::buy, quantity("0.02"), at);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U) << "no snapshot was needed";
    EXPECT_TRUE(world.tranches(btc, long_side)[0].adopted);
    EXPECT_EQ(world.only(btc, Role::stop_loss).left(), quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, NeverBelievesASingleSnapshot) {
    World world;
    open_position(world);
    world.holdings[{btc, long_side}] = {};
    world.snapshots_on_demand = false;
    world.snapshot();
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::side_blocked);
    world.pass(milliseconds(500));
    world.snapshot();
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U) << "reports may still be on their way";
    world.pass(milliseconds(600));
    world.snapshot();
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
}

TEST(Reconcile, AVanishedPositionClosesItsTranchesAndCancelsTheirOrders) {
    World world;
    open_position(world);
    world.holdings[{btc, long_side}] = {};
    snapshots(world, 4);
    EXPECT_EQ(world.records_of(RecordKind::tranche).back().tranche.close_reason,
              CloseReason::vanished);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, AFailedSnapshotIsUnknownNeverEmpty) {
    World world;
    open_position(world);
    world.snapshots_on_demand = false;
    for (int i = 0; i < 20; ++i) {
        world.snapshot(false);
        world.pass(seconds(1));
    }
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.sent(CommandKind::cancel), 0U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, ASnapshotThatIsOlderThanAFillChangesNothing) {
    World world;
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.deliver_at_once = false;
    world.snapshot();
    const std::deque<Event> old_snapshot = world.wire;
    world.wire.clear();
    world.deliver_at_once = true;
    world.now += milliseconds(20);
    world.fill(entry, at);
    for (const Event& event : old_snapshot) world.send(event);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    EXPECT_EQ(world.state().symbols[0].sides[0].exchange_quantity, quantity("0.02"));
    EXPECT_EQ(world.state().symbols[0].sides[0].differs_since.count, 0);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, AnExitThatIsGoneIsAskedAboutAndThenReplaced) {
    World world;
    open_position(world);
    world.orders[world.only(btc, Role::stop_loss).placed.id].status = OrderStatus::canceled;
    world.snapshot();
    world.pass(seconds(5));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, AFillThatWasMissedIsFoundByItsOrderNotAdopted) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.report_fills = false;
    world.fill(world.only(btc, Role::entry).placed.id, at, quantity("0.01"));
    snapshots(world, 2);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_FALSE(world.tranches(btc, long_side)[0].adopted);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, NeverCancelsAForeignOrder) {
    World world;
    open_position(world);
    Event row{};
    row.kind = EventKind::open_order;
    row.symbol = btc;
    row.open_order.order_id = 5;
    row.open_order.price = price("51000");
    row.open_order.quantity = quantity("0.02");
    row.open_order.side = Side::sell;
    row.open_order.leg = PositionLeg::long_side;
    row.open_order.type = OrderType::limit;
    world.send(row);
    row.open_order.ours = true;
    row.open_order.id.instance = 7;  // another installation's
    row.open_order.id.tranche = TrancheId{12345};
    world.send(row);
    world.pass(seconds(1));
    EXPECT_EQ(world.sent(CommandKind::cancel), 0U);
}

TEST(Reconcile, CancelsAnExitOfOursWhoseTrancheIsUnknown) {
    World world;
    Event row{};
    row.kind = EventKind::open_order;
    row.symbol = btc;
    row.open_order.order_id = 5;
    row.open_order.price = price("51000");
    row.open_order.quantity = quantity("0.02");
    row.open_order.ours = true;
    row.open_order.id.tranche = TrancheId{12345};
    row.open_order.id.role = Role::take_profit;
    row.open_order.side = Side::sell;
    row.open_order.leg = PositionLeg::long_side;
    row.open_order.type = OrderType::limit;
    world.send(row);
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::take_profit), 1U);
}

TEST(Reconcile, OrdersOfAYoungerInstanceAreAnAlarmAndLeftAlone) {
    World world;
    Event row{};
    row.kind = EventKind::open_order;
    row.symbol = btc;
    row.open_order.price = price("51000");
    row.open_order.quantity = quantity("0.02");
    row.open_order.ours = true;
    row.open_order.id.epoch = 99;
    row.open_order.id.tranche = TrancheId{12345};
    world.send(row);
    EXPECT_EQ(world.alarms(AlarmKind::foreign_epoch), 1U);
    EXPECT_EQ(world.commands.size(), 0U);
}

TEST(Reconcile, HundredCyclesWithTwoTranchesCancelNothing) {
    World world;
    open_position(world);
    world.trigger(btc, Side::sell, price("45000"));
    world.fill(world.only(btc, Role::entry).placed.id, price("45000"));
    world.pass(seconds(1));
    const std::size_t sent = world.commands.size();
    snapshots(world, 100);
    EXPECT_EQ(world.commands.size(), sent);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Reconcile, ARowForBothSidesSaysNothingInHedgeMode) {
    World world;
    open_position(world);
    Event event{};
    event.kind = EventKind::position_update;
    event.symbol = btc;
    event.position_update.exchange_time = world.now;
    event.position_update.leg = PositionLeg::both;
    world.send(event);
    EXPECT_EQ(world.state().symbols[0].sides[0].exchange_quantity, quantity("0.02"));
}

TEST(Reconcile, PositionsThatCannotBeTrueSpoilTheirSnapshot) {
    World world;
    open_position(world);
    for (const std::int64_t bad : {std::int64_t{INT64_MAX}, std::int64_t{INT64_MIN}}) {
        Event event{};
        event.symbol = btc;
        event.kind = EventKind::position_update;
        event.position_update.exchange_time = world.now;
        event.position_update.amount = {bad};
        event.position_update.entry_price = {INT64_MAX};
        event.position_update.leg = PositionLeg::long_side;
        world.send(event);
        event.kind = EventKind::mark_price;
        event.mark_price = {};
        event.mark_price.mark = {bad};
        world.send(event);
        event.kind = EventKind::book_ticker;
        event.book_ticker = {};
        event.book_ticker.bid = {bad};
        event.book_ticker.ask = {INT64_MAX};
        world.send(event);
        EXPECT_NE(world.liquidation(btc, Side::sell, at, quantity("100")), Verdict::entered);
        EXPECT_EQ(world.liquidation(btc, Side::sell, Price{bad}, quantity("100")),
                  Verdict::malformed);
        EXPECT_EQ(world.liquidation(btc, Side::sell, at, Quantity{bad}), Verdict::malformed);
    }
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- restarts

TEST(Restart, BringsBackTheSameTranchesAndOrdersAndSendsNothing) {
    World world;
    open_position(world);
    world.trigger(btc, Side::sell, price("45000"));
    world.fill(world.only(btc, Role::entry).placed.id, price("45000"));
    world.pass(seconds(1));
    const std::vector<TrancheRow> before = world.tranches(btc, long_side);
    const std::size_t sent = world.commands.size();
    world.restart();
    world.mark(btc, price("45000"));
    world.pass(seconds(30));
    world.snapshot();
    const std::vector<TrancheRow> after = world.tranches(btc, long_side);
    ASSERT_EQ(after.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(after[i].id, before[i].id);
        EXPECT_EQ(after[i].quantity, before[i].quantity);
        EXPECT_EQ(after[i].cost, before[i].cost);
        EXPECT_EQ(after[i].stop_loss_order, before[i].stop_loss_order);
        EXPECT_EQ(after[i].take_profit_order, before[i].take_profit_order);
    }
    EXPECT_EQ(world.commands.size(), sent);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, WithOrdersInFlightAsksAndNeverSendsTwice) {
    for (const Answer fate : {Answer::silent, Answer::hold, Answer::lost_reply}) {
        World world;
        world.treat = [&](const Command& command) {
            return command.kind == CommandKind::place ? Treatment{fate} : Treatment{};
        };
        world.trigger(btc, Side::sell, at);
        world.treat = nullptr;
        world.restart();
        world.pass(seconds(40));
        EXPECT_EQ(world.sent(CommandKind::place, Role::entry), 1U);
        EXPECT_EQ(world.state().totals.mode, Mode::trading);
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(Restart, FindsFillsThatHappenedMeanwhile) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.report_fills = false;
    world.fill(world.only(btc, Role::entry).placed.id, at, quantity("0.01"));
    world.restart();
    world.report_fills = true;
    world.pass(seconds(5));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_FALSE(world.tranches(btc, long_side)[0].adopted);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, KeepsTheTimeToLiveOfEntries) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.pass(seconds(10));
    world.restart();
    world.pass(seconds(19));
    EXPECT_EQ(world.open(btc, Role::entry).size(), 1U);
    world.pass(seconds(2));
    EXPECT_TRUE(world.open(btc, Role::entry).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, KeepsTheVolumeWindow) {
    World world;
    world.liquidation(btc, Side::sell, at, quantity("0.1"));
    world.restart();
    world.pass(seconds(3));
    world.book(btc, at - price("0.1"), at + price("0.1"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("0.1")), Verdict::entered);
}

TEST(Restart, GoesOnWithAMarketCloseThatWasUnderWay) {
    World world;
    open_position(world);
    world.treat = [](const Command& command) {
        return command.id.role == Role::close ? Treatment{Answer::hold} : Treatment{};
    };
    world.control(ControlKind::close_position, btc, long_side);
    world.treat = nullptr;
    world.restart();
    world.mark(btc, at);
    world.pass(seconds(40));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, CountsNoFillAgainThatComesOnceMore) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.deliver_at_once = false;
    world.fill(world.only(btc, Role::entry).placed.id, at, quantity("0.01"));
    const Event report = world.wire.front();
    world.deliver_at_once = true;
    world.pump();
    world.restart();
    world.send(report);
    world.pass(seconds(5));
    EXPECT_EQ(world.tranches(btc, long_side).at(0).quantity, quantity("0.01"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, LeavesASymbolAloneThatIsNotTradedAnyMore) {
    World world;
    world.trigger(eth, Side::sell, price("3000"));
    world.fill(world.only(eth, Role::entry).placed.id, price("3000"));
    const std::size_t sent = world.commands.size();
    Restored restored;
    restored.epoch = 2;
    restored.tranches = world.tranches(eth, long_side);
    for (const Record& record : world.records_of(RecordKind::order))
        restored.orders.push_back(record.order);
    restored.episode_keys.push_back({eth, long_side, 1, 1});
    Options only_btc = options();
    only_btc.settings.symbols.pop_back();
    const SymbolTable table{only_btc.rules, 1};
    StatusBoard board{1, 16, 16};
    Engine engine{only_btc.settings, table, board, restored};
    EXPECT_EQ(engine.state().totals.open_tranches, 0U);
    EXPECT_EQ(world.commands.size(), sent);
}

}  // namespace
}  // namespace tranche::test
