// Writes pcapng that Wireshark opens and the reader here reads: packets, secrets, gaps, and whole
// TCP conversations made up around bytes that were taken behind TLS.
#pragma once

#include <cstdint>
#include <string>

#include "net/capture/flow.hpp"
#include "net/capture/packet.hpp"
#include "net/websocket.hpp"

namespace tranche::capture {

/// Builds blocks into a string; whoever owns a file writes it there and clears it.
class PcapngWriter {
public:
    /// One section, little-endian, one interface with nanoseconds.
    explicit PcapngWriter(std::string& out, LinkType link = LinkType::raw);

    void packet(Nanos time, Bytes bytes, std::uint32_t length);
    void packet(Nanos time, Bytes bytes) {
        packet(time, bytes, static_cast<std::uint32_t>(bytes.size()));
    }
    /// TLS secrets as an NSS key log.
    void secrets(Bytes key_log);
    /// `count` packets were missed here.
    void gap(std::uint64_t count);

private:
    void block(std::uint32_t type, Bytes head, Bytes body);
    std::string& out_;
};

struct TcpFlags {
    bool syn{};
    bool ack{};
    bool fin{};
    bool reset{};
};

/// An IPv4 packet (addresses mapped into IPv6) or an IPv6 one, with its TCP segment and checksums.
std::string tcp_packet(const StreamEnds& ends, Party from, std::uint32_t sequence,
                       std::uint32_t acknowledged, TcpFlags flags, Bytes payload);

/// A TCP conversation without losses around bytes that somebody else carried.
class TcpScript {
public:
    /// Longest payload of a packet.
    static constexpr std::size_t segment_limit = 60'000;

    TcpScript(PcapngWriter& out, const StreamEnds& ends) : out_{out}, ends_{ends} {}

    /// The three packets of the beginning; the first party is the client.
    void open(Nanos time);
    void data(Party from, Bytes bytes, Nanos time);
    /// Bytes that were not written and are missing: the reader finds a gap.
    void skip(Party from, std::uint32_t length);
    void close(Nanos time);

private:
    void send(Party from, TcpFlags flags, Bytes payload, Nanos time);

    PcapngWriter& out_;
    StreamEnds ends_;
    std::uint32_t next_[2] = {1'000, 2'000};
};

/// One unmasked or masked, final frame.
std::string websocket_frame(WebSocketOpcode opcode, Bytes payload, bool masked);

}  // namespace tranche::capture
