// Conditional orders where they live apart, and streams that are split by kind.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"
#include "tools/exchange/api.hpp"
#include "tools/exchange/control.hpp"

namespace tranche::exchange::test {
namespace {

using Json = nlohmann::json;

class AlgoTest : public ::testing::Test {
protected:
    AlgoTest() {
        venue.board.apply(Quote{btc, now_ms, 1, dec("99999.9"), dec("1"), dec("100000"), dec("1")});
        mark("100000");
        ask("POST", "order",
            "side=BUY&type=MARKET&positionSide=LONG&quantity=0.01&newClientOrderId=e");
        venue.outbox = {};
    }
    void mark(std::string_view price) {
        const Mark made{btc, ++now_ms, dec(price), dec(price), {}, now_ms + 1000};
        venue.board.apply(made);
        venue.matching.on(made, now_ms);
    }
    Json ask(const std::string& method, const std::string& name, std::string query) {
        if (name != "algoOrder" || method == "POST") query = "symbol=BTCUSDT&" + query;
        query += "&timestamp=" + std::to_string(now_ms);
        Call call;
        call.method = method;
        call.path = "/fapi/v1/" + name;
        call.query = query + "&signature=" + hmac_sha256_hex("secret", query);
        call.api_key = "key";
        call.address = "127.0.0.1";
        call.now_us = now_ms * 1000;
        return Json::parse(api.handle(call).body);
    }
    Json place_stop(const std::string& id) {
        return ask("POST", "algoOrder",
                   "algoType=CONDITIONAL&side=SELL&type=STOP_MARKET&positionSide=LONG&quantity=0.01"
                   "&triggerPrice=99000&workingType=MARK_PRICE&clientAlgoId=" +
                       id);
    }
    /// Event, status and client id of all reports so far.
    std::vector<std::string> reports() {
        std::vector<std::string> lines;
        for (const UserEvent& event : venue.outbox.user) {
            const Json report = Json::parse(user_payload(venue.rules, event, true));
            const Json order = report.value("o", Json::object());
            if (report["e"] == "ALGO_UPDATE")
                lines.push_back("algo " + order["X"].get<std::string>());
            if (report["e"] == "ORDER_TRADE_UPDATE")
                lines.push_back("order " + order["X"].get<std::string>() + " " +
                                order["c"].get<std::string>());
        }
        venue.outbox = {};
        return lines;
    }

    std::int64_t now_ms{1'790'000'000'000};
    Venue venue{Rules::standard(),
                VenueOptions{.algo_service = true,
                             .generate = false,
                             .behaviour = {.trigger_changes_order_id = true}},
                now_ms};
    SymbolIndex btc{*venue.rules.find("BTCUSDT")};
    Api api{venue,
            AuthOptions{.api_key = "key", .api_secret = "secret", .signer = "", .chain_id = 1666},
            Budgets{}};
};

TEST_F(AlgoTest, TheOrdersPathRefusesThemAndTheirOwnTakesThem) {
    EXPECT_EQ(
        ask("POST", "order",
            "side=SELL&type=STOP_MARKET&positionSide=LONG&quantity=0.01&stopPrice=99000")["code"],
        -4120);
    const Json placed = place_stop("s1");
    EXPECT_EQ(placed["algoStatus"], "NEW") << placed;
    EXPECT_EQ(placed["clientAlgoId"], "s1");
    EXPECT_EQ(placed["orderType"], "STOP_MARKET");
    EXPECT_EQ(reports(), std::vector<std::string>{"algo NEW"});
    EXPECT_EQ(ask("GET", "openOrders", "a=1").size(), 0U);
    EXPECT_EQ(ask("GET", "openAlgoOrders", "a=1").size(), 1U);
    EXPECT_EQ(ask("GET", "order", "origClientOrderId=s1")["code"], -2013);
    EXPECT_EQ(ask("GET", "algoOrder", "clientAlgoId=s1")["algoId"], placed["algoId"]);
    EXPECT_EQ(ask("GET", "algoOrder", "clientAlgoId=other")["code"], -2013);
    EXPECT_EQ(ask("POST", "algoOrder", "side=SELL&type=STOP_MARKET")["code"], -1102);
}

TEST_F(AlgoTest, ACancelIsABareSuccess) {
    place_stop("s1");
    reports();
    const Json done = ask("DELETE", "algoOrder", "clientAlgoId=s1");
    EXPECT_EQ(done["code"], "200") << done;
    EXPECT_EQ(done.count("algoStatus"), 0U);
    EXPECT_EQ(reports(), std::vector<std::string>{"algo CANCELED"});
    EXPECT_EQ(ask("GET", "algoOrder", "clientAlgoId=s1")["algoStatus"], "CANCELED");
    EXPECT_EQ(ask("DELETE", "algoOrder", "clientAlgoId=s1")["code"], -2011);
}

TEST_F(AlgoTest, WhatFiresBecomesAnOrderWithAnIdOfItsOwn) {
    const Json placed = place_stop("s1");
    reports();
    mark("98999");
    EXPECT_EQ(reports(),
              (std::vector<std::string>{"algo TRIGGERED", "order NEW s1", "order FILLED s1"}));
    const Json fired = ask("GET", "algoOrder", "clientAlgoId=s1");
    EXPECT_EQ(fired["algoStatus"], "FINISHED") << fired;
    EXPECT_EQ(fired["algoId"], placed["algoId"]);
    const std::string actual = fired["actualOrderId"];
    const Json order = ask("GET", "order", "orderId=" + actual);
    EXPECT_EQ(order["status"], "FILLED") << order;
    EXPECT_EQ(order["clientOrderId"], "s1");
    EXPECT_EQ(ask("DELETE", "algoOrder", "clientAlgoId=s1")["code"], -2011);
    EXPECT_EQ(venue.matching.store().duplicates(), 0) << "the client id goes on, nobody sent twice";
}

TEST(SplitStreams, EachKindHasItsAddress) {
    const auto books = subscriptions_of_split_target(
        "/public/stream?streams=btcusdt@bookTicker/btcusdt@markPrice@1s");
    ASSERT_TRUE(books);
    EXPECT_TRUE(books->has("btcusdt@bookTicker"));
    EXPECT_FALSE(books->has("btcusdt@markPrice@1s")) << "silent at the wrong address";
    const auto market =
        subscriptions_of_split_target("/market/stream?streams=!forceOrder@arr/btcusdt@bookTicker");
    ASSERT_TRUE(market);
    EXPECT_TRUE(market->has("!forceOrder@arr") && market->combined);
    EXPECT_FALSE(market->has("btcusdt@bookTicker"));
    for (const char* retired : {"/ws/a", "/stream?streams=a", "/private/ws/key"})
        EXPECT_FALSE(subscriptions_of_split_target(retired)) << retired;
}

TEST(SplitStreams, TheAccountsEventsAreThoseThatWereAskedFor) {
    const auto some = subscriptions_of_split_target(
        "/private/ws?listenKey=abc&events=ORDER_TRADE_UPDATE/listenKeyExpired");
    ASSERT_TRUE(some);
    EXPECT_TRUE(some->has("abc"));
    EXPECT_TRUE(some->takes(R"({"e":"ORDER_TRADE_UPDATE","E":1})"));
    EXPECT_TRUE(some->takes(R"({"e":"listenKeyExpired","E":1})"));
    EXPECT_FALSE(some->takes(R"({"e":"ALGO_UPDATE","E":1})"));
    const auto all = subscriptions_of_split_target("/private/ws?listenKey=abc");
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->has("abc") && all->takes(R"({"e":"ALGO_UPDATE","E":1})"));
}

}  // namespace
}  // namespace tranche::exchange::test
