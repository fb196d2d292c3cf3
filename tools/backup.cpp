// `tranche backup`: a copy of the database, also while an instance runs.
#include "persist/backup.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/settings.hpp"
#include "tools/exit_codes.hpp"
#include "tools/verbs.hpp"

namespace tranche {

int backup(const BackupOptions& options) {
    const auto settings = load_settings_file(options.settings);
    if (!settings) return report(settings.error());
    const std::string& from = settings.value().storage.database;
    const auto bytes = back_up(from, options.to);
    if (!bytes) return report(bytes.error());
    if (options.json)
        fmt::print(
            "{}\n",
            nlohmann::ordered_json{
                {"from", from}, {"to", options.to}, {"bytes", bytes.value()}, {"checked", true}}
                .dump());
    else
        fmt::print("{} copied to {}: {} bytes, checked\n", from, options.to, bytes.value());
    return 0;
}

}  // namespace tranche
