#include "tools/exchange/api.hpp"

#include <array>
#include <fmt/format.h>

namespace tranche::exchange {

Answer ok(std::string body) {
    Answer answer;
    answer.body = std::move(body);
    return answer;
}

std::string error_object(const Reject& reject) {
    JsonWriter json;
    json.begin_object().field("code", reject.code).field("msg", reject.message);
    return json.end_object().take();
}

Answer refuse(const Reject& reject) {
    Answer answer = ok(error_object(reject));
    answer.status = reject.http_status;
    return answer;
}

Api::Api(Venue& venue, AuthOptions auth, Budgets budgets)
    : venue_{venue}, auth_{std::move(auth)}, limits_{budgets} {}

const Api::Route* Api::find_route(std::string_view method, std::string_view name,
                                  bool& path_known) {
    using enum Security;
    static constexpr std::array routes{
        Route{"GET", "ping", open, 1, 0, &Api::ping},
        Route{"GET", "time", open, 1, 0, &Api::time},
        Route{"GET", "exchangeInfo", open, 1, 0, &Api::exchange_info},
        Route{"GET", "depth", open, 10, 0, &Api::depth},
        Route{"GET", "klines", open, 2, 0, &Api::klines},
        Route{"GET", "premiumIndex", open, 1, 0, &Api::premium_index},
        Route{"GET", "ticker/price", open, 1, 0, &Api::ticker_price},
        Route{"GET", "ticker/bookTicker", open, 1, 0, &Api::ticker_book},
        Route{"GET", "ticker/24hr", open, 1, 0, &Api::ticker_day},
        Route{"POST", "order", trade, 1, 1, &Api::place_order},
        Route{"POST", "order/test", user_data, 1, 0, &Api::test_order},
        Route{"GET", "order", user_data, 1, 0, &Api::query_order},
        Route{"PUT", "order", trade, 1, 1, &Api::modify_order},
        Route{"DELETE", "order", trade, 1, 0, &Api::cancel_order},
        Route{"POST", "algoOrder", trade, 0, 1, &Api::place_algo},
        Route{"GET", "algoOrder", user_data, 1, 0, &Api::query_algo},
        Route{"DELETE", "algoOrder", trade, 1, 0, &Api::cancel_algo},
        Route{"GET", "openAlgoOrders", user_data, 1, 0, &Api::open_algos},
        Route{"POST", "batchOrders", trade, 5, 1, &Api::place_batch},
        Route{"PUT", "batchOrders", trade, 5, 1, &Api::modify_batch},
        Route{"DELETE", "batchOrders", trade, 1, 0, &Api::cancel_batch},
        Route{"DELETE", "allOpenOrders", trade, 1, 0, &Api::cancel_all},
        Route{"POST", "countdownCancelAll", trade, 10, 0, &Api::countdown},
        Route{"POST", "noop", trade, 1, 0, &Api::noop},
        Route{"POST", "placeStrategyOrder", trade, 50, 3, &Api::place_strategy},
        Route{"GET", "openOrder", user_data, 1, 0, &Api::open_order},
        Route{"GET", "openOrders", user_data, 1, 0, &Api::open_orders},
        Route{"GET", "allOrders", user_data, 5, 0, &Api::all_orders},
        Route{"GET", "userTrades", user_data, 5, 0, &Api::user_trades},
        Route{"GET", "income", user_data, 30, 0, &Api::income},
        Route{"GET", "balance", user_data, 5, 0, &Api::balance},
        Route{"GET", "account", user_data, 5, 0, &Api::account},
        Route{"GET", "accountWithJoinMargin", user_data, 5, 0, &Api::account},
        Route{"GET", "positionRisk", user_data, 5, 0, &Api::position_risk},
        Route{"GET", "positionSide/dual", user_data, 30, 0, &Api::get_dual},
        Route{"POST", "positionSide/dual", user_data, 1, 0, &Api::set_dual},
        Route{"GET", "multiAssetsMargin", user_data, 30, 0, &Api::get_multi},
        Route{"POST", "multiAssetsMargin", user_data, 1, 0, &Api::set_multi},
        Route{"POST", "leverage", user_data, 1, 0, &Api::set_leverage},
        Route{"POST", "marginType", user_data, 1, 0, &Api::set_margin_type},
        Route{"GET", "leverageBracket", user_data, 1, 0, &Api::leverage_bracket},
        Route{"GET", "commissionRate", user_data, 20, 0, &Api::commission_rate},
        Route{"GET", "agent", user_data, 1, 0, &Api::agents},
        Route{"POST", "listenKey", user_stream, 1, 0, &Api::open_listen_key},
        Route{"PUT", "listenKey", user_stream, 1, 0, &Api::keep_listen_key},
        Route{"DELETE", "listenKey", user_stream, 1, 0, &Api::close_listen_key},
    };
    path_known = false;
    for (const Route& route : routes) {
        if (route.name != name) continue;
        path_known = true;
        if (route.method == method) return &route;
    }
    return nullptr;
}

namespace {

/// `order` of `/fapi/v3/order`; empty if the path is not one of the venue's.
std::string_view name_of(std::string_view path) {
    constexpr std::string_view prefix = "/fapi/v";
    const std::size_t version_at = prefix.size();
    const bool versioned = path.starts_with(prefix) && path.size() > version_at + 2 &&
                           path[version_at] >= '1' && path[version_at] <= '4' &&
                           path[version_at + 1] == '/';
    return versioned ? path.substr(version_at + 2) : std::string_view{};
}

}  // namespace

CallFacts Api::facts_of(const Call& call) {
    CallFacts facts{.method = call.method, .name = name_of(call.path), .parameters = {}};
    bool known = false;
    const Route* route = find_route(facts.method, facts.name, known);
    if (route == nullptr || route->security == Security::open) return facts;
    facts.kind = route->security == Security::trade ? RequestKind::trade : RequestKind::query;
    return facts;
}

Answer Api::handle(const Call& call) {
    if (call.path.starts_with("/sim/")) return simulator(call);
    bool known = false;
    const std::string_view name = name_of(call.path);
    const Route* route = name.empty() ? nullptr : find_route(call.method, name, known);
    const bool for_algos = name == "algoOrder" || name == "openAlgoOrders";
    if (for_algos && !venue_.options().algo_service) {
        route = nullptr;
        known = false;
    }
    if (route != nullptr) return serve(*route, call);
    const auto refused = limits_.book(call.address, 1, 0, call.now_ms());
    Answer answer = refuse(refused.value_or(Reject{
        known ? -1020 : -5000, fmt::format("Path {}, Method {} is invalid", call.path, call.method),
        known ? 405U : 404U}));
    add_usage(call, false, answer);
    return answer;
}

std::int64_t Api::weight_of(const Route& route, const Params& params) {
    if (params.has("symbol")) {
        if (route.name != "depth") return route.weight;
        const std::int64_t limit = params.integer("limit").value_or(500);
        if (limit <= 50) return 2;
        if (limit <= 100) return 5;
        return limit <= 500 ? 10 : 20;
    }
    if (route.name == "openOrders" || route.name == "openAlgoOrders" || route.name == "ticker/24hr")
        return 40;
    if (route.name == "ticker/price" || route.name == "ticker/bookTicker") return 2;
    return route.weight;
}

std::optional<Reject> Api::authorize(const Route& route, const Call& call, const Params& params) {
    if (route.security == Security::open) return std::nullopt;
    const bool key_only = route.security == Security::user_stream && !params.has("signer") &&
                          !params.has("signature") && !call.api_key.empty();
    if (key_only) return auth_.check_key(call.api_key);
    const bool any_nonce = route.name == "noop" && venue_.options().behaviour.noop_of_used_succeeds;
    return auth_.check(
        {.query = call.query, .body = call.body, .api_key = call.api_key, .now_us = call.now_us},
        params, any_nonce);
}

void Api::add_usage(const Call& call, bool orders, Answer& answer) const {
    const Usage usage = limits_.usage(call.address);
    answer.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(usage.weight_1m));
    if (answer.status == 429 || answer.status == 418) {
        const std::int64_t wait = limits_.retry_after_s(call.address, call.now_ms(), orders);
        answer.headers.emplace_back("Retry-After", std::to_string(wait));
    }
    if (!orders) return;
    answer.headers.emplace_back("X-MBX-ORDER-COUNT-1M", std::to_string(usage.orders_1m));
    answer.headers.emplace_back("X-MBX-ORDER-COUNT-10S", std::to_string(usage.orders_10s));
}

Answer Api::serve(const Route& route, const Call& call) {
    // Query wins over body on conflict (V1), so only names that are new are taken from the body.
    const auto query = Params::parse(call.query);
    const auto body = Params::parse(call.body);
    Answer answer;
    if (std::holds_alternative<Reject>(query) || std::holds_alternative<Reject>(body)) {
        const auto& bad = std::holds_alternative<Reject>(query) ? query : body;
        answer = refuse(std::get<Reject>(bad));
    } else {
        const Params params = std::get<Params>(query).merged_with(std::get<Params>(body));
        std::optional<Reject> refused =
            limits_.book(call.address, weight_of(route, params), 0, call.now_ms());
        if (!refused) refused = authorize(route, call, params);
        if (!refused)
            refused = limits_.book(call.address, 0, orders_of(route, params), call.now_ms());
        answer = refused ? refuse(*refused) : (this->*route.handler)(call, params);
        answer.signed_call = !refused && route.security != Security::open;
        answer.trade_call = !refused && route.security == Security::trade;
    }
    add_usage(call, route.orders > 0, answer);
    return answer;
}

std::variant<SymbolIndex, Reject> Api::symbol_of(const Params& params) const {
    if (params.get("symbol").empty()) return missing("symbol");
    const auto symbol = venue_.rules.find(params.get("symbol"));
    if (!symbol) return Reject{-1121, "Invalid symbol."};
    return *symbol;
}

}  // namespace tranche::exchange
