#include "net/aster/keccak.hpp"

#include <bit>
#include <cstring>

namespace tranche::aster {
namespace {

using Lanes = std::array<std::uint64_t, 25>;  // the 5 × 5 lanes of the state, row by row

constexpr std::size_t rate = 136;  // bytes a permutation takes in, for 256 bits of output
constexpr std::size_t rate_lanes = rate / 8;

constexpr std::array<std::uint64_t, 24> round_constants{
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

/// The non-linear step for one row of the new state.
[[gnu::always_inline]] inline void chi(std::uint64_t* row, std::uint64_t a, std::uint64_t b,
                                       std::uint64_t c, std::uint64_t d, std::uint64_t e) {
    row[0] = a ^ (~b & c);
    row[1] = b ^ (~c & d);
    row[2] = c ^ (~d & e);
    row[3] = d ^ (~e & a);
    row[4] = e ^ (~a & b);
}

/// One round: theta, rho and pi read `from`, chi and iota write `to`; no lane is moved in between.
/// Source: FIPS 202, §3.2.
[[gnu::always_inline]] inline void round(const Lanes& from, Lanes& to, std::uint64_t constant) {
    const std::uint64_t c0 = from[0] ^ from[5] ^ from[10] ^ from[15] ^ from[20];
    const std::uint64_t c1 = from[1] ^ from[6] ^ from[11] ^ from[16] ^ from[21];
    const std::uint64_t c2 = from[2] ^ from[7] ^ from[12] ^ from[17] ^ from[22];
    const std::uint64_t c3 = from[3] ^ from[8] ^ from[13] ^ from[18] ^ from[23];
    const std::uint64_t c4 = from[4] ^ from[9] ^ from[14] ^ from[19] ^ from[24];
    const std::uint64_t d0 = c4 ^ std::rotl(c1, 1);
    const std::uint64_t d1 = c0 ^ std::rotl(c2, 1);
    const std::uint64_t d2 = c1 ^ std::rotl(c3, 1);
    const std::uint64_t d3 = c2 ^ std::rotl(c4, 1);
    const std::uint64_t d4 = c3 ^ std::rotl(c0, 1);
    chi(&to[0], from[0] ^ d0, std::rotl(from[6] ^ d1, 44), std::rotl(from[12] ^ d2, 43),
        std::rotl(from[18] ^ d3, 21), std::rotl(from[24] ^ d4, 14));
    to[0] ^= constant;
    chi(&to[5], std::rotl(from[3] ^ d3, 28), std::rotl(from[9] ^ d4, 20),
        std::rotl(from[10] ^ d0, 3), std::rotl(from[16] ^ d1, 45), std::rotl(from[22] ^ d2, 61));
    chi(&to[10], std::rotl(from[1] ^ d1, 1), std::rotl(from[7] ^ d2, 6),
        std::rotl(from[13] ^ d3, 25), std::rotl(from[19] ^ d4, 8), std::rotl(from[20] ^ d0, 18));
    chi(&to[15], std::rotl(from[4] ^ d4, 27), std::rotl(from[5] ^ d0, 36),
        std::rotl(from[11] ^ d1, 10), std::rotl(from[17] ^ d2, 15), std::rotl(from[23] ^ d3, 56));
    chi(&to[20], std::rotl(from[2] ^ d2, 62), std::rotl(from[8] ^ d3, 55),
        std::rotl(from[14] ^ d4, 39), std::rotl(from[15] ^ d0, 41), std::rotl(from[21] ^ d1, 2));
}

void permute(Lanes& lanes) {
    Lanes other;
    for (std::size_t i = 0; i < round_constants.size(); i += 2) {
        round(lanes, other, round_constants[i]);
        round(other, lanes, round_constants[i + 1]);
    }
}

void absorb(Lanes& lanes, const char* block) {
    static_assert(std::endian::native == std::endian::little);  // as Keccak counts its bytes
    for (std::size_t i = 0; i < rate_lanes; ++i) {
        std::uint64_t lane{};
        std::memcpy(&lane, block + 8 * i, sizeof lane);
        lanes[i] ^= lane;
    }
    permute(lanes);
}

}  // namespace

Hash keccak256(std::string_view bytes) {
    Lanes lanes{};
    for (; bytes.size() >= rate; bytes.remove_prefix(rate)) absorb(lanes, bytes.data());
    std::array<char, rate> last{};
    bytes.copy(last.data(), bytes.size());
    last[bytes.size()] = 0x01;
    last[rate - 1] = static_cast<char>(last[rate - 1] | static_cast<char>(0x80));
    absorb(lanes, last.data());
    Hash hash;
    std::memcpy(hash.data(), lanes.data(), hash.size());
    return hash;
}

}  // namespace tranche::aster
