// import, verify and backup as users run them.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "core/numbers.hpp"
#include "tests/integration/storage.hpp"
#include "tools/file_digest.hpp"
#include "tools/http_client.hpp"

namespace tranche::integration {
namespace {

namespace files = std::filesystem;

void run_sql(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
}

std::string text_of(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    sqlite3_stmt* statement = nullptr;
    std::string text = "no answer";
    if (sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return text;
}

/// The newest form of the old schema with one tranche: more of it than the exchange holds.
std::string make_old(const Folder& folder, const std::string& entry, const std::string& quantity) {
    const std::string path = folder.path("bot.db");
    run_sql(path,
            "CREATE TABLE liquidations (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER, "
            "symbol TEXT, side TEXT, qty REAL, price REAL, usdt_value REAL);"
            "INSERT INTO liquidations VALUES (1, 1758700800137, 'BTCUSDT', 'SELL', 1, 2.5, 2.5);"
            "CREATE TABLE trades (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER, symbol "
            "TEXT, order_id TEXT, side TEXT, qty REAL, price REAL, status TEXT, order_type TEXT);"
            "CREATE TABLE position_tranches (tranche_id INTEGER NOT NULL, symbol TEXT NOT NULL, "
            "position_side TEXT NOT NULL, avg_entry_price REAL NOT NULL, total_quantity REAL NOT "
            "NULL, tp_order_id TEXT, sl_order_id TEXT, created_at INTEGER NOT NULL, updated_at "
            "INTEGER NOT NULL, PRIMARY KEY (symbol, position_side, tranche_id));"
            "INSERT INTO position_tranches VALUES (0, 'BTCUSDT', 'LONG', " +
                entry + ", " + quantity + ", NULL, NULL, 1758700800, 1758700800);");
    return path;
}

void by_hand(const Exchange& exchange, const std::string& path, const std::string& body) {
    HttpCall call;
    call.method = "POST";
    call.url = exchange.control() + path;
    call.body = body;
    const auto answer = ask(call);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_EQ(answer.value().status, 200) << answer.value().body;
}

Json first_object(const std::string& text) {
    const std::size_t begin = text.find('{');
    const std::size_t end = text.find('\n', begin);
    return begin == std::string::npos
               ? Json::object()
               : Json::parse(text.substr(begin, end - begin), nullptr, false);
}

TEST(ImportVerb, ImportsOnceChangesNothingOfTheOldFileAndRefusesADatabaseInUse) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "5"}};
    const Json settings = trading_settings(folder, exchange);
    const std::string file = folder.write("settings.json", settings.dump(2));
    const std::string old = make_old(folder, "100.0", "0.002");
    const std::string digest = digest_of({old}).value();
    const Environment secrets = credentials(folder);
    const std::vector<std::string> command{tranche_program(),         "import",     old,  "--into",
                                           folder.path("tranche.db"), "--settings", file, "--json"};
    const Ended first = run_to_end(folder, command, secrets);
    EXPECT_EQ(first.code, 0) << first.text;
    const Json told = first_object(first.text);
    EXPECT_FALSE(told.value("already_imported", true)) << first.text;
    EXPECT_EQ(told.value("variant", ""), "V5");
    EXPECT_EQ(told.value("open_tranches", 0), 1);
    EXPECT_EQ(told["tables"]["liquidations"].value("taken", 0), 1);
    const Ended second = run_to_end(folder, command, secrets);
    EXPECT_EQ(second.code, 0) << second.text;
    EXPECT_TRUE(first_object(second.text).value("already_imported", false)) << second.text;
    EXPECT_EQ(text_of(folder.path("tranche.db"), "SELECT count(*) FROM liquidations"), "1");

    Engine engine{folder, settings, secrets};
    ASSERT_TRUE(engine.trades()) << engine.log();
    const Ended third = run_to_end(folder, command, secrets);
    EXPECT_EQ(third.code, 75) << third.text;
    EXPECT_EQ(engine.stop(), 0);
    EXPECT_EQ(run_to_end(folder, command, secrets).code, 0) << "it is still a no-op after a run";

    const auto code_of = [&](const std::string& from) {
        return run_to_end(folder, {tranche_program(), "import", from, "--into",
                                   folder.path("other.db"), "--settings", file})
            .code;
    };
    EXPECT_EQ(code_of(file), 65) << "settings are no database";
    EXPECT_EQ(code_of(folder.path("none.db")), 2);
    EXPECT_FALSE(files::exists(folder.path("other.db"))) << "nothing half done is left";
    EXPECT_EQ(digest_of({old}).value(), digest);
}

TEST(ImportVerb, OfAnImportedTrancheOnlyWhatTheExchangeHoldsIsKeptAndProtected) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "5"}};
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    const Json settings = trading_settings(folder, exchange);
    const std::string file = folder.write("settings.json", settings.dump(2));
    const Environment secrets = credentials(folder);
    by_hand(exchange, "/sim/trade", "symbol=BTCUSDT&positionSide=LONG&side=BUY&quantity=0.002");
    const Json ledger = exchange.ledger();
    const std::string old =
        make_old(folder, ledger.at("positions").at(0).value("entry", ""), "0.005");
    const Ended imported =
        run_to_end(folder, {tranche_program(), "import", old, "--settings", file}, secrets);
    ASSERT_EQ(imported.code, 0) << imported.text;
    Engine engine{folder, settings, secrets};
    ASSERT_TRUE(engine.trades()) << engine.log();
    EXPECT_EQ(settle(engine, exchange), "") << engine.log();
    const EngineBook book = read_engine(engine);
    ASSERT_EQ(book.tranches.size(), 1U) << engine.log();
    EXPECT_EQ(parse_decimal(book.tranches.begin()->second.quantity), 200'000);
    for (const auto& [key, quantity] : read_exchange(exchange).positions)
        EXPECT_EQ(quantity, 200'000) << key << ": nothing was traded on what was imported";
    EXPECT_EQ(engine.stop(), 0);
}

TEST(Verify, FindsNothingBesideARunningLineAndNamesWhatIsBareOrUnknownBesideADeadOne) {
    StoppedLine line{{"--seed", "14", "--speed", "3", "--balance", "5000"}, 2};
    ASSERT_EQ(line.problem, "");
    {
        Engine engine{line.folder, line.settings, line.secrets};
        ASSERT_TRUE(engine.trades()) << engine.log();
        const Ended ended = line.verify({"--patience", "20"});
        EXPECT_EQ(ended.code, 0) << ended.text;
        const Json told = first_object(ended.text);
        EXPECT_TRUE(told.value("instance_running", false)) << ended.text;
        EXPECT_GE(told.value("tranches", 0), 2);
        EXPECT_LE(told.value("weight", 1000), 300) << "within the budget of audits";
        EXPECT_EQ(engine.stop(), 0);
    }
    const ExchangeBook before = read_exchange(line.exchange);
    EXPECT_EQ(line.verify().code, 0);
    EXPECT_EQ(read_exchange(line.exchange), before) << "verify changes nothing";
    const TrancheFacts first = line.before.tranches.begin()->second;
    const Json ledger = line.exchange.ledger();
    for (const Json& order : ledger.at("open_orders"))
        if (order.at("type") == "STOP_MARKET")
            by_hand(line.exchange, "/sim/cancel",
                    "symbol=" + order.value("symbol", "") +
                        "&clientOrderId=" + order.value("clientOrderId", ""));
    const Ended bare = line.verify();
    EXPECT_EQ(bare.code, 1) << bare.text;
    const Json told = first_object(bare.text);
    EXPECT_GE(told.value("unprotected", 0), 1) << bare.text;
    EXPECT_FALSE(told.value("ok", true));
    EXPECT_NE(bare.text.find("order_missing"), std::string::npos) << bare.text;
    EXPECT_NE(bare.text.find(first.symbol), std::string::npos) << bare.text;
}

TEST(Verify, LeavesWithTheCodeOfWhatKeepsItFromLooking) {
    const Folder folder;
    Json settings = settings_for(folder, "https://localhost:1", "", {"BTCUSDT"}, 1000);
    const auto code_of = [&](const Environment& environment) {
        const std::string file = folder.write("settings.json", settings.dump());
        return run_to_end(folder, {tranche_program(), "verify", "--settings", file}, environment)
            .code;
    };
    EXPECT_EQ(code_of({}), 78) << "on paper there is nothing to compare";
    settings["globals"]["simulate_only"] = false;
    EXPECT_EQ(code_of({}), 77) << "no credentials";
    settings["symbols"]["BTCUSDT"]["leverage"] = -1;
    EXPECT_EQ(code_of(credentials(folder)), 78);
    settings["symbols"]["BTCUSDT"]["leverage"] = 10;
    EXPECT_EQ(code_of(credentials(folder)), 69);
}

TEST(Backup, IsWholeWhileTheLineTradesAndComesInOneStep) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "11", "--speed", "5", "--balance", "5000"}};
    const Json settings = trading_settings(folder, exchange);
    const Environment secrets = credentials(folder);
    Engine engine{folder, settings, secrets};
    ASSERT_TRUE(engine.trades()) << engine.log();
    const std::string copy = folder.path("copy.db");
    std::int64_t liquidations = 0;
    for (int round = 0; round < 4; ++round) {
        ASSERT_TRUE(eventually(seconds(60), [&] {
            return std::stoll(text_of(folder.path("tranche.db"),
                                      "SELECT count(*) FROM liquidations")) > liquidations;
        }));
        const Ended ended = run_to_end(folder, {tranche_program(), "backup", "--settings",
                                                folder.path("settings.json"), "--to", copy});
        ASSERT_EQ(ended.code, 0) << ended.text;
        EXPECT_EQ(text_of(copy, "PRAGMA integrity_check"), "ok");
        const auto copied = std::stoll(text_of(copy, "SELECT count(*) FROM liquidations"));
        EXPECT_GT(copied, liquidations);
        liquidations = copied;
    }
    EXPECT_FALSE(files::exists(copy + "-wal"));
    for (const auto& entry : files::directory_iterator{files::path{copy}.parent_path()})
        EXPECT_EQ(entry.path().string().find(".new-"), std::string::npos) << entry.path();
    EXPECT_EQ(run_to_end(folder, {tranche_program(), "backup", "--settings",
                                  folder.path("settings.json"), "--to", folder.path("tranche.db")})
                  .code,
              64)
        << "never onto itself";
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
