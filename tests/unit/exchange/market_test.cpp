#include "tools/exchange/market.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/exchange/venue.hpp"

namespace tranche::exchange {
namespace {

constexpr std::int64_t start_ms = 1'795'000'000'000;

/// One line per event: equal texts mean equal markets.
std::string play(std::uint64_t seed, std::int64_t stride_ms) {
    Venue venue{Rules::standard(), {.seed = seed}, start_ms};
    std::string text;
    const auto everybody = [](std::string_view stream) {
        return stream == "!bookTicker" || stream == "!forceOrder@arr";
    };
    for (std::int64_t at = stride_ms; at <= 5000; at += stride_ms) {
        std::vector<StreamFrame> frames;
        venue.advance(start_ms + at, everybody, frames);
        for (const StreamFrame& frame : frames) text += frame.payload + '\n';
    }
    return text;
}

TEST(ExchangeMarket, TheSameSeedGivesTheSameBytes) {
    const std::string first = play(7, 25);
    EXPECT_GT(first.size(), 10'000U);
    EXPECT_EQ(first, play(7, 25));
    EXPECT_NE(first, play(8, 25));
}

TEST(ExchangeMarket, HowOftenItIsAskedDoesNotChangeWhatHappens) {
    const Rules rules = Rules::standard();
    Market often{rules, 3, start_ms};
    Market once{rules, 3, start_ms};
    std::vector<MarketEvent> a;
    std::vector<MarketEvent> b;
    for (std::int64_t at = 0; at <= 3000; at += 10) often.advance(start_ms + at, a);
    once.advance(start_ms + 3000, b);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t at = 0; at < a.size(); ++at) {
        ASSERT_EQ(a[at].index(), b[at].index());
        if (const Quote* quote = std::get_if<Quote>(&a[at])) {
            EXPECT_EQ(quote->bid, std::get<Quote>(b[at]).bid);
            EXPECT_EQ(quote->time_ms, std::get<Quote>(b[at]).time_ms);
        }
    }
}

TEST(ExchangeMarket, QuotesAreOnTheGridAndNeverCrossed) {
    const Rules rules = Rules::standard();
    Market market{rules, 11, start_ms};
    std::vector<MarketEvent> events;
    market.advance(start_ms + 120'000, events);
    std::int64_t update_id = 0;
    for (const MarketEvent& event : events) {
        const Quote* quote = std::get_if<Quote>(&event);
        if (quote == nullptr) continue;
        const SymbolRules& symbol = rules.at(quote->symbol);
        ASSERT_LT(quote->bid, quote->ask);
        ASSERT_EQ(quote->bid.raw % symbol.tick.raw, 0);
        ASSERT_EQ(quote->ask.raw % symbol.tick.raw, 0);
        ASSERT_EQ(quote->ask_quantity.raw % symbol.step.raw, 0);
        ASSERT_GT(quote->bid_quantity.raw, 0);
        ASSERT_GT(quote->update_id, update_id);
        update_id = quote->update_id;
    }
    EXPECT_GT(events.size(), 10'000U);
}

struct Minute {
    std::map<std::string, std::vector<double>> notionals;  // by symbol, on the wire
    std::int64_t published{};
};

Minute minute_of(std::uint64_t seed) {
    Venue venue{Rules::standard(), {.seed = seed}, start_ms};
    Minute minute;
    const auto wanted = [](std::string_view stream) { return stream == "!forceOrder@arr"; };
    for (std::int64_t at = 25; at <= 60'000; at += 25) {
        std::vector<StreamFrame> frames;
        venue.advance(start_ms + at, wanted, frames);
        for (const StreamFrame& frame : frames) {
            const auto order = nlohmann::json::parse(frame.payload)["o"];
            minute.notionals[order["s"]].push_back(std::stod(order["z"].get<std::string>()) *
                                                   std::stod(order["ap"].get<std::string>()));
        }
    }
    minute.published = venue.published().total;
    return minute;
}

TEST(ExchangeMarket, AMinuteShowsFiveHundredLiquidationsOnTenSymbolsOfAHeavyTail) {
    for (const std::uint64_t seed : {1U, 2U, 3U, 7U, 42U, 1234U}) {
        const Minute minute = minute_of(seed);
        EXPECT_GE(minute.notionals.size(), 10U) << "seed " << seed;
        EXPECT_GE(minute.published, 500) << "seed " << seed;
        std::vector<double> all;
        int above_10k = 0;
        for (const auto& [symbol, sizes] : minute.notionals) {
            double sum = 0;
            for (const double size : sizes) sum += size;
            above_10k += sum > 10'000 ? 1 : 0;
            all.insert(all.end(), sizes.begin(), sizes.end());
        }
        std::sort(all.begin(), all.end());
        EXPECT_GT(all[all.size() * 99 / 100], 20 * all[all.size() / 2]) << "seed " << seed;
        EXPECT_GE(above_10k, 4) << "seed " << seed;
    }
}

/// The bids of the first symbol while it is held in a regime for some seconds.
std::vector<double> bids_in(Regime regime, std::int64_t duration_ms, std::size_t* marks = nullptr) {
    const Rules rules = Rules::standard();
    Market market{rules, 21, start_ms};
    std::vector<MarketEvent> events;
    market.advance(start_ms + 1000, events);
    events.clear();
    market.force(0, regime, -1, duration_ms);
    market.advance(start_ms + 1000 + duration_ms - 100, events);
    std::vector<double> bids;
    for (const MarketEvent& event : events) {
        const Quote* quote = std::get_if<Quote>(&event);
        if (quote != nullptr && quote->symbol == 0)
            bids.push_back(static_cast<double>(quote->bid.raw) / Amount::one);
        const Mark* mark = std::get_if<Mark>(&event);
        if (marks != nullptr && mark != nullptr && mark->symbol == 0) ++*marks;
    }
    return bids;
}

TEST(ExchangeMarket, ADeadMarketShowsMarksOnly) {
    std::size_t marks = 0;
    EXPECT_TRUE(bids_in(Regime::dead, 10'000, &marks).empty());
    EXPECT_GE(marks, 9U);
}

TEST(ExchangeMarket, APlungeJumpsByPercentsBetweenTwoQuotes) {
    const double before = Rules::standard().at(0).market.price;
    const auto bids = bids_in(Regime::plunge, 3000);
    ASSERT_FALSE(bids.empty());
    EXPECT_LT(bids.front(), before * 0.985);
    EXPECT_GT(bids.front(), before * 0.90);
}

TEST(ExchangeMarket, AFlashCrashComesBack) {
    const double before = Rules::standard().at(0).market.price;
    const auto bids = bids_in(Regime::flash, 9000);
    ASSERT_GT(bids.size(), 20U);
    const double lowest = *std::min_element(bids.begin(), bids.end());
    EXPECT_LT(lowest, before * 0.96);
    EXPECT_GT(bids.back(), lowest + (before - lowest) * 0.6);
}

TEST(ExchangeMarket, OnlyAWildMarketEntersThoseRegimesByItself) {
    const Rules rules = Rules::standard();
    for (const bool wild : {false, true}) {
        Market market{rules, 4, start_ms, {.wild = wild}};
        std::vector<MarketEvent> events;
        std::set<Regime> seen;
        for (std::int64_t second = 1; second <= 600; ++second) {
            market.advance(start_ms + 1000 * second, events);
            events.clear();
            for (SymbolIndex symbol = 0; symbol < rules.size(); ++symbol)
                seen.insert(market.regime(symbol));
        }
        for (const Regime regime : {Regime::dead, Regime::plunge, Regime::flash})
            EXPECT_EQ(seen.contains(regime), wild) << static_cast<int>(regime);
    }
}

TEST(ExchangeVenue, HasFlatMemoryAndTheSameMarketWhenHistoryIsLimited) {
    Venue all{Rules::standard(), {.seed = 5}, start_ms};
    Venue limited{Rules::standard(), {.seed = 5, .candles = false, .history_limit = 1}, start_ms};
    std::vector<MarketEvent> a;
    std::vector<MarketEvent> b;
    for (std::int64_t at = 25; at <= 5000; at += 25) {
        all.advance(start_ms + at, a);
        limited.advance(start_ms + at, b);
        for (int count = 0; count < 50; ++count)
            ASSERT_TRUE(std::holds_alternative<OrderId>(limited.trade_by_hand(
                0, PositionSide::long_side, count % 2 == 0 ? Side::buy : Side::sell,
                amount("0.001").value_or(Amount{}), start_ms + at)));
        limited.outbox.user.clear();
    }
    EXPECT_EQ(a.size(), b.size());
    EXPECT_GT(limited.matching.store().created(), 9'000);
    EXPECT_LE(limited.matching.orders().size(), OrderStore::least_kept);
    EXPECT_LE(limited.account.fills().size(), 2U);
    EXPECT_EQ(limited.account.fill_count(), limited.matching.store().created());
}

TEST(ExchangeMarket, TheShippedSymbolsAreListed) {
    const Rules rules = Rules::standard();
    for (const char* name :
         {"ASTERUSDT", "AVNTUSDT", "BTCUSDT", "ETHUSDT", "FARTCOINUSDT", "HEMIUSDT", "HYPEUSDT",
          "PUMPUSDT", "SOLUSDT", "WLFIUSDT", "XRPUSDT", "BNBUSDT", "DOGEUSDT"})
        EXPECT_TRUE(rules.find(name)) << name;
}

TEST(ForceOrderPublisher, KeepsTheNewestOfEachSymbolAndSecond) {
    ForceOrderPublisher publisher{2};
    std::vector<Liquidation> out;
    publisher.flush(10'900, out);
    Liquidation liquidation{};
    liquidation.quantity = units(1);
    publisher.add(liquidation);
    liquidation.quantity = units(2);
    publisher.add(liquidation);
    liquidation.symbol = 1;
    publisher.add(liquidation);
    publisher.flush(10'999, out);
    EXPECT_TRUE(out.empty()) << "the second has not ended";
    publisher.flush(11'000, out);
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(out[0].quantity, units(2)) << "the first was overwritten";
    publisher.flush(12'000, out);
    EXPECT_EQ(out.size(), 2U) << "nothing held, nothing said";
}

TEST(ForceOrderPublisher, NoSymbolIsOnTheWireTwiceInASecond) {
    Venue venue{Rules::standard(), {.seed = 5}, start_ms};
    std::set<std::pair<std::string, std::int64_t>> seen;
    const auto wanted = [](std::string_view stream) { return stream == "!forceOrder@arr"; };
    for (std::int64_t at = 25; at <= 30'000; at += 25) {
        std::vector<StreamFrame> frames;
        venue.advance(start_ms + at, wanted, frames);
        for (const StreamFrame& frame : frames) {
            const auto event = nlohmann::json::parse(frame.payload);
            const std::int64_t second = event["E"].get<std::int64_t>() / 1000;
            EXPECT_TRUE(seen.emplace(event["o"]["s"], second).second) << frame.payload;
        }
    }
    EXPECT_GT(seen.size(), 100U);
}

TEST(ExchangeVenue, APausedMarketStandsStill) {
    Venue venue{Rules::standard(), {.seed = 5}, start_ms};
    const auto all = [](std::string_view stream) { return stream == "!bookTicker"; };
    std::vector<StreamFrame> frames;
    venue.pause(true);
    venue.advance(start_ms + 5000, all, frames);
    EXPECT_TRUE(frames.empty());
    venue.pause(false);
    venue.advance(start_ms + 5500, all, frames);
    EXPECT_FALSE(frames.empty());
    EXPECT_LT(frames.size(), 200U) << "the pause is not made up for";
}

TEST(ListenKey, LivesAnHourFromItsLastExtension) {
    ListenKey listen{1};
    const std::string key = listen.create(0);
    EXPECT_EQ(key.size(), 64U);
    EXPECT_EQ(listen.create(1'800'000), key);
    std::string expired;
    EXPECT_FALSE(listen.expire(5'399'999, expired));
    EXPECT_TRUE(listen.expire(5'400'000, expired));
    EXPECT_EQ(expired, key);
    EXPECT_FALSE(listen.extend(5'400'001));
    EXPECT_NE(listen.create(5'400'002), key);
}

}  // namespace
}  // namespace tranche::exchange
