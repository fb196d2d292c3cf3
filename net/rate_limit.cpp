#include "net/rate_limit.hpp"

#include <algorithm>

#include "core/canary.hpp"
#include "core/require.hpp"

namespace tranche {
namespace {

constexpr std::int64_t smallest_reserve_permille = 300;
constexpr std::uint32_t orders_to_protect = 3;  // an entry, while it fills
constexpr std::int64_t reconcile_reserve_permille = 100;
constexpr Nanos first_pause = milliseconds(250);  // what protects must not wait for longer
constexpr Nanos longest_pause = seconds(60);
constexpr std::int64_t patience_of_others = 10;  // times the pause of protection
constexpr Nanos shortest_ban = seconds(120);     // of those the exchange gives
constexpr Nanos longest_ban = seconds(3 * 86'400);
constexpr Nanos caution_after_throttling = seconds(60);

std::uint32_t cost_in(RateUnit unit, RateCost cost) {
    return unit == RateUnit::weight ? cost.weight : cost.orders;
}

}  // namespace

void RateWindow::advance(Nanos now) {
    const std::int64_t slice = now.count / (limit_.interval.count / std::int64_t{slices});
    if (slice <= slice_) return;  // a clock that steps back keeps counting where it was
    const auto kept = static_cast<std::int64_t>(counts_.size());
    const std::int64_t gone = std::min(slice - slice_, kept);
    for (std::int64_t i = 1; i <= gone; ++i) {
        std::uint32_t& count = counts_[static_cast<std::size_t>((slice - gone + i) % kept)];
        sum_ -= count;
        count = 0;
    }
    slice_ = slice;
}

std::uint32_t RateWindow::used(Nanos now) {
    advance(now);
    return sum_;
}

void RateWindow::add(std::uint32_t units, Nanos now) {
    advance(now);
    counts_[static_cast<std::size_t>(slice_) % counts_.size()] += units;
    sum_ += units;
}

Nanos RateBoard::banned_until() const {
    std::int64_t latest = 0;
    for (const Row& row : rows_)
        latest = std::max(latest, row.banned_until.load(std::memory_order_relaxed));
    return Nanos{latest};
}

Nanos RateBoard::banned_until(RateParty party) const {
    const Row& row = rows_[static_cast<std::size_t>(party)];
    return Nanos{row.banned_until.load(std::memory_order_relaxed)};
}

Nanos RateBoard::blocked_until(Lane lane) const {
    std::int64_t latest = 0;
    for (const Row& row : rows_)
        latest =
            std::max(latest, (lane == Lane::protective ? row.protective_until : row.blocked_until)
                                 .load(std::memory_order_relaxed));
    return Nanos{latest};
}

RateBudget::RateBudget(std::span<const RateLimit> limits, Ratio buffer)
    : reserve_permille_{std::clamp<std::int64_t>(buffer.raw / (Ratio::one / 1000),
                                                 smallest_reserve_permille, 1000)},
      next_pause_{first_pause},
      next_ban_{shortest_ban} {
    require(limits.size() <= capacity, "there are few kinds of limits");
    learn(limits);
}

void RateBudget::join(RateBoard& board, RateParty party) {
    board_ = &board;
    party_ = static_cast<std::size_t>(party);
    for (std::size_t i = 0; i < count_; ++i)
        board.allowed_[i].store(windows_[i].limit().limit, std::memory_order_relaxed);
}

void RateBudget::learn(std::span<const RateLimit> limits) {
    for (const RateLimit& limit : limits) {
        if (limit.limit == 0 || limit.interval < milliseconds(1)) continue;
        std::size_t i = 0;
        while (i < count_ && (windows_[i].limit().unit != limit.unit ||
                              windows_[i].limit().interval != limit.interval))
            ++i;
        if (i == count_ && (board_ != nullptr || count_ == capacity)) continue;
        if (i == count_) windows_[count_++] = promised_[i] = RateWindow{limit};
        windows_[i].set_limit(limit.limit);
        if (board_ != nullptr) board_->allowed_[i].store(limit.limit, std::memory_order_relaxed);
    }
}

std::vector<RateLimit> RateBudget::limits() const {
    std::vector<RateLimit> all;
    for (std::size_t i = 0; i < count_; ++i) {
        all.push_back(windows_[i].limit());
        all.back().limit = allowed(i);
    }
    return all;
}

/// The largest figure that `read` finds in the rows of the others; 0 without any.
template <class Read> std::int64_t RateBudget::most_of_others(Read read) const {
    std::int64_t most = 0;
    if (board_ == nullptr) return most;
    for (std::size_t i = 0; i < RateBoard::parties; ++i)
        if (i != party_)
            most = std::max(most, read(board_->rows_[i]).load(std::memory_order_relaxed));
    return most;
}

Nanos RateBudget::blocked_until(Lane lane) const {
    const bool protective = lane == Lane::protective;
    const Nanos others{most_of_others([protective](const RateBoard::Row& row) -> const auto& {
        return protective ? row.protective_until : row.blocked_until;
    })};
    return std::max(others, protective ? protective_until_ : blocked_until_);
}

Nanos RateBudget::banned_until() const {
    const Nanos others{
        most_of_others([](const RateBoard::Row& row) -> const auto& { return row.banned_until; })};
    return std::max(others, banned_until_);
}

bool RateBudget::halved(Nanos now) const {
    const Nanos others{
        most_of_others([](const RateBoard::Row& row) -> const auto& { return row.halved_until; })};
    return now < std::max(others, halved_until_);
}

std::uint32_t RateBudget::allowed(std::size_t i) const {
    return board_ == nullptr ? windows_[i].limit().limit
                             : board_->allowed_[i].load(std::memory_order_relaxed);
}

std::uint32_t RateBudget::used(std::size_t i, Nanos now) {
    std::uint32_t sum = windows_[i].used(now);
    if (board_ == nullptr) return sum;
    for (std::size_t other = 0; other < RateBoard::parties; ++other)
        if (other != party_) sum += board_->rows_[other].used[i].load(std::memory_order_relaxed);
    return sum;
}

std::uint32_t RateBudget::ceiling(std::size_t i, Lane lane, Nanos now) const {
    const std::uint32_t limit = allowed(i);
    if (lane == Lane::protective) return limit;
    std::int64_t share =
        1000 - (lane == Lane::entry ? reserve_permille_ : reconcile_reserve_permille);
    if (halved(now)) share /= 2;
    return static_cast<std::uint32_t>(std::max<std::int64_t>(share, 0) * limit / 1000);
}

bool RateBudget::allows(Lane lane, RateCost cost, Nanos now) {
    if (blocked(now, lane)) return false;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint32_t units = cost_in(windows_[i].limit().unit, cost);
        if (units == 0) continue;
        std::uint32_t needed = used(i, now) + units;
        // Only the gateway sends entries: what they promise is known here.
        if (lane == Lane::entry) needed += promised_[i].used(now) + orders_to_protect * cost.orders;
        if (needed > ceiling(i, lane, now)) return false;
    }
    return true;
}

void RateBudget::spend(RateCost cost, Nanos now, Lane lane) {
    for (std::size_t i = 0; i < count_; ++i) {
        windows_[i].add(cost_in(windows_[i].limit().unit, cost), now);
        if (lane == Lane::entry) promised_[i].add(orders_to_protect * cost.orders, now);
    }
    share(now);
}

void RateBudget::share(Nanos now) {
    if (board_ == nullptr) return;
    RateBoard::Row& row = board_->rows_[party_];
    for (std::size_t i = 0; i < count_; ++i)
        row.used[i].store(windows_[i].used(now), std::memory_order_relaxed);
    row.protective_until.store(protective_until_.count, std::memory_order_relaxed);
    row.blocked_until.store(blocked_until_.count, std::memory_order_relaxed);
    row.banned_until.store(banned_until_.count, std::memory_order_relaxed);
    row.halved_until.store(halved_until_.count, std::memory_order_relaxed);
}

void RateBudget::on_answer(RateVerdict verdict, std::span<const RateUsage> usage, Nanos retry_after,
                           Nanos now) {
    for (const RateUsage& said : usage)
        for (std::size_t i = 0; i < count_; ++i) {
            const RateLimit& limit = windows_[i].limit();
            if (limit.unit != said.unit || limit.interval != said.interval) continue;
            const std::uint32_t known = used(i, now);
            if (said.used > known) windows_[i].add(said.used - known, now);
        }
    switch (verdict) {
        case RateVerdict::served:
            // An answer to a request sent before the pause says nothing about what it is for.
            if (!blocked(now)) {
                next_pause_ = first_pause;
                next_ban_ = shortest_ban;
            }
            break;
        case RateVerdict::throttled:
            halved_until_ = now + caution_after_throttling;
            pause(retry_after, now);
            break;
        case RateVerdict::forbidden: pause(retry_after, now); break;
        case RateVerdict::banned:
            if (planted(Canary::ignore_ban)) return;
            start_ban(retry_after, now);
            break;
    }
    share(now);
}

void RateBudget::pause(Nanos retry_after, Nanos now) {
    const bool first_of_burst = !blocked(now);
    if (retry_after > now) {
        protective_until_ = std::max(protective_until_, retry_after);
        blocked_until_ = std::max(blocked_until_, retry_after);
        return;
    }
    // Several requests were under way when the first was refused; they are one offence.
    if (!first_of_burst) return;
    protective_until_ = now + next_pause_;
    blocked_until_ = std::max(blocked_until_, now + Nanos{next_pause_.count * patience_of_others});
    next_pause_ = std::min(longest_pause, Nanos{next_pause_.count * 2});
}

void RateBudget::start_ban(Nanos retry_after, Nanos now) {
    const bool first_of_burst = !banned(now);
    if (retry_after > now) {
        ban_until(retry_after);
    } else if (first_of_burst) {
        ban_until(now + next_ban_);
        next_ban_ = std::min(longest_ban, Nanos{next_ban_.count * 2});
    }
}

void RateBudget::ban_until(Nanos until) {
    banned_until_ = std::max(banned_until_, until);
    protective_until_ = std::max(protective_until_, until);
    blocked_until_ = std::max(blocked_until_, until);
    if (board_ == nullptr) return;
    RateBoard::Row& row = board_->rows_[party_];
    row.protective_until.store(protective_until_.count, std::memory_order_relaxed);
    row.blocked_until.store(blocked_until_.count, std::memory_order_relaxed);
    row.banned_until.store(banned_until_.count, std::memory_order_relaxed);
}

std::uint32_t RateBudget::left_permille(Nanos now) {
    if (blocked(now)) return 0;
    std::uint32_t least = 1000;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint64_t limit = allowed(i);
        const std::uint64_t spent = std::min<std::uint64_t>(used(i, now), limit);
        if (limit > 0)
            least = std::min(least, static_cast<std::uint32_t>((limit - spent) * 1000 / limit));
    }
    return least;
}

}  // namespace tranche
