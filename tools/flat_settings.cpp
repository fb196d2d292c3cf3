#include "tools/flat_settings.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "persist/settings_audit.hpp"

namespace tranche {

std::vector<std::pair<std::string, std::string>> flat_settings(const std::string& path) {
    std::ifstream file{path};
    const auto whole = nlohmann::json::parse(file, nullptr, false);
    std::vector<std::pair<std::string, std::string>> lines;
    if (!whole.is_object()) return lines;
    const auto flat = whole.flatten();
    for (const auto& [key, value] : flat.items()) lines.emplace_back(key, value.dump());
    return lines;
}

Result<Done> audit_file(Database& database, const std::string& path) {
    const auto changes = audit_settings(database, flat_settings(path), kernel_now());
    if (!changes) return changes.error();
    return Done{};
}

}  // namespace tranche
