// The truth of the exchange for checks from outside: paths below /sim, loopback only.
#include "tools/exchange/api.hpp"

namespace tranche::exchange {
namespace {

void write_order(JsonWriter& json, const SymbolRules& rules, const Order& order) {
    const NewOrder& terms = order.terms;
    json.begin_object().field("orderId", order.id).field("symbol", rules.name);
    json.field("clientOrderId", terms.client_id.view()).field("status", name(order.status));
    json.field("side", name(terms.side)).field("positionSide", name(terms.position_side));
    json.field("type", name(terms.type)).field("origType", name(order.original_type));
    json.field("timeInForce", name(terms.time_in_force)).field("quantity", terms.quantity);
    json.field("executed", order.executed).field("price", terms.price);
    json.field("stopPrice", terms.stop_price).field("avgPrice", order.average_price());
    json.field("workingType", name(terms.working_type)).field("reduceOnly", terms.reduce_only);
    json.field("closePosition", terms.close_position);
    json.field("priceProtect", terms.price_protect).field("triggered", order.triggered);
    json.field("time", order.time_ms).field("updateTime", order.update_ms).end_object();
}

}  // namespace

bool from_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

std::string Api::ledger(std::int64_t now_ms) const {
    const Account& account = venue_.account;
    JsonWriter json;
    json.begin_object().field("time", now_ms).field("hedge", account.hedge_mode);
    json.field("paused", venue_.paused()).field("wallet", account.wallet());
    json.field("available", venue_.matching.available()).field("realized_pnl", account.realized());
    json.field("fees", account.fees());
    json.field("unrealized_pnl", account.valuation().unrealized);
    json.key("positions").begin_array();
    std::size_t open_orders = 0;
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol) {
        open_orders += venue_.matching.open(symbol).size();
        for (const PositionSide side : every_position_side) {
            const Position& position = account.position(symbol, side);
            if (position.quantity.zero()) continue;
            json.begin_object().field("symbol", venue_.rules.at(symbol).name);
            json.field("positionSide", name(side)).field("quantity", position.quantity);
            json.field("entry", position.entry).field("realized_pnl", position.realized);
            json.field("mark", venue_.board.at(symbol).mark.mark);
            json.field("updateTime", position.update_ms).end_object();
        }
    }
    json.end_array().key("open_orders").begin_array();
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol)
        for (const Order* order : venue_.matching.open(symbol))
            write_order(json, venue_.rules.at(symbol), *order);
    json.end_array().field("open_orders_count", open_orders);
    const OrderStore& orders = venue_.matching.store();
    json.field("orders_accepted", orders.created());
    json.field("orders_by_client_id_max", orders.most_of_one_id());
    json.field("duplicates", orders.duplicates());
    json.field("fills", account.fill_count());
    json.field("liquidations_published", venue_.published().total);
    json.field("liquidations_generated", venue_.published().generated);
    json.key("liquidations_by_symbol").begin_object();
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol)
        if (venue_.published().by_symbol[symbol] > 0)
            json.field(venue_.rules.at(symbol).name, venue_.published().by_symbol[symbol]);
    return json.end_object().end_object().take();
}

std::string Api::order_history() const {
    JsonWriter json;
    json.begin_array();
    for (const Order* order : venue_.matching.orders())
        write_order(json, venue_.rules.at(order->terms.symbol), *order);
    return json.end_array().take();
}

Answer Api::simulator(const Call& call) {
    if (!from_loopback(call.address))
        return refuse({-2015, "Paths below /sim are for loopback only.", 403});
    const bool get = call.method == "GET";
    if (get && call.path == "/sim/ledger") return ok(ledger(call.now_ms()));
    if (get && call.path == "/sim/orders") return ok(order_history());
    if (call.method == "POST" && call.path == "/sim/forget_limits") {
        limits_.forget();
        return ok(R"({"done":true})");
    }
    const bool pause = call.path == "/sim/pause_market";
    if (call.method == "POST" && (pause || call.path == "/sim/resume_market")) {
        venue_.pause(pause);
        return ok(pause ? R"({"paused":true})" : R"({"paused":false})");
    }
    if (auto answer = happening(call)) return *answer;
    return refuse({-5000, "Unknown path below /sim: " + call.path, 404});
}

}  // namespace tranche::exchange
