#include "tests/unit/net/loopback_server.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/require.hpp"

namespace tranche::testing {

std::string ServerPeer::read() {
    if (!left_.empty()) return std::exchange(left_, {});
    std::array<char, 65536> room;
    const long length = ssl_ != nullptr ? SSL_read(ssl_, room.data(), static_cast<int>(room.size()))
                                        : ::recv(fd_, room.data(), room.size(), 0);
    return length > 0 ? std::string(room.data(), static_cast<std::size_t>(length)) : std::string{};
}

std::string ServerPeer::read_until(const std::string& mark) {
    std::string seen;
    while (seen.find(mark) == std::string::npos) {
        const std::string more = read();
        if (more.empty()) return seen;
        seen += more;
    }
    const std::size_t end = seen.find(mark) + mark.size();
    left_ = seen.substr(end);
    return seen.substr(0, end);
}

void ServerPeer::write(const std::string& bytes) {
    if (ssl_ != nullptr) {
        SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
        return;
    }
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t taken = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (taken <= 0) return;
        sent += static_cast<std::size_t>(taken);
    }
}

void ServerPeer::end() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_WR);
}

void ServerPeer::cut() {
    ::shutdown(fd_, SHUT_WR);
}

void ServerPeer::abort() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
    fd_ = -1;
}

std::string ServerPeer::accept_upgrade() {
    const std::string request = read_until("\r\n\r\n");
    const std::string name = "Sec-WebSocket-Key: ";
    const std::size_t at = request.find(name) + name.size();
    const std::string key = request.substr(at, request.find("\r\n", at) - at);
    write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_of(key) + "\r\n\r\n");
    return request;
}

LoopbackServer::LoopbackServer(Handler handler, SSL_CTX* tls)
    : handler_{std::move(handler)}, tls_{tls} {
    std::signal(SIGPIPE, SIG_IGN);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(::bind(listener_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
                ::listen(listener_, 64) == 0,
            "a loopback port can be listened on");
    socklen_t length = sizeof place;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &length);
    port_ = ntohs(place.sin_port);
    acceptor_ = std::thread{[this] { serve(); }};
}

LoopbackServer::~LoopbackServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock{mutex_};
        for (const int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
}

void LoopbackServer::serve() {
    while (!stopping_) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        {
            const std::lock_guard lock{mutex_};
            sockets_.insert(fd);
        }
        threads_.emplace_back([this, fd, number = accepted_++] { handle(fd, number); });
    }
}

void LoopbackServer::handle(int fd, int number) {
    SSL* ssl = nullptr;
    bool open = true;
    if (tls_ != nullptr) {
        ssl = SSL_new(tls_);
        SSL_set_fd(ssl, fd);
        open = SSL_accept(ssl) == 1;
    }
    ServerPeer peer{fd, ssl};
    if (open) handler_(peer, number);
    SSL_free(ssl);
    {
        const std::lock_guard lock{mutex_};
        sockets_.erase(fd);
        if (!peer.aborted()) ::close(fd);
    }
    ++handled_;
    handled_.notify_all();
}

void LoopbackServer::join_handlers(int count) const {
    for (int seen = handled_; seen < count; seen = handled_) handled_.wait(seen);
}

namespace {

SocketAddress loopback(std::uint16_t port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.sin_port = htons(port);
    SocketAddress address;
    std::memcpy(&address.storage, &place, sizeof place);
    address.length = sizeof place;
    return address;
}

}  // namespace

SocketAddress LoopbackServer::address() const {
    return loopback(port_);
}

SocketAddress closed_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(::bind(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0, "a port is free");
    socklen_t length = sizeof place;
    getsockname(fd, reinterpret_cast<sockaddr*>(&place), &length);
    ::close(fd);
    return loopback(ntohs(place.sin_port));
}

std::string server_frame(unsigned opcode, const std::string& payload, bool final) {
    std::string frame;
    frame += static_cast<char>((final ? 0x80U : 0U) | opcode);
    const std::size_t length = payload.size();
    const int extra = length > 0xFFFF ? 8 : length > 125 ? 2 : 0;
    frame += static_cast<char>(extra == 8 ? 127 : extra == 2 ? 126 : length);
    for (int i = extra - 1; i >= 0; --i) frame += static_cast<char>((length >> (8 * i)) & 0xFF);
    return frame + payload;
}

std::size_t open_client_frame(const std::string& bytes, unsigned& opcode, std::string& payload) {
    if (bytes.size() < 6) return 0;
    opcode = static_cast<unsigned>(bytes[0]) & 0x0FU;
    require((static_cast<unsigned>(bytes[1]) & 0x80U) != 0, "clients mask");
    const std::size_t length = static_cast<unsigned>(bytes[1]) & 0x7FU;
    require(length < 126, "the client frames of these tests are short");
    if (bytes.size() < 6 + length) return 0;
    payload.clear();
    for (std::size_t i = 0; i < length; ++i)
        payload += static_cast<char>(bytes[6 + i] ^ bytes[2 + (i & 3)]);
    return 6 + length;
}

std::string accept_of(const std::string& key) {
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 32> encoded{};
    EVP_EncodeBlock(encoded.data(), digest.data(), digest.size());
    return reinterpret_cast<const char*>(encoded.data());
}

}  // namespace tranche::testing
