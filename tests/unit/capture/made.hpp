// Captures made by the tests themselves, and what the decoder finds in them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/capture/decoder.hpp"
#include "net/capture/writer.hpp"

extern "C" {
struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;
}

namespace tranche::capture::made {

struct Message {
    StreamNumber stream{};
    bool from_client{};
    WebSocketOpcode opcode{};
    std::string payload;
    Nanos time{};
    friend bool operator==(const Message&, const Message&) = default;
};

/// Keeps everything.
class Kept final : public ConversationSink {
public:
    void on_websocket(const WebSocketNote& note) override;
    void on_http(StreamNumber stream, const HttpNote& note) override;
    void on_lost(StreamNumber, bool, Nanos) override { ++lost; }
    void on_opened(StreamNumber, Party from, Bytes bytes) override;
    void on_stream(StreamNumber stream, Party from, Bytes bytes) override;

    /// Payloads of text and binary messages of one side.
    std::vector<std::string> said(bool by_client) const;

    std::vector<Message> messages;
    std::vector<std::string> http;  // "GET /path body", "200 body"
    std::map<Party, std::string> opened;
    std::map<std::pair<StreamNumber, Party>, std::string> streams;
    std::size_t lost{};
};

struct Decoded {
    Kept kept;
    KeyLog keys;
    std::unique_ptr<Decoder> decoder;
    const DecoderCounts& counts() const { return decoder->counts(); }
    const FlowCounts& flows() const { return decoder->flow_counts(); }
};

/// Decodes the bytes of a capture file; `key_log` may be empty.
std::unique_ptr<Decoded> decode(const std::string& file, const std::string& key_log = {});

/// Client 10.0.0.1:40000, server 10.0.0.2:443.
StreamEnds ends(std::uint16_t client_port = 40'000);
constexpr Nanos at(std::int64_t milliseconds_) {
    return seconds(1'700'000'000) + milliseconds(milliseconds_);
}

/// What two TLS peers put on the wire, flight by flight.
struct Flight {
    Party from{};
    std::string bytes;
};

/// A client and a server of OpenSSL over memory. Client is the first party.
class TlsPair {
public:
    struct Wish {
        int version{};       // TLS1_2_VERSION, TLS1_3_VERSION
        std::string suites;  // OpenSSL's names
        TlsPair* resumes{};  // whose session is taken up again
    };
    explicit TlsPair(const Wish& wish);
    ~TlsPair();
    TlsPair(const TlsPair&) = delete;
    TlsPair& operator=(const TlsPair&) = delete;

    /// Seals `text` into one record or more; adds the flight.
    void say(Party from, const std::string& text);
    /// TLS 1.3: the next record is sealed with new keys.
    void update_keys(Party from);
    bool resumed() const;

    std::vector<Flight> flights;
    std::string key_log;

private:
    ssl_st* of(Party party) const { return party == Party::first ? client_ : server_; }
    void collect();

    ssl_ctx_st* client_context_{};
    ssl_ctx_st* server_context_{};
    ssl_st* client_{};
    ssl_st* server_{};
    ssl_session_st* session_{};
};

/// The upgrade of a connection: request and answer.
std::string upgrade_request(const std::string& target = "/stream?streams=!forceOrder@arr");
std::string upgrade_answer(const std::string& extensions = {});

/// permessage-deflate as a sender does it: one context for all messages, or one each.
class Deflater {
public:
    explicit Deflater(bool takeover);
    ~Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    /// A whole compressed text frame.
    std::string frame(const std::string& text, bool masked);

private:
    struct Stream;
    std::unique_ptr<Stream> stream_;
    bool takeover_;
};

/// A capture of a conversation: open, the flights a millisecond apart, close.
std::string capture_of(const std::vector<Flight>& flights);

}  // namespace tranche::capture::made
