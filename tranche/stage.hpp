// The engine as a stage: rings in, rings out. The only engine file that knows rings.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include "core/canary.hpp"
#include "core/messages.hpp"
#include "core/ring.hpp"
#include "core/time_source.hpp"
#include "tranche/engine.hpp"

namespace tranche {

/// Takes events from its input rings in the given order, at most `batch` each a turn, and makes a
/// timer event every `tick`. While the command ring lacks the room that one event could need, it
/// takes nothing: the inputs hold back. `Journal` has `append(Record&)`, which never waits: what it
/// has no room for it counts, and entries are off long before (persist/journal.hpp).
template <class Journal> struct EngineStage {
    Engine& engine;
    std::span<Ring<Event>* const> inputs;
    Ring<Command>& commands;
    Journal& journal;
    std::atomic<bool>& snapshot_wanted;
    std::atomic<bool>& listen_key_wanted;
    TimeSource time;              // stamps commands as decided; the engine itself never sees it
    std::atomic<bool>* halted{};  // told when nothing may leave any more, for the gateway

    static constexpr std::size_t batch = 64;
    static constexpr Nanos tick = milliseconds(5);

    Outbox out{};
    Nanos next_tick{};
    std::uint64_t held_back{};  // turns that found no room
    bool halted_told{};

    std::size_t poll(Nanos now) {
        std::size_t done = 0;
        for (Ring<Event>* input : inputs) {
            for (std::size_t i = 0; i < batch; ++i) {
                const Event* event = input->front();
                if (event == nullptr) break;
                if (!has_room()) return done;
                if (const Event* soon = input->peek(2)) engine.expect_soon(*soon);
                if (const Event* next = input->peek(1)) engine.expect_next(*next);
                engine.on(*event, out);
                input->pop();
                flush();
                ++done;
            }
        }
        if (now >= next_tick && has_room()) {
            next_tick = now + tick;
            Event timer{};
            timer.arrival_time = now;
            timer.symbol = no_symbol;
            timer.kind = EventKind::timer;
            engine.on(timer, out);
            flush();
        }
        return done;
    }

private:
    bool has_room() {
        const bool room = commands.room() >= Outbox::command_capacity;
        if (!room) ++held_back;
        return room;
    }
    void flush() {
        if (const bool now_halted = halts(engine.state().hold); now_halted != halted_told) {
            halted_told = now_halted;
            if (halted != nullptr) halted->store(now_halted, std::memory_order_relaxed);
        }
        const Nanos decided = out.commands().empty() ? Nanos{} : time();
        for (const Command& command : out.commands()) {
            Command* slot = commands.slot();
            require(slot != nullptr, "room for commands was checked");
            *slot = command;
            slot->decided_at = decided;
            commands.publish();
        }
        for (const Record& record : out.records()) {
            if (planted(Canary::lost_record) && record.kind == RecordKind::fill &&
                record.fill.trade_id % 8 == 0)
                continue;
            journal.append(record);
        }
        if (out.snapshot_wanted()) snapshot_wanted.store(true, std::memory_order_relaxed);
        if (out.listen_key_wanted()) listen_key_wanted.store(true, std::memory_order_relaxed);
        out.clear();
    }
};

}  // namespace tranche
