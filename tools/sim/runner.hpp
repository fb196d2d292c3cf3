// Many seeds over many processes: a broken assertion ends a worker, not the run, and is reported
// like every other violation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "tools/sim/world.hpp"

namespace tranche::sim {

struct RunnerOptions {
    std::uint64_t first_seed{1};
    std::uint64_t seeds{1};
    std::uint64_t steps{20'000};
    FaultSet faults;
    unsigned jobs{1};
    bool stop_at_first{};  // no more seeds once one was broken
};

struct FirstViolation {
    std::uint64_t seed{};
    std::uint64_t step{};
    std::string invariant;
    std::string text;
};

struct Totals : Tally {
    std::uint64_t seeds{};
    std::uint64_t violations{};
    std::uint64_t busy_ns{};              // of all workers together
    std::optional<FirstViolation> first;  // of the smallest seed

    double events_per_second() const;
};

/// Errors (io): no worker could be started.
Result<Totals> run_seeds(const RunnerOptions& options);

/// One script in a process of its own; what it prints goes nowhere when `quiet`.
Result<Totals> run_script(const Script& script, bool quiet);

}  // namespace tranche::sim
