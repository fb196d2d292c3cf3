// The verb `sim`.
#pragma once

#include <cstdint>
#include <string>

namespace tranche {

struct SimOptions {
    std::uint64_t seeds{100};
    std::uint64_t steps{20'000};
    std::uint64_t seed{};  // 0: seeds 1 to `seeds`
    std::string faults{"all"};
    std::string trace;   // file; needs one seed or a script
    std::string script;  // file to replay
    std::string shrink;  // file for the shrunk script of the first violation
    std::string canary;  // a seeded bug, in builds that have them
    unsigned jobs{};     // 0: one a core
    bool json{};
};
/// Returns the process's exit code: 0, or 1 when an invariant was broken.
int simulate(const SimOptions& options);

}  // namespace tranche
