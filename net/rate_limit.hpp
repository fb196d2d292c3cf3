// The exchange's budgets, kept on our side and corrected by what its answers say.
// Source: exchange-protocol.md §8; reliability-model.md I14, X12.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "core/numbers.hpp"
#include "core/rows.hpp"

namespace tranche {

/// What a limit counts.
enum class RateUnit : std::uint8_t { weight, orders };

/// One limit as the exchange announces it: at most `limit` units in any `interval`.
struct RateLimit {
    RateUnit unit{};
    Nanos interval{};
    std::uint32_t limit{};
};

/// What one answer says about one limit.
struct RateUsage {
    RateUnit unit{};
    Nanos interval{};
    std::uint32_t used{};
};

/// What a request costs.
struct RateCost {
    std::uint32_t weight{1};
    std::uint32_t orders{};
};

/// How the exchange took a request, as far as budgets are concerned.
enum class RateVerdict : std::uint8_t {
    served,
    throttled,  // 429
    banned,     // 418
};

/// One limit's use over a sliding window. Whether the exchange's windows slide or are fixed is not
/// known; a sliding one is right for both. Counts in slices, so it forgets late rather than early.
class RateWindow {
public:
    RateWindow() = default;
    explicit RateWindow(const RateLimit& limit) : limit_{limit} {}

    const RateLimit& limit() const { return limit_; }
    std::uint32_t used(Nanos now);
    void add(std::uint32_t units, Nanos now);
    /// The exchange's own count: raises ours if it is higher (others share the budget), and never
    /// lowers it, because a fixed window of theirs may just have begun.
    void reconcile(std::uint32_t used, Nanos now);

private:
    static constexpr std::size_t slices = 20;
    void advance(Nanos now);

    RateLimit limit_{};
    std::array<std::uint32_t, slices + 1> counts_{};  // the newest one is not over yet
    std::int64_t slice_{};                            // the newest slice, counted since the epoch
    std::uint32_t sum_{};
};

/// All limits together. Lanes: the protective one may use everything; entries leave the larger of
/// 30 % and the configured buffer, and count four times: each will need a stop, a take-profit and
/// a replacement of one of them within the same window. Reconcile leaves 10 % more than entries.
/// Pure: time comes in. One thread. Source: reliability-model.md I14.
class RateBudget {
public:
    static constexpr std::size_t capacity = 8;

    /// Limits beyond `capacity` are our bug. `buffer`: `rate_limit_buffer`, 0 … 1.
    RateBudget(std::span<const RateLimit> limits, Ratio buffer);

    /// Whether the lane may spend `cost` now.
    bool allows(Lane lane, RateCost cost, Nanos now);
    /// Books what has been sent.
    void spend(RateCost cost, Nanos now, Lane lane = Lane::protective);
    /// Takes in what an answer says. `retry_after`: when to come back, UTC, 0 if it did not say.
    /// A 429 stops everything until then, else for 1 s, doubling to 60 s; and halves what entries
    /// and reconcile may use for a minute. A 418 stops everything until then, else for 2 minutes.
    void on_answer(RateVerdict verdict, std::span<const RateUsage> usage, Nanos retry_after,
                   Nanos now);

    /// Nothing may be sent before this, UTC.
    Nanos blocked_until() const { return blocked_until_; }
    bool blocked(Nanos now) const { return now < blocked_until_; }
    bool banned(Nanos now) const { return now < banned_until_; }

    /// What is left of the scarcest limit, in 1/1000.
    std::uint32_t left_permille(Nanos now);
    /// Units used of limit number `i`, in the order they were given.
    std::uint32_t used(std::size_t i, Nanos now) { return windows_[i].used(now); }

private:
    std::uint32_t ceiling(const RateLimit& limit, Lane lane, Nanos now) const;
    void throttle(Nanos retry_after, Nanos now);

    std::array<RateWindow, capacity> windows_{};
    std::array<RateWindow, capacity> promised_{};  // what entries will need for their protection
    std::size_t count_{};
    std::int64_t reserve_permille_{};  // kept from entries
    Nanos blocked_until_{};
    Nanos banned_until_{};
    Nanos halved_until_{};
    Nanos next_pause_;
};

}  // namespace tranche
