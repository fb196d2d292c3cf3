// One object of the settings file, read key by key: every problem becomes a line, none stops the
// reading, and what nobody asked for is an unknown key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/numbers.hpp"
#include "core/settings_json.hpp"

namespace tranche {

/// What was found: errors refuse the file, warnings are shown.
struct Findings {
    std::vector<std::string> errors;
    std::vector<std::string> warnings;
};

/// Which decimals are allowed, in 1e-8; `above` and `below` leave the end itself out.
struct DecimalRange {
    std::int64_t least;
    std::int64_t most;
    bool above{};
    bool below{};
};

/// A range given in whole units.
constexpr DecimalRange between(std::int64_t least, std::int64_t most) {
    return {least * Ratio::one, most * Ratio::one, false, false};
}
/// As `between`, without the lower end.
constexpr DecimalRange above(std::int64_t least, std::int64_t most) {
    return {least * Ratio::one, most * Ratio::one, true, false};
}

/// A key that old versions wrote and that has no effect any more.
struct RetiredKey {
    std::string_view key;
    std::string_view advice;
};

/// Reads the members of one object. A key that is absent leaves its target alone, a bad one
/// leaves it alone and adds an error line `path.key: value, what was expected`.
class SettingsSection {
public:
    /// `value` null for a section that is absent; a value that is no object is an error.
    SettingsSection(const JsonValue* value, std::string path, Findings& findings);

    /// The member, or null. Each reader below goes through it: a key that was asked for is known.
    const JsonValue* find(std::string_view key);

    bool has(std::string_view key) const;

    void read(std::string_view key, bool& target);
    /// Text that may not be empty.
    void read(std::string_view key, std::string& target);
    /// A whole number in [least, most]; 60.0 is one.
    template <class Whole>
    void read(std::string_view key, Whole& target, std::int64_t least, std::int64_t most) {
        std::int64_t raw = 0;
        if (whole(key, raw, least, most)) target = static_cast<Whole>(raw);
    }
    /// A decimal in 1e-8, exact.
    bool decimal(std::string_view key, std::int64_t& target, DecimalRange range);
    template <class Tag> void read(std::string_view key, Fixed<Tag>& target, DecimalRange range) {
        decimal(key, target.raw, range);
    }
    /// A percent number, kept as a fraction: 0.1 becomes exactly 0.001.
    void percent(std::string_view key, Ratio& target, DecimalRange range);
    /// A span given in `unit`s.
    void span(std::string_view key, Nanos& target, Nanos unit, DecimalRange range);
    /// One of a few words.
    template <class Enum>
    void choice(std::string_view key, Enum& target,
                std::initializer_list<std::pair<std::string_view, Enum>> words) {
        const JsonValue* value = find(key);
        if (value == nullptr) return;
        std::string expected;
        for (const auto& [word, meaning] : words) {
            if (value->kind == JsonKind::text && value->text == word) {
                target = meaning;
                return;
            }
            expected += (expected.empty() ? "" : ", ") + std::string{word};
        }
        refuse(key, describe(*value) + " is not one of " + expected);
    }

    /// Adds an error or a warning about `key`.
    void refuse(std::string_view key, const std::string& problem);
    void warn(std::string_view key, const std::string& remark);

    /// Warns of `retired` keys and refuses every other key that was never asked for.
    void finish(std::initializer_list<RetiredKey> retired = {});

    const std::string& path() const { return path_; }
    const std::vector<JsonMember>& members() const;

private:
    bool whole(std::string_view key, std::int64_t& target, std::int64_t least, std::int64_t most);
    std::string name(std::string_view key) const;

    const JsonValue* object_{};
    std::string path_;
    Findings* findings_;
    std::vector<std::string> known_;
};

/// Exact 1e-8 of a JSON number's text, exponents included; nothing when it does not fit.
std::optional<std::int64_t> exact_decimal(std::string_view written);

/// The one of `words` with the fewest changed characters (Levenshtein); empty for no words.
std::string nearest(std::string_view word, const std::vector<std::string>& words);

}  // namespace tranche
