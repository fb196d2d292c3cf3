// Redundant feeds with the real programs: one market connection is cut again and again, and not one
// published liquidation is missing, nor do entries close.
#include <gtest/gtest.h>

#include "tests/integration/network.hpp"

namespace tranche::integration {
namespace {

std::int64_t published(const Network& net) {
    return net.exchange().ledger().value("liquidations_published", std::int64_t{-1});
}

double of_market(const Network& net, const std::string& name) {
    return net.metric(name, "signal") + net.metric(name, "marks");
}
/// Two feeds, of three connections each: the names of ten symbols fill two paths.
bool all_open(const Network& net) {
    return of_market(net, "connection_open") == 6;
}

TEST(Feeds, OneOfTwoMarketConnectionsCutLosesNoEventAndClosesNoEntries) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(eventually(seconds(20), [&net] { return all_open(net); }));
    // What was published before both were open is missing for good; from here on nothing may be.
    const std::int64_t missing = net.unseen();
    ASSERT_GE(missing, 0);
    net.post("resume_market", "{}");
    ASSERT_TRUE(eventually(seconds(20), [&net] { return net.mode() == "trading"; }));
    net.listen();
    for (int round = 0; round < 5; ++round) {
        ASSERT_EQ(net.harm("cut", "market", 1), 1);
        EXPECT_TRUE(eventually(seconds(20), [&net, round] {
            return of_market(net, "connection_losses_total") > round;
        }));
        EXPECT_TRUE(eventually(seconds(20), [&net] { return all_open(net); }))
            << "the lost one is replaced";
        const std::int64_t now = published(net);
        EXPECT_TRUE(eventually(seconds(20), [&net, now] { return published(net) > now + 3; }));
    }
    EXPECT_EQ(net.longest_out_of_trading().count, 0) << net.said();
    EXPECT_EQ(net.said().find("market_stream_lost raised=true"), std::string::npos) << net.said();
    EXPECT_EQ(net.unseen(), missing) << net.said();
    net.post("resume_market", "{}");
    EXPECT_GT(net.metric("feed_wins_total", "signal"), 0);
    EXPECT_GT(net.metric("feed_copies_total", "signal"), 0) << "the second copies were recognised";
    net.ends_well();
}

TEST(Feeds, WithoutAnyConnectionTheGapIsOnRecord) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_GE(net.harm("reset", "market"), 2);
    EXPECT_TRUE(net.says("kind=stream_gap")) << net.said();
    EXPECT_TRUE(eventually(seconds(20), [&net] {
        for (const Json& alarm : net.engine().get("/api/alarms"))
            if (alarm.value("kind", "") == "stream_gap") return true;
        return false;
    })) << net.engine().get_text("/api/alarms");
    net.ends_well();
}

}  // namespace
}  // namespace tranche::integration
