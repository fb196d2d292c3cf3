// When to look at what again: one timer for each of a fixed number of ids, in a wheel.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/clock.hpp"
#include "core/large_table.hpp"
#include "core/require.hpp"

namespace tranche {

/// Set, move and clear cost a few stores whatever the number of timers; `pop` visits the buckets
/// of the time that has passed. Times are exact: a bucket is only where a timer is looked for.
/// Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 6.
class Timers {
public:
    static constexpr std::uint32_t none = UINT32_MAX;

    /// For ids 0 … `capacity` − 1.
    explicit Timers(std::size_t capacity) : nodes_(capacity) { heads_.fill(none); }

    /// Goes off at `when`, whatever was set before. A time that has passed means the next `pop`.
    void set(std::uint32_t id, Nanos when) {
        clear(id);
        Node& node = nodes_[id];
        node.at = std::max(when, floor_);
        std::uint32_t& head = heads_[bucket_of(node.at)];
        node.next = head;
        node.previous = none;
        if (head != none) nodes_[head].previous = id;
        head = id;
    }
    /// As `set`, unless it goes off earlier anyway.
    void set_earlier(std::uint32_t id, Nanos when) {
        const Nanos at = nodes_[id].at;
        if (at.count == 0 || when < at) set(id, when);
    }
    void clear(std::uint32_t id) {
        Node& node = nodes_[id];
        if (node.at.count == 0) return;
        if (node.next != none) nodes_[node.next].previous = node.previous;
        (node.previous != none ? nodes_[node.previous].next : heads_[bucket_of(node.at)]) =
            node.next;
        node.at = {};
    }
    /// Asks for what setting it touches: its own place, and where those of that time are found.
    [[gnu::always_inline]] void prefetch(std::uint32_t id) const {
        __builtin_prefetch(&nodes_[id], 1);
    }
    [[gnu::always_inline]] void prefetch(Nanos when) const {
        __builtin_prefetch(&heads_[bucket_of(when)], 1);
    }

    /// 0 when it is not set.
    Nanos at(std::uint32_t id) const { return nodes_[id].at; }

    /// One whose time has come, cleared; `none` when there is no other. What is set meanwhile goes
    /// off after `now`. `now` must not run backwards.
    std::uint32_t pop(Nanos now) {
        const std::int64_t today = now.count >> bucket_bits;
        floor_ = now + nanoseconds(1);
        cursor_ = std::max(cursor_, today - static_cast<std::int64_t>(heads_.size()) + 1);
        for (;; ++cursor_) {
            for (std::uint32_t id = heads_[static_cast<std::size_t>(cursor_) % heads_.size()];
                 id != none; id = nodes_[id].next) {
                if (nodes_[id].at > now) continue;
                clear(id);
                return id;
            }
            if (cursor_ >= today) return none;
        }
    }

private:
    static constexpr int bucket_bits = 22;  // 4.2 ms, about one turn of the engine's timer
    struct Node {
        Nanos at;  // 0 while not set
        std::uint32_t next{none};
        std::uint32_t previous{none};
    };
    std::size_t bucket_of(Nanos when) const {
        return static_cast<std::size_t>(when.count >> bucket_bits) % heads_.size();
    }

    LargeTable<Node> nodes_;
    std::array<std::uint32_t, 4096> heads_{};
    std::int64_t cursor_{};
    Nanos floor_{nanoseconds(1)};
};

}  // namespace tranche
