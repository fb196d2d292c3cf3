#include "persist/page_cache.hpp"

#include <sqlite3.h>

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

/// SQLite takes settings of the process only while nothing uses it.
class PageCaches : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(sqlite3_shutdown(), SQLITE_OK);
        take(reserve_page_caches());
    }
    void TearDown() override {
        EXPECT_EQ(sqlite3_shutdown(), SQLITE_OK);
        EXPECT_EQ(sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0), SQLITE_OK);
    }

    /// Bytes of pages that came from the heap instead, at most so far.
    static std::int64_t most_from_heap() {
        sqlite3_int64 now = 0;
        sqlite3_int64 most = 0;
        sqlite3_status64(SQLITE_STATUS_PAGECACHE_OVERFLOW, &now, &most, 0);
        return most;
    }
    static std::int64_t pages_in_use() {
        sqlite3_int64 now = 0;
        sqlite3_int64 most = 0;
        sqlite3_status64(SQLITE_STATUS_PAGECACHE_USED, &now, &most, 0);
        return now;
    }
};

constexpr int rows = 3 * static_cast<int>(writer_pages);  // each fills a page

TEST_F(PageCaches, ADatabaseThreeTimesAsLargeTakesNoMoreThanWasReserved) {
    const Folder folder;
    Database writing = take(Database::open(folder / "t.db", Access::write));
    take(writing.execute("CREATE TABLE t (x BLOB) STRICT"));
    auto insert = take(writing.prepare("INSERT INTO t VALUES (randomblob(4000))"));
    for (int batch = 0; batch < 6; ++batch) {
        auto transaction = take(Transaction::begin(writing));
        for (int row = 0; row < rows / 6; ++row) {
            ASSERT_EQ(insert.step(), Step::done);
            insert.reset();
        }
        take(transaction.commit());
    }
    Database reading = take(Database::open(folder / "t.db", Access::read));
    EXPECT_EQ(take(reading.integer("SELECT count(DISTINCT substr(x, 1, 8)) FROM t", 0)), rows);
    EXPECT_GT(pages_in_use(), static_cast<std::int64_t>(writer_pages) * 9 / 10);
    EXPECT_LT(most_from_heap(), 256 * 1024);
}

TEST_F(PageCaches, SayThatTheyComeTooLateWhenADatabaseIsOpen) {
    const Folder folder;
    const Database open = take(Database::open(folder / "t.db", Access::write));
    const auto late = reserve_page_caches();
    ASSERT_FALSE(late.ok());
    EXPECT_EQ(late.error().kind, ErrorKind::io);
}

}  // namespace
}  // namespace tranche::test
