// From a packet down to its TCP segment: link layer, VLAN tags, MPLS labels, IPv4 and IPv6 with
// what stands between them and TCP.
#pragma once

#include <cstdint>

#include "net/capture/fragments.hpp"
#include "net/capture/packet.hpp"

namespace tranche::capture {

struct TcpSegment {
    HostAddress source{};
    HostAddress target{};
    std::uint16_t source_port{};
    std::uint16_t target_port{};
    std::uint32_t sequence{};
    std::uint32_t acknowledged{};  // meaningful with the flag
    bool syn{};
    bool ack{};
    bool fin{};
    bool reset{};
    Bytes payload;           // what was captured of it
    std::uint32_t length{};  // of the payload on the wire
    Nanos time{};
};

enum class PacketVerdict : std::uint8_t {
    tcp,
    other,          // something else, or a link layer that is not read
    fragment,       // waits for others
    cut,            // the capture ends before the headers do
    malformed,      // headers that contradict themselves
    malformed_tcp,  // as `malformed`, but it belongs to a connection: `segment` has its ends
};

class PacketParser {
public:
    PacketVerdict parse(const Packet& packet, TcpSegment& segment);

    const Fragments& fragments() const { return fragments_; }

private:
    /// What is left of a packet: the captured part, and how long it was on the wire.
    struct Rest {
        Bytes bytes;
        std::size_t length{};
        bool skip(std::size_t count);
        void trim(std::size_t count);
    };
    PacketVerdict parse_link(LinkType link, Rest rest, TcpSegment& segment);
    PacketVerdict parse_type(std::uint16_t type, Rest rest, TcpSegment& segment);
    PacketVerdict parse_ip(Rest rest, TcpSegment& segment, int depth);
    PacketVerdict parse_ipv4(Rest rest, TcpSegment& segment, int depth);
    PacketVerdict parse_ipv6(Rest rest, TcpSegment& segment, int depth);
    PacketVerdict put_together(Fragment piece, const Rest& rest, TcpSegment& segment, int depth);
    PacketVerdict parse_payload(std::uint8_t protocol, Rest rest, TcpSegment& segment, int depth);
    PacketVerdict parse_tcp(Rest rest, TcpSegment& segment);

    Fragments fragments_;
};

}  // namespace tranche::capture
