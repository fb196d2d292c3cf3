// Feed arbitration: what two connections are worth in arrival time (virtual time, exact), and what
// telling copies apart costs (real time, one thread pinned to the last core).
#include <array>
#include <fmt/format.h>

#include "bench/feed_race.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t symbols = 300;
constexpr std::size_t block = 512;

void race(const char* name, const FeedRace& wanted) {
    const FeedRaceResult result = run_feed_race(wanted);
    check(result.passed == wanted.messages, "each message passes once");
    const std::int64_t better = std::min(result.alone[0], result.alone[1]);
    fmt::print("{:<46} {:>9.3f} {:>9.3f} {:>9.3f} {:>12.3f} {:>9} {:>9}\n", name,
               static_cast<double>(result.alone[0]) / 1e6,
               static_cast<double>(result.alone[1]) / 1e6, static_cast<double>(result.both) / 1e6,
               static_cast<double>(result.both) / static_cast<double>(better), result.wins[0],
               result.wins[1]);
    check(result.both * 100 <= better * 105, "p99 of both is that of the better one within 5 %");
}

void race_all(std::size_t messages) {
    fmt::print("\narrival, ms: p99 of the way to the engine, {} messages, one each 2 ms\n",
               messages);
    fmt::print("{:<46} {:>9} {:>9} {:>9} {:>12} {:>9} {:>9}\n", "", "feed 1", "feed 2", "both",
               "÷ better", "wins 1", "wins 2");
    FeedRace wanted;
    wanted.messages = messages;
    race("alike", wanted);
    wanted.feeds[1].jitter = milliseconds(20);
    race("20 ms jitter on feed 2", wanted);
    wanted.feeds[0].jitter = milliseconds(20);
    race("20 ms jitter on both", wanted);
    wanted.feeds = {};
    wanted.feeds[0].stall_permille = wanted.feeds[1].stall_permille = 20;
    race("each stalls for 20 ms before 2 % of messages", wanted);
}

Event message(EventKind kind, std::size_t number) {
    const auto value = static_cast<std::int64_t>(number + 1);
    Event event{};
    event.kind = kind;
    event.symbol = SymbolId{static_cast<std::uint16_t>(number * 7 % symbols)};
    event.arrival_time = microseconds(value);
    if (kind == EventKind::book_ticker) {
        event.book_ticker.update_id = value;
        event.book_ticker.exchange_time = microseconds(value);
    } else if (kind == EventKind::mark_price) {
        event.mark_price.exchange_time = microseconds(value);
    } else if (kind == EventKind::liquidation) {
        event.liquidation.trade_time = microseconds(value);
    } else {
        event.order_update.order_id = value;
    }
    return event;
}

/// One block of messages: through the ring alone, then through the sink, then as copies of another
/// connection. Messages are made before the clock starts.
struct Costs {
    Samples ring;
    Samples first;
    Samples copy;
    explicit Costs(std::size_t blocks) : ring{blocks}, first{blocks}, copy{blocks} {}
};

void drain(Ring<Event>& events, std::size_t wanted) {
    std::size_t taken = 0;
    for (; events.front() != nullptr; events.pop()) ++taken;
    check(taken == wanted, "each message passes once");
}

void measure(const char* name, EventKind kind, std::size_t blocks, const Clock& clock) {
    Ring<Event> events{2 * block};
    EventSink sink{events, symbols, 2};
    Costs costs{blocks};
    std::vector<Event> messages(block, Event{});
    const auto tenths = [](Nanos span) {
        return span.count * 10 / static_cast<std::int64_t>(block);
    };
    for (std::size_t turn = 0; turn < blocks; ++turn) {
        for (std::size_t i = 0; i < block; ++i) messages[i] = message(kind, turn * block + i);
        const Nanos a = clock.now();
        for (const Event& one : messages) {
            *events.slot() = one;
            events.publish();
        }
        const Nanos b = clock.now();
        drain(events, block);
        const Nanos c = clock.now();
        for (const Event& one : messages) {
            sink.from(0);
            *sink.slot() = one;
            sink.publish();
        }
        const Nanos d = clock.now();
        drain(events, block);
        const Nanos e = clock.now();
        for (const Event& one : messages) {
            sink.from(1);
            *sink.slot() = one;
            sink.publish();
        }
        const Nanos f = clock.now();
        drain(events, 0);
        costs.ring.add(tenths(b - a));
        costs.first.add(tenths(d - c));
        costs.copy.add(tenths(f - e));
    }
    print_row(fmt::format("{}: first copy", name), costs.first.percentiles());
    print_row("  second copy", costs.copy.percentiles());
    print_row("  floor: the ring alone", costs.ring.percentiles());
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche;
    const bool smoke = bench::is_smoke(argc, argv);
    bench::race_all(smoke ? 20'000 : 500'000);
    bench::pin_to_core(bench::hot_core());
    const Clock clock;
    bench::print_head("arbitration: Event → EventSink → Ring<Event>, means of 512", "0.1 ns");
    const std::size_t blocks = smoke ? 50 : 5'000;
    bench::measure("bookTicker", EventKind::book_ticker, blocks, clock);
    bench::measure("markPrice", EventKind::mark_price, blocks, clock);
    bench::measure("forceOrder", EventKind::liquidation, blocks, clock);
    bench::measure("ORDER_TRADE_UPDATE", EventKind::order_update, blocks, clock);
    return 0;
}
