#include "tools/sim/spending.hpp"

#include <array>
#include <gtest/gtest.h>

namespace tranche::sim {
namespace {

constexpr Nanos start = seconds(1'750'000'000);
constexpr std::array limits{RateLimit{RateUnit::weight, seconds(60), 1'000},
                            RateLimit{RateUnit::orders, seconds(10), 10}};

TEST(Spending, IsTheShareOfTheScarcestLimit) {
    Spending spending{limits};
    EXPECT_EQ(spending.used_permille(start), 0U);
    for (int i = 0; i < 3; ++i) spending.add({.weight = 1, .orders = 1}, start);
    EXPECT_EQ(spending.used_permille(start), 300U);
    for (int i = 0; i < 497; ++i) spending.add({.weight = 1, .orders = 0}, start);
    EXPECT_EQ(spending.used_permille(start), 500U);
}

TEST(Spending, IsForgottenWhenItsWindowHasPassed) {
    Spending spending{limits};
    for (int i = 0; i < 5; ++i) spending.add({.weight = 1, .orders = 1}, start);
    EXPECT_EQ(spending.used_permille(start + milliseconds(9'999)), 500U);
    EXPECT_EQ(spending.used_permille(start + seconds(10)), 5U);
    EXPECT_EQ(spending.used_permille(start + seconds(60)), 0U);
}

}  // namespace
}  // namespace tranche::sim
