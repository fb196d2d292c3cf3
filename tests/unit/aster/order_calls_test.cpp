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

}  // namespace
}  // namespace tranche::aster
