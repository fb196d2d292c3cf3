// Why a position may be without a stop for longer than a second (I3): only while something that
// hits this very side is wrong. Each reason has its own end, and counts what it covers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/clock.hpp"

namespace tranche::sim {

enum class Excuse : std::uint8_t {
    start,    // a process that begins has to read the exchange first (I10)
    down,     // no process, or no connection that could carry a request
    weather,  // the exchange refuses every request of this symbol
    stall,    // the engine's thread is off its core
    budget,   // the exchange's own limits are used up
    request,  // a protective request of this side was lost, refused or slow
};
inline constexpr std::size_t excuse_count = 6;
inline constexpr std::array<std::string_view, excuse_count> excuse_names{
    "start", "down", "weather", "stall", "budget", "request"};

/// Until when each reason stands.
class Excuses {
public:
    void add(Excuse why, Nanos until) {
        Nanos& kept = until_[static_cast<std::size_t>(why)];
        kept = std::max(kept, until);
        newest_ = std::max(newest_, until);
    }
    Nanos until() const { return newest_; }
    Nanos until(std::size_t why) const { return until_[why]; }

private:
    std::array<Nanos, excuse_count> until_{};
    Nanos newest_{};
};

/// Virtual time in milliseconds, summed over sides that hold something and have a stop loss.
struct ExcusedTimes {
    std::uint64_t held{};
    std::array<std::uint64_t, excuse_count> by_reason{};  // may overlap

    void add(const ExcusedTimes& other) {
        held += other.held;
        for (std::size_t i = 0; i < excuse_count; ++i) by_reason[i] += other.by_reason[i];
    }
};

}  // namespace tranche::sim
