// The floor the core ring is measured against: the published idea of caching the other side's
// index (Rigtorp, SPSCQueue), written down as plainly as it can be.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace tranche::bench {

template <class T> class CachedIndexRing {
public:
    /// `capacity`: a power of two.
    explicit CachedIndexRing(std::size_t capacity)
        : mask_{capacity - 1}, slots_{new T[capacity]{}} {}

    bool push(const T& value) {
        const std::size_t at = written_.load(std::memory_order_relaxed);
        if (at - read_seen_ > mask_) {
            read_seen_ = read_.load(std::memory_order_acquire);
            if (at - read_seen_ > mask_) return false;
        }
        slots_[at & mask_] = value;
        written_.store(at + 1, std::memory_order_release);
        return true;
    }
    bool pop(T& value) {
        const std::size_t at = read_.load(std::memory_order_relaxed);
        if (at == written_seen_) {
            written_seen_ = written_.load(std::memory_order_acquire);
            if (at == written_seen_) return false;
        }
        value = slots_[at & mask_];
        read_.store(at + 1, std::memory_order_release);
        return true;
    }

private:
    const std::size_t mask_;
    const std::unique_ptr<T[]> slots_;
    alignas(64) std::atomic<std::size_t> written_{};
    alignas(64) std::size_t read_seen_{};
    alignas(64) std::atomic<std::size_t> read_{};
    alignas(64) std::size_t written_seen_{};
};

}  // namespace tranche::bench
