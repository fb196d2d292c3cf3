// What paper mode says of itself, and what its wallet held at the end of the last run.
#pragma once

#include <string>

#include "core/result.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "persist/database.hpp"

namespace tranche {

/// The assumptions that are settings, in one line for the start log.
std::string describe(const PaperSettings& paper);

/// The newest balance on record with the fills that came after it; `first` for a database that has
/// neither. Errors: those of the database.
Result<Notional> find_paper_wallet(Database& database, const SymbolTable& symbols, Notional first);

}  // namespace tranche
