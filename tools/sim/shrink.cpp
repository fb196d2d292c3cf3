#include "tools/sim/shrink.hpp"

#include <algorithm>

namespace tranche::sim {
namespace {

struct Search {
    StillBroken broken;
    void* whom;
    std::uint64_t limit;
    std::uint64_t runs{};

    bool tries(const Script& script) {
        if (runs >= limit) return false;
        ++runs;
        return broken(whom, script);
    }
};

void drop_faults(Script& script, Search& search) {
    for (std::size_t i = 0; i < fault_count; ++i) {
        if (!script.faults[i]) continue;
        Script without = script;
        without.faults.reset(i);
        std::erase_if(without.actions, [i](const Action& action) {
            const ActionFault fault = fault_of(action);
            return fault.is_fault && index(fault.fault) == i;
        });
        if (search.tries(without)) script = without;
    }
}

void drop_actions(Script& script, Search& search) {
    std::size_t chunk = std::max<std::size_t>(script.actions.size() / 2, 1);
    while (!script.actions.empty() && search.runs < search.limit) {
        bool smaller = false;
        for (std::size_t from = 0; from < script.actions.size();) {
            Script without = script;
            const auto first = without.actions.begin() + static_cast<std::ptrdiff_t>(from);
            const std::size_t count = std::min(chunk, script.actions.size() - from);
            without.actions.erase(first, first + static_cast<std::ptrdiff_t>(count));
            if (search.tries(without)) {
                script = without;
                smaller = true;
            } else {
                from += chunk;
            }
        }
        if (chunk == 1 && !smaller) return;
        if (!smaller) chunk = std::max<std::size_t>(chunk / 2, 1);
        chunk = std::min(chunk, std::max<std::size_t>(script.actions.size(), 1));
    }
}

/// The violation that is looked for, and until when.
struct Wanted {
    std::string invariant;
    Nanos until;
};

bool breaks_again(void* whom, const Script& script) {
    const auto& wanted = *static_cast<const Wanted*>(whom);
    if (monotonic_now() > wanted.until) return false;
    const auto totals = run_script(script, true);
    return totals.ok() && totals.value().first &&
           totals.value().first->invariant == wanted.invariant;
}

}  // namespace

Shrunk shrink(Script script, StillBroken broken, void* whom, std::uint64_t limit) {
    Search search{broken, whom, limit};
    drop_actions(script, search);
    drop_faults(script, search);
    drop_actions(script, search);
    return {std::move(script), search.runs};
}

Result<Shrunk> shrink_violation(const Script& script, Nanos patience) {
    const auto totals = run_script(script, true);
    if (!totals) return totals.error();
    if (!totals.value().first)
        return Error{ErrorKind::not_found, "sim: nothing to shrink, no invariant was broken"};
    Wanted wanted{totals.value().first->invariant, monotonic_now() + patience};
    Script shorter = script;
    // What comes after the violation cannot have caused it; the settling phase has no steps.
    shorter.steps = std::min(shorter.steps, totals.value().first->step + 1);
    if (!breaks_again(&wanted, shorter)) shorter = script;
    constexpr std::uint64_t runs = 20'000;
    return shrink(shorter, &breaks_again, &wanted, runs);
}

}  // namespace tranche::sim
