// Time: one unit, and the only place where a clock is read.
#pragma once

#include <compare>
#include <cstdint>

namespace tranche {

/// Nanoseconds: an instant since the Unix epoch (UTC), or a span between two instants.
struct Nanos {
    std::int64_t count{};

    friend constexpr auto operator<=>(Nanos, Nanos) = default;
    friend constexpr Nanos operator+(Nanos a, Nanos b) { return {a.count + b.count}; }
    friend constexpr Nanos operator-(Nanos a, Nanos b) { return {a.count - b.count}; }
    constexpr Nanos& operator+=(Nanos other) { return *this = *this + other; }
    constexpr std::int64_t milliseconds() const { return count / 1'000'000; }
    constexpr std::int64_t microseconds() const { return count / 1'000; }
};

constexpr Nanos nanoseconds(std::int64_t n) {
    return {n};
}
constexpr Nanos microseconds(std::int64_t n) {
    return {n * 1'000};
}
constexpr Nanos milliseconds(std::int64_t n) {
    return {n * 1'000'000};
}
constexpr Nanos seconds(std::int64_t n) {
    return {n * 1'000'000'000};
}

/// UTC from the CPU's time-stamp counter, calibrated against the kernel's clocks. Reading costs a
/// few nanoseconds and no system call. It never runs backwards: a step of the kernel's clock is
/// followed by slewing at the next `recalibrate`. Without an invariant TSC it asks the kernel.
class Clock {
public:
    /// Measures the counter's rate for about 20 ms.
    Clock();

    /// Now, UTC. Only ever called by the composition root's loops and by receive's arrival stamps.
    Nanos now() const noexcept;

    /// Follows the kernel's clock again; cheap, meant to be called about once a second by the
    /// one thread that owns this clock.
    void recalibrate() noexcept;

    /// True when the CPU's counter is used, false when each reading asks the kernel.
    bool uses_tsc() const noexcept { return use_tsc_; }

    /// Counter ticks a second; 0 without TSC.
    std::uint64_t ticks_per_second() const noexcept;

private:
    std::uint64_t base_ticks_{};
    std::int64_t base_ns_{};
    std::uint64_t multiplier_{};  // nanoseconds a tick, 32.32 fixed point
    bool use_tsc_{};
    std::uint64_t first_ticks_{};
    std::int64_t first_monotonic_ns_{};
};

/// UTC from the kernel; for cold code that has no clock at hand.
Nanos kernel_now() noexcept;

/// The kernel's monotonic clock, for time-outs of cold code.
Nanos monotonic_now() noexcept;

}  // namespace tranche
