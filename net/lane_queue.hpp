// Commands of one lane that wait for a connection.
#pragma once

#include <cstddef>
#include <memory>

#include "core/clock.hpp"
#include "core/messages.hpp"
#include "core/require.hpp"

namespace tranche {

struct Waiting {
    Command command{};
    Nanos give_up_at{};
};

/// A queue of fixed capacity with two ends. One thread. Indices count from the oldest.
class LaneQueue {
public:
    explicit LaneQueue(std::size_t capacity)
        : slots_{new Waiting[capacity]{}}, capacity_{capacity} {
        require(capacity > 0, "a lane holds something");
    }

    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == capacity_; }
    std::size_t size() const { return size_; }
    const Waiting& at(std::size_t i) const { return slots_[(first_ + i) % capacity_]; }
    const Waiting& front() const { return at(0); }

    void push_back(const Waiting& waiting) {
        require(!full(), "a lane that takes a command has room");
        slots_[(first_ + size_++) % capacity_] = waiting;
    }
    /// False when there is no room.
    bool push_front(const Waiting& waiting) {
        if (full()) return false;
        first_ = (first_ + capacity_ - 1) % capacity_;
        slots_[first_] = waiting;
        ++size_;
        return true;
    }
    void pop_front() {
        require(!empty(), "a lane that gives a command has one");
        first_ = (first_ + 1) % capacity_;
        --size_;
    }
    /// Takes number `i` out; the others keep their order. Linear.
    void erase(std::size_t i) {
        require(i < size_, "what is taken out is there");
        for (; i + 1 < size_; ++i)
            slots_[(first_ + i) % capacity_] = slots_[(first_ + i + 1) % capacity_];
        --size_;
    }

private:
    std::unique_ptr<Waiting[]> slots_;
    std::size_t capacity_;
    std::size_t first_{};
    std::size_t size_{};
};

}  // namespace tranche
