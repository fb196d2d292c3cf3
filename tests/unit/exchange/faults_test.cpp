#include "tools/exchange/faults.hpp"

#include <gtest/gtest.h>

#include "tools/exchange/limits.hpp"

namespace tranche::exchange {
namespace {

TEST(Faults, ReadsNamesWithProbabilities) {
    std::string error;
    EXPECT_EQ(parse_faults("none", error), FaultRates{});
    const auto rates = parse_faults("http503=0.25,cut", error);
    ASSERT_TRUE(rates) << error;
    EXPECT_EQ((*rates)[static_cast<std::size_t>(Fault::http503)], 0.25);
    EXPECT_EQ((*rates)[static_cast<std::size_t>(Fault::cut)], 0.05);
    EXPECT_EQ((*rates)[static_cast<std::size_t>(Fault::delay)], 0.0);
    for (const char* bad : {"earthquake", "cut=2", "cut=-1", "cut=x", "cut=", "cut,,delay"})
        EXPECT_FALSE(parse_faults(bad, error)) << bad;
    parse_faults("earthquake", error);
    EXPECT_NE(error.find("earthquake"), std::string::npos);
    EXPECT_NE(error.find("dup_events"), std::string::npos) << "it names what is known";
}

TEST(Faults, TheSeedDecidesWhichCallsGoWrong) {
    std::string error;
    const auto rates = parse_faults("http503=0.3,delay=0.3", error);
    ASSERT_TRUE(rates);
    FaultPlan first{*rates, 9};
    FaultPlan second{*rates, 9};
    int broken = 0;
    for (int call = 0; call < 1000; ++call) {
        const RequestFate a = first.decide(RequestKind::trade);
        const RequestFate b = second.decide(RequestKind::trade);
        EXPECT_EQ(a.answer_503, b.answer_503);
        EXPECT_EQ(a.delay_ms, b.delay_ms);
        broken += a.answer_503 ? 1 : 0;
    }
    EXPECT_NEAR(broken, 300, 60);
    EXPECT_FALSE(first.decide(RequestKind::query).answer_503) << "queries are never lost";
}

TEST(Faults, ASwarmLeavesSomeFaultsOutAndKeepsToItsMost) {
    int left_out = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const FaultRates rates = FaultPlan::swarm(seed, 0.1).rates();
        EXPECT_EQ(rates, FaultPlan::swarm(seed, 0.1).rates());
        for (const double rate : rates) {
            EXPECT_LE(rate, 0.1);
            left_out += rate == 0 ? 1 : 0;
        }
    }
    EXPECT_NEAR(left_out, 250, 60);
}

TEST(Faults, WhatNobodySignedIsNeverTouched) {
    std::string error;
    const auto rates = parse_faults("all", error);
    ASSERT_TRUE(rates);
    FaultPlan plan{*rates, 3};
    for (int call = 0; call < 1000; ++call) {
        const RequestFate fate = plan.decide(RequestKind::open);
        ASSERT_FALSE(fate.answer_503 || fate.cut || fate.events_first || fate.delay_ms != 0);
    }
}

TEST(Limits, WeightIsPerAddressAndRenewedEachMinute) {
    Limits limits{{.weight_per_minute = 10, .orders_per_minute = 5, .orders_per_10_seconds = 3}};
    EXPECT_FALSE(limits.book("a", 10, 0, 0));
    EXPECT_EQ(limits.book("a", 1, 0, 1)->code, -1003);
    EXPECT_EQ(limits.book("a", 1, 0, 1)->http_status, 429U);
    EXPECT_FALSE(limits.book("b", 10, 0, 2));
    EXPECT_EQ(limits.usage("b").weight_1m, 10);
    EXPECT_FALSE(limits.book("a", 10, 0, 60'000));
}

TEST(Limits, OrdersAreCountedInBothWindows) {
    Limits limits{{.weight_per_minute = 100, .orders_per_minute = 5, .orders_per_10_seconds = 3}};
    EXPECT_FALSE(limits.book("a", 0, 3, 0));
    EXPECT_EQ(limits.book("a", 0, 1, 1)->code, -1015);
    EXPECT_FALSE(limits.book("a", 0, 2, 10'000));
    EXPECT_EQ(limits.book("a", 0, 1, 20'000)->code, -1015) << "five in the minute";
    EXPECT_FALSE(limits.book("a", 0, 1, 60'000));
    EXPECT_EQ(limits.usage("a").orders_1m, 1);
    EXPECT_EQ(limits.retry_after_s(65'000, false), 55);
}

}  // namespace
}  // namespace tranche::exchange
