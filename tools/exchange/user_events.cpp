#include "tools/exchange/user_events.hpp"

#include <fmt/format.h>

#include "tools/exchange/json_writer.hpp"
#include "tools/exchange/random.hpp"

namespace tranche::exchange {
namespace {

void write_balances(JsonWriter& json, const Account& account) {
    const std::string wallet = fixed(account.wallet(), 8);
    json.key("B").begin_array().begin_object().field("a", "USDT").field("wb", wallet);
    json.field("cw", wallet).field("bc", "0").end_object().end_array();
}

void write_position(JsonWriter& json, const Rules& rules, const Account& account,
                    const Board& board, SymbolIndex symbol, PositionSide side) {
    const Position& position = account.position(symbol, side);
    const SymbolRules& symbol_rules = rules.at(symbol);
    const Amount mark = board.at(symbol).mark.mark;
    const bool isolated = account.settings[symbol].isolated;
    json.begin_object().field("s", symbol_rules.name);
    json.field("pa", fixed(position.quantity, symbol_rules.quantity_decimals()));
    json.field("ep", fixed(position.entry, 8)).field("cr", fixed(position.realized, 8));
    json.field("up", fixed(account.unrealized(symbol, side, mark), 8));
    json.field("mt", isolated ? "isolated" : "cross");
    json.field("iw", isolated ? fixed(account.margin(symbol, side, mark), 8) : std::string{"0"});
    json.field("ps", name(side)).field("ma", "USDT").end_object();
}

JsonWriter account_event(std::string_view reason, std::int64_t now_ms) {
    JsonWriter json;
    json.begin_object().field("e", "ACCOUNT_UPDATE").field("T", now_ms).field("E", now_ms);
    json.key("a").begin_object().field("m", reason);
    return json;
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
    json.field("status", name(status)).field("clientOrderId", terms.client_id);
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

std::string order_trade_update(const SymbolRules& rules, const Order& order, Execution execution,
                               const Fill* fill, const OpenNotional& open, std::int64_t now_ms) {
    const NewOrder& terms = order.terms;
    const int price_places = rules.price_decimals();
    const int quantity_places = rules.quantity_decimals();
    JsonWriter json;
    json.begin_object().field("e", "ORDER_TRADE_UPDATE").field("E", now_ms).field("T", now_ms);
    json.key("o").begin_object().field("s", rules.name).field("c", terms.client_id);
    json.field("S", name(terms.side)).field("o", name(terms.type));
    json.field("f", name(terms.time_in_force));
    json.field("q", fixed(terms.quantity, quantity_places));
    json.field("p", terms.price.zero() ? "0" : fixed(terms.price, price_places));
    // Eight places here: `ap` times `z` has to give back what was paid.
    json.field("ap", order.executed.zero() ? "0" : plain(order.average_price()));
    json.field("sp", terms.stop_price.zero() ? "0" : fixed(terms.stop_price, price_places));
    json.field("x", name(execution)).field("X", name(order.status)).field("i", order.id);
    json.field("l", fill == nullptr ? "0" : fixed(fill->quantity, quantity_places));
    json.field("z", fixed(order.executed, quantity_places));
    json.field("L", fill == nullptr ? "0" : fixed(fill->price, price_places));
    if (fill != nullptr) json.field("N", "USDT").field("n", fixed(fill->fee, 8));
    json.field("T", now_ms).field("t", fill == nullptr ? std::int64_t{0} : fill->trade_id);
    json.field("b", open.bids).field("a", open.asks);
    json.field("m", fill != nullptr && fill->maker).field("R", terms.reduce_only);
    json.field("wt", name(terms.working_type)).field("ot", name(order.original_type));
    json.field("ps", name(terms.position_side)).field("cp", terms.close_position);
    json.field("rp", fill == nullptr ? Amount{} : fill->realized);
    return json.end_object().end_object().take();
}

std::string account_update(const Rules& rules, const Account& account, const Board& board,
                           SymbolIndex symbol, PositionSide side, std::int64_t now_ms) {
    JsonWriter json = account_event("ORDER", now_ms);
    write_balances(json, account);
    json.key("P").begin_array();
    write_position(json, rules, account, board, symbol, side);
    return json.end_array().end_object().end_object().take();
}

std::string margin_type_update(const Rules& rules, const Account& account, const Board& board,
                               SymbolIndex symbol, std::int64_t now_ms) {
    JsonWriter json = account_event("MARGIN_TYPE_CHANGE", now_ms);
    write_balances(json, account);
    json.key("P").begin_array();
    for (const PositionSide side : every_position_side)
        if ((side == PositionSide::both) != account.hedge_mode)
            write_position(json, rules, account, board, symbol, side);
    return json.end_array().end_object().end_object().take();
}

std::string leverage_update(const SymbolRules& rules, std::int64_t leverage, std::int64_t now_ms) {
    JsonWriter json;
    json.begin_object().field("e", "ACCOUNT_CONFIG_UPDATE").field("E", now_ms).field("T", now_ms);
    json.key("ac").begin_object().field("s", rules.name).field("l", leverage);
    return json.end_object().end_object().take();
}

std::string mode_update(const Account& account, std::int64_t now_ms) {
    JsonWriter json;
    json.begin_object().field("e", "ACCOUNT_CONFIG_UPDATE").field("E", now_ms).field("T", now_ms);
    json.key("ai").begin_object().field("j", account.multi_assets).field("f", false);
    return json.field("d", account.hedge_mode).end_object().end_object().take();
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

std::string log_line(const SymbolRules& rules, const Order& order, Execution execution,
                     const Fill* fill, std::int64_t now_ms) {
    const NewOrder& terms = order.terms;
    JsonWriter json;
    json.begin_object().field("time", now_ms);
    json.field("kind", fill == nullptr ? "order" : "fill").field("execution", name(execution));
    json.field("status", name(order.status)).field("symbol", rules.name).field("orderId", order.id);
    json.field("clientOrderId", terms.client_id).field("side", name(terms.side));
    json.field("positionSide", name(terms.position_side)).field("type", name(terms.type));
    json.field("origType", name(order.original_type)).field("quantity", terms.quantity);
    json.field("price", terms.price).field("stopPrice", terms.stop_price);
    json.field("executed", order.executed);
    if (fill != nullptr) {
        json.field("tradeId", fill->trade_id).field("fillPrice", fill->price);
        json.field("fillQuantity", fill->quantity).field("fee", fill->fee);
        json.field("realized", fill->realized).field("maker", fill->maker);
    }
    return json.end_object().take();
}

}  // namespace tranche::exchange
