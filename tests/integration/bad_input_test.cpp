// What a user or the world gets wrong: a clear message, the right code, never a crash.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/line.hpp"

namespace tranche::integration {
namespace {

using testing::HasSubstr;

constexpr const char* closed_port = "https://localhost:1";

Ended run_with(const Folder& folder, const Json& settings, const Environment& environment) {
    const std::string file = folder.write("settings.json", settings.dump());
    return run_to_end(folder, {tranche_program(), "run", "--settings", file}, environment);
}

Json settings_of_nobody(const Folder& folder) {
    Json settings = settings_for(folder, closed_port, "", {"BTCUSDT"}, 1'000);
    settings["globals"]["simulate_only"] = false;
    return settings;
}

TEST(BadInput, EveryProblemOfTheSettingsIsNamedAtOnce) {
    const Folder folder;
    const std::string file = folder.write("settings.json", R"({
        "globals": {"volume_window_sec": -1, "hedge_mod": true},
        "symbols": {"BTCUSDT": {"leverage": 900, "take_profit_pct": "much"}},
        "status": {"listen": "0.0.0.0:8787"}})");
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{tranche_program(), "run", "--settings", file},
          std::vector<std::string>{tranche_program(), "check", file}}) {
        const Ended ended = run_to_end(folder, command);
        EXPECT_EQ(ended.code, 78);
        EXPECT_THAT(ended.text, HasSubstr("globals.volume_window_sec: -1"));
        EXPECT_THAT(ended.text, HasSubstr("hedge_mod: unknown key; did you mean \"hedge_mode\"?"));
        EXPECT_THAT(ended.text, HasSubstr("symbols.BTCUSDT.leverage: 900"));
        EXPECT_THAT(ended.text, HasSubstr("symbols.BTCUSDT.take_profit_pct"));
        EXPECT_THAT(ended.text, HasSubstr("status.token_file"));
    }
}

TEST(BadInput, SettingsThatAreNoJsonSayWhere) {
    const Folder folder;
    const std::string file = folder.write("settings.json", "{\n  nope");
    const Ended ended = run_to_end(folder, {tranche_program(), "run", "--settings", file});
    EXPECT_EQ(ended.code, 78);
    EXPECT_THAT(ended.text, HasSubstr("2:"));
    EXPECT_THAT(ended.text, HasSubstr("not valid JSON"));
}

TEST(BadInput, SettingsThatAreNotThereAreNamed) {
    const Folder folder;
    const std::string file = folder.path("absent.json");
    const Ended ended = run_to_end(folder, {tranche_program(), "run", "--settings", file});
    EXPECT_EQ(ended.code, 78);
    EXPECT_THAT(ended.text, HasSubstr(file));
    EXPECT_THAT(ended.text, HasSubstr("No such file"));
}

TEST(BadInput, ACertificateNobodyVouchesForIsRefused) {
    const Folder folder;
    const Exchange exchange{folder, {}};
    const Exchange other{folder, {}, "other"};
    for (const std::string& anchor : {std::string{}, other.certificate()}) {
        Json settings = settings_for(folder, exchange.url(), anchor, {"BTCUSDT"}, 1'000);
        const Ended ended = run_with(folder, settings, {});
        EXPECT_EQ(ended.code, 69);
        EXPECT_THAT(ended.text, HasSubstr(exchange.url()));
        EXPECT_THAT(ended.text, testing::ContainsRegex("certificate"));
    }
}

TEST(BadInput, ACertificateForAnotherHostIsRefused) {
    const Folder folder;
    const Exchange exchange{folder, {}};
    const std::string port = exchange.url().substr(exchange.url().rfind(':'));
    // The certificate names localhost and 127.0.0.1, not the rest of the loopback net.
    const Ended ended = run_with(folder,
                                 settings_for(folder, "https://127.0.0.2" + port,
                                              exchange.certificate(), {"BTCUSDT"}, 1'000),
                                 {});
    EXPECT_EQ(ended.code, 69);
    EXPECT_THAT(ended.text, HasSubstr("127.0.0.2"));
}

TEST(BadInput, ARefusedSignatureEndsWithTheExchangesReason) {
    const Folder folder;
    const Exchange exchange{folder, {"--signer", "0x1111111111111111111111111111111111111111"}};
    const Ended ended = run_with(folder, trading_settings(folder, exchange), credentials(folder));
    EXPECT_EQ(ended.code, 77);
    EXPECT_THAT(ended.text, HasSubstr("No agent found"));
    EXPECT_THAT(ended.text, HasSubstr("TRANCHE_SIGNER_KEY_FILE"));
    EXPECT_EQ(exchange.ledger().value("orders_accepted", -1), 0);
}

TEST(BadInput, AKeyOthersCanReadIsNotUsed) {
    const Folder folder;
    const Environment secrets = credentials(folder);
    std::filesystem::permissions(folder.path("signer_key"), std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    const Ended ended = run_with(folder, settings_of_nobody(folder), secrets);
    EXPECT_EQ(ended.code, 77);
    EXPECT_THAT(ended.text, HasSubstr("chmod 600 " + folder.path("signer_key")));
}

TEST(BadInput, MissingCredentialsSayWhatToSet) {
    const Folder folder;
    const Ended ended = run_with(folder, settings_of_nobody(folder),
                                 {{"TRANCHE_USER", ""}, {"TRANCHE_SIGNER_KEY_FILE", ""}});
    EXPECT_EQ(ended.code, 77);
    EXPECT_THAT(ended.text, HasSubstr("TRANCHE_SIGNER_KEY_FILE"));
}

TEST(BadInput, ATakenStatusPortIsNamed) {
    const Folder folder;
    const Exchange exchange{folder, {}};
    const std::string taken = "127.0.0.1" + exchange.url().substr(exchange.url().rfind(':'));
    Json settings =
        settings_for(folder, exchange.url(), exchange.certificate(), {"BTCUSDT"}, 1'000);
    settings["status"]["listen"] = taken;
    const Ended ended = run_with(folder, settings, {});
    EXPECT_EQ(ended.code, 69);
    EXPECT_THAT(ended.text, HasSubstr(taken));
}

TEST(BadInput, AnExchangeThatIsNotThereIsNamed) {
    const Folder folder;
    const Ended ended = run_with(folder, settings_of_nobody(folder), credentials(folder));
    EXPECT_EQ(ended.code, 69);
    EXPECT_THAT(ended.text, HasSubstr(closed_port));
    EXPECT_THAT(ended.text, HasSubstr("refused"));
}

TEST(BadInput, TheSecondInstanceOfAnAccountDoesNotStart) {
    const Folder folder;
    const Exchange exchange{folder, {}};
    const Json settings = trading_settings(folder, exchange);
    const Environment secrets = credentials(folder);
    Engine first{folder, settings, secrets};
    ASSERT_TRUE(first.trades()) << first.log();
    const Ended second = run_with(folder, settings, secrets);
    EXPECT_EQ(second.code, 75);
    EXPECT_THAT(second.text, HasSubstr(folder.journal()));
    EXPECT_EQ(first.get("/api/overview").value("mode", ""), "trading");
    EXPECT_EQ(first.stop(), 0) << first.log();
}

TEST(BadInput, UnknownVerbsAndFlagsAreUsageErrors) {
    const Folder folder;
    EXPECT_EQ(run_to_end(folder, {tranche_program(), "fly"}).code, 64);
    EXPECT_EQ(run_to_end(folder, {tranche_program(), "run", "--hurry"}).code, 64);
    EXPECT_EQ(run_to_end(folder, {tranche_program(), "run", "--duration", "soon"}).code, 64);
    EXPECT_EQ(run_to_end(folder, {tranche_program()}).code, 64);
}

TEST(BadInput, AVerbWithoutAnInstanceSaysWhomItAsked) {
    const Folder folder;
    const Ended ended =
        run_to_end(folder, {tranche_program(), "status", "--url", "http://127.0.0.1:1"});
    EXPECT_EQ(ended.code, 69);
    EXPECT_THAT(ended.text, HasSubstr("http://127.0.0.1:1"));
}

std::string liquidation(const std::string& symbol, int number) {
    return R"({"e":"forceOrder","E":1700000000000,"o":{"s":")" + symbol +
           R"(","S":"SELL","o":"LIMIT","f":"IOC","q":"0.5","p":"100.10","ap":"100.10",)"
           R"("X":"FILLED","l":"0.5","z":"0.5","T":)" +
           std::to_string(1'700'000'000'000 + number) + "}}\n";
}

/// Frames no exchange should send, each a line; all are JSON, since the player sends nothing else.
std::string garbage() {
    const std::string deep = std::string(1'500, '[') + std::string(1'500, ']');
    const std::string forced = R"({"e":"forceOrder","E":1,"o":{"s":"BTCUSDT","S":)";
    const std::vector<std::string> frames{
        forced + R"("SELL","q":"0.5"}})",
        forced + R"("SIDEWAYS","q":"1","p":"1","ap":"1","X":"FILLED","l":"1","z":"1","T":5}})",
        forced + R"("SELL","q":"-7","p":"x","ap":"1e999","X":"FILLED","l":"1","z":"1","T":6}})",
        R"({"e":"forceOrder","E":"noon","o":[1,2,3]})",
        R"({"e":"bookTicker","s":"BTCUSDT","u":1,"b":"99999999999999999999","a":"1","B":"1"})",
        R"({"e":"bookTicker","s":7,"b":null,"a":{}})",
        R"({"e":12345,"data":"x"})",
        R"([1,2,{"e":"forceOrder"}])",
        R"({"e":"announcement","text":")" + std::string(300'000, 'x') + "\"}",
        R"({"nested":)" + deep + "}",
        R"({"e":"bookTicker","s":")" + std::string(5'000, 'A') + "\"}"};
    std::string lines;
    for (const std::string& frame : frames) lines += frame + "\n";
    return lines;
}

TEST(BadInput, GarbageFramesAreCountedAndNoRecordIsLost) {
    const Folder folder;
    std::string frames;
    constexpr int good = 20;
    for (int i = 0; i < good; ++i) frames += liquidation("BTCUSDT", i) + garbage();
    const std::string recording = folder.write("garbage.jsonl", frames);
    const Exchange exchange{folder, {"--recording", recording, "--speed", "max"}};
    Json settings =
        settings_for(folder, exchange.url(), exchange.certificate(), {"BTCUSDT"}, 1'000'000);
    settings["exchange"]["feeds"] = 1;
    Engine engine{folder, settings, {}};
    ASSERT_TRUE(engine.answers()) << engine.log();
    // The database, not only the memory: what is counted here is what was committed.
    const auto recorded = [&engine] { return engine.get("/api/liquidations?limit=1000").size(); };
    EXPECT_TRUE(eventually(seconds(40), [&] { return recorded() >= good; }))
        << recorded() << exchange.log() << engine.get_text("/metrics");
    EXPECT_TRUE(engine.running()) << engine.log();
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return engine.figure("/funnel/verdicts/below_threshold") == good;
    })) << engine.get_text("/api/overview");
    const std::string metrics = engine.get_text("/metrics");
    const std::string mark = "\ntranche_malformed_total ";
    const std::size_t at = metrics.find(mark);
    ASSERT_NE(at, std::string::npos);
    EXPECT_GE(std::stoll(metrics.substr(at + mark.size())), good * 4);
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
