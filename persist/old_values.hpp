// Single values of the old database's rows, with what had to be done to read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "persist/old_file.hpp"
#include "persist/old_import.hpp"

namespace tranche {

/// What became of a row; the reasons are words for the report.
class Fate {
public:
    void change(std::string_view why) { add(ImportOutcome::changed, why); }
    void ignore(std::string_view why) { add(ImportOutcome::ignored, why); }
    ImportOutcome outcome() const { return outcome_; }
    const std::string& why() const { return why_; }
    bool ignored() const { return outcome_ == ImportOutcome::ignored; }

private:
    void add(ImportOutcome outcome, std::string_view why);
    ImportOutcome outcome_{};
    std::string why_;
};

/// A moment, in the unit that its size tells: the old tables mix seconds and milliseconds. Nothing
/// when it is none between 2001 and 2100.
std::optional<Nanos> read_old_time(const OldRow& row, std::string_view column);

/// An amount in 1e-8; rounding is a change. Nothing for NULL and for what is no number.
std::optional<std::int64_t> read_amount(const OldRow& row, std::string_view column, Fate& fate);
/// The same, at least 0, where 0 stands for what is not known; other text is a change.
std::int64_t amount_or_zero(const OldRow& row, std::string_view column, Fate& fate);

/// A symbol that a row of ours can carry; an empty one, and the row ignored, otherwise.
std::string read_symbol(const OldRow& row, Fate& fate);
/// BUY or SELL; the row ignored otherwise.
std::optional<Side> read_side(const OldRow& row, Fate& fate);
/// LONG or SHORT; nothing for BOTH and other words.
std::optional<PositionSide> read_position_side(std::string_view word);

/// The scalar behind `"member":` in a text that may be JSON: a hint, never a figure of money.
std::string_view scalar_in(std::string_view text, std::string_view member);

}  // namespace tranche
