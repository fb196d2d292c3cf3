#include "net/capture/decoder.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace tranche::capture {

Result<Done> Decoder::read(const std::string& path) {
    auto reader = CaptureReader::open(path);
    if (!reader) return reader.error();
    read(reader.value());
    return Done{};
}

void Decoder::read(CaptureReader& reader) {
    Packet packet;
    while (true) {
        switch (reader.next(packet)) {
            case ReadVerdict::packet: add(packet); break;
            case ReadVerdict::secrets: keys_.add(reader.secrets()); break;
            case ReadVerdict::gap: counts_.missed += reader.missed(); break;
            case ReadVerdict::broken:
                troubles_.push_back(reader.trouble());
                ++counts_.files_broken;
                ++counts_.malformed;
                counts_.malformed += reader.odd();
                return;
            case ReadVerdict::end: counts_.malformed += reader.odd(); return;
        }
    }
}

void Decoder::add(const Packet& packet) {
    ++counts_.packets;
    counts_.bytes += packet.bytes.size();
    if (packet.bytes.size() < packet.length) ++counts_.cut;
    TcpSegment segment;
    switch (parser_.parse(packet, segment)) {
        case PacketVerdict::tcp:
            ++counts_.tcp_packets;
            flows_.add(segment);
            return;
        case PacketVerdict::malformed_tcp:
            ++counts_.malformed;
            ++counts_.tcp_packets;
            flows_.add(segment);
            return;
        case PacketVerdict::malformed: ++counts_.malformed; return;
        case PacketVerdict::fragment: ++counts_.fragments; return;
        case PacketVerdict::other:
        case PacketVerdict::cut: ++counts_.other_packets; return;
    }
}

void Decoder::finish() {
    flows_.finish();
    counts_.malformed += parser_.fragments().lost();
}

Conversation& Decoder::find(StreamNumber stream) {
    if (newest_ != nullptr && newest_number_ == stream) return *newest_;
    auto& place = conversations_[stream];
    if (!place) place = std::make_unique<Conversation>(stream, keys_, *this);
    newest_ = place.get();
    newest_number_ = stream;
    return *newest_;
}

void Decoder::on_data(StreamNumber stream, const StreamEnds&, Party from, Bytes bytes, Nanos time) {
    sink_.on_stream(stream, from, bytes);
    find(stream).data(from, bytes, time);
}

void Decoder::on_gap(StreamNumber stream, const StreamEnds&, Party from, std::uint64_t length,
                     Nanos time) {
    sink_.on_stream_gap(stream, from, length);
    find(stream).gap(from, length, time);
}

void Decoder::on_end(StreamNumber stream, const StreamEnds& ends, Nanos time) {
    const auto at = conversations_.find(stream);
    if (at == conversations_.end()) return;
    Conversation& ended = *at->second;
    ended.end(time);
    if (const TlsStream* tls = ended.tls()) {
        ++counts_.tls_sessions;
        counts_.tls_records += tls->records();
        counts_.tls_records_closed += tls->closed();
        if (tls->trouble() == TlsTrouble::none)
            ++counts_.tls_decrypted;
        else if (closed_.size() < named_sessions)
            closed_.push_back({stream, ends, tls->trouble(), tls->version(), tls->suite_id()});
    }
    if (newest_ == &ended) newest_ = nullptr;
    conversations_.erase(at);
    sink_.on_closed(stream, time);
}

void Decoder::on_websocket(const WebSocketNote& note) {
    const bool data =
        note.opcode == WebSocketOpcode::text || note.opcode == WebSocketOpcode::binary;
    ++(data ? counts_.websocket_messages : counts_.websocket_controls);
    sink_.on_websocket(note);
}

void Decoder::on_http(StreamNumber stream, const HttpNote& note) {
    ++(note.request ? counts_.http_requests : counts_.http_answers);
    sink_.on_http(stream, note);
}

void Decoder::on_lost(StreamNumber stream, bool from_client, Nanos time) {
    ++counts_.lost_messages;
    sink_.on_lost(stream, from_client, time);
}

void Decoder::on_opened(StreamNumber stream, Party from, Bytes bytes) {
    sink_.on_opened(stream, from, bytes);
}

std::string to_text(const HostAddress& host, std::uint16_t port) {
    constexpr HostAddress mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    const bool ipv4 = std::equal(host.begin(), host.begin() + 12, mapped.begin());
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(ipv4 ? AF_INET : AF_INET6, host.data() + (ipv4 ? 12 : 0), text.data(), text.size());
    const std::string name = text.data();
    return (ipv4 ? name : '[' + name + ']') + ':' + std::to_string(port);
}

}  // namespace tranche::capture
