#include "tests/unit/aster/request_bench.hpp"

namespace tranche::aster {
namespace {

constexpr std::array placed_types{OrderType::limit,       OrderType::market,
                                  OrderType::stop,        OrderType::stop_market,
                                  OrderType::take_profit, OrderType::take_profit_market};
constexpr std::array all_roles{Role::entry, Role::take_profit, Role::stop_loss, Role::close,
                               Role::backstop};
constexpr std::array both_positions{PositionSide::long_side, PositionSide::short_side};

void expect_cannot_open(const Parsed& request, const Command& command, bool hedge_mode) {
    const bool closes = command.id.role != Role::entry;
    const bool is_long = command.position_side == PositionSide::long_side;
    EXPECT_EQ(request.values.at("side"), is_long != closes ? "BUY" : "SELL");
    if (hedge_mode) {
        EXPECT_EQ(request.values.at("positionSide"), is_long ? "LONG" : "SHORT");
        EXPECT_EQ(request.values.count("reduceOnly"), 0U);
        return;
    }
    EXPECT_EQ(request.values.count("positionSide"), 0U);
    const bool bounded =
        request.values.count("closePosition") == 1 ||
        (request.values.count("reduceOnly") == 1 && request.values.at("reduceOnly") == "true");
    EXPECT_EQ(bounded, closes);
}

void expect_parameters_of_type(const Parsed& request, const Command& command) {
    const auto has = [&request](const char* name) { return request.values.count(name) == 1; };
    const bool limit = command.type == OrderType::limit;
    const bool priced =
        limit || command.type == OrderType::stop || command.type == OrderType::take_profit;
    const bool conditional = is_conditional(command.type);
    EXPECT_EQ(has("timeInForce"), limit);
    EXPECT_EQ(has("price"), priced);
    EXPECT_EQ(has("stopPrice"), conditional);
    EXPECT_EQ(has("workingType"), conditional);
    EXPECT_EQ(has("priceProtect"), conditional && command.price_protect);
    EXPECT_EQ(has("quantity"), !command.close_position);
    EXPECT_EQ(has("closePosition"), command.close_position);
    EXPECT_FALSE(has("closePosition") && has("reduceOnly"));
    if (has("quantity")) {
        EXPECT_EQ(request.values.at("quantity"), "0.0015");
    }
    if (priced) {
        EXPECT_EQ(request.values.at("price"), "95210.1");
    }
    if (conditional) {
        EXPECT_EQ(request.values.at("stopPrice"), "95000");
    }
    EXPECT_EQ(request.values.at("newOrderRespType"), "ACK");
    const ClientOrderIdText id = tranche::encode(command.id);
    EXPECT_EQ(request.values.at("newClientOrderId"), (std::string{id.data(), id.size()}));
}

TEST(Requests, NothingThatDoesNotOpenCanOpenOrFlip) {
    std::size_t sent = 0;
    for (const AuthScheme scheme : {AuthScheme::v3, AuthScheme::v1})
        for (const bool hedge_mode : {false, true}) {
            const Bench bench{scheme, hedge_mode};
            for (const Role role : all_roles)
                for (const PositionSide position : both_positions)
                    for (const OrderType type : placed_types)
                        for (const bool said : {false, true}) {
                            Command command = order(role, position, type);
                            command.reduce_only = said && role != Role::entry;
                            command.price_protect = said;
                            const Parsed request = parse(bench.encode(command));
                            ASSERT_TRUE(request.well_formed);
                            expect_cannot_open(request, command, hedge_mode);
                            expect_parameters_of_type(request, command);
                            if (scheme == AuthScheme::v3)
                                expect_wallet_signed(request);
                            else
                                expect_hmac_signed(request);
                            ++sent;
                        }
        }
    EXPECT_EQ(sent, 2U * 2 * 5 * 2 * 6 * 2);
}

TEST(Requests, AClosingStopNamesNoQuantity) {
    for (const bool hedge_mode : {false, true}) {
        const Bench bench{AuthScheme::v3, hedge_mode};
        for (const OrderType type : placed_types) {
            Command command = order(Role::backstop, PositionSide::short_side, type);
            command.close_position = true;
            command.quantity = {};
            const std::string text = bench.encode(command);
            const bool allowed =
                type == OrderType::stop_market || type == OrderType::take_profit_market;
            ASSERT_EQ(!text.empty(), allowed);
            if (!allowed) continue;
            const Parsed request = parse(text);
            expect_cannot_open(request, command, hedge_mode);
            expect_parameters_of_type(request, command);
            expect_wallet_signed(request);
        }
    }
}

TEST(Requests, WhatContradictsItselfIsNotEncoded) {
    const Bench bench{AuthScheme::v3, false};
    const Command good = order(Role::stop_loss, PositionSide::long_side, OrderType::stop);
    ASSERT_FALSE(bench.encode(good).empty());
    std::vector<Command> bad(12, good);
    bad[0].side = opening_side(good.position_side);
    bad[1].id.role = Role::entry;
    bad[2].quantity = {};
    bad[3].quantity = Quantity{-1};
    bad[4].price = {};
    bad[5].stop_price = {};
    bad[6].type = OrderType::trailing_stop_market;
    bad[7].type = OrderType::unknown;
    bad[8].symbol = no_symbol;
    bad[9].type = OrderType::liquidation;
    bad[10] = order(Role::entry, PositionSide::long_side, OrderType::market);
    bad[10].reduce_only = true;
    bad[11] = order(Role::entry, PositionSide::long_side, OrderType::stop_market);
    bad[11].close_position = true;
    for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_TRUE(bench.encode(bad[i]).empty()) << i;
}

TEST(Requests, AnOrderIsAFormWithEveryHeaderItNeeds) {
    const Bench bench{AuthScheme::v3, true};
    Command command = order(Role::entry, PositionSide::long_side, OrderType::limit);
    command.symbol = SymbolId{1};
    const Parsed request = parse(bench.encode(command));
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/fapi/v3/order");
    EXPECT_TRUE(request.in_body);
    EXPECT_EQ(request.headers.at("Host"), "fapi.example:8443");
    EXPECT_EQ(request.headers.at("User-Agent"), user_agent);
    EXPECT_EQ(request.headers.at("Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(request.headers.count("X-MBX-APIKEY"), 0U);
    EXPECT_EQ(request.values.at("symbol"), "%E5%B8%81USDT");
    EXPECT_EQ(request.values.at("type"), "LIMIT");
    EXPECT_EQ(request.values.at("timeInForce"), "GTX");
    EXPECT_EQ(request.values.at("nonce"), "1748310859508867");
}

TEST(Requests, CancelsAndQuestionsNameTheOrderInTheQuery) {
    const Bench bench{AuthScheme::v3, false};
    Command command = order(Role::entry, PositionSide::long_side, OrderType::limit);
    command.kind = CommandKind::cancel;
    command.order_id = 42;
    const Parsed cancel = parse(bench.encode(command));
    EXPECT_EQ(cancel.method, "DELETE");
    EXPECT_FALSE(cancel.in_body);
    const ClientOrderIdText id = tranche::encode(command.id);
    EXPECT_EQ(cancel.values.at("origClientOrderId"), (std::string{id.data(), id.size()}));
    EXPECT_EQ(cancel.values.count("orderId"), 0U);
    expect_wallet_signed(cancel);

    command.kind = CommandKind::query;
    command.id = {};  // not ours
    const Parsed query = parse(bench.encode(command));
    EXPECT_EQ(query.method, "GET");
    EXPECT_EQ(query.values.at("orderId"), "42");
    EXPECT_TRUE(query.well_formed);
    expect_wallet_signed(query);
    command.order_id = 0;
    EXPECT_TRUE(bench.encode(command).empty());
}

TEST(Requests, V1SignsWithTheSecretAndSendsTheKey) {
    const Bench bench{AuthScheme::v1, false};
    Command command = order(Role::entry, PositionSide::long_side, OrderType::limit);
    const Parsed place = parse(bench.encode(command));
    EXPECT_EQ(place.path, "/fapi/v1/order");
    expect_hmac_signed(place);
    command.kind = CommandKind::cancel;
    expect_hmac_signed(parse(bench.encode(command)));
}

TEST(Requests, ConditionalOrdersOfBinanceGoToTheirOwnService) {
    const Bench bench{AuthScheme::v1, true, Venue::binance};
    Command command = order(Role::stop_loss, PositionSide::long_side, OrderType::stop_market);
    const Parsed place = parse(bench.encode(command));
    EXPECT_EQ(place.method, "POST");
    EXPECT_EQ(place.path, "/fapi/v1/algoOrder");
    EXPECT_EQ(place.values.at("algoType"), "CONDITIONAL");
    EXPECT_EQ(place.values.at("type"), "STOP_MARKET");
    EXPECT_TRUE(place.values.contains("triggerPrice"));
    EXPECT_TRUE(place.values.contains("workingType"));
    const ClientOrderIdText id = tranche::encode(command.id);
    EXPECT_EQ(place.values.at("clientAlgoId"), (std::string{id.data(), id.size()}));
    EXPECT_EQ(place.values.count("stopPrice") + place.values.count("newClientOrderId"), 0U);
    EXPECT_TRUE(place.well_formed);
    expect_hmac_signed(place);

    command.kind = CommandKind::cancel;
    const Parsed cancel = parse(bench.encode(command));
    EXPECT_EQ(cancel.method, "DELETE");
    EXPECT_EQ(cancel.path, "/fapi/v1/algoOrder");
    EXPECT_EQ(cancel.values.at("clientAlgoId"), (std::string{id.data(), id.size()}));
    EXPECT_EQ(cancel.values.count("symbol") + cancel.values.count("origClientOrderId"), 0U);
    expect_hmac_signed(cancel);

    command.kind = CommandKind::query;
    command.id = {};
    command.order_id = 2'148'719;
    const Parsed query = parse(bench.encode(command));
    EXPECT_EQ(query.path, "/fapi/v1/algoOrder");
    EXPECT_EQ(query.values.at("algoId"), "2148719");
    expect_hmac_signed(query);
}

TEST(Requests, OtherOrdersOfBinanceGoWhereAstersGo) {
    const Bench binance{AuthScheme::v1, true, Venue::binance};
    const Bench aster{AuthScheme::v1, true, Venue::aster};
    for (const OrderType type : {OrderType::limit, OrderType::market}) {
        Command command = order(Role::entry, PositionSide::long_side, type);
        EXPECT_EQ(binance.encode(command), aster.encode(command));
        command.kind = CommandKind::cancel;
        EXPECT_EQ(binance.encode(command), aster.encode(command));
    }
    const Command stop = order(Role::stop_loss, PositionSide::long_side, OrderType::stop_market);
    EXPECT_EQ(parse(aster.encode(stop)).path, "/fapi/v1/order");
}

TEST(Requests, NoncesDifferBetweenRequestsOfOneInstant) {
    const Bench bench{AuthScheme::v3, false};
    const Command command = order(Role::entry, PositionSide::long_side, OrderType::market);
    EXPECT_NE(parse(bench.encode(command)).values.at("nonce"),
              parse(bench.encode(command)).values.at("nonce"));
}

TEST(Requests, WithoutAKeyNothingIsEncodedButAPing) {
    NonceSource nonces;
    const Authenticator none = Authenticator::without_key(nonces);
    const SymbolTable table = symbols();
    const OrderRequests orders{{}, none, table, false};
    std::string out(order_request_capacity, '?');
    EXPECT_EQ(
        orders.encode(order(Role::entry, PositionSide::long_side, OrderType::market), now, out),
        0U);
    out.resize(orders.encode_ping(out));
    EXPECT_TRUE(parse(out).well_formed);
    EXPECT_EQ(parse(out).path, "/fapi/v3/ping");
    const Requests requests{{}, none};
    EXPECT_FALSE(requests.build(Method::get, Resource::balance, {}, now).ok());
    EXPECT_TRUE(requests.build_public(Resource::exchange_info).ok());
}

TEST(Requests, ColdRequestsCarryWhatTheirResourceDemands) {
    const Bench v3{AuthScheme::v3, false};
    const std::array<Parameter, 2> leverage{{{"symbol", "BTCUSDT"}, {"leverage", "10"}}};
    const Parsed set =
        parse(v3.requests.build(Method::post, Resource::leverage, leverage, now).value());
    EXPECT_TRUE(set.well_formed && set.in_body);
    EXPECT_EQ(set.path, "/fapi/v3/leverage");
    expect_wallet_signed(set);
    const Parsed bare =
        parse(v3.requests.build(Method::post, Resource::listen_key, {}, now).value());
    EXPECT_TRUE(bare.parameters.starts_with("nonce="));
    expect_wallet_signed(bare);
    const std::array<Parameter, 1> odd{{{"list", R"([{"a":1}, 2])"}}};
    const Parsed encoded =
        parse(v3.requests.build(Method::get, Resource::all_orders, odd, now).value());
    EXPECT_EQ(encoded.values.at("list"), "%5B%7B%22a%22%3A1%7D%2C%202%5D");
    expect_wallet_signed(encoded);

    const Bench v1{AuthScheme::v1, false};
    const Parsed balance =
        parse(v1.requests.build(Method::get, Resource::balance, {}, now).value());
    EXPECT_EQ(balance.path, "/fapi/v2/balance");
    expect_hmac_signed(balance);
    const Parsed key = parse(v1.requests.build(Method::put, Resource::listen_key, {}, now).value());
    EXPECT_TRUE(key.well_formed && key.parameters.empty());
    EXPECT_EQ(key.headers.at("X-MBX-APIKEY"), "the-api-key");
    EXPECT_FALSE(v1.requests.build(Method::get, Resource::agent, {}, now).ok());
    const Parsed open = parse(v1.requests.build_public(Resource::exchange_info).value());
    EXPECT_EQ(open.path, "/fapi/v1/exchangeInfo");
    EXPECT_EQ(open.headers.count("X-MBX-APIKEY"), 0U);
}

TEST(Requests, PathsFollowVenueAndScheme) {
    const auto text = [](Venue venue, AuthScheme scheme, Resource resource) {
        const Path found = path(venue, scheme, resource);
        return std::string{found.version} + std::string{found.leaf};
    };
    EXPECT_EQ(text(Venue::aster, AuthScheme::v3, Resource::account),
              "/fapi/v3/accountWithJoinMargin");
    EXPECT_EQ(text(Venue::aster, AuthScheme::v1, Resource::account), "/fapi/v4/account");
    EXPECT_EQ(text(Venue::aster, AuthScheme::v1, Resource::position_risk), "/fapi/v2/positionRisk");
    EXPECT_EQ(text(Venue::aster, AuthScheme::v3, Resource::position_mode),
              "/fapi/v3/positionSide/dual");
    EXPECT_EQ(text(Venue::binance, AuthScheme::v1, Resource::balance), "/fapi/v3/balance");
    EXPECT_EQ(text(Venue::binance, AuthScheme::v1, Resource::order), "/fapi/v1/order");
    EXPECT_EQ(text(Venue::binance, AuthScheme::v1, Resource::algo_order), "/fapi/v1/algoOrder");
    EXPECT_EQ(text(Venue::binance, AuthScheme::v1, Resource::open_algo_orders),
              "/fapi/v1/openAlgoOrders");
    EXPECT_EQ(text(Venue::binance, AuthScheme::v1, Resource::position_risk),
              "/fapi/v2/positionRisk");
    for (const AuthScheme scheme : {AuthScheme::v1, AuthScheme::v3})
        EXPECT_TRUE(path(Venue::aster, scheme, Resource::algo_order).leaf.empty());
}

}  // namespace
}  // namespace tranche::aster
