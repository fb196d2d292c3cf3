// Latency buckets: relative error ≤ 1/32, constant memory, one add per sample.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tranche {

/// Percentiles read off a histogram, nanoseconds.
struct Percentiles {
    std::uint64_t count{};
    std::int64_t p50{};
    std::int64_t p90{};
    std::int64_t p99{};
    std::int64_t p999{};
    std::int64_t max{};
};

/// Counts samples in log-linear buckets (32 a power of two, as HdrHistogram does). One writer;
/// any thread may read: counters are relaxed atomics that only the writer stores to.
class Histogram {
public:
    static constexpr std::size_t sub_buckets = 32;
    static constexpr std::size_t bucket_count = sub_buckets * 40;  // up to about 2^44 ns, 4.8 h

    /// Writer: counts one sample; negative ones count as 0, huge ones in the last bucket.
    void add(std::int64_t nanoseconds) noexcept {
        const auto sample = static_cast<std::uint64_t>(nanoseconds < 0 ? 0 : nanoseconds);
        bump(buckets_[index_of(sample)], 1);
        bump(sum_, sample);
        if (sample > max_.load(std::memory_order_relaxed))
            max_.store(sample, std::memory_order_relaxed);
    }

    /// Writer: forgets everything.
    void clear() noexcept;

    /// Any thread.
    Percentiles percentiles() const noexcept;
    std::uint64_t sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
    std::uint64_t bucket(std::size_t index) const noexcept {
        return buckets_[index].load(std::memory_order_relaxed);
    }

    /// Bucket of a sample, and the largest sample that falls into a bucket.
    static std::size_t index_of(std::uint64_t sample) noexcept {
        if (sample < sub_buckets) return static_cast<std::size_t>(sample);
        const auto shift = static_cast<std::size_t>(std::bit_width(sample)) - 6;
        const std::size_t index = (shift + 1) * sub_buckets + ((sample >> shift) - sub_buckets);
        return index < bucket_count ? index : bucket_count - 1;
    }
    static std::uint64_t upper_bound(std::size_t index) noexcept;

private:
    // One writer, so a plain load and store are enough; a locked add would cost ten times as much.
    static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
    std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
    std::atomic<std::uint64_t> sum_{};
    std::atomic<std::uint64_t> max_{};
};

}  // namespace tranche
