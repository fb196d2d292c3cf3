#include "net/backoff.hpp"

#include <gtest/gtest.h>
#include <set>

namespace tranche::testing {
namespace {

TEST(Backoff, OfAStreamBeginsAtOnceThenClimbsToFiveSeconds) {
    std::set<std::int64_t> thirds;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Backoff backoff{stream_ladder, seed};
        for (int round = 0; round < 2; ++round) {
            for (const std::int64_t span : {0, 50, 200, 400, 800, 1600, 3200, 5000, 5000}) {
                const Nanos wait = backoff.next();
                EXPECT_GE(wait, milliseconds(span / 2));
                EXPECT_LE(wait, milliseconds(span));
                if (span == 200) thirds.insert(wait.count);
            }
            backoff.reset();
        }
    }
    EXPECT_GT(thirds.size(), 90U) << "clients do not come back in step";
}

}  // namespace
}  // namespace tranche::testing
