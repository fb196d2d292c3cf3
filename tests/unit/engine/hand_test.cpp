// Stops that go when nobody wanted them to: cancelled by hand, ended with their position, given up
// for lost. Something always covers what is held.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

/// Somebody cancels the open order of the role on the exchange's page, so often.
void cancel_by_hand(World& world, Role role, int times) {
    for (int i = 0; i < times; ++i) {
        ASSERT_EQ(world.open(btc, role).size(), 1U) << "time " << i;
        world.end(world.only(btc, role).placed.id, OrderStatus::canceled);
        world.pass(seconds(1));
    }
}

World with_position() {
    World world;
    world.mark(btc, at);
    take_position(world, btc, Side::sell, at);
    return world;
}

TEST(ByHand, AStopCancelledThreeTimesIsLeftToTheBackstop) {
    World world = with_position();
    cancel_by_hand(world, Role::stop_loss, 3);
    EXPECT_TRUE(world.open(btc, Role::stop_loss).empty());
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
}

TEST(ByHand, AStopIsPlacedAgainOnceTheBackstopIsLeftToSomebodyElseToo) {
    World world = with_position();
    cancel_by_hand(world, Role::stop_loss, 3);
    cancel_by_hand(world, Role::backstop, 3);
    EXPECT_TRUE(world.open(btc, Role::backstop).empty());
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U) << "the last of them is fought for";
}

TEST(ByHand, AStopIsFoughtForWhileTheBackstopIsSomebodyElses) {
    World world = with_position();
    cancel_by_hand(world, Role::backstop, 3);
    cancel_by_hand(world, Role::stop_loss, 5);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
}

TEST(ByHand, AStopGrowsWhereStopsShareThePositionAlthoughTheBackstopIsSomebodyElses) {
    World world;
    world.mark(btc, at);
    world.treat = [&world](const Command& command) {
        const bool beside = command.kind == CommandKind::place &&
                            command.id.role == Role::stop_loss &&
                            !world.open(btc, Role::stop_loss).empty();
        return beside ? Treatment{Answer::reject, -2022} : Treatment{};
    };
    world.trigger(btc, Side::sell, at);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.fill(entry, at, quantity("0.005"));
    world.pass(seconds(1));
    world.fill(entry, at, quantity("0.005"));
    world.pass(seconds(10));  // learned by now: one has to make way for the other
    ASSERT_EQ(world.covered(btc, long_side), quantity("0.01"));
    cancel_by_hand(world, Role::backstop, 3);
    world.fill(entry, at, quantity("0.01"));
    world.pass(seconds(1));
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.02"));
}

TEST(Backstop, ThatEndedWithItsPositionIsFollowedAtOnceForTheNext) {
    World world = with_position();
    world.pass(seconds(1));
    world.end(world.only(btc, Role::backstop).placed.id, OrderStatus::expired);
    world.pass(milliseconds(50));
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
}

TEST(Backstop, ThatKeepsExpiringIsNotPlacedAllTheTime) {
    World world = with_position();
    const std::size_t before = world.sent(CommandKind::place, Role::backstop);
    for (int i = 0; i < 100; ++i) {
        for (const ExchangeOrder& order : world.open(btc, Role::backstop))
            world.end(order.placed.id, OrderStatus::expired);
        world.pass(milliseconds(10));
    }
    EXPECT_LE(world.sent(CommandKind::place, Role::backstop) - before, 5U);
}

TEST(Backstop, FoundAfterAllIsKeptWhileTheOneInItsPlaceIsUnknown) {
    World world;
    world.mark(btc, at);
    world.treat = [](const Command& command) {
        if (command.kind != CommandKind::place || command.id.role != Role::backstop)
            return Treatment{};
        return Treatment{command.id.generation == 1 ? Answer::hold : Answer::never_came};
    };
    take_position(world, btc, Side::sell, at);
    while (world.sent(CommandKind::place, Role::backstop) < 2) world.pass(milliseconds(10));
    world.release();
    world.pass(milliseconds(300));
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::backstop), 0U);
}

TEST(Cancel, ThatFoundNothingWaitsForTheAnswerToItsQuestion) {
    World world;
    world.mark(btc, at);
    world.trigger(btc, Side::sell, at);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.treat = [](const Command& command) {
        if (command.kind == CommandKind::cancel) return Treatment{Answer::reject, -2011};
        if (command.kind == CommandKind::query) return Treatment{Answer::never_came};
        return Treatment{};
    };
    world.control(ControlKind::drain);
    world.pass(seconds(10));
    EXPECT_TRUE(world.orders[entry].open());
    EXPECT_GE(world.sent(CommandKind::cancel), 2U) << "it is not given up";
    EXPECT_LE(world.sent(CommandKind::cancel), 22U) << "nor repeated all the time";
}

TEST(Close, ThatWasRefusedSellsNoMoreThanTheExchangeHolds) {
    World world;
    world.mark(btc, at);
    take_position(world, btc, Side::sell, at);
    const Quantity held = world.tranches(btc, long_side).front().quantity;
    // Half of it is gone and no report said so; the price falls through the stop.
    world.holdings[{btc, long_side}].quantity = Quantity{held.raw / 2};
    world.snapshots_on_demand = false;
    world.treat = [half = Quantity{held.raw / 2}](const Command& command) {
        const bool too_much = command.kind == CommandKind::place &&
                              command.id.role == Role::close && command.quantity > half;
        return too_much ? Treatment{Answer::reject, -2022} : Treatment{};
    };
    world.snapshot();
    world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::expired);
    world.control(ControlKind::flatten);
    world.pass(seconds(2));
    EXPECT_TRUE((world.holdings[{btc, long_side}].quantity.zero()));
}

}  // namespace
}  // namespace tranche::test
