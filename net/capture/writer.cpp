#include "net/capture/writer.hpp"

#include <algorithm>
#include <array>

#include "net/websocket.hpp"

namespace tranche::capture {
namespace {

void put16(std::string& out, std::uint32_t value) {
    out += static_cast<char>(value & 0xFFU);
    out += static_cast<char>(value >> 8U & 0xFFU);
}

void put32(std::string& out, std::uint32_t value) {
    put16(out, value & 0xFFFFU);
    put16(out, value >> 16U);
}

void big(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
}

std::uint32_t sum_of(Bytes bytes, std::uint32_t sum = 0) {
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) sum += big16(bytes, at);
    if (bytes.size() % 2 != 0)
        sum += static_cast<std::uint32_t>(byte_at(bytes, bytes.size() - 1)) << 8U;
    return sum;
}

std::uint32_t folded(std::uint32_t sum) {
    while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
    return ~sum & 0xFFFFU;
}

void replace16(std::string& in, std::size_t at, std::uint32_t value) {
    in[at] = static_cast<char>(value >> 8U);
    in[at + 1] = static_cast<char>(value & 0xFFU);
}

bool is_ipv4(const HostAddress& host) {
    return std::all_of(host.begin(), host.begin() + 10,
                       [](std::uint8_t byte) { return byte == 0; }) &&
           host[10] == 0xFF && host[11] == 0xFF;
}

void put_host(std::string& out, const HostAddress& host, bool ipv4) {
    for (std::size_t i = ipv4 ? 12 : 0; i < host.size(); ++i) out += static_cast<char>(host[i]);
}

}  // namespace

PcapngWriter::PcapngWriter(std::string& out, LinkType link) : out_{out} {
    std::string section;
    put32(section, 0x1A2B3C4D);
    put16(section, 1);
    put16(section, 0);
    section.append(8, '\xFF');  // length of the section: not told
    block(0x0A0D0D0A, section, {});
    std::string interface;
    put16(interface, static_cast<std::uint32_t>(link));
    put16(interface, 0);
    put32(interface, 0);
    put16(interface, 9);  // if_tsresol
    put16(interface, 1);
    interface.append({9, 0, 0, 0});
    put32(interface, 0);  // end of the options
    block(1, interface, {});
}

void PcapngWriter::block(std::uint32_t type, Bytes head, Bytes body) {
    const std::size_t padding = (4 - body.size() % 4) % 4;
    const auto length = static_cast<std::uint32_t>(12 + head.size() + body.size() + padding);
    put32(out_, type);
    put32(out_, length);
    out_.append(head.data(), head.size());
    out_.append(body.data(), body.size());
    out_.append(padding, '\0');
    put32(out_, length);
}

void PcapngWriter::packet(Nanos time, Bytes bytes, std::uint32_t length) {
    const auto ticks = static_cast<std::uint64_t>(time.count);
    std::string head;
    put32(head, 0);
    put32(head, static_cast<std::uint32_t>(ticks >> 32U));
    put32(head, static_cast<std::uint32_t>(ticks & 0xFFFFFFFFU));
    put32(head, static_cast<std::uint32_t>(bytes.size()));
    put32(head, length);
    block(6, head, bytes);
}

void PcapngWriter::secrets(Bytes key_log) {
    std::string head;
    put32(head, 0x544C534B);
    put32(head, static_cast<std::uint32_t>(key_log.size()));
    block(10, head, key_log);
}

void PcapngWriter::gap(std::uint64_t count) {
    std::string body;
    put32(body, example_enterprise);
    put32(body, gap_mark);
    put32(body, static_cast<std::uint32_t>(count >> 32U));
    put32(body, static_cast<std::uint32_t>(count & 0xFFFFFFFFU));
    block(0x00000BAD, body, {});
}

std::string tcp_packet(const StreamEnds& ends, Party from, std::uint32_t sequence,
                       std::uint32_t acknowledged, TcpFlags flags, Bytes payload) {
    const auto me = static_cast<std::size_t>(from);
    const bool ipv4 = is_ipv4(ends.host[0]);
    std::string tcp;
    big(tcp, ends.port[me], 2);
    big(tcp, ends.port[1 - me], 2);
    big(tcp, sequence, 4);
    big(tcp, acknowledged, 4);
    big(tcp, 0x50, 1);
    big(tcp,
        (flags.fin ? 1U : 0U) | (flags.syn ? 2U : 0U) | (flags.reset ? 4U : 0U) |
            (payload.empty() ? 0U : 8U) | (flags.ack ? 16U : 0U),
        1);
    big(tcp, 0xFFFF, 2);
    big(tcp, 0, 4);
    tcp.append(payload.data(), payload.size());
    std::string hosts;
    put_host(hosts, ends.host[me], ipv4);
    put_host(hosts, ends.host[1 - me], ipv4);
    const auto length = static_cast<std::uint32_t>(tcp.size());
    replace16(tcp, 16, folded(sum_of(tcp, sum_of(hosts) + 6 + length)));
    std::string packet;
    if (ipv4) {
        big(packet, 0x4500, 2);
        big(packet, 20 + length, 2);
        big(packet, 0x00004000, 4);
        big(packet, 0x4006, 2);
        big(packet, 0, 2);
        packet += hosts;
        replace16(packet, 10, folded(sum_of(packet)));
    } else {
        big(packet, 0x60000000, 4);
        big(packet, length, 2);
        big(packet, 0x0640, 2);
        packet += hosts;
    }
    return packet + tcp;
}

void TcpScript::send(Party from, TcpFlags flags, Bytes payload, Nanos time) {
    const auto me = static_cast<std::size_t>(from);
    out_.packet(time,
                tcp_packet(ends_, from, next_[me], flags.ack ? next_[1 - me] : 0, flags, payload));
    next_[me] += static_cast<std::uint32_t>(payload.size()) + (flags.syn || flags.fin ? 1U : 0U);
}

void TcpScript::open(Nanos time) {
    send(Party::first, {.syn = true}, {}, time);
    send(Party::second, {.syn = true, .ack = true}, {}, time);
    send(Party::first, {.ack = true}, {}, time);
}

void TcpScript::data(Party from, Bytes bytes, Nanos time) {
    while (!bytes.empty()) {
        const Bytes part = bytes.first(std::min(bytes.size(), segment_limit));
        send(from, {.ack = true}, part, time);
        bytes = bytes.subspan(part.size());
    }
}

void TcpScript::skip(Party from, std::uint32_t length) {
    next_[static_cast<std::size_t>(from)] += length;
}

void TcpScript::close(Nanos time) {
    send(Party::first, {.ack = true, .fin = true}, {}, time);
    send(Party::second, {.ack = true, .fin = true}, {}, time);
    send(Party::first, {.ack = true}, {}, time);
}

std::string websocket_frame(WebSocketOpcode opcode, Bytes payload, bool masked) {
    std::string frame;
    frame += static_cast<char>(0x80U | static_cast<unsigned>(opcode));
    const unsigned mask_bit = masked ? 0x80U : 0U;
    if (payload.size() < 126) {
        frame += static_cast<char>(mask_bit | static_cast<unsigned>(payload.size()));
    } else if (payload.size() < 0x10000) {
        frame += static_cast<char>(mask_bit | 126U);
        big(frame, payload.size(), 2);
    } else {
        frame += static_cast<char>(mask_bit | 127U);
        big(frame, payload.size(), 8);
    }
    if (masked) frame.append(4, '\0');  // a mask of zeroes leaves the payload readable
    return frame.append(payload.data(), payload.size());
}

}  // namespace tranche::capture
