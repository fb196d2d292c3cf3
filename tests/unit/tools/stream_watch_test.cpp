// Which streams are there: told to the engine, with what passed unseen on record.
#include "tools/stream_watch.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace tranche {
namespace {

/// Two signal connections, two for marks, two of the user: groups 0, 1, 2.
struct StreamWatchTest : testing::Test {
    static std::vector<StreamRole> roles() {
        const StreamRole signal{StreamKind::market, 0, true, seconds(5)};
        const StreamRole marks{StreamKind::market, 1, true, seconds(5)};
        const StreamRole user{StreamKind::user, 2, true, Nanos{}};
        return {signal, signal, marks, marks, user, user};
    }
    StreamWatchTest() {
        std::vector<const StreamCounters*> seen;
        for (const auto& one : counters) seen.push_back(one.get());
        watch = std::make_unique<StreamWatch>(states, events, roles(), seen);
    }
    void state(std::uint16_t connection, StreamPhase phase, LossReason reason = LossReason::none) {
        if (phase == StreamPhase::lost) ++losses[connection];
        *states.slot() = {now, losses[connection], connection, {}, phase, reason, {}};
        states.publish();
        watch->poll(now);
    }
    void speak(std::uint16_t connection) {
        counters[connection]->last_message_ns.store(now.count);
        watch->poll(now);
    }
    void pass(Nanos span) {
        now += span;
        watch->poll(now);
    }
    /// What the engine is told: "+market" or "-user4".
    std::vector<std::string> told() {
        std::vector<std::string> list;
        for (; const Event* event = events.front(); events.pop()) {
            const StreamChange& change = event->stream_change;
            const bool market = change.stream == StreamKind::market;
            list.push_back((change.state == StreamCondition::open ? "+" : "-") +
                           (market ? "market" : "user" + std::to_string(change.connection)));
        }
        return list;
    }
    void all_open_and_speaking() {
        for (std::uint16_t i = 0; i < 6; ++i) state(i, StreamPhase::open);
        for (std::uint16_t i = 0; i < 4; ++i) speak(i);
        told();
    }
    using List = std::vector<std::string>;

    Nanos now = seconds(1'000);
    Ring<StreamState> states{16};
    Ring<Event> events{16};
    std::vector<std::unique_ptr<StreamCounters>> counters = [] {
        std::vector<std::unique_ptr<StreamCounters>> made(6);
        for (auto& one : made) one = std::make_unique<StreamCounters>();
        return made;
    }();
    std::array<std::uint64_t, 6> losses{};
    std::unique_ptr<StreamWatch> watch;
};

TEST_F(StreamWatchTest, TheMarketIsThereOnceAndTheUserByConnection) {
    state(0, StreamPhase::connecting);
    EXPECT_EQ(told(), List{});
    state(0, StreamPhase::open);
    state(1, StreamPhase::open);
    state(4, StreamPhase::open);
    state(5, StreamPhase::open);
    EXPECT_EQ(told(), (List{"+market", "+user4", "+user5"}));
    EXPECT_EQ(watch->user_opened(), 2U);
    EXPECT_TRUE(watch->open()[1]);
}

TEST_F(StreamWatchTest, OneOfTwoMarketConnectionsCutChangesNothing) {
    all_open_and_speaking();
    state(0, StreamPhase::lost, LossReason::reset);
    speak(1);
    EXPECT_EQ(told(), List{});
    EXPECT_EQ(watch->gap(), nullptr);
    state(1, StreamPhase::lost, LossReason::reset);
    EXPECT_EQ(told(), List{"-market"});
}

TEST_F(StreamWatchTest, AGapIsOnRecordFromTheLastMessageToTheNextConnection) {
    all_open_and_speaking();
    pass(milliseconds(300));
    state(0, StreamPhase::lost, LossReason::cut);
    state(1, StreamPhase::lost, LossReason::reset);
    pass(milliseconds(450));
    state(1, StreamPhase::open);
    EXPECT_EQ(told(), (List{"-market", "+market"}));
    const StreamGap* gap = watch->gap();
    ASSERT_NE(gap, nullptr);
    EXPECT_EQ(gap->end - gap->begin, milliseconds(750));
    EXPECT_EQ(gap->connection, 1);
    EXPECT_EQ(gap->reason, LossReason::reset);
    const Record record = record_of(*gap, "signal 2");
    EXPECT_EQ(record.kind, RecordKind::alarm);
    EXPECT_EQ(record.alarm.kind, AlarmKind::stream_gap);
    EXPECT_EQ(record.alarm.value, 750);
    EXPECT_EQ(std::string{record.alarm.text.data()}.find("signal 2 and its like: "), 0U);
    watch->pop_gap();
    EXPECT_EQ(watch->gap(), nullptr);
    EXPECT_EQ(watch->gaps(), 1U);
}

TEST_F(StreamWatchTest, AMarketThatSaysNothingClosesEntriesUntilItSpeaksAgain) {
    all_open_and_speaking();
    for (int second = 0; second < 5; ++second) {
        pass(seconds(1));
        speak(2);
    }
    EXPECT_EQ(told(), List{}) << "five seconds are not longer than five seconds";
    pass(milliseconds(20));
    EXPECT_EQ(told(), List{"-market"}) << "marks go on, signals do not";
    state(0, StreamPhase::lost, LossReason::pong_overdue);
    state(0, StreamPhase::open);
    EXPECT_EQ(told(), List{}) << "a connection is no price";
    speak(0);
    pass(milliseconds(20));
    EXPECT_EQ(told(), List{"+market"});
}

TEST_F(StreamWatchTest, MarksThatStayAwayCloseEntriesToo) {
    all_open_and_speaking();
    for (int second = 0; second < 6; ++second) {
        pass(seconds(1));
        speak(0);
    }
    EXPECT_EQ(told(), List{"-market"});
    speak(3);
    pass(milliseconds(20));
    EXPECT_EQ(told(), List{"+market"});
}

TEST_F(StreamWatchTest, AUserConnectionThatBlinkedUnseenIsToldAsLostAndOpen) {
    all_open_and_speaking();
    ++losses[4];
    state(4, StreamPhase::open);
    EXPECT_EQ(told(), (List{"-user4", "+user4"}));
    EXPECT_EQ(watch->user_opened(), 3U);
}

TEST_F(StreamWatchTest, AQuietAccountIsNoLostOne) {
    all_open_and_speaking();
    for (int minute = 0; minute < 60; ++minute) {
        pass(seconds(1));
        speak(0);
        speak(2);
    }
    EXPECT_EQ(told(), List{});
    state(5, StreamPhase::lost, LossReason::cut);
    EXPECT_EQ(told(), List{"-user5"});
    EXPECT_EQ(watch->gap(), nullptr) << "the other one brings everything";
}

TEST_F(StreamWatchTest, WhatFindsNoRoomIsToldLater) {
    while (Event* slot = events.slot()) {
        *slot = Event{};
        events.publish();
    }
    state(0, StreamPhase::open);
    state(4, StreamPhase::open);
    while (events.front() != nullptr) events.pop();
    watch->poll(now);
    watch->poll(now);
    EXPECT_EQ(told(), (List{"+user4", "+market"}));
}

}  // namespace
}  // namespace tranche
