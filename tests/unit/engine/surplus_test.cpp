// What the exchange holds and no tranche knows of, and reports that contradict each other: covered
// first, explained afterwards, decided by no single word.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

/// The exchange holds as much and has not said so.
void hold(World& world, std::string_view amount) {
    world.holdings[{btc, long_side}] = {quantity(amount), at * quantity(amount)};
}

Event push(const World& world, std::string_view amount, Nanos made) {
    Event event{};
    event.kind = EventKind::position_update;
    event.symbol = btc;
    event.arrival_time = world.now;
    event.position_update.exchange_time = made;
    event.position_update.amount = quantity(amount);
    event.position_update.entry_price = at;
    event.position_update.leg =
        world.with.settings.hedge_mode ? PositionLeg::long_side : PositionLeg::both;
    return event;
}

/// The report of a purchase that opens or adds.
Event bought(const World& world, std::string_view amount) {
    Event event{};
    event.kind = EventKind::order_update;
    event.symbol = btc;
    event.arrival_time = world.now;
    OrderUpdate& update = event.order_update;
    update.exchange_time = update.trade_time = world.now;
    update.order_id = 900;
    update.trade_id = 901;
    update.last_quantity = update.filled = quantity(amount);
    update.last_price = update.average_price = at;
    update.side = Side::buy;
    update.leg = world.with.settings.hedge_mode ? PositionLeg::long_side : PositionLeg::both;
    update.execution = ExecutionType::trade;
    update.status = OrderStatus::filled;
    return event;
}

void take_no_snapshots(World& world) {
    world.snapshots_on_demand = false;
    world.mark(btc, at);
}

TEST(Surplus, GetsTheBackstopBeforeItIsKnownWhoseItIs) {
    World world;
    take_no_snapshots(world);
    hold(world, "0.02");
    world.send(push(world, "0.02", world.now));
    world.pass(milliseconds(200));
    EXPECT_TRUE(world.tranches(btc, long_side).empty()) << "one report is not believed";
    EXPECT_TRUE(world.only(btc, Role::backstop).placed.close_position);
}

TEST(Surplus, ThatOnlyATradeReportTellsOfGetsTheBackstopWhateverOldRowsSay) {
    World world;
    take_no_snapshots(world);
    hold(world, "0.02");
    const Event trade = bought(world, "0.02");
    world.send(trade);
    world.pass(milliseconds(10));
    hold(world, "0");  // what the exchange reads out is still the position before
    world.snapshot();
    hold(world, "0.02");
    world.pass(milliseconds(200));
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
}

TEST(Surplus, ThatAFillExplainsAtOnceLeadsToNothing) {
    World world;
    take_no_snapshots(world);
    world.trigger(btc, Side::sell, at);
    world.send(push(world, "0.02", world.now));
    world.pass(milliseconds(20));
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(2));
    EXPECT_EQ(world.sent(CommandKind::place, Role::backstop), 1U);
    EXPECT_EQ(world.sent(CommandKind::cancel), 0U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Surplus, ThatIsGoneTakesItsBackstopWithIt) {
    World world;
    take_no_snapshots(world);
    hold(world, "0.02");
    world.send(push(world, "0.02", world.now));
    world.pass(seconds(1));
    ASSERT_EQ(world.open(btc, Role::backstop).size(), 1U);
    hold(world, "0");
    world.send(push(world, "0", world.now));
    EXPECT_TRUE(world.open(btc, Role::backstop).empty());
}

TEST(Surplus, FoundByARestartKeepsTheBackstopItHas) {
    World world;
    world.mark(btc, at);
    take_position(world, btc, Side::sell, at);
    const ClientOrderId backstop = world.only(btc, Role::backstop).placed.id;
    world.records.clear();
    world.restart(false);
    world.pass(seconds(5));
    EXPECT_TRUE(world.orders[backstop].open());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Surplus, IsAdoptedWhileTheFateOfAClosingOrderIsUnknown) {
    World world;
    world.mark(btc, at);
    world.treat = placing(Role::backstop, {Answer::never_came});
    world.holdings[{btc, long_side}] = {quantity("0.05"), usdt("2500")};
    for (int i = 0; i < 4; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.05"));
}

TEST(LostBackstop, IsReplacedAndGoesWhenItTurnsOutToWork) {
    World world;
    world.treat = placing(Role::backstop, {Answer::lost_reply});
    take_position(world, btc, Side::sell, at);
    world.treat = nullptr;
    world.pass(seconds(5));
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(LostBackstop, IsReplacedWithinAQuarterOfASecond) {
    World world;
    world.treat = [](const Command& command) {
        const bool first = command.id.role == Role::backstop && command.id.generation == 1;
        return first ? Treatment{Answer::never_came} : Treatment{};
    };
    world.trigger(btc, Side::sell, at);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(milliseconds(250));
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
}

TEST(RefusedBackstop, BecauseThePriceIsBeyondItClosesWhatHasNoStop) {
    World world;
    world.treat = [](const Command& command) {
        if (command.id.role == Role::stop_loss) return Treatment{Answer::not_sent};
        return command.id.role == Role::backstop ? Treatment{Answer::reject, -2021} : Treatment{};
    };
    world.trigger(btc, Side::sell, at);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 1U);
}

TEST(LostTranche, GetsItsNameBackWhenItsEntryFills) {
    World world;
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.records.clear();  // every memory of it is lost but the order's name
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::cancel ? Answer::hold : Answer::accept};
    };
    world.restart(false);
    world.snapshot();
    world.fill(entry, at, quantity("0.01"));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].id, entry.tranche);
    world.treat = nullptr;
    world.release();
    world.pass(seconds(5));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(LostTranche, DoesNotGetANameThatThisRunHasGivenToAnother) {
    World world;
    world.mark(btc, at);
    world.mark(eth, price("3000"));
    world.treat = placing(Role::entry, {Answer::never_came});
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const auto sent = world.records_of(RecordKind::order);
    ASSERT_FALSE(sent.empty());
    const ClientOrderId entry = sent.front().order.id;
    world.records.clear();
    world.treat = nullptr;
    world.restart(false);
    for (int i = 0; i < 3; ++i) {
        world.pass(seconds(2));
        world.snapshot();
    }
    take_position(world, eth, Side::sell, price("3000"));
    ASSERT_EQ(world.tranches(eth, long_side).at(0).id, entry.tranche) << "nothing told of it";
    world.fill(world.only(eth, Role::take_profit).placed.id, price("3100"));
    ASSERT_TRUE(world.tranches(eth, long_side).empty());
    hold(world, "0.02");
    Event late = bought(world, "0.02");
    late.order_update.ours = true;
    late.order_update.id = entry;
    world.send(late);
    world.pass(seconds(1));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_NE(world.tranches(btc, long_side)[0].id, entry.tranche);
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.02"));
}

TEST(Contradiction, ASnapshotAskedForLongAfterAPushWinsWhateverTheClockSaid) {
    World world;
    take_no_snapshots(world);
    world.send(push(world, "0.02", world.now + seconds(60)));  // the exchange's clock ran ahead
    world.pass(seconds(4));
    for (int i = 0; i < 3; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
}

TEST(Contradiction, AnOldPushThatComesAgainIsNotAdoptedWhileSnapshotsSayOtherwise) {
    World world;
    world.mark(btc, at);
    world.foreign(btc, long_side, Side::buy, quantity("0.02"), at);
    const Event old = push(world, "0.02", world.now);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    world.holdings[{btc, long_side}] = {};  // closed while nothing was told
    world.pass(seconds(1));
    for (int i = 0; i < 5; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
    ASSERT_TRUE(world.tranches(btc, long_side).empty());
    const std::size_t adopted = world.alarms(AlarmKind::adopted);
    Event again = old;
    again.arrival_time = world.now;
    again.position_update.exchange_time = world.now + milliseconds(100);
    world.send(again);
    for (int i = 0; i < 10; ++i) {
        world.snapshot();
        world.pass(milliseconds(500));
    }
    EXPECT_EQ(world.alarms(AlarmKind::adopted), adopted);
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
}

TEST(Contradiction, TheNewestPushToldAgainDoesNotOutruleTheSnapshotsSince) {
    World world;
    world.mark(btc, at);
    take_position(world, btc, Side::sell, at);
    const Event gone = push(world, "0", world.now + milliseconds(10));
    world.send(gone);
    world.pass(seconds(1));
    for (int i = 0; i < 3; ++i) {
        world.snapshot();  // it is all there: the push was wrong
        world.pass(seconds(1));
    }
    Event again = gone;
    again.arrival_time = world.now;
    world.send(again);
    EXPECT_EQ(world.state().symbols[index(btc)].sides[index(long_side)].exchange_quantity,
              quantity("0.02"));
}

TEST(Contradiction, WhatItRefusedIsTriedAgainOnceItIsResolved) {
    World world;
    world.treat = placing(Role::stop_loss, {Answer::reject, -2022});
    world.trigger(btc, Side::sell, at);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.holdings[{btc, long_side}] = {quantity("0.01"), usdt("500")};
    world.pass(seconds(1));
    world.treat = nullptr;
    world.pass(milliseconds(3'500));  // the pause after such a refusal is 5 s
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.01"));
}

TEST(DustRefusal, OfATrancheWorthManyTimesTheLeastIsNotBelieved) {
    World world;
    world.treat = [](const Command& command) {
        const bool first = command.id.role == Role::stop_loss && command.id.generation == 1;
        return first ? Treatment{Answer::reject, -4164} : Treatment{};
    };
    take_position(world, btc, Side::sell, at);
    world.pass(seconds(6));
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
