#include "tools/exchange/params.hpp"

#include <charconv>
#include <fmt/format.h>

namespace tranche::exchange {
namespace {

int hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+') {
            decoded += ' ';
        } else if (text[at] == '%') {
            if (at + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[at + 1]);
            const int low = hex_digit(text[at + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            decoded += static_cast<char>(high * 16 + low);
            at += 2;
        } else {
            decoded += text[at];
        }
    }
    return decoded;
}

}  // namespace

std::variant<Params, Reject> Params::parse(std::string_view form) {
    Params params;
    while (!form.empty()) {
        const std::string_view pair = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(form.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        const auto name = decode(pair.substr(0, equals));
        const auto value = decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
        if (!name || !value)
            return Reject{-1100, "Illegal characters found in a parameter: bad percent escape."};
        if (params.has(*name))
            return Reject{-1101,
                          fmt::format("Duplicate values for parameter '{}' detected.", *name)};
        params.add(*name, *value);
    }
    return params;
}

Params Params::merged_with(const Params& other) const {
    Params merged = *this;
    for (const auto& [name, value] : other.values_)
        if (!has(name)) merged.add(name, value);
    return merged;
}

const std::string* Params::find(std::string_view name) const {
    for (const auto& [key, value] : values_)
        if (key == name) return &value;
    return nullptr;
}

std::string_view Params::get(std::string_view name) const {
    const std::string* value = find(name);
    return value == nullptr ? std::string_view{} : std::string_view{*value};
}

bool Params::flag(std::string_view name) const {
    const std::string_view value = get(name);
    return value == "true" || value == "TRUE";
}

std::optional<std::int64_t> Params::integer(std::string_view name) const {
    const std::string_view text = get(name);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

Reject missing(std::string_view name) {
    return {-1102, fmt::format("Mandatory parameter '{}' was not sent, was empty/null, or "
                               "malformed.",
                               name)};
}

}  // namespace tranche::exchange
