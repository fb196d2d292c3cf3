// Merging: what it records, what it never does, and the cover it keeps.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

/// A long of two tranches, 0.02 at 50 000 and 0.022 at 45 000, far from their exits.
Options merging() {
    Options with = options();
    with.settings.symbols[0].stop_loss = ratio("0.5");
    with.settings.symbols[0].take_profit = ratio("0.5");
    return with;
}
void open_two(World& world) {
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::sell, price("45000"));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 2U);
}

void reach_break_even(World& world) {
    world.pass(seconds(31));
    world.mark(btc, at);
    world.pass(seconds(2));
}

TEST(Merging, RecordsWhatBothWereAndWhatTheyBecame) {
    World world{merging()};
    open_two(world);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    const Notional margin = world.state().totals.used_margin;
    reach_break_even(world);
    const auto merges = world.records_of(RecordKind::merge);
    ASSERT_EQ(merges.size(), 1U);
    const MergeRow merge = merges[0].merge;
    EXPECT_EQ(merge.kept, rows[0].id);
    EXPECT_EQ(merge.absorbed, rows[1].id);
    EXPECT_EQ(merge.kept_quantity, quantity("0.02"));
    EXPECT_EQ(merge.absorbed_quantity, quantity("0.022"));
    EXPECT_EQ(merge.kept_entry, at);
    EXPECT_EQ(merge.absorbed_entry, price("45000"));
    EXPECT_EQ(merge.entry, world.tranches(btc, long_side).at(0).entry);
    EXPECT_EQ(merge.why, 0);
    EXPECT_EQ(world.state().totals.used_margin, margin);
    EXPECT_EQ((world.holdings[{btc, long_side}].quantity), quantity("0.042"));
}

TEST(Merging, LeavesNothingOfTheAbsorbedTrancheBehind) {
    World world{merging()};
    open_two(world);
    const TrancheId absorbed = world.tranches(btc, long_side)[1].id;
    reach_break_even(world);
    ASSERT_EQ(world.recorded(btc, long_side).size(), 1U);
    TrancheRow last{};
    for (const Record& record : world.records_of(RecordKind::tranche))
        if (record.tranche.id == absorbed) last = record.tranche;
    EXPECT_EQ(last.state, TrancheState::merged);
    EXPECT_TRUE(last.quantity.zero());
    EXPECT_EQ(last.cost, Notional{});
    for (const auto& [id, order] : world.orders)
        EXPECT_FALSE(order.open() && id.tranche == absorbed) << "an order of the absorbed one";
    EXPECT_EQ(world.only(btc, Role::stop_loss).left(), quantity("0.042"));
    EXPECT_EQ(world.only(btc, Role::take_profit).left(), quantity("0.042"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Merging, CoversEveryUnitBeforeEachOfItsSteps) {
    for (const Answer answer : {Answer::accept, Answer::reply_first, Answer::reply_only,
                                Answer::report_only, Answer::lost_reply}) {
        World world{merging()};
        open_two(world);
        Quantity least = quantity("1");
        world.treat = [&](const Command&) {
            least = std::min(least, world.covered(btc, long_side));
            return Treatment{answer};
        };
        reach_break_even(world);
        world.pass(seconds(3));
        world.treat = nullptr;
        world.pass(seconds(30));
        EXPECT_GE(least, quantity("0.042")) << static_cast<int>(answer);
        EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
        EXPECT_EQ(world.unsettled(), "");
    }
}

TEST(Merging, NeverMixesTheSides) {
    World world{merging()};
    take_position(world, btc, Side::sell, at);
    take_position(world, btc, Side::buy, at);
    reach_break_even(world);
    world.control(ControlKind::merge, btc, long_side);
    world.control(ControlKind::merge, btc, short_side);
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, short_side).size(), 1U);
}

TEST(Merging, NeverMixesSymbols) {
    World world{merging()};
    take_position(world, btc, Side::sell, at);
    take_position(world, eth, Side::sell, price("3000"));
    world.pass(seconds(31));
    world.mark(btc, at);
    world.mark(eth, price("3000"));
    world.pass(seconds(2));
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
}

TEST(Merging, OfAShortHappensBelowBothEntries) {
    World world{merging()};
    take_position(world, btc, Side::buy, at);
    take_position(world, btc, Side::buy, price("55000"));
    ASSERT_EQ(world.tranches(btc, short_side).size(), 2U);
    world.pass(seconds(31));
    world.mark(btc, price("50000.1"));
    world.pass(seconds(2));
    EXPECT_EQ(world.tranches(btc, short_side).size(), 2U) << "the older one is at a loss";
    world.mark(btc, at);
    world.pass(seconds(2));
    EXPECT_EQ(world.tranches(btc, short_side).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Merging, WaitsWhileATrancheIsNotProtected) {
    World world{merging()};
    open_two(world);
    world.treat = placing(Role::stop_loss, {Answer::reject, -1000});
    world.end(world.open(btc, Role::stop_loss).at(1).placed.id, OrderStatus::expired);
    reach_break_even(world);
    EXPECT_TRUE(world.records_of(RecordKind::merge).empty());
    world.treat = nullptr;
    world.pass(seconds(10));
    world.mark(btc, at);
    world.pass(seconds(2));
    EXPECT_EQ(world.records_of(RecordKind::merge).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Merging, ForcedAtTheLimitIsRecordedAsForced) {
    Options with = merging();
    with.settings.tranche.max_per_side = 2;
    World world{with};
    open_two(world);
    take_position(world, btc, Side::sell, price("40000"));
    const auto merges = world.records_of(RecordKind::merge);
    ASSERT_EQ(merges.size(), 1U);
    EXPECT_EQ(merges[0].merge.why, 1);
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    world.pass(seconds(2));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Merging, SumsResultAndFeesOfBoth) {
    World world{merging()};
    open_two(world);
    const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
    for (const ExchangeOrder& exit : world.open(btc, Role::take_profit))
        world.fill(exit.placed.id, exit.placed.price, quantity("0.01"));
    world.pass(seconds(1));
    reach_break_even(world);
    const std::vector<TrancheRow> merged = world.tranches(btc, long_side);
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_EQ(merged[0].realized, usdt("475")) << "0.01 × 25 000 and 0.01 × 22 500";
    EXPECT_EQ(merged[0].exited, quantity("0.02"));
    EXPECT_EQ(world.unsettled(), "");
}

}  // namespace
}  // namespace tranche::test
