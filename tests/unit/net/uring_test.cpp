#include "net/uring.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

void send_text(Reactor& reactor, ChannelId channel, const std::string& text) {
    std::memcpy(reactor.room(channel).data(), text.data(), text.size());
    reactor.send(channel, text.size());
}

/// Each way a kernel may offer: all of it, no multishot, no deferred work.
class ReactorModes : public ::testing::TestWithParam<ReactorOptions> {};

TEST_P(ReactorModes, EchoesManyBytesInOrderOnSeveralChannels) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        for (std::string bytes = peer.read(); !bytes.empty(); bytes = peer.read())
            peer.write(bytes);
    }};
    World world{GetParam()};
    constexpr std::size_t total = 300'000;
    struct Line {
        ChannelId channel;
        std::size_t sent = 0;
        std::size_t received = 0;
    };
    std::vector<Line> lines{{world.channel()}, {world.channel()}, {world.channel()}};
    for (Line& line : lines) world.reactor->connect(line.channel, server.address(), {});
    ASSERT_TRUE(world.drive([&] {
        bool done = true;
        for (Line& line : lines) {
            Reactor& reactor = *world.reactor;
            if (reactor.state(line.channel) != ChannelState::connected) return false;
            const std::size_t length = std::min(
                {std::size_t{5'000}, total - line.sent, reactor.room(line.channel).size()});
            for (std::size_t i = 0; i < length; ++i)
                reactor.room(line.channel)[i] = static_cast<char>((line.sent + i) % 251);
            if (length > 0) reactor.send(line.channel, length);
            line.sent += length;
            for (auto chunk = reactor.front(line.channel); !chunk.empty();
                 chunk = reactor.front(line.channel)) {
                for (const char byte : chunk)
                    if (byte != static_cast<char>(line.received++ % 251)) return false;
                reactor.pop(line.channel);
            }
            done = done && line.received == total && reactor.unsent(line.channel) == 0;
        }
        return done;
    }));
    for (const Line& line : lines) EXPECT_EQ(world.reactor->sent(line.channel), total);
}

TEST_P(ReactorModes, ShowsTheEndAfterTheLastByte) {
    LoopbackServer server{[](ServerPeer& peer, int) { peer.write("last words"); }};
    World world{GetParam()};
    const ChannelId channel = world.channel();
    world.reactor->connect(channel, server.address(), {});
    ASSERT_TRUE(world.drive([&] { return world.reactor->ended(channel); }));
    EXPECT_EQ(text_of(world.reactor->front(channel)), "last words");
    EXPECT_EQ(world.reactor->arrival(channel), world.now);
    world.reactor->pop(channel);
    EXPECT_TRUE(world.reactor->front(channel).empty());
    EXPECT_EQ(world.reactor->state(channel), ChannelState::connected) << "half closed";
    EXPECT_EQ(world.reactor->error(channel), 0);
}

TEST_P(ReactorModes, ServesAFurtherSocketOnAChannelThatWasClosedWithBytesLeft) {
    LoopbackServer server{[](ServerPeer& peer, int connection) {
        peer.write(std::string(200'000, static_cast<char>('a' + connection)));
        peer.read();
    }};
    World world{GetParam()};
    const ChannelId channel = world.channel();
    for (int round = 0; round < 20; ++round) {
        world.reactor->connect(channel, server.address(), {});
        ASSERT_TRUE(world.drive([&] { return !world.reactor->front(channel).empty(); }));
        EXPECT_EQ(world.reactor->front(channel)[0], static_cast<char>('a' + round));
        world.reactor->close(channel);
        EXPECT_EQ(world.reactor->state(channel), ChannelState::idle);
    }
}

TEST_P(ReactorModes, AChannelThatIsNotReadLeavesBuffersForTheOthers) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        peer.write(std::string(4'000'000, 'x'));
        peer.read();
    }};
    World world{GetParam()};
    const ChannelId stuck = world.channel();
    const ChannelId lively = world.channel();
    world.reactor->connect(stuck, server.address(), {});
    ASSERT_TRUE(world.drive([&] { return !world.reactor->front(stuck).empty(); }));
    world.reactor->connect(lively, server.address(), {});
    std::size_t received = 0;
    const auto drain = [&](ChannelId channel) {
        while (!world.reactor->front(channel).empty()) {
            received += world.reactor->front(channel).size();
            world.reactor->pop(channel);
        }
        return received == 4'000'000;
    };
    ASSERT_TRUE(world.drive([&] { return drain(lively); })) << received;
    received = 0;
    ASSERT_TRUE(world.drive([&] { return drain(stuck); })) << received;
}

INSTANTIATE_TEST_SUITE_P(Kernels, ReactorModes,
                         ::testing::Values(ReactorOptions{}, ReactorOptions{.multishot = false},
                                           ReactorOptions{.buffers = 4, .defer_taskrun = false},
                                           ReactorOptions{.channels = 3,
                                                          .buffers = 2,
                                                          .output_bytes = 20'000,
                                                          .multishot = false,
                                                          .defer_taskrun = false}));

TEST(Reactor, IsBuiltOnOneThreadAndPolledOnAnother) {
    LoopbackServer server{[](ServerPeer& peer, int) { peer.write(peer.read()); }};
    World world;
    const ChannelId channel = world.channel();
    world.reactor->connect(channel, server.address(), {});
    std::thread{[&] {
        EXPECT_TRUE(
            world.drive([&] { return world.reactor->state(channel) == ChannelState::connected; }));
        send_text(*world.reactor, channel, "hello");
        EXPECT_TRUE(world.drive([&] { return !world.reactor->front(channel).empty(); }));
    }}.join();
    EXPECT_EQ(text_of(world.reactor->front(channel)), "hello");
}

TEST(Reactor, LeavesNoSocketBehindWhicheverThreadCloses) {
    const auto open_files = [] {
        return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
    };
    std::atomic<int> ended{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.read();
        ++ended;
    }};
    const auto before = open_files();
    {
        World world;
        const ChannelId channel = world.channel();
        world.reactor->connect(channel, server.address(), {});
        std::thread{[&] {
            EXPECT_TRUE(world.drive(
                [&] { return world.reactor->state(channel) == ChannelState::connected; }));
        }}.join();
        world.reactor->release(channel);
    }
    server.join_handlers(1);
    EXPECT_EQ(ended, 1) << "the peer sees the end";
    EXPECT_EQ(open_files(), before);
}

TEST(Reactor, TellsARefusedConnectionByItsErrno) {
    World world;
    const ChannelId channel = world.channel();
    world.reactor->connect(channel, closed_port(), {});
    ASSERT_TRUE(world.drive([&] { return world.reactor->state(channel) == ChannelState::failed; }));
    EXPECT_EQ(world.reactor->error(channel), ECONNREFUSED);
    EXPECT_EQ(world.reactor->sent(channel), 0U);
}

TEST(Reactor, HandsOutItsChannelsAndSaysWhenThereAreNoMore) {
    World world{{.channels = 2}};
    const ChannelId first = world.channel();
    world.channel();
    const Result<ChannelId> third = world.reactor->acquire();
    ASSERT_FALSE(third.ok());
    EXPECT_NE(third.error().message.find("2"), std::string::npos);
    world.reactor->release(first);
    EXPECT_EQ(world.reactor->acquire().value(), first);
}

TEST(Reactor, ExplainsWhatForbidsIoUring) {
    EXPECT_NE(explain_uring_error(EPERM).find("io_uring_disabled"), std::string::npos);
    EXPECT_NE(explain_uring_error(ENOSYS).find("6.1"), std::string::npos);
    EXPECT_NE(explain_uring_error(ENOMEM).find("LimitMEMLOCK"), std::string::npos);
}

}  // namespace
}  // namespace tranche::testing
