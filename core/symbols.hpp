// Every symbol the exchange lists: its rules, and name ↔ dense id.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/numbers.hpp"

namespace tranche {

/// What the exchange demands of an order on one symbol. A part that is 0 is switched off.
/// Source: exchange-protocol.md §4.3, §5.
struct SymbolRules {
    std::string name;  // upper case, as on the wire
    bool trading{};    // status TRADING with a usable tick and step
    Price tick{};
    Price min_price{};
    Price max_price{};
    Quantity step{};
    Quantity min_quantity{};
    Quantity max_quantity{};
    Quantity market_step{};  // MARKET and STOP_MARKET orders
    Quantity market_min_quantity{};
    Quantity market_max_quantity{};
    Notional min_notional{};     // entries only; reducing orders are exempt
    Ratio multiplier_up{};       // BUY limit ≤ mark × up
    Ratio multiplier_down{};     // SELL limit ≥ mark × down
    std::uint16_t max_orders{};  // open orders, conditional ones included
    std::uint16_t max_conditional_orders{};
};

/// Longest symbol name accepted from outside.
inline constexpr std::size_t max_symbol_name = 24;

/// Name ↔ id for up to 4096 symbols. Configured symbols come first, so engine arrays for them are
/// contiguous. Lookup by name is one hash and, nearly always, one comparison; no allocation.
class SymbolTable {
public:
    SymbolTable() = default;

    /// The first `configured` of `rules` are the ones we trade. Names must be distinct.
    SymbolTable(std::vector<SymbolRules> rules, std::size_t configured);

    /// `no_symbol` for a name that is not listed.
    SymbolId find(std::string_view name) const noexcept;

    const SymbolRules& rules(SymbolId id) const { return rules_[index(id)]; }
    std::string_view name(SymbolId id) const { return rules_[index(id)].name; }
    std::size_t size() const { return rules_.size(); }
    std::size_t configured() const { return configured_; }
    bool is_configured(SymbolId id) const { return index(id) < configured_; }

private:
    std::vector<SymbolRules> rules_;
    std::vector<std::uint16_t> buckets_;  // open addressing, index + 1, 0 is empty
    std::size_t configured_{};
};

}  // namespace tranche
