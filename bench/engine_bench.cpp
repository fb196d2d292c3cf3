// One event through the engine, 300 symbols in random order, one thread pinned to the last core:
// what `Engine::on` takes, from a warm code path and a table that does not fit the first cache.
// Floor in the same run: one cache line of such a table, loaded and compared. Every event's outcome
// is checked: verdict, number and role of the commands.
#include <algorithm>
#include <fmt/format.h>
#include <random>

#include "bench/engine_market.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t symbols = 300;

/// The least that one event needs of memory: its symbol's line. As far apart as the engine's.
class LineTable {
public:
    explicit LineTable(std::size_t count) : lines_(count) {
        for (std::size_t i = 0; i < count; ++i) lines_[i].threshold = static_cast<std::int64_t>(i);
    }
    bool reaches(SymbolId symbol, std::int64_t value) const {
        return value >= lines_[index(symbol)].threshold;
    }

private:
    struct alignas(cache_line) Line {
        std::int64_t threshold{};
        std::array<std::byte, sizeof(SymbolState)> rest{};
    };
    std::vector<Line> lines_;
};

class Bench {
public:
    explicit Bench(std::size_t turns) : turns_{turns} {}

    void quiet_events();
    void trading_events();

private:
    SymbolId any_symbol() { return SymbolId{static_cast<std::uint16_t>(random_() % symbols)}; }
    std::int64_t time(EngineMarket& market, const Event& event) const {
        const Nanos begin = clock_.now();
        market.feed(event);
        return (clock_.now() - begin).count;
    }

    Clock clock_;
    std::mt19937_64 random_{7};
    std::size_t turns_;
};

void Bench::quiet_events() {
    EngineMarket market{symbols};
    const LineTable table{symbols};
    Samples marks{turns_}, books{turns_}, small{turns_}, floor{turns_}, nothing{turns_};
    const Quantity tiny{10'000};  // 5 USDT
    for (std::size_t turn = 0; turn < turns_; ++turn) {
        market.now += milliseconds(1);
        marks.add(time(market, market.mark(any_symbol())));
        books.add(time(market, market.book(any_symbol())));
        check(market.out().commands().empty() && market.out().records().empty(),
              "a price that triggers nothing says nothing");
        small.add(time(market, market.liquidation(any_symbol(), tiny)));
        const auto records = market.out().records();
        check(records.size() == 1 && market.out().commands().empty() &&
                  records[0].liquidation.verdict == Verdict::below_threshold,
              "a small liquidation is recorded as below its threshold");
        market.settle();
        const SymbolId symbol = any_symbol();
        const Nanos begin = clock_.now();
        const bool reached = table.reaches(symbol, static_cast<std::int64_t>(index(symbol)));
        asm volatile("" : : "r"(reached));
        const Nanos middle = clock_.now();
        const Nanos end = clock_.now();
        check(reached, "a table line holds its threshold");
        floor.add((middle - begin).count);
        nothing.add((end - middle).count);
    }
    print_row("mark price that triggers nothing", marks.percentiles());
    print_row("book ticker", books.percentiles());
    print_row("liquidation below its threshold", small.percentiles());
    print_row("  floor: one line of the table", floor.percentiles());
    print_row("  the clock alone (in every row)", nothing.percentiles());
}

void Bench::trading_events() {
    EngineMarket market{symbols};
    Samples triggers{turns_}, fills{turns_};
    for (std::size_t turn = 0; turn < turns_; ++turn) {
        market.now += milliseconds(50);  // finished orders keep their slots for seconds
        const SymbolId symbol = any_symbol();
        market.feed(market.mark(symbol));
        market.feed(market.book(symbol));
        market.settle();
        triggers.add(time(market, market.liquidation(symbol, {Quantity::one * 10})));
        const auto entry = market.out().commands();
        int verdict = -1;
        for (const Record& record : market.out().records())
            if (record.kind == RecordKind::liquidation)
                verdict = static_cast<int>(record.liquidation.verdict);
        check(entry.size() == 1 && entry[0].id.role == Role::entry && entry[0].symbol == symbol &&
                  entry[0].side == Side::buy,
              fmt::format("turn {}: a large liquidation sends one entry on the other side; {} "
                          "commands, verdict {}",
                          turn, entry.size(), verdict));
        market.settle();
        market.now += microseconds(100);
        fills.add(time(market, market.fill(market.newest(Role::entry))));
        const auto exits = market.out().commands();
        const auto sends = [&exits](Role role) {
            return std::count_if(exits.begin(), exits.end(), [role](const Command& command) {
                return command.kind == CommandKind::place && command.id.role == role;
            });
        };
        check(sends(Role::stop_loss) == 1 && sends(Role::take_profit) == 1,
              "a filled entry sends its stop and its take-profit");
        market.settle();
        market.now += microseconds(100);
        market.feed(market.fill(market.newest(Role::take_profit)));
        market.settle();
        market.feed(market.event(EventKind::timer, no_symbol));
        market.settle();
    }
    check(market.state().totals.tranches_closed == turns_, "every tranche was closed");
    print_row("liquidation that triggers an entry", triggers.percentiles());
    print_row("fill that leads to protection", fills.percentiles());
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    const bool smoke = is_smoke(argc, argv);
    pin_to_core(hot_core());
    print_head(fmt::format("engine: one event, {} symbols", symbols));
    Bench{smoke ? std::size_t{2'000} : std::size_t{200'000}}.quiet_events();
    Bench{smoke ? std::size_t{500} : std::size_t{50'000}}.trading_events();
    return 0;
}
