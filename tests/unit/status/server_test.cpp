#include "net/status/server.hpp"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "net/status/names.hpp"
#include "net/status/recent.hpp"
#include "tests/unit/status/page.hpp"

namespace tranche::test {
namespace {

TEST_F(Page, EveryPathAnswersWithItsOwnShape) {
    two_tranches();
    const std::map<std::string, nlohmann::json::value_t> paths{
        {"/api/overview", nlohmann::json::value_t::object},
        {"/api/health", nlohmann::json::value_t::object},
        {"/api/account", nlohmann::json::value_t::object},
        {"/api/stats", nlohmann::json::value_t::object},
        {"/api/latency", nlohmann::json::value_t::object},
        {"/api/config", nlohmann::json::value_t::object},
        {"/api/positions", nlohmann::json::value_t::array},
        {"/api/positions/BTCUSDT/tranches", nlohmann::json::value_t::array},
        {"/api/positions/BTCUSDT/LONG", nlohmann::json::value_t::object},
        {"/api/tranches", nlohmann::json::value_t::array},
        {"/api/tranches/history", nlohmann::json::value_t::array},
        {"/api/tranches/merges", nlohmann::json::value_t::array},
        {"/api/orders", nlohmann::json::value_t::array},
        {"/api/symbols", nlohmann::json::value_t::array},
        {"/api/alarms", nlohmann::json::value_t::array},
        {"/api/liquidations?limit=5&symbol=BTCUSDT&hours=2", nlohmann::json::value_t::array},
        {"/api/decisions?limit=5", nlohmann::json::value_t::array},
        {"/api/trades?include_all=true", nlohmann::json::value_t::array},
    };
    for (const auto& path : paths) {
        const Reply reply = get(path.first);
        EXPECT_EQ(reply.status, 200) << path.first;
        EXPECT_EQ(reply.json().type(), path.second) << path.first;
        EXPECT_NE(reply.head.find("Content-Type: application/json"), std::string::npos);
    }
}

TEST_F(Page, ShowsATrancheWithItsProfitInFixedPointAndItsExits) {
    two_tranches();
    const auto rows = get("/api/tranches").json();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["side"], "LONG");
    EXPECT_EQ(rows[0]["unrealized_pnl"], "2");
    EXPECT_EQ(rows[0]["pnl_pct_price"], "1");
    EXPECT_EQ(rows[0]["pnl_pct_margin"], "10");
    EXPECT_EQ(rows[0]["state"], "protected");
    EXPECT_EQ(rows[0]["sl"]["price"], "95");
    EXPECT_EQ(rows[0]["sl"]["status"], "working");
    EXPECT_EQ(rows[0]["price_decimals"], 1);
    EXPECT_EQ(rows[0]["quantity_decimals"], 3);
    EXPECT_EQ(rows[1]["side"], "SHORT");
    EXPECT_EQ(rows[1]["unrealized_pnl"], "-0.5");
    EXPECT_EQ(rows[1]["pnl_pct_margin"], "-10");
}

TEST_F(Page, SaysThatProfitIsUnknownWithoutAMark) {
    write_tranche_row(0, PositionSide::long_side, "2", "102", "95");
    const auto rows = get("/api/tranches").json();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE(rows[0]["unrealized_pnl"].is_null());
    EXPECT_TRUE(rows[0]["mark_time"].is_null());
}

TEST_F(Page, ShowsPositionsByWhatTheExchangeSaysBesideItsTranches) {
    two_tranches();
    const auto rows = get("/api/positions").json();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["positionAmt"], "2");
    EXPECT_EQ(rows[1]["positionAmt"], "-0.5");
    EXPECT_EQ(rows[0]["initialMargin"], "20.2");
    EXPECT_EQ(rows[0]["agrees"], true);
    EXPECT_EQ(rows[0]["stopLossPrice"], nlohmann::json({"95"}));
    EXPECT_EQ(rows[0]["tranches_summary"]["best_pnl_pct"], "1");
    const auto side = get("/api/positions/BTCUSDT/SHORT").json();
    EXPECT_EQ(side["summary"]["num_tranches"], 1);
    EXPECT_EQ(side["tranches"].size(), 1U);
    EXPECT_EQ(side["open_orders"].size(), 1U);
    EXPECT_EQ(side["order_statuses"]["901"]["stop_price"], "105");
    EXPECT_EQ(get("/api/positions/NOSUCH/SHORT").status, 404);
    EXPECT_EQ(get("/api/positions/BTCUSDT/UP").status, 404);
}

TEST_F(Page, AFinishedTrancheLeavesTheBoard) {
    two_tranches();
    EXPECT_EQ(get("/api/tranches").json().size(), 2U);
    board.tranches[0].write(TrancheBoardRow{});
    EXPECT_EQ(get("/api/tranches").json().size(), 1U);
}

TEST_F(Page, OverviewShowsEachStreamConnection) {
    const nlohmann::json shown = get("/api/overview").json()["connections"];
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_EQ(shown[0]["name"], "signal 1");
    EXPECT_EQ(shown[0]["state"], "open");
    EXPECT_EQ(shown[0]["wins"], 7);
    EXPECT_EQ(shown[0]["copies"], 5);
    EXPECT_EQ(shown[0]["lag_p99_ns"], 1'200);
}

TEST_F(Page, HealthIsReadyOnlyWhileEverythingThatTradingNeedsIsThere) {
    EXPECT_EQ(get("/api/health").status, 200);
    EngineBoardRow engine = board.engine.read();
    engine.user_stream_up = false;
    board.engine.write(engine);
    const Reply down = get("/api/health");
    EXPECT_EQ(down.status, 503);
    EXPECT_EQ(down.json()["problems"], nlohmann::json({"the user stream is down"}));
    engine.user_stream_up = true;
    engine.mode = Mode::protect_only;
    board.engine.write(engine);
    EXPECT_EQ(get("/api/health").status, 503);
    engine.mode = Mode::trading;
    board.engine.write(engine);
    EXPECT_EQ(get("/api/health").status, 200);
    troubles = {"ALARM: paper mode, 1 requests were refused at the socket"};
    const Reply refused = get("/api/health");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.json()["problems"], nlohmann::json(troubles));
    EXPECT_EQ(get("/api/overview").json()["problems"], nlohmann::json(troubles));
    troubles.clear();
    now += seconds(6);  // the engine says nothing any more
    EXPECT_EQ(get("/api/health").status, 503);
}

TEST_F(Page, AHoldSaysEverywhereThatItWaitsForAnOperator) {
    EngineBoardRow engine = board.engine.read();
    EXPECT_EQ(get("/api/overview").json()["waits_for_operator"], false);
    engine.mode = Mode::protect_only;
    set_text(engine.mode_reason, "loss governor tripped; resume");
    board.engine.write(engine);
    const Reply held = get("/api/health");
    EXPECT_EQ(held.status, 503);
    EXPECT_EQ(held.json()["mode_reason"], "loss governor tripped; resume");
    EXPECT_EQ(held.json()["waits_for_operator"], true);
    EXPECT_EQ(held.json()["problems"],
              nlohmann::json({"mode is protect_only: loss governor tripped; resume"}));
    EXPECT_EQ(get("/api/overview").json()["waits_for_operator"], true);
    EXPECT_NE(get("/metrics").body.find("tranche_waits_for_operator 1\n"), std::string::npos);
    set_text(engine.mode_reason, "market stream is down");
    board.engine.write(engine);
    EXPECT_EQ(get("/api/health").json()["waits_for_operator"], false) << "it ends by itself";
    engine.mode = Mode::halt;
    set_text(engine.mode_reason, "another, younger instance sends orders; nothing is sent");
    board.engine.write(engine);
    EXPECT_EQ(get("/api/health").json()["waits_for_operator"], true);
    EXPECT_NE(get("/metrics").body.find("tranche_mode{mode=\"halt\"} 1\n"), std::string::npos);
    EXPECT_NE(get("/metrics").body.find("tranche_mode{mode=\"trading\"} 0\n"), std::string::npos);
}

TEST_F(Page, EveryAlarmTellsWhatAnOperatorCanDo) {
    for (std::size_t i = 0; i < Recent::alarm_kinds; ++i) {
        const auto kind = static_cast<AlarmKind>(i);
        EXPECT_NE(name_of(kind), "?") << i;
        const std::string_view text = advice(kind);
        EXPECT_GT(text.size(), 20U) << name_of(kind);
        EXPECT_TRUE(text.ends_with('.')) << name_of(kind);
    }
    Record record{};
    record.kind = RecordKind::alarm;
    record.time = now;
    record.alarm = {};
    record.alarm.kind = AlarmKind::position_mode;
    record.alarm.raised = true;
    set_text(record.alarm.text, "the account's position mode is not that of the settings");
    server->publish(record);
    const auto rows = get("/api/alarms").json();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0]["advice"], advice(AlarmKind::position_mode));
    EXPECT_NE(get("/metrics").body.find("tranche_alarms_total{kind=\"position_mode\"} 1\n"),
              std::string::npos);
}

TEST_F(Page, MetricsTellTheTimeWithoutAStopInSeconds) {
    for (int i = 0; i < 999; ++i) board.unprotected.add(milliseconds(10).count);
    board.unprotected.add(milliseconds(250).count);
    EngineBoardRow engine = board.engine.read();
    engine.unprotected_now = 2;
    engine.unprotected_max = milliseconds(250);
    board.engine.write(engine);
    const std::string text = get("/metrics").body;
    const auto value = [&text](const std::string& name) {
        const std::size_t at = text.find("\n" + name + " ");
        return at == std::string::npos ? -1.0 : std::stod(text.substr(at + name.size() + 2));
    };
    EXPECT_NEAR(value("tranche_unprotected_seconds{quantile=\"0.99\"}"), 0.01, 0.0004);
    EXPECT_NEAR(value("tranche_unprotected_seconds{quantile=\"0.999\"}"), 0.01, 0.0004);
    EXPECT_EQ(value("tranche_unprotected_seconds{quantile=\"1\"}"), 0.25);
    EXPECT_EQ(value("tranche_unprotected_seconds_count"), 1000);
    EXPECT_NEAR(value("tranche_unprotected_seconds_sum"), 10.24, 1e-9);
    EXPECT_EQ(value("tranche_unprotected_max_seconds"), 0.25);
    EXPECT_EQ(value("tranche_unprotected_tranches"), 2);
}

TEST_F(Page, TradesJoinOrdersWithTheirFills) {
    OrderRow order{};
    order.order_id = 77;
    order.symbol = SymbolId{0};
    order.state = OrderState::filled;
    order.filled = order.quantity = decimal<Quantity>("0.003");
    orders = {order, OrderRow{}};
    FillRow fill{};
    fill.order_id = 77;
    fill.trade_id = 5;
    fill.realized = decimal<Notional>("1.5");
    fill.commission = decimal<Notional>("0.2");
    fills = {fill, fill};
    const auto rows = get("/api/trades").json();
    ASSERT_EQ(rows.size(), 1U) << "orders without a fill are left out unless asked for";
    EXPECT_EQ(rows[0]["realized_pnl"], "3");
    EXPECT_EQ(rows[0]["commission"], "-0.4");
    EXPECT_EQ(rows[0]["net_pnl"], "2.6");
    EXPECT_EQ(get("/api/trades?include_all=true").json().size(), 2U);
    const auto one = get("/api/trades/77").json();
    EXPECT_EQ(one["fills"].size(), 2U);
    EXPECT_EQ(get("/api/trades/78").status, 404);
    EXPECT_EQ(get("/api/trades/seven").status, 400);
}

TEST_F(Page, RefusesParametersThatMakeNoSense) {
    for (const auto* query : {"limit=0", "limit=-1", "limit=1001", "limit=ten", "hours=1e3",
                              "hours=99999999999999999999"})
        EXPECT_EQ(get(std::string{"/api/liquidations?"} + query).status, 400) << query;
    EXPECT_EQ(get("/api/liquidations?symbol=NOSUCH").status, 404);
}

TEST_F(Page, ServesThePageWithoutAnythingFromElsewhere) {
    const Reply page = get("/");
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.head.find("text/html"), std::string::npos);
    EXPECT_EQ(page.body.find("http"), std::string::npos) << "no address of another host";
    EXPECT_EQ(page.body.find(" style="), std::string::npos);
    EXPECT_EQ(page.body.find("<script>"), std::string::npos);
    std::size_t transfer = page.body.size();
    for (const auto* path : {"/app.js", "/style.css", "/icon.svg"}) {
        const Reply asset = get(path);
        EXPECT_EQ(asset.status, 200) << path;
        EXPECT_EQ(asset.body.find("innerHTML"), std::string::npos) << path;
        transfer += asset.body.size();
    }
    EXPECT_LT(transfer, 100U * 1024U);
}

TEST_F(Page, HeadHasTheHeadersOfGetAndNoBody) {
    const std::string request = "HEAD /api/overview HTTP/1.1\r\nHost: localhost\r\n";
    const Reply head = ask(request + "Connection: close\r\n\r\n");
    EXPECT_EQ(head.status, 200);
    EXPECT_TRUE(head.body.empty());
    EXPECT_EQ(head.head.find("Content-Length: 0"), std::string::npos);
}

TEST_F(Page, UnknownPathsAndMethodsAreRefusedInJson) {
    for (const auto* path : {"/nothing", "/api/", "/api/nothing", "/api/positions/a/b/c/d/e/f/g",
                             "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/app.js/", "/api"}) {
        const Reply reply = get(path);
        EXPECT_EQ(reply.status, 404) << path;
        EXPECT_TRUE(reply.json().contains("error")) << path;
    }
    const Reply removed = ask("DELETE /api/positions HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(removed.status, 405);
    EXPECT_NE(removed.head.find("Allow: GET, HEAD"), std::string::npos);
}

TEST_F(Page, MetricsAreWellFormedAndEachNameIsDescribedOnce) {
    const Reply reply = get("/metrics");
    ASSERT_EQ(reply.status, 200);
    const std::regex sample{R"(tranche_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? (-?[0-9.e+-]+|NaN))"};
    const std::regex comment{R"(# (HELP|TYPE) (tranche_[a-z_]+) .+)"};
    std::set<std::string> described;
    std::istringstream lines{reply.body};
    for (std::string line; std::getline(lines, line);) {
        std::smatch parts;
        if (std::regex_match(line, parts, comment)) {
            EXPECT_TRUE(described.insert(parts[1].str() + parts[2].str()).second) << line;
            continue;
        }
        EXPECT_TRUE(std::regex_match(line, sample)) << line;
    }
    EXPECT_NE(reply.body.find("tranche_liquidations_total 7\n"), std::string::npos);
    EXPECT_NE(reply.body.find("tranche_verdicts_total{verdict=\"below_threshold\"} 5\n"),
              std::string::npos);
    EXPECT_NE(reply.body.find("tranche_mode{mode=\"trading\"} 1\n"), std::string::npos);
    EXPECT_NE(reply.body.find("tranche_writer_lag_seconds 0.25\n"), std::string::npos);
    EXPECT_NE(reply.body.find("tranche_latency_seconds_count{stage=\"parse\"} 1\n"),
              std::string::npos);
}

TEST_F(Page, LatencyIsInNanosecondsByStage) {
    const auto stages = get("/api/latency").json()["stages"];
    ASSERT_EQ(stages.size(), 2U);
    EXPECT_EQ(stages[0]["stage"], "parse");
    EXPECT_EQ(stages[0]["count"], 1);
    EXPECT_EQ(stages[0]["max"], 1000);
    EXPECT_EQ(stages[1]["stage"], "unprotected");
}

TEST_F(Page, ManyRequestsShareOneConnection) {
    Socket client{server->port()};
    for (int i = 0; i < 5; ++i) {
        client.received.clear();
        client.send_text("GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        ASSERT_EQ(finish(client).status, 200);
    }
    EXPECT_EQ(server->counters().requests, 5U);
}

TEST_F(Page, ATakenPortIsAnErrorThatNamesItAndTheCure) {
    StatusSettings settings;
    settings.port = server->port();
    const auto second = StatusServer::open(settings, sources(), {}, now);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
    EXPECT_NE(second.error().message.find(std::to_string(settings.port)), std::string::npos);
    EXPECT_NE(second.error().message.find("status.listen"), std::string::npos);
}

TEST_F(Page, AnAddressThatIsNoneIsASettingsError) {
    StatusSettings settings;
    settings.address = "not-an-address";
    const auto opened = StatusServer::open(settings, sources(), {}, now);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::settings);
}

TEST_F(Page, WithoutADatabaseHistorySaysSo) {
    StatusSources without = sources();
    without.history = {};
    StatusSettings settings;
    settings.port = 0;
    server = std::move(StatusServer::open(settings, without, {}, now)).value();
    EXPECT_EQ(get("/api/liquidations").status, 503);
    EXPECT_EQ(get("/api/health").json()["database"], "missing");
    EXPECT_EQ(get("/api/tranches").status, 200);
}

}  // namespace
}  // namespace tranche::test
