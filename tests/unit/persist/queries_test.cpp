#include "persist/queries.hpp"

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

constexpr SymbolId btc{0};
constexpr SymbolId eth{1};
const SymbolTable two_symbols = symbols_named({"BTCUSDT", "ETHUSDT"});

class QueriesTest : public testing::Test {
protected:
    void SetUp() override { storage.start(two_symbols); }
    void store(const std::vector<Record>& records) {
        for (const Record& record : records) ASSERT_TRUE(storage.journal.append(record));
        take(storage.writer.drain(start_time));
        ASSERT_EQ(storage.writer.status().rejected, 0U);
    }
    std::string plan(const std::string& sql) {
        auto statement = take(reader.prepare("EXPLAIN QUERY PLAN " + sql));
        std::string text;
        while (statement.step() == Step::row) text.append(statement.text(3)).append("\n");
        return text;
    }

    Folder folder;
    Storage storage{folder};
    Database reader = take(Database::open(folder / "t.db", Access::read));
    Queries queries{reader, two_symbols};
};

TEST_F(QueriesTest, ListLiquidationsNewestFirstNarrowedBySymbolTimeAndVerdict) {
    std::vector<Record> records;
    for (int i = 0; i < 6; ++i)
        records.push_back(i % 2 == 0 ? liquidation(btc, "BTCUSDT", start_time + seconds(i))
                                     : liquidation(no_symbol, "ODDUSDT", start_time + seconds(i)));
    records[4].liquidation.verdict = Verdict::entered;
    store(records);
    const auto all = take(queries.liquidations({}));
    ASSERT_EQ(all.size(), 6U);
    EXPECT_EQ(all[0].symbol, "ODDUSDT");
    EXPECT_EQ(all[0].row.symbol, no_symbol);
    EXPECT_EQ(all[0].sequence, 6U);
    EXPECT_TRUE(same(all[1].row, records[4].liquidation));
    EXPECT_EQ(take(queries.liquidations({.symbol = "BTCUSDT"})).size(), 3U);
    EXPECT_EQ(take(queries.liquidations({.since = start_time + seconds(4)})).size(), 2U);
    EXPECT_EQ(take(queries.liquidations({.limit = 2})).size(), 2U);
    EXPECT_EQ(take(queries.liquidations({.symbol = "' OR 1=1 --"})).size(), 0U);
    const auto entered = take(queries.decisions({}, Verdict::entered));
    ASSERT_EQ(entered.size(), 1U);
    EXPECT_EQ(entered[0].sequence, 5U);
    const auto counts = take(queries.verdict_counts({}));
    ASSERT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts[0].verdict, Verdict::below_threshold);
    EXPECT_EQ(counts[0].count, 5);
}

TEST_F(QueriesTest, ShowAnOrderWithItsTrancheByEitherId) {
    Record placed = order(2, 1, eth, start_time);
    placed.order.order_id = 123'456'789;
    Record backstop = order(0, 0, eth, start_time + seconds(1));
    store({tranche(2, eth, start_time), placed, backstop});
    const auto all = take(queries.orders({}));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_FALSE(all[0].tranche.has_value());
    ASSERT_TRUE(all[1].tranche.has_value());
    EXPECT_TRUE(same(all[1].order.row, placed.order));
    EXPECT_EQ(all[1].tranche->row.id, TrancheId{2});
    const auto by_exchange = take(queries.order(123'456'789));
    ASSERT_TRUE(by_exchange.has_value());
    EXPECT_EQ(by_exchange->id, all[1].id);
    ASSERT_TRUE(take(queries.order(all[0].id)).has_value());
    EXPECT_FALSE(take(queries.order(0)).has_value());
    EXPECT_EQ(take(queries.orders_of(TrancheId{2})).size(), 1U);
}

TEST_F(QueriesTest, TellTheHistoryOfATrancheAndItsMerges) {
    Record merge = blank(RecordKind::merge, start_time + seconds(3));
    merge.merge.kept = TrancheId{1};
    merge.merge.absorbed = TrancheId{2};
    merge.merge.symbol = btc;
    merge.merge.why = 2;
    store({tranche(1, btc, start_time, TrancheState::pending), tranche(2, btc, start_time),
           tranche(1, btc, start_time + seconds(1)), merge,
           tranche(2, btc, start_time + seconds(4), TrancheState::merged)});
    const auto states = take(queries.history_of(TrancheId{1}));
    ASSERT_EQ(states.size(), 2U);
    EXPECT_EQ(states[0].row.state, TrancheState::pending);
    EXPECT_EQ(states[1].row.state, TrancheState::protected_);
    EXPECT_EQ(take(queries.tranche_history({.since = start_time + seconds(1)})).size(), 2U);
    EXPECT_EQ(take(queries.tranches({})).size(), 2U);
    const auto merges = take(queries.merges({.symbol = "BTCUSDT"}));
    ASSERT_EQ(merges.size(), 1U);
    EXPECT_TRUE(same(merges[0].row, merge.merge));
}

TEST_F(QueriesTest, AddUpDaysInUtc) {
    const Nanos midnight = seconds(1'700'000'000 / 86'400 * 86'400);
    store({fill(0, 1, btc, midnight - nanoseconds(1)), fill(0, 2, btc, midnight),
           fill(0, 3, eth, midnight + seconds(86'399))});
    const auto days = take(queries.daily({}));
    ASSERT_EQ(days.size(), 2U);
    EXPECT_EQ(days[0].begins, midnight);
    EXPECT_EQ(days[0].fills, 2);
    EXPECT_EQ(days[0].realized, Notional{300'000'000});
    EXPECT_EQ(days[0].fees, Notional{8'000'000});
    EXPECT_EQ(take(queries.fills({.symbol = "ETHUSDT"})).size(), 1U);
}

TEST_F(QueriesTest, ListModesAlarmsAndBalances) {
    Record mode = blank(RecordKind::mode, start_time);
    mode.mode.to = Mode::trading;
    Record alarm = blank(RecordKind::alarm, start_time);
    alarm.alarm.symbol = no_symbol;
    Record balance = blank(RecordKind::balance, start_time);
    balance.balance.wallet = {123};
    store({mode, alarm, balance});
    EXPECT_EQ(take(queries.modes({})).at(0).row.to, Mode::trading);
    EXPECT_TRUE(same(take(queries.alarms({})).at(0).row, alarm.alarm));
    EXPECT_EQ(take(queries.balances({})).at(0).row.wallet, Notional{123});
}

TEST_F(QueriesTest, OfAnOrderAreItsFillsAndNoOthers) {
    Record other = fill(0, 2, btc, start_time);
    other.fill.order_id = 78;
    store({fill(0, 1, btc, start_time), other});
    const auto fills = take(queries.fills_of_order(78));
    ASSERT_EQ(fills.size(), 1U);
    EXPECT_EQ(fills[0].row.trade_id, 2);
    EXPECT_EQ(take(queries.order_rows({})).size(), 0U);
}

TEST_F(QueriesTest, FindTheLiquidationsOfASymbolByItsRuns) {
    const std::string steps = plan(
        "SELECT * FROM liquidations WHERE sequence IN (SELECT value FROM liquidation_runs, "
        "json_each(sequences) WHERE symbol = 'A' AND newest_ns >= 1 ORDER BY newest_ns DESC, "
        "newest_sequence DESC, value DESC LIMIT 9) AND arrival_ns >= 1 "
        "ORDER BY arrival_ns DESC, sequence DESC LIMIT 9");
    EXPECT_NE(steps.find("SEARCH liquidation_runs USING PRIMARY KEY (symbol=? AND newest_ns>?)"),
              std::string::npos)
        << steps;
    EXPECT_NE(steps.find("SEARCH liquidations USING INTEGER PRIMARY KEY"), std::string::npos)
        << steps;
}

/// Each question as it is asked: `newest` in queries.cpp, restore, retention, the page.
TEST_F(QueriesTest, NeverReadAWholeTable) {
    const auto newest = [](const std::string& table, const std::string& time,
                           const std::string& narrowed = "") {
        return "SELECT * FROM " + table + " WHERE " + time + " >= 1 " + narrowed + " ORDER BY " +
               time + " DESC, sequence DESC LIMIT 9";
    };
    const std::string symbol = "AND symbol = 'A'";
    const std::vector<std::string> questions{
        newest("liquidations", "arrival_ns"),
        newest("liquidations", "arrival_ns", "AND verdict = 'entered'"),
        newest("orders", "created_ns"),
        newest("orders", "created_ns", symbol),
        newest("fills", "trade_ns"),
        newest("fills", "trade_ns", symbol),
        newest("tranches", "updated_ns"),
        newest("tranches", "updated_ns", symbol),
        newest("tranche_history", "time_ns"),
        newest("merges", "time_ns"),
        newest("merges", "time_ns", symbol),
        newest("alarms", "time_ns"),
        newest("modes", "time_ns"),
        newest("balances", "time_ns"),
        "SELECT * FROM liquidations WHERE arrival_ns < 1 ORDER BY arrival_ns LIMIT 9",
        "SELECT id FROM orders WHERE client_order_id = 'a'",
        "SELECT * FROM orders WHERE tranche_id = 1",
        "SELECT * FROM orders WHERE order_id = 1",
        "SELECT * FROM fills WHERE tranche_id = 1",
        "SELECT * FROM fills WHERE order_id = 1",
        "SELECT * FROM fills WHERE trade_ns >= 1",
        "SELECT * FROM tranches WHERE open = 1 ORDER BY id",
        "SELECT * FROM orders WHERE open = 1 ORDER BY id",
        "SELECT * FROM tranche_history WHERE id = 1 ORDER BY sequence",
        "SELECT * FROM income WHERE time_ns >= 1",
        "SELECT * FROM settings_audit WHERE time_ns >= 1 ORDER BY time_ns DESC",
    };
    for (const auto& question : questions) {
        const std::string steps = plan(question);
        EXPECT_NE(steps.find(" INDEX "), std::string::npos) << question << "\n" << steps;
        EXPECT_EQ(steps.find("TEMP B-TREE FOR ORDER"), std::string::npos) << question << "\n"
                                                                          << steps;
    }
}

TEST_F(QueriesTest, ARowWithAnUnknownWordIsAnErrorThatNamesIt) {
    store({tranche(1, btc, start_time)});
    take(storage.database.execute("UPDATE tranches SET state = 'vanishing'"));
    const auto found = queries.tranches({});
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().kind, ErrorKind::bad_data);
    EXPECT_NE(found.error().message.find("column state"), std::string::npos);
}

}  // namespace
}  // namespace tranche::test
