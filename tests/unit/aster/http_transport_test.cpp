#include "net/aster/http_transport.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace tranche::aster {
namespace {

/// Serves one connection on loopback: the same answer to each of `count` requests.
class OneAnswer {
public:
    OneAnswer(std::string answer, int count) : answer_{std::move(answer)} {
        listener_ = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(listener_, generic, length), 0);
        EXPECT_EQ(listen(listener_, 1), 0);
        EXPECT_EQ(getsockname(listener_, generic, &length), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this, count] { serve(count); }};
    }
    ~OneAnswer() {
        shutdown(listener_, SHUT_RDWR);  // an accept still waiting returns
        thread_.join();
        close(listener_);
    }
    std::uint16_t port() const { return port_; }

private:
    void serve(int count) {
        const int peer = accept(listener_, nullptr, nullptr);
        std::string received;
        std::array<char, 1024> chunk;
        while (count > 0) {
            const auto length = recv(peer, chunk.data(), chunk.size(), 0);
            if (length <= 0) break;
            received.append(chunk.data(), static_cast<std::size_t>(length));
            if (received.find("\r\n\r\n") == std::string::npos) continue;
            received.clear();
            --count;
            EXPECT_GT(send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL), 0);
        }
        close(peer);
    }

    std::string answer_;
    int listener_{};
    std::uint16_t port_{};
    std::thread thread_;
};

TEST(RestTransport, CarriesRequestsOverARealSocket) {
    OneAnswer server{"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"serverTime\":12}", 2};
    const auto endpoint = parse_url("http://127.0.0.1:" + std::to_string(server.port()));
    ASSERT_TRUE(endpoint.ok());
    const auto addresses = resolve("127.0.0.1", server.port());
    ASSERT_TRUE(addresses.ok());
    const Clock clock;
    RequestGuard guard{false};
    auto transport = RestTransport::create(endpoint.value(), addresses.value(), nullptr, guard,
                                           TimeSource{clock}, 1);
    ASSERT_TRUE(transport.ok()) << transport.error().message;
    const Nanos limit = clock.now() + seconds(10);
    for (int round = 0; round < 2; ++round) {
        bool sent = false;
        HttpOutcome outcome = HttpOutcome::none;
        while (outcome == HttpOutcome::none && clock.now() < limit) {
            outcome = transport.value()->poll(clock.now());
            if (!sent && transport.value()->ready())
                sent = transport.value()->send("GET /fapi/v3/time HTTP/1.1\r\nHost: x\r\n\r\n",
                                               clock.now());
        }
        ASSERT_EQ(outcome, HttpOutcome::answer) << transport.value()->why();
        EXPECT_EQ(transport.value()->response().status, 200U);
        EXPECT_GE(transport.value()->answered_at(), transport.value()->sent_at());
        EXPECT_GT(transport.value()->sent_at().count, 0);
    }
}

}  // namespace
}  // namespace tranche::aster
