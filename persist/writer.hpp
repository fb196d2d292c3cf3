// The writer stage: journal → SQLite, in order, a transaction for many records. A record leaves
// the journal only after its commit; whatever fails before that is tried again, with a growing
// pause, so that nothing is lost, doubled or reordered. It must never hold up the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "persist/database.hpp"
#include "persist/journal.hpp"
#include "persist/newest_states.hpp"
#include "persist/retention.hpp"
#include "persist/row_writer.hpp"
#include "persist/space_reserve.hpp"

namespace tranche {

struct WriterSettings {
    std::size_t batch{16'384};                // records a transaction at most
    Nanos commit_interval{milliseconds(50)};  // sooner only when a batch is full
    std::uint32_t liquidation_days{30};       // kept; 0 keeps them for ever
    std::size_t checkpoint_pages{16'000};     // of the WAL at most; in quiet moments sooner
};

enum class WriterState : std::uint8_t {
    writing,
    retrying,  // the last transaction failed; `last_error` says why
    stopped,   // the file cannot be trusted any more: records wait until it is replaced
};

/// What the page and the metrics say of the writer. `waiting` and `oldest` tell how far it is
/// behind: entries must stop when `oldest` is more than 2 s ago (D5).
struct WriterStatus {
    WriterState state{};
    std::uint64_t committed_sequence{};
    std::uint64_t records{};  // committed since start
    std::uint64_t commits{};
    std::uint64_t rejected{};  // put into rejected_records
    std::uint64_t skipped{};   // already in the database
    std::uint64_t gaps{};      // sequences that never came
    std::uint64_t failures{};  // of transactions
    std::uint64_t expired{};   // liquidations deleted by retention
    std::size_t waiting{};     // records in the journal
    Nanos oldest{};            // time of the oldest of them; 0 without
    Nanos last_commit{};
    Nanos failing_since{};     // 0 while transactions succeed
    std::uint64_t replaced{};  // files that a sync failed on
    bool space_short{};        // on the disk
    std::string last_error;
};

class Writer {
public:
    /// `database` is migrated; it and `journal` outlive the writer.
    static Result<Writer> make(Database& database, Journal& journal,
                               const WriterSettings& settings);

    /// One batch at most, and a step of retention when there is time; returns how many records
    /// left the journal. Never takes more than the oldest `most`.
    std::size_t poll(Nanos now, std::size_t most = SIZE_MAX);

    /// Writes everything that is in the journal now, without pauses: at start, before anything
    /// else, and at the end. Errors: why it could not be written; the rest stays in the journal.
    Result<std::size_t> drain(Nanos now);

    /// Only for the writer's thread; copy it to publish it.
    const WriterStatus& status() const { return status_; }

private:
    Writer(Database& database, Journal& journal, const WriterSettings& settings, RowWriter rows,
           Retention retention, std::uint64_t committed);
    std::size_t write_batch(Nanos now, std::size_t most);
    Result<Done> write_records(std::size_t count, WriterStatus& next);
    Result<Done> write_record(const Record& record, std::size_t place, WriterStatus& next);
    Result<Done> write_liquidations(WriterStatus& next);
    Result<Done> write_runs();
    Result<Done> finish_batch(WriterStatus& next);
    Step write_state(const Record& record, std::size_t place);
    Result<Done> settle(const Record& record, Step step, WriterStatus& next);
    void work_quietly(Nanos now);
    void failed(const Error& error, Nanos now);
    void replace(Nanos now);
    Result<Done> prepare_again();
    void look_behind();

    Database* database_;
    Journal* journal_;
    WriterSettings settings_;
    RowWriter rows_;
    Retention retention_;
    WriterStatus status_;
    Nanos retry_at_{};
    Nanos pause_{};
    Nanos checkpoint_at_{};
    std::uint64_t commits_checkpointed_{};
    std::string why_;
    SpaceReserve space_;
    NewestStates states_;
    std::vector<const Record*> liquidations_;  // of the batch
    std::size_t liquidations_written_{};       // of these
    std::vector<LiquidationKey> keys_;         // of the batch
    std::vector<LiquidationKey> sorted_keys_;
    std::vector<std::uint32_t> buckets_;
};

}  // namespace tranche
