// The writer's thread: records into SQLite, and a copy of each, once and in order, to the status
// side. One stream feeds database, page and log, so they cannot disagree.
#pragma once

#include <atomic>

#include "core/ring.hpp"
#include "core/snapshot.hpp"
#include "persist/journal.hpp"
#include "persist/writer.hpp"

namespace tranche {

/// Figures of the writer that any thread may read.
struct WriterFigures {
    std::uint64_t committed;
    std::uint64_t waiting;
    std::uint64_t rejected;
    std::uint64_t failures;
    Nanos oldest;
    std::uint64_t state;
    Nanos failing_since;  // 0 while transactions succeed
    std::uint64_t replaced;
    std::uint64_t space_short;
};

/// A record is copied before the writer may take it. When the status side is so far behind that its
/// ring is full it misses records, which are counted; they are in the database all the same.
struct RecordTap {
    RecordTap(Journal& from, Writer& to, Ring<Record>& copies_to)
        : journal{from}, writer{to}, copies{copies_to} {}

    Journal& journal;
    Writer& writer;
    Ring<Record>& copies;
    Snapshot<WriterFigures> figures{};
    std::atomic<std::uint64_t> missed{};
    std::size_t copied{};  // of the records that still wait in the journal

    std::size_t poll(Nanos now) {
        std::size_t done = 0;
        for (const Record* record = journal.peek(copied); record != nullptr && done < 4096;
             record = journal.peek(copied)) {
            if (Record* slot = copies.slot()) {
                *slot = *record;
                copies.publish();
            } else {
                missed.fetch_add(1, std::memory_order_relaxed);
            }
            ++copied;
            ++done;
        }
        const std::size_t written = writer.poll(now, copied);
        copied -= written;
        const WriterStatus& status = writer.status();
        figures.write({status.committed_sequence, status.waiting, status.rejected, status.failures,
                       status.oldest, static_cast<std::uint64_t>(status.state),
                       status.failing_since, status.replaced, status.space_short ? 1U : 0U});
        return done + written;
    }
};

}  // namespace tranche
