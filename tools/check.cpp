#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/settings.hpp"
#include "tools/exit_codes.hpp"
#include "tools/verbs.hpp"

namespace tranche {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (end > at) lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

int check(const CheckOptions& options) {
    const auto settings = load_settings_file(options.settings);
    if (options.json) {
        nlohmann::json answer;
        answer["ok"] = settings.ok();
        answer["problems"] =
            settings ? std::vector<std::string>{} : lines_of(settings.error().message);
        answer["warnings"] = settings ? settings.value().warnings : std::vector<std::string>{};
        fmt::print("{}\n", answer.dump());
        return settings ? 0 : static_cast<int>(exit_code(settings.error().kind));
    }
    if (!settings) return report(settings.error());
    for (const std::string& warning : settings.value().warnings)
        fmt::print(stderr, "warning: {}\n", warning);
    fmt::print("{}: ok, {} symbols\n", options.settings, settings.value().engine.symbols.size());
    return 0;
}

}  // namespace tranche
