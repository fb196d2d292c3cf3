// Which settings changed from one start to the next.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

/// Compares the settings file, a (path of the key, value as it stands there) each, with what it was
/// at the last start, and keeps what differs in `settings_audit`; the first start keeps all of it.
/// Returns how many differ. Errors: those of the database; then nothing was kept.
Result<std::size_t> audit_settings(Database& database,
                                   const std::vector<std::pair<std::string, std::string>>& settings,
                                   Nanos now);

}  // namespace tranche
