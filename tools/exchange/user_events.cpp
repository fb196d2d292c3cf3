#include "tools/exchange/user_events.hpp"

#include <fmt/format.h>

#include "tools/exchange/json_writer.hpp"
#include "tools/exchange/random.hpp"

namespace tranche::exchange {
namespace {

std::string_view name(AccountReason reason) {
    switch (reason) {
        case AccountReason::order: return "ORDER";
        case AccountReason::funding_fee: return "FUNDING_FEE";
        case AccountReason::margin_type_change: return "MARGIN_TYPE_CHANGE";
        case AccountReason::insurance_clear: return "INSURANCE_CLEAR";
    }
    return {};
}

void write_position(JsonWriter& json, const Rules& rules, const PositionState& position) {
    const SymbolRules& symbol_rules = rules.at(position.symbol);
    json.begin_object().field("s", symbol_rules.name);
    json.field("pa", fixed(position.quantity, symbol_rules.quantity_decimals()));
    json.field("ep", fixed(position.entry, 8)).field("cr", fixed(position.realized, 8));
    json.field("up", fixed(position.unrealized, 8));
    json.field("mt", position.isolated ? "isolated" : "cross");
    json.field("iw", position.isolated ? fixed(position.isolated_wallet, 8) : std::string{"0"});
    json.field("ps", name(position.side)).field("ma", "USDT").end_object();
}

std::string order_reply(const SymbolRules& rules, const Order& order, bool with_time,
                        bool acknowledge) {
    const NewOrder& terms = order.terms;
    const int price_places = rules.price_decimals();
    const int quantity_places = rules.quantity_decimals();
    const Amount executed = acknowledge ? Amount{} : order.executed;
    const Amount quote = acknowledge ? Amount{} : order.cumulated_quote;
    const OrderStatus status = acknowledge ? OrderStatus::fresh : order.status;
    const OrderType type = acknowledge ? order.original_type : terms.type;
    JsonWriter json;
    json.begin_object().field("orderId", order.id).field("symbol", rules.name);
    json.field("status", name(status)).field("clientOrderId", terms.client_id.view());
    json.field("price", terms.price.zero() ? "0" : fixed(terms.price, price_places));
    json.field("avgPrice", fixed(quote / executed, 5));
    json.field("origQty", fixed(terms.quantity, quantity_places));
    json.field("executedQty", fixed(executed, quantity_places));
    json.field("cumQty", fixed(executed, quantity_places)).field("cumQuote", plain(quote));
    json.field("timeInForce", name(terms.time_in_force)).field("type", name(type));
    json.field("reduceOnly", terms.reduce_only).field("closePosition", terms.close_position);
    json.field("side", name(terms.side)).field("positionSide", name(terms.position_side));
    json.field("stopPrice", terms.stop_price.zero() ? "0" : fixed(terms.stop_price, price_places));
    json.field("workingType", name(terms.working_type));
    json.field("priceProtect", terms.price_protect);
    json.field("origType", name(order.original_type));
    if (with_time) json.field("time", order.time_ms);
    json.field("updateTime", acknowledge ? order.time_ms : order.update_ms);
    // The venue's chain hash means nothing here; clients must only tolerate it.
    std::string hash = "0x";
    for (std::uint64_t part = 0; part < 4; ++part)
        hash += fmt::format("{:016x}", mix(static_cast<std::uint64_t>(order.id) * 4U + part));
    json.key("newChainData").begin_object().field("hash", hash).end_object();
    return json.end_object().take();
}

}  // namespace

PositionState position_state(const Account& account, const Board& board, SymbolIndex symbol,
                             PositionSide side) {
    const Position& position = account.position(symbol, side);
    const Amount mark = board.at(symbol).mark.mark;
    PositionState state{.symbol = symbol,
                        .side = side,
                        .isolated = account.settings[symbol].isolated,
                        .quantity = position.quantity,
                        .entry = position.entry,
                        .realized = position.realized,
                        .unrealized = account.unrealized(symbol, side, mark),
                        .isolated_wallet = {}};
    if (state.isolated) state.isolated_wallet = account.margin(symbol, side, mark);
    return state;
}

namespace {

std::string payload_of(const Rules& all, const OrderEvent& event) {
    const Order& order = event.order;
    const NewOrder& terms = order.terms;
    const SymbolRules& rules = all.at(terms.symbol);
    const Fill* fill = event.has_fill ? &event.fill : nullptr;
    const int price_places = rules.price_decimals();
    const int quantity_places = rules.quantity_decimals();
    const std::int64_t now_ms = event.time_ms;
    JsonWriter json;
    json.begin_object().field("e", "ORDER_TRADE_UPDATE").field("E", now_ms).field("T", now_ms);
    json.key("o").begin_object().field("s", rules.name).field("c", terms.client_id.view());
    json.field("S", name(terms.side)).field("o", name(terms.type));
    json.field("f", name(terms.time_in_force));
    json.field("q", fixed(terms.quantity, quantity_places));
    json.field("p", terms.price.zero() ? "0" : fixed(terms.price, price_places));
    // Eight places here: `ap` times `z` has to give back what was paid.
    json.field("ap", order.executed.zero() ? "0" : plain(order.average_price()));
    json.field("sp", terms.stop_price.zero() ? "0" : fixed(terms.stop_price, price_places));
    json.field("x", name(event.execution)).field("X", name(order.status)).field("i", order.id);
    json.field("l", fill == nullptr ? "0" : fixed(fill->quantity, quantity_places));
    json.field("z", fixed(order.executed, quantity_places));
    json.field("L", fill == nullptr ? "0" : fixed(fill->price, price_places));
    if (fill != nullptr) json.field("N", "USDT").field("n", fixed(fill->fee, 8));
    json.field("T", now_ms).field("t", fill == nullptr ? std::int64_t{0} : fill->trade_id);
    json.field("b", event.open.bids).field("a", event.open.asks);
    json.field("m", fill != nullptr && fill->maker).field("R", terms.reduce_only);
    json.field("wt", name(terms.working_type)).field("ot", name(order.original_type));
    json.field("ps", name(terms.position_side)).field("cp", terms.close_position);
    json.field("rp", fill == nullptr ? Amount{} : fill->realized);
    return json.end_object().end_object().take();
}

std::string_view algo_status(const OrderEvent& event) {
    if (event.order.triggered) return "TRIGGERED";
    if (event.execution == Execution::canceled) return "CANCELED";
    return event.execution == Execution::expired ? "EXPIRED" : "NEW";
}

/// ALGO_UPDATE.
std::string algo_payload(const Rules& all, const OrderEvent& event) {
    const NewOrder& terms = event.order.terms;
    const SymbolRules& rules = all.at(terms.symbol);
    JsonWriter json;
    json.begin_object().field("e", "ALGO_UPDATE").field("T", event.time_ms);
    json.field("E", event.time_ms).key("o").begin_object();
    json.field("caid", terms.client_id.view()).field("aid", event.order.id);
    json.field("at", "CONDITIONAL").field("o", name(terms.type)).field("s", rules.name);
    json.field("S", name(terms.side)).field("ps", name(terms.position_side));
    json.field("f", name(terms.time_in_force));
    json.field("q", fixed(terms.quantity, rules.quantity_decimals()));
    json.field("X", algo_status(event)).field("ai", "").field("ap", "0.00000");
    json.field("aq", "0.00000").field("act", "0");
    json.field("tp", fixed(terms.stop_price, rules.price_decimals()));
    json.field("p", fixed(terms.price, rules.price_decimals())).field("V", "NONE");
    json.field("wt", name(terms.working_type)).field("pm", "NONE");
    json.field("cp", terms.close_position).field("pP", terms.price_protect);
    json.field("R", terms.reduce_only).field("tt", std::int64_t{0}).field("gtd", std::int64_t{0});
    return json.field("rm", "").end_object().end_object().take();
}

std::string payload_of(const Rules& rules, const AccountEvent& event) {
    const std::string wallet = fixed(event.wallet, 8);
    JsonWriter json;
    json.begin_object().field("e", "ACCOUNT_UPDATE").field("T", event.time_ms);
    json.field("E", event.time_ms).key("a").begin_object().field("m", name(event.reason));
    json.key("B").begin_array().begin_object().field("a", "USDT").field("wb", wallet);
    json.field("cw", wallet).field("bc", "0").end_object().end_array();
    json.key("P").begin_array();
    for (std::size_t at = 0; at < event.position_count; ++at)
        write_position(json, rules, event.positions[at]);
    return json.end_array().end_object().end_object().take();
}

JsonWriter config_event(std::int64_t now_ms) {
    JsonWriter json;
    json.begin_object().field("e", "ACCOUNT_CONFIG_UPDATE").field("E", now_ms).field("T", now_ms);
    return json;
}

std::string payload_of(const Rules& rules, const LeverageEvent& event) {
    JsonWriter json = config_event(event.time_ms);
    json.key("ac").begin_object().field("s", rules.at(event.symbol).name);
    return json.field("l", event.leverage).end_object().end_object().take();
}

std::string payload_of(const Rules&, const ModeEvent& event) {
    JsonWriter json = config_event(event.time_ms);
    json.key("ai").begin_object().field("j", event.multi_assets).field("f", false);
    return json.field("d", event.hedge_mode).end_object().end_object().take();
}

std::string payload_of(const Rules& all, const MarginCallEvent& event) {
    const PositionState& position = event.position;
    const SymbolRules& rules = all.at(position.symbol);
    JsonWriter json;
    json.begin_object().field("e", "MARGIN_CALL").field("E", event.time_ms);
    json.field("cw", fixed(event.wallet, 8)).key("p").begin_array().begin_object();
    json.field("s", rules.name).field("ps", name(position.side));
    json.field("pa", fixed(position.quantity, rules.quantity_decimals()));
    json.field("mt", position.isolated ? "ISOLATED" : "CROSSED");
    json.field("iw", position.isolated ? fixed(position.isolated_wallet, 8) : std::string{"0"});
    json.field("mp", fixed(event.mark, 8)).field("up", fixed(position.unrealized, 8));
    json.field("mm", fixed(event.maintenance, 8));
    return json.end_object().end_array().end_object().take();
}

std::string line_of(const Rules& all, const OrderEvent& event) {
    const Order& order = event.order;
    const NewOrder& terms = order.terms;
    JsonWriter json;
    json.begin_object()
        .field("time", event.time_ms)
        .field("kind", event.has_fill ? "fill" : "order");
    json.field("execution", name(event.execution)).field("status", name(order.status));
    json.field("symbol", all.at(terms.symbol).name).field("orderId", order.id);
    json.field("clientOrderId", terms.client_id.view()).field("side", name(terms.side));
    json.field("positionSide", name(terms.position_side)).field("type", name(terms.type));
    json.field("origType", name(order.original_type)).field("quantity", terms.quantity);
    json.field("price", terms.price).field("stopPrice", terms.stop_price);
    json.field("executed", order.executed);
    if (event.has_fill) {
        const Fill& fill = event.fill;
        json.field("tradeId", fill.trade_id).field("fillPrice", fill.price);
        json.field("fillQuantity", fill.quantity).field("fee", fill.fee);
        json.field("realized", fill.realized).field("maker", fill.maker);
    }
    return json.end_object().take();
}

std::string line_of(const Rules& all, const LiquidationEvent& event) {
    const Liquidation& liquidation = event.liquidation;
    return fmt::format(
        R"({{"time":{},"kind":"liquidation","symbol":"{}","side":"{}","quantity":"{}",)"
        R"("price":"{}","averagePrice":"{}"}})",
        event.time_ms, all.at(liquidation.symbol).name, name(liquidation.side),
        plain(liquidation.quantity), plain(liquidation.price), plain(liquidation.average_price));
}

}  // namespace

std::string user_payload(const Rules& rules, const UserEvent& event, bool algo_service) {
    const auto* order = std::get_if<OrderEvent>(&event);
    if (algo_service && order != nullptr && order->order.waiting())
        return algo_payload(rules, *order);
    return std::visit([&rules](const auto& body) { return payload_of(rules, body); }, event);
}

std::string log_line(const Rules& rules, const LogEntry& entry) {
    return std::visit([&rules](const auto& body) { return line_of(rules, body); }, entry);
}

std::string listen_key_expired(std::int64_t now_ms) {
    return fmt::format(R"({{"e":"listenKeyExpired","E":{}}})", now_ms);
}

std::string order_object(const SymbolRules& rules, const Order& order, bool with_time) {
    return order_reply(rules, order, with_time, false);
}

std::string order_acknowledgement(const SymbolRules& rules, const Order& order) {
    return order_reply(rules, order, false, true);
}

}  // namespace tranche::exchange
