// One WebSocket client connection: the byte stream, the upgrade, then whole messages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/clock.hpp"
#include "net/connection.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"

namespace tranche {

/// Messages are pulled, so that whoever has no room simply does not ask: nothing more is read then,
/// except to answer pings.
class WebSocketConnection {
public:
    /// `tls` null: plain, for loopback.
    WebSocketConnection(Reactor& reactor, ChannelId channel, const TlsContext* tls,
                        const LinkSettings& settings,
                        std::size_t message_limit = websocket_message_limit);

    /// Begins to connect and to upgrade. `host` is what the certificate must name, `target` the
    /// path with its query. Allocates.
    void open(const SocketAddress& address, const std::string& host, const std::string& host_header,
              const std::string& target, Nanos now);

    /// Goes on with connecting; call once after each turn of the reactor.
    LinkState poll(Nanos now);
    /// `open` once messages flow.
    LinkState state() const { return upgrading_ ? LinkState::securing : link_.state(); }

    /// True when a message waits: `message`, `arrival`. Reads, answers pings, finds the end.
    bool receive(Nanos now);
    std::span<const char> message() const { return reader_.message(); }
    /// Of the waiting message: text rather than binary.
    bool is_text() const { return reader_.is_text(); }
    /// When the bytes that completed the message were taken from the kernel, UTC.
    Nanos arrival() const { return arrival_; }
    /// Gives the waiting message up.
    void take() { waiting_ = false; }
    /// Instead of `take`, while there is no room for it: reads on as far as the buffer goes and
    /// answers the pings found there.
    void hold(Nanos now);

    /// Sends a text message of at most 4 KiB; false when it is longer, or the connection is not
    /// open or takes no more.
    bool send_text(std::span<const char> text);
    /// Sends a message of any length in one frame; otherwise as `send_text`. Allocates.
    bool send_message(WebSocketOpcode opcode, std::span<const char> payload);
    /// Sends a ping; whether it was answered shows in `ping_unanswered_since`.
    void ping(Nanos now);

    /// When anything was last received; when the last unanswered ping of ours left, or 0.
    Nanos last_heard() const { return last_heard_; }
    Nanos ping_unanswered_since() const { return ping_sent_; }
    std::uint64_t pings_answered() const { return pings_answered_; }
    std::uint64_t bytes() const { return bytes_; }

    /// Sends a closing frame where that is still possible, and closes.
    void close(LossReason reason, std::uint16_t code, std::string detail = {});
    LossReason reason() const { return link_.reason(); }
    std::string why() const { return link_.why(); }

private:
    void upgrade(Nanos now);
    bool read_more(Nanos now);
    void on_control(WebSocketVerdict verdict, Nanos now);
    void pong_unasked(Nanos now);
    void end(WebSocketVerdict verdict);
    bool send_frame(WebSocketOpcode opcode, std::span<const char> payload);
    std::uint32_t next_mask();

    Connection link_;
    WebSocketReader reader_;
    HttpReader answer_;
    bool upgrading_{};
    bool asked_{};
    bool waiting_{};
    Nanos arrival_{};
    Nanos deadline_{};
    Nanos last_heard_{};
    Nanos ping_sent_{};
    Nanos next_pong_{};
    Nanos handshake_timeout_;
    std::uint64_t pings_answered_{};
    std::uint64_t bytes_{};
    std::string request_;
    std::string key_;
    std::array<std::uint32_t, 64> masks_{};
    std::size_t masks_used_ = 64;
};

}  // namespace tranche
