// Whatever the order in which the copies of two connections arrive: each event passes once, in the
// order of its source, and nothing old comes after something new.
#include "net/feed_arbiter.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace tranche {
namespace {

constexpr SymbolId first_symbol{0};

Event blank(EventKind kind, Nanos arrival, SymbolId symbol = first_symbol) {
    Event event{};
    event.kind = kind;
    event.symbol = symbol;
    event.arrival_time = arrival;
    return event;
}
Event book(std::int64_t id, Nanos exchange_time, Nanos arrival, SymbolId symbol = first_symbol) {
    Event event = blank(EventKind::book_ticker, arrival, symbol);
    event.book_ticker.update_id = id;
    event.book_ticker.exchange_time = exchange_time;
    return event;
}
Event mark(Nanos exchange_time, Nanos arrival, SymbolId symbol = first_symbol) {
    Event event = blank(EventKind::mark_price, arrival, symbol);
    event.mark_price.exchange_time = exchange_time;
    return event;
}
Event liquidation(std::int64_t number, Nanos arrival) {
    Event event = blank(EventKind::liquidation, arrival);
    event.liquidation.trade_time = milliseconds(1'000 + number);
    event.liquidation.quantity = Quantity{number + 1};
    event.liquidation.price = Price{5};
    return event;
}
Event fill(std::int64_t order, std::int64_t trade, std::int64_t filled, Nanos arrival) {
    Event event = blank(EventKind::order_update, arrival);
    OrderUpdate& body = event.order_update;
    body.order_id = order;
    body.trade_id = trade;
    body.filled = Quantity{filled};
    body.last_quantity = Quantity{1};
    body.trade_time = milliseconds(trade);
    body.execution = ExecutionType::trade;
    body.status = OrderStatus::partially_filled;
    return event;
}
Event position(Nanos exchange_time, std::int64_t amount, PositionLeg leg = PositionLeg::both) {
    Event event = blank(EventKind::position_update, exchange_time);
    event.position_update.exchange_time = exchange_time;
    event.position_update.amount = Quantity{amount};
    event.position_update.leg = leg;
    return event;
}
Event balance(Nanos exchange_time, std::int64_t wallet) {
    Event event = blank(EventKind::balance_update, exchange_time, no_symbol);
    event.balance_update.exchange_time = exchange_time;
    event.balance_update.wallet = Notional{wallet};
    return event;
}

TEST(FeedArbiter, TheFirstCopyWinsAndTheOthersAreMeasured) {
    FeedArbiter arbiter{1, 2};
    EXPECT_TRUE(arbiter.admit(book(7, seconds(1), nanoseconds(1'000)), 1));
    EXPECT_FALSE(arbiter.admit(book(7, seconds(1), nanoseconds(1'031)), 0));
    EXPECT_TRUE(arbiter.admit(liquidation(1, nanoseconds(2'000)), 0));
    EXPECT_FALSE(arbiter.admit(liquidation(1, nanoseconds(2'007)), 1));
    EXPECT_EQ(arbiter.counters(0).wins, 1U);
    EXPECT_EQ(arbiter.counters(1).wins, 1U);
    EXPECT_EQ(arbiter.counters(0).lag.percentiles().max, 31);
    EXPECT_EQ(arbiter.counters(1).lag.percentiles().max, 7);
}

TEST(FeedArbiter, ACopyFarBehindIsStillMeasuredAgainstItsOwnWinner) {
    FeedArbiter arbiter{1, 2};
    for (std::int64_t id = 1; id <= 8; ++id)
        EXPECT_TRUE(arbiter.admit(book(id, milliseconds(id), milliseconds(id)), 0));
    EXPECT_FALSE(arbiter.admit(book(2, milliseconds(2), milliseconds(22)), 1));
    EXPECT_EQ(arbiter.counters(1).lag.percentiles().max, milliseconds(20).count);
    EXPECT_EQ(arbiter.counters(1).copies, 1U);
}

TEST(FeedArbiter, AnOlderPriceNeverOverwritesANewerOneThoughNobodyHadBroughtIt) {
    FeedArbiter arbiter{2, 2};
    EXPECT_TRUE(arbiter.admit(book(9, milliseconds(90), milliseconds(90)), 0));
    EXPECT_FALSE(arbiter.admit(book(8, milliseconds(80), milliseconds(95)), 1));
    EXPECT_TRUE(arbiter.admit(mark(seconds(9), seconds(9)), 0));
    EXPECT_FALSE(arbiter.admit(mark(seconds(8), seconds(9)), 1));
    EXPECT_EQ(arbiter.counters(1).stale, 2U);
    EXPECT_TRUE(arbiter.admit(book(8, milliseconds(80), milliseconds(95), SymbolId{1}), 1))
        << "another symbol's numbers are its own";
}

TEST(FeedArbiter, WithoutATimeOnlyAConnectionThatCountsDownItselfStartsAnew) {
    FeedArbiter arbiter{1, 2};
    EXPECT_TRUE(arbiter.admit(book(900, {}, seconds(10)), 0));
    EXPECT_FALSE(arbiter.admit(book(899, {}, seconds(12)), 1)) << "two seconds behind";
    EXPECT_TRUE(arbiter.admit(book(1, {}, seconds(12)), 0)) << "in its own order";
    EXPECT_FALSE(arbiter.admit(book(1, {}, seconds(12)), 1));
    EXPECT_TRUE(arbiter.admit(book(0, {}, seconds(23)), 1)) << "the first one speaks no more";
}

TEST(FeedArbiter, LiquidationsThatDifferInAnythingArePassed) {
    FeedArbiter arbiter{1, 2};
    const Event base = liquidation(1, seconds(1));
    EXPECT_TRUE(arbiter.admit(base, 0));
    std::vector<Event> others(6, base);
    others[0].liquidation.trade_time += milliseconds(1);
    others[1].liquidation.side = Side::sell;
    others[2].liquidation.price.raw += 1;
    others[3].liquidation.quantity.raw += 1;
    others[4].liquidation.filled.raw += 1;
    others[5].symbol = SymbolId{7};
    ASSERT_NE(base.liquidation.side, Side::sell);
    for (const Event& other : others) EXPECT_TRUE(arbiter.admit(other, 1));
    Event pushed_later = base;
    pushed_later.liquidation.exchange_time += seconds(1);
    EXPECT_FALSE(arbiter.admit(pushed_later, 1)) << "the same forced order told once more";
}

TEST(FeedArbiter, AnAccountAsItWasBeforeIsNotPassedAndFillsOutOfOrderAre) {
    FeedArbiter arbiter{1, 2};
    EXPECT_TRUE(arbiter.admit(position(seconds(5), 7), 0));
    EXPECT_FALSE(arbiter.admit(position(seconds(4), 5), 1));
    EXPECT_TRUE(arbiter.admit(position(seconds(4), 5, PositionLeg::short_side), 1));
    EXPECT_TRUE(arbiter.admit(balance(seconds(5), 100), 0));
    EXPECT_FALSE(arbiter.admit(balance(seconds(4), 90), 1));
    EXPECT_TRUE(arbiter.admit(balance(seconds(5), 101), 1)) << "two in one millisecond";
    EXPECT_TRUE(arbiter.admit(fill(3, 12, 2, seconds(5)), 0));
    EXPECT_TRUE(arbiter.admit(fill(3, 11, 1, seconds(6)), 1)) << "no fill is ever lost";
    EXPECT_FALSE(arbiter.admit(fill(3, 12, 2, seconds(7)), 1));
}

TEST(FeedArbiter, NoticesOfTwoConnectionsAreOne) {
    FeedArbiter arbiter{1, 2};
    Event expired = blank(EventKind::account_notice, seconds(1), no_symbol);
    expired.account_notice.kind = AccountNoticeKind::listen_key_expired;
    expired.account_notice.exchange_time = seconds(1);
    EXPECT_TRUE(arbiter.admit(expired, 0));
    EXPECT_FALSE(arbiter.admit(expired, 1));
    expired.account_notice.exchange_time = seconds(2);
    EXPECT_TRUE(arbiter.admit(expired, 1)) << "the next key expires as well";
}

/// What one source sends: books and marks of three symbols, liquidations, fills, positions.
std::vector<Event> make_source(std::mt19937_64& random, int count) {
    std::vector<Event> source;
    for (int i = 0; i < count; ++i) {
        const Nanos time = milliseconds(1'000 + i);
        const SymbolId symbol{static_cast<std::uint16_t>(random() % 3)};
        switch (random() % 5) {
            case 0: source.push_back(book(100 + i, time, time, symbol)); break;
            case 1: source.push_back(mark(time, time, symbol)); break;
            case 2: source.push_back(liquidation(i, time)); break;
            case 3: source.push_back(fill(i % 7, i, i, time)); break;
            default: source.push_back(position(time, i)); break;
        }
        source.back().reserved[0] = static_cast<std::byte>(i & 0xff);
        source.back().reserved[1] = static_cast<std::byte>(i >> 8);
    }
    return source;
}
std::size_t number_of(const Event& event) {
    return std::to_integer<std::size_t>(event.reserved[0]) +
           256 * std::to_integer<std::size_t>(event.reserved[1]);
}
bool only_newest_counts(const Event& event) {
    return event.kind != EventKind::liquidation && event.kind != EventKind::order_update;
}

/// Each connection brings the source in order, with a share lost while it is cut; what arrives
/// first is drawn. `lost` is the share in percent.
void check_interleaving(std::uint64_t seed, unsigned lost) {
    std::mt19937_64 random{seed};
    const std::vector<Event> source = make_source(random, 400);
    FeedArbiter arbiter{3, 3};
    std::array<std::size_t, 3> next{};
    std::vector<int> passed(source.size());
    std::vector<bool> brought(source.size());
    std::map<std::pair<int, int>, std::size_t> newest;  // by kind and symbol
    while (std::any_of(next.begin(), next.end(), [&](auto n) { return n < source.size(); })) {
        const auto connection = static_cast<std::uint16_t>(random() % next.size());
        // In bursts, so that one gets far ahead of the others.
        for (std::uint64_t burst = random() % 40; burst > 0 && next[connection] < source.size();
             --burst) {
            const std::size_t number = next[connection]++;
            if (random() % 100 < lost) continue;
            brought[number] = true;
            const Event& event = source[number];
            if (!arbiter.admit(event, connection)) continue;
            ++passed[number];
            if (!only_newest_counts(event)) continue;
            std::size_t& last =
                newest[{static_cast<int>(event.kind), static_cast<int>(event.symbol)}];
            ASSERT_GE(number_of(event), last) << "an older copy after a newer one";
            last = number_of(event);
        }
    }
    for (std::size_t i = 0; i < source.size(); ++i) {
        ASSERT_LE(passed[i], 1) << "passed twice";
        // Where nothing is cut nothing may be missing; else a price may have been overtaken.
        if (lost > 0 && only_newest_counts(source[i])) continue;
        ASSERT_EQ(passed[i], brought[i] ? 1 : 0) << "lost";
    }
}

TEST(FeedArbiter, PassesEachEventOnceInOrderUnderAnyInterleaving) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        ASSERT_NO_FATAL_FAILURE(check_interleaving(seed, 0));
        ASSERT_NO_FATAL_FAILURE(check_interleaving(seed, 20));
    }
}

}  // namespace
}  // namespace tranche
