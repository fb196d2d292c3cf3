#include "net/receive.hpp"

#include <cstring>
#include <set>
#include <thread>

#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

StreamPlan plan_for(const LoopbackServer& server, const std::string& path = "/stream") {
    StreamPlan plan;
    plan.name = "market";
    plan.endpoint = {true, false, "127.0.0.1", server.port(), {}};
    plan.addresses = {server.address()};
    plan.path = path;
    plan.kind = 3;
    return plan;
}

/// Real handshakes take real time, while the test's clock leaps.
StreamPlan patient_plan_for(const LoopbackServer& server) {
    StreamPlan plan = plan_for(server);
    plan.link.connect_timeout = plan.link.handshake_timeout = seconds(100'000);
    return plan;
}

PathChange change_to(const std::string& path) {
    PathChange change;
    change.length = static_cast<std::uint16_t>(path.size());
    std::memcpy(change.path.data(), path.data(), path.size());
    return change;
}

struct Stage {
    World world;
    ByteRing frames;
    Ring<StreamState> states{64};
    Ring<PathChange> paths{4};
    std::unique_ptr<Receive> receive;

    explicit Stage(std::vector<StreamPlan> plans, std::size_t ring_bytes = 1U << 20,
                   const ReactorOptions& options = {})
        : world{options}, frames{ring_bytes} {
        Result<std::unique_ptr<Receive>> made =
            Receive::create(*world.reactor, nullptr, std::move(plans), frames, states, paths, 1);
        if (!made) throw std::runtime_error(made.error().message);
        receive = std::move(made).value();
    }

    template <class Done> bool drive(Done done) {
        return world.drive([&] {
            receive->poll(world.now);
            return done();
        });
    }
    /// The next change of state, driving the stage until there is one.
    StreamState next_state() {
        StreamState state;
        EXPECT_TRUE(drive([&] { return states.front() != nullptr; }));
        if (const StreamState* front = states.front()) {
            state = *front;
            states.pop();
        }
        return state;
    }
    std::string next_message() {
        Frame frame;
        const bool waits = frames.front(frame);
        EXPECT_TRUE(waits || drive([&] { return frames.front(frame); }));
        std::string text = text_of(frame.bytes);
        frames.pop();
        return text;
    }
};

TEST(Receive, DeliversWithConnectionKindAndArrival) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        const std::string request = peer.accept_upgrade();
        peer.write(server_frame(1, request.substr(0, request.find("\r\n"))));
        peer.read();
    }};
    StreamPlan idle = plan_for(server, "");
    StreamPlan used = plan_for(server, "/stream?streams=!forceOrder@arr");
    used.endpoint.prefix = "/base";
    Stage stage{{idle, used}};
    stage.world.now = seconds(1'700'000'000);
    Frame frame;
    ASSERT_TRUE(stage.drive([&] { return stage.frames.front(frame); }));
    EXPECT_EQ(text_of(frame.bytes), "GET /base/stream?streams=!forceOrder@arr HTTP/1.1");
    EXPECT_EQ(frame.head.connection, 1);
    EXPECT_EQ(frame.head.kind, 3);
    EXPECT_EQ(frame.head.arrival_time, seconds(1'700'000'000));
    EXPECT_EQ(stage.receive->counters(1).messages, 1U);
    EXPECT_EQ(stage.receive->counters(1).bytes, frame.bytes.size());
    EXPECT_EQ(stage.receive->counters(1).last_message_ns, seconds(1'700'000'000).count);
    EXPECT_EQ(server.accepted(), 1) << "a plan without a path stays idle";
}

TEST(Receive, ConnectsAgainWithGrowingWaitsAndSaysWhatHappened) {
    LoopbackServer server{[](ServerPeer& peer, int connection) {
        peer.accept_upgrade();
        peer.write(server_frame(1, std::to_string(connection)));
        peer.end();
    }};
    Stage stage{{plan_for(server)}};
    std::int64_t longest = 100;
    for (int round = 0; round < 8; ++round) {
        EXPECT_EQ(stage.next_state().phase, StreamPhase::connecting);
        EXPECT_EQ(stage.next_state().phase, StreamPhase::open);
        EXPECT_EQ(stage.next_message(), std::to_string(round));
        const StreamState lost = stage.next_state();
        EXPECT_EQ(lost.phase, StreamPhase::lost);
        EXPECT_EQ(lost.reason, LossReason::peer_closed);
        EXPECT_EQ(lost.reconnects, static_cast<std::uint64_t>(round + 1));
        stage.world.now += Nanos{milliseconds(longest / 2).count - 1};
        stage.receive->poll(stage.world.now);
        EXPECT_EQ(stage.states.front(), nullptr) << "not before half of " << longest << " ms";
        stage.world.now += Nanos{milliseconds(longest - longest / 2).count + 1};
        longest = std::min<std::int64_t>(2 * longest, 10'000);
    }
}

TEST(Receive, ARefusedConnectionHasItsReason) {
    LoopbackServer server{[](ServerPeer&, int) {}};
    StreamPlan plan = plan_for(server);
    plan.addresses = {closed_port(), server.address()};
    Stage stage{{plan}};
    EXPECT_EQ(stage.next_state().phase, StreamPhase::connecting);
    const StreamState lost = stage.next_state();
    EXPECT_EQ(lost.phase, StreamPhase::lost);
    EXPECT_EQ(lost.reason, LossReason::connect_refused);
    EXPECT_NE(stage.receive->why(0).find("refused"), std::string::npos);
    stage.world.now += milliseconds(100);
    ASSERT_TRUE(stage.drive([&] { return server.accepted() == 1; })) << "the next address is tried";
}

TEST(Receive, AFullRingStopsTheSocketAndLosesNothing) {
    constexpr int messages = 3'000;
    std::atomic<int> written{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        for (int i = 0; i < messages; ++i) {
            peer.write(server_frame(1, std::to_string(i) + std::string(8'000, ' ')));
            ++written;
        }
        peer.read();
    }};
    Stage stage{{plan_for(server)}, 65536, {.channels = 2, .buffers = 4}};
    ASSERT_TRUE(stage.drive([&] { return stage.receive->counters(0).held_turns > 0; }));
    for (int turn = 0; turn < 200; ++turn) {
        stage.world.reactor->wait(milliseconds(1));
        stage.receive->poll(stage.world.now);
    }
    EXPECT_LT(written, messages) << "24 MB do not fit; the peer has to wait";
    EXPECT_LT(stage.receive->counters(0).messages, 16U);
    for (int i = 0; i < messages; ++i) ASSERT_EQ(std::stoi(stage.next_message()), i);
    EXPECT_EQ(stage.receive->counters(0).messages, static_cast<std::uint64_t>(messages));
    EXPECT_EQ(stage.receive->counters(0).reconnects, 0U);
}

TEST(Receive, ASilentConnectionIsDropped) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        peer.accept_upgrade();
        peer.read();
    }};
    StreamPlan plan = plan_for(server);
    plan.silence_limit = seconds(8);
    Stage stage{{plan}};
    EXPECT_EQ(stage.next_state().phase, StreamPhase::connecting);
    EXPECT_EQ(stage.next_state().phase, StreamPhase::open);
    stage.world.now += Nanos{seconds(8).count - 1};
    stage.receive->poll(stage.world.now);
    EXPECT_EQ(stage.states.front(), nullptr);
    stage.world.now += nanoseconds(1);
    stage.receive->poll(stage.world.now);
    EXPECT_EQ(stage.next_state().reason, LossReason::silence);
}

TEST(Receive, AnOverduePongDropsTheConnectionAndAnAnsweredPingKeepsIt) {
    std::atomic<int> pings{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        unsigned opcode = 0;
        std::string payload;
        for (std::string bytes = peer.read(); !bytes.empty(); bytes = peer.read()) {
            open_client_frame(bytes, opcode, payload);
            if (opcode == 9 && ++pings == 1)
                peer.write(server_frame(10, payload) + server_frame(1, "ponged"));
        }
    }};
    StreamPlan plan = plan_for(server);
    plan.ping_interval = seconds(5);
    Stage stage{{plan}};
    EXPECT_EQ(stage.next_state().phase, StreamPhase::connecting);
    EXPECT_EQ(stage.next_state().phase, StreamPhase::open);
    stage.world.now += seconds(5);
    EXPECT_EQ(stage.next_message(), "ponged");
    stage.world.now += seconds(5);
    ASSERT_TRUE(stage.drive([&] { return pings == 2; }));
    EXPECT_EQ(stage.states.front(), nullptr);
    stage.world.now += seconds(3);
    stage.receive->poll(stage.world.now);
    const StreamState lost = stage.next_state();
    EXPECT_EQ(lost.phase, StreamPhase::lost);
    EXPECT_EQ(lost.reason, LossReason::pong_overdue);
}

TEST(Receive, APathThatComesLaterOpensTheConnectionAndAnotherOneMovesIt) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        const std::string request = peer.accept_upgrade();
        peer.write(server_frame(1, request.substr(4, request.find(" HTTP") - 4)));
        peer.read();
    }};
    Stage stage{{plan_for(server, "")}};
    stage.receive->poll(stage.world.now);
    EXPECT_EQ(server.accepted(), 0);
    for (const std::string path : {"/ws/first-key", "/ws/second-key"}) {
        *stage.paths.slot() = change_to(path);
        stage.paths.publish();
        EXPECT_EQ(stage.next_message(), path);
    }
    *stage.paths.slot() = change_to("");
    stage.paths.publish();
    std::vector<StreamPhase> phases;
    ASSERT_TRUE(stage.drive([&] {
        for (; stage.states.front() != nullptr; stage.states.pop())
            phases.push_back(stage.states.front()->phase);
        return !phases.empty() && phases.back() == StreamPhase::idle;
    }));
    using enum StreamPhase;
    EXPECT_EQ(phases, (std::vector{connecting, open, lost, connecting, open, lost, idle}));
}

/// Sends the numbers that are published while a connection is open to each of them, as an exchange
/// does: nobody gets what was published before he came.
class NumberFeed {
public:
    NumberFeed() : server_{[this](ServerPeer& peer, int) { serve(peer); }} {}
    ~NumberFeed() { stop_ = true; }
    const LoopbackServer& server() const { return server_; }
    int readers() const { return readers_; }
    void publish() { ++published_; }
    int published() const { return published_; }

private:
    void serve(ServerPeer& peer) {
        peer.accept_upgrade();
        int next = published_;
        ++readers_;
        while (!stop_) {
            if (next < published_)
                peer.write(server_frame(1, std::to_string(++next)));
            else
                std::this_thread::yield();
        }
    }

    std::atomic<bool> stop_{};
    std::atomic<int> published_{};
    std::atomic<int> readers_{};
    LoopbackServer server_;
};

/// Every number that has arrived, driving the stage until `wanted` is among them.
void collect(Stage& stage, std::set<int>& seen, int wanted) {
    ASSERT_TRUE(stage.drive([&] {
        Frame frame;
        while (stage.frames.front(frame)) {
            seen.insert(std::stoi(text_of(frame.bytes)));
            stage.frames.pop();
        }
        return seen.contains(wanted);
    })) << "number "
        << wanted;
}

TEST(Receive, AnOldConnectionGetsItsSuccessorBeforeItGoesAndNothingIsLost) {
    NumberFeed feed;
    StreamPlan plan = patient_plan_for(feed.server());
    plan.rotate_after = seconds(60);
    plan.quiet_limit = seconds(5);
    Stage stage{{plan}};
    EXPECT_EQ(stage.next_state().phase, StreamPhase::connecting);
    EXPECT_EQ(stage.next_state().phase, StreamPhase::open);
    ASSERT_TRUE(stage.drive([&] { return feed.readers() == 1; }));
    std::set<int> seen;
    const StreamCounters& counters = stage.receive->counters(0);
    // The clock leaps while real handshakes go on, so how many seconds it takes is open.
    for (int second = 0; second < 5'000 && counters.rotations < 3; ++second) {
        feed.publish();
        ASSERT_NO_FATAL_FAILURE(collect(stage, seen, feed.published()));
        stage.world.now += seconds(1);
    }
    EXPECT_EQ(counters.rotations, 3U);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(feed.published()));
    EXPECT_EQ(counters.reconnects, 0U);
    EXPECT_EQ(stage.states.front(), nullptr) << "nobody has to know";
}

TEST(Receive, ConnectionsRotateOneAfterTheOther) {
    NumberFeed feed;
    StreamPlan plan = patient_plan_for(feed.server());
    plan.rotate_after = seconds(60);
    Stage stage{{plan, plan, plan}};
    const auto successions = [&] {
        int count = 0;
        for (std::size_t i = 0; i < 3; ++i) count += stage.receive->counters(i).succeeding ? 1 : 0;
        return count;
    };
    ASSERT_TRUE(stage.drive([&] { return feed.readers() == 3; }));
    ASSERT_TRUE(stage.drive([&] {
        return stage.receive->counters(2).phase == StreamPhase::open &&
               stage.receive->counters(1).phase == StreamPhase::open &&
               stage.receive->counters(0).phase == StreamPhase::open;
    }));
    stage.world.now += seconds(61);
    for (int round = 1; round <= 3; ++round) {
        ASSERT_TRUE(stage.drive([&] { return feed.readers() == 3 + round; }));
        ASSERT_EQ(successions(), 1);
        ASSERT_TRUE(stage.drive([&] {
            stage.world.now += milliseconds(50);
            return stage.receive->counters(static_cast<std::size_t>(round - 1)).rotations == 1;
        }));
    }
    EXPECT_EQ(successions(), 0);
}

TEST(Receive, AQuietConnectionIsReplacedByOneThatSpeaks) {
    std::atomic<bool> stop{};
    {
        LoopbackServer server{[&](ServerPeer& peer, int connection) {
            peer.accept_upgrade();
            peer.write(server_frame(1, std::to_string(connection)));
            while (!stop) std::this_thread::yield();
        }};
        StreamPlan plan = plan_for(server);
        plan.quiet_limit = seconds(5);
        Stage stage{{plan}};
        EXPECT_EQ(stage.next_message(), "0");
        stage.world.now += Nanos{seconds(5).count - 1};
        stage.receive->poll(stage.world.now);
        EXPECT_FALSE(stage.receive->counters(0).succeeding);
        stage.world.now += nanoseconds(1);
        EXPECT_EQ(stage.next_message(), "1");
        EXPECT_EQ(stage.receive->counters(0).rotations, 0U) << "both are read for a while";
        stage.world.now += seconds(2);
        EXPECT_TRUE(stage.drive([&] { return stage.receive->counters(0).rotations == 1; }));
        EXPECT_EQ(stage.receive->counters(0).reconnects, 0U);
        stop = true;
    }
}

TEST(Receive, WhileEverybodyIsQuietTheConnectionStaysAndSuccessorsAreTriedLessAndLess) {
    std::atomic<int> upgraded{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        ++upgraded;
        while (!peer.read().empty()) {
        }
    }};
    StreamPlan plan = patient_plan_for(server);
    plan.quiet_limit = seconds(5);
    Stage stage{{plan}};
    const StreamCounters& counters = stage.receive->counters(0);
    ASSERT_TRUE(stage.drive([&] { return counters.phase == StreamPhase::open; }));
    for (int tries = 1; tries <= 4; ++tries) {
        ASSERT_TRUE(stage.drive([&] {
            if (!counters.succeeding) stage.world.now += milliseconds(100);
            return upgraded == 1 + tries;
        }));
        ASSERT_TRUE(stage.drive([&] {
            stage.world.now += milliseconds(500);
            return counters.failed_rotations == static_cast<std::uint64_t>(tries);
        }));
    }
    const Nanos before = stage.world.now;
    ASSERT_TRUE(stage.drive([&] {
        stage.world.now += milliseconds(100);
        return counters.succeeding.load();
    }));
    EXPECT_GE(stage.world.now - before, seconds(20));
    ASSERT_TRUE(stage.drive([&] { return upgraded == 6; }));
    EXPECT_EQ(counters.reconnects, 0U);
    EXPECT_EQ(counters.phase, StreamPhase::open);
}

TEST(Receive, ASuccessorTakesOverAtOnceWhenTheElderIsCutAndTheGapIsTold) {
    std::atomic<bool> cut{};
    LoopbackServer server{[&](ServerPeer& peer, int connection) {
        peer.accept_upgrade();
        peer.write(server_frame(1, std::to_string(connection)));
        if (connection > 0) {
            peer.read();
            return;
        }
        while (!cut) std::this_thread::yield();
        peer.cut();
    }};
    StreamPlan plan = plan_for(server);
    plan.rotate_after = seconds(60);
    Stage stage{{plan}};
    EXPECT_EQ(stage.next_state().phase, StreamPhase::connecting);
    EXPECT_EQ(stage.next_state().phase, StreamPhase::open);
    EXPECT_EQ(stage.next_message(), "0");
    stage.world.now += seconds(60);
    EXPECT_EQ(stage.next_message(), "1");
    cut = true;
    const StreamState lost = stage.next_state();
    EXPECT_EQ(lost.phase, StreamPhase::lost);
    EXPECT_EQ(lost.reason, LossReason::peer_closed);
    EXPECT_EQ(stage.next_state().phase, StreamPhase::open);
    EXPECT_EQ(server.accepted(), 2) << "no third connection was needed";
    EXPECT_FALSE(stage.receive->counters(0).succeeding);
}

TEST(Receive, AnExchangeThatNeverAnswersPingsIsNotHungUpOn) {
    std::atomic<int> pings{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        unsigned opcode = 0;
        std::string payload;
        for (std::string bytes = peer.read(); !bytes.empty(); bytes = peer.read()) {
            open_client_frame(bytes, opcode, payload);
            if (opcode == 9) ++pings;
        }
    }};
    StreamPlan plan = plan_for(server);
    plan.ping_interval = seconds(5);
    Stage stage{{plan}};
    const StreamCounters& counters = stage.receive->counters(0);
    ASSERT_TRUE(stage.drive([&] { return counters.phase == StreamPhase::open; }));
    for (int ping = 1; ping <= 5; ++ping) {
        stage.world.now += seconds(5);
        ASSERT_TRUE(stage.drive([&] { return pings == ping; }));
    }
    EXPECT_EQ(counters.phase, StreamPhase::open);
    EXPECT_EQ(counters.reconnects, 0U);
}

TEST(Receive, RefusesPlansThatCannotWork) {
    World world{{.channels = 1}};
    ByteRing frames{65536};
    Ring<StreamState> states{4};
    Ring<PathChange> paths{4};
    LoopbackServer server{[](ServerPeer&, int) {}};
    const auto error_of = [&](std::vector<StreamPlan> plans) {
        const auto made =
            Receive::create(*world.reactor, nullptr, std::move(plans), frames, states, paths, 1);
        return made ? std::string{} : made.error().message;
    };
    StreamPlan plan = plan_for(server);
    plan.addresses.clear();
    EXPECT_NE(error_of({plan}).find("no address"), std::string::npos);
    EXPECT_NE(error_of({plan_for(server, std::string(241, 'x'))}).find("241"), std::string::npos);
    plan = plan_for(server);
    plan.endpoint.secure = true;
    EXPECT_NE(error_of({plan}).find("TLS"), std::string::npos);
    EXPECT_NE(error_of({plan_for(server), plan_for(server)}).find("in use"), std::string::npos);
}

TEST(Backoff, DoublesToItsLimitAndSeedsDiffer) {
    std::set<std::int64_t> firsts;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Backoff backoff{{}, seed};
        Nanos top = milliseconds(100);
        for (int i = 0; i < 12; ++i) {
            const Nanos wait = backoff.next();
            EXPECT_GE(wait, Nanos{top.count / 2});
            EXPECT_LE(wait, top);
            if (i == 0) firsts.insert(wait.count);
            top = std::min(seconds(10), Nanos{top.count * 2});
        }
        backoff.reset();
        EXPECT_LE(backoff.next(), milliseconds(100));
    }
    EXPECT_GT(firsts.size(), 45U);
}

}  // namespace
}  // namespace tranche::testing
