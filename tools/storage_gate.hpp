// What storage means for trading: entries are off while the journal is half full, while a record
// waits for its commit longer than it should, and while the database cannot be written; protection
// goes on. Source: reliability-model.md D1, D2, D5 and back-pressure; persist/journal.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/board.hpp"
#include "core/clock.hpp"
#include "core/messages.hpp"
#include "persist/journal.hpp"

namespace tranche {

struct StorageFacts {
    std::size_t waiting{};
    std::size_t capacity{1};
    Nanos oldest{};      // time of the oldest record that waits; 0 without
    bool poisoned{};     // the database file is not written any more
    bool space_short{};  // its disk is nearly full
    bool lost{};         // records were refused, and what is held is not written down again yet
};

/// From bad to worse.
enum class StorageState : std::uint8_t {
    current,
    slow,         // the oldest record waits for more than 2 s
    space_short,  // of the disk
    half_full,    // the journal
    poisoned,     // the database, until it is replaced
    nearly_full,  // the journal: telemetry is refused
    losing,       // the journal is, or was, full
};

/// `state` now; one that has stood stays until things are clearly better: a quarter full, one
/// second old.
StorageState storage_state(const StorageFacts& facts, StorageState before, Nanos now);

/// For people; empty when there is nothing to say.
std::string_view words_for(StorageState state);

/// Pure. One thread, the engine's.
class StorageGate {
public:
    /// What to tell the engine, when that has changed.
    std::optional<AccountNoticeKind> poll(const StorageFacts& facts, Nanos now);
    StorageState state() const { return state_; }

private:
    StorageState state_{};
    bool closed_{};
};

/// After a loss: what the engine holds, as it shows it, into the journal again, a few rows at a
/// time. The engine's thread.
class RowsAgain {
public:
    RowsAgain(const StatusBoard& board, Journal& journal) : board_{&board}, journal_{&journal} {}

    /// True while records were lost and not everything is written down again.
    bool due() const { return journal_->lost() != healed_; }
    /// Goes on once the journal has room for half of itself; ends with an alarm that tells the
    /// loss.
    void poll(Nanos now);

private:
    void append_next(Nanos now);
    void tell(Nanos now);

    const StatusBoard* board_;
    Journal* journal_;
    std::uint64_t healed_{};  // losses that are made good
    std::uint64_t seen_{};    // losses when this round began
    std::size_t next_{};      // row: tranches, then orders
};

}  // namespace tranche
