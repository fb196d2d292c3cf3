#include "tools/threads.hpp"

#include <cstring>
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "core/require.hpp"

namespace tranche {
namespace {

constexpr unsigned busy_spins = 2048;  // empty turns a yielding thread makes before it yields
constexpr timespec nap{0, 200'000};    // a parked thread looks at its rings this often

std::string pin(pthread_t thread, const ThreadSettings& settings) {
    if (settings.core < 0) return {};
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<std::size_t>(settings.core), &cores);
    const int failed = pthread_setaffinity_np(thread, sizeof cores, &cores);
    if (failed == 0) return {};
    return fmt::format("thread {}: cannot be pinned to core {} ({}); it runs anywhere",
                       settings.name, settings.core, std::strerror(failed));
}

std::string schedule(std::jthread& thread, const ThreadSettings& settings) {
    if (settings.policy == ThreadPolicy::other) return {};
    const sched_param priority{settings.priority};
    const int failed = pthread_setschedparam(thread.native_handle(), SCHED_FIFO, &priority);
    if (failed == 0) return {};
    return fmt::format("thread {}: no real-time priority {} ({}); raise LimitRTPRIO or run without",
                       settings.name, settings.priority, std::strerror(failed));
}

void idle(Wait wait, unsigned empty_turns) {
    switch (wait) {
        case Wait::spin: __builtin_ia32_pause(); return;
        case Wait::yield:
            if (empty_turns > busy_spins)
                sched_yield();
            else
                __builtin_ia32_pause();
            return;
        case Wait::park: nanosleep(&nap, nullptr); return;
    }
}

void run(const std::atomic<bool>& stopping, Wait wait, const std::vector<Polled>& stages,
         Clock& clock, ThreadPulse& pulse) {
    unsigned empty_turns = 0;
    std::uint64_t turns = 0;
    std::uint64_t busy = 0;
    Nanos last = clock.now();
    Nanos recalibrate_at = last + seconds(1);
    std::int64_t longest = 0;
    while (!stopping.load(std::memory_order_relaxed)) {
        const Nanos now = clock.now();
        if (wait == Wait::spin && (now - last).count > longest) {
            longest = (now - last).count;
            pulse.longest_gap_ns.store(longest, std::memory_order_relaxed);
        }
        last = now;
        std::size_t done = 0;
        for (const Polled& stage : stages) done += stage(now);
        pulse.last_turn_ns.store(now.count, std::memory_order_relaxed);
        pulse.turns.store(++turns, std::memory_order_relaxed);
        if (done != 0) {
            empty_turns = 0;
            pulse.busy_turns.store(++busy, std::memory_order_relaxed);
            continue;
        }
        ++empty_turns;
        if (now >= recalibrate_at) {
            clock.recalibrate();
            recalibrate_at = now + seconds(1);
        }
        idle(wait, empty_turns);
    }
}

}  // namespace

Threads::Threads(const std::vector<ThreadSettings>& layout) : pulses_(layout.size()) {
    for (const ThreadSettings& thread : layout) names_.push_back(thread.name);
}

void Threads::start(const ThreadSettings& settings, std::vector<Polled> stages, Clock& clock) {
    require(threads_.size() < pulses_.size(), "only threads of the layout are started");
    ThreadPulse& pulse = pulses_[threads_.size()];
    std::jthread& thread = threads_.emplace_back(
        [this, &pulse, &clock, wait = settings.wait, stages = std::move(stages)] {
            run(stopping_, wait, stages, clock, pulse);
        });
    pthread_setname_np(thread.native_handle(), settings.name.substr(0, 15).c_str());
    for (std::string warning : {pin(thread.native_handle(), settings), schedule(thread, settings)})
        if (!warning.empty()) warnings_.push_back(std::move(warning));
}

void Threads::join_core(const ThreadSettings& settings) {
    std::string warning = pin(pthread_self(), settings);
    if (!warning.empty()) warnings_.push_back(std::move(warning));
}

void Threads::stop() {
    stopping_.store(true, std::memory_order_relaxed);
    threads_.clear();
}

std::vector<ThreadSettings> automatic_threads(unsigned cores) {
    const bool alone = cores < 2;
    ThreadSettings hot{.name = "hot",
                       .core = alone ? -1 : static_cast<int>(cores) - 1,
                       .policy = ThreadPolicy::other,
                       .priority = 0,
                       .wait = alone ? Wait::yield : Wait::spin,
                       .stages = {Stage::receive, Stage::parse, Stage::engine, Stage::gateway}};
    ThreadSettings cold{.name = "cold",
                        .core = alone ? -1 : 0,
                        .policy = ThreadPolicy::other,
                        .priority = 0,
                        .wait = Wait::park,
                        .stages = {Stage::writer, Stage::status}};
    return {hot, cold};
}

}  // namespace tranche
