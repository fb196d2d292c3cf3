#include "core/symbols.hpp"

#include <bit>

#include "core/require.hpp"

namespace tranche {
namespace {

/// FNV-1a; names are short and the table is built once, so nothing stronger is needed.
std::size_t hash(std::string_view name) noexcept {
    std::uint64_t value = 0xcbf29ce484222325U;
    for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return static_cast<std::size_t>(value ^ value >> 32);
}

}  // namespace

SymbolTable::SymbolTable(std::vector<SymbolRules> rules, std::size_t configured)
    : rules_{std::move(rules)},
      buckets_(std::bit_ceil(rules_.size() * 4 + 1)),
      configured_{configured} {
    require(rules_.size() <= 4096 && configured_ <= rules_.size(), "the symbol table has room");
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        std::size_t at = hash(rules_[i].name) & (buckets_.size() - 1);
        while (buckets_[at] != 0) {
            require(rules_[buckets_[at] - 1U].name != rules_[i].name, "symbol names are distinct");
            at = (at + 1) & (buckets_.size() - 1);
        }
        buckets_[at] = static_cast<std::uint16_t>(i + 1);
    }
}

SymbolId SymbolTable::find(std::string_view name) const noexcept {
    if (buckets_.empty()) return no_symbol;
    for (std::size_t at = hash(name) & (buckets_.size() - 1); buckets_[at] != 0;
         at = (at + 1) & (buckets_.size() - 1))
        if (rules_[buckets_[at] - 1U].name == name)
            return SymbolId{static_cast<std::uint16_t>(buckets_[at] - 1U)};
    return no_symbol;
}

}  // namespace tranche
