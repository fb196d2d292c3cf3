// How long to wait before connecting again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace tranche {

/// Limits of the waits between attempts.
struct BackoffSettings {
    Nanos first = milliseconds(100);  // from here on each is twice the one before
    Nanos longest = seconds(10);
    std::array<Nanos, 2> ahead{};  // waits before `first`
    std::uint8_t ahead_count = 0;  // how many of them
};

/// For a stream that was cut: at once, 50 ms, 200 ms, then doubling to 5 s. A connection that one
/// server drops finds the next one without a gap; an exchange that is down is not stormed.
/// Source: reliability-model.md, N2.
inline constexpr BackoffSettings stream_ladder{
    milliseconds(200), seconds(5), {Nanos{}, milliseconds(50)}, 2};

/// The waits of `ahead`, then doubling from `first` to `longest`; each is drawn from its upper
/// half, so that many clients of one exchange do not come back in step. The same seed gives the
/// same waits.
class Backoff {
public:
    Backoff(const BackoffSettings& settings, std::uint64_t seed)
        : settings_{settings}, span_{settings.first}, state_{seed} {}

    /// The next wait, from half of its span to all of it.
    Nanos next() {
        Nanos span = span_;
        if (step_ < settings_.ahead_count)
            span = settings_.ahead[step_++];
        else
            span_ = std::min(settings_.longest, Nanos{span_.count * 2});
        const auto half = static_cast<std::uint64_t>(span.count / 2);
        return Nanos{span.count / 2 + static_cast<std::int64_t>(random() % (half + 1))};
    }

    /// Things went well: the next wait is a first one.
    void reset() {
        span_ = settings_.first;
        step_ = 0;
    }

private:
    /// splitmix64 (Vigna, public domain).
    std::uint64_t random() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }

    BackoffSettings settings_;
    Nanos span_;
    std::size_t step_{};  // next of `ahead`
    std::uint64_t state_;
};

}  // namespace tranche
