#include "tools/exchange/control.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;

TEST(Control, TargetsNameTheFirstStreams) {
    const auto bare = subscriptions_of_target("/ws");
    ASSERT_TRUE(bare);
    EXPECT_TRUE(bare->streams.empty());
    EXPECT_FALSE(bare->combined);
    const auto raw = subscriptions_of_target("/ws/!forceOrder@arr/btcusdt@bookTicker");
    ASSERT_TRUE(raw);
    EXPECT_TRUE(raw->has("!forceOrder@arr") && raw->has("btcusdt@bookTicker"));
    const auto combined = subscriptions_of_target("/stream?streams=a@b/c@d");
    ASSERT_TRUE(combined);
    EXPECT_TRUE(combined->combined && combined->has("a@b") && combined->has("c@d"));
    for (const char* bad : {"/", "/wsx", "/stream?x=1", "/streams", "/fapi/v1/ping"})
        EXPECT_FALSE(subscriptions_of_target(bad)) << bad;
    std::string many = "/ws";
    for (int stream = 0; stream < 201; ++stream) many += "/s" + std::to_string(stream);
    EXPECT_FALSE(subscriptions_of_target(many)) << "more than 200 streams";
}

TEST(Control, MessagesChangeAndListSubscriptions) {
    Subscriptions state;
    EXPECT_EQ(answer_control(R"({"method":"SUBSCRIBE","params":["a@b","c@d"],"id":7})", state),
              R"({"result":null,"id":7})");
    EXPECT_EQ(answer_control(R"({"method":"UNSUBSCRIBE","params":["c@d"],"id":8})", state),
              R"({"result":null,"id":8})");
    EXPECT_EQ(answer_control(R"({"method":"LIST_SUBSCRIPTIONS","id":9})", state),
              R"({"result":["a@b"],"id":9})");
    EXPECT_EQ(
        answer_control(R"({"method":"SET_PROPERTY","params":["combined",true],"id":10})", state),
        R"({"result":null,"id":10})");
    EXPECT_TRUE(state.combined);
    EXPECT_EQ(answer_control(R"({"method":"GET_PROPERTY","params":["combined"],"id":11})", state),
              R"({"result":true,"id":11})");
}

TEST(Control, EachMistakeHasItsCode) {
    Subscriptions state;
    const std::pair<const char*, int> rows[]{
        {"not json", 3},
        {"[]", 2},
        {R"({"method":"SUBSCRIBE","params":["a"]})", 2},
        {R"({"method":"SUBSCRIBE","params":["a"],"id":-1})", 2},
        {R"({"method":"SUBSCRIBE","params":["a"],"id":"1"})", 2},
        {R"({"id":1})", 2},
        {R"({"method":"DANCE","id":1})", 2},
        {R"({"method":"SUBSCRIBE","params":[1],"id":1})", 2},
        {R"({"method":"SUBSCRIBE","id":1})", 2},
        {R"({"method":"SET_PROPERTY","params":["combined",1],"id":1})", 1},
        {R"({"method":"SET_PROPERTY","params":["colour",true],"id":1})", 0},
        {R"({"method":"GET_PROPERTY","params":["combined",1],"id":1})", 2},
        {R"({"method":"GET_PROPERTY","params":[1],"id":1})", 2},
    };
    for (const auto& [text, code] : rows)
        EXPECT_EQ(Json::parse(answer_control(text, state))["code"], code) << text;
    EXPECT_TRUE(state.streams.empty());
}

}  // namespace
}  // namespace tranche::exchange
