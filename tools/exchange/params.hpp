// Request parameters as the venue reads them: a form text, percent-decoded, each name once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tools/exchange/order.hpp"

namespace tranche::exchange {

/// Names with values in order of arrival.
class Params {
public:
    /// Splits `a=b&c=d`. Refuses bad percent escapes (-1100) and repeated names (-1101).
    static std::variant<Params, Reject> parse(std::string_view form);

    void add(std::string name, std::string value) {
        values_.emplace_back(std::move(name), std::move(value));
    }
    /// These and those names of `other` that are not among them.
    [[nodiscard]] Params merged_with(const Params& other) const;
    /// Null if it was not sent.
    [[nodiscard]] const std::string* find(std::string_view name) const;
    /// Empty if it was not sent.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
    /// "true" or "TRUE".
    [[nodiscard]] bool flag(std::string_view name) const;
    /// A whole number; nothing if absent or malformed.
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> values_;
};

/// -1102 for the named parameter.
Reject missing(std::string_view name);

}  // namespace tranche::exchange
