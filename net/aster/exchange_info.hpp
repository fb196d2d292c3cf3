// What the exchange says about its symbols and limits. Cold. Source: exchange-protocol.md §4.3, §5.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/symbols.hpp"
#include "net/aster/json.hpp"
#include "net/rate_limit.hpp"

namespace tranche::aster {

/// All symbols, the configured ones first and in the order of the settings.
struct ExchangeInfo {
    std::vector<SymbolRules> symbols;
    std::size_t configured{};
    std::vector<RateLimit> limits;  // empty when it names none: keep the defaults
};

/// Reads the body of `exchangeInfo`. A symbol that does not trade, or whose rules cannot be used,
/// stays in the list with `trading` off.
/// Errors: (settings) configured symbols that are not listed, each with the nearest name that is;
/// (bad_data) not an exchangeInfo, or more symbols than ids.
Result<ExchangeInfo> read_exchange_info(std::string_view body,
                                        std::span<const std::string> configured);
/// The same from a document already parsed.
Result<ExchangeInfo> read_exchange_info(const Json& document,
                                        std::span<const std::string> configured);

}  // namespace tranche::aster
