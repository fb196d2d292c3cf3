// Keccak-256 with the original padding, which NIST's SHA3-256 is not. Written here because a
// signature hashes four blocks: Crypto++ takes 1.4 µs for them, this half of that
// (bench/sign_bench), and neither allocates.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tranche::aster {

using Hash = std::array<std::uint8_t, 32>;

/// Keccak-256 of any bytes.
Hash keccak256(std::string_view bytes);

}  // namespace tranche::aster
