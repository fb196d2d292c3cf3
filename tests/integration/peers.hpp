// Programs made by others as our peers: nginx, Python's websockets, openssl s_server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/tls.hpp"
#include "net/uring.hpp"
#include "net/websocket_connection.hpp"
#include "tests/integration/line.hpp"

namespace tranche::integration {

/// Path of a program of Debian's. Throws, naming tools/install-packages.sh, when it is not there: a
/// peer that is missing is a failure, not a skipped test.
std::string installed(const std::string& program);

/// A port on which nobody listens at this moment; another process may take it before its use.
std::uint16_t free_port();

/// Certificate and key, PEM files.
struct PeerIdentity {
    std::string certificate;
    std::string key;
};

/// An authority and what it signs, made by the openssl program.
class CertificateMaker {
public:
    explicit CertificateMaker(const Folder& folder, const std::string& name = "root");

    /// PEM of the authority.
    const std::string& root() const { return root_.certificate; }
    /// For `names` (as in subjectAltName), valid for `days` from now; negative: no longer.
    PeerIdentity sign(const std::string& name, const std::string& names, int days = 30) const;
    /// Signed by itself, for localhost.
    PeerIdentity self_signed(const std::string& name) const;

private:
    const Folder& folder_;
    PeerIdentity root_;
};

/// A peer's process and the port it listens on.
class Peer {
public:
    /// `command` prints `mark` and then its port, or an address that ends in it.
    Peer(const Folder& folder, const std::string& name, const std::vector<std::string>& command,
         const std::string& mark);

    std::uint16_t port() const { return port_; }
    bool running() { return process_->running(); }
    std::string log() const { return folder_.read(name_ + ".log"); }

private:
    const Folder& folder_;
    std::string name_;
    std::uint16_t port_{};
    std::optional<ChildProcess> process_;
};

/// `openssl s_server` with a certificate.
Peer openssl_server(const Folder& folder, const std::string& name, const PeerIdentity& identity);

/// Where a front listens; port 0 for any that is free.
struct FrontPlace {
    std::string address{"127.0.0.1"};
    std::uint16_t port{};
};

/// nginx that ends TLS and passes everything on to `target` (https://localhost:…), whose
/// certificate it checks against `target_root`. One in a folder.
class NginxFront {
public:
    NginxFront(const Folder& folder, const PeerIdentity& identity, const std::string& target,
               const std::string& target_root, const FrontPlace& place = {});

    std::string url() const { return "https://localhost:" + std::to_string(port_); }
    std::uint16_t port() const { return port_; }
    std::string log() const { return folder_.read("nginx.log"); }
    /// How many requests it has answered to their end; a stream is one.
    std::size_t answered() const;
    /// Ends every connection within a second or two, and goes on listening.
    void let_go();

private:
    bool start(const PeerIdentity& identity, const std::string& target,
               const std::string& target_root, const FrontPlace& place);

    const Folder& folder_;
    std::uint16_t port_{};
    std::optional<ChildProcess> process_;
};

/// Our client, driven by the wall clock.
class StreamClient {
public:
    /// `ca_file` empty: without TLS, to 127.0.0.1.
    StreamClient(std::uint16_t port, const std::string& ca_file, const std::string& host,
                 std::size_t message_limit = websocket_message_limit);

    void open(const std::string& target);
    /// Polls until `done` holds; false after 30 s.
    bool drive(const std::function<bool()>& done);
    /// The next message; none when the connection ends first.
    std::optional<std::string> next();
    bool is_text() const { return connection_->is_text(); }
    /// Polls until the connection has ended.
    bool ends();
    WebSocketConnection& connection() { return *connection_; }

private:
    std::uint16_t port_;
    std::string host_;
    Clock clock_;
    std::unique_ptr<TlsContext> tls_;
    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<WebSocketConnection> connection_;
};

}  // namespace tranche::integration
