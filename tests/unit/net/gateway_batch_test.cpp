// New orders that stand ready together and leave as one request.
#include "tests/unit/net/gateway_world.hpp"

namespace tranche {
namespace {

GatewaySettings batching() {
    return {.simulate_only = false, .batch_entries = true, .batch_exits = true};
}

using Sent = std::vector<std::string>;

TEST(GatewayBatch, TakesWhatStandsReadyTogetherInItsOrderAndALoneOneAtOnce) {
    World world{2, batching()};
    world.order();
    world.poll();
    EXPECT_EQ(world.line(0).sent, Sent{"order 1"}) << "nobody waits for company";
    for (int i = 0; i < 7; ++i) world.order();
    world.poll();
    EXPECT_EQ(world.line(1).sent, Sent{"batch 2 3 4 5 6"}) << "five at most";
    world.line(0).answer(200);
    world.poll();
    EXPECT_EQ(world.line(0).sent, (Sent{"order 1", "batch 7 8"}));
    EXPECT_EQ(world.metrics.batches.get(), 2U);
    EXPECT_EQ(world.metrics.sent.get(), 8U);
}

TEST(GatewayBatch, EachElementHasItsOwnVerdict) {
    World world{1, batching()};
    for (int i = 0; i < 3; ++i) world.order();
    world.poll();
    ASSERT_EQ(world.line(0).sent, Sent{"batch 1 2 3"});
    const Nanos sent_at = world.now;
    world.line(0).answer(200);
    world.poll(milliseconds(2));
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 3U);
    EXPECT_EQ(replies.at(1).verdict, ReplyClass::accepted);
    EXPECT_EQ(replies.at(2).verdict, ReplyClass::rejected);
    EXPECT_EQ(replies.at(3).verdict, ReplyClass::accepted);
    for (const auto& [sequence, reply] : replies) EXPECT_EQ(reply.sent_at, sent_at);
    EXPECT_EQ(world.gateway->pending(), 0U);
}

TEST(GatewayBatch, ThatIsCutLeavesEveryElementInDoubtAndIsNeverSentAgain) {
    World world{2, batching()};
    for (int i = 0; i < 3; ++i) world.order();
    world.poll();
    world.line(0).fail(HttpOutcome::cut);
    world.poll();
    const auto replies = world.take_replies();
    ASSERT_EQ(replies.size(), 3U);
    for (const auto& [sequence, reply] : replies) {
        EXPECT_EQ(reply.verdict, ReplyClass::unknown);
        EXPECT_NE(reply.sent_at, Nanos{});
    }
    for (int i = 0; i < 30; ++i) world.poll(milliseconds(100));
    EXPECT_TRUE(world.line(1).sent.empty());
}

TEST(GatewayBatch, OfWhichNothingLeftGoesOutAgainInTheSameOrder) {
    World world{2, batching()};
    for (int i = 0; i < 3; ++i) world.order();
    world.poll();
    world.line(0).fail(HttpOutcome::not_sent);
    world.poll();
    EXPECT_EQ(world.line(1).sent, Sent{"batch 1 2 3"});
    world.line(1).answer(200);
    world.poll();
    EXPECT_EQ(world.take_replies().size(), 3U);
}

TEST(GatewayBatch, MixesNeitherUrgenciesNorKindsNorWhatMustGoAlone) {
    World world{4, batching()};
    world.order(Lane::entry);
    world.order();
    world.order();
    world.order(Lane::protective, CommandKind::cancel);
    world.order(Lane::protective, CommandKind::cancel);
    world.order(Lane::entry);
    world.poll();
    EXPECT_EQ(world.line(0).sent, Sent{"batch 2 3"});
    EXPECT_EQ(world.line(1).sent, Sent{"order 4"});
    EXPECT_EQ(world.line(2).sent, Sent{"order 5"});
    for (std::size_t i = 0; i < 3; ++i) world.line(i).answer(200);
    world.poll();
    EXPECT_EQ(world.line(0).sent.back(), "batch 1 6") << "entries among themselves";
}

TEST(GatewayBatch, IsOnlyForTheKindThatTheSettingsName) {
    World none{4};
    none.order();
    none.order();
    none.poll();
    EXPECT_EQ(none.line(0).sent, Sent{"order 1"}) << "side by side unless asked";
    EXPECT_EQ(none.line(1).sent, Sent{"order 2"});
    World exits{4, {.simulate_only = false, .batch_exits = true}};
    exits.order(Lane::entry);
    exits.order(Lane::entry);
    exits.poll();
    EXPECT_EQ(exits.line(0).sent, Sent{"order 1"});
    EXPECT_EQ(exits.line(1).sent, Sent{"order 2"});
}

TEST(GatewayBatch, GoesOneByOneWhereTheBudgetHasNoRoomForItsWeight) {
    World world{4, batching(), 64, {{RateUnit::weight, seconds(60), 4}}};
    world.order();
    world.order();
    world.poll();
    EXPECT_EQ(world.line(0).sent, Sent{"order 1"});
    EXPECT_EQ(world.line(1).sent, Sent{"order 2"});
}

TEST(GatewayBatch, InPaperModeLeavesNothing) {
    GatewaySettings paper = batching();
    paper.simulate_only = true;
    World world{2, paper};
    world.order();
    world.order();
    world.poll();
    EXPECT_TRUE(world.line(0).sent.empty());
    EXPECT_EQ(world.take_replies().size(), 2U);
}

}  // namespace
}  // namespace tranche
