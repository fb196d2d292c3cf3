// Rows N1 to N15 of the fault table, by the real programs over TLS: whatever the network does, no
// order is doubled, nothing stays without a stop, and in the end both books agree.
#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <ostream>
#include <set>

#include "tests/integration/network.hpp"

namespace tranche::integration {
namespace {

/// How much longer than the fault table's bound a test waits on a busy machine …
constexpr Nanos busy = seconds(10);
/// … and what such a machine may add to a time that the engine's own log tells.
constexpr Nanos late = seconds(3);

/// A market that stands still is no reason to close entries.
void wait_for_a_quiet_market(Json& settings) {
    settings["exchange"]["silence_ms"] = 60'000;
}
/// Stands still, and with it every order.
void stand_still(Network& net) {
    ASSERT_NO_FATAL_FAILURE(net.exchange().pause_market());
    ASSERT_EQ(settle(net.engine(), net.exchange()), "") << net.said();
}

std::int64_t connections(const Network& net, const std::string& kind) {
    return net.get_from_exchange("/sim/connections").value(kind, std::int64_t{});
}

TEST(NetworkRow, N1_CutAtAnyByteOfARequestOrAnAnswerNoOrderIsSentTwice) {
    Network net;
    ASSERT_TRUE(net.holds());
    // Inside the request line, the head and the body; whole requests; status line, head and body
    // of the answer; whole answers.
    for (const char* cut : {"cut_request:1", "cut_request:30", "cut_request:120", "cut_request:400",
                            "cut_request:100000", "cut:0", "cut:1", "cut:9", "cut:60", "cut:180",
                            "cut:320", "cut:100000"})
        ASSERT_TRUE(net.strikes(fmt::format("{}@POST order*1", cut), 1));
    ASSERT_TRUE(net.strikes("cut:40@POST order~-s0*1", 1)) << "protection itself";
    ASSERT_TRUE(net.strikes("cut_request:40@POST order~-s0*1", 1));
    ASSERT_TRUE(net.strikes("cut:15@DELETE order*1", 1));
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(15) + busy, [&net] {
        return net.engine().figure("/funnel/unknown_now") == 0;
    })) << net.said();
    net.ends_well();
}

TEST(NetworkRow, N2_WithoutItsMarketNothingIsEnteredAndStopsStayUntouched) {
    Network net{{}, wait_for_a_quiet_market};
    ASSERT_TRUE(net.holds());
    ASSERT_NO_FATAL_FAILURE(stand_still(net));
    ASSERT_EQ(net.mode(), "trading");
    const auto orders = read_exchange(net.exchange()).orders;
    ASSERT_GE(orders.size(), 2U);
    net.faults("refuse");
    net.listen();
    const Nanos cut = time_of_day();
    ASSERT_GE(net.harm("cut", "market"), 1);
    ASSERT_TRUE(net.becomes("protect_only", seconds(1) + busy)) << net.said();
    EXPECT_LE((net.modes().front().at - cut).milliseconds(), (seconds(1) + late).milliseconds());
    net.post("resume_market", "{}");
    const std::int64_t entered = net.engine().figure("/funnel/verdicts/entered");
    EXPECT_TRUE(net.stays_closed(seconds(2))) << net.said();
    EXPECT_EQ(net.engine().figure("/funnel/verdicts/entered"), entered);
    for (const OrderChange& change : net.orders()) {
        EXPECT_NE(change.role, "entry") << change.state;
        EXPECT_NE(change.state, "canceled") << change.role << ": stops fire or stay";
    }
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(5) + busy, [&net] { return net.mode() == "trading"; }));
    net.ends_well();
}

TEST(NetworkRow, N3_WithOneUserConnectionTheOtherTakesOverWithoutBothItReconcilesFirst) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(eventually(busy, [&net] { return connections(net, "user") == 2; }))
        << "two user connections are kept warm";
    ASSERT_EQ(net.harm("cut", "user", 1), 1);
    const std::int64_t fills = net.engine().figure("/funnel/fills");
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return net.engine().figure("/funnel/fills") > fills;
    })) << net.said();
    EXPECT_TRUE(eventually(busy, [&net] { return connections(net, "user") == 2; }))
        << "the lost one is replaced";
    EXPECT_TRUE(eventually(busy, [&net] { return net.mode() == "trading"; }));
    net.listen();
    ASSERT_GE(net.harm("reset", "user"), 2);
    ASSERT_TRUE(net.becomes("reconcile")) << net.said();
    ASSERT_TRUE(net.becomes("trading", seconds(3) + busy)) << net.said();
    EXPECT_LE(net.longest_out_of_trading().milliseconds(), (seconds(3) + late).milliseconds())
        << net.said();
    net.ends_well();
}

TEST(NetworkRow, N4_HalfOpenStreamsAreFoundOutAndReplaced) {
    Network net;
    ASSERT_TRUE(net.holds());
    const auto lost = [&net](const char* kind) {
        return net.metric("connection_losses_total", kind);
    };
    ASSERT_EQ(lost("signal") + lost("marks") + lost("user"), 0);
    const double all = net.metric("connection_open");
    const std::int64_t market = net.harm("half_open", "market");
    const std::int64_t user = net.harm("half_open", "user");
    ASSERT_GE(market, 2);
    ASSERT_GE(user, 2);
    // A silent market connection gets a successor, of which it is known what it brings.
    EXPECT_TRUE(eventually(seconds(8) + late, [&] {
        return lost("signal") + lost("marks") + net.metric("connection_rotations_total") >=
                   static_cast<double>(market) &&
               lost("user") >= static_cast<double>(user);
    })) << net.engine().get_text("/metrics");
    EXPECT_TRUE(eventually(seconds(8) + busy, [&] {
        return net.metric("connection_open") == all && net.mode() == "trading";
    })) << net.said();
    EXPECT_TRUE(net.trades_on(5));
    net.ends_well(seconds(12));
}

TEST(NetworkRow, N4_IdleOrderConnectionsThatAreHalfOpenAreFoundWithoutAnOrder) {
    Network net{{}, wait_for_a_quiet_market};
    ASSERT_TRUE(net.holds());
    ASSERT_NO_FATAL_FAILURE(stand_still(net));
    const double order_connections = 6;  // three, and as many to spare
    ASSERT_EQ(net.metric("order_connections_ready"), order_connections);
    ASSERT_EQ(net.metric("order_pings_unanswered_total"), 0);
    ASSERT_GE(net.harm("half_open", "rest"), 7) << "and that of the housekeeping";
    EXPECT_TRUE(eventually(seconds(8) + late, [&] {
        return net.metric("order_pings_unanswered_total") == order_connections &&
               net.metric("order_connections_ready") == order_connections;
    })) << net.metric("order_pings_unanswered_total");
    net.post("resume_market", "{}");
    EXPECT_TRUE(net.trades_on(5));
    net.ends_well(seconds(4));
}

TEST(NetworkRow, N4_HalfOpenRequestsAreGivenUpAndSettled) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("hang@POST order~-e0*1,hang_request@POST order~-e0*1", 2));
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
    EXPECT_LT(net.metric("round_trip_average_seconds"), 0.5);
    const double discarded = net.metric("orders_late_total");
    net.faults("delay:1200@POST order=1,lag_frames:150");
    EXPECT_TRUE(eventually(seconds(30), [&net] {
        return net.metric("round_trip_average_seconds") > 0.9 &&
               net.metric("order_queue_age_seconds", "entry") > 0.05;
    })) << net.engine().get_text("/metrics");
    EXPECT_TRUE(
        eventually(seconds(30), [&] { return net.metric("orders_late_total") > discarded + 5; }));
    EXPECT_GT(net.metric("order_longest_wait_seconds", "entry"), 0);
    EXPECT_LE(net.metric("order_longest_wait_seconds", "entry"), 0.5) << "one left that was older";
    for (const OrderChange& change : net.orders())
        EXPECT_TRUE(change.state != "dropped" || change.role == "entry") << change.id;
    net.ends_well(seconds(6));
}

TEST(NetworkRow, N7_EventsBeforeTheAnswerAfterItOrWithoutOneLeadToTheSameState) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(
        net.strikes("event_first@POST order=0.5,delay:400@POST order=0.3,"
                    "lag_events:300=0.3,hang@POST order=0.03",
                    40, seconds(40)));
    EXPECT_TRUE(eventually(seconds(20), [&net] {
        return net.happened_to("POST order", "event_first") > 0 &&
               net.happened_to("POST order", "delay") > 0 &&
               net.happened_to("POST order", "hang") > 0;
    })) << net.get_from_exchange("/sim/faults").dump();
    // That no order comes back to life when an old answer arrives is looked at in the end.
    net.ends_well(seconds(4));
}

TEST(NetworkRow, N8_EventsToldTwiceOrOutOfOrderCountOnce) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("dup_events=1,swap_events=0.2", 60));
    EXPECT_TRUE(net.trades_on(10));
    EXPECT_GT(net.metric("duplicates_total") + net.metric("feed_stale_total", "user"), 0)
        << "the second ones were recognised";
    net.ends_well();
    const std::int64_t fills = net.exchange().ledger().value("fills", std::int64_t{});
    EXPECT_GT(fills, 0);
    EXPECT_EQ(net.recorded_fills(), fills) << "each trade is a row, once";
}

/// The market jumps to where this open order is filled.
void move_price_into(Network& net, const Json& order) {
    net.post("symbol",
             fmt::format("symbol={}&regime=gap&direction={}&ms=1000", order.value("symbol", ""),
                         order.value("side", "") == "BUY" ? "down" : "up"));
}

/// Fills entries that are being cancelled, or should have been long ago; waits until one is told.
bool is_filled_while_cancelled(Network& net) {
    constexpr std::int64_t life_ms = 3'200;  // of an entry, until its first cancel at the latest
    std::set<std::string> cancelled;
    return eventually(seconds(60), [&] {
        for (const Json& order : net.engine().get("/api/orders")) {
            if (order.value("role", "") != "entry") continue;
            const std::int64_t age =
                kernel_now().milliseconds() - order.value("created", std::int64_t{});
            if (order.value("state", "") != "cancelling" && age <= life_ms) continue;
            if (cancelled.insert(order.value("client_order_id", "")).second)
                move_price_into(net, order);
        }
        const auto changes = net.orders();
        return std::ranges::any_of(changes, [&](const OrderChange& change) {
            return change.state == "filled" && cancelled.contains(change.id);
        });
    });
}

/// Under these rules of faults, which must strike so often, cancels come to nothing.
void adopt_late_fills(const std::string& rules, std::int64_t times, Nanos bound) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes(rules, times, seconds(40)));
    EXPECT_TRUE(is_filled_while_cancelled(net)) << net.said();
    net.ends_well(bound);
}

TEST(NetworkRow, N9_AFillThatComesAfterItsCancelIsAdoptedAndProtected) {
    // Cancels reach the exchange late, and what happened before them is told later still.
    adopt_late_fills("delay_request:500@DELETE order=1,lag_events:700", 20, seconds(5));
}

TEST(NetworkRow, N9_AnUnknownOrderIsNotOverBecauseItsCancelWasRefused) {
    // The cancel is refused, the order lives on, and may be filled at any time.
    adopt_late_fills("reject:-2011@DELETE order~-e0=1", 5, seconds(4));
}

TEST(NetworkRow, N10_RotationComesBeforeTheExchangesCutAndLosesNothing) {
    // One at a time is replaced, and read together with its successor for two seconds.
    constexpr auto life = seconds(20);
    Network net{{"--connection-life", "20"}, [](Json& settings) {
                    wait_for_a_quiet_market(settings);
                    settings["exchange"]["rotate_after_s"] = 5;
                    settings["exchange"]["rotate_stagger_s"] = 1;
                    settings["exchange"]["user_feeds"] = 1;
                    for (const char* symbol : {"XRPUSDT", "BNBUSDT", "DOGEUSDT", "ASTERUSDT",
                                               "HYPEUSDT", "FARTCOINUSDT", "PUMPUSDT"})
                        settings["symbols"].erase(symbol);
                }};
    ASSERT_TRUE(net.holds());
    const double all = net.metric("connection_open");
    EXPECT_EQ(all, 5) << "two streams twice, and the account's own";
    // What was published before all were open is missing for good; from here on nothing may be.
    const std::int64_t missing = net.unseen();
    ASSERT_GE(missing, 0);
    const double rotated = net.metric("connection_rotations_total");
    net.post("resume_market", "{}");
    net.listen();
    const Nanos begin = monotonic_now();
    EXPECT_TRUE(eventually(seconds(60), [&] {
        return monotonic_now() - begin > life &&
               net.metric("connection_rotations_total") >= rotated + all;
    })) << net.engine().get_text("/metrics");
    EXPECT_EQ(net.metric("connection_losses_total"), 0) << "the exchange had to cut one";
    EXPECT_EQ(net.said().find("stream_lost raised=true"), std::string::npos) << net.said();
    EXPECT_EQ(net.longest_out_of_trading().count, 0) << net.said();
    EXPECT_EQ(net.unseen(), missing) << net.said();
    net.post("resume_market", "{}");
    net.ends_well();
}

TEST(NetworkRow, N11_PingsAreAnsweredSoThatNoConnectionIsKilled) {
    Network net{{"--ping-period", "1", "--pong-deadline", "2"}};
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
    net.faults(counting("DELETE listenKey"));
    net.post("expire_listen_key", "");
    ASSERT_TRUE(net.becomes("reconcile")) << net.said();
    EXPECT_TRUE(eventually(seconds(3) + busy, [&net] { return connections(net, "user") >= 1; }))
        << "somebody reads the new key";
    ASSERT_TRUE(net.becomes("trading", seconds(3) + busy)) << net.said();
    EXPECT_LE(net.longest_out_of_trading().milliseconds(), (seconds(3) + late).milliseconds())
        << net.said();
    const std::int64_t fills = net.engine().figure("/funnel/fills");
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return net.engine().figure("/funnel/fills") > fills;
    })) << "events come again";
    EXPECT_EQ(net.happened_to("DELETE listenKey"), 0) << "the account's other programs share it";
    net.ends_well(seconds(4));
}

TEST(NetworkRow, N12_AKeyThatCannotBeExtendedIsAskedForAnewAndNeverDeleted) {
    Network net{{}, [](Json& settings) { settings["exchange"]["listen_key_refresh_s"] = 1; }};
    ASSERT_TRUE(net.holds());
    net.faults("reject:-1125@PUT listenKey*1," + counting("POST listenKey") + "," +
               counting("DELETE listenKey"));
    EXPECT_TRUE(eventually(seconds(3) + busy, [&net] {
        return net.happened_to("POST listenKey") >= 1;
    })) << net.said();
    const std::int64_t fills = net.engine().figure("/funnel/fills");
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return net.engine().figure("/funnel/fills") > fills;
    })) << "events go on";
    EXPECT_EQ(net.happened_to("DELETE listenKey"), 0);
    net.ends_well();
}

struct BadCertificate {
    const char* flaw;
    const char* words;  // of its reason
};
void PrintTo(const BadCertificate& one, std::ostream* out) {
    *out << one.flaw;
}
class N13 : public ::testing::TestWithParam<BadCertificate> {};

TEST_P(N13, AWrongCertificateIsRefusedForItsReasonAndProtectionWaitsInPlace) {
    Network net;
    ASSERT_TRUE(net.holds());
    net.faults(fmt::format("certificate:{}", GetParam().flaw));
    net.harm("cut", "all");
    ASSERT_TRUE(net.closes_entries(busy)) << net.said();
    EXPECT_TRUE(net.says(GetParam().words)) << net.said();
    EXPECT_NE(net.said().find(" alarm stream "), std::string::npos) << net.said();
    EXPECT_NE(net.said().find("nothing was sent there"), std::string::npos) << net.said();
    const std::int64_t accepted = read_exchange(net.exchange()).accepted;
    EXPECT_TRUE(net.stays_closed(seconds(2))) << net.said();
    for (const ModeChange& change : net.modes()) EXPECT_NE(change.to, "trading") << net.said();
    EXPECT_EQ(read_exchange(net.exchange()).accepted, accepted) << "something was sent";
    net.faults("none");
    EXPECT_TRUE(eventually(seconds(30), [&net] { return net.mode() == "trading"; })) << net.said();
    net.ends_well(seconds(30));
}

INSTANTIATE_TEST_SUITE_P(NetworkRow, N13,
                         ::testing::Values(BadCertificate{"expired", "was valid until"},
                                           BadCertificate{"wrong_host",
                                                          "was asked for, the "
                                                          "certificate is for"},
                                           BadCertificate{"unknown_issuer",
                                                          "is not among the trusted ones"}),
                         [](const auto& chosen) { return std::string{chosen.param.flaw}; });

const std::string page = "kind=exchange_unreachable raised=true";

/// Every connection ends and none comes up again under `rule`: entries close, and somebody is
/// called ten seconds later.
void cut_off(Network& net, const std::string& rule) {
    net.faults(rule);
    const Nanos begin = time_of_day();
    net.harm("reset", "all");
    ASSERT_TRUE(net.closes_entries(seconds(3) + busy)) << net.said();
    ASSERT_TRUE(net.says(page, seconds(10) + busy)) << net.said();
    EXPECT_LE((net.said_at(page).value_or(Nanos{}) - begin).milliseconds(),
              (seconds(10) + late).milliseconds());
    EXPECT_NE(net.mode(), "trading");
}

TEST(NetworkRow, N13_ACertificateThatNobodyTrustsIsAPageAfterTenSeconds) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_NO_FATAL_FAILURE(cut_off(net, "certificate:expired"));
    net.ends_well(seconds(30));
}

TEST(NetworkRow, N15_WithoutAnyPathItWaitsProtectedAndReconcilesBeforeItTradesAgain) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_NO_FATAL_FAILURE(cut_off(net, "refuse"));
    EXPECT_TRUE(eventually(busy, [&net] { return net.recorded("exchange_unreachable") == 1; }))
        << "a row of the database, once";
    const std::int64_t entered = net.engine().figure("/funnel/verdicts/entered");
    EXPECT_TRUE(net.stays_closed(seconds(1))) << net.said();
    EXPECT_EQ(net.engine().figure("/funnel/verdicts/entered"), entered);
    net.faults("none");
    ASSERT_TRUE(net.becomes("trading", seconds(15) + busy)) << net.said();
    bool reconciled = false;
    for (const ModeChange& change : net.modes()) {
        reconciled |= change.to == "reconcile";
        EXPECT_TRUE(reconciled || change.to != "trading") << net.said();
    }
    EXPECT_EQ(net.said().find(page), net.said().rfind(page)) << "said once";
    EXPECT_TRUE(eventually(busy, [&net] { return net.recorded("exchange_unreachable") == 2; }))
        << "and its end";
    net.ends_well(seconds(40));
}

}  // namespace
}  // namespace tranche::integration
