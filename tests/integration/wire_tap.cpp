#include "tests/integration/wire_tap.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace tranche::integration {
namespace {

constexpr int turn_ms = 50;  // how soon the end is noticed

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool send_all(int socket, const char* bytes, std::size_t length) {
    while (length > 0) {
        const ssize_t sent = send(socket, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        length -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

WireTap::WireTap(std::uint16_t target) : target_{target} {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || bind(listener_, generic, length) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, generic, &length) != 0)
        throw std::runtime_error("the tap cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
}

WireTap::~WireTap() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& carrier : carriers_) carrier.join();
    close(listener_);
}

std::string WireTap::sent() const {
    const std::lock_guard lock{mutex_};
    std::string all;
    for (const std::string& one : heard_) all += one;
    return all;
}

void WireTap::accept_all() {
    while (!stopping_) {
        pollfd waiting{listener_, POLLIN, 0};
        if (poll(&waiting, 1, turn_ms) <= 0) continue;
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        const std::lock_guard lock{mutex_};
        std::string& heard = heard_.emplace_back();
        carriers_.emplace_back([this, client, &heard] { carry(client, heard); });
    }
}

void WireTap::carry(int client, std::string& heard) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_);
    bool open = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    std::array<char, 1 << 16> chunk;
    while (open && !stopping_) {
        std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
        if (poll(ends.data(), ends.size(), turn_ms) <= 0) continue;
        for (const pollfd& end : ends) {
            if (end.revents == 0) continue;
            const ssize_t length = recv(end.fd, chunk.data(), chunk.size(), 0);
            open = open && length > 0;
            if (length <= 0) break;
            const auto size = static_cast<std::size_t>(length);
            if (end.fd == client) {
                const std::lock_guard lock{mutex_};
                heard.append(chunk.data(), size);
            }
            open = send_all(end.fd == client ? server : client, chunk.data(), size);
        }
    }
    close(server);
    close(client);
}

}  // namespace tranche::integration
