#include "tools/storage_gate.hpp"

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr Nanos now = start_time;
const SymbolTable one_symbol = symbols_named({"BTCUSDT"});

StorageFacts waiting(std::size_t percent) {
    return {.waiting = percent, .capacity = 100};
}

TEST(StorageGate, ClosesEntriesWhenTheJournalIsHalfFullUntilItIsAQuarterFull) {
    StorageGate gate;
    EXPECT_FALSE(gate.poll(waiting(49), now));
    EXPECT_EQ(gate.poll(waiting(50), now), AccountNoticeKind::storage_behind);
    EXPECT_FALSE(gate.poll(waiting(90), now)) << "it is told once";
    EXPECT_EQ(gate.state(), StorageState::nearly_full);
    EXPECT_FALSE(gate.poll(waiting(26), now));
    EXPECT_EQ(gate.poll(waiting(24), now), AccountNoticeKind::storage_current);
    EXPECT_EQ(gate.state(), StorageState::current);
}

TEST(StorageGate, ClosesEntriesWhenACommitIsOverdueUntilTheNextAreOnTime) {
    StorageGate gate;
    StorageFacts facts;
    facts.waiting = 1;
    facts.capacity = 1'000;
    facts.oldest = now - seconds(2);
    EXPECT_FALSE(gate.poll(facts, now));
    EXPECT_EQ(gate.poll(facts, now + nanoseconds(1)), AccountNoticeKind::storage_behind);
    facts.oldest = now - milliseconds(1'500);
    EXPECT_FALSE(gate.poll(facts, now));
    facts.oldest = now - milliseconds(900);
    EXPECT_EQ(gate.poll(facts, now), AccountNoticeKind::storage_current);
}

TEST(StorageGate, NamesTheWorstOfWhatIsWrong) {
    EXPECT_EQ(storage_state({.space_short = true}, {}, now), StorageState::space_short);
    EXPECT_EQ(storage_state({.poisoned = true, .space_short = true}, {}, now),
              StorageState::poisoned);
    EXPECT_EQ(storage_state({.waiting = 95, .capacity = 100, .poisoned = true}, {}, now),
              StorageState::nearly_full);
    EXPECT_EQ(storage_state({.lost = true}, {}, now), StorageState::losing);
    for (const auto state :
         {StorageState::slow, StorageState::space_short, StorageState::half_full,
          StorageState::poisoned, StorageState::nearly_full, StorageState::losing})
        EXPECT_NE(words_for(state).find("entries off"), std::string_view::npos);
    EXPECT_TRUE(words_for(StorageState::current).empty());
}

/// A journal that was full, and an engine that shows one tranche and one order.
class Losing : public testing::Test {
protected:
    void SetUp() override {
        storage.start(one_symbol);
        const Record held = tranche(1, SymbolId{0}, now);
        board.tranches[1].write({held.tranche, 1});
        board.orders[2].write({order(1, 0, SymbolId{0}, now).order, 1});
        while (storage.journal.append(held)) {
        }
        EXPECT_FALSE(storage.journal.append(order(1, 0, SymbolId{0}, now)));
        EXPECT_EQ(storage.journal.lost(), 2U);
    }
    std::int64_t orders() { return storage.count("orders"); }

    Folder folder;
    Storage storage{folder};
    StatusBoard board{1, 4, 4};
    RowsAgain again{board, storage.journal};
};

TEST_F(Losing, WhatIsHeldIsWrittenDownAgainOnceThereIsRoomAndTheLossIsTold) {
    EXPECT_TRUE(again.due());
    again.poll(now);
    EXPECT_EQ(storage.journal.waiting(), small_journal) << "not while it is full";
    take(storage.writer.drain(now));
    EXPECT_EQ(orders(), 0);
    for (int turn = 0; turn < 4; ++turn) again.poll(now);
    EXPECT_FALSE(again.due());
    take(storage.writer.drain(now));
    EXPECT_EQ(orders(), 1);
    EXPECT_EQ(storage.count("alarms", "WHERE kind = 'records_lost' AND value = 2"), 1);
    again.poll(now);
    EXPECT_EQ(storage.journal.waiting(), 0U) << "once";
}

TEST_F(Losing, ALossOnTheWayBeginsAnew) {
    take(storage.writer.drain(now));
    again.poll(now);
    EXPECT_FALSE(again.due());
    while (storage.journal.append(tranche(1, SymbolId{0}, now))) {
    }
    EXPECT_TRUE(again.due());
}

}  // namespace
}  // namespace tranche::test
