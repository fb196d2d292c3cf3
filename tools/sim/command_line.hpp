// The command line of the verb `sim`, for each program that has it.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/sim/sim.hpp"

namespace tranche {

/// Adds the verb; running it sets `code`. Both references must outlive `app`.
void add_sim_verb(CLI::App& app, SimOptions& options, int& code);

}  // namespace tranche
