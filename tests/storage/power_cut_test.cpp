// The power goes at any moment of a busy minute: what was committed is there, whole, and what the
// journal kept brings back the rest.
#include <fstream>
#include <map>
#include <span>

#include "persist/row_reader.hpp"
#include "tests/storage/disk_log.hpp"
#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

const SymbolTable symbols = symbols_named({"BTCUSDT", "ETHUSDT", "SOLUSDT"});

/// tmpfs: a sync that is waited for on a real disk would be most of the test.
class FastFolder {
public:
    FastFolder() {
        std::string pattern = std::filesystem::exists("/dev/shm")
                                  ? "/dev/shm/power-cut-XXXXXX"
                                  : std::filesystem::temp_directory_path() / "power-cut-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~FastFolder() { std::filesystem::remove_all(path_); }
    FastFolder(const FastFolder&) = delete;
    FastFolder& operator=(const FastFolder&) = delete;
    std::string operator/(std::string_view name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

std::string bytes_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// Rows as the first `sequence` records leave them.
struct Expected {
    std::vector<LiquidationRow> liquidations;
    std::map<TrancheId, TrancheRow> tranches;
    std::map<ClientOrderId, OrderRow> orders;
    std::vector<FillRow> fills;
    std::int64_t history{};

    explicit Expected(std::span<const Record> records) {
        for (const Record& record : records) {
            if (record.kind == RecordKind::liquidation) liquidations.push_back(record.liquidation);
            if (record.kind == RecordKind::fill) fills.push_back(record.fill);
            if (record.kind == RecordKind::order) orders[record.order.id] = record.order;
            if (record.kind != RecordKind::tranche) continue;
            tranches[record.tranche.id] = record.tranche;
            ++history;
        }
    }
};

/// A minute of a busy account on a disk that is written down.
class BusyMinute {
public:
    explicit BusyMinute(std::uint32_t seed) : random_{seed} {
        const DiskShim shim{[this](const DiskOperation& operation) { return log_(operation); }};
        Database database = migrated(folder_ / "t.db");
        Journal journal = take(Journal::open(folder_ / "j", small_journal));
        Writer writer =
            take(Writer::make(database, journal, {.batch = 48, .checkpoint_pages = 40}));
        take(writer.drain(start_time));
        take(journal.start(symbols, 0));
        Nanos now = start_time;
        for (int turn = 0; turn < 60; ++turn) {
            for (std::uint32_t i = below(24); i > 0; --i) {
                records_.push_back(next(now));
                EXPECT_TRUE(journal.append(records_.back()));
            }
            // the journal as it is while the writer works; it changes only afterwards
            moments_.push_back({log_.size(), writer.status().committed_sequence, records_.size(),
                                bytes_of(folder_ / "j")});
            writer.poll(now += milliseconds(static_cast<std::int64_t>(random_() % 2'000)));
            EXPECT_EQ(writer.status().failures, 0U) << writer.status().last_error;
        }
    }

    const DiskLog& log() const { return log_; }
    std::span<const Record> records() const { return records_; }

    struct Moment {
        std::size_t calls;        // so many had been made when it began
        std::uint64_t committed;  // acknowledged by then
        std::size_t appended;     // records
        std::string journal;
    };
    /// The moment in which the call was made; the first one also stands for what was before it.
    const Moment& moment_of(std::size_t call) const {
        std::size_t at = 0;
        while (at + 1 < moments_.size() && moments_[at + 1].calls <= call) ++at;
        return moments_[at];
    }
    std::size_t first_call() const { return moments_.front().calls; }
    std::size_t last_call() const { return moments_.back().calls; }

private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }
    SymbolId symbol() { return SymbolId{static_cast<std::uint16_t>(below(3))}; }

    Record next(Nanos now) {
        const std::uint32_t kind = tranches_ == 0 ? 0 : below(8);
        if (kind == 0) return tranche(++tranches_, symbol(), now, TrancheState::pending);
        Record made = changed(kind, now);
        return made;
    }
    Record changed(std::uint32_t kind, Nanos now) {
        const std::uint32_t some = 1 + below(tranches_);
        if (kind == 1) {
            for (auto at = records_.rbegin(); at != records_.rend(); ++at)
                if (at->kind == RecordKind::tranche && at->tranche.id == TrancheId{some}) {
                    Record again = *at;
                    again.time = again.tranche.updated = now;
                    again.tranche.state = TrancheState::protected_;
                    again.tranche.quantity = {static_cast<std::int64_t>(random_())};
                    return again;
                }
        }
        if (kind <= 3) {
            Record placed = order(some, below(3), SymbolId{static_cast<std::uint16_t>(some % 3)},
                                  start_time, OrderState::working);
            placed.time = placed.order.updated = now;
            placed.order.filled = {static_cast<std::int64_t>(random_())};
            return placed;
        }
        if (kind == 4) return fill(some, ++trades_, symbol(), now);
        const SymbolId id = symbol();
        Record seen = liquidation(id, symbols.name(id), now);
        seen.liquidation.value = {static_cast<std::int64_t>(random_())};
        return seen;
    }

    std::mt19937 random_;
    FastFolder folder_;
    DiskLog log_;
    std::vector<Record> records_;
    std::vector<Moment> moments_;
    std::uint32_t tranches_{};
    std::int64_t trades_{};
};

template <class Row> std::vector<Row> all(Database& database, std::string_view tail) {
    std::vector<Row> rows;
    for (const auto& stored : take(select_rows<Row>(database, &symbols, table_of<Row>, tail, {})))
        rows.push_back(stored.row);
    return rows;
}

template <class Row> bool same_rows(const std::vector<Row>& a, const std::vector<Row>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same<Row>);
}

template <class Key, class Row> std::vector<Row> values(const std::map<Key, Row>& map) {
    std::vector<Row> rows;
    for (const auto& [key, row] : map) rows.push_back(row);
    return rows;
}

void expect_rows(Database& database, const Expected& expected) {
    EXPECT_TRUE(
        same_rows(all<LiquidationRow>(database, "ORDER BY sequence"), expected.liquidations));
    EXPECT_TRUE(same_rows(all<TrancheRow>(database, "ORDER BY id"), values(expected.tranches)));
    EXPECT_TRUE(same_rows(all<FillRow>(database, "ORDER BY sequence"), expected.fills));
    std::map<ClientOrderId, OrderRow> orders;
    for (const OrderRow& row : all<OrderRow>(database, "")) orders[row.id] = row;
    EXPECT_TRUE(same_rows(values(orders), values(expected.orders)));
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM tranche_history", -1)), expected.history);
    EXPECT_EQ(take(database.integer("SELECT count(DISTINCT value) FROM liquidation_runs, "
                                    "json_each(sequences)",
                                    -1)),
              static_cast<std::int64_t>(expected.liquidations.size()));
}

/// The files as they were left, and beside them the journal, if there is one.
void lay_out(const DiskImage& image, const std::string* journal, const FastFolder& folder) {
    for (const char* name : {"t.db", "t.db-wal", "t.db-shm", "t.db-journal", "j"})
        std::filesystem::remove(folder / name);
    for (const auto& [path, content] : image)
        std::ofstream{folder / std::filesystem::path{path}.filename().string(), std::ios::binary}
            .write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size()));
    if (journal != nullptr) std::ofstream{folder / "j", std::ios::binary} << *journal;
}

class PowerCut : public testing::TestWithParam<std::uint32_t> {};

/// 1,250 images each. The machine may lose its memory too, and with it the journal: then what was
/// acknowledged must be there. Or only the disk loses what it had not synced: then nothing is lost.
TEST_P(PowerCut, LosesNothingThatWasCommittedAndNothingThatTheJournalHas) {
    constexpr std::size_t images = 1'250;
    const BusyMinute minute{GetParam()};
    std::mt19937 chance{GetParam()};
    const FastFolder folder;
    const std::size_t begin = minute.first_call();
    std::size_t later = 0;  // images that have more than what was acknowledged
    for (std::size_t i = 0; i < images && !testing::Test::HasFailure(); ++i) {
        const std::size_t cut = begin + chance() % (minute.log().size() - begin + 1);
        SCOPED_TRACE(testing::Message() << "image " << i << ", cut before call " << cut);
        const auto& moment = minute.moment_of(cut);
        lay_out(minute.log().cut_at(cut, chance), &moment.journal, folder);
        Database database = migrated(folder / "t.db");
        {
            auto check = take(database.prepare("PRAGMA quick_check"));
            ASSERT_EQ(check.step(), Step::row);
            ASSERT_EQ(check.text(0), "ok");
        }
        const auto found = static_cast<std::uint64_t>(
            take(database.integer("SELECT value FROM meta WHERE key = 'journal_sequence'", -1)));
        ASSERT_GE(found, moment.committed);
        ASSERT_LE(found, moment.appended);
        later += found > moment.committed ? 1 : 0;
        expect_rows(database, Expected{minute.records().first(found)});

        Journal journal = take(Journal::open(folder / "j", small_journal));
        ASSERT_EQ(journal.cut(), 0U);
        Writer writer = take(Writer::make(database, journal, {}));
        take(writer.drain(start_time));
        EXPECT_EQ(writer.status().gaps, 0U);
        EXPECT_EQ(writer.status().rejected, 0U);
        EXPECT_EQ(writer.status().committed_sequence, moment.appended);
        expect_rows(database, Expected{minute.records().first(moment.appended)});
    }
    EXPECT_GT(later, images / 100) << "cuts come between a commit and its acknowledgement, too";
}

INSTANTIATE_TEST_SUITE_P(Minutes, PowerCut, testing::Values(1U, 2U, 3U, 4U));

/// The check itself: an image that lost what was synced is found out.
TEST(PowerCutCheck, FindsOutThatADiskLiedAboutASync) {
    const BusyMinute minute{7};
    std::mt19937 chance{7};
    const FastFolder folder;
    DiskImage image = minute.log().cut_at(minute.last_call(), chance);
    std::erase_if(image, [](const auto& file) { return file.first.ends_with("-wal"); });
    lay_out(image, nullptr, folder);
    Database database = migrated(folder / "t.db");
    EXPECT_LT(take(database.integer("SELECT value FROM meta WHERE key = 'journal_sequence'", -1)),
              static_cast<std::int64_t>(minute.moment_of(minute.last_call()).committed));
}

}  // namespace
}  // namespace tranche::test
