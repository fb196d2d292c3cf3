// Spreads the bits of a key over a hash.
#pragma once

#include <cstdint>

namespace tranche {

/// The finaliser of MurmurHash3 (Appleby): every bit of the value moves every bit of the result.
constexpr std::uint64_t mix(std::uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdU;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53U;
    return value ^ value >> 33;
}

}  // namespace tranche
