#include "tools/direct_exchange.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>

namespace tranche {
namespace {

constexpr Nanos start = seconds(1'795'000'000);
constexpr SymbolId btc{0};
constexpr SymbolId eth{1};

Price price(std::string_view text) {
    return parse_as<Price>(text).value();
}
Quantity quantity(std::string_view text) {
    return parse_as<Quantity>(text).value();
}

SymbolRules rules(const char* name) {
    SymbolRules made;
    made.name = name;
    made.trading = true;
    made.tick = made.min_price = price("0.1");
    made.max_price = price("1000000");
    made.step = made.market_step = made.min_quantity = made.market_min_quantity = quantity("0.001");
    made.max_quantity = made.market_max_quantity = quantity("1000");
    made.min_notional = Notional{5 * Notional::one};
    made.multiplier_up = Ratio{105'000'000};
    made.multiplier_down = Ratio{95'000'000};
    made.max_orders = 20;
    made.max_conditional_orders = 2;
    return made;
}

/// Two symbols, one of them configured, prices from outside.
class DirectExchangeTest : public ::testing::Test {
protected:
    explicit DirectExchangeTest(bool hedge_mode = true, exchange::Behaviour behaviour = {})
        : venue{venue_rules(symbols),
                exchange::VenueOptions{
                    .hedge_mode = hedge_mode, .generate = false, .behaviour = behaviour},
                start.milliseconds()} {
        show(btc, "99999.9", "100000");
        show(eth, "2999.9", "3000");
    }

    void show(SymbolId symbol, const char* bid, const char* ask) {
        Event event{};
        event.arrival_time = now;
        event.symbol = symbol;
        event.kind = EventKind::book_ticker;
        event.book_ticker.update_id = ++update_id;
        event.book_ticker.bid = price(bid);
        event.book_ticker.ask = price(ask);
        event.book_ticker.bid_quantity = event.book_ticker.ask_quantity = quantity("5");
        direct.observe(event);
        event = Event{};
        event.arrival_time = now;
        event.symbol = symbol;
        event.kind = EventKind::mark_price;
        event.mark_price.mark = price(ask);
        direct.observe(event);
    }
    Command command(CommandKind kind, Role role) {
        Command made{};
        made.sequence = ++sequence;
        made.symbol = btc;
        made.kind = kind;
        made.id.role = role;
        made.id.epoch = 3;
        made.id.generation = static_cast<std::uint32_t>(sequence);
        made.side = role == Role::entry ? Side::buy : Side::sell;
        made.position_side = PositionSide::long_side;
        made.type = OrderType::market;
        made.quantity = quantity("0.01");
        return made;
    }
    Reply execute(const Command& made) { return direct.execute(made, now); }
    std::vector<Event> told() {
        std::vector<Event> events;
        direct.take_user_events(now, events);
        return events;
    }

    Nanos now{start};
    std::uint64_t sequence{};
    std::int64_t update_id{};
    SymbolTable symbols{{rules("BTCUSDT"), rules("ETHUSDT")}, 1};
    exchange::Venue venue;
    DirectExchange direct{venue, symbols};
};

class OneWayDirectExchangeTest : public DirectExchangeTest {
protected:
    OneWayDirectExchangeTest() : DirectExchangeTest{false} {}
};

class LateDirectExchangeTest : public DirectExchangeTest {
protected:
    LateDirectExchangeTest()
        : DirectExchangeTest{
              true, exchange::Behaviour{.appears_after_ms = 100, .position_lag_ms = 100}} {}
};

TEST_F(DirectExchangeTest, AnOrderIsAcknowledgedAndItsFillComesByTheUserStream) {
    const Command entry = command(CommandKind::place, Role::entry);
    const Reply reply = execute(entry);
    EXPECT_EQ(reply.verdict, ReplyClass::accepted);
    EXPECT_EQ(reply.status, OrderStatus::created);
    EXPECT_EQ(reply.sequence, entry.sequence);
    EXPECT_EQ(reply.id, entry.id);
    EXPECT_TRUE(reply.filled.zero());
    const auto events = told();
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[0].order_update.execution, ExecutionType::created);
    const OrderUpdate& fill = events[1].order_update;
    EXPECT_EQ(events[1].symbol, btc);
    EXPECT_EQ(fill.execution, ExecutionType::trade);
    EXPECT_EQ(fill.status, OrderStatus::filled);
    EXPECT_TRUE(fill.ours);
    EXPECT_EQ(fill.id, entry.id);
    EXPECT_EQ(fill.order_id, reply.order_id);
    EXPECT_EQ(fill.last_price, price("100000"));
    EXPECT_EQ(fill.filled, quantity("0.01"));
    EXPECT_EQ(fill.leg, PositionLeg::long_side);
    EXPECT_EQ(fill.commission, Notional{35'000'000});
    EXPECT_EQ(events[2].kind, EventKind::balance_update);
    EXPECT_EQ(events[3].kind, EventKind::position_update);
    EXPECT_EQ(events[3].position_update.amount, quantity("0.01"));
    EXPECT_TRUE(told().empty()) << "each event is told once";
}

TEST_F(DirectExchangeTest, RefusalsCarryTheVenuesCodeAndTheGatewaysClass) {
    Command far = command(CommandKind::place, Role::entry);
    far.type = OrderType::limit;
    far.price = price("100000.05");
    Reply reply = execute(far);
    EXPECT_EQ(reply.verdict, ReplyClass::rejected);
    EXPECT_EQ(reply.code, -4014);
    EXPECT_EQ(reply.http_status, 400);
    Command resting = command(CommandKind::place, Role::entry);
    resting.type = OrderType::limit;
    resting.price = price("99000");
    ASSERT_EQ(execute(resting).verdict, ReplyClass::accepted);
    reply = execute(resting);
    EXPECT_EQ(reply.code, -4116);
    EXPECT_EQ(reply.verdict, ReplyClass::unknown) << "an id that is taken proves the first alive";
    const Reply close = execute(command(CommandKind::place, Role::close));
    EXPECT_EQ(close.code, -2022) << "nothing to close";
}

TEST_F(DirectExchangeTest, CancelsAndQueriesNameOrdersByOurIdOrTheVenues) {
    Command entry = command(CommandKind::place, Role::entry);
    entry.type = OrderType::limit;
    entry.price = price("99000");
    const Reply placed = execute(entry);
    Command ask = command(CommandKind::query, Role::entry);
    EXPECT_EQ(execute(ask).code, -2013);
    ask.id = entry.id;
    EXPECT_EQ(execute(ask).status, OrderStatus::created);
    ask.id = {};
    ask.order_id = placed.order_id;
    EXPECT_EQ(execute(ask).order_id, placed.order_id);
    ask.symbol = eth;
    EXPECT_EQ(execute(ask).code, -2013) << "an order belongs to its symbol";
    ask.symbol = btc;
    ask.kind = CommandKind::cancel;
    EXPECT_EQ(execute(ask).status, OrderStatus::canceled);
    EXPECT_EQ(execute(ask).code, -2011);
    EXPECT_EQ(execute(ask).verdict, ReplyClass::rejected);
}

TEST_F(DirectExchangeTest, StopsFireByTheMarkAndCloseThePosition) {
    ASSERT_EQ(execute(command(CommandKind::place, Role::entry)).verdict, ReplyClass::accepted);
    Command stop = command(CommandKind::place, Role::stop_loss);
    stop.type = OrderType::stop_market;
    stop.stop_price = price("99000");
    stop.working_type = WorkingType::mark_price;
    ASSERT_EQ(execute(stop).verdict, ReplyClass::accepted);
    stop.id.generation += 1000;
    ASSERT_EQ(execute(stop).verdict, ReplyClass::accepted);
    stop.id.generation += 1000;
    EXPECT_EQ(execute(stop).code, -4045) << "the table's limit of conditional orders holds";
    told();
    show(btc, "98899.9", "98900");
    const auto events = told();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events[0].order_update.original_type, OrderType::stop_market);
    EXPECT_EQ(events[0].order_update.type, OrderType::market);
    EXPECT_TRUE(venue.account.flat());
    stop.id.generation += 1000;
    stop.stop_price = price("99500");
    EXPECT_EQ(execute(stop).code, -2021) << "it would trigger at once";
}

TEST_F(DirectExchangeTest, TheVenueKeepsTheFiltersOfTheTable) {
    const exchange::SymbolRules& listed = venue.rules.at(direct.to_venue(btc));
    EXPECT_EQ(listed.tick.raw, price("0.1").raw);
    EXPECT_EQ(listed.max_algo_orders, 2);
    EXPECT_EQ(listed.min_notional, exchange::units(5));
    SymbolRules off = rules("OFFUSDT");
    off.trading = false;
    off.max_orders = 0;
    const exchange::Rules other = venue_rules(SymbolTable{{off}, 1});
    EXPECT_FALSE(other.at(0).trading());
    EXPECT_EQ(other.at(0).max_orders, INT64_MAX) << "a part that is 0 is off";
}

TEST_F(DirectExchangeTest, ASnapshotIsWholeAndBelongsToItsGeneration) {
    ASSERT_EQ(execute(command(CommandKind::place, Role::entry)).verdict, ReplyClass::accepted);
    Command resting = command(CommandKind::place, Role::take_profit);
    resting.type = OrderType::limit;
    resting.price = price("101000");
    ASSERT_EQ(execute(resting).verdict, ReplyClass::accepted);
    std::vector<Event> events;
    direct.snapshot(9, now, events);
    ASSERT_EQ(events.size(), 6U) << "mark, two sides of one symbol, balance, order, mark";
    EXPECT_TRUE(events.front().snapshot_mark.begins);
    EXPECT_TRUE(events.front().snapshot_mark.hedge_mode);
    EXPECT_EQ(events[1].position_update.amount, quantity("0.01"));
    EXPECT_EQ(events[1].position_update.generation, 9U);
    EXPECT_EQ(events[1].position_update.leverage, 20);
    EXPECT_TRUE(events[2].position_update.amount.zero());
    EXPECT_TRUE(events[3].balance_update.has_available);
    EXPECT_EQ(events[4].open_order.id, resting.id);
    EXPECT_EQ(events[4].open_order.quantity, quantity("0.01"));
    EXPECT_EQ(events[4].open_order.generation, 9U);
    EXPECT_TRUE(events.back().snapshot_mark.complete);
}

TEST_F(DirectExchangeTest, ForeignOrdersAndForcedClosesAreToldAsSuch) {
    ASSERT_EQ(execute(command(CommandKind::place, Role::entry)).verdict, ReplyClass::accepted);
    told();
    const auto symbol = direct.to_venue(btc);
    venue.trade_by_hand(symbol, exchange::PositionSide::long_side, exchange::Side::buy,
                        {quantity("0.02").raw}, now.milliseconds());
    EXPECT_FALSE(told()[1].order_update.ours);
    venue.deleverage(symbol, exchange::PositionSide::long_side, {quantity("0.01").raw},
                     now.milliseconds());
    const OrderUpdate forced = told()[0].order_update;
    EXPECT_EQ(forced.forced, ForcedClose::deleveraging);
    EXPECT_EQ(forced.execution, ExecutionType::calculated);
    venue.liquidate(symbol, exchange::PositionSide::long_side, now.milliseconds());
    EXPECT_EQ(told()[0].order_update.forced, ForcedClose::liquidation);
    EXPECT_FALSE(venue.set_leverage(symbol, 3, now.milliseconds()));
    const auto events = told();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].account_notice.kind, AccountNoticeKind::leverage_changed);
    EXPECT_EQ(events[0].account_notice.leverage, 3);
    EXPECT_EQ(events[0].symbol, btc);
}

TEST_F(DirectExchangeTest, WhenTheModeIsChangedFromOutsideOrdersNoLongerFit) {
    EXPECT_FALSE(venue.set_hedge_mode(false, now.milliseconds()));
    const auto events = told();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].account_notice.kind, AccountNoticeKind::hedge_mode_changed);
    EXPECT_FALSE(events[1].account_notice.flag);
    EXPECT_EQ(execute(command(CommandKind::place, Role::entry)).code, -4061);
}

TEST_F(OneWayDirectExchangeTest, OrdersThatDoNotOpenReduceOnly) {
    ASSERT_EQ(execute(command(CommandKind::place, Role::entry)).verdict, ReplyClass::accepted);
    EXPECT_EQ(told()[1].order_update.leg, PositionLeg::both);
    Command close = command(CommandKind::place, Role::close);
    close.quantity = quantity("0.5");
    ASSERT_EQ(execute(close).verdict, ReplyClass::accepted);
    EXPECT_TRUE(venue.account.flat()) << "it never turns the position";
}

TEST_F(LateDirectExchangeTest, QueriesAndSnapshotsLagBehindWhatIs) {
    const Command entry = command(CommandKind::place, Role::entry);
    ASSERT_EQ(execute(entry).verdict, ReplyClass::accepted);
    Command ask = entry;
    ask.kind = CommandKind::query;
    EXPECT_EQ(execute(ask).code, -2013);
    const auto amount = [&] {
        std::vector<Event> events;
        direct.snapshot(1, now, events);
        return events[1].position_update.amount;
    };
    EXPECT_TRUE(amount().zero());
    now += milliseconds(100);
    EXPECT_EQ(execute(ask).status, OrderStatus::filled);
    EXPECT_EQ(amount(), quantity("0.01"));
}

TEST(DirectExchangeMarket, AGeneratedMarketIsToldAsEventsAndTheSameForTheSameSeed) {
    const SymbolTable symbols{{rules("BTCUSDT"), rules("ETHUSDT")}, 2};
    const exchange::MarketProfile profile{.price = 100'000,
                                          .volatility = 3e-4,
                                          .spread = 1e-5,
                                          .top_notional = 50'000,
                                          .liquidation_scale = 1};
    const auto play = [&](std::uint64_t seed) {
        exchange::Venue venue{venue_rules(symbols, {&profile, 1}),
                              exchange::VenueOptions{.seed = seed}, start.milliseconds()};
        DirectExchange direct{venue, symbols};
        std::vector<Event> events;
        for (int step = 1; step <= 400; ++step)
            direct.advance(start + milliseconds(25 * step), events);
        return events;
    };
    const auto events = play(7);
    std::array<int, 3> counts{};
    for (const Event& event : events) {
        ASSERT_EQ(event.symbol, btc) << "a symbol without profile has no market";
        ASSERT_LE(event.kind, EventKind::mark_price);
        ++counts[static_cast<std::size_t>(event.kind)];
        if (event.kind == EventKind::book_ticker) {
            ASSERT_LT(event.book_ticker.bid, event.book_ticker.ask);
        }
    }
    EXPECT_GT(counts[0], 3) << "liquidations";
    EXPECT_GT(counts[1], 50) << "book tickers";
    EXPECT_EQ(counts[2], 10) << "one mark a second";
    const auto again = play(7);
    ASSERT_EQ(again.size(), events.size());
    EXPECT_EQ(std::memcmp(again.data(), events.data(), events.size() * sizeof(Event)), 0);
    EXPECT_NE(play(8).size(), events.size());
}

TEST(VenueClientId, IsOursAndOnlyOursAndReadable) {
    ClientOrderId id;
    id.instance = 5;
    id.role = Role::stop_loss;
    id.epoch = 77;
    id.tranche = TrancheId{9};
    EXPECT_EQ(our_client_id(venue_client_id(id)), id);
    EXPECT_FALSE(our_client_id("web_1"));
    const ClientOrderIdText text = encode(id);
    EXPECT_EQ(readable(venue_client_id(id)), std::string(text.data(), text.size()));
    EXPECT_EQ(readable("adl_autoclose"), "adl_autoclose");
}

}  // namespace
}  // namespace tranche
