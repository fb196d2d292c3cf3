#include "tools/outside_alarms.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tranche {
namespace {

constexpr Nanos start = seconds(1'790'000'000);
constexpr Nanos day = seconds(86'400);

std::string text_of(const Record& record) {
    return record.alarm.text.data();
}

TEST(OutsideAlarms, SilenceIsRaisedAfterTenSecondsOnceAndItsEndOnce) {
    OutsideAlarms alarms{start};
    int raised = 0;
    for (int i = 0; i < 99; ++i)
        EXPECT_TRUE(alarms.poll({.contact = start}, start + milliseconds(100 * i)).empty()) << i;
    for (int i = 100; i < 300; ++i)
        for (const Record& record :
             alarms.poll({.contact = start}, start + milliseconds(100 * i))) {
            EXPECT_EQ(record.alarm.kind, AlarmKind::exchange_unreachable);
            EXPECT_TRUE(record.alarm.raised);
            EXPECT_EQ(record.alarm.value, 10'000);
            ++raised;
        }
    EXPECT_EQ(raised, 1);
    EXPECT_EQ(alarms.silent_seconds(start + seconds(29)), 29);
    const auto over = alarms.poll({.contact = start + seconds(30)}, start + seconds(30));
    ASSERT_EQ(over.size(), 1U);
    EXPECT_FALSE(over[0].alarm.raised);
    EXPECT_EQ(over[0].alarm.value, 30'000);
    EXPECT_TRUE(alarms.poll({.contact = start + seconds(30)}, start + seconds(31)).empty());
}

TEST(OutsideAlarms, AStartWithoutAnyAnswerIsSilenceToo) {
    OutsideAlarms alarms{start};
    EXPECT_EQ(alarms.poll({}, start + seconds(10)).size(), 1U);
}

TEST(OutsideAlarms, TheEndOfTheKeyIsToldFourteenSevenAndOneDaysBeforeAndWhenItComes) {
    OutsideAlarms alarms{start};
    const Nanos expires = start + Nanos{day.count * 30};
    std::vector<std::int64_t> told;
    for (Nanos now = start; now < expires + day; now += seconds(3'600))
        for (const Record& record : alarms.poll({.contact = now, .agent_expires = expires}, now)) {
            EXPECT_EQ(record.alarm.kind, AlarmKind::agent_expires);
            EXPECT_TRUE(record.alarm.raised);
            told.push_back(record.alarm.value / 86'400'000);
        }
    EXPECT_EQ(told, (std::vector<std::int64_t>{14, 7, 1, 0}));
    const Nanos later = expires + day;
    const auto renewed =
        alarms.poll({.contact = later, .agent_expires = later + Nanos{day.count * 90}}, later);
    ASSERT_EQ(renewed.size(), 1U);
    EXPECT_FALSE(renewed[0].alarm.raised);
}

TEST(OutsideAlarms, AKeyThatIsGoodForLongIsNotMentioned) {
    OutsideAlarms alarms{start};
    const Nanos expires = start + Nanos{day.count * 90};
    EXPECT_TRUE(alarms.poll({.contact = start, .agent_expires = expires}, start).empty());
}

TEST(OutsideAlarms, ABanIsToldWithWhatIsLeftAndWhenItIsOver) {
    OutsideAlarms alarms{start};
    OutsideFacts facts{.contact = start, .banned_until = start + seconds(120)};
    auto changed = alarms.poll(facts, start);
    ASSERT_EQ(changed.size(), 1U);
    EXPECT_EQ(changed[0].alarm.kind, AlarmKind::banned);
    EXPECT_NE(text_of(changed[0]).find("120 s"), std::string::npos);
    facts.contact = start + seconds(119);
    EXPECT_TRUE(alarms.poll(facts, start + seconds(119)).empty());
    facts.banned_until = start + seconds(500);
    EXPECT_EQ(alarms.poll(facts, start + seconds(119)).size(), 1U) << "it was made longer";
    facts.contact = start + seconds(500);
    changed = alarms.poll(facts, start + seconds(500));
    ASSERT_EQ(changed.size(), 1U);
    EXPECT_FALSE(changed[0].alarm.raised);
}

TEST(OutsideAlarms, AnswersOfAnotherShapeAreToldOnFirstSight) {
    OutsideAlarms alarms{start};
    const auto count = [&alarms](std::uint64_t unknown, std::uint64_t unreadable, Nanos now) {
        const auto told = alarms.poll(
            {.contact = now, .unknown_members = unknown, .unreadable = unreadable}, now);
        for (const Record& record : told) EXPECT_EQ(record.alarm.kind, AlarmKind::answers_changed);
        return told.size();
    };
    EXPECT_EQ(count(0, 0, start), 0U);
    EXPECT_EQ(count(1, 0, start + seconds(1)), 1U);
    EXPECT_EQ(count(7, 0, start + seconds(2)), 0U);
    EXPECT_EQ(count(8, 3, start + seconds(3)), 1U);
    EXPECT_EQ(count(9, 4, start + seconds(4)), 0U);
}

}  // namespace
}  // namespace tranche
