// A line that has traded, was killed, and whose market stands still: both books are known.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/books.hpp"

namespace tranche::integration {

struct StoppedLine {
    Folder folder;
    Exchange exchange;
    Json settings;
    Environment secrets;
    std::string settings_file;
    EngineBook before;    // of the engine that was killed
    ExchangeBook theirs;  // at that moment
    std::string problem;  // why there is no such line; empty when there is

    /// Trades until `tranches` are open, lets everything settle, kills the engine.
    StoppedLine(const std::vector<std::string>& market, std::size_t tranches);

    /// `tranche verify --json` with `more` flags.
    Ended verify(const std::vector<std::string>& more = {}) const;
};

}  // namespace tranche::integration
