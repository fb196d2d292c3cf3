// The simulation with seeded bugs (core/canary.hpp). Knows one verb and never trades.
#include <CLI/CLI.hpp>

#include "tools/exit_codes.hpp"
#include "tools/sim/command_line.hpp"

int main(int argc, char** argv) {
    using namespace tranche;
    CLI::App app{"The simulation, with seeded bugs that `sim --canary NAME` plants."};
    app.name("tranche-canaries");
    app.require_subcommand(1);
    SimOptions options;
    int code = 0;
    add_sim_verb(app, options, code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int shown = app.exit(error);
        return shown == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    return code;
}
