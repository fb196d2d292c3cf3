#include "tools/exchange/faults.hpp"

#include <gtest/gtest.h>

#include "tools/exchange/limits.hpp"
#include "tools/exchange/lines.hpp"

namespace tranche::exchange {
namespace {

FaultRules rules_of(std::string_view list) {
    std::string error;
    auto rules = parse_faults(list, error);
    EXPECT_TRUE(rules) << error;
    return rules.value_or(FaultRules{});
}

constexpr CallFacts place{
    .method = "POST", .name = "order", .kind = RequestKind::trade, .parameters = "type=LIMIT"};
constexpr CallFacts query{
    .method = "GET", .name = "order", .kind = RequestKind::query, .parameters = ""};
constexpr CallFacts ping{
    .method = "GET", .name = "ping", .kind = RequestKind::open, .parameters = ""};

TEST(Faults, ReadsNamesWithProbabilities) {
    EXPECT_TRUE(rules_of("none").empty());
    EXPECT_EQ(rules_of("all").size(), 5U);
    const FaultRules rules = rules_of("http503=0.25,cut");
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[0].fault, Fault::http503);
    EXPECT_EQ(rules[0].probability, 0.25);
    EXPECT_EQ(rules[1].fault, Fault::cut);
    EXPECT_EQ(rules[1].probability, 0.05);
    std::string error;
    for (const char* bad : {"earthquake", "cut=2",          "cut=-1",     "cut=x",
                            "cut=",       "cut,,delay",     "cut:-1",     "cut:x",
                            "status",     "status:200",     "schema:odd", "certificate",
                            "cut*0",      "cut*x",          "cut@moon",   "dup_events@trade",
                            "http503:4",  "clock:99999999", "drip:0",     "reject:5",
                            ","})
        EXPECT_FALSE(parse_faults(bad, error)) << bad;
    parse_faults("earthquake", error);
    EXPECT_NE(error.find("earthquake"), std::string::npos);
    EXPECT_NE(error.find("dup_events"), std::string::npos) << "it names what is known";
}

TEST(Faults, ARuleSaysWhichCallsHowOftenAndHow) {
    FaultPlan plan{rules_of("cut:17@POST order~MARKET*2,reject:-2021@query*1"), 1};
    EXPECT_FALSE(plan.decide(place).cut_response) << "its parameters hold another type";
    CallFacts stop = place;
    stop.parameters = "type=STOP_MARKET";
    for (int times = 0; times < 2; ++times) EXPECT_EQ(plan.decide(stop).cut_response, 17U);
    EXPECT_FALSE(plan.decide(stop).cut_response) << "it was for two times";
    EXPECT_EQ(plan.decide(query).reject_code, -2021);
    EXPECT_EQ(plan.decide(query).reject_code, 0);
    EXPECT_EQ(plan.rules()[0].happened, 2);
}

TEST(Faults, EveryFaultOfCallsReachesItsFate) {
    const auto fate = [](std::string_view list) {
        return FaultPlan{rules_of(list), 1}.decide(place);
    };
    EXPECT_TRUE(fate("http503=1").answer_503);
    EXPECT_EQ(fate("cut=1").cut_response, 0U);
    EXPECT_EQ(fate("cut_request:9").cut_request, 9U);
    EXPECT_TRUE(fate("hang").hang);
    EXPECT_TRUE(fate("hang_request").never_arrives);
    EXPECT_EQ(fate("delay:70=1").delay_ms, 70);
    EXPECT_GE(fate("delay=1").delay_ms, 50);
    EXPECT_EQ(fate("delay_request:80").delay_request_ms, 80);
    EXPECT_EQ(fate("drip:3").drip_ms, 3);
    EXPECT_EQ(fate("status:403").status, 403U);
    EXPECT_EQ(fate("reject:-2021").reject_code, -2021);
    EXPECT_EQ(fate("executed:-1007").executed_code, -1007);
    EXPECT_EQ(fate("schema:torn").shape, Shape::torn);
    EXPECT_TRUE(fate("last_answer").last_answer);
    EXPECT_TRUE(fate("event_first=1").events_first);
}

TEST(Faults, EventsFramesConnectionsAndTheClockHaveTheirOwn) {
    FaultPlan plan{rules_of("dup_events=1,lag_events:30,drop_frames*1,refuse*1,"
                            "certificate:expired*1,clock:-700"),
                   1};
    EXPECT_TRUE(plan.decide_event().twice);
    EXPECT_EQ(plan.decide_event().lag_ms, 30);
    EXPECT_TRUE(plan.decide_frame().never);
    EXPECT_FALSE(plan.decide_frame().never);
    const ConnectionFate connection = plan.decide_connection();
    EXPECT_TRUE(connection.refuse);
    EXPECT_EQ(connection.flaw, Flaw::expired);
    EXPECT_EQ(plan.decide_connection().flaw, Flaw::none);
    EXPECT_EQ(plan.clock_ms(), -700);
    plan.replace({});
    EXPECT_EQ(plan.clock_ms(), 0);
    EXPECT_FALSE(plan.decide_event().twice);
}

TEST(Faults, TheSeedDecidesWhichCallsGoWrong) {
    FaultPlan first{rules_of("http503=0.3,delay=0.3"), 9};
    FaultPlan second{rules_of("http503=0.3,delay=0.3"), 9};
    int broken = 0;
    for (int call = 0; call < 1000; ++call) {
        const RequestFate a = first.decide(place);
        const RequestFate b = second.decide(place);
        EXPECT_EQ(a.answer_503, b.answer_503);
        EXPECT_EQ(a.delay_ms, b.delay_ms);
        broken += a.answer_503 ? 1 : 0;
    }
    EXPECT_NEAR(broken, 300, 60);
    EXPECT_FALSE(first.decide(query).answer_503) << "queries are never lost";
}

TEST(Faults, WhatNobodySignedIsOnlyTouchedByName) {
    FaultPlan plan{rules_of("all"), 3};
    for (int call = 0; call < 1000; ++call) {
        const RequestFate fate = plan.decide(ping);
        ASSERT_FALSE(fate.answer_503 || fate.cut_response || fate.events_first ||
                     fate.delay_ms != 0);
    }
    EXPECT_EQ((FaultPlan{rules_of("status:403"), 1}.decide(ping).status), 403U);
}

TEST(Faults, TheHelpNamesEveryFault) {
    const std::string help = faults_help();
    for (std::size_t at = 0; at < fault_count; ++at)
        EXPECT_NE(help.find(name(static_cast<Fault>(at))), std::string::npos) << at;
}

TEST(Lines, HarmReachesTheChosenKindUpToItsCount) {
    struct Fake final : Line {
        explicit Fake(LineKind the_kind) : kind{the_kind} {}
        LineKind line_kind() const override { return kind; }
        void suffer(Harm what) override { suffered = what; }
        LineKind kind;
        std::optional<Harm> suffered;
    };
    Fake rest{LineKind::rest}, user{LineKind::user}, other_user{LineKind::user};
    Lines lines;
    for (Fake* line : {&rest, &user, &other_user}) lines.join(*line);
    EXPECT_EQ(lines.count(LineKind::user), 2U);
    EXPECT_EQ(lines.harm(Harm::half_open, LineKind::user, 1), 1U);
    EXPECT_EQ(user.suffered.has_value() + other_user.suffered.has_value(), 1);
    EXPECT_FALSE(rest.suffered);
    EXPECT_EQ(lines.harm(Harm::reset, std::nullopt, 100), 3U);
    EXPECT_EQ(rest.suffered, Harm::reset);
    lines.leave(rest);
    EXPECT_EQ(lines.harm(*harm("cut"), line_kind("rest"), 100), 0U);
    EXPECT_FALSE(harm("hug"));
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
    EXPECT_EQ(limits.retry_after_s("a", 65'000, false), 55);
}

TEST(Limits, WhoGoesOnAfter429IsBannedAndEachBanIsTwiceAsLong) {
    Limits limits{{.weight_per_minute = 10, .ban_after = 3, .ban_s = 120}};
    EXPECT_FALSE(limits.book("a", 10, 0, 0));
    for (int refused = 0; refused < 3; ++refused)
        EXPECT_EQ(limits.book("a", 1, 0, 1000)->http_status, 429U);
    EXPECT_EQ(limits.book("a", 1, 0, 1000)->http_status, 418U);
    EXPECT_EQ(limits.retry_after_s("a", 1000, false), 120);
    EXPECT_EQ(limits.book("a", 1, 0, 120'999)->http_status, 418U) << "also in a new minute";
    EXPECT_FALSE(limits.book("b", 1, 0, 120'999)) << "the others are not banned";
    EXPECT_FALSE(limits.book("a", 1, 0, 121'000));
    for (int refused = 0; refused < 4; ++refused) limits.book("a", 100, 0, 121'000);
    EXPECT_EQ(limits.retry_after_s("a", 121'000, false), 240);
}

}  // namespace
}  // namespace tranche::exchange
