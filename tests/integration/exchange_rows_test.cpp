// Rows X1 to X13 of the fault table: what the exchange may answer, by the real programs over TLS.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>

#include "tests/integration/network.hpp"

namespace tranche::integration {
namespace {

// Rules name orders by role and generation in their client order id: -e0 entries, -s0 stops, -t0
// take-profits. The letter alone might be the end of another order's id.

constexpr Nanos busy = seconds(10);

constexpr Nanos late = seconds(3);  // what a busy machine may add to a time the log tells

/// Entries that the exchange took, since `listen`.
std::set<std::string> entries_taken(const Network& net, const std::string& symbol = {}) {
    std::set<std::string> taken;
    for (const OrderChange& change : net.orders())
        if (change.role == "entry" && change.state != "sent" && change.state != "dropped" &&
            change.state != "rejected" && (symbol.empty() || change.symbol == symbol))
            taken.insert(change.id);
    return taken;
}

/// The first change since `listen` of an order of that role into that state.
std::optional<OrderChange> change_of(const Network& net, const std::string& role,
                                     const std::string& state, const std::string& symbol = {}) {
    for (const OrderChange& change : net.orders())
        if (change.role == role && change.state == state &&
            (symbol.empty() || change.symbol == symbol))
            return change;
    return std::nullopt;
}

/// What the alarm of that kind is about.
std::string symbol_of_alarm(const Network& net, const std::string& kind) {
    const std::string said = net.said();
    const std::size_t at = said.find("symbol=", said.find("kind=" + kind));
    return at == std::string::npos ? "" : said.substr(at + 7, said.find(' ', at) - at - 7);
}

TEST(ExchangeRow, X1_ARefusedNonceMeasuresTheClockAgainAndTooManyCloseEntries) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-4225@POST order*1," + counting("GET time"));
    EXPECT_TRUE(eventually(busy, [&net] { return net.happened_to("GET time") >= 5; }))
        << "the clock is measured again" << net.said();
    EXPECT_TRUE(net.trades_on(3)) << "one refusal stops nothing";
    EXPECT_TRUE(net.modes().empty()) << net.said();
    net.faults("reject:-4225@POST order~-e0*5");
    EXPECT_TRUE(net.becomes("protect_only", seconds(20))) << net.said();
    EXPECT_NE(net.said().find("kind=clock_offset raised=true"), std::string::npos) << net.said();
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

TEST(ExchangeRow, X2_AClockThatCannotBeMeasuredWellClosesEntriesToo) {
    Network net;
    ASSERT_TRUE(net.holds());
    // A second and a half each way: the clock may be wrong by as much.
    net.faults("delay:2600@GET time=1,reject:-4225@POST order*1");
    ASSERT_TRUE(net.becomes("protect_only", seconds(20) + busy)) << net.said();
    EXPECT_NE(net.said().find("kind=clock_offset raised=true"), std::string::npos) << net.said();
    net.faults("none");
    EXPECT_TRUE(net.says("kind=clock_offset raised=false", seconds(25))) << net.said();
    net.ends_well(seconds(4));
}

TEST(ExchangeRow, X3_AnExitBeyondThePriceClosesItsTrancheByMarketAtOnce) {
    Network net;
    ASSERT_TRUE(net.holds());
    for (const auto& [role, rule] : {std::pair{"stop_loss", "reject:-2021@POST order~-s0*1"},
                                     std::pair{"take_profit", "reject:-4142@POST order~-t0*1"}}) {
        net.listen();
        ASSERT_TRUE(net.strikes(rule, 1));
        ASSERT_TRUE(net.says("role=close")) << net.said();
        const auto refused = change_of(net, role, "rejected");
        ASSERT_TRUE(refused.has_value()) << net.said();
        ASSERT_TRUE(eventually(busy, [&net, &refused] {
            return change_of(net, "close", "filled", refused->symbol).has_value();
        })) << net.said();
        const auto closed = change_of(net, "close", "filled", refused->symbol);
        EXPECT_LE((closed->at - refused->at).milliseconds(), (seconds(1) + late).milliseconds());
    }
    net.ends_well();
}

/// Tranches whole and protected, by their quantity and the order that stops them.
std::map<std::int64_t, std::pair<std::string, std::string>> stops_of(const Network& net) {
    std::map<std::int64_t, std::pair<std::string, std::string>> stops;
    for (const auto& [id, tranche] : read_engine(net.engine()).tranches)
        if (!tranche.stop_loss_order.empty())
            stops[id] = {tranche.quantity, tranche.stop_loss_order};
    return stops;
}

TEST(ExchangeRow, X4_ARefusedReductionIsReconciledAndOtherStopsStay) {
    Network net{{}, [](Json& settings) { settings["exchange"]["silence_ms"] = 60'000; }};
    ASSERT_TRUE(net.holds());
    const double snapshots = net.metric("snapshots_total");
    ASSERT_TRUE(net.strikes("reject:-2022@POST order~-t0*1", 1));
    const Nanos begin = monotonic_now();
    ASSERT_NO_FATAL_FAILURE(net.exchange().pause_market());
    const auto before = stops_of(net);
    ASSERT_FALSE(before.empty());
    EXPECT_TRUE(
        eventually(seconds(7) + busy, [&] { return net.metric("snapshots_total") > snapshots; }))
        << "the account is read again" << net.said();
    EXPECT_EQ(settle(net.engine(), net.exchange(), seconds(7) + busy), "") << net.said();
    EXPECT_LE((monotonic_now() - begin).milliseconds(), (seconds(7) + busy).milliseconds());
    for (const auto& [id, stop] : stops_of(net)) {
        const auto was = before.find(id);
        if (was == before.end() || was->second.first != stop.first) continue;
        EXPECT_EQ(was->second.second, stop.second) << "tranche " << id << " lost its stop";
    }
    net.post("resume_market", "{}");
    EXPECT_TRUE(net.trades_on(5));
    net.ends_well();
}

TEST(ExchangeRow, X5_ADoubtedFilterIsReadAgainAndDoubtedTwiceTheSymbolIsLeftAlone) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-1111@POST order~BTCUSDT*1," + counting("GET exchangeInfo"));
    EXPECT_TRUE(
        eventually(seconds(15) + busy, [&net] { return net.happened_to("GET exchangeInfo") >= 1; }))
        << "exchangeInfo is read again" << net.said();
    net.faults("reject:-1111@POST order~BTCUSDT*3");
    EXPECT_TRUE(net.says("kind=filters_doubted raised=true", seconds(40))) << net.said();
    net.listen();
    EXPECT_TRUE(net.trades_on(10)) << "other symbols go on";
    EXPECT_TRUE(entries_taken(net, "BTCUSDT").empty()) << net.said();
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
    // Ten symbols of two sides: each is refused once, and then the symbol left alone for a minute.
    ASSERT_TRUE(net.strikes("reject:-2019@POST order~-e0=1", 10));
    EXPECT_TRUE(net.says("kind=entry_rejected raised=true")) << net.said();
    eventually(seconds(4), [&] { return net.happened() > 20; });
    EXPECT_LE(net.happened(), 20) << "entries go on nevertheless";
    EXPECT_GE(read_exchange(net.exchange()).orders.size(), 2U) << "exits stay";
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
    ASSERT_TRUE(net.strikes("reject:-4045@POST order~-s0*1", 1));
    EXPECT_TRUE(net.says("kind=order_limit raised=true")) << net.said();
    const std::string symbol = symbol_of_alarm(net, "order_limit");
    ASSERT_FALSE(symbol.empty()) << net.said();
    net.listen();
    EXPECT_TRUE(net.trades_on(10)) << "other symbols go on";
    EXPECT_TRUE(entries_taken(net, symbol).empty()) << symbol << net.said();
    net.ends_well(seconds(4));
}

TEST(ExchangeRow, X10_ARefusalForThePositionModeIsForgottenOnceTheModeIsReadAndRight) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("reject:-4061@POST order~-e0*1," + counting("GET positionSide/dual"));
    ASSERT_TRUE(net.becomes("reconcile", seconds(40))) << net.said();
    EXPECT_TRUE(eventually(busy, [&net] { return net.happened_to("GET positionSide/dual") >= 1; }))
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
    EXPECT_EQ(net.metric("waits_for_operator"), 1);
    net.faults("none");
    net.press("resume");
    net.ends_well(seconds(10));
}

TEST(ExchangeRow, X12_Under429NothingIsRetriedInALoopAndEntriesHalveWhileProtectionGoesOn) {
    Network net;
    ASSERT_TRUE(net.holds());
    const auto taken_in_ten_seconds = [&net] {
        net.listen();
        const Nanos begin = monotonic_now();
        eventually(seconds(20), [&] { return monotonic_now() - begin >= seconds(10); });
        return entries_taken(net).size();
    };
    const std::size_t before = taken_in_ten_seconds();
    ASSERT_GE(before, 10U) << "there is more to do than the limit allows";
    ASSERT_TRUE(net.strikes("status:429@POST order=1", 1));
    EXPECT_TRUE(net.says("kind=rate_limited raised=true")) << net.said();
    eventually(seconds(4), [&net] { return net.happened() > 15; });
    EXPECT_LE(net.happened(), 15) << "asked again and again against 429";
    net.faults("none");
    ASSERT_TRUE(net.trades_on(1)) << "protection has room";
    const std::size_t after = taken_in_ten_seconds();
    EXPECT_GE(after, 1U);
    EXPECT_LE(after * 10, before * 7) << before << " before, " << after << " after";
    net.ends_well(seconds(10));
}

TEST(ExchangeRow, X12_DuringABanNothingIsAskedAndSomebodyMustResume) {
    Network net{{"--ban-seconds", "4"}};
    ASSERT_TRUE(net.holds());
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
    EXPECT_EQ(net.recorded("banned"), 1) << "told once, by whoever met it first";
    net.ends_well(seconds(10));
}

TEST(ExchangeRow, X12_ABanThatOnlyAQuestionMetIsARowToo) {
    Network net{{"--ban-seconds", "4"},
                [](Json& settings) { settings["exchange"]["silence_ms"] = 60'000; }};
    ASSERT_TRUE(net.holds());
    ASSERT_NO_FATAL_FAILURE(net.exchange().pause_market());
    ASSERT_EQ(settle(net.engine(), net.exchange()), "");
    ASSERT_TRUE(net.strikes("status:418@query*1", 1));
    EXPECT_TRUE(net.says("kind=banned raised=true")) << net.said();
    EXPECT_TRUE(net.says("kind=banned raised=false", seconds(4) + busy)) << net.said();
    EXPECT_TRUE(eventually(busy, [&net] { return net.recorded("banned") == 2; }));
    net.faults("none");
    net.post("resume_market", "{}");
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
    EXPECT_TRUE(net.says("kind=answers_changed raised=true")) << "alerted on first sight";
    EXPECT_GT(net.metric("answer_unknown_members_total") + net.metric("answers_unreadable_total"),
              0);
    net.ends_well();
}

INSTANTIATE_TEST_SUITE_P(ExchangeRow, X13,
                         ::testing::Values("missing", "retyped", "extra", "huge", "html", "torn",
                                           "empty"),
                         [](const auto& chosen) { return std::string{chosen.param}; });

}  // namespace
}  // namespace tranche::integration
