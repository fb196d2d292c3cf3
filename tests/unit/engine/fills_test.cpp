// Whose a fill is, and that it counts once, whichever way the news of it comes.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

ClientOrderId entered(World& world) {
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    return world.only(btc, Role::entry).placed.id;
}

void expect_held(World& world, std::string_view text) {
    world.pass(seconds(1));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].quantity, quantity(text));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, InPartsAreProtectedPartByPart) {
    World world;
    const ClientOrderId id = entered(world);
    Quantity sum;
    for (const std::string_view part : {"0.001", "0.002", "0.003"}) {
        world.fill(id, at, quantity(part));
        sum += quantity(part);
        world.pass(milliseconds(500));
        EXPECT_EQ(world.only(btc, Role::stop_loss).left(), sum);
        EXPECT_EQ(world.only(btc, Role::take_profit).left(), sum);
    }
    expect_held(world, "0.006");
}

TEST(Fills, OfAnEntryThatIsThenCancelledStayProtected) {
    World world;
    const ClientOrderId id = entered(world);
    world.fill(id, at, quantity("0.004"));
    world.end(id, OrderStatus::canceled);
    expect_held(world, "0.004");
    EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
}

TEST(Fills, OfATakeProfitCloseItsTrancheAndCancelOnlyItsStop) {
    World world;
    world.fill(entered(world), at);
    world.pass(seconds(1));
    const std::size_t placed = world.sent(CommandKind::place);
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"));
    world.pass(seconds(1));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.sent(CommandKind::place), placed) << "nothing new is opened or protected";
    const TrancheRow row = world.records_of(RecordKind::tranche).back().tranche;
    EXPECT_EQ(row.state, TrancheState::closed);
    EXPECT_EQ(row.close_reason, CloseReason::take_profit);
    EXPECT_EQ(row.realized, usdt("10"));
    EXPECT_EQ(world.state().totals.realized, usdt("10"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, OfAStopCloseItsTrancheAtALoss) {
    World world;
    world.fill(entered(world), at);
    world.fill(world.only(btc, Role::stop_loss).placed.id, price("39990"));
    world.pass(seconds(1));
    const TrancheRow row = world.records_of(RecordKind::tranche).back().tranche;
    EXPECT_EQ(row.close_reason, CloseReason::stop_loss);
    EXPECT_EQ(row.realized, usdt("-200.2"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, OfATakeProfitInPartsShrinkTheStop) {
    World world;
    world.fill(entered(world), at);
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50500"), quantity("0.005"));
    world.pass(seconds(1));
    EXPECT_EQ(world.only(btc, Role::stop_loss).left(), quantity("0.015"));
    EXPECT_EQ(world.only(btc, Role::take_profit).left(), quantity("0.015"));
    expect_held(world, "0.015");
}

TEST(Fills, OfOurOwnMarketCloseMakeNoPhantom) {
    World world;
    world.fill(entered(world), at);
    world.control(ControlKind::close_position, btc, long_side);
    world.pass(seconds(1));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.records_of(RecordKind::tranche).back().tranche.close_reason,
              CloseReason::operator_close);
    EXPECT_EQ(world.unsettled(), "");
}

class FillNews : public testing::TestWithParam<Answer> {};

TEST_P(FillNews, OfAnOrderThatFillsAtOnceCountOnce) {
    World world;
    world.fill(entered(world), at);
    world.pass(seconds(1));
    world.treat = [](const Command& command) {
        return command.type == OrderType::market && command.kind == CommandKind::place
                   ? Treatment{GetParam()}
                   : Treatment{};
    };
    world.control(ControlKind::close_position, btc, long_side);
    world.pass(seconds(12));
    world.snapshot();
    world.pass(seconds(12));
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 1U);
    EXPECT_EQ(world.state().totals.position_differences, 0U);
}

INSTANTIATE_TEST_SUITE_P(EitherWay, FillNews,
                         testing::Values(Answer::accept, Answer::reply_first, Answer::reply_only,
                                         Answer::report_only, Answer::lost_reply, Answer::silent));

TEST(Fills, OfAnEntryThatItsReplyTellsFirstCountOnce) {
    World world;
    world.deliver_at_once = false;
    world.trigger(btc, Side::sell, at);
    world.fill(world.orders.begin()->first, at);
    const auto reply = std::find_if(world.wire.begin(), world.wire.end(), [](const Event& event) {
        return event.kind == EventKind::reply;
    });
    Event first = *reply;
    world.wire.erase(reply);
    first.reply.status = OrderStatus::filled;
    first.reply.filled = quantity("0.02");
    first.reply.average_price = at;
    world.wire.push_front(first);
    world.deliver_at_once = true;
    world.pump();
    EXPECT_EQ(world.tranches(btc, long_side).at(0).quantity, quantity("0.02"));
    expect_held(world, "0.02");
    EXPECT_EQ(world.state().totals.position_differences, 0U);
}

TEST(Fills, CountOnceWhenTheirReportIsRepeated) {
    for (const bool named : {true, false}) {
        World world;
        world.trade_ids = named;
        const ClientOrderId id = entered(world);
        world.deliver_at_once = false;
        world.fill(id, at, quantity("0.005"));
        const Event report = world.wire.front();
        world.deliver_at_once = true;
        world.pump();
        for (int i = 0; i < 3; ++i) world.send(report);
        expect_held(world, "0.005");
        world.pass(seconds(20));
        world.send(report);
        expect_held(world, "0.005");
    }
}

TEST(Fills, CountOnceWhenTheirReportsComeInTheWrongOrder) {
    for (const bool named : {true, false}) {
        World world;
        world.trade_ids = named;
        const ClientOrderId id = entered(world);
        world.deliver_at_once = false;
        world.fill(id, at, quantity("0.005"));
        world.fill(id, at, quantity("0.015"));
        std::reverse(world.wire.begin(), world.wire.end());
        world.deliver_at_once = true;
        world.pump();
        expect_held(world, "0.02");
    }
}

TEST(Fills, ThatComeAfterTheEndOfTheirOrderFindTheirTranche) {
    World world;
    const ClientOrderId id = entered(world);
    const TrancheId tranche = world.tranches(btc, long_side)[0].id;
    world.deliver_at_once = false;
    world.fill(id, at, quantity("0.005"));
    world.end(id, OrderStatus::expired);
    std::reverse(world.wire.begin(), world.wire.end());
    world.deliver_at_once = true;
    world.pump();
    expect_held(world, "0.005");
    EXPECT_EQ(world.tranches(btc, long_side)[0].id, tranche);
}

TEST(Fills, ThatWereNeverReportedAreAskedForWhenALaterOneShowsTheGap) {
    World world;
    world.snapshots_on_demand = false;
    const ClientOrderId id = entered(world);
    world.report_fills = false;
    world.fill(id, at, quantity("0.005"));
    world.report_fills = true;
    world.fill(id, at, quantity("0.015"));
    expect_held(world, "0.02");
    EXPECT_EQ(world.sent(CommandKind::query), 1U);
}

TEST(Fills, ByHandShrinkTheNewestTrancheFirstOrTheOldestWhenToldSo) {
    for (const auto policy : {UnattributedClose::lifo, UnattributedClose::fifo}) {
        Options with = options();
        with.settings.tranche.unattributed = policy;
        World world{with};
        world.fill(entered(world), at);
        world.pass(seconds(1));
        world.trigger(btc, Side::sell, price("45000"));
        world.fill(world.only(btc, Role::entry).placed.id, price("45000"));
        world.pass(seconds(1));
        ASSERT_EQ(world.tranches(btc, long_side).size(), 2U);
        world.foreign(btc, long_side, Side::sell, quantity("0.01"), price("45000"));
        world.pass(seconds(3));
        const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
        const bool lifo = policy == UnattributedClose::lifo;
        EXPECT_EQ(rows[0].quantity, quantity(lifo ? "0.02" : "0.01"));
        EXPECT_EQ(rows[1].quantity, quantity(lifo ? "0.012" : "0.022"));
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(Fills, ByTheExchangesForceTakeTheOldestTrancheFirst) {
    World world;
    world.fill(entered(world), at);
    world.pass(seconds(1));
    world.trigger(btc, Side::sell, price("45000"));
    world.fill(world.only(btc, Role::entry).placed.id, price("45000"));
    world.pass(seconds(1));
    world.foreign(btc, long_side, Side::sell, quantity("0.025"), price("45000"),
                  ForcedClose::deleveraging);
    world.pass(seconds(3));
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].quantity, quantity("0.017"));
    EXPECT_EQ(world.alarms(AlarmKind::forced_close), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, OfTheBackstopCloseTheWholeSide) {
    World world;
    world.fill(entered(world), at);
    world.pass(seconds(1));
    world.trigger(btc, Side::sell, price("45000"));
    world.fill(world.only(btc, Role::entry).placed.id, price("45000"));
    world.pass(seconds(1));
    world.fill(world.only(btc, Role::backstop).placed.id, price("35000"));
    world.pass(seconds(1));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Fills, ChargeTheirFeeToTrancheAndDay) {
    World world;
    const ClientOrderId id = entered(world);
    world.deliver_at_once = false;
    world.fill(id, at);
    world.wire.front().order_update.commission = usdt("0.2");
    world.deliver_at_once = true;
    world.pump();
    EXPECT_EQ(world.tranches(btc, long_side)[0].fees, usdt("0.2"));
    EXPECT_EQ(world.state().totals.fees, usdt("0.2"));
    EXPECT_EQ(world.state().totals.realized, Notional{}) << "shown before fees";
}

TEST(Fills, WithFiguresThatCannotBeTrueAreRefusedNotComputedWith) {
    World world;
    const ClientOrderId id = entered(world);
    world.deliver_at_once = false;
    world.fill(id, at);
    const Event report = world.wire.front();
    world.wire.clear();
    world.deliver_at_once = true;
    world.report_fills = true;
    for (const std::int64_t bad : {std::int64_t{INT64_MAX}, std::int64_t{INT64_MIN}}) {
        Event hostile = report;
        hostile.order_update.last_quantity = {bad};
        world.send(hostile);
        hostile = report;
        hostile.order_update.filled = {bad};
        world.send(hostile);
        hostile = report;
        hostile.order_update.last_price = {bad};
        world.send(hostile);
        hostile = report;
        hostile.order_update.commission = {bad};
        hostile.order_update.ours = false;
        world.send(hostile);
    }
    EXPECT_GT(world.alarms(AlarmKind::position_differs), 0U);
    for (int i = 0; i < 4; ++i) {
        world.pass(seconds(3));
        world.snapshot();
    }
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
