#include "core/clock.hpp"

#include <algorithm>
#include <cpuid.h>
#include <time.h>
#include <x86intrin.h>

#include "core/numbers.hpp"

namespace tranche {
namespace {

std::int64_t read(clockid_t which) noexcept {
    timespec t{};
    clock_gettime(which, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

bool has_invariant_tsc() noexcept {
    constexpr unsigned power_leaf = 0x80000007;
    constexpr unsigned invariant_bit = 1U << 8;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(power_leaf, &a, &b, &c, &d) != 0 && (d & invariant_bit) != 0;
}

/// Counter and clock read together: of several tries the one that took least time between.
struct Pair {
    std::uint64_t ticks;
    std::int64_t ns;
};
Pair read_together(clockid_t which) noexcept {
    Pair best{};
    std::uint64_t best_gap = UINT64_MAX;
    for (int i = 0; i < 8; ++i) {
        const std::uint64_t before = __rdtsc();
        const std::int64_t ns = read(which);
        const std::uint64_t after = __rdtsc();
        if (after - before >= best_gap) continue;
        best_gap = after - before;
        best = {before + (after - before) / 2, ns};
    }
    return best;
}

std::uint64_t rate(std::uint64_t ticks, std::int64_t ns) noexcept {
    return static_cast<std::uint64_t>((static_cast<Wide>(ns) << 32) / static_cast<Wide>(ticks));
}

}  // namespace

Nanos kernel_now() noexcept {
    return {read(CLOCK_REALTIME)};
}
Nanos monotonic_now() noexcept {
    return {read(CLOCK_MONOTONIC)};
}

Clock::Clock() : use_tsc_{has_invariant_tsc()} {
    if (!use_tsc_) return;
    const Pair first = read_together(CLOCK_MONOTONIC_RAW);
    const timespec pause{0, 20'000'000};
    nanosleep(&pause, nullptr);
    const Pair last = read_together(CLOCK_MONOTONIC_RAW);
    first_ticks_ = first.ticks;
    first_monotonic_ns_ = first.ns;
    multiplier_ = rate(last.ticks - first.ticks, last.ns - first.ns);
    const Pair utc = read_together(CLOCK_REALTIME);
    base_ticks_ = utc.ticks;
    base_ns_ = utc.ns;
}

Nanos Clock::now() const noexcept {
    if (!use_tsc_) return kernel_now();
    const std::uint64_t ticks = __rdtsc() - base_ticks_;
    const Wide ns = (static_cast<Wide>(ticks) * static_cast<Wide>(multiplier_)) >> 32;
    return {base_ns_ + static_cast<std::int64_t>(ns)};
}

void Clock::recalibrate() noexcept {
    if (!use_tsc_) return;
    const Nanos before = now();
    const Pair raw = read_together(CLOCK_MONOTONIC_RAW);
    const Pair utc = read_together(CLOCK_REALTIME);
    multiplier_ = rate(raw.ticks - first_ticks_, raw.ns - first_monotonic_ns_);
    base_ticks_ = utc.ticks;
    // A clock that was set back would give two events the wrong order; it stands still instead.
    base_ns_ = std::max(utc.ns, before.count);
}

std::uint64_t Clock::ticks_per_second() const noexcept {
    if (!use_tsc_) return 0;
    return static_cast<std::uint64_t>((static_cast<Wide>(1'000'000'000) << 32) /
                                      static_cast<Wide>(multiplier_));
}

}  // namespace tranche
