// A small seeded generator whose every number is the same on each platform and compiler.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace tranche::exchange {

/// One step of SplitMix64: also used as a hash of a counter.
constexpr std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

/// e to the power of `x`, within 1e-4 of its value: sizes of a model need no more, and this is the
/// same everywhere.
inline double rough_exp(double x) {
    const double power = std::clamp(x, -700.0, 700.0) * 1.4426950408889634;
    const double whole = std::floor(power);
    const double part = power - whole;
    const double scaled =
        0.99992520 + part * (0.69583354 + part * (0.22606716 + part * 0.07802452));
    const auto exponent = static_cast<std::uint64_t>(static_cast<std::int64_t>(whole) + 1023);
    return std::bit_cast<double>(exponent << 52U) * scaled;
}

/// SplitMix64 as a stream of random numbers. Not for secrets.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_{mix(seed)} {}

    std::uint64_t bits() { return mix(state_ += 0x9e3779b97f4a7c15U); }
    /// Uniform in [0, 1).
    double uniform() { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    bool chance(double probability) { return uniform() < probability; }
    /// Nearly standard normal, from the number of ones among 64 bits: no logarithm, no table.
    double normal() {
        const int ones = std::popcount(bits());
        return (static_cast<double>(ones) - 32.5 + uniform()) * 0.24935;
    }
    double exponential(double mean) { return -mean * std::log(1.0 - uniform()); }
    double lognormal(double median, double sigma) { return median * rough_exp(sigma * normal()); }
    /// Pareto with minimum `scale` and tail index `alpha`.
    double pareto(double scale, double alpha) {
        return scale / std::pow(1.0 - uniform(), 1.0 / alpha);
    }

private:
    std::uint64_t state_;
};

}  // namespace tranche::exchange
