// Orders without a verdict, cancels that get lost, time to live: asked, never assumed, never twice.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

std::function<Treatment(const Command&)> for_kind(CommandKind kind, Treatment treatment) {
    return [=](const Command& command) { return command.kind == kind ? treatment : Treatment{}; };
}

TEST(UnknownOrder, BlocksItsSideAndKeepsItsReservationUntilItIsSettled) {
    World world;
    world.treat = for_kind(CommandKind::place, {Answer::never_came});
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.treat = nullptr;
    EXPECT_EQ(world.alarms(AlarmKind::order_unknown), 1U);
    EXPECT_EQ(world.state().totals.unknown_now, 1U);
    EXPECT_EQ(world.state().totals.reserved_margin, usdt("100"));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::side_blocked);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered) << "the other side is free";
}

TEST(UnknownOrder, IsAskedAboutSoonAndThenLessAndLessOften) {
    World world;
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::place ? Answer::never_came : Answer::hold};
    };
    world.trigger(btc, Side::sell, at);
    const Nanos sent = world.now;
    std::vector<std::int64_t> asked;
    std::size_t seen = 0;
    for (int i = 0; i < 4000; ++i) {
        world.now += milliseconds(5);
        Event timer{};
        timer.kind = EventKind::timer;
        timer.symbol = no_symbol;
        world.send(timer);
        const std::size_t count = world.sent(CommandKind::query);
        if (count != seen) asked.push_back((world.now - sent).milliseconds());
        seen = count;
    }
    ASSERT_GE(asked.size(), 4U);
    EXPECT_EQ(asked[0], 50);
    EXPECT_EQ(asked[1], 250);
    EXPECT_LT(asked.size(), 10U);
}

TEST(UnknownOrder, ThatNeverCameIsGivenUpOnlyAfterItsValidityAndTwoAnswers) {
    World world;
    world.treat = for_kind(CommandKind::place, {Answer::never_came});
    world.trigger(btc, Side::sell, at);
    world.treat = nullptr;
    expect_patience(world);
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.sent(CommandKind::place), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(UnknownOrder, AStaleEntryIsCancelledAsWell) {
    World world;
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::cancel  ? Answer::accept
                         : command.kind == CommandKind::place ? Answer::lost_reply
                                                              : Answer::never_came};
    };
    world.trigger(btc, Side::sell, at);
    world.pass(seconds(3));
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::entry), 1U);
    EXPECT_TRUE(world.open(btc, Role::entry).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(UnknownOrder, ThatWasExecutedAfterAllIsFoundByAskingAndProtected) {
    World world;
    world.snapshots_on_demand = false;
    world.treat = for_kind(CommandKind::place, {Answer::lost_reply});
    world.trigger(btc, Side::sell, at);
    world.treat = nullptr;
    world.report_fills = false;
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(1));
    EXPECT_EQ(world.tranches(btc, long_side).at(0).quantity, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(UnknownOrder, ALateFillOfOneGivenUpIsAdoptedAndProtected) {
    World world;
    world.treat = [](const Command& command) {
        return command.kind == CommandKind::place   ? Treatment{Answer::hold}
               : command.kind == CommandKind::query ? Treatment{Answer::reject, -2013}
                                                    : Treatment{Answer::reject, -2011};
    };
    world.trigger(btc, Side::sell, at);
    world.pass(seconds(40));
    ASSERT_TRUE(world.tranches(btc, long_side).empty());
    world.treat = nullptr;
    world.release();
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(5));
    world.snapshot();
    world.pass(seconds(3));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(UnknownOrder, AnswerWithoutVerdictDoesNotUndoWhatTheStreamSaid) {
    World world;
    world.treat = for_kind(CommandKind::place, {Answer::report_only});
    world.trigger(btc, Side::sell, at);
    EXPECT_EQ(world.state().totals.unknown_now, 0U);
    EXPECT_EQ(world.sent(CommandKind::query), 0U);
}

TEST(UnknownOrder, SilenceOfFiveSecondsIsNoVerdictEither) {
    World world;
    world.treat = for_kind(CommandKind::place, {Answer::silent});
    world.trigger(btc, Side::sell, at);
    world.treat = nullptr;
    world.pass(milliseconds(4990));
    EXPECT_EQ(world.state().totals.unknown_now, 0U);
    world.pass(milliseconds(200));
    EXPECT_EQ(world.alarms(AlarmKind::order_unknown), 1U);
    world.pass(seconds(2));
    EXPECT_EQ(world.state().totals.unknown_now, 0U) << "found by asking";
    EXPECT_EQ(world.broken(), "");
}

TEST(RefusedOrder, ThatTheStreamReportedIsAskedAboutNotDropped) {
    World world;
    world.deliver_at_once = false;
    world.trigger(btc, Side::sell, at);
    Event refusal = world.wire.back();
    ASSERT_EQ(refusal.kind, EventKind::reply);
    refusal.reply.verdict = ReplyClass::rejected;
    refusal.reply.code = -1000;
    world.wire.back() = refusal;
    world.deliver_at_once = true;
    world.pump();
    EXPECT_EQ(world.sent(CommandKind::query), 1U);
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.broken(), "");
}

TEST(DroppedOrder, OfAnEntryLeavesNothingBehind) {
    for (const Answer answer : {Answer::not_sent, Answer::throttled}) {
        World world;
        world.treat = for_kind(CommandKind::place, {answer});
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
        EXPECT_TRUE(world.tranches(btc, long_side).empty());
        EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
        world.treat = nullptr;
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(EntryOrder, IsCancelledWhenItsTimeToLiveIsOver) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.pass(milliseconds(29'900));
    EXPECT_EQ(world.open(btc, Role::entry).size(), 1U);
    world.pass(milliseconds(200));
    EXPECT_EQ(world.open(btc, Role::entry).size(), 0U);
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(EntryOrder, IsNotCancelledByTheTimeToLiveOnceItHasFilled) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(120));
    EXPECT_EQ(world.sent(CommandKind::cancel), 0U) << "exits have no time to live";
}

TEST(Cancel, OfAnOrderTheExchangeDoesNotKnowIsAskedAbout) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.report_fills = false;
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.snapshots_on_demand = false;
    world.pass(seconds(31));
    EXPECT_EQ(world.sent(CommandKind::cancel, Role::entry), 1U);
    EXPECT_EQ(world.sent(CommandKind::query), 1U);
    EXPECT_EQ(world.tranches(btc, long_side).at(0).quantity, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

class LostCancel : public testing::TestWithParam<Answer> {};

TEST_P(LostCancel, IsRepeatedUntilTheOrderIsGone) {
    World world;
    world.trigger(btc, Side::sell, at);
    int lost = 2;
    world.treat = [&](const Command& command) {
        return command.kind == CommandKind::cancel && lost-- > 0 ? Treatment{GetParam()}
                                                                 : Treatment{};
    };
    world.pass(seconds(45));
    EXPECT_TRUE(world.open(btc, Role::entry).empty());
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

INSTANTIATE_TEST_SUITE_P(AnyWay, LostCancel,
                         testing::Values(Answer::never_came, Answer::not_sent, Answer::throttled,
                                         Answer::hold, Answer::silent, Answer::lost_reply,
                                         Answer::reject));

TEST(Cancel, WantedBeforeTheOrderIsConfirmedIsSentOnceItIs) {
    World world;
    world.treat = for_kind(CommandKind::place, {Answer::hold});
    world.trigger(btc, Side::sell, at);
    world.control(ControlKind::drain);
    world.pass(milliseconds(50));
    EXPECT_EQ(world.sent(CommandKind::cancel), 0U);
    world.treat = nullptr;
    world.release();
    world.pass(milliseconds(50));
    EXPECT_EQ(world.sent(CommandKind::cancel), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(OrderTable, FindsWhatItHoldsAndForgetsWhatWasReleased) {
    OrderTable table{64};
    std::vector<OrderSlot> slots;
    const auto id = [](std::uint32_t n) {
        ClientOrderId made{};
        made.tranche = TrancheId{n};
        return made;
    };
    for (std::uint32_t n = 0; n < 64; ++n) slots.push_back(table.create(id(n)));
    EXPECT_EQ(table.create(id(99)), no_slot) << "full";
    for (std::uint32_t n = 0; n < 64; n += 2) table.release(slots[n]);
    for (std::uint32_t n = 0; n < 64; ++n)
        EXPECT_EQ(table.find(id(n)), n % 2 == 0 ? no_slot : slots[n]);
    EXPECT_EQ(table.used(), 32U);
    EXPECT_NE(table.create(id(99)), no_slot);
}

TEST(SeenTrades, RemembersTheNewestUpToItsCapacity) {
    SeenTrades trades{8};
    for (std::int64_t n = 1; n <= 8; ++n) EXPECT_FALSE(trades.seen_before(btc, n));
    for (std::int64_t n = 1; n <= 8; ++n) EXPECT_TRUE(trades.seen_before(btc, n));
    EXPECT_FALSE(trades.seen_before(eth, 1)) << "ids are a symbol's own";
    EXPECT_FALSE(trades.seen_before(btc, 1)) << "the oldest made room";
}

TEST(FinalOrders, AreForgottenAfterAWhileSoThatTheTableNeverFills) {
    World world;
    for (int round = 0; round < 50; ++round) {
        world.trigger(btc, Side::sell, at);
        world.end(world.only(btc, Role::entry).placed.id, OrderStatus::canceled);
        world.pass(seconds(4));
    }
    EXPECT_LE(world.state().orders.used(), 6U);
}

}  // namespace
}  // namespace tranche::test
