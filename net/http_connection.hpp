// A warm HTTP connection that carries one request at a time and keeps itself connected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/time_source.hpp"
#include "net/address_book.hpp"
#include "net/backoff.hpp"
#include "net/connection.hpp"
#include "net/http.hpp"
#include "net/request_guard.hpp"

namespace tranche {

/// Where requests go and how long they may take.
struct HttpPeer {
    std::string host;                      // the name the certificate must carry
    std::vector<SocketAddress> addresses;  // tried in turn; may be empty where there is a book
    const AddressBook* book = nullptr;     // takes their place, and outlives the connection
    Nanos answer_timeout = seconds(10);    // then the outcome of the request is `cut`
    std::size_t body_limit = http_body_limit;
    LinkSettings link;
    BackoffSettings backoff;
};

/// What a turn brought for the request under way.
enum class HttpOutcome : std::uint8_t {
    none,      // no request, or still waiting
    answer,    // `response` holds it
    not_sent,  // not a byte has left: it may be sent again elsewhere
    cut,       // bytes have left and no whole answer came: the peer may have done it or not
    refused,   // our own guard let no byte of it leave, and never will
};

class HttpConnection {
public:
    /// `tls` null: plain, for loopback. `seed` drives the jitter of reconnecting. `guard` sees
    /// every request before its first byte leaves, and outlives the connection.
    HttpConnection(Reactor& reactor, ChannelId channel, const TlsContext* tls, HttpPeer peer,
                   RequestGuard& guard, TimeSource time, std::uint64_t seed);

    /// Goes on with everything: connects when there is no connection, reads the answer, reconnects.
    /// Call once after each turn of the reactor. An outcome is reported once.
    HttpOutcome poll(Nanos now);

    /// Connected, secured, and without a request under way.
    bool is_ready() const { return ready_ && !refused_; }

    /// Sends a whole request; false, and nothing done, when not ready. Gives up the last response.
    /// The one place where request bytes are handed to a connection: one that the guard refuses is
    /// taken, and its outcome is `refused`.
    bool send(std::span<const char> request, Nanos now);

    /// The last answer; its views are valid until the next `send`.
    const HttpResponse& response() const { return reader_.response(); }
    /// Just before the request's first byte was handed to the kernel, UTC.
    Nanos first_byte_out() const { return first_byte_out_; }
    /// When the answer's last byte was taken from the kernel, UTC.
    Nanos answered() const { return answered_; }

    /// Why the last connection ended, and in words; for status and logs.
    LossReason last_loss() const { return link_.reason(); }
    std::string why() const { return link_.why(); }
    /// How often a connection was lost.
    std::uint64_t losses() const { return losses_; }

    /// Ends the connection for want of an answer; the next poll says what becomes of the request.
    void give_up() { link_.close(LossReason::answer_timeout); }

    /// Ends the connection and connects no more.
    void stop();

private:
    HttpOutcome read_answer(Nanos now);
    HttpOutcome finish_answer();
    HttpOutcome lose(Nanos now);
    void watch_idle();
    void connect(Nanos now);

    Connection link_;
    HttpPeer peer_;
    RequestGuard& guard_;
    HttpReader reader_;
    Backoff backoff_;
    TimeSource time_;
    bool ready_{};
    bool waiting_{};        // a request is under way
    bool refused_{};        // by the guard; to be reported
    bool answered_once_{};  // on this connection
    bool stopped_{};
    std::size_t next_address_{};
    std::size_t failures_in_a_row_{};
    std::uint64_t sent_mark_{};
    std::uint64_t losses_{};
    Nanos deadline_{};
    Nanos retry_at_{};
    Nanos first_byte_out_{};
    Nanos answered_{};
};

}  // namespace tranche
