#include "tools/sim/sim.hpp"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/canary.hpp"
#include "tools/exit_codes.hpp"
#include "tools/sim/runner.hpp"
#include "tools/sim/shrink.hpp"

namespace tranche {
namespace {

using namespace sim;

std::string command_line(const FirstViolation& first, const SimOptions& options) {
    if (!options.script.empty()) return "tranche sim --script " + options.script;
    const std::string program = has_canaries ? "tranche-canaries" : "tranche";
    const std::string canary = options.canary.empty() ? "" : " --canary " + options.canary;
    return program + " sim --seed " + std::to_string(first.seed) + " --steps " +
           std::to_string(options.steps) + " --faults " + options.faults + canary;
}

std::string hex(std::uint64_t value) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
    return text.data();
}

void print_json(const Totals& totals, const SimOptions& options) {
    nlohmann::ordered_json json;
    json["seeds"] = totals.seeds;
    json["steps"] = totals.steps;
    json["events"] = totals.events;
    json["events_per_second"] = static_cast<std::uint64_t>(totals.events_per_second());
    for (std::size_t i = 0; i < fault_count; ++i)
        json["faults"][std::string{name(static_cast<Fault>(i))}] = totals.faults[i];
    json["violations"] = totals.violations;
    json["first_violation"] = nullptr;
    if (totals.first)
        json["first_violation"] = {{"seed", totals.first->seed},
                                   {"step", totals.first->step},
                                   {"invariant", totals.first->invariant},
                                   {"command", command_line(*totals.first, options)},
                                   {"text", totals.first->text}};
    json["digest"] = hex(totals.digest);
    json["unprotected_max_ms"] = totals.unprotected.max_ms;
    json["unprotected_p99_9_ms"] = totals.unprotected.permille(999);
    json["unprotected_spans"] = totals.unprotected.samples;
    json["short_of_stops_max_ms"] = totals.short_of_stops.max_ms;
    json["short_of_stops_p99_9_ms"] = totals.short_of_stops.permille(999);
    json["short_of_stops_spans"] = totals.short_of_stops.samples;
    json["covered_at_once"] = totals.unprotected.covered_at_once;
    json["held_ms"] = totals.excused.held;
    for (std::size_t i = 0; i < excuse_count; ++i)
        json["excused_ms"][std::string{excuse_names[i]}] = totals.excused.by_reason[i];
    json["orders"] = totals.orders;
    json["doubled_orders"] = totals.doubled_orders;
    json["requests"] = totals.requests;
    json["trades"] = totals.trades;
    json["kills"] = totals.kills;
    std::printf("%s\n", json.dump(2).c_str());
}

void print_text(const Totals& totals, const SimOptions& options) {
    std::printf(
        "%llu seeds, %llu steps, %llu events (%.0f a second and core), %llu orders, "
        "%llu trades, %llu kills\n",
        static_cast<unsigned long long>(totals.seeds),
        static_cast<unsigned long long>(totals.steps),
        static_cast<unsigned long long>(totals.events), totals.events_per_second(),
        static_cast<unsigned long long>(totals.orders),
        static_cast<unsigned long long>(totals.trades),
        static_cast<unsigned long long>(totals.kills));
    std::printf(
        "unprotected: %lld ms at most, p99.9 %lld ms of %llu spans; doubled orders: %llu; "
        "digest %s\n",
        static_cast<long long>(totals.unprotected.max_ms),
        static_cast<long long>(totals.unprotected.permille(999)),
        static_cast<unsigned long long>(totals.unprotected.samples),
        static_cast<unsigned long long>(totals.doubled_orders), hex(totals.digest).c_str());
    if (!totals.first) return;
    std::printf("%llu violations; the first: %s, seed %llu, step %llu\n%s\nagain: %s\n",
                static_cast<unsigned long long>(totals.violations), totals.first->invariant.c_str(),
                static_cast<unsigned long long>(totals.first->seed),
                static_cast<unsigned long long>(totals.first->step), totals.first->text.c_str(),
                command_line(*totals.first, options).c_str());
}

int finish(const Result<Totals>& totals, const SimOptions& options) {
    if (!totals) return report(totals.error());
    if (options.json)
        print_json(totals.value(), options);
    else
        print_text(totals.value(), options);
    return static_cast<int>(totals.value().violations == 0 ? Exit::ok : Exit::no);
}

Result<Script> read_script(const std::string& path) {
    std::ifstream file{path};
    if (!file) return Error{ErrorKind::not_found, "sim: cannot read script " + path};
    std::ostringstream text;
    text << file.rdbuf();
    return parse_script(text.str());
}

Result<Script> script_of(const SimOptions& options, const FaultSet& faults) {
    if (!options.script.empty()) return read_script(options.script);
    return expand(make_plan(options.seed, faults), options.steps);
}

Result<Canary> plant_canary(const std::string& name) {
    if (name.empty()) return Canary::none;
    if (!has_canaries)
        return Error{ErrorKind::usage,
                     "sim: --canary " + name +
                         ": this program has no seeded bugs; build and run tranche-canaries "
                         "(cmake --build … --target tranche-canaries)"};
    for (std::size_t i = 1; i < canary_count; ++i) {
        if (canary_names[i] != name) continue;
        plant(static_cast<Canary>(i));
        return static_cast<Canary>(i);
    }
    std::string known;
    for (std::size_t i = 1; i < canary_count; ++i) known += "\n  " + std::string{canary_names[i]};
    return Error{ErrorKind::usage, "sim: --canary " + name + ": no such canary; there are" + known};
}

/// Writes the smallest script found that breaks the same invariant.
int shrink_to(const Script& script, const std::string& path) {
    const auto shrunk = shrink_violation(script, seconds(60));
    if (!shrunk) return report(shrunk.error());
    std::ofstream file{path};
    file << script_text(shrunk.value().script);
    file.close();
    if (!file) return report({ErrorKind::cannot_write, "sim: cannot write the script " + path});
    std::printf("%zu actions left after %llu runs; again: tranche sim --script %s\n",
                shrunk.value().script.actions.size(),
                static_cast<unsigned long long>(shrunk.value().runs), path.c_str());
    return static_cast<int>(Exit::no);
}

/// In this process: a broken assertion ends it with the story written so far.
int trace(const Script& script, const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr)
        return report({ErrorKind::cannot_write, "sim: cannot write the trace " + path});
    std::setvbuf(file, nullptr, _IOLBF, 0);
    const Plan plan = make_plan(script.seed, script.faults, Swarm::as_given);
    Tracer tracer{file, plan.start};
    std::atomic<std::uint64_t> progress{};
    const Outcome outcome = World{plan, script, &tracer, progress}.run();
    if (outcome.violation)
        std::fprintf(file, "violation %s %s\n", outcome.violation->invariant.c_str(),
                     outcome.violation->text.c_str());
    std::fclose(file);
    return 0;
}

}  // namespace

int simulate(const SimOptions& options) {
    if (const auto planted = plant_canary(options.canary); !planted) return report(planted.error());
    const auto faults = parse_faults(options.faults);
    if (!faults) return report(faults.error());
    const bool single = options.seed != 0 || !options.script.empty();
    if (!options.trace.empty() && !single)
        return report({ErrorKind::usage, "sim: --trace shows one run; give --seed or --script"});
    if (single) {
        const auto script = script_of(options, faults.value());
        if (!script) return report(script.error());
        const auto totals = run_script(script.value(), false);
        if (!options.shrink.empty()) return shrink_to(script.value(), options.shrink);
        if (!options.trace.empty() && totals.ok())
            if (const int code = trace(script.value(), options.trace); code != 0) return code;
        return finish(totals, options);
    }
    RunnerOptions runner;
    runner.seeds = options.seeds;
    runner.steps = options.steps;
    runner.faults = faults.value();
    runner.jobs =
        options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    return finish(run_seeds(runner), options);
}

}  // namespace tranche
