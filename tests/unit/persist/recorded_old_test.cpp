// The databases that the old bot itself made, at three ages, with a dump of each beside it.
#include <filesystem>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include "persist/old_number.hpp"
#include "tests/support/testdata.hpp"
#include "tests/unit/persist/old_world.hpp"

namespace tranche {
namespace {

using test::Folder;
using test::take;
using Json = nlohmann::json;

const std::set<std::string> traded{"ASTERUSDT", "AVNTUSDT", "BTCUSDT",     "ETHUSDT",
                                   "HYPEUSDT",  "SOLUSDT",  "1000PEPEUSDT"};

/// A table of the dump: its rows as objects.
std::vector<Json> rows_of(const Json& dump, const std::string& table) {
    std::vector<Json> rows;
    const Json& whole = dump.at("tables").at(table);
    for (const Json& data : whole.at("data")) {
        Json row;
        for (std::size_t i = 0; i < data.size(); ++i)
            row[whole.at("columns").at(i).get<std::string>()] = data.at(i);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::int64_t e8(const Json& value) {
    return read_old_number(value.dump())->raw;
}

std::int64_t count(Database& database, const std::string& sql) {
    return take(database.integer("SELECT count(*) FROM " + sql, -1));
}

class RecordedOldDatabase : public testing::TestWithParam<const char*> {
protected:
    const std::string path_ =
        support::testdata(std::string{"botdb/"} + GetParam() + ".db").string();
    const std::string bytes_ = test::bytes_of(path_);
    const Json dump_ =
        Json::parse(support::read_testdata(std::string{"botdb/"} + GetParam() + ".dump.json"));
    Folder folder_;
    test::Taken taken_ = test::take_over(folder_, path_, traded);

    void TearDown() override {
        EXPECT_EQ(test::bytes_of(path_), bytes_) << "the old file was changed";
        for (const char* suffix : {"-wal", "-shm", "-journal"})
            EXPECT_FALSE(std::filesystem::exists(path_ + suffix));
    }
};

TEST_P(RecordedOldDatabase, EveryRowOfEveryTableIsTakenChangedOrIgnoredForAReason) {
    ASSERT_EQ(taken_.report.tables.size(), dump_.at("tables").size());
    for (const auto& [table, whole] : dump_.at("tables").items()) {
        SCOPED_TRACE(table);
        const ImportCounts& counts = taken_.report.tables.at(table);
        EXPECT_EQ(counts.rows, whole.at("rows").get<std::int64_t>());
        EXPECT_EQ(counts.taken + counts.changed + counts.ignored, counts.rows);
        EXPECT_EQ(count(taken_.into, "import_notes WHERE source_table = '" + table + "'"),
                  counts.changed + counts.ignored);
    }
    EXPECT_EQ(count(taken_.into, "import_notes WHERE reason = ''"), 0);
}

TEST_P(RecordedOldDatabase, LiquidationsAreTheSameInTheSameOrder) {
    const auto rows = rows_of(dump_, "liquidations");
    auto query = take(taken_.into.prepare(
        "SELECT arrival_ns, symbol, side, quantity_e8, price_e8, value_e8 FROM liquidations "
        "ORDER BY sequence"));
    for (const Json& row : rows) {
        ASSERT_EQ(query.step(), Step::row);
        EXPECT_EQ(query.integer(0), row.at("timestamp").get<std::int64_t>() * 1'000'000);
        EXPECT_EQ(query.text(1), row.at("symbol").get<std::string>());
        EXPECT_EQ(query.text(2), row.at("side") == "BUY" ? "buy" : "sell");
        EXPECT_EQ(query.integer(3), e8(row.at("qty")));
        EXPECT_EQ(query.integer(4), e8(row.at("price")));
        EXPECT_EQ(query.integer(5), e8(row.at("usdt_value")));
    }
    EXPECT_EQ(query.step(), Step::done);
}

TEST_P(RecordedOldDatabase, OrdersOfTheExchangeAreHistoryWithTheirFillsAndNoneIsOpen) {
    std::int64_t orders = 0;
    for (const Json& row : rows_of(dump_, "trades")) {
        const auto id = row.at("order_id").get<std::string>();
        if (row.at("status") == "SIMULATED") continue;
        ++orders;
        const bool numbered = id.find_first_not_of("0123456789") == std::string::npos;
        const std::string that = "WHERE order_id = " + (numbered ? id : "0") + " AND symbol = '" +
                                 row.at("symbol").get<std::string>() +
                                 "' AND quantity_e8 = " + std::to_string(e8(row.at("qty")));
        EXPECT_EQ(count(taken_.into, "orders " + that), numbered ? 1 : 2) << row;
        if (row.at("filled_qty").is_null() || e8(row.at("filled_qty")) == 0) continue;
        EXPECT_EQ(count(taken_.into,
                        "fills WHERE order_id = " + id +
                            " AND quantity_e8 = " + std::to_string(e8(row.at("filled_qty"))) +
                            " AND price_e8 = " + std::to_string(e8(row.at("avg_price")))),
                  1)
            << row;
    }
    EXPECT_EQ(count(taken_.into, "orders"), orders);
    EXPECT_EQ(count(taken_.into, "orders WHERE open = 1"), 0);
    EXPECT_EQ(taken_.report.tables.at("trades").ignored, 1) << "only what was simulated";
}

TEST_P(RecordedOldDatabase, TranchesKeepSideQuantityAndEntryAndAreNotTrustedYet) {
    std::int64_t open = 0;
    if (dump_.at("tables").contains("position_tranches")) {
        for (const Json& row : rows_of(dump_, "position_tranches")) {
            ++open;
            EXPECT_EQ(
                count(taken_.into,
                      "tranches WHERE state = 'unprotected' AND adopted = 1 AND "
                      "stop_loss_order = 0 AND symbol = '" +
                          row.at("symbol").get<std::string>() + "' AND side = '" +
                          (row.at("position_side") == "LONG" ? "long" : "short") +
                          "' AND ordinal = " + row.at("tranche_id").dump() +
                          " AND quantity_e8 = " + std::to_string(e8(row.at("total_quantity"))) +
                          " AND entry_e8 = " + std::to_string(e8(row.at("avg_entry_price")))),
                1)
                << row;
        }
    }
    EXPECT_EQ(taken_.report.open_tranches, open);
    EXPECT_EQ(count(taken_.into, "tranches"), open);
}

INSTANTIATE_TEST_SUITE_P(Recorded, RecordedOldDatabase,
                         testing::Values("bot-06-c18b5e6", "bot-10-head",
                                         "bot-12-head-automigrated"),
                         [](const auto& age) {
                             std::string name = age.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace tranche
