// Every recorded capture gives what tshark made of it.
#include <array>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <set>
#include <string>
#include <vector>

#include "net/capture/decoder.hpp"
#include "tests/support/testdata.hpp"

namespace tranche::capture {
namespace {

using nlohmann::json;

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    std::string text;
    for (const unsigned byte : digest) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

struct StreamContent {
    std::array<std::string, 2> bytes;
    std::array<std::string, 2> opened;
    std::array<std::vector<std::string>, 2> messages;  // sha256 of text and binary; client's first
    std::size_t gaps{};
};

/// Keeps everything.
class Keeper final : public ConversationSink {
public:
    void on_websocket(const WebSocketNote& note) override {
        const bool data =
            note.opcode == WebSocketOpcode::text || note.opcode == WebSocketOpcode::binary;
        if (data)
            streams[note.stream].messages[note.from_client ? 0 : 1].push_back(
                sha256({note.payload.data(), note.payload.size()}));
    }
    void on_http(StreamNumber, const HttpNote&) override {}
    void on_lost(StreamNumber, bool, Nanos) override {}
    void on_opened(StreamNumber stream, Party from, Bytes bytes) override {
        streams[stream].opened[static_cast<std::size_t>(from)].append(bytes.data(), bytes.size());
    }
    void on_stream(StreamNumber stream, Party from, Bytes bytes) override {
        streams[stream].bytes[static_cast<std::size_t>(from)].append(bytes.data(), bytes.size());
    }
    void on_stream_gap(StreamNumber stream, Party, std::uint64_t) override {
        ++streams[stream].gaps;
    }

    std::map<StreamNumber, StreamContent> streams;
};

std::vector<std::string> captures() {
    std::vector<std::string> names;
    const char* root = std::getenv("TRANCHE_TESTDATA");
    if (root == nullptr) return {"(TRANCHE_TESTDATA is not set)"};
    for (const auto& entry :
         std::filesystem::directory_iterator{std::filesystem::path{root} / "captures"}) {
        const std::string name = entry.path().filename().string();
        const std::size_t end = name.find(".expect.json");
        if (end != std::string::npos) names.push_back(name.substr(0, end));
    }
    std::sort(names.begin(), names.end());
    return names;
}

class RecordedCapture : public testing::TestWithParam<std::string> {};

void compare_stream(const json& wanted, const StreamContent& found, bool readable) {
    for (const std::size_t node : {0U, 1U}) {
        const std::string name = "n" + std::to_string(node);
        EXPECT_EQ(found.bytes[node].size(), wanted.at(name + "_bytes").get<std::size_t>()) << name;
        EXPECT_EQ(sha256(found.bytes[node]), wanted.at(name + "_sha256")) << name;
        if (!wanted.contains("tls_app") || !readable) continue;
        const json& tls = wanted.at("tls_app");
        EXPECT_EQ(found.opened[node].size(), tls.at(name + "_bytes").get<std::size_t>()) << name;
        EXPECT_EQ(sha256(found.opened[node]), tls.at(name + "_sha256")) << name;
    }
    if (!wanted.contains("websocket")) return;
    std::array<std::vector<std::string>, 2> messages;
    for (const json& message : wanted.at("websocket").at("messages"))
        messages[message.at("dir") == "c2s" ? 0 : 1].push_back(message.at("sha256"));
    EXPECT_EQ(found.messages[0], messages[0]);
    EXPECT_EQ(found.messages[1], messages[1]);
}

TEST_P(RecordedCapture, GivesWhatTsharkMadeOfIt) {
    const std::string name = GetParam();
    const json wanted = json::parse(support::read_testdata("captures/" + name + ".expect.json"));
    KeyLog keys;
    if (wanted.contains("keys") && wanted.at("keys").get<std::string>().ends_with(".keys")) {
        ASSERT_TRUE(keys.add_file(
            support::testdata("captures/" + wanted.at("keys").get<std::string>()).string()));
    }
    Keeper kept;
    Decoder decoder{keys, kept};
    ASSERT_TRUE(decoder.read(support::testdata("captures/" + name).string()));
    decoder.finish();
    const json& shark = wanted.at("tshark");
    const DecoderCounts& counts = decoder.counts();
    EXPECT_EQ(counts.files_broken > 0, shark.at("exit").get<int>() != 0);
    // tshark counts custom blocks of pcapng as packets; capinfos does not.
    if (wanted.at("capinfos").at("Number of packets") == "0") return;
    if (wanted.at("category") == "malformed") return;
    EXPECT_EQ(counts.packets, shark.at("packets").get<std::uint64_t>());
    EXPECT_EQ(counts.cut, shark.at("truncated_frames").get<std::uint64_t>());
    EXPECT_EQ(counts.bytes, shark.at("cap_len_sum").get<std::uint64_t>());
    EXPECT_EQ(decoder.flow_counts().streams, shark.at("tcp_streams").get<std::uint64_t>());
    std::set<StreamNumber> closed;
    for (const ClosedSession& session : decoder.closed_sessions()) {
        // Broken ciphers of old, and a private key in the place of a key log, are not read; that is
        // said of each session.
        EXPECT_NE(session.trouble, TlsTrouble::wrong_secrets) << session.suite;
        closed.insert(session.stream);
    }
    // By their order: tshark also numbers streams that it knows from ICMP messages only.
    StreamNumber number = 0;
    for (const json& stream : wanted.at("streams")) {
        SCOPED_TRACE("stream " + stream.at("stream").dump());
        compare_stream(stream, kept.streams[number], !closed.contains(number));
        ++number;
    }
}

INSTANTIATE_TEST_SUITE_P(Recorded, RecordedCapture, testing::ValuesIn(captures()),
                         [](const auto& param) {
                             std::string name = param.param;
                             for (char& c : name)
                                 if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                             return name;
                         });

}  // namespace
}  // namespace tranche::capture
