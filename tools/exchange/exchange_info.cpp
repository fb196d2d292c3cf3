// Reads an exchangeInfo recorded by others into rules that the order checks can use.
#include <nlohmann/json.hpp>

#include "tools/exchange/rules.hpp"

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;

/// A decimal written as text or number; zero (filter part off) when absent or unreadable.
Amount decimal(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return {};
    if (found->is_string()) return amount(found->get_ref<const std::string&>()).value_or(Amount{});
    if (found->is_number_integer()) return units(found->get<std::int64_t>());
    return {};
}

std::string text(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t limit_of(const Json& filter, std::int64_t fallback) {
    const auto found = filter.find("limit");
    return found != filter.end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                               : fallback;
}

void apply_filter(const Json& filter, SymbolRules& rules) {
    const std::string type = text(filter, "filterType");
    if (type == "PRICE_FILTER") {
        rules.tick = decimal(filter, "tickSize");
        rules.min_price = decimal(filter, "minPrice");
        rules.max_price = decimal(filter, "maxPrice");
    } else if (type == "LOT_SIZE") {
        rules.step = decimal(filter, "stepSize");
        rules.min_quantity = decimal(filter, "minQty");
        rules.max_quantity = decimal(filter, "maxQty");
    } else if (type == "MARKET_LOT_SIZE") {
        rules.market_step = decimal(filter, "stepSize");
        rules.market_min_quantity = decimal(filter, "minQty");
        rules.market_max_quantity = decimal(filter, "maxQty");
    } else if (type == "MAX_NUM_ORDERS") {
        rules.max_orders = limit_of(filter, rules.max_orders);
    } else if (type == "MAX_NUM_ALGO_ORDERS") {
        rules.max_algo_orders = limit_of(filter, rules.max_algo_orders);
    } else if (type == "MIN_NOTIONAL") {
        rules.min_notional = decimal(filter, "notional");
    } else if (type == "PERCENT_PRICE") {
        rules.multiplier_up = decimal(filter, "multiplierUp");
        rules.multiplier_down = decimal(filter, "multiplierDown");
    }
}

std::optional<SymbolRules> read_symbol(const Json& entry) {
    SymbolRules rules;
    if (!entry.is_object()) return std::nullopt;
    rules.name = text(entry, "symbol");
    if (rules.name.empty()) return std::nullopt;
    rules.base = text(entry, "baseAsset");
    rules.status = text(entry, "status");
    rules.trigger_protect = decimal(entry, "triggerProtect");
    rules.market_take_bound = decimal(entry, "marketTakeBound");
    rules.liquidation_fee = decimal(entry, "liquidationFee");
    const auto filters = entry.find("filters");
    if (filters == entry.end() || !filters->is_array()) return std::nullopt;
    for (const Json& filter : *filters)
        if (filter.is_object()) apply_filter(filter, rules);
    return rules;
}

}  // namespace

std::optional<Rules> Rules::from_exchange_info(std::string json, std::string& error) {
    const Json document = Json::parse(json, nullptr, false);
    const bool object = document.is_object() && document.contains("symbols");
    if (!object || !document["symbols"].is_array()) {
        error = "is not an exchangeInfo: expected a JSON object with a list \"symbols\"";
        return std::nullopt;
    }
    Rules rules;
    for (const Json& entry : document["symbols"]) {
        std::optional<SymbolRules> symbol = read_symbol(entry);
        if (!symbol) {
            error = "has a symbol without name or filters: " + entry.dump().substr(0, 120);
            return std::nullopt;
        }
        rules.add(std::move(*symbol));
    }
    rules.served_as_is_ = std::move(json);
    return rules;
}

}  // namespace tranche::exchange
