// Of the copies that redundant connections bring, the first one wins; none that is older than what
// won already passes. What names an event is the exchange's own: the update id of a best price, the
// event time of a mark price or a balance, trade time with side, price and quantity of a
// liquidation, order with execution, status, trade and time of an order's report.
// Source: exchange-protocol.md §2.1–2.3, §3.2.
//
// Cost: a best price or mark price looks at two lines of its symbol, everything else at one line of
// a table; a counter is one store. bench/feed_bench.cpp has the figures.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/histogram.hpp"
#include "core/messages.hpp"
#include "core/require.hpp"

namespace tranche {

/// What became of the events of one connection. Written by the arbiter, read by any thread.
struct alignas(cache_line) FeedCounters {
    std::atomic<std::uint64_t> wins{};    // events this connection brought first
    std::atomic<std::uint64_t> copies{};  // events another connection had brought before
    std::atomic<std::uint64_t> stale{};   // older than the newest, or its own for the second time
    Histogram lag;                        // ns a copy arrived after the one that won
};

/// Recognises what was seen before by a 64-bit mark. The oldest of a set makes room for the newest;
/// there are 1,024 sets of eight.
class SeenMarks {
public:
    /// Who brought a mark first, and when.
    struct First {
        Nanos arrival;
        std::uint16_t connection{};
    };

    SeenMarks() : sets_(set_count), firsts_(set_count * ways), next_(set_count) {}

    /// Null when the mark is new; it is known from now on.
    const First* find_or_keep(std::uint64_t mark, const First& first) {
        mark |= 1;  // 0 is an empty place
        const std::size_t at = (mark >> 32) & (set_count - 1);
        Set& set = sets_[at];
        for (std::size_t way = 0; way < ways; ++way)
            if (set[way] == mark) return &firsts_[at * ways + way];
        const std::size_t way = next_[at]++ % ways;
        set[way] = mark;
        firsts_[at * ways + way] = first;
        return nullptr;
    }

private:
    static constexpr std::size_t set_count = 1024;
    static constexpr std::size_t ways = 8;
    using Set = std::array<std::uint64_t, ways>;
    static_assert(sizeof(Set) == cache_line);

    std::vector<Set> sets_;
    std::vector<First> firsts_;
    std::vector<std::uint8_t> next_;  // way to use next, of each set
};

/// Decides, event by event, what goes on to the engine. One thread; allocates only when made.
class FeedArbiter {
public:
    /// `symbols`: how many ids, counted from 0, may have prices; `connections`: of receive.
    FeedArbiter(std::size_t symbols, std::size_t connections)
        : books_(symbols), marks_(symbols), positions_(symbols), feeds_(connections) {
        require(connections > 0, "events come from somewhere");
    }

    /// True when the event is news and is to go on. What admits an event remembers it: hand it on.
    bool admit(const Event& event, std::uint16_t connection) {
        require(connection < feeds_.size(), "an event comes from one of the connections");
        const SeenMarks::First from{event.arrival_time, connection};
        switch (event.kind) {
            case EventKind::book_ticker: return admit_book(event, from);
            case EventKind::mark_price: return admit_mark(event, from);
            case EventKind::liquidation: return admit_named(mark_of_liquidation(event), from);
            case EventKind::order_update: return admit_named(mark_of_order(event), from);
            case EventKind::balance_update: return admit_balance(event, from);
            case EventKind::position_update: return admit_position(event, from);
            case EventKind::account_notice: return admit_named(mark_of_notice(event), from);
            case EventKind::open_order:
            case EventKind::snapshot_mark:
            case EventKind::stream_change:
            case EventKind::reply:
            case EventKind::control:
            case EventKind::rules_update:
            case EventKind::timer: break;
        }
        return win(from);
    }

    /// Any thread.
    std::size_t connections() const { return feeds_.size(); }
    const FeedCounters& counters(std::size_t connection) const { return feeds_.at(connection); }

private:
    // An update id that runs backwards is an old copy, unless the exchange's clock says that it has
    // moved on by this much meanwhile: then the exchange has started to count anew, and dropping
    // for ever would leave the symbol without prices.
    static constexpr Nanos restart_gap = seconds(1);
    // Where the venue sends no time, a connection that counts down says so itself: its messages are
    // in order. Another one is believed when the symbol was silent for this long.
    static constexpr Nanos untimed_restart_gap = seconds(10);
    static constexpr Nanos mark_gap = seconds(10);

    /// The newest of one symbol, and the few before it: copies are compared with them.
    struct alignas(cache_line) Newest {
        static constexpr std::size_t depth = 8;
        struct Past {
            std::int64_t key{INT64_MIN};
            Nanos arrival;
        };
        std::int64_t key{INT64_MIN};
        Nanos time;  // of the exchange, or the arrival where it sends none
        std::uint16_t connection{};
        std::uint8_t next{};
        std::array<std::uint8_t, depth> connections{};
        alignas(cache_line) std::array<Past, depth> past;

        void keep(std::int64_t newest, Nanos exchange_time, const SeenMarks::First& from) {
            key = newest;
            time = exchange_time;
            connection = from.connection;
            past[next % depth] = {newest, from.arrival};
            connections[next % depth] = static_cast<std::uint8_t>(from.connection);
            ++next;
        }
    };
    struct LegTimes {
        std::array<Nanos, 3> newest;  // event time, by PositionLeg
    };

    bool admit_book(const Event& event, const SeenMarks::First& from) {
        const std::size_t symbol = index(event.symbol);
        if (symbol >= books_.size()) return win(from);
        Newest& newest = books_[symbol];
        const BookTicker& book = event.book_ticker;
        const bool timed = book.exchange_time.count != 0;
        const Nanos time = timed ? book.exchange_time : event.arrival_time;
        if (book.update_id <= newest.key) {
            const bool in_order = timed || from.connection == newest.connection;
            const Nanos gap = in_order ? restart_gap : untimed_restart_gap;
            if (time < newest.time + gap) return lose(newest, book.update_id, from);
        }
        newest.keep(book.update_id, time, from);
        return win(from);
    }
    bool admit_mark(const Event& event, const SeenMarks::First& from) {
        const std::size_t symbol = index(event.symbol);
        if (symbol >= marks_.size()) return win(from);
        Newest& newest = marks_[symbol];
        const Nanos time = event.mark_price.exchange_time;
        if (time <= newest.time && newest.time - time < mark_gap)
            return lose(newest, time.count, from);
        newest.keep(time.count, time, from);
        return win(from);
    }
    /// The wallet as it was before what is known already tells nothing.
    bool admit_balance(const Event& event, const SeenMarks::First& from) {
        const BalanceUpdate& body = event.balance_update;
        Nanos& newest = balances_[static_cast<std::size_t>(body.asset)];
        const bool old = body.asset == CommissionAsset::usdt && body.exchange_time < newest;
        if (!admit_named(mark_of_balance(event), from, old)) return false;
        newest = body.exchange_time;
        return true;
    }
    bool admit_position(const Event& event, const SeenMarks::First& from) {
        const std::size_t symbol = index(event.symbol);
        const PositionUpdate& body = event.position_update;
        const bool known = symbol < positions_.size();
        const auto leg = static_cast<std::size_t>(body.leg);
        const bool old = known && body.exchange_time < positions_[symbol].newest[leg];
        if (!admit_named(mark_of_position(event), from, old)) return false;
        if (known) positions_[symbol].newest[leg] = body.exchange_time;
        return true;
    }
    /// `old`: not to be passed on even when it is seen for the first time.
    bool admit_named(std::uint64_t mark, const SeenMarks::First& from, bool old = false) {
        if (const SeenMarks::First* first = seen_.find_or_keep(mark, from))
            return count_copy(first->arrival, first->connection, from);
        if (!old) return win(from);
        bump(feeds_[from.connection].stale);
        return false;
    }

    bool win(const SeenMarks::First& from) {
        bump(feeds_[from.connection].wins);
        return true;
    }
    bool lose(const Newest& newest, std::int64_t key, const SeenMarks::First& from) {
        for (std::size_t i = 0; i < Newest::depth; ++i)
            if (newest.past[i].key == key)
                return count_copy(newest.past[i].arrival, newest.connections[i], from);
        bump(feeds_[from.connection].stale);
        return false;
    }
    bool count_copy(Nanos arrival, std::uint16_t connection, const SeenMarks::First& from) {
        FeedCounters& feed = feeds_[from.connection];
        if (connection == from.connection) {
            bump(feed.stale);
            return false;
        }
        bump(feed.copies);
        feed.lag.add((from.arrival - arrival).count);
        return false;
    }
    // One writer, so a load and a store are enough.
    static void bump(std::atomic<std::uint64_t>& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    static std::uint64_t mark_of_liquidation(const Event& event);
    static std::uint64_t mark_of_order(const Event& event);
    static std::uint64_t mark_of_balance(const Event& event);
    static std::uint64_t mark_of_position(const Event& event);
    static std::uint64_t mark_of_notice(const Event& event);

    std::vector<Newest> books_;
    std::vector<Newest> marks_;
    std::vector<LegTimes> positions_;
    std::array<Nanos, 2> balances_{};  // event time of the newest, by CommissionAsset
    SeenMarks seen_;
    std::vector<FeedCounters> feeds_;
};

}  // namespace tranche
