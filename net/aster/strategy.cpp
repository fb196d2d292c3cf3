#include "net/aster/strategy.hpp"

#include "net/aster/json_form.hpp"

namespace tranche::aster {
namespace {

/// Of one leg, as they stand in a form.
constexpr std::size_t longest_leg = 896;

void put_member(std::string_view name, std::string_view value, Text& form) {
    if (value.empty()) return;
    form.put("&");
    form.put(name);
    form.put("=");
    form.put(value);
}

void put_leg(std::string_view place, const StrategyLeg& leg, std::string_view drivers, Text& text) {
    std::array<char, longest_leg> room;
    Text form{room};
    form.put("strategySubId=");
    form.put(place);
    form.put("&securityType=USDT_FUTURES");
    put_member("symbol", leg.symbol, form);
    put_member("side", leg.side, form);
    put_member("positionSide", leg.position_side, form);
    put_member("type", leg.type, form);
    put_member("quantity", leg.quantity, form);
    put_member("price", leg.price, form);
    put_member("stopPrice", leg.stop_price, form);
    put_member("workingType", leg.working_type, form);
    if (leg.price_protect) form.put("&priceProtect=TRUE");
    if (leg.reduce_only) form.put("&reduceOnly=true");
    put_member("timeInForce", leg.time_in_force, form);
    put_member("clientOrderId", leg.client_order_id, form);
    form.put(drivers);
    put_as_object(form.from(0), text);
}

constexpr std::string_view no_drivers = "&firstDrivenId=0&secondDrivenId=0";
constexpr std::string_view take_profit_drivers =
    "&firstDrivenId=1&firstDrivenOn=PARTIALLY_FILLED_OR_FILLED&firstTrigger=PLACE_ORDER"
    "&secondDrivenId=3&secondDrivenOn=PARTIALLY_FILLED_OR_FILLED&secondTrigger=CANCEL_ORDER";
constexpr std::string_view stop_drivers =
    "&firstDrivenId=1&firstDrivenOn=PARTIALLY_FILLED_OR_FILLED&firstTrigger=PLACE_ORDER"
    "&secondDrivenId=2&secondDrivenOn=PARTIALLY_FILLED_OR_FILLED&secondTrigger=CANCEL_ORDER";
constexpr std::string_view stop_drivers_beside_limit =
    "&firstDrivenId=1&firstDrivenOn=PARTIALLY_FILLED_OR_FILLED&firstTrigger=PLACE_ORDER"
    "&secondDrivenId=2&secondDrivenOn=FILLED&secondTrigger=CANCEL_ORDER";

}  // namespace

void put_strategy(std::string_view id, const std::array<StrategyLeg, 3>& legs, Text& text) {
    const auto& [entry, take_profit, stop] = legs;
    const bool rests = take_profit.type == "LIMIT";
    text.put("clientStrategyId=");
    text.put(id);
    text.put("&strategyType=OTOCO&subOrderList=%5B");
    put_leg("1", entry, no_drivers, text);
    text.put("%2C");
    put_leg("2", take_profit, take_profit_drivers, text);
    text.put("%2C");
    put_leg("3", stop, rests ? stop_drivers_beside_limit : stop_drivers, text);
    text.put("%5D");
}

}  // namespace tranche::aster
