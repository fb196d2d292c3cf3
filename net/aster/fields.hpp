// The members of one message, by name, as text that still lies in the frame; and how that text
// becomes numbers. Keys come in any order, so a message is collected first and understood after.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "core/numbers.hpp"

namespace tranche::aster {

/// Members we may want: every one-letter key, and the longer ones below. Case matters.
enum class Key : std::uint8_t { ap = 52, ps, ot, rp, pa, ep, up, mt, wb, cw, none = 63 };

/// A one-letter key.
constexpr Key letter(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<Key>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<Key>(c - 'a' + 26);
    return Key::none;
}

/// Longer names under which an ALGO_UPDATE brings what other reports give one letter.
inline Key long_key_at(const char* raw) {
    if (raw[0] == 'a' && raw[1] == 'i' && raw[2] == 'd' && raw[3] == '"') return letter('i');
    const bool client_id = raw[0] == 'c' && raw[1] == 'a' && raw[2] == 'i' && raw[3] == 'd';
    return client_id && raw[4] == '"' ? letter('c') : Key::none;
}

/// Key at `raw`, which points behind an opening quote; reads no further than the closing one.
inline Key key_at(const char* raw) {
    if (raw[0] == '"') return Key::none;
    if (raw[1] == '"') return letter(raw[0]);
    if (raw[2] != '"') return long_key_at(raw);
    switch (raw[0] << 8 | raw[1]) {
        case 'a' << 8 | 'p': return Key::ap;
        case 'a' << 8 | 'q': return letter('z');  // of an ALGO_UPDATE
        case 'p' << 8 | 's': return Key::ps;
        case 'o' << 8 | 't': return Key::ot;
        case 'r' << 8 | 'p': return Key::rp;
        case 'p' << 8 | 'a': return Key::pa;
        case 'e' << 8 | 'p': return Key::ep;
        case 'u' << 8 | 'p': return Key::up;
        case 'm' << 8 | 't': return Key::mt;
        case 'w' << 8 | 'b': return Key::wb;
        case 'c' << 8 | 'w': return Key::cw;
        default: return Key::none;
    }
}

/// As `parse_decimal`, quicker for what exchanges send: no sign, a value below ten thousand
/// million.
inline std::optional<std::int64_t> read_decimal(std::string_view text) {
    constexpr std::size_t decimals = 8;
    constexpr std::size_t safe_digits = 18;  // of 64 bits, point not counted
    const std::size_t point = text.find('.');
    const std::size_t whole = point == std::string_view::npos ? text.size() : point;
    const std::size_t fraction = text.size() - whole - (whole == text.size() ? 0 : 1);
    if (whole == 0 || fraction > decimals || whole + decimals > safe_digits)
        return parse_decimal(text);
    std::int64_t value = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == point) continue;
        if (text[i] < '0' || text[i] > '9') return parse_decimal(text);
        value = value * 10 + (text[i] - '0');
    }
    constexpr std::array<std::int64_t, decimals + 1> scales{
        100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
    return value * scales[fraction];
}

/// Scalars of one object. `null` counts as absent. Texts are views of the frame.
class Fields {
public:
    void clear() { present_ = quoted_ = 0; }

    /// `token`: the JSON scalar as it stands in the frame, possibly followed by blanks.
    void set(Key key, std::string_view token) {
        if (key == Key::none) return;
        while (!token.empty() && is_blank(token.back())) token.remove_suffix(1);
        if (token.size() >= 2 && token.front() == '"' && token.back() == '"')
            return set_text(key, token.substr(1, token.size() - 2));
        quoted_ &= ~bit(key);
        texts_[index(key)] = token;
        present_ = token == "null" ? present_ & ~bit(key) : present_ | bit(key);
    }

    /// Content of a string that lies elsewhere, already unescaped.
    void set_text(Key key, std::string_view content) {
        present_ |= bit(key);
        quoted_ |= bit(key);
        texts_[index(key)] = content;
    }

    bool has(Key key) const { return (present_ & bit(key)) != 0; }

    /// Content of a string; empty when absent or not a string.
    std::string_view text(Key key) const {
        return (quoted_ & bit(key)) != 0 ? texts_[index(key)] : std::string_view{};
    }
    /// Text of a number, which gateways may have put into quotes; empty when absent.
    std::string_view number(Key key) const {
        return has(key) ? texts_[index(key)] : std::string_view{};
    }
    /// True for the literal `true`.
    bool flag(Key key) const { return number(key) == "true"; }

    /// An exact decimal; false when absent or unfit: money is never defaulted, never rounded.
    template <class Number> bool exact(Key key, Number& out) const {
        const auto raw = read_decimal(number(key));
        if (!raw) return false;
        out.raw = *raw;
        return true;
    }
    /// As `exact`, and not below zero.
    template <class Number> bool amount(Key key, Number& out) const {
        return exact(key, out) && out.raw >= 0;
    }
    /// A decimal that may have more than eight decimals; cut off toward zero. Only for what never
    /// becomes a booking or an order: estimates, and averages, which are rounded quotients anyway.
    template <class Number> bool rounded(Key key, Number& out) const {
        const auto raw = round_decimal(number(key));
        if (!raw) return false;
        out.raw = *raw;
        return true;
    }
    /// A whole number.
    bool whole(Key key, std::int64_t& out) const;
    /// Milliseconds since 1970, not negative.
    bool time(Key key, Nanos& out) const;

private:
    static constexpr std::size_t index(Key key) { return static_cast<std::size_t>(key); }
    static constexpr std::uint64_t bit(Key key) { return std::uint64_t{1} << index(key); }
    static constexpr bool is_blank(char c) {
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
    }
    static std::optional<std::int64_t> round_decimal(std::string_view text);

    std::uint64_t present_{};
    std::uint64_t quoted_{};
    std::array<std::string_view, 64> texts_{};
};

/// Whether `price` times `quantity` is a notional we can hold; the exchange's claim is checked
/// here, so that the engine may multiply without asking.
inline bool product_fits(Price price, Quantity quantity) {
    constexpr Wide most = Wide{INT64_MAX} * Price::one;  // no division: that costs 30 ns
    const Wide product = Wide{price.raw} * quantity.raw;
    return product <= most && product >= -most;
}

}  // namespace tranche::aster
