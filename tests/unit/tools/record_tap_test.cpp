#include "tools/record_tap.hpp"

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr SymbolId btc{0};

TEST(RecordTap, TheStatusSideGetsEveryRecordOnceAndInOrderHoweverLargeTheWritersBatch) {
    const Folder folder;
    Storage storage{folder, {.batch = 8192}, std::size_t{1} << 13};
    const SymbolTable symbols = symbols_named({"BTCUSDT"});
    storage.start(symbols);
    Ring<Record> copies{1U << 13};
    RecordTap tap{storage.journal, storage.writer, copies};
    constexpr std::uint64_t all = 5000;  // more than one turn copies
    for (std::uint64_t i = 0; i < all; ++i)
        ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
    Nanos now = start_time;
    for (int turn = 0; turn < 4; ++turn) tap.poll(now += milliseconds(50));
    ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
    tap.poll(now += milliseconds(50));
    std::uint64_t expected = 0;
    while (const Record* record = copies.front()) {
        ASSERT_EQ(record->sequence, ++expected);
        copies.pop();
    }
    EXPECT_EQ(expected, all + 1);
    EXPECT_EQ(storage.journal.waiting(), 0U);
    EXPECT_EQ(tap.missed.load(), 0U);
}

TEST(RecordTap, AStatusSideThatDoesNotReadMissesRecordsButTheDatabaseDoesNot) {
    const Folder folder;
    Storage storage{folder};
    const SymbolTable symbols = symbols_named({"BTCUSDT"});
    storage.start(symbols);
    Ring<Record> copies{4};
    RecordTap tap{storage.journal, storage.writer, copies};
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
    tap.poll(start_time);
    EXPECT_EQ(tap.missed.load(), 6U);
    EXPECT_EQ(storage.count("liquidations"), 10);
}

}  // namespace
}  // namespace tranche::test
