// One of several addresses of the exchange answers with a certificate that nobody trusts: nothing
// is said to it, and the next address is tried (reliability-model.md, N13). The list of addresses
// changes while the program runs (N14).
#include <cstring>

#include "net/address_book.hpp"
#include "net/http_connection.hpp"
#include "net/receive.hpp"
#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

/// A server nobody trusts and one that is trusted, both of them "localhost".
struct TwoServers {
    std::atomic<int> told{};  // connections over which a stranger could have read something
    Authority authority;
    Authority stranger;
    LoopbackServer distrusted{[this](ServerPeer& peer, int) {
                                  if (!peer.read().empty()) ++told;
                              },
                              stranger.server.get()};
    LoopbackServer trusted;

    explicit TwoServers(LoopbackServer::Handler handler)
        : trusted{std::move(handler), authority.server.get()} {}
};

StreamPlan plan_for(const TwoServers& servers, const AddressBook* book) {
    StreamPlan plan;
    plan.name = "market";
    plan.endpoint = {true, true, "localhost", servers.trusted.port(), {}};
    plan.book = book;
    plan.path = "/stream";
    return plan;
}

TEST(OtherAddress, IsTriedForRequestsWhenTheFirstIsNotTrusted) {
    TwoServers servers{[](ServerPeer& peer, int) {
        peer.read_until("\r\n\r\n");
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        peer.read();
    }};
    World world;
    HttpPeer peer;
    peer.host = "localhost";
    peer.addresses = {servers.distrusted.address(), servers.trusted.address()};
    HttpConnection connection{*world.reactor,
                              world.channel(),
                              servers.authority.client.get(),
                              peer,
                              world.guard,
                              TimeSource{world.now},
                              1};
    ASSERT_TRUE(world.drive([&] {
        connection.poll(world.now);
        return connection.losses() == 1;
    }));
    // The stranger's authority has the name of ours, but not its key.
    EXPECT_EQ(connection.last_loss(), LossReason::certificate_bad);
    EXPECT_FALSE(connection.send(std::string_view{"GET / HTTP/1.1\r\n\r\n"}, world.now));
    world.now += milliseconds(100);
    ASSERT_TRUE(world.drive([&] {
        connection.poll(world.now);
        return connection.is_ready();
    })) << connection.why();
    ASSERT_TRUE(connection.send(std::string_view{"GET / HTTP/1.1\r\n\r\n"}, world.now));
    ASSERT_TRUE(world.drive([&] { return connection.poll(world.now) == HttpOutcome::answer; }));
    EXPECT_EQ(servers.told, 0);
}

TEST(OtherAddress, IsTriedForStreamsAndFoundInTheBookWhereItCameLater) {
    TwoServers servers{[](ServerPeer& peer, int) {
        peer.accept_upgrade();
        peer.write(server_frame(1, "here"));
        peer.read();
    }};
    World world;
    AddressBook book{{servers.distrusted.address()}, world.now};
    ByteRing frames{1U << 16};
    Ring<StreamState> states{64};
    Ring<PathChange> paths{4};
    Result<std::unique_ptr<Receive>> made =
        Receive::create(*world.reactor, servers.authority.client.get(), {plan_for(servers, &book)},
                        frames, states, paths, 1);
    ASSERT_TRUE(made.ok()) << made.error().message;
    Receive& receive = *made.value();
    for (int attempt = 1; attempt <= 3; ++attempt) {
        ASSERT_TRUE(world.drive([&] {
            receive.poll(world.now);
            return receive.counters(0).reconnects == static_cast<std::uint64_t>(attempt);
        }));
        EXPECT_NE(receive.why(0).find("did not sign it"), std::string::npos) << receive.why(0);
        world.now += seconds(10);
    }
    book.found({servers.trusted.address()}, world.now);
    Frame frame;
    ASSERT_TRUE(world.drive([&] {
        world.now += milliseconds(10);  // it may be the other one's turn first
        receive.poll(world.now);
        return frames.front(frame);
    })) << receive.why(0);
    EXPECT_EQ(text_of(frame.bytes), "here");
    EXPECT_EQ(servers.told, 0);
}

}  // namespace
}  // namespace tranche::testing
