#include "net/aster/presigned_pool.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "net/aster/authenticator.hpp"
#include "net/aster/hex.hpp"
#include "net/aster/sign.hpp"

namespace tranche::aster {
namespace {

// Each of the four keys signs so many messages: 100,000 in all in a release build. Sanitised builds
// take a hundred times as long and look for other mistakes.
#ifdef NDEBUG
constexpr int messages_per_key = 25'000;
#else
constexpr int messages_per_key = 500;
#endif

constexpr std::string_view demo_key =
    "4fd0a42218f3eae43a6ce26d22544e986139a01e5b34a62db53757ffca81bae1";  // public, §7.6

WalletSigner signer_of(std::string_view key) {
    auto signer = WalletSigner::create(Secret{key}, 1666);
    EXPECT_TRUE(signer.ok());
    return std::move(signer).value();
}

void fill(PresignedPool& pool) {
    while (pool.poll(Nanos{}) > 0) {
    }
}

std::string signed_by(const WalletSigner& signer, PresignedPool& pool, std::string_view message) {
    std::string out(WalletSigner::signature_length, '?');
    signer.sign(message, pool, std::span<char, WalletSigner::signature_length>{out});
    return out;
}

std::string signed_by_library(const WalletSigner& signer, std::string_view message) {
    std::string out(WalletSigner::signature_length, '?');
    signer.sign(message, std::span<char, WalletSigner::signature_length>{out});
    return out;
}

std::string signer_from(std::string_view message, std::string_view signature) {
    const auto address = recover_address(typed_digest(domain_separator(1666), message), signature);
    if (!address) return address.error().message;
    return {address.value().data(), address.value().size()};
}

bool is_low(std::string_view signature) {
    Hash s;
    return read_hex(signature.substr(66, 64), s) && bytes_of(scalar_from(s)) == s &&
           high_mask(scalar_from(s)) == 0;
}

std::string random_text(std::mt19937_64& random) {
    std::string text(random() % 400, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

class PresignedPoolOfKey : public testing::TestWithParam<std::string_view> {};

TEST_P(PresignedPoolOfKey, EverySignatureRecoversToItsKeyAndIsLow) {
    const WalletSigner signer = signer_of(GetParam());
    const auto pool = signer.make_pool(64);
    std::mt19937_64 random{11};
    std::set<std::string> points;
    std::array<int, 2> versions{};
    for (int i = 0; i < messages_per_key; ++i) {
        if (pool->level() == 0) fill(*pool);
        const std::string message = random_text(random);
        const std::string signature = signed_by(signer, *pool, message);
        ASSERT_EQ(signer_from(message, signature), signer.address()) << i;
        ASSERT_TRUE(is_low(signature)) << signature;
        ASSERT_TRUE(points.insert(signature.substr(2, 64)).second) << "a nonce came twice";
        ++versions[signature.ends_with("1c") ? 1 : 0];
    }
    EXPECT_EQ(pool->empty(), 0U);
    EXPECT_EQ(pool->used(), static_cast<std::uint64_t>(messages_per_key));
    EXPECT_GT(versions[0], messages_per_key / 3);
    EXPECT_GT(versions[1], messages_per_key / 3);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, PresignedPoolOfKey,
    testing::Values(demo_key, "0000000000000000000000000000000000000000000000000000000000000001",
                    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
                    "c85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4"),
    [](const auto& key) { return "Key" + std::to_string(key.index); });

TEST(PresignedPool, SignsDigestsAtTheEdgesOfTheirRange) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(8);
    std::vector<Hash> digests(4);
    digests[1].fill(0xff);
    digests[2].back() = 1;
    EXPECT_TRUE(
        read_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", digests[3]));
    for (const Hash& digest : digests) {
        fill(*pool);
        std::string out(wallet_signature_length, '?');
        ASSERT_TRUE(pool->sign(digest, std::span<char, wallet_signature_length>{out}));
        const auto address = recover_address(digest, out);
        ASSERT_TRUE(address.ok());
        EXPECT_EQ((std::string_view{address.value().data(), 42}), signer.address());
    }
}

TEST(PresignedPool, NeverSignsTwiceWithOneNonce) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(16);
    std::set<std::string> points;
    for (int i = 0; i < 200; ++i) {
        fill(*pool);
        points.insert(signed_by(signer, *pool, "one message").substr(0, 66));
    }
    EXPECT_EQ(points.size(), 200U);
}

TEST(PresignedPool, FallsBackToTheLibraryWhenEmptyAndCountsIt) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(4);
    EXPECT_EQ(signed_by(signer, *pool, "m"), signed_by_library(signer, "m"));
    EXPECT_EQ(pool->empty(), 1U);
    fill(*pool);
    EXPECT_EQ(pool->level(), 4U);
    for (int i = 0; i < 4; ++i)
        EXPECT_NE(signed_by(signer, *pool, "m"), signed_by_library(signer, "m"));
    EXPECT_EQ(signed_by(signer, *pool, "m"), signed_by_library(signer, "m"));
    EXPECT_EQ(pool->empty(), 2U);
    EXPECT_EQ(pool->used(), 4U);
    fill(*pool);
    EXPECT_NE(signed_by(signer, *pool, "m"), signed_by_library(signer, "m"));
}

TEST(PresignedPool, KeepsAsManyEntriesAsItWasToldAndMakesFewATurn) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(9);
    EXPECT_EQ(pool->poll(Nanos{}), PresignedPool::batch);
    fill(*pool);
    EXPECT_EQ(pool->level(), 9U);
    EXPECT_EQ(pool->poll(Nanos{}), 0U);
}

TEST(PresignedPool, LeavesNothingOfAnEntryThatWasUsed) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(1);
    const auto is_zero = [&pool] {
        return std::ranges::all_of(pool->memory(), [](std::uint8_t byte) { return byte == 0; });
    };
    EXPECT_TRUE(is_zero());
    fill(*pool);
    EXPECT_FALSE(is_zero());
    signed_by(signer, *pool, "m");
    EXPECT_TRUE(is_zero());
}

/// Flags the kernel keeps for the mapping that holds `address`.
std::string flags_of(const void* address) {
    std::ifstream maps{"/proc/self/smaps"};
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t from{};
        std::uintptr_t to{};
        char dash{};
        std::istringstream range{line};
        if (range >> std::hex >> from >> dash >> to && dash == '-')
            inside = from <= wanted && wanted < to;
        if (inside && line.starts_with("VmFlags:")) return line + " ";
    }
    return {};
}

/// Under the address sanitizer mlock succeeds and does nothing.
bool mlock_locks() {
    constexpr std::size_t size = 4096;
    void* page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    const bool locks = mlock(page, size) == 0 && flags_of(page).find(" lo ") != std::string::npos;
    munmap(page, size);
    return locks;
}

TEST(PresignedPool, LiesInPagesThatAreNeitherDumpedNorInherited) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(4);
    const std::string flags = flags_of(pool->memory().data());
    EXPECT_NE(flags.find(" dd "), std::string::npos) << "not in a core dump: " << flags;
    EXPECT_NE(flags.find(" wf "), std::string::npos) << "zeroes in a child: " << flags;
    if (mlock_locks()) {
        EXPECT_EQ(flags.find(" lo ") != std::string::npos, pool->locked()) << flags;
    }
}

TEST(PresignedPool, AForkedChildCannotUseItsParentsEntries) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(4);
    fill(*pool);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const bool same = signed_by(signer, *pool, "m") == signed_by_library(signer, "m");
        _exit(same && pool->used() == 0 && pool->empty() == 1 ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    const std::string mine = signed_by(signer, *pool, "m");
    EXPECT_EQ(signer_from("m", mine), signer.address());
    EXPECT_EQ(pool->used(), 1U);
}

TEST(PresignedPool, IsFilledByOneThreadWhileAnotherSigns) {
    const WalletSigner signer = signer_of(demo_key);
    const auto pool = signer.make_pool(8);
    std::atomic<bool> done{};
    std::jthread filler{[&] {
        while (!done.load()) pool->poll(Nanos{});
    }};
    std::set<std::string> signatures;
    for (int i = 0; i < 300; ++i) {
        while (pool->level() == 0) std::this_thread::yield();
        const std::string message = "message " + std::to_string(i);
        const std::string signature = signed_by(signer, *pool, message);
        ASSERT_EQ(signer_from(message, signature), signer.address());
        signatures.insert(signature.substr(0, 66));
    }
    done.store(true);
    EXPECT_EQ(signatures.size(), 300U);
    EXPECT_EQ(pool->used(), 300U);
}

TEST(PresignedPool, IsNoneForSchemesAndSettingsThatHaveNoUseForIt) {
    NonceSource nonces;
    Credentials credentials;
    credentials.scheme = AuthScheme::v1;
    credentials.key = Secret{demo_key};
    credentials.api_key = "the-api-key";
    const auto hmac = Authenticator::create(credentials, 1666, nonces);
    ASSERT_TRUE(hmac.ok());
    EXPECT_EQ(hmac.value().make_pool(8), nullptr);
    EXPECT_EQ(Authenticator::without_key(nonces).make_pool(8), nullptr);
    credentials.scheme = AuthScheme::v3;
    const auto wallet = Authenticator::create(credentials, 1666, nonces);
    ASSERT_TRUE(wallet.ok());
    EXPECT_EQ(wallet.value().make_pool(0), nullptr);
    EXPECT_NE(wallet.value().make_pool(8), nullptr);
}

}  // namespace
}  // namespace tranche::aster
