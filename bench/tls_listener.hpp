// A TLS server on 127.0.0.1 for one thread that never sleeps: plain sockets and OpenSSL, nothing of
// the product, so that both ends of the measured wire cannot share a mistake.
#pragma once

#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <vector>

namespace tranche::bench {

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

/// The server's end of one connection.
struct TlsConnection {
    int fd{-1};
    std::unique_ptr<SSL, SslFree> ssl;
    bool established{};
    bool closed{};
    std::string received;  // decrypted, not yet taken

    ~TlsConnection();
    /// One step of the handshake, or everything that can be read now.
    void pump();
    /// The whole text; small ones only: the socket's buffer must take them.
    void send(std::string_view text);
};

class TlsListener {
public:
    /// With a certificate made for this run, which is written to `ca_path`.
    explicit TlsListener(const std::string& ca_path);
    TlsListener(const TlsListener&) = delete;
    TlsListener& operator=(const TlsListener&) = delete;
    ~TlsListener();

    std::uint16_t port() const { return port_; }
    /// Takes new connections, reads where there is something; never waits.
    void poll();
    const std::vector<std::unique_ptr<TlsConnection>>& connections() const { return connections_; }

private:
    void accept_one();

    std::unique_ptr<SSL_CTX, SslFree> context_;
    std::vector<std::unique_ptr<TlsConnection>> connections_;
    std::vector<pollfd> watched_;  // the listener first
    std::uint16_t port_{};
};

}  // namespace tranche::bench
