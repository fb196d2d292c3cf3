// List E of the reliability model: each switch is off in the server and can be played.
#include "tools/exchange/behaviour.hpp"

#include <set>

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

const Fields long_side{{"positionSide", "LONG"}};

Fields long_stop(const char* price, const char* quantity, Fields more = {}) {
    more.insert(more.end(), {{"positionSide", "LONG"}, {"stopPrice", price}});
    if (quantity == nullptr)
        more.emplace_back("closePosition", "true");
    else
        more.emplace_back("quantity", quantity);
    return order_of("SELL", "STOP_MARKET", more);
}

Behaviour with(void (*change)(Behaviour&)) {
    Behaviour behaviour;
    change(behaviour);
    return behaviour;
}

TEST(Behaviour, ASeedAlwaysDrawsTheSameSwitchesAndSeedsDiffer) {
    std::set<std::string> sets;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto text = [](const Behaviour& drawn) {
            std::string bits;
            for (const bool bit :
                 {drawn.close_position_needs_position, drawn.one_close_position_a_side,
                  drawn.stops_share_position, drawn.trigger_changes_order_id,
                  drawn.trigger_announces_expiry, drawn.over_close == OverClose::trim})
                bits += bit ? '1' : '0';
            return bits + std::to_string(drawn.appears_after_ms) +
                   std::to_string(drawn.position_lag_ms);
        };
        const std::string drawn = text(draw_behaviour(seed));
        EXPECT_EQ(drawn, text(draw_behaviour(seed)));
        sets.insert(drawn);
    }
    EXPECT_GT(sets.size(), 100U);
}

TEST(Behaviour, E1AClosePositionStopMayNeedAPosition) {
    World patient{true};
    EXPECT_EQ(patient.place(long_stop("99000", nullptr)), 0);
    World strict{true, with([](Behaviour& b) { b.close_position_needs_position = true; })};
    EXPECT_EQ(strict.place(long_stop("99000", nullptr)), -2022);
    ASSERT_EQ(strict.place(market_of("BUY", "0.01", long_side)), 0);
    EXPECT_EQ(strict.place(long_stop("99000", nullptr)), 0);
}

TEST(Behaviour, E2ASecondClosePositionStopOfASideMayBeRefused) {
    World world{true, with([](Behaviour& b) { b.one_close_position_a_side = true; })};
    EXPECT_EQ(world.place(long_stop("99000", nullptr)), 0);
    EXPECT_EQ(world.place(long_stop("98000", nullptr)), -4130);
    EXPECT_EQ(world.place(order_of(
                  "BUY", "STOP_MARKET",
                  {{"positionSide", "SHORT"}, {"stopPrice", "101000"}, {"closePosition", "true"}})),
              0)
        << "the other side has its own";
    World lax{true};
    EXPECT_EQ(lax.place(long_stop("99000", nullptr)), 0);
    EXPECT_EQ(lax.place(long_stop("98000", nullptr)), 0);
}

TEST(Behaviour, E3StopsMayHaveToShareThePosition) {
    World world{true, with([](Behaviour& b) { b.stops_share_position = true; })};
    ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
    EXPECT_EQ(world.place(long_stop("99000", "0.006")), 0);
    EXPECT_EQ(world.place(long_stop("99000", "0.005")), -2022);
    EXPECT_EQ(world.place(long_stop("99000", "0.004")), 0);
    World lax{true};
    ASSERT_EQ(lax.place(market_of("BUY", "0.01", long_side)), 0);
    EXPECT_EQ(lax.place(long_stop("99000", "0.01")), 0);
    EXPECT_EQ(lax.place(long_stop("98000", "0.01")), 0);
}

TEST(Behaviour, AStopMayWaitForItsPosition) {
    World world{true, with([](Behaviour& b) { b.stop_needs_position = false; })};
    EXPECT_EQ(world.place(long_stop("99000", "0.01")), 0);
    World strict{true};
    EXPECT_EQ(strict.place(long_stop("99000", "0.01")), -2022);
}

TEST(Behaviour, E4AClosingOrderThatIsTooLargeMayBeTrimmed) {
    World world{true, with([](Behaviour& b) { b.over_close = OverClose::trim; })};
    EXPECT_EQ(world.place(market_of("SELL", "0.02", long_side)), -2022) << "nothing to close";
    ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
    ASSERT_EQ(world.place(market_of("SELL", "0.02", long_side)), 0);
    EXPECT_EQ(world.order().terms.quantity, dec("0.01"));
    EXPECT_EQ(world.order().status, OrderStatus::filled);
    EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
}

TEST(Behaviour, E5AClientIdInUseOrUsedMayHaveOtherCodes) {
    const Fields resting = limit_of("BUY", "0.001", "90000", {{"newClientOrderId", "lh-1-E"}});
    World world{false, with([](Behaviour& b) {
                    b.open_id_code = -4015;
                    b.closed_id_code = -4116;
                })};
    ASSERT_EQ(world.place(resting), 0);
    EXPECT_EQ(world.place(resting), -4015);
    ASSERT_FALSE(world.venue.matching.cancel(world.last, world.now_ms));
    EXPECT_EQ(world.place(resting), -4116);
}

TEST(Behaviour, E7ATriggeredStopMayGoOnAsAnotherOrder) {
    for (const bool renamed : {false, true}) {
        Behaviour behaviour;
        behaviour.trigger_changes_order_id = true;
        behaviour.trigger_changes_client_id = renamed;
        World world{true, behaviour};
        ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
        ASSERT_EQ(world.place(long_stop("99500", "0.01", {{"newClientOrderId", "stop"}})), 0);
        const OrderId stop = world.last;
        world.quote("99399.9", "99400");
        world.trade("99400", true);
        EXPECT_EQ(world.order(stop).status, OrderStatus::expired);
        const Order& child = *world.venue.matching.orders().back();
        EXPECT_NE(child.id, stop);
        EXPECT_EQ(child.status, OrderStatus::filled);
        EXPECT_EQ(child.terms.type, OrderType::market);
        EXPECT_EQ(child.original_type, OrderType::stop_market);
        EXPECT_EQ(child.terms.client_id.view() == "stop", !renamed);
        EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    }
}

TEST(Behaviour, E9AnOrderMayBeHiddenFromQueriesForAWhile) {
    World world{true, with([](Behaviour& b) { b.appears_after_ms = 100; })};
    ASSERT_EQ(world.place(limit_of("BUY", "0.01", "99000", long_side)), 0);
    EXPECT_FALSE(world.venue.visible(world.order(), world.now_ms + 99));
    EXPECT_TRUE(world.venue.visible(world.order(), world.now_ms + 100));
}

TEST(Behaviour, E14PositionsReadOverRestMayBeOld) {
    World world{true, with([](Behaviour& b) { b.position_lag_ms = 500; })};
    ASSERT_EQ(world.place(market_of("BUY", "0.01", long_side)), 0);
    world.now_ms += 100;
    ASSERT_EQ(world.place(market_of("BUY", "0.02", long_side)), 0);
    const auto seen = [&](std::int64_t after) {
        return world.venue
            .position_seen(world.btc, PositionSide::long_side, World::start_ms + after)
            .quantity;
    };
    EXPECT_EQ(seen(499), dec("0"));
    EXPECT_EQ(seen(500), dec("0.01"));
    EXPECT_EQ(seen(599), dec("0.01"));
    EXPECT_EQ(seen(600), dec("0.03"));
}

TEST(Behaviour, APostOnlyOrderThatWouldTakeMayBeRefused) {
    World world{true, with([](Behaviour& b) { b.post_only_refused = true; })};
    EXPECT_EQ(world.place(limit_of("BUY", "0.01", "100000",
                                   {{"positionSide", "LONG"}, {"timeInForce", "GTX"}})),
              -5022);
    EXPECT_EQ(world.place(limit_of("BUY", "0.01", "99999.9",
                                   {{"positionSide", "LONG"}, {"timeInForce", "GTX"}})),
              0);
}

TEST(Behaviour, OwnOrdersThatWouldMeetGiveWayAsTheModeSays) {
    struct Row {
        SelfTrade mode;
        OrderStatus taker, maker;
    };
    const Row rows[]{{SelfTrade::ignored, OrderStatus::filled, OrderStatus::fresh},
                     {SelfTrade::expire_taker, OrderStatus::expired, OrderStatus::fresh},
                     {SelfTrade::expire_maker, OrderStatus::filled, OrderStatus::expired},
                     {SelfTrade::expire_both, OrderStatus::expired, OrderStatus::expired}};
    for (const Row& row : rows) {
        Behaviour behaviour;
        behaviour.self_trade = row.mode;
        World world{true, behaviour};
        world.quote("99999.9", "100010");
        ASSERT_EQ(world.place(limit_of("SELL", "0.01", "100005", {{"positionSide", "SHORT"}})), 0);
        const OrderId maker = world.last;
        ASSERT_EQ(world.place(limit_of("BUY", "0.01", "100010", long_side)), 0);
        EXPECT_EQ(world.order().status, row.taker) << static_cast<int>(row.mode);
        EXPECT_EQ(world.order(maker).status, row.maker) << static_cast<int>(row.mode);
    }
}

}  // namespace
}  // namespace tranche::exchange::test
