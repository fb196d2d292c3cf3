#include "net/aster/requests.hpp"

#include <gtest/gtest.h>
#include <map>
#include <vector>

namespace tranche::aster {
namespace {

constexpr const char* demo_key = "4fd0a42218f3eae43a6ce26d22544e986139a01e5b34a62db53757ffca81bae1";
constexpr const char* demo_address = "0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0";
constexpr const char* demo_secret =
    "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
constexpr Nanos now = microseconds(1'748'310'859'508'867);

/// A request taken apart by hand, as a server would.
struct Parsed {
    std::string method;
    std::string path;
    std::map<std::string, std::string> headers;
    std::string parameters;  // as sent, signature included
    std::map<std::string, std::string> values;
    bool in_body{};
    bool well_formed{};
};

std::map<std::string, std::string> split_parameters(const std::string& text) {
    std::map<std::string, std::string> values;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('&', at), text.size());
        const std::size_t equals = text.find('=', at);
        EXPECT_LT(equals, end);
        const bool fresh =
            values.emplace(text.substr(at, equals - at), text.substr(equals + 1, end - equals - 1))
                .second;
        EXPECT_TRUE(fresh) << "given twice in " << text;
        at = end + 1;
    }
    return values;
}

Parsed parse(const std::string& request) {
    Parsed parsed;
    const std::size_t head_end = request.find("\r\n\r\n");
    if (head_end == std::string::npos) return parsed;
    const std::string body = request.substr(head_end + 4);
    std::size_t at = request.find("\r\n");
    const std::string line = request.substr(0, at);
    const std::size_t first = line.find(' ');
    const std::size_t second = line.rfind(' ');
    parsed.method = line.substr(0, first);
    parsed.path = line.substr(first + 1, second - first - 1);
    while (at < head_end) {
        const std::size_t begin = at + 2;
        at = request.find("\r\n", begin);
        const std::string header = request.substr(begin, at - begin);
        const std::size_t colon = header.find(": ");
        if (colon == std::string::npos) return parsed;
        parsed.headers[header.substr(0, colon)] = header.substr(colon + 2);
    }
    const std::size_t question = parsed.path.find('?');
    parsed.in_body = question == std::string::npos;
    parsed.parameters = parsed.in_body ? body : parsed.path.substr(question + 1);
    parsed.path = parsed.path.substr(0, question);
    parsed.values = split_parameters(parsed.parameters);
    const auto length = parsed.headers.find("Content-Length");
    parsed.well_formed =
        line.substr(second) == " HTTP/1.1" &&
        (length == parsed.headers.end() ? body.empty()
                                        : length->second == std::to_string(body.size()));
    return parsed;
}

/// Signed text and signature: everything before the last parameter, and that one's value.
std::pair<std::string, std::string> split_signature(const std::string& parameters) {
    const std::string mark = "&signature=";
    const std::size_t at = parameters.rfind(mark);
    if (at == std::string::npos) return {};
    return {parameters.substr(0, at), parameters.substr(at + mark.size())};
}

void expect_wallet_signed(const Parsed& request) {
    const auto [text, signature] = split_signature(request.parameters);
    EXPECT_EQ(signature.size(), 132U);
    const auto address = recover_address(typed_digest(domain_separator(1666), text), signature);
    ASSERT_TRUE(address.ok());
    EXPECT_EQ((std::string{address.value().data(), address.value().size()}), demo_address);
    EXPECT_EQ(request.values.at("signer"), demo_address);
    EXPECT_EQ(request.values.at("nonce").size(), 16U);
    EXPECT_EQ(request.values.count("timestamp") + request.values.count("recvWindow"), 0U);
}

void expect_hmac_signed(const Parsed& request) {
    const auto [text, signature] = split_signature(request.parameters);
    std::string expected(HmacSigner::signature_length, '?');
    HmacSigner{Secret{demo_secret}}.sign(text,
                                         std::span<char, HmacSigner::signature_length>{expected});
    EXPECT_EQ(signature, expected);
    EXPECT_EQ(request.headers.at("X-MBX-APIKEY"), "the-api-key");
    EXPECT_EQ(request.values.at("timestamp"), "1748310859508");
    EXPECT_EQ(request.values.at("recvWindow"), "2000");
}

Authenticator authenticator(AuthScheme scheme, NonceSource& nonces) {
    Credentials credentials;
    credentials.scheme = scheme;
    credentials.key = Secret{scheme == AuthScheme::v3 ? demo_key : demo_secret};
    if (scheme == AuthScheme::v1) credentials.api_key = "the-api-key";
    auto made = Authenticator::create(credentials, 1666, nonces);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
}

SymbolTable symbols() {
    std::vector<SymbolRules> rules(2);
    rules[0].name = "BTCUSDT";
    rules[1].name = "\xe5\xb8\x81USDT";  // the venue lists such names
    return SymbolTable{rules, 2};
}

/// One account's encoders.
struct Bench {
    explicit Bench(AuthScheme scheme, bool hedge_mode, Venue venue = Venue::aster)
        : auth{authenticator(scheme, nonces)},
          target{.venue = venue, .auth = scheme, .host_header = "fapi.example:8443", .prefix = ""},
          orders{target, auth, table, hedge_mode},
          requests{target, auth} {}

    std::string encode(const Command& command) const {
        std::string out(order_request_capacity, '?');
        out.resize(orders.encode(command, now, out));
        return out;
    }

    NonceSource nonces;
    Authenticator auth;
    SymbolTable table = symbols();
    RequestTarget target;
    OrderRequests orders;
    Requests requests;
};

Command order(Role role, PositionSide position, OrderType type) {
    Command command{};
    command.id = {.instance = 1,
                  .role = role,
                  .reserved = 0,
                  .epoch = 5,
                  .tranche = TrancheId{8},
                  .generation = 1};
    command.symbol = SymbolId{0};
    command.kind = CommandKind::place;
    command.position_side = position;
    command.side = role == Role::entry ? opening_side(position) : closing_side(position);
    command.type = type;
    command.quantity = Quantity{150'000};           // 0.0015
    command.price = Price{9'521'010'000'000};       // 95210.1
    command.stop_price = Price{9'500'000'000'000};  // 95000
    command.time_in_force = TimeInForce::gtx;
    command.reduce_only = role != Role::entry;
    return command;
}

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
