#include "tools/sim/command_line.hpp"

namespace tranche {

void add_sim_verb(CLI::App& app, SimOptions& options, int& code) {
    CLI::App* verb = app.add_subcommand(
        "sim", "seeded simulation with faults; invariants are checked after every step");
    verb->add_option("--seeds", options.seeds, "how many, from 1 on")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb->add_option("--steps", options.steps, "of each seed")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb->add_option("--seed", options.seed, "just this one")->check(CLI::PositiveNumber);
    verb->add_option("--faults", options.faults,
                     "all, none, or ids of the fault table such as N1,X12,P1; N7:100000 strikes so "
                     "many times in a million")
        ->capture_default_str();
    verb->add_option("--trace", options.trace, "writes the story of one run");
    verb->add_option("--script", options.script, "replays a script instead of a seed");
    verb->add_option("--canary", options.canary,
                     "plants a seeded bug; only the program tranche-canaries has them");
    verb->add_option("--shrink", options.shrink,
                     "writes the smallest script that breaks the same invariant as --seed");
    verb->add_option("--jobs", options.jobs, "workers; 0 is one a core")->capture_default_str();
    verb->add_flag("--json", options.json, "one JSON object on stdout");
    verb->footer("Example:\n  " + app.get_name() + " sim --seeds 1000 --steps 20000 --faults all");
    verb->callback([&options, &code] { code = simulate(options); });
}

}  // namespace tranche
