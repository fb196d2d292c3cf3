// One WebSocket connection: subscriptions, control messages, a write queue, pings.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tools/exchange/control.hpp"
#include "tools/exchange/service.hpp"

namespace tranche::exchange {

/// What is closed next is closed by RST.
inline void reset_on_close(boost::asio::ip::tcp::socket& socket) {
    boost::beast::error_code ignored;
    socket.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
}

/// `Stream` is a TCP or TLS stream of Beast. Keeps itself alive while an operation is pending.
template <class Stream>
class WsSession final : public Peer,
                        public Line,
                        public std::enable_shared_from_this<WsSession<Stream>> {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Error = boost::beast::error_code;

    /// A reader that lags by this many frames is closed, as the venue would close it.
    static constexpr std::size_t queue_max = 50'000;
    static constexpr int inbound_per_second = 10;

    WsSession(Stream stream, Service& service, Subscriptions subscriptions)
        : socket_{std::move(stream)},
          service_{service},
          subscriptions_{std::move(subscriptions)},
          ping_timer_{socket_.get_executor()},
          end_timer_{socket_.get_executor()} {}

    ~WsSession() override { leave(); }

    void accept(const Request& request) {
        using boost::beast::websocket::stream_base;
        stream_base::timeout timeout{};
        timeout.handshake_timeout = std::chrono::seconds{30};
        timeout.idle_timeout = stream_base::none();
        timeout.keep_alive_pings = false;
        socket_.set_option(timeout);
        socket_.auto_fragment(false);
        socket_.read_message_max(64 * 1024);
        socket_.text(true);
        socket_.control_callback([this](auto kind, boost::beast::string_view) {
            if (kind == boost::beast::websocket::frame_type::pong) last_pong_ = Clock::now();
            if (!within_inbound_limit()) flooded_ = true;
        });
        socket_.async_accept(request, [self = this->shared_from_this()](Error error) {
            if (error) return;
            self->last_pong_ = Clock::now();
            self->service_.hub.join(*self);
            self->service_.lines.join(*self);
            self->read();
            self->wait_for_ping();
            self->wait_for_end();
        });
    }

    void send(SharedText text) override {
        if (closing_ || frozen_) return;
        if (queue_.size() >= queue_max)
            return close(boost::beast::websocket::close_code::policy_error);
        queue_.push_back(std::move(text));
        if (queue_.size() == 1) write();
    }

    [[nodiscard]] std::size_t queued() const override { return queue_.size(); }
    [[nodiscard]] const Subscriptions& subscriptions() const override { return subscriptions_; }

    [[nodiscard]] LineKind line_kind() const override {
        return service_.private_stream(subscriptions_) ? LineKind::user : LineKind::market;
    }
    void suffer(Harm harm) override {
        auto& lowest = boost::beast::get_lowest_layer(socket_);
        if (harm == Harm::close) return close(boost::beast::websocket::close_code::going_away);
        end();
        if (harm == Harm::half_open) {
            frozen_ = true;
            service_.lines.park(this->shared_from_this());
            return lowest.cancel();
        }
        if (harm == Harm::reset) reset_on_close(lowest.socket());
        lowest.close();
    }

private:
    using Clock = std::chrono::steady_clock;

    /// The venue counts pings and pongs as messages too.
    bool within_inbound_limit() {
        const auto now = Clock::now();
        if (now - inbound_since_ >= std::chrono::seconds{1}) {
            inbound_since_ = now;
            inbound_ = 0;
        }
        return ++inbound_ <= inbound_per_second;
    }

    void read() {
        socket_.async_read(buffer_, [self = this->shared_from_this()](Error error, std::size_t) {
            if (error) return self->end();
            if (self->frozen_) return;
            if (self->flooded_ || !self->within_inbound_limit())
                return self->close(boost::beast::websocket::close_code::policy_error);
            const std::string text = boost::beast::buffers_to_string(self->buffer_.data());
            self->buffer_.consume(self->buffer_.size());
            self->send(
                std::make_shared<const std::string>(answer_control(text, self->subscriptions_)));
            self->read();
        });
    }

    void write() {
        const std::string& text = *queue_.front();
        socket_.async_write(boost::asio::buffer(text),
                            [self = this->shared_from_this()](Error error, std::size_t) {
                                if (error) return self->end();
                                if (self->frozen_) return;
                                self->queue_.pop_front();
                                if (self->closing_) return self->close_now();
                                if (!self->queue_.empty()) self->write();
                            });
    }

    void wait_for_ping() {
        ping_timer_.expires_after(service_.stream_limits().ping_period);
        ping_timer_.async_wait([self = this->shared_from_this()](Error error) {
            if (error || self->closing_) return;
            if (Clock::now() - self->last_pong_ > self->service_.stream_limits().pong_deadline)
                return self->close(boost::beast::websocket::close_code::going_away);
            self->socket_.async_ping({}, [self](Error failed) {
                if (!failed) self->wait_for_ping();
            });
        });
    }

    /// The venue ends every connection after its 24 hours.
    void wait_for_end() {
        end_timer_.expires_after(service_.stream_limits().lifetime);
        end_timer_.async_wait([self = this->shared_from_this()](Error error) {
            if (!error) self->close(boost::beast::websocket::close_code::going_away);
        });
    }

    /// Drops what is queued, except a frame that is being written, and closes after it.
    void close(boost::beast::websocket::close_code code) {
        if (closing_) return;
        closing_ = true;
        reason_ = code;
        leave();
        const bool writing = !queue_.empty();
        if (writing)
            queue_.resize(1);
        else
            close_now();
    }

    void close_now() {
        socket_.async_close(reason_, [self = this->shared_from_this()](Error) {});
    }

    void end() {
        closing_ = true;
        leave();
    }

    void leave() {
        service_.hub.leave(*this);
        service_.lines.leave(*this);
        ping_timer_.cancel();
        end_timer_.cancel();
    }

    boost::beast::websocket::stream<Stream> socket_;
    Service& service_;
    Subscriptions subscriptions_;
    boost::asio::steady_timer ping_timer_, end_timer_;
    boost::beast::flat_buffer buffer_;
    std::deque<SharedText> queue_;  // front is being written
    Clock::time_point last_pong_, inbound_since_;
    int inbound_{};
    bool flooded_{};
    bool closing_{};
    bool frozen_{};
    boost::beast::websocket::close_code reason_{};
};

}  // namespace tranche::exchange
