// Orders: place, query, change, cancel.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/exchange/api.hpp"
#include "tools/exchange/order_entry.hpp"
#include "tools/exchange/strategy.hpp"

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;
using Outcome = std::variant<std::string, Reject>;

Answer answer_of(const Outcome& outcome) {
    if (const Reject* refused = std::get_if<Reject>(&outcome)) return refuse(*refused);
    return ok(std::get<std::string>(outcome));
}

/// The parameters of one entry of batchOrders; values may be texts, numbers or booleans.
std::optional<Params> params_of(const Json& entry) {
    if (!entry.is_object()) return std::nullopt;
    Params params;
    for (const auto& item : entry.items()) {
        const Json& value = item.value();
        if (value.is_string())
            params.add(item.key(), value.get<std::string>());
        else if (value.is_primitive() && !value.is_null())
            params.add(item.key(), value.dump());
        else
            return std::nullopt;
    }
    return params;
}

constexpr std::size_t batch_max = 5;
constexpr std::size_t cancel_batch_max = 10;
constexpr std::int64_t history_limit_max = 1000;

}  // namespace

std::int64_t Api::orders_of(const Route& route, const Params& params) {
    if (route.orders == 0 || !params.has("batchOrders")) return route.orders;
    const Json list = Json::parse(params.get("batchOrders"), nullptr, false);
    return list.is_array() ? static_cast<std::int64_t>(std::min(list.size(), batch_max)) : 0;
}

Outcome Api::place(const Params& params, std::int64_t now_ms) {
    const auto read = read_order(params, venue_.rules, venue_.account.hedge_mode);
    if (const Reject* refused = std::get_if<Reject>(&read)) return *refused;
    const NewOrder& terms = std::get<NewOrder>(read);
    if (venue_.options().algo_service && conditional(terms.type))
        return Reject{-4120,
                      "Order type not supported for this endpoint. Please use the Algo Order API "
                      "endpoints instead."};
    const auto placed = venue_.matching.place(terms, now_ms);
    if (const Reject* refused = std::get_if<Reject>(&placed)) return *refused;
    const Order& order = *venue_.matching.find(std::get<OrderId>(placed));
    const SymbolRules& rules = venue_.rules.at(terms.symbol);
    return terms.response == ResponseType::result ? order_object(rules, order, false)
                                                  : order_acknowledgement(rules, order);
}

Answer Api::place_order(const Call& call, const Params& params) {
    return answer_of(place(params, call.now_ms()));
}

Answer Api::test_order(const Call&, const Params& params) {
    const auto read = read_order(params, venue_.rules, venue_.account.hedge_mode);
    if (const Reject* refused = std::get_if<Reject>(&read)) return refuse(*refused);
    const auto refused = venue_.matching.check(std::get<NewOrder>(read));
    return refused ? refuse(*refused) : ok("{}");
}

std::variant<const Order*, Reject> Api::find_order(const Params& params, int unknown_code) const {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return *refused;
    const std::string unknown =
        unknown_code == -2011 ? "Unknown order sent." : "Order does not exist.";
    const Order* order = nullptr;
    if (const auto id = params.integer("orderId"))
        order = venue_.matching.find(*id);
    else if (const std::string* client = params.find("origClientOrderId"))
        order = venue_.matching.find_client(std::get<SymbolIndex>(symbol), *client);
    else
        return missing("orderId");
    if (order == nullptr || order->terms.symbol != std::get<SymbolIndex>(symbol) || is_algo(*order))
        return Reject{unknown_code, unknown};
    return order;
}

Answer Api::query_order(const Call&, const Params& params) {
    const auto found = find_order(params, -2013);
    if (const Reject* refused = std::get_if<Reject>(&found)) return refuse(*refused);
    const Order& order = *std::get<const Order*>(found);
    return ok(order_object(venue_.rules.at(order.terms.symbol), order, true));
}

Answer Api::open_order(const Call&, const Params& params) {
    const auto found = find_order(params, -2013);
    if (const Reject* refused = std::get_if<Reject>(&found)) return refuse(*refused);
    const Order& order = *std::get<const Order*>(found);
    if (!order.open()) return refuse({-2013, "Order does not exist."});
    return ok(order_object(venue_.rules.at(order.terms.symbol), order, true));
}

Outcome Api::modify(const Params& params, std::int64_t now_ms) {
    const auto found = find_order(params, -2013);
    if (const Reject* refused = std::get_if<Reject>(&found)) return *refused;
    const auto quantity = amount(params.get("quantity"));
    const auto price = amount(params.get("price"));
    if (!quantity) return missing("quantity");
    if (!price) return missing("price");
    const Order& order = *std::get<const Order*>(found);
    if (const auto refused = venue_.matching.modify(order.id, *quantity, *price, now_ms))
        return *refused;
    return order_object(venue_.rules.at(order.terms.symbol), order, false);
}

Answer Api::modify_order(const Call& call, const Params& params) {
    return answer_of(modify(params, call.now_ms()));
}

Outcome Api::cancel(const Params& params, std::int64_t now_ms) {
    const auto found = find_order(params, -2011);
    if (const Reject* refused = std::get_if<Reject>(&found)) return *refused;
    const Order& order = *std::get<const Order*>(found);
    if (const auto refused = venue_.matching.cancel(order.id, now_ms)) return *refused;
    return order_object(venue_.rules.at(order.terms.symbol), order, false);
}

Answer Api::cancel_order(const Call& call, const Params& params) {
    return answer_of(cancel(params, call.now_ms()));
}

template <class One> Answer Api::batch(const Params& params, One one) {
    const Json list = Json::parse(params.get("batchOrders"), nullptr, false);
    if (!list.is_array()) return refuse(missing("batchOrders"));
    if (list.empty() || list.size() > batch_max)
        return refuse({-4082, "Invalid number of batch place orders."});
    JsonWriter json;
    json.begin_array();
    for (const Json& entry : list) {
        const std::optional<Params> order = params_of(entry);
        const Outcome outcome =
            order ? one(*order) : Outcome{Reject{-1130, "A batch entry is not a flat object."}};
        const Reject* refused = std::get_if<Reject>(&outcome);
        json.raw(refused != nullptr ? error_object(*refused) : std::get<std::string>(outcome));
    }
    return ok(json.end_array().take());
}

Answer Api::place_batch(const Call& call, const Params& params) {
    return batch(params, [&](const Params& order) { return place(order, call.now_ms()); });
}

Answer Api::modify_batch(const Call& call, const Params& params) {
    return batch(params, [&](const Params& order) { return modify(order, call.now_ms()); });
}

Answer Api::cancel_batch(const Call& call, const Params& params) {
    const bool by_id = params.has("orderIdList");
    const std::string_view key = by_id ? "orderIdList" : "origClientOrderIdList";
    const Json list = Json::parse(params.get(key), nullptr, false);
    if (!list.is_array()) return refuse(missing(key));
    if (list.empty() || list.size() > cancel_batch_max)
        return refuse({-4032, "Exceed the maximum cancel order size."});
    JsonWriter json;
    json.begin_array();
    for (const Json& entry : list) {
        Params one;
        one.add("symbol", std::string{params.get("symbol")});
        one.add(by_id ? "orderId" : "origClientOrderId",
                entry.is_string() ? entry.get<std::string>() : entry.dump());
        const Outcome outcome = cancel(one, call.now_ms());
        const Reject* refused = std::get_if<Reject>(&outcome);
        json.raw(refused != nullptr ? error_object(*refused) : std::get<std::string>(outcome));
    }
    return ok(json.end_array().take());
}

Answer Api::cancel_all(const Call& call, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    venue_.matching.cancel_all(std::get<SymbolIndex>(symbol), call.now_ms());
    return ok(R"({"code":"200","msg":"The operation of cancel all open order is done."})");
}

Answer Api::countdown(const Call& call, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const auto delay = params.integer("countdownTime");
    constexpr std::int64_t longest_ms = 7 * 86'400'000LL;
    if (!delay || *delay < 0 || *delay > longest_ms) return refuse(missing("countdownTime"));
    venue_.countdown(std::get<SymbolIndex>(symbol), *delay, call.now_ms());
    JsonWriter json;
    json.begin_object().field("symbol", params.get("symbol"));
    return ok(json.field("countdownTime", std::to_string(*delay)).end_object().take());
}

/// Its work is done by then: what carries the same nonce is refused from now on (auth.hpp).
Answer Api::noop(const Call&, const Params&) {
    return ok(R"({"code":200,"msg":"success"})");
}

/// Where conditional orders live apart there are no strategies.
Answer Api::place_strategy(const Call& call, const Params& params) {
    if (venue_.options().algo_service)
        return refuse({-1020, "This operation is not supported.", 405});
    const auto read = read_strategy(params, venue_.rules, venue_.account.hedge_mode);
    if (const Reject* refused = std::get_if<Reject>(&read)) return refuse(*refused);
    const NewStrategy& strategy = std::get<NewStrategy>(read);
    const auto placed = venue_.matching.place(strategy, call.now_ms());
    if (const Reject* refused = std::get_if<Reject>(&placed)) return refuse(*refused);
    const StrategyOutcome& outcome = std::get<StrategyOutcome>(placed);
    JsonWriter json;
    json.begin_object().field("strategyId", outcome.id);
    json.field("clientStrategyId",
               strategy.client_id.empty() ? std::to_string(outcome.id) : strategy.client_id);
    json.field("strategyType", strategy.type);
    json.field("strategyStatus", outcome.failure_code == 0 ? "NEW" : "FAILED");
    json.field("updateTime", call.now_ms()).field("failureCode", outcome.failure_code);
    return ok(json.field("failureReason", outcome.failure_reason).end_object().take());
}

Answer Api::open_orders(const Call&, const Params& params) {
    JsonWriter json;
    json.begin_array();
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol) {
        const SymbolRules& rules = venue_.rules.at(symbol);
        if (params.has("symbol") && params.get("symbol") != rules.name) continue;
        for (const Order* order : venue_.matching.open(symbol))
            if (!is_algo(*order)) json.raw(order_object(rules, *order, true));
    }
    if (params.has("symbol") && !venue_.rules.find(params.get("symbol")))
        return refuse({-1121, "Invalid symbol."});
    return ok(json.end_array().take());
}

Answer Api::all_orders(const Call&, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const std::int64_t from = params.integer("startTime").value_or(0);
    const std::int64_t to = params.integer("endTime").value_or(INT64_MAX);
    const OrderId first = params.integer("orderId").value_or(0);
    const std::int64_t limit =
        std::clamp(params.integer("limit").value_or(500), std::int64_t{1}, history_limit_max);
    std::vector<const Order*> found;
    for (const Order* order : venue_.matching.orders()) {
        if (order->id < first || order->terms.symbol != std::get<SymbolIndex>(symbol)) continue;
        if (order->time_ms >= from && order->time_ms <= to) found.push_back(order);
    }
    // Without a first id the newest are meant, still in ascending order.
    const auto wanted = static_cast<std::size_t>(limit);
    std::size_t begin = 0;
    if (found.size() > wanted && first == 0) begin = found.size() - wanted;
    JsonWriter json;
    json.begin_array();
    for (std::size_t at = begin; at < std::min(found.size(), begin + wanted); ++at)
        json.raw(order_object(venue_.rules.at(found[at]->terms.symbol), *found[at], true));
    return ok(json.end_array().take());
}

}  // namespace tranche::exchange
