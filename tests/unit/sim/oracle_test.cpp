// The oracle must complain when it should: it is shown worlds that are wrong.
#include "tools/sim/oracle.hpp"

#include <gtest/gtest.h>

namespace tranche::sim {
namespace {

constexpr SymbolId symbol{0};
constexpr PositionSide long_side = PositionSide::long_side;

class Watched : public testing::Test {
protected:
    Watched() {
        plan_.settings.hedge_mode = true;
        plan_.settings.symbols[0].stop_loss_enabled = true;
        plan_.settings.symbols[0].take_profit_enabled = false;
        oracle_.restarted(1, {}, now());
        now_ += seconds(20);  // a start is excused for a while
        view_.mode = Mode::trading;
        view_.epoch = 1;
    }

    Nanos now() const { return now_; }
    Command order(Role role, std::uint32_t generation, Quantity quantity) const {
        Command command{};
        command.sequence = generation;
        command.id = {.instance = 1,
                      .role = role,
                      .reserved = 0,
                      .epoch = 1,
                      .tranche = TrancheId{1},
                      .generation = generation};
        command.symbol = symbol;
        command.position_side = long_side;
        command.side = role == Role::entry ? Side::buy : Side::sell;
        command.type = role == Role::stop_loss ? OrderType::stop_market : OrderType::limit;
        command.quantity = quantity;
        command.price = plan_.prices[0];
        return command;
    }
    Event report(const Command& command, std::int64_t order_id, ExecutionType execution,
                 Quantity quantity, std::int64_t trade) const {
        Event event{};
        event.symbol = symbol;
        event.kind = EventKind::order_update;
        OrderUpdate& update = event.order_update;
        update.order_id = order_id;
        update.id = command.id;
        update.ours = true;
        update.side = command.side;
        update.leg = PositionLeg::long_side;
        update.type = update.original_type = command.type;
        update.execution = execution;
        update.status =
            execution == ExecutionType::trade ? OrderStatus::filled : OrderStatus::canceled;
        update.trade_id = trade;
        update.last_quantity = update.filled = quantity;
        update.last_price = command.price;
        return event;
    }
    /// An entry that has filled, known to the engine.
    Event filled_entry() {
        Record verdict{};
        verdict.kind = RecordKind::liquidation;
        verdict.time = now_;
        verdict.liquidation.verdict = Verdict::entered;
        oracle_.recorded(verdict);
        const Command entry = order(Role::entry, 1, lot_);
        oracle_.accepted(entry, 100, now_);
        Event event = report(entry, 100, ExecutionType::trade, lot_, 7);
        oracle_.truth(event, now_);
        oracle_.delivered(event, now_, now_);
        return event;
    }
    Record fill(Quantity quantity) const {
        Record record{};
        record.kind = RecordKind::fill;
        record.time = now_;
        record.fill.symbol = symbol;
        record.fill.trade_id = 7;
        record.fill.quantity = quantity;
        record.fill.tranche = TrancheId{1};
        return record;
    }
    Record tranche(Quantity quantity) const {
        Record record{};
        record.kind = RecordKind::tranche;
        record.time = now_;
        record.tranche.id = TrancheId{1};
        record.tranche.symbol = symbol;
        record.tranche.side = long_side;
        record.tranche.quantity = quantity;
        return record;
    }
    void let_pass(Nanos span) {
        for (Nanos until = now_ + span; now_ < until; now_ += milliseconds(50))
            oracle_.sweep(memory_, view_, now_);
    }
    std::string broken() const { return oracle_.violation() ? oracle_.violation()->invariant : ""; }

    Plan plan_{make_plan(1, FaultSet{})};
    Oracle oracle_{plan_};
    Memory memory_;
    EngineView view_;
    Nanos now_{seconds(1'750'000'000)};
    Quantity lot_{plan_.rules[0].step.raw * 10};
};

TEST_F(Watched, ASecondAttemptOfOneIntentIsSeen) {
    oracle_.sent(order(Role::entry, 1, lot_), now());
    EXPECT_EQ(broken(), "");
    oracle_.sent(order(Role::entry, 1, lot_), now());
    EXPECT_EQ(broken(), "I5");
}

TEST_F(Watched, AnOrderAcceptedTwiceIsSeen) {
    oracle_.accepted(order(Role::entry, 1, lot_), 100, now());
    oracle_.accepted(order(Role::entry, 1, lot_), 101, now());
    EXPECT_EQ(broken(), "I5");
    EXPECT_EQ(oracle_.doubled_orders(), 1U);
}

TEST_F(Watched, AnUnprotectedPositionIsSeenAfterASecond) {
    filled_entry();
    oracle_.recorded(tranche(lot_));
    let_pass(milliseconds(900));
    EXPECT_EQ(broken(), "");
    let_pass(milliseconds(300));
    EXPECT_EQ(broken(), "I3");
}

TEST_F(Watched, AStopForHalfTheQuantityProtectsNothing) {
    filled_entry();
    oracle_.recorded(tranche(lot_));
    oracle_.accepted(order(Role::stop_loss, 1, {lot_.raw / 2}), 101, now());
    let_pass(seconds(2));
    EXPECT_EQ(broken(), "I3");
}

TEST_F(Watched, AStopForAllOfItProtects) {
    filled_entry();
    oracle_.recorded(tranche(lot_));
    oracle_.accepted(order(Role::stop_loss, 1, lot_), 101, now());
    let_pass(seconds(30));
    EXPECT_EQ(broken(), "");
    EXPECT_EQ(oracle_.unprotected().samples, 1U);
}

TEST_F(Watched, ATradeBookedTwiceIsSeen) {
    filled_entry();
    oracle_.recorded(fill(lot_));
    EXPECT_EQ(broken(), "");
    oracle_.recorded(fill(lot_));
    EXPECT_EQ(broken(), "I1");
}

TEST_F(Watched, TranchesThatHoldLessThanTheExchangeAreSeen) {
    filled_entry();
    oracle_.recorded(tranche({lot_.raw / 2}));
    oracle_.accepted(order(Role::stop_loss, 1, lot_), 101, now());
    let_pass(seconds(14));
    EXPECT_EQ(broken(), "");
    let_pass(seconds(2));
    EXPECT_EQ(broken(), "I2");
}

TEST_F(Watched, AnEntryWhileEntriesAreOffIsSeen) {
    view_.mode = Mode::protect_only;
    oracle_.decided(order(Role::entry, 1, lot_), view_, now());
    EXPECT_EQ(broken(), "I8");
}

TEST_F(Watched, AnExitThatWorksTheWrongWayIsSeen) {
    Command exit = order(Role::take_profit, 1, lot_);
    exit.side = Side::buy;
    oracle_.decided(exit, view_, now());
    EXPECT_EQ(broken(), "I7");
}

TEST_F(Watched, AnOrderOfAnOlderEpochIsSeen) {
    oracle_.restarted(2, {}, now());
    oracle_.decided(order(Role::stop_loss, 1, lot_), view_, now());
    EXPECT_EQ(broken(), "I12");
}

TEST_F(Watched, AnEntryThatLeavesLessThanThirtyPercentOfALimitIsSeen) {
    std::uint32_t orders = 0;
    for (const RateLimit& limit : plan_.limits)
        if (limit.unit == RateUnit::orders && limit.interval == seconds(10)) orders = limit.limit;
    const std::uint32_t share = orders * 7 / 10;
    for (std::uint32_t i = 1; i <= share; ++i) oracle_.sent(order(Role::entry, i, lot_), now());
    EXPECT_EQ(broken(), "");
    oracle_.sent(order(Role::stop_loss, 1, lot_), now());
    EXPECT_EQ(broken(), "");
    oracle_.sent(order(Role::entry, share + 1, lot_), now());
    EXPECT_EQ(broken(), "I14");
}

TEST_F(Watched, EntriesBeyondMaxPositionAreSeenWhileTheyAreUnderWay) {
    plan_.settings.entry.price_mode = EntryPriceMode::reference;
    plan_.settings.entry.max_open_orders = 100;
    plan_.settings.entry.max_total_exposure = {1'000'000 * Notional::one};
    plan_.settings.symbols[0].max_position = {100 * Notional::one};
    plan_.settings.symbols[0].leverage = 10;
    const Quantity worth_50_of_collateral{
        quantity_for({500 * Notional::one}, plan_.prices[0], Rounding::down).raw /
        plan_.rules[0].step.raw * plan_.rules[0].step.raw};
    oracle_.decided(order(Role::entry, 1, worth_50_of_collateral), view_, now());
    oracle_.decided(order(Role::entry, 2, worth_50_of_collateral), view_, now());
    EXPECT_EQ(broken(), "");
    oracle_.decided(order(Role::entry, 3, worth_50_of_collateral), view_, now());
    EXPECT_EQ(broken(), "I9");
}

TEST_F(Watched, EntriesBeyondTheTotalAreSeen) {
    plan_.settings.entry.price_mode = EntryPriceMode::reference;
    plan_.settings.entry.max_open_orders = 100;
    plan_.settings.entry.max_total_exposure = {20 * Notional::one};
    plan_.settings.symbols[0].max_position = {1'000'000 * Notional::one};
    plan_.settings.symbols[0].leverage = 1;
    oracle_.decided(order(Role::entry, 1, lot_), view_, now());
    EXPECT_EQ(broken(), "I9");
    EXPECT_NE(oracle_.violation()->text.find("max_total_exposure"), std::string::npos);
}

TEST_F(Watched, AnEntryBeyondMaxOpenOrdersIsSeen) {
    plan_.settings.entry.price_mode = EntryPriceMode::reference;
    plan_.settings.entry.max_open_orders = 1;
    oracle_.decided(order(Role::entry, 1, plan_.rules[0].step), view_, now());
    EXPECT_EQ(broken(), "");
    oracle_.decided(order(Role::entry, 2, plan_.rules[0].step), view_, now());
    EXPECT_EQ(broken(), "I9");
}

TEST_F(Watched, AShortSpanWithoutAStopIsASampleToTheMillisecond) {
    filled_entry();
    now_ += milliseconds(37);
    oracle_.accepted(order(Role::stop_loss, 1, lot_), 101, now_);
    EXPECT_EQ(oracle_.unprotected().samples, 1U);
    EXPECT_EQ(oracle_.unprotected().max_ms, 37);
}

TEST_F(Watched, ASpanThatEndsWhileItIsExcusedIsNoSample) {
    filled_entry();
    oracle_.excuse_bare(Excuse::stall, now_ + milliseconds(50));
    now_ += milliseconds(37);
    oracle_.accepted(order(Role::stop_loss, 1, lot_), 101, now_);
    EXPECT_EQ(oracle_.unprotected().samples, 0U);
}

TEST_F(Watched, MarketDataTellsNobodyOfAFill) {
    const Command entry = order(Role::entry, 1, lot_);
    Record verdict{};
    verdict.kind = RecordKind::liquidation;
    verdict.time = now_;
    verdict.liquidation.verdict = Verdict::entered;
    oracle_.recorded(verdict);
    oracle_.accepted(entry, 100, now_);
    oracle_.truth(report(entry, 100, ExecutionType::trade, lot_, 7), now_);
    Event quote{};
    quote.symbol = symbol;
    quote.kind = EventKind::book_ticker;
    oracle_.delivered(quote, now_, now_);
    now_ += milliseconds(500);
    oracle_.accepted(order(Role::stop_loss, 1, lot_), 101, now_);
    EXPECT_EQ(oracle_.unprotected().samples, 0U);
}

TEST_F(Watched, OrdersAfterAYoungerInstanceAreSeen) {
    Command other = order(Role::entry, 1, lot_);
    other.id.epoch = 2;
    const Event event = report(other, 100, ExecutionType::canceled, {}, 0);
    oracle_.delivered(event, now(), now());
    now_ += milliseconds(21);
    view_.drained_at = now();
    oracle_.decided(order(Role::stop_loss, 1, lot_), view_, now());
    EXPECT_EQ(broken(), "I15");
}

}  // namespace
}  // namespace tranche::sim
