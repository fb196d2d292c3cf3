// The answer to each refusal of the exchange, and what its changes and other
// hands do to us.
#include <algorithm>
#include <gtest/gtest.h>
#include <utility>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

class BreachedStop : public testing::TestWithParam<std::int32_t> {};

TEST_P(BreachedStop, ClosesItsTrancheByMarketAndNoOther) {
    World world{patient()};
    take_position(world, btc, Side::sell, at);
    const TrancheId first = world.tranches(btc, long_side)[0].id;
    world.treat = placing(Role::stop_loss, {Answer::reject, GetParam()});
    take_position(world, btc, Side::sell, price("45000"));
    world.pass(seconds(1));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].id, first);
    EXPECT_EQ(world.sent(CommandKind::place, Role::close), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

INSTANTIATE_TEST_SUITE_P(Codes, BreachedStop, testing::Values(-2021, -4142));

class RefusedReduction : public testing::TestWithParam<std::int32_t> {};

TEST_P(RefusedReduction, ReconcilesItsSideInsteadOfTryingBlindly) {
    World world{patient()};
    open_steps(world, 2);
    world.snapshots_on_demand = false;
    world.treat = placing(Role::stop_loss, {Answer::reject, GetParam()});
    const std::size_t before = world.sent(CommandKind::place, Role::stop_loss);
    world.end(world.open(btc, Role::stop_loss).at(1).placed.id, OrderStatus::expired);
    world.pass(seconds(5));
    const std::size_t tries = world.sent(CommandKind::place, Role::stop_loss) - before;
    EXPECT_LE(tries, 6U) << "once a second";
    EXPECT_GE(tries, 3U) << "a repair is never older than two seconds (I4)";
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U) << "no other stop makes room for it";
    const Verdict verdict = world.trigger(btc, Side::sell, price("45000"));
    EXPECT_TRUE(verdict == Verdict::side_blocked || verdict == Verdict::entries_off);
    world.treat = nullptr;
    world.snapshots_on_demand = true;
    for (int i = 0; i < 3; ++i) {
        world.snapshot();
        world.pass(seconds(3));
    }
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_EQ(world.trigger(btc, Side::sell, price("45000")), Verdict::entered);
}

INSTANTIATE_TEST_SUITE_P(Codes, RefusedReduction, testing::Values(-2022, -4118, -2024));

class FilterRefusal : public testing::TestWithParam<std::int32_t> {};

TEST_P(FilterRefusal, OfEntriesTurnsTheSymbolOffAfterTheSecond) {
    World world;
    world.treat = placing(Role::entry, {Answer::reject, GetParam()});
    for (int i = 0; i < 5; ++i) {
        world.trigger(btc, Side::sell, at);
        world.pass(milliseconds(100));
    }
    EXPECT_LE(world.sent(CommandKind::place, Role::entry), 2U) << "recomputed once, then dropped";
    EXPECT_GE(world.alarms(AlarmKind::entry_rejected), 1U);
    world.treat = nullptr;
    EXPECT_NE(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_EQ(world.broken(), "");
}

TEST_P(FilterRefusal, OfAStopLeavesTheBackstopAndTurnsTheSymbolOff) {
    World world;
    world.treat = placing(Role::stop_loss, {Answer::reject, GetParam()});
    take_position(world, btc, Side::sell, at);
    world.pass(seconds(1));
    EXPECT_LE(world.sent(CommandKind::place, Role::stop_loss), 3U) << "no ladder against filters";
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    // Too small a slice says nothing about the symbol's filters.
    if (GetParam() == -4164) return;
    EXPECT_GE(world.alarms(AlarmKind::protection_rejected), 1U);
    EXPECT_NE(world.trigger(btc, Side::buy, at), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
}

INSTANTIATE_TEST_SUITE_P(Codes, FilterRefusal,
                         testing::Values(-1111, -4003, -4004, -4005, -4014, -4023, -4164, -4183,
                                         -4184));

class MarginRefusal : public testing::TestWithParam<std::int32_t> {};

TEST_P(MarginRefusal, StopsEntriesForAMinuteAndLeavesProtectionAlone) {
    World world;
    take_position(world, btc, Side::sell, at);
    world.treat = placing(Role::entry, {Answer::reject, GetParam()});
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_GE(world.alarms(AlarmKind::entry_rejected), 1U);
    world.treat = nullptr;
    world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::expired);
    world.pass(seconds(50));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    EXPECT_EQ(world.unsettled(), "");
    world.pass(seconds(11));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered) << "one tries again";
}

INSTANTIATE_TEST_SUITE_P(Codes, MarginRefusal,
                         testing::Values(-2018, -2019, -2027, -4087, -4088, -4400, -4401, -4402));

TEST(LiquidationModeRefusal, StopsEntriesEverywhereUntilAnOperatorResumes) {
    World world;
    take_position(world, btc, Side::sell, at);
    world.treat = placing(Role::entry, {Answer::reject, -2023});
    world.trigger(btc, Side::buy, at);
    world.treat = nullptr;
    EXPECT_EQ(world.alarms(AlarmKind::margin_call), 1U);
    world.pass(seconds(120));
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    world.control(ControlKind::resume);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
}

class TooManyOrders : public testing::TestWithParam<std::int32_t> {};

TEST_P(TooManyOrders, MakesRoomByMergingAndStopsEntriesOfTheSymbol) {
    Options with = patient();
    with.rules[0].max_conditional_orders = 100;  // we believe in more than there is
    World world{with};
    open_steps(world, 2);
    world.treat = [&](const Command& command) {
        const std::size_t stops =
            world.open(btc, Role::stop_loss).size() + world.open(btc, Role::backstop).size();
        return command.kind == CommandKind::place && is_conditional(command.type) && stops >= 3
                   ? Treatment{Answer::reject, GetParam()}
                   : Treatment{};
    };
    take_position(world, btc, Side::sell, price("40000"));
    world.pass(seconds(10));
    EXPECT_GE(world.records_of(RecordKind::merge).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
    EXPECT_NE(world.trigger(btc, Side::sell, price("30000")), Verdict::entered);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
}

INSTANTIATE_TEST_SUITE_P(Codes, TooManyOrders, testing::Values(-4045, -2025));

class WrongPositionMode : public testing::TestWithParam<std::int32_t> {};

void tell_position_mode(World& world, bool hedge_mode) {
    Event event{};
    event.kind = EventKind::snapshot_mark;
    event.symbol = no_symbol;
    event.snapshot_mark.requested_at = world.now;
    event.snapshot_mark.generation = 1000 + static_cast<std::uint32_t>(world.records.size());
    event.snapshot_mark.hedge_mode = hedge_mode;
    event.snapshot_mark.begins = true;
    world.send(event);
    event.snapshot_mark.begins = false;
    event.snapshot_mark.complete = true;
    world.send(event);
}

TEST_P(WrongPositionMode, StopsEntriesUntilTheModeHasBeenReadAgain) {
    World world;
    world.snapshots_on_demand = false;
    world.treat = placing(Role::entry, {Answer::reject, GetParam()});
    world.trigger(btc, Side::sell, at);
    world.treat = nullptr;
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    world.now += milliseconds(10);
    tell_position_mode(world, false);
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    world.now += milliseconds(10);
    tell_position_mode(world, true);
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered)
        << "it has been another mode: an operator decides";
    world.control(ControlKind::resume);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
}

TEST_P(WrongPositionMode, IsNoReasonToStopOnceReadAgainAndFoundRight) {
    World world;
    world.snapshots_on_demand = false;
    world.treat = placing(Role::entry, {Answer::reject, GetParam()});
    const Nanos before = world.now;
    world.trigger(btc, Side::sell, at);
    world.treat = nullptr;
    EXPECT_NE(world.state().totals.mode, Mode::trading);
    const Nanos after = std::exchange(world.now, before);
    tell_position_mode(world, true);
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered)
        << "asked for before the refusal";
    world.now = after + milliseconds(10);
    tell_position_mode(world, true);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_EQ(world.alarms(AlarmKind::position_mode), 0U);
}

INSTANTIATE_TEST_SUITE_P(Codes, WrongPositionMode, testing::Values(-4061, -4059, -4067));

class RefusedCredentials : public testing::TestWithParam<std::int32_t> {};

TEST_P(RefusedCredentials, HaltBecauseNothingCanBeSent) {
    World world;
    world.treat = [](const Command&) { return Treatment{Answer::reject, GetParam()}; };
    world.trigger(btc, Side::sell, at);
    EXPECT_EQ(world.alarms(AlarmKind::credentials_refused), 1U);
    EXPECT_EQ(world.state().totals.mode, Mode::halt);
    const std::size_t sent = world.commands.size();
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entries_off);
    world.pass(seconds(60));
    EXPECT_EQ(world.commands.size(), sent) << "no order leaves the process";
}

INSTANTIATE_TEST_SUITE_P(Codes, RefusedCredentials, testing::Values(-1022, -2014, -2015));

TEST(UnknownStop, IsDoubledOnceNotAgainAndAgain) {
    World world{patient()};
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.treat = [](const Command&) { return Treatment{Answer::lost_reply}; };
    world.fill(world.only(btc, Role::entry).placed.id, at);
    world.pass(seconds(12));
    EXPECT_LE(world.sent(CommandKind::place, Role::stop_loss), 2U);
    EXPECT_GE(world.covered(btc, long_side), quantity("0.02"));
    world.treat = nullptr;
    world.pass(seconds(20));
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- others'
// hands on our orders

TEST(RemovedStops, ThreeTimesInTenMinutesAreNotFoughtOver) {
    World world;
    take_position(world, btc, Side::sell, at);
    for (int i = 0; i < 2; ++i) {
        world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::canceled);
        world.pass(seconds(60));
    }
    const std::size_t sent = world.sent(CommandKind::place, Role::stop_loss);
    const std::size_t before = world.records.size();
    world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::canceled);
    world.pass(seconds(60));
    EXPECT_EQ(world.sent(CommandKind::place, Role::stop_loss), sent);
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    EXPECT_GE(alarms_since(world, before), 1U);
}

TEST(RemovedStops, SpreadOverMoreThanTenMinutesAreAlwaysPutBack) {
    World world;
    take_position(world, btc, Side::sell, at);
    for (int i = 0; i < 5; ++i) {
        world.end(world.only(btc, Role::stop_loss).placed.id, OrderStatus::canceled);
        world.pass(seconds(301));
        EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    }
}

TEST(RemovedBackstop, ThreeTimesLeavesTheSideToTheOperator) {
    World world;
    take_position(world, btc, Side::sell, at);
    for (int i = 0; i < 3; ++i) {
        world.end(world.only(btc, Role::backstop).placed.id, OrderStatus::canceled);
        world.pass(seconds(30));
    }
    EXPECT_TRUE(world.open(btc, Role::backstop).empty());
    EXPECT_NE(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered) << "the other side is ours";
}

void notice(World& world, AccountNoticeKind kind, bool flag, std::uint16_t leverage = 0) {
    Event event{};
    event.kind = EventKind::account_notice;
    event.symbol = leverage == 0 ? no_symbol : btc;
    event.account_notice.exchange_time = world.now;
    event.account_notice.kind = kind;
    event.account_notice.flag = flag;
    event.account_notice.leverage = leverage;
    world.send(event);
}

TEST(AccountChange, OfTheLeverageChangesWhatIsUsedAndWhatIsEntered) {
    World world;
    take_position(world, btc, Side::sell, at);
    EXPECT_EQ(world.state().totals.used_margin, usdt("100"));
    notice(world, AccountNoticeKind::leverage_changed, false, 5);
    EXPECT_EQ(world.state().totals.used_margin, usdt("200"));
    ASSERT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered);
    EXPECT_EQ(world.only(btc, Role::entry).placed.quantity, quantity("0.01"));
}

TEST(AccountChange, OfThePositionModeStopsEntriesUntilAnOperatorResumes) {
    World world;
    take_position(world, btc, Side::sell, at);
    const std::size_t before = world.records.size();
    notice(world, AccountNoticeKind::hedge_mode_changed, true);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered) << "the mode it is in";
    notice(world, AccountNoticeKind::hedge_mode_changed, false);
    EXPECT_GE(alarms_since(world, before), 1U);
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    world.pass(seconds(60));
    EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
}

TEST(ForcedClose, OfAPositionOfOursStopsEntriesUntilAnOperatorResumes) {
    for (const ForcedClose how : {ForcedClose::liquidation, ForcedClose::deleveraging}) {
        World world;
        take_position(world, btc, Side::sell, at);
        world.foreign(btc, long_side, Side::sell, quantity("0.02"), price("45000"), how);
        world.pass(seconds(60));
        EXPECT_NE(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
        world.control(ControlKind::resume);
        EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    }
}

TEST(ClockRefusal, ThriceAMinuteStopsEntriesAndSaysSo) {
    World world;
    world.treat = placing(Role::entry, {Answer::reject, -1021});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
        EXPECT_EQ(world.alarms(AlarmKind::clock_offset), i < 2 ? 0U : 1U);
    }
    world.treat = nullptr;
    EXPECT_EQ(world.state().totals.mode, Mode::protect_only);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entries_off);
    world.pass(seconds(61));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
}

TEST(TooSmallAnExit, JoinsTheNeighbourThatComesLater) {
    Options with = patient();
    with.rules[0].min_notional = usdt("900");
    World world{with};
    world.treat = placing(Role::stop_loss, {Answer::reject, -4164});
    take_position(world, btc, Side::sell, at);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U) << "there is nobody to join";
    world.treat = nullptr;
    take_position(world, btc, Side::sell, price("45000"));
    world.pass(seconds(10));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

class SymbolClosed : public testing::TestWithParam<std::int32_t> {};

TEST_P(SymbolClosed, TurnsItsEntriesOffAtTheFirstSign) {
    World world;
    const std::size_t before = world.records.size();
    world.treat = placing(Role::entry, {Answer::reject, GetParam()});
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.treat = nullptr;
    EXPECT_GE(alarms_since(world, before), 1U);
    world.pass(seconds(120));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::symbol_not_trading);
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
}

INSTANTIATE_TEST_SUITE_P(Codes, SymbolClosed, testing::Values(-4140, -4141));

TEST(Collateral, OfAPositionOnASymbolNobodyTradesCountsIntoTheTotal) {
    Options with = options();
    with.settings.entry.max_total_exposure = usdt("150");
    World world{with};
    world.holdings[{doge, long_side}] = {quantity("10000"), usdt("1000")};
    for (int i = 0; i < 3; ++i) {
        world.snapshot();
        world.pass(seconds(1));
    }
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::total_limit) << "100 + 100 > 150";
    EXPECT_TRUE(world.commands.empty()) << "shown and counted, never touched";
}

}  // namespace
}  // namespace tranche::test
