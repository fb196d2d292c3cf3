// What the account stage keeps doing while it runs: audits, rules, budgets, its key's life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/aster/account_world.hpp"

namespace tranche::aster {
namespace {

using testing::HasSubstr;

struct AccountAuditTest : support::AccountWorld {
    static std::string positions(const std::string& amount, std::int64_t time_ms) {
        return R"([{"symbol":"AAAUSDT","positionAmt":")" + amount +
               R"(","entryPrice":"100","leverage":"10","marginType":"cross",)"
               R"("positionSide":"BOTH","updateTime":)" +
               std::to_string(time_ms) + "}]";
    }
    static std::string info(const std::string& status, const std::string& tick,
                            const std::string& limits = "") {
        return R"({"rateLimits":[)" + limits + R"(],"symbols":[{"symbol":"AAAUSDT","status":")" +
               status +
               R"(","filters":[{"filterType":"PRICE_FILTER","minPrice":"0","maxPrice":"0",)"
               R"("tickSize":")" +
               tick +
               R"("},{"filterType":"LOT_SIZE","minQty":"0","maxQty":"0","stepSize":"0.001"}]},)"
               R"({"symbol":"BBBUSDT","status":"TRADING","filters":[]}]})";
    }
    std::uint32_t weight_asked(std::size_t from) const {
        std::uint32_t weight = 0;
        for (std::size_t i = from; i < peer.calls.size(); ++i) {
            const std::string& call = peer.calls[i];
            if (call == "GET openOrders")
                weight += 40;
            else
                weight += call == "GET positionRisk" || call == "GET balance" ? 5U : 1U;
        }
        return weight;
    }
};

TEST_F(AccountAuditTest, AsksForPositionsEveryFiveSecondsAndForOrdersEveryFifteen) {
    start();
    const std::size_t orders = peer.count("GET openOrders");
    const std::size_t positions = peer.count("GET positionRisk");
    const std::size_t calls = peer.calls.size();
    run(seconds(600));
    EXPECT_NEAR(static_cast<double>(peer.count("GET openOrders") - orders), 40.0, 2.0);
    EXPECT_NEAR(static_cast<double>(peer.count("GET positionRisk") - positions), 120.0, 6.0);
    EXPECT_LE(weight_asked(calls), 10U * 256U) << "a tenth of 2400 a minute, and clock and rules";
    EXPECT_GT(account().status().read().audits, 70U);
}

TEST_F(AccountAuditTest, AuditsTakeTheirTimeWhereTheBudgetIsSmallButNeverStop) {
    peer.usual["GET exchangeInfo"] = info(
        "TRADING", "0.1",
        R"({"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":600})");
    start();
    const std::size_t calls = peer.calls.size();
    run(seconds(600));
    EXPECT_LE(weight_asked(calls), 10U * 75U);
    EXPECT_GE(peer.count("GET openOrders"), 9U);
}

TEST_F(AccountAuditTest, APositionThatChangedUnseenIsToldAsIfPushed) {
    peer.usual["GET positionRisk"] = positions("0.5", 1'790'000'000'000);
    start();
    drain();
    run(seconds(6));
    EXPECT_TRUE(drain().empty()) << "nothing has changed";
    peer.usual["GET positionRisk"] = positions("0.3", 1'790'000'007'000);
    run(seconds(5));
    const auto taken = drain();
    ASSERT_GE(taken.size(), 1U);
    EXPECT_EQ(taken[0].kind, EventKind::position_update);
    EXPECT_EQ(taken[0].symbol, account().symbols().find("AAAUSDT"));
    EXPECT_EQ(taken[0].position_update.generation, 0U);
    EXPECT_EQ(to_text(taken[0].position_update.amount), "0.3");
    EXPECT_EQ(taken[0].position_update.exchange_time, milliseconds(1'790'000'007'000));
}

TEST_F(AccountAuditTest, AChangedPositionWithoutATimeMeansASnapshot) {
    start();
    drain();
    const std::uint64_t before = account().status().read().snapshots;
    peer.usual["GET positionRisk"] = positions("0.3", 0);
    run(seconds(7));
    EXPECT_EQ(account().status().read().snapshots, before + 1);
}

TEST_F(AccountAuditTest, RulesThatChangeReachTheEngineOnceAndUnchangedOnesNever) {
    peer.usual["GET exchangeInfo"] = info("TRADING", "0.1");
    settings.signed_calls = false;
    run(seconds(130));
    EXPECT_GE(peer.count("GET exchangeInfo"), 3U);
    EXPECT_TRUE(drain().empty());
    peer.usual["GET exchangeInfo"] = info("TRADING", "0.5");
    run(seconds(130));
    const auto taken = drain();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].kind, EventKind::rules_update);
    EXPECT_EQ(account().symbols().name(taken[0].symbol), "AAAUSDT");
    EXPECT_EQ(to_text(taken[0].rules_update.tick), "0.5");
    EXPECT_TRUE(taken[0].rules_update.trading);
    EXPECT_EQ(account().status().read().rules_changes, 1U);
}

TEST_F(AccountAuditTest, ASymbolThatSettlesOrVanishesTradesNoMoreButKeepsItsGrid) {
    peer.usual["GET exchangeInfo"] = info("TRADING", "0.1");
    settings.signed_calls = false;
    run(seconds(2));
    peer.usual["GET exchangeInfo"] = info("SETTLING", "0");
    run(seconds(61));
    auto taken = drain();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_FALSE(taken[0].rules_update.trading);
    EXPECT_EQ(to_text(taken[0].rules_update.tick), "0.1");
    peer.usual["GET exchangeInfo"] = info("TRADING", "0.1");
    run(seconds(61));
    taken = drain();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_TRUE(taken[0].rules_update.trading);
    peer.usual["GET exchangeInfo"] = R"({"symbols":[]})";
    run(seconds(61));
    taken = drain();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_FALSE(taken[0].rules_update.trading);
    EXPECT_EQ(to_text(taken[0].rules_update.step), "0.001");
}

TEST_F(AccountAuditTest, ARefusedOrderMakesItReadTheRulesAtOnceButNotAllTheTime) {
    settings.signed_calls = false;
    run(seconds(2));
    EXPECT_EQ(peer.count("GET exchangeInfo"), 1U);
    for (int i = 0; i < 20; ++i) {
        account().request_rules();
        run(milliseconds(500));
    }
    EXPECT_GE(peer.count("GET exchangeInfo"), 2U);
    EXPECT_LE(peer.count("GET exchangeInfo"), 4U);
}

TEST_F(AccountAuditTest, ARequestRefusedForItsTimeMakesItMeasureTheClockAgain) {
    settings.signed_calls = false;
    run(seconds(10));
    EXPECT_EQ(peer.count("GET time"), 5U);
    for (int i = 0; i < 4; ++i) {
        account().request_clock();
        run(milliseconds(200));
    }
    EXPECT_EQ(peer.count("GET time"), 10U);
}

TEST_F(AccountAuditTest, ADoubtSoonAfterAMeasurementIsKeptUntilTheNextOne) {
    settings.signed_calls = false;
    run(seconds(2));
    EXPECT_EQ(peer.count("GET time"), 5U);
    account().request_clock();
    run(seconds(1));
    EXPECT_EQ(peer.count("GET time"), 5U) << "not all the time";
    run(seconds(5));
    EXPECT_EQ(peer.count("GET time"), 10U);
    const auto taken = drain();
    ASSERT_EQ(taken.size(), 1U) << "who doubted it hears that it is right";
    EXPECT_EQ(taken[0].account_notice.kind, AccountNoticeKind::clock_offset_good);
}

TEST_F(AccountAuditTest, AClockThatIsOffIsMeasuredEveryFewSecondsUntilItIsRight) {
    settings.signed_calls = false;
    peer.clock_offset = milliseconds(900);
    run(seconds(2));
    peer.clock_offset = {};
    run(seconds(5));
    const auto taken = drain();
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].account_notice.kind, AccountNoticeKind::clock_offset_bad);
    EXPECT_EQ(taken[1].account_notice.kind, AccountNoticeKind::clock_offset_good);
    run(seconds(50));
    EXPECT_EQ(peer.count("GET time"), 10U);
}

TEST_F(AccountAuditTest, ADoubtedPositionModeIsReadAgainInTheNextSnapshotOnly) {
    peer.usual["GET positionRisk"] = "[]";  // rows would tell it as well
    start();
    drain();
    const std::size_t at_start = peer.count("GET positionSide/dual");
    const auto told = [this] {
        std::vector<bool> modes;
        for (const Event& event : drain())
            if (event.kind == EventKind::snapshot_mark && event.snapshot_mark.complete)
                modes.push_back(event.snapshot_mark.hedge_mode);
        return modes;
    };
    peer.usual["GET positionSide/dual"] = R"({"dualSidePosition":true})";
    account().request_snapshot();
    run(seconds(2));
    EXPECT_EQ(told(), std::vector<bool>{false});
    EXPECT_EQ(peer.count("GET positionSide/dual"), at_start);
    account().request_position_mode();
    run(seconds(2));
    EXPECT_EQ(told(), std::vector<bool>{true});
    run(seconds(30));
    EXPECT_EQ(peer.count("GET positionSide/dual"), at_start + 1);
}

TEST_F(AccountAuditTest, ASnapshotIsNotWholeWhileADoubtedPositionModeCannotBeRead) {
    start();
    drain();
    peer.told["GET positionSide/dual"] = {{500, "<html>"}, {200, "{}"}};
    account().request_position_mode();
    run(seconds(10));
    std::vector<bool> whole;
    for (const Event& event : drain())
        if (event.kind == EventKind::snapshot_mark && !event.snapshot_mark.begins)
            whole.push_back(event.snapshot_mark.complete);
    EXPECT_EQ(whole, (std::vector<bool>{false, false, true}));
}

TEST_F(AccountAuditTest, ABanOfAnEarlierRunIsWaitedForWithoutASingleRequest) {
    settings.banned_until = peer.now + seconds(100);
    run(seconds(99));
    EXPECT_TRUE(peer.calls.empty());
    EXPECT_EQ(account().banned_until(), settings.banned_until);
    run(seconds(3));
    EXPECT_TRUE(account().symbols_ready());
}

TEST_F(AccountAuditTest, ABanStopsEveryQuestionAndIsKnownToTheGateway) {
    start();
    peer.told["GET positionRisk"] = {
        {418, R"({"code":-1003,"msg":"banned until 1790000300000."})"}};
    run(seconds(10));
    EXPECT_EQ(board.banned_until(), milliseconds(1'790'000'300'000));
    const std::size_t calls = peer.calls.size();
    run(seconds(200));
    EXPECT_EQ(peer.calls.size(), calls);
    run(seconds(120));
    EXPECT_GT(peer.calls.size(), calls);
}

TEST_F(AccountAuditTest, TheGatewaysUseAndItsBansHoldTheAccountBack) {
    start();
    RateBudget gateway{account().limits(), Ratio{}};
    gateway.join(board, RateParty::gateway);
    gateway.spend({.weight = 2'160}, peer.now);
    const std::size_t calls = peer.calls.size();
    run(seconds(30));
    EXPECT_EQ(peer.calls.size(), calls) << "the last tenth is for protection";
    gateway.on_answer(RateVerdict::banned, {}, peer.now + seconds(500), peer.now);
    run(seconds(400));
    EXPECT_EQ(peer.calls.size(), calls);
    EXPECT_GT(account().banned_until(), peer.now);
}

TEST_F(AccountAuditTest, WhatItAsksCountsForTheGateway) {
    start();
    RateBudget gateway{account().limits(), Ratio{}};
    gateway.join(board, RateParty::gateway);
    account().poll(peer.now);
    EXPECT_GT(gateway.used(0, peer.now), 100U) << "modes, positions, a snapshot";
}

TEST_F(AccountAuditTest, SnapshotsWantedWithoutEndTakeTheirTime) {
    start();
    const std::size_t before = peer.count("GET openOrders");
    for (int i = 0; i < 600; ++i) {
        account().request_snapshot();
        run(milliseconds(100));
    }
    EXPECT_LE(peer.count("GET openOrders") - before, 24U);
    EXPECT_GE(peer.count("GET openOrders") - before, 15U);
}

TEST_F(AccountAuditTest, KnowsHowLongItsKeyIsGoodForAndWhatItMayDo) {
    settings.agent_address = "0xAbC1";
    peer.usual["GET agent"] =
        R"([{"agentAddress":"0xffff","expired":1,"canPerpTrade":false},)"
        R"({"agentAddress":"0xabc1","expired":1791000000000,"canPerpTrade":true,)"
        R"("canWithdraw":true}])";
    start();
    EXPECT_EQ(account().status().read().agent_expires, milliseconds(1'791'000'000'000));
    ASSERT_EQ(account().warnings().size(), 1U);
    EXPECT_THAT(account().warnings()[0], HasSubstr("withdraw"));
    run(seconds(3'600));
    EXPECT_EQ(peer.count("GET agent"), 1U);
}

}  // namespace
}  // namespace tranche::aster
