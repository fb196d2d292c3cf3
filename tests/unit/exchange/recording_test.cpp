#include "tools/exchange/recording.hpp"

#include <gtest/gtest.h>

#include "tools/exchange/rules.hpp"

namespace tranche::exchange {
namespace {

TEST(Recording, KeepsTimedLinesByteForByteAndSkipsTheAddress) {
    const std::string text =
        "wss://example.test/stream?streams=a@b <-> 12.5\n"
        "100.5: {\"stream\":\"solusdt@aggTrade\",\"data\":{\"s\":\"SOLUSDT\", \"p\":\"1.50\"}}\n"
        "100.75: {\"e\":\"forceOrder\",\"o\":{\"s\":\"XRPUSDT\"}}\r\n"
        "100.75: [{\"e\":\"markPriceUpdate\",\"s\":\"BTCUSDT\"}]";
    Recording recording;
    std::string error;
    ASSERT_TRUE(append_recording(text, recording, error)) << error;
    ASSERT_EQ(recording.frames.size(), 3U);
    EXPECT_EQ(recording.frames[0].text,
              R"({"stream":"solusdt@aggTrade","data":{"s":"SOLUSDT", "p":"1.50"}})");
    EXPECT_EQ(recording.frames[0].gap_us, 0);
    EXPECT_EQ(recording.frames[1].gap_us, 250'000);
    EXPECT_EQ(recording.frames[2].gap_us, 0);
    EXPECT_EQ(recording.symbols, (std::set<std::string>{"BTCUSDT", "SOLUSDT", "XRPUSDT"}));
}

TEST(Recording, TimesBareLinesByTheirEvents) {
    const std::string text =
        "{\"e\":\"x\",\"E\":1000,\"s\":\"A\"}\n\n"
        "{\"stream\":\"b@y\",\"data\":{\"E\":1300}}\n"
        "{\"e\":\"y\",\"T\":1200}\n{\"stream\":\"c@z\",\"data\":{}}\n{\"E\":900000}\n";
    Recording recording;
    std::string error;
    ASSERT_TRUE(append_recording(text, recording, error)) << error;
    ASSERT_EQ(recording.frames.size(), 5U);
    EXPECT_EQ(recording.frames[1].gap_us, 300'000);
    EXPECT_EQ(recording.frames[2].gap_us, 0) << "backwards";
    EXPECT_EQ(recording.frames[3].gap_us, 0) << "without time";
    EXPECT_EQ(recording.frames[4].gap_us, 2'000'000) << "samples years apart are not waited for";
}

TEST(Recording, NamesTheLineThatIsNoFrame) {
    Recording recording;
    std::string error;
    EXPECT_FALSE(append_recording("{\"a\":1}\n1.5: {broken\n", recording, error));
    EXPECT_NE(error.find("line 2"), std::string::npos) << error;
    for (const char* bad : {"", "\n\n", "hello\n", "x: {}\n", "1.5 {}\n", "{\"a\":1", "\"text\"\n"})
        EXPECT_FALSE(append_recording(bad, recording, error)) << bad;
}

TEST(Recording, AnExchangeInfoOfOthersIsServedAsItIs) {
    const std::string json =
        R"({"symbols":[{"symbol":"OLDUSDT","status":"TRADING","baseAsset":"OLD","filters":[)"
        R"({"filterType":"PRICE_FILTER","tickSize":"0.01","minPrice":"0.05","maxPrice":"100"},)"
        R"({"filterType":"LOT_SIZE","stepSize":"1","minQty":"1","maxQty":"10"},)"
        R"({"filterType":"MAX_NUM_ORDERS","limit":7},{"filterType":"MIN_NOTIONAL","notional":"5"}]}]})";
    std::string error;
    const auto rules = Rules::from_exchange_info(
        recorded_reply("https://a.test/exchangeInfo -> 16.5: " + json + "\nconfiguration: {}\n"),
        error);
    ASSERT_TRUE(rules) << error;
    EXPECT_EQ(rules->exchange_info(1, {}), json);
    const SymbolRules& symbol = rules->at(*rules->find("OLDUSDT"));
    EXPECT_EQ(plain(symbol.tick), "0.01");
    EXPECT_EQ(symbol.max_orders, 7);
    EXPECT_EQ(recorded_reply(json), json);
    EXPECT_FALSE(Rules::from_exchange_info("[]", error));
    EXPECT_FALSE(Rules::from_exchange_info("{\"symbols\":[{}]}", error));
}

TEST(Recording, ItsSymbolsPassEveryFilter) {
    Rules rules = Rules::standard();
    const std::size_t known = rules.size();
    rules.add_permissive("BTCUSDT");
    EXPECT_EQ(rules.size(), known);
    EXPECT_EQ(rules.at(*rules.find("BTCUSDT")).tick.raw, 1) << "34738.38 is not on our grid";
    rules.add_permissive("SUSHIUSDT");
    EXPECT_EQ(rules.size(), known + 1);
}

}  // namespace
}  // namespace tranche::exchange
