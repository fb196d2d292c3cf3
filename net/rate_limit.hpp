// The exchange's budgets, kept on our side and corrected by what its answers say.
// Source: exchange-protocol.md §8; reliability-model.md I14, X12.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "core/numbers.hpp"
#include "core/ring.hpp"
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
    forbidden,  // 403 of a firewall: more of the same makes it worse
};

/// One limit's use over a sliding window. Whether the exchange's windows slide or are fixed is not
/// known; a sliding one is right for both. Counts in slices, so it forgets late rather than early.
class RateWindow {
public:
    RateWindow() = default;
    explicit RateWindow(const RateLimit& limit) : limit_{limit} {}

    const RateLimit& limit() const { return limit_; }
    void set_limit(std::uint32_t limit) { limit_.limit = limit; }
    std::uint32_t used(Nanos now);
    void add(std::uint32_t units, Nanos now);

private:
    static constexpr std::size_t slices = 20;
    void advance(Nanos now);

    RateLimit limit_{};
    std::array<std::uint32_t, slices + 1> counts_{};  // the newest one is not over yet
    std::int64_t slice_{};                            // the newest slice, counted since the epoch
    std::uint32_t sum_{};
};

/// Who spends of the budget that all of us share.
enum class RateParty : std::uint8_t { gateway, account };

/// What the parties tell each other, so that together they are one limiter: each writes its own row
/// and reads the others'. Any threads. A request of one that another has not heard of yet may be
/// overlooked, for as long as a store takes; what lanes leave unused covers that.
class RateBoard {
public:
    static constexpr std::size_t limits = 8;
    static constexpr std::size_t parties = 2;

    /// End of the latest ban any party knows of, UTC; 0 for none.
    Nanos banned_until() const;
    /// End of the latest ban that `party` met itself, UTC; 0 for none.
    Nanos banned_until(RateParty party) const;
    /// End of the latest pause that every lane keeps, or that all but the protective one do, UTC.
    Nanos blocked_until(Lane lane) const;

private:
    friend class RateBudget;
    struct alignas(cache_line) Row {
        std::array<std::atomic<std::uint32_t>, limits> used{};
        std::atomic<std::int64_t> protective_until{};
        std::atomic<std::int64_t> blocked_until{};
        std::atomic<std::int64_t> banned_until{};
        std::atomic<std::int64_t> halved_until{};
    };
    std::array<Row, parties> rows_{};
    /// What the exchange allows now, by number of the limit; the account stage writes.
    std::array<std::atomic<std::uint32_t>, limits> allowed_{};
};

/// All limits together, as one party sees them. Lanes: the protective one may use everything;
/// reconciling leaves it 10 %; entries leave the larger of 30 % and the configured buffer, and
/// count four times: each will need a stop, a take-profit and a replacement of one of them within
/// the same window. Pure: time comes in. One thread. Source: reliability-model.md I14, X12.
class RateBudget {
public:
    static constexpr std::size_t capacity = RateBoard::limits;

    /// Limits beyond `capacity` are our bug. `buffer`: `rate_limit_buffer`, 0 … 1.
    RateBudget(std::span<const RateLimit> limits, Ratio buffer);

    /// From now on what others on `board` use counts as well. They have the same limits in the same
    /// order; `board` outlives the budget.
    void join(RateBoard& board, RateParty party);

    /// What the exchange allows now: kinds of limits known get their new number. Kinds not known
    /// are added before `join` and left out after it. Kinds that are not in the list stay.
    void learn(std::span<const RateLimit> limits);
    /// All of them, in order.
    std::vector<RateLimit> limits() const;

    /// Whether the lane may spend `cost` now.
    bool allows(Lane lane, RateCost cost, Nanos now);
    /// Books what has been sent.
    void spend(RateCost cost, Nanos now, Lane lane = Lane::protective);
    /// Takes in what an answer says. The exchange's count raises ours if it is higher (others share
    /// the budget), and never lowers it, because a window of theirs may just have begun.
    /// `retry_after`: when to come back, UTC, 0 if it did not say.
    /// A 429 stops everything until then; else protection for 250 ms, doubling to 60 s, and the
    /// others ten times as long. It halves what the others may use for a minute. A 403 does the
    /// same but halves nothing. A 418 stops everything until then, else for 2 minutes, doubling.
    void on_answer(RateVerdict verdict, std::span<const RateUsage> usage, Nanos retry_after,
                   Nanos now);
    /// A ban known from before, as of an earlier run.
    void ban_until(Nanos until);
    /// Tells the others what is still counted here; call it now and then, for use grows old.
    void share(Nanos now);

    /// The lane may send nothing before this, UTC.
    Nanos blocked_until(Lane lane = Lane::protective) const;
    bool blocked(Nanos now, Lane lane = Lane::protective) const {
        return now < blocked_until(lane);
    }
    bool banned(Nanos now) const { return now < banned_until(); }
    Nanos banned_until() const;

    /// What is left of the scarcest limit, in 1/1000.
    std::uint32_t left_permille(Nanos now);
    /// Units used of limit number `i` by all parties, in the order they were given.
    std::uint32_t used(std::size_t i, Nanos now);

private:
    std::uint32_t ceiling(std::size_t i, Lane lane, Nanos now) const;
    std::uint32_t allowed(std::size_t i) const;
    bool halved(Nanos now) const;
    void pause(Nanos retry_after, Nanos now);
    void start_ban(Nanos retry_after, Nanos now);
    template <class Read> std::int64_t most_of_others(Read read) const;

    std::array<RateWindow, capacity> windows_{};
    std::array<RateWindow, capacity> promised_{};  // what entries will need for their protection
    std::size_t count_{};
    std::int64_t reserve_permille_{};  // kept from entries
    Nanos protective_until_{};         // ends of pauses
    Nanos blocked_until_{};            // for the other lanes
    Nanos banned_until_{};
    Nanos halved_until_{};
    Nanos next_pause_;
    Nanos next_ban_;
    RateBoard* board_{};
    std::size_t party_{};
};

}  // namespace tranche
