#include "net/rate_limit.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace tranche {
namespace {

constexpr RateCost an_order{.weight = 1, .orders = 1};
constexpr Nanos start = seconds(1'700'000'000);

RateBudget budget_of(std::vector<RateLimit> limits, Ratio buffer = {}) {
    return RateBudget{limits, buffer};
}

std::vector<RateLimit> orders_only(std::uint32_t limit, Nanos interval = seconds(10)) {
    return {{RateUnit::orders, interval, limit}};
}

/// How many orders a lane can send at once.
std::uint32_t sendable(RateBudget& budget, Lane lane, Nanos now) {
    std::uint32_t count = 0;
    for (; count < 100'000 && budget.allows(lane, an_order, now); ++count)
        budget.spend(an_order, now, lane);
    return count;
}

TEST(RateLimit, LanesLeaveRoomForThoseAboveThem) {
    RateBudget budget = budget_of(orders_only(300));
    EXPECT_EQ(sendable(budget, Lane::entry, start), 52U) << "70 %, and each counts four times";
    EXPECT_EQ(sendable(budget, Lane::reconcile, start), 218U) << "90 %";
    EXPECT_EQ(sendable(budget, Lane::protective, start), 30U);
    EXPECT_EQ(sendable(budget, Lane::protective, start), 0U);
}

TEST(RateLimit, ALargerBufferIsKeptFromEntriesOnly) {
    RateBudget budget = budget_of(orders_only(100), Ratio{Ratio::one / 2});
    EXPECT_EQ(sendable(budget, Lane::entry, start), 12U);
    EXPECT_EQ(sendable(budget, Lane::reconcile, start), 78U);
    EXPECT_EQ(sendable(budget, Lane::protective, start), 10U);
    RateBudget all = budget_of(orders_only(100), Ratio{Ratio::one});
    EXPECT_EQ(sendable(all, Lane::entry, start), 0U);
    EXPECT_EQ(sendable(all, Lane::protective, start), 100U);
}

TEST(RateLimit, TheScarcestLimitDecides) {
    RateBudget budget = budget_of({{RateUnit::weight, seconds(60), 1000},
                                   {RateUnit::orders, seconds(60), 50},
                                   {RateUnit::orders, seconds(10), 10}});
    EXPECT_EQ(sendable(budget, Lane::protective, start), 10U);
    EXPECT_TRUE(budget.allows(Lane::protective, {.weight = 1, .orders = 0}, start));
    EXPECT_EQ(budget.left_permille(start), 0U);
    EXPECT_EQ(budget.used(0, start), 10U);
}

TEST(RateLimit, NoWindowOfAnyPhaseEverHoldsMoreThanTheLimit) {
    RateBudget budget = budget_of(orders_only(20));
    std::vector<Nanos> sent;
    for (Nanos now = start; now < start + seconds(60); now += milliseconds(37)) {
        if (!budget.allows(Lane::protective, an_order, now)) continue;
        budget.spend(an_order, now);
        sent.push_back(now);
    }
    ASSERT_GT(sent.size(), 80U);
    for (std::size_t i = 20; i < sent.size(); ++i)
        EXPECT_GE((sent[i] - sent[i - 20]).count, seconds(10).count) << i;
}

TEST(RateLimit, TheBudgetComesBackWhenItsWindowHasPassed) {
    RateBudget budget = budget_of(orders_only(100));
    EXPECT_EQ(sendable(budget, Lane::protective, start), 100U);
    EXPECT_EQ(sendable(budget, Lane::protective, start + milliseconds(9'999)), 0U);
    EXPECT_EQ(sendable(budget, Lane::protective, start + milliseconds(10'500)), 100U);
    EXPECT_EQ(budget.used(0, start + seconds(3600)), 0U);
}

TEST(RateLimit, AnswersRaiseOurCountAndNeverLowerIt) {
    RateBudget budget = budget_of(orders_only(300));
    budget.spend(an_order, start);
    const std::vector<RateUsage> more{{RateUnit::orders, seconds(10), 250}};
    budget.on_answer(RateVerdict::served, more, {}, start);
    EXPECT_EQ(budget.used(0, start), 250U);
    EXPECT_FALSE(budget.allows(Lane::entry, an_order, start));
    const std::vector<RateUsage> fewer{{RateUnit::orders, seconds(10), 1},
                                       {RateUnit::weight, seconds(10), 999},
                                       {RateUnit::orders, seconds(60), 999}};
    budget.on_answer(RateVerdict::served, fewer, {}, start);
    EXPECT_EQ(budget.used(0, start), 250U);
}

TEST(RateLimit, ThrottledMeansThatEverythingWaitsAsLongAsTold) {
    RateBudget budget = budget_of(orders_only(300));
    budget.on_answer(RateVerdict::throttled, {}, start + seconds(7), start);
    EXPECT_FALSE(budget.allows(Lane::protective, an_order, start + milliseconds(6'999)));
    EXPECT_TRUE(budget.allows(Lane::protective, an_order, start + seconds(7)));
    EXPECT_EQ(budget.left_permille(start), 0U);
}

TEST(RateLimit, WithoutBeingToldTheWaitDoublesUpToAMinute) {
    RateBudget budget = budget_of(orders_only(300));
    Nanos now = start;
    for (const std::int64_t expected :
         {250, 500, 1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
        budget.on_answer(RateVerdict::throttled, {}, {}, now);
        EXPECT_EQ(budget.blocked_until() - now, milliseconds(expected));
        now = budget.blocked_until();
    }
    budget.on_answer(RateVerdict::served, {}, {}, now);
    budget.on_answer(RateVerdict::throttled, {}, {}, now);
    EXPECT_EQ(budget.blocked_until() - now, milliseconds(250));
}

TEST(RateLimit, WithoutBeingToldTheOtherLanesWaitTenTimesAsLongAsProtection) {
    RateBudget budget = budget_of(orders_only(300));
    budget.on_answer(RateVerdict::throttled, {}, {}, start);
    EXPECT_EQ(budget.blocked_until(Lane::protective), start + milliseconds(250));
    EXPECT_EQ(budget.blocked_until(Lane::entry), start + milliseconds(2'500));
    EXPECT_FALSE(budget.allows(Lane::reconcile, an_order, start + milliseconds(2'499)));
    EXPECT_TRUE(budget.allows(Lane::reconcile, an_order, start + milliseconds(2'500)));
}

TEST(RateLimit, AFirewallIsNotHammeredAndHalvesNothing) {
    RateBudget budget = budget_of(orders_only(100));
    budget.on_answer(RateVerdict::forbidden, {}, start + seconds(30), start);
    EXPECT_FALSE(budget.allows(Lane::protective, an_order, start + seconds(29)));
    EXPECT_FALSE(budget.banned(start));
    EXPECT_EQ(sendable(budget, Lane::reconcile, start + seconds(30)), 90U);
}

TEST(RateLimit, BansThatNameNoEndGrowUntilSomethingIsServed) {
    RateBudget budget = budget_of(orders_only(300));
    Nanos now = start;
    for (const std::int64_t expected : {120, 240, 480}) {
        budget.on_answer(RateVerdict::banned, {}, {}, now);
        budget.on_answer(RateVerdict::banned, {}, {}, now);
        EXPECT_EQ(budget.banned_until() - now, seconds(expected));
        now = budget.banned_until();
    }
    budget.on_answer(RateVerdict::served, {}, {}, now);
    budget.on_answer(RateVerdict::banned, {}, {}, now);
    EXPECT_EQ(budget.banned_until() - now, seconds(120));
}

/// Gateway and account stage with one board between them.
struct Shared {
    explicit Shared(const std::vector<RateLimit>& limits)
        : gateway{limits, {}}, account{limits, {}} {
        gateway.join(board, RateParty::gateway);
        account.join(board, RateParty::account);
    }
    RateBoard board;
    RateBudget gateway;
    RateBudget account;
};

TEST(RateLimit, PartiesOnOneBoardAreOneLimiter) {
    Shared both{orders_only(300)};
    EXPECT_EQ(sendable(both.account, Lane::reconcile, start), 270U);
    EXPECT_FALSE(both.gateway.allows(Lane::entry, an_order, start));
    EXPECT_FALSE(both.gateway.allows(Lane::reconcile, an_order, start));
    EXPECT_EQ(both.gateway.used(0, start), 270U);
    EXPECT_EQ(sendable(both.gateway, Lane::protective, start), 30U);
    EXPECT_FALSE(both.account.allows(Lane::protective, an_order, start));
    EXPECT_EQ(both.account.left_permille(start), 0U);
}

TEST(RateLimit, WhatAPartyUsedGrowsOldForTheOthersWhenItIsSharedAgain) {
    Shared both{orders_only(100)};
    both.account.spend({.weight = 1, .orders = 100}, start);
    const Nanos later = start + seconds(11);
    EXPECT_FALSE(both.gateway.allows(Lane::protective, an_order, later)) << "not heard of it yet";
    both.account.share(later);
    EXPECT_TRUE(both.gateway.allows(Lane::protective, an_order, later));
}

TEST(RateLimit, AHeaderThatCountsBothPartiesIsNotAddedToEither) {
    Shared both{orders_only(300)};
    both.account.spend({.weight = 1, .orders = 40}, start);
    both.gateway.spend({.weight = 1, .orders = 10}, start);
    const std::vector<RateUsage> said{{RateUnit::orders, seconds(10), 50}};
    both.gateway.on_answer(RateVerdict::served, said, {}, start);
    EXPECT_EQ(both.gateway.used(0, start), 50U);
    const std::vector<RateUsage> more{{RateUnit::orders, seconds(10), 70}};
    both.account.on_answer(RateVerdict::served, more, {}, start);
    EXPECT_EQ(both.gateway.used(0, start), 70U) << "somebody else uses this address";
}

TEST(RateLimit, PausesAndBansOfOnePartyHoldTheOther) {
    Shared both{orders_only(100)};
    both.account.on_answer(RateVerdict::throttled, {}, start + seconds(5), start);
    EXPECT_FALSE(both.gateway.allows(Lane::protective, an_order, start + seconds(4)));
    EXPECT_EQ(sendable(both.gateway, Lane::reconcile, start + seconds(5)), 45U) << "halved";
    both.gateway.on_answer(RateVerdict::banned, {}, start + seconds(600), start + seconds(6));
    EXPECT_TRUE(both.account.banned(start + seconds(599)));
    EXPECT_EQ(both.board.banned_until(), start + seconds(600));
    EXPECT_EQ(both.board.blocked_until(Lane::entry), start + seconds(600));
}

TEST(RateLimit, ABanKnownFromAnEarlierRunHoldsEverybody) {
    Shared both{orders_only(100)};
    both.account.ban_until(start + seconds(300));
    EXPECT_FALSE(both.gateway.allows(Lane::protective, an_order, start + seconds(299)));
    EXPECT_TRUE(both.gateway.allows(Lane::protective, an_order, start + seconds(300)));
}

TEST(RateLimit, NewNumbersOfTheExchangeHoldForAllParties) {
    Shared both{orders_only(300)};
    both.account.learn(orders_only(10));
    EXPECT_EQ(sendable(both.gateway, Lane::protective, start), 10U);
    EXPECT_EQ(both.account.limits().front().limit, 10U);
    const std::vector<RateLimit> another{{RateUnit::weight, seconds(1), 5}};
    both.account.learn(another);
    EXPECT_EQ(both.account.limits().size(), 1U) << "a kind the other party does not count";
    RateBudget alone = budget_of(orders_only(300));
    alone.learn(another);
    EXPECT_EQ(alone.limits().size(), 2U);
}

TEST(RateLimit, RefusalsOfOneBurstAreOneOffence) {
    RateBudget budget = budget_of(orders_only(300));
    for (int i = 0; i < 5; ++i) budget.on_answer(RateVerdict::throttled, {}, {}, start);
    EXPECT_EQ(budget.blocked_until(), start + milliseconds(250));
}

TEST(RateLimit, AfterThrottlingOnlyProtectionGetsItsFullShare) {
    RateBudget budget = budget_of(orders_only(100));
    budget.on_answer(RateVerdict::throttled, {}, start + seconds(1), start);
    const Nanos later = start + seconds(2);
    EXPECT_EQ(sendable(budget, Lane::entry, later), 8U);
    EXPECT_EQ(sendable(budget, Lane::protective, later), 92U);
    EXPECT_EQ(sendable(budget, Lane::entry, start + seconds(61)), 17U);
}

TEST(RateLimit, ABanStopsEverythingUntilItsEnd) {
    RateBudget budget = budget_of(orders_only(300));
    budget.on_answer(RateVerdict::banned, {}, start + seconds(86'400), start);
    EXPECT_FALSE(budget.allows(Lane::protective, an_order, start + seconds(86'399)));
    EXPECT_TRUE(budget.banned(start + seconds(86'399)));
    EXPECT_TRUE(budget.allows(Lane::protective, an_order, start + seconds(86'400)));
    RateBudget unnamed = budget_of(orders_only(300));
    unnamed.on_answer(RateVerdict::banned, {}, {}, start);
    EXPECT_EQ(unnamed.blocked_until(), start + seconds(120));
    unnamed.on_answer(RateVerdict::throttled, {}, start + seconds(3), start + seconds(1));
    EXPECT_EQ(unnamed.blocked_until(), start + seconds(120));
}

TEST(RateLimit, AClockThatStepsBackFreesNothing) {
    RateBudget budget = budget_of(orders_only(100));
    EXPECT_EQ(sendable(budget, Lane::protective, start), 100U);
    EXPECT_EQ(sendable(budget, Lane::protective, start - seconds(100)), 0U);
}

}  // namespace
}  // namespace tranche
