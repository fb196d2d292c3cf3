// Spreads the bits of a key over a hash.
#pragma once

#include <cstdint>

#include "core/numbers.hpp"

namespace tranche {

/// The finaliser of MurmurHash3 (Appleby): every bit of the value moves every bit of the result.
constexpr std::uint64_t mix(std::uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdU;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53U;
    return value ^ value >> 33;
}

/// Two words into one by a single wide multiplication, both halves of the product used (Wang Yi,
/// wyhash): a third of the time of two mixes in a row.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const UnsignedWide product = UnsignedWide{a ^ 0x2d358dccaa6c78a5U} * (b ^ 0x8bb84b93962eacc9U);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace tranche
