#include <random>

#include "tests/unit/net/gateway_world.hpp"

namespace tranche {
namespace {

TEST(Gateway, AnAnswerBecomesTheReplyOfItsCommand) {
    World world{2};
    world.order();
    world.poll();
    ASSERT_EQ(world.line(0).sent, std::vector<std::string>{"order 1"});
    EXPECT_TRUE(world.take_replies().empty());
    const Nanos sent_at = world.now;
    world.line(0).answer(200);
    world.poll(milliseconds(3));
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies.at(1).verdict, ReplyClass::accepted);
    EXPECT_EQ(replies.at(1).sent_at, sent_at);
    EXPECT_EQ(world.metrics.round_trip.percentiles().count, 1U);
    EXPECT_NEAR(static_cast<double>(world.metrics.round_trip.percentiles().max), 3e6, 1e5);
    EXPECT_EQ(world.gateway->pending(), 0U);
}

TEST(Gateway, RefusalsAndServerErrorsArePassedOnAsTheyWereUnderstood) {
    World world{1};
    for (const auto& [status, verdict] :
         std::vector<std::pair<unsigned, ReplyClass>>{{400, ReplyClass::rejected},
                                                      {503, ReplyClass::unknown},
                                                      {200, ReplyClass::accepted}}) {
        world.order();
        world.poll();
        world.line(0).answer(status);
        world.poll();
        EXPECT_EQ(world.only_verdict(), verdict) << status;
    }
    EXPECT_EQ(world.metrics.of(StatusGroup::server_error), 1U);
    EXPECT_EQ(world.metrics.of(ReplyClass::rejected), 1U);
}

TEST(Gateway, ARequestCutAfterItLeftIsUnknownAndNeverSentAgain) {
    World world{2};
    world.order();
    world.poll();
    world.line(0).fail(HttpOutcome::cut);
    world.poll();
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies.at(1).verdict, ReplyClass::unknown);
    EXPECT_NE(replies.at(1).sent_at, Nanos{});
    for (int i = 0; i < 50; ++i) world.poll(milliseconds(100));
    EXPECT_TRUE(world.line(1).sent.empty());
    EXPECT_TRUE(world.take_replies().empty());
}

TEST(Gateway, ARequestOfWhichNothingLeftGoesOutOnAnotherConnection) {
    World world{2};
    world.order();
    world.poll();
    world.line(0).fail(HttpOutcome::not_sent);
    world.poll();
    ASSERT_EQ(world.line(1).sent, std::vector<std::string>{"order 1"});
    world.line(1).answer(200);
    world.poll();
    EXPECT_EQ(world.only_verdict(), ReplyClass::accepted);
    EXPECT_EQ(world.metrics.not_sent_again.get(), 1U);
}

TEST(Gateway, WithoutAConnectionCommandsWaitAsLongAsTheirLaneAllows) {
    World world{2};
    world.line(0).up = world.line(1).up = false;
    const std::uint64_t protective = world.order(Lane::protective);
    const std::uint64_t entry = world.order(Lane::entry);
    world.poll();
    world.poll(milliseconds(299));
    EXPECT_TRUE(world.take_replies().empty());
    world.poll(milliseconds(1));
    auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies.at(entry).verdict, ReplyClass::not_sent);
    world.poll(milliseconds(1'699));
    EXPECT_TRUE(world.take_replies().empty());
    world.poll(milliseconds(1));
    replies = world.take_replies();
    EXPECT_EQ(replies.at(protective).verdict, ReplyClass::not_sent);
    EXPECT_EQ(replies.at(protective).sent_at, Nanos{});
    EXPECT_EQ(world.metrics.late.get(), 2U);
}

TEST(Gateway, AWaitingCommandLeavesWhenAConnectionComesBack) {
    World world{1};
    world.line(0).up = false;
    world.order();
    world.poll(milliseconds(1'900));
    world.line(0).up = true;
    world.poll();
    EXPECT_EQ(world.line(0).sent.size(), 1U);
}

TEST(Gateway, ADeadlineThatHasPassedIsNotSentWhereverItStands) {
    World world{1};
    world.order(Lane::entry, CommandKind::place, start);
    world.poll();
    EXPECT_EQ(world.only_verdict(), ReplyClass::not_sent);
    world.line(0).up = false;
    world.order(Lane::protective);
    const std::uint64_t behind =
        world.order(Lane::protective, CommandKind::place, world.now + milliseconds(5));
    world.poll();
    world.poll(milliseconds(5));
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies.at(behind).verdict, ReplyClass::not_sent);
    EXPECT_TRUE(world.line(0).sent.empty());
}

TEST(Gateway, PaperModeLetsNothingPassThatChangesSomething) {
    World world{2, GatewaySettings{}};
    ASSERT_TRUE(GatewaySettings{}.simulate_only);
    world.order(Lane::entry, CommandKind::place);
    world.order(Lane::protective, CommandKind::place);
    world.order(Lane::protective, CommandKind::cancel);
    const std::uint64_t question = world.order(Lane::reconcile, CommandKind::query);
    world.poll();
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 3U);
    for (const auto& [sequence, reply] : replies)
        EXPECT_EQ(reply.verdict, ReplyClass::not_sent) << sequence;
    EXPECT_EQ(world.metrics.simulated.get(), 3U);
    ASSERT_EQ(world.line(0).sent.size() + world.line(1).sent.size(), 1U);
    EXPECT_EQ(world.line(0).sent.front(), "order " + std::to_string(question));
}

TEST(Gateway, ProtectionOvertakesEntriesAndKeepsTheLastConnection) {
    World world{2};
    for (int i = 0; i < 3; ++i) world.order(Lane::entry);
    const std::uint64_t stop = world.order(Lane::protective);
    world.poll();
    // the stop went first; then only one connection was left, which entries may not have
    EXPECT_EQ(world.line(0).sent, std::vector<std::string>{"order " + std::to_string(stop)});
    EXPECT_TRUE(world.line(1).sent.empty());
    world.line(0).answer(200);
    world.poll();
    EXPECT_EQ(world.line(0).sent.back(), "order 1");
    const std::uint64_t second = world.order(Lane::protective);
    world.poll();
    EXPECT_EQ(world.line(1).sent, std::vector<std::string>{"order " + std::to_string(second)});
}

TEST(Gateway, AFloodOfEntriesDoesNotStandInFrontOfProtection) {
    World world{2, {.simulate_only = false, .lane_capacity = 4}};
    world.line(0).up = world.line(1).up = false;
    for (int i = 0; i < 20; ++i) world.order(Lane::entry);
    const std::uint64_t stop = world.order(Lane::protective);
    world.poll();
    EXPECT_EQ(world.take_replies().size(), 16U);
    EXPECT_EQ(world.metrics.lane_full.get(), 16U);
    world.line(0).up = true;
    world.poll();
    EXPECT_EQ(world.line(0).sent, std::vector<std::string>{"order " + std::to_string(stop)});
}

TEST(Gateway, AnEntryDecidedTooLongAgoIsDiscardedAndProtectionNever) {
    World world{2};
    world.decided_at = world.now - milliseconds(300);
    world.order(Lane::entry);
    world.order(Lane::protective);
    world.poll();
    EXPECT_EQ(world.line(0).sent, std::vector<std::string>{"order 2"});
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies.at(1).verdict, ReplyClass::not_sent);
    EXPECT_EQ(world.metrics.late.get(), 1U);
}

TEST(Gateway, ExitsGoBeforeCancelsBeforeQuestionsBeforeEntries) {
    World world{1};
    world.order(Lane::entry);
    world.order(Lane::reconcile, CommandKind::query);
    world.order(Lane::protective, CommandKind::cancel);
    world.order(Lane::protective);
    for (int i = 0; i < 4; ++i) {
        world.poll();
        world.line(0).answer(200);
    }
    world.poll();
    EXPECT_EQ(world.line(0).sent,
              (std::vector<std::string>{"order 4", "order 3", "order 2", "order 1"}));
}

TEST(Gateway, ACancelTakesBackAnOrderThatHasNotLeftAndNeitherIsSent) {
    World world{1};
    world.line(0).up = false;
    const std::uint64_t place = world.order(Lane::entry);
    world.poll();
    world.same_id_as = place;
    const std::uint64_t cancel = world.order(Lane::protective, CommandKind::cancel);
    world.poll();
    world.line(0).up = true;
    world.poll();
    EXPECT_TRUE(world.line(0).sent.empty());
    EXPECT_EQ(world.metrics.withdrawn.get(), 1U);
    EXPECT_EQ(world.gateway->pending(), 0U);
    std::vector<std::uint64_t> answered;
    for (; const Event* event = world.replies.front(); world.replies.pop()) {
        EXPECT_EQ(event->reply.verdict, ReplyClass::not_sent);
        answered.push_back(event->reply.sequence);
    }
    EXPECT_EQ(answered, (std::vector<std::uint64_t>{place, cancel}));
}

TEST(Gateway, WhatTheAccountStageSpendsCountsAsWell) {
    World world{2, {.simulate_only = false}, 64, {{RateUnit::orders, seconds(60), 100}}};
    RateBudget account{std::vector<RateLimit>{{RateUnit::orders, seconds(60), 100}}, Ratio{}};
    account.join(world.board, RateParty::account);
    account.spend({.weight = 1, .orders = 70}, world.now);
    world.order(Lane::entry);
    world.poll();
    EXPECT_TRUE(world.line(0).sent.empty()) << "70 % are spent, by whomever";
    world.order(Lane::protective);
    world.poll();
    EXPECT_EQ(world.line(0).sent.size(), 1U);
    account.on_answer(RateVerdict::banned, {}, world.now + seconds(300), world.now);
    world.order(Lane::protective);
    world.poll();
    EXPECT_TRUE(world.line(1).sent.empty()) << "its ban is everybody's";
}

TEST(Gateway, RepliesKeepToTheirCommandsWhateverTheOrderOfAnswers) {
    World world{4};
    for (int i = 0; i < 4; ++i) world.order();
    world.poll();
    world.line(3).answer(400);
    world.poll();
    world.line(0).answer(200);
    world.line(1).fail(HttpOutcome::cut);
    world.poll();
    world.line(2).answer(503);
    world.poll();
    std::vector<ReplyClass> verdicts;
    for (const auto& [sequence, reply] : world.take_replies()) verdicts.push_back(reply.verdict);
    EXPECT_EQ(verdicts, (std::vector<ReplyClass>{ReplyClass::accepted, ReplyClass::unknown,
                                                 ReplyClass::unknown, ReplyClass::rejected}));
}

TEST(Gateway, TakesNoCommandWhoseReplyWouldHaveNoPlace) {
    World world{4, {.simulate_only = false}, 2};
    for (int i = 0; i < 4; ++i) world.order();
    world.poll();
    EXPECT_EQ(world.gateway->pending(), 2U);
    world.line(0).answer(200);
    world.line(1).answer(200);
    world.poll();
    world.poll();
    EXPECT_EQ(world.gateway->pending(), 0U);  // the ring is full of replies nobody has read
    EXPECT_EQ(world.take_replies().size(), 2U);
    world.poll();
    EXPECT_EQ(world.gateway->pending(), 2U);
}

TEST(Gateway, WhatCannotBeEncodedIsAnsweredAtOnce) {
    World world{1};
    Command* command = world.commands.slot();
    *command = {};
    command->sequence = 1;
    command->symbol = SymbolId{3};
    command->id.generation = 1;
    command->type = OrderType::unknown;
    world.commands.publish();
    world.sequence = 1;
    world.order();
    world.poll();
    EXPECT_EQ(world.only_verdict(), ReplyClass::not_sent);
    EXPECT_EQ(world.metrics.not_encodable.get(), 1U);
    EXPECT_EQ(world.line(0).sent, std::vector<std::string>{"order 2"});
}

TEST(Gateway, ThrottlingHoldsEverythingBackUntilItIsOver) {
    World world{2};
    world.order();
    world.poll();
    world.line(0).answer(429);
    world.poll();
    EXPECT_EQ(world.only_verdict(), ReplyClass::throttled);
    world.order();
    world.poll(milliseconds(999));
    EXPECT_EQ(world.line(0).sent.size(), 1U);
    world.poll(milliseconds(1));
    EXPECT_EQ(world.line(0).sent.size(), 2U);
    EXPECT_GT(world.metrics.budget_waits.get(), 0U);
}

TEST(Gateway, TheBudgetStopsEntriesBeforeProtection) {
    World world{8, {.simulate_only = false}, 64, {{RateUnit::orders, seconds(10), 20}}};
    for (int i = 0; i < 5; ++i) world.order(Lane::entry);
    world.poll();
    EXPECT_EQ(world.metrics.sent.get(), 3U) << "each will need three orders of protection";
    world.order(Lane::protective);
    world.poll();
    EXPECT_EQ(world.metrics.sent.get(), 4U);
}

TEST(Gateway, AnEntryWithExitsThatTheBudgetCannotBearIsGivenBackAtOnce) {
    World world{8, {.simulate_only = false}, 64, {{RateUnit::weight, seconds(60), 200}}};
    world.with_exits = true;
    for (int i = 0; i < 3; ++i) world.order(Lane::entry);
    world.with_exits = false;
    const std::uint64_t plain = world.order(Lane::entry);
    world.poll();
    // 30 % are kept from entries: two of fifty each, and no third.
    EXPECT_EQ(world.metrics.sent.get(), 3U);
    EXPECT_EQ(world.line(2).sent, std::vector<std::string>{"order " + std::to_string(plain)});
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies.at(3).verdict, ReplyClass::not_sent);
}

TEST(Gateway, AnIdleConnectionIsPingedAndABusyOneIsNot) {
    World world{2};
    world.poll();
    world.poll(seconds(14));
    EXPECT_TRUE(world.line(0).sent.empty());
    world.poll(seconds(1));
    ASSERT_EQ(world.line(0).sent, std::vector<std::string>{"ping"});
    world.line(0).answer(200);
    world.poll();
    EXPECT_EQ(world.line(1).sent, std::vector<std::string>{"ping"});
    world.line(1).fail(HttpOutcome::cut);
    world.poll(seconds(1));
    EXPECT_EQ(world.metrics.pings.get(), 2U);
    EXPECT_TRUE(world.take_replies().empty());
}

TEST(Gateway, APingWithoutAnswerEndsItsConnectionAndOthersArePingedInBetween) {
    World world{2, {.simulate_only = false, .ping_gap = milliseconds(100)}};
    world.poll();
    world.poll(seconds(15));
    world.poll(milliseconds(99));
    EXPECT_EQ(world.metrics.pings.get(), 1U) << "one at a time";
    world.poll(milliseconds(1));
    EXPECT_EQ(world.metrics.pings.get(), 2U);
    world.line(1).answer(200);
    world.poll(milliseconds(2'899));
    EXPECT_EQ(world.line(0).given_up, 0U);
    world.poll(milliseconds(1));
    EXPECT_EQ(world.line(0).given_up, 1U) << "three seconds after it left";
    world.poll(seconds(4));
    EXPECT_EQ(world.line(0).given_up, 1U);
    EXPECT_EQ(world.line(1).given_up, 0U);
    EXPECT_EQ(world.metrics.pings_unanswered.get(), 1U);
    EXPECT_TRUE(world.take_replies().empty());
}

TEST(Gateway, AnOrderIsNotGivenUpForAPingsLimit) {
    World world{1};
    world.poll();
    world.order();
    world.poll();
    world.poll(seconds(9));
    EXPECT_EQ(world.line(0).given_up, 0U);
}

TEST(Gateway, ShowsHowLongAnswersTakeAndHowOldWhatWaitsIs) {
    World world{2};
    world.poll();
    const auto lane = [](Lane which) { return static_cast<std::size_t>(which); };
    for (const std::int64_t ms : {800, 0}) {
        world.order();
        world.poll();
        world.line(0).answer(200);
        world.poll(milliseconds(ms));
        EXPECT_EQ(world.metrics.average_round_trip.get(), ms == 800 ? 800'000'000U : 700'000'000U);
    }
    world.line(0).up = world.line(1).up = false;
    world.decided_at = world.now;
    world.order(Lane::entry);
    world.order(Lane::protective);
    world.poll();
    world.poll(milliseconds(250));
    EXPECT_EQ(world.metrics.queue_age[lane(Lane::entry)].get(), 250'000'000U);
    EXPECT_EQ(world.metrics.queue_age[lane(Lane::protective)].get(), 250'000'000U);
    EXPECT_EQ(world.metrics.queue_age[lane(Lane::reconcile)].get(), 0U);
    world.poll(milliseconds(250));
    EXPECT_EQ(world.metrics.queue_age[lane(Lane::entry)].get(), 0U) << "discarded";
    world.line(0).up = world.line(1).up = true;
    world.poll(milliseconds(100));
    EXPECT_EQ(world.metrics.queue_age[lane(Lane::protective)].get(), 0U);
    EXPECT_EQ(world.metrics.longest_wait[lane(Lane::protective)].get(), 600'000'000U);
    EXPECT_EQ(world.metrics.longest_wait[lane(Lane::entry)].get(), 0U) << "it never left";
}

TEST(Gateway, LatencyIsCountedForOrdersWithACause) {
    World world{2};
    Command* command = world.commands.slot();
    *command = {};
    command->sequence = 1;
    command->id.generation = 1;
    command->symbol = SymbolId{3};
    command->cause_time = start - microseconds(50);
    command->decided_at = start - microseconds(20);
    world.commands.publish();
    world.sequence = 1;
    world.order();  // no cause
    world.poll();
    EXPECT_EQ(world.metrics.tick_to_order.percentiles().count, 1U);
    EXPECT_NEAR(static_cast<double>(world.metrics.tick_to_order.percentiles().max), 50e3, 2e3);
    EXPECT_NEAR(static_cast<double>(world.metrics.decide.percentiles().max), 30e3, 1e3);
    EXPECT_EQ(world.metrics.sign.percentiles().count, 2U);
}

/// Random peers: each command gets exactly one reply, what was cut is never sent twice, and what is
/// reported as not sent never reached a peer that kept it.
void run_with_random_faults(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    const auto chance = [&random](unsigned percent) { return random() % 100 < percent; };
    World world{1 + random() % 4, {.simulate_only = false, .lane_capacity = 8}, 16};
    std::map<std::uint64_t, Reply> replies;
    std::map<std::string, int> kept;  // requests a peer may have acted on
    for (int step = 0; step < 3'000; ++step) {
        const bool quiet = step >= 2'000;
        if (!quiet && chance(40) && world.commands.room() > 0) {
            const Nanos deadline =
                chance(20) ? world.now + milliseconds(chance(50) ? 0 : 30) : Nanos{};
            world.order(static_cast<Lane>(random() % 3), static_cast<CommandKind>(random() % 3),
                        deadline);
        }
        for (auto& line : world.connections) {
            line->refuse_sends = !quiet && chance(5);
            if (!line->waiting()) {
                line->up = quiet || line->up ? quiet || !chance(3) : chance(10);
                continue;
            }
            if (!quiet && !chance(30)) continue;
            const std::string request = line->sent.back();
            if (!quiet && chance(20)) {
                line->fail(HttpOutcome::not_sent);
                continue;
            }
            if (request != "ping") ++kept[request];
            if (!quiet && chance(25)) {
                line->fail(HttpOutcome::cut);
            } else {
                line->answer(std::array{200U, 400U, 503U, 429U}[random() % (quiet ? 1 : 4)]);
            }
        }
        world.poll(milliseconds(static_cast<std::int64_t>(random() % 20)));
        if (!quiet && chance(60)) continue;  // a reader that is slow at times
        for (const auto& [sequence, reply] : world.take_replies())
            ASSERT_TRUE(replies.emplace(sequence, reply).second) << "two replies to " << sequence;
    }
    ASSERT_EQ(replies.size(), world.sequence);
    EXPECT_EQ(world.gateway->pending(), 0U);
    for (const auto& [sequence, reply] : replies) {
        const int copies = kept["order " + std::to_string(sequence)];
        ASSERT_LE(copies, 1) << "order " << sequence << " reached the exchange twice";
        const bool never_left = reply.verdict == ReplyClass::not_sent;
        ASSERT_EQ(copies, never_left ? 0 : 1) << "order " << sequence;
        ASSERT_EQ(reply.sent_at == Nanos{}, never_left);
    }
}

TEST(Gateway, ExactlyOneReplyToEveryCommandUnderRandomFaults) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        run_with_random_faults(seed);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace tranche
