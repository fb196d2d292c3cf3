#include "net/aster/exchange_info.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "net/aster/json.hpp"

namespace tranche::aster {
namespace {

constexpr std::size_t most_symbols = 4096;
constexpr std::uint16_t usual_conditional_limit = 10;  // recorded live, exchange-protocol.md §0.1

/// A bound or grid: absent is 0, which means "off". False when it is there and cannot be read.
template <class Number> bool read(const Json& filter, std::string_view member, Number& out) {
    const std::string_view text = filter.text_of(member);
    if (text.empty()) return true;
    const auto value = parse_as<Number>(text);
    if (!value || value->raw < 0) return false;
    out = *value;
    return true;
}

/// An upper bound beyond what we can hold cannot be broken by us, so it is off.
template <class Number> bool read_upper(const Json& filter, std::string_view member, Number& out) {
    const std::string_view text = filter.text_of(member);
    const std::size_t whole_digits = text.substr(0, text.find('.')).size();
    const bool digits = text.find_first_not_of("0123456789.") == std::string_view::npos;
    if (digits && whole_digits > 11) return true;
    return read(filter, member, out) || (digits && whole_digits == 11);
}

bool read_count(const Json& filter, std::uint16_t& out) {
    const auto limit = filter.whole("limit");
    if (!limit || *limit < 0) return false;
    out = static_cast<std::uint16_t>(std::min<std::int64_t>(*limit, UINT16_MAX));
    return true;
}

/// False when the filter says something that cannot be obeyed.
bool apply(const Json& filter, SymbolRules& rules) {
    const std::string_view type = filter.text_of("filterType");
    if (type == "PRICE_FILTER")
        return read(filter, "tickSize", rules.tick) && read(filter, "minPrice", rules.min_price) &&
               read_upper(filter, "maxPrice", rules.max_price);
    if (type == "LOT_SIZE")
        return read(filter, "stepSize", rules.step) && read(filter, "minQty", rules.min_quantity) &&
               read_upper(filter, "maxQty", rules.max_quantity);
    if (type == "MARKET_LOT_SIZE")
        return read(filter, "stepSize", rules.market_step) &&
               read(filter, "minQty", rules.market_min_quantity) &&
               read_upper(filter, "maxQty", rules.market_max_quantity);
    if (type == "MAX_NUM_ORDERS") return read_count(filter, rules.max_orders);
    if (type == "MAX_NUM_ALGO_ORDERS") return read_count(filter, rules.max_conditional_orders);
    if (type == "MIN_NOTIONAL") return read(filter, "notional", rules.min_notional);
    if (type == "PERCENT_PRICE")
        return read(filter, "multiplierUp", rules.multiplier_up) &&
               read(filter, "multiplierDown", rules.multiplier_down);
    return true;
}

SymbolRules rules_of(const Json& symbol) {
    SymbolRules rules;
    rules.name = symbol.text_of("symbol");
    rules.max_conditional_orders = usual_conditional_limit;
    bool usable = true;
    if (const Json* filters = symbol.find("filters"))
        for (const Json& filter : filters->items) usable = apply(filter, rules) && usable;
    rules.trading = usable && symbol.text_of("status") == "TRADING" && rules.tick.positive() &&
                    rules.step.positive();
    return rules;
}

std::vector<SymbolRules> all_rules(const Json& symbols) {
    std::vector<SymbolRules> all;
    std::set<std::string, std::less<>> seen;
    for (const Json& symbol : symbols.items) {
        const std::string_view name = symbol.text_of("symbol");
        if (name.empty() || name.size() > max_symbol_name) continue;
        if (seen.emplace(name).second) all.push_back(rules_of(symbol));
    }
    return all;
}

/// Brings the configured ones to the front; returns the names that are not there.
std::vector<std::string> arrange(std::vector<SymbolRules>& all,
                                 std::span<const std::string> configured) {
    std::vector<std::string> missing;
    auto place = all.begin();
    for (const std::string& name : configured) {
        const auto found = std::find_if(
            place, all.end(), [&](const SymbolRules& rules) { return rules.name == name; });
        if (found == all.end()) {
            missing.push_back(name);
            continue;
        }
        std::rotate(place, found, found + 1);
        ++place;
    }
    return missing;
}

/// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t swap = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({swap, diagonal + 1, row[j] + 1});
        }
    }
    return row[b.size()];
}

std::string nearest(std::string_view name, const std::vector<SymbolRules>& all) {
    const auto closer = [&](const SymbolRules& a, const SymbolRules& b) {
        return distance(name, a.name) < distance(name, b.name);
    };
    const auto found = std::min_element(all.begin(), all.end(), closer);
    return found == all.end() ? std::string{} : found->name;
}

Error missing_error(const std::vector<std::string>& missing, const std::vector<SymbolRules>& all) {
    Error error{ErrorKind::settings, {}};
    for (const std::string& name : missing) {
        if (!error.message.empty()) error.message += '\n';
        error.message += "symbols." + name + ": the exchange does not list it";
        const std::string near = nearest(name, all);
        if (!near.empty()) error.message += "; did you mean \"" + near + "\"?";
    }
    return error;
}

Nanos interval_of(const Json& limit) {
    const std::string_view unit = limit.text_of("interval");
    const auto count = limit.whole("intervalNum").value_or(0);
    if (count < 1 || count > 1'000) return {};
    if (unit == "SECOND") return seconds(count);
    if (unit == "MINUTE") return seconds(count * 60);
    if (unit == "HOUR") return seconds(count * 3'600);
    if (unit == "DAY") return seconds(count * 86'400);
    return {};
}

std::vector<RateLimit> limits_of(const Json* list) {
    std::vector<RateLimit> limits;
    if (list == nullptr) return limits;
    for (const Json& entry : list->items) {
        const std::string_view type = entry.text_of("rateLimitType");
        const auto limit = entry.whole("limit").value_or(0);
        const Nanos interval = interval_of(entry);
        const bool known = type == "REQUEST_WEIGHT" || type == "ORDERS";
        if (!known || limit < 1 || limit > UINT32_MAX || interval.count == 0) continue;
        if (limits.size() == RateBudget::capacity) break;
        limits.push_back({type == "ORDERS" ? RateUnit::orders : RateUnit::weight, interval,
                          static_cast<std::uint32_t>(limit)});
    }
    return limits;
}

}  // namespace

Result<ExchangeInfo> read_exchange_info(std::string_view body,
                                        std::span<const std::string> configured) {
    const auto document = parse_json(body);
    if (!document) return Error{ErrorKind::bad_data, "exchangeInfo: " + document.error().message};
    return read_exchange_info(document.value(), configured);
}

Result<ExchangeInfo> read_exchange_info(const Json& document,
                                        std::span<const std::string> configured) {
    const Json* symbols = document.find("symbols");
    if (symbols == nullptr || !symbols->is_array())
        return Error{ErrorKind::bad_data,
                     "exchangeInfo has no list \"symbols\"; is the REST address that of a futures "
                     "exchange?"};
    ExchangeInfo info;
    info.symbols = all_rules(*symbols);
    if (info.symbols.size() > most_symbols)
        return Error{ErrorKind::bad_data, "exchangeInfo lists " +
                                              std::to_string(info.symbols.size()) +
                                              " symbols; at most 4096 are supported"};
    const auto missing = arrange(info.symbols, configured);
    if (!missing.empty()) return missing_error(missing, info.symbols);
    info.configured = configured.size();
    info.limits = limits_of(document.find("rateLimits"));
    return info;
}

}  // namespace tranche::aster
