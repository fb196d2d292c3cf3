// A database file that must not be written any more gives way to a copy of itself.
#pragma once

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

/// After a failed sync the system may have dropped what should have been written, and a second sync
/// of the same file would say that all is well. So what the file still gives is copied into a new
/// one, synced and checked, which takes its place and its name; the old one stays beside it as
/// `<path>.failed-<seconds>` for whoever wants to know. `database` is open on the new file then;
/// its statements must be prepared anew, and readers open it anew (`Database::replaced`). Errors:
/// the copy cannot be read, written or synced; then everything is as it was. Source:
/// reliability-model.md D2.
Result<Done> replace_database(Database& database, Nanos now);

}  // namespace tranche
