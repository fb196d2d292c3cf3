#include "net/http_connection.hpp"

#include <array>
#include <utility>

#include "core/require.hpp"

namespace tranche {

HttpConnection::HttpConnection(Reactor& reactor, ChannelId channel, const TlsContext* tls,
                               HttpPeer peer, RequestGuard& guard, TimeSource time,
                               std::uint64_t seed)
    : link_{reactor, channel, tls, peer.link},
      peer_{std::move(peer)},
      guard_{guard},
      reader_{peer_.body_limit},
      backoff_{peer_.backoff, seed},
      time_{time} {
    require(!peer_.addresses.empty() || peer_.book != nullptr, "a peer has an address");
}

HttpOutcome HttpConnection::poll(Nanos now) {
    if (std::exchange(refused_, false)) return HttpOutcome::refused;
    switch (link_.poll(now)) {
        case LinkState::idle: connect(now); return HttpOutcome::none;
        case LinkState::connecting:
        case LinkState::securing: return HttpOutcome::none;
        case LinkState::open: break;
        case LinkState::closed:
            if (ready_ || waiting_ || retry_at_ == Nanos{}) return lose(now);
            if (now >= retry_at_) connect(now);
            return HttpOutcome::none;
    }
    if (waiting_) return read_answer(now);
    watch_idle();
    if (link_.state() == LinkState::closed) return lose(now);
    ready_ = true;
    failures_in_a_row_ = 0;
    return HttpOutcome::none;
}

void HttpConnection::connect(Nanos now) {
    if (stopped_) return;
    const std::size_t turn = next_address_++;
    const SocketAddress address = peer_.book != nullptr
                                      ? peer_.book->pick(turn, failures_in_a_row_)
                                      : peer_.addresses[turn % peer_.addresses.size()];
    ++failures_in_a_row_;  // until it is ready
    retry_at_ = {};
    answered_once_ = false;
    link_.open(address, peer_.host, now);
}

/// An idle connection has nothing to say, except TLS's own messages and its end.
void HttpConnection::watch_idle() {
    std::array<char, 512> unexpected;
    if (link_.read(unexpected) > 0)
        link_.close(LossReason::protocol_error, "bytes came without a request");
}

bool HttpConnection::send(std::span<const char> request, Nanos now) {
    if (!is_ready() || link_.state() != LinkState::open) return false;
    reader_.reset();
    if (!guard_.passes(request)) {
        refused_ = true;
        return true;
    }
    ready_ = false;
    waiting_ = true;
    deadline_ = now + peer_.answer_timeout;
    sent_mark_ = link_.sent();
    first_byte_out_ = time_();
    // A failed write is reported by the next poll, with the outcome of the request.
    link_.write(request);
    return true;
}

HttpOutcome HttpConnection::read_answer(Nanos now) {
    while (true) {
        const HttpVerdict verdict = reader_.next();
        if (verdict == HttpVerdict::complete) return finish_answer();
        if (verdict != HttpVerdict::need_more) {
            link_.close(LossReason::protocol_error, name_of(verdict));
            return lose(now);
        }
        const std::span<char> room = reader_.room();
        if (room.empty()) link_.close(LossReason::protocol_error, "answer too long");
        const std::size_t length = link_.read(room);
        if (length == 0) break;
        reader_.wrote(length);
    }
    if (link_.state() == LinkState::closed) {
        // An orderly end completes an answer that gave no length.
        if (link_.reason() == LossReason::peer_closed && reader_.end() == HttpVerdict::complete)
            return finish_answer();
        return lose(now);
    }
    if (now < deadline_) return HttpOutcome::none;
    link_.close(LossReason::answer_timeout);
    return lose(now);
}

HttpOutcome HttpConnection::finish_answer() {
    waiting_ = false;
    answered_once_ = true;
    answered_ = link_.arrival();
    backoff_.reset();
    if (!reader_.rest().empty()) {
        link_.close(LossReason::protocol_error, "bytes came after the answer");
    } else if (!reader_.response().keep_alive) {
        link_.close(LossReason::requested);
    }
    ready_ = link_.state() == LinkState::open;
    return HttpOutcome::answer;
}

HttpOutcome HttpConnection::lose(Nanos now) {
    ++losses_;
    ready_ = false;
    // The end of a connection that has served is no sign of trouble: the next is opened at once.
    retry_at_ = now + (answered_once_ ? Nanos{1} : backoff_.next());
    if (!std::exchange(waiting_, false)) return HttpOutcome::none;
    return link_.nothing_left_since(sent_mark_) ? HttpOutcome::not_sent : HttpOutcome::cut;
}

void HttpConnection::stop() {
    stopped_ = true;
    link_.close(LossReason::requested);
}

}  // namespace tranche
