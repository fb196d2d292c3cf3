// Strategy orders: what is refused, what drives what, and each answer to what nobody knows yet.
#include "tools/exchange/strategy.hpp"

#include <nlohmann/json.hpp>

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

using Json = nlohmann::json;

Json leg(const char* place, const char* side, const char* type) {
    return {{"strategySubId", place}, {"securityType", "USDT_FUTURES"}, {"symbol", "BTCUSDT"},
            {"side", side},           {"positionSide", "LONG"},         {"type", type},
            {"quantity", "0.010"},    {"firstDrivenId", "0"},           {"secondDrivenId", "0"}};
}

Json exit_of(const char* place, const char* type, const char* rival) {
    Json exit = leg(place, "SELL", type);
    exit["firstDrivenId"] = "1";
    exit["firstDrivenOn"] = "PARTIALLY_FILLED_OR_FILLED";
    exit["firstTrigger"] = "PLACE_ORDER";
    exit["secondDrivenId"] = rival;
    exit["secondDrivenOn"] = "PARTIALLY_FILLED_OR_FILLED";
    exit["secondTrigger"] = "CANCEL_ORDER";
    exit["timeInForce"] = "GTE_GTC";
    return exit;
}

/// Entry at 99 000, take-profit at 101 000, stop at 98 000.
Json legs(const char* entry_type = "LIMIT") {
    Json entry = leg("1", "BUY", entry_type);
    if (std::string_view{entry_type} == "LIMIT") {
        entry["price"] = "99000";
        entry["timeInForce"] = "GTC";
    }
    entry["clientOrderId"] = "entry";
    Json profit = exit_of("2", "TAKE_PROFIT_MARKET", "3");
    profit["stopPrice"] = "101000";
    profit["clientOrderId"] = "profit";
    Json stop = exit_of("3", "STOP_MARKET", "2");
    stop["stopPrice"] = "98000";
    stop["clientOrderId"] = "stop";
    return Json::array({entry, profit, stop});
}

struct StrategyWorld : World {
    explicit StrategyWorld(Behaviour behaviour = {}) : World{true, behaviour} {}

    std::variant<StrategyOutcome, Reject> ask(const Json& list, const char* type = "OTOCO",
                                              const char* id = "q-1") {
        Params params;
        params.add("clientStrategyId", id);
        params.add("strategyType", type);
        params.add("subOrderList", list.dump());
        const auto read = read_strategy(params, venue.rules, venue.account.hedge_mode);
        if (const auto* refused = std::get_if<Reject>(&read)) return *refused;
        return venue.matching.place(std::get<NewStrategy>(read), now_ms);
    }
    int code(const Json& list, const char* type = "OTOCO", const char* id = "q-1") {
        const auto answer = ask(list, type, id);
        const auto* refused = std::get_if<Reject>(&answer);
        return refused == nullptr ? 0 : refused->code;
    }
    const Order* find(const char* id) const { return venue.matching.find_client(btc, id); }
    bool open(const char* id) const { return find(id) != nullptr && find(id)->open(); }
    /// So much of the entry trades at its price.
    void hit(const char* quantity) { trade("99000", true, quantity); }
    std::string told(std::string_view id) const {
        std::string text;
        for (const UserEvent& event : venue.outbox.user)
            if (const auto* order = std::get_if<OrderEvent>(&event);
                order != nullptr && order->order.terms.client_id == ClientText{id})
                text += std::string{name(order->execution)} + " ";
        return text;
    }
};

TEST(Strategy, ExitsComeWithTheFirstFillAndOneEndsTheOther) {
    StrategyWorld world;
    ASSERT_EQ(world.code(legs()), 0);
    EXPECT_TRUE(world.open("entry"));
    EXPECT_EQ(world.find("stop"), nullptr);
    world.hit("0.004");
    ASSERT_TRUE(world.open("stop") && world.open("profit"));
    EXPECT_EQ(world.find("stop")->terms.quantity, dec("0.010")) << "for all of the entry";
    world.hit("0.006");
    EXPECT_FALSE(world.open("entry"));
    EXPECT_EQ(world.told("stop"), "NEW ");
    world.mark("98500");
    world.quote("97900", "97900.1");
    world.trade("97900", true);
    EXPECT_TRUE(world.position(PositionSide::long_side).quantity.zero());
    EXPECT_EQ(world.told("stop"), "NEW NEW TRADE ");
    EXPECT_EQ(world.told("profit"), "NEW CANCELED ");
}

TEST(Strategy, AnEntryThatEndsUnfilledLeavesNothing) {
    StrategyWorld world;
    ASSERT_EQ(world.code(legs()), 0);
    ASSERT_FALSE(world.venue.matching.cancel(world.find("entry")->id, world.now_ms));
    world.trade("97000", true);
    EXPECT_EQ(world.find("stop"), nullptr);
    world.trade("100000", false);
    EXPECT_EQ(world.code(legs(), "OTOCO", "q-2"), 0) << "its names are free again";
}

TEST(Strategy, ExitsMayBeForWhatIsFilledOrComeLate) {
    Behaviour behaviour;
    behaviour.strategy_exits = StrategyExits::filled;
    StrategyWorld growing{behaviour};
    ASSERT_EQ(growing.code(legs()), 0);
    growing.hit("0.004");
    ASSERT_TRUE(growing.open("stop"));
    EXPECT_EQ(growing.find("stop")->terms.quantity, dec("0.004"));
    growing.hit("0.006");
    EXPECT_EQ(growing.find("stop")->terms.quantity, dec("0.010"));
    EXPECT_EQ(growing.told("stop"), "NEW AMENDMENT ");

    behaviour.strategy_exits = StrategyExits::at_end;
    for (const bool whole : {true, false}) {
        StrategyWorld late{behaviour};
        ASSERT_EQ(late.code(legs()), 0);
        late.hit("0.004");
        EXPECT_EQ(late.find("stop"), nullptr);
        if (whole)
            late.hit("0.006");
        else
            ASSERT_FALSE(late.venue.matching.cancel(late.find("entry")->id, late.now_ms));
        ASSERT_TRUE(late.open("stop") && late.open("profit"));
        EXPECT_EQ(late.find("stop")->terms.quantity, dec(whole ? "0.010" : "0.004"));
    }
}

TEST(Strategy, ChecksWhatWouldFireAtOnceBeforeALimitEntryAndAfterAMarketOne) {
    Json fires = legs();
    fires[2]["stopPrice"] = "100500";
    StrategyWorld world;
    EXPECT_EQ(world.code(fires), -4142);
    EXPECT_EQ(world.find("entry"), nullptr);
    Json market = legs("MARKET");
    market[2]["stopPrice"] = "100500";
    const auto answer = world.ask(market);
    ASSERT_TRUE(std::holds_alternative<StrategyOutcome>(answer));
    EXPECT_EQ(std::get<StrategyOutcome>(answer).failure_code, -4142);
    EXPECT_EQ(world.find("entry")->status, OrderStatus::filled) << "executed all the same";
    EXPECT_EQ(world.find("stop"), nullptr);
    EXPECT_EQ(world.find("profit"), nullptr);
    EXPECT_EQ(world.code(legs("MARKET")), 0);
    EXPECT_TRUE(world.open("stop") && world.open("profit"));
}

TEST(Strategy, MayFailWithoutBeingCarriedOut) {
    Behaviour behaviour;
    behaviour.strategy_failure_code = -4142;
    StrategyWorld world{behaviour};
    const auto answer = world.ask(legs());
    ASSERT_TRUE(std::holds_alternative<StrategyOutcome>(answer));
    EXPECT_EQ(std::get<StrategyOutcome>(answer).failure_code, -4142);
    EXPECT_EQ(world.find("entry"), nullptr);
}

TEST(Strategy, RefusesWhatIsNotOne) {
    StrategyWorld world;
    const auto changed = [](int which, const char* key, const char* value) {
        Json list = legs();
        list[static_cast<std::size_t>(which)][key] = value;
        return list;
    };
    EXPECT_EQ(world.code(legs(), "OCO"), -1130) << "two orders, not three";
    EXPECT_EQ(world.code(legs(), "TWAP"), -1130);
    EXPECT_EQ(world.code(legs(), "OTOCO", "an-id-of-more-than-28-letters"), -4015);
    EXPECT_EQ(world.code(changed(0, "timeInForce", "IOC")), -1115);
    EXPECT_EQ(world.code(changed(0, "timeInForce", "FOK")), -1115);
    EXPECT_EQ(world.code(changed(1, "strategySubId", "3")), -1130);
    EXPECT_EQ(world.code(changed(1, "securityType", "SPOT")), -1130);
    EXPECT_EQ(world.code(changed(1, "symbol", "ETHUSDT")), -1130);
    EXPECT_EQ(world.code(changed(1, "firstDrivenId", "2")), -1130) << "by itself";
    EXPECT_EQ(world.code(changed(1, "firstDrivenId", "4")), -1130);
    EXPECT_EQ(world.code(changed(1, "firstDrivenOn", "SOON")), -1130);
    EXPECT_EQ(world.code(changed(1, "firstTrigger", "PLACE")), -1130);
    EXPECT_EQ(world.code(changed(2, "stopPrice", "98000.05")), -4014);
    EXPECT_EQ(world.code(changed(0, "price", "99000.05")), -4014);
    EXPECT_EQ(world.code(changed(1, "clientOrderId", "not an id")), -4015);
    EXPECT_EQ(world.code(Json::array()), -1130);
    Json nobody_leads = legs();
    nobody_leads[0]["firstDrivenId"] = "2";
    nobody_leads[0]["firstDrivenOn"] = "FILLED";
    nobody_leads[0]["firstTrigger"] = "PLACE_ORDER";
    EXPECT_EQ(world.code(nobody_leads), -1130);
    EXPECT_TRUE(world.venue.matching.open(world.btc).empty());
    EXPECT_EQ(world.code(legs()), 0);
    EXPECT_EQ(world.code(legs()), -4116) << "its entry still lives under that name";
}

TEST(Strategy, OfTwoOrdersDrivesInEitherForm) {
    StrategyWorld world;
    Json either = Json::array({leg("1", "BUY", "LIMIT"), leg("2", "BUY", "LIMIT")});
    either[0]["price"] = "99000";
    either[1]["price"] = "98000";
    for (Json& one : either) one["timeInForce"] = "GTC";
    either[0]["clientOrderId"] = "near";
    either[1]["clientOrderId"] = "far";
    either[1]["firstDrivenId"] = "1";
    either[1]["firstDrivenOn"] = "FILLED";
    either[1]["firstTrigger"] = "PLACE_ORDER";
    ASSERT_EQ(world.code(either, "OTO"), 0);
    world.hit("0.004");
    EXPECT_FALSE(world.open("far")) << "not on a part";
    world.hit("0.006");
    EXPECT_TRUE(world.open("far"));
}

TEST(Strategy, AnExitThatIsNoLongerPossibleIsNotAnnounced) {
    StrategyWorld world;
    ASSERT_EQ(world.code(legs()), 0);
    // The price has passed the stop before the entry is known to be filled.
    world.mark("97000");
    const Trade made{world.btc, world.now_ms, ++world.trade_id, dec("97000"), dec("0.020"), true};
    world.venue.board.apply(made);
    world.venue.matching.on(made, world.now_ms);
    EXPECT_EQ(world.find("entry")->status, OrderStatus::filled);
    EXPECT_EQ(world.find("stop"), nullptr);
    EXPECT_EQ(world.told("stop"), "");
    EXPECT_TRUE(world.open("profit"));
}

}  // namespace
}  // namespace tranche::exchange::test
