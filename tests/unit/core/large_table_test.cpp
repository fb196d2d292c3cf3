#include "core/large_table.hpp"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>

namespace tranche {
namespace {

struct alignas(64) Line {
    std::uint64_t value;
};

TEST(LargeTable, BeginsOnAPageOfTwoMebibytesWhenItIsLarge) {
    const LargeTable<Line> table(10'000, Line{7});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(table.data()) % (std::size_t{2} << 20), 0U);
    EXPECT_TRUE(
        std::all_of(table.begin(), table.end(), [](const Line& line) { return line.value == 7; }));
}

TEST(LargeTable, TakesNoWholePageWhenItIsSmall) {
    const LargeTable<Line> one(1), other(1);
    const auto a = reinterpret_cast<std::uintptr_t>(one.data());
    const auto b = reinterpret_cast<std::uintptr_t>(other.data());
    EXPECT_EQ(a % alignof(Line), 0U);
    EXPECT_LT(std::max(a, b) - std::min(a, b), std::size_t{2} << 20);
}

TEST(LargeTable, KeepsItsElementsWhenItGrowsFromSmallToLarge) {
    LargeTable<std::uint64_t> table;
    for (std::uint64_t value = 0; value < 200'000; ++value) table.push_back(value);
    for (std::uint64_t value = 0; value < 200'000; ++value) ASSERT_EQ(table[value], value);
}

}  // namespace
}  // namespace tranche
