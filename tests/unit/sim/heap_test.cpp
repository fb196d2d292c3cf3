#include "tools/sim/heap.hpp"

#include <gtest/gtest.h>

namespace tranche::sim {
namespace {

TEST(EventHeap, GivesWhatIsDueFirstAndKeepsTheOrderOfEquals) {
    EventHeap heap;
    heap.push(seconds(3), HappeningKind::link_up, 30);
    heap.push(seconds(1), HappeningKind::link_up, 10);
    heap.push(seconds(1), HappeningKind::link_up, 11);
    heap.push(seconds(2), HappeningKind::link_up, 20);
    heap.push(seconds(1), HappeningKind::link_up, 12);
    for (const std::uint32_t wanted : {10U, 11U, 12U, 20U, 30U})
        EXPECT_EQ(heap.pop().index, wanted);
    EXPECT_TRUE(heap.empty());
}

TEST(Pool, UsesPlacesAgain) {
    Pool<int> pool{2};
    const std::uint32_t first = pool.take(1);
    const std::uint32_t second = pool.take(2);
    pool.give_back(first);
    EXPECT_EQ(pool.take(3), first);
    EXPECT_EQ(pool[first], 3);
    EXPECT_EQ(pool[second], 2);
}

}  // namespace
}  // namespace tranche::sim
