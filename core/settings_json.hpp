// JSON as a small tree that keeps each number's own text, so that a decimal is never rounded on
// its way into a setting. For settings only: it allocates and is not fast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tranche {

enum class JsonKind : std::uint8_t { null, boolean, number, text, list, object };

struct JsonMember;

/// One value. Which member means anything depends on `kind`.
struct JsonValue {
    JsonKind kind{JsonKind::null};
    bool flag{};
    std::string text;  // of a string, or a number's digits as they were written
    std::vector<JsonValue> items;
    std::vector<JsonMember> members;  // in order, duplicates included
};

/// One name and value of an object.
struct JsonMember {
    std::string name;
    JsonValue value;
};

/// Deeper nesting than any settings file needs is refused.
inline constexpr std::size_t max_json_depth = 16;

/// Reads one JSON document.
/// Errors (kind `settings`): what is wrong and where, as line:column counted from 1.
Result<JsonValue> parse_json(std::string_view json);

/// A value for a message: numbers as written, text in quotes, cut when long.
std::string describe(const JsonValue& value);

}  // namespace tranche
