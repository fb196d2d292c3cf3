#include "core/numbers.hpp"

#include <algorithm>
#include <array>

namespace tranche {
namespace {

constexpr std::size_t decimals = 8;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::int64_t> parse_decimal(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    Wide magnitude = 0;
    std::size_t digits = 0;
    std::size_t fraction = 0;
    bool in_fraction = false;
    for (const char c : text) {
        if (c == '.' && !in_fraction) {
            in_fraction = true;
            continue;
        }
        if (!is_digit(c)) return std::nullopt;
        ++digits;
        if (in_fraction && fraction == decimals) {
            if (c != '0') return std::nullopt;
            continue;
        }
        magnitude = magnitude * 10 + (c - '0');
        if (in_fraction) ++fraction;
        if (magnitude > Wide{1} << 64) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    for (; fraction < decimals; ++fraction) magnitude *= 10;
    const Wide value = negative ? -magnitude : magnitude;
    if (value < INT64_MIN || value > INT64_MAX) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

std::size_t format_decimal(std::int64_t raw, std::span<char> out) {
    require(out.size() >= decimal_capacity, "a decimal has room to be written");
    std::array<char, decimal_capacity> backwards;
    std::size_t length = 0;
    std::uint64_t rest =
        raw < 0 ? ~static_cast<std::uint64_t>(raw) + 1 : static_cast<std::uint64_t>(raw);
    bool significant = false;
    for (std::size_t place = 0; place < decimals; ++place, rest /= 10) {
        const auto digit = static_cast<char>('0' + rest % 10);
        significant = significant || digit != '0';
        if (significant) backwards[length++] = digit;
    }
    if (significant) backwards[length++] = '.';
    do {
        backwards[length++] = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (raw < 0) backwards[length++] = '-';
    std::reverse_copy(backwards.begin(), backwards.begin() + length, out.begin());
    return length;
}

std::string to_text(std::int64_t raw) {
    std::array<char, decimal_capacity> text;
    return {text.data(), format_decimal(raw, text)};
}

}  // namespace tranche
