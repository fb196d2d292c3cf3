#include "net/aster/sign.hpp"

#include <algorithm>
#include <cryptopp/sha.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <utility>

#include "core/require.hpp"
#include "net/aster/hex.hpp"

namespace tranche::aster {
namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";
constexpr std::size_t word = 32;  // every item of an EIP-712 encoding is this long

/// keccak256("Message(string msg)"), spelled out so that no signature computes it again.
constexpr Hash message_type{0xc4, 0xcf, 0xb5, 0x7e, 0xea, 0x37, 0x0e, 0xf2, 0xa9, 0x24, 0x03,
                            0xa7, 0xe8, 0x65, 0xb2, 0xde, 0x26, 0x2d, 0x7c, 0xa2, 0x72, 0x33,
                            0x36, 0x65, 0xb5, 0x4a, 0xd7, 0xe6, 0xa6, 0x02, 0xef, 0x68};

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view view_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

AddressText address_of(const secp256k1_context* context, const secp256k1_pubkey& public_key) {
    std::array<unsigned char, 65> point;
    std::size_t length = point.size();
    secp256k1_ec_pubkey_serialize(context, point.data(), &length, &public_key,
                                  SECP256K1_EC_UNCOMPRESSED);
    const Hash hash = keccak256(view_of(std::span{point}.subspan(1)));
    return checksummed_address(std::span{hash}.last<20>());
}

}  // namespace

Hash domain_separator(std::uint64_t chain_id) {
    const std::array<Hash, 3> hashes{
        keccak256("EIP712Domain(string name,string version,uint256 chainId,"
                  "address verifyingContract)"),
        keccak256("AsterSignTransaction"), keccak256("1")};
    std::array<std::uint8_t, 5 * word> encoded{};  // the contract's address is all zeroes
    for (std::size_t i = 0; i < hashes.size(); ++i)
        std::ranges::copy(hashes[i], encoded.begin() + static_cast<std::ptrdiff_t>(i * word));
    for (std::size_t i = 0; i < sizeof(chain_id); ++i)
        encoded[4 * word - 1 - i] = static_cast<std::uint8_t>(chain_id >> (8 * i));
    return keccak256(view_of(encoded));
}

Hash typed_digest(const Hash& domain, std::string_view message) {
    std::array<std::uint8_t, 2 * word> structure;
    const Hash message_hash = keccak256(message);
    std::ranges::copy(message_type, structure.begin());
    std::ranges::copy(message_hash, structure.begin() + word);
    const Hash structure_hash = keccak256(view_of(structure));

    std::array<std::uint8_t, 2 + 2 * word> signed_bytes{0x19, 0x01};
    std::ranges::copy(domain, signed_bytes.begin() + 2);
    std::ranges::copy(structure_hash, signed_bytes.begin() + 2 + word);
    return keccak256(view_of(signed_bytes));
}

AddressText checksummed_address(std::span<const std::uint8_t, 20> address) {
    AddressText text{'0', 'x'};
    write_hex(address, text.data() + 2);
    const Hash hash = keccak256({text.data() + 2, 40});
    for (std::size_t i = 0; i < 40; ++i) {
        const unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15U;
        char& digit = text[2 + i];
        if (digit >= 'a' && nibble >= 8) digit = static_cast<char>(digit - 'a' + 'A');
    }
    return text;
}

bool is_address(std::string_view text) {
    std::array<std::uint8_t, 20> bytes;
    if (!text.starts_with("0x") || !read_hex(text.substr(2), bytes)) return false;
    const std::string_view digits = text.substr(2);
    const bool has_lower = std::ranges::any_of(digits, [](char c) { return c >= 'a'; });
    const bool has_upper = std::ranges::any_of(digits, [](char c) { return c >= 'A' && c <= 'F'; });
    if (!has_lower || !has_upper) return true;
    const AddressText checksummed = checksummed_address(bytes);
    return text == std::string_view{checksummed.data(), checksummed.size()};
}

Result<AddressText> recover_address(const Hash& digest, std::string_view signature) {
    std::array<std::uint8_t, 65> bytes;
    if (!read_hex(without_0x(signature), bytes))
        return Error{ErrorKind::bad_data, "a signature is 130 hex digits, with or without 0x"};
    const int recovery_id = bytes[64] >= 27 ? bytes[64] - 27 : bytes[64];
    if (recovery_id > 1) return Error{ErrorKind::bad_data, "a signature ends in 00, 01, 1b or 1c"};
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey public_key;
    const secp256k1_context* context = secp256k1_context_static;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, bytes.data(),
                                                            recovery_id) == 0 ||
        secp256k1_ecdsa_recover(context, &public_key, &parsed, digest.data()) == 0)
        return Error{ErrorKind::bad_data, "no key could have made this signature"};
    return address_of(context, public_key);
}

// ---------------------------------------------------------------- V3

WalletSigner::WalletSigner(std::unique_ptr<CurveContext> context, Locked<Hash> key,
                           std::uint64_t chain_id)
    : context_{std::move(context)}, key_{std::move(key)}, domain_{domain_separator(chain_id)} {
    derive_address();
}
WalletSigner::WalletSigner(WalletSigner&&) noexcept = default;
WalletSigner& WalletSigner::operator=(WalletSigner&&) noexcept = default;
WalletSigner::~WalletSigner() = default;

Result<WalletSigner> WalletSigner::create(const Secret& key, std::uint64_t chain_id) {
    auto context = std::make_unique<CurveContext>();
    Locked<Hash> bytes{std::in_place};
    if (!read_hex(without_0x(key.reveal()), *bytes))
        return Error{ErrorKind::credentials,
                     "the signer key is not 64 hex digits, with or without 0x in front"};
    if (secp256k1_ec_seckey_verify(context->get(), (*bytes).data()) == 0)
        return Error{ErrorKind::credentials,
                     "the signer key is no private key of secp256k1: it is zero or too large"};
    return WalletSigner{std::move(context), std::move(bytes), chain_id};
}

void WalletSigner::derive_address() {
    secp256k1_pubkey public_key;
    require(secp256k1_ec_pubkey_create(context_->get(), &public_key, (*key_).data()) == 1,
            "a verified key has a public key");
    address_ = address_of(context_->get(), public_key);
}

void WalletSigner::sign(std::string_view message, std::span<char, signature_length> out) const {
    sign_digest(typed_digest(domain_, message), out);
}

void WalletSigner::sign(std::string_view message, PresignedPool& pool,
                        std::span<char, signature_length> out) const {
    const Hash digest = typed_digest(domain_, message);
    if (!pool.sign(digest, out)) sign_digest(digest, out);
}

std::unique_ptr<PresignedPool> WalletSigner::make_pool(std::size_t entries) const {
    return std::make_unique<PresignedPool>(*key_, entries);
}

void WalletSigner::sign_digest(const Hash& digest, std::span<char, signature_length> out) const {
    secp256k1_ecdsa_recoverable_signature signature;
    const int signed_well = secp256k1_ecdsa_sign_recoverable(
        context_->get(), &signature, digest.data(), (*key_).data(), nullptr, nullptr);
    require(signed_well == 1, "a verified key signs");
    std::array<std::uint8_t, 65> compact;
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context_->get(), compact.data(),
                                                            &recovery_id, &signature);
    compact[64] = static_cast<std::uint8_t>(27 + recovery_id);
    out[0] = '0';
    out[1] = 'x';
    write_hex(compact, out.data() + 2);
}

// ---------------------------------------------------------------- V1

struct HmacSigner::Pads {
    explicit Pads(std::string_view secret) {
        constexpr std::size_t block = 64;
        std::array<unsigned char, block> key{};
        if (secret.size() > block)
            CryptoPP::SHA256{}.CalculateDigest(key.data(), bytes_of(secret), secret.size());
        else
            std::ranges::copy(secret, key.begin());
        feed(inner, key, 0x36);
        feed(outer, key, 0x5c);
        wipe({reinterpret_cast<char*>(key.data()), key.size()});
    }
    static void feed(CryptoPP::SHA256& hasher, std::array<unsigned char, 64>& key,
                     unsigned char pad) {
        std::array<unsigned char, 64> padded;
        std::ranges::transform(key, padded.begin(), [pad](unsigned char c) {
            return static_cast<unsigned char>(c ^ pad);
        });
        hasher.Update(padded.data(), padded.size());
        wipe({reinterpret_cast<char*>(padded.data()), padded.size()});
    }

    CryptoPP::SHA256 inner;
    CryptoPP::SHA256 outer;
};

HmacSigner::HmacSigner(const Secret& secret)
    : pads_{std::make_unique<Locked<Pads>>(std::in_place, secret.reveal())} {}
HmacSigner::HmacSigner(HmacSigner&&) noexcept = default;
HmacSigner& HmacSigner::operator=(HmacSigner&&) noexcept = default;
HmacSigner::~HmacSigner() = default;

void HmacSigner::sign(std::string_view message, std::span<char, signature_length> out) const {
    // Copies of prepared states on the stack: OpenSSL's EVP_MAC would allocate for each message.
    Hash hash;
    CryptoPP::SHA256 inner{(**pads_).inner};
    inner.Update(bytes_of(message), message.size());
    inner.Final(hash.data());
    CryptoPP::SHA256 outer{(**pads_).outer};
    outer.Update(hash.data(), hash.size());
    outer.Final(hash.data());
    write_hex(hash, out.data());
}

// ---------------------------------------------------------------- text and self-test

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kept = "-._~";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || kept.find(c) != std::string_view::npos;
        if (plain) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += upper_digits[byte >> 4];
        encoded += upper_digits[byte & 15];
    }
    return encoded;
}

Result<Done> signing_self_test() {
    const auto differs = [](std::string_view step) {
        return Error{ErrorKind::bad_data,
                     "signing self-test: the " + std::string{step} +
                         " differs from the published example; this build must not sign"};
    };
    // The documentation's public demonstration key; its funds are nobody's.
    const auto signer = WalletSigner::create(
        Secret{"4fd0a42218f3eae43a6ce26d22544e986139a01e5b34a62db53757ffca81bae1"}, 1666);
    if (!signer) return signer.error();
    if (signer.value().address() != "0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0")
        return differs("V3 address");
    std::array<char, WalletSigner::signature_length> wallet_signature;
    signer.value().sign(
        "symbol=ASTERUSDT&type=LIMIT&side=BUY&timeInForce=GTC&quantity=20&price=0.5"
        "&nonce=1748310859508867&signer=0x21cF8Ae13Bb72632562c6Fff438652Ba1a151bb0",
        wallet_signature);
    if (std::string_view{wallet_signature.data(), wallet_signature.size()} !=
        "0xd82a6784f5eff00b95ecb88145cf7a5fa6803ea6f67e0217262073da628750a7"
        "42bb3ba555af418320e55029afe358957808d4f810d73ea663d9c91852cd6d941c")
        return differs("V3 signature");

    const HmacSigner hmac{
        Secret{"2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"}};
    std::array<char, HmacSigner::signature_length> hmac_signature;
    hmac.sign(
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
        "&recvWindow=5000&timestamp=1591702613943",
        hmac_signature);
    if (std::string_view{hmac_signature.data(), hmac_signature.size()} !=
        "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9")
        return differs("V1 signature");
    return Done{};
}

}  // namespace tranche::aster
