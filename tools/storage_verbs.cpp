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

    VerifyOptions& verifying = options.verify;
    CLI::App& verification =
        add_verb(app, "verify", "compares the database with the exchange; 1 if anything differs",
                 verifying.settings, verifying.json, "tranche verify --settings settings.json");
    verification
        .add_option("--patience", verifying.patience_s,
                    "seconds for what a running instance settles by itself")
        ->capture_default_str()
        ->check(CLI::Range(0, 600));
    verification.callback([&verifying, &code] { code = verify(verifying); });

    BackupOptions& copying = options.backup;
    CLI::App& copy =
        add_verb(app, "backup", "copies the database, also while an instance runs",
                 copying.settings, copying.json, "tranche backup --to /mnt/other/tranche.db");
    copy.add_option("--to", copying.to, "file that takes the copy; replaced in one step")
        ->required();
    copy.callback([&copying, &code] { code = backup(copying); });
}

}  // namespace tranche
