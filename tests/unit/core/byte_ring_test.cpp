#include "core/byte_ring.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <thread>

namespace tranche {
namespace {

char letter(std::uint64_t frame, std::size_t at) {
    return static_cast<char>('a' + (frame * 7 + at) % 26);
}

bool put(ByteRing& ring, std::uint64_t number, std::size_t length) {
    char* room = ring.reserve(length);
    if (room == nullptr) return false;
    for (std::size_t i = 0; i < length; ++i) room[i] = letter(number, i);
    ring.publish({{static_cast<std::int64_t>(number)}, static_cast<std::uint32_t>(length), 1, 2});
    return true;
}

bool is_frame(const Frame& frame, std::uint64_t number, std::size_t length) {
    if (frame.head.arrival_time.count != static_cast<std::int64_t>(number)) return false;
    if (frame.head.connection != 1 || frame.head.kind != 2) return false;
    if (frame.head.length != length || frame.bytes.size() != length) return false;
    for (std::size_t i = 0; i < length; ++i)
        if (frame.bytes[i] != letter(number, i)) return false;
    return true;
}

TEST(ByteRing, KeepsFramesOfAnyLengthWholeAroundItsEnd) {
    ByteRing ring{4096};
    std::mt19937 random{5};
    std::vector<std::size_t> lengths(2'000);
    for (std::size_t& length : lengths) length = random() % (ring.longest() + 1);
    std::uint64_t written = 0;
    for (std::uint64_t read = 0; read < lengths.size(); ++read) {
        while (written < lengths.size() && put(ring, written, lengths[written])) ++written;
        ASSERT_GT(written, read) << "an empty ring has room for the longest frame";
        Frame frame;
        ASSERT_TRUE(ring.front(frame));
        ASSERT_TRUE(is_frame(frame, read, lengths[read])) << read;
        ring.pop();
    }
    Frame frame;
    EXPECT_FALSE(ring.front(frame));
    EXPECT_EQ(ring.size(), 0U);
}

TEST(ByteRing, PaddingBehindEachFrameCanBeReadAndIsNotInUse) {
    ByteRing ring{4096};
    std::size_t checksum = 0;
    for (std::uint64_t number = 0; number < 500; ++number) {
        ASSERT_TRUE(put(ring, number, number % (ring.longest() + 1)));
        Frame frame;
        ASSERT_TRUE(ring.front(frame));
        const char* end = frame.bytes.data() + frame.bytes.size();
        // The address sanitizer watches this read.
        for (std::size_t i = 0; i < simdjson_padding; ++i)
            checksum += static_cast<unsigned char>(end[i]);
        ring.pop();
    }
    EXPECT_GT(checksum, 0U);
}

TEST(ByteRing, IsFullUntilAFrameIsGivenBack) {
    ByteRing ring{4096};
    std::uint64_t count = 0;
    while (put(ring, count, ring.longest())) ++count;
    EXPECT_GE(count, 3U);
    EXPECT_LE(ring.size(), ring.capacity());
    Frame frame;
    ASSERT_TRUE(ring.front(frame));
    EXPECT_TRUE(is_frame(frame, 0, ring.longest()));
    ring.pop();
    EXPECT_TRUE(put(ring, count, ring.longest()));
}

TEST(ByteRing, LessMayBePublishedThanWasReserved) {
    ByteRing ring{4096};
    char* room = ring.reserve(900);
    std::fill_n(room, 900, 'x');
    ring.publish({{}, 3, 0, 0});
    ASSERT_TRUE(put(ring, 9, 10));
    Frame frame;
    ASSERT_TRUE(ring.front(frame));
    EXPECT_EQ((std::string{frame.bytes.begin(), frame.bytes.end()}), "xxx");
    ring.pop();
    ASSERT_TRUE(ring.front(frame));
    EXPECT_TRUE(is_frame(frame, 9, 10));
}

TEST(ByteRing, HandsFramesToAnotherThreadWholeAndInOrder) {
    constexpr std::uint64_t count = 200'000;
    ByteRing ring{8192};
    const auto length_of = [](std::uint64_t number) { return (number * 37) % 300; };
    std::thread producer{[&] {
        for (std::uint64_t number = 0; number < count;) {
            if (put(ring, number, length_of(number)))
                ++number;
            else
                std::this_thread::yield();
        }
    }};
    std::uint64_t wrong = 0;
    for (std::uint64_t number = 0; number < count;) {
        Frame frame;
        if (!ring.front(frame)) {
            std::this_thread::yield();
            continue;
        }
        wrong += !is_frame(frame, number, length_of(number));
        ring.pop();
        ++number;
    }
    producer.join();
    EXPECT_EQ(wrong, 0U);
}

TEST(ByteRingDeathTest, AFrameThatCanNeverFitIsOurBug) {
    ByteRing ring{4096};
    EXPECT_DEATH(ring.reserve(ring.longest() + 1), "a frame fits its ring");
    EXPECT_DEATH(ByteRing{5000}, "a byte ring's capacity is a power of two");
}

}  // namespace
}  // namespace tranche
