// A JSON document as a tree with the exact text of its numbers. Cold paths only: it allocates.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/numbers.hpp"
#include "core/result.hpp"

namespace tranche::aster {

/// One value; members and elements in the order of the document.
struct Json {
    enum class Kind : std::uint8_t { null, boolean, number, text, array, object };

    Kind kind{};
    std::string name;  // as a member: its key
    std::string text;  // of text (unescaped), number and boolean: as written
    std::vector<Json> items;

    bool is_object() const { return kind == Kind::object; }
    bool is_array() const { return kind == Kind::array; }

    /// Member of that name, null when there is none.
    const Json* find(std::string_view member) const;
    /// Text of a member, quoted or not; empty when absent, null, or no scalar.
    std::string_view text_of(std::string_view member) const;
    /// A boolean member, which may be quoted.
    std::optional<bool> flag(std::string_view member) const;
    std::optional<std::int64_t> whole(std::string_view member) const;
    /// An exact decimal.
    template <class Number> std::optional<Number> exact(std::string_view member) const {
        return parse_as<Number>(text_of(member));
    }
    /// A decimal cut to eight decimals, toward zero; for estimates and averages only.
    template <class Number> std::optional<Number> rounded(std::string_view member) const {
        std::string_view digits = text_of(member);
        const std::size_t point = digits.find('.');
        if (point != std::string_view::npos) digits = digits.substr(0, point + 9);
        return parse_as<Number>(digits);
    }
};

/// Errors (bad_data): where it is no JSON, or nested deeper than any answer of an exchange.
Result<Json> parse_json(std::string_view text);

}  // namespace tranche::aster
