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
#include "tools/exchange/hub.hpp"

namespace tranche::exchange {

/// `Stream` is a TCP or TLS stream of Beast. Keeps itself alive while an operation is pending.
template <class Stream>
class WsSession final : public Peer, public std::enable_shared_from_this<WsSession<Stream>> {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Error = boost::beast::error_code;

    /// A reader that lags by this many frames is closed, as the venue would close it.
    static constexpr std::size_t queue_max = 50'000;
    static constexpr int inbound_per_second = 10;
    static constexpr std::chrono::minutes ping_period{5};
    static constexpr std::chrono::minutes pong_deadline{15};
    static constexpr std::chrono::hours lifetime{24};

    WsSession(Stream stream, Hub& hub, Subscriptions subscriptions)
        : socket_{std::move(stream)},
          hub_{hub},
          subscriptions_{std::move(subscriptions)},
          timer_{socket_.get_executor()} {}

    ~WsSession() override { hub_.leave(*this); }

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
            self->opened_ = self->last_pong_ = Clock::now();
            self->hub_.join(*self);
            self->read();
            self->wait_for_ping();
        });
    }

    void send(SharedText text) override {
        if (closing_) return;
        if (queue_.size() >= queue_max)
            return close(boost::beast::websocket::close_code::policy_error);
        queue_.push_back(std::move(text));
        if (queue_.size() == 1) write();
    }

    [[nodiscard]] std::size_t queued() const override { return queue_.size(); }
    [[nodiscard]] const Subscriptions& subscriptions() const override { return subscriptions_; }

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
                                self->queue_.pop_front();
                                if (self->closing_) return self->close_now();
                                if (!self->queue_.empty()) self->write();
                            });
    }

    void wait_for_ping() {
        timer_.expires_after(ping_period);
        timer_.async_wait([self = this->shared_from_this()](Error error) {
            if (error || self->closing_) return;
            const auto now = Clock::now();
            if (now - self->last_pong_ > pong_deadline || now - self->opened_ > lifetime)
                return self->close(boost::beast::websocket::close_code::going_away);
            self->socket_.async_ping({}, [self](Error failed) {
                if (!failed) self->wait_for_ping();
            });
        });
    }

    /// Drops what is queued, except a frame that is being written, and closes after it.
    void close(boost::beast::websocket::close_code code) {
        if (closing_) return;
        closing_ = true;
        reason_ = code;
        hub_.leave(*this);
        timer_.cancel();
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
        hub_.leave(*this);
        timer_.cancel();
    }

    boost::beast::websocket::stream<Stream> socket_;
    Hub& hub_;
    Subscriptions subscriptions_;
    boost::asio::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    std::deque<SharedText> queue_;  // front is being written
    Clock::time_point opened_, last_pong_, inbound_since_;
    int inbound_{};
    bool flooded_{};
    bool closing_{};
    boost::beast::websocket::close_code reason_{};
};

}  // namespace tranche::exchange
