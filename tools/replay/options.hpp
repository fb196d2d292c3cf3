// `tranche replay`: a capture through the same parse and engine stages, offline, deterministic.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tranche {

struct ReplayOptions {
    std::vector<std::string> captures;
    std::string keylog;
    std::string settings;       // empty: no engine, messages and events only
    std::string exchange_info;  // body of an exchangeInfo, where the capture holds none
    std::string messages;
    std::string decisions;
    std::string compare;  // database of the live run
    std::string speed{"max"};
    bool json{};
};

/// Adds the verb; what it returns goes into `code`.
void add_replay_verb(CLI::App& app, ReplayOptions& options, int& code);

/// The process's exit code.
int replay(const ReplayOptions& options);

}  // namespace tranche
