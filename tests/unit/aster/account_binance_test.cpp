// What the account stage does differently at the second venue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "tests/unit/aster/account_world.hpp"

namespace tranche::aster {
namespace {

constexpr ClientOrderId ours{.instance = 3,
                             .role = Role::stop_loss,
                             .reserved = 0,
                             .epoch = 9,
                             .tranche = TrancheId{77},
                             .generation = 2};

std::string algo_row() {
    const ClientOrderIdText id = encode(ours);
    return R"({"algoId":2148627,"clientAlgoId":")" + std::string{id.data(), id.size()} +
           R"(","algoType":"CONDITIONAL","orderType":"STOP_MARKET","symbol":"AAAUSDT",)"
           R"("side":"SELL","positionSide":"BOTH","timeInForce":"GTC","quantity":"0.5",)"
           R"("algoStatus":"NEW","actualOrderId":"","actualPrice":"0.00000",)"
           R"("triggerPrice":"90.500","price":"0","icebergQuantity":null,"workingType":)"
           R"("CONTRACT_PRICE","closePosition":false,"reduceOnly":true,)"
           R"("createTime":1790000000003,"updateTime":1790000000004,"triggerTime":0})";
}

struct BinanceAccount : support::AccountWorld {
    BinanceAccount() {
        settings.venue = Venue::binance;
        peer.usual["GET openOrders"] = "[]";
        peer.usual["GET openAlgoOrders"] = "[" + algo_row() + "]";
    }
    std::vector<OpenOrder> open_orders() {
        std::vector<OpenOrder> rows;
        for (const Event& event : drain())
            if (event.kind == EventKind::open_order) rows.push_back(event.open_order);
        return rows;
    }
};

TEST_F(BinanceAccount, StartsAsElsewhereAndAsksForConditionalOrdersToo) {
    start();
    ASSERT_EQ(account().fatal(), nullptr) << account().fatal()->message;
    EXPECT_EQ(account().status().read().step, AccountStep::running);
    const auto calls = peer.distinct_calls();
    ASSERT_GE(calls.size(), 4U);
    EXPECT_THAT((std::vector<std::string>{calls.end() - 4, calls.end()}),
                testing::ElementsAre("GET positionRisk", "GET balance", "GET openAlgoOrders",
                                     "GET openOrders"));
    EXPECT_THAT(peer.last("GET openAlgoOrders"), testing::HasSubstr("/fapi/v1/openAlgoOrders?"));
    EXPECT_THAT(peer.last("GET positionRisk"), testing::HasSubstr("/fapi/v2/positionRisk?"));
}

TEST_F(BinanceAccount, ConditionalOrdersStandInTheSnapshot) {
    start();
    const auto rows = open_orders();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE(rows[0].ours);
    EXPECT_EQ(rows[0].id, ours);
    EXPECT_EQ(rows[0].order_id, 2'148'627);
    EXPECT_EQ(rows[0].type, OrderType::stop_market);
    EXPECT_EQ(rows[0].status, OrderStatus::created);
    EXPECT_EQ(rows[0].side, Side::sell);
    EXPECT_EQ(to_text(rows[0].stop_price), "90.5");
    EXPECT_EQ(to_text(rows[0].quantity), "0.5");
    EXPECT_TRUE(rows[0].reduce_only);
    EXPECT_EQ(rows[0].update_time, milliseconds(1'790'000'000'004));
}

TEST_F(BinanceAccount, ASnapshotWithoutConditionalOrdersIsNotWhole) {
    peer.told["GET openAlgoOrders"].push_back({503, ""});
    peer.told["GET openAlgoOrders"].push_back({200, R"([{"algoId":1}])"});
    start();
    run(seconds(5));
    std::vector<bool> complete;
    for (const Event& event : drain())
        if (event.kind == EventKind::snapshot_mark && !event.snapshot_mark.begins)
            complete.push_back(event.snapshot_mark.complete);
    ASSERT_GE(complete.size(), 3U);
    EXPECT_FALSE(complete[0]);
    EXPECT_FALSE(complete[1]);
    EXPECT_TRUE(complete[2]);
}

TEST_F(BinanceAccount, ListensWhereItsEventsAre) {
    start();
    const auto announced = paths.take();
    ASSERT_FALSE(announced.empty());
    EXPECT_TRUE(announced.front().second.starts_with("/private/ws?listenKey=key1&events="))
        << announced.front().second;
}

TEST_F(BinanceAccount, AKeyOfAnyLengthItTakesHasRoomInAPath) {
    peer.usual["POST listenKey"] = R"({"listenKey":")" + std::string(112, 'k') + R"("})";
    start();
    EXPECT_EQ(account().status().read().step, AccountStep::running);
    ASSERT_FALSE(paths.take().empty());
}

TEST_F(BinanceAccount, AKeyThatIsTooLongIsRefusedAndAskedForAgain) {
    peer.told["POST listenKey"].push_back(
        {200, R"({"listenKey":")" + std::string(113, 'k') + R"("})"});
    start();
    EXPECT_EQ(account().status().read().step, AccountStep::running);
    EXPECT_EQ(peer.count("POST listenKey"), 2U);
}

}  // namespace
}  // namespace tranche::aster
