#include "net/aster/scalar.hpp"

#include <cstring>
#include <type_traits>

namespace tranche::aster {
namespace {

using Words = std::array<std::uint64_t, 4>;

constexpr const Words& order = group_order;

/// (n − 1) / 2: what is more than this is high.
constexpr Words half_order{0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff,
                           0x7fffffffffffffff};

/// −n⁻¹ modulo 2⁶⁴, by Newton: each step doubles the number of right bits.
constexpr std::uint64_t order_inverse = [] {
    std::uint64_t inverse = 1;
    for (int step = 0; step < 6; ++step) inverse *= 2 - order[0] * inverse;
    return 0 - inverse;
}();
static_assert(order[0] * order_inverse + 1 == 0);

constexpr std::uint64_t low(UnsignedWide wide) {
    return static_cast<std::uint64_t>(wide);
}
constexpr std::uint64_t high(UnsignedWide wide) {
    return static_cast<std::uint64_t>(wide >> 64);
}

/// a − b into `difference`; 1 when that is negative.
constexpr std::uint64_t subtract(const Words& a, const Words& b, Words& difference) {
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const UnsignedWide wide = UnsignedWide{a[i]} - b[i] - borrow;
        difference[i] = low(wide);
        borrow = high(wide) & 1;
    }
    return borrow;
}

constexpr Words choose(std::uint64_t mask, const Words& a, const Words& b) {
    // Keeps the compiler from seeing that the mask has two values only and branching on it.
    if (!std::is_constant_evaluated()) asm("" : "+r"(mask));
    Words result{};
    for (std::size_t i = 0; i < 4; ++i) result[i] = (a[i] & mask) | (b[i] & ~mask);
    return result;
}

/// `number` + 2²⁵⁶ · `above`, less than twice the order, brought below it.
constexpr Scalar reduced(const Words& number, std::uint64_t above) {
    Words less{};
    const std::uint64_t borrow = subtract(number, order, less);
    // Below the order already: the subtraction borrowed and nothing above paid for it.
    const std::uint64_t below = borrow & (above ^ 1);
    return {choose(0 - below, number, less)};
}

/// 2⁵¹² modulo n: 1 doubled 512 times.
constexpr Scalar two_to_512 = [] {
    Scalar power{{1, 0, 0, 0}};
    for (int i = 0; i < 512; ++i) {
        Words doubled{};
        std::uint64_t carry = 0;
        for (std::size_t word = 0; word < 4; ++word) {
            doubled[word] = power.words[word] << 1 | carry;
            carry = power.words[word] >> 63;
        }
        power = reduced(doubled, carry);
    }
    return power;
}();

}  // namespace

Scalar scalar_from(const Hash& bytes) {
    Words words;
    for (std::size_t i = 0; i < 4; ++i) {
        std::uint64_t word{};
        std::memcpy(&word, bytes.data() + 8 * (3 - i), sizeof word);
        words[i] = __builtin_bswap64(word);
    }
    return reduced(words, 0);
}

Hash bytes_of(const Scalar& number) {
    Hash bytes;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::uint64_t word = __builtin_bswap64(number.words[i]);
        std::memcpy(bytes.data() + 8 * (3 - i), &word, sizeof word);
    }
    return bytes;
}

Scalar sum(const Scalar& a, const Scalar& b) {
    Words total;
    UnsignedWide wide = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        wide = UnsignedWide{a.words[i]} + b.words[i] + high(wide);
        total[i] = low(wide);
    }
    return reduced(total, high(wide));
}

Scalar negative(const Scalar& a) {
    Words difference;
    subtract(order, a.words, difference);
    return reduced(difference, 0);  // n − 0 is n
}

Scalar montgomery_product(const Scalar& a, const Scalar& b) {
    std::array<std::uint64_t, 5> total{};
    for (const std::uint64_t factor : b.words) {
        UnsignedWide wide = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            wide = UnsignedWide{a.words[i]} * factor + total[i] + high(wide);
            total[i] = low(wide);
        }
        wide = UnsignedWide{total[4]} + high(wide);
        const std::uint64_t above = high(wide);
        total[4] = low(wide);
        // The multiple of n that clears the lowest word, which is then shifted out.
        const std::uint64_t multiple = total[0] * order_inverse;
        wide = UnsignedWide{multiple} * order[0] + total[0];
        for (std::size_t i = 1; i < 4; ++i) {
            wide = UnsignedWide{multiple} * order[i] + total[i] + high(wide);
            total[i - 1] = low(wide);
        }
        wide = UnsignedWide{total[4]} + high(wide);
        total[3] = low(wide);
        total[4] = above + high(wide);
    }
    return reduced({total[0], total[1], total[2], total[3]}, total[4]);
}

Scalar to_montgomery(const Scalar& a) {
    return montgomery_product(a, two_to_512);
}

Scalar montgomery_inverse(const Scalar& a) {
    Words exponent = order;
    exponent[0] -= 2;
    const Scalar base = to_montgomery(a);
    Scalar power = to_montgomery({{1, 0, 0, 0}});
    for (std::size_t bit = 256; bit-- > 0;) {
        power = montgomery_product(power, power);
        // The exponent is public: its bits may decide what is done.
        if ((exponent[bit / 64] >> (bit % 64) & 1) != 0) power = montgomery_product(power, base);
    }
    return power;
}

std::uint64_t high_mask(const Scalar& a) {
    Words difference;
    return 0 - subtract(half_order, a.words, difference);
}

Scalar chosen(std::uint64_t mask, const Scalar& a, const Scalar& b) {
    return {choose(mask, a.words, b.words)};
}

}  // namespace tranche::aster
