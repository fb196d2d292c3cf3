#include "net/parse.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tranche {
namespace {

/// A codec of one letter: what Parse does must not depend on an exchange.
struct Letters {
    Decoded decode(const Frame& frame, EventSink& out) {
        if (out.room() == 0) return Decoded::no_room;
        Event event{};
        event.arrival_time = frame.head.arrival_time;
        event.symbol = SymbolId{0};
        const std::int64_t number = frame.bytes.size() > 1 ? frame.bytes[1] - '0' : 0;
        switch (frame.bytes[0]) {
            case 'b':
                event.kind = EventKind::book_ticker;
                event.book_ticker.update_id = number;
                event.book_ticker.exchange_time =
                    frame.bytes.size() > 2 ? seconds(frame.bytes[2] - '0') : Nanos{};
                break;
            case 'm':
                event.kind = EventKind::mark_price;
                event.mark_price.exchange_time = seconds(number);
                break;
            case 'l':
                event.kind = EventKind::liquidation;
                event.liquidation.trade_time = seconds(number);
                break;
            case 'i': return Decoded::ignored;
            case 'u': return Decoded::unknown_kind;
            default: return Decoded::malformed;
        }
        *out.slot() = event;
        out.publish();
        return Decoded::events;
    }
};

struct ParseTest : testing::Test {
    void push(const std::string& text) {
        char* place = frames.reserve(text.size());
        ASSERT_NE(place, nullptr);
        std::memcpy(place, text.data(), text.size());
        frames.publish(FrameHead{nanoseconds(100), static_cast<std::uint32_t>(text.size()), 0, 0});
    }
    std::size_t published() const { return events.size(); }

    ByteRing frames{std::size_t{1} << 16};
    Ring<Event> events{8};
    Letters codec;
    Nanos now{nanoseconds(350)};
    Parse<Letters> parse{frames, events, codec, 1, TimeSource{now}};
};

TEST_F(ParseTest, CountsEachFrameByWhatBecameOfIt) {
    for (const char* text : {"l", "i", "u", "?", "i"}) push(text);
    EXPECT_EQ(parse.poll(now), 5U);
    EXPECT_EQ(parse.poll(now), 0U);
    const ParseCounters& counters = parse.counters();
    EXPECT_EQ(counters.frames.load(), 5U);
    EXPECT_EQ(counters.events.load(), 1U);
    EXPECT_EQ(counters.ignored.load(), 2U);
    EXPECT_EQ(counters.unknown.load(), 1U);
    EXPECT_EQ(counters.malformed.load(), 1U);
    EXPECT_EQ(counters.latency.percentiles().count, 1U);
    EXPECT_EQ(counters.latency.percentiles().max, 250);
}

TEST_F(ParseTest, TakesABoundedBatchATurn) {
    for (int i = 0; i < 100; ++i) push("i");
    EXPECT_EQ(parse.poll(now), Parse<Letters>::batch);
    EXPECT_EQ(parse.poll(now), 100 - Parse<Letters>::batch);
}

TEST_F(ParseTest, LeavesAFrameWhereItIsWhileTheEngineIsBehind) {
    for (int i = 0; i < 10; ++i) push("l" + std::to_string(i));
    EXPECT_EQ(parse.poll(now), 8U);
    EXPECT_EQ(parse.poll(now), 0U);
    EXPECT_EQ(parse.counters().blocked.load(), 2U);
    for (int i = 0; i < 8; ++i, events.pop()) ASSERT_NE(events.front(), nullptr);
    EXPECT_EQ(parse.poll(now), 2U);
    EXPECT_EQ(parse.counters().frames.load(), 10U);
}

TEST_F(ParseTest, DropsBestPricesThatAreNotNewer) {
    for (const char* text : {"b51", "b51", "b41", "b61"}) push(text);
    parse.poll(now);
    EXPECT_EQ(published(), 2U);
    EXPECT_EQ(parse.counters().duplicates.load(), 2U);
}

TEST_F(ParseTest, FollowsABookWhoseNumbersStartAnew) {
    push("b91");
    push("b12");
    parse.poll(now);
    EXPECT_EQ(published(), 2U) << "the exchange's clock has moved on by a second";
    push("b12");
    parse.poll(now);
    EXPECT_EQ(published(), 2U);
}

TEST_F(ParseTest, WithoutAnExchangeTimeOnlyTheNumberCounts) {
    for (const char* text : {"b5", "b5", "b6"}) push(text);
    parse.poll(now);
    EXPECT_EQ(published(), 2U);
}

TEST_F(ParseTest, DropsMarkPricesThatAreNotNewerAndLiquidationsSeenBefore) {
    for (const char* text : {"m5", "m5", "m4", "m6", "l1", "l1", "l2"}) push(text);
    parse.poll(now);
    EXPECT_EQ(published(), 4U);
    EXPECT_EQ(parse.counters().duplicates.load(), 3U);
}

TEST_F(ParseTest, CountsWhichConnectionWonAndByHowMuch) {
    const auto bring = [this](std::uint16_t connection, Nanos arrival) {
        char* place = frames.reserve(2);
        std::memcpy(place, "l7", 2);
        frames.publish(FrameHead{arrival, 2, connection, 0});
    };
    bring(1, nanoseconds(100));
    bring(0, nanoseconds(130));
    Parse<Letters> both{frames, events, codec, 1, TimeSource{now}, 2};
    both.poll(now);
    EXPECT_EQ(published(), 1U);
    EXPECT_EQ(both.arbiter().counters(1).wins, 1U);
    EXPECT_EQ(both.arbiter().counters(0).copies, 1U);
    EXPECT_EQ(both.arbiter().counters(0).lag.percentiles().max, 30);
}

}  // namespace
}  // namespace tranche
