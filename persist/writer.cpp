#include "persist/writer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <span>
#include <utility>

#include "persist/replacement.hpp"

namespace tranche {
namespace {

constexpr std::size_t symbol_buckets = 4097;  // the last one for symbols without a number
constexpr Nanos first_pause = milliseconds(10);
constexpr Nanos longest_pause = seconds(2);
constexpr Nanos between_checkpoints = seconds(5);

}  // namespace

Result<Writer> Writer::make(Database& database, Journal& journal, const WriterSettings& settings) {
    const auto committed =
        database.integer("SELECT value FROM meta WHERE key = 'journal_sequence'", 0);
    if (!committed) return committed.error();
    auto limited =
        database.execute(fmt::format("PRAGMA wal_autocheckpoint={}", settings.checkpoint_pages));
    if (!limited) return limited.error();
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
      retention_{std::move(retention)},
      space_{database.path()},
      states_{settings.batch},
      buckets_(symbol_buckets) {
    liquidations_.reserve(settings.batch);
    keys_.reserve(settings.batch);
    sorted_keys_.reserve(settings.batch);
    status_.committed_sequence = committed;
}

std::size_t Writer::poll(Nanos now, std::size_t most) {
    look_behind();
    status_.space_short = space_.poll(now);
    if (now < retry_at_) return 0;
    if (status_.state == WriterState::stopped) replace(now);
    if (status_.state == WriterState::stopped) return 0;
    const bool due = now - status_.last_commit >= settings_.commit_interval;
    const std::size_t ready = std::min(status_.waiting, most);
    if (ready >= settings_.batch || (ready > 0 && due)) return write_batch(now, most);
    if (ready == 0) work_quietly(now);
    return 0;
}

/// A checkpoint waits for the disk twice: better now than in the middle of a flood.
void Writer::work_quietly(Nanos now) {
    const auto expired = retention_.step(now);
    if (!expired) return failed(expired.error(), now);
    status_.expired += static_cast<std::uint64_t>(expired.value());
    if (status_.commits == commits_checkpointed_ || now < checkpoint_at_) return;
    checkpoint_at_ = now + between_checkpoints;
    commits_checkpointed_ = status_.commits;
    const auto done = database_->execute("PRAGMA wal_checkpoint(PASSIVE)");
    if (!done) failed(done.error(), now);
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
    status_.failing_since = {};
    ++status_.commits;
    retry_at_ = pause_ = Nanos{};
    look_behind();
    return count;
}

Result<Done> Writer::write_records(std::size_t count, WriterStatus& next) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    states_.clear();
    for (std::size_t i = 0; i < count; ++i)
        states_.note(*journal_->peek(i), static_cast<std::uint32_t>(i));
    liquidations_.clear();
    keys_.clear();
    liquidations_written_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Record& record = *journal_->peek(i);
        if (record.sequence <= next.committed_sequence) {
            ++next.skipped;
            continue;
        }
        auto done = write_record(record, i, next);
        if (!done) return done;
        if (next.committed_sequence != 0)
            next.gaps += record.sequence - next.committed_sequence - 1;
        next.committed_sequence = record.sequence;
        ++next.records;
    }
    auto done = finish_batch(next);
    return done ? transaction.value().commit() : done;
}

Result<Done> Writer::finish_batch(WriterStatus& next) {
    for (; liquidations_written_ < liquidations_.size(); ++liquidations_written_) {
        const Record& record = *liquidations_[liquidations_written_];
        auto done = settle(record, rows_.write(record, *journal_, why_), next);
        if (!done) return done;
    }
    if (auto done = write_runs(); !done) return done;
    if (rows_.save_progress(next.committed_sequence) != Step::done)
        return database_->error("saving the progress of the journal");
    return Done{};
}

Result<Done> Writer::write_record(const Record& record, std::size_t place, WriterStatus& next) {
    if (record.kind == RecordKind::liquidation) {
        const LiquidationRow& row = record.liquidation;
        liquidations_.push_back(&record);
        keys_.push_back({row.name, row.arrival_time, record.sequence, row.symbol});
        const std::size_t waiting = liquidations_.size() - liquidations_written_;
        return waiting < RowWriter::liquidations_at_once ? Result<Done>{Done{}}
                                                         : write_liquidations(next);
    }
    const Step step = NewestStates::has_states(record) ? write_state(record, place)
                                                       : rows_.write(record, *journal_, why_);
    return settle(record, step, next);
}

/// A table that nothing refers to: its rows may wait for one another and go in together.
Result<Done> Writer::write_liquidations(WriterStatus& next) {
    const auto records = std::span{liquidations_}.subspan(liquidations_written_);
    liquidations_written_ = liquidations_.size();
    const Step step = rows_.write_liquidations(records, *journal_);
    if (step == Step::done) return Done{};
    if (step != Step::constraint) return database_->error("writing liquidations");
    for (const Record* record : records) {
        auto done = settle(*record, rows_.write(*record, *journal_, why_), next);
        if (!done) return done;
    }
    return Done{};
}

/// Those of one symbol together, in the order they came. One that was put aside does no harm here.
Result<Done> Writer::write_runs() {
    const auto bucket = [this](const LiquidationKey& key) -> std::uint32_t& {
        return buckets_[std::min(index(key.symbol), buckets_.size() - 1)];
    };
    std::fill(buckets_.begin(), buckets_.end(), 0U);
    for (const LiquidationKey& key : keys_) ++bucket(key);
    std::uint32_t first = 0;
    for (std::uint32_t& count : buckets_) first += std::exchange(count, first);
    sorted_keys_.resize(keys_.size());
    for (const LiquidationKey& key : keys_) sorted_keys_[bucket(key)++] = key;
    const auto same = [](const LiquidationKey& a, const LiquidationKey& b) {
        return a.name == b.name;
    };
    for (auto begin = sorted_keys_.begin(); begin != sorted_keys_.end();) {
        const auto other = std::adjacent_find(begin, sorted_keys_.end(), std::not_fn(same));
        const auto end = other == sorted_keys_.end() ? other : std::next(other);
        if (rows_.write_run({begin, end}) != Step::done)
            return database_->error("writing which liquidations are of a symbol");
        begin = end;
    }
    return Done{};
}

/// The first record of a row in the batch brings its newest state; when that one cannot be stored,
/// each is tried for itself.
Step Writer::write_state(const Record& record, std::size_t place) {
    NewestStates::State& state = states_.of(record);
    Step step = Step::done;
    if (!state.written) {
        step = rows_.write_state(*journal_->peek(state.newest), *journal_, why_);
        state.written = step == Step::done;
        if (step == Step::constraint && state.newest != place)
            step = rows_.write_state(record, *journal_, why_);
    }
    if (step != Step::done || record.kind != RecordKind::tranche) return step;
    return rows_.write_history(record, *journal_, why_);
}

/// A record that no table takes must not hold up those behind it: it is kept aside, whole.
Result<Done> Writer::settle(const Record& record, Step step, WriterStatus& next) {
    if (step == Step::constraint) {
        ++next.rejected;
        step = rows_.quarantine(record, why_);
    }
    if (step != Step::done) return database_->error("writing a record");
    return Done{};
}

void Writer::failed(const Error& error, Nanos now) {
    ++status_.failures;
    if (status_.failing_since.count == 0) status_.failing_since = now;
    status_.last_error = error.message;
    // dirty pages of a failed sync are gone, so trying again on this file could report a commit
    // that is not on the disk (D2)
    status_.state = database_->poisoned() ? WriterState::stopped : WriterState::retrying;
    pause_ = std::min(std::max(first_pause, pause_ + pause_), longest_pause);
    retry_at_ = now + pause_;
}

void Writer::replace(Nanos now) {
    auto done = replace_database(*database_, now);
    if (done) done = prepare_again();
    if (!done) {
        failed(done.error(), now);
        status_.state = WriterState::stopped;
        return;
    }
    ++status_.replaced;
    status_.state = WriterState::retrying;
}

Result<Done> Writer::prepare_again() {
    auto fresh = make(*database_, *journal_, settings_);
    if (!fresh) return fresh.error();
    rows_ = std::move(fresh.value().rows_);
    retention_ = std::move(fresh.value().retention_);
    // should the copy end earlier than what was acknowledged, the next records show the gap
    status_.committed_sequence = fresh.value().status_.committed_sequence;
    return Done{};
}

void Writer::look_behind() {
    status_.waiting = journal_->waiting();
    status_.oldest = status_.waiting > 0 ? journal_->peek(0)->time : Nanos{};
}

}  // namespace tranche
