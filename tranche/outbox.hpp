// What one event makes the engine say: commands to the gateway and records for the journal.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "core/messages.hpp"
#include "core/require.hpp"

namespace tranche {

/// Filled during one `Engine::on`, emptied by the stage. Work that could need more than one event's
/// share (flatten, repair after a restart) looks at `roomy()` and goes on at the next timer.
class Outbox {
public:
    static constexpr std::size_t command_capacity = 128;
    static constexpr std::size_t record_capacity = 512;

    /// A fresh, zeroed command to be filled in place.
    Command& command() {
        require(command_count_ < command_capacity, "one event's commands fit the outbox");
        Command& next = commands_[command_count_++];
        clear(next, std::make_index_sequence<sizeof next / block>{});
        return next;
    }

    /// A fresh, zeroed record of the kind, to be filled in place.
    Record& record(RecordKind kind, Nanos time) {
        require(record_count_ < record_capacity, "one event's records fit the outbox");
        Record& next = records_[record_count_++];
        clear(next, std::make_index_sequence<sizeof next / block>{});
        next.kind = kind;
        next.time = time;
        return next;
    }

    /// A record of the row as it stands. The end that no kind of row uses stays as it was cleared:
    /// reading it would touch another line of a table.
    template <class Row>
    void record(RecordKind kind, Nanos time, Row Record::*member, const Row& row) {
        std::memcpy(static_cast<void*>(&(record(kind, time).*member)), &row,
                    offsetof(Row, reserved));
    }

    /// Asks for a snapshot of positions, balances and open orders.
    void want_snapshot() { snapshot_wanted_ = true; }

    /// True while another side key's worth of commands and records certainly fits.
    bool roomy() const {
        return command_count_ + 48 < command_capacity && record_count_ + 160 < record_capacity;
    }

    /// Says that the listen key is no longer valid: the account stage must fetch another.
    void want_listen_key() { listen_key_wanted_ = true; }

    std::span<const Command> commands() const { return {commands_.data(), command_count_}; }
    std::span<const Record> records() const { return {records_.data(), record_count_}; }
    bool snapshot_wanted() const { return snapshot_wanted_; }
    bool listen_key_wanted() const { return listen_key_wanted_; }

    void clear() {
        command_count_ = 0;
        record_count_ = 0;
        snapshot_wanted_ = false;
        listen_key_wanted_ = false;
    }

private:
    static constexpr std::size_t block = 32;
    /// Block by block, because compilers make string instructions of a larger memset; those take
    /// some 30 cycles to begin, and what is overwritten at once is still written twice.
    template <class M, std::size_t... Block>
    static void clear(M& message, std::index_sequence<Block...> /*blocks*/) {
        auto* bytes = reinterpret_cast<std::byte*>(&message);
        (std::memset(bytes + Block * block, 0, block), ...);
    }

    std::size_t command_count_{};
    std::size_t record_count_{};
    bool snapshot_wanted_{};
    bool listen_key_wanted_{};
    std::array<Command, command_capacity> commands_{};
    std::array<Record, record_capacity> records_{};
};

}  // namespace tranche
