// What becomes of the streams, told to the engine as events and to the cold side as flags.
#pragma once

#include <atomic>
#include <concurrentqueue/concurrentqueue.h>
#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "core/ring.hpp"
#include "net/receive.hpp"

namespace tranche {

/// What one connection of the receive stage counts as.
struct StreamRole {
    StreamKind kind{};
    std::uint8_t group{};  // connections of a group bring the same
    bool decides{};        // entries depend on the group
    Nanos silence{};       // a group that says nothing for so long is not there; 0: may be quiet
};

/// For so long no connection of a group brought its streams.
struct StreamGap {
    Nanos begin;  // the last message before it, or the loss where there was none
    Nanos end;
    std::uint16_t connection;  // that ended it
    LossReason reason;         // of the last loss; `silence` when nothing was lost
};

/// Turns receive's connection states into events. Runs on the engine's thread, never allocates
/// after it was made.
///
/// The user stream is told connection by connection: what one of them misses the snapshot after it
/// brings back. The market is told as a whole: it is there while every group that decides has a
/// connection that speaks, so that stale prices close entries before any price is used.
class StreamWatch {
public:
    /// `counters` of the connections, in the order of `roles`; both and the rings outlive it.
    StreamWatch(Ring<StreamState>& states, Ring<Event>& events, std::vector<StreamRole> roles,
                std::vector<const StreamCounters*> counters);

    std::size_t poll(Nanos now);

    /// The oldest gap that nobody has taken; null while there is none.
    const StreamGap* gap() { return gaps_.front(); }
    void pop_gap() { gaps_.pop(); }

    /// Any thread: by connection, for the status side.
    const std::vector<std::atomic<bool>>& open() const { return open_; }
    /// Any thread: times a user stream came up, for the account stage.
    std::uint64_t user_opened() const { return user_opened_.load(std::memory_order_relaxed); }
    /// Any thread: gaps so far, and those that found no room to be recorded.
    std::uint64_t gaps() const { return gap_count_.load(std::memory_order_relaxed); }

private:
    struct Group {
        StreamRole role;
        std::vector<std::uint16_t> members;
        bool covered{};
        bool was_covered{};  // ever
        Nanos last_message;  // 0: none yet
        Nanos uncovered_since;
        LossReason reason{};
        std::uint16_t newest{};  // connection that changed last
    };

    bool take(const StreamState& state);
    void look(Group& group, Nanos now);
    bool tell_market(Nanos now);
    bool tell(StreamKind kind, std::uint16_t connection, bool is_open, Nanos now);

    static constexpr Nanos interval = milliseconds(20);

    Ring<StreamState>& states_;
    Ring<Event>& events_;
    Ring<StreamGap> gaps_{64};
    std::vector<StreamRole> roles_;
    std::vector<const StreamCounters*> counters_;
    std::vector<Group> groups_;
    std::vector<std::uint64_t> losses_;  // seen, by connection
    std::vector<std::atomic<bool>> open_;
    std::atomic<std::uint64_t> user_opened_{};
    std::atomic<std::uint64_t> gap_count_{};
    bool market_told_{};
    Nanos next_look_{};
};

/// The gap as a record for journal, database and page.
Record record_of(const StreamGap& gap, std::string_view connection);

/// Buttons and signals: several threads press, the engine's thread takes. The queue is looked at
/// without allocating; only the pressing side may allocate.
struct ControlPump {
    struct Pressed {
        Control control;
        SymbolId symbol;
    };
    moodycamel::ConcurrentQueue<Pressed> queue{64};
    Ring<Event>& events;

    explicit ControlPump(Ring<Event>& to) : events{to} {}

    void press(const Control& control, SymbolId symbol) { queue.enqueue({control, symbol}); }

    std::size_t poll(Nanos now) {
        if (queue.size_approx() == 0) return 0;
        std::size_t done = 0;
        for (Event* event = events.slot(); event != nullptr; event = events.slot()) {
            Pressed pressed{};
            if (!queue.try_dequeue(pressed)) break;
            *event = Event{};
            event->arrival_time = now;
            event->symbol = pressed.symbol;
            event->kind = EventKind::control;
            event->control = pressed.control;
            events.publish();
            ++done;
        }
        return done;
    }
};

}  // namespace tranche
