// Budgets, bans and rules as the real programs live with them.
#include <array>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

#include "tests/integration/line.hpp"
#include "tools/http_client.hpp"

namespace tranche::integration {
namespace {

const std::array<std::string, 10> traded{"BTCUSDT",      "ETHUSDT",  "SOLUSDT",   "XRPUSDT",
                                         "BNBUSDT",      "DOGEUSDT", "ASTERUSDT", "HYPEUSDT",
                                         "FARTCOINUSDT", "PUMPUSDT"};

Json ask_exchange(const Exchange& exchange, const std::string& path, const std::string& body = {}) {
    HttpCall call;
    if (!body.empty()) call.method = "POST";
    call.url = exchange.url() + path;
    call.body = body;
    call.ca_file = exchange.certificate();
    const auto answer = ask(call);
    EXPECT_TRUE(answer.ok()) << path;
    if (!answer.ok()) return {};
    EXPECT_EQ(answer.value().status, 200) << answer.value().body;
    return Json::parse(answer.value().body, nullptr, false);
}

/// How often the rules of faults in force have struck, which is how often they were asked.
std::int64_t struck(const Exchange& exchange) {
    std::int64_t sum = 0;
    for (const Json& rule : ask_exchange(exchange, "/sim/faults"))
        sum += rule.value("happened", std::int64_t{0});
    return sum;
}

/// Sum of a metric's samples whose labels contain `label`.
double metric(const Engine& engine, const std::string& name, const std::string& label = {}) {
    double sum = 0;
    std::istringstream lines{engine.get_text("/metrics")};
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("tranche_" + name) && line.find(label) != std::string::npos)
            sum += std::stod(line.substr(line.rfind(' ') + 1));
    return sum;
}

TEST(Budgets, ABanIsKeptOverARestartAndNothingIsAskedBeforeItsEnd) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "11", "--speed", "3", "--ban-seconds", "40"}};
    const Json settings = trading_settings(folder, exchange);
    const Environment secrets = credentials(folder);
    {
        Engine engine{folder, settings, secrets};
        ASSERT_TRUE(engine.trades()) << engine.log();
        ask_exchange(exchange, "/sim/faults", "status:418@any=1");
        ASSERT_TRUE(eventually(seconds(20), [&] {
            return engine.log().find("has banned this address") != std::string::npos;
        })) << engine.log();
        ASSERT_NO_FATAL_FAILURE(engine.kill_hard());
    }
    Engine again{folder, settings, secrets};
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return again.log().find("has banned this address") != std::string::npos;
    })) << again.log();
    const std::int64_t asked = struck(exchange);
    EXPECT_LE(asked, 20) << "requests that were under way, and no more";
    eventually(seconds(5), [&] { return struck(exchange) != asked; });
    EXPECT_EQ(struck(exchange), asked) << "a request during the ban makes it longer";
    ask_exchange(exchange, "/sim/faults", "none");
    EXPECT_TRUE(again.trades(seconds(80))) << again.log();
    EXPECT_EQ(again.stop(), 0) << again.log();
}

TEST(Budgets, RulesThatChangeAtTheExchangeAreReadAgainAndTold) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "11", "--speed", "3", "--balance", "5000"}};
    Engine engine{folder, trading_settings(folder, exchange), credentials(folder)};
    ASSERT_TRUE(engine.trades()) << engine.log();
    EXPECT_EQ(metric(engine, "rules_changes_total"), 0);
    for (const std::string& symbol : traded)
        ask_exchange(exchange, "/sim/symbol", "symbol=" + symbol + "&status=SETTLING");
    EXPECT_TRUE(eventually(seconds(90), [&] {
        return metric(engine, "rules_changes_total") >= static_cast<double>(traded.size());
    })) << engine.log();
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

TEST(Budgets, TheStatusSideCausesNoCallToTheExchange) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "11", "--speed", "1"}};
    const Json settings =
        settings_for(folder, exchange.url(), exchange.certificate(), {"BTCUSDT", "ETHUSDT"}, 2'000);
    Engine engine{folder, settings, {}};
    ASSERT_TRUE(engine.answers()) << engine.log();
    ask_exchange(exchange, "/sim/faults", "delay:0@any=1");
    for (int i = 0; i < 40; ++i)
        for (const std::string path :
             {"/", "/api/overview", "/api/positions", "/api/orders", "/api/tranches/history",
              "/api/decisions", "/api/latency", "/api/health", "/metrics", "/api/trades/1",
              "/api/positions/BTCUSDT/tranches", "/api/settings"})
            EXPECT_FALSE(engine.get_text(path).empty()) << path;
    EXPECT_LE(struck(exchange), 12) << "480 answers; the clock and the rules are asked meanwhile";
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
