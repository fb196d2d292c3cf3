#include "tools/exchange/feed.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "tools/exchange/json_writer.hpp"

namespace tranche::exchange {
namespace {

std::string lower(std::string_view name) {
    std::string text{name};
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return text;
}

/// One payload for the all-market stream and one for the symbol's own.
void emit(std::string_view all, const SymbolRules& rules, std::string_view suffix,
          const Wanted& wanted, std::vector<StreamFrame>& out,
          const std::function<std::string()>& payload) {
    const std::string own = lower(rules.name) + std::string{suffix};
    const bool to_all = !all.empty() && wanted(all);
    const bool to_own = wanted(own);
    if (!to_all && !to_own) return;
    const std::string text = payload();
    if (to_all) out.push_back({std::string{all}, text});
    if (to_own) out.push_back({own, text});
}

void write_levels(JsonWriter& json, std::string_view key, const std::vector<Level>& levels,
                  const SymbolRules& rules) {
    json.key(key).begin_array();
    for (const Level& level : levels) {
        json.begin_array().value(fixed(level.price, rules.price_decimals()));
        json.value(fixed(level.quantity, rules.quantity_decimals())).end_array();
    }
    json.end_array();
}

}  // namespace

std::string force_order_payload(const SymbolRules& rules, const Liquidation& liquidation,
                                std::int64_t now_ms) {
    const int places = rules.quantity_decimals();
    JsonWriter json;
    json.begin_object().field("e", "forceOrder").field("E", now_ms).key("o").begin_object();
    json.field("s", rules.name).field("S", name(liquidation.side)).field("o", "LIMIT");
    json.field("f", "IOC").field("q", fixed(liquidation.quantity, places));
    json.field("p", fixed(liquidation.price, rules.price_decimals()));
    json.field("ap", fixed(liquidation.average_price, rules.price_decimals()));
    json.field("X", "FILLED").field("l", fixed(liquidation.last_quantity, places));
    json.field("z", fixed(liquidation.quantity, places)).field("T", liquidation.time_ms);
    return json.end_object().end_object().take();
}

std::string book_ticker_payload(const SymbolRules& rules, const Quote& quote, std::int64_t now_ms) {
    const int price = rules.price_decimals();
    const int quantity = rules.quantity_decimals();
    JsonWriter json;
    json.begin_object().field("e", "bookTicker").field("u", quote.update_id);
    json.field("s", rules.name).field("b", fixed(quote.bid, price));
    json.field("B", fixed(quote.bid_quantity, quantity)).field("a", fixed(quote.ask, price));
    json.field("A", fixed(quote.ask_quantity, quantity)).field("T", quote.time_ms);
    return json.field("E", now_ms).end_object().take();
}

std::string mark_price_payload(const SymbolRules& rules, const Mark& mark, std::int64_t now_ms) {
    JsonWriter json;
    json.begin_object().field("e", "markPriceUpdate").field("E", now_ms).field("s", rules.name);
    json.field("p", fixed(mark.mark, 8)).field("P", fixed(mark.index, 8));
    json.field("i", fixed(mark.index, 8)).field("r", fixed(mark.funding_rate, 8));
    return json.field("T", mark.next_funding_ms).end_object().take();
}

void Feed::add(const Liquidation& liquidation, std::int64_t now_ms, const Wanted& wanted,
               std::vector<StreamFrame>& out) {
    const SymbolRules& rules = rules_.at(liquidation.symbol);
    emit("!forceOrder@arr", rules, "@forceOrder", wanted, out,
         [&] { return force_order_payload(rules, liquidation, now_ms); });
}

void Feed::add(const Quote& quote, std::int64_t now_ms, const Wanted& wanted,
               std::vector<StreamFrame>& out) {
    const SymbolRules& rules = rules_.at(quote.symbol);
    emit("!bookTicker", rules, "@bookTicker", wanted, out,
         [&] { return book_ticker_payload(rules, quote, now_ms); });
}

void Feed::add(const Trade& trade, std::int64_t now_ms, const Wanted& wanted,
               std::vector<StreamFrame>& out) {
    const SymbolRules& rules = rules_.at(trade.symbol);
    const std::int64_t id = ++aggregate_ids_[trade.symbol];
    emit("", rules, "@aggTrade", wanted, out, [&] {
        JsonWriter json;
        json.begin_object().field("e", "aggTrade").field("E", now_ms).field("a", id);
        json.field("s", rules.name).field("p", fixed(trade.price, rules.price_decimals()));
        json.field("q", fixed(trade.quantity, rules.quantity_decimals()));
        json.field("f", trade.id).field("l", trade.id).field("T", trade.time_ms);
        return json.field("m", trade.buyer_is_maker).end_object().take();
    });
}

void Feed::add(const Mark& mark, std::int64_t now_ms, const Wanted& wanted,
               std::vector<StreamFrame>& out) {
    const SymbolRules& rules = rules_.at(mark.symbol);
    const auto payload = [&] { return mark_price_payload(rules, mark, now_ms); };
    emit("", rules, "@markPrice@1s", wanted, out, payload);
    if (mark_second_ % 3 == 0) emit("", rules, "@markPrice", wanted, out, payload);
    if (wanted("!markPrice@arr@1s") || wanted("!markPrice@arr")) marks_.push_back(payload());
}

void Feed::tick(const Board& board, std::int64_t now_ms, const Wanted& wanted,
                std::vector<StreamFrame>& out) {
    if (!marks_.empty()) {
        const std::string array = fmt::format("[{}]", fmt::join(marks_, ","));
        marks_.clear();
        if (wanted("!markPrice@arr@1s")) out.push_back({"!markPrice@arr@1s", array});
        if (mark_second_ % 3 == 0 && wanted("!markPrice@arr"))
            out.push_back({"!markPrice@arr", array});
    }
    mark_second_ = now_ms / 1000;
    constexpr std::int64_t slot_ms = 100;
    const std::int64_t slot = now_ms / slot_ms;
    if (slot == depth_slot_) return;
    const std::int64_t before_ms = depth_slot_ * slot_ms;
    depth_slot_ = slot;
    struct Rate {
        std::string_view suffix;
        std::int64_t period_ms;
    };
    constexpr std::array rates{Rate{"@100ms", 100}, Rate{"", 250}, Rate{"@500ms", 500}};
    for (const Rate& rate : rates) {
        if (now_ms / rate.period_ms == before_ms / rate.period_ms) continue;
        for (SymbolIndex symbol = 0; symbol < rules_.size(); ++symbol)
            for (const int levels : {5, 10, 20})
                depth(board, symbol, levels, rate.suffix, now_ms, wanted, out);
    }
}

void Feed::depth(const Board& board, SymbolIndex symbol, int levels, std::string_view suffix,
                 std::int64_t now_ms, const Wanted& wanted, std::vector<StreamFrame>& out) {
    const SymbolRules& rules = rules_.at(symbol);
    const std::string stream = fmt::format("{}@depth{}{}", lower(rules.name), levels, suffix);
    if (!wanted(stream)) return;
    const Quote& quote = board.at(symbol).quote;
    std::int64_t& last_id = depth_ids_[stream];
    if (quote.update_id == 0 || quote.update_id == last_id) return;
    JsonWriter json;
    json.begin_object().field("e", "depthUpdate").field("E", now_ms).field("T", quote.time_ms);
    json.field("s", rules.name).field("U", last_id + 1).field("u", quote.update_id);
    json.field("pu", last_id);
    write_levels(json, "b", board.depth(symbol, Side::buy, levels), rules);
    write_levels(json, "a", board.depth(symbol, Side::sell, levels), rules);
    out.push_back({stream, json.end_object().take()});
    last_id = quote.update_id;
}

}  // namespace tranche::exchange
