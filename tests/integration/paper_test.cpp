// Paper mode with the real programs: the market is the exchange's, execution is our own, and what
// goes over the wire is nothing but public questions.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/integration/books.hpp"
#include "tests/integration/wire_tap.hpp"
#include "tools/http_client.hpp"

namespace tranche::integration {
namespace {

/// The exchange without TLS, a tap in front of it, and settings that lead through the tap.
struct PaperLine {
    Folder folder;
    Exchange exchange{folder, {"--plain", "--seed", "11", "--speed", "3"}};
    std::string port = exchange.url().substr(exchange.url().rfind(':') + 1);
    WireTap tap{static_cast<std::uint16_t>(std::stoi(port))};

    Json settings() const {
        Json settings = trading_settings(folder, exchange);
        settings["globals"].erase("simulate_only");  // it is the default
        settings["globals"]["tranche_pnl_increment_pct"] = 0.2;
        for (auto& symbol : settings["symbols"]) {
            symbol["take_profit_pct"] = 0.25;
            symbol["stop_loss_pct"] = 1;
        }
        const std::string place = "://127.0.0.1:" + std::to_string(tap.port());
        settings["exchange"] = {{"rest_url", "http" + place}, {"stream_url", "ws" + place}};
        settings["paper"] = {{"latency_ms", 15}, {"balance_usdt", 2'500}};
        return settings;
    }
    Json sim(const std::string& method, const std::string& what) const {
        HttpCall call;
        call.method = method;
        call.url = "http://127.0.0.1:" + port + "/sim/" + what;
        if (method == "POST") call.body = "{}";
        const auto answer = ask(call);
        return answer ? Json::parse(answer.value().body, nullptr, false) : Json{};
    }
    /// What would betray that somebody spoke for an account.
    void expect_only_public_questions() const {
        const std::string sent = tap.sent();
        EXPECT_NE(sent.find("GET /fapi/"), std::string::npos);
        EXPECT_NE(sent.find("forceOrder"), std::string::npos);
        for (const char* word : {"POST /", "PUT /", "DELETE /", "signature", "nonce=", "signer=",
                                 "APIKEY", "apikey", "listenKey", "/order", "/balance"})
            EXPECT_EQ(sent.find(word), std::string::npos) << word;
        const Json ledger = sim("GET", "ledger");
        EXPECT_EQ(ledger.value("orders_accepted", -1), 0);
        EXPECT_EQ(ledger.value("fills", -1), 0);
        EXPECT_TRUE(ledger.value("positions", Json{1}).empty());
    }
};

/// Waits until the engine's book stands still.
EngineBook settled(const Engine& engine) {
    EngineBook last;
    Nanos since = monotonic_now();
    eventually(seconds(40), [&] {
        const EngineBook now = read_engine(engine);
        const bool still = now == last && now.unprotected == 0 && now.open_entries == 0;
        if (!still) since = monotonic_now();
        last = now;
        return monotonic_now() - since > milliseconds(1'500);
    });
    return last;
}

TEST(PaperMode, OpensProtectsAndClosesTranchesAndSendsNothingButPublicQuestions) {
    const PaperLine line;
    Engine engine{line.folder, line.settings(), {}};
    ASSERT_TRUE(engine.trades()) << engine.log();
    EXPECT_TRUE(eventually(seconds(90), [&] {
        return engine.figure("/funnel/tranches_opened") >= 3 &&
               engine.figure("/funnel/tranches_closed") >= 1;
    })) << engine.get_text("/api/overview");
    EXPECT_TRUE(eventually(seconds(20), [&] {
        const EngineBook book = read_engine(engine);
        const bool exits = std::all_of(book.tranches.begin(), book.tranches.end(), [](auto& one) {
            return !one.second.take_profit_order.empty() && !one.second.stop_loss_order.empty();
        });
        return !book.tranches.empty() && exits;
    })) << engine.get_text("/api/tranches");
    const Json overview = engine.get("/api/overview");
    EXPECT_TRUE(overview.value("simulate_only", false));
    EXPECT_TRUE(overview.at("streams").value("user", false));
    EXPECT_TRUE(overview.value("reconciled", false)) << overview.dump();
    EXPECT_NE(engine.log().find("warning SIMULATION"), std::string::npos);
    EXPECT_NE(engine.log().find("paper.latency_ms=15 each way"), std::string::npos);
    EXPECT_NE(engine.get_text("/app.js").find("SIMULATION"), std::string::npos);
    const std::string metrics = engine.get_text("/metrics");
    EXPECT_NE(metrics.find("tranche_requests_refused_total 0\n"), std::string::npos);
    EXPECT_NE(metrics.find("tranche_requests_sent_total 0\n"), std::string::npos);
    EXPECT_EQ(engine.stop(), 0) << engine.log();
    line.expect_only_public_questions();
}

TEST(PaperMode, KilledHardItComesBackWithTheSameTranchesOrdersAndWallet) {
    const PaperLine line;
    const Json settings = line.settings();
    EngineBook before;
    std::string wallet;
    {
        Engine engine{line.folder, settings, {}};
        ASSERT_TRUE(engine.trades()) << engine.log();
        ASSERT_TRUE(eventually(seconds(90), [&] {
            return read_engine(engine).tranches.size() >= 3;
        })) << engine.log();
        ASSERT_TRUE(line.sim("POST", "pause_market").value("paused", false));
        before = settled(engine);
        ASSERT_GE(before.tranches.size(), 1U);
        wallet = engine.get("/api/account").value("totalWalletBalance", "");
        ASSERT_NO_FATAL_FAILURE(engine.kill_hard());
    }
    Engine again{line.folder, settings, {}};
    ASSERT_TRUE(again.trades()) << again.log();
    const EngineBook after = settled(again);
    EXPECT_EQ(after.tranches, before.tranches) << again.log();
    EXPECT_EQ(after.orders, before.orders);
    EXPECT_EQ(again.get("/api/account").value("totalWalletBalance", ""), wallet);
    EXPECT_EQ(again.figure("/funnel/position_differences"), 0);
    // And goes on: what was put back can still execute.
    ASSERT_FALSE(line.sim("POST", "resume_market").value("paused", true));
    EXPECT_TRUE(eventually(seconds(60), [&] {
        return again.figure("/funnel/tranches_closed") >= 1;
    })) << again.get_text("/api/overview");
    EXPECT_EQ(again.stop(), 0) << again.log();
    line.expect_only_public_questions();
}

TEST(PaperMode, ItsDatabaseIsNoLiveOneAndNoLiveOneIsItsOwn) {
    const PaperLine line;
    Json settings = line.settings();
    {
        Engine engine{line.folder, settings, {}};
        ASSERT_TRUE(engine.answers()) << engine.log();
        EXPECT_EQ(engine.stop(), 0);
    }
    settings["globals"]["simulate_only"] = false;
    const std::string file = line.folder.write("settings.json", settings.dump(2));
    const Ended live = run_to_end(line.folder, {tranche_program(), "run", "--settings", file},
                                  credentials(line.folder));
    EXPECT_EQ(live.code, 78) << live.text;
    EXPECT_NE(live.text.find("belongs to account paper"), std::string::npos) << live.text;
}

}  // namespace
}  // namespace tranche::integration
