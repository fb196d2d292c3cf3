// A resting take-profit that is changed in place (`modify_take_profits`).
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

Options changing() {
    Options with = options();
    with.settings.protection.modify_take_profits = true;
    return with;
}

std::function<Treatment(const Command&)> changes(Treatment treatment) {
    return [=](const Command& command) {
        return command.kind == CommandKind::replace ? treatment : Treatment{};
    };
}

/// Half of an entry is filled and protected, then the rest fills while changes are treated as told.
void grow(World& world, const std::function<Treatment(const Command&)>& treat) {
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.fill(world.only(btc, Role::entry).placed.id, at, quantity("0.008"));
    world.pass(seconds(1));
    ASSERT_EQ(world.only(btc, Role::take_profit).placed.quantity, quantity("0.008"));
    world.treat = treat;
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(milliseconds(50));
}

TEST(Replace, GrowsTheTakeProfitWithoutCancellingIt) {
    World world{changing()};
    grow(world, nullptr);
    EXPECT_EQ(world.sent(CommandKind::replace, Role::take_profit), 1U);
    EXPECT_EQ(world.sent(CommandKind::place, Role::take_profit), 1U);
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::take_profit), 0U);
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.quantity, quantity("0.02"));
    world.pass(seconds(5));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Replace, AsksForTheFilledPartToo) {
    World world{changing()};
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    world.fill(entry, at, quantity("0.008"));
    world.pass(seconds(1));
    const ExchangeOrder before = world.only(btc, Role::take_profit);
    world.fill(before.placed.id, before.placed.price, quantity("0.003"));
    world.fill(entry, at);
    world.pass(seconds(1));
    const ExchangeOrder after = world.only(btc, Role::take_profit);
    EXPECT_EQ(after.placed.id, before.placed.id);
    EXPECT_EQ(after.left(), quantity("0.017"));
    EXPECT_EQ(after.placed.quantity, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Replace, OfWhichNothingCameFallsBackToCancelAndPlace) {
    for (const Treatment failure : {Treatment{Answer::reject, -4014},
                                    Treatment{Answer::reject, -2013}, Treatment{Answer::not_sent},
                                    Treatment{Answer::throttled}, Treatment{Answer::never_came}}) {
        World world{changing()};
        grow(world, changes(failure));
        world.pass(seconds(6));
        EXPECT_EQ(world.sent(CommandKind::replace), 1U) << "not tried again on this order";
        EXPECT_EQ(world.sent(CommandKind::cancel, Role::take_profit), 1U);
        EXPECT_EQ(world.only(btc, Role::take_profit).placed.quantity, quantity("0.02"));
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(Replace, WithoutAVerdictIsAskedAboutAndKeptWhereItCame) {
    World world{changing()};
    grow(world, changes({Answer::lost_reply}));
    world.pass(seconds(3));
    EXPECT_GE(world.sent(CommandKind::query, Role::take_profit), 1U);
    EXPECT_EQ(world.sent(CommandKind::replace), 1U);
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::take_profit), 0U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Replace, ThatComesAfterItWasGivenUpFindsTheOrderGone) {
    World world{changing()};
    grow(world, [](const Command& command) {
        return Treatment{command.kind == CommandKind::replace ? Answer::hold : Answer::accept};
    });
    world.pass(seconds(4));
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::take_profit), 1U);
    world.release();
    world.pass(seconds(4));
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.quantity, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Replace, OfAnOrderThatFilledMeanwhileLeavesNothingOpen) {
    World world{changing()};
    grow(world, [](const Command& command) {
        return Treatment{command.kind == CommandKind::replace ? Answer::hold : Answer::accept};
    });
    const ExchangeOrder old = world.only(btc, Role::take_profit);
    world.fill(old.placed.id, old.placed.price);
    world.release();
    world.pass(seconds(4));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side).at(0).quantity, quantity("0.012"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Replace, SurvivesARestartInTheMiddle) {
    World world{changing()};
    grow(world, changes({Answer::silent}));
    world.treat = nullptr;
    world.restart();
    world.snapshot();
    world.pass(seconds(5));
    EXPECT_EQ(world.only(btc, Role::take_profit).placed.quantity, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Replace, OnlyWhereTheSettingsSaySo) {
    World world;
    grow(world, nullptr);
    world.pass(seconds(1));
    EXPECT_EQ(world.sent(CommandKind::replace), 0U);
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::take_profit), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
