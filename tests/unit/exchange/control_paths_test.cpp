// Paths below /sim by which a test makes things happen to the account.
#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"
#include "tools/exchange/service.hpp"

namespace tranche::exchange::test {
namespace {

using Json = nlohmann::json;

class ControlPaths : public ::testing::Test {
protected:
    Answer post(const std::string& path, const std::string& body,
                const std::string& address = "127.0.0.1") {
        Call call;
        call.method = "POST";
        call.path = "/sim/" + path;
        call.body = body;
        call.address = address;
        call.now_us = world.now_ms * 1000;
        return service.handle(call, {});
    }
    Amount held(PositionSide side) { return world.position(side).quantity; }
    /// The newest user event, as JSON.
    Json newest() { return Json::parse(world.payload(world.venue.outbox.user.size() - 1)); }

    World world{true};
    Api api{world.venue, AuthOptions{}, Budgets{}};
    FaultPlan faults{{}, 1};
    Service service{world.venue, api, faults, {}, nullptr};
};

TEST_F(ControlPaths, HandsForceAndCancelsReachTheAccount) {
    const std::string btc = "symbol=BTCUSDT&";
    EXPECT_EQ(post("trade", btc + "positionSide=LONG&side=BUY&quantity=0.02").status, 200U);
    EXPECT_EQ(held(PositionSide::long_side), dec("0.02"));
    EXPECT_EQ(post("deleverage", btc + "positionSide=LONG&quantity=0.005").status, 200U);
    EXPECT_EQ(held(PositionSide::long_side), dec("0.015"));
    world.venue.matching.call_margin(world.now_ms);
    EXPECT_EQ(newest()["e"], "MARGIN_CALL");
    EXPECT_EQ(world.place(limit_of("BUY", "0.01", "90000",
                                   {{"positionSide", "LONG"}, {"newClientOrderId", "mine"}})),
              0);
    EXPECT_EQ(post("cancel", btc + "clientOrderId=mine").status, 200U);
    EXPECT_EQ(world.order().status, OrderStatus::canceled);
    EXPECT_EQ(post("cancel", btc + "clientOrderId=mine").status, 400U) << "it is gone";
    EXPECT_EQ(post("liquidate", btc + "positionSide=LONG").status, 200U);
    EXPECT_TRUE(held(PositionSide::long_side).zero());
}

TEST_F(ControlPaths, SettingsChangeFromOutsideWithTheirEvents) {
    EXPECT_EQ(post("symbol", "symbol=BTCUSDT&leverage=7").status, 200U);
    EXPECT_EQ(newest()["ac"]["l"], 7);
    EXPECT_EQ(post("position_mode", "hedge=false").status, 200U);
    EXPECT_EQ(newest()["ai"]["d"], false);
    EXPECT_EQ(post("symbol", "symbol=BTCUSDT&status=SETTLING").status, 200U);
    EXPECT_FALSE(world.venue.rules.at(world.btc).trading());
    world.venue.listen_key.create(world.now_ms);
    EXPECT_EQ(post("expire_listen_key", "").status, 200U);
    std::string expired;
    EXPECT_TRUE(world.venue.listen_key.expire(world.now_ms, expired));
}

TEST_F(ControlPaths, ALiquidationOfSomebodyElseIsPublished) {
    EXPECT_EQ(post("liquidation", "symbol=BTCUSDT&side=SELL&quantity=3").status, 200U);
    std::vector<MarketEvent> published;
    world.venue.advance(world.now_ms + 1000, published);
    ASSERT_EQ(published.size(), 1U);
    const auto& liquidation = std::get<Liquidation>(published[0]);
    EXPECT_EQ(liquidation.quantity, dec("3"));
    EXPECT_EQ(liquidation.average_price, dec("100000"));
    EXPECT_EQ(liquidation.time_ms, world.now_ms + 1000);
}

TEST_F(ControlPaths, RulesOfFaultsAreReplacedAndCounted) {
    EXPECT_EQ(post("faults", "hang*1,clock:500").status, 200U);
    EXPECT_EQ(faults.clock_ms(), 500);
    Call call;
    call.method = "POST";
    call.path = "/fapi/v3/order";
    EXPECT_TRUE(service.fate_of(call).hang);
    EXPECT_FALSE(service.fate_of(call).hang);
    call.method = "GET";
    call.path = "/sim/faults";
    call.address = "::1";
    EXPECT_EQ(Json::parse(service.handle(call, {}).body)[0]["happened"], 1);
    EXPECT_EQ(post("faults", "none").status, 200U);
    EXPECT_EQ(faults.clock_ms(), 0);
}

TEST_F(ControlPaths, BadInputIsExplainedAndStrangersAreRefused) {
    for (const auto& [path, body] :
         {std::pair{"faults", "earthquake"}, std::pair{"connections", "do=hug&which=user"},
          std::pair{"connections", "do=cut&which=moon"}, std::pair{"trade", "symbol=NOPE"},
          std::pair{"trade", "symbol=BTCUSDT&side=BUY&positionSide=LONG&quantity=x"},
          std::pair{"trade", "symbol=BTCUSDT&side=UP&positionSide=LONG&quantity=1"},
          std::pair{"symbol", "symbol=BTCUSDT&status=GONE"},
          std::pair{"symbol", "symbol=BTCUSDT&regime=odd"}, std::pair{"trade", "a=%zz"}}) {
        const Answer answer = post(path, body);
        EXPECT_EQ(answer.status, 400U) << path << ' ' << body;
        EXPECT_TRUE(Json::accept(answer.body)) << answer.body;
    }
    EXPECT_EQ(post("unheard_of", "").status, 404U);
    EXPECT_EQ(post("faults", "none", "10.0.0.1").status, 403U);
    EXPECT_EQ(post("trade", "symbol=BTCUSDT", "10.0.0.1").status, 403U);
}

}  // namespace
}  // namespace tranche::exchange::test
