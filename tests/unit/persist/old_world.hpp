// Databases of the old bot, made here from the facts of its schema (reference-behaviour.md §9): one
// for each of its five ages, with the rows that an importer stumbles over.
#pragma once

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "persist/old_import.hpp"
#include "tests/unit/persist/world.hpp"

namespace tranche::test {

inline void run_sql(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK)
        << (why == nullptr ? "" : why) << "\n"
        << sql;
    sqlite3_free(why);
    sqlite3_close(handle);
}

inline constexpr std::string_view old_liquidations =
    "CREATE TABLE liquidations (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER NOT NULL, "
    "symbol TEXT NOT NULL, side TEXT NOT NULL, qty REAL NOT NULL, price REAL NOT NULL";
inline constexpr std::string_view old_trades =
    "CREATE TABLE trades (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER NOT NULL, symbol "
    "TEXT NOT NULL, order_id TEXT, side TEXT NOT NULL, qty REAL NOT NULL, price REAL NOT NULL, "
    "status TEXT NOT NULL, ";
inline constexpr std::string_view late_columns =
    "exchange_trade_id TEXT, realized_pnl REAL, commission REAL, filled_qty REAL, avg_price REAL, "
    "tranche_id INTEGER DEFAULT 0";

inline std::string old_relations(bool with_tranche) {
    return std::string{
               "CREATE TABLE order_relationships (id INTEGER PRIMARY KEY AUTOINCREMENT, "
               "main_order_id TEXT NOT NULL, tp_order_id TEXT, sl_order_id TEXT, symbol TEXT NOT "
               "NULL, position_side TEXT DEFAULT 'BOTH', "} +
           (with_tranche ? "tranche_id INTEGER DEFAULT 0, " : "") + "created_at INTEGER NOT NULL);";
}
inline constexpr std::string_view old_order_status =
    "CREATE TABLE order_status (order_id TEXT PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT "
    "NULL, quantity REAL NOT NULL, price REAL NOT NULL, position_side TEXT DEFAULT 'BOTH', status "
    "TEXT NOT NULL, time_placed INTEGER NOT NULL, time_updated INTEGER NOT NULL, time_filled "
    "INTEGER, time_canceled INTEGER, filled_qty REAL DEFAULT 0);";
inline constexpr std::string_view old_positions =
    "CREATE TABLE positions (symbol TEXT NOT NULL, side TEXT NOT NULL, tranche_id INTEGER DEFAULT "
    "0, quantity REAL NOT NULL, entry_price REAL NOT NULL, PRIMARY KEY (symbol, side, tranche_id));"
    "INSERT INTO positions VALUES ('BTCUSDT', 'LONG', 0, 0.003, 60000.0);";
inline constexpr std::string_view numbered_tranches =
    "CREATE TABLE position_tranches (tranche_id INTEGER PRIMARY KEY AUTOINCREMENT, symbol TEXT NOT "
    "NULL, position_side TEXT NOT NULL, avg_entry_price REAL NOT NULL, total_quantity REAL NOT "
    "NULL, tp_order_id TEXT, sl_order_id TEXT, price_band_lower REAL, price_band_upper REAL, "
    "created_at INTEGER, updated_at INTEGER, UNIQUE (symbol, position_side, tranche_id));"
    "INSERT INTO position_tranches VALUES "
    "(1, 'BTCUSDT', 'LONG', 60000.0, 0.001, '1002', '1003', NULL, NULL, 1700000000, 1700000100),"
    "(2, 'ETHUSDT', 'SHORT', 3000.5, 0.02, NULL, NULL, NULL, NULL, NULL, NULL),"
    "(3, 'BTCUSDT', 'LONG', 58000.0, 0.002, NULL, NULL, NULL, NULL, 1700000200, 1700000200);";
inline constexpr std::string_view current_tranches =
    "CREATE TABLE position_tranches (tranche_id INTEGER NOT NULL, symbol TEXT NOT NULL, "
    "position_side TEXT NOT NULL, avg_entry_price REAL NOT NULL, total_quantity REAL NOT NULL, "
    "tp_order_id TEXT, sl_order_id TEXT, price_band_lower REAL NOT NULL DEFAULT 0.0, "
    "price_band_upper REAL NOT NULL DEFAULT 0.0, created_at INTEGER NOT NULL, updated_at INTEGER "
    "NOT NULL, PRIMARY KEY (symbol, position_side, tranche_id));"
    "INSERT INTO position_tranches VALUES "
    "(0, 'BTCUSDT', 'LONG', 60000.0, 0.001, '1002', '1003', 0, 0, 1700000000, 1700000100),"
    "(3, 'BTCUSDT', 'LONG', 58000.123456789, 0.002, '7', '8', 0, 0, 1700000200, 1700000200),"
    "(0, 'ETHUSDT', 'SHORT', 3000.5, 0.02, '7', '8', 0, 0, 1700000200, 1700000200),"
    "(1, 'ETHUSDT', 'SHORT', 2990.0, 0.0, NULL, NULL, 0, 0, 1700000000, 1700000300),"
    "(0, 'GONEUSDT', 'LONG', 1.5, 10.0, NULL, NULL, 0, 0, 1700000200, 1700000200);"
    "CREATE TABLE migration_status (migration_name TEXT PRIMARY KEY, executed_at INTEGER NOT NULL, "
    "status TEXT NOT NULL, details TEXT);"
    "INSERT INTO migration_status VALUES ('positions_to_tranches_v1', 1700000000, 'completed', "
    "'');";
/// An entry with its exits, one of them filled in three trades; one open, one refused, one that was
/// only simulated, one closed by hand, one told twice.
inline constexpr std::string_view trade_rows =
    "(1, 1700000000000, 'BTCUSDT', '1001', 'BUY', 0.001, 60000.0, 'FILLED', 'LIMIT', NULL, "
    "'{\"positionSide\": \"LONG\"}'),"
    "(2, 1700000001000, 'BTCUSDT', '1002', 'SELL', 0.001, 60600.0, 'FILLED', 'TAKE_PROFIT_MARKET', "
    "'1001', '{}'),"
    "(3, 1700000002000, 'BTCUSDT', '1003', 'SELL', 0.001, 57000.0, 'NEW', 'STOP_MARKET', '1001', "
    "NULL),"
    "(4, 1700000003000, 'ETHUSDT', 'failed', 'SELL', 0.02, 3000.5, 'FAILED', 'LIMIT', NULL, "
    "'{\"code\":-2019,\"msg\":\"Margin is insufficient.\"}'),"
    "(5, 1700000004000, 'ETHUSDT', 'simulated_main_1', 'SELL', 0.02, 3000.5, 'SIMULATED', 'LIMIT', "
    "NULL, NULL),"
    "(6, 1700000005000, 'BTCUSDT', '1006', 'SELL', 0.001, 0.0, 'SUCCESS', NULL, NULL, NULL),"
    "(7, 1700000006000, 'BTCUSDT', '1007', 'BUY', 0.001, 'N/A', 'CANCELED', 'LIMIT', NULL, NULL),"
    "(8, 1700000007000, 'BTCUSDT', '1007', 'BUY', 0.001, 59000.0, 'CANCELED', 'LIMIT', NULL, NULL)";
inline constexpr std::string_view liquidation_rows =
    "(1, 1700000000123, 'BTCUSDT', 'SELL', 0.5, 60000.1, 30000.05),"
    "(2, 1700000000456, '币安USDT', 'BUY', 12.0, 0.00001234, 0.00014808),"
    "(3, 1700000000789, 'ETHUSDT', 'SELL', 1.0, 58.015066671422, 58.015066671422),"
    "(4, 0, 'ETHUSDT', 'SELL', 1.0, 1.0, 1.0)";

/// A database of that age; `path` must not exist.
inline void make_old(const std::string& path, OldVariant variant) {
    const bool first = variant == OldVariant::first_days;
    std::string sql{old_liquidations};
    sql += first ? ");" : ", usdt_value REAL);";
    sql.append("INSERT INTO liquidations SELECT column1, column2, column3, column4, column5, ")
        .append(first ? "column6" : "column6, column7")
        .append(" FROM (VALUES ")
        .append(liquidation_rows)
        .append(");")
        .append(old_trades);
    const bool late = variant == OldVariant::numbered || variant == OldVariant::current;
    sql += first ? "response TEXT" : "order_type TEXT, parent_order_id TEXT, response TEXT";
    if (late) sql.append(", ").append(late_columns);
    if (variant == OldVariant::repaired)
        sql += ", quantity REAL NOT NULL, position_side TEXT, filled_qty REAL, avg_price REAL";
    sql.append(");INSERT INTO trades SELECT column1, column2, column3, column4, column5, column6, ")
        .append("column7, column8, ")
        .append(first ? "column11" : "column9, column10, column11")
        .append(late ? ", iif(column1 = 2, '11,12,13', '10'), iif(column8 = 'FILLED', 0.25, 0), "
                       "-0.02, iif(column8 = 'FILLED', column6, 0), column7, 0"
                     : "")
        .append(variant == OldVariant::repaired ? ", column6, 'LONG', NULL, NULL" : "")
        .append(" FROM (VALUES ")
        .append(trade_rows)
        .append(");");
    if (!first) {
        sql.append(old_relations(late)).append(old_order_status).append(old_positions);
        sql.append(
            "INSERT INTO order_relationships (main_order_id, tp_order_id, sl_order_id, "
            "symbol, position_side, created_at) VALUES ('1001', '1002', '1003', 'BTCUSDT', "
            "'LONG', 1700000000000), ('recovery_X_1', NULL, NULL, 'XUSDT', 'LONG', "
            "1700000000000);"
            "INSERT INTO order_status VALUES ('1001', 'BTCUSDT', 'BUY', 0.001, 60000.0, "
            "'LONG', 'FILLED', 1699999999000, 1700000000500, 1700000000500, NULL, 0.001), "
            "('2001', 'ETHUSDT', 'SELL', 0.02, 3000.5, 'SHORT', 'EXPIRED', 1699999999000, "
            "1700000000500, NULL, NULL, 0.0);");
    }
    if (variant == OldVariant::numbered || variant == OldVariant::repaired)
        sql.append(numbered_tranches);
    if (variant == OldVariant::current) {
        sql.append(current_tranches);
        sql.append(
            "CREATE TABLE position_tranches_backup (tranche_id INTEGER);"
            "INSERT INTO position_tranches_backup VALUES (1), (2);"
            "CREATE TABLE income_history (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp "
            "INTEGER NOT NULL, symbol TEXT, income_type TEXT NOT NULL, income REAL NOT "
            "NULL, asset TEXT NOT NULL, info TEXT, tran_id TEXT UNIQUE, trade_id TEXT, "
            "created_at INTEGER NOT NULL);"
            "INSERT INTO income_history VALUES "
            "(1, 1700000000000, 'BTCUSDT', 'REALIZED_PNL', 0.25, 'USDT', '', '9001', '11', "
            "1700000000000), (2, 1700000000000, 'BTCUSDT', 'FUNDING_FEE', -0.00012345, "
            "'USDT', NULL, '9002', NULL, 1700000000000), (3, 1700000000000, NULL, "
            "'TRANSFER', 10.0, 'USDT', NULL, NULL, NULL, 1700000000000);");
    }
    run_sql(path, sql);
}

inline std::string bytes_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// A new database and what was taken over into it.
struct Taken {
    Database into;
    ImportReport report;
};
inline Taken take_over(const Folder& folder, const std::string& path,
                       std::set<std::string> symbols = {"BTCUSDT", "ETHUSDT"}) {
    auto old = take(OldFile::open(path, folder / ""));
    Database into = migrated(folder / "new.db");
    ImportOptions options;
    options.source = path;
    options.digest = "of " + path;
    options.now = start_time;
    options.symbols = std::move(symbols);
    auto report =
        take(import_old(old, into, options, [](const ImportReport&) { return std::string{"{}"}; }));
    return {std::move(into), std::move(report)};
}

}  // namespace tranche::test
