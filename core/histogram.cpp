#include "core/histogram.hpp"

namespace tranche {

std::uint64_t Histogram::upper_bound(std::size_t index) noexcept {
    if (index < sub_buckets) return index;
    const std::size_t shift = index / sub_buckets - 1;
    const std::uint64_t first = (sub_buckets + index % sub_buckets) << shift;
    return first + (std::uint64_t{1} << shift) - 1;
}

void Histogram::clear() noexcept {
    for (auto& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
    sum_.store(0, std::memory_order_relaxed);
    max_.store(0, std::memory_order_relaxed);
}

Percentiles Histogram::percentiles() const noexcept {
    std::array<std::uint64_t, bucket_count> counts;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) total += counts[i] = bucket(i);
    Percentiles result;
    result.count = total;
    if (total == 0) return result;
    const auto max = max_.load(std::memory_order_relaxed);
    const auto at = [&](std::uint64_t per_mille) {
        const std::uint64_t rank = (total * per_mille + 999) / 1000;
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            seen += counts[i];
            if (seen >= rank)
                return static_cast<std::int64_t>(upper_bound(i) < max ? upper_bound(i) : max);
        }
        return static_cast<std::int64_t>(max);
    };
    result.p50 = at(500);
    result.p90 = at(900);
    result.p99 = at(990);
    result.p999 = at(999);
    result.max = static_cast<std::int64_t>(max);
    return result;
}

}  // namespace tranche
