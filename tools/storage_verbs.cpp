#include "tools/storage_verbs.hpp"

#include <CLI/CLI.hpp>

namespace tranche {
namespace {

CLI::App& add_verb(CLI::App& app, const char* name, const char* what, std::string& settings,
                   bool& json, const char* example) {
    CLI::App& verb = *app.add_subcommand(name, what);
    verb.add_option("--settings", settings, "settings file")->capture_default_str();
    verb.add_flag("--json", json, "one JSON object on stdout");
    verb.footer(std::string{"Example:\n  "} + example);
    return verb;
}

}  // namespace

void add_storage_verbs(CLI::App& app, StorageOptions& options, int& code) {
    ImportVerbOptions& import = options.import;
    CLI::App& importing =
        add_verb(app, "import", "takes the old bot's database over into a new one", import.settings,
                 import.json, "tranche import data/bot.db --into data/tranche.db");
    importing.add_option("OLD", import.old_database, "the old bot's database; never changed")
        ->required();
    importing.add_option("--into", import.into,
                         "the new database; storage.database of the settings unless given");
    importing.callback([&import, &code] { code = import_database(import); });
}

}  // namespace tranche
