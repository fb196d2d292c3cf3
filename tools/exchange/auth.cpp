#include "tools/exchange/auth.hpp"

#include <algorithm>
#include <charconv>
#include <cryptopp/keccak.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

namespace tranche::exchange {
namespace {

std::string_view as_text(const Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string lower(std::string_view text) {
    std::string copy{text};
    std::transform(copy.begin(), copy.end(), copy.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return copy;
}

template <class Bytes> std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

/// The 65 bytes of r, s and v; nothing unless it is exactly 130 hex digits after an optional 0x.
std::optional<std::array<std::uint8_t, 65>> signature_bytes(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    std::array<std::uint8_t, 65> bytes{};
    if (text.size() != 2 * bytes.size()) return std::nullopt;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char* digits = text.data() + 2 * at;
        const auto [end, error] = std::from_chars(digits, digits + 2, bytes[at], 16);
        if (error != std::errc{} || end != digits + 2) return std::nullopt;
    }
    return bytes;
}

Hash domain_separator(std::uint64_t chain_id) {
    std::string encoded;
    encoded += as_text(keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"));
    encoded += as_text(keccak256("AsterSignTransaction"));
    encoded += as_text(keccak256("1"));
    Hash chain{};
    for (std::size_t at = 0; at < 8; ++at)
        chain[31 - at] = static_cast<std::uint8_t>(chain_id >> (8 * at));
    encoded += as_text(chain);
    encoded += as_text(Hash{});
    return keccak256(encoded);
}

/// A text without its last `&signature=…` (or leading `signature=…`), for either side of V1.
std::string_view without_signature(std::string_view text) {
    if (text.starts_with("signature=")) return {};
    return text.substr(0, text.rfind("&signature="));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t at = 0; at < a.size(); ++at)
        difference |= static_cast<unsigned>(static_cast<unsigned char>(a[at]) ^
                                            static_cast<unsigned char>(b[at]));
    return difference == 0;
}

}  // namespace

Hash keccak256(std::string_view bytes) {
    CryptoPP::Keccak_256 keccak;
    Hash hash{};
    keccak.CalculateDigest(hash.data(), reinterpret_cast<const CryptoPP::byte*>(bytes.data()),
                           bytes.size());
    return hash;
}

Hash v3_digest(std::string_view message, std::uint64_t chain_id) {
    std::string structure{as_text(keccak256("Message(string msg)"))};
    structure += as_text(keccak256(message));
    std::string encoded{"\x19\x01"};
    encoded += as_text(domain_separator(chain_id));
    encoded += as_text(keccak256(structure));
    return keccak256(encoded);
}

std::string hmac_sha256_hex(std::string_view secret, std::string_view message) {
    std::array<std::uint8_t, 32> mac{};
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(),
         &length);
    return hex(mac);
}

bool NonceList::accept(std::uint64_t nonce, std::int64_t now_us) {
    const auto now = static_cast<std::uint64_t>(now_us);
    constexpr auto window = static_cast<std::uint64_t>(window_us);
    const std::uint64_t distance = nonce > now ? nonce - now : now - nonce;
    if (distance > window || newest_.contains(nonce)) return false;
    if (newest_.size() == kept) {
        if (nonce < *newest_.begin()) return false;
        newest_.erase(newest_.begin());
    }
    newest_.insert(nonce);
    return true;
}

Authenticator::Authenticator(AuthOptions options)
    : options_{std::move(options)}, context_{secp256k1_context_create(SECP256K1_CONTEXT_VERIFY)} {
    options_.signer = lower(options_.signer);
}

Authenticator::~Authenticator() {
    secp256k1_context_destroy(context_);
}

std::optional<std::string> Authenticator::recover(const Hash& digest,
                                                  std::string_view signature) const {
    const auto bytes = signature_bytes(signature);
    if (!bytes) return std::nullopt;
    const int v = bytes->back();
    const int recovery = v >= 27 ? v - 27 : v;
    if (recovery < 0 || recovery > 1) return std::nullopt;
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context_, &parsed, bytes->data(),
                                                            recovery) == 0)
        return std::nullopt;
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recover(context_, &key, &parsed, digest.data()) == 0) return std::nullopt;
    std::array<std::uint8_t, 65> point{};
    std::size_t length = point.size();
    secp256k1_ec_pubkey_serialize(context_, point.data(), &length, &key, SECP256K1_EC_UNCOMPRESSED);
    const Hash hash = keccak256({reinterpret_cast<const char*>(point.data()) + 1, 64});
    return "0x" + hex(hash).substr(24);
}

std::optional<Reject> Authenticator::check_key(std::string_view api_key) const {
    if (api_key.empty()) return Reject{-2014, "API-key format invalid.", 401};
    if (!equal_in_constant_time(api_key, options_.api_key))
        return Reject{-2015, "Invalid API-key, IP, or permissions for action.", 401};
    return std::nullopt;
}

std::optional<Reject> Authenticator::check(const SignedRequest& request, const Params& params,
                                           bool any_nonce) {
    const bool v3 = params.has("signer") || params.has("nonce");
    if (!v3 && (!request.api_key.empty() || params.has("timestamp")))
        return check_v1(request, params);
    return check_v3(request, params, any_nonce);
}

std::optional<Reject> Authenticator::check_v1(const SignedRequest& request,
                                              const Params& params) const {
    if (std::optional<Reject> refused = check_key(request.api_key)) return refused;
    const std::optional<std::int64_t> timestamp = params.integer("timestamp");
    if (!timestamp) return missing("timestamp");
    if (!params.has("signature")) return missing("signature");
    std::string total{without_signature(request.query)};
    total += without_signature(request.body);
    if (!equal_in_constant_time(lower(params.get("signature")),
                                hmac_sha256_hex(options_.api_secret, total)))
        return Reject{-1022, "Signature for this request is not valid."};
    const std::int64_t window =
        params.has("recvWindow") ? params.integer("recvWindow").value_or(-1) : 5000;
    if (window < 0 || window > 60'000)
        return Reject{-1131, "recvWindow must be between 0 and 60000."};
    const std::int64_t now_ms = request.now_us / 1000;
    if (*timestamp >= now_ms + 1000)
        return Reject{-1021, "Timestamp for this request was 1000ms ahead of the server's time."};
    if (now_ms - *timestamp > window)
        return Reject{-1021, "Timestamp for this request is outside of the recvWindow."};
    return std::nullopt;
}

std::optional<Reject> Authenticator::check_v3(const SignedRequest& request, const Params& params,
                                              bool any_nonce) {
    const bool mixed = !request.query.empty() && !request.body.empty();
    if (mixed)
        return Reject{-1101, "Parameters must be all in the query string or all in the body."};
    const std::string_view text = request.query.empty() ? request.body : request.query;
    const std::size_t split = text.rfind("&signature=");
    if (split == std::string_view::npos || !params.has("signature")) return missing("signature");
    if (params.get("signer").empty()) return missing("signer");
    const std::string signer = lower(params.get("signer"));
    if (!options_.signer.empty() && signer != options_.signer)
        return Reject{-1000, "No agent found"};
    const Hash digest = v3_digest(text.substr(0, split), options_.chain_id);
    const auto recovered = recover(digest, text.substr(split + 11));
    if (!recovered || *recovered != signer) return Reject{-1022, "Signature check failed"};

    std::uint64_t nonce = 0;
    const std::string_view digits = params.get("nonce");
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), nonce);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
        return missing("nonce");
    if (nonces_.size() >= options_.signers_max && !nonces_.contains(signer))
        return Reject{-1003, "Too many signers.", 429};
    if (!nonces_[signer].accept(nonce, request.now_us) && !any_nonce)
        return Reject{-4225, "Nonce Expired"};
    return std::nullopt;
}

}  // namespace tranche::exchange
