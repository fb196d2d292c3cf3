#include "core/clock.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

namespace tranche {
namespace {

TEST(Clock, NeverRunsBackwardsEvenWhenItIsCalibratedAgain) {
    Clock clock;
    Nanos last = clock.now();
    for (int i = 0; i < 200'000; ++i) {
        if (i % 1'000 == 0) clock.recalibrate();
        const Nanos now = clock.now();
        ASSERT_LE(last, now) << i;
        last = now;
    }
}

TEST(Clock, StaysCloseToTheKernels) {
    const Clock clock;
    // A thread may be interrupted between the two readings, so the best of many counts.
    std::int64_t nearest = INT64_MAX;
    for (int i = 0; i < 1'000; ++i) {
        const Nanos kernel = kernel_now();
        nearest = std::min(nearest, std::abs((clock.now() - kernel).count));
    }
    EXPECT_LT(nearest, milliseconds(1).count);
}

TEST(Clock, SaysWhetherItCounts) {
    const Clock clock;
    if (clock.uses_tsc())
        EXPECT_GT(clock.ticks_per_second(), 100'000'000U);
    else
        EXPECT_EQ(clock.ticks_per_second(), 0U);
}

TEST(Clock, TheMonotonicClockIsMonotonic) {
    const Nanos before = monotonic_now();
    EXPECT_LE(before, monotonic_now());
}

TEST(Nanos, UnitsAreWholeMultiples) {
    EXPECT_EQ(seconds(1), milliseconds(1'000));
    EXPECT_EQ(milliseconds(1), microseconds(1'000));
    EXPECT_EQ(microseconds(1), nanoseconds(1'000));
    EXPECT_EQ((seconds(2) - milliseconds(1)).milliseconds(), 1'999);
    EXPECT_EQ(nanoseconds(2'999).microseconds(), 2);
}

}  // namespace
}  // namespace tranche
