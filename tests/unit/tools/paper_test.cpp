#include "tools/paper.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/unit/tools/paper_world.hpp"

namespace tranche::test {
namespace {

constexpr PositionSide long_side = PositionSide::long_side;
constexpr auto held_long = exchange::PositionSide::long_side;

/// The only report of that execution.
OrderUpdate only(const std::vector<OrderUpdate>& reports, ExecutionType execution) {
    const auto is = [execution](const OrderUpdate& one) { return one.execution == execution; };
    EXPECT_EQ(std::count_if(reports.begin(), reports.end(), is), 1);
    const auto found = std::find_if(reports.begin(), reports.end(), is);
    return found == reports.end() ? OrderUpdate{} : *found;
}

TEST(Paper, SaysThatTheUserStreamIsOpenAndBringsAFirstSnapshotOfNothing) {
    PaperWorld world;
    world.pass(milliseconds(100));
    const std::vector<Event> events = world.events();
    ASSERT_GE(events.size(), 7U);
    EXPECT_EQ(events[0].kind, EventKind::stream_change);
    EXPECT_EQ(events[0].stream_change.stream, StreamKind::user);
    EXPECT_EQ(events[0].stream_change.connection, 5);
    EXPECT_EQ(events[0].stream_change.state, StreamCondition::open);
    EXPECT_TRUE(events[1].snapshot_mark.begins);
    EXPECT_TRUE(events[1].snapshot_mark.hedge_mode);
    EXPECT_LE(events[1].snapshot_mark.requested_at, events[1].arrival_time - milliseconds(40));
    EXPECT_TRUE(events.back().snapshot_mark.complete);
    std::size_t flat = 0;
    for (const Event& event : events) {
        if (event.kind == EventKind::position_update) {
            EXPECT_EQ(event.position_update.amount, Quantity{});
            EXPECT_EQ(event.position_update.leverage, 10);
            ++flat;
        }
        if (event.kind == EventKind::balance_update) {
            EXPECT_EQ(event.balance_update.wallet, usdt("1000"));
        }
    }
    EXPECT_EQ(flat, 4U);
}

TEST(Paper, ForwardsTheMarketAsItCame) {
    PaperWorld world;
    world.open();
    world.book(btc, "99999", "99999.5", "0.25");
    Event liquidation{};
    liquidation.arrival_time = world.now;
    liquidation.symbol = eth;
    liquidation.kind = EventKind::liquidation;
    liquidation.liquidation.price = price("3000");
    *world.market.slot() = liquidation;
    world.market.publish();
    world.stage->poll(world.now);
    const std::vector<Event> events = world.events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].book_ticker.ask, price("99999.5"));
    EXPECT_EQ(events[0].arrival_time, world.now);
    EXPECT_EQ(events[1].kind, EventKind::liquidation);
    EXPECT_EQ(events[1].liquidation.price, price("3000"));
}

TEST(Paper, AnOrderTakesItsTimeToTheExchangeAndItsAnswerAsLongBack) {
    PaperWorld world;
    world.open();
    const Nanos sent = world.now;
    world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "100000"));
    world.pass(milliseconds(19));
    EXPECT_EQ(world.held(held_long), exchange::Amount{});
    world.pass(milliseconds(1));
    EXPECT_EQ(world.held(held_long).raw, quantity("0.01").raw);
    world.pass(milliseconds(19));
    EXPECT_TRUE(world.replies().empty());
    EXPECT_TRUE(world.reports().empty());
    world.pass(milliseconds(1));
    const std::vector<Reply> replies = world.replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].verdict, ReplyClass::accepted);
    EXPECT_EQ(replies[0].sequence, 1U);
    EXPECT_EQ(replies[0].sent_at, sent);
    const OrderUpdate fill = only(world.reports(), ExecutionType::trade);
    EXPECT_EQ(fill.order_id, replies[0].order_id);
    EXPECT_TRUE(fill.ours);
    EXPECT_FALSE(fill.maker);
    EXPECT_EQ(fill.last_price, price("100000"));
    EXPECT_EQ(fill.commission, usdt("0.5"));  // 1000 USDT at 0.0005
}

TEST(Paper, AnOrderMeetsThePricesOfItsArrivalNotThoseItWasDecidedOn) {
    PaperWorld world;
    world.open();
    world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "100000"));
    world.pass(milliseconds(10));
    world.book(btc, "100000", "100000.1");  // the ask runs away while the order is under way
    world.pass(milliseconds(40));
    EXPECT_EQ(world.held(held_long), exchange::Amount{});
    EXPECT_EQ(world.replies().at(0).status, OrderStatus::created);
}

TEST(Paper, ARestingLimitFillsAsMakerAtItsOwnPriceUpToTheTouchsQuantity) {
    PaperWorld world;
    world.open();
    world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "99990"));
    world.pass(milliseconds(40));
    world.reports();
    world.book(btc, "99990", "99990.1");  // not reached
    world.book(btc, "99980", "99985", "0.004");
    EXPECT_EQ(world.held(held_long).raw, quantity("0.004").raw);
    world.pass(milliseconds(20));
    const OrderUpdate first = only(world.reports(), ExecutionType::trade);
    EXPECT_TRUE(first.maker);
    EXPECT_EQ(first.last_price, price("99990"));
    EXPECT_EQ(first.status, OrderStatus::partially_filled);
    EXPECT_EQ(first.commission, usdt("0.039996"));  // 399.96 USDT at 0.0001
    world.book(btc, "99980", "99985", "1");
    EXPECT_EQ(world.held(held_long).raw, quantity("0.01").raw);
}

TEST(Paper, AStopFiresByItsWorkingTypeAndTakesTheBid) {
    for (const WorkingType working : {WorkingType::mark_price, WorkingType::contract_price}) {
        PaperWorld world;
        world.open();
        world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "100000"));
        Command stop =
            world.order(OrderType::stop_market, Side::sell, long_side, "0.01", "0", "99000");
        stop.working_type = working;
        stop.id.role = Role::stop_loss;
        world.send(stop);
        world.pass(milliseconds(50));
        ASSERT_EQ(world.held(held_long).raw, quantity("0.01").raw);
        world.reports();
        const bool by_mark = working == WorkingType::mark_price;
        // The other price alone does nothing.
        if (by_mark)
            world.book(btc, "98900", "98900.2");
        else
            world.mark(btc, "98900");
        EXPECT_EQ(world.held(held_long).raw, quantity("0.01").raw) << by_mark;
        world.book(btc, "98900", "98900.2");
        world.mark(btc, "98900");
        EXPECT_EQ(world.held(held_long), exchange::Amount{}) << by_mark;
        world.pass(milliseconds(20));
        const OrderUpdate fill = only(world.reports(), ExecutionType::trade);
        EXPECT_EQ(fill.last_price, price("98900"));
        EXPECT_FALSE(fill.maker);
        EXPECT_EQ(fill.realized, usdt("-11"));
        EXPECT_EQ(world.stage->wallet(), usdt("1000") - usdt("0.5") - usdt("11") - usdt("0.4945"));
    }
}

TEST(Paper, RefusesWhatTheExchangesFiltersRefuse) {
    PaperWorld world;
    world.open();
    world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "99990.05"));  // tick
    world.send(world.order(OrderType::limit, Side::buy, long_side, "5", "99990"));        // margin
    world.pass(milliseconds(50));
    const std::vector<Reply> replies = world.replies();
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[0].code, -4014);
    EXPECT_EQ(replies[1].code, -2019);
    for (const Reply& reply : replies) EXPECT_EQ(reply.verdict, ReplyClass::rejected);
}

TEST(Paper, CancelsAndAnswersQuestions) {
    PaperWorld world;
    world.open();
    const Command placed = world.order(OrderType::limit, Side::buy, long_side, "0.01", "99000");
    world.send(placed);
    Command asked = placed;
    asked.kind = CommandKind::query;
    world.send(asked);
    world.send(world.cancel(placed));
    world.send(world.cancel(placed));
    world.pass(milliseconds(50));
    const std::vector<Reply> replies = world.replies();
    ASSERT_EQ(replies.size(), 4U);
    EXPECT_EQ(replies[1].status, OrderStatus::created);
    EXPECT_EQ(replies[2].status, OrderStatus::canceled);
    EXPECT_EQ(replies[3].code, -2011);
    EXPECT_EQ(world.metrics.simulated.get(), 4U);
}

TEST(Paper, PaysFundingWhenItsTimeHasComeAtTheRateNamedBefore) {
    PaperWorld world;
    world.open();
    world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "100000"));
    world.pass(milliseconds(50));
    const Nanos first = seconds(1'700'003'600);
    const Nanos second = seconds(1'700'032'400);
    world.mark(btc, "100000", "0.0001", first);
    world.events();
    const Notional before = world.stage->wallet();
    world.mark(btc, "100000", "0.0002", first);
    EXPECT_EQ(world.stage->wallet(), before);
    world.mark(btc, "100000", "-0.0005", second);
    EXPECT_EQ(world.stage->wallet(), before - usdt("0.2"));  // a long pays a positive rate
    world.pass(milliseconds(20));
    bool told = false;
    for (const Event& event : world.events())
        told = told || (event.kind == EventKind::balance_update &&
                        event.balance_update.wallet == before - usdt("0.2"));
    EXPECT_TRUE(told);
}

TEST(Paper, LosesNothingWhileTheEngineIsBehind) {
    PaperWorld world;
    world.open();
    std::size_t sent = 0;
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 50; ++i) {
            Event event{};
            event.arrival_time = world.now;
            event.symbol = btc;
            event.kind = EventKind::liquidation;
            Event* slot = world.market.slot();
            if (slot == nullptr) break;
            *slot = event;
            world.market.publish();
            ++sent;
        }
        world.stage->poll(world.now);
    }
    EXPECT_LT(sent, 400U);  // the parser was held back in its turn
    std::size_t seen = 0;
    for (int round = 0; round < 10; ++round) {
        seen += world.events().size();
        world.stage->poll(world.now);
    }
    EXPECT_EQ(seen, sent);
}

TrancheRow tranche_row() {
    TrancheRow row{};
    row.id = TrancheId{7};
    row.symbol = btc;
    row.side = long_side;
    row.state = TrancheState::protected_;
    row.quantity = quantity("0.01");
    row.entry = price("100000");
    row.cost = usdt("1000");
    return row;
}

OrderRow order_row(Role role, OrderType type, std::int64_t order_id) {
    OrderRow row{};
    row.id.epoch = 3;
    row.id.role = role;
    row.id.tranche = TrancheId{7};
    row.id.generation = 1;
    row.order_id = order_id;
    row.quantity = quantity("0.01");
    row.created = seconds(1'699'999'000);
    row.symbol = btc;
    row.side = Side::sell;
    row.position_side = long_side;
    row.type = type;
    row.state = OrderState::working;
    row.working_type = WorkingType::mark_price;
    return row;
}

Restored former_run() {
    Restored past;
    past.tranches.push_back(tranche_row());
    OrderRow profit = order_row(Role::take_profit, OrderType::limit, 1'001);
    profit.price = price("101000");
    OrderRow stop = order_row(Role::stop_loss, OrderType::stop_market, 1'002);
    stop.stop_price = price("95000");
    OrderRow under_way = order_row(Role::entry, OrderType::limit, 0);
    under_way.state = OrderState::sent;
    under_way.price = price("99000");
    past.orders = {profit, stop, under_way};
    FillRow fill{};
    fill.trade_id = seconds(1'700'000'100).milliseconds() * 1'000;  // a clock that went back since
    fill.symbol = btc;
    past.recent_fills.push_back(fill);
    return past;
}

TEST(Paper, AfterARestartItsFirstSnapshotShowsWhatTheFormerRunHeld) {
    PaperWorld world{paper_settings(), former_run(), usdt("850.25")};
    world.pass(milliseconds(100));
    std::vector<std::int64_t> orders;
    Quantity position;
    for (const Event& event : world.events()) {
        if (event.kind == EventKind::open_order) {
            EXPECT_TRUE(event.open_order.ours);
            EXPECT_EQ(event.open_order.id.tranche, TrancheId{7});
            orders.push_back(event.open_order.order_id);
        }
        if (event.kind == EventKind::position_update &&
            event.position_update.leg == PositionLeg::long_side && event.symbol == btc) {
            position = event.position_update.amount;
            EXPECT_EQ(event.position_update.entry_price, price("100000"));
        }
        if (event.kind == EventKind::balance_update) {
            EXPECT_EQ(event.balance_update.wallet, usdt("850.25"));
        }
    }
    EXPECT_EQ(orders, (std::vector<std::int64_t>{1'001, 1'002}));
    EXPECT_EQ(position, quantity("0.01"));
}

TEST(Paper, AfterARestartRestoredOrdersExecuteAndNoNumberIsGivenTwice) {
    const Restored past = former_run();
    PaperWorld world{paper_settings(), past, usdt("850.25")};
    world.open();
    world.book(btc, "101000", "101000.1");
    world.pass(milliseconds(20));
    const OrderUpdate fill = only(world.reports(), ExecutionType::trade);
    EXPECT_EQ(fill.order_id, 1'001);
    EXPECT_EQ(fill.id, past.orders[0].id);
    EXPECT_EQ(fill.realized, usdt("10"));
    EXPECT_GT(fill.trade_id, past.recent_fills[0].trade_id);
    EXPECT_EQ(world.stage->wallet(), usdt("850.25") + usdt("10") - usdt("0.101"));
    world.send(world.order(OrderType::limit, Side::buy, long_side, "0.01", "99000"));
    world.pass(milliseconds(50));
    EXPECT_GT(world.replies().at(0).order_id, 1'700'000'000'000'000);
    // The order that was under way when the process died was never there.
    Command lost{};
    lost.kind = CommandKind::query;
    lost.symbol = btc;
    lost.id = past.orders[2].id;
    world.send(lost);
    world.pass(milliseconds(50));
    EXPECT_EQ(world.replies().at(0).code, -2013);
}

}  // namespace
}  // namespace tranche::test
