// A disk that is full, fails, hangs or lies down for a while: the writer keeps what it has, says
// so, and catches up (reliability-model.md D1, D2, D5).
#include <random>
#include <sqlite3.h>

#include "persist/queries.hpp"
#include "tests/support/disk_shim.hpp"
#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr SymbolId btc{0};
const SymbolTable one_symbol = symbols_named({"BTCUSDT"});

/// Storage on a disk whose every call can be made to fail.
class DiskFaults : public testing::Test {
protected:
    void SetUp() override {
        storage.emplace(folder, WriterSettings{.batch = 64, .checkpoint_pages = 20});
        storage->start(one_symbol);
    }
    void append(int count) {
        for (int i = 0; i < count; ++i)
            ASSERT_TRUE(storage->journal.append(tranche(++tranches, btc, now)));
    }
    std::size_t poll(Nanos after = seconds(3)) { return storage->writer.poll(now += after); }
    const WriterStatus& status() { return storage->writer.status(); }
    std::int64_t rows() { return storage->count("tranches"); }

    int fault{SQLITE_OK};
    DiskCall failing{DiskCall::write};
    std::function<void()> during_sync;
    Folder folder;
    DiskShim shim{[this](const DiskOperation& operation) {
        if (operation.call == DiskCall::sync && during_sync) during_sync();
        return operation.call == failing ? fault : SQLITE_OK;
    }};
    std::optional<Storage> storage;
    Nanos now{start_time};
    std::uint32_t tranches{};
};

TEST_F(DiskFaults, AFullDiskKeepsRecordsInTheJournalUntilThereIsRoom) {
    append(10);
    fault = SQLITE_FULL;
    EXPECT_EQ(poll(), 0U);
    EXPECT_EQ(status().state, WriterState::retrying);
    EXPECT_EQ(status().failing_since, now);
    EXPECT_NE(status().last_error.find("full"), std::string::npos);
    EXPECT_EQ(storage->journal.waiting(), 10U);
    fault = SQLITE_OK;
    EXPECT_EQ(poll(), 10U);
    EXPECT_EQ(status().state, WriterState::writing);
    EXPECT_EQ(status().failing_since, Nanos{});
    EXPECT_EQ(rows(), 10);
}

TEST_F(DiskFaults, AWriteThatFailsIsTriedAgain) {
    append(10);
    fault = SQLITE_IOERR_WRITE;
    EXPECT_EQ(poll(), 0U);
    fault = SQLITE_OK;
    EXPECT_EQ(poll(), 10U);
    EXPECT_EQ(rows(), 10);
    EXPECT_EQ(status().replaced, 0U) << "nothing was said to be on the disk that is not";
}

TEST_F(DiskFaults, AfterAFailedSyncTheFileIsReplacedByACopyAndReadersFollow) {
    append(10);
    ASSERT_EQ(poll(), 10U);
    Database reading = take(Database::open(folder / "t.db", Access::read));
    Queries queries{reading, one_symbol};
    append(5);
    failing = DiskCall::sync;
    fault = SQLITE_IOERR_FSYNC;
    EXPECT_EQ(poll(), 0U);
    EXPECT_EQ(status().state, WriterState::stopped);
    EXPECT_EQ(poll(), 0U) << "the copy cannot be made either";
    EXPECT_EQ(status().state, WriterState::stopped);
    EXPECT_EQ(storage->journal.waiting(), 5U);
    fault = SQLITE_OK;
    EXPECT_EQ(poll(), 5U);
    EXPECT_EQ(status().state, WriterState::writing);
    EXPECT_EQ(status().replaced, 1U);
    EXPECT_EQ(status().gaps, 0U);
    EXPECT_EQ(rows(), 15);
    take(queries.follow());
    EXPECT_EQ(take(queries.tranches({})).size(), 15U);
    std::size_t kept = 0;
    for (const auto& file : std::filesystem::directory_iterator{folder / ""})
        if (file.path().filename().string().starts_with("t.db.failed-")) ++kept;
    EXPECT_GE(kept, 1U) << "the old file stays for whoever wants to know";
    EXPECT_FALSE(std::filesystem::exists(folder / "t.db.new"));

    storage.reset();
    storage.emplace(folder);
    EXPECT_EQ(rows(), 15) << "and a new start finds the new file";
}

TEST_F(DiskFaults, WhileASyncHangsTheProducerGoesOnAndSeesHowOldTheOldestRecordIs) {
    append(10);
    Nanos oldest{};
    during_sync = [&] {
        during_sync = nullptr;
        now += seconds(3);
        append(20);
        oldest = storage->journal.oldest_waiting();
    };
    EXPECT_EQ(poll(), 10U);
    EXPECT_EQ(oldest, start_time) << "what is not acknowledged still waits";
    EXPECT_EQ(storage->journal.waiting(), 20U);
    EXPECT_EQ(poll(), 20U);
    EXPECT_EQ(rows(), 30);
}

class AnyDiskFaults : public DiskFaults, public testing::WithParamInterface<std::uint32_t> {};

/// One call in ten fails, of all kinds, in runs of good and bad times.
TEST_P(AnyDiskFaults, LoseNothingAndNothingIsStoredTwice) {
    std::mt19937 chance{GetParam()};
    bool bad = false;
    const auto fail = [&] { fault = bad && chance() % 10 == 0 ? SQLITE_IOERR_WRITE : SQLITE_OK; };
    during_sync = [&] {
        failing = DiskCall::sync;
        fault = bad && chance() % 10 == 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    };
    for (int turn = 0; turn < 100; ++turn) {
        bad = turn / 10 % 2 == 0;
        append(static_cast<int>(chance() % 4));
        failing = DiskCall::write;
        fail();
        poll();
    }
    bad = false;
    fault = SQLITE_OK;
    for (int turn = 0; turn < 50 && storage->journal.waiting() > 0; ++turn) poll();
    EXPECT_EQ(storage->journal.waiting(), 0U) << status().last_error;
    EXPECT_EQ(rows(), static_cast<std::int64_t>(tranches));
    EXPECT_EQ(storage->count("tranche_history"), static_cast<std::int64_t>(tranches));
    EXPECT_EQ(status().gaps, 0U);
    EXPECT_EQ(status().rejected, 0U);
    EXPECT_GT(status().failures, 0U);
    EXPECT_GT(status().replaced, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyDiskFaults, testing::Range(1U, 5U));

}  // namespace
}  // namespace tranche::test
