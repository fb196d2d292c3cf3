// The wheel of timers: exact times, any order, any distance.
#include "tranche/timers.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace tranche {
namespace {

constexpr Nanos start = seconds(1'700'000'000);

TEST(Timers, GoOffOnceAtTheirTimeAndNotBefore) {
    Timers timers{4};
    timers.set(2, start + milliseconds(7));
    EXPECT_EQ(timers.pop(start + milliseconds(7) - nanoseconds(1)), Timers::none);
    EXPECT_EQ(timers.pop(start + milliseconds(7)), 2U);
    EXPECT_EQ(timers.pop(start + seconds(100)), Timers::none);
}

TEST(Timers, KeepTheEarlierOfTwoTimesWhenAsked) {
    Timers timers{1};
    timers.set(0, start + seconds(2));
    timers.set_earlier(0, start + seconds(3));
    EXPECT_EQ(timers.at(0), start + seconds(2));
    timers.set_earlier(0, start + seconds(1));
    EXPECT_EQ(timers.pop(start + seconds(1)), 0U);
}

TEST(Timers, SetWhileOthersGoOffWaitForTheNextTurn) {
    Timers timers{1};
    timers.set(0, start);
    EXPECT_EQ(timers.pop(start), 0U);
    timers.set(0, start - seconds(5));
    EXPECT_EQ(timers.pop(start), Timers::none) << "or one that sets itself again would never end";
    EXPECT_EQ(timers.pop(start + nanoseconds(1)), 0U);
}

TEST(Timers, AgreeWithASortedListOverLongJumps) {
    std::mt19937_64 random{3};
    Timers timers{64};
    std::map<std::uint32_t, Nanos> expected;
    Nanos now = start;
    for (int turn = 0; turn < 20'000; ++turn) {
        const auto id = static_cast<std::uint32_t>(random() % 64);
        if (random() % 4 == 0) {
            timers.clear(id);
            expected.erase(id);
        } else {
            const Nanos when = now + milliseconds(1 + static_cast<std::int64_t>(random() % 60'000));
            timers.set(id, when);
            expected[id] = when;
        }
        now += milliseconds(random() % 50 == 0 ? 30'000 : 5);
        std::set<std::uint32_t> due;
        for (const auto& [of, when] : expected)
            if (when <= now) due.insert(of);
        std::set<std::uint32_t> gone_off;
        for (std::uint32_t of = timers.pop(now); of != Timers::none; of = timers.pop(now))
            gone_off.insert(of);
        ASSERT_EQ(gone_off, due);
        for (const std::uint32_t of : due) expected.erase(of);
    }
}

}  // namespace
}  // namespace tranche
