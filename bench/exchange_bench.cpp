// The simulated exchange in structs, as `tranche sim` runs it: what one generated market event and
// one order operation cost. 50 symbols in hedge mode, flat memory, everything warm.
#include <benchmark/benchmark.h>
#include <memory>
#include <string>
#include <variant>

#include "bench/report.hpp"
#include "tools/direct_exchange.hpp"

namespace tranche::bench {
namespace {

constexpr std::size_t symbol_count = 50;
constexpr Nanos start = seconds(1'795'000'000);

SymbolTable symbol_table() {
    std::vector<SymbolRules> rules;
    for (std::size_t at = 0; at < symbol_count; ++at) {
        SymbolRules made;
        made.name = "S" + std::to_string(at) + "USDT";
        made.trading = true;
        made.tick = made.min_price = Price{1'000'000};
        made.max_price = Price{Price::one * 100'000};
        made.step = made.min_quantity = made.market_step = made.market_min_quantity =
            Quantity{100'000};
        made.max_quantity = made.market_max_quantity = Quantity{Quantity::one * 10'000};
        made.min_notional = Notional{5 * Notional::one};
        made.multiplier_up = Ratio{105'000'000};
        made.multiplier_down = Ratio{95'000'000};
        made.max_orders = 200;
        made.max_conditional_orders = 10;
        rules.push_back(made);
    }
    return SymbolTable{std::move(rules), symbol_count};
}

/// An exchange with a generated market, two seconds old.
class Exchange {
public:
    Exchange() { run(2'000); }

    void run(std::int64_t milliseconds_more) {
        for (std::int64_t passed = 0; passed < milliseconds_more; passed += 25) {
            now += milliseconds(25);
            market.clear();
            direct.advance(now, market);
        }
    }
    Command order(std::size_t symbol, Side side, OrderType type) {
        Command command{};
        command.sequence = ++sequence;
        command.symbol = SymbolId{static_cast<std::uint16_t>(symbol)};
        command.kind = CommandKind::place;
        command.side = side;
        command.position_side = PositionSide::long_side;
        command.type = type;
        command.quantity = Quantity{Quantity::one};
        command.id.role = side == Side::buy ? Role::entry : Role::close;
        command.id.epoch = 7;
        command.id.generation = static_cast<std::uint32_t>(sequence);
        command.id.tranche = TrancheId{static_cast<std::uint32_t>(sequence >> 20)};
        return command;
    }
    /// A price so far from the market that nothing reaches it, in the order's own direction.
    Price away(std::size_t symbol, int percent) const {
        const auto& quote =
            venue.board.at(direct.to_venue(SymbolId{static_cast<std::uint16_t>(symbol)})).quote;
        const std::int64_t raw = quote.bid.raw / 100 * (100 + percent);
        return Price{raw - raw % 1'000'000};
    }

    std::uint64_t sequence{};
    Nanos now{start};
    SymbolTable symbols{symbol_table()};
    exchange::Venue venue{
        venue_rules(symbols, std::vector<exchange::MarketProfile>(
                                 symbol_count, exchange::MarketProfile{.price = 100,
                                                                       .volatility = 3e-4,
                                                                       .spread = 1e-4,
                                                                       .top_notional = 100'000,
                                                                       .liquidation_scale = 1})),
        exchange::VenueOptions{.seed = 7,
                               .balance = exchange::units(10'000'000),
                               .candles = false,
                               .history_limit = 1024},
        start.milliseconds()};
    DirectExchange direct{venue, symbols};
    std::vector<Event> market, user;
};

/// Ten stops and two limits a symbol that no price comes near.
void add_quiet_orders(Exchange& exchange) {
    for (std::size_t symbol = 0; symbol < symbol_count; ++symbol)
        for (int count = 0; count < 12; ++count) {
            const bool stop = count < 10;
            Command command =
                exchange.order(symbol, Side::buy, stop ? OrderType::stop_market : OrderType::limit);
            command.working_type =
                count % 2 == 0 ? WorkingType::mark_price : WorkingType::contract_price;
            command.stop_price = exchange.away(symbol, 50);
            command.price = exchange.away(symbol, -50);
            const Reply reply = exchange.direct.execute(command, exchange.now);
            check(reply.verdict == ReplyClass::accepted, "a quiet order is accepted");
        }
    exchange.direct.take_user_events(exchange.now, exchange.user);
    exchange.user.clear();
}

void market_event(benchmark::State& state) {
    Exchange exchange;
    add_quiet_orders(exchange);
    std::int64_t events = 0;
    for (auto _ : state) {
        exchange.now += milliseconds(25);
        exchange.market.clear();
        exchange.direct.advance(exchange.now, exchange.market);
        events += static_cast<std::int64_t>(exchange.market.size());
    }
    check(events > 0, "a market says something");
    state.counters["per event"] = benchmark::Counter(
        static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(market_event);

void quiet_mark(benchmark::State& state) {
    Exchange exchange;
    add_quiet_orders(exchange);
    exchange::SymbolIndex symbol = 0;
    for (auto _ : state) {
        const exchange::Mark mark = exchange.venue.board.at(symbol).mark;
        exchange.venue.observe(mark, exchange.now.milliseconds());
        symbol = (symbol + 1) % symbol_count;
    }
    check(exchange.venue.outbox.user.empty(), "nothing fires");
}
BENCHMARK(quiet_mark);

void place_and_cancel(benchmark::State& state) {
    Exchange exchange;
    add_quiet_orders(exchange);
    std::size_t symbol = 0;
    const std::uint64_t step = 2;
    std::uint64_t operations = 0;
    bool right = true;
    for (auto _ : state) {
        Command command = exchange.order(symbol, Side::buy, OrderType::limit);
        command.price = exchange.away(symbol, -20);
        const Reply placed = exchange.direct.execute(command, exchange.now);
        command.kind = CommandKind::cancel;
        const Reply canceled = exchange.direct.execute(command, exchange.now);
        exchange.user.clear();
        exchange.direct.take_user_events(exchange.now, exchange.user);
        right &= placed.verdict == ReplyClass::accepted &&
                 canceled.verdict == ReplyClass::accepted && exchange.user.size() == step;
        symbol = (symbol + 1) % symbol_count;
        operations += step;
    }
    check(right, "every order is placed and cancelled");
    state.counters["per operation"] = benchmark::Counter(
        static_cast<double>(operations), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(place_and_cancel);

void open_fill_and_close(benchmark::State& state) {
    Exchange exchange;
    add_quiet_orders(exchange);
    std::size_t symbol = 0;
    std::uint64_t operations = 0;
    bool right = true;
    for (auto _ : state) {
        for (const Side side : {Side::buy, Side::sell}) {
            const Reply reply = exchange.direct.execute(
                exchange.order(symbol, side, OrderType::market), exchange.now);
            right &= reply.verdict == ReplyClass::accepted;
        }
        exchange.user.clear();
        exchange.direct.take_user_events(exchange.now, exchange.user);
        right &= exchange.user.size() == 8;  // two orders, two fills with position and balance
        operations += 2;
        // The book is renewed, or the same touch would be eaten up.
        const exchange::Quote quote = exchange.venue.board.at(symbol).quote;
        exchange.venue.observe(quote, exchange.now.milliseconds());
        symbol = (symbol + 1) % symbol_count;
    }
    check(right, "every order is filled");
    state.counters["per operation"] = benchmark::Counter(
        static_cast<double>(operations), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(open_fill_and_close);

}  // namespace
}  // namespace tranche::bench

BENCHMARK_MAIN();
