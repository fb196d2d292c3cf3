// The exchange's own decimal: prices, quantities and money as whole numbers of 1e-8. It shares
// nothing with the client's number type, so that a bug in one cannot hide a bug in the other.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tranche::exchange {

__extension__ using Wide = __int128;

/// Clamps an exact intermediate into the range of an amount: hostile numbers saturate, never wrap.
constexpr std::int64_t saturate(Wide value) {
    if (value > INT64_MAX) return INT64_MAX;
    if (value < -INT64_MAX) return -INT64_MAX;
    return static_cast<std::int64_t>(value);
}

/// A decimal with eight places. Arithmetic saturates; products and quotients go toward zero.
struct Amount {
    static constexpr std::int64_t one = 100'000'000;
    std::int64_t raw{};

    friend constexpr auto operator<=>(Amount, Amount) = default;
    friend constexpr Amount operator+(Amount a, Amount b) {
        return {saturate(Wide{a.raw} + b.raw)};
    }
    friend constexpr Amount operator-(Amount a, Amount b) {
        return {saturate(Wide{a.raw} - b.raw)};
    }
    friend constexpr Amount operator-(Amount a) { return {-a.raw}; }
    friend constexpr Amount operator*(Amount a, Amount b) {
        return {saturate(Wide{a.raw} * b.raw / one)};
    }
    friend constexpr Amount operator*(Amount a, std::int64_t times) {
        return {saturate(Wide{a.raw} * times)};
    }
    /// Toward zero; a zero divisor gives zero (the callers ask for ratios of empty things).
    friend constexpr Amount operator/(Amount a, Amount b) {
        return b.raw == 0 ? Amount{} : Amount{saturate(Wide{a.raw} * one / b.raw)};
    }
    friend constexpr Amount operator/(Amount a, std::int64_t by) { return {a.raw / by}; }
    constexpr Amount& operator+=(Amount other) { return *this = *this + other; }
    constexpr Amount& operator-=(Amount other) { return *this = *this - other; }
    [[nodiscard]] constexpr bool zero() const { return raw == 0; }
};

constexpr Amount abs(Amount value) {
    return value.raw < 0 ? -value : value;
}
constexpr Amount min(Amount a, Amount b) {
    return a < b ? a : b;
}
constexpr Amount max(Amount a, Amount b) {
    return a < b ? b : a;
}
/// A whole number of units.
constexpr Amount units(std::int64_t whole) {
    return {saturate(Wide{whole} * Amount::one)};
}

/// Largest multiple of `step` (> 0) that is not above a value ≥ 0.
constexpr Amount floor_to(Amount value, Amount step) {
    return {value.raw - value.raw % step.raw};
}
/// Smallest multiple of `step` (> 0) that is not below a value ≥ 0.
constexpr Amount ceil_to(Amount value, Amount step) {
    const Amount low = floor_to(value, step);
    return low == value ? value : low + step;
}

/// The mean price of two lots, to the nearest 1e-8 (exchange-protocol.md §10.3, weighted entry).
constexpr Amount weighted(Amount quantity_a, Amount price_a, Amount quantity_b, Amount price_b) {
    const Wide total = Wide{quantity_a.raw} + quantity_b.raw;
    if (total == 0) return {};
    const Wide cost = Wide{quantity_a.raw} * price_a.raw + Wide{quantity_b.raw} * price_b.raw;
    return {saturate((cost + total / 2) / total)};
}

enum class AmountError : std::uint8_t { none, malformed, too_precise };

/// What a decimal text says: plain digits with at most one dot and a leading minus.
struct ParsedAmount {
    Amount value;
    AmountError error{AmountError::none};
};

/// Reads a decimal of the wire. More than eight decimals (trailing zeros excepted) is too precise;
/// anything that is not a plain decimal, or beyond ±92 billion, is malformed.
ParsedAmount parse_amount(std::string_view text);

/// `parse_amount` for texts of our own: nothing on any error.
std::optional<Amount> amount(std::string_view text);

/// Shortest exact form: "0.5", "-3", "0".
std::string plain(Amount value);

/// With exactly `decimals` (0 to 8) places, toward zero.
std::string fixed(Amount value, int decimals);

/// Number of decimals that a tick or step needs.
int decimals_of(Amount step);

/// From a model value (the generator's prices and sizes are random numbers, not money).
Amount from_model(double value);

}  // namespace tranche::exchange
