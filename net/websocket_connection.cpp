#include "net/websocket_connection.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/rand.h>
#include <utility>
#include <vector>

#include "core/require.hpp"

namespace tranche {
namespace {

constexpr std::size_t frame_overhead = 14;
constexpr std::size_t longest_text = 4096;             // of ours: subscriptions
constexpr std::size_t upgrade_body_limit = 16 * 1024;  // of an error page, to get at its status
// A ping behind more bytes than the buffer holds cannot be seen while nobody takes messages. A pong
// nobody asked for keeps the connection all the same (exchange-protocol.md, 1.3).
constexpr Nanos pong_interval = seconds(60);

}  // namespace

WebSocketConnection::WebSocketConnection(Reactor& reactor, ChannelId channel, const TlsContext* tls,
                                         const LinkSettings& settings, std::size_t message_limit)
    : link_{reactor, channel, tls, settings},
      reader_{message_limit},
      answer_{upgrade_body_limit},
      handshake_timeout_{settings.handshake_timeout} {}

void WebSocketConnection::open(const SocketAddress& address, const std::string& host,
                               const std::string& host_header, const std::string& target,
                               Nanos now) {
    key_ = make_websocket_key();
    request_ = websocket_request(host_header, target, key_);
    reader_.reset();
    answer_.reset();
    upgrading_ = true;
    asked_ = waiting_ = false;
    last_heard_ = now;
    ping_sent_ = {};
    link_.open(address, host, now);
}

LinkState WebSocketConnection::poll(Nanos now) {
    const LinkState link = link_.poll(now);
    if (link == LinkState::closed) upgrading_ = false;
    if (link != LinkState::open) return link;
    if (upgrading_) [[unlikely]]
        upgrade(now);
    else if (now >= next_pong_) [[unlikely]]
        pong_unasked(now);
    return state();
}

void WebSocketConnection::upgrade(Nanos now) {
    if (!asked_) {
        asked_ = true;
        deadline_ = now + handshake_timeout_;
        link_.write(request_);
    }
    HttpVerdict verdict = answer_.next();
    while (verdict == HttpVerdict::need_more) {
        const std::size_t length = link_.read(answer_.room());
        if (length == 0) break;
        answer_.wrote(length);
        verdict = answer_.next();
    }
    // A refusal need not be read to its end: the status is what matters.
    const unsigned status = answer_.response().status;
    if (verdict == HttpVerdict::complete || status >= 200) {
        const std::string wrong = check_websocket_answer(answer_.response(), key_);
        if (wrong.empty()) {
            const std::span<const char> first = answer_.rest();
            const std::span<char> room = reader_.room();
            require(first.size() <= room.size(), "one read fits an empty reader");
            std::memcpy(room.data(), first.data(), first.size());
            reader_.wrote(first.size());
            last_heard_ = now;
            next_pong_ = now + pong_interval;
            arrival_ = link_.arrival();
        } else {
            link_.close(status == 101 ? LossReason::upgrade_invalid : LossReason::upgrade_refused,
                        wrong);
        }
        upgrading_ = false;
    } else if (verdict != HttpVerdict::need_more) {
        link_.close(LossReason::upgrade_invalid, name_of(verdict));
    } else if (now >= deadline_) {
        link_.close(LossReason::handshake_timeout);
    }
    if (link_.state() == LinkState::closed) upgrading_ = false;
}

bool WebSocketConnection::receive(Nanos now) {
    if (waiting_) return true;
    if (state() != LinkState::open) return false;
    while (true) {
        const WebSocketVerdict verdict = reader_.next();
        switch (verdict) {
            case WebSocketVerdict::message: arrival_ = link_.arrival(); return waiting_ = true;
            case WebSocketVerdict::ping:
            case WebSocketVerdict::pong: on_control(verdict, now); break;
            case WebSocketVerdict::need_more:
                if (!read_more(now)) return false;
                break;
            case WebSocketVerdict::close:
            case WebSocketVerdict::reserved_bits:
            case WebSocketVerdict::unknown_opcode:
            case WebSocketVerdict::masked:
            case WebSocketVerdict::long_control:
            case WebSocketVerdict::fragmented_control:
            case WebSocketVerdict::unexpected_continuation:
            case WebSocketVerdict::missing_continuation:
            case WebSocketVerdict::bad_length:
            case WebSocketVerdict::too_long:
            case WebSocketVerdict::bad_utf8:
            case WebSocketVerdict::bad_close: end(verdict); return false;
        }
    }
}

bool WebSocketConnection::read_more(Nanos now) {
    const std::size_t length = link_.read(reader_.room());
    if (length == 0) return false;
    reader_.wrote(length);
    bytes_ += length;
    last_heard_ = now;
    return true;
}

void WebSocketConnection::hold(Nanos now) {
    // What cannot be read cannot be missed, nor be late.
    last_heard_ = now;
    if (ping_sent_ != Nanos{}) ping_sent_ = now;
    do {
        WebSocketVerdict verdict = reader_.look_ahead();
        for (; verdict != WebSocketVerdict::need_more; verdict = reader_.look_ahead())
            on_control(verdict, now);
    } while (link_.state() == LinkState::open && read_more(now));
}

void WebSocketConnection::on_control(WebSocketVerdict verdict, Nanos now) {
    last_heard_ = now;
    if (verdict == WebSocketVerdict::pong) {
        ping_sent_ = {};
        return;
    }
    ++pings_answered_;
    send_frame(WebSocketOpcode::pong, reader_.control());
}

void WebSocketConnection::pong_unasked(Nanos now) {
    next_pong_ = now + pong_interval;
    send_frame(WebSocketOpcode::pong, {});
}

void WebSocketConnection::end(WebSocketVerdict verdict) {
    if (verdict != WebSocketVerdict::close)
        return close(LossReason::protocol_error, close_code_of(verdict), name_of(verdict));
    const std::uint16_t code = reader_.close_code();
    close(LossReason::peer_closed, code, "WebSocket close code " + std::to_string(code));
}

void WebSocketConnection::close(LossReason reason, std::uint16_t code, std::string detail) {
    if (state() == LinkState::open) {
        std::array<char, 32> frame;
        link_.write({frame.data(), write_close(frame, code, next_mask())});
    }
    link_.close(reason, std::move(detail));
    upgrading_ = false;
    waiting_ = false;
}

bool WebSocketConnection::send_text(std::span<const char> text) {
    return text.size() <= longest_text && send_frame(WebSocketOpcode::text, text);
}

bool WebSocketConnection::send_message(WebSocketOpcode opcode, std::span<const char> payload) {
    if (state() != LinkState::open) return false;
    std::vector<char> frame(payload.size() + frame_overhead);
    return link_.write({frame.data(), write_frame(frame, opcode, payload, next_mask())});
}

void WebSocketConnection::ping(Nanos now) {
    if (ping_sent_ == Nanos{}) ping_sent_ = now;
    send_frame(WebSocketOpcode::ping, {});
}

bool WebSocketConnection::send_frame(WebSocketOpcode opcode, std::span<const char> payload) {
    if (state() != LinkState::open) return false;
    std::array<char, longest_text + frame_overhead> frame;
    const std::size_t length = write_frame(frame, opcode, payload, next_mask());
    require(length > 0, "a frame of ours fits");
    return link_.write({frame.data(), length});
}

/// From the CSPRNG, as RFC 6455 (5.3) wants; 64 at a time keeps it off the usual path.
std::uint32_t WebSocketConnection::next_mask() {
    if (masks_used_ == masks_.size()) {
        const int made = RAND_bytes(reinterpret_cast<unsigned char*>(masks_.data()),
                                    static_cast<int>(sizeof masks_));
        require(made == 1, "OpenSSL gives random bytes");
        masks_used_ = 0;
    }
    return masks_[masks_used_++];
}

}  // namespace tranche
