// What the engine may do when: streams, bans, operators, governors, simulation.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

void open_position(World& world, SymbolId symbol = btc, Price where = at) {
    ASSERT_EQ(world.trigger(symbol, Side::sell, where), Verdict::entered);
    world.fill(world.only(symbol, Role::entry).placed.id, where);
    world.pass(milliseconds(500));
}

TEST(Mode, IsTradingOnlyAfterACleanSnapshotWithBothStreamsUp) {
    World world;
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    std::vector<Mode> seen;
    for (const Record& record : world.records_of(RecordKind::mode)) seen.push_back(record.mode.to);
    EXPECT_EQ(seen, (std::vector{Mode::reconcile, Mode::trading}));
}

TEST(Mode, LosingTheMarketStreamStopsEntriesAndNothingElse) {
    World world;
    open_position(world);
    world.stream(StreamKind::market, StreamCondition::lost);
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::expired);
    world.pass(milliseconds(100));
    EXPECT_EQ(world.unsettled(), "") << "protection goes on";
    world.stream(StreamKind::market, StreamCondition::open);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Mode, AfterALossOfTheUserStreamWaitsForASnapshotAskedForLater) {
    World world;
    open_position(world);
    world.snapshots_on_demand = false;
    world.deliver_at_once = false;
    world.snapshot();
    world.now += milliseconds(1);
    world.deliver_at_once = true;
    // Lost and back while that snapshot was on its way: it cannot know what was missed.
    Event event{};
    event.kind = EventKind::stream_change;
    event.symbol = no_symbol;
    event.stream_change.stream = StreamKind::user;
    event.stream_change.state = StreamCondition::open;
    world.wire.push_front(event);
    event.stream_change.state = StreamCondition::lost;
    world.wire.push_front(event);
    world.pump();
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    world.snapshot();
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Mode, ASnapshotTakenWhileTheUserStreamIsDownDoesNotCoverItsReturn) {
    World world;
    world.snapshots_on_demand = false;
    world.stream(StreamKind::user, StreamCondition::lost);
    world.now += milliseconds(10);
    world.snapshot();
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    world.now += milliseconds(10);
    world.stream(StreamKind::user, StreamCondition::open);
    EXPECT_EQ(world.state().totals.mode, Mode::reconcile);
    world.now += milliseconds(10);
    world.snapshot();
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
}

TEST(Mode, ASecondUserConnectionChangesNothing) {
    World world;
    world.stream(StreamKind::user, StreamCondition::open);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
}

TEST(Mode, AGapOnTheUserStreamStopsEntriesUntilReconciled) {
    World world;
    world.stream(StreamKind::user, StreamCondition::gap);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    world.pass(milliseconds(200));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Mode, ABanStopsEntriesUntilItIsOverAndAnOperatorResumes) {
    World world;
    world.trigger(btc, Side::sell, at);
    world.deliver_at_once = false;
    world.trigger(btc, Side::buy, at);
    Event ban = world.wire.back();
    world.wire.clear();
    ban.reply.verdict = ReplyClass::banned;
    ban.reply.retry_after = world.now + seconds(120);
    world.deliver_at_once = true;
    world.send(ban);
    EXPECT_EQ(world.alarms(AlarmKind::banned), 1U);
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::paused);
    world.pass(seconds(121));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::paused);
    world.control(ControlKind::resume);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Mode, ResumingDoesNotEndABan) {
    World world;
    world.deliver_at_once = false;
    world.trigger(btc, Side::buy, at);
    Event ban = world.wire.back();
    world.wire.clear();
    ban.reply.verdict = ReplyClass::banned;
    ban.reply.retry_after = world.now + seconds(120);
    world.deliver_at_once = true;
    world.send(ban);
    world.control(ControlKind::resume);
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    world.pass(seconds(121));
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
}

TEST(Operator, PausesAndResumesEntries) {
    World world;
    open_position(world);
    world.control(ControlKind::pause);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::paused);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    world.control(ControlKind::resume);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Operator, DrainCancelsEntriesAndKeepsExits) {
    World world;
    open_position(world);
    world.trigger(eth, Side::sell, price("3000"));
    world.control(ControlKind::drain);
    world.pass(milliseconds(100));
    EXPECT_TRUE(world.open(eth, Role::entry).empty());
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Operator, FlattenClosesEverythingAndCancelsEntries) {
    World world;
    open_position(world);
    open_position(world, eth, price("3000"));
    world.trigger(eth, Side::buy, price("3000"));
    world.control(ControlKind::flatten);
    world.pass(seconds(1));
    for (const SymbolId symbol : {btc, eth})
        for (const PositionSide side : {long_side, short_side})
            EXPECT_EQ((world.holdings[{symbol, side}].quantity), Quantity{});
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::paused);
}

TEST(Operator, FlattenGoesOnUntilTheExchangeLetsIt) {
    World world;
    open_position(world);
    world.treat = [](const Command& command) {
        return command.id.role == Role::close ? Treatment{Answer::reject, -1000} : Treatment{};
    };
    world.control(ControlKind::flatten);
    world.pass(seconds(10));
    EXPECT_EQ(world.only(btc, Role::stop_loss).left(), quantity("0.02")) << "the stop stays";
    world.treat = nullptr;
    world.pass(seconds(6));
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
}

TEST(MarginCall, PausesEntriesUntilAnOperatorResumes) {
    World world;
    Event event{};
    event.kind = EventKind::account_notice;
    event.symbol = no_symbol;
    event.account_notice.kind = AccountNoticeKind::margin_call;
    world.send(event);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::paused);
    EXPECT_EQ(world.alarms(AlarmKind::margin_call), 1U);
}

void tell(World& world, AccountNoticeKind kind) {
    Event event{};
    event.kind = EventKind::account_notice;
    event.symbol = no_symbol;
    event.account_notice.kind = kind;
    world.send(event);
}

TEST(MeasuredClock, TooFarOffStopsEntriesAndSaysSoOnceUntilItIsRight) {
    World world;
    const auto last_says_raised = [&world] {
        bool raised = false;
        for (const Record& record : world.records)
            if (record.kind == RecordKind::alarm && record.alarm.kind == AlarmKind::clock_offset)
                raised = record.alarm.raised;
        return raised;
    };
    tell(world, AccountNoticeKind::clock_offset_good);
    EXPECT_EQ(world.alarms(AlarmKind::clock_offset), 0U) << "nothing was wrong";
    tell(world, AccountNoticeKind::clock_offset_bad);
    tell(world, AccountNoticeKind::clock_offset_bad);
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    EXPECT_EQ(world.alarms(AlarmKind::clock_offset), 1U);
    EXPECT_TRUE(last_says_raised());
    tell(world, AccountNoticeKind::clock_offset_good);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    EXPECT_FALSE(last_says_raised());
}

TEST(Storage, ThatIsBehindStopsEntriesAndNothingElseUntilItIsCurrent) {
    World world;
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    tell(world, AccountNoticeKind::storage_behind);
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entries_off);
    tell(world, AccountNoticeKind::storage_current);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
}

TEST(MeasuredClock, ThatIsRightEndsTheDoubtOfRefusedRequests) {
    World world;
    world.treat = placing(Role::entry, {Answer::reject, -4225});
    for (int i = 0; i < 3; ++i) world.trigger(btc, Side::sell, at);
    world.treat = nullptr;
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    tell(world, AccountNoticeKind::clock_offset_good);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Governor, LimitsEntriesAMinute) {
    Options with = options();
    with.settings.governor.entries_per_minute = 2;
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::rate_governor);
    world.pass(seconds(61));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Governor, LimitsNotionalAMinute) {
    Options with = options();
    with.settings.governor.notional_per_minute = usdt("2000");
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::rate_governor);
}

TEST(Governor, StopsEntriesAfterALossAndNeverProtection) {
    for (int which = 0; which < 3; ++which) {
        Options with = options();
        if (which == 0) with.settings.governor.loss_per_hour = usdt("100");
        if (which == 1) with.settings.governor.loss_per_day = usdt("100");
        if (which == 2) with.settings.governor.drawdown = usdt("100");
        World world{with};
        open_position(world, eth, price("3000"));
        open_position(world);
        world.fill(world.only(btc, Role::stop_loss).placed.id, price("40000"));
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::loss_governor) << which;
        world.end(world.only(eth, Role::stop_loss).placed.id, OrderStatus::expired);
        world.pass(seconds(1));
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(Outbox, HoldsWhatOneEventCanCauseHoweverManyTranchesItEnds) {
    Options with = options();
    with.settings.tranche.max_per_side = 50;
    with.settings.tranche.increment = ratio("0.0001");
    with.settings.symbols[0].stop_loss = ratio("0.9");
    with.settings.symbols[0].take_profit = ratio("0.9");
    with.rules[0].max_conditional_orders = 200;
    World world{with};
    Price where = at;
    for (int i = 0; i < 50; ++i) {
        open_position(world, btc, where);
        where = snap(Price{where.raw / 1000 * 995}, price("0.1"), Rounding::down);
    }
    ASSERT_EQ(world.tranches(btc, long_side).size(), 50U);
    const Quantity all = world.holdings[{btc, long_side}].quantity;
    world.foreign(btc, long_side, Side::sell, all, where, ForcedClose::liquidation);
    world.pass(seconds(3));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Outbox, HoldsARestartInWhichEveryOrderIsMissing) {
    Options with = options();
    with.settings.tranche.max_per_side = 40;
    with.settings.tranche.increment = ratio("0.0001");
    with.settings.symbols[0].stop_loss = ratio("0.9");
    with.settings.symbols[0].take_profit = ratio("0.9");
    with.rules[0].max_conditional_orders = 200;
    World world{with};
    Price where = at;
    for (int i = 0; i < 40; ++i) {
        open_position(world, btc, where);
        where = snap(Price{where.raw / 1000 * 995}, price("0.1"), Rounding::down);
    }
    for (auto& [id, order] : world.orders)
        if (order.open()) order.status = OrderStatus::canceled;
    world.restart();
    world.mark(btc, where);
    world.pass(seconds(20));
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
