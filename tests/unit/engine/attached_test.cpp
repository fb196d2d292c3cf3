// Entries that take their exits along (OTOCO): protected by the exchange, or by our own exits where
// it does not show its own; never twice, never longer than any other entry.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"
#include "tranche/lifecycle.hpp"

namespace tranche::test {
namespace {

const Price at = price("50000");

Options attaching() {
    Options with = patient();
    with.settings.entry.attach_exits = true;
    return with;
}

/// An entry with exits that works; its id.
ClientOrderId enter_with_exits(World& world) {
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const auto entry = std::find_if(world.commands.rbegin(), world.commands.rend(),
                                    [](const Command& c) { return c.kind == CommandKind::place; });
    EXPECT_TRUE(entry->with_exits);
    return entry->id;
}

std::size_t exits_sent(const World& world) {
    return world.sent(CommandKind::place, Role::stop_loss) +
           world.sent(CommandKind::place, Role::take_profit);
}

Treatment entries(const Command& command, Treatment treatment) {
    const bool entry = command.kind == CommandKind::place && command.id.role == Role::entry;
    return entry ? treatment : Treatment{};
}

Event answer_to(const ClientOrderId& entry, ReplyClass verdict, std::uint16_t status = 0,
                std::int32_t code = 0) {
    Event answer{};
    answer.kind = EventKind::reply;
    answer.symbol = btc;
    answer.reply.command = CommandKind::place;
    answer.reply.id = entry;
    answer.reply.verdict = verdict;
    answer.reply.http_status = status;
    answer.reply.code = code;
    return answer;
}

/// Everything that was to happen has: nothing open but what tranches have, no order in limbo.
void expect_clean(World& world) {
    EXPECT_EQ(world.unsettled(), "") << world.story(btc, long_side);
    std::size_t live = 0;
    std::size_t open = 0;
    for (OrderSlot slot = 0; slot < world.state().orders.highest(); ++slot)
        live += is_live(world.state(), slot) ? 1U : 0U;
    for (const auto& [id, order] : world.orders) open += order.open() ? 1U : 0U;
    EXPECT_EQ(live, open) << world.story(btc, long_side);
}

TEST(EntryWithExits, IsOneRequestAndItsExitsAreTheTranchesOwn) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    EXPECT_EQ(world.commands.size(), 1U);
    world.fill(entry, at);
    world.pass(milliseconds(500));
    expect_clean(world);
    EXPECT_EQ(exits_sent(world), 0U);
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.tranches(btc, long_side)[0].state, TrancheState::protected_);
    world.pass(seconds(60));
    EXPECT_EQ(exits_sent(world), 0U);
    expect_clean(world);
}

TEST(EntryWithExits, TakesTheVeryExitsThatWouldFollowAPlainOne) {
    for (const bool limit : {true, false})
        for (const bool hedge : {true, false}) {
            Options with = attaching();
            with.settings.protection.take_profit_is_limit = limit;
            with.settings.hedge_mode = hedge;
            World attached{with};
            with.settings.entry.attach_exits = false;
            World plain{with};
            for (World* world : {&attached, &plain}) take_position(*world, btc, Side::sell, at);
            for (const Role role : {Role::stop_loss, Role::take_profit}) {
                const Command theirs = plain.only(btc, role).placed;
                const Command ours = attached.only(btc, role).placed;
                EXPECT_EQ(ours.id, theirs.id);
                EXPECT_EQ(ours.type, theirs.type);
                EXPECT_EQ(ours.side, theirs.side);
                EXPECT_EQ(ours.price, theirs.price);
                EXPECT_EQ(ours.stop_price, theirs.stop_price);
                EXPECT_EQ(ours.quantity, theirs.quantity);
                EXPECT_EQ(ours.working_type, theirs.working_type);
            }
            EXPECT_EQ(exits_sent(attached), 0U);
            expect_clean(attached);
        }
}

TEST(EntryWithExits, FilledInPartsKeepsExitsThatAreForAllOfIt) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    for (int i = 0; i < 3; ++i) {
        world.fill(entry, at, quantity("0.004"));
        world.pass(milliseconds(700));
        EXPECT_EQ(world.state().totals.unprotected_now, 0U);
    }
    EXPECT_EQ(exits_sent(world), 0U);
    world.fill(entry, at);
    world.pass(milliseconds(700));
    EXPECT_EQ(exits_sent(world), 0U);
    expect_clean(world);
}

TEST(EntryWithExits, CancelledInPartsHasExitsForWhatItHolds) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    world.fill(entry, at, quantity("0.004"));
    world.pass(seconds(40));
    EXPECT_FALSE(world.orders.at(entry).open());
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.004"));
    expect_clean(world);
}

TEST(EntryWithExits, IsProtectedWhateverTheExchangeMakesOfAPart) {
    for (const Exits exits : {Exits::filled, Exits::at_end, Exits::never})
        for (const bool rest : {true, false}) {
            World world{attaching()};
            world.attached = exits;
            const ClientOrderId entry = enter_with_exits(world);
            world.fill(entry, at, quantity("0.004"));
            world.pass(milliseconds(1'200));
            EXPECT_EQ(world.state().totals.unprotected_now, 0U) << static_cast<int>(exits);
            if (rest) world.fill(entry, at);
            world.pass(milliseconds(1'200));
            EXPECT_EQ(world.state().totals.unprotected_now, 0U) << static_cast<int>(exits);
            world.pass(seconds(60));
            EXPECT_EQ(world.alarms(AlarmKind::unprotected_too_long), 0U);
            expect_clean(world);
        }
}

TEST(EntryWithExits, ThatIsNeverFilledLeavesNothingBehind) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    EXPECT_EQ(world.state().symbols[0].live_conditionals, 1U) << "room is kept for its stop";
    world.pass(seconds(32));
    EXPECT_FALSE(world.orders.at(entry).open());
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    EXPECT_EQ(world.state().symbols[0].live_conditionals, 0U);
    expect_clean(world);
}

TEST(EntryWithExits, FilledAfterItsCancelIsProtectedOnceAndOnlyOnce) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    // The cancel is acknowledged, and yet a fill comes.
    world.treat = [](const Command& command) {
        return Treatment{command.kind == CommandKind::cancel ? Answer::hold : Answer::accept};
    };
    world.pass(seconds(31));
    world.deliver_at_once = false;
    world.fill(entry, at, quantity("0.004"));
    std::deque<Event> late;
    late.swap(world.wire);
    world.treat = nullptr;
    world.deliver_at_once = true;
    world.release();
    world.pass(milliseconds(300));
    for (const Event& event : late) world.send(event);
    world.pass(seconds(2));
    EXPECT_EQ(world.state().totals.unprotected_now, 0U);
    world.pass(seconds(30));
    expect_clean(world);
}

TEST(EntryWithExits, OfUnknownFateIsSettledAndNeverSentTwice) {
    for (const bool voids : {true, false})
        for (const Answer answer : {Answer::never_came, Answer::lost_reply, Answer::report_only,
                                    Answer::reply_only, Answer::silent}) {
            Options with = attaching();
            with.settings.entry.void_unknown = voids;
            World world{with};
            world.treat = [=](const Command& c) { return entries(c, {answer}); };
            const ClientOrderId entry = enter_with_exits(world);
            world.treat = nullptr;
            if (world.orders.contains(entry)) {
                world.report_fills = false;
                world.fill(entry, at);
                world.report_fills = true;
            }
            world.pass(seconds(40));
            EXPECT_EQ(world.sent(CommandKind::place, Role::entry), 1U);
            EXPECT_EQ(world.tranches(btc, long_side).size(),
                      world.orders.contains(entry) ? 1U : 0U);
            expect_clean(world);
        }
    for (const std::uint16_t missing :
         {std::uint16_t{404}, std::uint16_t{405}}) {  // the call itself does not exist
        World world{attaching()};
        world.treat = [](const Command& c) { return entries(c, {Answer::hold}); };
        const ClientOrderId entry = enter_with_exits(world);
        world.treat = nullptr;
        world.send(answer_to(entry, ReplyClass::unknown, missing));
        world.pass(seconds(30));
        take_position(world, btc, Side::sell, at);
        EXPECT_EQ(exits_sent(world), 2U);
        expect_clean(world);
    }
}

TEST(EntryWithExits, RefusedForWhatMayBeItsExitsIsPlainForTenMinutes) {
    World world{attaching()};
    world.treat = [](const Command& c) { return entries(c, {Answer::reject, -4142}); };
    (void)enter_with_exits(world);
    world.treat = nullptr;
    expect_clean(world);
    take_position(world, btc, Side::sell, at);
    EXPECT_FALSE(world.open(btc, Role::stop_loss).empty());
    EXPECT_EQ(exits_sent(world), 2U) << "a plain entry, and exits of our own";
    EXPECT_EQ(world.trigger(eth, Side::sell, price("3000")), Verdict::entered);
    EXPECT_TRUE(world.commands.back().with_exits) << "another symbol is not concerned";
    world.fill(world.commands.back().id, price("3000"));
    world.pass(seconds(601));
    world.control(ControlKind::close_position, btc, long_side);
    world.pass(seconds(2));
    world.fill(enter_with_exits(world), at);
    world.pass(seconds(1));
    expect_clean(world);
}

TEST(EntryWithExits, RefusedForOtherReasonsStaysAsItIs) {
    World world{attaching()};
    world.treat = [](const Command& c) { return entries(c, {Answer::reject, -5022}); };
    (void)enter_with_exits(world);
    world.treat = nullptr;
    expect_clean(world);
    (void)enter_with_exits(world);
}

TEST(EntryWithExits, TakenWithAFailureCodeIsAskedAboutAndTheNextOneIsPlain) {
    for (const bool executed : {true, false}) {
        World world{attaching()};
        world.attached = Exits::never;
        world.treat = [=](const Command& c) {
            return entries(c, {executed ? Answer::silent : Answer::hold});
        };
        const ClientOrderId entry = enter_with_exits(world);
        world.treat = nullptr;
        world.send(answer_to(entry, ReplyClass::unknown, 200, -4142));
        if (executed) world.fill(entry, at);
        world.pass(seconds(1));
        EXPECT_EQ(world.state().totals.unprotected_now, 0U);
        world.pass(seconds(30));
        EXPECT_EQ(world.tranches(btc, long_side).size(), executed ? 1U : 0U);
        expect_clean(world);
        EXPECT_EQ(world.trigger(btc, Side::buy, at), Verdict::entered);
        EXPECT_FALSE(world.commands.back().with_exits);
    }
}

TEST(EntryWithExits, ThatDidNotLeaveLeavesPlainAtOnceWhileItIsFresh) {
    World world{attaching()};
    world.treat = [](const Command& command) {
        return Treatment{command.with_exits ? Answer::not_sent : Answer::accept};
    };
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    ASSERT_EQ(world.sent(CommandKind::place, Role::entry), 2U);
    EXPECT_FALSE(world.commands.back().with_exits);
    EXPECT_NE(world.commands.front().id, world.commands.back().id);
    EXPECT_EQ(world.commands.front().price, world.commands.back().price);
    world.fill(world.commands.back().id, at);
    world.pass(milliseconds(500));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    expect_clean(world);

    World slow{attaching()};
    slow.treat = [](const Command&) { return Treatment{Answer::hold}; };
    const ClientOrderId late = enter_with_exits(slow);
    slow.pass(milliseconds(150));
    slow.send(answer_to(late, ReplyClass::not_sent));
    EXPECT_EQ(slow.sent(CommandKind::place, Role::entry), 1U) << "its price is old by now";
    EXPECT_TRUE(slow.tranches(btc, long_side).empty());
    expect_clean(slow);
}

TEST(EntryWithExits, SurvivesARestartBeforeItsFill) {
    for (const bool remembered : {true, false})
        for (const bool seen : {true, false}) {
            World world{attaching()};
            const ClientOrderId entry = enter_with_exits(world);
            world.pass(milliseconds(100));
            world.restart(remembered);
            world.report_fills = seen;
            world.fill(entry, at);
            world.report_fills = true;
            world.pass(seconds(3));
            EXPECT_EQ(world.state().totals.unprotected_now, 0U)
                << remembered << seen << world.story(btc, long_side);
            world.pass(seconds(60));
            ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
            expect_clean(world);
        }
}

TEST(EntryWithExits, SurvivesARestartBetweenRequestAndAnswer) {
    for (const Answer answer : {Answer::silent, Answer::hold}) {
        World world{attaching()};
        world.treat = [=](const Command& c) { return entries(c, {answer}); };
        const ClientOrderId entry = enter_with_exits(world);
        world.treat = nullptr;
        world.report_fills = false;
        if (answer == Answer::silent) world.fill(entry, at);
        world.report_fills = true;
        world.restart();
        world.pass(seconds(60));
        EXPECT_EQ(world.tranches(btc, long_side).size(), answer == Answer::silent ? 1U : 0U);
        EXPECT_EQ(world.state().totals.unprotected_now, 0U);
        expect_clean(world);
    }
}

TEST(EntryWithExits, SurvivesARestartWithAPartFilled) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    world.fill(entry, at, quantity("0.004"));
    world.restart();
    world.fill(entry, at);
    world.pass(seconds(60));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    expect_clean(world);
}

TEST(EntryWithExits, WhoseExitsShowBeforeItsFillIsAskedAbout) {
    World world{attaching()};
    const ClientOrderId entry = enter_with_exits(world);
    world.deliver_at_once = false;
    world.fill(entry, at);
    std::deque<Event> shown;  // the fill and its position are lost
    for (const Event& event : world.wire)
        if (event.kind == EventKind::order_update && event.order_update.id != entry)
            shown.push_back(event);
    ASSERT_EQ(shown.size(), 2U);
    world.wire = shown;
    world.deliver_at_once = true;
    world.pump();
    world.pass(milliseconds(500));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(exits_sent(world), 0U);
    expect_clean(world);
}

TEST(EntryWithExits, WhoseExitIsFilledHasBeenFilledItself) {
    for (const bool whole : {true, false}) {
        World world{attaching()};
        const ClientOrderId entry = enter_with_exits(world);
        world.deliver_at_once = false;
        world.fill(entry, at, whole ? Quantity{} : quantity("0.004"));
        world.wire.clear();  // neither the fill nor the exits are told
        world.deliver_at_once = true;
        world.fill(world.only(btc, Role::take_profit).placed.id, price("75000"));
        EXPECT_EQ(exits_sent(world), 0U);
        EXPECT_EQ(world.state().totals.realized, whole ? usdt("500") : usdt("100"));
        world.pass(seconds(40));
        EXPECT_TRUE(world.tranches(btc, long_side).empty());
        EXPECT_EQ(world.alarms(AlarmKind::position_differs), 0U);
        expect_clean(world);
    }
}

TEST(EntryWithExits, ExitsThatTheExchangeEndsAreNotTakenForAnothersHand) {
    World world{attaching()};
    for (int i = 0; i < 4; ++i) {
        const ClientOrderId entry = enter_with_exits(world);
        world.fill(entry, at);
        world.pass(milliseconds(300));
        world.fill(world.only(btc, Role::take_profit).placed.id, price("75000"));
        world.pass(seconds(1));
        EXPECT_TRUE(world.tranches(btc, long_side).empty());
        EXPECT_EQ(world.alarms(AlarmKind::exit_removed), 0U);
        expect_clean(world);
    }
    EXPECT_EQ(exits_sent(world), 0U);
    // One of them ends for another reason: a successor of our own comes.
    const ClientOrderId entry = enter_with_exits(world);
    world.fill(entry, at);
    world.pass(milliseconds(300));
    for (const OrderStatus status : {OrderStatus::canceled, OrderStatus::expired}) {
        world.end(world.only(btc, Role::stop_loss).placed.id, status);
        world.pass(milliseconds(800));
        expect_clean(world);
    }
    EXPECT_EQ(world.sent(CommandKind::place, Role::stop_loss), 2U);
}

TEST(EntryWithExits, OfATrancheThatAnotherEntryFilledFirstIsMerelyReplaced) {
    World world{attaching()};
    const ClientOrderId first = enter_with_exits(world);
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    const ClientOrderId second = world.commands.back().id;
    EXPECT_FALSE(world.commands.back().with_exits) << "the tranche waits for its first";
    world.fill(second, at);
    world.pass(milliseconds(500));
    EXPECT_EQ(exits_sent(world), 2U);
    EXPECT_EQ(world.state().totals.unprotected_now, 0U);
    world.fill(first, at);
    world.pass(seconds(3));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.covered(btc, long_side), world.tranches(btc, long_side)[0].quantity);
    expect_clean(world);
}

TEST(EntryWithExits, OutlivesTheTrancheItWasFor) {
    World world{attaching()};
    const ClientOrderId first = enter_with_exits(world);
    ASSERT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    world.fill(world.commands.back().id, at);
    world.pass(milliseconds(500));
    world.fill(world.only(btc, Role::take_profit).placed.id, price("75000"));
    world.pass(milliseconds(500));
    EXPECT_TRUE(world.tranches(btc, long_side).empty());
    world.fill(first, at);
    world.pass(seconds(2));
    EXPECT_EQ(world.tranches(btc, long_side).size(), 1U);
    EXPECT_EQ(world.state().totals.unprotected_now, 0U);
    expect_clean(world);
}

TEST(EntryWithExits, IsOnlyWhereItServesAndTheExchangeCan) {
    const auto plain = [](const std::function<void(Options&)>& change) {
        Options with = attaching();
        change(with);
        World world{with};
        EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
        return !world.commands.back().with_exits;
    };
    EXPECT_FALSE(plain([](Options&) {}));
    EXPECT_FALSE(plain([](Options& o) { o.settings.entry.time_in_force = TimeInForce::gtx; }));
    EXPECT_TRUE(plain([](Options& o) { o.settings.entry.attach_exits = false; }));
    for (const TimeInForce never_rests : {TimeInForce::ioc, TimeInForce::fok})
        EXPECT_TRUE(plain([=](Options& o) { o.settings.entry.time_in_force = never_rests; }));
    EXPECT_TRUE(plain([](Options& o) { o.settings.symbols[0].take_profit_enabled = false; }));
    EXPECT_TRUE(plain([](Options& o) { o.settings.symbols[0].stop_loss_enabled = false; }));
    EXPECT_TRUE(plain([](Options& o) { o.settings.tranche.consolidate = false; }));
    EXPECT_TRUE(plain([](Options& o) { o.rules[0].market_max_quantity = quantity("0.001"); }));
    EXPECT_TRUE(plain([](Options& o) { o.rules[0].max_conditional_orders = 2; }));
    World world{attaching()};
    world.fill(enter_with_exits(world), at);
    world.pass(seconds(1));
    EXPECT_EQ(world.trigger(btc, Side::sell, at), Verdict::entered);
    EXPECT_FALSE(world.commands.back().with_exits) << "the tranche has its exits";
}

TEST(EntryWithExits, DiesWithAFlattenAndWithADrain) {
    for (const ControlKind end : {ControlKind::flatten, ControlKind::drain}) {
        World world{attaching()};
        const ClientOrderId entry = enter_with_exits(world);
        if (end == ControlKind::flatten) world.fill(entry, at, quantity("0.004"));
        world.control(end);
        world.pass(seconds(20));
        EXPECT_FALSE(world.orders.at(entry).open());
        EXPECT_TRUE(world.tranches(btc, long_side).empty());
        expect_clean(world);
    }
}

}  // namespace
}  // namespace tranche::test
