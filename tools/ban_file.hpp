// The end of a ban, kept over a restart: a small file beside the database, because a process that
// does not know of it would ask again and make it longer (exchange-protocol.md §8).
#pragma once

#include <string>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace tranche {

/// Where it stands for a database.
std::string ban_file_of(const std::string& database);

/// UTC; 0 when there is no file. Errors (bad_data): the file says something else; it names the file
/// and what to do. A ban that ends more than a week from `now` is none the exchange gives.
Result<Nanos> read_ban(const std::string& path, Nanos now);

/// Replaces the file whole, or not at all. Errors (cannot_write): it cannot be written.
Result<Done> write_ban(const std::string& path, Nanos until);

}  // namespace tranche
