// Rows N1 to N15 of the fault table, by the real programs over TLS: whatever the network does, no
// order is doubled, nothing stays without a stop, and in the end both books agree.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/integration/network.hpp"

namespace tranche::integration {
namespace {

/// What the fault table promises, and what a busy machine may add to it.
constexpr Nanos busy = seconds(10);

TEST(NetworkRow, N1_CutAtAnyByteOfARequestOrAnAnswerNoOrderIsSentTwice) {
    Network net;
    ASSERT_TRUE(net.holds());
    // Inside the request line, the head and the body; whole requests; status line, head and body
    // of the answer; whole answers.
    for (const char* cut : {"cut_request:1", "cut_request:30", "cut_request:120", "cut_request:400",
                            "cut_request:100000", "cut:0", "cut:1", "cut:9", "cut:60", "cut:180",
                            "cut:320", "cut:100000"})
        ASSERT_TRUE(net.strikes(fmt::format("{}@POST order*1", cut), 1));
    ASSERT_TRUE(net.strikes("cut:40@POST order~-s*1", 1)) << "protection itself";
    ASSERT_TRUE(net.strikes("cut_request:40@POST order~-s*1", 1));
    ASSERT_TRUE(net.strikes("cut:15@DELETE order*1", 1));
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(15) + busy, [&net] {
        return net.engine().figure("/funnel/unknown_now") == 0;
    })) << net.said();
    net.ends_well();
}

TEST(NetworkRow, N2_WithoutItsMarketNothingIsEnteredAndStopsStayUntouched) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("refuse");
    ASSERT_GE(net.harm("cut", "market"), 1);
    ASSERT_TRUE(net.becomes("protect_only", seconds(2) + busy)) << net.said();
    const std::int64_t entered = net.engine().figure("/funnel/verdicts/entered");
    const auto stops = [&net] {
        std::size_t count = 0;
        for (const auto& [id, type] : read_exchange(net.exchange()).types)
            count += type == "STOP_MARKET" ? 1U : 0U;
        return count;
    };
    const std::size_t before = stops();
    EXPECT_GE(before, 1U);
    eventually(seconds(2), [&] { return net.mode() == "trading"; });
    EXPECT_EQ(net.engine().figure("/funnel/verdicts/entered"), entered);
    EXPECT_GE(stops() + 3, before) << "stops fire or stay, nobody takes them away";
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(5) + busy, [&net] { return net.mode() == "trading"; }));
    net.ends_well();
}

TEST(NetworkRow, N3_WithOneUserConnectionTheOtherTakesOverWithoutBothItReconcilesFirst) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(eventually(busy, [&net] {
        return net.get_from_exchange("/sim/connections").value("user", 0) == 2;
    })) << "two user connections are kept warm";
    ASSERT_EQ(net.harm("cut", "user", 1), 1);
    const std::int64_t fills = net.engine().figure("/funnel/fills");
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return net.engine().figure("/funnel/fills") > fills;
    })) << net.said();
    EXPECT_TRUE(eventually(busy, [&net] {
        return net.get_from_exchange("/sim/connections").value("user", 0) == 2;
    })) << "the lost one is replaced";
    EXPECT_TRUE(eventually(busy, [&net] { return net.mode() == "trading"; }));
    net.listen();
    ASSERT_GE(net.harm("reset", "user"), 2);
    ASSERT_TRUE(net.becomes("reconcile")) << net.said();
    ASSERT_TRUE(net.becomes("trading", seconds(3) + busy)) << net.said();
    EXPECT_LE(net.longest_out_of_trading().milliseconds(), 6'000) << net.said();
    net.ends_well();
}

TEST(NetworkRow, N4_HalfOpenStreamsAreFoundOutAndReplaced) {
    Network net;
    ASSERT_TRUE(net.holds());
    const double lost = net.metric("connection_losses_total");
    ASSERT_GE(net.harm("half_open", "market"), 2);
    ASSERT_GE(net.harm("half_open", "user"), 1);
    EXPECT_TRUE(net.says("kind=market_stream_lost raised=true", seconds(8) + busy) ||
                net.metric("connection_losses_total") > lost)
        << net.said();
    EXPECT_TRUE(eventually(seconds(8) + busy, [&net] {
        const Json lines = net.get_from_exchange("/sim/connections");
        return lines.value("user", 0) >= 1 && lines.value("market", 0) >= 2;
    })) << "new connections stand instead";
    EXPECT_TRUE(net.trades_on(5));
    net.ends_well(seconds(12));
}

TEST(NetworkRow, N4_HalfOpenRequestsAreGivenUpAndSettled) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("hang@POST order~-e*1,hang_request@POST order~-e*1", 2));
    net.faults("none");
    ASSERT_GE(net.harm("half_open", "rest"), 1);
    EXPECT_TRUE(eventually(seconds(15) + busy, [&net] {
        return net.engine().figure("/funnel/unknown_now") == 0;
    })) << net.said();
    EXPECT_TRUE(net.trades_on(5));
    net.ends_well(seconds(15));
}

TEST(NetworkRow, N5_FillsThatNeverCameAreFoundByAsking) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("drop_events");
    ASSERT_TRUE(net.trades_on(5));
    ASSERT_NO_FATAL_FAILURE(net.exchange().pause_market());
    const auto agree = [&net] {
        return differences(read_engine(net.engine()), read_exchange(net.exchange()))
                   .find("positions differ") == std::string::npos;
    };
    EXPECT_TRUE(eventually(seconds(7) + busy, agree))
        << "while events are still lost: " << net.said();
    net.ends_well(seconds(7) + busy);
}

TEST(NetworkRow, N6_OnASlowLinkOldEntriesAreDiscardedAndProtectionNever) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("delay:1200@POST order=1,lag_frames:150");
    EXPECT_TRUE(eventually(seconds(30), [&net] {
        return net.said().find("role=entry side") != std::string::npos &&
               net.said().find("state=dropped") != std::string::npos;
    }));
    std::istringstream lines{net.said()};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("state=dropped") == std::string::npos) continue;
        EXPECT_NE(line.find("role=entry"), std::string::npos) << line;
    }
    net.ends_well(seconds(6));
}

TEST(NetworkRow, N7_EventsBeforeTheAnswerAfterItOrWithoutOneLeadToTheSameState) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(
        net.strikes("event_first@POST order=0.5,delay:400@POST order=0.3,"
                    "lag_events:300=0.3,hang@POST order=0.03",
                    40, seconds(40)));
    net.ends_well(seconds(4));
}

TEST(NetworkRow, N8_EventsToldTwiceOrOutOfOrderCountOnce) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("dup_events=1,swap_events=0.2", 60));
    EXPECT_TRUE(net.trades_on(10));
    net.ends_well();
    EXPECT_GT(net.exchange().ledger().value("fills", 0), 0);
}

TEST(NetworkRow, N9_AFillThatComesAfterItsCancelIsAdoptedAndProtected) {
    Network net;
    ASSERT_TRUE(net.holds());
    // Cancels reach the exchange late, and what happened before them is told later still.
    ASSERT_TRUE(net.strikes("delay_request:500@DELETE order=1,lag_events:700", 20, seconds(40)));
    net.ends_well(seconds(5));
}

TEST(NetworkRow, N10_RotationComesBeforeTheExchangesCutAndLosesNothing) {
    Network net{{"--connection-life", "15"}, [](Json& settings) {
                    settings["exchange"]["rotate_after_s"] = 7;
                    settings["exchange"]["rotate_stagger_s"] = 1;
                }};
    ASSERT_TRUE(net.holds());
    const std::int64_t seen = net.engine().figure("/funnel/liquidations");
    const Json before = net.exchange().ledger();
    const Nanos begin = monotonic_now();
    eventually(seconds(60), [&] { return monotonic_now() - begin > seconds(18); });
    EXPECT_EQ(net.said().find("stream_lost raised=true"), std::string::npos) << net.said();
    EXPECT_EQ(net.longest_out_of_trading().count, 0) << net.said();
    ASSERT_NO_FATAL_FAILURE(net.exchange().pause_market());
    const std::int64_t all =
        net.exchange().ledger().value("liquidations_published", std::int64_t{});
    EXPECT_GT(all, before.value("liquidations_published", std::int64_t{}));
    // The first reading of both was not at one instant; what came since is complete all the same.
    EXPECT_TRUE(eventually(busy, [&] {
        return net.engine().figure("/funnel/liquidations") >=
               all - before.value("liquidations_published", std::int64_t{}) + seen - 15;
    }));
    net.ends_well();
}

TEST(NetworkRow, N11_PingsAreAnsweredSoThatNoConnectionIsKilled) {
    Network net{{"--ping-period", "1", "--pong-deadline", "3"}};
    ASSERT_TRUE(net.holds());
    const double lost = net.metric("connection_losses_total");
    const Nanos begin = monotonic_now();
    eventually(seconds(30), [&] { return monotonic_now() - begin > seconds(6); });
    EXPECT_EQ(net.metric("connection_losses_total"), lost);
    EXPECT_EQ(net.said().find("stream_lost raised=true"), std::string::npos) << net.said();
    net.ends_well();
}

TEST(NetworkRow, N12_AnExpiredListenKeyIsReplacedAndTheAccountReconciled) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.post("expire_listen_key", "");
    ASSERT_TRUE(net.becomes("reconcile")) << net.said();
    EXPECT_TRUE(eventually(seconds(3) + busy, [&net] {
        return net.get_from_exchange("/sim/connections").value("user", 0) >= 1;
    })) << "somebody reads the new key";
    ASSERT_TRUE(net.becomes("trading", seconds(3) + busy)) << net.said();
    EXPECT_LE(net.longest_out_of_trading().milliseconds(), 8'000) << net.said();
    const std::int64_t fills = net.engine().figure("/funnel/fills");
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return net.engine().figure("/funnel/fills") > fills;
    })) << "events come again";
    net.ends_well(seconds(4));
}

class N13 : public ::testing::TestWithParam<const char*> {};

TEST_P(N13, AWrongCertificateIsRefusedForItsReasonAndProtectionWaitsInPlace) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults(fmt::format("certificate:{}", GetParam()));
    net.harm("cut", "all");
    ASSERT_TRUE(net.closes_entries(busy)) << net.said();
    eventually(seconds(1), [&net] { return net.mode() == "trading"; });
    const std::int64_t accepted = read_exchange(net.exchange()).accepted;
    eventually(seconds(2), [&net] { return net.mode() == "trading"; });
    EXPECT_NE(net.mode(), "trading");
    EXPECT_EQ(read_exchange(net.exchange()).accepted, accepted) << "something was sent";
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(30), [&net] { return net.mode() == "trading"; })) << net.said();
    net.ends_well(seconds(30));
}

INSTANTIATE_TEST_SUITE_P(NetworkRow, N13,
                         ::testing::Values("expired", "wrong_host", "unknown_issuer"),
                         [](const auto& chosen) { return std::string{chosen.param}; });

TEST(NetworkRow, N15_WithoutAnyPathItWaitsProtectedAndReconcilesBeforeItTradesAgain) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults("refuse");
    net.harm("reset", "all");
    ASSERT_TRUE(net.closes_entries(seconds(3) + busy)) << net.said();
    const std::int64_t entered = net.engine().figure("/funnel/verdicts/entered");
    EXPECT_TRUE(net.says("kind=exchange_unreachable raised=true", seconds(10) + busy))
        << net.said();
    EXPECT_NE(net.mode(), "trading");
    EXPECT_EQ(net.engine().figure("/funnel/verdicts/entered"), entered);
    net.faults("none");
    ASSERT_TRUE(net.becomes("trading", seconds(15) + busy)) << net.said();
    bool reconciled = false;
    for (const ModeChange& change : net.modes()) {
        reconciled |= change.to == "reconcile";
        EXPECT_TRUE(reconciled || change.to != "trading") << net.said();
    }
    net.ends_well(seconds(40));
}

}  // namespace
}  // namespace tranche::integration
