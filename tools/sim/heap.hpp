// What is going to happen, ordered by time; what happens at the same time keeps its order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/clock.hpp"

namespace tranche::sim {

enum class HappeningKind : std::uint8_t {
    request_arrives,    // index: request
    answer_arrives,     // index: request
    request_times_out,  // index: request
    link_up,            // index: order connection
    user_event,         // index: parcel
    market_event,       // index: parcel
    user_opens,         // index: generation of the stream
    market_opens,
    account_turn,
    quiet_quote,  // index: symbol; part two of a flash crash and the like
    operator_resumes,
    silence_noticed,  // index: kind of the stream
    rotation_ends,    // index: generation of the user stream
    clock_is_good,
    rules_read,  // index: symbol
    process_starts,
};

struct Happening {
    Nanos at;
    std::uint64_t sequence;
    HappeningKind kind;
    std::uint32_t index;
};

/// A binary heap in one vector; allocates only to grow.
class EventHeap {
public:
    explicit EventHeap(std::size_t expected = 256) { items_.reserve(expected); }

    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    /// The next one; the heap must not be empty.
    const Happening& top() const { return items_.front(); }

    void push(Nanos at, HappeningKind kind, std::uint32_t index) {
        items_.push_back({at, next_++, kind, index});
        std::push_heap(items_.begin(), items_.end(), later);
    }
    Happening pop() {
        std::pop_heap(items_.begin(), items_.end(), later);
        const Happening item = items_.back();
        items_.pop_back();
        return item;
    }
    /// Takes out all of which `gone` is true.
    template <class Gone> void remove_if(Gone gone) {
        std::erase_if(items_, gone);
        std::make_heap(items_.begin(), items_.end(), later);
    }

private:
    static bool later(const Happening& a, const Happening& b) {
        return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }

    std::vector<Happening> items_;
    std::uint64_t next_{};
};

/// Things of one type that are on their way, in slots used again and again.
template <class T> class Pool {
public:
    explicit Pool(std::size_t expected) {
        items_.reserve(expected);
        free_.reserve(expected);
    }

    std::uint32_t take(const T& item) {
        if (free_.empty()) {
            items_.push_back(item);
            return static_cast<std::uint32_t>(items_.size() - 1);
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        items_[slot] = item;
        return slot;
    }
    T& operator[](std::uint32_t slot) { return items_[slot]; }
    void give_back(std::uint32_t slot) { free_.push_back(slot); }
    void clear() {
        items_.clear();
        free_.clear();
    }

private:
    std::vector<T> items_;
    std::vector<std::uint32_t> free_;
};

}  // namespace tranche::sim
