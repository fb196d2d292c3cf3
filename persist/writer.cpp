#include "persist/writer.hpp"

#include <algorithm>
#include <utility>

namespace tranche {
namespace {

constexpr Nanos first_pause = milliseconds(10);
constexpr Nanos longest_pause = seconds(2);

}  // namespace

Result<Writer> Writer::make(Database& database, Journal& journal, const WriterSettings& settings) {
    const auto committed =
        database.integer("SELECT value FROM meta WHERE key = 'journal_sequence'", 0);
    if (!committed) return committed.error();
    auto rows = RowWriter::prepare(database);
    if (!rows) return rows.error();
    auto retention = Retention::make(database, settings.liquidation_days);
    if (!retention) return retention.error();
    return Writer{database,
                  journal,
                  settings,
                  std::move(rows).value(),
                  std::move(retention).value(),
                  static_cast<std::uint64_t>(committed.value())};
}

Writer::Writer(Database& database, Journal& journal, const WriterSettings& settings, RowWriter rows,
               Retention retention, std::uint64_t committed)
    : database_{&database},
      journal_{&journal},
      settings_{settings},
      rows_{std::move(rows)},
      retention_{std::move(retention)} {
    status_.committed_sequence = committed;
}

std::size_t Writer::poll(Nanos now, std::size_t most) {
    look_behind();
    if (status_.state == WriterState::stopped || now < retry_at_) return 0;
    const bool due = now - status_.last_commit >= settings_.commit_interval;
    const std::size_t ready = std::min(status_.waiting, most);
    if (ready >= settings_.batch || (ready > 0 && due)) return write_batch(now, most);
    const auto expired = retention_.step(now);
    if (expired)
        status_.expired += static_cast<std::uint64_t>(expired.value());
    else
        failed(expired.error(), now);
    return 0;
}

Result<std::size_t> Writer::drain(Nanos now) {
    std::size_t done = 0;
    while (journal_->waiting() > 0) {
        const std::size_t written = write_batch(now, SIZE_MAX);
        if (written == 0) return Error{ErrorKind::io, status_.last_error};
        done += written;
    }
    return done;
}

std::size_t Writer::write_batch(Nanos now, std::size_t most) {
    const std::size_t count = std::min({settings_.batch, journal_->waiting(), most});
    WriterStatus next = status_;
    const auto written = write_records(count, next);
    if (!written) {
        failed(written.error(), now);
        return 0;
    }
    journal_->pop(count);
    status_ = std::move(next);
    status_.state = WriterState::writing;
    status_.last_commit = now;
    ++status_.commits;
    retry_at_ = pause_ = Nanos{};
    look_behind();
    return count;
}

Result<Done> Writer::write_records(std::size_t count, WriterStatus& next) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    for (std::size_t i = 0; i < count; ++i) {
        const Record& record = *journal_->peek(i);
        if (record.sequence <= next.committed_sequence) {
            ++next.skipped;
            continue;
        }
        auto done = write_record(record, next);
        if (!done) return done;
        if (next.committed_sequence != 0)
            next.gaps += record.sequence - next.committed_sequence - 1;
        next.committed_sequence = record.sequence;
        ++next.records;
    }
    if (rows_.save_progress(next.committed_sequence) != Step::done)
        return database_->error("saving the progress of the journal");
    return transaction.value().commit();
}

/// A record that no table takes must not hold up those behind it: it is kept aside, whole.
Result<Done> Writer::write_record(const Record& record, WriterStatus& next) {
    Step step = rows_.write(record, *journal_, why_);
    if (step == Step::constraint) {
        ++next.rejected;
        step = rows_.quarantine(record, why_);
    }
    if (step != Step::done) return database_->error("writing a record");
    return Done{};
}

void Writer::failed(const Error& error, Nanos now) {
    ++status_.failures;
    status_.last_error = error.message;
    // dirty pages of a failed sync are gone, so trying again on this file could report a commit
    // that is not on the disk (D2)
    status_.state = database_->poisoned() ? WriterState::stopped : WriterState::retrying;
    pause_ = std::min(std::max(first_pause, pause_ + pause_), longest_pause);
    retry_at_ = now + pause_;
}

void Writer::look_behind() {
    status_.waiting = journal_->waiting();
    status_.oldest = status_.waiting > 0 ? journal_->peek(0)->time : Nanos{};
}

}  // namespace tranche
