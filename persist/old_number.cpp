#include "persist/old_number.hpp"

#include <charconv>

#include "core/numbers.hpp"

namespace tranche {
namespace {

constexpr int decimals = 8;
constexpr int most_digits = 20;  // SQLite writes 15

/// `digits` × 10^`exponent`, both as written.
struct Scientific {
    Wide digits{};
    int count{};
    int exponent{};
};

std::optional<int> read_exponent(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (exponent < -400 || exponent > 400) return std::nullopt;
    return exponent;
}

std::optional<Scientific> read_digits(std::string_view text) {
    Scientific number;
    bool fraction = false;
    bool any = false;
    for (const char c : text) {
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (c < '0' || c > '9') return std::nullopt;
        any = true;
        if (number.digits != 0) ++number.count;
        if (number.digits == 0 && c != '0') number.count = 1;
        if (number.count > most_digits) return std::nullopt;
        number.digits = number.digits * 10 + (c - '0');
        if (fraction) --number.exponent;
    }
    if (!any) return std::nullopt;
    return number;
}

}  // namespace

std::optional<OldNumber> read_old_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const std::size_t mark = text.find_first_of("eE");
    auto number = read_digits(text.substr(0, mark));
    if (!number) return std::nullopt;
    if (mark != std::string_view::npos) {
        const auto exponent = read_exponent(text.substr(mark + 1));
        if (!exponent) return std::nullopt;
        number->exponent += *exponent;
    }
    OldNumber result;
    Wide value = number->digits;
    int shift = number->exponent + decimals;
    for (; shift > 0 && value != 0; --shift) {
        value *= 10;
        if (value > INT64_MAX) return std::nullopt;
    }
    Wide divisor = 1;
    for (; shift < 0 && divisor <= value * 10; ++shift) divisor *= 10;
    if (divisor > 1) {
        result.exact = value % divisor == 0;
        value = (value + divisor / 2) / divisor;
    }
    if (value > INT64_MAX) return std::nullopt;
    result.raw = static_cast<std::int64_t>(negative ? -value : value);
    return result;
}

}  // namespace tranche
