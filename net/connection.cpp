#include "net/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/require.hpp"

namespace tranche {
namespace {

// What a record adds: 5 bytes of head, 16 of tag, one of type, 8 of explicit nonce in TLS 1.2.
constexpr std::size_t record_overhead = 64;
constexpr std::size_t record_bytes = 16384;

constexpr std::size_t sealed_bound(std::size_t length) {
    return length + (length / record_bytes + 1) * record_overhead;
}

LossReason reason_of_errno(int error, bool while_connecting) {
    if (error == ECONNREFUSED) return LossReason::connect_refused;
    if (error == ETIMEDOUT)
        return while_connecting ? LossReason::connect_timeout : LossReason::timed_out;
    return while_connecting ? LossReason::connect_failed : LossReason::reset;
}

}  // namespace

const char* name_of(LossReason reason) {
    switch (reason) {
        case LossReason::none: return "none";
        case LossReason::requested: return "closed by us";
        case LossReason::connect_refused: return "connection refused";
        case LossReason::connect_failed: return "cannot connect";
        case LossReason::connect_timeout: return "connecting timed out";
        case LossReason::certificate_expired: return "certificate expired";
        case LossReason::certificate_not_yet_valid: return "certificate not yet valid";
        case LossReason::certificate_wrong_host: return "certificate is for another host";
        case LossReason::certificate_self_signed: return "self-signed certificate";
        case LossReason::certificate_unknown_issuer: return "certificate of an unknown issuer";
        case LossReason::certificate_bad: return "bad certificate";
        case LossReason::tls_failed: return "TLS failed";
        case LossReason::handshake_timeout: return "handshake timed out";
        case LossReason::upgrade_refused: return "WebSocket upgrade refused";
        case LossReason::upgrade_invalid: return "WebSocket upgrade invalid";
        case LossReason::peer_closed: return "closed by the peer";
        case LossReason::cut: return "cut";
        case LossReason::reset: return "reset";
        case LossReason::timed_out: return "timed out";
        case LossReason::silence: return "silent for too long";
        case LossReason::pong_overdue: return "pong overdue";
        case LossReason::protocol_error: return "protocol error";
        case LossReason::output_full: return "peer takes no bytes";
        case LossReason::answer_timeout: return "no answer in time";
        case LossReason::path_changed: return "path changed";
    }
    return "unknown reason";
}

LossReason reason_of(TlsFailure failure) {
    switch (failure) {
        case TlsFailure::expired: return LossReason::certificate_expired;
        case TlsFailure::not_yet_valid: return LossReason::certificate_not_yet_valid;
        case TlsFailure::wrong_host: return LossReason::certificate_wrong_host;
        case TlsFailure::self_signed: return LossReason::certificate_self_signed;
        case TlsFailure::unknown_issuer: return LossReason::certificate_unknown_issuer;
        case TlsFailure::bad_certificate: return LossReason::certificate_bad;
        case TlsFailure::overflow: return LossReason::output_full;
        case TlsFailure::none:
        case TlsFailure::alert:
        case TlsFailure::protocol: return LossReason::tls_failed;
    }
    return LossReason::tls_failed;
}

Connection::Connection(Reactor& reactor, ChannelId channel, const TlsContext* tls,
                       const LinkSettings& settings)
    : reactor_{reactor}, channel_{channel}, settings_{settings} {
    if (tls != nullptr) tls_ = std::make_unique<TlsSession>(*tls);
}

Connection::~Connection() {
    reactor_.release(channel_);
}

void Connection::open(const SocketAddress& address, const std::string& host, Nanos now) {
    require(state_ == LinkState::idle || state_ == LinkState::closed, "a connection opens once");
    require(tls_ != nullptr || is_loopback(host), "unencrypted bytes stay on this machine");
    host_ = host;
    address_ = address;
    detail_.clear();
    reason_ = LossReason::none;
    lent_ = sending_at_close_ = false;
    plain_taken_ = 0;
    sent_ = 0;
    deadline_ = now + settings_.connect_timeout;
    state_ = LinkState::connecting;
    reactor_.connect(channel_, address, settings_.socket);
}

LinkState Connection::poll(Nanos now) {
    if (state_ == LinkState::connecting) {
        const ChannelState channel = reactor_.state(channel_);
        if (channel == ChannelState::failed) {
            close_failed(reactor_.error(channel_), true);
        } else if (channel == ChannelState::connected) {
            deadline_ = now + settings_.handshake_timeout;
            state_ = tls_ ? LinkState::securing : LinkState::open;
            if (tls_) tls_->start(host_);
        } else if (now >= deadline_) {
            close(LossReason::connect_timeout);
        }
    }
    if (state_ == LinkState::securing) secure(now);
    return state_;
}

void Connection::secure(Nanos now) {
    do {
        tls_->set_output(reactor_.room(channel_));
        const bool established = tls_->advance();
        flush_tls();
        if (tls_->failure() != TlsFailure::none) return close_tls_failure();
        if (established) {
            state_ = LinkState::open;
            return;
        }
    } while (take_chunk());
    check_end();
    if (state_ == LinkState::securing && now >= deadline_) close(LossReason::handshake_timeout);
}

bool Connection::take_chunk() {
    if (lent_ && tls_->input_left() == 0) {
        reactor_.pop(channel_);
        lent_ = false;
    }
    if (lent_) return true;
    const std::span<const char> chunk = reactor_.front(channel_);
    if (chunk.empty()) return false;
    arrival_ = reactor_.arrival(channel_);
    tls_->feed(chunk);
    lent_ = true;
    return true;
}

void Connection::flush_tls() {
    if (const std::size_t length = tls_->take_output(); length > 0) reactor_.send(channel_, length);
}

std::size_t Connection::read(std::span<char> room) {
    if (state_ != LinkState::open || room.empty()) return 0;
    const std::size_t length = tls_ ? read_tls(room) : read_plain(room);
    if (length == 0 && state_ == LinkState::open) check_end();
    return length;
}

std::size_t Connection::read_plain(std::span<char> room) {
    std::span<const char> chunk = reactor_.front(channel_);
    if (chunk.empty()) return 0;
    arrival_ = reactor_.arrival(channel_);
    chunk = chunk.subspan(plain_taken_);
    const std::size_t length = std::min(chunk.size(), room.size());
    std::memcpy(room.data(), chunk.data(), length);
    plain_taken_ += length;
    if (length == chunk.size()) {
        reactor_.pop(channel_);
        plain_taken_ = 0;
    }
    return length;
}

std::size_t Connection::read_tls(std::span<char> room) {
    // Asking OpenSSL for nothing costs 300 ns, on every turn of every idle connection.
    if (!lent_ && reactor_.front(channel_).empty() && tls_->dry()) return 0;
    tls_->set_output(reactor_.room(channel_));  // a key update is answered while reading
    std::size_t length = tls_->read(room);
    while (length == 0 && tls_->failure() == TlsFailure::none && !tls_->ended() && take_chunk())
        length = tls_->read(room);
    if (lent_ && tls_->input_left() == 0) {
        reactor_.pop(channel_);
        lent_ = false;
    }
    flush_tls();
    if (tls_->failure() != TlsFailure::none) close_tls_failure();
    return length;
}

/// Nothing is left to read: is more to come, or was that all?
void Connection::check_end() {
    if (tls_ && tls_->ended()) return close(LossReason::peer_closed);
    if (!reactor_.front(channel_).empty()) return;
    if (reactor_.state(channel_) == ChannelState::failed)
        return close_failed(reactor_.error(channel_), false);
    if (reactor_.ended(channel_)) close(tls_ ? LossReason::cut : LossReason::peer_closed);
}

bool Connection::write(std::span<const char> bytes) {
    if (state_ != LinkState::open) return false;
    const std::span<char> room = reactor_.room(channel_);
    if (room.size() < sealed_bound(bytes.size())) {
        close(LossReason::output_full);
        return false;
    }
    if (tls_) {
        tls_->set_output(room);
        const bool sealed = tls_->write(bytes);
        flush_tls();
        if (!sealed) close_tls_failure();
        if (!sealed) return false;
    } else {
        std::memcpy(room.data(), bytes.data(), bytes.size());
        reactor_.send(channel_, bytes.size());
    }
    return true;
}

std::uint64_t Connection::sent() const {
    return state_ == LinkState::closed ? sent_ : reactor_.sent(channel_);
}

bool Connection::nothing_left_since(std::uint64_t mark) const {
    if (state_ == LinkState::closed) return sent_ == mark && !sending_at_close_;
    return reactor_.sent(channel_) == mark && !reactor_.sending(channel_);
}

void Connection::close(LossReason reason, std::string detail) {
    if (state_ == LinkState::closed || state_ == LinkState::idle) return;
    // Taken before the closing alert, which must not make a request look sent.
    sent_ = reactor_.sent(channel_);
    sending_at_close_ = reactor_.sending(channel_);
    if (tls_ && state_ == LinkState::open && reactor_.state(channel_) == ChannelState::connected) {
        tls_->set_output(reactor_.room(channel_));
        tls_->close();
        flush_tls();
    }
    reactor_.close(channel_);
    state_ = LinkState::closed;
    reason_ = reason;
    detail_ = std::move(detail);
}

void Connection::close_failed(int error, bool while_connecting) {
    close(reason_of_errno(error, while_connecting), std::strerror(error));
}

void Connection::close_tls_failure() {
    close(reason_of(tls_->failure()), tls_->failure_text());
}

std::string Connection::why() const {
    if (state_ != LinkState::closed) return {};
    std::string text = host_ + " (" + address_.text() + "): " + name_of(reason_);
    return detail_.empty() ? text : text + ": " + detail_;
}

}  // namespace tranche
