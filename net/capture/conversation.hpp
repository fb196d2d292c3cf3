// What two programs said to each other over one TCP stream: TLS taken off where there are secrets,
// then HTTP and, after its upgrade, WebSocket. A capture that begins in the middle is looked
// through for the first frame or message that proves itself.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/capture/flow.hpp"
#include "net/capture/frames.hpp"
#include "net/capture/http_tap.hpp"
#include "net/capture/tls_stream.hpp"

namespace tranche::capture {

/// A whole WebSocket message or control frame.
struct WebSocketNote {
    StreamNumber stream{};
    bool from_client{};
    WebSocketOpcode opcode{};
    Bytes payload;
    Nanos time{};             // when its last byte could be read
    std::string_view target;  // of the upgrade request; empty when that was not seen
};

/// Who takes what was said. The bytes are valid during the call.
class ConversationSink {
public:
    ConversationSink() = default;
    ConversationSink(const ConversationSink&) = delete;
    ConversationSink& operator=(const ConversationSink&) = delete;
    virtual ~ConversationSink() = default;
    virtual void on_websocket(const WebSocketNote& note) = 0;
    virtual void on_http(StreamNumber stream, const HttpNote& note) = 0;
    /// A message at least, or a piece of HTTP, is missing here.
    virtual void on_lost(StreamNumber stream, bool from_client, Nanos time) = 0;
    /// Nothing more will be said over this stream.
    virtual void on_closed(StreamNumber, Nanos) {}
    /// Bytes as TLS carried them, and as TCP did, in order; for whoever wants to compare.
    virtual void on_opened(StreamNumber, Party, Bytes) {}
    virtual void on_stream(StreamNumber, Party, Bytes) {}
    virtual void on_stream_gap(StreamNumber, Party, std::uint64_t) {}
};

class Conversation final : public PlaintextSink {
public:
    Conversation(StreamNumber stream, const KeyLog& keys, ConversationSink& sink);

    void data(Party from, Bytes bytes, Nanos time);
    void gap(Party from, std::uint64_t length, Nanos time);
    void end(Nanos time);

    /// Null when this is no TLS.
    const TlsStream* tls() const { return tls_.get(); }
    bool is_websocket() const { return websocket_; }
    std::uint64_t websocket_frames() const;

private:
    /// One direction.
    class Side final : public HttpSink, public FrameSink {
    public:
        Side(Conversation& all, Party party) : all_{all}, party_{party}, http_{*this} {}
        void data(Bytes bytes, Nanos time);
        void gap(std::uint64_t length, Nanos time);
        void end(Nanos time) { http_.end(time); }
        void become_websocket(FrameTerms terms, Nanos time);
        void hold() { held_on_ = true; }
        const FrameReader* frames() const { return frames_.get(); }

        BodyRule on_http_head(const HttpNote& note) override;
        void on_http(const HttpNote& note) override;
        void on_message(WebSocketOpcode opcode, Bytes payload, Nanos time) override;
        void on_lost_message(Nanos time) override;

    private:
        void begin_anywhere();
        void search(Bytes bytes, Nanos time);

        Conversation& all_;
        Party party_;
        HttpTap http_;
        std::unique_ptr<FrameReader> frames_;
        bool begun_{};
        bool foreign_{};  // began with neither HTTP nor WebSocket
        bool held_on_{};  // after an upgrade was asked for, until it is answered
        std::vector<char> held_;
    };

    void on_plaintext(Party from, Bytes bytes, Nanos time) override;
    void on_plaintext_gap(Party from, Nanos time) override;
    Side& side(Party party) { return party == Party::first ? first_ : second_; }
    bool is_tls(Bytes bytes);
    BodyRule request(Party from, const HttpNote& note);
    BodyRule answer(const HttpNote& note);

    enum class Asked : std::uint8_t { ordinary, head, connect, upgrade };

    StreamNumber stream_;
    ConversationSink& sink_;
    const KeyLog& keys_;
    std::unique_ptr<TlsStream> tls_;
    Side first_;
    Side second_;
    Party client_{Party::first};
    bool client_known_{};
    std::deque<Asked> asked_;  // requests without their answers
    std::string target_;       // of the upgrade
    bool websocket_{};
    std::uint32_t undecided_{32};  // segments until it is no longer looked at for TLS
};

}  // namespace tranche::capture
