#include "tests/integration/storage.hpp"

#include <gtest/gtest.h>

namespace tranche::integration {

StoppedLine::StoppedLine(const std::vector<std::string>& market, std::size_t tranches)
    : exchange{folder, market},
      settings(trading_settings(folder, exchange)),
      secrets{credentials(folder)} {
    settings_file = folder.path("settings.json");
    Engine engine{folder, settings, secrets};
    if (!engine.trades()) {
        problem = "the engine does not trade: " + engine.log();
        return;
    }
    if (!eventually(seconds(60),
                    [&] { return read_engine(engine).tranches.size() >= tranches + 2; })) {
        problem = "too few tranches: " + engine.log();
        return;
    }
    exchange.pause_market();
    problem = settle(engine, exchange);
    before = read_engine(engine);
    theirs = read_exchange(exchange);
    if (problem.empty() && before.tranches.size() < tranches) problem = "tranches were closed";
    engine.kill_hard();
}

Ended StoppedLine::verify(const std::vector<std::string>& more) const {
    std::vector<std::string> command{tranche_program(), "verify", "--settings", settings_file,
                                     "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return run_to_end(folder, command, secrets);
}

}  // namespace tranche::integration
