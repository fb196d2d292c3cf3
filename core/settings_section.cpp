#include "core/settings_section.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace tranche {
namespace {

std::string text_of(DecimalRange range) {
    if (range.above || range.below)
        return (range.above ? "above " : "at least ") + to_text(range.least) +
               (range.below ? " and below " : " and at most ") + to_text(range.most);
    return to_text(range.least) + ".." + to_text(range.most);
}

bool inside(std::int64_t raw, DecimalRange range) {
    const bool low = range.above ? raw > range.least : raw >= range.least;
    const bool high = range.below ? raw < range.most : raw <= range.most;
    return low && high;
}

/// The position at which a number's point would stand, once the exponent is applied.
std::optional<int> exponent_of(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    constexpr int furthest = 64;
    if (exponent < -furthest || exponent > furthest) return std::nullopt;
    return exponent;
}

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::optional<std::int64_t> exact_decimal(std::string_view written) {
    const auto e = written.find_first_of("eE");
    if (e == std::string_view::npos) return parse_decimal(written);
    const auto exponent = exponent_of(written.substr(e + 1));
    if (!exponent) return std::nullopt;
    std::string_view mantissa = written.substr(0, e);
    const bool negative = mantissa.starts_with('-');
    if (negative) mantissa.remove_prefix(1);
    const auto point = mantissa.find('.');
    std::string digits{mantissa.substr(0, point)};
    auto place = static_cast<int>(digits.size()) + *exponent;
    if (point != std::string_view::npos) digits += mantissa.substr(point + 1);
    if (place <= 0) {
        digits.insert(0, static_cast<std::size_t>(1 - place), '0');
        place = 1;
    }
    if (digits.size() < static_cast<std::size_t>(place))
        digits.append(static_cast<std::size_t>(place) - digits.size(), '0');
    digits.insert(static_cast<std::size_t>(place), 1, '.');
    return parse_decimal((negative ? "-" : "") + digits);
}

std::string nearest(std::string_view word, const std::vector<std::string>& words) {
    std::string best;
    std::size_t best_distance = SIZE_MAX;
    for (const std::string& candidate : words) {
        const std::size_t changes = distance(word, candidate);
        if (changes >= best_distance) continue;
        best_distance = changes;
        best = candidate;
    }
    return best;
}

SettingsSection::SettingsSection(const JsonValue* value, std::string path, Findings& findings)
    : path_{std::move(path)}, findings_{&findings} {
    if (value == nullptr) return;
    if (value->kind != JsonKind::object) {
        findings.errors.push_back((path_.empty() ? "settings" : path_) + ": " + describe(*value) +
                                  ", expected an object");
        return;
    }
    object_ = value;
    for (auto member = members().begin(); member != members().end(); ++member) {
        const auto same = [&](const JsonMember& earlier) { return earlier.name == member->name; };
        if (std::find_if(members().begin(), member, same) != member)
            refuse(member->name, "this key stands here twice, expected once");
    }
}

const std::vector<JsonMember>& SettingsSection::members() const {
    static const std::vector<JsonMember> none;
    return object_ == nullptr ? none : object_->members;
}

const JsonValue* SettingsSection::find(std::string_view key) {
    known_.emplace_back(key);
    for (const auto& [name, value] : members())
        if (name == key) return &value;
    return nullptr;
}

bool SettingsSection::has(std::string_view key) const {
    return std::any_of(members().begin(), members().end(),
                       [&](const auto& member) { return member.name == key; });
}

void SettingsSection::read(std::string_view key, bool& target) {
    const JsonValue* value = find(key);
    if (value == nullptr) return;
    if (value->kind != JsonKind::boolean)
        return refuse(key, describe(*value) + " is not a boolean, expected true or false");
    target = value->flag;
}

void SettingsSection::read(std::string_view key, std::string& target) {
    const JsonValue* value = find(key);
    if (value == nullptr) return;
    const bool usable = value->kind == JsonKind::text && !value->text.empty() &&
                        value->text.find('\0') == std::string::npos;
    if (!usable) return refuse(key, describe(*value) + " is not usable, expected text");
    target = value->text;
}

bool SettingsSection::decimal(std::string_view key, std::int64_t& target, DecimalRange range) {
    const JsonValue* value = find(key);
    if (value == nullptr) return false;
    if (value->kind != JsonKind::number) {
        refuse(key, describe(*value) + " is not a number, expected " + text_of(range));
        return false;
    }
    const auto raw = exact_decimal(value->text);
    if (!raw) {
        refuse(key, value->text + " cannot be held exactly, expected " + text_of(range) +
                        " with at most 8 decimals");
        return false;
    }
    if (!inside(*raw, range)) {
        refuse(key, value->text + " is out of range, expected " + text_of(range));
        return false;
    }
    target = *raw;
    return true;
}

bool SettingsSection::whole(std::string_view key, std::int64_t& target, std::int64_t least,
                            std::int64_t most) {
    std::int64_t raw = 0;
    if (!decimal(key, raw, between(least, most))) return false;
    if (raw % Ratio::one != 0) {
        refuse(key, to_text(raw) + " is not a whole number, expected " + std::to_string(least) +
                        ".." + std::to_string(most));
        return false;
    }
    target = raw / Ratio::one;
    return true;
}

void SettingsSection::percent(std::string_view key, Ratio& target, DecimalRange range) {
    std::int64_t raw = 0;
    if (!decimal(key, raw, range)) return;
    constexpr std::int64_t percents = 100;
    if (raw % percents != 0)
        return refuse(key, to_text(raw) +
                               " has too many digits, a percentage has at most 6 "
                               "decimals");
    target.raw = raw / percents;
}

void SettingsSection::span(std::string_view key, Nanos& target, Nanos unit, DecimalRange range) {
    std::int64_t raw = 0;
    if (!decimal(key, raw, range)) return;
    target.count = narrow(Wide{raw} * unit.count / Ratio::one);
}

std::string SettingsSection::name(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + '.' + std::string{key};
}

void SettingsSection::refuse(std::string_view key, const std::string& problem) {
    findings_->errors.push_back(name(key) + ": " + problem);
}

void SettingsSection::warn(std::string_view key, const std::string& remark) {
    findings_->warnings.push_back(name(key) + ": " + remark);
}

void SettingsSection::finish(std::initializer_list<RetiredKey> retired) {
    for (const JsonMember& member : members()) {
        const std::string& key = member.name;
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
        const auto old = std::find_if(retired.begin(), retired.end(),
                                      [&](const RetiredKey& entry) { return entry.key == key; });
        if (old != retired.end())
            warn(key, "no longer used and ignored; " + std::string{old->advice});
        else
            refuse(key, "unknown key; did you mean \"" + nearest(key, known_) + "\"?");
    }
}

}  // namespace tranche
