#include <filesystem>
#include <gtest/gtest.h>

#include "persist/backup.hpp"
#include "persist/instance_lock.hpp"
#include "persist/repair.hpp"
#include "tests/unit/persist/old_world.hpp"

namespace tranche {
namespace {

namespace files = std::filesystem;
using test::Folder;
using test::take;

/// A database with rows on many pages, nothing beside it.
void fill(const std::string& path, int rows) {
    Database database = test::migrated(path);
    take(
        database.execute("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE "
                         "i < " +
                         std::to_string(rows) +
                         ") INSERT INTO liquidations SELECT i, i, 'BTCUSDT', i, 0, 0, 'sell', 1, "
                         "0, 1, 0, 1, 0, 0, 'buy', 'imported', NULL FROM n"));
    take(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

std::int64_t liquidations(Database& database) {
    return take(database.integer("SELECT count(*) FROM liquidations", -1));
}

TEST(InstanceLock, IsOfOneHolderAndFreeOnceItIsGone) {
    const Folder folder;
    {
        const auto first = InstanceLock::take(folder / "t.db");
        ASSERT_TRUE(first.ok());
        const auto second = InstanceLock::take(folder / "t.db");
        ASSERT_FALSE(second.ok());
        EXPECT_EQ(second.error().kind, ErrorKind::locked);
        EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
    }
    EXPECT_TRUE(InstanceLock::take(folder / "t.db").ok());
    EXPECT_EQ(InstanceLock::take("/proc/none/t.db").error().kind, ErrorKind::cannot_write);
}

TEST(Backup, CopiesWhatIsCommittedAlsoFromTheLogAndReplacesAnOlderCopy) {
    const Folder folder;
    fill(folder / "t.db", 1000);
    Database writing = take(Database::open(folder / "t.db", Access::write));
    take(writing.execute("DELETE FROM liquidations WHERE sequence > 900"));
    EXPECT_GT(take(back_up(folder / "t.db", folder / "copy.db")), 0);
    take(writing.execute("DELETE FROM liquidations WHERE sequence > 800"));
    take(writing.execute("BEGIN IMMEDIATE"));
    take(writing.execute("DELETE FROM liquidations"));
    EXPECT_GT(take(back_up(folder / "t.db", folder / "copy.db")), 0) << "a writer is in its way";
    Database copy = take(Database::open(folder / "copy.db", Access::read));
    EXPECT_EQ(liquidations(copy), 800);
    EXPECT_FALSE(files::exists(folder / "copy.db-wal"));
}

TEST(Backup, SaysWhyItCannotBeMadeAndLeavesNothingBehind) {
    const Folder folder;
    fill(folder / "t.db", 10);
    EXPECT_EQ(back_up(folder / "none.db", folder / "copy.db").error().kind, ErrorKind::not_found);
    EXPECT_EQ(back_up(folder / "t.db", folder / "t.db").error().kind, ErrorKind::usage);
    EXPECT_EQ(back_up(folder / "t.db", "/proc/none/copy.db").error().kind, ErrorKind::cannot_write);
    std::ofstream{folder / "text.db"} << "no database at all, only some words in a file";
    EXPECT_EQ(back_up(folder / "text.db", folder / "copy.db").error().kind, ErrorKind::bad_data);
    EXPECT_FALSE(files::exists(folder / "copy.db"));
    for (const auto& entry : files::directory_iterator{folder / ""})
        EXPECT_EQ(entry.path().string().find(".new-"), std::string::npos) << entry.path();
}

TEST(Repair, ASoundDatabaseIsOpenedAsItIs) {
    const Folder folder;
    fill(folder / "t.db", 100);
    CheckedDatabase opened = take(open_checked(folder / "t.db", test::start_time));
    EXPECT_EQ(opened.set_aside, "");
    EXPECT_EQ(liquidations(opened.database), 100);
}

TEST(Repair, ADamagedOneIsKeptUnderAnotherNameAndANewOneIsEmpty) {
    const Folder folder;
    const std::function<void(const std::string&)> damages[] = {
        [](const std::string& path) { files::resize_file(path, files::file_size(path) / 2); },
        [](const std::string& path) { files::resize_file(path, 100); },
        [](const std::string& path) {
            std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
            for (std::streamoff page = 1; page < 20; page += 3) {
                file.seekp(page * 4096);
                file << std::string(2048, '\x5a');
            }
        },
        [](const std::string& path) { std::ofstream{path} << "words where a database should be"; },
    };
    Nanos now = test::start_time;
    for (const auto& damage : damages) {
        fill(folder / "t.db", 2000);
        damage(folder / "t.db");
        const std::string bytes = test::bytes_of(folder / "t.db");
        now = now + seconds(1);
        {
            CheckedDatabase opened = take(open_checked(folder / "t.db", now));
            ASSERT_NE(opened.set_aside, "");
            EXPECT_NE(opened.damage, "");
            EXPECT_EQ(test::bytes_of(opened.set_aside), bytes) << "kept as it was";
            EXPECT_EQ(liquidations(opened.database), 0);
        }
        for (const char* suffix : {"", "-wal", "-shm"})
            files::remove(folder / ("t.db" + std::string{suffix}));
    }
}

TEST(Repair, TheLogOfALostFileIsNotTakenForThatOfANewOne) {
    const Folder folder;
    std::ofstream{folder / "t.db-wal"} << "frames of another life";
    CheckedDatabase opened = take(open_checked(folder / "t.db", test::start_time));
    EXPECT_EQ(liquidations(opened.database), 0);
    bool kept = false;
    for (const auto& entry : files::directory_iterator{folder / ""})
        kept |= entry.path().string().ends_with("-wal") &&
                entry.path().string().find(".damaged-") != std::string::npos;
    EXPECT_TRUE(kept);
}

TEST(Repair, WhatIsNotDamageIsNoReasonToBeginAnew) {
    const Folder folder;
    test::run_sql(folder / "t.db", "CREATE TABLE songs (id INTEGER)");
    const auto opened = open_checked(folder / "t.db", test::start_time);
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.error().message.find("tables of something else"), std::string::npos);
    EXPECT_TRUE(files::exists(folder / "t.db"));
}

}  // namespace
}  // namespace tranche
