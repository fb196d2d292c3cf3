// Public market data.
#include <algorithm>
#include <charconv>

#include "tools/exchange/api.hpp"

namespace tranche::exchange {
namespace {

void write_levels(JsonWriter& json, std::string_view key, const std::vector<Level>& levels,
                  const SymbolRules& rules) {
    json.key(key).begin_array();
    for (const Level& level : levels) {
        json.begin_array().value(fixed(level.price, rules.price_decimals()));
        json.value(fixed(level.quantity, rules.quantity_decimals())).end_array();
    }
    json.end_array();
}

/// Milliseconds of "1m", "4h", "1d", "1w"; 0 for anything else.
std::int64_t interval_ms(std::string_view text) {
    if (text.size() < 2) return 0;
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
    if (error != std::errc{} || end != text.data() + text.size() - 1) return 0;
    if (count < 1 || count > 60) return 0;
    switch (text.back()) {
        case 'm': return count * 60'000;
        case 'h': return count * 3'600'000;
        case 'd': return count * 86'400'000;
        case 'w': return count * 604'800'000;
        default: return 0;
    }
}

/// Minutes merged into candles of `span_ms`, oldest first.
std::vector<Candle> merge(const std::deque<Candle>& minutes, std::int64_t span_ms) {
    std::vector<Candle> merged;
    for (const Candle& minute : minutes) {
        const std::int64_t open_ms = minute.open_ms - minute.open_ms % span_ms;
        if (merged.empty() || merged.back().open_ms != open_ms) {
            merged.push_back(minute);
            merged.back().open_ms = open_ms;
            continue;
        }
        Candle& candle = merged.back();
        candle.high = max(candle.high, minute.high);
        candle.low = min(candle.low, minute.low);
        candle.close = minute.close;
        candle.volume += minute.volume;
        candle.quote_volume += minute.quote_volume;
        candle.taker_volume += minute.taker_volume;
        candle.taker_quote_volume += minute.taker_quote_volume;
        candle.trades += minute.trades;
    }
    return merged;
}

void write_candle(JsonWriter& json, const Candle& candle, std::int64_t span_ms) {
    json.begin_array().value(candle.open_ms).value(candle.open).value(candle.high);
    json.value(candle.low).value(candle.close).value(candle.volume);
    json.value(candle.open_ms + span_ms - 1).value(candle.quote_volume).value(candle.trades);
    json.value(candle.taker_volume).value(candle.taker_quote_volume).value("0").end_array();
}

}  // namespace

Answer Api::ping(const Call&, const Params&) {
    return ok("{}");
}

Answer Api::time(const Call& call, const Params&) {
    JsonWriter json;
    return ok(json.begin_object().field("serverTime", call.now_ms()).end_object().take());
}

Answer Api::exchange_info(const Call& call, const Params&) {
    return ok(venue_.rules.exchange_info(call.now_ms(), limits_.budgets()));
}

Answer Api::depth(const Call& call, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const SymbolIndex index = std::get<SymbolIndex>(symbol);
    const std::int64_t limit = params.integer("limit").value_or(params.has("limit") ? 0 : 500);
    if (limit < 1 || limit > 1000) return refuse({-4021, "Invalid depth limit."});
    const SymbolRules& rules = venue_.rules.at(index);
    const Quote& quote = venue_.board.at(index).quote;
    JsonWriter json;
    json.begin_object().field("lastUpdateId", quote.update_id).field("E", call.now_ms());
    json.field("T", quote.time_ms);
    const int levels = static_cast<int>(limit);
    write_levels(json, "bids", venue_.board.depth(index, Side::buy, levels), rules);
    write_levels(json, "asks", venue_.board.depth(index, Side::sell, levels), rules);
    return ok(json.end_object().take());
}

Answer Api::klines(const Call&, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const std::int64_t span = interval_ms(params.get("interval"));
    if (span == 0) return refuse({-1120, "Invalid interval."});
    const std::int64_t limit = params.integer("limit").value_or(500);
    if (limit < 1 || limit > 1500)
        return refuse({-1130, "Data sent for parameter 'limit' is not valid."});
    const std::int64_t from = params.integer("startTime").value_or(0);
    const std::int64_t to = params.integer("endTime").value_or(INT64_MAX);
    std::vector<Candle> candles = merge(venue_.board.minutes(std::get<SymbolIndex>(symbol)), span);
    std::erase_if(candles, [&](const Candle& candle) {
        return candle.open_ms < from || candle.open_ms > to;
    });
    const auto wanted = static_cast<std::size_t>(limit);
    const std::size_t first = candles.size() > wanted ? candles.size() - wanted : 0;
    JsonWriter json;
    json.begin_array();
    for (std::size_t at = first; at < candles.size(); ++at) write_candle(json, candles[at], span);
    return ok(json.end_array().take());
}

template <class Write> Answer Api::per_symbol(const Params& params, Write write) {
    JsonWriter json;
    if (params.has("symbol")) {
        const auto symbol = symbol_of(params);
        if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
        write(json, std::get<SymbolIndex>(symbol));
        return ok(json.take());
    }
    json.begin_array();
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol)
        if (venue_.board.at(symbol).priced()) write(json, symbol);
    return ok(json.end_array().take());
}

Answer Api::premium_index(const Call& call, const Params& params) {
    return per_symbol(params, [&](JsonWriter& json, SymbolIndex symbol) {
        const Mark& mark = venue_.board.at(symbol).mark;
        json.begin_object().field("symbol", venue_.rules.at(symbol).name);
        json.field("markPrice", fixed(mark.mark, 8)).field("indexPrice", fixed(mark.index, 8));
        json.field("estimatedSettlePrice", fixed(mark.index, 8));
        json.field("lastFundingRate", fixed(mark.funding_rate, 8));
        json.field("nextFundingTime", mark.next_funding_ms).field("interestRate", "0.00010000");
        json.field("time", call.now_ms()).end_object();
    });
}

Answer Api::ticker_price(const Call& call, const Params& params) {
    return per_symbol(params, [&](JsonWriter& json, SymbolIndex symbol) {
        const SymbolRules& rules = venue_.rules.at(symbol);
        json.begin_object().field("symbol", rules.name);
        json.field("price", fixed(venue_.board.at(symbol).last, rules.price_decimals()));
        json.field("time", call.now_ms()).end_object();
    });
}

Answer Api::ticker_book(const Call&, const Params& params) {
    return per_symbol(params, [&](JsonWriter& json, SymbolIndex symbol) {
        const SymbolRules& rules = venue_.rules.at(symbol);
        const Quote& quote = venue_.board.at(symbol).quote;
        const int price = rules.price_decimals();
        const int quantity = rules.quantity_decimals();
        json.begin_object().field("symbol", rules.name).field("bidPrice", fixed(quote.bid, price));
        json.field("bidQty", fixed(quote.bid_quantity, quantity));
        json.field("askPrice", fixed(quote.ask, price));
        json.field("askQty", fixed(quote.ask_quantity, quantity));
        json.field("time", quote.time_ms).end_object();
    });
}

Answer Api::ticker_day(const Call& call, const Params& params) {
    return per_symbol(params, [&](JsonWriter& json, SymbolIndex symbol) {
        const SymbolBoard& board = venue_.board.at(symbol);
        Candle day;
        for (const Candle& candle : merge(venue_.board.minutes(symbol), 604'800'000)) day = candle;
        const Amount change = board.last - day.open;
        json.begin_object().field("symbol", venue_.rules.at(symbol).name);
        json.field("priceChange", change)
            .field("priceChangePercent", fixed(change * units(100) / day.open, 3));
        json.field("weightedAvgPrice", day.quote_volume / day.volume);
        json.field("lastPrice", board.last).field("openPrice", day.open);
        json.field("highPrice", day.high).field("lowPrice", day.low).field("volume", day.volume);
        json.field("quoteVolume", day.quote_volume).field("openTime", day.open_ms);
        json.field("closeTime", call.now_ms()).field("count", day.trades).end_object();
    });
}

}  // namespace tranche::exchange
