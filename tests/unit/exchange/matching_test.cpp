#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

using Json = nlohmann::json;

Json event(const World& world, std::size_t index) {
    return Json::parse(world.payload(index));
}

TEST(Matching, AMarketOrderFillsAtTheTouchAndIsAnnounced) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "0.01",
                                    {{"positionSide", "LONG"}, {"newClientOrderId", "lh-1-E"}})),
              0);
    EXPECT_EQ(world.order().status, OrderStatus::filled);
    ASSERT_EQ(world.venue.outbox.user.size(), 3U);
    EXPECT_EQ(event(world, 0)["o"]["x"], "NEW");
    const Json trade = event(world, 1)["o"];
    EXPECT_EQ(trade["x"], "TRADE");
    EXPECT_EQ(trade["X"], "FILLED");
    EXPECT_EQ(trade["c"], "lh-1-E");
    EXPECT_EQ(trade["z"], "0.010");
    EXPECT_EQ(trade["ap"], "100000");
    EXPECT_EQ(trade["n"], "0.35000000");
    EXPECT_EQ(trade["m"], false);
    const Json update = event(world, 2)["a"];
    EXPECT_EQ(update["m"], "ORDER");
    EXPECT_EQ(update["B"][0]["wb"], "9999.65000000");
    EXPECT_EQ(update["P"][0]["pa"], "0.010");
    EXPECT_EQ(update["P"][0]["ps"], "LONG");
}

TEST(Matching, AMarketOrderWalksTheBookAndExpiresAtItsBound) {
    World world{true};
    world.quote("99999.9", "100000", "0.001");
    ASSERT_EQ(world.place(market_of("BUY", "0.1", {{"positionSide", "LONG"}})), 0);
    EXPECT_GT(world.order().cumulated_quote, dec("10000"));
    EXPECT_GT(world.order().executed, dec("0.001"));
    // The next taker finds the best levels eaten until the book is renewed.
    const Amount first = world.order().average_price();
    ASSERT_EQ(world.place(market_of("BUY", "0.01", {{"positionSide", "LONG"}})), 0);
    EXPECT_GT(world.order().average_price(), first);
}

TEST(Matching, ARestingOrderFillsInPartsAtItsOwnPriceAsMaker) {
    World world{true};
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99900", {{"positionSide", "LONG"}})), 0);
    const OrderId id = world.last;
    EXPECT_EQ(world.order(id).status, OrderStatus::fresh);
    world.trade("99950", true, "5");
    EXPECT_TRUE(world.order(id).executed.zero()) << "the market has not come to it";
    world.trade("99900", true, "0.004");
    EXPECT_EQ(world.order(id).status, OrderStatus::partially_filled);
    EXPECT_EQ(world.order(id).executed, dec("0.004"));
    world.quote("99800", "99890");
    EXPECT_EQ(world.order(id).status, OrderStatus::filled);
    EXPECT_EQ(world.order(id).average_price(), dec("99900"));
    EXPECT_TRUE(world.venue.account.fills().back().maker);
    EXPECT_EQ(world.venue.account.fees(), dec("0.0999"));
}

TEST(Matching, BetterPriceFirstThenEarlierOrder) {
    World world{true};
    const Fields side{{"positionSide", "LONG"}};
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99900", side)), 0);
    const OrderId early = world.last;
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99900", side)), 0);
    const OrderId late = world.last;
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99910", side)), 0);
    const OrderId better = world.last;
    world.trade("99900", true, "0.015");
    EXPECT_EQ(world.order(better).status, OrderStatus::filled);
    EXPECT_EQ(world.order(early).executed, dec("0.005"));
    EXPECT_TRUE(world.order(late).executed.zero());
}

TEST(Matching, TimeInForceDecidesWhatHappensToTheRest) {
    World world{true};
    const auto with = [](const char* time) {
        return Fields{{"positionSide", "LONG"}, {"timeInForce", time}};
    };
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "100000", with("GTX"))), 0);
    EXPECT_EQ(world.order().status, OrderStatus::expired) << "post-only must not take";
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99999.9", with("GTX"))), 0);
    EXPECT_EQ(world.order().status, OrderStatus::fresh);
    ASSERT_EQ(world.place(limit_of("BUY", "1.2", "100000", with("FOK"))), 0);
    EXPECT_EQ(world.order().status, OrderStatus::expired);
    EXPECT_TRUE(world.order().executed.zero()) << "all or nothing";
    ASSERT_EQ(world.place(limit_of("BUY", "1.2", "100000", with("IOC"))), 0);
    EXPECT_EQ(world.order().status, OrderStatus::expired);
    EXPECT_EQ(world.order().executed, dec("1")) << "what was there";
    world.quote("99999.9", "100000", "0.5");
    ASSERT_EQ(world.place(limit_of("BUY", "0.5", "100000", with("FOK"))), 0);
    EXPECT_EQ(world.order().status, OrderStatus::filled);
}

TEST(Matching, AStopFiresByItsReferenceAndClosesThePosition) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "0.01", {{"positionSide", "LONG"}})), 0);
    ASSERT_EQ(world.place(order_of("SELL", "STOP_MARKET",
                                   {{"positionSide", "LONG"},
                                    {"quantity", "0.01"},
                                    {"stopPrice", "99500"},
                                    {"workingType", "MARK_PRICE"}})),
              0);
    const OrderId stop = world.last;
    world.quote("99399.9", "99400");
    world.trade("99400", true);
    EXPECT_EQ(world.order(stop).status, OrderStatus::fresh) << "last price is not its reference";
    world.mark("99500.1");
    EXPECT_EQ(world.order(stop).status, OrderStatus::fresh);
    world.venue.outbox = {};
    world.mark("99500");
    EXPECT_EQ(world.order(stop).status, OrderStatus::filled);
    EXPECT_EQ(world.order(stop).terms.type, OrderType::market);
    EXPECT_EQ(event(world, 1)["o"]["o"], "MARKET");
    EXPECT_EQ(event(world, 1)["o"]["ot"], "STOP_MARKET");
    EXPECT_EQ(event(world, 1)["o"]["i"], stop);
    EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    EXPECT_EQ(world.venue.account.realized(), dec("-6.001"));
}

TEST(Matching, ATakeProfitOfAShortFiresWhenTheLastPriceFalls) {
    World world{true};
    ASSERT_EQ(world.place(market_of("SELL", "0.01", {{"positionSide", "SHORT"}})), 0);
    ASSERT_EQ(world.place(order_of(
                  "BUY", "TAKE_PROFIT_MARKET",
                  {{"positionSide", "SHORT"}, {"closePosition", "true"}, {"stopPrice", "99000"}})),
              0);
    world.quote("98999.9", "99000");
    world.trade("99000.1", true);
    EXPECT_EQ(world.order().status, OrderStatus::fresh);
    world.trade("99000", true);
    EXPECT_EQ(world.order().status, OrderStatus::filled);
    EXPECT_EQ(world.venue.account.realized(), dec("9.999"));
}

TEST(Matching, PriceProtectExpiresAStopWhenMarkAndLastAreApart) {
    for (const bool keeps : {false, true}) {
        World world{true, {.protect_keeps_order = keeps}};
        ASSERT_EQ(world.place(market_of("BUY", "0.01", {{"positionSide", "LONG"}})), 0);
        ASSERT_EQ(world.place(order_of("SELL", "STOP_MARKET",
                                       {{"positionSide", "LONG"},
                                        {"quantity", "0.01"},
                                        {"stopPrice", "97000"},
                                        {"workingType", "MARK_PRICE"},
                                        {"priceProtect", "TRUE"}})),
                  0);
        world.mark("96000");
        EXPECT_EQ(world.order().status, keeps ? OrderStatus::fresh : OrderStatus::expired);
        EXPECT_EQ(world.position(PositionSide::long_side).quantity, dec("0.01"));
    }
}

TEST(Matching, ATriggerCanAnnounceItsConditionalFormAsExpired) {
    World world{true, {.trigger_announces_expiry = true}};
    ASSERT_EQ(world.place(order_of("BUY", "STOP",
                                   {{"positionSide", "LONG"},
                                    {"quantity", "0.01"},
                                    {"price", "100100"},
                                    {"stopPrice", "100200"}})),
              0);
    world.venue.outbox = {};
    world.trade("100200", false);
    EXPECT_EQ(event(world, 0)["o"]["x"], "EXPIRED");
    EXPECT_EQ(event(world, 0)["o"]["o"], "STOP");
    EXPECT_EQ(event(world, 1)["o"]["x"], "NEW");
    EXPECT_EQ(event(world, 1)["o"]["o"], "LIMIT");
}

TEST(Matching, ClosersCannotSellMoreThanIsHeld) {
    World world{true};
    const Fields side{{"positionSide", "LONG"}};
    ASSERT_EQ(world.place(market_of("BUY", "0.01", side)), 0);
    EXPECT_EQ(world.place(limit_of("SELL", "0.006", "101000", side)), 0);
    EXPECT_EQ(world.place(limit_of("SELL", "0.005", "101000", side)), -2022);
    EXPECT_EQ(world.place(limit_of("SELL", "0.004", "101000", side)), 0);
    EXPECT_EQ(world.place(market_of("SELL", "0.011", side)), -2022);
    // A market close takes it all: what still rests has nothing left to close.
    const OrderId resting = world.last;
    EXPECT_EQ(world.place(market_of("SELL", "0.01", side)), 0);
    EXPECT_EQ(world.order(resting).status, OrderStatus::expired);
    EXPECT_TRUE(world.venue.matching.open(world.btc).empty());
}

TEST(Matching, ReduceOnlyNeverTurnsAOneWayPosition) {
    World world{false};
    ASSERT_EQ(world.place(market_of("SELL", "0.01")), 0);
    const Fields reduce{{"reduceOnly", "true"}};
    EXPECT_EQ(world.place(market_of("SELL", "0.01", reduce)), -2022) << "it would increase";
    EXPECT_EQ(world.place(limit_of("BUY", "0.02", "99000", reduce)), -2022);
    EXPECT_EQ(world.place(market_of("BUY", "0.02", reduce)), 0);
    EXPECT_TRUE(world.position(PositionSide::both).quantity.zero());
    EXPECT_EQ(world.order().executed, dec("0.01"));
    EXPECT_EQ(world.order().status, OrderStatus::expired);
}

TEST(Matching, AStopWithoutPositionExpiresWhenItFires) {
    World world{true};
    ASSERT_EQ(world.place(order_of(
                  "SELL", "STOP_MARKET",
                  {{"positionSide", "LONG"}, {"closePosition", "true"}, {"stopPrice", "99000"}})),
              0);
    world.trade("98999", true);
    EXPECT_EQ(world.order().status, OrderStatus::expired);
    EXPECT_TRUE(world.venue.account.fills().empty());
}

TEST(Matching, AModifyKeepsTheOrderAndRefusedTermsChangeNothing) {
    World world{true};
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99000", {{"positionSide", "LONG"}})), 0);
    auto& matching = world.venue.matching;
    EXPECT_EQ(matching.modify(world.last, dec("0.02"), dec("99000.05"), world.now_ms)->code, -4014);
    EXPECT_EQ(world.order().terms.quantity, dec("0.01"));
    EXPECT_FALSE(matching.modify(world.last, dec("0.02"), dec("98000"), world.now_ms));
    EXPECT_EQ(world.order().terms.price, dec("98000"));
    EXPECT_EQ(matching.modify(world.last + 1, dec("1"), dec("1"), world.now_ms)->code, -2013);
    EXPECT_FALSE(matching.cancel(world.last, world.now_ms));
    EXPECT_EQ(matching.cancel(world.last, world.now_ms)->code, -2011);
}

TEST(Matching, TheDeadManTimerCancelsTheOrdersOfItsSymbol) {
    World world{true};
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99000", {{"positionSide", "LONG"}})), 0);
    world.venue.countdown(world.btc, 1000, world.now_ms);
    std::vector<StreamFrame> frames;
    const auto nobody = [](std::string_view) { return false; };
    world.venue.advance(world.now_ms + 999, nobody, frames);
    EXPECT_TRUE(world.order().open());
    world.venue.advance(world.now_ms + 1000, nobody, frames);
    EXPECT_EQ(world.order().status, OrderStatus::canceled);
}

}  // namespace
}  // namespace tranche::exchange::test
