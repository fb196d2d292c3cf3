#include "tools/rebuild.hpp"

#include <gtest/gtest.h>

namespace tranche {
namespace {

constexpr std::int64_t one = Quantity::one;

/// A long side, told by trades and stops of tranches.
struct Evidence : SideEvidence {
    std::int64_t next_order{100};

    Evidence() {
        side = PositionSide::long_side;
        entry = {10 * Price::one};
    }
    static ClientOrderId id(Role role, std::uint32_t tranche, std::uint32_t generation = 1) {
        return {.instance = 0,
                .role = role,
                .reserved = 0,
                .epoch = 5,
                .tranche = TrancheId{tranche},
                .generation = generation};
    }
    void trade(Role role, std::uint32_t tranche, std::int64_t quantity, std::int64_t price) {
        orders.push_back({++next_order, id(role, tranche)});
        trades.push_back({next_order, {quantity * one}, {price * Price::one}});
    }
    void stop(std::uint32_t tranche, std::int64_t quantity, std::uint32_t generation = 1) {
        aster::ListedOrder& stop = open.emplace_back();
        stop.order.ours = true;
        stop.order.id = id(Role::stop_loss, tranche, generation);
        stop.order.side = Side::sell;
        stop.order.quantity = {quantity * one};
    }
};

TEST(Rebuild, TradesAndStopsTellEachTrancheWithItsEntryAndItsGenerations) {
    Evidence evidence;
    evidence.held = {5 * one};
    evidence.trade(Role::entry, 3, 2, 10);
    evidence.trade(Role::entry, 4, 3, 8);
    evidence.trade(Role::entry, 3, 2, 12);
    evidence.trade(Role::take_profit, 3, 2, 13);
    evidence.stop(3, 2, 4);
    evidence.stop(4, 3);
    const SideRebuilt rebuilt = rebuild_side(evidence);
    EXPECT_TRUE(rebuilt.exact);
    ASSERT_EQ(rebuilt.tranches.size(), 2U);
    EXPECT_EQ(rebuilt.tranches[0].id, TrancheId{3});
    EXPECT_EQ(rebuilt.tranches[0].ordinal, 0U);
    EXPECT_EQ(rebuilt.tranches[0].quantity.raw, 2 * one);
    EXPECT_EQ(rebuilt.tranches[0].entry.raw, 11 * Price::one) << "what is left keeps its average";
    EXPECT_EQ(rebuilt.tranches[0].stop_loss_generation, 4U);
    EXPECT_EQ(rebuilt.tranches[1].id, TrancheId{4});
    EXPECT_EQ(rebuilt.tranches[1].ordinal, 1U);
    EXPECT_EQ(rebuilt.tranches[1].entry.raw, 8 * Price::one);
}

TEST(Rebuild, AfterAMergeTheStopsSayWhatIsOneTrancheNow) {
    Evidence evidence;
    evidence.held = {5 * one};
    evidence.trade(Role::entry, 3, 2, 10);
    evidence.trade(Role::entry, 4, 3, 8);
    evidence.stop(3, 5);
    const SideRebuilt rebuilt = rebuild_side(evidence);
    ASSERT_EQ(rebuilt.tranches.size(), 1U);
    EXPECT_EQ(rebuilt.tranches[0].quantity.raw, 5 * one);
    EXPECT_EQ(rebuilt.tranches[0].entry, evidence.entry) << "the position's average";
    EXPECT_FALSE(rebuilt.exact);
}

TEST(Rebuild, WithoutStopsTheTradesSpeakAndWithoutEitherNothingIsGuessed) {
    Evidence evidence;
    evidence.held = {2 * one};
    evidence.trade(Role::entry, 3, 2, 10);
    EXPECT_EQ(rebuild_side(evidence).tranches.size(), 1U);
    evidence.held = {7 * one};
    EXPECT_TRUE(rebuild_side(evidence).tranches.empty());
    evidence.trade(Role::backstop, 0, 5, 9);
    EXPECT_TRUE(rebuild_side(evidence).tranches.empty()) << "a backstop names no tranche";
}

TEST(Rebuild, OfAStopAndItsSuccessorOnlyOneIsCounted) {
    Evidence evidence;
    evidence.held = {3 * one};
    evidence.trade(Role::entry, 3, 3, 10);
    evidence.stop(3, 2, 1);
    evidence.stop(3, 3, 2);
    const SideRebuilt rebuilt = rebuild_side(evidence);
    ASSERT_EQ(rebuilt.tranches.size(), 1U);
    EXPECT_EQ(rebuilt.tranches[0].quantity.raw, 3 * one);
    EXPECT_TRUE(rebuilt.exact);
}

}  // namespace
}  // namespace tranche
