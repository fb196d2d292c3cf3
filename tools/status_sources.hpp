// What the page is given: board, histograms, metrics and database questions of a running pipeline.
#pragma once

#include "net/aster/account.hpp"
#include "net/status/sources.hpp"
#include "persist/queries.hpp"
#include "tools/pipeline.hpp"
#include "tools/threads.hpp"

namespace tranche {

/// What the page asks of the database; both outlive it.
StatusHistory history_of(const SymbolTable& symbols, Queries& queries);

/// Everything outlives the server that takes the result. `queries` has a connection of its own.
StatusSources status_sources(const Settings& settings, const SymbolTable& symbols,
                             Pipeline& pipeline, const aster::Account& account,
                             const Threads& threads, Queries& queries);

}  // namespace tranche
