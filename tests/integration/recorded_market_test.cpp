// Frames recorded by others, through the exchange, TLS and the real binary: every message counts.
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/integration/line.hpp"
#include "tests/support/testdata.hpp"

namespace tranche::integration {
namespace {

/// Samples of `/metrics` whose name is `name`, by the value of their only label ("" without one).
std::map<std::string, std::int64_t> samples(const std::string& text, const std::string& name) {
    std::map<std::string, std::int64_t> found;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        const bool labelled = line.starts_with(name + "{");
        if (!labelled && !line.starts_with(name + " ")) continue;
        std::string label;
        if (labelled) {
            const std::size_t begin = line.find('"') + 1;
            label = line.substr(begin, line.rfind('"') - begin);
        }
        const std::int64_t value = std::stoll(line.substr(line.rfind(' ') + 1));
        if (value != 0) found[label] = value;
    }
    return found;
}

std::map<std::string, std::int64_t> counts(const Json& object) {
    std::map<std::string, std::int64_t> found;
    for (const auto& [key, value] : object.items())
        if (value.get<std::int64_t>() != 0) found[key] = value.get<std::int64_t>();
    return found;
}

void plays_with_exact_counts(const std::string& name) {
    const std::string recording = support::testdata("market/" + name).string();
    const Json expected = Json::parse(support::read_testdata("market/" + name + ".expect.json"));
    const Folder folder;
    const Exchange exchange{folder, {"--recording", recording, "--speed", "max"}};
    std::vector<std::string> symbols;
    for (const auto& [symbol, count] : expected["by_symbol"].items()) symbols.push_back(symbol);
    Json settings =
        settings_for(folder, exchange.url(), exchange.certificate(), symbols, 1'000'000);
    settings["exchange"]["feeds"] = 1;  // each message once
    Engine engine{folder, settings, {}};
    ASSERT_TRUE(engine.answers()) << engine.log();
    const auto messages = expected["messages"].get<std::int64_t>();
    const auto liquidations = static_cast<std::int64_t>(expected["liquidations"].size());
    std::string metrics;
    // Frames are counted first, messages once they are read, liquidations when the engine shows
    // what it has done.
    const bool all = eventually(seconds(60), [&] {
        metrics = engine.get_text("/metrics");
        return exchange.log().find("recording finished") != std::string::npos &&
               samples(metrics, "tranche_frames_total")[""] >= messages &&
               samples(metrics, "tranche_messages_total") == counts(expected["by_event"]) &&
               samples(metrics, "tranche_liquidations_total")[""] >= liquidations;
    });
    ASSERT_TRUE(all) << exchange.log() << metrics;
    EXPECT_EQ(samples(metrics, "tranche_frames_total")[""], messages);
    EXPECT_EQ(samples(metrics, "tranche_malformed_total")[""],
              expected["parse_errors"].get<std::int64_t>());
    EXPECT_EQ(samples(metrics, "tranche_symbol_messages_total"), counts(expected["by_symbol"]));
    EXPECT_EQ(samples(metrics, "tranche_liquidations_total")[""], liquidations);
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

TEST(RecordedMarket, BinanceFuturesOf2021ArrivesMessageForMessage) {
    plays_with_exact_counts("cryptofeed-binance_futures-2021-07-22.ws.txt");
}

TEST(RecordedMarket, LiveFramesArriveMessageForMessage) {
    plays_with_exact_counts("live-frames.jsonl");
}

TEST(RecordedMarket, AsterArrivesMessageForMessage) {
    plays_with_exact_counts("tardis-aster-messages.jsonl");
}

TEST(RecordedMarket, ExchangeInfoOf2021IsUnderstood) {
    const std::string info =
        support::testdata("market/cryptofeed-binance_futures-2021-07-22.exchangeInfo.txt").string();
    const Folder folder;
    const Exchange exchange{folder, {"--exchange-info", info}};
    const std::vector<std::string> symbols{"SUSHIUSDT", "CTKUSDT", "AKROUSDT", "KEEPUSDT"};
    Engine engine{folder,
                  settings_for(folder, exchange.url(), exchange.certificate(), symbols, 1'000'000),
                  {}};
    ASSERT_TRUE(engine.trades()) << engine.log();
    std::map<std::string, int> decimals;
    for (const Json& row : engine.get("/api/symbols"))
        decimals[row.value("symbol", "")] = row.value("price_decimals", -1);
    // Tick sizes as that file has them: 0.0010, 0.00100, 0.00001, 0.0001.
    const std::map<std::string, int> recorded{
        {"SUSHIUSDT", 3}, {"CTKUSDT", 3}, {"AKROUSDT", 5}, {"KEEPUSDT", 4}};
    EXPECT_EQ(decimals, recorded);
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
