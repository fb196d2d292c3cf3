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
    bool decides{};  // trading depends on it: mark prices alone do not
};

/// Turns receive's connection states into events. Runs on the engine's thread.
struct StreamWatch {
    Ring<StreamState>& states;
    Ring<Event>& events;
    std::vector<StreamRole> roles;
    std::vector<std::atomic<bool>> open;       // by connection, for the status side
    std::atomic<std::uint64_t> user_opened{};  // times a user stream came up, for the account stage

    StreamWatch(Ring<StreamState>& from, Ring<Event>& to, std::vector<StreamRole> with_roles)
        : states{from}, events{to}, roles{std::move(with_roles)}, open(roles.size()) {}

    std::size_t poll(Nanos) {
        std::size_t done = 0;
        while (const StreamState* state = states.front()) {
            const bool is_open = state->phase == StreamPhase::open;
            const bool was_open = open[state->connection].load(std::memory_order_relaxed);
            if (is_open != was_open) {
                if (!announce(*state, is_open)) return done;
                open[state->connection].store(is_open, std::memory_order_relaxed);
            }
            states.pop();
            ++done;
        }
        return done;
    }

private:
    bool announce(const StreamState& state, bool is_open) {
        const StreamRole& role = roles[state.connection];
        if (role.kind == StreamKind::user && is_open)
            user_opened.fetch_add(1, std::memory_order_relaxed);
        if (!role.decides) return true;
        Event* event = events.slot();
        if (event == nullptr) return false;
        *event = Event{};
        event->arrival_time = state.time;
        event->symbol = no_symbol;
        event->kind = EventKind::stream_change;
        event->stream_change.stream = role.kind;
        event->stream_change.connection = static_cast<std::uint8_t>(state.connection);
        event->stream_change.state = is_open ? StreamCondition::open : StreamCondition::lost;
        events.publish();
        return true;
    }
};

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
