// A server on 127.0.0.1 that does what a test tells it, with plain sockets and OpenSSL.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <openssl/ssl.h>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/address.hpp"
#include "tests/unit/net/certificates.hpp"

namespace tranche::testing {

/// The server's end of one connection; blocking.
class ServerPeer {
public:
    ServerPeer(int fd, SSL* ssl) : fd_{fd}, ssl_{ssl} {}

    /// Some bytes; empty at the end of the stream.
    std::string read();
    /// Everything up to and including `mark`, or what came before the end.
    std::string read_until(const std::string& mark);
    void write(const std::string& bytes);
    /// TLS's closing alert, where there is TLS, then the end of the stream.
    void end();
    /// The end of the stream without the alert.
    void cut();
    /// Ends with a reset at once; nothing else may be called afterwards.
    void abort();
    bool aborted() const { return fd_ < 0; }
    /// Answers a WebSocket upgrade; returns the request.
    std::string accept_upgrade();

private:
    int fd_;
    SSL* ssl_;
    std::string left_;
};

/// Accepts until it is destroyed; each connection is handled on a thread of its own.
class LoopbackServer {
public:
    using Handler = std::function<void(ServerPeer&, int connection)>;
    LoopbackServer(Handler handler, SSL_CTX* tls = nullptr);
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    ~LoopbackServer();

    SocketAddress address() const;
    std::uint16_t port() const { return port_; }
    int accepted() const { return accepted_; }
    /// Waits until `count` handlers have returned and their sockets are done with.
    void join_handlers(int count) const;

private:
    void serve();
    void handle(int fd, int number);

    Handler handler_;
    SSL_CTX* tls_;
    int listener_ = -1;
    std::uint16_t port_{};
    std::atomic<int> accepted_{};
    std::atomic<int> handled_{};
    std::atomic<bool> stopping_{};
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::set<int> sockets_;  // guarded by mutex_
    std::thread acceptor_;
};

/// A port of this machine nobody listens on.
SocketAddress closed_port();

/// A frame as a server sends it: unmasked.
std::string server_frame(unsigned opcode, const std::string& payload, bool final = true);

/// Opcode and payload of the first client frame in `bytes`, unmasked; bytes used, 0: incomplete.
std::size_t open_client_frame(const std::string& bytes, unsigned& opcode, std::string& payload);

/// Value for Sec-WebSocket-Accept, computed apart from the code under test's reading of it.
std::string accept_of(const std::string& key);

}  // namespace tranche::testing
