// Calls beside placing, cancelling and asking: byte for byte, and with the recorded requests of
// others.
#include <nlohmann/json.hpp>

#include "net/aster/order_adapter.hpp"
#include "tests/support/testdata.hpp"
#include "tests/unit/aster/request_bench.hpp"

namespace tranche::aster {
namespace {

using json = nlohmann::json;

json recorded(const std::string& name) {
    const json all = json::parse(support::read_testdata("../spec/signing-vectors.json"));
    for (const char* scheme : {"v3", "v1"})
        for (const json& vector : all.at(scheme))
            if (vector.at("name") == name) return vector;
    ADD_FAILURE() << "no recorded request " << name;
    return {};
}

Command about(CommandKind kind, Command command) {
    command.kind = kind;
    return command;
}

/// The adapter over one account's encoders.
struct Adapter {
    explicit Adapter(AuthScheme scheme, Venue venue = Venue::aster) : bench{scheme, true, venue} {}

    std::string encode(const Command& command) {
        std::string out(order_request_capacity, '?');
        out.resize(adapter.encode(command, now, out));
        return out;
    }

    Bench bench;
    OrderAdapter adapter{bench.orders};
};

TEST(Noop, IsTheRecordedRequestWithoutItsOptionalUser) {
    const json vector = recorded("v3-noop");
    std::string expected;
    std::uint64_t nonce = 0;
    for (const json& pair : vector.at("paramsInOrder")) {
        if (pair.at(0) == "user") continue;
        if (pair.at(0) == "nonce") nonce = std::stoull(pair.at(1).get<std::string>());
        expected += (expected.empty() ? "" : "&") + pair.at(0).get<std::string>() + '=' +
                    pair.at(1).get<std::string>();
    }
    const Bench bench{AuthScheme::v3, true};
    std::string out(order_request_capacity, '?');
    out.resize(bench.orders.encode_noop(nonce, out));
    const Parsed request = parse(out);
    EXPECT_TRUE(request.well_formed) << out;
    EXPECT_EQ(request.method, vector.at("method"));
    EXPECT_EQ(request.path, vector.at("path"));
    EXPECT_TRUE(request.in_body);
    EXPECT_EQ(split_signature(request.parameters).first, expected);
    expect_wallet_signed(request);
}

TEST(Noop, CarriesTheNonceOfItsOrdersOnlyAttempt) {
    Adapter one{AuthScheme::v3};
    std::vector<Command> orders;
    std::vector<std::string> nonces;
    for (std::uint32_t i = 0; i < 3; ++i) {
        orders.push_back(order(Role::entry, PositionSide::long_side, OrderType::limit));
        orders.back().id.generation = i + 1;
        nonces.push_back(parse(one.encode(orders.back())).values.at("nonce"));
    }
    for (std::size_t i = 0; i < orders.size(); ++i) {
        const Parsed request = parse(one.encode(about(CommandKind::noop, orders[i])));
        EXPECT_EQ(request.values.at("nonce"), nonces[i]);
    }
    // What failed before its first byte leaves again under another one.
    const std::string again = parse(one.encode(orders[1])).values.at("nonce");
    EXPECT_NE(again, nonces[1]);
    EXPECT_EQ(parse(one.encode(about(CommandKind::noop, orders[1]))).values.at("nonce"), again);
}

TEST(Noop, IsNotSentForWhatNeverLeftNorWhereTheExchangeHasNone) {
    const Command entry = order(Role::entry, PositionSide::long_side, OrderType::limit);
    Adapter fresh{AuthScheme::v3};
    EXPECT_EQ(fresh.encode(about(CommandKind::noop, entry)), "");
    // A question does not make an attempt.
    EXPECT_NE(fresh.encode(about(CommandKind::query, entry)), "");
    EXPECT_EQ(fresh.encode(about(CommandKind::noop, entry)), "");
    for (const Venue venue : {Venue::aster, Venue::binance}) {
        Adapter old{AuthScheme::v1, venue};
        EXPECT_NE(old.encode(entry), "");
        EXPECT_EQ(old.encode(about(CommandKind::noop, entry)), "");
    }
}

TEST(Attempts, RemembersTheNewestAndForgetsTheOldest) {
    Attempts attempts;
    ClientOrderId id{};
    for (std::uint32_t i = 1; i <= Attempts::capacity + 1; ++i) {
        id.generation = i;
        attempts.note(id, 1'000 + i);
    }
    EXPECT_EQ(attempts.find(id), 1'000U + Attempts::capacity + 1);
    id.generation = 2;
    EXPECT_EQ(attempts.find(id), 1'002U);
    id.generation = 1;
    EXPECT_EQ(attempts.find(id), 0U);
}

TEST(Noop, OfANonceThatWasUsedDoesNotMakeTheClockDoubtful) {
    Adapter one{AuthScheme::v3};
    const Command entry = order(Role::entry, PositionSide::long_side, OrderType::limit);
    HttpResponse response;
    response.status = 400;
    const std::string body = R"({"code":-4225,"msg":"Nonce Expired"})";
    response.body = body;
    const Reply voided =
        one.adapter.decode(about(CommandKind::noop, entry), response, RateAnswer{});
    EXPECT_EQ(voided.verdict, ReplyClass::rejected);
    EXPECT_EQ(one.adapter.figures().clock_doubted.get(), 0U);
    (void)one.adapter.decode(entry, response, RateAnswer{});
    EXPECT_EQ(one.adapter.figures().clock_doubted.get(), 1U);
}

TEST(Replace, NamesTheOrderAndWhatItShallBeFromNowOn) {
    const Command target = order(Role::take_profit, PositionSide::long_side, OrderType::limit);
    const ClientOrderIdText written = tranche::encode(target.id);
    const std::string id{written.data(), written.size()};
    Adapter aster{AuthScheme::v3};
    const Parsed request = parse(aster.encode(about(CommandKind::replace, target)));
    EXPECT_TRUE(request.well_formed);
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.path, "/fapi/v3/order");
    EXPECT_TRUE(request.in_body);
    EXPECT_EQ(request.parameters.substr(0, request.parameters.find("&nonce=")),
              "symbol=BTCUSDT&quantity=0.0015&price=95210.1&origClientOrderId=" + id);
    expect_wallet_signed(request);
    Adapter binance{AuthScheme::v1, Venue::binance};
    const Parsed other = parse(binance.encode(about(CommandKind::replace, target)));
    EXPECT_EQ(other.method, "PUT");
    EXPECT_EQ(other.path, "/fapi/v1/order");
    EXPECT_EQ(other.parameters.substr(0, other.parameters.find("&recvWindow=")),
              "symbol=BTCUSDT&side=SELL&quantity=0.0015&price=95210.1&origClientOrderId=" + id);
    expect_hmac_signed(other);
    EXPECT_EQ(aster.adapter.cost(about(CommandKind::replace, target)).orders, 1U);
}

TEST(Replace, IsForLimitOrdersOfOursWhereTheExchangeHasIt) {
    const Command target = about(
        CommandKind::replace, order(Role::take_profit, PositionSide::long_side, OrderType::limit));
    Adapter old{AuthScheme::v1};
    EXPECT_EQ(old.encode(target), "");
    Adapter aster{AuthScheme::v3};
    for (const OrderType type : {OrderType::stop_market, OrderType::take_profit_market}) {
        Command conditional = target;
        conditional.type = type;
        EXPECT_EQ(aster.encode(conditional), "");
    }
    Command foreign = target;
    foreign.id = {};
    foreign.order_id = 7;
    EXPECT_EQ(aster.encode(foreign), "");
    Command nothing = target;
    nothing.quantity = {};
    EXPECT_EQ(aster.encode(nothing), "");
}

std::string encode_batch(Adapter& one, const std::vector<Command>& commands) {
    std::string out(batch_request_capacity, '?');
    out.resize(one.adapter.encode_batch(commands, now, out));
    return out;
}

TEST(Batch, IsStrictJsonEncodedAsTheRecordedRequestIs) {
    for (const char* name : {"v3-batch-encoded", "v1-batch-encoded"}) {
        const json vector = recorded(name);
        const std::string text = name[1] == '3' ? vector.at("msg") : vector.at("totalParams");
        const std::string sent = text.substr(0, text.find('&'));
        const std::string plain = percent_decoded(sent.substr(sent.find('=') + 1));
        EXPECT_EQ(sent, "batchOrders=" + percent_encode(plain));
        EXPECT_TRUE(json::parse(plain).is_array());
    }
    Adapter one{AuthScheme::v3};
    const std::vector<Command> pair{
        order(Role::stop_loss, PositionSide::long_side, OrderType::stop_market),
        order(Role::take_profit, PositionSide::long_side, OrderType::limit)};
    const Parsed request = parse_padded(encode_batch(one, pair));
    EXPECT_TRUE(request.well_formed);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/fapi/v3/batchOrders");
    expect_wallet_signed(request);
    const std::string raw = request.values.at("batchOrders");
    EXPECT_EQ(raw, percent_encode(percent_decoded(raw)));
    const json list = json::parse(percent_decoded(raw));
    ASSERT_EQ(list.size(), 2U);
    for (std::size_t i = 0; i < pair.size(); ++i) {
        // An element says exactly what the order by itself would say.
        const Parsed alone = parse(one.encode(pair[i]));
        std::map<std::string, std::string> values = alone.values;
        for (const char* tail : {"nonce", "signer", "signature"}) values.erase(tail);
        EXPECT_EQ(list.at(i).get<decltype(values)>(), values);
    }
}

TEST(Batch, OfFiveFitsItsRoomAndIsSignedUnderEitherScheme) {
    std::vector<Command> five(
        5, order(Role::stop_loss, PositionSide::short_side, OrderType::stop_market));
    for (Command& command : five) {
        command.symbol = SymbolId{1};
        command.quantity = command.quantity.positive() ? Quantity{INT64_MAX} : Quantity{};
        command.stop_price = Price{INT64_MAX};
        command.price_protect = true;
    }
    Adapter v3{AuthScheme::v3};
    const Parsed wallet = parse_padded(encode_batch(v3, five));
    EXPECT_TRUE(wallet.well_formed);
    expect_wallet_signed(wallet);
    EXPECT_EQ(json::parse(percent_decoded(wallet.values.at("batchOrders"))).size(), 5U);
    Adapter v1{AuthScheme::v1};
    const Parsed hmac = parse_padded(encode_batch(v1, five));
    EXPECT_EQ(hmac.path, "/fapi/v1/batchOrders");
    expect_hmac_signed(hmac);
    EXPECT_EQ(v3.adapter.batch_cost(five).weight, 5U);
    EXPECT_EQ(v3.adapter.batch_cost(five).orders, 5U);
    five.push_back(five.front());
    EXPECT_EQ(encode_batch(v3, five), "");
}

TEST(Batch, TakesNewOrdersOfTheMatchingEngineOnly) {
    const Command stop = order(Role::stop_loss, PositionSide::long_side, OrderType::stop_market);
    Command flipping = stop;
    flipping.side = opposite(flipping.side);
    Adapter aster{AuthScheme::v3};
    EXPECT_TRUE(aster.adapter.may_batch(stop));
    EXPECT_FALSE(aster.adapter.may_batch(about(CommandKind::cancel, stop)));
    EXPECT_FALSE(aster.adapter.may_batch(flipping));
    EXPECT_EQ(encode_batch(aster, {stop, flipping}), "");
    Adapter binance{AuthScheme::v1, Venue::binance};
    EXPECT_FALSE(binance.adapter.may_batch(stop)) << "it has a service of its own there";
}

TEST(Batch, ItsNonceVoidsEveryElement) {
    Adapter one{AuthScheme::v3};
    std::vector<Command> pair(2, order(Role::entry, PositionSide::long_side, OrderType::limit));
    pair[1].id.generation = 2;
    const std::string nonce = parse_padded(encode_batch(one, pair)).values.at("nonce");
    for (const Command& command : pair)
        EXPECT_EQ(parse(one.encode(about(CommandKind::noop, command))).values.at("nonce"), nonce);
}

}  // namespace
}  // namespace tranche::aster
