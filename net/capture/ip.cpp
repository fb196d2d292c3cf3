#include "net/capture/ip.hpp"

#include <algorithm>

namespace tranche::capture {
namespace {

constexpr std::uint16_t type_ipv4 = 0x0800;
constexpr std::uint16_t type_ipv6 = 0x86DD;
constexpr std::uint16_t type_mpls = 0x8847;
constexpr std::uint16_t type_pppoe = 0x8864;
constexpr int tags_limit = 8;
constexpr int headers_limit = 16;
constexpr int tunnels_limit = 4;

constexpr bool is_vlan(std::uint16_t type) {
    return type == 0x8100 || type == 0x88A8 || type == 0x9100 || type == 0x9200;
}

HostAddress mapped(Bytes address) {
    HostAddress host{};
    host[10] = host[11] = 0xFF;
    for (std::size_t i = 0; i < 4; ++i) host[12 + i] = byte_at(address, i);
    return host;
}

HostAddress whole(Bytes address) {
    HostAddress host{};
    for (std::size_t i = 0; i < host.size(); ++i) host[i] = byte_at(address, i);
    return host;
}

}  // namespace

bool PacketParser::Rest::skip(std::size_t count) {
    if (bytes.size() < count || length < count) return false;
    bytes = bytes.subspan(count);
    length -= count;
    return true;
}

void PacketParser::Rest::trim(std::size_t count) {
    length = std::min(length, count);
    if (bytes.size() > length) bytes = bytes.first(length);
}

PacketVerdict PacketParser::parse(const Packet& packet, TcpSegment& segment) {
    segment = TcpSegment{};
    segment.time = packet.time;
    return parse_link(packet.link, {packet.bytes, packet.length}, segment);
}

PacketVerdict PacketParser::parse_link(LinkType link, Rest rest, TcpSegment& segment) {
    const auto typed = [&](std::size_t at, std::size_t head) {
        if (rest.bytes.size() < head) return PacketVerdict::cut;
        const std::uint16_t type = big16(rest.bytes, at);
        rest.skip(head);
        return parse_type(type, rest, segment);
    };
    switch (link) {
        case LinkType::ethernet: return typed(12, 14);
        case LinkType::linux_cooked: return typed(14, 16);
        case LinkType::linux_cooked2: return typed(0, 20);
        case LinkType::null:
        case LinkType::loop:
            // The family in somebody's byte order; the version of the header behind it says more.
            return rest.skip(4) ? parse_ip(rest, segment, 0) : PacketVerdict::cut;
        case LinkType::raw_bsd:
        case LinkType::raw_openbsd:
        case LinkType::raw:
        case LinkType::ipv4:
        case LinkType::ipv6: return parse_ip(rest, segment, 0);
        case LinkType::none: return PacketVerdict::other;
    }
    return PacketVerdict::other;
}

PacketVerdict PacketParser::parse_type(std::uint16_t type, Rest rest, TcpSegment& segment) {
    for (int tags = 0; is_vlan(type) && tags < tags_limit; ++tags) {
        if (rest.bytes.size() < 4) return PacketVerdict::cut;
        type = big16(rest.bytes, 2);
        rest.skip(4);
    }
    if (type == type_ipv4 || type == type_ipv6) return parse_ip(rest, segment, 0);
    if (type == type_mpls) {
        for (bool last = false; !last;) {
            if (rest.bytes.size() < 4) return PacketVerdict::cut;
            last = (byte_at(rest.bytes, 2) & 1U) != 0;
            rest.skip(4);
        }
        return parse_ip(rest, segment, 0);
    }
    if (type == type_pppoe) {
        if (rest.bytes.size() < 8) return PacketVerdict::cut;
        const std::uint16_t protocol = big16(rest.bytes, 6);
        rest.skip(8);
        if (protocol == 0x0021 || protocol == 0x0057) return parse_ip(rest, segment, 0);
    }
    return PacketVerdict::other;
}

PacketVerdict PacketParser::parse_ip(Rest rest, TcpSegment& segment, int depth) {
    if (rest.bytes.empty()) return PacketVerdict::cut;
    if (depth > tunnels_limit) return PacketVerdict::malformed;
    const unsigned version = byte_at(rest.bytes, 0) >> 4U;
    if (version == 4) return parse_ipv4(rest, segment, depth);
    if (version == 6) return parse_ipv6(rest, segment, depth);
    return PacketVerdict::other;
}

PacketVerdict PacketParser::parse_ipv4(Rest rest, TcpSegment& segment, int depth) {
    if (rest.bytes.size() < 20) return PacketVerdict::cut;
    const Bytes head = rest.bytes;
    const std::size_t head_length = (byte_at(head, 0) & 0x0FU) * std::size_t{4};
    std::size_t total = big16(head, 2);
    if (total == 0) total = rest.length;  // segmented by the network card: longer than 16 bits say
    if (head_length < 20 || total < head_length) return PacketVerdict::malformed;
    if (head.size() < head_length)
        return rest.length < head_length ? PacketVerdict::malformed : PacketVerdict::cut;
    const std::uint16_t fragment = big16(head, 6);
    rest.trim(total);  // what follows is padding of the link layer
    rest.skip(head_length);
    segment.source = mapped(head.subspan(12, 4));
    segment.target = mapped(head.subspan(16, 4));
    const std::uint8_t protocol = byte_at(head, 9);
    const bool more = (fragment & 0x2000U) != 0;
    const std::uint32_t offset = (fragment & 0x1FFFU) * 8U;
    if (!more && offset == 0) return parse_payload(protocol, rest, segment, depth);
    Fragment piece;
    piece.id = big16(head, 4);
    piece.protocol = protocol;
    piece.more = more;
    piece.offset = offset;
    return put_together(piece, rest, segment, depth);
}

PacketVerdict PacketParser::parse_ipv6(Rest rest, TcpSegment& segment, int depth) {
    if (rest.bytes.size() < 40) return PacketVerdict::cut;
    const Bytes head = rest.bytes;
    const std::size_t length = big16(head, 4);
    segment.source = whole(head.subspan(8, 16));
    segment.target = whole(head.subspan(24, 16));
    std::uint8_t next = byte_at(head, 6);
    rest.skip(40);
    if (length != 0) rest.trim(length);  // 0: longer than 16 bits say
    for (int headers = 0; headers < headers_limit; ++headers) {
        const bool options = next == 0 || next == 43 || next == 60 || next == 135;
        if (!options && next != 44 && next != 51) return parse_payload(next, rest, segment, depth);
        if (rest.bytes.size() < 8)
            return rest.length < 8 ? PacketVerdict::malformed : PacketVerdict::cut;
        const Bytes extension = rest.bytes;
        const std::uint8_t type = next;
        next = byte_at(extension, 0);
        if (type == 44) {
            const std::uint16_t fragment = big16(extension, 2);
            Fragment piece;
            piece.id = big32(extension, 4);
            piece.protocol = next;
            piece.ipv6 = true;
            piece.more = (fragment & 1U) != 0;
            piece.offset = fragment & 0xFFF8U;
            rest.skip(8);
            if (!piece.more && piece.offset == 0) continue;  // whole after all (RFC 6946)
            return put_together(piece, rest, segment, depth);
        }
        const std::size_t units = byte_at(extension, 1);
        const std::size_t size = type == 51 ? (units + 2) * 4 : (units + 1) * 8;
        if (rest.length < size) return PacketVerdict::malformed;
        if (!rest.skip(size)) return PacketVerdict::cut;
    }
    return PacketVerdict::malformed;
}

PacketVerdict PacketParser::put_together(Fragment piece, const Rest& rest, TcpSegment& segment,
                                         int depth) {
    if (rest.bytes.size() < rest.length) return PacketVerdict::cut;
    if (piece.more && (rest.length == 0 || rest.length % 8 != 0)) return PacketVerdict::malformed;
    piece.source = segment.source;
    piece.target = segment.target;
    piece.bytes = rest.bytes;
    piece.time = segment.time;
    const Bytes datagram = fragments_.add(piece);
    if (datagram.empty()) return PacketVerdict::fragment;
    return parse_payload(piece.protocol, {datagram, datagram.size()}, segment, depth);
}

PacketVerdict PacketParser::parse_payload(std::uint8_t protocol, Rest rest, TcpSegment& segment,
                                          int depth) {
    constexpr std::uint8_t tcp = 6;
    constexpr std::uint8_t ipv4_inside = 4;
    constexpr std::uint8_t ipv6_inside = 41;
    if (protocol == tcp) return parse_tcp(rest, segment);
    if (protocol == ipv4_inside || protocol == ipv6_inside)
        return parse_ip(rest, segment, depth + 1);
    return PacketVerdict::other;
}

PacketVerdict PacketParser::parse_tcp(Rest rest, TcpSegment& segment) {
    if (rest.bytes.size() < 20)
        return rest.length < 20 ? PacketVerdict::malformed : PacketVerdict::cut;
    const Bytes head = rest.bytes;
    segment.source_port = big16(head, 0);
    segment.target_port = big16(head, 2);
    segment.sequence = big32(head, 4);
    segment.acknowledged = big32(head, 8);
    const unsigned flags = byte_at(head, 13);
    segment.fin = (flags & 0x01U) != 0;
    segment.syn = (flags & 0x02U) != 0;
    segment.reset = (flags & 0x04U) != 0;
    segment.ack = (flags & 0x10U) != 0;
    const std::size_t head_length = static_cast<std::size_t>(byte_at(head, 12) >> 4U) * 4;
    if (head_length < 20 || rest.length < head_length) return PacketVerdict::malformed_tcp;
    if (!rest.skip(head_length)) {
        segment.length = static_cast<std::uint32_t>(rest.length - head_length);
        return PacketVerdict::tcp;  // its options were cut, so its whole payload is missing
    }
    segment.payload = rest.bytes;
    segment.length = static_cast<std::uint32_t>(rest.length);
    return PacketVerdict::tcp;
}

}  // namespace tranche::capture
