// From capture files to what was said: packets → TCP streams → TLS → HTTP and WebSocket. Several
// files, one after the other, are one capture. Everything it does is counted; what it could not
// read is counted by its reason.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/capture/conversation.hpp"
#include "net/capture/reader.hpp"

namespace tranche::capture {

struct DecoderCounts {
    std::uint64_t packets{};
    std::uint64_t bytes{};          // captured
    std::uint64_t tcp_packets{};    //
    std::uint64_t other_packets{};  // no TCP, or a link layer that is not read
    std::uint64_t fragments{};
    std::uint64_t cut{};        // of the packets: those that the capture holds in part only
    std::uint64_t malformed{};  // packets that contradict themselves, blocks that cannot be
    std::uint64_t missed{};     // packets that the recorder says it missed
    std::uint64_t tls_sessions{};
    std::uint64_t tls_decrypted{};  // sessions
    std::uint64_t tls_records{};
    std::uint64_t tls_records_closed{};  // sealed, and not opened
    std::uint64_t websocket_messages{};  // text and binary
    std::uint64_t websocket_controls{};  // ping, pong, close
    std::uint64_t http_requests{};
    std::uint64_t http_answers{};
    std::uint64_t lost_messages{};  // holes in what was said
    std::uint64_t files_broken{};
};

/// A TLS session that stayed closed.
struct ClosedSession {
    StreamNumber stream{};
    StreamEnds ends;
    TlsTrouble trouble{};
    std::uint16_t version{};
    std::uint16_t suite{};
};

class Decoder final : public StreamObserver, public ConversationSink {
public:
    /// Closed sessions that are named; the others are only counted.
    static constexpr std::size_t named_sessions = 1000;

    /// `keys` grows by the secrets that the capture itself holds; both outlive it.
    Decoder(KeyLog& keys, ConversationSink& sink, FlowLimits limits = {})
        : keys_{keys}, sink_{sink}, flows_{*this, limits} {}

    /// Reads a whole file. Errors: those of opening it. A file that is damaged is read up to there;
    /// what is wrong is in `troubles`.
    Result<Done> read(const std::string& path);
    void read(CaptureReader& reader);
    /// One packet.
    void add(const Packet& packet);
    /// After the last file.
    void finish();

    const DecoderCounts& counts() const { return counts_; }
    const FlowCounts& flow_counts() const { return flows_.counts(); }
    const Flows& flows() const { return flows_; }
    const std::vector<std::string>& troubles() const { return troubles_; }
    const std::vector<ClosedSession>& closed_sessions() const { return closed_; }

private:
    void on_data(StreamNumber stream, const StreamEnds& ends, Party from, Bytes bytes,
                 Nanos time) override;
    void on_gap(StreamNumber stream, const StreamEnds& ends, Party from, std::uint64_t length,
                Nanos time) override;
    void on_end(StreamNumber stream, const StreamEnds& ends, Nanos time) override;
    void on_websocket(const WebSocketNote& note) override;
    void on_http(StreamNumber stream, const HttpNote& note) override;
    void on_lost(StreamNumber stream, bool from_client, Nanos time) override;
    void on_opened(StreamNumber stream, Party from, Bytes bytes) override;
    Conversation& find(StreamNumber stream);

    KeyLog& keys_;
    ConversationSink& sink_;
    Flows flows_;
    PacketParser parser_;
    std::unordered_map<StreamNumber, std::unique_ptr<Conversation>> conversations_;
    StreamNumber newest_number_{};
    Conversation* newest_{};
    DecoderCounts counts_;
    std::vector<std::string> troubles_;
    std::vector<ClosedSession> closed_;
};

/// "10.0.0.1:443", "[::1]:443".
std::string to_text(const HostAddress& host, std::uint16_t port);

}  // namespace tranche::capture
