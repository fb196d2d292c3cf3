// RFC 6455, client side, as bytes in and messages out. No socket here, no extensions.
//
// The reader works in place on its own buffer: a message that came in one frame is never moved, the
// fragments of others are pushed together. How the bytes were cut on their way makes no difference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tranche {

struct HttpResponse;

enum class WebSocketOpcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

/// What the reader found, or why the connection must end.
enum class WebSocketVerdict : std::uint8_t {
    need_more,  // no whole message yet
    message,    // text or binary; see `WebSocketReader::message`
    ping,       // answer with a pong of the same payload
    pong,
    close,  // the peer's closing frame; see `close_code`
    // errors: nothing more is read
    reserved_bits,  // an extension nobody agreed on
    unknown_opcode,
    masked,        // servers never mask
    long_control,  // control frame of more than 125 bytes
    fragmented_control,
    unexpected_continuation,  // nothing to continue
    missing_continuation,     // a new message inside an unfinished one
    bad_length,               // not the shortest form, or above 2^63
    too_long,                 // beyond the limit
    bad_utf8,
    bad_close,  // closing frame with a code or payload that is not allowed
};

/// Close code to send for a verdict that is an error (RFC 6455, 7.4.1).
std::uint16_t close_code_of(WebSocketVerdict verdict);
/// Name of a verdict, as logs and status show it.
const char* name_of(WebSocketVerdict verdict);

/// Longest message taken, fragments together; also the longest frame.
inline constexpr std::size_t websocket_message_limit = 1U << 20;

/// UTF-8 check that can stop at any byte and go on with the next.
class Utf8Check {
public:
    /// False as soon as `bytes`, after all before, cannot be UTF-8.
    bool add(std::span<const char> bytes);
    /// True when no character is half done.
    bool complete() const { return state_ == 0; }
    void reset() { state_ = 0; }

private:
    bool step(unsigned byte);
    std::uint32_t state_{};
};

/// Parses what a server sends. Use: write into `room`, tell `wrote`, call `next` until `need_more`.
class WebSocketReader {
public:
    explicit WebSocketReader(std::size_t message_limit = websocket_message_limit);

    /// Where received bytes go; empty while a message that nobody has taken fills the buffer.
    std::span<char> room();
    void wrote(std::size_t length) { end_ += length; }

    /// The next message or control frame; gives up the one reported before.
    WebSocketVerdict next();
    /// Looks behind an untaken message for a ping, so that it is answered while nobody has room for
    /// the message. Each control frame is reported once, here or by `next`. `need_more`: none.
    WebSocketVerdict look_ahead();

    /// The untaken message; `room` may move it, `next` gives it up.
    std::span<const char> message() const { return {bytes_.get() + begin_, message_end_ - begin_}; }
    /// Payload of the ping, pong or closing frame reported last; valid until the next call.
    std::span<const char> control() const { return control_; }
    /// Of the message reported last: text rather than binary.
    bool is_text() const { return is_text_; }
    /// Of the closing frame: its code, 1005 when it had none.
    std::uint16_t close_code() const { return close_code_; }

    /// Forgets everything, for a new connection.
    void reset();

private:
    struct Head {
        std::uint64_t length{};
        std::uint8_t size{};  // of the head itself; 0: not all there
        bool final{};
        WebSocketOpcode opcode{};
        WebSocketVerdict error{};
    };
    Head read_head(std::size_t at) const;
    WebSocketVerdict begin_frame();
    WebSocketVerdict take_payload();
    WebSocketVerdict take_control();
    WebSocketVerdict take_close();
    WebSocketVerdict fail(WebSocketVerdict verdict);
    void compact();

    std::size_t limit_;
    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
    std::size_t begin_{};         // of the message being put together, or untaken
    std::size_t message_end_{};   // its payload so far
    std::size_t scan_{};          // first byte not parsed
    std::size_t end_{};           // first byte not received
    std::size_t ahead_{};         // control frames before this one were reported by `look_ahead`
    std::uint64_t frame_left_{};  // payload bytes of the current data frame still to come
    Head frame_{};
    bool in_frame_{};
    bool in_message_{};
    bool delivered_{};  // [begin_, message_end_) was reported as a message
    bool is_text_{};
    Utf8Check utf8_;
    WebSocketVerdict failed_{};  // error or close that ended reading
    std::uint16_t close_code_{};
    std::span<const char> control_;
};

/// Writes one masked, final frame into `room`; returns its size, 0 when it does not fit.
std::size_t write_frame(std::span<char> room, WebSocketOpcode opcode, std::span<const char> payload,
                        std::uint32_t mask);

/// Writes a closing frame with `code`, as `write_frame`.
std::size_t write_close(std::span<char> room, std::uint16_t code, std::uint32_t mask);

/// 16 random bytes in base64: the value of Sec-WebSocket-Key. Cold.
std::string make_websocket_key();

/// The upgrade request. `target` is path and query. Cold.
std::string websocket_request(std::string_view host_header, std::string_view target,
                              std::string_view key);

/// Checks the answer to the upgrade request; empty when it is right, else what is wrong with it.
std::string check_websocket_answer(const HttpResponse& response, std::string_view key);

}  // namespace tranche
