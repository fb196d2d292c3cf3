#include "persist/old_values.hpp"

#include <algorithm>

#include "core/rows.hpp"
#include "persist/old_number.hpp"

namespace tranche {
namespace {

constexpr std::int64_t first_second = 978'307'200;   // 2001
constexpr std::int64_t last_second = 4'102'444'800;  // 2100
constexpr std::size_t longest_symbol = sizeof(LiquidationRow::name);

/// Bytes of the UTF-8 character that `text` begins with, 0 for none.
std::size_t character_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x20 || first == 0x7f) return 0;
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (length == 0 || first > 0xf4 || text.size() < length) return 0;
    const bool whole = std::ranges::all_of(text.substr(1, length - 1), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
    });
    return whole ? length : 0;
}

bool is_text(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace

void Fate::add(ImportOutcome outcome, std::string_view why) {
    if (outcome > outcome_) {
        // what is ignored is not changed besides
        if (outcome == ImportOutcome::ignored) why_.clear();
        outcome_ = outcome;
    }
    if (outcome < outcome_ || why_.find(why) != std::string::npos) return;
    why_.append(why_.empty() ? "" : "; ").append(why);
}

std::optional<Nanos> read_old_time(const OldRow& row, std::string_view column) {
    const auto value = row.whole(column);
    if (!value) return std::nullopt;
    if (*value >= first_second && *value < last_second) return seconds(*value);
    if (*value >= first_second * 1000 && *value < last_second * 1000) return milliseconds(*value);
    return std::nullopt;
}

std::optional<std::int64_t> read_amount(const OldRow& row, std::string_view column, Fate& fate) {
    const auto text = row.text(column);
    if (!text) return std::nullopt;
    const auto number = read_old_number(*text);
    if (!number) return std::nullopt;
    if (!number->exact) fate.change("an amount of more than eight decimals was rounded");
    return number->raw;
}

std::int64_t amount_or_zero(const OldRow& row, std::string_view column, Fate& fate) {
    const auto amount = read_amount(row, column, fate);
    if (!amount && row.text(column)) fate.change("text where an amount belongs: not known");
    return std::max<std::int64_t>(amount.value_or(0), 0);
}

std::string read_symbol(const OldRow& row, Fate& fate) {
    const auto symbol = row.text("symbol").value_or("");
    if (symbol.empty() || symbol.size() > longest_symbol || !is_text(symbol)) {
        fate.ignore("no usable symbol");
        return {};
    }
    return std::string{symbol};
}

std::optional<Side> read_side(const OldRow& row, Fate& fate) {
    const auto word = row.text("side").value_or("");
    if (word == "BUY") return Side::buy;
    if (word == "SELL") return Side::sell;
    fate.ignore("no usable side");
    return std::nullopt;
}

std::optional<PositionSide> read_position_side(std::string_view word) {
    if (word == "LONG") return PositionSide::long_side;
    if (word == "SHORT") return PositionSide::short_side;
    return std::nullopt;
}

std::string_view scalar_in(std::string_view text, std::string_view member) {
    const std::string mark = '"' + std::string{member} + '"';
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + mark.size());
    const std::size_t begin = text.find_first_not_of(": \"");
    if (begin == std::string_view::npos || text.find(':') > begin) return {};
    text.remove_prefix(begin);
    return text.substr(0, text.find_first_of("\",} "));
}

}  // namespace tranche
