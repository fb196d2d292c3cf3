#include <array>
#include <filesystem>
#include <gtest/gtest.h>
#include <utility>

#include "persist/old_number.hpp"
#include "persist/queries.hpp"
#include "persist/restore.hpp"
#include "tests/unit/persist/old_world.hpp"

namespace tranche {
namespace {

using test::Folder;
using test::make_old;
using test::take;
using test::take_over;

constexpr std::array variants = {OldVariant::first_days, OldVariant::before_tranches,
                                 OldVariant::numbered, OldVariant::repaired, OldVariant::current};

std::int64_t count(Database& database, const std::string& sql) {
    return take(database.integer("SELECT count(*) FROM " + sql, -1));
}

TEST(OldNumber, IsTheDecimalThatWasMeantAndSaysWhenItWasRounded) {
    const std::pair<std::string_view, std::int64_t> exact[] = {
        {"0.0", 0},
        {"56.0", 5'600'000'000},
        {"-0.00012345", -12'345},
        {"1.0e-05", 1'000},
        {"1.234e-05", 1'234},
        {"+2", 200'000'000},
        {"1e-8", 1},
        {"9.0e+10", INT64_C(9'000'000'000'000'000'000)},
        {"0.00000001", 1},
        {"418.1355668", 41'813'556'680},
    };
    for (const auto& [text, raw] : exact) {
        const auto number = read_old_number(text);
        ASSERT_TRUE(number) << text;
        EXPECT_EQ(number->raw, raw) << text;
        EXPECT_TRUE(number->exact) << text;
    }
    EXPECT_EQ(read_old_number("58.015066671422")->raw, 5'801'506'667);
    EXPECT_FALSE(read_old_number("58.015066671422")->exact);
    EXPECT_EQ(read_old_number("1.5e-08")->raw, 2) << "half is rounded away from zero";
    EXPECT_EQ(read_old_number("-1.5e-08")->raw, -2);
    EXPECT_EQ(read_old_number("1e-300")->raw, 0);
    EXPECT_FALSE(read_old_number("1e-300")->exact);
    for (const char* text : {"", "N/A", "Inf", "-Inf", "nan", "1e", "1e999", "1e30", ".", "1.2.3",
                             "0x10", "93000000000", "12345678901234567890123"})
        EXPECT_FALSE(read_old_number(text)) << text;
}

TEST(OldImport, EachOfTheFiveAgesIsRecognisedAndEveryRowOfItIsAccountedFor) {
    for (const OldVariant variant : variants) {
        SCOPED_TRACE(name(variant));
        const Folder folder;
        make_old(folder / "bot.db", variant);
        const std::string before = test::bytes_of(folder / "bot.db");
        EXPECT_EQ(take(OldFile::open(folder / "bot.db", folder / "")).variant(), variant);
        auto taken = take_over(folder, folder / "bot.db");
        std::int64_t noted = 0;
        for (const auto& [table, counts] : taken.report.tables) {
            EXPECT_EQ(counts.taken + counts.changed + counts.ignored, counts.rows) << table;
            std::int64_t reasons = 0;
            for (const auto& [why, rows] : counts.reasons) reasons += rows;
            EXPECT_EQ(reasons, counts.changed + counts.ignored) << table;
            noted += counts.changed + counts.ignored;
        }
        EXPECT_EQ(count(taken.into, "import_notes WHERE json_valid(content)"), noted);
        EXPECT_EQ(taken.report.tables.at("trades").rows, 8);
        EXPECT_EQ(taken.report.tables.at("liquidations").rows, 4);
        EXPECT_EQ(count(taken.into, "liquidations WHERE verdict = 'imported'"), 3);
        EXPECT_EQ(test::bytes_of(folder / "bot.db"), before);
        EXPECT_FALSE(std::filesystem::exists(folder / "bot.db-wal"));
        EXPECT_FALSE(std::filesystem::exists(folder / "bot.db-shm"));
    }
}

TEST(OldImport, OrdersAreHistoryOfTheirTranchesAndNoneOfThemIsTakenForOneOfOurs) {
    const Folder folder;
    make_old(folder / "bot.db", OldVariant::current);
    auto taken = take_over(folder, folder / "bot.db");
    Database& into = taken.into;
    EXPECT_EQ(count(into, "orders WHERE open = 1"), 0);
    // 1001 and its exits, one refused, one by hand, 1007 once, 2001 of order_status alone
    EXPECT_EQ(count(into, "orders"), 7);
    EXPECT_EQ(count(into, "orders WHERE order_id = 1007 AND price_e8 = 5900000000000"), 1);
    EXPECT_EQ(count(into,
                    "orders WHERE order_id = 1003 AND state = 'unknown' AND role = "
                    "'stop_loss' AND stop_price_e8 = 5700000000000"),
              1);
    EXPECT_EQ(count(into, "orders WHERE code = -2019 AND state = 'rejected'"), 1);
    EXPECT_EQ(count(into,
                    "orders WHERE order_id = 2001 AND state = 'expired' AND position_side = "
                    "'short'"),
              1);
    EXPECT_EQ(count(into,
                    "orders JOIN tranches t ON t.id = tranche_id WHERE t.symbol = 'BTCUSDT' "
                    "AND t.ordinal = 0 AND order_id IN (1001, 1002, 1003)"),
              3);
    EXPECT_EQ(count(into, "orders WHERE order_id = 1001 AND created_ns = 1699999999000000000"), 1)
        << "order_status knows when it was placed";
    EXPECT_EQ(count(into, "fills"), 2);
    EXPECT_EQ(count(into,
                    "fills WHERE trade_id = 10 AND realized_e8 = 25000000 AND commission_e8 "
                    "= 2000000"),
              1);
    EXPECT_EQ(count(into, "fills WHERE order_id = 1002 AND trade_id = 0 AND realized_e8 = 0"), 1)
        << "of three trades only the last one's result was kept";
    EXPECT_EQ(count(into, "income"), 2);
    // the page reads them like any other
    const SymbolTable symbols = test::symbols_named({"BTCUSDT", "ETHUSDT"});
    Queries queries{into, symbols};
    EXPECT_EQ(take(queries.orders({})).size(), 7U);
    EXPECT_EQ(take(queries.liquidations({})).size(), 3U);
    Selection bitcoin;
    bitcoin.symbol = "BTCUSDT";
    EXPECT_EQ(take(queries.liquidations(bitcoin)).size(), 1U);
    EXPECT_EQ(take(queries.fills({})).size(), 2U);
    EXPECT_EQ(take(queries.tranche_history({})).size(), 4U);
}

TEST(OldImport, TranchesKeepNumberAndEntryAndWaitForTheExchangeBeforeTheyAreTrusted) {
    const Folder folder;
    make_old(folder / "bot.db", OldVariant::current);
    auto taken = take_over(folder, folder / "bot.db");
    EXPECT_EQ(taken.report.open_tranches, 3);
    EXPECT_EQ(taken.report.old_exits, (std::vector<std::string>{"1002", "1003"}))
        << "those that two tranches name are nobody's";
    const ImportCounts& counts = taken.report.tables.at("position_tranches");
    EXPECT_EQ(counts.ignored, 1) << "GONEUSDT is not traded by the settings";
    std::vector<std::string> warnings;
    const SymbolTable symbols = test::symbols_named({"BTCUSDT", "ETHUSDT"});
    const Restored restored =
        take(restore(taken.into, symbols, seconds(60), test::start_time + seconds(600), warnings));
    EXPECT_TRUE(warnings.empty());
    EXPECT_TRUE(restored.orders.empty());
    ASSERT_EQ(restored.tranches.size(), 3U);
    for (const TrancheRow& row : restored.tranches) {
        EXPECT_EQ(row.state, TrancheState::unprotected);
        EXPECT_TRUE(row.adopted);
        EXPECT_EQ(row.stop_loss_order, 0);
        EXPECT_EQ(row.take_profit_order, 0);
        EXPECT_EQ(row.cost, row.entry * row.quantity);
    }
    EXPECT_EQ(restored.tranches[0].ordinal + restored.tranches[1].ordinal, 3U) << "the hole stays";
    EXPECT_EQ(restored.episode_keys.size(), 2U);
    EXPECT_EQ(restored.next_tranche, 5U);
}

TEST(OldImport, TranchesNumberedOverAllSymbolsGetNumbersOfTheirOwnSide) {
    for (const OldVariant variant : {OldVariant::numbered, OldVariant::repaired}) {
        SCOPED_TRACE(name(variant));
        const Folder folder;
        make_old(folder / "bot.db", variant);
        auto taken = take_over(folder, folder / "bot.db");
        EXPECT_EQ(count(taken.into, "tranches WHERE symbol = 'BTCUSDT' AND ordinal IN (0, 1)"), 2);
        EXPECT_EQ(count(taken.into, "tranches WHERE symbol = 'ETHUSDT' AND ordinal = 0"), 1);
        EXPECT_EQ(taken.report.tables.at("position_tranches").changed, 3);
    }
}

TEST(OldImport, AColumnOfTextWhereAnAmountBelongsAndAmountsTooFineAreSaidToBeChanged) {
    const Folder folder;
    make_old(folder / "bot.db", OldVariant::first_days);
    test::run_sql(folder / "bot.db",
                  "INSERT INTO trades VALUES (9, 1700000008, 'BTCUSDT', '1009', 'BUY', 0.001, "
                  "'N/A', 'CANCELED', NULL), (10, 1700000009000, '', '1010', 'BUY', 1, 1, "
                  "'CANCELED', NULL), (11, 1700000009000, 'BTCUSDT', '1011', 'HOLD', 1, 1, "
                  "'CANCELED', NULL), (12, 'soon', 'BTCUSDT', '1012', 'BUY', 1, 1, 'CANCELED', "
                  "NULL), (13, 1700000009000, 'BTCUSDT', '1013', 'BUY', 1, 1, 'WHAT', NULL);");
    auto taken = take_over(folder, folder / "bot.db");
    EXPECT_EQ(count(taken.into,
                    "orders WHERE order_id = 1009 AND price_e8 = 0 AND created_ns = "
                    "1700000008000000000"),
              1)
        << "a time in seconds is read as such";
    for (const char* why :
         {"text where an amount belongs: not known", "no usable symbol", "no usable side",
          "no usable time", "unknown status", "no value stored: price times quantity",
          "an amount of more than eight decimals was rounded"})
        EXPECT_GE(count(taken.into, "import_notes WHERE reason LIKE '%" + std::string{why} + "%'"),
                  1)
            << why;
}

TEST(OldImport, AWriteAheadLogBesideTheFileIsReadAndBothStayAsTheyAre) {
    const Folder folder;
    make_old(folder / "made.db", OldVariant::current);
    test::run_sql(folder / "made.db", "PRAGMA journal_mode=WAL");
    sqlite3* handle = nullptr;  // as a bot that was killed leaves it: never closed
    ASSERT_EQ(sqlite3_open((folder / "made.db").c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle,
                           "INSERT INTO liquidations (timestamp, symbol, side, qty, price) VALUES "
                           "(1700000001000, 'BTCUSDT', 'BUY', 1, 2)",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    for (const char* suffix : {"", "-wal"})
        std::filesystem::copy_file(folder / ("made.db" + std::string{suffix}),
                                   folder / ("bot.db" + std::string{suffix}));
    sqlite3_close(handle);
    const std::string file = test::bytes_of(folder / "bot.db");
    const std::string log = test::bytes_of(folder / "bot.db-wal");
    ASSERT_FALSE(log.empty());
    auto taken = take_over(folder, folder / "bot.db");
    EXPECT_EQ(taken.report.tables.at("liquidations").rows, 5) << "the last one is only in the log";
    EXPECT_EQ(test::bytes_of(folder / "bot.db"), file);
    EXPECT_EQ(test::bytes_of(folder / "bot.db-wal"), log);
    EXPECT_FALSE(std::filesystem::exists(folder / "bot.db-shm"));
}

TEST(OldImport, WhatIsNoDatabaseOfTheOldBotOrIsDamagedIsRefusedInWords) {
    const Folder folder;
    make_old(folder / "bot.db", OldVariant::current);
    std::string bytes = test::bytes_of(folder / "bot.db");
    const auto refused = [&](const std::string& file, std::string_view expected) {
        const auto old = OldFile::open(folder / file, folder / "");
        ASSERT_FALSE(old.ok()) << file;
        EXPECT_EQ(old.error().kind, ErrorKind::bad_data) << old.error().message;
        EXPECT_NE(old.error().message.find(expected), std::string::npos) << old.error().message;
    };
    std::ofstream{folder / "text.db"} << "this is a text, not a database, and long enough for it";
    refused("text.db", "not a database");
    std::ofstream{folder / "empty.db"};
    refused("empty.db", "it is empty");
    test::run_sql(folder / "other.db", "CREATE TABLE songs (id INTEGER)");
    refused("other.db", "no table trades");
    test::run_sql(folder / "half.db",
                  "CREATE TABLE trades (id, timestamp, symbol, order_id, side, price, status);"
                  "CREATE TABLE liquidations (id)");
    refused("half.db", "no column qty");
    { const Database own = test::migrated(folder / "own.db"); }
    refused("own.db", "this program's own");
    std::ofstream{folder / "cut.db", std::ios::binary} << bytes.substr(0, bytes.size() / 2);
    refused("cut.db", "damaged");
    bytes.replace(4096 * 3, 2048, std::string(2048, '\x5a'));
    std::ofstream{folder / "torn.db", std::ios::binary} << bytes;
    refused("torn.db", "damaged");
    EXPECT_EQ(OldFile::open(folder / "none.db", folder / "").error().kind, ErrorKind::not_found);
}

TEST(OldImport, NothingOfItStaysWhenItIsNotConfirmedAtTheEnd) {
    const Folder folder;
    make_old(folder / "bot.db", OldVariant::current);
    auto old = take(OldFile::open(folder / "bot.db", folder / ""));
    Database into = test::migrated(folder / "new.db");
    ImportOptions options;
    options.confirm = [] { return Result<Done>{Error{ErrorKind::bad_data, "changed meanwhile"}}; };
    const auto done =
        import_old(old, into, options, [](const ImportReport&) { return std::string{"{}"}; });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().message, "changed meanwhile");
    for (const char* table : {"tranches", "orders", "fills", "liquidations", "income", "imports",
                              "import_notes", "tranche_history"})
        EXPECT_EQ(count(into, table), 0) << table;
}

}  // namespace
}  // namespace tranche
