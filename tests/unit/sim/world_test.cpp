#include "tools/sim/world.hpp"

#include <gtest/gtest.h>

namespace tranche::sim {
namespace {

Outcome run(std::uint64_t seed, std::uint64_t steps) {
    FaultSet all;
    all.set();
    const Plan plan = make_plan(seed, all);
    const Script script = expand(plan, steps);
    std::atomic<std::uint64_t> progress{};
    return World{plan, script, nullptr, progress}.run();
}

TEST(World, TheSameSeedEndsInTheSameState) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        EXPECT_EQ(run(seed, 3'000).digest, run(seed, 3'000).digest) << "seed " << seed;
}

TEST(World, SeedsDiffer) {
    EXPECT_NE(run(1, 3'000).digest, run(2, 3'000).digest);
}

TEST(World, AnActionTakenAwayLeavesTheRestOfTheRunIntact) {
    FaultSet none;
    const Plan plan = make_plan(4, none);
    Script script = expand(plan, 3'000);
    script.actions.clear();
    std::atomic<std::uint64_t> progress{};
    const Outcome outcome = World{plan, script, nullptr, progress}.run();
    EXPECT_FALSE(outcome.violation.has_value()) << outcome.violation->text;
    EXPECT_EQ(outcome.orders, 0U);
    EXPECT_GT(outcome.events, 2'000U);
}

}  // namespace
}  // namespace tranche::sim
