#include "persist/database.hpp"

#include <array>
#include <fstream>
#include <sys/stat.h>

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

TEST(Database, CreatesItsFolderAndFileForItsOwnerOnly) {
    const Folder folder;
    const std::string path = folder / "data/deep/t.db";
    Database database = migrated(path);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat((folder / "data/deep").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    EXPECT_EQ(take(database.integer("PRAGMA foreign_keys", 0)), 1);
    EXPECT_EQ(take(database.integer("PRAGMA synchronous", 0)), 2);
    auto mode = take(database.prepare("PRAGMA journal_mode"));
    ASSERT_EQ(mode.step(), Step::row);
    EXPECT_EQ(mode.text(0), "wal");
}

TEST(Database, SaysWhichFileCannotBeUsedAndWhy) {
    const Folder folder;
    const auto missing = Database::open(folder / "none.db", Access::read);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);

    std::ofstream{folder / "text.db"} << std::string(5'000, 'x');
    const auto text = Database::open(folder / "text.db", Access::write);
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().kind, ErrorKind::bad_data);
    EXPECT_NE(text.error().message.find("text.db"), std::string::npos);

    const auto folder_itself = Database::open(folder / ".", Access::write);
    ASSERT_FALSE(folder_itself.ok());
    EXPECT_EQ(folder_itself.error().kind, ErrorKind::cannot_write);
}

TEST(Database, RollsBackATransactionThatIsNotCommitted) {
    const Folder folder;
    Database database = take(Database::open(folder / "t.db", Access::write));
    take(database.execute("CREATE TABLE t (x INTEGER) STRICT"));
    {
        const auto transaction = take(Transaction::begin(database));
        take(database.execute("INSERT INTO t VALUES (1)"));
    }
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM t", -1)), 0);
    auto transaction = take(Transaction::begin(database));
    take(database.execute("INSERT INTO t VALUES (1)"));
    take(transaction.commit());
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM t", -1)), 1);
}

TEST(Database, ARefusedRowLeavesItsTransactionAlive) {
    const Folder folder;
    Database database = take(Database::open(folder / "t.db", Access::write));
    take(database.execute("CREATE TABLE t (x INTEGER PRIMARY KEY) STRICT"));
    auto transaction = take(Transaction::begin(database));
    auto insert = take(database.prepare("INSERT INTO t VALUES (1)"));
    EXPECT_EQ(insert.step(), Step::done);
    insert.reset();
    EXPECT_EQ(insert.step(), Step::constraint);
    insert.reset();
    take(transaction.commit());
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM t", -1)), 1);
}

TEST(Migration, MakesAFreshSchemaOnceAndLeavesItAloneThen) {
    const Folder folder;
    Database database = migrated(folder / "t.db");
    const auto newest = static_cast<std::int64_t>(migrations().size());
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM schema_version", 0)), newest);
    take(database.execute("UPDATE meta SET value = 7 WHERE key = 'epoch'"));
    take(migrate(database));
    EXPECT_EQ(take(database.integer("SELECT value FROM meta WHERE key = 'epoch'", 0)), 7);
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM schema_version", 0)), newest);
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' "
                                    "AND name NOT LIKE 'sqlite%' AND strict = 0",
                                    -1)),
              0)
        << "every table is STRICT";
}

TEST(Migration, AreNumberedWithoutGaps) {
    int number = 0;
    for (const Migration& migration : migrations()) EXPECT_EQ(migration.number, ++number);
    EXPECT_GT(number, 0);
}

TEST(Migration, RefusesANewerVersionAndAForeignFile) {
    const Folder folder;
    Database database = migrated(folder / "t.db");
    take(database.execute("INSERT INTO schema_version VALUES (99, 0)"));
    const auto newer = migrate(database);
    ASSERT_FALSE(newer.ok());
    EXPECT_EQ(newer.error().kind, ErrorKind::bad_data);
    EXPECT_NE(newer.error().message.find("schema 99"), std::string::npos);

    Database foreign = take(Database::open(folder / "bot.db", Access::write));
    take(foreign.execute("CREATE TABLE trades (id INTEGER)"));
    const auto refused = migrate(foreign);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("import"), std::string::npos);
}

TEST(Migration, IsAllOrNothingAndCopiesTheOldDatabaseFirst) {
    const Folder folder;
    Database database = take(Database::open(folder / "t.db", Access::write));
    constexpr Migration first{1, "first", "CREATE TABLE a (x INTEGER) STRICT"};
    constexpr Migration broken{2, "broken", "CREATE TABLE b (x INTEGER) STRICT; CREATE nonsense"};
    constexpr Migration second{2, "second", "ALTER TABLE a ADD COLUMN y INTEGER"};
    take(migrate(database, std::array{first}));
    take(database.execute("INSERT INTO a VALUES (5)"));
    const auto failed = migrate(database, std::array{first, broken});
    ASSERT_FALSE(failed.ok());
    EXPECT_NE(failed.error().message.find("migration 2, broken"), std::string::npos);
    EXPECT_EQ(take(database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'b'", -1)), 0);

    take(migrate(database, std::array{first, second}));
    EXPECT_EQ(take(database.integer("SELECT max(version) FROM schema_version", 0)), 2);
    Database copy = take(Database::open(folder / "t.db.before-1", Access::read));
    EXPECT_EQ(take(copy.integer("SELECT x FROM a", 0)), 5);
    EXPECT_EQ(take(copy.integer("SELECT max(version) FROM schema_version", 0)), 1);
}

}  // namespace
}  // namespace tranche::test
