// The gateway over real connections: what a peer does to a socket becomes the right class.
#include <algorithm>
#include <atomic>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "net/gateway.hpp"
#include "net/http_connection.hpp"
#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

/// Orders as bare requests; an answer's status says it all.
struct BareAdapter {
    static std::size_t put(const std::string& text, std::span<char> out) {
        std::ranges::copy(text, out.begin());
        return text.size();
    }
    std::size_t encode(const Command& command, Nanos, std::span<char> out) {
        return put(http_request("POST", "localhost", "/order", {},
                                "number=" + std::to_string(command.sequence)),
                   out);
    }
    std::size_t encode_ping(std::span<char> out) {
        return put(http_request("GET", "localhost", "/ping"), out);
    }
    RateCost cost(const Command&) const { return {}; }
    RateAnswer read_limits(const HttpResponse&, Nanos) const { return {}; }
    Reply decode(const Command&, const HttpResponse& response, const RateAnswer&) {
        Reply reply{};
        reply.http_status = static_cast<std::uint16_t>(response.status);
        reply.verdict = response.status == 200 ? ReplyClass::accepted : ReplyClass::rejected;
        return reply;
    }
};

struct Line {
    World world;
    Ring<Command> commands{16};
    Ring<Event> replies{16};
    BareAdapter adapter;
    GatewayMetrics metrics;
    std::deque<HttpConnection> pool;
    std::unique_ptr<Gateway<HttpConnection, BareAdapter>> gateway;

    Line(const SocketAddress& address, std::size_t connections, const TlsContext* tls = nullptr,
         RequestGuard* guard = nullptr) {
        HttpPeer peer;
        peer.host = "localhost";
        peer.addresses = {address};
        std::vector<HttpConnection*> all;
        for (std::size_t i = 0; i < connections; ++i)
            all.push_back(&pool.emplace_back(*world.reactor, world.channel(), tls, peer,
                                             guard ? *guard : world.guard, TimeSource{world.now},
                                             i));
        gateway = std::make_unique<Gateway<HttpConnection, BareAdapter>>(
            commands, replies, all, adapter, RateBudget{{}, Ratio{}},
            GatewaySettings{.simulate_only = false}, TimeSource{world.now}, metrics);
    }
    void order(std::uint64_t sequence) {
        Command* command = commands.slot();
        *command = Command{};
        command->sequence = sequence;
        command->lane = Lane::protective;
        commands.publish();
    }
    /// Turns until `count` replies are there; in order of arrival.
    std::vector<Reply> drive_to_replies(std::size_t count, Nanos step = {}) {
        std::vector<Reply> taken;
        world.drive([&] {
            world.now += step;
            gateway->poll(world.now);
            for (const Event* event = replies.front(); event != nullptr; event = replies.front()) {
                taken.push_back(event->reply);
                replies.pop();
            }
            return taken.size() >= count;
        });
        return taken;
    }
};

void answer(ServerPeer& peer, int status) {
    peer.write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n");
}

TEST(GatewayConnection, SendsOneOrderAfterTheOtherOverOneTlsConnection) {
    const Authority authority;
    LoopbackServer server{[](ServerPeer& peer, int) {
                              for (int i = 1; i <= 3; ++i) {
                                  peer.read_until("number=" + std::to_string(i));
                                  answer(peer, i == 2 ? 400 : 200);
                              }
                              peer.read();
                          },
                          authority.server.get()};
    Line line{server.address(), 1, authority.client.get()};
    for (std::uint64_t i = 1; i <= 3; ++i) line.order(i);
    const std::vector<Reply> replies = line.drive_to_replies(3);
    ASSERT_EQ(replies.size(), 3U);
    EXPECT_EQ(replies[0].sequence, 1U);
    EXPECT_EQ(replies[0].verdict, ReplyClass::accepted);
    EXPECT_EQ(replies[1].verdict, ReplyClass::rejected);
    EXPECT_EQ(replies[2].verdict, ReplyClass::accepted);
    EXPECT_EQ(server.accepted(), 1);
}

TEST(GatewayConnection, APeerThatHangsUpOnAnOrderLeavesItUnknown) {
    std::atomic<int> orders{0};
    LoopbackServer server{[&orders](ServerPeer& peer, int) {
        if (!peer.read_until("number=1").empty()) ++orders;
        peer.cut();
    }};
    Line line{server.address(), 1};
    line.order(1);
    const std::vector<Reply> replies = line.drive_to_replies(1);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].verdict, ReplyClass::unknown);
    EXPECT_NE(replies[0].sent_at, Nanos{});
    EXPECT_EQ(orders, 1);
    EXPECT_EQ(line.metrics.sent.get(), 1U);
}

TEST(GatewayConnection, APeerThatIsNotThereMeansNotSentOnceThePatienceIsOver) {
    Line line{closed_port(), 2};
    line.order(1);
    const Nanos begin = line.world.now;
    const std::vector<Reply> replies = line.drive_to_replies(1, milliseconds(50));
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].verdict, ReplyClass::not_sent);
    EXPECT_EQ(replies[0].sent_at, Nanos{});
    EXPECT_GE((line.world.now - begin).count, seconds(2).count);
    EXPECT_EQ(line.metrics.sent.get(), 0U);
}

TEST(GatewayConnection, InPaperModeAGatewayThatForgotSoGetsNoOrderOutAndSaysNotSentAtOnce) {
    std::atomic<bool> heard{};
    LoopbackServer server{
        [&heard](ServerPeer& peer, int) { heard = heard || !peer.read().empty(); }};
    RequestGuard guard{true};
    Line line{server.address(), 2, nullptr, &guard};
    for (std::uint64_t i = 1; i <= 3; ++i) line.order(i);
    const std::vector<Reply> replies = line.drive_to_replies(3);
    ASSERT_EQ(replies.size(), 3U);
    for (const Reply& reply : replies) {
        EXPECT_EQ(reply.verdict, ReplyClass::not_sent);
        EXPECT_EQ(reply.sent_at, Nanos{});
    }
    EXPECT_EQ(guard.refused(), 3U);
    EXPECT_EQ(guard.last_fault(), RequestFault::method);
    EXPECT_EQ(line.metrics.refused.get(), 3U);
    EXPECT_FALSE(heard);
}

TEST(GatewayConnection, AConnectionThatEndedIsReplacedForTheNextOrder) {
    LoopbackServer server{[](ServerPeer& peer, int number) {
        peer.read_until("number=" + std::to_string(number + 1));
        peer.write("HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        peer.end();
    }};
    Line line{server.address(), 1};
    for (std::uint64_t i = 1; i <= 2; ++i) {
        line.order(i);
        const std::vector<Reply> replies = line.drive_to_replies(1, nanoseconds(1));
        ASSERT_EQ(replies.size(), 1U);
        EXPECT_EQ(replies[0].verdict, ReplyClass::accepted);
    }
    EXPECT_EQ(server.accepted(), 2);
}

}  // namespace
}  // namespace tranche::testing
