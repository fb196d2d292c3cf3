// Who sent a request: V1 (HMAC-SHA256) and V3 (EIP-712 signature by an agent wallet), checked in
// the order of exchange-protocol.md §7.8. Libraries of its own choice for hashing and recovery.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tools/exchange/order.hpp"
#include "tools/exchange/params.hpp"

struct secp256k1_context_struct;

namespace tranche::exchange {

using Hash = std::array<std::uint8_t, 32>;

Hash keccak256(std::string_view bytes);
/// The digest that a V3 signature covers: EIP-712 `Message(string msg)` in the venue's domain.
Hash v3_digest(std::string_view message, std::uint64_t chain_id);
/// Lower-case hex of HMAC-SHA256.
std::string hmac_sha256_hex(std::string_view secret, std::string_view message);

/// Nonces of one signer: the newest hundred, each good once (exchange-protocol.md §7.5).
class NonceList {
public:
    static constexpr std::size_t kept = 100;
    static constexpr std::int64_t window_us = 10'000'000;

    /// True, and remembered, if the nonce is inside the window, new and not older than the list.
    bool accept(std::uint64_t nonce, std::int64_t now_us);

private:
    std::set<std::uint64_t> newest_;
};

struct AuthOptions {
    std::string api_key;
    std::string api_secret;
    std::string signer;  // "0x…" of the only agent accepted; empty: any
    std::uint64_t chain_id{1666};
    std::uint64_t signers_max{10'000};  // lists kept; a flood of wallets must not eat the memory
};

/// What of a request the signature covers, and its parts.
struct SignedRequest {
    std::string_view query;
    std::string_view body;
    std::string_view api_key;  // X-MBX-APIKEY, empty if absent
    std::int64_t now_us;
};

/// Owner of the nonce lists.
class Authenticator {
public:
    explicit Authenticator(AuthOptions options);
    ~Authenticator();
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;

    /// Nothing if the request was signed by someone with rights. `params` is of query and body.
    /// `any_nonce`: one that was used or is too old will do.
    std::optional<Reject> check(const SignedRequest& request, const Params& params,
                                bool any_nonce = false);
    /// V1 user stream calls: the key alone.
    [[nodiscard]] std::optional<Reject> check_key(std::string_view api_key) const;

    /// Address ("0x" and 40 lower-case digits) that made a signature; nothing if it is malformed.
    /// With or without 0x, with v as 1b/1c or 00/01.
    [[nodiscard]] std::optional<std::string> recover(const Hash& digest,
                                                     std::string_view signature) const;

private:
    std::optional<Reject> check_v1(const SignedRequest& request, const Params& params) const;
    std::optional<Reject> check_v3(const SignedRequest& request, const Params& params,
                                   bool any_nonce);

    AuthOptions options_;
    secp256k1_context_struct* context_;
    std::unordered_map<std::string, NonceList> nonces_;  // by lower-case address
};

}  // namespace tranche::exchange
