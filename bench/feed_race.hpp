// The same stream over two connections, in virtual time: who is first, and when the engine learns
// of it. Used by the bench, which prints it, and by a test, which asserts it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "core/clock.hpp"
#include "core/ring.hpp"
#include "net/event_sink.hpp"

namespace tranche::bench {

/// What delays the messages of one connection.
struct FeedDelay {
    Nanos way = milliseconds(1);      // nothing is faster
    Nanos noise = microseconds(200);  // mean of the exponential share every network has
    Nanos jitter{};                   // up to so much more, evenly
    unsigned stall_permille{};        // share of messages before which the connection stalls
    Nanos stall = milliseconds(20);   // for so long
};

struct FeedRace {
    std::size_t messages = 100'000;
    Nanos spacing = milliseconds(2);
    std::array<FeedDelay, 2> feeds;
    std::uint64_t seed = 1;
};

/// 99th percentiles of the way from exchange to engine, ns, and what was counted on the way.
struct FeedRaceResult {
    std::array<std::int64_t, 2> alone;  // if there were only this connection
    std::int64_t both{};
    std::size_t passed{};  // to the engine
    std::array<std::uint64_t, 2> wins;
    std::array<std::uint64_t, 2> copies;
};

inline std::int64_t percentile_99(std::vector<std::int64_t> values) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

/// A best price of one of ten symbols, or each fourth time a liquidation.
inline Event race_message(std::size_t number, Nanos sent, Nanos arrival) {
    Event event{};
    event.symbol = SymbolId{static_cast<std::uint16_t>(number % 10)};
    event.arrival_time = arrival;
    if (number % 4 == 0) {
        event.kind = EventKind::liquidation;
        event.liquidation.trade_time = sent;
        event.liquidation.quantity = Quantity{static_cast<std::int64_t>(number)};
    } else {
        event.kind = EventKind::book_ticker;
        event.book_ticker.update_id = static_cast<std::int64_t>(number);
        event.book_ticker.exchange_time = sent;
    }
    return event;
}

/// Each connection keeps its own order, as TCP does: what is late delays what comes after it.
inline FeedRaceResult run_feed_race(const FeedRace& race) {
    struct Arrival {
        Nanos time;
        std::size_t number;
        std::uint16_t connection;
    };
    std::mt19937_64 random{race.seed};
    std::vector<Arrival> arrivals;
    std::array<std::vector<std::int64_t>, 2> delays;
    const Nanos begin = seconds(1'000);
    const auto sent = [&](std::size_t number) {
        return begin + Nanos{race.spacing.count * static_cast<std::int64_t>(number)};
    };
    for (std::uint16_t connection = 0; connection < 2; ++connection) {
        const FeedDelay& feed = race.feeds[connection];
        std::exponential_distribution<> noise{1.0 / static_cast<double>(feed.noise.count)};
        std::uniform_int_distribution<std::int64_t> jitter{0, feed.jitter.count};
        Nanos last{};
        for (std::size_t number = 0; number < race.messages; ++number) {
            Nanos delay = feed.way + Nanos{static_cast<std::int64_t>(noise(random))};
            delay += Nanos{jitter(random)};
            if (random() % 1'000 < feed.stall_permille) delay += feed.stall;
            last = std::max(last, sent(number) + delay);
            arrivals.push_back({last, number, connection});
            delays[connection].push_back((last - sent(number)).count);
        }
    }
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const Arrival& a, const Arrival& b) { return a.time < b.time; });
    Ring<Event> events{2};
    EventSink sink{events, 10, 2};
    std::vector<std::int64_t> first;
    for (const Arrival& arrival : arrivals) {
        sink.from(arrival.connection);
        *sink.slot() = race_message(arrival.number, sent(arrival.number), arrival.time);
        sink.publish();
        if (events.front() == nullptr) continue;
        events.pop();
        first.push_back((arrival.time - sent(arrival.number)).count);
    }
    FeedRaceResult result{{percentile_99(delays[0]), percentile_99(delays[1])},
                          percentile_99(first),
                          first.size(),
                          {},
                          {}};
    for (std::size_t i = 0; i < 2; ++i) {
        result.wins[i] = sink.arbiter().counters(i).wins;
        result.copies[i] = sink.arbiter().counters(i).copies;
    }
    return result;
}

}  // namespace tranche::bench
