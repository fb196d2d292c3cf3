#include "core/settings.hpp"

#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/settings_address.hpp"
#include "core/settings_section.hpp"

namespace tranche {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Settings loaded(const std::string& json) {
    auto result = load_settings(json);
    if (!result) {
        ADD_FAILURE() << result.error().message;
        return {};
    }
    return std::move(result).value();
}

std::string error_of(const std::string& json) {
    const auto result = load_settings(json);
    if (result) return "(accepted)";
    EXPECT_EQ(result.error().kind, ErrorKind::settings);
    return result.error().message;
}

std::string globals(const std::string& members) {
    return R"({"globals": {)" + members + R"(}, "symbols": {}})";
}
std::string symbol(const std::string& members) {
    return R"({"symbols": {"BTCUSDT": {)" + members + "}}}";
}
std::string section(const std::string& name, const std::string& members) {
    return "{\"" + name + "\": {" + members + "}}";
}
std::string listen(const std::string& address) {
    return section("status", R"("listen": ")" + address + '"');
}
std::string rest_url(const std::string& url) {
    return section("exchange", R"("rest_url": ")" + url + '"');
}

struct BadInput {
    std::string json;
    std::string error;
};

void expect_errors(const std::vector<BadInput>& inputs) {
    for (const BadInput& input : inputs) EXPECT_EQ(error_of(input.json), input.error) << input.json;
}

TEST(Settings, NamesTheKeyTheValueAndTheExpectationOfABadGlobal) {
    expect_errors({
        {globals(R"("volume_window_sec": 0)"),
         "globals.volume_window_sec: 0 is out of range, expected 1..3600"},
        {globals(R"("volume_window_sec": 3601)"),
         "globals.volume_window_sec: 3601 is out of range, expected 1..3600"},
        {globals(R"("volume_window_sec": 1.5)"),
         "globals.volume_window_sec: 1.5 is not a whole number, expected 1..3600"},
        {globals(R"("volume_window_sec": "60")"),
         "globals.volume_window_sec: \"60\" is not a number, expected 1..3600"},
        {globals(R"("hedge_mode": 1)"),
         "globals.hedge_mode: 1 is not a boolean, expected true or false"},
        {globals(R"("simulate_only": "false")"),
         "globals.simulate_only: \"false\" is not a boolean, expected true or false"},
        {globals(R"("simulate_only": null)"),
         "globals.simulate_only: null is not a boolean, expected true or false"},
        {globals(R"("time_in_force": "gtc")"),
         "globals.time_in_force: \"gtc\" is not one of GTC, IOC, FOK, GTX"},
        {globals(R"("tranche_pnl_increment_pct": 0)"),
         "globals.tranche_pnl_increment_pct: 0 is out of range, expected above 0 and at most 100"},
        {globals(R"("rate_limit_buffer_pct": 0.51)"),
         "globals.rate_limit_buffer_pct: 0.51 is out of range, expected 0..50"},
        {globals(R"("max_open_orders_per_symbol": 201)"),
         "globals.max_open_orders_per_symbol: 201 is out of range, expected 1..200"},
        {globals(R"("max_total_exposure_usdt": -5)"),
         "globals.max_total_exposure_usdt: -5 is out of range, expected above 0 and at most "
         "1000000000"},
        {globals(R"("max_total_exposure_usdt": [1])"),
         "globals.max_total_exposure_usdt: a list is not a number, expected above 0 and at most "
         "1000000000"},
        {globals(R"("hedge_mod": true)"),
         "globals.hedge_mod: unknown key; did you mean \"hedge_mode\"?"},
        {globals(R"("hedge_mode": true, "hedge_mode": false)"),
         "globals.hedge_mode: this key stands here twice, expected once"},
        {globals(R"("tranche_merge_pnl_pct": -2.6)"),
         "globals.tranche_merge_pnl_pct: -2.6 is too low, expected at least -2.5 (half of "
         "-tranche_pnl_increment_pct)"},
        {globals(R"("tranche_order_ttl_seconds": {"one": 5})"),
         "globals.tranche_order_ttl_seconds.one: is not a tranche ordinal, expected 0, 1, 2 …"},
    });
}

TEST(Settings, NamesTheKeyTheValueAndTheExpectationOfABadSymbolSetting) {
    expect_errors({
        {symbol(R"("leverag": 10)"),
         "symbols.BTCUSDT.leverag: unknown key; did you mean \"leverage\"?"},
        {symbol(R"("leverage": 126)"),
         "symbols.BTCUSDT.leverage: 126 is out of range, expected 1..125"},
        {symbol(R"("stop_loss_pct": 100)"),
         "symbols.BTCUSDT.stop_loss_pct: 100 is out of range, expected above 0 and below 100"},
        {symbol(R"("price_offset_pct": 0.0000001)"),
         "symbols.BTCUSDT.price_offset_pct: 0.0000001 has too many digits, a percentage has at "
         "most 6 decimals"},
        {symbol(R"("trade_value_usdt": 0.123456789)"),
         "symbols.BTCUSDT.trade_value_usdt: 0.123456789 cannot be held exactly, expected above 0 "
         "and at most 1000000000 with at most 8 decimals"},
        {symbol(R"("trade_value_usdt": 1e400)"), "1:50: not valid JSON near \"1e400\""},
        {symbol(R"("trade_side": "LONG")"),
         "symbols.BTCUSDT.trade_side: \"LONG\" is not one of OPPOSITE, SAME, BUY, SELL"},
        {R"({"symbols": {"btcusdt": {}}})",
         "symbols.btcusdt: is not a symbol, expected upper case as on the exchange, up to 24 "
         "bytes"},
        {R"({"symbols": {"BTCUSDT": 3}})", "symbols.BTCUSDT: 3, expected an object"},
        {R"({"symbols": {"BTCUSDT": {}, "BTCUSDT": {}}})",
         "symbols.BTCUSDT: this key stands here twice, expected once"},
    });
}

TEST(Settings, NamesTheKeyTheValueAndTheExpectationOfABadProcessSetting) {
    const std::string plain_host = "expected https://host[:port]; http is for loopback hosts only";
    expect_errors({
        {section("exchange", R"("venue": "kraken")"),
         "exchange.venue: \"kraken\" is not one of aster, binance"},
        {rest_url("http://fapi.asterdex.com"),
         "exchange.rest_url: \"http://fapi.asterdex.com\" is not encrypted, " + plain_host},
        {rest_url("http://127.evil.example"),
         "exchange.rest_url: \"http://127.evil.example\" is not encrypted, " + plain_host},
        {rest_url("fapi.asterdex.com"),
         "exchange.rest_url: \"fapi.asterdex.com\" is not usable, expected https://host[:port]"},
        {rest_url("https://a:0"),
         "exchange.rest_url: \"https://a:0\" is not usable, expected https://host[:port]"},
        {rest_url("https://user@host"),
         "exchange.rest_url: \"https://user@host\" is not usable, expected https://host[:port]"},
        {section("exchange", R"("instance": 1024)"),
         "exchange.instance: 1024 is out of range, expected 0..1023"},
        {section("storage", R"("database": "")"),
         "storage.database: \"\" is not usable, expected text"},
        {section("limits", R"("drawdown_usdt": -1)"),
         "limits.drawdown_usdt: -1 is out of range, expected 0..1000000000"},
        {listen("0.0.0.0:8787"),
         "status.listen: \"0.0.0.0:8787\" is reachable from other hosts, expected "
         "status.token_file beside it"},
        {listen("8787"), "status.listen: \"8787\" is not usable, expected ADDRESS:PORT"},
        {listen("127.0.0.1:65536"),
         "status.listen: \"127.0.0.1:65536\" is not usable, expected ADDRESS:PORT"},
        {R"({"storag": 1})", "storag: unknown key; did you mean \"storage\"?"},
        {R"({"globals": []})", "globals: a list, expected an object"},
        {"[]", "settings: a list, expected an object"},
        {"3", "settings: 3, expected an object"},
    });
}

TEST(Settings, SaysWhereTheTextStopsBeingJson) {
    EXPECT_THAT(error_of("{\n  \"globals\": {\"a\" 1}\n}"), HasSubstr("2:19: not valid JSON"));
    EXPECT_THAT(error_of(""), HasSubstr("1:1: not valid JSON, the text ends too early"));
    EXPECT_THAT(error_of("{\"globals\": {"), HasSubstr("the text ends too early"));
    EXPECT_THAT(error_of("{} x"), HasSubstr("1:4: not valid JSON"));
    EXPECT_THAT(error_of("{\"a\": NaN}"), HasSubstr("1:7: not valid JSON"));
    EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("nested deeper than 16 levels"));
    EXPECT_THAT(error_of("{\"\xff\": 1}"), HasSubstr("not valid JSON"));
    EXPECT_THAT(error_of(std::string(2'000'000, ' ')), HasSubstr("longer than 1 MiB"));
}

TEST(Settings, ReportsEveryProblemAtOnceALineEach) {
    EXPECT_EQ(error_of(R"({"globals": {"volume_window_sec": 0, "hedge_mode": "yes", "hedge": 1},
                           "symbols": {"BTCUSDT": {"leverag": 5, "working_type": 7}},
                           "limits": {"entries_per_minute": -1}})"),
              "globals.hedge_mode: \"yes\" is not a boolean, expected true or false\n"
              "globals.volume_window_sec: 0 is out of range, expected 1..3600\n"
              "globals.hedge: unknown key; did you mean \"hedge_mode\"?\n"
              "symbols.BTCUSDT.working_type: 7 is not one of CONTRACT_PRICE, MARK_PRICE\n"
              "symbols.BTCUSDT.leverag: unknown key; did you mean \"leverage\"?\n"
              "limits.entries_per_minute: -1 is out of range, expected 0..100000");
}

TEST(Settings, TakesPercentagesAsExactFractions) {
    const Settings settings =
        loaded(symbol(R"("price_offset_pct": 0.1, "take_profit_pct": 1, "stop_loss_pct": 1e-6,
                         "trade_value_usdt": 0.00000001, "max_position_usdt": 2.50)"));
    const SymbolSettings& btc = settings.engine.symbols.at(0);
    EXPECT_EQ(btc.price_offset.raw, 100'000);  // 0.001
    EXPECT_EQ(btc.take_profit.raw, 1'000'000);
    EXPECT_EQ(btc.stop_loss.raw, 1);
    EXPECT_EQ(btc.trade_value.raw, 1);
    EXPECT_EQ(btc.max_position.raw, 250'000'000);
}

TEST(Settings, AcceptsBothEndsOfARange) {
    EXPECT_EQ(loaded(globals(R"("volume_window_sec": 1)")).engine.window.span, seconds(1));
    EXPECT_EQ(loaded(globals(R"("volume_window_sec": 3600.0)")).engine.window.span, seconds(3600));
    EXPECT_EQ(loaded(globals(R"("max_tranches_per_symbol_side": 50)")).engine.tranche.max_per_side,
              50);
    EXPECT_EQ(loaded(globals(R"("tranche_merge_pnl_pct": -2.5)")).engine.tranche.merge_pnl.raw,
              -2'500'000);
    EXPECT_EQ(loaded(globals(R"("rate_limit_buffer_pct": 50)")).exchange.rate_limit_buffer.raw,
              Ratio::one / 2);
    EXPECT_EQ(loaded(globals(R"("rate_limit_buffer_pct": 0)")).exchange.rate_limit_buffer.raw, 0);
    EXPECT_EQ(loaded(symbol(R"("leverage": 125, "stop_loss_enabled": false)"))
                  .engine.symbols.at(0)
                  .leverage,
              125);
    EXPECT_EQ(loaded(section("exchange", R"("instance": 1023)")).engine.instance, 1023);
}

TEST(Settings, TheSmallerOfBothEntryAgesCounts) {
    EXPECT_EQ(loaded(globals(R"("order_ttl_seconds": 90, "stale_limit_order_minutes": 1)"))
                  .engine.entry.ttl,
              seconds(60));
    EXPECT_EQ(loaded(globals(R"("stale_limit_order_minutes": 0.1)")).engine.entry.ttl, seconds(6));
    EXPECT_EQ(loaded("{}").engine.entry.ttl, seconds(30));
}

TEST(Settings, DefaultsOfGlobalsAreTheDocumentedOnes) {
    const EngineSettings engine = loaded("{}").engine;
    EXPECT_TRUE(engine.simulate_only);
    EXPECT_FALSE(engine.hedge_mode);
    EXPECT_EQ(engine.window.span, seconds(60));
    EXPECT_FALSE(engine.window.in_usdt);
    EXPECT_EQ(engine.entry.price_mode, EntryPriceMode::maker);
    EXPECT_EQ(engine.entry.time_in_force, TimeInForce::gtc);
    EXPECT_EQ(engine.entry.max_total_exposure, Notional{10'000 * Notional::one});
    EXPECT_EQ(engine.entry.max_open_orders, 100);
    EXPECT_EQ(engine.tranche.increment.raw, 5'000'000);
    EXPECT_EQ(engine.tranche.max_per_side, 5);
    EXPECT_EQ(engine.tranche.max_orders, 2);
    EXPECT_EQ(engine.tranche.max_stops, 8);
    EXPECT_EQ(engine.tranche.merge_pnl.raw, 0);
    EXPECT_EQ(engine.tranche.on_max, OnMaxTranches::merge_then_new);
    EXPECT_EQ(engine.tranche.unattributed, UnattributedClose::lifo);
    EXPECT_EQ(engine.protection.reconcile_interval, seconds(20));
    EXPECT_TRUE(engine.protection.take_profit_is_limit);
    EXPECT_EQ(engine.governor.loss_per_day, Notional{});
}

TEST(Settings, DefaultsOfTheProcessAreTheDocumentedOnes) {
    const Settings settings = loaded("{}");
    EXPECT_EQ(settings.exchange.rest_url, "https://fapi.asterdex.com");
    EXPECT_EQ(settings.exchange.stream_url, "wss://fstream.asterdex.com");
    EXPECT_EQ(settings.exchange.auth, AuthScheme::v3);
    EXPECT_EQ(settings.exchange.chain_id, 1666U);
    EXPECT_EQ(settings.exchange.feeds, 2);
    EXPECT_EQ(settings.exchange.user_feeds, 2);
    EXPECT_EQ(settings.exchange.silence, seconds(5));
    EXPECT_EQ(settings.exchange.rotate_after, seconds(23 * 3'600));
    EXPECT_EQ(settings.exchange.rotate_stagger, seconds(600));
    EXPECT_EQ(settings.exchange.listen_key_refresh, seconds(20 * 60));
    EXPECT_THAT(settings.exchange.dns_servers, IsEmpty());
    EXPECT_EQ(settings.exchange.dns_interval, seconds(60));
    EXPECT_EQ(settings.exchange.order_connections, 3);
    EXPECT_EQ(settings.exchange.presigned_nonces, 1024U);
    EXPECT_EQ(settings.exchange.rate_limit_buffer.raw, Ratio::one / 10);
    EXPECT_THAT(settings.pipeline.threads, IsEmpty());
    EXPECT_EQ(settings.storage.database, "data/tranche-paper.db");
    EXPECT_EQ(settings.storage.liquidation_days, 30U);
    EXPECT_EQ(settings.status.address, "127.0.0.1");
    EXPECT_EQ(settings.status.port, 8787);
    EXPECT_TRUE(settings.status.loopback);
    EXPECT_THAT(settings.warnings,
                ElementsAre("symbols: none is configured, so nothing is ever traded"));
    const Settings binance = loaded(section("exchange", R"("venue": "binance")"));
    EXPECT_EQ(binance.exchange.rest_url, "https://fapi.binance.com");
    EXPECT_EQ(binance.exchange.stream_url, "wss://fstream.binance.com");
    EXPECT_EQ(binance.exchange.auth, AuthScheme::v1);
    expect_errors({{section("exchange", R"("venue": "binance", "auth": "v3")"),
                    "exchange.auth: \"v3\" is not known to binance, expected \"v1\""}});
}

TEST(Settings, LifeOfStreamConnectionsIsBounded) {
    const Settings settings =
        loaded(section("exchange", R"("user_feeds": 1, "silence_ms": 1500, "rotate_after_s": 5,
                       "rotate_stagger_s": 0, "listen_key_refresh_s": 2)"));
    EXPECT_EQ(settings.exchange.user_feeds, 1);
    EXPECT_EQ(settings.exchange.silence, milliseconds(1'500));
    EXPECT_EQ(settings.exchange.rotate_after, seconds(5));
    EXPECT_EQ(settings.exchange.rotate_stagger, Nanos{});
    EXPECT_EQ(settings.exchange.listen_key_refresh, seconds(2));
    expect_errors({{section("exchange", R"("user_feeds": 5)"),
                    "exchange.user_feeds: 5 is out of range, expected 1..4"},
                   {section("exchange", R"("silence_ms": 999)"),
                    "exchange.silence_ms: 999 is out of range, expected 1000..60000"},
                   {section("exchange", R"("rotate_after_s": 86401)"),
                    "exchange.rotate_after_s: 86401 is out of range, expected 5..86000"},
                   {section("exchange", R"("rotate_stagger_s": 3601)"),
                    "exchange.rotate_stagger_s: 3601 is out of range, expected 0..3600"},
                   {section("exchange", R"("listen_key_refresh_s": 0)"),
                    "exchange.listen_key_refresh_s: 0 is out of range, expected 1..3300"}});
}

TEST(Settings, NameServersHaveAddressesAndPorts) {
    const Settings settings =
        loaded(section("exchange", R"("dns_servers": ["192.0.2.53:53", "[2001:db8::53]:5353"],
                       "dns_interval_s": 1)"));
    EXPECT_THAT(settings.exchange.dns_servers, ElementsAre("192.0.2.53:53", "[2001:db8::53]:5353"));
    EXPECT_EQ(settings.exchange.dns_interval, seconds(1));
    const std::string wanted =
        " is not usable, expected ADDRESS:PORT, for example \"192.0.2.53:53\"";
    for (const char* bad : {R"("dns.example:53")", R"("192.0.2.53")", R"("192.0.2.53:0")", "53"})
        expect_errors({{section("exchange", R"("dns_servers": [)" + std::string{bad} + "]"),
                        "exchange.dns_servers: " + std::string{bad} + wanted}});
    expect_errors(
        {{section("exchange", R"("dns_servers": "192.0.2.53:53")"),
          "exchange.dns_servers: \"192.0.2.53:53\", expected a list of up to 4 name servers"},
         {section("exchange", R"("dns_interval_s": 0)"),
          "exchange.dns_interval_s: 0 is out of range, expected 1..3600"}});
}

TEST(Settings, SignaturesAreMadeAheadAsOftenAsTheSettingsSay) {
    EXPECT_EQ(loaded(section("exchange", R"("presigned_nonces": 0)")).exchange.presigned_nonces,
              0U);
    EXPECT_EQ(loaded(section("exchange", R"("presigned_nonces": 16384)")).exchange.presigned_nonces,
              16'384U);
    expect_errors({{section("exchange", R"("presigned_nonces": 16385)"),
                    "exchange.presigned_nonces: 16385 is out of range, expected 0..16384"}});
}

TEST(Settings, WhichCallsOrdersUseDependsOnWhatTheExchangeHas) {
    EXPECT_TRUE(loaded("{}").engine.entry.void_unknown);
    EXPECT_FALSE(loaded(section("exchange", R"("void_unknown": false)")).engine.entry.void_unknown);
    EXPECT_FALSE(loaded(section("exchange", R"("auth": "v1")")).engine.entry.void_unknown);
    EXPECT_FALSE(loaded(section("exchange", R"("venue": "binance")")).engine.entry.void_unknown);
    expect_errors({{section("exchange", R"("auth": "v1", "void_unknown": true)"),
                    "exchange.void_unknown: true needs auth \"v3\", expected false"},
                   {section("exchange", R"("auth": "v1", "modify_take_profits": true)"),
                    "exchange.modify_take_profits: true needs auth \"v3\", expected false"},
                   {section("exchange", R"("auth": "v1", "otoco_entry": true)"),
                    "exchange.otoco_entry: true needs aster \"v3\" strategies, expected false"}});
    EXPECT_TRUE(loaded(section("exchange", R"("otoco_entry": true)")).engine.entry.attach_exits);
    EXPECT_FALSE(loaded("{}").engine.protection.modify_take_profits);
    for (const char* where : {R"("venue": "aster", "modify_take_profits": true)",
                              R"("venue": "binance", "modify_take_profits": true)"})
        EXPECT_TRUE(loaded(section("exchange", where)).engine.protection.modify_take_profits);
}

TEST(Settings, OrdersLeaveTogetherOnlyWhereAskedFor) {
    EXPECT_FALSE(loaded("{}").exchange.batch_entries);
    EXPECT_FALSE(loaded("{}").exchange.batch_exits);
    EXPECT_TRUE(loaded(globals(R"("batch_orders": true)")).exchange.batch_entries);
    EXPECT_TRUE(loaded(globals(R"("tp_sl_batch_enabled": true)")).exchange.batch_exits);
}

TEST(Settings, PaperModeHasADatabaseOfItsOwnUnlessOneIsNamed) {
    const std::string live = R"("simulate_only": false)";
    EXPECT_EQ(loaded(globals(live)).storage.database, "data/tranche.db");
    EXPECT_EQ(loaded("{}").storage.database, "data/tranche-paper.db");
    EXPECT_EQ(loaded(section("storage", R"("database": "x.db")")).storage.database, "x.db");
}

TEST(Settings, ThePaperExchangeIsAsTheSettingsSay) {
    const PaperSettings plain = loaded("{}").paper;
    EXPECT_EQ(plain.latency, milliseconds(50));
    EXPECT_EQ(plain.maker_fee.raw, 10'000);
    EXPECT_EQ(plain.taker_fee.raw, 35'000);
    EXPECT_EQ(plain.balance, Notional{10'000 * Notional::one});
    const PaperSettings paper =
        loaded(section("paper", R"("latency_ms": 0.5, "maker_fee": -0.0001, "taker_fee": 0.0005,
                                   "balance_usdt": 250.5)"))
            .paper;
    EXPECT_EQ(paper.latency, Nanos{500'000});
    EXPECT_EQ(paper.maker_fee.raw, -10'000);
    EXPECT_EQ(paper.taker_fee.raw, 50'000);
    EXPECT_EQ(paper.balance.raw, 25'050'000'000);
    expect_errors({
        {section("paper", R"("latency_ms": -1)"),
         "paper.latency_ms: -1 is out of range, expected 0..10000"},
        {section("paper", R"("maker_fee": 0.2)"),
         "paper.maker_fee: 0.2 is out of range, expected -0.01..0.1"},
        {section("paper", R"("taker_fee": "0.1 %")"),
         "paper.taker_fee: \"0.1 %\" is not a number, expected -0.01..0.1"},
        {section("paper", R"("balance_usdt": 0)"),
         "paper.balance_usdt: 0 is out of range, expected above 0 and at most 1000000000"},
        {section("paper", R"("latency": 5)"),
         "paper.latency: unknown key; did you mean \"latency_ms\"?"},
    });
}

TEST(Settings, DefaultsOfASymbolAreThoseOfTheOldDashboard) {
    const SymbolSettings btc = loaded(symbol("")).engine.symbols.at(0);
    EXPECT_EQ(btc.name, "BTCUSDT");
    EXPECT_EQ(btc.threshold_long, 10'000 * Notional::one);
    EXPECT_EQ(btc.threshold_short, 15'000 * Notional::one);
    EXPECT_EQ(btc.leverage, 10);
    EXPECT_EQ(btc.margin_type, MarginType::crossed);
    EXPECT_EQ(btc.trade_side, TradeSide::opposite);
    EXPECT_EQ(btc.trade_value, Notional{Notional::one});
    EXPECT_EQ(btc.max_position, Notional{20 * Notional::one});
    EXPECT_EQ(btc.price_offset.raw, 100'000);
    EXPECT_EQ(btc.take_profit.raw, 5'000'000);
    EXPECT_EQ(btc.stop_loss.raw, 20'000'000);
    EXPECT_TRUE(btc.take_profit_enabled && btc.stop_loss_enabled && !btc.price_protect);
}

TEST(Settings, OldKeysAreWarnedOfAndTheOldThresholdIsHonoured) {
    const Settings settings =
        loaded(R"({"globals": {"db_path": "bot.db", "rate_limit_buffer_pct": 0.4,
                               "tranche_order_ttl_seconds": {"0": 0, "1": 600, "2": 300}},
                   "symbols": {"BTCUSDT": {"volume_threshold": 500, "volume_threshold_short": 700,
                                           "use_trailing_stop": true, "stop_loss_pct": 5}}})");
    EXPECT_EQ(settings.exchange.rate_limit_buffer.raw, 40'000'000);
    const OrderTtl& ttl = settings.engine.tranche.order_ttl;
    EXPECT_EQ(ttl.of(0), Nanos{});
    EXPECT_EQ(ttl.of(1), seconds(600));
    EXPECT_EQ(ttl.of(2), seconds(300));
    EXPECT_EQ(ttl.of(3), Nanos{}) << "not named: never";
    EXPECT_EQ(settings.engine.symbols.at(0).threshold_long, 500 * Notional::one);
    EXPECT_EQ(settings.engine.symbols.at(0).threshold_short, 700 * Notional::one);
    EXPECT_THAT(
        settings.warnings,
        ElementsAre(
            "globals.rate_limit_buffer_pct: 0.4 is taken as a fraction, 40 %",
            "globals.db_path: no longer used and ignored; the database is storage.database",
            "symbols.BTCUSDT.volume_threshold: an old key; it stands in for "
            "volume_threshold_long and _short",
            "symbols.BTCUSDT.use_trailing_stop: no longer used and ignored; the stop-loss is "
            "fixed: stop_loss_pct"));
}

TEST(Settings, TheAgeOfExitsIsANumberOrAMapByOrdinal) {
    const auto ttl = [](std::string_view value) {
        return loaded(globals(R"("tranche_order_ttl_seconds": )" + std::string{value}))
            .engine.tranche.order_ttl;
    };
    EXPECT_EQ(ttl("600").of(7), seconds(600));
    EXPECT_EQ(ttl(R"({"1": 60})").of(1), seconds(60));
    EXPECT_EQ(ttl(R"({"1": 60})").of(0), Nanos{}) << "not named, so never";
}

TEST(Settings, OnePairOfExitsAFillIsNoReasonToWarn) {
    const Settings settings =
        loaded(R"({"globals": {"enable_order_consolidation": false, "max_orders_per_tranche": 6},
                   "symbols": {"BTCUSDT": {"stop_loss_pct": 5}}})");
    EXPECT_FALSE(settings.engine.tranche.consolidate);
    EXPECT_EQ(settings.engine.tranche.max_orders, 6);
    EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(Settings, WarnsWhenTheMarginIsGoneBeforeTheStopLoss) {
    EXPECT_THAT(loaded(symbol(R"("stop_loss_pct": 10, "leverage": 10)")).warnings, IsEmpty());
    EXPECT_THAT(loaded(symbol(R"("stop_loss_pct": 10.1, "leverage": 10)")).warnings,
                ElementsAre(HasSubstr("symbols.BTCUSDT.stop_loss_pct: 10.1 times leverage 10 is "
                                      "101 % of the margin")));
    EXPECT_THAT(loaded(symbol(R"("stop_loss_pct": 5, "trade_value_usdt": 21)")).warnings,
                ElementsAre("symbols.BTCUSDT.max_position_usdt: 20 is less than trade_value_usdt "
                            "21: this symbol is never traded"));
}

TEST(Settings, TheOldBotsFileLoadsUnchanged) {
    std::string symbols;
    for (const std::string name :
         {"ASTERUSDT", "AVNTUSDT", "BTCUSDT", "ETHUSDT", "FARTCOINUSDT", "HEMIUSDT", "HYPEUSDT",
          "PUMPUSDT", "SOLUSDT", "WLFIUSDT", "XRPUSDT"})
        symbols += (symbols.empty() ? "\"" : ",\"") + name + R"(": {
            "volume_threshold_long": 2000, "volume_threshold_short": 250000.0, "leverage": 10,
            "margin_type": "CROSSED", "trade_side": "OPPOSITE", "trade_value_usdt": 0.5,
            "price_offset_pct": 0.01, "max_position_usdt": 200.0, "take_profit_enabled": true,
            "take_profit_pct": 1, "stop_loss_enabled": true, "stop_loss_pct": 20,
            "working_type": "CONTRACT_PRICE", "price_protect": false})";
    const Settings settings = loaded(R"({"globals": {
        "simulate_only": false, "volume_window_sec": 60, "use_usdt_volume": true,
        "hedge_mode": true, "multi_assets_mode": true, "set_leverage": true,
        "set_margin_type": true, "batch_orders": true, "max_total_exposure_usdt": 1400,
        "max_open_orders_per_symbol": 20, "max_stop_orders_per_symbol": 1,
        "enable_order_consolidation": true, "tranche_pnl_increment_pct": 5,
        "max_tranches_per_symbol_side": 5, "use_position_monitor": true,
        "order_cleanup_interval_seconds": 20, "stale_limit_order_minutes": 1,
        "order_ttl_seconds": 30, "rate_limit_buffer_pct": 10, "time_in_force": "GTC",
        "buffer_liquidations": true, "liquidation_buffer_ms": 100, "instant_tp_enabled": true,
        "tp_sl_batch_enabled": true, "price_monitor_reconnect_delay": 5},
        "symbols": {)" + symbols + "}}");
    EXPECT_FALSE(settings.engine.simulate_only);
    EXPECT_TRUE(settings.engine.hedge_mode && settings.exchange.multi_assets_mode);
    EXPECT_EQ(settings.engine.entry.max_total_exposure, Notional{1400 * Notional::one});
    EXPECT_EQ(settings.engine.tranche.max_stops, 1);
    EXPECT_EQ(settings.exchange.reconnect_delay, seconds(5));
    ASSERT_EQ(settings.engine.symbols.size(), 11U);
    EXPECT_EQ(settings.engine.symbols[0].name, "ASTERUSDT");
    EXPECT_EQ(settings.engine.symbols[10].trade_value.raw, Notional::one / 2);
    EXPECT_EQ(settings.engine.symbols[10].threshold_short, 250'000 * Notional::one);
    EXPECT_EQ(settings.warnings.size(), 11U) << "one a symbol: 20 % times 10";
}

constexpr auto two_threads = R"({"pipeline": {"lock_memory": true, "threads": [
    {"name": "hot", "core": 1, "policy": "fifo", "priority": 80, "wait": "spin",
     "stages": ["receive", "parse", "engine", "gateway"]},
    {"name": "cold", "stages": ["writer", "status"]}]}})";

TEST(Settings, ThreadsAreTakenAsTheyAreListed) {
    const PipelineSettings pipeline = loaded(two_threads).pipeline;
    ASSERT_EQ(pipeline.threads.size(), 2U);
    const ThreadSettings& hot = pipeline.threads[0];
    EXPECT_EQ(hot.name, "hot");
    EXPECT_EQ(hot.core, 1);
    EXPECT_EQ(hot.policy, ThreadPolicy::fifo);
    EXPECT_EQ(hot.priority, 80);
    EXPECT_EQ(hot.wait, Wait::spin);
    EXPECT_THAT(hot.stages,
                ElementsAre(Stage::receive, Stage::parse, Stage::engine, Stage::gateway));
    EXPECT_EQ(pipeline.threads[1].core, -1);
    EXPECT_TRUE(pipeline.lock_memory);
}

TEST(Settings, EveryStageRunsExactlyOnceOnThreadsThatCanBe) {
    EXPECT_EQ(error_of(R"({"pipeline": {"threads": "manual"}})"),
              "pipeline.threads: \"manual\", expected \"auto\" or a list of threads");
    EXPECT_EQ(error_of(R"({"pipeline": {"threads": [
                  {"name": "a", "policy": "fifo", "stages": ["receive", "parse", "engine"]},
                  {"name": "a", "core": -1, "priority": 5, "stages": ["engine", "gate"]},
                  {"stages": []}]}})"),
              "pipeline.threads[0].priority: missing, expected 1..99 with policy fifo\n"
              "pipeline.threads[1].core: -1 is out of range, expected 0..1023\n"
              "pipeline.threads[1].priority: 5 is out of range, expected 0..0\n"
              "pipeline.threads[1].stages: stage engine already runs, expected once\n"
              "pipeline.threads[1].stages: \"gate\" is not one of receive, parse, engine, gateway, "
              "writer, status\n"
              "pipeline.threads[1].name: \"a\" is another thread's name, expected a new one\n"
              "pipeline.threads[2].name: missing, expected a text of up to 15 bytes\n"
              "pipeline.threads[2].stages: a list, expected a list of stages\n"
              "pipeline.threads: no thread runs stage gateway, expected every stage once\n"
              "pipeline.threads: no thread runs stage writer, expected every stage once\n"
              "pipeline.threads: no thread runs stage status, expected every stage once");
}

TEST(Settings, PlainConnectionsAreForLoopbackOnly) {
    for (const std::string url : {"http://127.0.0.1:8080", "http://127.8.9.10", "http://[::1]:80",
                                  "http://localhost:1", "https://example.com:443"})
        EXPECT_EQ(loaded(rest_url(url)).exchange.rest_url, url);
    EXPECT_EQ(loaded(rest_url("https://example.com/")).exchange.rest_url, "https://example.com");
    EXPECT_FALSE(is_loopback("128.0.0.1"));
    EXPECT_FALSE(is_loopback("localhost.example.com"));
    EXPECT_FALSE(is_loopback("::2"));
    EXPECT_FALSE(is_loopback(""));
}

TEST(Settings, ThePageMayListenElsewhereWithAToken) {
    const StatusSettings open =
        loaded(section("status", R"("listen": "[::]:80", "token_file": "t")")).status;
    EXPECT_EQ(open.address, "::");
    EXPECT_EQ(open.port, 80);
    EXPECT_FALSE(open.loopback);
    const StatusSettings local = loaded(listen("localhost:0")).status;
    EXPECT_EQ(local.address, "127.0.0.1");
    EXPECT_EQ(local.port, 0);
}

TEST(Settings, AnExponentIsWrittenOutExactly) {
    EXPECT_EQ(exact_decimal("1e-05"), 1'000);
    EXPECT_EQ(exact_decimal("-1.25e2"), -125 * Ratio::one);
    EXPECT_EQ(exact_decimal("12.5E-1"), 125'000'000);
    EXPECT_EQ(exact_decimal("1e+3"), 1000 * Ratio::one);
    EXPECT_EQ(exact_decimal("1e-9"), std::nullopt);
    EXPECT_EQ(exact_decimal("1e12"), std::nullopt);
    EXPECT_EQ(exact_decimal("1e999999999999"), std::nullopt);
    EXPECT_EQ(exact_decimal("1e"), std::nullopt);
}

TEST(Settings, AFileThatCannotBeReadIsNamed) {
    const auto missing = load_settings_file("no-such-folder/settings.json");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::settings);
    EXPECT_EQ(missing.error().message,
              "no-such-folder/settings.json: cannot be read: No such file or directory; name a "
              "settings file with --settings");
    EXPECT_FALSE(load_settings_file(testing::TempDir()));
}

TEST(Settings, AFileIsReadLikeItsText) {
    const std::string path = testing::TempDir() + "tranche_settings_test.json";
    std::ofstream{path} << two_threads;
    const auto settings = load_settings_file(path);
    std::remove(path.c_str());
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings.value().pipeline.threads.size(), 2U);
}

TEST(Settings, EachProblemOfAFileNamesIt) {
    const std::string path = testing::TempDir() + "tranche_settings_problems.json";
    std::ofstream{path}
        << R"({"globals": {"volume_window_sec": 0, "hedge_mod": true}, "symbols": {}})";
    const auto settings = load_settings_file(path);
    std::ofstream{path} << "{,}";
    const auto broken = load_settings_file(path);
    std::remove(path.c_str());
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message, HasSubstr(path + ": globals.volume_window_sec: 0"));
    EXPECT_THAT(settings.error().message, HasSubstr("\n" + path + ": globals.hedge_mod"));
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().message, testing::StartsWith(path + ":1:"));
}

}  // namespace
}  // namespace tranche
