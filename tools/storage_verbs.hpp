// The command line of the verbs about what is stored.
#pragma once

#include "tools/verbs.hpp"

namespace CLI {
class App;
}

namespace tranche {

struct StorageOptions {
    ImportVerbOptions import;
    VerifyOptions verify;
    BackupOptions backup;
};

/// Adds the verbs to `app`; the one that is called puts its exit code into `code`. Both outlive
/// the parsing.
void add_storage_verbs(CLI::App& app, StorageOptions& options, int& code);

}  // namespace tranche
