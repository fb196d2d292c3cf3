// What either scheme appends to a request's parameters so that the exchange believes it.
// Source: exchange-protocol.md §7.1, §7.3.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/aster/credentials.hpp"
#include "net/aster/sign.hpp"
#include "net/aster/text.hpp"

namespace tranche::aster {

/// How long after its timestamp the exchange may still execute a V1 request; bounds how late an
/// order whose fate is unknown can appear.
inline constexpr std::string_view receive_window_ms = "2000";

/// Longest text `sign` appends: nonce, signer and signature of V3.
inline constexpr std::size_t authentication_capacity = 256;

/// Signs for one account, under either scheme, or cannot sign at all (paper trading). `nonces`
/// must outlive it. Const functions may be called from any thread.
class Authenticator {
public:
    /// Errors (credentials): the key is none.
    static Result<Authenticator> create(const Credentials& credentials, std::uint64_t chain_id,
                                        NonceSource& nonces);
    /// One that holds no key.
    static Authenticator without_key(NonceSource& nonces) { return Authenticator{nonces}; }

    bool can_sign() const { return !std::holds_alternative<std::monostate>(signer_); }
    /// Value of the key header; empty under V3.
    const std::string& api_key() const { return api_key_; }
    /// Address of the agent; empty under V1.
    std::string_view address() const;

    /// Appends time and signature to the parameters that begin at `begin`. What is signed is the
    /// text as it stands there, byte for byte. `can_sign` must hold. The only place that signs.
    /// `pool`, which only one thread may use, comes from `make_pool` of this object; null for none.
    /// Returns the nonce it wrote; 0 under V1, which has none.
    std::uint64_t sign(Text& text, std::size_t begin, Nanos now,
                       PresignedPool* pool = nullptr) const;
    /// The same under a nonce that was used before, to void the request that carries it. V3 only.
    void sign_again(Text& text, std::size_t begin, std::uint64_t nonce, PresignedPool* pool) const;

    /// V3 signatures prepared ahead. Null for no entries, and where the scheme has no use for them.
    std::unique_ptr<PresignedPool> make_pool(std::size_t entries) const;

private:
    explicit Authenticator(NonceSource& nonces) : nonces_{&nonces} {}
    void sign_by(const WalletSigner& signer, Text& text, std::size_t begin, std::uint64_t nonce,
                 PresignedPool* pool) const;
    void sign_by(const HmacSigner& signer, Text& text, std::size_t begin, Nanos now) const;

    NonceSource* nonces_;
    std::variant<std::monostate, WalletSigner, HmacSigner> signer_;
    std::string signer_parameter_;  // V3: `&signer=0x…`
    std::string api_key_;
};

}  // namespace tranche::aster
