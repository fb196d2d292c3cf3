// Recordings of real exchanges, read where they lie, through the whole stage.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "net/aster/words.hpp"
#include "tests/support/testdata.hpp"
#include "tests/unit/aster/feed.hpp"

namespace tranche::aster {
namespace {

using nlohmann::json;
using support::Feed;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) lines.push_back(line);
    return lines;
}

/// `.jsonl`: a message a line. `.ws.txt`: first what was connected to, then `time: message`.
std::vector<std::string> messages_of(const std::string& name) {
    auto lines = lines_of(support::read_testdata(name));
    if (name.ends_with(".jsonl")) return lines;
    lines.erase(lines.begin());
    for (std::string& line : lines) line.erase(0, line.find(": ") + 2);
    return lines;
}

struct Played {
    std::map<std::string, BookTicker> books;
    std::vector<Event> liquidations;
};

Played play(Feed& feed, const std::vector<std::string>& messages) {
    Played played;
    for (const std::string& message : messages) {
        for (const Event& event : feed.decode(message)) {
            if (event.kind == EventKind::liquidation) played.liquidations.push_back(event);
            if (event.kind == EventKind::book_ticker)
                played.books[std::string{feed.symbols.name(event.symbol)}] = event.book_ticker;
        }
    }
    return played;
}

std::int64_t raw(const json& text) {
    return parse_decimal(text.get<std::string>()).value();
}

void expect_books(const json& expected, const std::map<std::string, BookTicker>& books) {
    for (const auto& [symbol, book] : expected.items()) {
        ASSERT_TRUE(books.count(symbol) == 1) << symbol;
        const BookTicker& last = books.at(symbol);
        EXPECT_EQ(last.update_id, book["u"].get<std::int64_t>());
        EXPECT_EQ(last.bid.raw, raw(book["b"]));
        EXPECT_EQ(last.bid_quantity.raw, raw(book["B"]));
        EXPECT_EQ(last.ask.raw, raw(book["a"]));
        EXPECT_EQ(last.ask_quantity.raw, raw(book["A"]));
        EXPECT_EQ(last.exchange_time.milliseconds(), book["E"].get<std::int64_t>());
        EXPECT_EQ(last.trade_time.milliseconds(),
                  book["T"].is_null() ? 0 : book["T"].get<std::int64_t>());
    }
}

void expect_liquidations(const json& expected, const Feed& feed, const std::vector<Event>& seen) {
    ASSERT_EQ(seen.size(), expected.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const Liquidation& body = seen[i].liquidation;
        EXPECT_EQ(feed.symbols.name(seen[i].symbol), expected[i]["s"].get<std::string>());
        EXPECT_EQ(body.side, side_of(expected[i]["S"].get<std::string>()));
        EXPECT_EQ(body.quantity.raw, raw(expected[i]["q"]));
        EXPECT_EQ(body.price.raw, raw(expected[i]["p"]));
        EXPECT_EQ(body.average_price.raw, raw(expected[i]["ap"]));
        EXPECT_EQ(body.last_quantity.raw, raw(expected[i]["l"]));
        EXPECT_EQ(body.filled.raw, raw(expected[i]["z"]));
        EXPECT_EQ(body.trade_time.milliseconds(), expected[i]["T"].get<std::int64_t>());
    }
}

void expect_counts(const json& expected, const CodecCounters& counters, const Feed& feed) {
    EXPECT_EQ(counters.frames(), expected["messages"].get<std::uint64_t>());
    EXPECT_EQ(counters.malformed(), expected["parse_errors"].get<std::uint64_t>());
    for (std::size_t i = 0; i < message_kind_count; ++i) {
        const auto kind = static_cast<MessageKind>(i);
        const std::string word{name(kind)};
        const auto& by_event = expected["by_event"];
        EXPECT_EQ(counters.messages(kind),
                  by_event.contains(word) ? by_event[word].get<std::uint64_t>() : 0)
            << word;
    }
    for (std::size_t i = 0; i < feed.symbols.size(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        const std::string symbol{feed.symbols.name(id)};
        EXPECT_EQ(counters.messages(id), expected["by_symbol"][symbol].get<std::uint64_t>())
            << symbol;
    }
    EXPECT_EQ(counters.unlisted(), 0U);
}

struct Recording : testing::TestWithParam<const char*> {};

TEST_P(Recording, IsCountedAndReadExactly) {
    const std::string path = std::string{"market/"} + GetParam();
    const json expected = json::parse(support::read_testdata(path + ".expect.json"));
    std::vector<std::string> symbols;
    for (const auto& [symbol, count] : expected["by_symbol"].items()) symbols.push_back(symbol);
    Feed feed{symbols, symbols.size()};
    const Played played = play(feed, messages_of(path));
    expect_counts(expected, feed.codec.counters(), feed);
    expect_books(expected["last_bookTicker"], played.books);
    expect_liquidations(expected["liquidations"], feed, played.liquidations);
}

INSTANTIATE_TEST_SUITE_P(Market, Recording,
                         testing::Values("cryptofeed-binance_futures-2021-07-22.ws.txt",
                                         "live-frames.jsonl", "tardis-aster-messages.jsonl"),
                         [](const auto& chosen) {
                             std::string name{chosen.param};
                             for (char& c : name)
                                 if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                             return name;
                         });

/// Messages of one library's test file: a JSON document, or what follows a line's leading `=`.
std::vector<std::string> fixture_messages(const std::filesystem::path& file) {
    const std::string text = support::read_testdata("market/fixtures/" + file.string());
    if (file.extension() == ".json") return {text};
    std::vector<std::string> messages;
    std::istringstream in{text};
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("=")) {
            inside = true;
            const std::size_t first = line.find_first_of(" {[");
            messages.push_back(first == std::string::npos ? "" : line.substr(first));
        } else if (line.starts_with(">") || line.starts_with("<")) {
            inside = false;
        } else if (inside) {
            messages.back() += line + "\n";
        }
    }
    return messages;
}

TEST(Fixtures, OfOtherLibrariesAreAllUnderstood) {
    const auto root = support::testdata("market/fixtures");
    std::size_t seen = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        if (!entry.is_regular_file()) continue;
        const auto file = std::filesystem::relative(entry.path(), root);
        for (const std::string& message : fixture_messages(file)) {
            Feed feed{{"BTCUSDT", "ETHUSDT", "BNBUSDT", "DOGEUSDT"}, 4};
            const std::size_t events = feed.decode(message).size();
            EXPECT_EQ(feed.malformed(), 0U) << file << "\n" << message;
            const json parsed = json::parse(message);
            const std::string kind = parsed.value("data", parsed).value("e", "");
            if (kind == "ORDER_TRADE_UPDATE" || kind == "forceOrder" || kind == "bookTicker" ||
                kind == "markPriceUpdate" || kind == "ACCOUNT_CONFIG_UPDATE" ||
                kind == "MARGIN_CALL") {
                EXPECT_EQ(events, 1U) << file;
            }
            if (kind == "ACCOUNT_UPDATE") {
                EXPECT_EQ(events, 5U) << file;
            }
            ++seen;
        }
    }
    EXPECT_GE(seen, 30U);
}

}  // namespace
}  // namespace tranche::aster
