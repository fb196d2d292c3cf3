// What must hold of redundant feeds: with 20 ms of jitter on one connection, the 99th percentile of
// arrival is that of the better one within 5 %.
#include "bench/feed_race.hpp"

#include <gtest/gtest.h>

namespace tranche::bench {
namespace {

TEST(FeedRace, JitterOnOneConnectionDoesNotReachTheEngine) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        for (const std::size_t bad : {0U, 1U}) {
            FeedRace race;
            race.messages = 20'000;
            race.seed = seed;
            race.feeds[bad].jitter = milliseconds(20);
            const FeedRaceResult result = run_feed_race(race);
            const std::int64_t better = result.alone[1 - bad];
            EXPECT_GT(result.alone[bad], 5 * better) << "the jitter is there";
            EXPECT_LE(result.both * 100, better * 105);
            EXPECT_GE(result.both * 100, better * 95);
            EXPECT_EQ(result.passed, race.messages) << "nothing lost, nothing twice";
            EXPECT_EQ(result.wins[0] + result.wins[1], race.messages);
            EXPECT_EQ(result.copies[0] + result.copies[1], race.messages);
            EXPECT_GT(result.wins[1 - bad], 9 * result.wins[bad]);
        }
    }
}

TEST(FeedRace, StallsThatDoNotMeetAreNotSeenAtAll) {
    FeedRace race;
    race.messages = 20'000;
    for (FeedDelay& feed : race.feeds) feed.stall_permille = 20;
    const FeedRaceResult result = run_feed_race(race);
    EXPECT_GT(result.alone[0], milliseconds(15).count);
    EXPECT_GT(result.alone[1], milliseconds(15).count);
    EXPECT_LT(result.both, std::min(result.alone[0], result.alone[1]));
    EXPECT_EQ(result.passed, race.messages);
}

}  // namespace
}  // namespace tranche::bench
