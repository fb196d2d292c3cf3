#include "tools/exchange/amount.hpp"

#include <cmath>
#include <fmt/format.h>

namespace tranche::exchange {

ParsedAmount parse_amount(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    if (text.empty() || text == "." || text.size() > 40)
        return {.value = {}, .error = AmountError::malformed};
    Wide value = 0;
    int decimals = -1;
    bool too_precise = false;
    for (const char letter : text) {
        if (letter == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (letter < '0' || letter > '9') return {.value = {}, .error = AmountError::malformed};
        if (decimals == 8) {
            too_precise |= letter != '0';
            continue;
        }
        value = value * 10 + (letter - '0');
        if (decimals >= 0) ++decimals;
        if (value > INT64_MAX) return {.value = {}, .error = AmountError::malformed};
    }
    if (too_precise) return {.value = {}, .error = AmountError::too_precise};
    for (int place = decimals < 0 ? 0 : decimals; place < 8; ++place) value *= 10;
    if (value > INT64_MAX) return {.value = {}, .error = AmountError::malformed};
    const auto raw = static_cast<std::int64_t>(value);
    return {.value = {negative ? -raw : raw}, .error = AmountError::none};
}

std::optional<Amount> amount(std::string_view text) {
    const ParsedAmount parsed = parse_amount(text);
    if (parsed.error != AmountError::none) return std::nullopt;
    return parsed.value;
}

std::string fixed(Amount value, int decimals) {
    const Amount size = abs(value);
    std::string text = fmt::format("{}.{:08}", size.raw / Amount::one, size.raw % Amount::one);
    text.resize(text.size() - static_cast<std::size_t>(8 - decimals));
    if (text.back() == '.') text.pop_back();
    const bool nonzero = text.find_first_not_of("0.") != std::string::npos;
    return value.raw < 0 && nonzero ? "-" + text : text;
}

int decimals_of(Amount step) {
    int decimals = 8;
    std::int64_t raw = step.raw;
    while (decimals > 0 && raw % 10 == 0) {
        raw /= 10;
        --decimals;
    }
    return decimals;
}

std::string plain(Amount value) {
    return value.zero() ? "0" : fixed(value, decimals_of(value));
}

Amount from_model(double value) {
    const double raw = std::round(value * static_cast<double>(Amount::one));
    if (!(raw > -9e18)) return {-INT64_MAX};
    if (raw > 9e18) return {INT64_MAX};
    return {static_cast<std::int64_t>(raw)};
}

}  // namespace tranche::exchange
