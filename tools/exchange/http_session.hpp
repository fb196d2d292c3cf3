// One HTTP connection: requests in order, one answer each, until it becomes a WebSocket or ends.
#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "tools/exchange/service.hpp"
#include "tools/exchange/ws_session.hpp"

namespace tranche::exchange {

using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

template <class Stream>
class HttpSession final : public Line, public std::enable_shared_from_this<HttpSession<Stream>> {
public:
    static constexpr std::chrono::minutes idle_limit{5};
    static constexpr std::uint64_t body_limit = 1024 * 1024;
    static constexpr std::uint32_t header_limit = 64 * 1024;

    HttpSession(Stream stream, Service& service, std::string address)
        : stream_{std::move(stream)},
          service_{service},
          address_{std::move(address)},
          timer_{stream_.get_executor()} {}

    ~HttpSession() override { service_.lines.leave(*this); }

    [[nodiscard]] LineKind line_kind() const override { return LineKind::rest; }
    void suffer(Harm harm) override {
        auto& lowest = boost::beast::get_lowest_layer(stream_);
        if (harm == Harm::half_open) return freeze();
        if (harm == Harm::reset) reset_on_close(lowest.socket());
        end();
    }

    void start() {
        service_.lines.join(*this);
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            boost::beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds{30});
            stream_.async_handshake(boost::asio::ssl::stream_base::server,
                                    [self = this->shared_from_this()](Error error) {
                                        if (!error) self->read();
                                    });
        } else {
            read();
        }
    }

private:
    using Error = boost::beast::error_code;
    using StringBody = boost::beast::http::string_body;
    using Request = boost::beast::http::request<StringBody>;
    using Response = boost::beast::http::response<StringBody>;

    void read() {
        parser_.emplace();
        parser_->body_limit(body_limit);
        parser_->header_limit(header_limit);
        boost::beast::get_lowest_layer(stream_).expires_after(idle_limit);
        boost::beast::http::async_read(
            stream_, buffer_, *parser_,
            [self = this->shared_from_this()](Error error, std::size_t size) {
                if (self->frozen_) return;
                if (!error) return self->dispatch(size);
                if (error == boost::beast::http::error::end_of_stream) return self->shut_down();
                const bool malformed =
                    error.category() ==
                    make_error_code(boost::beast::http::error::bad_method).category();
                if (malformed) self->answer_malformed(error);
            });
    }

    /// Nothing is read or written any more, and nobody is told.
    void freeze() {
        frozen_ = true;
        service_.lines.leave(*this);
        service_.lines.park(this->shared_from_this());
        boost::beast::get_lowest_layer(stream_).cancel();
    }

    void end() {
        frozen_ = true;
        boost::beast::get_lowest_layer(stream_).close();
    }

    /// Goes on after so long; at once for 0.
    template <class Then> void after(std::int64_t delay_ms, Then then) {
        if (delay_ms == 0) return then();
        boost::beast::get_lowest_layer(stream_).expires_after(idle_limit);
        timer_.expires_after(std::chrono::milliseconds{delay_ms});
        timer_.async_wait([self = this->shared_from_this(), then](Error) {
            if (!self->frozen_) then();
        });
    }

    /// `size`: bytes of the request.
    void dispatch(std::size_t size) {
        const Request& request = parser_->get();
        if (boost::beast::websocket::is_upgrade(request)) return upgrade();
        call_ = {};
        call_.method = request.method_string().to_string();
        const std::string target = request.target().to_string();
        const std::size_t question = target.find('?');
        call_.path = target.substr(0, question);
        if (question != std::string::npos) call_.query = target.substr(question + 1);
        call_.body = request.body();
        call_.api_key = request["X-MBX-APIKEY"].to_string();
        call_.address = address_;
        fate_ = service_.fate_of(call_);
        if (fate_.never_arrives) return freeze();
        if (fate_.cut_request && *fate_.cut_request < size) return end();
        after(fate_.delay_request_ms, [this] { reply(); });
    }

    /// Executes the call, and answers the way its fate wants it; the events that it caused follow.
    void reply() {
        call_.now_us = service_.now_us();
        const Answer answer = service_.handle(call_, fate_);
        const bool silent = fate_.hang || fate_.cut_request;
        if (silent || fate_.delay_ms > 0 || fate_.events_first) service_.flush();
        if (fate_.hang) return freeze();
        if (fate_.cut_request) return end();
        prepare(answer, parser_->get().keep_alive() && !fate_.last_answer);
        after(fate_.delay_ms, [this] {
            if (fate_.cut_response || fate_.drip_ms > 0)
                write_text();
            else
                write();
            service_.flush();
        });
    }

    /// The answer by its bytes: up to the cut, or one at a time.
    void write_text() {
        std::ostringstream out;
        out << response_;
        text_ = out.str();
        text_at_ = 0;
        if (fate_.cut_response) text_.resize(std::min(text_.size(), *fate_.cut_response));
        write_some();
    }

    void write_some() {
        if (text_at_ == text_.size()) {
            if (fate_.cut_response) return end();
            if (response_.need_eof()) return shut_down();
            return read();
        }
        const std::size_t size = fate_.drip_ms > 0 ? 1 : text_.size();
        boost::asio::async_write(stream_, boost::asio::buffer(text_.data() + text_at_, size),
                                 [self = this->shared_from_this()](Error error, std::size_t sent) {
                                     if (error || self->frozen_) return;
                                     self->text_at_ += sent;
                                     self->after(self->fate_.drip_ms,
                                                 [session = self.get()] { session->write_some(); });
                                 });
    }

    void prepare(const Answer& answer, bool keep_alive) {
        namespace http = boost::beast::http;
        response_ = Response{static_cast<http::status>(answer.status), 11};
        response_.set(http::field::server, "tranche-exchange");
        const bool html = answer.body.starts_with("<");
        response_.set(http::field::content_type, html ? "text/html" : "application/json");
        for (const auto& [name, value] : answer.headers) response_.set(name, value);
        response_.keep_alive(keep_alive);
        response_.body() = answer.body;
        response_.prepare_payload();
    }

    void write() {
        boost::beast::http::async_write(
            stream_, response_, [self = this->shared_from_this()](Error error, std::size_t) {
                if (error || self->frozen_) return;
                if (self->response_.need_eof()) return self->shut_down();
                self->read();
            });
    }

    void answer_malformed(const Error& error) {
        prepare(refuse({-1130, "Malformed HTTP request: " + error.message()}), false);
        write();
    }

    void upgrade() {
        const Request& request = parser_->get();
        auto subscriptions = subscriptions_of_target(request.target().to_string());
        if (!subscriptions) {
            prepare(refuse({-5000, "No such stream path, or more than 200 streams.", 404}), false);
            return write();
        }
        boost::beast::get_lowest_layer(stream_).expires_never();
        service_.lines.leave(*this);
        std::make_shared<WsSession<Stream>>(std::move(stream_), service_, std::move(*subscriptions))
            ->accept(request);
    }

    void shut_down() {
        auto& lowest = boost::beast::get_lowest_layer(stream_);
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            lowest.expires_after(std::chrono::seconds{5});
            stream_.async_shutdown([self = this->shared_from_this()](Error) {});
        } else {
            Error ignored;
            lowest.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
        }
    }

    Stream stream_;
    Service& service_;
    std::string address_;
    boost::asio::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<StringBody>> parser_;
    Response response_;
    Call call_;
    RequestFate fate_;
    std::string text_;  // of an answer whose bytes matter
    std::size_t text_at_{};
    bool frozen_{};
};

}  // namespace tranche::exchange
