#include "persist/writer.hpp"

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr SymbolId btc{0};
constexpr SymbolId eth{1};
const SymbolTable two_symbols = symbols_named({"BTCUSDT", "ETHUSDT"});

class WriterTest : public testing::Test {
protected:
    void SetUp() override { storage.start(two_symbols); }
    void append(const Record& record) { ASSERT_TRUE(storage.journal.append(record)); }
    std::size_t poll(std::int64_t after_ms) {
        return storage.writer.poll(start_time + milliseconds(after_ms));
    }
    const WriterStatus& status() { return storage.writer.status(); }

    Folder folder;
    Storage storage{folder};
};

TEST_F(WriterTest, CommitsAtMostOnceInAnIntervalUnlessABatchIsFull) {
    append(liquidation(btc, "BTCUSDT", start_time));
    EXPECT_EQ(poll(0), 1U);
    append(liquidation(btc, "BTCUSDT", start_time));
    EXPECT_EQ(poll(49), 0U);
    EXPECT_EQ(storage.journal.waiting(), 1U) << "a record stays until it is committed";
    EXPECT_EQ(poll(50), 1U);
    EXPECT_EQ(status().commits, 2U);

    const Folder other;
    Storage small{other, {.batch = 4}};
    small.start(two_symbols);
    for (int i = 0; i < 9; ++i)
        ASSERT_TRUE(small.journal.append(liquidation(btc, "BTCUSDT", start_time)));
    EXPECT_EQ(small.writer.poll(start_time), 4U);
    EXPECT_EQ(small.writer.poll(start_time), 4U);
    EXPECT_EQ(small.writer.poll(start_time), 0U);
}

TEST_F(WriterTest, KeepsTheNewestStateOfARowAndTheHistoryOfATranche) {
    append(tranche(7, btc, start_time, TrancheState::pending));
    append(order(7, 0, btc, start_time, OrderState::sent));
    append(order(7, 0, btc, start_time, OrderState::filled));
    append(tranche(7, btc, start_time, TrancheState::unprotected));
    append(tranche(7, btc, start_time, TrancheState::protected_));
    EXPECT_EQ(poll(0), 5U);
    EXPECT_EQ(storage.count("tranches"), 1);
    EXPECT_EQ(storage.count("tranches", "WHERE state = 'protected' AND symbol = 'BTCUSDT'"), 1);
    EXPECT_EQ(storage.count("tranche_history", "WHERE id = 7"), 3);
    EXPECT_EQ(storage.count("orders"), 1);
    EXPECT_EQ(storage.count("orders", "WHERE state = 'filled' AND open = 0 AND tranche_id = 7"), 1);
    EXPECT_EQ(status().committed_sequence, 5U);
}

TEST_F(WriterTest, WritesTheNewestStateOfABatchOnceAndEveryStateInTheHistory) {
    append(tranche(1, btc, start_time, TrancheState::pending));
    append(order(1, 0, btc, start_time, OrderState::sent));
    append(fill(1, 5, btc, start_time));
    append(order(1, 0, btc, start_time, OrderState::filled));
    append(tranche(1, btc, start_time + seconds(2), TrancheState::protected_));
    EXPECT_EQ(poll(0), 5U);
    EXPECT_EQ(storage.count("orders", "WHERE state = 'filled' AND sequence = 4"), 1);
    EXPECT_EQ(storage.count("tranches", "WHERE state = 'protected' AND sequence = 5"), 1);
    EXPECT_EQ(storage.count("tranche_history"), 2);
    append(order(1, 0, btc, start_time + seconds(3), OrderState::canceled));
    EXPECT_EQ(poll(100), 1U);
    EXPECT_EQ(
        storage.count("orders", "WHERE state = 'canceled' AND created_ns = 1700000000000000000"), 1)
        << "an order was made when it was made";
}

TEST_F(WriterTest, ANewestStateThatCannotBeStoredDoesNotTakeTheOnesBeforeItAlong) {
    append(tranche(1, btc, start_time));
    append(order(1, 0, btc, start_time, OrderState::working));
    append(order(1, 0, SymbolId{900}, start_time, OrderState::filled));
    EXPECT_EQ(poll(0), 3U);
    EXPECT_EQ(status().rejected, 1U);
    EXPECT_EQ(storage.count("orders", "WHERE state = 'working' AND sequence = 2"), 1);
    EXPECT_EQ(storage.count("rejected_records", "WHERE sequence = 3"), 1);
}

TEST_F(WriterTest, FindsEveryLiquidationOfAFloodAndPutsTheUnstorableAside) {
    constexpr std::int64_t all = 100;  // whole statements of many rows, and a rest
    for (std::int64_t i = 0; i < all; ++i) {
        const bool odd = i % 2 != 0;
        append(odd ? liquidation(no_symbol, "ODDUSDT", start_time + nanoseconds(i))
                   : liquidation(btc, "BTCUSDT", start_time + nanoseconds(i)));
    }
    append(liquidation(no_symbol, "", start_time));
    EXPECT_EQ(poll(0), static_cast<std::size_t>(all) + 1);
    EXPECT_EQ(status().rejected, 1U);
    EXPECT_EQ(storage.count("liquidations"), all);
    EXPECT_EQ(storage.count("liquidation_runs, json_each(sequences)",
                            "JOIN liquidations l ON l.sequence = value "
                            "WHERE l.symbol = liquidation_runs.symbol"),
              all);
}

TEST_F(WriterTest, StoresABackstopWithoutATranche) {
    Record backstop = order(0, 3, eth, start_time);
    backstop.order.id.role = Role::backstop;
    append(backstop);
    EXPECT_EQ(poll(0), 1U);
    EXPECT_EQ(storage.count("orders", "WHERE tranche_id IS NULL AND role = 'backstop'"), 1);
}

TEST_F(WriterTest, CountsATradeOnceButKeepsTheSharesOfASplitOne) {
    append(tranche(1, btc, start_time));
    append(tranche(2, btc, start_time));
    append(fill(1, 500, btc, start_time));
    append(fill(1, 500, btc, start_time));
    append(fill(2, 500, btc, start_time));
    append(fill(1, 0, btc, start_time));
    append(fill(1, 0, btc, start_time));
    EXPECT_EQ(poll(0), 7U);
    EXPECT_EQ(storage.count("fills", "WHERE trade_id = 500"), 2);
    EXPECT_EQ(storage.count("fills", "WHERE trade_id = 0"), 2) << "without an id nothing is known";
}

TEST_F(WriterTest, PutsARecordThatNoTableTakesAsideAndGoesOn) {
    append(order(99, 0, btc, start_time));  // its tranche does not exist
    Record unnamed = tranche(1, SymbolId{900}, start_time);
    append(unnamed);  // no such symbol
    append(tranche(0, btc, start_time));
    Record strange = blank(RecordKind::mode, start_time);
    strange.mode.to = static_cast<Mode>(200);
    append(strange);
    strange.kind = static_cast<RecordKind>(77);
    append(strange);
    Record wide = order(0, 0, btc, start_time);
    wide.order.id.instance = 5'000;
    append(wide);
    append(tranche(3, btc, start_time));
    EXPECT_EQ(poll(0), 7U);
    EXPECT_EQ(status().rejected, 6U);
    EXPECT_EQ(storage.count("rejected_records"), 6);
    EXPECT_EQ(storage.count("rejected_records", "WHERE reason LIKE '%FOREIGN KEY%'"), 1);
    EXPECT_EQ(storage.count("tranches"), 1);
    EXPECT_EQ(storage.count("tranche_history"), 1);
    auto query =
        take(storage.database.prepare("SELECT record FROM rejected_records "
                                      "WHERE sequence = 2"));
    ASSERT_EQ(query.step(), Step::row);
    ASSERT_EQ(query.blob(0).size(), sizeof(Record));
    Record kept{};
    std::memcpy(static_cast<void*>(&kept), query.blob(0).data(), sizeof kept);
    EXPECT_TRUE(same(kept.tranche, unnamed.tranche));
}

TEST_F(WriterTest, LosesNothingWhileAnotherConnectionHoldsTheFile) {
    Database other = take(Database::open(folder / "t.db", Access::write, 0));
    {
        const auto lock = take(Transaction::begin(other));
        for (int i = 0; i < 3; ++i) append(liquidation(btc, "BTCUSDT", start_time));
        EXPECT_EQ(poll(0), 0U);
        EXPECT_EQ(status().state, WriterState::retrying);
        EXPECT_EQ(status().waiting, 3U);
        EXPECT_EQ(status().oldest, start_time);
        EXPECT_NE(status().last_error.find("locked"), std::string::npos);
        EXPECT_EQ(poll(5), 0U);
        EXPECT_EQ(status().failures, 1U) << "it waits before it tries again";
        EXPECT_EQ(poll(10), 0U);
        EXPECT_EQ(status().failures, 2U);
    }
    EXPECT_EQ(poll(20), 0U) << "the pause has doubled";
    EXPECT_EQ(poll(30), 3U);
    EXPECT_EQ(status().state, WriterState::writing);
    EXPECT_EQ(status().waiting, 0U);
    EXPECT_EQ(storage.count("liquidations"), 3);
}

TEST_F(WriterTest, LosesNothingWhileTheDiskIsFull) {
    const auto pages = take(storage.database.integer("PRAGMA page_count", 0));
    take(storage.database.execute("PRAGMA max_page_count = " + std::to_string(pages)));
    Record entered = liquidation(btc, "BTCUSDT", start_time);
    entered.liquidation.verdict = Verdict::entered;
    for (std::size_t i = 0; i < small_journal; ++i) append(entered);
    EXPECT_EQ(poll(0), 0U);
    EXPECT_EQ(status().state, WriterState::retrying);
    EXPECT_NE(status().last_error.find("full"), std::string::npos);
    EXPECT_FALSE(storage.journal.append(entered));
    EXPECT_EQ(storage.count("liquidations"), 0);
    take(storage.database.execute("PRAGMA max_page_count = 1000000"));
    EXPECT_EQ(poll(10'000), small_journal);
    EXPECT_EQ(storage.count("liquidations"), static_cast<std::int64_t>(small_journal));
    EXPECT_EQ(status().rejected, 0U);
    EXPECT_EQ(status().gaps, 0U);
}

TEST(Writer, DrainsWhatADeadProcessLeftUnderItsOldSymbolNames) {
    const Folder folder;
    {
        Storage storage{folder};
        storage.start(two_symbols);
        ASSERT_TRUE(storage.journal.append(tranche(1, eth, start_time)));
        ASSERT_TRUE(storage.journal.append(order(1, 0, eth, start_time)));
    }
    Storage storage{folder};
    EXPECT_EQ(storage.start(symbols_named({"ETHUSDT", "BTCUSDT"})), 2U);
    EXPECT_EQ(storage.count("orders", "WHERE symbol = 'ETHUSDT'"), 1);
    ASSERT_TRUE(storage.journal.append(tranche(2, eth, start_time)));
    EXPECT_EQ(storage.writer.poll(start_time + seconds(1)), 1U);
    EXPECT_EQ(storage.count("tranches", "WHERE id = 2 AND symbol = 'BTCUSDT'"), 1);
    EXPECT_EQ(storage.writer.status().gaps, 0U);
}

TEST(Writer, WritesNothingTwiceAfterAKillBetweenCommitAndPop) {
    const Folder folder;
    {
        Storage storage{folder};
        storage.start(two_symbols);
        for (int i = 0; i < 5; ++i)
            ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
        ASSERT_TRUE(storage.journal.append(tranche(1, btc, start_time)));
    }
    std::filesystem::copy(folder / "t.journal", folder / "before-pop");
    {
        Storage storage{folder};
        EXPECT_EQ(storage.start(two_symbols), 6U);
    }
    std::filesystem::remove(folder / "t.journal");
    std::filesystem::rename(folder / "before-pop", folder / "t.journal");

    Storage storage{folder};
    EXPECT_EQ(storage.journal.left_over(), 6U);
    EXPECT_EQ(storage.start(two_symbols), 6U);
    EXPECT_EQ(storage.writer.status().skipped, 6U);
    EXPECT_EQ(storage.count("liquidations"), 5);
    EXPECT_EQ(storage.count("tranche_history"), 1);
    ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
    EXPECT_EQ(storage.journal.peek(0)->sequence, 7U);
}

TEST(Writer, GoesOnAfterTheJournalWasLostWithThePower) {
    const Folder folder;
    {
        Storage storage{folder};
        storage.start(two_symbols);
        for (int i = 0; i < 3; ++i)
            ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
        take(storage.writer.drain(start_time));
    }
    std::filesystem::remove(folder / "t.journal");
    Storage storage{folder};
    storage.start(two_symbols);
    ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time)));
    EXPECT_EQ(take(storage.writer.drain(start_time)), 1U);
    EXPECT_EQ(storage.writer.status().skipped, 0U);
    EXPECT_EQ(storage.count("liquidations"), 4);
}

TEST(Retention, DeletesOldLiquidationsInSmallStepsOnceAnHour) {
    const Folder folder;
    Storage storage{folder, {.liquidation_days = 2}};
    storage.start(two_symbols);
    const Nanos day = seconds(24 * 3600);
    const auto old = Retention::rows_a_step + 100;
    for (std::int64_t i = 0; i < old; ++i)
        ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time - day - day)));
    ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time - day)));
    take(storage.writer.drain(start_time));
    storage.writer.poll(start_time + seconds(1));
    EXPECT_EQ(storage.count("liquidations"), 101) << "one step";
    storage.writer.poll(start_time + seconds(2));
    EXPECT_EQ(storage.count("liquidations"), 1);
    EXPECT_EQ(storage.writer.status().expired, static_cast<std::uint64_t>(old));

    ASSERT_TRUE(storage.journal.append(liquidation(btc, "BTCUSDT", start_time - day - day)));
    take(storage.writer.drain(start_time + seconds(3)));
    storage.writer.poll(start_time + seconds(4));
    EXPECT_EQ(storage.count("liquidations"), 2) << "not before the hour is over";
    storage.writer.poll(start_time + seconds(3'700));
    EXPECT_EQ(storage.count("liquidations"), 1);
    EXPECT_EQ(storage.count("liquidation_runs"), 1) << "nothing is found that is not there";
}

}  // namespace
}  // namespace tranche::test
