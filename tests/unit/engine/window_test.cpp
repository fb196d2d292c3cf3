// Liquidated volume in a sliding span, and repeats of the same forced order.
#include "tranche/window.hpp"

#include <gtest/gtest.h>

namespace tranche::test {
namespace {

constexpr Nanos start = seconds(1'700'000'000);

TEST(VolumeWindow, CountsAnEventThatIsExactlyAsOldAsItsSpan) {
    std::array<VolumeWindow::Entry, 16> place;
    VolumeWindow window{seconds(60), place};
    window.add(start, Side::sell, 5);
    window.expire(start + seconds(60));
    EXPECT_EQ(window.sum(Side::sell), 5);
    window.expire(start + seconds(60) + nanoseconds(1));
    EXPECT_EQ(window.sum(Side::sell), 0);
    EXPECT_EQ(window.size(), 0U);
}

TEST(VolumeWindow, SumsBothSidesOrOnlyTheTriggersAsAsked) {
    std::array<VolumeWindow::Entry, 16> place;
    VolumeWindow window{seconds(60), place};
    window.add(start, Side::sell, 5);
    window.add(start, Side::buy, 7);
    EXPECT_EQ(window.sum(VolumeSide::both, Side::sell), 12);
    EXPECT_EQ(window.sum(VolumeSide::trigger_side, Side::sell), 5);
    EXPECT_EQ(window.sum(VolumeSide::trigger_side, Side::buy), 7);
}

TEST(VolumeWindow, NeverUnderstatesTheSumWhenMoreEventsComeThanFit) {
    std::array<VolumeWindow::Entry, 4> place;
    VolumeWindow window{seconds(60), place};
    for (int i = 0; i < 10; ++i) window.add(start + seconds(i), Side::sell, 1);
    EXPECT_EQ(window.size(), 4U);
    EXPECT_EQ(window.sum(Side::sell), 10);
    window.expire(start + seconds(66) + nanoseconds(1));
    EXPECT_GE(window.sum(Side::sell), 3);
    window.expire(start + seconds(70));
    EXPECT_EQ(window.sum(Side::sell), 0);
}

TEST(VolumeWindow, StaysWithinItsRangeHoweverLargeTheVolumes) {
    std::array<VolumeWindow::Entry, 4> place;
    VolumeWindow window{seconds(60), place};
    for (int i = 0; i < 3; ++i) {
        window.add(start, Side::sell, INT64_MAX);
        window.add(start, Side::buy, INT64_MAX);
    }
    EXPECT_EQ(window.sum(VolumeSide::both, Side::buy), INT64_MAX);
}

Liquidation forced(std::int64_t price, Nanos trade_time) {
    Liquidation made{};
    made.price = {price};
    made.quantity = {100};
    made.trade_time = trade_time;
    made.side = Side::sell;
    return made;
}

TEST(RecentLiquidations, KnowsARepeatForFiveSeconds) {
    RecentLiquidations recent;
    const Liquidation first = forced(1000, start);
    EXPECT_FALSE(recent.seen_before(SymbolId{0}, first, start));
    EXPECT_TRUE(recent.seen_before(SymbolId{0}, first, start + seconds(5)));
    EXPECT_FALSE(recent.seen_before(SymbolId{0}, first, start + seconds(5) + milliseconds(9)));
}

TEST(RecentLiquidations, TellsApartWhatDiffersInPriceOrTime) {
    RecentLiquidations recent;
    EXPECT_FALSE(recent.seen_before(SymbolId{0}, forced(1000, start), start));
    EXPECT_FALSE(recent.seen_before(SymbolId{0}, forced(1001, start), start));
    EXPECT_FALSE(recent.seen_before(SymbolId{0}, forced(1000, start + milliseconds(1)), start));
    EXPECT_FALSE(recent.seen_before(SymbolId{1}, forced(1000, start), start));
}

}  // namespace
}  // namespace tranche::test
