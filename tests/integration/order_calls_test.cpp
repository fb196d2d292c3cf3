// Calls beside placing, cancelling and asking, by the real programs over TLS and under faults:
// noop, changes in place, orders that share a request.
#include <gtest/gtest.h>
#include <sstream>

#include "tests/integration/network.hpp"

namespace tranche::integration {
namespace {

/// A rule that only counts calls.
std::string counted(const std::string& call) {
    return "delay:1@" + call + "=1";
}

TEST(OrderCalls, AnEntryThatNeverCameIsVoidAndSettledBeforeItsNonceIsOver) {
    Network net;
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("cut_request:30@POST order~-e0*1," + counted("POST noop"), 2));
    const Nanos struck = monotonic_now();
    EXPECT_TRUE(eventually(seconds(30), [&net] {
        return net.engine().figure("/funnel/unknown_now") == 0;
    })) << net.said();
    // By patience alone it takes the twelve seconds that its nonce is good, and one more.
    EXPECT_LT((monotonic_now() - struck).milliseconds(), 10'000) << net.said();
    EXPECT_TRUE(net.trades_on(3));
    net.ends_well();
}

TEST(OrderCalls, AnEntryThatCameIsFoundAlthoughItsNoopIsRefused) {
    Network net;
    ASSERT_TRUE(net.holds());
    // Late events, so that the stream does not tell of it before it is in doubt.
    net.faults("cut:0@POST order~-e0*2,lag_events:600=1," + counted("POST noop"));
    ASSERT_TRUE(eventually(seconds(30), [&net] {
        return net.happened_to("POST noop", "delay") >= 1;
    })) << net.said();
    EXPECT_TRUE(eventually(seconds(20), [&net] {
        return net.engine().figure("/funnel/unknown_now") == 0;
    })) << net.said();
    net.ends_well();
}

TEST(OrderCalls, WithoutNoncesThereIsNoNoop) {
    Network net{{}, [](Json& settings) { settings["exchange"]["void_unknown"] = false; }};
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes("cut:0@POST order~-e0*2," + counted("POST noop"), 2));
    EXPECT_TRUE(net.trades_on(5));
    EXPECT_EQ(net.happened(), 2) << "the cuts, and no noop";
    net.ends_well();
}

TEST(OrderCalls, TakeProfitsAreChangedInPlaceAndFallBackWhereThatFails) {
    Network net{{}, [](Json& settings) { settings["exchange"]["modify_take_profits"] = true; }};
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes(counted("PUT order"), 5, seconds(40)));
    for (const char* failure :
         {"cut_request:30", "cut:0", "http503", "reject:-4014", "schema:torn"})
        ASSERT_TRUE(net.strikes(std::string{failure} + "@PUT order*1", 1, seconds(40))) << failure;
    net.faults("none");
    EXPECT_TRUE(net.trades_on(3));
    net.ends_well();
}

/// Entries with attached exits; so large that many are filled in parts.
void take_exits_along(Json& settings) {
    settings["exchange"]["otoco_entry"] = true;
    settings["globals"]["order_ttl_seconds"] = 4;
    for (Json& symbol : settings["symbols"]) {
        symbol["trade_value_usdt"] = 80;
        symbol["max_position_usdt"] = 240;
    }
}

/// Entries of ours that were filled in part, by the exchange's log.
std::int64_t filled_in_part(const Network& net) {
    std::int64_t count = 0;
    std::istringstream lines{net.folder().read("ledger.jsonl")};
    for (std::string text; std::getline(lines, text);) {
        const Json line = Json::parse(text, nullptr, false);
        const bool part = line.is_object() && line.value("kind", "") == "fill" &&
                          line.value("status", "") == "PARTIALLY_FILLED";
        if (part && line.value("clientOrderId", "").find("-e0") != std::string::npos) ++count;
    }
    return count;
}

TEST(OrderCalls, EntriesThatTakeTheirExitsAlongAreNeverDoubledOrBare) {
    Network net{{}, take_exits_along};
    ASSERT_TRUE(net.holds(1));
    ASSERT_TRUE(net.strikes(counted("POST placeStrategyOrder"), 2, seconds(40)));
    // Executed, and told otherwise; never come; come to somebody who does not listen any more.
    for (const char* failure : {"http503", "cut_request:30", "cut:0"})
        ASSERT_TRUE(
            net.strikes(std::string{failure} + "@POST placeStrategyOrder*1", 1, seconds(40)))
            << failure;
    net.faults("none");
    EXPECT_TRUE(net.trades_on(3));
    EXPECT_TRUE(eventually(seconds(40), [&net] { return filled_in_part(net) > 0; }));
    net.ends_well();
}

TEST(OrderCalls, ExitsThatComeLateAreReplacedAndThoseThatFailAreLeftOut) {
    Network net{{"--strategy-exits", "late"}, take_exits_along};
    ASSERT_TRUE(net.holds(1));
    ASSERT_TRUE(
        net.strikes("lag_events:300=0.2,http503@POST placeStrategyOrder*1", 2, seconds(40)));
    ASSERT_TRUE(net.strikes("executed:-4142@POST placeStrategyOrder*1", 1, seconds(40)));
    EXPECT_TRUE(net.says("an entry with exits was refused", seconds(20))) << net.said();
    net.faults("none");
    EXPECT_TRUE(net.trades_on(3));
    net.ends_well();
}

TEST(OrderCalls, OrdersThatStandReadyTogetherShareARequestAndTheDoubtAboutIt) {
    Network net{{}, [](Json& settings) {
                    settings["globals"]["batch_orders"] = true;
                    settings["globals"]["tp_sl_batch_enabled"] = true;
                }};
    ASSERT_TRUE(net.holds());
    ASSERT_TRUE(net.strikes(counted("POST batchOrders"), 3, seconds(40)));
    EXPECT_GE(net.metric("order_batches_total"), 3);
    for (const char* failure : {"cut_request:30", "cut:0", "http503", "schema:torn"})
        ASSERT_TRUE(net.strikes(std::string{failure} + "@POST batchOrders*1", 1, seconds(40)))
            << failure;
    net.faults("none");
    EXPECT_TRUE(net.trades_on(3));
    net.ends_well();
}

}  // namespace
}  // namespace tranche::integration
