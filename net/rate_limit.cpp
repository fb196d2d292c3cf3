#include "net/rate_limit.hpp"

#include <algorithm>

#include "core/canary.hpp"
#include "core/require.hpp"

namespace tranche {
namespace {

constexpr std::int64_t smallest_reserve_permille = 300;
constexpr std::uint32_t orders_to_protect = 3;  // an entry, while it fills
constexpr std::int64_t reconcile_reserve_permille = 100;
constexpr Nanos first_pause = seconds(1);
constexpr Nanos longest_pause = seconds(60);
constexpr Nanos unnamed_ban = seconds(120);  // the shortest the exchange gives
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

void RateWindow::reconcile(std::uint32_t used, Nanos now) {
    const std::uint32_t ours = this->used(now);
    if (used > ours) add(used - ours, now);
}

RateBudget::RateBudget(std::span<const RateLimit> limits, Ratio buffer)
    : reserve_permille_{std::clamp<std::int64_t>(buffer.raw / (Ratio::one / 1000),
                                                 smallest_reserve_permille, 1000)},
      next_pause_{first_pause} {
    require(limits.size() <= capacity, "there are few kinds of limits");
    for (const RateLimit& limit : limits)
        if (limit.limit > 0 && limit.interval >= milliseconds(1)) {
            windows_[count_] = promised_[count_] = RateWindow{limit};
            ++count_;
        }
}

std::uint32_t RateBudget::ceiling(const RateLimit& limit, Lane lane, Nanos now) const {
    if (lane == Lane::protective) return limit.limit;
    std::int64_t share = 1000 - reserve_permille_;
    if (lane == Lane::reconcile) share -= reconcile_reserve_permille;
    if (now < halved_until_) share /= 2;
    return static_cast<std::uint32_t>(std::max<std::int64_t>(share, 0) * limit.limit / 1000);
}

bool RateBudget::allows(Lane lane, RateCost cost, Nanos now) {
    if (blocked(now)) return false;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint32_t units = cost_in(windows_[i].limit().unit, cost);
        if (units == 0) continue;
        std::uint32_t used = windows_[i].used(now);
        if (lane == Lane::entry) used += promised_[i].used(now) + orders_to_protect * cost.orders;
        if (used + units > ceiling(windows_[i].limit(), lane, now)) return false;
    }
    return true;
}

void RateBudget::spend(RateCost cost, Nanos now, Lane lane) {
    for (std::size_t i = 0; i < count_; ++i) {
        windows_[i].add(cost_in(windows_[i].limit().unit, cost), now);
        if (lane == Lane::entry) promised_[i].add(orders_to_protect * cost.orders, now);
    }
}

void RateBudget::on_answer(RateVerdict verdict, std::span<const RateUsage> usage, Nanos retry_after,
                           Nanos now) {
    for (const RateUsage& said : usage)
        for (std::size_t i = 0; i < count_; ++i)
            if (windows_[i].limit().unit == said.unit &&
                windows_[i].limit().interval == said.interval)
                windows_[i].reconcile(said.used, now);
    switch (verdict) {
        case RateVerdict::served:
            // An answer to a request sent before the pause says nothing about what it is for.
            if (!blocked(now)) next_pause_ = first_pause;
            return;
        case RateVerdict::throttled: return throttle(retry_after, now);
        case RateVerdict::banned:
            if (planted(Canary::ignore_ban)) return;
            banned_until_ =
                std::max(banned_until_, retry_after > now ? retry_after : now + unnamed_ban);
            blocked_until_ = std::max(blocked_until_, banned_until_);
            return;
    }
}

void RateBudget::throttle(Nanos retry_after, Nanos now) {
    const bool first_of_burst = !blocked(now);
    halved_until_ = now + caution_after_throttling;
    if (retry_after > now) {
        blocked_until_ = std::max(blocked_until_, retry_after);
        return;
    }
    // Several requests were under way when the first was refused; they are one offence.
    if (!first_of_burst) return;
    blocked_until_ = now + next_pause_;
    next_pause_ = std::min(longest_pause, Nanos{next_pause_.count * 2});
}

std::uint32_t RateBudget::left_permille(Nanos now) {
    if (blocked(now)) return 0;
    std::uint32_t least = 1000;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint64_t limit = windows_[i].limit().limit;
        const std::uint64_t used = std::min<std::uint64_t>(windows_[i].used(now), limit);
        least = std::min(least, static_cast<std::uint32_t>((limit - used) * 1000 / limit));
    }
    return least;
}

}  // namespace tranche
