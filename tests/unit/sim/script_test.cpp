#include "tools/sim/script.hpp"

#include <gtest/gtest.h>

#include "tools/sim/plan.hpp"
#include "tools/sim/shrink.hpp"

namespace tranche::sim {
namespace {

TEST(Script, IsReadBackAsItWasWritten) {
    FaultSet all;
    all.set();
    const Script script = expand(make_plan(7, all), 2'000);
    ASSERT_FALSE(script.actions.empty());
    const auto again = parse_script(script_text(script));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(script_text(again.value()), script_text(script));
}

TEST(Script, SaysWhichLineIsWrong) {
    const auto script = parse_script("run 1 100 none\n5 liquidation 0 1000\n6 earthquake 0 1\n");
    ASSERT_FALSE(script.ok());
    EXPECT_NE(script.error().message.find("line 3"), std::string::npos);
}

TEST(Faults, ThatNeedARealMachineAreRefusedWithTheReason) {
    const auto faults = parse_faults("N1,D1");
    ASSERT_FALSE(faults.ok());
    EXPECT_EQ(faults.error().kind, ErrorKind::usage);
    EXPECT_NE(faults.error().message.find("D1"), std::string::npos);
}

TEST(Faults, AreGivenARateWhereTheSeedIsNotToDrawIt) {
    const auto faults = parse_faults("N1,N7:134000");
    ASSERT_TRUE(faults.ok());
    EXPECT_EQ(fault_text(faults.value()), "N1,N7:134000");
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
        const Plan plan = make_plan(seed, faults.value());
        EXPECT_TRUE(plan.faults[index(Fault::n7)]);
        EXPECT_EQ(plan.chance[index(Fault::n7)], 134'000U);
    }
    for (const std::string_view wrong : {"N7:", "N7:0", "N7:x", "N7:1000001", "N7:1:2"})
        EXPECT_FALSE(parse_faults(wrong).ok()) << wrong;
}

TEST(Faults, OfASeedStayWhatTheyAreWhenOneIsLeftOut) {
    FaultSet all;
    all.set();
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
        FaultSet fewer = make_plan(seed, all).faults;
        if (fewer.none()) continue;
        for (std::size_t i = 0; i < fault_count; ++i)
            if (fewer[i]) {
                fewer.reset(i);
                break;
            }
        EXPECT_EQ(make_plan(seed, fewer, Swarm::as_given).faults, fewer);
        EXPECT_EQ(make_plan(seed, fewer, Swarm::as_given).pace, make_plan(seed, all).pace);
    }
}

/// Broken while two certain actions are both there.
bool needs_both(void*, const Script& script) {
    int seen = 0;
    for (const Action& action : script.actions) seen += action.value == 13 || action.value == 77;
    return seen == 2;
}

TEST(Shrinking, LeavesWhatIsNeededAndNothingElse) {
    Script script;
    for (std::int64_t i = 0; i < 100; ++i) {
        Action action;
        action.at = milliseconds(i);
        action.value = i;
        script.actions.push_back(action);
    }
    script.faults.set(index(Fault::n1));
    const Shrunk shrunk = shrink(script, &needs_both, nullptr, 10'000);
    ASSERT_EQ(shrunk.script.actions.size(), 2U);
    EXPECT_EQ(shrunk.script.actions[0].value, 13);
    EXPECT_EQ(shrunk.script.actions[1].value, 77);
    EXPECT_TRUE(shrunk.script.faults.none());
}

}  // namespace
}  // namespace tranche::sim
