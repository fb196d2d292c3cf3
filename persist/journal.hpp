// The ring from engine to writer, mapped from a file on tmpfs: plain stores for the engine, and
// what was not yet in the database survives the death of the process (not the loss of power).
//
// The file, native byte order, x86-64 only:
//
//      0  JournalHead (journal.cpp): magic, version, sizes, owner, state, check
//    128  RingIndices: `written` and `read`, a cache line each; they count for ever
//   4096  symbol names: 4096 × 24 bytes, zero-filled; entry i names SymbolId i of the records
// 102400  records: capacity × 256 bytes; index i lies in slot i mod capacity
//
// Record i carries `sequence` = base + i + 1, where `base` is in the head, and `check`
// (record_check.hpp). Sequences never repeat in the life of a database: a new journal starts after
// the last sequence the database has. `state` is `preparing` while anything in the head changes,
// which only happens while the ring is empty, so a journal found in that state holds nothing.
// The file is created 0600 and locked (flock) as long as it is open: one engine an account. All its
// pages are there before the first record, and locked in memory where the limits allow it.
//
// How full it may get (reliability-model.md, back-pressure):
//
//    50 %  entries are off (whoever asks `backlog` sees to it), protection goes on
//    90 %  telemetry is refused and counted: forced orders that were not traded, and balances; the
//          last tenth is kept for orders, fills, tranches, merges, modes and alarms
//   100 %  those are refused and counted too. The engine goes on protecting: a stop that is live
//   but
//          not written down is better than the reverse (architecture.md rule 4 stands above the
//          model's HALT). Nothing waits. Once there is room, the loss is told, and what the engine
//          holds is written down anew (tools/storage_gate.hpp); fills come back from the exchange.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/messages.hpp"
#include "core/result.hpp"
#include "core/ring.hpp"
#include "core/symbols.hpp"
#include "persist/record_check.hpp"

namespace tranche {

/// 64 MiB: minutes of the busiest market without a database.
inline constexpr std::size_t default_journal_records = std::size_t{1} << 18;

struct JournalHead;

/// What may be left out before anything else: facts of the market, and what the exchange repeats.
constexpr bool is_telemetry(const Record& record) {
    return record.kind == RecordKind::balance || (record.kind == RecordKind::liquidation &&
                                                  record.liquidation.verdict != Verdict::entered);
}

/// Order of use: `open`, drain what is left (Writer), `start`, then two threads: the producer
/// calls append, the consumer peek/pop. `waiting()`, `refused()` and `lost()`: any thread.
class Journal {
public:
    /// Maps `path`, creating it if missing, and cuts a torn tail off. `capacity`: records, a power
    /// of two; a file of another capacity keeps its own until `start`.
    /// Errors: `locked` (another instance, with its process id), `bad_data` (not a journal, another
    /// version, damaged), `cannot_write` (cannot be created, no room), `settings` (capacity).
    static Result<Journal> open(const std::string& path, std::size_t capacity);

    Journal(Journal&& other) noexcept;
    Journal& operator=(Journal&&) = delete;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    /// Makes the empty journal ready for this process: its symbol names, the capacity asked for,
    /// and sequences above `after_sequence` (the last one the database has).
    /// Errors: `bad_data` while records are left, `cannot_write` when a larger file does not fit.
    Result<Done> start(const SymbolTable& symbols, std::uint64_t after_sequence);

    /// Producer: stamps sequence and check on a copy of the record and hands it over. False when
    /// the rules above refuse it; then it is counted. Never waits.
    bool append(const Record& record) {
        if (producer_.certain <= producer_.reserve && !admits(record)) return false;
        --producer_.certain;
        Record* const slot = ring_->slot();
        ask_for_line_after(slot);
        *slot = record;
        slot->sequence = ++producer_.sequence;
        slot->check = record_check(*slot);
        ring_->publish();
        return true;
    }

    /// Producer: how many more records are certain to fit.
    std::size_t room() { return ring_->room(); }

    /// Producer: time of the oldest record that waits, 0 without one.
    Nanos oldest_waiting() const;

    /// Consumer: the record `ahead` places behind the oldest, or null.
    const Record* peek(std::size_t ahead) { return ring_->peek(ahead); }

    /// Consumer: gives back the oldest `count` records; only once they are committed.
    void pop(std::size_t count) { ring_->pop(count); }

    /// Records neither committed nor given back; a figure, stale when it is read.
    std::size_t waiting() const { return ring_->size(); }
    std::size_t capacity() const { return ring_->capacity(); }

    /// Records refused since the process started: telemetry, and anything else.
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

    /// Name of a symbol as the process knew it that wrote the records; empty if it had no such id.
    std::string_view symbol_name(SymbolId id) const;

    /// What `open` found: records waiting, and records cut because they were not whole.
    std::size_t left_over() const { return left_over_; }
    std::size_t cut() const { return cut_; }
    const std::string& path() const { return path_; }

private:
    Journal(std::string path, int descriptor, std::size_t wanted_capacity);
    Result<Done> take_over();
    Result<Done> check_head(std::size_t file_size, bool& empty) const;
    Result<Done> format(std::size_t capacity);
    Result<Done> map(std::size_t capacity);
    void unmap();
    void write_head(std::size_t capacity, std::uint64_t base, const SymbolTable* symbols);
    void scan();
    void attach();
    bool admits(const Record& record);
    /// The record after the next: what it overwrites was last touched a whole turn of the ring ago.
    static void ask_for_line_after(const Record* slot) {
        const auto* bytes = reinterpret_cast<const std::byte*>(slot + 2);
        for (std::size_t at = 0; at < sizeof(Record); at += cache_line)
            __builtin_prefetch(bytes + at, 1);
    }
    JournalHead& head() const;
    Ring<Record>::Indices& indices() const;
    Record* records() const;

    struct alignas(cache_line) Producer {
        std::uint64_t sequence{};  // of the newest record
        std::size_t certain{};     // records that were seen to fit
        std::size_t reserve{};     // of them kept for what is not telemetry
    } producer_;
    alignas(cache_line) std::unique_ptr<Ring<Record>> ring_;
    std::string path_;
    std::byte* memory_{};
    std::size_t mapped_{};
    std::size_t wanted_capacity_{};
    std::size_t left_over_{};
    std::size_t cut_{};
    int descriptor_{-1};
    std::atomic<std::uint64_t> refused_{};  // stored by the producer only
    std::atomic<std::uint64_t> lost_{};
};

}  // namespace tranche
