// Signatures of both authentication schemes, and the times that go into them. Nothing here
// allocates after construction; `sign` may be called from any thread.
// Source: exchange-protocol.md §7.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/aster/keccak.hpp"
#include "net/aster/presigned_pool.hpp"
#include "net/aster/secret.hpp"

namespace tranche::aster {

/// Constant part of every digest of one chain: domain AsterSignTransaction, version 1.
Hash domain_separator(std::uint64_t chain_id);

/// What is signed for `message` on the chain of `domain`.
Hash typed_digest(const Hash& domain, std::string_view message);

/// An account's address as text: 0x and 40 digits, checksummed by upper case (EIP-55).
using AddressText = std::array<char, 42>;
AddressText checksummed_address(std::span<const std::uint8_t, 20> address);

/// True for 0x and 40 hex digits whose mixed case, if any, is the checksum's.
bool is_address(std::string_view text);

/// Address whose key made `signature` (0x, r, s, v as text) over `digest`. Errors (bad_data): the
/// signature's text is malformed or no key could have made it.
Result<AddressText> recover_address(const Hash& digest, std::string_view signature);

/// V3: signs with a wallet key by EIP-712 `Message(string msg)`.
class WalletSigner {
public:
    static constexpr std::size_t signature_length = wallet_signature_length;

    /// `key`: 64 hex digits, 0x optional. Errors (credentials): not a key of the curve; the message
    /// never shows it.
    static Result<WalletSigner> create(const Secret& key, std::uint64_t chain_id);

    WalletSigner(WalletSigner&&) noexcept;
    WalletSigner& operator=(WalletSigner&&) noexcept;
    ~WalletSigner();

    /// The agent's own address, derived from the key.
    std::string_view address() const { return {address_.data(), address_.size()}; }

    /// Writes 0x, r, s and v (1b or 1c) of the deterministic low-s signature over `message`.
    void sign(std::string_view message, std::span<char, signature_length> out) const;

    /// The same with an entry of `pool`, which `make_pool` of this signer made; a tenth of the
    /// time, and not deterministic. Falls back to the above while the pool is empty.
    void sign(std::string_view message, PresignedPool& pool,
              std::span<char, signature_length> out) const;

    /// An empty pool of signatures by this key. `entries`: at least 1.
    std::unique_ptr<PresignedPool> make_pool(std::size_t entries) const;

private:
    WalletSigner(std::unique_ptr<CurveContext> context, Locked<Hash> key, std::uint64_t chain_id);
    void derive_address();
    void sign_digest(const Hash& digest, std::span<char, signature_length> out) const;

    std::unique_ptr<CurveContext> context_;
    Locked<Hash> key_;
    Hash domain_;
    AddressText address_{};
};

/// V1: HMAC-SHA256 keyed with the API secret.
class HmacSigner {
public:
    static constexpr std::size_t signature_length = 64;

    explicit HmacSigner(const Secret& secret);
    HmacSigner(HmacSigner&&) noexcept;
    HmacSigner& operator=(HmacSigner&&) noexcept;
    ~HmacSigner();

    /// Writes 64 lower-case hex digits.
    void sign(std::string_view message, std::span<char, signature_length> out) const;

private:
    struct Pads;  // hash states after the two key blocks: half of a short message's work
    std::unique_ptr<Locked<Pads>> pads_;
};

/// The exchange's clock as we know it, and the one-time numbers made from it. One per signer,
/// shared by every thread that signs.
class NonceSource {
public:
    /// Microseconds of the exchange's clock, but always more than any before. Source: §7.5.
    std::uint64_t next(Nanos now) noexcept {
        const auto wanted = static_cast<std::uint64_t>(server_time(now).microseconds());
        std::uint64_t last = last_.load(std::memory_order_relaxed);
        std::uint64_t nonce{};
        do {
            nonce = wanted > last ? wanted : last + 1;
        } while (!last_.compare_exchange_weak(last, nonce, std::memory_order_relaxed));
        return nonce;
    }

    /// What the exchange's clock shows when ours shows `now`.
    Nanos server_time(Nanos now) const noexcept {
        return now + Nanos{offset_.load(std::memory_order_relaxed)};
    }

    /// Exchange's clock minus ours, as measured.
    void set_offset(Nanos offset) noexcept {
        offset_.store(offset.count, std::memory_order_relaxed);
    }
    Nanos offset() const noexcept { return {offset_.load(std::memory_order_relaxed)}; }

private:
    std::atomic<std::uint64_t> last_{};
    std::atomic<std::int64_t> offset_{};
};

/// Keeps letters, digits and -._~ and writes every other byte as %XX, upper case. Source: §7.3.
std::string percent_encode(std::string_view text);

/// Recomputes the worked example of exchange-protocol.md §7.6 and the V1 vector beside it. Errors
/// (bad_data): names the step that came out differently; nothing may be signed then.
Result<Done> signing_self_test();

}  // namespace tranche::aster
