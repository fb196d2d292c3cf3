// Entries with attached exits (OTOCO): the request byte for byte, what leaves when, what the answer
// means.
#include "net/aster/strategy.hpp"

#include <nlohmann/json.hpp>

#include "net/aster/order_adapter.hpp"
#include "tests/support/testdata.hpp"
#include "tests/unit/aster/request_bench.hpp"

namespace tranche::aster {
namespace {

using json = nlohmann::json;

Command entry(PositionSide side = PositionSide::long_side) {
    Command command = order(Role::entry, side, OrderType::limit);
    command.stop_price = {};
    command.time_in_force = TimeInForce::gtc;
    command.with_exits = true;
    command.take_profit = Price{9'700'050'000'000};  // 97000.5
    command.stop_loss = Price{9'312'050'000'000};    // 93120.5
    command.take_profit_type = OrderType::limit;
    command.take_profit_generation = 4;
    command.stop_loss_generation = 6;
    return command;
}

struct Adapter {
    explicit Adapter(AuthScheme scheme = AuthScheme::v3, bool hedge = true,
                     Venue venue = Venue::aster)
        : bench{scheme, hedge, venue} {}

    std::string encode(const Command& command) {
        std::string out(batch_request_capacity, '?');
        out.resize(adapter.encode(command, now, out));
        return out;
    }
    Reply answer(unsigned status, const std::string& body) {
        HttpResponse response;
        response.status = status;
        response.body = body;
        return adapter.decode(entry(), response, RateAnswer{});
    }

    Bench bench;
    OrderAdapter adapter{bench.orders};
};

std::string text_of(const ClientOrderId& id) {
    const ClientOrderIdText text = tranche::encode(id);
    return {text.data(), text.size()};
}

TEST(RecordedStrategy, IsReproducedByteForByte) {
    const json all = json::parse(support::read_testdata("../spec/signing-vectors.json"));
    json vector;
    for (const json& one : all.at("v3"))
        if (one.at("name") == "v3-strategy-otoco") vector = one;
    ASSERT_FALSE(vector.is_null());
    StrategyLeg first{.symbol = "BTCUSDT",
                      .side = "BUY",
                      .position_side = "BOTH",
                      .type = "MARKET",
                      .quantity = "0.003"};
    StrategyLeg exit = first;
    exit.side = "SELL";
    exit.working_type = "MARK_PRICE";
    exit.time_in_force = "GTC";
    exit.reduce_only = true;
    StrategyLeg profit = exit;
    profit.type = "TAKE_PROFIT_MARKET";
    profit.stop_price = "97000.0";
    StrategyLeg stop = exit;
    stop.type = "STOP_MARKET";
    stop.stop_price = "93120.5";
    const Bench bench{AuthScheme::v3, false};
    std::string room(batch_request_capacity, '?');
    Text text{room};
    put_strategy("lh-000000000001", {first, profit, stop}, text);
    bench.auth.sign_again(text, 0, 1'785'000'000'000'008U, nullptr);
    EXPECT_EQ(std::string{text.from(0)}, vector.at("wire").at("body").get<std::string>());
}

TEST(Strategy, HoldsTheEntryAndExitsThatAPlainOneWouldHave) {
    for (const bool hedge : {true, false})
        for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side}) {
            Adapter one{AuthScheme::v3, hedge};
            const Command command = entry(side);
            const Parsed request = parse_padded(one.encode(command));
            EXPECT_TRUE(request.well_formed);
            EXPECT_EQ(request.method, "POST");
            EXPECT_EQ(request.path, "/fapi/v3/placeStrategyOrder");
            EXPECT_TRUE(request.in_body);
            expect_wallet_signed(request);
            EXPECT_EQ(request.values.at("strategyType"), "OTOCO");
            EXPECT_EQ(request.values.at("clientStrategyId"), text_of(command.id).substr(0, 27));
            const std::string raw = request.values.at("subOrderList");
            EXPECT_EQ(raw, percent_encode(percent_decoded(raw)));
            const json legs = json::parse(percent_decoded(raw));
            ASSERT_EQ(legs.size(), 3U);
            const std::array<Command, 3> orders{command, attached_exit(command, Role::take_profit),
                                                attached_exit(command, Role::stop_loss)};
            for (std::size_t i = 0; i < orders.size(); ++i) {
                // What the order by itself would say, but for the names of two of its members.
                Command plain = orders[i];
                plain.with_exits = false;
                std::map<std::string, std::string> alone = parse(one.encode(plain)).values;
                for (const char* not_here : {"nonce", "signer", "signature", "newOrderRespType",
                                             "positionSide", "newClientOrderId", "timeInForce"})
                    alone.erase(not_here);
                for (const auto& [name, value] : alone) EXPECT_EQ(legs[i].at(name), value) << name;
                EXPECT_EQ(legs[i].at("clientOrderId"), text_of(orders[i].id));
                EXPECT_EQ(legs[i].at("strategySubId"), std::to_string(i + 1));
                EXPECT_EQ(legs[i].at("timeInForce"), "GTC");
                const std::string wanted = !hedge                            ? "BOTH"
                                           : side == PositionSide::long_side ? "LONG"
                                                                             : "SHORT";
                EXPECT_EQ(legs[i].at("positionSide"), wanted);
                EXPECT_EQ(legs[i].contains("reduceOnly"), !hedge && i > 0);
            }
            EXPECT_EQ(legs[1].at("firstDrivenOn"), "PARTIALLY_FILLED_OR_FILLED");
            EXPECT_EQ(legs[2].at("firstTrigger"), "PLACE_ORDER");
            EXPECT_EQ(legs[2].at("secondDrivenId"), "2");
        }
}

TEST(Strategy, AStopOutlivesPartsOfARestingTakeProfit) {
    Adapter one;
    Command command = entry();
    const auto cancels_stop_on = [&] {
        const Parsed request = parse_padded(one.encode(command));
        return json::parse(percent_decoded(request.values.at("subOrderList")))[2]
            .at("secondDrivenOn")
            .get<std::string>();
    };
    EXPECT_EQ(cancels_stop_on(), "FILLED");
    command.take_profit_type = OrderType::take_profit_market;
    EXPECT_EQ(cancels_stop_on(), "PARTIALLY_FILLED_OR_FILLED");
}

TEST(Strategy, OfTheLongestFitsItsRoom) {
    Adapter one;
    Command command = entry(PositionSide::short_side);
    command.symbol = SymbolId{1};
    command.quantity = Quantity{INT64_MAX};
    command.price = command.take_profit = command.stop_loss = Price{INT64_MAX};
    command.take_profit_type = OrderType::take_profit_market;
    command.price_protect = true;
    const Parsed request = parse_padded(one.encode(command));
    EXPECT_TRUE(request.well_formed);
    expect_wallet_signed(request);
}

TEST(Strategy, DoesNotLeaveWhereItCannotOrMustNot) {
    Command market = entry();
    market.type = OrderType::market;
    Command reversed = entry();
    reversed.side = opposite(reversed.side);
    Command unpriced = entry();
    unpriced.stop_loss = {};
    Command none = entry();
    none.quantity = {};
    Adapter one;
    for (const Command& command : {market, reversed, unpriced, none})
        EXPECT_EQ(one.encode(command), "");
    for (const Venue venue : {Venue::aster, Venue::binance}) {
        Adapter old{AuthScheme::v1, true, venue};
        EXPECT_EQ(old.encode(entry()), "");
    }
    EXPECT_FALSE(one.adapter.may_batch(entry()));
}

TEST(Strategy, WeighsFiftyCountsEachOfItsOrdersAndIsVoidByItsNonce) {
    Adapter one;
    EXPECT_EQ(one.adapter.cost(entry()).weight, 50U);
    EXPECT_EQ(one.adapter.cost(entry()).orders, 3U);
    const std::string nonce = parse_padded(one.encode(entry())).values.at("nonce");
    Command noop = entry();
    noop.kind = CommandKind::noop;
    noop.with_exits = false;
    EXPECT_EQ(parse(one.encode(noop)).values.at("nonce"), nonce);
}

std::string body_with(const std::string& failure, const std::string& id = {}) {
    const std::string own = text_of(entry().id).substr(0, client_strategy_id_length);
    return R"({"strategyId":7001,"clientStrategyId":")" + (id.empty() ? own : id) +
           R"(","strategyType":"OTOCO","strategyStatus":"NEW","updateTime":1785000201640)" +
           failure + R"(,"failureReason":""})";
}

TEST(StrategyReply, IsAcceptedOnlyWithoutAFailureCode) {
    Adapter one;
    for (const char* none : {R"(,"failureCode":0)", R"(,"failureCode":"0")", R"(,"failureCode":"")",
                             R"(,"failureCode":null)"}) {
        const Reply reply = one.answer(200, body_with(none));
        EXPECT_EQ(reply.verdict, ReplyClass::accepted) << none;
        EXPECT_EQ(reply.status, OrderStatus::created);
        EXPECT_EQ(reply.order_id, 0);
    }
    EXPECT_EQ(one.adapter.figures().unreadable.get(), 0U);
    EXPECT_EQ(one.adapter.figures().unknown_members.get(), 0U);
    for (const char* failed : {R"(,"failureCode":-4142)", R"(,"failureCode":"-4142")"}) {
        const Reply reply = one.answer(200, body_with(failed));
        EXPECT_EQ(reply.verdict, ReplyClass::unknown) << "the entry may have been executed";
        EXPECT_EQ(reply.code, -4142);
        EXPECT_EQ(reply.http_status, 200);
    }
    EXPECT_EQ(one.adapter.figures().unreadable.get(), 0U);
}

TEST(StrategyReply, ThatDoesNotSaySoProvesNothing) {
    Adapter one;
    for (const std::string& body :
         {body_with(""), body_with(R"(,"failureCode":[])"), body_with(R"(,"failureCode":"none")"),
          body_with(R"(,"failureCode":99999999999)"),
          body_with(R"(,"failureCode":0)", "somebody-elses"), std::string{"{}"}, std::string{},
          std::string{R"({"failureCode":0})"}, body_with(R"(,"failureCode":0)").substr(0, 60)}) {
        const Reply reply = one.answer(200, body);
        EXPECT_EQ(reply.verdict, ReplyClass::unknown) << body;
        EXPECT_EQ(reply.code, 0) << body;
    }
    EXPECT_EQ(one.adapter.figures().unreadable.get(), 9U);
}

TEST(StrategyReply, IsRefusedAsAnyOrder) {
    Adapter one;
    const auto refused = [&](unsigned status, int code) {
        return one.answer(status, R"({"code":)" + std::to_string(code) + R"(,"msg":"no"})");
    };
    EXPECT_EQ(refused(400, -4142).verdict, ReplyClass::rejected);
    EXPECT_EQ(refused(400, -2019).verdict, ReplyClass::rejected);
    EXPECT_EQ(refused(405, -1020).verdict, ReplyClass::rejected);
    EXPECT_EQ(refused(404, -5000).verdict, ReplyClass::unknown);
    EXPECT_EQ(refused(503, -1007).verdict, ReplyClass::unknown);
    EXPECT_EQ(refused(429, -1003).verdict, ReplyClass::throttled);
    EXPECT_EQ(refused(418, -1003).verdict, ReplyClass::banned);
}

}  // namespace
}  // namespace tranche::aster
