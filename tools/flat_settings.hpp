// The settings file as lines: path of the key and value, as they stand there.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "persist/database.hpp"

namespace tranche {

/// Empty when the file cannot be read; whoever loads the settings says why. Secrets are never in
/// it.
std::vector<std::pair<std::string, std::string>> flat_settings(const std::string& path);

/// Keeps in the database what changed in the file since the last start. Errors: the database's.
Result<Done> audit_file(Database& database, const std::string& path);

}  // namespace tranche
