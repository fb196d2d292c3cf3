#include "net/http_connection.hpp"

#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

const std::string request = http_request("GET", "localhost", "/fapi/v1/time");

std::string answer(const std::string& body, const std::string& headers = {}) {
    return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

struct Client {
    World world;
    HttpConnection connection;

    Client(const SocketAddress& address, const TlsContext* tls, HttpPeer peer = {})
        : connection{*world.reactor, world.channel(),       tls, at(std::move(peer), address),
                     world.guard,    TimeSource{world.now}, 7} {}

    static HttpPeer at(HttpPeer peer, const SocketAddress& address) {
        peer.host = "localhost";
        peer.addresses = {address};
        return peer;
    }
    bool drive_until_ready() {
        return world.drive([&] {
            connection.poll(world.now);
            return connection.is_ready();
        });
    }
    HttpOutcome drive_to_outcome() {
        HttpOutcome outcome = HttpOutcome::none;
        world.drive([&] {
            outcome = connection.poll(world.now);
            return outcome != HttpOutcome::none;
        });
        return outcome;
    }
    bool send() { return connection.send(request, world.now); }
};

TEST(HttpConnection, CarriesRequestAfterRequestOverOneTlsConnection) {
    const Authority authority;
    LoopbackServer server{
        [](ServerPeer& peer, int) {
            for (int i = 0; i < 3; ++i) {
                peer.read_until("\r\n\r\n");
                peer.write(answer("answer " + std::to_string(i), "X-MBX-USED-WEIGHT-1M: 42\r\n"));
            }
            peer.read();
        },
        authority.server.get()};
    Client client{server.address(), authority.client.get()};
    EXPECT_FALSE(client.send()) << "nothing is sent before the connection is warm";
    ASSERT_TRUE(client.drive_until_ready()) << client.connection.why();
    for (int i = 0; i < 3; ++i) {
        client.world.now = seconds(10 + i);
        ASSERT_TRUE(client.send());
        EXPECT_FALSE(client.send()) << "one request at a time";
        EXPECT_EQ(client.connection.first_byte_out(), seconds(10 + i));
        client.world.now += seconds(5);
        ASSERT_EQ(client.drive_to_outcome(), HttpOutcome::answer);
        EXPECT_EQ(client.connection.answered(), seconds(15 + i));
        const HttpResponse& response = client.connection.response();
        EXPECT_EQ(response.status, 200U);
        EXPECT_EQ(text_of(response.body), "answer " + std::to_string(i));
        EXPECT_EQ(response.find("x-mbx-used-weight-1m"), "42");
        ASSERT_TRUE(client.connection.is_ready());
    }
    EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpConnection, ARefusedConnectionIsSaidSoAndTriedAgainAfterABackOff) {
    Client client{closed_port(), nullptr};
    ASSERT_TRUE(client.world.drive([&] {
        client.connection.poll(client.world.now);
        return client.connection.losses() == 1;
    }));
    EXPECT_EQ(client.connection.last_loss(), LossReason::connect_refused);
    EXPECT_NE(client.connection.why().find("refused"), std::string::npos);
    EXPECT_FALSE(client.send());
    client.world.now += milliseconds(49);  // the first wait is 50 to 100 ms
    client.connection.poll(client.world.now);
    client.world.reactor->wait(milliseconds(5));
    client.connection.poll(client.world.now);
    EXPECT_EQ(client.connection.losses(), 1U);
    client.world.now += milliseconds(52);
    ASSERT_TRUE(client.world.drive([&] {
        client.connection.poll(client.world.now);
        return client.connection.losses() == 2;
    }));
}

TEST(HttpConnection, ACutAtAnyByteOfTheAnswerLeavesTheRequestUnknown) {
    const Authority authority;
    const std::string whole = answer("0123456789");
    for (const std::size_t kept :
         {std::size_t{0}, std::size_t{1}, std::size_t{17}, whole.size() - 10, whole.size() - 1}) {
        for (SSL_CTX* tls : {static_cast<SSL_CTX*>(nullptr), authority.server.get()}) {
            LoopbackServer server{[&](ServerPeer& peer, int) {
                                      peer.read_until("\r\n\r\n");
                                      if (kept > 0) peer.write(whole.substr(0, kept));
                                      peer.end();
                                  },
                                  tls};
            Client client{server.address(), tls != nullptr ? authority.client.get() : nullptr};
            ASSERT_TRUE(client.drive_until_ready()) << client.connection.why();
            ASSERT_TRUE(client.send());
            EXPECT_EQ(client.drive_to_outcome(), HttpOutcome::cut) << kept;
        }
    }
}

TEST(HttpConnection, AnAnswerWithoutLengthEndsWithTheAlertButNotWithACut) {
    const Authority authority;
    for (const bool orderly : {true, false}) {
        LoopbackServer server{[&](ServerPeer& peer, int) {
                                  peer.read_until("\r\n\r\n");
                                  peer.write("HTTP/1.1 403 Forbidden\r\n\r\n<html>");
                                  orderly ? peer.end() : peer.cut();
                                  peer.read();
                              },
                              authority.server.get()};
        Client client{server.address(), authority.client.get()};
        ASSERT_TRUE(client.drive_until_ready());
        ASSERT_TRUE(client.send());
        EXPECT_EQ(client.drive_to_outcome(), orderly ? HttpOutcome::answer : HttpOutcome::cut);
        if (orderly) {
            EXPECT_EQ(text_of(client.connection.response().body), "<html>");
        }
    }
}

TEST(HttpConnection, ABrokenSocketBeforeTheFirstByteIsNotSent) {
    std::atomic<bool> go{};
    LoopbackServer server{[&](ServerPeer& peer, int connection) {
        if (connection == 0) {
            go.wait(false);
            peer.abort();
            return;
        }
        peer.read_until("\r\n\r\n");
        peer.write(answer("second"));
        peer.read();
    }};
    Client client{server.address(), nullptr};
    ASSERT_TRUE(client.drive_until_ready());
    go = true;
    go.notify_all();
    server.join_handlers(1);  // the reset has reached our kernel, but nobody has polled
    ASSERT_TRUE(client.send());
    EXPECT_EQ(client.drive_to_outcome(), HttpOutcome::not_sent);
    ASSERT_TRUE(client.world.drive([&] {
        client.world.now += milliseconds(20);
        client.connection.poll(client.world.now);
        return client.connection.is_ready();
    }));
    ASSERT_TRUE(client.send());
    EXPECT_EQ(client.drive_to_outcome(), HttpOutcome::answer);
    EXPECT_EQ(text_of(client.connection.response().body), "second");
}

TEST(HttpConnection, AnIdleConnectionThePeerClosesIsReplacedWithoutLosingARequest) {
    const Authority authority;
    LoopbackServer server{[](ServerPeer& peer, int connection) {
                              peer.read_until("\r\n\r\n");
                              peer.write(answer("from " + std::to_string(connection)));
                              peer.end();  // keep-alive ran out
                              peer.read();
                          },
                          authority.server.get()};
    Client client{server.address(), authority.client.get()};
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.drive_until_ready());
        ASSERT_TRUE(client.send());
        ASSERT_EQ(client.drive_to_outcome(), HttpOutcome::answer);
        EXPECT_EQ(text_of(client.connection.response().body), "from " + std::to_string(i));
        ASSERT_TRUE(client.world.drive([&] {
            client.connection.poll(client.world.now);
            return !client.connection.is_ready();
        }));
        client.world.now += milliseconds(1);
    }
    EXPECT_EQ(server.accepted(), 3);
}

TEST(HttpConnection, NoAnswerInTimeIsUnknownAndDropsTheConnection) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        peer.read_until("\r\n\r\n");
        peer.read();
    }};
    HttpPeer impatient;
    impatient.answer_timeout = seconds(2);
    Client client{server.address(), nullptr, impatient};
    ASSERT_TRUE(client.drive_until_ready());
    ASSERT_TRUE(client.send());
    client.world.now += milliseconds(1'999);
    EXPECT_EQ(client.connection.poll(client.world.now), HttpOutcome::none);
    client.world.now += milliseconds(1);
    EXPECT_EQ(client.connection.poll(client.world.now), HttpOutcome::cut);
    EXPECT_EQ(client.connection.last_loss(), LossReason::answer_timeout);
}

TEST(HttpConnection, BytesNobodyAskedForEndTheConnection) {
    LoopbackServer server{[](ServerPeer& peer, int) {
        peer.write(answer("for whom?"));
        peer.read();
    }};
    Client client{server.address(), nullptr};
    ASSERT_TRUE(client.world.drive([&] {
        client.connection.poll(client.world.now);
        return client.connection.losses() == 1;
    }));
    EXPECT_EQ(client.connection.last_loss(), LossReason::protocol_error);
}

TEST(HttpConnection, EachBadCertificateIsRefusedWithItsReason) {
    struct Case {
        CertificateWish wish;
        LossReason reason;
    };
    const std::vector<Case> cases{
        {{.valid_from = -7200, .valid_to = -3600}, LossReason::certificate_expired},
        {{.valid_from = 3600, .valid_to = 7200}, LossReason::certificate_not_yet_valid},
        {{.alternatives = "DNS:elsewhere.example"}, LossReason::certificate_wrong_host}};
    for (const Case& one : cases) {
        const Authority authority{one.wish};
        LoopbackServer server{[](ServerPeer& peer, int) { peer.read(); }, authority.server.get()};
        Client client{server.address(), authority.client.get()};
        ASSERT_TRUE(client.world.drive([&] {
            client.connection.poll(client.world.now);
            return client.connection.losses() == 1;
        }));
        EXPECT_EQ(client.connection.last_loss(), one.reason) << client.connection.why();
        EXPECT_FALSE(client.connection.is_ready());
    }
}

TEST(HttpConnection, APeerThatNeverSpeaksTlsTimesOut) {
    const Authority authority;
    LoopbackServer server{[](ServerPeer& peer, int) {
        while (!peer.read().empty()) {
        }
    }};
    Client client{server.address(), authority.client.get()};
    ASSERT_TRUE(client.world.drive([&] {
        client.connection.poll(client.world.now);
        return server.accepted() == 1;
    }));
    client.world.drive([&] {
        client.connection.poll(client.world.now);
        return true;
    });
    client.world.now += seconds(5);
    ASSERT_TRUE(client.world.drive([&] {
        client.connection.poll(client.world.now);
        client.world.now += seconds(1);
        return client.connection.losses() == 1;
    }));
    EXPECT_EQ(client.connection.last_loss(), LossReason::handshake_timeout);
}

}  // namespace
}  // namespace tranche::testing
