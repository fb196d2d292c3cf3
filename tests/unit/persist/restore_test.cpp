#include "persist/restore.hpp"

#include <map>
#include <random>
#include <set>
#include <tuple>

#include "persist/queries.hpp"
#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

const std::vector<std::string> names{"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"};
const SymbolTable before_restart = symbols_named(names);
/// The exchange lists the same symbols in another order after the restart.
const SymbolTable after_restart =
    symbols_named({"NEWUSDT", "XRPUSDT", "SOLUSDT", "ETHUSDT", "BTCUSDT"});

template <class Row> Row renamed(Row row) {
    row.symbol = after_restart.find(before_restart.name(row.symbol));
    return row;
}

/// A day in the life of an account, in random rows, and what must come back of it.
class History {
public:
    explicit History(std::uint32_t seed) : random_{seed} {}

    Record next(Nanos now) {
        now_ = now;
        switch (below(8)) {
            case 0: return new_liquidation();
            case 1: return new_tranche();
            case 2: return tranches_.empty() ? new_tranche() : changed_tranche();
            case 3: return new_order();
            case 4: return orders_.empty() ? new_order() : changed_order();
            case 5:
            case 6: return new_fill();
            default: return new_alarm();
        }
    }

    void expect_equal(const Restored& restored, Nanos window, Nanos now) const {
        std::vector<TrancheRow> tranches;
        for (const auto& [id, row] : tranches_)
            if (!is_final(row.state)) tranches.push_back(row);
        expect_rows(restored.tranches, tranches);
        std::vector<OrderRow> orders;
        for (const auto& row : orders_)
            if (!is_final(row.state)) orders.push_back(row);
        expect_rows(restored.orders, orders);
        expect_rows(restored.recent_fills, fills_);
        std::vector<LiquidationRow> recent;
        for (const auto& row : liquidations_)
            if (row.arrival_time >= now - window) recent.push_back(row);
        expect_rows(restored.window, recent);
        EXPECT_EQ(restored.next_tranche, next_tranche_);
        Notional realized;
        for (const auto& row : fills_) realized += row.realized;
        EXPECT_EQ(restored.realized_today, realized);
        expect_episodes(restored);
    }

private:
    template <class Row>
    static void expect_rows(const std::vector<Row>& found, const std::vector<Row>& wanted) {
        ASSERT_EQ(found.size(), wanted.size());
        for (std::size_t i = 0; i < found.size(); ++i)
            ASSERT_TRUE(same(found[i], renamed(wanted[i]))) << "row " << i;
    }

    void expect_episodes(const Restored& restored) const {
        std::map<std::pair<SymbolId, PositionSide>, std::pair<std::uint32_t, std::uint32_t>> newest;
        for (const auto& [id, row] : tranches_) {
            auto& key = newest[{renamed(row).symbol, row.side}];
            key = std::max(key, {row.episode, row.ordinal + 1});
        }
        ASSERT_EQ(restored.episode_keys.size(), newest.size());
        for (const auto& key : restored.episode_keys) {
            const auto& wanted = newest.at({key.symbol, key.side});
            EXPECT_EQ(key.episode, wanted.first);
            EXPECT_EQ(key.next_ordinal, wanted.second);
        }
    }

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }
    std::int64_t amount() { return static_cast<std::int64_t>(random_()) * 1'000 - 2'000'000'000; }
    template <class E> E one_of(E last) {
        return static_cast<E>(below(static_cast<std::uint32_t>(last) + 1));
    }
    SymbolId symbol() { return SymbolId{static_cast<std::uint16_t>(below(4))}; }
    TrancheId some_tranche() {
        return tranches_.empty() ? no_tranche : TrancheId{1 + below(next_tranche_ - 1)};
    }

    Record new_liquidation() {
        const SymbolId id = symbol();
        Record record = liquidation(id, before_restart.name(id), now_);
        record.liquidation.average_price = {amount()};
        record.liquidation.window_sum = amount();
        record.liquidation.verdict = one_of(Verdict::no_capacity);
        record.liquidation.side = one_of(Side::sell);
        record.liquidation.tranche = some_tranche();
        liquidations_.push_back(record.liquidation);
        return record;
    }
    Record new_tranche() {
        Record record = tranche(next_tranche_++, symbol(), now_);
        record.tranche.side = one_of(PositionSide::short_side);
        record.tranche.episode = below(5);
        record.tranche.ordinal = below(5);
        return changed(record);
    }
    Record changed_tranche() {
        Record record = blank(RecordKind::tranche, now_);
        record.tranche = tranches_.at(some_tranche());
        return changed(record);
    }
    Record changed(Record record) {
        TrancheRow& row = record.tranche;
        row.state = one_of(TrancheState::discarded);
        row.quantity = {amount()};
        row.cost = {amount()};
        row.realized = {amount()};
        row.stop_loss_order = amount();
        row.unprotected_max = {amount()};
        row.close_generation = below(4'000'000'000);
        row.close_reason = one_of(CloseReason::vanished);
        row.adopted = below(2) == 1;
        row.updated = now_;
        tranches_[row.id] = row;
        return record;
    }
    Record new_order() {
        Record record = order(0, next_generation_++, symbol(), now_);
        record.order.id.tranche = some_tranche();
        record.order.id.role = one_of(Role::backstop);
        orders_.push_back(record.order);
        return changed(record, orders_.back());
    }
    Record changed_order() {
        Record record = blank(RecordKind::order, now_);
        OrderRow& row = orders_[below(static_cast<std::uint32_t>(orders_.size()))];
        record.order = row;
        return changed(record, row);
    }
    Record changed(Record record, OrderRow& kept) {
        OrderRow& row = record.order;
        row.order_id = amount();
        row.filled = {amount()};
        row.code = static_cast<std::int32_t>(amount() % 5'000);
        row.type = one_of(OrderType::unknown);
        row.time_in_force = one_of(TimeInForce::gtx);
        row.state = one_of(OrderState::dropped);
        row.working_type = one_of(WorkingType::mark_price);
        row.reduce_only = below(2) == 1;
        row.price_protect = below(2) == 1;
        kept = row;
        return record;
    }
    Record new_fill() {
        Record record = fill(0, below(50), symbol(), now_);
        FillRow& row = record.fill;
        row.tranche = some_tranche();
        row.ours = below(2) == 1;
        if (row.ours) row.id = order(3, below(9), row.symbol, now_).order.id;
        row.realized = {amount()};
        row.quantity = {amount()};
        row.maker = below(2) == 1;
        row.role = one_of(Role::backstop);
        // a trade that is told again replaces what was known of it, and is the newest
        std::erase_if(fills_, [&row](const FillRow& known) {
            return row.trade_id != 0 && known.trade_id == row.trade_id &&
                   known.symbol == row.symbol && known.tranche == row.tranche;
        });
        fills_.push_back(row);
        return record;
    }
    Record new_alarm() {
        Record record = blank(RecordKind::alarm, now_);
        record.alarm.kind = one_of(AlarmKind::exchange_unreachable);
        record.alarm.symbol = below(2) == 1 ? symbol() : no_symbol;
        record.alarm.text.fill('x');  // no terminating zero
        return record;
    }

    std::mt19937 random_;
    Nanos now_{};
    std::uint32_t next_tranche_{1};
    std::uint32_t next_generation_{};
    std::map<TrancheId, TrancheRow> tranches_;
    std::vector<OrderRow> orders_;
    std::vector<FillRow> fills_;
    std::vector<LiquidationRow> liquidations_;
};

class AnyHistory : public testing::TestWithParam<std::uint32_t> {};

/// Restarts at random places, commits or not: what comes back is what was appended.
TEST_P(AnyHistory, ComesBackWholeHoweverOftenTheProcessDies) {
    const Folder folder;
    History history{GetParam()};
    std::mt19937 random{GetParam()};
    // noon of a UTC day, so that the whole history is of one day
    Nanos now = seconds(1'700'000'000 / 86'400 * 86'400 + 43'200);
    constexpr Nanos window = seconds(60);
    for (std::uint32_t life = 1; life <= 5; ++life) {
        Storage storage{folder, {.batch = 16}};
        storage.start(before_restart, now);
        for (int i = 0; i < 200; ++i) {
            now += milliseconds(static_cast<std::int64_t>(random() % 400));
            ASSERT_TRUE(storage.journal.append(history.next(now)));
            if (random() % 8 == 0) storage.writer.poll(now);
        }
        EXPECT_EQ(storage.writer.status().rejected, 0U);
        EXPECT_EQ(storage.writer.status().gaps, 0U);
    }
    Storage storage{folder};
    storage.start(after_restart, now);
    EXPECT_EQ(storage.writer.status().committed_sequence, 1'000U);
    std::vector<std::string> warnings;
    const Restored restored = take(restore(storage.database, after_restart, window, now, warnings));
    EXPECT_TRUE(warnings.empty());
    history.expect_equal(restored, window, now);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyHistory, testing::Range(1U, 9U));

TEST(Restore, AnEmptyDatabaseIsTheFirstEpoch) {
    const Folder folder;
    Database database = migrated(folder / "t.db");
    std::vector<std::string> warnings;
    const auto restored =
        take(restore(database, before_restart, seconds(60), start_time, warnings));
    EXPECT_EQ(restored.epoch, 1U);
    EXPECT_EQ(restored.next_tranche, 1U);
    EXPECT_TRUE(restored.tranches.empty() && restored.orders.empty() && restored.window.empty());
    EXPECT_TRUE(restored.episode_keys.empty());
}

TEST(Restore, EachStartHasAnEpochOfItsOwnSavedAtOnce) {
    const Folder folder;
    for (std::uint32_t start = 1; start <= 3; ++start) {
        Database database = migrated(folder / "t.db");
        std::vector<std::string> warnings;
        const auto restored =
            take(restore(database, before_restart, seconds(60), start_time, warnings));
        EXPECT_EQ(restored.epoch, start);
        Database reader = take(Database::open(folder / "t.db", Access::read));
        EXPECT_EQ(take(reader.integer("SELECT value FROM meta WHERE key = 'epoch'", 0)), start);
    }
}

TEST(Restore, LeavesOutAndNamesWhatTheExchangeNoLongerLists) {
    const Folder folder;
    Storage storage{folder};
    storage.start(before_restart);
    ASSERT_TRUE(storage.journal.append(tranche(4, SymbolId{0}, start_time)));
    ASSERT_TRUE(storage.journal.append(tranche(9, SymbolId{1}, start_time)));
    take(storage.writer.drain(start_time));
    std::vector<std::string> warnings;
    const auto restored = take(
        restore(storage.database, symbols_named({"BTCUSDT"}), seconds(60), start_time, warnings));
    ASSERT_EQ(restored.tranches.size(), 1U);
    EXPECT_EQ(restored.tranches[0].id, TrancheId{4});
    EXPECT_EQ(restored.next_tranche, 10U);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("ETHUSDT"), std::string::npos);
}

TEST(Restore, ForgetsFillsOfLastWeekAndResultsOfYesterday) {
    const Folder folder;
    Storage storage{folder};
    storage.start(before_restart);
    const Nanos midnight = seconds(1'700'000'000 / 86'400 * 86'400);
    const Nanos now = midnight + seconds(3'600);
    ASSERT_TRUE(storage.journal.append(fill(0, 1, SymbolId{0}, now - seconds(7 * 86'400 + 1))));
    ASSERT_TRUE(storage.journal.append(fill(0, 2, SymbolId{0}, midnight - nanoseconds(1))));
    ASSERT_TRUE(storage.journal.append(fill(0, 3, SymbolId{0}, midnight)));
    take(storage.writer.drain(now));
    std::vector<std::string> warnings;
    const auto restored = take(restore(storage.database, before_restart, {}, now, warnings));
    ASSERT_EQ(restored.recent_fills.size(), 2U);
    EXPECT_EQ(restored.recent_fills[0].trade_id, 2);
    EXPECT_EQ(restored.realized_today, Notional{150'000'000});
    EXPECT_EQ(restored.fees_today, Notional{4'000'000});
}

TEST(Account, ADatabaseBelongsToTheAccountThatFirstUsedIt) {
    const Folder folder;
    Database database = migrated(folder / "t.db");
    take(claim_account(database, "0xabc"));
    take(claim_account(database, "0xabc"));
    const auto other = claim_account(database, "0xdef");
    ASSERT_FALSE(other.ok());
    EXPECT_EQ(other.error().kind, ErrorKind::settings);
    EXPECT_NE(other.error().message.find("0xabc"), std::string::npos);
    EXPECT_NE(other.error().message.find("0xdef"), std::string::npos);
}

}  // namespace
}  // namespace tranche::test
