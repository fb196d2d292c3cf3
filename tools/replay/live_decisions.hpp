// What the live run itself wrote down about its decisions, in the form that a replay's digest
// covers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/messages.hpp"
#include "core/result.hpp"

namespace tranche {

/// One decision without any time of ours: what the exchange said and what was decided.
std::string decision_text(Nanos exchange_time, Nanos trade_time, std::string_view symbol,
                          std::string_view side, Price price, Quantity quantity,
                          std::string_view verdict, std::string_view trade_side,
                          std::uint32_t tranche);
std::string decision_text(const LiquidationRow& row);

/// The decisions about liquidations that arrived from `begin` on, in their order.
/// Errors: those of opening the database; (bad_data) it has no such table.
Result<std::vector<std::string>> read_live_decisions(const std::string& database, Nanos begin);

}  // namespace tranche
