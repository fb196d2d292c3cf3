// What a new start reads back from the database, after the journal was drained into it and before
// the exchange is asked.
#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/restored.hpp"
#include "core/result.hpp"
#include "core/symbols.hpp"
#include "persist/database.hpp"

namespace tranche {

/// Claims a new database for `account` (wallet address or key fingerprint), or checks that this
/// is the account it was claimed for. Error `settings`: it belongs to another one.
Result<Done> claim_account(Database& database, const std::string& account);

/// Bumps the epoch and saves it durably, then reads the state as of `now`: open tranches, live
/// orders, fills of the last 7 days, liquidations not older than `window`, episodes, and realized
/// result and fees of the UTC day. Rows of symbols that `symbols` does not list are left out and
/// named in `warnings`: nothing can be traded there, the exchange will be asked what is held.
/// Errors: those of the database; then nothing may be traded.
Result<Restored> restore(Database& database, const SymbolTable& symbols, Nanos window, Nanos now,
                         std::vector<std::string>& warnings);

}  // namespace tranche
