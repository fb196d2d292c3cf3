// Whole lives: exchange, memory, records and status board agree all the way, restarts included.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "tests/support/engine_world.hpp"
#include "tranche/sizing.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

void snapshots(World& world, int count) {
    for (int i = 0; i < count; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
}

/// Every difference between what memory, records and board hold of the tranches.
std::string disagreement(const World& world) {
    std::string text;
    Notional used;
    for (const SymbolId symbol : {btc, eth}) {
        for (const PositionSide side : {long_side, short_side}) {
            const std::vector<TrancheRow> live = world.tranches(symbol, side);
            const std::vector<TrancheRow> stored = world.recorded(symbol, side);
            const std::vector<TrancheRow> shown = world.shown(symbol, side);
            if (live.size() != stored.size() || live.size() != shown.size()) {
                text += std::to_string(live.size()) + " tranches, " +
                        std::to_string(stored.size()) + " recorded, " +
                        std::to_string(shown.size()) + " shown\n";
                continue;
            }
            Notional cost;
            for (std::size_t i = 0; i < live.size(); ++i) {
                cost += live[i].cost;
                for (const TrancheRow& other : {stored[i], shown[i]})
                    if (other.id != live[i].id || other.quantity != live[i].quantity ||
                        other.cost != live[i].cost || other.ordinal != live[i].ordinal ||
                        other.state != live[i].state)
                        text += "a tranche of " + to_text(live[i].quantity) + " is told as " +
                                to_text(other.quantity) + "\n";
            }
            used += margin_of(cost, 10);
        }
    }
    if (used != world.state().totals.used_margin) text += "used margin is not that of the rows\n";
    return text;
}

TEST(OneTruth, IsTheSameInMemoryRecordsAndBoardAfterEveryStep) {
    World world{patient()};
    const auto settled = [&] {
        world.pass(milliseconds(300));
        EXPECT_EQ(disagreement(world), "");
        EXPECT_EQ(world.unsettled(), "");
    };
    take_position(world, btc, Side::sell, at);
    settled();
    ASSERT_EQ(world.trigger(btc, Side::sell, price("45000")), Verdict::entered);
    const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
    settled();
    world.fill(entry, price("45000"), quantity("0.01"));
    settled();
    world.end(entry, OrderStatus::canceled);
    settled();
    take_position(world, btc, Side::buy, price("45000"));
    settled();
    world.foreign(btc, long_side, Side::sell, quantity("0.005"), price("45000"));
    snapshots(world, 3);
    settled();
    world.pass(seconds(31));
    world.mark(btc, at);
    world.pass(seconds(1));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    settled();
    world.restart();
    world.mark(btc, at);
    snapshots(world, 3);
    settled();
    world.fill(world.open(btc, long_side, Role::take_profit).at(0).placed.id, price("75000"));
    settled();
    world.control(ControlKind::close_position, btc, short_side);
    settled();
}

/// What the exchange paid out: sales less purchases, of all orders ever.
Notional income(const World& world) {
    Notional sum;
    for (const auto& [id, order] : world.orders)
        sum += order.placed.side == Side::sell ? order.value : -order.value;
    return sum;
}

TEST(Flow, FromEntryOverNewTranchesAndMergeToFlatBalancesWithTheExchange) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("49000"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    take_position(world, btc, Side::sell, price("45000"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    take_position(world, btc, Side::buy, price("45000"));
    world.pass(seconds(31));
    world.mark(btc, at);
    world.pass(seconds(2));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    const ClientOrderId profit = world.open(btc, long_side, Role::take_profit).at(0).placed.id;
    world.fill(profit, price("72123.4"), quantity("0.013"));
    world.pass(seconds(1));
    world.restart();
    world.mark(btc, at);
    snapshots(world, 3);
    world.fill(world.open(btc, long_side, Role::take_profit).at(0).placed.id, price("72123.4"));
    world.fill(world.open(btc, short_side, Role::stop_loss).at(0).placed.id, price("67512.3"));
    world.pass(seconds(2));
    EXPECT_EQ((world.holdings[{btc, long_side}].quantity), Quantity{});
    EXPECT_EQ((world.holdings[{btc, short_side}].quantity), Quantity{});
    EXPECT_TRUE(std::none_of(world.orders.begin(), world.orders.end(),
                             [](const auto& entry) { return entry.second.open(); }));
    Notional booked;
    for (const Record& record : world.records_of(RecordKind::fill)) booked += record.fill.realized;
    EXPECT_EQ(booked, income(world));
    EXPECT_EQ(world.state().totals.used_margin, Notional{});
    EXPECT_EQ(world.state().totals.reserved_margin, Notional{});
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- after a restart

TEST(Restart, TakesExitsOfForgottenOrdersBackByTheirIds) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("45000"));
    const std::vector<TrancheRow> before = world.tranches(btc, long_side);
    const std::size_t sent = world.commands.size();
    world.restart(false);
    world.mark(btc, price("45000"));
    world.pass(seconds(20));
    const std::vector<TrancheRow> after = world.tranches(btc, long_side);
    ASSERT_EQ(after.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(after[i].stop_loss_order, before[i].stop_loss_order);
        EXPECT_EQ(after[i].take_profit_order, before[i].take_profit_order);
    }
    EXPECT_EQ(world.commands.size(), sent) << "nothing placed, nothing cancelled";
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, AReportOfAnExitNobodyRemembersFindsItsTrancheByItsId) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("45000"));
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    world.deliver_at_once = false;
    for (const ExchangeOrder& order : world.open(btc, Role::take_profit))
        if (order.placed.id.tranche == rows[0].id) world.fill(order.placed.id, price("75000"));
    const Event report = world.wire.front();
    world.deliver_at_once = true;
    world.restart(false);
    world.send(report);
    world.pass(seconds(10));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].id, rows[1].id) << "not simply the newest";
    TrancheRow closed{};
    for (const Record& record : world.records_of(RecordKind::tranche))
        if (record.tranche.id == rows[0].id) closed = record.tranche;
    EXPECT_EQ(closed.close_reason, CloseReason::take_profit);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, TakesNoHistoryForAPosition) {
    World world;
    for (const std::string_view where : {"50000", "51000", "52000"}) {
        take_position(world, btc, Side::sell, price(where));
        world.fill(world.only(btc, Role::take_profit).placed.id, price("53000"));
        world.pass(seconds(1));
    }
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("49000"));
    world.fill(world.only(btc, Role::take_profit).placed.id, price("50000"), quantity("0.005"));
    world.pass(seconds(1));
    const TrancheRow before = world.tranches(btc, long_side).at(0);
    const std::size_t sent = world.commands.size();
    world.restart();
    world.mark(btc, price("49000"));
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].quantity, quantity("0.035"));
    EXPECT_EQ(rows[0].cost, before.cost);
    EXPECT_EQ(rows[0].entry, before.entry);
    EXPECT_EQ(rows[0].ordinal, before.ordinal);
    EXPECT_EQ(rows[0].episode, 4U);
    snapshots(world, 5);
    EXPECT_EQ(world.commands.size(), sent);
    EXPECT_TRUE(world.tranches(btc, short_side).empty()) << "sales are no shorts";
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Restart, TakesUpWhatThePositionBecameMeanwhile) {
    for (const std::string_view now : {"0.03", "0.012", "0"}) {
        World world;
        take_position(world, btc, Side::sell, at);
        const Quantity held = quantity(now);
        world.holdings[{btc, long_side}] = {held, at * held};
        world.restart();
        world.mark(btc, at);
        snapshots(world, 6);
        const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
        ASSERT_EQ(rows.size(), now == "0.03" ? 2U : now == "0" ? 0U : 1U) << now;
        if (now == "0.03") {
            EXPECT_TRUE(rows[1].adopted);
        }
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered) << "and trades on";
        EXPECT_EQ(world.broken(), "");
        world.pass(seconds(40));
        EXPECT_EQ(world.unsettled(), "") << now;
    }
}

TEST(Restart, WithAnotherIncrementDecidesByTheNewOne) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("48500"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    world.with.settings.tranche.increment = ratio("0.02");
    world.restart();
    world.pass(seconds(5));  // an earlier run's last orders may not be readable at first
    take_position(world, btc, Side::sell, price("47800"));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- any session

/// A short random life of one symbol with some news lost, and a restart now and then.
void live(World& world, std::mt19937_64& random) {
    Price mid = at;
    for (int step = 0; step < 400; ++step) {
        const std::uint64_t dice = random() % 100;
        if (dice < 25) {
            mid = snap(Price{mid.raw / 1000 * (950 + static_cast<std::int64_t>(random() % 101))},
                       price("0.1"), Rounding::down);
            mid = std::clamp(mid, price("20000"), price("80000"));
            world.mark(btc, mid);
        } else if (dice < 40) {
            world.trigger(btc, random() % 2 == 0 ? Side::sell : Side::buy, mid);
        } else if (dice < 70) {
            const std::vector<ExchangeOrder> entries = world.open(btc, Role::entry);
            if (!entries.empty())
                world.fill(entries.front().placed.id, entries.front().placed.price,
                           random() % 2 == 0 ? quantity("0.001") : Quantity{});
        } else if (dice < 78) {
            const Role role = random() % 2 == 0 ? Role::take_profit : Role::stop_loss;
            const std::vector<ExchangeOrder> exits = world.open(btc, role);
            if (!exits.empty()) world.fill(exits.front().placed.id, mid);
        } else if (dice < 80) {
            world.restart();
        } else if (dice < 82) {
            world.control(ControlKind::close_position, btc,
                          random() % 2 == 0 ? long_side : short_side);
        } else {
            world.pass(milliseconds(static_cast<std::int64_t>(random() % 2000)));
        }
    }
    world.treat = nullptr;
    for (int turn = 0; turn < 8; ++turn) {
        world.pass(seconds(8));
        world.snapshot();
    }
}

class AnySession : public testing::TestWithParam<std::uint64_t> {};

TEST_P(AnySession, GivesEveryOrderItsTrancheAndStoresWhatItHolds) {
    std::mt19937_64 random{GetParam()};
    Options with = patient();
    with.settings.entry.ttl = seconds(5);
    with.settings.symbols[0].max_position = usdt("2000");
    World world{with};
    world.treat = [&](const Command&) {
        const std::uint64_t dice = random() % 100;
        return Treatment{dice < 88   ? Answer::accept
                         : dice < 92 ? Answer::reply_first
                         : dice < 96 ? Answer::lost_reply
                                     : Answer::never_came};
    };
    live(world, random);
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_EQ(disagreement(world), "");
    std::map<TrancheId, std::pair<SymbolId, PositionSide>> known;
    for (const Record& record : world.records) {
        if (record.kind == RecordKind::tranche)
            known[record.tranche.id] = {record.tranche.symbol, record.tranche.side};
        if (record.kind != RecordKind::order) continue;
        const OrderRow& order = record.order;
        if (order.id.role == Role::backstop) {
            EXPECT_EQ(order.id.tranche, no_tranche);
            continue;
        }
        ASSERT_TRUE(known.contains(order.id.tranche)) << "an order without its tranche";
        const std::pair key{order.symbol, order.position_side};
        EXPECT_EQ(known[order.id.tranche], key);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnySession, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace tranche::test
