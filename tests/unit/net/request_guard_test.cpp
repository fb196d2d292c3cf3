#include "net/request_guard.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "net/http_connection.hpp"
#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

using namespace std::string_literals;

const std::string host = "Host: fapi.example\r\nUser-Agent: tranche/0.1\r\n";
const std::string signature = "symbol=X&nonce=1&signer=0x12&signature=0x34";

std::string with_form(const std::string& line, const std::string& body) {
    return line + " HTTP/1.1\r\n" + host + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}
std::string question(const std::string& target, const std::string& headers = host) {
    return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

TEST(RequestGuard, APublicQuestionPassesInPaperMode) {
    RequestGuard guard{true};
    for (const std::string& asked :
         {question("/fapi/v3/time"), question("/fapi/v1/exchangeInfo"), question("/fapi/v1/ping"),
          question("/fapi/v3/depth?symbol=BTCUSDT&limit=5"), question("/x?symbol=%42TC"),
          http_request("GET", "fapi.example:443", "/fapi/v3/premiumIndex")})
        EXPECT_TRUE(guard.passes(asked)) << asked;
    EXPECT_EQ(guard.refused(), 0U);
    EXPECT_EQ(guard.last_fault(), RequestFault::none);
}

TEST(RequestGuard, EverySignedRequestIsRefusedInPaperModeWhateverItsMethod) {
    RequestGuard guard{true};
    std::uint64_t tried = 0;
    for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "post", "Post", "delete"}) {
        EXPECT_FALSE(guard.passes(with_form(method + " /fapi/v3/order", signature))) << method;
        EXPECT_FALSE(guard.passes(with_form(method + " /fapi/v3/order?" + signature, "")));
        EXPECT_EQ(guard.last_fault(), RequestFault::method) << method;
        tried += 2;
    }
    for (const std::string& target :
         {"/fapi/v3/balance?" + signature, "/fapi/v3/order?SIGNATURE=1" + std::string{},
          std::string{"/fapi/v3/order?%73ignature=1"}, std::string{"/fapi/v3/order?s%69gnature=1"},
          std::string{"/fapi/v3/order?%2573ignature=1"}, std::string{"/x?Signer=0x1"},
          std::string{"/x?apiKey=1"}, std::string{"/x?a=1&nonce=2"},
          std::string{"/x?listenKey=1"}}) {
        EXPECT_FALSE(guard.passes(question(target))) << target;
        EXPECT_EQ(guard.last_fault(), RequestFault::signed_query) << target;
        ++tried;
    }
    EXPECT_EQ(guard.refused(), tried);
}

TEST(RequestGuard, AKeyInAHeaderIsRefusedHoweverTheHeaderIsWritten) {
    RequestGuard guard{true};
    for (const char* header :
         {"X-MBX-APIKEY: k\r\n", "x-mbx-apikey: k\r\n", "X-Mbx-ApiKey:k\r\n",
          "X-MBX-APIKEY : k\r\n", " X-MBX-APIKEY: k\r\n", "\tX-MBX-APIKEY: k\r\n",
          "Authorization: k\r\n", "Cookie: k\r\n", "Host\r\n", "Content-Length: 0\r\n",
          "Transfer-Encoding: chunked\r\n", "X-HTTP-Method-Override: POST\r\n",
          "Expect: 100-continue\r\n", "Upgrade: h2c\r\n"})
        EXPECT_FALSE(guard.passes(question("/fapi/v3/time", host + header))) << header;
    EXPECT_EQ(guard.refused(), 14U);
}

TEST(RequestGuard, ASecondRequestBehindAnInnocentOneIsRefused) {
    RequestGuard guard{true};
    const std::string order = with_form("POST /fapi/v3/order", signature);
    EXPECT_FALSE(guard.passes(question("/fapi/v3/time") + order));
    EXPECT_EQ(guard.last_fault(), RequestFault::more_follows);
    EXPECT_FALSE(guard.passes(question("/fapi/v3/time") + question("/fapi/v3/time")));
    EXPECT_FALSE(guard.passes(question("/fapi/v3/time") + "\r\n"));
    EXPECT_FALSE(guard.passes(order + question("/fapi/v3/time")));
    EXPECT_EQ(guard.refused(), 4U);
}

TEST(RequestGuard, WhatAReaderCouldUnderstandDifferentlyIsRefused) {
    RequestGuard guard{true};
    const std::vector<std::string> tricks = {
        "",
        "\r\n\r\n",
        "GET / HTTP/1.1\r\n",                                     // no end: the rest may follow
        "GET /fapi/v3/time HTTP/1.1\r\n" + host,                  // split inside the head
        "GET / HTTP/1.1\nHost: x\n\n",                            // bare LF
        "GET / HTTP/1.1\r\nHost: x\nX-MBX-APIKEY: k\r\n\r\n",     // header behind a bare LF
        "GET / HTTP/1.1\r\nHost: x\rX-MBX-APIKEY: k\r\n\r\n",     // behind a bare CR
        "GET / HTTP/1.1\r\nHost: x\r\n X-MBX-APIKEY: k\r\n\r\n",  // folded line
        "GET /\0x HTTP/1.1\r\nHost: x\r\n\r\n"s,                  // NUL
        "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / POST / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        "GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / \r\nHost: x\r\n\r\n",
        "GET /?%7 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?a=%00signature HTTP/1.1\r\nHost: x\r\n\r\n",
        "get / HTTP/1.1\r\nHost: x\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    for (const std::string& trick : tricks) EXPECT_FALSE(guard.passes(trick)) << trick;
    EXPECT_EQ(guard.refused(), tricks.size());
}

TEST(RequestGuard, LiveEverythingPassesAndNothingIsCounted) {
    RequestGuard guard{false};
    EXPECT_TRUE(guard.passes(with_form("POST /fapi/v3/order", signature)));
    EXPECT_EQ(guard.refused(), 0U);
}

TEST(RequestGuard, OfARefusedRequestNotAByteReachesThePeerAndTheConnectionServesOn) {
    std::string seen;
    LoopbackServer server{[&seen](ServerPeer& peer, int) {
        seen = peer.read_until("\r\n\r\n");
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        peer.read();
    }};
    World world;
    RequestGuard guard{true};
    HttpPeer peer;
    peer.host = "localhost";
    peer.addresses = {server.address()};
    HttpConnection connection{*world.reactor, world.channel(),       nullptr, peer,
                              guard,          TimeSource{world.now}, 1};
    const auto ready = [&] {
        return world.drive([&] {
            connection.poll(world.now);
            return connection.is_ready();
        });
    };
    ASSERT_TRUE(ready());
    for (const std::string method : {"POST", "PUT", "DELETE"}) {
        ASSERT_TRUE(connection.send(with_form(method + " /fapi/v3/order", signature), world.now));
        EXPECT_FALSE(connection.is_ready());
        EXPECT_FALSE(connection.send(question("/fapi/v3/time"), world.now));
        EXPECT_EQ(connection.poll(world.now), HttpOutcome::refused);
        ASSERT_TRUE(ready());
    }
    ASSERT_TRUE(connection.send(question("/fapi/v3/time"), world.now));
    HttpOutcome outcome = HttpOutcome::none;
    ASSERT_TRUE(world.drive([&] {
        outcome = connection.poll(world.now);
        return outcome != HttpOutcome::none;
    }));
    EXPECT_EQ(outcome, HttpOutcome::answer);
    EXPECT_EQ(guard.refused(), 3U);
    EXPECT_EQ(connection.losses(), 0U);
    EXPECT_EQ(seen, question("/fapi/v3/time"));
}

}  // namespace
}  // namespace tranche::testing
