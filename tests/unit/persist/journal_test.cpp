#include "persist/journal.hpp"

#include <fstream>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

const SymbolTable two_symbols = symbols_named({"BTCUSDT", "ETHUSDT"});

Journal started(const std::string& path, std::size_t capacity = small_journal) {
    Journal journal = take(Journal::open(path, capacity));
    take(journal.start(two_symbols, 0));
    return journal;
}

void append(Journal& journal, int count) {
    for (int i = 0; i < count; ++i)
        ASSERT_TRUE(journal.append(tranche(1, SymbolId{0}, nanoseconds(i))));
}

void take_out(Journal& journal, std::size_t count) {
    ASSERT_NE(journal.peek(count - 1), nullptr);
    journal.pop(count);
}

/// Overwrites bytes of the file, as a stray write would.
void overwrite(const std::string& path, std::size_t at, std::string_view bytes) {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(at));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.good());
}

constexpr std::size_t records_at = 102'400;

TEST(Journal, HandsRecordsOverInOrderWithGrowingSequences) {
    const Folder folder;
    Journal journal = started(folder / "j");
    append(journal, 3);
    for (std::uint64_t i = 0; i < 3; ++i) {
        ASSERT_NE(journal.peek(i), nullptr);
        EXPECT_EQ(journal.peek(i)->sequence, i + 1);
        EXPECT_EQ(journal.peek(i)->time, nanoseconds(static_cast<std::int64_t>(i)));
        EXPECT_EQ(journal.peek(i)->check, record_check(*journal.peek(i)));
    }
    EXPECT_EQ(journal.peek(3), nullptr);
    take_out(journal, 3);
    EXPECT_EQ(journal.waiting(), 0U);
}

TEST(Journal, KeepsItsLastTenthForWhatTheAccountIsRebuiltFrom) {
    const Folder folder;
    Journal journal = started(folder / "j");
    const Record market = liquidation(SymbolId{0}, "BTCUSDT", start_time);
    Record entered = market;
    entered.liquidation.verdict = Verdict::entered;
    const std::size_t reserve = small_journal / 10;
    std::size_t taken = 0;
    while (journal.append(market)) ++taken;
    EXPECT_EQ(taken, small_journal - reserve);
    EXPECT_FALSE(journal.append(blank(RecordKind::balance, start_time)));
    EXPECT_EQ(journal.refused(), 2U);
    EXPECT_TRUE(journal.append(entered)) << "what was traded is no telemetry";
    append(journal, static_cast<int>(reserve) - 1);
    EXPECT_EQ(journal.lost(), 0U);
    EXPECT_EQ(journal.waiting(), small_journal);

    EXPECT_FALSE(journal.append(fill(1, 5, SymbolId{0}, start_time)));
    EXPECT_FALSE(journal.append(market));
    EXPECT_EQ(journal.lost(), 1U);
    EXPECT_EQ(journal.refused(), 3U);
    take_out(journal, reserve);
    EXPECT_FALSE(journal.append(market)) << "the reserve is filled first";
    take_out(journal, 1);
    EXPECT_TRUE(journal.append(market));
    EXPECT_EQ(journal.peek(small_journal - reserve - 1)->sequence, small_journal + 1)
        << "what was refused has no sequence";
}

TEST(Journal, TellsItsProducerHowOldTheOldestRecordIs) {
    const Folder folder;
    Journal journal = started(folder / "j");
    EXPECT_EQ(journal.oldest_waiting(), Nanos{});
    append(journal, 3);
    take_out(journal, 2);
    EXPECT_EQ(journal.oldest_waiting(), nanoseconds(2));
    take_out(journal, 1);
    EXPECT_EQ(journal.oldest_waiting(), Nanos{});
}

TEST(Journal, RefusesARecordWhileItIsFull) {
    const Folder folder;
    Journal journal = started(folder / "j", 4);
    append(journal, 4);
    EXPECT_FALSE(journal.append(blank(RecordKind::mode, {})));
    take_out(journal, 1);
    EXPECT_TRUE(journal.append(blank(RecordKind::mode, {})));
    EXPECT_EQ(journal.peek(3)->sequence, 5U);
}

TEST(Journal, KeepsWhatAKilledProcessAppended) {
    const Folder folder;
    const std::string path = folder / "j";
    const pid_t child = ::fork();
    if (child == 0) {
        Journal journal = started(path);
        append(journal, 5);
        take_out(journal, 2);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    Journal journal = take(Journal::open(path, small_journal));
    EXPECT_EQ(journal.left_over(), 3U);
    EXPECT_EQ(journal.cut(), 0U);
    ASSERT_NE(journal.peek(0), nullptr);
    EXPECT_EQ(journal.peek(0)->sequence, 3U);
    EXPECT_EQ(journal.symbol_name(SymbolId{1}), "ETHUSDT");
    EXPECT_EQ(journal.symbol_name(SymbolId{2}), "");
    take_out(journal, 3);
    take(journal.start(symbols_named({"SOLUSDT"}), 0));
    EXPECT_EQ(journal.symbol_name(SymbolId{0}), "SOLUSDT");
    append(journal, 1);
    EXPECT_EQ(journal.peek(0)->sequence, 6U) << "sequences go on after a restart";
}

TEST(Journal, CutsATornRecordAndWhatFollowsIt) {
    const Folder folder;
    {
        Journal journal = started(folder / "j");
        append(journal, 5);
    }
    overwrite(folder / "j", records_at + 3 * sizeof(Record) + 100, "torn");
    Journal journal = take(Journal::open(folder / "j", small_journal));
    EXPECT_EQ(journal.left_over(), 3U);
    EXPECT_EQ(journal.cut(), 2U);
    EXPECT_EQ(journal.waiting(), 3U);
}

TEST(Journal, SeesEveryFlippedBitOfARecord) {
    Record record = liquidation(SymbolId{0}, "BTCUSDT", start_time);
    const std::uint32_t check = record_check(record);
    auto* bytes = reinterpret_cast<unsigned char*>(&record);
    for (std::size_t bit = 0; bit < sizeof record * 8; ++bit) {
        const std::size_t at = bit / 8;
        if (at >= offsetof(Record, check) && at < offsetof(Record, check) + 4) continue;
        bytes[at] = static_cast<unsigned char>(bytes[at] ^ 1U << bit % 8);
        ASSERT_NE(record_check(record), check) << bit;
        bytes[at] = static_cast<unsigned char>(bytes[at] ^ 1U << bit % 8);
    }
    EXPECT_NE(record_check(blank(RecordKind::liquidation, {})), 0U);
}

TEST(Journal, RefusesASecondInstanceAndNamesTheFirst) {
    const Folder folder;
    const Journal journal = started(folder / "j");
    const auto second = Journal::open(folder / "j", small_journal);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().kind, ErrorKind::locked);
    EXPECT_NE(second.error().message.find(folder / "j"), std::string::npos);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST(Journal, RefusesAnotherVersionDamageAndForeignFiles) {
    const Folder folder;
    { const Journal journal = started(folder / "j"); }
    overwrite(folder / "j", 8, "\x09");
    const auto newer = Journal::open(folder / "j", small_journal);
    ASSERT_FALSE(newer.ok());
    EXPECT_EQ(newer.error().kind, ErrorKind::bad_data);
    EXPECT_NE(newer.error().message.find("format 9"), std::string::npos);

    overwrite(folder / "j", 8, "\x01");
    EXPECT_TRUE(Journal::open(folder / "j", small_journal).ok());
    overwrite(folder / "j", 24, "\x05");  // base: the head's check no longer holds
    const auto damaged = Journal::open(folder / "j", small_journal);
    ASSERT_FALSE(damaged.ok());
    EXPECT_NE(damaged.error().message.find("damaged"), std::string::npos);

    std::ofstream{folder / "notes.txt"} << std::string(10'000, 'x');
    EXPECT_FALSE(Journal::open(folder / "notes.txt", small_journal).ok());
    EXPECT_EQ(std::filesystem::file_size(folder / "notes.txt"), 10'000U);
    EXPECT_FALSE(Journal::open(folder / "j2", 1000).ok()) << "not a power of two";
}

TEST(Journal, RefusesAFileThatWasCutShort) {
    const Folder folder;
    { const Journal journal = started(folder / "j"); }
    std::filesystem::resize_file(folder / "j", records_at + 300);
    EXPECT_FALSE(Journal::open(folder / "j", small_journal).ok());
}

TEST(Journal, StartsAfreshWhenItsOwnerDiedWhilePreparingIt) {
    const Folder folder;
    std::ofstream{folder / "empty"} << std::string(50, '\0');
    EXPECT_EQ(take(Journal::open(folder / "empty", small_journal)).waiting(), 0U);
    { const Journal journal = started(folder / "j"); }
    overwrite(folder / "j", 48, std::string_view{"\0\0\0\0", 4});  // state: preparing
    overwrite(folder / "j", 24, "\x05");
    EXPECT_EQ(take(Journal::open(folder / "j", small_journal)).waiting(), 0U);
}

TEST(Journal, ChangesItsCapacityOnlyOnceItIsEmpty) {
    const Folder folder;
    {
        Journal journal = started(folder / "j", 8);
        append(journal, 8);
    }
    Journal journal = take(Journal::open(folder / "j", 32));
    EXPECT_EQ(journal.capacity(), 8U);
    EXPECT_EQ(journal.left_over(), 8U);
    EXPECT_FALSE(journal.start(two_symbols, 0).ok());
    take_out(journal, 8);
    take(journal.start(two_symbols, 0));
    EXPECT_EQ(journal.capacity(), 32U);
    append(journal, 32);
    EXPECT_EQ(journal.peek(0)->sequence, 9U);
}

TEST(Journal, ContinuesAfterWhatTheDatabaseHasWhenItIsNew) {
    const Folder folder;
    Journal journal = take(Journal::open(folder / "j", small_journal));
    take(journal.start(two_symbols, 5'000));
    append(journal, 1);
    EXPECT_EQ(journal.peek(0)->sequence, 5'001U);
}

TEST(Journal, IsReadableByItsOwnerOnlyAndFollowsNoLink) {
    const Folder folder;
    { const Journal journal = started(folder / "j"); }
    struct stat status {};
    ASSERT_EQ(::stat((folder / "j").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    std::filesystem::create_symlink(folder / "j", folder / "link");
    EXPECT_FALSE(Journal::open(folder / "link", small_journal).ok());
}

}  // namespace
}  // namespace tranche::test
