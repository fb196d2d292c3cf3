// One writer, many readers: the latest value of something, never torn.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/ring.hpp"

namespace tranche {

/// A sequence lock around a plain value. Writing costs its words and two stores and never waits;
/// a reader tries again while a write was under way. The words are atomics, so the race that the
/// sequence number detects is no data race (Boehm, MSPC 2012).
template <class T> class Snapshot {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(std::uint64_t) == 0);
    static constexpr std::size_t words = sizeof(T) / sizeof(std::uint64_t);

public:
    /// Writer only.
    void write(const T& value) {
        const auto source = std::bit_cast<std::array<std::uint64_t, words>>(value);
        const std::uint64_t sequence = sequence_.load(std::memory_order_relaxed);
        sequence_.store(sequence + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);  // odd number before the first word
        for (std::size_t i = 0; i < words; ++i)
            words_[i].store(source[i], std::memory_order_relaxed);
        sequence_.store(sequence + 2, std::memory_order_release);  // last word before even number
    }

    /// Any thread. False when a writer was in the way; the caller comes again.
    bool try_read(T& value) const {
        const std::uint64_t before = sequence_.load(std::memory_order_acquire);
        if (before % 2 != 0) return false;
        std::array<std::uint64_t, words> copy;
        for (std::size_t i = 0; i < words; ++i) copy[i] = words_[i].load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);  // words before the second look
        if (sequence_.load(std::memory_order_relaxed) != before) return false;
        value = std::bit_cast<T>(copy);
        return true;
    }

    /// Any thread: reads until it succeeds. A writer is never slow, so this is short.
    T read() const {
        T value;
        while (!try_read(value)) {
        }
        return value;
    }

    /// Any thread: how often it was written; lets a reader skip what has not changed.
    std::uint64_t version() const { return sequence_.load(std::memory_order_acquire) / 2; }

private:
    alignas(cache_line) std::atomic<std::uint64_t> sequence_{};
    std::array<std::atomic<std::uint64_t>, words> words_{};
};

}  // namespace tranche
