#include "net/websocket_connection.hpp"

#include <gtest/gtest.h>

#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

TEST(WebSocketConnection, DeliversMessagesOverTlsWithTheirArrivalTime) {
    const Authority authority;
    LoopbackServer server{[](ServerPeer& peer, int) {
                              peer.accept_upgrade();
                              peer.write(server_frame(1, "first") + server_frame(1, "second"));
                              peer.read();
                          },
                          authority.server.get()};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), authority.client.get(), {}};
    connection.open(server.address(), "localhost", "localhost", "/stream", world.now);
    world.now = seconds(100);
    ASSERT_TRUE(world.drive([&] {
        connection.poll(world.now);
        return connection.receive(world.now);
    })) << connection.why();
    EXPECT_EQ(text_of(connection.message()), "first");
    EXPECT_EQ(connection.arrival(), seconds(100));
    connection.take();
    ASSERT_TRUE(connection.receive(world.now));
    EXPECT_EQ(text_of(connection.message()), "second");
}

TEST(WebSocketConnection, AnswersPingsWhileAMessageFindsNoRoom) {
    std::atomic<bool> answered{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        peer.write(server_frame(1, "waits") + server_frame(9, "beat") + server_frame(1, "later"));
        unsigned opcode = 0;
        std::string payload;
        open_client_frame(peer.read(), opcode, payload);
        answered = opcode == 10 && payload == "beat";
        peer.read();
    }};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), nullptr, {}};
    connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
    ASSERT_TRUE(world.drive([&] {
        connection.poll(world.now);
        if (connection.receive(world.now)) connection.hold(world.now);
        return answered.load();
    }));
    EXPECT_EQ(text_of(connection.message()), "waits");
    connection.take();
    ASSERT_TRUE(connection.receive(world.now));
    EXPECT_EQ(text_of(connection.message()), "later");
    EXPECT_EQ(connection.pings_answered(), 1U) << "the ping that was answered early is not again";
}

TEST(WebSocketConnection, SaysWhichStatusRefusedTheUpgrade) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        peer.read_until("\r\n\r\n");
        peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nsorry");
        peer.read();
    }};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), nullptr, {}};
    connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
    ASSERT_TRUE(world.drive([&] { return connection.poll(world.now) == LinkState::closed; }));
    EXPECT_EQ(connection.reason(), LossReason::upgrade_refused);
    EXPECT_NE(connection.why().find("403"), std::string::npos) << connection.why();
}

TEST(WebSocketConnection, RefusesAnAnswerToAnotherKey) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        peer.read_until("\r\n\r\n");
        peer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
            accept_of("AAAAAAAAAAAAAAAAAAAAAA==") + "\r\n\r\n");
        peer.read();
    }};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), nullptr, {}};
    connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
    ASSERT_TRUE(world.drive([&] { return connection.poll(world.now) == LinkState::closed; }));
    EXPECT_EQ(connection.reason(), LossReason::upgrade_invalid);
}

TEST(WebSocketConnection, ClosesWithTheCodeOfTheFaultAndEchoesAClose) {
    std::atomic<int> code{};
    std::atomic<bool> faulty{true};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        peer.write(faulty ? server_frame(3, "?") : server_frame(8, std::string("\x0f\xa0", 2)));
        unsigned opcode = 0;
        std::string payload;
        open_client_frame(peer.read(), opcode, payload);
        if (opcode == 8 && payload.size() == 2)
            code = (static_cast<unsigned char>(payload[0]) << 8) |
                   static_cast<unsigned char>(payload[1]);
    }};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), nullptr, {}};
    const auto lost = [&] {
        connection.poll(world.now);
        connection.receive(world.now);
        return connection.state() == LinkState::closed && code != 0;
    };
    connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
    ASSERT_TRUE(world.drive(lost));
    EXPECT_EQ(connection.reason(), LossReason::protocol_error);
    EXPECT_EQ(code, 1002);
    faulty = false;
    code = 0;
    connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
    ASSERT_TRUE(world.drive(lost));
    EXPECT_EQ(connection.reason(), LossReason::peer_closed);
    EXPECT_EQ(code, 4000);
}

TEST(WebSocketConnection, PongsUnaskedEachMinuteSoThatNobodyThinksItDead) {
    std::atomic<int> pongs{};
    std::atomic<int> others{};
    LoopbackServer server{[&](ServerPeer& peer, int) {
        peer.accept_upgrade();
        unsigned opcode = 0;
        std::string payload;
        for (std::string bytes = peer.read(); !bytes.empty(); bytes = peer.read())
            while (const std::size_t used = open_client_frame(bytes, opcode, payload)) {
                bytes.erase(0, used);
                ++(opcode == 10 && payload.empty() ? pongs : others);
            }
    }};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), nullptr, {}};
    connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
    ASSERT_TRUE(world.drive([&] { return connection.poll(world.now) == LinkState::open; }));
    for (int minute = 1; minute <= 3; ++minute) {
        world.now += Nanos{seconds(60).count - 1};
        connection.poll(world.now);
        connection.poll(world.now);
        world.now += nanoseconds(1);
        ASSERT_TRUE(world.drive([&] {
            connection.poll(world.now);
            return pongs == minute;
        }));
    }
    connection.close(LossReason::requested, 1000);
    server.join_handlers(1);
    EXPECT_EQ(pongs, 3);
    EXPECT_EQ(others, 1) << "the closing frame";
}

TEST(WebSocketConnection, CarriesMessagesOfAnySizeWhateverTheChunks) {
    const Authority authority;
    std::string sent;
    for (std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 300'000U, 1'048'576U})
        sent += server_frame(2, std::string(size, static_cast<char>('a' + size % 26)));
    LoopbackServer server{[&](ServerPeer& peer, int) {
                              peer.accept_upgrade();
                              for (std::size_t at = 0; at < sent.size(); at += 10'007)
                                  peer.write(sent.substr(at, 10'007));
                              peer.read();
                          },
                          authority.server.get()};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), authority.client.get(), {}};
    connection.open(server.address(), "localhost", "localhost", "/", world.now);
    std::string received;
    ASSERT_TRUE(world.drive([&] {
        connection.poll(world.now);
        while (connection.receive(world.now)) {
            received += server_frame(2, text_of(connection.message()));
            connection.take();
        }
        return received.size() >= sent.size();
    })) << connection.why();
    EXPECT_TRUE(received == sent);
}

}  // namespace
}  // namespace tranche::testing
