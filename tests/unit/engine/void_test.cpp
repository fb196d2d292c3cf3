// Entries without a verdict that are voided by their nonce (V3): sooner settled, never doubled.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

Options voiding() {
    Options with = options();
    with.settings.entry.void_unknown = true;
    return with;
}

/// The entry gets no verdict, and everything about it is treated as told.
std::function<Treatment(const Command&)> lost_entry(Answer entry, Treatment noop) {
    return [=](const Command& command) {
        if (command.kind == CommandKind::noop) return noop;
        return Treatment{command.kind == CommandKind::place ? entry : Answer::accept};
    };
}

TEST(VoidedEntry, IsProvedAbsentWithoutTheValidityWindow) {
    World world{voiding()};
    world.treat = lost_entry(Answer::never_came, {});
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.treat = nullptr;
    EXPECT_EQ(world.sent(CommandKind::noop, Role::entry), 1U);
    world.pass(milliseconds(900));
    EXPECT_EQ(world.state().totals.unknown_now, 1U) << "one answer is no proof: E9";
    world.pass(milliseconds(700));
    EXPECT_EQ(world.state().totals.unknown_now, 0U);
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.sent(CommandKind::noop), 1U);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered) << "its side is free again";
    EXPECT_EQ(world.unsettled(), "");
}

TEST(VoidedEntry, ThatArrivesAfterItsNoopIsRefusedAndNobodyDoubtsTheClock) {
    World world{voiding()};
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::place ? Answer::hold : Answer::accept};
    };
    for (int i = 0; i < 3; ++i) {  // three refusals of this kind in a minute would doubt it
        world.trigger(btc, Side::sell, at);
        world.pass(milliseconds(5'050));
        EXPECT_EQ(world.state().totals.unknown_now, 1U);
        world.release();
        EXPECT_EQ(world.state().totals.unknown_now, 0U);
        EXPECT_TRUE(world.open(btc, Role::entry).empty());
    }
    EXPECT_EQ(world.sent(CommandKind::noop), 3U);
    EXPECT_EQ(world.alarms(AlarmKind::entry_rejected), 0U);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(VoidedEntry, AFailedNoopProvesNothing) {
    for (const Treatment failure : {Treatment{Answer::reject, -4225}, Treatment{Answer::never_came},
                                    Treatment{Answer::not_sent}, Treatment{Answer::throttled}}) {
        World world{voiding()};
        world.treat = lost_entry(Answer::never_came, failure);
        world.trigger(btc, Side::sell, at);
        world.treat = nullptr;
        expect_patience(world);
        EXPECT_EQ(world.sent(CommandKind::noop), 1U) << "one try";
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(VoidedEntry, ThatExistsAfterAllIsFoundAndProtected) {
    // Whether a noop of a nonce that was used succeeds is open (E6).
    for (const Treatment late : {Treatment{Answer::accept}, Treatment{Answer::reject, -4225}}) {
        World world{voiding()};
        world.snapshots_on_demand = false;
        world.treat = lost_entry(Answer::lost_reply, late);
        world.trigger(btc, Side::sell, at);
        world.treat = nullptr;
        world.report_fills = false;
        world.fill(world.only(btc, Role::entry).placed.id, at);
        world.pass(seconds(2));
        ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(VoidedEntry, AnswersToQuestionsFromBeforeDoNotCount) {
    World world{voiding()};
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::place ? Answer::never_came : Answer::hold};
    };
    world.trigger(btc, Side::sell, at);
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::query ? Answer::hold : Answer::accept};
    };
    world.pass(milliseconds(400));  // some questions are under way
    ASSERT_GE(world.sent(CommandKind::query), 2U);
    Event success{};
    success.kind = EventKind::reply;
    success.symbol = btc;
    success.reply.verdict = ReplyClass::accepted;
    success.reply.command = CommandKind::noop;
    success.reply.id = world.commands.front().id;
    const std::uint64_t newest = world.commands.back().sequence;
    world.send(success);
    Event absent = success;
    absent.reply.verdict = ReplyClass::rejected;
    absent.reply.command = CommandKind::query;
    absent.reply.code = -2013;
    absent.reply.sequence = newest;
    for (int i = 0; i < 30; ++i) {
        world.send(absent);
        world.pass(milliseconds(100));
    }
    EXPECT_EQ(world.state().totals.unknown_now, 1U);
    absent.reply.sequence = world.commands.back().sequence;
    ASSERT_GT(absent.reply.sequence, newest);
    world.send(absent);
    world.pass(milliseconds(1'010));
    world.send(absent);
    EXPECT_EQ(world.state().totals.unknown_now, 0U);
}

TEST(VoidedEntry, OnlyWhereTheSettingsSaySoAndOnlyEntries) {
    World off;
    off.treat = lost_entry(Answer::never_came, {});
    off.trigger(btc, Side::sell, at);
    EXPECT_EQ(off.sent(CommandKind::noop), 0U);
    World on{voiding()};
    on.trigger(btc, Side::sell, at);
    on.treat = placing(Role::stop_loss, {Answer::never_came});
    on.fill(on.only(btc, Role::entry).placed.id, at);
    on.pass(seconds(1));
    EXPECT_GE(on.alarms(AlarmKind::order_unknown), 1U);
    EXPECT_EQ(on.sent(CommandKind::noop), 0U);
}

}  // namespace
}  // namespace tranche::test
