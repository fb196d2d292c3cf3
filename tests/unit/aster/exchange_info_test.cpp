#include "net/aster/exchange_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/testdata.hpp"

namespace tranche::aster {
namespace {

using testing::HasSubstr;

const std::string filters_of_a =
    R"([{"filterType":"PRICE_FILTER","minPrice":"0.5","maxPrice":"1000000","tickSize":"0.1"},)"
    R"({"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"1000","stepSize":0.001},)"
    R"({"filterType":"MARKET_LOT_SIZE","minQty":"0.002","maxQty":"120","stepSize":"0.002"},)"
    R"({"filterType":"MAX_NUM_ORDERS","limit":200},{"filterType":"MAX_NUM_ALGO_ORDERS","limit":7},)"
    R"({"filterType":"MIN_NOTIONAL","notional":"5"},)"
    R"({"filterType":"PERCENT_PRICE","multiplierUp":"1.0200","multiplierDown":"0.9800"},)"
    R"({"filterType":"SOMETHING_NEW","x":"1"}])";

std::string symbol(const std::string& name, const std::string& filters,
                   const std::string& status = "TRADING") {
    return R"({"symbol":")" + name + R"(","status":")" + status + R"(","filters":)" + filters + "}";
}
std::string info_of(const std::string& symbols) {
    return R"({"timezone":"UTC","rateLimits":[)"
           R"({"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400},)"
           R"({"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300},)"
           R"({"rateLimitType":"RAW","interval":"WEEK","intervalNum":1,"limit":9}],"symbols":[)" +
           symbols + "]}";
}

TEST(ExchangeInfo, ReadsEveryRule) {
    const std::vector<std::string> configured{"AAAUSDT"};
    const auto info = read_exchange_info(info_of(symbol("AAAUSDT", filters_of_a)), configured);
    ASSERT_TRUE(info.ok());
    const SymbolRules& rules = info.value().symbols.at(0);
    EXPECT_TRUE(rules.trading);
    EXPECT_EQ(to_text(rules.tick), "0.1");
    EXPECT_EQ(to_text(rules.min_price), "0.5");
    EXPECT_EQ(to_text(rules.max_price), "1000000");
    EXPECT_EQ(to_text(rules.step), "0.001");
    EXPECT_EQ(to_text(rules.min_quantity), "0.001");
    EXPECT_EQ(to_text(rules.max_quantity), "1000");
    EXPECT_EQ(to_text(rules.market_step), "0.002");
    EXPECT_EQ(to_text(rules.market_min_quantity), "0.002");
    EXPECT_EQ(to_text(rules.market_max_quantity), "120");
    EXPECT_EQ(to_text(rules.min_notional), "5");
    EXPECT_EQ(to_text(rules.multiplier_up), "1.02");
    EXPECT_EQ(to_text(rules.multiplier_down), "0.98");
    EXPECT_EQ(rules.max_orders, 200);
    EXPECT_EQ(rules.max_conditional_orders, 7);
    ASSERT_EQ(info.value().limits.size(), 2U);
    EXPECT_EQ(info.value().limits[0].limit, 2400U);
    EXPECT_EQ(info.value().limits[1].unit, RateUnit::orders);
    EXPECT_EQ(info.value().limits[1].interval, seconds(10));
}

TEST(ExchangeInfo, PutsConfiguredSymbolsFirstInTheOrderOfTheSettings) {
    std::string symbols;
    for (const char* name : {"AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT"})
        symbols += symbol(name, filters_of_a) + ",";
    symbols += symbol("AAAUSDT", "[]");
    const std::vector<std::string> configured{"DDDUSDT", "BBBUSDT"};
    const auto info = read_exchange_info(info_of(symbols), configured);
    ASSERT_TRUE(info.ok());
    std::vector<std::string> names;
    for (const SymbolRules& rules : info.value().symbols) names.push_back(rules.name);
    EXPECT_THAT(names, testing::ElementsAre("DDDUSDT", "BBBUSDT", "AAAUSDT", "CCCUSDT"));
    EXPECT_EQ(info.value().configured, 2U);
}

TEST(ExchangeInfo, NamesEveryConfiguredSymbolThatIsMissingWithTheNearestThatIsNot) {
    const std::string text =
        info_of(symbol("BTCUSDT", filters_of_a) + "," + symbol("ETHUSDT", filters_of_a));
    const std::vector<std::string> configured{"BTCUSD", "ETHUSDT", "ETHUSDX"};
    const auto info = read_exchange_info(text, configured);
    ASSERT_FALSE(info.ok());
    EXPECT_EQ(info.error().kind, ErrorKind::settings);
    EXPECT_THAT(
        info.error().message,
        HasSubstr("symbols.BTCUSD: the exchange does not list it; did you mean \"BTCUSDT\"?"));
    EXPECT_THAT(info.error().message, HasSubstr("symbols.ETHUSDX"));
}

TEST(ExchangeInfo, KeepsSymbolsThatCannotTradeButSaysSo) {
    const std::string zeroed = R"([{"filterType":"PRICE_FILTER","tickSize":"0","maxPrice":"0"},)"
                               R"({"filterType":"LOT_SIZE","stepSize":"1","minQty":"0"}])";
    const std::string garbled = R"([{"filterType":"PRICE_FILTER","tickSize":"0.1"},)"
                                R"({"filterType":"LOT_SIZE","stepSize":"one"}])";
    const auto info = read_exchange_info(
        info_of(symbol("AAAUSDT", filters_of_a, "SETTLING") + "," + symbol("BBBUSDT", zeroed) +
                "," + symbol("CCCUSDT", garbled) + "," + R"({"symbol":"DDDUSDT"},7,null)"),
        {});
    ASSERT_TRUE(info.ok());
    ASSERT_EQ(info.value().symbols.size(), 4U);
    for (const SymbolRules& rules : info.value().symbols) EXPECT_FALSE(rules.trading) << rules.name;
    EXPECT_EQ(info.value().symbols[3].max_conditional_orders, 10);
    EXPECT_TRUE(info.value().symbols[3].tick.zero());
}

TEST(ExchangeInfo, TakesAnUpperBoundBeyondOurRangeAsNone) {
    const std::string huge =
        R"([{"filterType":"PRICE_FILTER","tickSize":"0.1","maxPrice":"99999999999999"},)"
        R"({"filterType":"LOT_SIZE","stepSize":"1","maxQty":"99000000000"}])";
    const auto info = read_exchange_info(info_of(symbol("AAAUSDT", huge)), {});
    ASSERT_TRUE(info.ok());
    EXPECT_TRUE(info.value().symbols[0].trading);
    EXPECT_TRUE(info.value().symbols[0].max_price.zero());
    EXPECT_TRUE(info.value().symbols[0].max_quantity.zero());
}

TEST(ExchangeInfo, RefusesWhatIsNone) {
    for (const char* text : {"", "<html>", "[]", "{}", R"({"symbols":{}})", R"({"symbols":[)"}) {
        const auto info = read_exchange_info(text, {});
        ASSERT_FALSE(info.ok()) << text;
        EXPECT_EQ(info.error().kind, ErrorKind::bad_data);
    }
}

TEST(RecordedExchangeInfo, OfAnotherVenueIsRead) {
    const std::string text =
        support::read_testdata("market/cryptofeed-binance_futures-2021-07-22.exchangeInfo.txt");
    const std::string line = text.substr(0, text.find('\n'));
    const std::vector<std::string> configured{"SUSHIUSDT", "BTCUSDT"};
    const auto info = read_exchange_info(line.substr(line.find(": {") + 2), configured);
    ASSERT_TRUE(info.ok()) << info.error().message;
    EXPECT_GT(info.value().symbols.size(), 100U);
    EXPECT_EQ(info.value().symbols[0].name, "SUSHIUSDT");
    EXPECT_EQ(info.value().symbols[1].name, "BTCUSDT");
    EXPECT_TRUE(info.value().symbols[1].trading);
    EXPECT_EQ(to_text(info.value().symbols[1].min_price), "556.72");
    EXPECT_EQ(info.value().limits.size(), 3U);
}

}  // namespace
}  // namespace tranche::aster
