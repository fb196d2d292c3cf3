// Containers, link layers and IP.
#include <algorithm>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/capture/made.hpp"

namespace tranche::capture {
namespace {

std::string number(std::uint64_t value, int bytes, bool little) {
    std::string text;
    for (int i = 0; i < bytes; ++i)
        text +=
            static_cast<char>(value >> (8U * static_cast<unsigned>(little ? i : bytes - 1 - i)));
    return text;
}

std::string pcap_head(std::uint32_t magic, bool little, std::uint32_t link) {
    return number(magic, 4, little) + number(2, 2, little) + number(4, 2, little) +
           std::string(8, '\0') + number(65'535, 4, little) + number(link, 4, little);
}

std::string pcap_record(bool little, std::uint32_t part, const std::string& bytes,
                        std::size_t length) {
    return number(1'700'000'000, 4, little) + number(part, 4, little) +
           number(bytes.size(), 4, little) + number(length, 4, little) + bytes;
}

/// One IPv4 packet with a request in it.
std::string ip_packet(const std::string& payload = "GET / HTTP/1.1\r\n\r\n") {
    return tcp_packet(made::ends(), Party::first, 1, 1, {.ack = true}, payload);
}

std::string block(std::uint32_t type, const std::string& body, bool little) {
    const std::string padded = body + std::string((4 - body.size() % 4) % 4, '\0');
    const std::string length = number(padded.size() + 12, 4, little);
    return number(type, 4, little) + length + padded + length;
}

std::string section(bool little) {
    return block(0x0A0D0D0A,
                 number(0x1A2B3C4D, 4, little) + number(1, 4, little) + std::string(8, '\xFF'),
                 little);
}

std::string interface(bool little, std::uint32_t link, const std::string& options) {
    return block(1, number(link, 2, little) + number(0, 2, little) + number(0, 4, little) + options,
                 little);
}

std::string option(bool little, std::uint32_t code, const std::string& value) {
    return number(code, 2, little) + number(value.size(), 2, little) + value +
           std::string((4 - value.size() % 4) % 4, '\0');
}

std::string enhanced(bool little, std::uint32_t which, std::uint64_t ticks,
                     const std::string& bytes) {
    return block(6,
                 number(which, 4, little) + number(ticks >> 32U, 4, little) +
                     number(ticks & 0xFFFFFFFFU, 4, little) + number(bytes.size(), 4, little) +
                     number(bytes.size(), 4, little) + bytes,
                 little);
}

Packet first_packet(const std::string& file, std::string& bytes) {
    auto reader = CaptureReader::read(Input::over(file), "made");
    EXPECT_TRUE(reader);
    Packet packet;
    EXPECT_EQ(reader.value().next(packet), ReadVerdict::packet);
    bytes.assign(packet.bytes.begin(), packet.bytes.end());
    return packet;
}

TEST(CaptureReader, ReadsBothOrdersAndResolutionsOfPcap) {
    for (const bool little : {true, false}) {
        for (const bool nano : {true, false}) {
            const std::string file = pcap_head(nano ? 0xA1B23C4D : 0xA1B2C3D4, little, 101) +
                                     pcap_record(little, 123'456, "bytes", 9);
            std::string bytes;
            const Packet packet = first_packet(file, bytes);
            EXPECT_EQ(bytes, "bytes");
            EXPECT_EQ(packet.length, 9U);
            EXPECT_EQ(packet.time, seconds(1'700'000'000) + Nanos{nano ? 123'456 : 123'456'000});
        }
    }
}

TEST(CaptureReader, ReadsSeveralInterfacesEachWithItsClock) {
    for (const bool little : {true, false}) {
        const std::string file =
            section(little) + interface(little, 101, {}) +
            interface(little, 101,
                      option(little, 9, "\x09") + option(little, 14, number(100, 8, little))) +
            block(0x7777, "nobody knows this", little) +
            interface(little, 101, option(little, 9, "\x8A")) +
            enhanced(little, 0, 5'000'001, "a") + enhanced(little, 1, 7, "b") +
            enhanced(little, 2, 3 * 1024 + 512, "c");
        auto reader = CaptureReader::read(Input::over(file), "made");
        ASSERT_TRUE(reader);
        Packet packet;
        const std::array<Nanos, 3> times = {microseconds(5'000'001), seconds(100) + Nanos{7},
                                            milliseconds(3'500)};
        for (const Nanos time : times) {
            ASSERT_EQ(reader.value().next(packet), ReadVerdict::packet);
            EXPECT_EQ(packet.time, time);
        }
        EXPECT_EQ(reader.value().next(packet), ReadVerdict::end);
    }
}

TEST(CaptureReader, ReadsSectionsOfDifferentOrders) {
    std::string file;
    for (const bool little : {true, false})
        file += section(little) + interface(little, 101, {}) +
                enhanced(little, 0, 1'000'000, ip_packet());
    const auto found = made::decode(file);
    EXPECT_EQ(found->counts().packets, 2U);
    EXPECT_EQ(found->flows().streams, 1U);
}

TEST(CaptureReader, UnpacksGzipAndZstd) {
    const std::string file = made::capture_of({{Party::first, "GET /packed HTTP/1.1\r\n\r\n"}});
    std::string zipped(file.size() + 1'000, '\0');
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.data()));
    stream.avail_in = static_cast<uInt>(file.size());
    stream.next_out = reinterpret_cast<Bytef*>(zipped.data());
    stream.avail_out = static_cast<uInt>(zipped.size());
    ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    zipped.resize(stream.total_out);
    deflateEnd(&stream);
    std::string zstd(ZSTD_compressBound(file.size()), '\0');
    zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), file.data(), file.size(), 3));
    for (const std::string& packed : {zipped, zstd, zstd + zstd}) {
        const auto found = made::decode(packed);
        EXPECT_EQ(found->kept.http[0], "GET /packed ");
    }
    EXPECT_EQ(made::decode(zipped.substr(0, zipped.size() / 2))->counts().files_broken, 1U);
}

TEST(CaptureReader, SaysWhereACaptureIsDamaged) {
    const std::string whole =
        pcap_head(0xA1B2C3D4, true, 101) + pcap_record(true, 0, ip_packet(), 58);
    for (std::size_t length = 25; length < whole.size(); ++length) {
        const auto found = made::decode(whole.substr(0, length));
        ASSERT_EQ(found->counts().files_broken, 1U) << length;
        ASSERT_NE(found->decoder->troubles()[0].find("at byte 24"), std::string::npos);
    }
    std::string absurd = whole;
    absurd[24 + 11] = '\x7F';  // a packet of two thousand million bytes
    EXPECT_EQ(made::decode(absurd)->counts().files_broken, 1U);
    EXPECT_FALSE(CaptureReader::read(Input::over(Bytes{"no capture", 10}), "made"));
    EXPECT_FALSE(CaptureReader::read(Input::over({}), "made"));
}

TEST(CaptureReader, TellsTheGapsOfARecorder) {
    std::string file;
    PcapngWriter writer{file};
    writer.packet(made::at(0), ip_packet());
    writer.gap(77);
    EXPECT_EQ(made::decode(file)->counts().missed, 77U);
}

// ---------------------------------------------------------------- link layers and IP

std::string pcap_of(std::uint32_t link, const std::vector<std::string>& packets) {
    std::string file = pcap_head(0xA1B2C3D4, true, link);
    for (const std::string& packet : packets) file += pcap_record(true, 0, packet, packet.size());
    return file;
}

TEST(LinkLayers, AllLeadToTheSameSegment) {
    const std::string ip = ip_packet();
    const std::string macs(12, 'm');
    const std::string tag("\x81\x00\x00\x2A", 4);
    const std::pair<std::uint32_t, std::string> frames[] = {
        {1, macs + std::string("\x08\x00", 2) + ip + std::string(6, '\0')},
        {1, macs + tag + std::string("\x08\x00", 2) + ip},
        {1, macs + std::string("\x88\xA8\x00\x07", 4) + tag + std::string("\x08\x00", 2) + ip},
        {1, macs + std::string("\x88\x47\x00\x01\x00\x40\x00\x01\x01\x40", 10) + ip},
        {113, std::string(14, 's') + std::string("\x08\x00", 2) + ip},
        {276, std::string("\x08\x00", 2) + std::string(18, 's') + ip},
        {0, std::string("\x02\x00\x00\x00", 4) + ip},
        {108, std::string("\x00\x00\x00\x02", 4) + ip},
        {101, ip},
        {12, ip},
        {228, ip}};
    for (const auto& [link, frame] : frames) {
        const auto found = made::decode(pcap_of(link, {frame}));
        EXPECT_EQ(found->kept.http, std::vector<std::string>{"GET / "}) << link;
    }
    EXPECT_EQ(made::decode(pcap_of(147, {ip}))->counts().other_packets, 1U);
}

TEST(Ip, ReadsIpv6BehindExtensionHeaders) {
    StreamEnds ends = made::ends();
    for (auto& host : ends.host) host[0] = 0xFD;
    std::string packet =
        tcp_packet(ends, Party::first, 1, 1, {.ack = true}, Bytes{"GET /6 HTTP/1.1\r\n\r\n", 19});
    // Hop-by-hop options, destination options, and a fragment header of a whole datagram.
    const std::string extensions = std::string("\x3C\x00", 2) + std::string(6, '\0') +
                                   std::string("\x2C\x01", 2) + std::string(14, '\0') +
                                   std::string("\x06\x00\x00\x00\x00\x00\x00\x01", 8);
    packet[6] = 0;
    packet.insert(40, extensions);
    packet[5] = static_cast<char>(packet.size() - 40);
    EXPECT_EQ(made::decode(pcap_of(229, {packet}))->kept.http, std::vector<std::string>{"GET /6 "});
}

/// The IPv4 packet in pieces of `size` bytes of its content.
std::vector<std::string> fragments_of(const std::string& packet, std::size_t size) {
    std::vector<std::string> pieces;
    for (std::size_t at = 20; at < packet.size(); at += size) {
        std::string piece = packet.substr(0, 20) + packet.substr(at, size);
        const bool more = at + size < packet.size();
        const std::size_t offset = (at - 20) / 8;
        piece[6] = static_cast<char>((more ? 0x20 : 0) | (offset >> 8U));
        piece[7] = static_cast<char>(offset & 0xFFU);
        piece[2] = static_cast<char>(piece.size() >> 8U);
        piece[3] = static_cast<char>(piece.size() & 0xFFU);
        pieces.push_back(piece);
    }
    return pieces;
}

TEST(Ip, PutsFragmentsTogetherInAnyOrder) {
    const std::string packet = ip_packet("GET /fragments HTTP/1.1\r\n\r\n");
    std::vector<std::string> pieces = fragments_of(packet, 16);
    std::sort(pieces.begin(), pieces.end());
    do {
        const auto found = made::decode(pcap_of(101, pieces));
        ASSERT_EQ(found->kept.http, std::vector<std::string>{"GET /fragments "});
    } while (std::next_permutation(pieces.begin(), pieces.end()));
    pieces.pop_back();
    EXPECT_EQ(made::decode(pcap_of(101, pieces))->flows().streams, 0U);
}

TEST(Ip, TakesTheFirstCopyWhereFragmentsOverlap) {
    const std::string packet = ip_packet("GET /first HTTP/1.1\r\n\r\n");
    std::vector<std::string> pieces = fragments_of(packet, 24);
    std::string other = pieces[1];
    std::replace(other.begin() + 20, other.end(), 'H', 'x');
    pieces.insert(pieces.begin() + 2, other);
    EXPECT_EQ(made::decode(pcap_of(101, pieces))->kept.http,
              std::vector<std::string>{"GET /first "});
}

TEST(Ip, ReportsWhatTheCaptureCutAndGuessesNothing) {
    const std::string packet = ip_packet(std::string(100, 'x'));
    std::string file = pcap_head(0xA1B2C3D4, true, 101) +
                       pcap_record(true, 0, packet.substr(0, 60), packet.size());
    const auto found = made::decode(file);
    EXPECT_EQ(found->counts().cut, 1U);
    EXPECT_EQ(found->flows().gaps, 1U);
    EXPECT_EQ(found->flows().gap_bytes, 80U);
    EXPECT_EQ(found->flows().stream_bytes, 20U);
}

}  // namespace
}  // namespace tranche::capture
