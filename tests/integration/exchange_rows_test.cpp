// Rows X1 to X13 of the fault table: what the exchange may answer, by the real programs over TLS.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/integration/network.hpp"

namespace tranche::integration {
namespace {

// Rules name orders by the role in their client order id: -e entries, -s stops, -t take-profits.

constexpr Nanos busy = seconds(10);

/// How often a call was made, by a rule that only counts: a delay of nothing.
std::string counting(const std::string& call) {
    return "delay:0@" + call + "=1";
}

std::int64_t happened_to(const Network& net, const std::string& call) {
    for (const Json& rule : net.get_from_exchange("/sim/faults"))
        if (rule.value("where", "") == call && rule.value("fault", "") == "delay")
            return rule.value("happened", std::int64_t{});
    return -1;
}

TEST(ExchangeRow, X1_ARefusedNonceMeasuresTheClockAgainAndTooManyCloseEntries) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-4225@POST order*1," + counting("GET time"));
    EXPECT_TRUE(eventually(busy, [&net] { return happened_to(net, "GET time") >= 1; }))
        << "the clock is measured again" << net.said();
    EXPECT_TRUE(net.trades_on(3)) << "one refusal stops nothing";
    net.faults("reject:-4225@POST order~-e*5");
    EXPECT_TRUE(net.becomes("protect_only", seconds(20))) << net.said();
    net.ends_well(seconds(4));
}

TEST(ExchangeRow, X2_AClockThatIsOffClosesEntriesUntilItIsRight) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("clock:2000,reject:-4225@POST order*1");
    ASSERT_TRUE(net.becomes("protect_only", seconds(40))) << net.said();
    EXPECT_NE(net.said().find("clock differs from the exchange's"), std::string::npos);
    EXPECT_NE(net.said().find("kind=clock_offset raised=true"), std::string::npos) << net.said();
    net.faults("none");
    EXPECT_TRUE(net.says("kind=clock_offset raised=false")) << "measured until it is right";
    net.ends_well(seconds(4));
}

TEST(ExchangeRow, X3_AStopBeyondThePriceClosesItsTrancheByMarket) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("reject:-2021@POST order~-s*1", 1));
    EXPECT_TRUE(net.says("role=close")) << net.said();
    net.ends_well();
}

TEST(ExchangeRow, X4_ARefusedReductionIsReconciledAndOtherStopsStay) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("reject:-2022@POST order~-t*1", 1));
    EXPECT_TRUE(net.trades_on(5));
    net.ends_well();
}

TEST(ExchangeRow, X5_ADoubtedFilterIsReadAgainAndDoubtedTwiceTheSymbolIsLeftAlone) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-1111@POST order~BTCUSDT*1," + counting("GET exchangeInfo"));
    EXPECT_TRUE(eventually(seconds(15) + busy,
                           [&net] { return happened_to(net, "GET exchangeInfo") >= 1; }))
        << "exchangeInfo is read again" << net.said();
    net.faults("reject:-1111@POST order~BTCUSDT*3");
    EXPECT_TRUE(net.says("kind=filters_doubted raised=true", seconds(40))) << net.said();
    net.ends_well();
}

/// Smallest quantity that may be ordered of a symbol, as text.
std::string least_quantity(const Network& net, const std::string& symbol) {
    const Json info = net.get_from_exchange("/fapi/v1/exchangeInfo");
    for (const Json& listed : info.at("symbols"))
        if (listed.value("symbol", "") == symbol)
            for (const Json& filter : listed.at("filters"))
                if (filter.value("filterType", "") == "LOT_SIZE") return filter.value("minQty", "");
    return {};
}

TEST(ExchangeRow, X6_WhatIsLeftWhenTheLeastQuantityIsTakenAwayKeepsItsStops) {
    Network net;
    ASSERT_TRUE(net.holds());
    const Json position = net.exchange().ledger().at("positions").at(0);
    const std::string symbol = position.value("symbol", "");
    const std::string side = position.value("positionSide", "");
    net.post("deleverage", fmt::format("symbol={}&positionSide={}&quantity={}", symbol, side,
                                       least_quantity(net, symbol)));
    EXPECT_TRUE(net.says("kind=forced_close raised=true")) << net.said();
    ASSERT_TRUE(net.becomes("protect_only")) << net.said();
    net.press("resume");
    net.ends_well(seconds(4));
}

TEST(ExchangeRow, X7_WithoutMarginEntriesStopAndProtectionGoesOn) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("reject:-2019@POST order~-e=1", 10));
    EXPECT_TRUE(net.says("kind=entry_rejected raised=true")) << net.said();
    const std::int64_t struck = net.happened();
    eventually(seconds(3), [&] { return net.happened() > struck + 40; });
    EXPECT_LE(net.happened(), struck + 40) << "entries go on against the refusals";
    net.ends_well();
}

TEST(ExchangeRow, X8_AMarginCallClosesEntriesUntilSomebodyResumes) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.post("margin_call", "");
    ASSERT_TRUE(net.becomes("protect_only")) << net.said();
    EXPECT_NE(net.said().find("kind=margin_call raised=true"), std::string::npos);
    EXPECT_EQ(net.metric("waits_for_operator"), 1);
    net.press("resume");
    ASSERT_TRUE(net.becomes("trading")) << net.said();
    net.ends_well();
}

TEST(ExchangeRow, X9_WhenTheExchangeTakesNoMoreStopsTheSymbolIsClosedToEntries) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("reject:-4045@POST order~-s*1", 1));
    EXPECT_TRUE(net.says("kind=order_limit raised=true")) << net.said();
    net.ends_well(seconds(4));
}

TEST(ExchangeRow, X10_ARefusalForThePositionModeIsForgottenOnceTheModeIsReadAndRight) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-4061@POST order~-e*1," + counting("GET positionSide/dual"));
    ASSERT_TRUE(net.becomes("reconcile", seconds(40))) << net.said();
    EXPECT_TRUE(eventually(busy, [&net] { return happened_to(net, "GET positionSide/dual") >= 1; }))
        << "the mode is read again" << net.said();
    ASSERT_TRUE(net.becomes("trading")) << net.said();
    EXPECT_EQ(net.said().find("kind=position_mode"), std::string::npos) << net.said();
    EXPECT_EQ(net.metric("waits_for_operator"), 0);
    net.ends_well();
}

/// The exchange changes it only of an account that holds nothing.
bool change_position_mode(Network& net, bool hedge) {
    try {
        net.post("position_mode", fmt::format("hedge={}", hedge));
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

TEST(ExchangeRow, X10_AnotherPositionModeClosesEntriesUntilSomebodyResumes) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.press("flatten");
    ASSERT_TRUE(eventually(seconds(40), [&net] { return change_position_mode(net, false); }))
        << net.said();
    EXPECT_TRUE(net.says("kind=position_mode raised=true")) << net.said();
    EXPECT_TRUE(eventually(busy, [&net] { return net.metric("waits_for_operator") == 1; }));
    ASSERT_TRUE(eventually(seconds(40), [&net] { return change_position_mode(net, true); }))
        << net.said();
    net.listen();
    net.press("resume");
    ASSERT_TRUE(net.becomes("trading")) << net.said();
    net.ends_well();
}

TEST(ExchangeRow, X11_RefusedCredentialsSendNothingMoreAndLeaveProtectionInPlace) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-1022@trade=1");
    ASSERT_TRUE(net.becomes("halt")) << net.said();
    EXPECT_NE(net.said().find("kind=credentials_refused raised=true"), std::string::npos);
    const std::int64_t struck = net.happened();
    const std::int64_t accepted = read_exchange(net.exchange()).accepted;
    eventually(seconds(2), [&] { return net.happened() > struck + 3; });
    EXPECT_LE(net.happened(), struck + 3) << "what was on its way, and nothing more";
    EXPECT_EQ(read_exchange(net.exchange()).accepted, accepted);
    EXPECT_GE(read_exchange(net.exchange()).orders.size(), 1U) << "stops stay";
    net.faults("none");
    net.press("resume");
    net.ends_well(seconds(10));
}

TEST(ExchangeRow, X12_Under429ItSlowsDownAndDuring418ItAsksNothing) {
    Network net{{"--ban-seconds", "4"}};
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("status:429@POST order*2", 2));
    EXPECT_TRUE(net.says("kind=rate_limited raised=true")) << net.said();
    EXPECT_TRUE(net.trades_on(1)) << "protection has room";
    ASSERT_TRUE(net.strikes("status:418@POST order*1", 1));
    ASSERT_TRUE(net.becomes("protect_only")) << net.said();
    EXPECT_NE(net.said().find("kind=banned raised=true"), std::string::npos) << net.said();
    net.faults(counting("any"));
    eventually(seconds(2), [&net] { return net.happened() > 3; });
    EXPECT_LE(net.happened(), 3) << "what was on its way, and nothing more";
    EXPECT_TRUE(eventually(seconds(4) + busy, [&net] {
        if (net.metric("waits_for_operator") == 1) net.press("resume");
        return net.mode() == "trading";
    })) << net.said();
    net.ends_well(seconds(10));
}

class X13 : public ::testing::TestWithParam<const char*> {};

TEST_P(X13, AnAnswerOfAnotherShapeIsUnknownAndSettledWithoutASecondOrder) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes(fmt::format("schema:{}@POST order*4", GetParam()), 4));
    ASSERT_TRUE(net.strikes(fmt::format("schema:{}@DELETE order*2", GetParam()), 2));
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(15) + busy, [&net] {
        return net.engine().figure("/funnel/unknown_now") == 0;
    })) << net.said();
    net.ends_well();
}

INSTANTIATE_TEST_SUITE_P(ExchangeRow, X13,
                         ::testing::Values("missing", "retyped", "extra", "huge", "html", "torn",
                                           "empty"),
                         [](const auto& chosen) { return std::string{chosen.param}; });

}  // namespace
}  // namespace tranche::integration
