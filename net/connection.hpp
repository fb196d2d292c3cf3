// One client connection, TCP with or without TLS, as a state machine that is polled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/clock.hpp"
#include "net/address.hpp"
#include "net/tls.hpp"
#include "net/uring.hpp"

namespace tranche {

enum class LinkState : std::uint8_t {
    idle,        // never opened
    connecting,  // TCP
    securing,    // TLS
    open,
    closed,  // `reason` says why; `open` may be called again
};

/// Why a connection is no longer there.
enum class LossReason : std::uint8_t {
    none,
    requested,        // we closed it
    connect_refused,  // nobody listens there
    connect_failed,   // no route, network down, out of sockets
    connect_timeout,
    certificate_expired,
    certificate_not_yet_valid,
    certificate_wrong_host,
    certificate_self_signed,
    certificate_unknown_issuer,
    certificate_bad,
    tls_failed,         // not TLS, refused by alert, or broken later
    handshake_timeout,  // TLS or WebSocket
    upgrade_refused,    // HTTP status other than 101
    upgrade_invalid,    // 101, but not for our key
    peer_closed,        // orderly
    cut,                // end of the stream without TLS's closing alert
    reset,              // connection reset by the peer
    timed_out,          // bytes of ours were not acknowledged in time
    silence,            // nothing came for longer than the plan allows
    pong_overdue,
    protocol_error,  // WebSocket or HTTP that cannot be read
    output_full,     // the peer takes nothing any more
    answer_timeout,  // HTTP: no answer in time
    path_changed,
};
const char* name_of(LossReason reason);

/// Limits of one connection's set-up.
struct LinkSettings {
    Nanos connect_timeout = seconds(5);
    Nanos handshake_timeout = seconds(5);
    SocketOptions socket;
};

/// A byte stream over one channel of a reactor.
class Connection {
public:
    /// `tls` null: plain TCP, for loopback. Reactor and context must outlive the connection.
    Connection(Reactor& reactor, ChannelId channel, const TlsContext* tls,
               const LinkSettings& settings);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Begins to connect; allowed while idle or closed. `host` is what the certificate must name.
    void open(const SocketAddress& address, const std::string& host, Nanos now);
    /// Goes on with connecting and TLS. The reactor must have been polled before.
    LinkState poll(Nanos now);
    LinkState state() const { return state_; }

    /// Reads plaintext of one TLS record or one chunk into `room`; 0 when there is none now. After
    /// the last byte the state becomes closed.
    std::size_t read(std::span<char> room);
    /// When the bytes of the last `read` were taken from the kernel, UTC.
    Nanos arrival() const { return arrival_; }

    /// Sends all of `bytes`, or closes and returns false.
    bool write(std::span<const char> bytes);
    /// True when not a byte of this connection has left since `sent` was `mark`.
    bool nothing_left_since(std::uint64_t mark) const;
    /// Bytes of this connection the kernel has taken, TLS's own included.
    std::uint64_t sent() const;

    /// Closes with the reason to be reported; TLS says good-bye where it can.
    void close(LossReason reason, std::string detail = {});

    LossReason reason() const { return reason_; }
    /// Cold: the reason in words, with the address and what the system or the peer said.
    std::string why() const;

private:
    void secure(Nanos now);
    std::size_t read_plain(std::span<char> room);
    std::size_t read_tls(std::span<char> room);
    bool take_chunk();
    void flush_tls();
    void check_end();
    void close_failed(int error, bool while_connecting);
    void close_tls_failure();

    Reactor& reactor_;
    ChannelId channel_;
    LinkSettings settings_;
    std::unique_ptr<TlsSession> tls_;
    LinkState state_{};
    LossReason reason_{};
    bool lent_{};                // the front chunk is with TLS
    std::size_t plain_taken_{};  // of the front chunk
    std::uint64_t sent_{};
    bool sending_at_close_{};
    Nanos arrival_{};
    Nanos deadline_{};
    std::string host_;
    SocketAddress address_;
    std::string detail_;
};

/// Reason to report for a failed handshake.
LossReason reason_of(TlsFailure failure);

}  // namespace tranche
