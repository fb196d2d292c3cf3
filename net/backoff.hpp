// How long to wait before connecting again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.hpp"

namespace tranche {

/// Limits of the waits between attempts.
struct BackoffSettings {
    Nanos first = milliseconds(100);
    Nanos longest = seconds(10);
};

/// Doubles from `first` to `longest`, each wait drawn from its upper half, so that many clients of
/// one exchange do not come back in step. The same seed gives the same waits.
class Backoff {
public:
    Backoff(const BackoffSettings& settings, std::uint64_t seed)
        : settings_{settings}, span_{settings.first}, state_{seed} {}

    /// The next wait; each is up to twice the one before.
    Nanos next() {
        const Nanos span = span_;
        span_ = std::min(settings_.longest, Nanos{span_.count * 2});
        const auto half = static_cast<std::uint64_t>(span.count / 2);
        return Nanos{span.count / 2 + static_cast<std::int64_t>(random() % (half + 1))};
    }

    /// Things went well: the next wait is a first one.
    void reset() { span_ = settings_.first; }

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
    std::uint64_t state_;
};

}  // namespace tranche
