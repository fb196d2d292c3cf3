// From a plan to its script: each kind of action comes at random times of its own.
#include <algorithm>
#include <optional>

#include "tools/sim/plan.hpp"
#include "tools/sim/random.hpp"

namespace tranche::sim {
namespace {

/// How often an action comes and what its value may be.
struct Habit {
    ActionKind kind;
    std::optional<Fault> fault;  // none: plain workload, always there
    Nanos often;                 // mean time between two, at its busiest
    Nanos seldom;                // and at its calmest
    std::int64_t low;
    std::int64_t high;
};

constexpr std::array<Habit, 41> habits{{
    {ActionKind::liquidation, {}, milliseconds(2), milliseconds(16), -40'000, 40'000},
    {ActionKind::shock, {}, milliseconds(300), seconds(4), -20, 20},
    {ActionKind::pace, {}, seconds(10), seconds(60), 200, 4'000},
    {ActionKind::merge, {}, seconds(30), seconds(200), 0, 1},
    {ActionKind::pause, {}, seconds(60), seconds(400), 0, 0},
    {ActionKind::flash, Fault::s2, seconds(1), seconds(10), -60, 60},
    {ActionKind::by_hand, Fault::s5, seconds(1), seconds(20), -1'000, 1'500},
    {ActionKind::by_hand, Fault::x6, seconds(1), seconds(20), -999, -1},
    {ActionKind::cancel_by_hand, Fault::s6, seconds(1), seconds(20), 0, 1'000},
    {ActionKind::forced, Fault::s4, seconds(5), seconds(40), 0, 1},
    {ActionKind::drip, Fault::s1, milliseconds(500), seconds(10), 1, 20},
    {ActionKind::leverage, Fault::s7, seconds(3), seconds(30), 2, 25},
    {ActionKind::user_cut, Fault::n3, seconds(1), seconds(20), 20, 4'000},
    {ActionKind::user_half_open, Fault::n4, seconds(8), seconds(40), 3'000, 8'000},
    {ActionKind::market_half_open, Fault::n4, seconds(8), seconds(40), 3'000, 8'000},
    {ActionKind::user_rotate, Fault::n10, seconds(2), seconds(30), 1, 2'000},
    {ActionKind::key_expires, Fault::n12, seconds(3), seconds(25), 0, 0},
    {ActionKind::market_cut, Fault::n2, seconds(1), seconds(20), 20, 4'000},
    {ActionKind::outage, Fault::n15, seconds(4), seconds(40), 500, 12'000},
    {ActionKind::throttle, Fault::x12, seconds(2), seconds(30), 10, 1'500},
    {ActionKind::ban, Fault::x12, seconds(20), seconds(100), 1'000, 6'000},
    {ActionKind::refuse_keys, Fault::x11, seconds(3), seconds(20), 500, 4'000},
    {ActionKind::mode_mismatch, Fault::x10, seconds(4), seconds(40), 200, 3'000},
    {ActionKind::no_margin, Fault::x7, seconds(3), seconds(30), 200, 4'000},
    {ActionKind::halt_symbol, Fault::s8, seconds(5), seconds(40), 500, 8'000},
    {ActionKind::new_filters, Fault::s9, seconds(5), seconds(40), 500, 5'000},
    {ActionKind::stall, Fault::p4, milliseconds(500), seconds(10), 10, 900},
    {ActionKind::freeze, Fault::p5, seconds(4), seconds(30), 1'000, 15'000},
    {ActionKind::writer_stall, Fault::d3, seconds(3), seconds(30), 50, 6'000},
    {ActionKind::slow_disk, Fault::d5, seconds(5), seconds(40), 1'000, 8'000},
    {ActionKind::flood, Fault::m1, seconds(2), seconds(20), 100, 600},
    {ActionKind::kill, Fault::p1, milliseconds(300), seconds(3), 0, 2},
    {ActionKind::kill, Fault::d6, seconds(4), seconds(40), 3, 3},
    {ActionKind::terminate, Fault::p3, seconds(4), seconds(30), 0, 0},
    {ActionKind::restart_smaller, Fault::c2, seconds(4), seconds(30), 10, 90},
    {ActionKind::clock_offset, Fault::x2, seconds(3), seconds(30), 100, 4'000},
    {ActionKind::clock_step, Fault::t1, seconds(3), seconds(30), -3'000, 3'000},
    {ActionKind::exchange_clock, Fault::t2, seconds(3), seconds(30), -5'000, 5'000},
    {ActionKind::margin_call, Fault::x8, seconds(4), seconds(40), 0, 0},
    {ActionKind::second_instance, Fault::o1, seconds(5), seconds(40), 0, 0},
    {ActionKind::merge, Fault::o3, milliseconds(500), seconds(10), 0, 1},
}};

/// O5 is a storm of signals: it needs no habit of its own, only more of the first one.
Nanos mean_of(const Habit& habit, const Plan& plan, Dice& dice) {
    Nanos often = habit.often;
    if (habit.kind == ActionKind::liquidation && plan.faults[index(Fault::o5)])
        often = {often.count / 6};
    std::int64_t mean = habit.seldom.count;
    while (mean > often.count && dice.below(3) != 0) mean /= 2;
    return {std::max(mean, often.count)};
}

void add_habit(std::size_t number, const Plan& plan, Nanos length, Script& script) {
    const Habit& habit = habits[number];
    if (habit.fault && !plan.faults[index(*habit.fault)]) return;
    Dice dice{plan.seed, Concern::action, number};
    const Nanos mean = mean_of(habit, plan, dice);
    Nanos at = dice.between(Nanos{}, Nanos{2 * mean.count});
    while (at < length) {
        Action action;
        action.at = at;
        action.kind = habit.kind;
        action.symbol = SymbolId{static_cast<std::uint16_t>(dice.below(plan.rules.size()))};
        action.value = dice.between(habit.low, habit.high);
        script.actions.push_back(action);
        // An operator looks after a while.
        if (habit.kind == ActionKind::pause) {
            action.at += dice.between(milliseconds(200), seconds(4));
            action.kind = ActionKind::resume;
            script.actions.push_back(action);
        }
        at += dice.between(microseconds(1), Nanos{2 * mean.count});
    }
}

}  // namespace

Script expand(const Plan& plan, std::uint64_t steps) {
    Script script;
    script.seed = plan.seed;
    script.steps = steps;
    script.faults = plan.faults;
    // Timers alone make 200 steps a second, so no run lasts longer than this.
    const Nanos length = milliseconds(static_cast<std::int64_t>(steps) * 5 + 1'000);
    const Nanos longest = std::min(length, seconds(3'600));
    for (std::size_t i = 0; i < habits.size(); ++i) add_habit(i, plan, longest, script);
    std::stable_sort(script.actions.begin(), script.actions.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    return script;
}

}  // namespace tranche::sim
