#include "core/canary.hpp"

#include <gtest/gtest.h>
#include <set>

namespace tranche {
namespace {

// A constant, so that no branch of a seeded bug is left in what trades.
static_assert(!has_canaries);
static_assert(!planted(Canary::none));
static_assert(!planted(Canary::retry_on_503));
static_assert(!planted(Canary::half_stop));
static_assert(!planted(Canary::old_snapshot_wins));

TEST(Canaries, AreNeverPlantedInAProgramThatTrades) {
    for (std::size_t i = 0; i < canary_count; ++i) {
        plant(static_cast<Canary>(i));
        EXPECT_FALSE(planted(static_cast<Canary>(i))) << canary_names[i];
    }
}

TEST(Canaries, EachHaveANameOfTheirOwn) {
    const std::set<std::string_view> names{canary_names.begin(), canary_names.end()};
    EXPECT_EQ(names.size(), canary_count);
    EXPECT_GE(canary_count, 29U) << "with `none`";
}

}  // namespace
}  // namespace tranche
