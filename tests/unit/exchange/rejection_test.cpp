// Every refusal of exchange-protocol.md §5 and §6.2 with its code.
#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

struct Refused {
    const char* what;
    Fields fields;
    int code;
};

TEST(Rejection, EachWrongOrderInOneWayModeHasItsCode) {
    const Fields gtc{{"timeInForce", "GTC"}};
    const std::vector<Refused> table{
        {"no side", {{"symbol", "BTCUSDT"}, {"type", "MARKET"}, {"quantity", "1"}}, -1102},
        {"no type", {{"symbol", "BTCUSDT"}, {"side", "BUY"}, {"quantity", "1"}}, -1102},
        {"no symbol", {{"side", "BUY"}, {"type", "MARKET"}}, -1102},
        {"unknown symbol", {{"symbol", "NOPE"}, {"side", "BUY"}, {"type", "MARKET"}}, -1121},
        {"side", order_of("HOLD", "MARKET", {{"quantity", "1"}}), -1117},
        {"type", order_of("BUY", "ICEBERG", {{"quantity", "1"}}), -1116},
        {"tif", limit_of("BUY", "0.01", "99000", {{"timeInForce", "NOW"}}), -1115},
        {"working type", limit_of("BUY", "0.01", "99000", {{"workingType", "INDEX"}}), -4031},
        {"response", limit_of("BUY", "0.01", "99000", {{"newOrderRespType", "FULL"}}), -1136},
        {"limit without tif", order_of("BUY", "LIMIT", {{"quantity", "1"}, {"price", "9"}}), -1102},
        {"limit without price",
         order_of("BUY", "LIMIT", {{"quantity", "1"}, {"timeInForce", "GTC"}}), -1102},
        {"market without quantity", order_of("BUY", "MARKET", {}), -1102},
        {"market with tif", market_of("BUY", "0.01", gtc), -1114},
        {"market with price", market_of("BUY", "0.01", {{"price", "1"}}), -1106},
        {"limit with stop price", limit_of("BUY", "0.01", "99000", {{"stopPrice", "1"}}), -1106},
        {"callback rate", market_of("BUY", "0.01", {{"callbackRate", "1"}}), -1106},
        {"stop without stop price", order_of("SELL", "STOP_MARKET", {{"quantity", "1"}}), -1102},
        {"exponent", limit_of("BUY", "1e-2", "99000"), -1100},
        {"nine decimals", limit_of("BUY", "0.000000001", "99000"), -1111},
        {"empty", limit_of("BUY", "", "99000"), -1105},
        {"closePosition with quantity",
         order_of("SELL", "STOP_MARKET",
                  {{"stopPrice", "99000"}, {"closePosition", "true"}, {"quantity", "1"}}),
         -4137},
        {"closePosition on LIMIT", limit_of("SELL", "0.01", "99000", {{"closePosition", "true"}}),
         -4020},
        {"closePosition with reduceOnly",
         order_of("SELL", "STOP_MARKET",
                  {{"stopPrice", "99000"}, {"closePosition", "true"}, {"reduceOnly", "true"}}),
         -1106},
        {"position side", market_of("BUY", "0.01", {{"positionSide", "LONG"}}), -4061},
        {"position side name", market_of("BUY", "0.01", {{"positionSide", "UP"}}), -4060},
        {"flag", market_of("BUY", "0.01", {{"reduceOnly", "yes"}}), -1130},
        {"client id letters", market_of("BUY", "0.01", {{"newClientOrderId", "a b"}}), -4015},
        {"client id length", market_of("BUY", "0.01", {{"newClientOrderId", std::string(37, 'x')}}),
         -4015},
        {"price 0", limit_of("BUY", "0.01", "0"), -4013},
        {"price below 0", limit_of("BUY", "0.01", "-1"), -4001},
        {"price above max", limit_of("BUY", "0.01", "99999999"), -4002},
        {"tick", limit_of("BUY", "0.01", "95210.05"), -4014},
        {"stop price 0",
         order_of("SELL", "STOP_MARKET", {{"quantity", "0.01"}, {"stopPrice", "0"}}), -4006},
        {"stop price above max",
         order_of("BUY", "STOP_MARKET", {{"quantity", "0.01"}, {"stopPrice", "99999999"}}), -4007},
        {"quantity 0", limit_of("BUY", "0", "99000"), -4003},
        {"below min", limit_of("BUY", "0.0005", "99000"), -4004},
        {"above max", limit_of("BUY", "1001", "99000"), -4005},
        {"market above its own max", market_of("BUY", "121"), -4005},
        {"step", limit_of("BUY", "0.0015", "99000"), -4023},
        {"percent up", limit_of("BUY", "0.01", "102000.1"), -4016},
        {"percent down", limit_of("SELL", "0.01", "97999.9"), -4024},
        {"stop percent up",
         order_of("BUY", "STOP",
                  {{"quantity", "0.01"}, {"price", "103020.1"}, {"stopPrice", "101000"}}),
         -4183},
        {"stop percent down",
         order_of("SELL", "STOP",
                  {{"quantity", "0.01"}, {"price", "97019.9"}, {"stopPrice", "99000"}}),
         -4184},
        {"notional", limit_of("BUY", "0.001", "4999.9"), -4164},
        {"stop that holds already",
         order_of("SELL", "STOP_MARKET", {{"quantity", "0.01"}, {"stopPrice", "100000"}}), -2021},
        {"take profit that holds already",
         order_of("SELL", "TAKE_PROFIT_MARKET", {{"quantity", "0.01"}, {"stopPrice", "99000"}}),
         -2021},
        {"nothing to reduce", market_of("SELL", "0.01", {{"reduceOnly", "true"}}), -2022},
        {"margin", market_of("BUY", "3"), -2019},
        {"bracket", limit_of("BUY", "60", "99000"), -2027},
    };
    for (const Refused& row : table) {
        World world{false};
        EXPECT_EQ(world.place(row.fields), row.code) << row.what;
        EXPECT_TRUE(world.venue.outbox.user.empty()) << row.what;
    }
}

TEST(Rejection, EachWrongOrderInHedgeModeHasItsCode) {
    const std::vector<Refused> table{
        {"no position side", market_of("BUY", "0.01"), -4061},
        {"BOTH", market_of("BUY", "0.01", {{"positionSide", "BOTH"}}), -4061},
        {"reduceOnly",
         market_of("SELL", "0.01", {{"positionSide", "LONG"}, {"reduceOnly", "false"}}), -1106},
        {"closePosition that opens",
         order_of("BUY", "STOP_MARKET",
                  {{"positionSide", "LONG"}, {"stopPrice", "101000"}, {"closePosition", "true"}}),
         -4061},
        {"nothing to close", market_of("SELL", "0.01", {{"positionSide", "LONG"}}), -2022},
    };
    for (const Refused& row : table) {
        World world{true};
        EXPECT_EQ(world.place(row.fields), row.code) << row.what;
    }
}

TEST(Rejection, TheFilterBordersThemselvesPass) {
    World world{false};
    EXPECT_EQ(world.place(limit_of("BUY", "0.001", "5000")), 0) << "exactly the least notional";
    EXPECT_EQ(world.place(limit_of("BUY", "0.001", "102000")), 0) << "exactly the percent bound";
    EXPECT_EQ(world.place(market_of("BUY", "0.001", {{"newClientOrderId", "A.z:/_-9"}})), 0);
}

TEST(Rejection, TheEleventhConditionalOrderOfASymbolIsTooMany) {
    World world{false};
    const Fields stop =
        order_of("BUY", "STOP_MARKET", {{"quantity", "0.001"}, {"stopPrice", "101000"}});
    for (int count = 0; count < 10; ++count) ASSERT_EQ(world.place(stop), 0);
    EXPECT_EQ(world.place(stop), -4045);
    ASSERT_FALSE(world.venue.matching.cancel(world.last, world.now_ms));
    EXPECT_EQ(world.place(stop), 0) << "a slot has become free";
}

TEST(Rejection, TheTwoHundredAndFirstOpenOrderOfASymbolIsTooMany) {
    World world{false};
    for (int count = 0; count < 200; ++count)
        ASSERT_EQ(world.place(limit_of("BUY", "0.001", "90000")), 0);
    EXPECT_EQ(world.place(limit_of("BUY", "0.001", "90000")), -2025);
}

TEST(Rejection, AClientIdIsUniqueAmongOpenOrdersOnly) {
    World world{false};
    const Fields resting = limit_of("BUY", "0.001", "90000", {{"newClientOrderId", "lh-1-E"}});
    ASSERT_EQ(world.place(resting), 0);
    EXPECT_EQ(world.place(resting), -4116);
    ASSERT_FALSE(world.venue.matching.cancel(world.last, world.now_ms));
    EXPECT_EQ(world.place(resting), 0);
    EXPECT_EQ(world.order().rank, 2U);
}

}  // namespace
}  // namespace tranche::exchange::test
