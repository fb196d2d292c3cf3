// Takes the old bot's database over into a new one: every row of every table is taken, changed or
// ignored, and the report says how many, and why. Source: reference-behaviour.md §9.
//
// Nothing is traded on what was imported alone: an imported open tranche is `unprotected` and
// `adopted`, names no order, and every start compares all tranches with the exchange before the
// first order leaves (mode `reconcile`): a position that is smaller reduces or closes them, one
// that is larger is adopted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"
#include "persist/old_file.hpp"

namespace tranche {

enum class ImportOutcome : std::uint8_t { taken, changed, ignored };
std::string_view name(ImportOutcome outcome);

/// What became of the rows of one old table; `taken + changed + ignored == rows`.
struct ImportCounts {
    std::int64_t rows{};
    std::int64_t taken{};
    std::int64_t changed{};
    std::int64_t ignored{};
    std::map<std::pair<ImportOutcome, std::string>, std::int64_t> reasons;
};

struct ImportReport {
    std::map<std::string, ImportCounts> tables;
    std::int64_t open_tranches{};
    std::vector<std::string> old_exits;  // order ids of the old bot's exits of open tranches
};

struct ImportOptions {
    std::string source;                     // path as it was given
    std::string digest;                     // SHA-256 of the old file and what stands beside it
    Nanos now{};                            // UTC
    std::set<std::string> symbols;          // those that are traded: only their tranches stay open
    std::function<Result<Done>()> confirm;  // asked right before the commit; an error undoes all
};

/// What an earlier import left in `into`, or nothing.
struct EarlierImport {
    std::string digest;
    std::string source;
    std::string variant;
    Nanos time{};
    std::string report;  // JSON
};
Result<std::vector<EarlierImport>> earlier_imports(Database& into);

/// All in one transaction of `into`, which is migrated and has never been run with. `to_json`
/// gives the text that is kept of the report. Errors: those of the databases; then `into` is as
/// it was.
Result<ImportReport> import_old(OldFile& old, Database& into, const ImportOptions& options,
                                std::string (*to_json)(const ImportReport&));

}  // namespace tranche
