// Vectors of exchange-protocol.md §7.6 and §7.1; the demonstration key is the documentation's own.
#include "tools/exchange/auth.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

namespace tranche::exchange {
namespace {

const std::string message =
    "symbol=ASTERUSDT&type=LIMIT&side=BUY&timeInForce=GTC&quantity=20&price=0.5&nonce="
    "1748310859508867&signer=0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0";
const std::string r_and_s =
    "d82a6784f5eff00b95ecb88145cf7a5fa6803ea6f67e0217262073da628750a7"
    "42bb3ba555af418320e55029afe358957808d4f810d73ea663d9c91852cd6d94";
const std::string testnet_signature =
    "0x798abbc1eb6244bdf530e3890383494679aecf574a0d65cd79ed48b151df2e182cafc9a2b055701c9c0dbc091898"
    "f6c3eae29307ca554f3ab97c8b860de35bef1c";
const std::string signer = "0x21cf8ae13bb72632562c6fff438652ba1a151bb0";
constexpr std::int64_t nonce = 1748310859508867;

const std::string v1_secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
const std::string v1_query =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&"
    "timestamp=1591702613943";
const std::string v1_signature = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9";
constexpr std::int64_t v1_time_us = 1591702613943000;

std::string hex(const Hash& hash) {
    return fmt::format("{:02x}", fmt::join(hash, ""));
}

AuthOptions options(const std::string& agent = "", std::uint64_t chain = 1666) {
    return {.api_key = "key", .api_secret = v1_secret, .signer = agent, .chain_id = chain};
}

/// 0 if accepted, else the code.
int check(Authenticator& auth, const std::string& query, const std::string& body,
          const std::string& key, std::int64_t now_us) {
    const auto parsed = Params::parse(query.empty() ? body : query);
    const auto rest = Params::parse(query.empty() ? "" : body);
    if (!std::holds_alternative<Params>(parsed) || !std::holds_alternative<Params>(rest))
        return -1101;
    const Params params = std::get<Params>(parsed).merged_with(std::get<Params>(rest));
    const auto refused = auth.check({query, body, key, now_us}, params);
    return refused ? refused->code : 0;
}

TEST(ExchangeAuth, DigestsOfBothChainsAreThoseOfTheVectors) {
    EXPECT_EQ(message.size(), 147U);
    EXPECT_EQ(hex(keccak256(message)),
              "7012b469661d9e75786830ae883a4eab4ba23c480e3bd1e915b9159859c3ad1f");
    EXPECT_EQ(hex(v3_digest(message, 1666)),
              "ed6fe2804fb7a74d857c73d838ce3722b0f44d2c023c24bca0acb2bdf0d56267");
    EXPECT_EQ(hex(v3_digest(message, 714)),
              "9dcd200534ea4cd58f431d0445a26170e5d4c436e4f0e30317cbe98916285c58");
}

TEST(ExchangeAuth, AcceptsEverySpellingOfAValidV3Signature) {
    for (const std::string& signature :
         {"0x" + r_and_s + "1c", r_and_s + "1c", "0x" + r_and_s + "01"}) {
        Authenticator auth{options(signer)};
        const std::string text = message + "&signature=" + signature;
        EXPECT_EQ(check(auth, text, "", "", nonce), 0) << signature;
        Authenticator by_body{options(signer)};
        EXPECT_EQ(check(by_body, "", text, "", nonce), 0) << signature;
    }
    Authenticator testnet{options(signer, 714)};
    EXPECT_EQ(check(testnet, message + "&signature=" + testnet_signature, "", "", nonce), 0);
}

TEST(ExchangeAuth, ANonceIsGoodOnceWhicheverOfOrderAndNoopComesFirst) {
    const std::string text = message + "&signature=0x" + r_and_s + "1c";
    Authenticator auth{options(signer)};
    const auto parsed = Params::parse(text);
    const Params& params = std::get<Params>(parsed);
    EXPECT_FALSE(auth.check({"", text, "", nonce}, params).has_value());
    const auto again = auth.check({"", text, "", nonce}, params);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->code, -4225);
    EXPECT_FALSE(auth.check({"", text, "", nonce}, params, true).has_value()) << "E6";
    const auto tampered = Params::parse(message + "&signature=0x" + r_and_s + "1b");
    EXPECT_TRUE(auth.check({"", message + "&signature=0x" + r_and_s + "1b", "", nonce},
                           std::get<Params>(tampered), true)
                    .has_value())
        << "whoever it is still has to sign";
}

TEST(ExchangeAuth, RefusesEachWrongV3RequestWithItsCode) {
    const std::string good = "&signature=0x" + r_and_s + "1c";
    std::string tampered = message;
    tampered.replace(tampered.find("price=0.5"), 9, "price=0.6");
    struct Row {
        const char* what;
        std::string text;
        int code;
    };
    const Row rows[]{
        {"no signature", message, -1102},
        {"tampered price", tampered + good, -1022},
        {"other chain", message + "&signature=" + testnet_signature, -1022},
        {"other parity", message + "&signature=0x" + r_and_s + "1b", -1022},
        {"short", message + "&signature=0x" + r_and_s, -1022},
        {"not hex", message + "&signature=0x" + std::string(130, 'z'), -1022},
        {"v out of range", message + "&signature=0x" + r_and_s + "1f", -1022},
        {"zero", message + "&signature=0x" + std::string(130, '0'), -1022},
        {"repeated name", "price=1&" + message + good, -1101},
        {"no signer", "nonce=1" + good, -1102},
    };
    for (const Row& row : rows) {
        Authenticator auth{options()};
        EXPECT_EQ(check(auth, row.text, "", "", nonce), row.code) << row.what;
    }
    Authenticator other_agent{options("0x0000000000000000000000000000000000000001")};
    EXPECT_EQ(check(other_agent, message + good, "", "", nonce), -1000);
    Authenticator mixed{options()};
    EXPECT_EQ(check(mixed, "a=1", message + good, "", nonce), -1101);
}

TEST(ExchangeAuth, AV3RequestIsGoodOnceAndOnlyNearItsNonce) {
    const std::string text = message + "&signature=0x" + r_and_s + "1c";
    Authenticator auth{options()};
    EXPECT_EQ(check(auth, text, "", "", nonce + 10'000'001), -4225);
    EXPECT_EQ(check(auth, text, "", "", nonce - 10'000'001), -4225);
    EXPECT_EQ(check(auth, text, "", "", nonce + 10'000'000), 0);
    EXPECT_EQ(check(auth, text, "", "", nonce), -4225) << "a used nonce is a duplicate";
}

TEST(ExchangeAuth, OfAHundredNoncesOneThatIsOlderThanAllIsExpired) {
    NonceList list;
    constexpr std::int64_t now = 1'000'000'000;
    for (std::uint64_t n = 0; n < 100; ++n)
        ASSERT_TRUE(list.accept(1'000'000'000 + 10 * n, now)) << n;
    EXPECT_FALSE(list.accept(1'000'000'000 + 500, now)) << "known";
    EXPECT_FALSE(list.accept(999'999'999, now)) << "older than the hundred";
    EXPECT_TRUE(list.accept(1'000'000'005, now)) << "out of order, but newer than the oldest";
    EXPECT_FALSE(list.accept(1'000'000'000, now)) << "dropped by then, so older than all";
}

TEST(ExchangeAuth, TheV1VectorIsReproducedWhereverItsPartsAre) {
    EXPECT_EQ(hmac_sha256_hex(v1_secret, v1_query), v1_signature);
    Authenticator auth{options()};
    const std::string sign = "&signature=" + v1_signature;
    EXPECT_EQ(check(auth, v1_query + sign, "", "key", v1_time_us), 0);
    EXPECT_EQ(check(auth, "", v1_query + sign, "key", v1_time_us), 0);
    std::string upper = sign;
    for (char& letter : upper)
        if (letter >= 'a' && letter <= 'f') letter = static_cast<char>(letter - 'a' + 'A');
    upper.replace(0, 11, "&signature=");
    EXPECT_EQ(check(auth, v1_query + upper, "", "key", v1_time_us), 0) << "case does not matter";
    // Query and body are joined without a separator.
    const std::string body = "timeInForce=GTC&recvWindow=5000&timestamp=1591702613943";
    const std::string query = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000";
    const std::string mixed = "&signature=" + hmac_sha256_hex(v1_secret, query + body);
    EXPECT_EQ(check(auth, query, body + mixed, "key", v1_time_us), 0);
}

TEST(ExchangeAuth, RefusesEachWrongV1RequestWithItsCode) {
    Authenticator auth{options()};
    const std::string sign = "&signature=" + v1_signature;
    EXPECT_EQ(check(auth, v1_query + sign, "", "", v1_time_us), -2014);
    EXPECT_EQ(check(auth, v1_query + sign, "", "other", v1_time_us), -2015);
    EXPECT_EQ(check(auth, v1_query, "", "key", v1_time_us), -1102);
    EXPECT_EQ(check(auth, v1_query + "&signature=" + std::string(64, '0'), "", "key", v1_time_us),
              -1022);
    EXPECT_EQ(check(auth, v1_query + sign, "", "key", v1_time_us + 5'001'000), -1021);
    EXPECT_EQ(check(auth, v1_query + sign, "", "key", v1_time_us + 5'000'000), 0);
    EXPECT_EQ(check(auth, v1_query + sign, "", "key", v1_time_us - 1'000'000), -1021);
    EXPECT_EQ(check(auth, v1_query + sign, "", "key", v1_time_us - 999'000), 0);
}

}  // namespace
}  // namespace tranche::exchange
