#include "net/websocket.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <simdjson.h>

#include "core/require.hpp"
#include "net/http.hpp"

namespace tranche {
namespace {

constexpr std::size_t slack = 64 * 1024;  // so that a full message leaves room to read on
constexpr std::size_t longest_control = 125;
constexpr std::uint16_t no_code = 1005;

constexpr bool is_control(WebSocketOpcode opcode) {
    return (static_cast<unsigned>(opcode) & 0x8U) != 0;
}

constexpr bool is_known(unsigned opcode) {
    return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

/// Codes a peer may send: RFC 6455, 7.4, with the later ones registered at IANA (1012 to 1014).
constexpr bool is_close_code(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

unsigned byte_at(const char* bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

}  // namespace

std::uint16_t close_code_of(WebSocketVerdict verdict) {
    switch (verdict) {
        case WebSocketVerdict::need_more:
        case WebSocketVerdict::message:
        case WebSocketVerdict::ping:
        case WebSocketVerdict::pong:
        case WebSocketVerdict::close: return 1000;
        case WebSocketVerdict::too_long: return 1009;
        case WebSocketVerdict::bad_utf8: return 1007;
        case WebSocketVerdict::reserved_bits:
        case WebSocketVerdict::unknown_opcode:
        case WebSocketVerdict::masked:
        case WebSocketVerdict::long_control:
        case WebSocketVerdict::fragmented_control:
        case WebSocketVerdict::unexpected_continuation:
        case WebSocketVerdict::missing_continuation:
        case WebSocketVerdict::bad_length:
        case WebSocketVerdict::bad_close: return 1002;
    }
    return 1002;
}

const char* name_of(WebSocketVerdict verdict) {
    switch (verdict) {
        case WebSocketVerdict::need_more: return "more bytes needed";
        case WebSocketVerdict::message: return "message";
        case WebSocketVerdict::ping: return "ping";
        case WebSocketVerdict::pong: return "pong";
        case WebSocketVerdict::close: return "close";
        case WebSocketVerdict::reserved_bits: return "reserved bits set";
        case WebSocketVerdict::unknown_opcode: return "unknown opcode";
        case WebSocketVerdict::masked: return "masked frame from a server";
        case WebSocketVerdict::long_control: return "control frame too long";
        case WebSocketVerdict::fragmented_control: return "fragmented control frame";
        case WebSocketVerdict::unexpected_continuation: return "continuation of nothing";
        case WebSocketVerdict::missing_continuation: return "new message inside another";
        case WebSocketVerdict::bad_length: return "bad frame length";
        case WebSocketVerdict::too_long: return "message too long";
        case WebSocketVerdict::bad_utf8: return "text that is not UTF-8";
        case WebSocketVerdict::bad_close: return "bad closing frame";
    }
    return "unknown verdict";
}

namespace {

/// Bytes at the end that begin a character without finishing it, as far as can be seen from its
/// first byte; 0 to 3.
std::size_t begun_at_end(std::span<const char> bytes) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
        const unsigned byte = byte_at(bytes.data(), bytes.size() - back);
        if (byte < 0x80) return 0;
        const std::size_t length = byte < 0xC0 ? 0 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        if (length > 0) return length > back ? back : 0;
    }
    return 0;
}

}  // namespace

// State: bits 0-1 continuation bytes still due, bits 8-15 lowest and 16-23 highest value of the
// next one (Unicode, table 3-7: the second byte's range shuts out overlong forms, surrogates and
// what lies above U+10FFFF).
bool Utf8Check::step(unsigned byte) {
    constexpr std::uint32_t any_next = (0xBFU << 16) | (0x80U << 8);
    if (state_ != 0) {
        if (byte < ((state_ >> 8) & 0xFFU) || byte > ((state_ >> 16) & 0xFFU)) return false;
        const std::uint32_t due = (state_ & 3U) - 1;
        state_ = due == 0 ? 0 : any_next | due;
    } else if (byte >= 0x80) {
        if (byte < 0xC2 || byte > 0xF4) return false;
        const std::uint32_t due = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        const std::uint32_t low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
        const std::uint32_t high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
        state_ = (high << 16) | (low << 8) | due;
    }
    return true;
}

// A message of 250 bytes takes some 40 ns, an array of all mark prices (70 kB) 4 µs, Chinese names
// in it or not; a loop over bytes took 130 ns for the one and 250 µs for the worst of the other.
bool Utf8Check::add(std::span<const char> bytes) {
    constexpr std::size_t worth_a_call = 16;
    while (state_ != 0 && !bytes.empty()) {
        if (!step(byte_at(bytes.data(), 0))) return false;
        bytes = bytes.subspan(1);
    }
    const std::size_t whole = bytes.size() - begun_at_end(bytes);
    if (whole >= worth_a_call) {
        if (!simdjson::validate_utf8(bytes.data(), whole)) return false;
        bytes = bytes.subspan(whole);
    }
    for (const char byte : bytes)
        if (!step(static_cast<unsigned char>(byte))) return false;
    return true;
}

WebSocketReader::WebSocketReader(std::size_t message_limit)
    : limit_{message_limit},
      capacity_{message_limit + slack},
      bytes_{new char[message_limit + slack]} {}

void WebSocketReader::reset() {
    begin_ = message_end_ = scan_ = end_ = ahead_ = 0;
    frame_left_ = 0;
    frame_ = {};
    in_frame_ = in_message_ = delivered_ = is_text_ = false;
    utf8_.reset();
    failed_ = WebSocketVerdict::need_more;
    close_code_ = 0;
    control_ = {};
}

std::span<char> WebSocketReader::room() {
    if (!delivered_ && !in_message_) begin_ = message_end_ = scan_;
    if (begin_ == end_) {
        ahead_ -= std::min(ahead_, end_);
        begin_ = message_end_ = scan_ = end_ = 0;
    }
    if (capacity_ - end_ < slack / 4) compact();
    return {bytes_.get() + end_, capacity_ - end_};
}

void WebSocketReader::compact() {
    const auto move = [this](std::size_t from, std::size_t to) {
        std::memmove(bytes_.get() + to, bytes_.get() + from, end_ - from);
        const std::size_t by = from - to;
        scan_ -= by;
        end_ -= by;
        ahead_ -= std::min(ahead_, by);
        return by;
    };
    if (scan_ > message_end_) move(scan_, message_end_);
    if (begin_ > 0) message_end_ -= move(begin_, 0);
    begin_ = 0;
}

WebSocketVerdict WebSocketReader::fail(WebSocketVerdict verdict) {
    failed_ = verdict;
    return verdict;
}

WebSocketReader::Head WebSocketReader::read_head(std::size_t at) const {
    Head head;
    const char* bytes = bytes_.get() + at;
    const std::size_t available = end_ - at;
    if (available < 1) return head;
    const unsigned first = byte_at(bytes, 0);
    head.final = (first & 0x80U) != 0;
    head.opcode = static_cast<WebSocketOpcode>(first & 0x0FU);
    if ((first & 0x70U) != 0)
        head.error = WebSocketVerdict::reserved_bits;
    else if (!is_known(first & 0x0FU))
        head.error = WebSocketVerdict::unknown_opcode;
    else if (is_control(head.opcode) && !head.final)
        head.error = WebSocketVerdict::fragmented_control;
    if (head.error != WebSocketVerdict::need_more || available < 2) return head;

    const unsigned second = byte_at(bytes, 1);
    const unsigned length = second & 0x7FU;
    if ((second & 0x80U) != 0)
        head.error = WebSocketVerdict::masked;
    else if (is_control(head.opcode) && length > longest_control)
        head.error = WebSocketVerdict::long_control;
    const unsigned extra = length == 127 ? 8 : length == 126 ? 2 : 0;
    if (head.error != WebSocketVerdict::need_more || available < 2 + extra) return head;
    head.length = extra == 0 ? length : 0;
    for (unsigned i = 0; i < extra; ++i) head.length = (head.length << 8) | byte_at(bytes, 2 + i);
    const std::uint64_t shortest = extra == 8 ? 0x10000 : extra == 2 ? 126 : 0;
    if (head.length < shortest || (head.length >> 63) != 0)
        head.error = WebSocketVerdict::bad_length;
    head.size = static_cast<std::uint8_t>(2 + extra);
    return head;
}

WebSocketVerdict WebSocketReader::next() {
    control_ = {};
    if (failed_ != WebSocketVerdict::need_more) return failed_;
    if (delivered_) {
        delivered_ = false;
        begin_ = message_end_ = scan_;
    }
    while (true) {
        if (!in_frame_) {
            const WebSocketVerdict begun = begin_frame();
            if (begun != WebSocketVerdict::need_more) return fail(begun);
            if (!in_frame_) return WebSocketVerdict::need_more;
        }
        const bool control = is_control(frame_.opcode);
        if (control && end_ - scan_ < frame_.length) return WebSocketVerdict::need_more;
        const WebSocketVerdict found = control ? take_control() : take_payload();
        if (found != WebSocketVerdict::need_more) return found;
        if (in_frame_) return WebSocketVerdict::need_more;
    }
}

WebSocketVerdict WebSocketReader::begin_frame() {
    const Head head = read_head(scan_);
    if (head.error != WebSocketVerdict::need_more) return head.error;
    const bool control = is_control(head.opcode);
    const bool continues = head.opcode == WebSocketOpcode::continuation;
    if (scan_ < end_ && !control && continues != in_message_)
        return continues ? WebSocketVerdict::unexpected_continuation
                         : WebSocketVerdict::missing_continuation;
    if (head.size == 0) return WebSocketVerdict::need_more;
    if (!control && head.length > limit_ - (in_message_ ? message_end_ - begin_ : 0))
        return WebSocketVerdict::too_long;
    frame_ = head;
    in_frame_ = true;
    scan_ += head.size;
    if (control) return WebSocketVerdict::need_more;
    frame_left_ = head.length;
    if (!in_message_) {
        in_message_ = true;
        is_text_ = head.opcode == WebSocketOpcode::text;
        begin_ = message_end_ = scan_;
        utf8_.reset();
    }
    return WebSocketVerdict::need_more;
}

WebSocketVerdict WebSocketReader::take_payload() {
    const std::size_t length = std::min<std::uint64_t>(frame_left_, end_ - scan_);
    if (length > 0) {
        char* const to = bytes_.get() + message_end_;
        if (message_end_ != scan_) std::memmove(to, bytes_.get() + scan_, length);
        message_end_ += length;
        scan_ += length;
        frame_left_ -= length;
        if (is_text_ && !utf8_.add({to, length})) return fail(WebSocketVerdict::bad_utf8);
    }
    if (frame_left_ > 0) return WebSocketVerdict::need_more;
    in_frame_ = false;
    if (!frame_.final) return WebSocketVerdict::need_more;
    in_message_ = false;
    if (is_text_ && !utf8_.complete()) return fail(WebSocketVerdict::bad_utf8);
    delivered_ = true;
    return WebSocketVerdict::message;
}

WebSocketVerdict WebSocketReader::take_control() {
    const bool reported = scan_ - frame_.size < ahead_;
    control_ = {bytes_.get() + scan_, static_cast<std::size_t>(frame_.length)};
    scan_ += frame_.length;
    in_frame_ = false;
    if (frame_.opcode == WebSocketOpcode::close) return take_close();
    if (reported) return WebSocketVerdict::need_more;
    return frame_.opcode == WebSocketOpcode::ping ? WebSocketVerdict::ping : WebSocketVerdict::pong;
}

WebSocketVerdict WebSocketReader::take_close() {
    close_code_ = no_code;
    if (control_.empty()) return fail(WebSocketVerdict::close);
    if (control_.size() == 1) return fail(WebSocketVerdict::bad_close);
    const unsigned code = (byte_at(control_.data(), 0) << 8) | byte_at(control_.data(), 1);
    if (!is_close_code(code)) return fail(WebSocketVerdict::bad_close);
    close_code_ = static_cast<std::uint16_t>(code);
    Utf8Check reason;
    if (!reason.add(control_.subspan(2)) || !reason.complete())
        return fail(WebSocketVerdict::bad_utf8);
    return fail(WebSocketVerdict::close);
}

WebSocketVerdict WebSocketReader::look_ahead() {
    if (failed_ != WebSocketVerdict::need_more || !delivered_) return WebSocketVerdict::need_more;
    ahead_ = std::max(ahead_, scan_);
    while (ahead_ < end_) {
        const Head head = read_head(ahead_);
        // Errors and closing frames keep their place: `next` meets them in order.
        if (head.error != WebSocketVerdict::need_more || head.size == 0 ||
            head.opcode == WebSocketOpcode::close || head.length > limit_)
            return WebSocketVerdict::need_more;
        const std::size_t after = ahead_ + head.size + static_cast<std::size_t>(head.length);
        if (!is_control(head.opcode)) {
            ahead_ = after;
            continue;
        }
        if (after > end_) return WebSocketVerdict::need_more;
        control_ = {bytes_.get() + ahead_ + head.size, static_cast<std::size_t>(head.length)};
        ahead_ = after;
        return head.opcode == WebSocketOpcode::ping ? WebSocketVerdict::ping
                                                    : WebSocketVerdict::pong;
    }
    return WebSocketVerdict::need_more;
}

std::size_t write_frame(std::span<char> room, WebSocketOpcode opcode, std::span<const char> payload,
                        std::uint32_t mask) {
    const std::size_t length = payload.size();
    const std::size_t extra = length > 0xFFFF ? 8 : length > longest_control ? 2 : 0;
    const std::size_t head = 2 + extra + sizeof mask;
    if (room.size() < head + length) return 0;
    char* const out = room.data();
    out[0] = static_cast<char>(0x80U | static_cast<unsigned>(opcode));
    const std::size_t shown = extra == 8 ? 127 : extra == 2 ? 126 : length;
    out[1] = static_cast<char>(0x80U | shown);
    for (std::size_t i = 0; i < extra; ++i)
        out[2 + i] = static_cast<char>((length >> (8 * (extra - 1 - i))) & 0xFFU);
    std::array<char, 4> key;
    std::memcpy(key.data(), &mask, sizeof mask);
    std::memcpy(out + 2 + extra, key.data(), key.size());
    for (std::size_t i = 0; i < length; ++i)
        out[head + i] = static_cast<char>(payload[i] ^ key[i & 3]);
    return head + length;
}

std::size_t write_close(std::span<char> room, std::uint16_t code, std::uint32_t mask) {
    if (code == no_code) return write_frame(room, WebSocketOpcode::close, {}, mask);
    const std::array<char, 2> payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    return write_frame(room, WebSocketOpcode::close, payload, mask);
}

std::string make_websocket_key() {
    std::array<unsigned char, 16> random{};
    require(RAND_bytes(random.data(), random.size()) == 1, "OpenSSL gives random bytes");
    std::array<unsigned char, 25> text{};
    EVP_EncodeBlock(text.data(), random.data(), random.size());
    return reinterpret_cast<const char*>(text.data());
}

std::string websocket_request(std::string_view host_header, std::string_view target,
                              std::string_view key) {
    std::string request{"GET "};
    request += target;
    request += " HTTP/1.1\r\nHost: ";
    request += host_header;
    request += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    request += "Sec-WebSocket-Key: ";
    request += key;
    return request + "\r\n\r\n";
}

namespace {

std::string expected_accept(std::string_view key) {
    const std::string text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 29> encoded{};
    EVP_EncodeBlock(encoded.data(), digest.data(), digest.size());
    return reinterpret_cast<const char*>(encoded.data());
}

}  // namespace

std::string check_websocket_answer(const HttpResponse& response, std::string_view key) {
    if (response.status != 101)
        return "the server answered the WebSocket upgrade with HTTP " +
               std::to_string(response.status);
    if (!has_token(response.find("Upgrade"), "websocket"))
        return "the upgrade answer lacks \"Upgrade: websocket\"";
    if (!has_token(response.find("Connection"), "upgrade"))
        return "the upgrade answer lacks \"Connection: Upgrade\"";
    if (response.find("Sec-WebSocket-Accept") != expected_accept(key))
        return "the upgrade answer's Sec-WebSocket-Accept does not match our key";
    if (!response.find("Sec-WebSocket-Extensions").empty())
        return "the server turned on a WebSocket extension nobody asked for";
    if (!response.find("Sec-WebSocket-Protocol").empty())
        return "the server chose a WebSocket subprotocol nobody asked for";
    return {};
}

}  // namespace tranche
