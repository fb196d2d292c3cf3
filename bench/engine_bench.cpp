// One event through the engine, in random order over all symbols, five tranches live on both sides
// of each; one thread pinned to the last core. Ticks are timed in batches, because one costs less
// than reading the clock; what trades is timed one by one. Floor of the ticks in the same run: one
// cache line a symbol, loaded and compared, in the same order. Every event's outcome is checked.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <random>
#include <string_view>

#include "bench/engine_market.hpp"
#include "bench/report.hpp"
#include "core/clock.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t live_tranches = 5;  // a symbol and side

enum class Kind : std::uint8_t { ticks, books, liquidations, triggers, fills };
constexpr std::array<std::string_view, 5> kind_names{"ticks", "books", "liquidations", "triggers",
                                                     "fills"};

struct Options {
    std::optional<Kind> only;
    std::vector<std::size_t> symbols{10, 300, 1000};
    std::size_t turns{20'000};
};

/// The least that a tick needs of memory: its symbol's line.
class LineTable {
public:
    explicit LineTable(std::size_t count) : lines_(count) {}
    [[gnu::noinline]] bool reaches(SymbolId symbol, Price value) const {
        return value >= lines_[index(symbol)].trigger;
    }

private:
    struct alignas(cache_line) Line {
        Price trigger{INT64_MAX};
    };
    std::vector<Line> lines_;
};

class Bench {
public:
    Bench(std::size_t symbols, std::size_t turns, std::optional<Kind> only)
        : symbols_{symbols}, turns_{turns}, only_{only}, market_{symbols} {
        market_.populate(live_tranches);
        check(market_.state().totals.open_tranches == symbols * 2 * live_tranches,
              "every side holds its tranches");
    }

    void run() {
        if (!only_ || only_ <= Kind::books) ticks();
        if (!only_ || only_ == Kind::liquidations) small_liquidations();
        if (!only_ || only_ >= Kind::triggers) trades();
        if (!only_) bursts();
        if (only_) fmt::print("measured events: {}\n", measured_);
    }

private:
    void ticks();
    void small_liquidations();
    void trades();
    void bursts();
    std::int64_t burst(std::size_t turn, bool ahead);

    static constexpr std::size_t batch = 256;
    static constexpr std::size_t burst_size = 8;
    using Batch = std::vector<Event>;

    SymbolId any_symbol() { return SymbolId{static_cast<std::uint16_t>(random_() % symbols_)}; }
    std::string row(const std::string& what) const {
        return fmt::format("{:4} symbols: {}", symbols_, what);
    }
    template <class Make> Batch random_events(Make make) {
        Batch events;
        for (std::size_t i = 0; i < batch; ++i) events.push_back(make(any_symbol()));
        return events;
    }
    template <class One> std::int64_t per_event(const Batch& events, One one) const {
        const Nanos begin = clock_.now();
        for (const Event& event : events) one(event);
        // Tenths of a nanosecond, so that a share of one shows.
        return (clock_.now() - begin).count * 10 / static_cast<std::int64_t>(batch);
    }
    std::int64_t time(const Event& event, Kind kind) {
        if (only_ && only_ != kind) {
            market_.feed(event);
            return 0;
        }
        ++measured_;
        const Nanos begin = clock_.now();
        market_.measured(event);
        return (clock_.now() - begin).count;
    }
    /// Ticks that are timed go in without the detour that counting them needs.
    void tick(const Event& event, Kind kind) {
        if (only_ != kind) return market_.feed(event);
        ++measured_;
        market_.measured(event);
    }

    std::size_t symbols_;
    std::size_t turns_;
    std::optional<Kind> only_;
    std::uint64_t measured_{};
    Clock clock_;
    std::mt19937_64 random_{7};
    EngineMarket market_;
};

void Bench::ticks() {
    const LineTable table{symbols_};
    Samples marks{turns_}, books{turns_}, floor{turns_};
    for (std::size_t turn = 0; turn < turns_; ++turn) {
        market_.now += milliseconds(1);
        const Batch mark_events = random_events([&](SymbolId id) { return market_.mark(id); });
        const Batch book_events = random_events([&](SymbolId id) { return market_.book(id); });
        std::size_t reached = 0;
        floor.add(per_event(mark_events, [&](const Event& event) {
            reached += table.reaches(event.symbol, event.mark_price.mark) ? 1U : 0U;
        }));
        marks.add(per_event(mark_events, [&](const Event& event) { tick(event, Kind::ticks); }));
        books.add(per_event(book_events, [&](const Event& event) { tick(event, Kind::books); }));
        check(reached == 0 && market_.out().commands().empty() && market_.out().records().empty(),
              "a price that triggers nothing says nothing");
    }
    print_row(row("mark price, nothing triggered (0.1 ns)"), marks.percentiles());
    print_row(row("book ticker (0.1 ns)"), books.percentiles());
    print_row(row("  floor: one line a symbol (0.1 ns)"), floor.percentiles());
}

void Bench::small_liquidations() {
    Samples small{turns_}, nothing{turns_};
    market_.now += seconds(61);  // what opened the tranches has left the window
    for (std::size_t turn = 0; turn < turns_; ++turn) {
        market_.now += milliseconds(1);
        small.add(time(market_.liquidation(any_symbol(), {100}), Kind::liquidations));  // 0.05 USDT
        const auto records = market_.out().records();
        check(records.size() == 1 && market_.out().commands().empty() &&
                  records[0].liquidation.verdict == Verdict::below_threshold,
              fmt::format("a small liquidation is recorded as below its threshold; {} records, "
                          "verdict {}",
                          records.size(),
                          records.empty() ? -1 : static_cast<int>(records[0].liquidation.verdict)));
        market_.settle();
        const Nanos begin = clock_.now();
        nothing.add((clock_.now() - begin).count);
    }
    print_row(row("liquidation below its threshold"), small.percentiles());
    print_row(row("  the clock alone (in this and what follows)"), nothing.percentiles());
}

/// A cascade: eight symbols are liquidated at once, and every one of them triggers an entry. What
/// one event of it took.
std::int64_t Bench::burst(std::size_t turn, bool ahead) {
    market_.now += seconds(2);  // finished orders keep their slots for seconds
    const PositionSide side = turn % 2 == 0 ? PositionSide::long_side : PositionSide::short_side;
    const Price at = EngineMarket::losing(side, live_tranches);
    const auto first = static_cast<std::size_t>(any_symbol());
    // Far apart, so that no two share a line or are fetched with each other.
    const std::size_t step = std::max<std::size_t>(1, symbols_ / burst_size);
    std::vector<Event> events;
    for (std::size_t i = 0; i < burst_size; ++i) {
        const SymbolId symbol{static_cast<std::uint16_t>((first + i * step) % symbols_)};
        market_.feed(market_.mark(symbol, at));
        market_.feed(market_.book(symbol, at));
        events.push_back(market_.liquidation(symbol, {Quantity::one * 10}, closing_side(side), at));
    }
    market_.settle();
    const Nanos begin = clock_.now();
    market_.burst(events, ahead);
    const Nanos span = clock_.now() - begin;
    const std::vector<Command> entries = market_.sent();
    check(entries.size() == events.size(),
          fmt::format(
              "every liquidation of the burst sends an entry; {} of turn {}, verdict {}",
              entries.size(), turn,
              static_cast<int>(market_.state().symbols[index(events.back().symbol)].last_verdict)));
    market_.settle();
    market_.now += microseconds(100);
    for (const Command& entry : entries) {
        market_.feed(market_.fill(entry));
        market_.settle();
        market_.feed(market_.fill(market_.newest(Role::take_profit)));
        market_.settle();
    }
    market_.feed(market_.event(EventKind::timer, no_symbol));
    market_.settle();
    return span.count / static_cast<std::int64_t>(burst_size);
}

void Bench::bursts() {
    Samples alone{turns_}, ahead{turns_};
    for (std::size_t turn = 0; turn < turns_ / burst_size; ++turn) {
        alone.add(burst(turn, false));
        ahead.add(burst(turn, true));
    }
    print_row(row("entry in a burst of eight, nothing asked for ahead"), alone.percentiles());
    print_row(row("entry in a burst of eight, as the stage does it"), ahead.percentiles());
}

void Bench::trades() {
    Samples triggers{turns_}, fills{turns_};
    for (std::size_t turn = 0; turn < turns_; ++turn) {
        market_.now += milliseconds(50);  // finished orders keep their slots for seconds
        const SymbolId symbol = any_symbol();
        const PositionSide side =
            turn % 2 == 0 ? PositionSide::long_side : PositionSide::short_side;
        const Price at = EngineMarket::losing(side, live_tranches);
        market_.feed(market_.mark(symbol, at));
        market_.feed(market_.book(symbol, at));
        market_.settle();
        triggers.add(time(market_.liquidation(symbol, {Quantity::one * 10}, closing_side(side), at),
                          Kind::triggers));
        const auto entry = market_.out().commands();
        check(entry.size() == 1 && entry[0].id.role == Role::entry && entry[0].symbol == symbol &&
                  entry[0].position_side == side,
              fmt::format("turn {}: a large liquidation sends one entry; {} commands", turn,
                          entry.size()));
        market_.settle();
        market_.now += microseconds(100);
        fills.add(time(market_.fill(market_.newest(Role::entry)), Kind::fills));
        const auto exits = market_.out().commands();
        const auto sends = [&exits](Role role) {
            return std::count_if(exits.begin(), exits.end(), [role](const Command& command) {
                return command.kind == CommandKind::place && command.id.role == role;
            });
        };
        check(sends(Role::stop_loss) == 1 && sends(Role::take_profit) == 1,
              "a filled entry sends its stop and its take-profit");
        market_.settle();
        market_.now += microseconds(100);
        market_.feed(market_.fill(market_.newest(Role::take_profit)));
        market_.settle();
        market_.feed(market_.event(EventKind::timer, no_symbol));
        market_.settle();
    }
    check(market_.state().totals.tranches_closed == turns_, "every tranche was closed");
    print_row(row("liquidation that triggers an entry"), triggers.percentiles());
    print_row(row("fill that leads to protection"), fills.percentiles());
}

std::size_t number_of(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    check(error == std::errc{} && end == text.data() + text.size() && value > 0,
          fmt::format("\"{}\" is a number above 0", text));
    return value;
}

Kind kind_of(std::string_view text) {
    const auto* const at = std::find(kind_names.begin(), kind_names.end(), text);
    check(at != kind_names.end(),
          fmt::format("\"{}\" is one of {}", text, fmt::join(kind_names, ", ")));
    return static_cast<Kind>(at - kind_names.begin());
}

Options options_of(int argc, char** argv) {
    Options options;
    if (is_smoke(argc, argv)) options = {std::nullopt, {10, 300}, 200};
    for (int i = 1; i + 1 < argc; ++i) {
        const std::string_view flag{argv[i]};
        const std::string_view value{argv[i + 1]};
        if (flag == "--only") options.only = kind_of(value);
        if (flag == "--symbols") options.symbols = {number_of(value)};
        if (flag == "--turns") options.turns = number_of(value);
    }
    return options;
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    const Options options = options_of(argc, argv);
    pin_to_core(hot_core());
    print_head("engine: one event", "ns, or 0.1 ns where it says so");
    for (const std::size_t symbols : options.symbols)
        Bench{symbols, options.turns, options.only}.run();
    return 0;
}
