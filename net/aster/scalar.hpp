// Arithmetic modulo the order of secp256k1's group, for signatures. Every function takes the same
// time for every value: no branch and no address depends on a number.
#pragma once

#include <array>
#include <cstdint>

#include "core/numbers.hpp"
#include "net/aster/keccak.hpp"

namespace tranche::aster {

/// A number below the order; `words[0]` is the least significant.
struct Scalar {
    std::array<std::uint64_t, 4> words{};

    friend constexpr bool operator==(const Scalar&, const Scalar&) = default;
};

/// FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFE BAAEDCE6 AF48A03B BFD25E8C D0364141
inline constexpr std::array<std::uint64_t, 4> group_order{0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
                                                          0xfffffffffffffffe, 0xffffffffffffffff};

/// Big-endian bytes, reduced once: any 256-bit number is less than twice the order.
Scalar scalar_from(const Hash& bytes);
/// Big-endian bytes.
Hash bytes_of(const Scalar& number);

/// a + b.
Scalar sum(const Scalar& a, const Scalar& b);
/// −a; the negative of 0 is 0.
Scalar negative(const Scalar& a);
/// a · b / 2²⁵⁶: the only multiplication there is (Montgomery). With a number in Montgomery form on
/// one side (`to_montgomery`) it is the plain product.
Scalar montgomery_product(const Scalar& a, const Scalar& b);
/// a · 2²⁵⁶.
Scalar to_montgomery(const Scalar& a);
/// a⁻¹ · 2²⁵⁶ of a plain `a`, by Fermat; of 0 it is 0. About 450 multiplications.
Scalar montgomery_inverse(const Scalar& a);

/// All ones where `a` is more than half the order, else zero: the signature's s is then negated.
std::uint64_t high_mask(const Scalar& a);
/// `mask` ? a : b, where the mask is all ones or zero.
Scalar chosen(std::uint64_t mask, const Scalar& a, const Scalar& b);

}  // namespace tranche::aster
