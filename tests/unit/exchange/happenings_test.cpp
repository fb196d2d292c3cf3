// What happens to an account and its symbols besides orders of ours.
#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

using Json = nlohmann::json;

const Fields long_side{{"positionSide", "LONG"}};

/// The user events since the last call, as texts.
std::vector<Json> told(World& world) {
    std::vector<Json> events;
    for (std::size_t at = 0; at < world.venue.outbox.user.size(); ++at)
        events.push_back(Json::parse(world.payload(at)));
    world.venue.outbox.user.clear();
    return events;
}

TEST(Happenings, FundingIsPaidByLongsAndOnlyTheBalanceIsTold) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "0.1", long_side)), 0);
    told(world);
    const Amount before = world.venue.account.wallet();
    const Mark mark{world.btc, world.now_ms, dec("100000"), dec("100000"), dec("0.0001"), 0};
    world.venue.observe(mark, world.now_ms);
    world.venue.pay_funding(world.now_ms);
    EXPECT_EQ(world.venue.account.wallet(), before - dec("1"));
    const auto events = told(world);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["a"]["m"], "FUNDING_FEE");
    EXPECT_TRUE(events[0]["a"]["P"].empty());
    EXPECT_EQ(world.venue.account.income().back().type, "FUNDING_FEE");
    EXPECT_EQ(world.venue.account.income().back().amount, dec("-1"));
}

TEST(Happenings, FundingComesWithTheClockOfTheMarketWhenAskedFor) {
    for (const bool funding : {false, true}) {
        VenueOptions options{.generate = false, .funding = funding};
        options.market.funding_interval_ms = 3'600'000;
        constexpr std::int64_t start = 1'795'000'000'000;
        Venue venue{Rules::standard(), options, start};
        const SymbolIndex btc = *venue.rules.find("BTCUSDT");
        const Quote quote{btc, start, 1, dec("99999"), dec("9"), dec("100000"), dec("9")};
        const Mark mark{btc, start, dec("100000"), dec("100000"), dec("0.0001"), 0};
        venue.observe(quote, start);
        venue.observe(mark, start);
        ASSERT_TRUE(std::holds_alternative<OrderId>(
            venue.trade_by_hand(btc, PositionSide::short_side, Side::sell, dec("0.1"), start)));
        const Amount before = venue.account.wallet();
        std::vector<MarketEvent> published;
        venue.advance(start + 7'200'000, published);
        EXPECT_EQ(venue.account.wallet() - before, funding ? dec("1") : dec("0"))
            << "shorts are paid, once for each call that passes the hour";
    }
}

TEST(Happenings, AnAccountThatCannotCarryItsLossIsLiquidated) {
    World world{true, {}, true};
    ASSERT_EQ(world.place(market_of("BUY", "1.5", long_side)), 0);
    ASSERT_EQ(world.place(limit_of("BUY", "0.001", "90000", long_side)), 0);
    const OrderId resting = world.last;
    told(world);
    world.quote("95999", "96000", "50");
    world.mark("96000");
    EXPECT_FALSE(world.position(PositionSide::long_side).quantity.zero());
    told(world);
    world.quote("92999", "93000", "50");
    world.mark("93000");
    EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    EXPECT_EQ(world.order(resting).status, OrderStatus::canceled);
    bool calculated = false;
    for (const Json& event : told(world)) {
        if (event["e"] != "ORDER_TRADE_UPDATE" || event["o"]["x"] != "CALCULATED") continue;
        calculated = true;
        EXPECT_TRUE(event["o"]["c"].get<std::string>().starts_with("autoclose-"));
        EXPECT_EQ(event["o"]["S"], "SELL");
        EXPECT_EQ(event["o"]["ps"], "LONG");
    }
    EXPECT_TRUE(calculated);
    EXPECT_EQ(world.venue.account.income().back().type, "INSURANCE_CLEAR");
    EXPECT_GE(world.venue.account.wallet(), dec("0"));
}

TEST(Happenings, AMarginCallComesBeforeALiquidationAndOnce) {
    World world{true, {}, true};
    ASSERT_EQ(world.place(market_of("BUY", "1.5", long_side)), 0);
    told(world);
    const auto calls = [&] {
        int count = 0;
        for (const Json& event : told(world)) count += event["e"] == "MARGIN_CALL" ? 1 : 0;
        return count;
    };
    world.mark("99000");
    EXPECT_EQ(calls(), 0);
    world.mark("93900");
    EXPECT_EQ(calls(), 1);
    world.mark("93890");
    EXPECT_EQ(calls(), 0) << "it is said once";
    EXPECT_FALSE(world.position(PositionSide::long_side).quantity.zero());
}

TEST(Happenings, WithoutTheOptionNobodyIsLiquidated) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "1.5", long_side)), 0);
    world.mark("90000");
    EXPECT_FALSE(world.position(PositionSide::long_side).quantity.zero());
}

TEST(Happenings, DeleveragingTakesAPartAtTheMarkAndLeavesOrders) {
    World world{true};
    ASSERT_EQ(world.place(market_of("SELL", "0.03", {{"positionSide", "SHORT"}})), 0);
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99000", {{"positionSide", "SHORT"}})), 0);
    const OrderId resting = world.last;
    told(world);
    world.venue.deleverage(world.btc, PositionSide::short_side, dec("0.02"), world.now_ms);
    EXPECT_EQ(world.position(PositionSide::short_side).quantity, dec("-0.01"));
    EXPECT_TRUE(world.order(resting).open());
    const auto events = told(world);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0]["o"]["c"], "adl_autoclose");
    EXPECT_EQ(events[0]["o"]["x"], "CALCULATED");
    EXPECT_EQ(events[0]["o"]["X"], "FILLED");
    EXPECT_EQ(events[0]["o"]["L"], "100000.0");
    EXPECT_EQ(events[1]["e"], "ACCOUNT_UPDATE");
}

TEST(Happenings, E13ForcedOrdersHaveTheShapeThatWasChosen) {
    const std::pair<ForcedShape, std::vector<std::string>> rows[]{
        {ForcedShape::calculated, {"CALCULATED"}},
        {ForcedShape::fresh_calculated, {"NEW", "CALCULATED"}},
        {ForcedShape::trade, {"TRADE"}},
        {ForcedShape::announced, {"NEW", "CALCULATED"}}};
    for (const auto& [shape, executions] : rows) {
        Behaviour behaviour;
        behaviour.forced_shape = shape;
        World world{true, behaviour};
        ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
        told(world);
        world.venue.liquidate(world.btc, PositionSide::long_side, world.now_ms);
        std::vector<std::string> seen;
        std::string first_status;
        for (const Json& event : told(world))
            if (event["e"] == "ORDER_TRADE_UPDATE") {
                seen.push_back(event["o"]["x"]);
                if (first_status.empty()) first_status = event["o"]["X"];
            }
        EXPECT_EQ(seen, executions);
        EXPECT_EQ(first_status == "NEW_INSURANCE", shape == ForcedShape::announced);
        EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    }
}

TEST(Happenings, HandsOpenAndCloseWithoutOurClientIds) {
    World world{true};
    const auto by_hand = [&](Side side, const char* quantity) {
        return std::holds_alternative<OrderId>(world.venue.trade_by_hand(
            world.btc, PositionSide::long_side, side, dec(quantity), world.now_ms));
    };
    EXPECT_TRUE(by_hand(Side::buy, "0.05"));
    EXPECT_EQ(world.position(PositionSide::long_side).quantity, dec("0.05"));
    EXPECT_TRUE(told(world)[0]["o"]["c"].get<std::string>().starts_with("web_"));
    EXPECT_TRUE(by_hand(Side::sell, "0.5")) << "closes what is there";
    EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    EXPECT_FALSE(by_hand(Side::sell, "0.5")) << "nothing is left";
}

TEST(Happenings, SettingsChangeWithTheirEventsAndRefusals) {
    World world{true};
    EXPECT_FALSE(world.venue.set_leverage(world.btc, 5, world.now_ms));
    EXPECT_FALSE(world.venue.set_leverage(world.btc, 5, world.now_ms));
    EXPECT_EQ(world.venue.set_leverage(world.btc, 0, world.now_ms)->code, -4028);
    EXPECT_FALSE(world.venue.set_isolated(world.btc, true, world.now_ms));
    EXPECT_EQ(world.venue.set_multi_assets(true, world.now_ms)->code, -4168);
    EXPECT_FALSE(world.venue.set_hedge_mode(false, world.now_ms));
    EXPECT_EQ(world.venue.set_hedge_mode(false, world.now_ms)->code, -4059);
    const auto events = told(world);
    ASSERT_EQ(events.size(), 3U) << "what changes nothing says nothing";
    EXPECT_EQ(events[0]["ac"]["l"], 5);
    EXPECT_EQ(events[1]["a"]["m"], "MARGIN_TYPE_CHANGE");
    EXPECT_EQ(events[1]["a"]["P"].size(), 2U);
    EXPECT_EQ(events[2]["ai"]["d"], false);
    ASSERT_EQ(world.place(limit_of("BUY", "0.001", "90000")), 0);
    EXPECT_EQ(world.venue.set_hedge_mode(true, world.now_ms)->code, -4067);
    EXPECT_EQ(world.venue.set_isolated(world.btc, false, world.now_ms)->code, -4047);
}

TEST(Happenings, LeverageChangesWhatRestingOrdersReserve) {
    World world{true};
    ASSERT_EQ(world.place(limit_of("BUY", "0.1", "99000", long_side)), 0);
    EXPECT_EQ(plain(world.venue.matching.reserved()), "495");
    EXPECT_FALSE(world.venue.set_leverage(world.btc, 10, world.now_ms));
    EXPECT_EQ(plain(world.venue.matching.reserved()), "990");
    ASSERT_FALSE(world.venue.matching.cancel(world.last, world.now_ms));
    EXPECT_EQ(plain(world.venue.matching.reserved()), "0");
}

TEST(Happenings, APausedSymbolRefusesPlacementsAndKeepsItsOrders) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99000", long_side)), 0);
    const OrderId resting = world.last;
    world.venue.set_status(world.btc, "SETTLING", world.now_ms);
    EXPECT_EQ(world.place(market_of("BUY", "0.01", long_side)), -4140);
    EXPECT_TRUE(world.order(resting).open());
    EXPECT_FALSE(world.venue.matching.cancel(resting, world.now_ms)) << "cancels pass";
    world.venue.set_status(world.btc, "TRADING", world.now_ms);
    EXPECT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
}

TEST(Happenings, ADelistedSymbolIsSettledAtTheMark) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99000", long_side)), 0);
    world.mark("99500");
    world.venue.set_status(world.btc, "CLOSE", world.now_ms);
    EXPECT_EQ(world.order().status, OrderStatus::canceled);
    EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    EXPECT_EQ(world.venue.account.realized(), dec("-5"));
    EXPECT_EQ(world.place(market_of("BUY", "0.01", long_side)), -4141);
}

TEST(Happenings, NewFiltersHoldForNewOrdersOnly) {
    World world{true};
    ASSERT_EQ(world.place(limit_of("BUY", "0.001", "99000.1", long_side)), 0);
    const OrderId old = world.last;
    SymbolRules changed = world.venue.rules.at(world.btc);
    changed.tick = dec("0.5");
    changed.step = changed.min_quantity = dec("0.01");
    world.venue.change_filters(world.btc, changed);
    EXPECT_EQ(world.place(limit_of("BUY", "0.01", "99000.1", long_side)), -4014);
    EXPECT_EQ(world.place(limit_of("BUY", "0.001", "99000", long_side)), -4004);
    EXPECT_EQ(world.place(limit_of("BUY", "0.01", "99000.5", long_side)), 0);
    EXPECT_TRUE(world.order(old).open());
}

}  // namespace
}  // namespace tranche::exchange::test
