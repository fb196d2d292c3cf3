#include "tools/exchange/strategy.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tools/exchange/order_entry.hpp"

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;
using Refusal = std::optional<Reject>;

constexpr std::size_t longest_id = 28;
constexpr std::array<std::pair<DrivenOn, std::string_view>, 8> events{
    {{DrivenOn::fresh, "NEW"},
     {DrivenOn::partially_filled_or_filled, "PARTIALLY_FILLED_OR_FILLED"},
     {DrivenOn::filled, "FILLED"},
     {DrivenOn::canceled, "CANCELED"},
     {DrivenOn::replaced, "REPLACED"},
     {DrivenOn::stopped, "STOPPED"},
     {DrivenOn::rejected, "REJECTED"},
     {DrivenOn::expired, "EXPIRED"}}};

Reject invalid(std::string_view name) {
    return {-1130, fmt::format("Data sent for parameter '{}' is not valid.", name)};
}

std::string text_of(const Json& object, const std::string& key) {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

/// `first…` or `second…` of an order that stands at `place`, from 1.
Refusal read_driver(const Json& object, const std::string& slot, std::size_t place,
                    std::size_t count, Driver& driver) {
    const std::string id = text_of(object, slot + "DrivenId");
    if (id.empty() || id == "0") return std::nullopt;
    if (id.size() != 1 || id[0] < '1' || id[0] > static_cast<char>('0' + count) ||
        static_cast<std::size_t>(id[0] - '0') == place)
        return invalid(slot + "DrivenId");
    driver.leg = static_cast<std::size_t>(id[0] - '0');
    const std::string on = text_of(object, slot + "DrivenOn");
    const auto* event = std::find_if(events.begin(), events.end(),
                                     [&](const auto& one) { return one.second == on; });
    if (event == events.end()) return invalid(slot + "DrivenOn");
    driver.on = event->first;
    const std::string action = text_of(object, slot + "Trigger");
    if (action != "PLACE_ORDER" && action != "CANCEL_ORDER") return invalid(slot + "Trigger");
    driver.action = action == "PLACE_ORDER" ? Drive::place : Drive::cancel;
    return std::nullopt;
}

/// The order's parameters under the names of POST order. Exits recorded from the web carry
/// GTE_GTC, which differs from GTC only once the position is gone.
Params parameters_of(const Json& object) {
    Params params;
    for (const auto& item : object.items()) {
        const std::string& key = item.key();
        const bool own = key == "strategySubId" || key == "securityType" ||
                         key.find("Driven") != std::string::npos ||
                         key.find("Trigger") != std::string::npos;
        if (own) continue;
        std::string value = text_of(object, key);
        if (key == "timeInForce" && value == "GTE_GTC") value = "GTC";
        params.add(key == "clientOrderId" ? "newClientOrderId" : key, value);
    }
    return params;
}

Refusal read_leg(const Json& object, std::size_t place, std::size_t count, const Rules& rules,
                 bool hedge_mode, StrategyLeg& leg) {
    if (!object.is_object()) return invalid("subOrderList");
    if (text_of(object, "strategySubId") != std::to_string(place)) return invalid("strategySubId");
    if (text_of(object, "securityType") != "USDT_FUTURES") return invalid("securityType");
    const Params params = parameters_of(object);
    const auto read = read_order(params, rules, hedge_mode);
    if (const Reject* refused = std::get_if<Reject>(&read)) return *refused;
    leg.terms = std::get<NewOrder>(read);
    const TimeInForce time = leg.terms.time_in_force;
    if (time == TimeInForce::ioc || time == TimeInForce::fok)
        return Reject{-1115, "Invalid timeInForce."};
    Refusal refused = read_driver(object, "first", place, count, leg.drivers[0]);
    if (!refused) refused = read_driver(object, "second", place, count, leg.drivers[1]);
    return refused;
}

}  // namespace

std::variant<NewStrategy, Reject> read_strategy(const Params& params, const Rules& rules,
                                                bool hedge_mode) {
    NewStrategy strategy;
    strategy.client_id = params.get("clientStrategyId");
    if (!strategy.client_id.empty() &&
        (strategy.client_id.size() > longest_id || !valid_client_id(strategy.client_id)))
        return Reject{-4015, "Client strategy id length should be less than 28 chars."};
    strategy.type = params.get("strategyType");
    if (strategy.type.empty()) return missing("strategyType");
    if (strategy.type != "OTO" && strategy.type != "OCO" && strategy.type != "OTOCO")
        return invalid("strategyType");
    if (!params.has("subOrderList")) return missing("subOrderList");
    const Json list = Json::parse(params.get("subOrderList"), nullptr, false);
    const std::size_t count = strategy.type == "OTOCO" ? 3 : 2;
    if (!list.is_array() || list.size() != count) return invalid("subOrderList");
    strategy.count = count;
    bool leads = false;
    for (std::size_t i = 0; i < count; ++i) {
        if (Refusal refused = read_leg(list[i], i + 1, count, rules, hedge_mode, strategy.legs[i]))
            return *refused;
        if (strategy.legs[i].terms.symbol != strategy.legs[0].terms.symbol)
            return invalid("symbol");
        leads = leads || strategy.legs[i].leads();
    }
    if (!leads) return invalid("firstDrivenId");
    return strategy;
}

}  // namespace tranche::exchange
