#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "tests/unit/capture/made.hpp"

namespace tranche::capture {
namespace {

/// Bytes and holes ("[3]") of the first party, as one text.
class Story final : public StreamObserver {
public:
    void on_data(StreamNumber, const StreamEnds&, Party from, Bytes bytes, Nanos time) override {
        if (from == Party::first) text.append(bytes.data(), bytes.size());
        times.push_back(time);
    }
    void on_gap(StreamNumber, const StreamEnds&, Party from, std::uint64_t length, Nanos) override {
        if (from == Party::first) text += '[' + std::to_string(length) + ']';
    }
    void on_end(StreamNumber, const StreamEnds&, Nanos) override { ++ended; }

    std::string text;
    std::vector<Nanos> times;
    std::size_t ended{};
};

constexpr std::uint32_t begin = 0xFFFFFFF8;  // so that the numbers wrap in every test

TcpSegment sent(std::uint32_t offset, const std::string& bytes, std::int64_t milliseconds_ = 0) {
    TcpSegment segment;
    const StreamEnds ends = made::ends();
    segment.source = ends.host[0];
    segment.target = ends.host[1];
    segment.source_port = ends.port[0];
    segment.target_port = ends.port[1];
    segment.sequence = begin + 1 + offset;
    segment.ack = true;
    segment.payload = bytes;
    segment.length = static_cast<std::uint32_t>(bytes.size());
    segment.time = made::at(milliseconds_);
    return segment;
}

TcpSegment acknowledged(std::uint32_t offset, std::int64_t milliseconds_ = 0) {
    TcpSegment segment = sent(0, "", milliseconds_);
    std::swap(segment.source, segment.target);
    std::swap(segment.source_port, segment.target_port);
    segment.sequence = 1;
    segment.acknowledged = begin + 1 + offset;
    return segment;
}

TcpSegment syn() {
    TcpSegment segment = sent(0, "");
    segment.sequence = begin;
    segment.syn = true;
    segment.ack = false;
    return segment;
}

TEST(Flows, PutsSegmentsInOrderHoweverTheyCome) {
    std::vector<std::pair<std::uint32_t, std::string>> parts = {
        {0, "one "}, {4, "two "}, {8, "three "}, {14, "four "}, {19, "five"}};
    do {
        Story story;
        Flows flows{story};
        flows.add(syn());
        for (const auto& [at, text] : parts) flows.add(sent(at, text));
        flows.finish();
        ASSERT_EQ(story.text, "one two three four five");
        ASSERT_EQ(flows.waiting_bytes(), 0U);
    } while (std::next_permutation(parts.begin(), parts.end()));
}

TEST(Flows, TakesTheFirstCopyOfEveryByte) {
    Story story;
    Flows flows{story};
    flows.add(syn());
    flows.add(sent(0, "abc"));
    flows.add(sent(6, "ghi"));
    flows.add(sent(8, "IJK"));        // i was there
    flows.add(sent(1, "XXdefGHIJ"));  // b, c and g to j were there
    flows.add(sent(0, "abc"));
    flows.add(sent(11, "l"));
    flows.finish();
    EXPECT_EQ(story.text, "abcdefghiJKl");
    EXPECT_EQ(flows.counts().gaps, 0U);
}

TEST(Flows, AnyCutAndOrderOfRetransmissionsGivesTheSameBytes) {
    std::string whole;
    for (int i = 0; i < 200; ++i) whole += static_cast<char>('a' + i % 26);
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random{seed};
        std::vector<std::pair<std::uint32_t, std::uint32_t>> parts;
        for (std::uint32_t at = 0; at < 200; at += 10) parts.emplace_back(at, 10);
        for (int i = 0; i < 30; ++i) {
            const auto at = static_cast<std::uint32_t>(random() % 199);
            parts.emplace_back(at, 1 + static_cast<std::uint32_t>(random() % (200 - at)));
        }
        std::shuffle(parts.begin(), parts.end(), random);
        Story story;
        Flows flows{story};
        flows.add(syn());
        for (const auto& [at, length] : parts) flows.add(sent(at, whole.substr(at, length)));
        flows.finish();
        ASSERT_EQ(story.text, whole) << seed;
        ASSERT_EQ(flows.waiting_bytes(), 0U);
    }
}

TEST(Flows, WhatWasAcknowledgedAndDoesNotComeIsAGap) {
    Story story;
    Flows flows{story, {.grace_segments = 3}};
    flows.add(syn());
    flows.add(acknowledged(0));
    flows.add(sent(0, "before "));
    flows.add(sent(12, "after "));
    flows.add(sent(18, "it "));
    EXPECT_EQ(story.text, "before ");  // it may still come
    flows.add(acknowledged(21));
    flows.add(sent(21, "all"));
    EXPECT_EQ(story.text, "before [5]after it all");
    EXPECT_EQ(flows.counts().gap_bytes, 5U);
}

TEST(Flows, WhatWasNeverReadIsNotTold) {
    Story story;
    Flows flows{story};
    flows.add(syn());
    flows.add(sent(0, "read"));
    flows.add(acknowledged(4));
    flows.add(sent(8, "never read"));
    flows.finish();
    EXPECT_EQ(story.text, "read");
    EXPECT_EQ(flows.counts().unread_bytes, 10U);
}

TEST(Flows, WithoutTheOtherSideAGapIsBelievedAfterAWhile) {
    Story story;
    Flows flows{story, {.patience = seconds(2)}};
    flows.add(sent(0, "a", 0));
    flows.add(sent(3, "b", 100));
    flows.add(sent(4, "c", 1'900));
    EXPECT_EQ(story.text, "a");
    flows.add(sent(5, "d", 2'200));
    EXPECT_EQ(story.text, "a[2]bcd");
    EXPECT_EQ(story.times[1], made::at(100));  // when its receiver had it
}

TEST(Flows, NewEndsOfTheSameNamesAreANewStream) {
    Story story;
    Flows flows{story};
    flows.add(syn());
    flows.add(sent(0, "old"));
    TcpSegment again = syn();
    again.sequence = 77;
    flows.add(again);
    const std::string fresh = " new";
    TcpSegment data = sent(0, fresh);
    data.sequence = 78;
    flows.add(data);
    flows.finish();
    EXPECT_EQ(story.text, "old new");
    EXPECT_EQ(flows.counts().streams, 2U);
    EXPECT_EQ(story.ended, 2U);
}

TEST(Flows, StaysWithinItsBounds) {
    Story story;
    Flows flows{story, {.streams = 10, .waiting_bytes = 10'000, .waiting_bytes_all = 30'000}};
    const std::string bytes(1'000, 'x');
    for (std::uint32_t i = 0; i < 1'000; ++i) {
        TcpSegment segment = sent(10 + i * 2'000, bytes, i);  // nothing but holes
        segment.source_port = static_cast<std::uint16_t>(1'000 + i % 50);
        flows.add(segment);
        TcpSegment far = sent(500'000 + i * 2'000, bytes, i);
        far.source_port = segment.source_port;
        flows.add(far);
        ASSERT_LE(flows.open_streams(), 10U);
        ASSERT_LE(flows.waiting_bytes(), 35'000U);
    }
    EXPECT_GT(flows.counts().evicted, 0U);
}

}  // namespace
}  // namespace tranche::capture
