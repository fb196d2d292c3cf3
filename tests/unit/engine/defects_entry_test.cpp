// Entries: at once, each once, each with its tranche, and charged for what they really are.
#include <algorithm>
#include <gtest/gtest.h>

#include "core/settings.hpp"
#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

TEST(Entry, IsDecidedAtItsLiquidationAndWaitsForNoOtherEvent) {
    World world;
    world.book(btc, at - price("0.1"), at + price("0.1"));
    world.book(eth, price("2999.99"), price("3000.01"));
    EXPECT_EQ(world.liquidation(btc, Side::sell, at, quantity("1")), Verdict::entered);
    world.now += milliseconds(1);
    EXPECT_EQ(world.liquidation(eth, Side::sell, price("3000"), quantity("100")), Verdict::entered);
    ASSERT_EQ(world.sent(CommandKind::place, Role::entry), 2U);
    EXPECT_EQ(world.commands[0].cause_time, world.commands[0].decided_at);
    EXPECT_EQ(world.commands[1].cause_time, world.commands[1].decided_at);
    EXPECT_EQ(world.commands[1].decided_at, world.now);
    EXPECT_EQ(world.commands[1].decided_at - world.commands[0].decided_at, milliseconds(1));
}

/// Three entries of one moment, in the order they were decided.
std::vector<Command> three_entries(World& world) {
    world.deliver_at_once = false;
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    return world.commands;
}

/// The exchange's id of an order, as the records know it.
std::int64_t bound_to(const World& world, const ClientOrderId& id) {
    std::int64_t known = 0;
    for (const Record& record : world.records_of(RecordKind::order))
        if (record.order.id == id) known = record.order.order_id;
    return known;
}

TEST(Entry, AnsweredInAnotherOrderThanSentKeepsItsTranche) {
    std::vector<std::size_t> order{0, 1, 2};
    do {
        World world;
        world.treat = [](const Command&) { return Treatment{Answer::reply_only}; };
        const std::vector<Command> sent = three_entries(world);
        ASSERT_EQ(sent.size(), 3U);
        const std::deque<Event> replies = std::exchange(world.wire, {});
        ASSERT_EQ(replies.size(), 3U);
        world.deliver_at_once = true;
        world.treat = nullptr;
        for (const std::size_t i : order) world.send(replies[i]);
        for (const std::size_t i : order) {
            const Command& entry = sent[i];
            const std::vector<TrancheRow> rows = world.tranches(entry.symbol, entry.position_side);
            ASSERT_EQ(rows.size(), 1U);
            EXPECT_EQ(rows[0].id, entry.id.tranche);
            EXPECT_EQ(bound_to(world, entry.id), world.orders[entry.id].order_id);
            world.fill(entry.id, entry.price);
            world.pass(milliseconds(500));
            EXPECT_EQ(world.tranches(entry.symbol, entry.position_side).at(0).quantity,
                      entry.quantity);
        }
        EXPECT_EQ(world.unsettled(), "");
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Entry, IsRecordedBeforeItIsSentWithTheTrancheItWasMeantFor) {
    World world;
    three_entries(world);
    const std::vector<Record> orders = world.records_of(RecordKind::order);
    ASSERT_EQ(orders.size(), 3U) << "nobody has answered yet";
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(orders[i].order.id, world.commands[i].id);
        EXPECT_EQ(orders[i].order.state, OrderState::sent);
        EXPECT_NE(orders[i].order.id.tranche, no_tranche);
    }
    EXPECT_EQ(world.recorded(btc, long_side).at(0).id, orders[0].order.id.tranche);
    EXPECT_EQ(world.recorded(btc, short_side).at(0).id, orders[1].order.id.tranche);
    EXPECT_EQ(world.recorded(eth, long_side).at(0).id, orders[2].order.id.tranche);
}

TEST(Collateral, IsThatOfTheRaisedQuantityNotOfTheIntendedOne) {
    Options with = options();
    with.settings.symbols[0].trade_value = usdt("0.55");  // 5.5 USDT at ten times
    with.rules[0].min_quantity = quantity("0.002");
    World world{with};
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.only(btc, Role::entry).placed.quantity, quantity("0.002"));
    EXPECT_EQ(world.state().totals.reserved_margin, usdt("10"));
    with.settings.symbols[0].max_position = usdt("9.99");
    World limited{with};
    EXPECT_EQ(limited.trigger(btc, Side::sell, at), Verdict::symbol_limit);
}

TEST(Collateral, OfAPositionThatWeDidNotOpenCountsToo) {
    Options with = options();
    with.settings.symbols[0].max_position = usdt("150");
    with.settings.entry.max_total_exposure = usdt("250");
    World world{with};
    world.mark(btc, at);
    world.foreign(btc, long_side, Side::buy, quantity("0.02"), at);
    for (int i = 0; i < 4; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
    EXPECT_EQ(world.state().totals.used_margin, usdt("100"));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::symbol_limit);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("2500")), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("2500")), Verdict::total_limit);
}

TEST(Restart, KeepsEveryTrancheHoweverMuchCollateralTheyUse) {
    Options with = options();
    with.settings.symbols[0].trade_value = usdt("2000");
    with.settings.symbols[0].stop_loss = ratio("0.5");
    World world{with};
    for (const std::string_view where : {"50000", "45000", "40000"})
        take_position(world, btc, Side::sell, price(where));
    const std::vector<TrancheRow> before = world.tranches(btc, long_side);
    ASSERT_EQ(before.size(), 3U);
    const Notional used = world.state().totals.used_margin;
    const std::size_t sent = world.commands.size();
    world.restart();
    world.mark(btc, price("40000"));
    world.pass(seconds(30));
    const std::vector<TrancheRow> after = world.tranches(btc, long_side);
    ASSERT_EQ(after.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(after[i].id, before[i].id);
        EXPECT_EQ(after[i].ordinal, before[i].ordinal);
        EXPECT_EQ(after[i].cost, before[i].cost);
    }
    EXPECT_EQ(world.state().totals.used_margin, used);
    EXPECT_EQ(world.commands.size(), sent);
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- the settings behind it

std::string refusal(const std::string& json) {
    const auto loaded = load_settings(json);
    return loaded ? std::string{} : loaded.error().message;
}

TEST(Settings, ASymbolWrappedInItsOwnNameIsRefusedNotReadAsDefaults) {
    const std::string message =
        refusal(R"({"symbols": {"BTCUSDT": {"BTCUSDT": {"leverage": 5}}}})");
    EXPECT_NE(message.find("symbols.BTCUSDT.BTCUSDT"), std::string::npos) << message;
}

TEST(Settings, OfTranchesAreRefusedByTheNameOfTheirField) {
    for (const std::string_view bad :
         {R"("tranche_pnl_increment_pct": 0)", R"("max_tranches_per_symbol_side": 0)",
          R"("max_tranches_per_symbol_side": 51)", R"("max_orders_per_tranche": 1)",
          R"("max_stop_orders_per_symbol": 0)", R"("tranche_merge_pnl_pct": -99)",
          R"("on_max_tranches": "merge")", R"("tranche_order_ttl_seconds": -1)",
          R"("unattributed_close_policy": "newest")", R"("enable_order_consolidation": 1)"}) {
        const std::string text{bad};
        const std::string key = text.substr(1, text.find('"', 1) - 1);
        const std::string message = refusal("{\"globals\": {" + text + "}, \"symbols\": {}}");
        EXPECT_NE(message.find("globals." + key), std::string::npos) << text << ": " << message;
    }
}

}  // namespace
}  // namespace tranche::test
