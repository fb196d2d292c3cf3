// The schema's history: numbered SQL files, each applied once and whole.
#pragma once

#include <span>
#include <string_view>

#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

struct Migration {
    int number;  // from 1, without gaps
    std::string_view title;
    std::string_view sql;
};

/// All of migrations/NNN_*.sql, embedded by the build, in order.
std::span<const Migration> migrations();

/// Brings the schema to the newest version, all in one transaction; a database that is already
/// there is left alone. Before an older one is changed, a copy `<path>.before-<version>` is made.
/// Errors: `bad_data` for a newer version or a file with tables of something else; as `Database`.
Result<Done> migrate(Database& database, std::span<const Migration> all = migrations());

}  // namespace tranche
