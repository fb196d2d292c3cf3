#include "tools/exchange/rules.hpp"

#include <array>

#include "tools/exchange/json_writer.hpp"

namespace tranche::exchange {
namespace {

struct Listing {
    std::string_view base;
    std::string_view tick, step, max_quantity, market_max_quantity;
    bool major;  // narrow price band, deep book
    MarketProfile market;
};

// Ticks, steps and starting prices follow what such symbols have; the market itself is invented.
constexpr std::array listings{
    Listing{"BTC", "0.1", "0.001", "1000", "120", true, {95'210, 1.6e-4, 1e-6, 90'000, 2.2}},
    Listing{"ETH", "0.01", "0.001", "10000", "2000", true, {3'310, 2.2e-4, 3e-6, 60'000, 2.0}},
    Listing{"SOL", "0.01", "0.01", "100000", "8000", true, {171.9, 2.8e-4, 6e-5, 30'000, 1.6}},
    Listing{"XRP", "0.0001", "0.1", "2000000", "500000", true, {2.31, 2.8e-4, 5e-5, 25'000, 1.2}},
    Listing{"BNB", "0.01", "0.01", "20000", "2000", true, {912.4, 2.2e-4, 2e-5, 25'000, 1.0}},
    Listing{
        "DOGE", "0.00001", "1", "9000000", "3000000", true, {0.1862, 3.2e-4, 6e-5, 20'000, 1.1}},
    Listing{"ASTER", "0.0001", "1", "2000000", "300000", false, {1.084, 4.2e-4, 1e-4, 9'000, 1.2}},
    Listing{"HYPE", "0.001", "0.01", "200000", "20000", false, {38.42, 3.8e-4, 6e-5, 9'000, 1.1}},
    Listing{"FARTCOIN",
            "0.0001",
            "0.1",
            "3000000",
            "300000",
            false,
            {0.4127, 5.0e-4, 2.5e-4, 4'000, 0.9}},
    Listing{"PUMP",
            "0.000001",
            "1",
            "99000000",
            "20000000",
            false,
            {0.004213, 4.8e-4, 2.4e-4, 5'000, 0.9}},
    Listing{"WLFI", "0.0001", "1", "9000000", "1000000", false, {0.1387, 4.2e-4, 7e-4, 5'000, 0.9}},
    Listing{"AVNT", "0.0001", "1", "2000000", "200000", false, {0.6221, 5.0e-4, 2e-4, 3'500, 0.8}},
    Listing{
        "HEMI", "0.00001", "1", "9000000", "1000000", false, {0.03216, 5.2e-4, 3e-4, 3'000, 0.8}},
};

Amount must(std::string_view text) {
    return amount(text).value_or(Amount{});
}

SymbolRules rules_of(const Listing& listing) {
    SymbolRules rules;
    rules.base = listing.base;
    rules.name = rules.base + "USDT";
    rules.tick = must(listing.tick);
    rules.min_price = rules.tick * 10;
    rules.max_price = units(static_cast<std::int64_t>(listing.market.price * 20) + 10);
    rules.step = must(listing.step);
    rules.min_quantity = rules.step;
    rules.max_quantity = must(listing.max_quantity);
    rules.market_step = rules.step;
    rules.market_min_quantity = rules.step;
    rules.market_max_quantity = must(listing.market_max_quantity);
    rules.multiplier_up = must(listing.major ? "1.02" : "1.03");
    rules.multiplier_down = must(listing.major ? "0.98" : "0.97");
    rules.trigger_protect = must(listing.major ? "0.02" : "0.03");
    rules.market_take_bound = must(listing.major ? "0.02" : "0.03");
    rules.liquidation_fee = must(listing.major ? "0.015" : "0.025");
    rules.market = listing.market;
    return rules;
}

void write_limit(JsonWriter& json, std::string_view type, std::string_view interval, int number,
                 std::int64_t limit) {
    json.begin_object().field("rateLimitType", type).field("interval", interval);
    json.field("intervalNum", number).field("limit", limit).end_object();
}

void write_filters(JsonWriter& json, const SymbolRules& rules) {
    json.key("filters").begin_array();
    json.begin_object().field("filterType", "PRICE_FILTER").field("minPrice", rules.min_price);
    json.field("maxPrice", rules.max_price).field("tickSize", rules.tick).end_object();
    json.begin_object().field("filterType", "LOT_SIZE").field("minQty", rules.min_quantity);
    json.field("maxQty", rules.max_quantity).field("stepSize", rules.step).end_object();
    json.begin_object().field("filterType", "MARKET_LOT_SIZE");
    json.field("minQty", rules.market_min_quantity).field("maxQty", rules.market_max_quantity);
    json.field("stepSize", rules.market_step).end_object();
    json.begin_object().field("filterType", "MAX_NUM_ORDERS").field("limit", rules.max_orders);
    json.end_object().begin_object().field("filterType", "MAX_NUM_ALGO_ORDERS");
    json.field("limit", rules.max_algo_orders).end_object();
    json.begin_object().field("filterType", "MIN_NOTIONAL");
    json.field("notional", rules.min_notional).end_object();
    json.begin_object().field("filterType", "PERCENT_PRICE");
    json.field("multiplierUp", fixed(rules.multiplier_up, 4));
    json.field("multiplierDown", fixed(rules.multiplier_down, 4)).field("multiplierDecimal", "4");
    json.field("ltMultiplierUp", "0").field("ltMultiplierDown", "0").end_object();
    json.end_array();
}

void write_symbol(JsonWriter& json, const SymbolRules& rules) {
    json.begin_object().field("symbol", rules.name).field("pair", rules.name);
    json.field("contractType", "PERPETUAL").field("deliveryDate", std::int64_t{4133404800000});
    json.field("onboardDate", std::int64_t{1569398400000}).field("status", rules.status);
    json.field("baseAsset", rules.base).field("quoteAsset", "USDT").field("marginAsset", "USDT");
    json.field("pricePrecision", rules.price_decimals());
    json.field("quantityPrecision", rules.quantity_decimals());
    json.field("baseAssetPrecision", 8).field("quotePrecision", 8).field("underlyingType", "COIN");
    json.key("underlyingSubType").begin_array().end_array().field("settlePlan", 0);
    json.field("triggerProtect", fixed(rules.trigger_protect, 4));
    json.field("liquidationFee", fixed(rules.liquidation_fee, 6));
    json.field("marketTakeBound", rules.market_take_bound);
    write_filters(json, rules);
    json.raw_field("orderTypes",
                   R"(["LIMIT","MARKET","STOP","STOP_MARKET","TAKE_PROFIT","TAKE_PROFIT_MARKET"])");
    json.raw_field("timeInForce", R"(["GTC","IOC","FOK","GTX"])");
    json.end_object();
}

struct BracketSource {
    std::int64_t leverage, cap;
    std::string_view ratio;
};
constexpr std::array bracket_sources{
    BracketSource{125, 50'000, "0.004"},    BracketSource{100, 250'000, "0.005"},
    BracketSource{50, 1'000'000, "0.01"},   BracketSource{20, 5'000'000, "0.025"},
    BracketSource{10, 20'000'000, "0.05"},  BracketSource{5, 50'000'000, "0.1"},
    BracketSource{4, 100'000'000, "0.125"}, BracketSource{3, 200'000'000, "0.15"},
    BracketSource{2, 300'000'000, "0.25"},  BracketSource{1, 500'000'000, "0.5"},
};

std::vector<Bracket> make_brackets() {
    std::vector<Bracket> table;
    Amount floor, ratio, cumulated;
    for (const BracketSource& source : bracket_sources) {
        const Amount next = must(source.ratio);
        cumulated += floor * (next - ratio);
        ratio = next;
        table.push_back({.number = static_cast<std::int64_t>(table.size()) + 1,
                         .leverage = source.leverage,
                         .floor = floor,
                         .cap = units(source.cap),
                         .maintenance_ratio = ratio,
                         .cumulated = cumulated});
        floor = units(source.cap);
    }
    return table;
}

}  // namespace

const std::vector<Bracket>& brackets() {
    static const std::vector<Bracket> table = make_brackets();
    return table;
}

Amount max_notional(std::int64_t leverage) {
    Amount cap;
    for (const Bracket& bracket : brackets())
        if (bracket.leverage >= leverage) cap = bracket.cap;
    return cap;
}

Rules Rules::standard() {
    Rules rules;
    for (const Listing& listing : listings) rules.add(rules_of(listing));
    return rules;
}

void Rules::add(SymbolRules rules) {
    if (!by_name_.emplace(rules.name, symbols_.size()).second) return;
    symbols_.push_back(std::move(rules));
}

void Rules::add_permissive(const std::string& name) {
    SymbolRules rules;
    rules.name = name;
    const bool usdt = name.size() > 4 && name.ends_with("USDT");
    rules.base = usdt ? name.substr(0, name.size() - 4) : name;
    rules.tick = rules.min_price = Amount{1};
    rules.max_price = units(1'000'000);
    rules.step = rules.min_quantity = rules.market_step = rules.market_min_quantity = Amount{1};
    rules.max_quantity = rules.market_max_quantity = units(1'000'000'000);
    rules.multiplier_up = units(2);
    rules.multiplier_down = must("0.5");
    rules.trigger_protect = rules.market_take_bound = must("0.5");
    rules.liquidation_fee = must("0.02");
    const auto known = by_name_.find(name);
    if (known == by_name_.end())
        add(std::move(rules));
    else if (served_as_is_.empty())
        symbols_[known->second] = std::move(rules);
}

std::optional<SymbolIndex> Rules::find(std::string_view name) const {
    const auto found = by_name_.find(std::string{name});
    if (found == by_name_.end()) return std::nullopt;
    return found->second;
}

std::string Rules::exchange_info(std::int64_t now_ms, const Budgets& budgets) const {
    if (!served_as_is_.empty()) return served_as_is_;
    JsonWriter json;
    json.begin_object().field("timezone", "UTC").field("serverTime", now_ms);
    json.field("futuresType", "U_MARGINED").key("rateLimits").begin_array();
    write_limit(json, "REQUEST_WEIGHT", "MINUTE", 1, budgets.weight_per_minute);
    write_limit(json, "ORDERS", "MINUTE", 1, budgets.orders_per_minute);
    write_limit(json, "ORDERS", "SECOND", 10, budgets.orders_per_10_seconds);
    json.end_array().raw_field("exchangeFilters", "[]");
    json.raw_field("assets",
                   R"([{"asset":"USDT","marginAvailable":true,"autoAssetExchange":"-10000"}])");
    json.key("symbols").begin_array();
    for (const SymbolRules& rules : symbols_) write_symbol(json, rules);
    json.end_array().end_object();
    return json.take();
}

}  // namespace tranche::exchange
