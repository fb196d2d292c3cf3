// From a forced order to an entry: window, direction, gates, verdicts.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

TEST(Entry, FollowsTheForcedOrderIntoALimitOrderOnTheOppositeSide) {
    World world;
    EXPECT_EQ(world.trigger(btc, Side::sell, price("50000")), Verdict::entered);
    const ExchangeOrder entry = world.only(btc, Role::entry);
    EXPECT_EQ(entry.placed.side, Side::buy);
    EXPECT_EQ(entry.placed.position_side, long_side);
    EXPECT_EQ(entry.placed.type, OrderType::limit);
    EXPECT_EQ(entry.placed.price, price("50000"));
    EXPECT_EQ(entry.placed.quantity, quantity("0.02"));
    EXPECT_EQ(entry.placed.lane, Lane::entry);
    EXPECT_EQ(entry.placed.deadline, world.now + milliseconds(500));
    EXPECT_EQ(world.broken(), "");
}

TEST(Entry, AShortLiquidationOpensAShort) {
    World world;
    EXPECT_EQ(world.trigger(btc, Side::buy, price("50000")), Verdict::entered);
    const ExchangeOrder entry = world.only(btc, Role::entry);
    EXPECT_EQ(entry.placed.side, Side::sell);
    EXPECT_EQ(entry.placed.position_side, short_side);
}

TEST(Entry, AFilledEntryGetsAStopATakeProfitAndABackstop) {
    World world;
    world.trigger(btc, Side::sell, price("50000"));
    world.fill(world.only(btc, Role::entry).placed.id, price("50000"));
    world.pass(seconds(1));
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.stop_price, price("40000"));
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.price, price("50500"));
    EXPECT_TRUE(world.only(btc, Role::backstop).placed.close_position);
    EXPECT_EQ(world.tranches(btc, long_side).at(0).state, TrancheState::protected_);
}

}  // namespace
}  // namespace tranche::test
