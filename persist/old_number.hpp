// Numbers of the old bot's database: 8-byte binary fractions, as SQLite writes them with 15 digits.
// Nearest decimal text is what the bot once read from the exchange, so it is the text we keep.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tranche {

struct OldNumber {
    std::int64_t raw{};  // whole numbers of 1e-8
    bool exact{true};    // false: it had more than eight decimals and was rounded to nearest
};

/// Reads a decimal with an optional exponent. Nothing for other text, or when it does not fit.
std::optional<OldNumber> read_old_number(std::string_view text);

}  // namespace tranche
