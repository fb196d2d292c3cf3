// No quantity without a stop: retries, replacement, limits, instant close, what the exchange
// refuses.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

void open_position(World& world, Price where = at) {
    ASSERT_EQ(world.trigger(btc, Side::sell, where), Verdict::entered);
    world.fill(world.only(btc, Role::entry).placed.id, where);
}

/// Does `answer` to every order of the role, as long as it is asked.
std::function<Treatment(const Command&)> for_role(Role role, Treatment treatment) {
    return [=](const Command& command) {
        return command.id.role == role && command.kind == CommandKind::place ? treatment
                                                                             : Treatment{};
    };
}

TEST(Protection, LeavesInTheSameEventAsTheFill) {
    World world;
    world.deliver_at_once = false;
    world.trigger(btc, Side::sell, at);
    world.deliver_at_once = true;
    world.pump();
    const Nanos before = world.now;
    world.fill(world.only(btc, Role::entry).placed.id, at);
    EXPECT_EQ(world.now, before);
    EXPECT_EQ(world.unsettled(), "");
    const Command stop = world.only(btc, Role::stop_loss).placed;
    EXPECT_EQ(stop.type, OrderType::stop_market);
    EXPECT_EQ(stop.lane, Lane::protective);
    const Command backstop = world.only(btc, Role::backstop).placed;
    EXPECT_LT(stop.sequence, backstop.sequence) << "stop first";
    EXPECT_LT(backstop.sequence, world.only(btc, Role::take_profit).placed.sequence);
}

TEST(Protection, CarriesWorkingTypeAndPriceProtectOfTheSymbol) {
    Options with = options();
    with.settings.symbols[0].working_type = WorkingType::mark_price;
    with.settings.symbols[0].price_protect = true;
    World world{with};
    open_position(world);
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.working_type, WorkingType::mark_price);
    EXPECT_TRUE(world.only(btc, Role::stop_loss).placed.price_protect);
    EXPECT_FALSE(world.only(btc, Role::take_profit).placed.price_protect);
}

TEST(Protection, KeepsOnlyTheExitsThatAreEnabled) {
    Options with = options();
    with.settings.symbols[0].take_profit_enabled = false;
    with.settings.symbols[1].stop_loss_enabled = false;
    World world{with};
    open_position(world);
    world.trigger(eth, Side::sell, price("3000"));
    world.fill(world.only(eth, Role::entry).placed.id, price("3000"));
    world.pass(seconds(1));
    EXPECT_EQ(world.open(btc, Role::take_profit).size(), 0U);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.open(eth, Role::take_profit).size(), 1U);
    EXPECT_EQ(world.open(eth, Role::stop_loss).size(), 0U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].state, TrancheState::protected_);
    EXPECT_EQ(world.tranches(eth, long_side)[0].state, TrancheState::protected_);
}

TEST(Protection, IsAConditionalTakeProfitWhenThePositionMonitorIsOff) {
    Options with = options();
    with.settings.protection.take_profit_is_limit = false;
    World world{with};
    open_position(world);
    const Command placed = world.only(btc, Role::take_profit).placed;
    EXPECT_EQ(placed.type, OrderType::take_profit_market);
    EXPECT_EQ(placed.stop_price, price("50500"));
    EXPECT_EQ(placed.price, Price{});
}

TEST(Protection, ThatIsRefusedIsTriedAgainEverMoreSlowlyAndAlarms) {
    World world;
    world.treat = for_role(Role::stop_loss, {Answer::reject, -1000});
    open_position(world);
    world.pass(seconds(1));
    const std::size_t first_second = world.sent(CommandKind::place, Role::stop_loss);
    EXPECT_GE(first_second, 4U) << "at once, 100 ms, 300 ms, 1 s";
    EXPECT_LE(first_second, 6U);
    world.pass(seconds(30));
    EXPECT_LE(world.sent(CommandKind::place, Role::stop_loss), first_second + 8);
    EXPECT_EQ(world.alarms(AlarmKind::unprotected_too_long), 1U);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::side_blocked);
    EXPECT_EQ(world.tranches(btc, long_side)[0].state, TrancheState::protecting);
    world.treat = nullptr;
    world.pass(seconds(6));
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(Protection, StartsItsLadderAnewAfterAQuietTime) {
    World world;
    world.treat = for_role(Role::stop_loss, {Answer::reject, -1000});
    open_position(world);
    world.pass(seconds(20));
    world.treat = nullptr;
    world.pass(seconds(60));
    world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::expired);
    world.pass(milliseconds(10));
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
}

TEST(Protection, ThatTheExchangeEndedIsPlacedAgain) {
    World world;
    open_position(world);
    for (const OrderStatus how : {OrderStatus::expired, OrderStatus::canceled})
        for (const Role role : {Role::stop_loss, Role::take_profit, Role::backstop}) {
            world.end(world.only(btc, role).placed.id, how);
            world.pass(seconds(2));
            EXPECT_EQ(world.unsettled(), "");
        }
}

TEST(Protection, ABackstopThatWasRefusedIsTriedAgainByItself) {
    World world;
    world.treat = for_role(Role::backstop, {Answer::reject, -4509});
    open_position(world);
    world.pass(seconds(5));
    const std::size_t tries = world.sent(CommandKind::place, Role::backstop);
    EXPECT_GE(tries, 3U);
    EXPECT_LE(tries, 8U);
    world.treat = nullptr;
    world.pass(seconds(2));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Protection, ABackstopThatCannotGoBeyondTheWorstStopIsLeftWhereItIs) {
    World world;
    open_position(world);
    Event event{};
    event.kind = EventKind::position_update;
    event.symbol = btc;
    event.position_update.exchange_time = world.now;
    event.position_update.amount = quantity("0.02");
    event.position_update.entry_price = at;
    event.position_update.leg = PositionLeg::long_side;
    event.position_update.liquidation_price = price("45000");  // above the stop at 40 000
    world.send(event);
    world.end(world.only(btc, Role::backstop).placed.id, OrderStatus::canceled);
    world.pass(seconds(10));
    EXPECT_EQ(world.only(btc, Role::backstop).placed.stop_price, price("45045"));
    EXPECT_EQ(world.sent(CommandKind::place, Role::backstop), 3U) << "moved once, put back once";
}

TEST(Protection, OfAStopThatIsAlreadyBreachedIsAMarketClose) {
    World world;
    world.treat = for_role(Role::stop_loss, {Answer::reject, -2021});
    open_position(world);
    world.pass(milliseconds(50));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.records_of(RecordKind::tranche).back().tranche.close_reason,
              CloseReason::stop_loss);
    EXPECT_EQ(world.sent(CommandKind::place, Role::stop_loss), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Protection, PlacesTheNewStopBeforeItCancelsTheOld) {
    World world;
    world.trigger(btc, Side::sell, at);
    const ClientOrderId id = world.only(btc, Role::entry).placed.id;
    world.fill(id, at, quantity("0.01"));
    world.pass(seconds(1));
    world.treat = for_role(Role::stop_loss, {Answer::hold});
    world.fill(id, at, quantity("0.01"));
    world.pass(seconds(1));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.quantity, quantity("0.01"));
    world.release();
    world.pass(seconds(1));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Protection, KeepsTheOldStopWhenTheNewOneIsRefused) {
    World world;
    world.trigger(btc, Side::sell, at);
    const ClientOrderId id = world.only(btc, Role::entry).placed.id;
    world.fill(id, at, quantity("0.01"));
    world.pass(seconds(1));
    world.treat = for_role(Role::stop_loss, {Answer::reject, -1000});
    world.fill(id, at, quantity("0.01"));
    world.pass(seconds(3));
    EXPECT_EQ(world.only(btc, Role::stop_loss).placed.quantity, quantity("0.01"));
    world.treat = nullptr;
    world.pass(seconds(6));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Protection, ReplacesAStopAtMostFiveTimesASecondWhileFillsTrickleIn) {
    World world;
    world.trigger(btc, Side::sell, at);
    const ClientOrderId id = world.only(btc, Role::entry).placed.id;
    for (int i = 0; i < 20; ++i) {
        world.fill(id, at, quantity("0.001"));
        world.pass(milliseconds(50));
    }
    EXPECT_LE(world.sent(CommandKind::place, Role::stop_loss), 7U);
    world.pass(seconds(1));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(Protection, OfAStopWithoutVerdictAndNoBackstopIsDoubledAndTheLoserCancelled) {
    Options with = options();
    with.settings.protection.backstop = false;
    World world{with};
    world.treat = for_role(Role::stop_loss, {Answer::never_came});
    open_position(world);
    world.treat = nullptr;
    world.pass(seconds(2));
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    world.pass(seconds(20));
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- the exchange's limit

Options tight(std::uint16_t limit) {
    Options with = options();
    with.rules[0].max_conditional_orders = limit;
    with.settings.symbols[0].stop_loss = ratio("0.5");
    return with;
}

TEST(ConditionalLimit, RefusesTheEntryWhoseStopWouldFindNoRoom) {
    Options with = tight(4);  // stop and backstop of either side
    with.settings.tranche.on_max = OnMaxTranches::reject;
    World world{with};
    open_position(world);
    ASSERT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered);
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(1));
    EXPECT_EQ(world.trigger(btc, Side::sell, price("45000")), Verdict::conditional_limit);
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ConditionalLimit, KeepsRoomForTheBackstopOfASideThatIsStillEmpty) {
    World world{tight(3)};
    open_position(world);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::conditional_limit);
}

TEST(ConditionalLimit, StillLetsAStopBeReplaced) {
    World world{tight(2)};
    world.trigger(btc, Side::sell, at);
    const ClientOrderId id = world.only(btc, Role::entry).placed.id;
    world.fill(id, at, quantity("0.01"));
    world.pass(seconds(1));
    world.fill(id, at, quantity("0.01"));
    world.pass(seconds(2));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(ConditionalLimit, OfTenHoldsWithTheShippedFiveTranchesASide) {
    World world{tight(10)};
    Price low = at;
    Price high = at;
    for (int i = 0; i < 6; ++i) {
        world.trigger(btc, Side::sell, low);
        for (const ExchangeOrder& o : world.open(btc, long_side, Role::entry))
            world.fill(o.placed.id, low);
        world.trigger(btc, Side::buy, high);
        for (const ExchangeOrder& o : world.open(btc, short_side, Role::entry))
            world.fill(o.placed.id, high);
        world.pass(seconds(2));
        low = snap(Price{low.raw / 100 * 90}, price("0.1"), Rounding::down);
        high = snap(Price{high.raw / 100 * 110}, price("0.1"), Rounding::down);
    }
    EXPECT_GE(world.tranches(btc, long_side).size(), 3U);
    EXPECT_GE(world.tranches(btc, short_side).size(), 3U);
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- instant close

TEST(InstantClose, WaitsForTheRestingTakeProfitThenClosesAtMarket) {
    World world;
    open_position(world);
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1490));
    world.mark(btc, price("50600"));
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 0U) << "within the grace time";
    world.pass(milliseconds(20));
    world.mark(btc, price("50600"));
    world.pass(milliseconds(50));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(InstantClose, IsOnRecordWithTheVeryTickThatStartsIt) {
    World world;
    open_position(world);
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1510));
    world.deliver_at_once = false;  // so that no later event tells
    world.mark(btc, price("50600"));
    EXPECT_EQ(world.records_of(RecordKind::tranche).back().tranche.state, TrancheState::closing);
}

TEST(InstantClose, StartsItsGraceAnewWhenTheMarkFellBack) {
    World world;
    open_position(world);
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1000));
    world.mark(btc, price("50499.9"));
    world.pass(milliseconds(1000));
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1000));
    world.mark(btc, price("50500"));
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 0U);
}

TEST(InstantClose, NeverClosesALongBelowItsTakeProfitInOneWayMode) {
    Options with = options();
    with.settings.hedge_mode = false;
    World world{with};
    open_position(world);
    for (int i = 0; i < 5; ++i) {
        world.mark(btc, price("49000"));
        world.pass(seconds(1));
    }
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 0U);
}

TEST(InstantClose, ClosesOnlyWhatTheTakeProfitLeftOver) {
    World world;
    open_position(world);
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1500));
    const ClientOrderId take_profit = world.only(btc, Role::take_profit).placed.id;
    world.treat = [&](const Command& command) {
        return command.kind == CommandKind::cancel ? Treatment{Answer::hold} : Treatment{};
    };
    world.mark(btc, price("50500"));
    world.fill(take_profit, price("50500"), quantity("0.015"));
    world.treat = nullptr;
    world.release();
    world.pass(seconds(1));
    ASSERT_EQ(world.sent(CommandKind::place, Role::close), 1U);
    const auto close = std::find_if(world.commands.begin(), world.commands.end(),
                                    [](const Command& c) { return c.id.role == Role::close; });
    EXPECT_EQ(close->quantity, quantity("0.005"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST(InstantClose, DoesNotCloseAgainWhenTheTakeProfitFilledBeforeItsCancel) {
    World world;
    open_position(world);
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1500));
    const ClientOrderId take_profit = world.only(btc, Role::take_profit).placed.id;
    world.report_fills = false;
    world.treat = [&](const Command& command) {
        return command.kind == CommandKind::cancel ? Treatment{Answer::hold} : Treatment{};
    };
    world.mark(btc, price("50500"));
    world.fill(take_profit, price("50500"));
    world.treat = nullptr;
    world.release();  // "unknown order"
    world.pass(seconds(3));
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 0U) << "asked, not assumed";
    EXPECT_EQ(world.unsettled(), "");
}

TEST(InstantClose, GivesUpAfterThreeFailuresAndPutsTheTakeProfitBack) {
    World world;
    open_position(world);
    world.treat = for_role(Role::close, {Answer::reject, -1000});
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1500));
    world.mark(btc, price("50500"));
    world.pass(seconds(3));
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 3U);
    EXPECT_EQ(world.unsettled(), "");
    for (int second = 0; second < 290; ++second) {
        world.mark(btc, price("50500"));
        world.pass(seconds(1));
    }
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 3U);
    world.treat = nullptr;
    for (int second = 0; second < 15; ++second) {
        world.mark(btc, price("50500"));
        world.pass(seconds(1));
    }
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(InstantClose, ABreachedStopIsNotHeldBackByTheBreaker) {
    World world;
    open_position(world);
    world.treat = for_role(Role::close, {Answer::reject, -1000});
    world.mark(btc, price("50500"));
    world.pass(milliseconds(1500));
    world.mark(btc, price("50500"));
    world.pass(seconds(3));
    world.treat = for_role(Role::stop_loss, {Answer::reject, -2021});
    world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::expired);
    world.pass(seconds(1));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.unsettled(), "");
}

TEST(MarketClose, GoesOutInPartsTheExchangeAccepts) {
    Options with = options();
    with.rules[0].market_max_quantity = quantity("0.008");
    World world{with};
    open_position(world);
    world.pass(seconds(1));
    world.control(ControlKind::close_position, btc, long_side);
    world.pass(seconds(1));
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 3U);
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
}

}  // namespace
}  // namespace tranche::test
