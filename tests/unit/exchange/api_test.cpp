// Calls as they arrive, answers as they leave: routes, authentication, budgets, ledger.
#include "tools/exchange/api.hpp"

#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

using Json = nlohmann::json;

const AuthOptions auth_options{
    .api_key = "key", .api_secret = "secret", .signer = "", .chain_id = 1666};

class ApiTest : public ::testing::Test {
protected:
    Answer call(const std::string& method, const std::string& path, const std::string& query = "",
                const std::string& address = "127.0.0.1") {
        Call call;
        call.method = method;
        call.path = path;
        call.query = query;
        call.address = address;
        call.now_us = world.now_ms * 1000;
        return api.handle(call);
    }
    Answer signed_call(const std::string& method, const std::string& path, std::string query) {
        if (!query.empty()) query += '&';
        query += "timestamp=" + std::to_string(world.now_ms);
        Call call;
        call.method = method;
        call.path = path;
        call.query = query + "&signature=" + hmac_sha256_hex("secret", query);
        call.api_key = "key";
        call.address = "127.0.0.1";
        call.now_us = world.now_ms * 1000;
        return api.handle(call);
    }
    static std::string header(const Answer& answer, const std::string& name) {
        for (const auto& [key, value] : answer.headers)
            if (key == name) return value;
        return "";
    }

    World world{true};
    Api api{world.venue, auth_options,
            Budgets{.weight_per_minute = 200, .orders_per_minute = 6, .orders_per_10_seconds = 6}};
};

const std::string buy =
    "symbol=BTCUSDT&side=BUY&type=MARKET&positionSide=LONG&quantity=0.01&newClientOrderId=lh-1-E";

TEST_F(ApiTest, EveryVersionOfAPathIsServedByTheSameHandler) {
    for (const char* path : {"/fapi/v1/time", "/fapi/v2/time", "/fapi/v3/time", "/fapi/v4/time"})
        EXPECT_EQ(Json::parse(call("GET", path).body)["serverTime"], world.now_ms) << path;
    EXPECT_EQ(call("GET", "/fapi/v5/time").status, 404U);
    EXPECT_EQ(call("GET", "/fapi/v1/nothing").status, 404U);
    EXPECT_EQ(call("PUT", "/fapi/v1/time").status, 405U);
    EXPECT_EQ(call("GET", "/").status, 404U);
}

TEST_F(ApiTest, AnAcknowledgementSaysNewAndAResultSaysFilled) {
    const Answer ack = signed_call("POST", "/fapi/v1/order", buy);
    EXPECT_EQ(ack.status, 200U);
    EXPECT_EQ(Json::parse(ack.body)["status"], "NEW");
    EXPECT_EQ(Json::parse(ack.body)["executedQty"], "0.000");
    EXPECT_TRUE(ack.trade_call);
    EXPECT_EQ(header(ack, "X-MBX-ORDER-COUNT-1M"), "1");
    const Answer result = signed_call("POST", "/fapi/v1/order", buy + "&newOrderRespType=RESULT");
    EXPECT_EQ(Json::parse(result.body)["status"], "FILLED");
    const Answer query =
        signed_call("GET", "/fapi/v1/order", "symbol=BTCUSDT&origClientOrderId=lh-1-E");
    EXPECT_EQ(Json::parse(query.body)["status"], "FILLED");
    EXPECT_EQ(Json::parse(query.body)["time"], world.now_ms);
}

TEST_F(ApiTest, WithoutAGoodSignatureNothingHappens) {
    EXPECT_EQ(Json::parse(call("POST", "/fapi/v1/order", buy).body)["code"], -1102);
    EXPECT_EQ(call("GET", "/fapi/v3/balance").status, 400U);
    EXPECT_TRUE(world.venue.matching.orders().empty());
    EXPECT_EQ(call("GET", "/fapi/v1/ticker/price", "symbol=BTCUSDT").status, 200U);
}

TEST_F(ApiTest, ATestOrderIsCheckedAndNotPlaced) {
    EXPECT_EQ(signed_call("POST", "/fapi/v3/order/test", buy).body, "{}");
    EXPECT_EQ(Json::parse(signed_call("POST", "/fapi/v3/order/test", buy + "1").body)["code"],
              nullptr);
    EXPECT_TRUE(world.venue.matching.orders().empty());
    const std::string wrong = "symbol=BTCUSDT&side=BUY&type=MARKET&positionSide=LONG&quantity=0";
    EXPECT_EQ(Json::parse(signed_call("POST", "/fapi/v3/order/test", wrong).body)["code"], -4003);
}

TEST_F(ApiTest, ABatchAnswersEachOrderInItsPlace) {
    const std::string list =
        R"([{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","positionSide":"LONG","quantity":"0.01"},)"
        R"({"symbol":"BTCUSDT","side":"BUY","type":"MARKET","positionSide":"LONG","quantity":0.0015},7])";
    std::string encoded;
    for (const char letter : list)
        if (std::isalnum(static_cast<unsigned char>(letter)) != 0)
            encoded += letter;
        else
            encoded += "%" + std::string{"0123456789ABCDEF"[letter / 16]} +
                       "0123456789ABCDEF"[letter % 16];
    const Json replies =
        Json::parse(signed_call("POST", "/fapi/v1/batchOrders", "batchOrders=" + encoded).body);
    ASSERT_EQ(replies.size(), 3U);
    EXPECT_EQ(replies[0]["status"], "NEW");
    EXPECT_EQ(replies[1]["code"], -4023);
    EXPECT_EQ(replies[2]["code"], -1130);
    EXPECT_EQ(
        Json::parse(signed_call("POST", "/fapi/v1/batchOrders", "batchOrders=7").body)["code"],
        -1102);
}

TEST_F(ApiTest, SettingsThatChangeNothingOrCannotChangeAreRefused) {
    const auto code = [&](const char* path, const char* query) {
        const Json body = Json::parse(signed_call("POST", path, query).body);
        return body.value("code", 0);
    };
    EXPECT_EQ(code("/fapi/v1/positionSide/dual", "dualSidePosition=true"), -4059);
    EXPECT_EQ(code("/fapi/v1/marginType", "symbol=BTCUSDT&marginType=CROSSED"), -4046);
    EXPECT_EQ(code("/fapi/v1/leverage", "symbol=BTCUSDT&leverage=126"), -4028);
    EXPECT_EQ(code("/fapi/v1/leverage", "symbol=BTCUSDT&leverage=10"), 0);
    EXPECT_EQ(Json::parse(world.payload(world.venue.outbox.user.size() - 1))["ac"]["l"], 10);
    ASSERT_EQ(signed_call("POST", "/fapi/v1/order", buy).status, 200U);
    EXPECT_EQ(code("/fapi/v1/positionSide/dual", "dualSidePosition=false"), -4068);
    EXPECT_EQ(code("/fapi/v1/marginType", "symbol=BTCUSDT&marginType=ISOLATED"), -4048);
}

TEST_F(ApiTest, BrokenBudgetsAnswer429WithAWait) {
    for (int order = 0; order < 6; ++order)
        ASSERT_EQ(signed_call("POST", "/fapi/v1/order", buy).status, 200U);
    const Answer refused = signed_call("POST", "/fapi/v1/order", buy);
    EXPECT_EQ(refused.status, 429U);
    EXPECT_EQ(Json::parse(refused.body)["code"], -1015);
    EXPECT_NE(header(refused, "Retry-After"), "");
    EXPECT_EQ(world.venue.matching.orders().size(), 6U);
    Answer heavy;
    for (int query = 0; query < 5; ++query) heavy = call("GET", "/fapi/v1/ticker/24hr");
    EXPECT_EQ(heavy.status, 429U);
    EXPECT_EQ(header(heavy, "X-MBX-USED-WEIGHT-1M"), "207");
}

TEST_F(ApiTest, TheLedgerTellsExactPositionsOrdersAndDuplicates) {
    ASSERT_EQ(signed_call("POST", "/fapi/v1/order", buy).status, 200U);
    ASSERT_EQ(signed_call("POST", "/fapi/v1/order", buy).status, 200U);
    ASSERT_EQ(signed_call("POST", "/fapi/v1/order",
                          "symbol=BTCUSDT&side=SELL&type=STOP_MARKET&positionSide=LONG&"
                          "quantity=0.02&stopPrice=99000&newClientOrderId=lh-1-S")
                  .status,
              200U);
    const Json ledger = Json::parse(call("GET", "/sim/ledger").body);
    ASSERT_EQ(ledger["positions"].size(), 1U);
    EXPECT_EQ(ledger["positions"][0]["quantity"], "0.02");
    EXPECT_EQ(ledger["positions"][0]["entry"], "100000");
    ASSERT_EQ(ledger["open_orders"].size(), 1U);
    EXPECT_EQ(ledger["open_orders"][0]["clientOrderId"], "lh-1-S");
    EXPECT_EQ(ledger["orders_by_client_id_max"], 2) << "the filled id was used again";
    EXPECT_EQ(ledger["duplicates"], 1);
    EXPECT_EQ(ledger["fills"], 2);
    EXPECT_EQ(ledger["wallet"], "9999.3");
    EXPECT_EQ(Json::parse(call("GET", "/sim/orders").body).size(), 3U);
    EXPECT_EQ(call("GET", "/sim/ledger", "", "10.1.2.3").status, 403U);
    EXPECT_EQ(call("POST", "/sim/pause_market").status, 200U);
    EXPECT_TRUE(world.venue.paused());
}

TEST_F(ApiTest, AListenKeyComesForTheKeyAloneInV1) {
    Call open;
    open.method = "POST";
    open.path = "/fapi/v1/listenKey";
    open.address = "127.0.0.1";
    open.now_us = world.now_ms * 1000;
    EXPECT_EQ(api.handle(open).status, 400U) << "no key, no signature";
    open.api_key = "wrong";
    EXPECT_EQ(api.handle(open).status, 401U);
    open.api_key = "key";
    const Json reply = Json::parse(api.handle(open).body);
    EXPECT_EQ(reply["listenKey"].get<std::string>().size(), 64U);
    open.method = "DELETE";
    EXPECT_EQ(api.handle(open).body, "{}");
    open.method = "PUT";
    EXPECT_EQ(Json::parse(api.handle(open).body)["code"], -1125);
}

}  // namespace
}  // namespace tranche::exchange::test
