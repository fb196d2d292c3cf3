// One HTTP connection: requests in order, one answer each, until it becomes a WebSocket or ends.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tools/exchange/service.hpp"
#include "tools/exchange/wall_clock.hpp"
#include "tools/exchange/ws_session.hpp"

namespace tranche::exchange {

using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

template <class Stream>
class HttpSession : public std::enable_shared_from_this<HttpSession<Stream>> {
public:
    static constexpr std::chrono::minutes idle_limit{5};
    static constexpr std::uint64_t body_limit = 1024 * 1024;
    static constexpr std::uint32_t header_limit = 64 * 1024;

    HttpSession(Stream stream, Service& service, std::string address)
        : stream_{std::move(stream)},
          service_{service},
          address_{std::move(address)},
          delay_{stream_.get_executor()} {}

    void start() {
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
            [self = this->shared_from_this()](Error error, std::size_t) {
                if (!error) return self->dispatch();
                if (error == boost::beast::http::error::end_of_stream) return self->shut_down();
                const bool malformed =
                    error.category() ==
                    make_error_code(boost::beast::http::error::bad_method).category();
                if (malformed) self->answer_malformed(error);
            });
    }

    void dispatch() {
        const Request& request = parser_->get();
        if (boost::beast::websocket::is_upgrade(request)) return upgrade();
        Call call;
        call.method = request.method_string().to_string();
        const std::string target = request.target().to_string();
        const std::size_t question = target.find('?');
        call.path = target.substr(0, question);
        if (question != std::string::npos) call.query = target.substr(question + 1);
        call.body = request.body();
        call.api_key = request["X-MBX-APIKEY"].to_string();
        call.address = address_;
        call.now_us = wall_clock_us();
        reply(service_.handle(call));
    }

    /// Sends an answer the way its fate wants it, and the events that it caused after it.
    void reply(Answer answer) {
        const RequestFate fate = service_.fate_of(answer);
        if (fate.cut) {
            service_.flush();
            boost::beast::get_lowest_layer(stream_).close();
            return;
        }
        if (fate.answer_503) {
            answer.status = 503;
            answer.body = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>";
        }
        prepare(answer, parser_->get().keep_alive());
        if (fate.delay_ms > 0) {
            service_.flush();
            boost::beast::get_lowest_layer(stream_).expires_after(idle_limit);
            delay_.expires_after(std::chrono::milliseconds{fate.delay_ms});
            delay_.async_wait([self = this->shared_from_this()](Error) { self->write(); });
            return;
        }
        if (fate.events_first) service_.flush();
        write();
        service_.flush();
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
                if (error) return;
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
        std::make_shared<WsSession<Stream>>(std::move(stream_), service_.hub,
                                            std::move(*subscriptions))
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
    boost::asio::steady_timer delay_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<StringBody>> parser_;
    Response response_;
};

}  // namespace tranche::exchange
