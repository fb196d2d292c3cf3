// Random numbers of the simulation: everything follows from one seed, and each concern has a stream
// of its own, so that a change in one does not reshuffle the others.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace tranche::sim {

/// What numbers are drawn for.
enum class Concern : std::uint64_t {
    plan = 1,
    swarm,
    market,
    action,
    fate,
    latency,
    stream,
    account,
    memory,
    again,
};

/// One step of SplitMix64 (Vigna, public domain).
constexpr std::uint64_t mix(std::uint64_t z) {
    z += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/// A number that depends on these keys alone.
constexpr std::uint64_t keyed(std::uint64_t seed, Concern concern, std::uint64_t a,
                              std::uint64_t b = 0) {
    return mix(mix(mix(seed ^ (static_cast<std::uint64_t>(concern) << 56)) ^ a) ^ b);
}

/// A stream of numbers.
class Dice {
public:
    Dice() = default;
    Dice(std::uint64_t seed, Concern concern, std::uint64_t stream = 0)
        : state_{keyed(seed, concern, stream)} {}
    explicit Dice(std::uint64_t state) : state_{state} {}

    std::uint64_t bits() { return mix(state_ += 0x9E3779B97F4A7C15U); }
    /// 0 … limit − 1; `limit` > 0.
    std::uint64_t below(std::uint64_t limit) {
        __extension__ using Product = unsigned __int128;
        return static_cast<std::uint64_t>((Product{bits()} * limit) >> 64);
    }
    /// Both ends included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
    }
    /// True so many times in a million.
    bool chance(std::uint32_t per_million) { return below(1'000'000) < per_million; }
    Nanos between(Nanos low, Nanos high) { return {between(low.count, high.count)}; }
    /// Mostly short, sometimes near `high`: each doubling of the span is as likely as any other.
    Nanos long_tailed(Nanos low, Nanos high) {
        std::int64_t span = high.count - low.count;
        while (span > 1'000 && below(2) == 0) span /= 2;
        return {low.count + between(0, span)};
    }

private:
    std::uint64_t state_{};
};

}  // namespace tranche::sim
