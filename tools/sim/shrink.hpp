// Makes a script that breaks an invariant small: fewer faults, fewer steps, fewer actions.
#pragma once

#include "core/clock.hpp"
#include "core/result.hpp"
#include "tools/sim/runner.hpp"
#include "tools/sim/script.hpp"

namespace tranche::sim {

struct Shrunk {
    Script script;
    std::uint64_t runs{};
};

/// Tells whether a script still shows what is looked for.
using StillBroken = bool (*)(void* whom, const Script& script);

/// Delta debugging: takes away halves, quarters, … of the actions while `broken` says yes, at most
/// `limit` runs.
Shrunk shrink(Script script, StillBroken broken, void* whom, std::uint64_t limit);

/// The same against the simulation itself: the same invariant must break. Errors (not_found): the
/// script breaks nothing. Takes no longer than about `patience`.
Result<Shrunk> shrink_violation(const Script& script, Nanos patience);

}  // namespace tranche::sim
