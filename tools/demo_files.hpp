// What a demo needs on disk: a settings file, a throw-away key, names of logs and database.
#pragma once

#include <string>

#include "core/result.hpp"
#include "tools/verbs.hpp"

namespace tranche {

struct DemoFiles {
    std::string settings;
    std::string key;
    std::string user;  // address, not a file
    std::string certificate;
    std::string exchange_log;
    std::string engine_log;
    std::string exchange_url;
    std::string page_url;
};

/// Makes the folder and writes settings and a fresh key (0600). An existing database of an earlier
/// demo is put aside, because its exchange is gone. Errors: cannot_write, with the path.
Result<DemoFiles> make_demo_files(const DemoOptions& options);

}  // namespace tranche
