// The symbols of the exchange with their filters, and the exchangeInfo that announces them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/exchange/amount.hpp"

namespace tranche::exchange {

using SymbolIndex = std::size_t;

/// What the generator needs to invent a market for a symbol.
struct MarketProfile {
    double price{};              // where it starts, quote currency; 0: no generated market
    double volatility{};         // of the log price, per square root of a second
    double spread{};             // fraction of the price
    double top_notional{};       // typical size at the best price, quote currency
    double liquidation_scale{};  // multiplies the sizes of liquidations
};

/// Filters and limits of one symbol (exchange-protocol.md §4.3 and §5). A zero part is off.
struct SymbolRules {
    std::string name;
    std::string base;
    std::string status{"TRADING"};
    Amount tick, min_price, max_price;
    Amount step, min_quantity, max_quantity;
    Amount market_step, market_min_quantity, market_max_quantity;
    Amount min_notional{units(5)};
    Amount multiplier_up, multiplier_down;
    Amount trigger_protect, market_take_bound, liquidation_fee;
    std::int64_t max_orders{200};
    std::int64_t max_algo_orders{10};
    MarketProfile market;

    [[nodiscard]] bool trading() const { return status == "TRADING"; }
    [[nodiscard]] int price_decimals() const { return tick.zero() ? 8 : decimals_of(tick); }
    [[nodiscard]] int quantity_decimals() const { return step.zero() ? 8 : decimals_of(step); }
};

/// Request budgets announced in exchangeInfo and enforced by Limits.
struct Budgets {
    std::int64_t weight_per_minute{2400};
    std::int64_t orders_per_minute{1200};
    std::int64_t orders_per_10_seconds{300};
    std::int64_t ban_after{50};  // 429s in a minute, then 418
    std::int64_t ban_s{120};     // the first ban; each further one doubles, up to three days
};

/// One step of the leverage table (leverageBracket).
struct Bracket {
    std::int64_t number;
    std::int64_t leverage;
    Amount floor, cap;
    Amount maintenance_ratio, cumulated;
};
/// The table that all symbols share, from the highest leverage to the lowest.
const std::vector<Bracket>& brackets();
/// Largest notional that may be held at a leverage (1 to 125).
Amount max_notional(std::int64_t leverage);

/// All symbols, by dense index and by name.
class Rules {
public:
    /// The generated market's symbols.
    static Rules standard();
    /// From an exchangeInfo text of others, which is then served as it is. Error: a message.
    static std::optional<Rules> from_exchange_info(std::string json, std::string& error);

    /// Adds a symbol with filters that let everything pass, or gives them to a known one: prices
    /// of a recording need not be on our grid. An exchangeInfo of others is left as it is.
    void add_permissive(const std::string& name);
    void add(SymbolRules rules);
    /// New filters, or a new status, of a listed symbol.
    void change(SymbolIndex index, SymbolRules rules) { symbols_[index] = std::move(rules); }

    [[nodiscard]] std::optional<SymbolIndex> find(std::string_view name) const;
    [[nodiscard]] const SymbolRules& at(SymbolIndex index) const { return symbols_[index]; }
    [[nodiscard]] std::size_t size() const { return symbols_.size(); }
    /// Body of GET exchangeInfo; a recorded one comes back byte for byte.
    [[nodiscard]] std::string exchange_info(std::int64_t now_ms, const Budgets& budgets) const;

private:
    std::vector<SymbolRules> symbols_;
    std::unordered_map<std::string, SymbolIndex> by_name_;
    std::string served_as_is_;
};

}  // namespace tranche::exchange
