// Conditional orders where they live apart (Binance USD-M since December 2025): a service of their
// own with other names for the same members. What fires becomes an order of the matching engine
// with an id of its own and the same client id (exchange-protocol.md §13).
#include <array>

#include "tools/exchange/api.hpp"
#include "tools/exchange/order_entry.hpp"

namespace tranche::exchange {
namespace {

constexpr std::string_view unknown_order = "Unknown order sent.";

/// The names of POST order for those of POST algoOrder.
Params as_order(const Params& params) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> names{{
        {"symbol", "symbol"},
        {"side", "side"},
        {"positionSide", "positionSide"},
        {"type", "type"},
        {"timeInForce", "timeInForce"},
        {"quantity", "quantity"},
        {"price", "price"},
        {"triggerPrice", "stopPrice"},
        {"workingType", "workingType"},
        {"closePosition", "closePosition"},
        {"priceProtect", "priceProtect"},
        {"reduceOnly", "reduceOnly"},
        {"clientAlgoId", "newClientOrderId"},
        {"newOrderRespType", "newOrderRespType"},
    }};
    Params order;
    for (const auto& [from, to] : names)
        if (const std::string* value = params.find(from)) order.add(std::string{to}, *value);
    return order;
}

std::string_view status_of(const Order& order, const Order* fired) {
    if (order.triggered) return fired != nullptr && !fired->open() ? "FINISHED" : "TRIGGERED";
    if (order.open()) return "NEW";
    return order.status == OrderStatus::canceled ? "CANCELED" : "EXPIRED";
}

}  // namespace

std::string Api::algo_object(const Order& order) const {
    const SymbolRules& rules = venue_.rules.at(order.terms.symbol);
    const NewOrder& terms = order.terms;
    const Order* fired = order.fired_as == 0 ? nullptr : venue_.matching.find(order.fired_as);
    const bool filled = fired != nullptr && !fired->executed.zero();
    JsonWriter json;
    json.begin_object().field("algoId", order.id).field("clientAlgoId", terms.client_id.view());
    json.field("algoType", "CONDITIONAL").field("orderType", name(order.original_type));
    json.field("symbol", rules.name).field("side", name(terms.side));
    json.field("positionSide", name(terms.position_side));
    json.field("timeInForce", name(terms.time_in_force));
    json.field("quantity", fixed(terms.quantity, rules.quantity_decimals()));
    json.field("algoStatus", status_of(order, fired));
    json.field("actualOrderId", fired == nullptr ? std::string{} : std::to_string(fired->id));
    json.field("actualPrice", filled ? fixed(fired->average_price(), 5) : std::string{"0.00000"});
    json.field("triggerPrice", fixed(terms.stop_price, rules.price_decimals()));
    json.field("price", fixed(terms.price, rules.price_decimals()));
    json.field("workingType", name(terms.working_type)).field("priceMatch", "NONE");
    json.field("closePosition", terms.close_position);
    json.field("priceProtect", terms.price_protect).field("reduceOnly", terms.reduce_only);
    json.field("createTime", order.time_ms).field("updateTime", order.update_ms);
    json.field("triggerTime", order.triggered ? order.update_ms : std::int64_t{0});
    return json.end_object().take();
}

Answer Api::place_algo(const Call& call, const Params& params) {
    if (params.get("algoType") != "CONDITIONAL") return refuse(missing("algoType"));
    if (params.has("stopPrice") || params.has("newClientOrderId"))
        return refuse({-1104, "Not all sent parameters were read."});
    const auto read = read_order(as_order(params), venue_.rules, venue_.account.hedge_mode);
    if (const Reject* refused = std::get_if<Reject>(&read)) return refuse(*refused);
    const NewOrder& terms = std::get<NewOrder>(read);
    if (!conditional(terms.type)) return refuse({-1116, "Invalid orderType."});
    const auto placed = venue_.matching.place(terms, call.now_ms());
    if (const Reject* refused = std::get_if<Reject>(&placed)) return refuse(*refused);
    return ok(algo_object(*venue_.matching.find(std::get<OrderId>(placed))));
}

/// By the service's id or by the client's, whose newest order may be what one of these became.
const Order* Api::find_algo(const Params& params) const {
    if (const auto id = params.integer("algoId")) {
        const Order* order = venue_.matching.find(*id);
        return order != nullptr && order->waiting() ? order : nullptr;
    }
    const std::string* client = params.find("clientAlgoId");
    if (client == nullptr) return nullptr;
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol)
        for (const Order* order = venue_.matching.find_client(symbol, *client); order != nullptr;
             order = order->earlier)
            if (order->waiting()) return order;
    return nullptr;
}

Answer Api::query_algo(const Call&, const Params& params) {
    const Order* order = find_algo(params);
    return order == nullptr ? refuse({-2013, "Order does not exist."}) : ok(algo_object(*order));
}

Answer Api::cancel_algo(const Call& call, const Params& params) {
    const Order* order = find_algo(params);
    if (order == nullptr) return refuse({-2011, std::string{unknown_order}});
    const OrderId id = order->id;
    const std::string client_id{order->terms.client_id.view()};
    if (const auto refused = venue_.matching.cancel(id, call.now_ms())) return refuse(*refused);
    JsonWriter json;
    json.begin_object().field("algoId", id).field("clientAlgoId", client_id);
    return ok(json.field("code", "200").field("msg", "success").end_object().take());
}

Answer Api::open_algos(const Call&, const Params& params) {
    JsonWriter json;
    json.begin_array();
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol) {
        if (params.has("symbol") && params.get("symbol") != venue_.rules.at(symbol).name) continue;
        for (const Order* order : venue_.matching.open(symbol))
            if (order->waiting()) json.raw(algo_object(*order));
    }
    return ok(json.end_array().take());
}

}  // namespace tranche::exchange
