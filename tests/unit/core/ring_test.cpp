#include "core/ring.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace tranche {
namespace {

TEST(Ring, KeepsOrderWhenItsIndexOverflows) {
    Ring<int, std::uint8_t> ring{128};
    for (int value = 0; value < 1'000; ++value) {
        *ring.slot() = value;
        ring.publish();
        ASSERT_EQ(*ring.front(), value);
        ring.pop();
    }
}

TEST(Ring, IsFullAtItsCapacityAndEmptyAtNoneWhereverItsIndexStands) {
    Ring<int, std::uint8_t> ring{128};
    for (int turn = 0; turn < 10; ++turn) {
        ASSERT_EQ(ring.front(), nullptr);
        ASSERT_EQ(ring.room(), 128U);
        for (int i = 0; i < 128; ++i) {
            int* slot = ring.slot();
            ASSERT_NE(slot, nullptr);
            *slot = turn * 128 + i;
            ring.publish();
        }
        ASSERT_EQ(ring.slot(), nullptr);
        ASSERT_EQ(ring.size(), 128U);
        ASSERT_EQ(ring.room(), 0U);
        for (int i = 0; i < 128; ++i) {
            ASSERT_EQ(*ring.front(), turn * 128 + i);
            ring.pop();
        }
        ring.slot();  // an unpublished slot is seen by nobody
        ASSERT_EQ(ring.front(), nullptr);
        // 57 more, so that each turn begins at another slot.
        for (int i = 0; i < 57; ++i) {
            *ring.slot() = i;
            ring.publish();
            ASSERT_EQ(*ring.front(), i);
            ring.pop();
        }
    }
}

TEST(Ring, ABatchCanBeReadBeforeAnyOfItIsGivenBack) {
    Ring<int> ring{4};
    for (const int value : {1, 2, 3}) {
        *ring.slot() = value;
        ring.publish();
    }
    EXPECT_EQ(*ring.peek(0), 1);
    EXPECT_EQ(*ring.peek(2), 3);
    EXPECT_EQ(ring.peek(3), nullptr);
    EXPECT_EQ(ring.size(), 3U);
    ring.pop(2);
    EXPECT_EQ(*ring.front(), 3);
    EXPECT_EQ(ring.room(), 3U);
}

TEST(Ring, HandsAMillionElementsToAnotherThreadInOrder) {
    constexpr std::uint64_t count = 1'000'000;
    struct Pair {
        std::uint64_t value;
        std::uint64_t check;
    };
    Ring<Pair> ring{256};
    std::thread producer{[&ring] {
        for (std::uint64_t i = 0; i < count;) {
            Pair* slot = ring.slot();
            if (slot == nullptr) {
                std::this_thread::yield();
                continue;
            }
            *slot = {i, ~i};
            ring.publish();
            ++i;
        }
    }};
    std::uint64_t wrong = 0;
    std::uint64_t sum = 0;
    for (std::uint64_t expected = 0; expected < count;) {
        const Pair* pair = ring.front();
        if (pair == nullptr) {
            std::this_thread::yield();
            continue;
        }
        wrong += pair->value != expected || pair->check != ~expected;
        sum += pair->value;
        ring.pop();
        ++expected;
    }
    producer.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(sum, count * (count - 1) / 2);
    EXPECT_EQ(ring.size(), 0U);
}

TEST(Ring, OverForeignMemoryContinuesWhereItStood) {
    const auto indices = std::make_unique<Ring<int>::Indices>();
    std::vector<int> slots(8);
    {
        Ring<int> before{*indices, slots.data(), slots.size()};
        for (int value = 0; value < 8; ++value) {
            *before.slot() = value;
            before.publish();
        }
        ASSERT_NE(before.peek(4), nullptr);
        before.pop(5);
    }
    Ring<int> after{*indices, slots.data(), slots.size()};
    EXPECT_EQ(after.size(), 3U);
    EXPECT_EQ(*after.front(), 5);
    *after.slot() = 8;
    after.publish();
    for (int value = 5; value <= 8; ++value) {
        EXPECT_EQ(*after.front(), value);
        after.pop();
    }
    EXPECT_EQ(after.front(), nullptr);
}

TEST(RingDeathTest, WhatWasNotSeenCannotBeGivenBack) {
    Ring<int> ring{4};
    ring.publish();
    EXPECT_DEATH(ring.pop(), "only elements that were seen are given back");
    ASSERT_NE(ring.front(), nullptr);
    EXPECT_DEATH(ring.pop(2), "only elements that were seen are given back");
}

TEST(RingDeathTest, ACapacityMustSuitTheIndex) {
    EXPECT_DEATH((Ring<int>{3}), "a capacity is a power of two");
    EXPECT_DEATH((Ring<int>{0}), "a capacity is a power of two");
    EXPECT_DEATH((Ring<int, std::uint8_t>{256}), "a capacity suits its index");
}

}  // namespace
}  // namespace tranche
