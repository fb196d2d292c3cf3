// Opening a database that may be damaged: it is checked first, and one that cannot be trusted is
// set aside whole (renamed, never deleted), so that a new one can be filled from the journal and
// the exchange. Source: reliability-model.md D4.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

/// Up to this size every page is checked at start (some 0.1 s); of a larger file those tables and
/// indexes that say what is open.
inline constexpr std::uint64_t fully_checked_bytes = std::uint64_t{64} << 20;

struct CheckedDatabase {
    Database database;
    std::string set_aside;  // where the damaged file is now; empty when all is well
    std::string damage;     // what was found wrong
};

/// Opens to write, checks, migrates. The caller holds the InstanceLock. Errors: as `Database` and
/// `migrate`, but never for damage.
Result<CheckedDatabase> open_checked(const std::string& path, Nanos now);

}  // namespace tranche
