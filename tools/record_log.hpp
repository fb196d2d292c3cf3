// Records as log lines for people: `2026-01-02T03:04:05.678901Z info tranche … key=value`.
#pragma once

#include <string>

#include "core/messages.hpp"
#include "core/symbols.hpp"

namespace tranche {

/// One line without line break; empty for records that are not worth a line (a liquidation below
/// its threshold, a balance, an order's intermediate state).
std::string log_line(const Record& record, const SymbolTable& symbols);

/// UTC with microseconds, as in log lines.
std::string timestamp(Nanos time);

}  // namespace tranche
