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
// The file is created 0600 and locked (flock) as long as it is open: one engine an account.
#pragma once

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

/// Order of use: `open`, drain what is left (Writer), `start`, then two threads: the producer
/// calls slot/publish/append, the consumer peek/pop. `written()` and `waiting()`: any thread.
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

    /// Producer: where the next record goes, or null while the journal is full. Holds old bytes:
    /// every byte must be written.
    Record* slot() { return producer_.slot = ring_->slot(); }

    /// Producer: stamps sequence and check on what was written into `slot()` and hands it over.
    void publish() {
        Record& record = *producer_.slot;
        record.sequence = ++producer_.sequence;
        record.check = record_check(record);
        ring_->publish();
    }

    /// Producer: `slot`, copy, `publish`; false while the journal is full.
    bool append(const Record& record) {
        Record* place = slot();
        if (place == nullptr) return false;
        *place = record;
        publish();
        return true;
    }

    /// Producer: how many more records are certain to fit.
    std::size_t room() { return ring_->room(); }

    /// Consumer: the record `ahead` places behind the oldest, or null.
    const Record* peek(std::size_t ahead) { return ring_->peek(ahead); }

    /// Consumer: gives back the oldest `count` records; only once they are committed.
    void pop(std::size_t count) { ring_->pop(count); }

    /// Records neither committed nor given back; a figure, stale when it is read.
    std::size_t waiting() const { return ring_->size(); }
    std::size_t capacity() const { return ring_->capacity(); }

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
    JournalHead& head() const;
    Ring<Record>::Indices& indices() const;
    Record* records() const;

    struct alignas(cache_line) Producer {
        Record* slot{};
        std::uint64_t sequence{};  // of the newest record
    } producer_;
    alignas(cache_line) std::unique_ptr<Ring<Record>> ring_;
    std::string path_;
    std::byte* memory_{};
    std::size_t mapped_{};
    std::size_t wanted_capacity_{};
    std::size_t left_over_{};
    std::size_t cut_{};
    int descriptor_{-1};
};

}  // namespace tranche
