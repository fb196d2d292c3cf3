// HTTP/1.x of one direction as somebody sees it who only listens: message after message on a kept
// connection, with holes. What is longer than the limit is counted and not kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "net/capture/bytes.hpp"

namespace tranche::capture {

/// One request or answer. The views are valid during the call.
struct HttpNote {
    bool request{};
    std::string_view head;    // start line and headers, without the empty line
    std::string_view method;  // of a request
    std::string_view target;  // of a request
    unsigned status{};        // of an answer
    std::string_view body;    // chunks joined
    bool whole{};             // nothing of the body is missing
    Nanos begun{};            // when the first byte was there
    Nanos time{};             // when the last one was

    /// Value of the first header of that name, whatever its case; empty when there is none.
    std::string_view find(std::string_view name) const;
};

/// What follows a head, as far as it depends on the other direction.
enum class BodyRule : std::uint8_t {
    as_told,  // by the head's own headers
    none,
    other_protocol,  // what follows is no HTTP
};

class HttpSink {
public:
    HttpSink() = default;
    HttpSink(const HttpSink&) = delete;
    HttpSink& operator=(const HttpSink&) = delete;
    virtual ~HttpSink() = default;
    virtual BodyRule on_http_head(const HttpNote& note) = 0;
    virtual void on_http(const HttpNote& note) = 0;
};

/// True while `bytes` can be the beginning of a request or an answer.
bool can_begin_http(std::string_view bytes);

class HttpTap {
public:
    static constexpr std::size_t head_limit = 64 * 1024;
    static constexpr std::size_t body_limit = std::size_t{16} << 20;

    explicit HttpTap(HttpSink& sink) : sink_{sink} {}

    /// Returns what belongs to another protocol.
    Bytes data(Bytes bytes, Nanos time);
    void gap(std::uint64_t length, Nanos time);
    /// The connection has ended, and with it an answer that had no length.
    void end(Nanos time);

    /// True once what comes is no HTTP.
    bool is_over() const { return state_ == State::over; }
    bool lost() const { return state_ == State::lost; }
    /// Bytes looked through since it was lost.
    std::uint64_t searched() const { return searched_; }
    void begin_anywhere();

private:
    enum class State : std::uint8_t {
        head,
        sized,
        to_end,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer,
        lost,
        over,
    };
    Bytes step(Bytes bytes, Nanos time);
    Bytes take_head(Bytes bytes, Nanos time);
    Bytes take_sized(Bytes bytes, Nanos time);
    Bytes take_line(Bytes bytes, Nanos time);
    Bytes search(Bytes bytes, Nanos time);
    void read_head(Nanos time);
    void keep(Bytes bytes);
    void complete(Nanos time);
    HttpNote note(Nanos time) const;

    HttpSink& sink_;
    State state_{};
    std::string head_;
    std::string line_;  // of a chunk, or of a trailer
    std::string body_;
    std::uint64_t left_{};  // of the body or chunk
    bool whole_{true};
    Nanos begun_{};
    std::uint64_t searched_{};
};

}  // namespace tranche::capture
