// What a client reads when the exchange says something else than it did.
#include "tools/exchange/deform.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;

Answer order_answer() {
    Answer answer = ok(R"({"orderId":7,"symbol":"BTCUSDT","status":"NEW"})");
    answer.headers.emplace_back("X-MBX-USED-WEIGHT-1M", "5");
    return answer;
}

Answer deformed(Shape shape) {
    Answer answer = order_answer();
    deform({.shape = shape}, answer);
    return answer;
}

TEST(Deform, AStatusWithoutExecutionSaysWhenToComeBack) {
    EXPECT_FALSE(instead_of({}, 0, 60));
    const auto banned = instead_of({.status = 418}, 1000, 60);
    ASSERT_TRUE(banned);
    EXPECT_EQ(banned->status, 418U);
    EXPECT_EQ(Json::parse(banned->body)["code"], -1003);
    EXPECT_NE(banned->body.find("61000"), std::string::npos);
    ASSERT_EQ(banned->headers.size(), 1U);
    EXPECT_EQ(banned->headers[0].second, "60");
    EXPECT_EQ(instead_of({.status = 429}, 0, 60)->headers.size(), 1U);
    const auto firewall = instead_of({.status = 403}, 0, 60);
    EXPECT_TRUE(firewall->body.starts_with("<html>"));
    EXPECT_EQ(Json::parse(instead_of({.reject_code = -2021}, 0, 60)->body)["code"], -2021);
}

TEST(Deform, AnExecutedCallMayBeToldAsFailed) {
    Answer lost = order_answer();
    deform({.answer_503 = true}, lost);
    EXPECT_EQ(lost.status, 503U);
    EXPECT_TRUE(lost.body.starts_with("<html>"));
    Answer late = order_answer();
    deform({.executed_code = -1007}, late);
    EXPECT_EQ(late.status, 400U);
    EXPECT_EQ(Json::parse(late.body)["code"], -1007);
    EXPECT_EQ(late.headers.size(), 1U) << "its headers stay";
}

TEST(Deform, EveryShapeIsAnotherText) {
    EXPECT_FALSE(Json::parse(deformed(Shape::missing).body).contains("orderId"));
    EXPECT_TRUE(Json::parse(deformed(Shape::retyped).body)["orderId"].is_object());
    const Json extra = Json::parse(deformed(Shape::extra).body);
    EXPECT_EQ(extra["orderId"], 7);
    EXPECT_EQ(extra.size(), 5U);
    EXPECT_NE(deformed(Shape::huge).body.find(R"("orderId":123456789012345678901234567890,)"),
              std::string::npos);
    EXPECT_TRUE(deformed(Shape::html).body.starts_with("<html>"));
    EXPECT_FALSE(Json::accept(deformed(Shape::torn).body));
    EXPECT_TRUE(deformed(Shape::empty).body.empty());
}

TEST(Deform, ListsAreChangedElementByElementAndPlainTextsStay) {
    Answer batch = ok(R"([{"orderId":1},{"orderId":2,"x":3}])");
    deform({.shape = Shape::missing}, batch);
    EXPECT_EQ(batch.body, R"([{},{"x":3}])");
    Answer text = ok("pong");
    deform({.shape = Shape::missing}, text);
    EXPECT_EQ(text.body, "pong");
}

}  // namespace
}  // namespace tranche::exchange
