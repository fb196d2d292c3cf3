// Fixed-point money: whole numbers of 1e-8, checked, exact to and from decimal text.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/require.hpp"

namespace tranche {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

/// Which way a result that does not fit its grid is moved.
enum class Rounding : std::uint8_t { down, up };

/// A decimal held as a whole number of 1e-8; the tag keeps prices, quantities and notionals apart.
/// Range ±92,233,720,368.54775807. Leaving it is a bug in sizing, so it stops the process.
template <class Tag> struct Fixed {
    static constexpr std::int64_t one = 100'000'000;
    std::int64_t raw{};

    friend constexpr auto operator<=>(Fixed, Fixed) = default;
    friend constexpr Fixed operator+(Fixed a, Fixed b) {
        Fixed sum;
        require(!__builtin_add_overflow(a.raw, b.raw, &sum.raw), "a sum fits its range");
        return sum;
    }
    friend constexpr Fixed operator-(Fixed a, Fixed b) {
        Fixed difference;
        require(!__builtin_sub_overflow(a.raw, b.raw, &difference.raw),
                "a difference fits its range");
        return difference;
    }
    constexpr Fixed operator-() const { return Fixed{} - *this; }
    constexpr Fixed& operator+=(Fixed other) { return *this = *this + other; }
    constexpr Fixed& operator-=(Fixed other) { return *this = *this - other; }
    constexpr bool positive() const { return raw > 0; }
    constexpr bool zero() const { return raw == 0; }
};

using Price = Fixed<struct PriceTag>;        // quote currency per base unit
using Quantity = Fixed<struct QuantityTag>;  // base units
using Notional = Fixed<struct NotionalTag>;  // quote currency
using Ratio = Fixed<struct RatioTag>;        // a fraction: 1 % is 0.01

/// Brings an exact wide result back into range; our sizing bug when it does not fit.
constexpr std::int64_t narrow(Wide exact, const char* fact = "a result fits its range") {
    require(exact >= INT64_MIN && exact <= INT64_MAX, fact);
    return static_cast<std::int64_t>(exact);
}

/// Moves a quotient towards zero by the rest it left.
constexpr std::int64_t rounded(std::int64_t quotient, bool rest, bool negative, Rounding rounding) {
    if (!rest) return quotient;
    if (rounding == Rounding::down) return negative ? quotient - 1 : quotient;
    return negative ? quotient : quotient + 1;
}

/// Quotient of two numbers, toward minus infinity (`down`) or plus infinity (`up`).
constexpr std::int64_t divide(std::int64_t numerator, std::int64_t denominator, Rounding rounding) {
    require(denominator > 0, "a divisor is positive");
    const std::int64_t quotient = numerator / denominator;
    return rounded(quotient, quotient * denominator != numerator, numerator < 0, rounding);
}

/// The same for an exact wide product. A division of 128 by 64 bits costs three times one of 64
/// bits, so that is taken only for what needs it.
constexpr std::int64_t divide(Wide numerator, std::int64_t denominator, Rounding rounding) {
    require(denominator > 0, "a divisor is positive");
    const bool negative = numerator < 0;
    const auto magnitude = static_cast<UnsignedWide>(negative ? -numerator : numerator);
    const auto divisor = static_cast<std::uint64_t>(denominator);
    const UnsignedWide quotient =
        magnitude >> 64 == 0 ? UnsignedWide{static_cast<std::uint64_t>(magnitude) / divisor}
                             : magnitude / divisor;
    const Wide result = static_cast<Wide>(quotient);
    return rounded(narrow(negative ? -result : result), quotient * divisor != magnitude, negative,
                   rounding);
}

/// Toward zero: an exact wide product in units of 1e-16, brought back to units of 1e-8.
constexpr std::int64_t over_one(Wide exact, const char* fact = "a result fits its range") {
    constexpr std::uint64_t one = 100'000'000;
    // 2^64 = high_whole × one + high_rest: the upper half is divided by constants too, which
    // compilers turn into multiplications; the library's 128-bit division costs ten times as much.
    constexpr std::uint64_t high_whole = UINT64_MAX / one;
    constexpr std::uint64_t high_rest = UINT64_MAX % one + 1;
    static_assert(high_rest < one);
    const bool negative = exact < 0;
    const auto magnitude = static_cast<UnsignedWide>(negative ? -exact : exact);
    const auto high = static_cast<std::uint64_t>(magnitude >> 64);
    const auto low = static_cast<std::uint64_t>(magnitude);
    require(high < one / 2, fact);
    const std::uint64_t rests = high * high_rest;
    const std::uint64_t quotient =
        high * high_whole + rests / one + low / one + (rests % one + low % one) / one;
    require(quotient <= INT64_MAX, fact);
    return negative ? -static_cast<std::int64_t>(quotient) : static_cast<std::int64_t>(quotient);
}

/// Toward zero, so a notional is never overstated. The only product two of these types have.
constexpr Notional operator*(Price price, Quantity quantity) {
    return {over_one(Wide{price.raw} * quantity.raw, "a notional fits its range")};
}

/// `value` times a fraction, rounded as asked.
template <class Tag> constexpr Fixed<Tag> scale(Fixed<Tag> value, Ratio ratio, Rounding rounding) {
    const Wide exact = Wide{value.raw} * ratio.raw;
    const std::int64_t quotient = over_one(exact);
    return {rounded(quotient, Wide{quotient} * Ratio::one != exact, exact < 0, rounding)};
}

/// Nearest multiple of `grid` at or beyond `value` in the direction asked; `grid` > 0.
template <class Tag>
constexpr Fixed<Tag> snap(Fixed<Tag> value, Fixed<Tag> grid, Rounding rounding) {
    require(grid.raw > 0, "a grid is positive");
    const std::int64_t rest = value.raw % grid.raw;
    if (rest == 0) return value;
    const Fixed<Tag> towards_zero{value.raw - rest};
    if ((rest > 0) == (rounding == Rounding::down)) return towards_zero;
    return rest > 0 ? towards_zero + grid : towards_zero - grid;
}

/// How much can be had for `notional` at `price` (> 0), rounded as asked, before any step.
constexpr Quantity quantity_for(Notional notional, Price price, Rounding rounding) {
    return {divide(Wide{notional.raw} * Price::one, price.raw, rounding)};
}

template <class Tag> constexpr Fixed<Tag> absolute(Fixed<Tag> value) {
    return value.raw < 0 ? -value : value;
}

/// Longest text `format_decimal` writes: sign, eleven digits, point, eight digits.
inline constexpr std::size_t decimal_capacity = 24;

/// Reads plain decimal text: optional sign, digits, optional point and digits. Zeroes beyond the
/// eighth decimal are accepted. Nothing comes back for empty text, exponents, spaces, a value that
/// does not fit exactly or is out of range: a decimal is never rounded on the way in.
std::optional<std::int64_t> parse_decimal(std::string_view text);

/// As `parse_decimal`, into one of the types.
template <class Number> std::optional<Number> parse_as(std::string_view text) {
    const auto raw = parse_decimal(text);
    if (!raw) return std::nullopt;
    return Number{*raw};
}

/// Writes the shortest exact decimal, without exponent and without trailing zeroes, into `out`
/// (at least `decimal_capacity` bytes); returns the number of bytes. No allocation.
std::size_t format_decimal(std::int64_t raw, std::span<char> out);

/// The same as text, for cold paths.
std::string to_text(std::int64_t raw);
template <class Tag> std::string to_text(Fixed<Tag> number) {
    return to_text(number.raw);
}

template <class A, class B>
concept addable = requires(A a, B b) {
    a + b;
};
static_assert(!addable<Price, Quantity>, "a price and a quantity do not add up");

}  // namespace tranche
