#include "net/aster/sign.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>
#include <type_traits>
#include <vector>

#include "net/aster/hex.hpp"
#include "tests/support/testdata.hpp"

namespace tranche::aster {
namespace {

using nlohmann::json;

constexpr std::string_view demo_key =
    "4fd0a42218f3eae43a6ce26d22544e986139a01e5b34a62db53757ffca81bae1";  // public, §7.6
constexpr std::string_view demo_address = "0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0";
constexpr std::string_view demo_message =
    "symbol=ASTERUSDT&type=LIMIT&side=BUY&timeInForce=GTC&quantity=20&price=0.5"
    "&nonce=1748310859508867&signer=0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0";

std::string hex(const Hash& hash) {
    std::ostringstream out;
    for (const std::uint8_t byte : hash) {
        out << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
    }
    return out.str();
}

WalletSigner signer_of(std::string_view key, std::uint64_t chain_id) {
    auto signer = WalletSigner::create(Secret{key}, chain_id);
    EXPECT_TRUE(signer.ok());
    return std::move(signer).value();
}

std::string signature_of(const WalletSigner& signer, std::string_view message) {
    std::string out(WalletSigner::signature_length, '?');
    signer.sign(message, std::span<char, WalletSigner::signature_length>{out});
    return out;
}

std::string hmac_of(std::string_view secret, std::string_view message) {
    std::string out(HmacSigner::signature_length, '?');
    HmacSigner{Secret{secret}}.sign(message, std::span<char, HmacSigner::signature_length>{out});
    return out;
}

std::string text(const Result<AddressText>& address) {
    if (!address) return address.error().message;
    return {address.value().data(), address.value().size()};
}

/// Address of who signed `message` with an entry made ahead.
std::string presigned_by(const WalletSigner& signer, std::string_view message,
                         std::uint64_t chain) {
    const auto pool = signer.make_pool(1);
    EXPECT_EQ(pool->poll(Nanos{}), 1U);
    std::string out(WalletSigner::signature_length, '?');
    signer.sign(message, *pool, std::span<char, WalletSigner::signature_length>{out});
    EXPECT_EQ(pool->used(), 1U);
    return text(recover_address(typed_digest(domain_separator(chain), message), out));
}

std::string bytes(std::string_view digits) {
    std::string read(digits.size() / 2 - 1, '\0');
    EXPECT_TRUE(
        read_hex(without_0x(digits), {reinterpret_cast<std::uint8_t*>(read.data()), read.size()}));
    return read;
}

json vectors() {
    return json::parse(support::read_testdata("../spec/signing-vectors.json"));
}

std::string key_named(const json& all, const json& vector) {
    return all.at("keys").at(vector.at("key").get<std::string>()).at("privateKey");
}

TEST(Sign, ReproducesEveryStepOfThePublishedExample) {
    EXPECT_EQ(hex(keccak256("Message(string msg)")),
              "c4cfb57eea370ef2a92403a7e865b2de262d7ca272333665b54ad7e6a602ef68");
    EXPECT_EQ(hex(keccak256(demo_message)),
              "7012b469661d9e75786830ae883a4eab4ba23c480e3bd1e915b9159859c3ad1f");
    EXPECT_EQ(hex(domain_separator(1666)),
              "a95d0a7a6f3f17fcebb0c2336645385ce79cde7523f71ab147fdb7f15e9f37f9");
    EXPECT_EQ(hex(domain_separator(714)),
              "fad01b07bed5729a04dbb977fd86da612eba71d668660bf12cf10b3d65b74d94");
    EXPECT_EQ(hex(typed_digest(domain_separator(1666), demo_message)),
              "ed6fe2804fb7a74d857c73d838ce3722b0f44d2c023c24bca0acb2bdf0d56267");
    const WalletSigner signer = signer_of(demo_key, 1666);
    EXPECT_EQ(signer.address(), demo_address);
    EXPECT_EQ(signature_of(signer, demo_message),
              "0xd82a6784f5eff00b95ecb88145cf7a5fa6803ea6f67e0217262073da628750a7"
              "42bb3ba555af418320e55029afe358957808d4f810d73ea663d9c91852cd6d941c");
    EXPECT_EQ(signature_of(signer_of(demo_key, 714), demo_message),
              "0x798abbc1eb6244bdf530e3890383494679aecf574a0d65cd79ed48b151df2e18"
              "2cafc9a2b055701c9c0dbc091898f6c3eae29307ca554f3ab97c8b860de35bef1c");
}

TEST(Sign, TheSelfTestPasses) {
    const auto result = signing_self_test();
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
}

TEST(RecordedSigning, ReproducesEveryWalletRequest) {
    const json all = vectors();
    ASSERT_EQ(all.at("v3").size(), 25U);
    for (const json& vector : all.at("v3")) {
        SCOPED_TRACE(vector.at("name").get<std::string>());
        // One vector shows what the exchange's other demo does: sign plain text, send it encoded.
        const bool signs_decoded = vector.at("name") == "v3-batch-signed-decoded";
        std::string encoded;
        std::string decoded;
        for (const json& parameter : vector.at("paramsInOrder")) {
            if (!encoded.empty()) encoded += '&';
            if (!decoded.empty()) decoded += '&';
            decoded +=
                parameter.at(0).get<std::string>() + '=' + parameter.at(1).get<std::string>();
            encoded += percent_encode(parameter.at(0).get<std::string>()) + '=' +
                       percent_encode(parameter.at(1).get<std::string>());
        }
        const std::string& message = signs_decoded ? decoded : encoded;
        EXPECT_EQ(message, vector.at("msg").get<std::string>());
        const std::uint64_t chain = vector.at("chainId");
        EXPECT_EQ("0x" + hex(typed_digest(domain_separator(chain), message)),
                  vector.at("digest").get<std::string>());
        const WalletSigner signer = signer_of(key_named(all, vector), chain);
        const std::string signature = signature_of(signer, message);
        EXPECT_EQ(signature, vector.at("signature").get<std::string>());
        EXPECT_EQ(signer.address(), vector.at("recoversTo").get<std::string>());
        EXPECT_EQ(presigned_by(signer, message, chain), signer.address());
        const json& wire = vector.at("wire");
        const std::string sent =
            wire.at("body").get<std::string>() + wire.at("requestTarget").get<std::string>();
        EXPECT_NE(sent.find(encoded + "&signature=" + signature), std::string::npos);
    }
}

TEST(RecordedSigning, ReproducesEveryMessage) {
    const json all = vectors();
    ASSERT_EQ(all.at("v3MessageOnly").size(), 4U);
    for (const json& vector : all.at("v3MessageOnly")) {
        SCOPED_TRACE(vector.at("name").get<std::string>());
        const std::uint64_t chain = vector.at("chainId");
        const std::string message = vector.at("msg");
        EXPECT_EQ("0x" + hex(domain_separator(chain)),
                  vector.at("domainSeparator").get<std::string>());
        EXPECT_EQ("0x" + hex(typed_digest(domain_separator(chain), message)),
                  vector.at("digest").get<std::string>());
        const WalletSigner signer = signer_of(key_named(all, vector), chain);
        EXPECT_EQ(signature_of(signer, message), vector.at("signature").get<std::string>());
        EXPECT_EQ(presigned_by(signer, message, chain), signer.address());
    }
}

TEST(RecordedSigning, RecoversTheAddressThatSignedOrAnother) {
    const json all = vectors();
    ASSERT_EQ(all.at("v3Verify").size(), 6U);
    for (const json& vector : all.at("v3Verify")) {
        SCOPED_TRACE(vector.at("name").get<std::string>());
        const std::uint64_t chain = vector.value("chainId", 1666U);
        const std::string message = vector.value("msg", std::string{demo_message});
        const Hash digest = typed_digest(domain_separator(chain), message);
        EXPECT_EQ("0x" + hex(digest), vector.at("digest").get<std::string>());
        const std::string recovered =
            text(recover_address(digest, vector.at("signature").get<std::string>()));
        EXPECT_EQ(recovered, vector.at("recoversTo").get<std::string>());
        EXPECT_EQ(recovered == demo_address, vector.at("expect") != "reject");
    }
}

TEST(RecordedSigning, ReproducesEveryHmac) {
    const json all = vectors();
    ASSERT_EQ(all.at("v1").size(), 7U);
    for (const json& vector : all.at("v1")) {
        SCOPED_TRACE(vector.at("name").get<std::string>());
        const std::string message = vector.at("queryString").get<std::string>() +
                                    vector.at("requestBody").get<std::string>();
        EXPECT_EQ(message, vector.at("totalParams").get<std::string>());
        EXPECT_EQ(hmac_of(vector.at("secretKey").get<std::string>(), message),
                  vector.at("signature").get<std::string>());
    }
}

/// Neither scheme is ours to sign, but both say what a hash and a recovery must give.
TEST(RecordedSigning, RecoversWhoSignedUnderOtherSchemes) {
    const json all = vectors();
    ASSERT_EQ(all.at("v3Legacy").size(), 2U);
    ASSERT_EQ(all.at("v3Management").size(), 1U);
    const auto signed_digest = [&all](const json& vector, const std::string& digest) {
        Hash hash;
        EXPECT_TRUE(read_hex(without_0x(digest), hash));
        EXPECT_EQ(text(recover_address(hash, vector.at("signature").get<std::string>())),
                  signer_of(key_named(all, vector), 1666).address());
    };
    for (const json& vector : all.at("v3Legacy")) {
        SCOPED_TRACE(vector.at("name").get<std::string>());
        const Hash abi = keccak256(bytes(vector.at("abiEncoded").get<std::string>()));
        EXPECT_EQ("0x" + hex(abi), vector.at("abiHash").get<std::string>());
        const Hash personal = keccak256(
            "\x19"
            "Ethereum Signed Message:\n32" +
            bytes("0x" + hex(abi)));
        EXPECT_EQ("0x" + hex(personal), vector.at("personalSignDigest").get<std::string>());
        signed_digest(vector, "0x" + hex(personal));
    }
    for (const json& vector : all.at("v3Management"))
        signed_digest(vector, vector.at("digest").get<std::string>());
}

TEST(RecordedSigning, HasNoKindOfVectorThatIsNotTested) {
    std::set<std::string> kinds;
    const json all = vectors();
    for (const auto& [name, value] : all.items())
        if (value.is_array()) kinds.insert(name);
    EXPECT_EQ(kinds, (std::set<std::string>{"v1", "v3", "v3Legacy", "v3Management", "v3MessageOnly",
                                            "v3Verify"}));
}

TEST(RecordedSigning, AgreesWithAnotherWalletLibraryOnItsOwnCases) {
    std::istringstream lines{support::read_testdata("signing/aster-v3-eip712-ethers6-part.jsonl")};
    std::size_t cases = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        const json vector = json::parse(line);
        const std::string message = vector.at("msg");
        SCOPED_TRACE(message);
        const std::uint64_t chain = vector.at("chainId");
        const WalletSigner signer = signer_of(vector.at("private_key").get<std::string>(), chain);
        EXPECT_EQ(signer.address(), vector.at("address").get<std::string>());
        EXPECT_EQ("0x" + hex(typed_digest(domain_separator(chain), message)),
                  vector.at("digest").get<std::string>());
        EXPECT_EQ(signature_of(signer, message), vector.at("signature").get<std::string>());
        ++cases;
    }
    EXPECT_GT(cases, 5U);
}

TEST(RecordedSigning, HashesLikeKeccakAndNotLikeSha3) {
    const json cases = json::parse(support::read_testdata("signing/ethers-hashes.json"));
    ASSERT_GT(cases.size(), 10U);
    for (const json& vector : cases) {
        const std::string data = vector.at("data");
        std::string bytes;
        for (std::size_t i = 2; i < data.size(); i += 2)
            bytes += static_cast<char>(std::stoi(data.substr(i, 2), nullptr, 16));
        EXPECT_EQ("0x" + hex(keccak256(bytes)), vector.at("keccak256").get<std::string>());
    }
}

TEST(Sign, AHmacKeyLongerThanABlockIsHashedFirst) {
    // RFC 4231, test case 6
    EXPECT_EQ(
        hmac_of(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Sign, RefusesKeysThatAreNoneWithoutShowingThem) {
    const std::string order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (const std::string& key :
         {std::string{}, std::string(64, '0'), order, std::string(63, '1'), std::string(64, 'g')}) {
        const auto signer = WalletSigner::create(Secret{key}, 1666);
        ASSERT_FALSE(signer.ok()) << key;
        EXPECT_EQ(signer.error().kind, ErrorKind::credentials);
        if (key.empty()) continue;
        EXPECT_EQ(signer.error().message.find(key), std::string::npos);
    }
    EXPECT_EQ(signer_of("0x" + std::string{demo_key}, 1666).address(), demo_address);
}

TEST(Sign, RefusesSignaturesThatAreNone) {
    const Hash digest = typed_digest(domain_separator(1666), demo_message);
    for (const std::string& signature :
         {std::string{}, std::string{"0x12"}, std::string(130, 'z'), std::string(130, '0'),
          std::string(130, 'f'), std::string(128, '1') + "1d"})
        EXPECT_FALSE(recover_address(digest, signature).ok()) << signature;
}

TEST(Sign, KnowsAnAddressByItsChecksum) {
    EXPECT_TRUE(is_address(demo_address));
    EXPECT_TRUE(is_address("0x21cf8ae13bb72632562c6fff438652ba1a151bb0"));
    EXPECT_FALSE(is_address("0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bB0"));  // one case flipped
    EXPECT_FALSE(is_address("21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0"));
    EXPECT_FALSE(is_address("0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb"));
}

TEST(Sign, PercentEncodesAllButTheUnreserved) {
    EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encode(R"([{"a":1}])"), "%5B%7B%22a%22%3A1%7D%5D");
    EXPECT_EQ(percent_encode("a b+c&d=e/f%"), "a%20b%2Bc%26d%3De%2Ff%25");
    EXPECT_EQ(percent_encode("\xe5\xb8\x81"), "%E5%B8%81");
}

TEST(Sign, ASecretCannotBePrintedOrCopied) {
    static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
    Secret first{"not for your eyes"};
    const Secret second{std::move(first)};
    EXPECT_EQ(second.reveal(), "not for your eyes");
}

TEST(Nonce, FollowsTheExchangesClockInMicroseconds) {
    NonceSource nonces;
    nonces.set_offset(milliseconds(-3));
    EXPECT_EQ(nonces.next(seconds(1'748'310'859)), 1'748'310'858'997'000U);
    EXPECT_EQ(nonces.server_time(seconds(10)), milliseconds(9'997));
}

TEST(Nonce, NeverRepeatsWhenTheClockStandsOrStepsBack) {
    NonceSource nonces;
    const std::uint64_t first = nonces.next(seconds(100));
    EXPECT_EQ(nonces.next(seconds(100)), first + 1);
    EXPECT_EQ(nonces.next(seconds(99)), first + 2);
    EXPECT_EQ(nonces.next(seconds(101)), 101'000'000U);
}

TEST(Nonce, IsUniqueAmongThreads) {
    NonceSource nonces;
    std::array<std::vector<std::uint64_t>, 2> taken;
    {
        std::vector<std::jthread> threads;
        for (auto& mine : taken)
            threads.emplace_back([&nonces, &mine] {
                for (int i = 0; i < 20'000; ++i) mine.push_back(nonces.next(seconds(5)));
            });
    }
    std::set<std::uint64_t> all;
    for (const auto& mine : taken) {
        EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
        all.insert(mine.begin(), mine.end());
    }
    EXPECT_EQ(all.size(), 40'000U);
}

}  // namespace
}  // namespace tranche::aster
