// The only place where threads are started: pinning, scheduling class, waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/settings.hpp"

namespace tranche {

/// A stage as a thread sees it: something to poll. Keeps a reference.
class Polled {
public:
    template <class S>
    explicit Polled(S& stage)
        : poll_{[](void* self, Nanos now) { return static_cast<S*>(self)->poll(now); }},
          stage_{&stage} {}
    std::size_t operator()(Nanos now) const { return poll_(stage_, now); }

private:
    std::size_t (*poll_)(void*, Nanos);
    void* stage_;
};

/// What a thread has been doing; written by it, read by anyone.
struct alignas(64) ThreadPulse {
    std::atomic<std::int64_t> last_turn_ns{};  // UTC
    std::atomic<std::uint64_t> turns{};
    std::atomic<std::uint64_t> busy_turns{};
    std::atomic<std::int64_t> longest_gap_ns{};  // between two turns: the thread was off its core
};

/// Runs stages until told to stop. Each thread has its own clock, read once a turn.
class Threads {
public:
    /// Makes the pulses of all threads, so that readers find them before and after `start`.
    explicit Threads(const std::vector<ThreadSettings>& layout);
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
    ~Threads() { stop(); }

    /// Starts the next thread of the layout. `clock` belongs to it from now on. Pinning and
    /// scheduling class that the host does not allow are warnings in `warnings()`, not errors: the
    /// pipeline is slower, not wrong.
    void start(const ThreadSettings& settings, std::vector<Polled> stages, Clock& clock);

    /// Keeps the calling thread off the hot cores: it goes where `settings` goes.
    void join_core(const ThreadSettings& settings);

    /// Lets every thread finish its turn, and joins.
    void stop();

    const std::deque<ThreadPulse>& pulses() const { return pulses_; }
    const std::vector<std::string>& names() const { return names_; }
    const std::vector<std::string>& warnings() const { return warnings_; }

private:
    std::atomic<bool> stopping_{};
    std::deque<ThreadPulse> pulses_;
    std::vector<std::string> names_;
    std::vector<std::string> warnings_;
    std::vector<std::jthread> threads_;
};

/// The layout for `pipeline.threads: "auto"`: everything hot on one thread, pinned to the last
/// core and spinning; everything cold on another that parks. One hot thread keeps a message in one
/// core's cache from socket to socket; a hop to another core costs more than the stage it saves.
std::vector<ThreadSettings> automatic_threads(unsigned cores);

}  // namespace tranche
