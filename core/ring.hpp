// Single-producer, single-consumer ring: the only thing two hot stages share.
//
// Each side keeps the other's index in a cached copy on its own line and looks at the shared one
// only when the copy says "no" (idea: Rigtorp, SPSCQueue). Indices count for ever and overflow
// freely; the slot is the index modulo the capacity.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>

#include "core/require.hpp"

namespace tranche {

/// 64 on every CPU we build for; std::hardware_destructive_interference_size is missing in
/// clang 14.
inline constexpr std::size_t cache_line = 64;

/// The two indices both sides share; lies at the head of a mapping when the ring is mapped.
template <class Index, template <class> class Atomic = std::atomic> struct RingIndices {
    alignas(cache_line) Atomic<Index> written{};  // stored by the producer only
    alignas(cache_line) Atomic<Index> read{};     // stored by the consumer only
};

/// `slot()`/`publish()` belong to one thread, `front()`/`pop()` to one other (or the same).
/// Capacity: a power of two, at most half the index type's range. Never blocks, never allocates
/// after construction. `Index` and `Atomic` are parameters so that tests can overflow the index
/// and check every interleaving.
template <class T, class Index = std::uint64_t, template <class> class Atomic = std::atomic>
class Ring {
    static_assert(std::is_unsigned_v<Index>);

public:
    using Indices = RingIndices<Index, Atomic>;

    /// A ring with memory of its own.
    explicit Ring(std::size_t capacity)
        : own_slots_{new T[capacity]{}},
          own_indices_{new Indices{}},
          slots_{own_slots_.get()},
          indices_{own_indices_.get()},
          capacity_{static_cast<Index>(capacity)} {
        check(capacity);
    }

    /// A ring over memory somebody else keeps, such as a mapped file: continues where it stood.
    Ring(Indices& indices, T* slots, std::size_t capacity)
        : slots_{slots}, indices_{&indices}, capacity_{static_cast<Index>(capacity)} {
        check(capacity);
        producer_.next = indices.written.load(std::memory_order_relaxed);
        producer_.read_seen = indices.read.load(std::memory_order_relaxed);
        consumer_.next = producer_.read_seen;
        consumer_.written_seen = producer_.next;
    }

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    /// Producer: where the next element goes, or null while the ring is full.
    T* slot() {
        if (full()) {
            // pairs with the release in pop(): what the consumer has left is free to overwrite
            producer_.read_seen = indices_->read.load(std::memory_order_acquire);
            if (full()) return nullptr;
        }
        return &slots_[producer_.next & mask()];
    }

    /// Producer: hands over the element written into `slot()`.
    void publish() {
        // pairs with the acquire in front(): the element is whole before it can be seen
        indices_->written.store(++producer_.next, std::memory_order_release);
    }

    /// Producer: how many more elements are certain to fit.
    std::size_t room() {
        producer_.read_seen = indices_->read.load(std::memory_order_acquire);
        return capacity_ - static_cast<Index>(producer_.next - producer_.read_seen);
    }

    /// Consumer: the oldest element, or null while there is none. Stays valid until `pop()`.
    const T* front() { return peek(0); }

    /// Consumer: the element `ahead` places behind the oldest, or null; lets a batch be read before
    /// any of it is given back.
    const T* peek(std::size_t ahead) {
        const auto wanted = static_cast<Index>(consumer_.next + static_cast<Index>(ahead));
        if (!written(ahead)) {
            // pairs with the release in publish()
            consumer_.written_seen = indices_->written.load(std::memory_order_acquire);
            if (!written(ahead)) return nullptr;
        }
        return &slots_[wanted & mask()];
    }

    /// Consumer: gives the oldest `count` elements back; they must have been seen.
    void pop(std::size_t count = 1) {
        require(static_cast<Index>(consumer_.written_seen - consumer_.next) >= count,
                "only elements that were seen are given back");
        consumer_.next = static_cast<Index>(consumer_.next + static_cast<Index>(count));
        // pairs with the acquire in slot()
        indices_->read.store(consumer_.next, std::memory_order_release);
    }

    /// Any thread: elements in the ring right now; a figure for metrics, stale when it is read.
    std::size_t size() const {
        const Index read = indices_->read.load(std::memory_order_acquire);
        const Index written = indices_->written.load(std::memory_order_acquire);
        return static_cast<Index>(written - read);
    }
    std::size_t capacity() const { return capacity_; }

private:
    static void check(std::size_t capacity) {
        require(capacity > 0 && (capacity & (capacity - 1)) == 0, "a capacity is a power of two");
        require(capacity <= std::numeric_limits<Index>::max() / 2 + 1,
                "a capacity suits its index");
    }
    Index mask() const { return static_cast<Index>(capacity_ - 1); }
    bool full() const {
        return static_cast<Index>(producer_.next - producer_.read_seen) == capacity_;
    }
    bool written(std::size_t ahead) const {
        return static_cast<Index>(consumer_.written_seen - consumer_.next) > ahead;
    }

    std::unique_ptr<T[]> own_slots_;
    std::unique_ptr<Indices> own_indices_;
    T* slots_;
    Indices* indices_;
    Index capacity_;
    struct alignas(cache_line) Producer {
        Index next{};
        Index read_seen{};
    } producer_;
    struct alignas(cache_line) Consumer {
        Index next{};
        Index written_seen{};
    } consumer_;
};

}  // namespace tranche
