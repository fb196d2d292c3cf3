#include "net/aster/streams.hpp"

#include <gtest/gtest.h>

namespace tranche::aster {
namespace {

TEST(Streams, PutsSignalsAndMarksOnEachFeedApart) {
    const std::vector<std::string> symbols{"BTCUSDT", "1000PEPEUSDT"};
    const auto feeds = market_feeds(symbols, 2, 240);
    ASSERT_EQ(feeds.size(), 4U);
    EXPECT_EQ(feeds[0].name, "signal 1");
    EXPECT_EQ(feeds[0].path,
              "/stream?streams=!forceOrder@arr/btcusdt@markPrice@1s/btcusdt@bookTicker/"
              "1000pepeusdt@bookTicker");
    EXPECT_TRUE(feeds[0].heartbeat);
    EXPECT_EQ(feeds[1].name, "signal 2");
    EXPECT_EQ(feeds[1].path, feeds[0].path);
    for (const std::size_t at : {2U, 3U}) {
        EXPECT_EQ(feeds[at].kind, FeedKind::marks);
        EXPECT_EQ(feeds[at].path, "/stream?streams=!markPrice@arr@1s");
    }
    EXPECT_EQ(feeds[3].name, "marks 2");
}

std::size_t streams_of(const std::string& path) {
    std::size_t count = 1;
    for (const char c : path.substr(path.find('=')))
        if (c == '/') ++count;
    return count;
}

TEST(Streams, SplitsWhenAConnectionWouldCarryTooMany) {
    std::vector<std::string> symbols;
    for (int i = 0; i < 450; ++i) symbols.push_back("S" + std::to_string(i) + "USDT");
    const auto feeds = market_feeds(symbols, 1, 1U << 20);
    ASSERT_EQ(feeds.size(), 4U);
    EXPECT_EQ(feeds[1].part, 1);
    EXPECT_NE(feeds[1].path.find("streams=s198usdt@markPrice@1s/s198usdt@bookTicker/"),
              std::string::npos);
    EXPECT_EQ(feeds[1].name, "signal 1.2");
    EXPECT_EQ(streams_of(feeds[0].path), 200U);
    EXPECT_EQ(streams_of(feeds[1].path), 200U);
    EXPECT_EQ(streams_of(feeds[2].path), 54U);
    EXPECT_EQ(feeds[1].path.find("forceOrder"), std::string::npos);
}

TEST(Streams, SplitsWhenAPathWouldBecomeTooLongAndLosesNoSymbol) {
    std::vector<std::string> symbols;
    for (int i = 0; i < 40; ++i) symbols.push_back("SYMBOL" + std::to_string(i) + "USDT");
    const auto feeds = market_feeds(symbols, 1, 240);
    std::string all;
    std::size_t streams = 0;
    for (const MarketFeed& feed : feeds) {
        EXPECT_LE(feed.path.size(), 240U);
        all += feed.path;
        if (feed.kind == FeedKind::signal) streams += streams_of(feed.path) - 1;  // the heartbeat
    }
    EXPECT_EQ(streams, 41U);
    for (int i = 0; i < 40; ++i)
        EXPECT_NE(all.find("symbol" + std::to_string(i) + "usdt@bookTicker"), std::string::npos);
}

TEST(Streams, KeepsTheSignalsWithoutAnySymbol) {
    const auto feeds = market_feeds({}, 1, 240);
    EXPECT_EQ(feeds[0].path, "/stream?streams=!forceOrder@arr");
    EXPECT_FALSE(feeds[0].heartbeat) << "an hour without a liquidation is nothing unusual";
}

TEST(Streams, NamesTheUserStream) {
    EXPECT_EQ(user_stream_path("abc123"), "/ws/abc123");
    const std::string binance = user_stream_path("abc123", Venue::binance);
    EXPECT_TRUE(binance.starts_with("/private/ws?listenKey=abc123&events=")) << binance;
    for (const char* event : {"ORDER_TRADE_UPDATE", "ALGO_UPDATE", "ACCOUNT_UPDATE",
                              "ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL", "listenKeyExpired"})
        EXPECT_NE(binance.find(event), std::string::npos) << event;
}

TEST(Streams, KeepsToTheAddressesOfBinance) {
    const std::vector<std::string> symbols{"BTCUSDT", "ETHUSDT"};
    const auto feeds = market_feeds(symbols, 2, 240, Venue::binance);
    ASSERT_EQ(feeds.size(), 6U);
    EXPECT_EQ(feeds[0].name, "signal 1");
    EXPECT_EQ(feeds[0].path, "/market/stream?streams=!forceOrder@arr/btcusdt@markPrice@1s");
    EXPECT_TRUE(feeds[0].heartbeat);
    EXPECT_EQ(feeds[1].name, "signal 1.2");
    EXPECT_EQ(feeds[1].path, "/public/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker");
    EXPECT_EQ(feeds[1].part, 1);
    EXPECT_EQ(feeds[2].path, feeds[0].path);
    EXPECT_EQ(feeds[3].path, feeds[1].path);
    EXPECT_EQ(feeds[4].path, "/market/stream?streams=!markPrice@arr@1s");
    EXPECT_EQ(feeds[4].kind, FeedKind::marks);
}

TEST(Streams, SplitsBinancesBestPricesWhenAPathWouldBecomeTooLong) {
    std::vector<std::string> symbols;
    for (int i = 0; i < 40; ++i) symbols.push_back("SYMBOL" + std::to_string(i) + "USDT");
    std::size_t books = 0;
    for (const MarketFeed& feed : market_feeds(symbols, 1, 240, Venue::binance)) {
        EXPECT_LE(feed.path.size(), 240U);
        const bool is_book = feed.path.starts_with("/public/");
        EXPECT_EQ(is_book, feed.path.find("bookTicker") != std::string::npos);
        EXPECT_EQ(is_book, feed.path.find("markPrice") == std::string::npos);
        if (is_book) books += streams_of(feed.path);
    }
    EXPECT_EQ(books, 40U);
}

}  // namespace
}  // namespace tranche::aster
