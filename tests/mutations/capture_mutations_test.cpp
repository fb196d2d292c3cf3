// Damaged captures: bits flipped, bytes overwritten, cut, doubled, lengths made absurd. Each of
// them must come to an end, with a count, in bounded time and memory.
#include <cstdlib>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <random>

#include "tests/unit/capture/made.hpp"

namespace tranche::capture {
namespace {

using made::Flight;

struct Sample {
    const char* name;
    std::string file;
    std::string key_log;
};

std::string text(const std::string& payload, bool masked = false) {
    return websocket_frame(WebSocketOpcode::text, payload, masked);
}

std::vector<Flight> conversation(bool deflate) {
    made::Deflater server{true};
    std::vector<Flight> flights{
        {Party::first, made::upgrade_request()},
        {Party::second, made::upgrade_answer(deflate ? "permessage-deflate" : "")},
        {Party::first, text(R"({"method":"SUBSCRIBE"})", true)}};
    for (int i = 0; i < 12; ++i) {
        const std::string json = R"({"e":"forceOrder","i":)" + std::to_string(i) + "}";
        flights.push_back({Party::second, deflate ? server.frame(json, false) : text(json)});
    }
    return flights;
}

Sample sealed(const char* name, int version, const char* suite) {
    made::TlsPair pair{{version, suite}};
    for (const Flight& flight : conversation(false)) pair.say(flight.from, flight.bytes);
    return {name, made::capture_of(pair.flights), pair.key_log};
}

/// The packets of a pcapng as a pcap with Ethernet heads, a VLAN tag and IPv4 fragments.
Sample as_pcap(const Sample& from) {
    std::string file(
        "\xD4\xC3\xB2\xA1\x02\x00\x04\x00\0\0\0\0\0\0\0\0\xFF\xFF\x00\x00\x01\x00\x00\x00", 24);
    auto reader = CaptureReader::read(Input::over(from.file), "sample");
    Packet packet;
    while (reader.value().next(packet) == ReadVerdict::packet) {
        const std::string head = std::string(12, 'm') + std::string("\x81\x00\x00\x2A\x08\x00", 6);
        const auto size = static_cast<std::uint32_t>(head.size() + packet.bytes.size());
        for (const std::uint32_t field : {1'700'000'000U, 0U, size, size})
            for (unsigned shift = 0; shift < 32; shift += 8)
                file += static_cast<char>(field >> shift & 0xFFU);
        file += head;
        file.append(packet.bytes.begin(), packet.bytes.end());
    }
    return {"pcap_vlan", file, from.key_log};
}

std::vector<Sample> samples() {
    std::vector<Sample> all;
    all.push_back({"plain", made::capture_of(conversation(false)), {}});
    all.push_back({"deflate", made::capture_of(conversation(true)), {}});
    all.push_back(as_pcap(all[0]));
    all.push_back(sealed("tls13", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"));
    all.push_back(sealed("tls12", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
    all.push_back(sealed("cbc", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"));
    all.push_back(
        {"http",
         made::capture_of({{Party::first, "GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"},
                           {Party::second,
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5\r\nabcde\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"
                            "Content-Length: 3\r\n\r\nxyz"}}),
         {}});
    return all;
}

std::string mutated(std::string file, std::mt19937& random) {
    const auto place = [&] { return random() % file.size(); };
    for (unsigned changes = 1 + random() % 4; changes > 0 && !file.empty(); --changes) {
        const std::size_t at = place();
        switch (random() % 7) {
            case 0: file[at] = static_cast<char>(file[at] ^ (1 << random() % 8)); break;
            case 1: file[at] = static_cast<char>(random()); break;
            case 2: file.resize(at); break;
            case 3: file.erase(at, random() % 64); break;
            case 4: file.insert(at, file.substr(place(), random() % 200)); break;
            case 5:  // a length that cannot be
                for (std::size_t i = at; i < std::min(at + 4, file.size()); ++i)
                    file[i] = random() % 2 == 0 ? '\xFF' : '\x7F';
                break;
            default:
                for (std::size_t i = at; i < std::min(at + 16, file.size()); ++i) file[i] = '\0';
        }
    }
    return file;
}

class CaptureMutations : public testing::TestWithParam<std::size_t> {};

TEST_P(CaptureMutations, AlwaysComeToAnEndWithACount) {
    const Sample sample = samples()[GetParam()];
    const char* const wanted = std::getenv("TRANCHE_MUTATIONS");
    const int rounds = wanted != nullptr ? std::atoi(wanted) : 10'000;
    std::mt19937 random{static_cast<unsigned>(GetParam())};
    std::uint64_t ends = 0;
    std::uint64_t refused = 0;
    for (int round = 0; round < rounds; ++round) {
        const std::string file = mutated(sample.file, random);
        KeyLog keys;
        keys.add(sample.key_log);
        made::Kept kept;
        auto reader = CaptureReader::read(Input::over(file), "mutation");
        if (!reader) {
            ASSERT_FALSE(reader.error().message.empty());
            ++refused;
            continue;
        }
        Decoder decoder{keys, kept};
        decoder.read(reader.value());
        decoder.finish();
        ASSERT_LE(decoder.counts().bytes, file.size());
        ASSERT_EQ(decoder.counts().files_broken, decoder.troubles().size());
        ASSERT_EQ(decoder.flows().waiting_bytes(), 0U);
        ++ends;
    }
    EXPECT_EQ(ends + refused, static_cast<std::uint64_t>(rounds));
    EXPECT_GT(ends, refused);
}

INSTANTIATE_TEST_SUITE_P(Each, CaptureMutations, testing::Range(std::size_t{0}, std::size_t{7}));

}  // namespace
}  // namespace tranche::capture
