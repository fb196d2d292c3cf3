// V3 signatures prepared ahead: everything about them that does not depend on the message. A cold
// thread makes one-time nonces (k, its point and inverse), and signing is one multiplication.
// Source: architecture.md, "The hot path, budgeted".
//
// One nonce used for two messages gives the key away. So each comes from the kernel's CSPRNG, is
// wiped as it is used, is never written anywhere, and a forked child finds only zeroes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "core/ring.hpp"
#include "net/aster/curve_context.hpp"
#include "net/aster/keccak.hpp"
#include "net/aster/scalar.hpp"
#include "net/aster/secret.hpp"
#include "net/gateway_metrics.hpp"

namespace tranche::aster {

/// 0x, r, s and v as text.
inline constexpr std::size_t wallet_signature_length = 132;

/// Fills itself on one thread and signs on one other (or the same).
class PresignedPool {
public:
    /// `key`: a verified private key, copied into pages of the pool's own. Keeps `entries` ready
    /// (at least 1).
    PresignedPool(const Hash& key, std::size_t entries);
    PresignedPool(const PresignedPool&) = delete;
    PresignedPool& operator=(const PresignedPool&) = delete;

    /// Cold stage: makes the entries that are missing, at most `batch` a turn (about 40 µs each).
    std::size_t poll(Nanos now);
    static constexpr std::size_t batch = 4;

    /// Hot: signs `digest` with an entry that is used up thereby. False when none is ready; nothing
    /// is written then and the caller signs by other means.
    bool sign(const Hash& digest, std::span<char, wallet_signature_length> out);

    /// Any thread.
    std::size_t level() const { return ring_.size(); }
    std::uint64_t used() const { return used_.get(); }
    std::uint64_t empty() const { return empty_.get(); }  // how often there was none
    /// False where the kernel refused to keep the pages out of swap (RLIMIT_MEMLOCK).
    bool locked() const { return slots_pages_.locked() && key_.locked(); }
    /// Where the entries lie: for tests of what is left there.
    std::span<const std::uint8_t> memory() const {
        return {static_cast<const std::uint8_t*>(slots_pages_.memory()), slots_pages_.size()};
    }

private:
    /// All of a signature but the message: s = k⁻¹·z + k⁻¹·r·d. Whoever reads one and sees its
    /// signature knows the key.
    struct alignas(cache_line) Entry {
        Scalar inverse;               // k⁻¹ · 2²⁵⁶
        Scalar tail;                  // k⁻¹ · r · d
        std::array<char, 64> r_text;  // x of k·G
        std::uint8_t odd{};           // whether y of k·G is
        std::uint8_t ready{};         // 0: never filled, used, or a forked child's copy
    };
    bool fill(Entry& entry) const;
    static Scalar make_s(Entry& entry, const Hash& digest);

    CurveContext context_;
    Locked<Scalar> key_;  // in Montgomery form
    std::size_t wanted_;
    SecretPages slots_pages_;
    Entry* slots_;
    Ring<Entry>::Indices indices_;
    Ring<Entry> ring_;
    Figure used_;
    Figure empty_;
};

}  // namespace tranche::aster
