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
        oracle_.restarted(1, now());
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
    let_pass(seconds(20));
    EXPECT_EQ(broken(), "");
    let_pass(seconds(10));
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
    oracle_.restarted(2, now());
    oracle_.decided(order(Role::stop_loss, 1, lot_), view_, now());
    EXPECT_EQ(broken(), "I12");
}

TEST_F(Watched, OrdersAfterAYoungerInstanceAreSeen) {
    Command other = order(Role::entry, 1, lot_);
    other.id.epoch = 2;
    const Event event = report(other, 100, ExecutionType::canceled, {}, 0);
    oracle_.delivered(event, now(), now());
    oracle_.decided(order(Role::stop_loss, 1, lot_), view_, now());
    EXPECT_EQ(broken(), "I15");
}

}  // namespace
}  // namespace tranche::sim
