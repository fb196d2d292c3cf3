#include "net/websocket.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "tests/unit/net/loopback_server.hpp"

namespace tranche::testing {
namespace {

using Verdict = WebSocketVerdict;

std::string text_of(std::span<const char> bytes) {
    return {bytes.data(), bytes.size()};
}
std::string bytes(std::initializer_list<unsigned> list) {
    std::string text;
    for (const unsigned byte : list) text += static_cast<char>(byte);
    return text;
}

/// What a reader makes of a stream: "text:…", "ping:…", "close:1000", the name of an error.
std::vector<std::string> read_all(const std::string& stream, std::size_t chunk,
                                  std::size_t limit = websocket_message_limit) {
    WebSocketReader reader{limit};
    std::vector<std::string> found;
    for (std::size_t at = 0; at < stream.size(); at += chunk) {
        const std::string part = stream.substr(at, chunk);
        for (std::size_t given = 0; given < part.size();) {
            const std::span<char> room = reader.room();
            const std::size_t length = std::min(room.size(), part.size() - given);
            std::memcpy(room.data(), part.data() + given, length);
            reader.wrote(length);
            given += length;
            for (Verdict v = reader.next(); v != Verdict::need_more; v = reader.next()) {
                if (v == Verdict::message)
                    found.push_back((reader.is_text() ? "text:" : "binary:") +
                                    text_of(reader.message()));
                else if (v == Verdict::ping)
                    found.push_back("ping:" + text_of(reader.control()));
                else if (v == Verdict::pong)
                    found.push_back("pong:" + text_of(reader.control()));
                else {
                    found.push_back(v == Verdict::close
                                        ? "close:" + std::to_string(reader.close_code())
                                        : name_of(v));
                    return found;
                }
            }
        }
    }
    return found;
}

struct StreamCase {
    const char* name;
    std::string stream;
    std::vector<std::string> found;
};

std::vector<StreamCase> stream_cases() {
    const std::string long_text(70'000, 'x');
    const std::string euro = "\xE2\x82\xAC";
    return {
        {"RFC 6455 5.7: unmasked text", bytes({0x81, 5, 'H', 'e', 'l', 'l', 'o'}), {"text:Hello"}},
        {"RFC 6455 5.7: fragmented",
         bytes({1, 3, 'H', 'e', 'l', 0x80, 2, 'l', 'o'}),
         {"text:Hello"}},
        {"RFC 6455 5.7: ping", bytes({0x89, 5, 'H', 'e', 'l', 'l', 'o'}), {"ping:Hello"}},
        {"RFC 6455 5.7: 256 bytes",
         bytes({0x82, 126, 1, 0}) + std::string(256, 'b'),
         {"binary:" + std::string(256, 'b')}},
        {"RFC 6455 5.7: 64 KiB",
         bytes({0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}) + std::string(65536, 'b'),
         {"binary:" + std::string(65536, 'b')}},
        {"empty messages", server_frame(1, "") + server_frame(2, ""), {"text:", "binary:"}},
        {"empty fragments",
         server_frame(1, "", false) + server_frame(0, "", false) + server_frame(0, "a", false) +
             server_frame(0, ""),
         {"text:a"}},
        {"control frames between fragments",
         server_frame(1, "one", false) + server_frame(9, "p") + server_frame(0, "two", false) +
             server_frame(10, "") + server_frame(0, "three") + server_frame(1, "next"),
         {"ping:p", "pong:", "text:onetwothree", "text:next"}},
        {"a character split between fragments",
         server_frame(1, euro.substr(0, 1), false) + server_frame(9, "") +
             server_frame(0, euro.substr(1)),
         {"ping:", "text:" + euro}},
        {"longest control frame",
         server_frame(9, std::string(125, 'p')),
         {"ping:" + std::string(125, 'p')}},
        {"a long message among short ones",
         server_frame(1, "a") + server_frame(1, long_text) + server_frame(1, "b"),
         {"text:a", "text:" + long_text, "text:b"}},
        {"close with code and reason", server_frame(8, bytes({3, 0xE8}) + "bye"), {"close:1000"}},
        {"close without code", server_frame(8, ""), {"close:1005"}},
        {"nothing counts after close",
         server_frame(8, "") + server_frame(1, "late"),
         {"close:1005"}},
        {"close in a fragmented message",
         server_frame(1, "a", false) + server_frame(8, ""),
         {"close:1005"}},
        // errors
        {"RSV1", bytes({0xC1, 0}), {"reserved bits set"}},
        {"RSV2", bytes({0xA1, 0}), {"reserved bits set"}},
        {"RSV3 on a control frame", bytes({0x99, 0}), {"reserved bits set"}},
        {"masked", bytes({0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9}), {"masked frame from a server"}},
        {"ping of 126 bytes",
         bytes({0x89, 126, 0, 126}) + std::string(126, 'p'),
         {"control frame too long"}},
        {"fragmented ping", bytes({0x09, 0}), {"fragmented control frame"}},
        {"fragmented close", bytes({0x08, 0}), {"fragmented control frame"}},
        {"continuation of nothing", server_frame(0, "a"), {"continuation of nothing"}},
        {"continuation after a final frame",
         server_frame(1, "a") + server_frame(0, "b"),
         {"text:a", "continuation of nothing"}},
        {"message inside a message",
         server_frame(1, "a", false) + server_frame(2, "b"),
         {"new message inside another"}},
        {"long form of a short length, 16 bits", bytes({0x82, 126, 0, 125}), {"bad frame length"}},
        {"long form of a short length, 64 bits",
         bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255}),
         {"bad frame length"}},
        {"length with the highest bit",
         bytes({0x82, 127, 128, 0, 0, 0, 0, 1, 0, 0}),
         {"bad frame length"}},
        {"a length nobody means",
         bytes({0x82, 127, 127, 255, 255, 255, 255, 255, 255, 255}),
         {"message too long"}},
        {"one byte of close code", server_frame(8, "\x03"), {"bad closing frame"}},
        {"close reason that is not UTF-8",
         server_frame(8, bytes({3, 0xE8, 0xFF})),
         {"text that is not UTF-8"}},
    };
}

TEST(WebSocketReader, FindsTheSameWhateverTheChunks) {
    for (const StreamCase& one : stream_cases()) {
        for (const std::size_t chunk : {1U, 2U, 3U, 7U, 64U, 4096U, 1U << 21})
            EXPECT_EQ(read_all(one.stream, chunk), one.found) << one.name << ", chunk " << chunk;
    }
}

TEST(WebSocketReader, CutsAnywhereInTwoMakeNoDifference) {
    for (const StreamCase& one : stream_cases()) {
        if (one.stream.size() > 200) continue;
        for (std::size_t cut = 1; cut < one.stream.size(); ++cut)
            EXPECT_EQ(read_all(one.stream, cut), one.found) << one.name << " at " << cut;
    }
}

TEST(WebSocketReader, KnowsTheOpcodes) {
    for (unsigned opcode = 0; opcode < 16; ++opcode) {
        const bool known = opcode < 3 || (opcode >= 8 && opcode <= 10);
        const auto found = read_all(bytes({0x80 | opcode, 0}), 1);
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0] == "unknown opcode", !known) << opcode;
    }
}

TEST(WebSocketReader, TakesTheCloseCodesPeersMaySend) {
    for (unsigned code = 0; code < 6000; ++code) {
        const bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                           (code >= 3000 && code <= 4999);
        const auto found = read_all(server_frame(8, bytes({code >> 8, code & 0xFF})), 100);
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0], valid ? "close:" + std::to_string(code) : "bad closing frame");
    }
}

TEST(WebSocketReader, HoldsToItsLimitInOneFrameAndInMany) {
    const std::string full(1000, 'a');
    EXPECT_EQ(read_all(server_frame(1, full), 13, 1000).at(0), "text:" + full);
    EXPECT_EQ(read_all(server_frame(1, full + "b"), 13, 1000).at(0), "message too long");
    std::string pieces = server_frame(1, "", false);
    for (int i = 0; i < 1000; ++i) pieces += server_frame(0, "a", false);
    EXPECT_EQ(read_all(pieces + server_frame(0, ""), 13, 1000).at(0), "text:" + full);
    EXPECT_EQ(read_all(pieces + server_frame(0, "b"), 13, 1000).at(0), "message too long");
    EXPECT_EQ(close_code_of(Verdict::too_long), 1009);
    EXPECT_EQ(close_code_of(Verdict::bad_utf8), 1007);
    EXPECT_EQ(close_code_of(Verdict::masked), 1002);
}

TEST(WebSocketReader, JoinsAMegabyteOfOneByteFragments) {
    std::string stream = server_frame(2, "", false);
    std::string whole;
    for (std::size_t i = 0; i < websocket_message_limit; ++i) {
        whole += static_cast<char>('a' + i % 26);
        stream += server_frame(0, whole.substr(i), i + 1 == websocket_message_limit);
        whole.resize(i + 1);
    }
    const auto found = read_all(stream, 16'384);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0] == "binary:" + whole);
}

TEST(WebSocketReader, TellsBadUtf8AtTheByteThatMakesItBad) {
    WebSocketReader reader;
    const std::string start = bytes({0x81, 100, 'o', 'k', 0xCE, 0xBA, 0xF4, 0x90});
    std::memcpy(reader.room().data(), start.data(), start.size());
    reader.wrote(start.size() - 1);
    EXPECT_EQ(reader.next(), Verdict::need_more);
    reader.wrote(1);
    EXPECT_EQ(reader.next(), Verdict::bad_utf8) << "94 bytes of the frame are still missing";
}

TEST(WebSocketReader, LooksAheadOfAnUntakenMessageOnce) {
    WebSocketReader reader;
    const std::string stream = server_frame(1, "first") + server_frame(9, "a") +
                               server_frame(1, "second", false) + server_frame(9, "b") +
                               server_frame(0, "end") + server_frame(9, "c");
    std::memcpy(reader.room().data(), stream.data(), stream.size());
    reader.wrote(stream.size() - 1);
    ASSERT_EQ(reader.next(), Verdict::message);
    EXPECT_EQ(reader.look_ahead(), Verdict::ping);
    EXPECT_EQ(text_of(reader.control()), "a");
    EXPECT_EQ(reader.look_ahead(), Verdict::ping);
    EXPECT_EQ(text_of(reader.control()), "b");
    EXPECT_EQ(reader.look_ahead(), Verdict::need_more);
    EXPECT_EQ(text_of(reader.message()), "first");
    ASSERT_EQ(reader.next(), Verdict::message);
    EXPECT_EQ(text_of(reader.message()), "secondend");
    reader.wrote(1);
    EXPECT_EQ(reader.look_ahead(), Verdict::ping);
    EXPECT_EQ(text_of(reader.control()), "c");
    EXPECT_EQ(reader.next(), Verdict::need_more);
}

/// Slow and obvious: decodes each character and checks its value.
bool is_utf8(const std::string& text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto at = [&](std::size_t k) {
            return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U;
        };
        const unsigned first = at(i);
        const int length = first < 0x80       ? 1
                           : first >> 5 == 6  ? 2
                           : first >> 4 == 14 ? 3
                           : first >> 3 == 30 ? 4
                                              : 0;
        if (length == 0) return false;
        unsigned value = length == 1 ? first : first & (0x7FU >> length);
        for (int k = 1; k < length; ++k) {
            const unsigned next = at(i + static_cast<unsigned>(k));
            if (next >> 6 != 2) return false;
            value = value << 6 | (next & 0x3F);
        }
        const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            return false;
        i += static_cast<unsigned>(length);
    }
    return true;
}

TEST(Utf8Check, AgreesWithASlowDecoderAroundEveryEdge) {
    const std::vector<unsigned> edges{0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
                                      0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
                                      0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
    for (const std::size_t before : {0U, 31U, 32U, 33U}) {
        for (unsigned a : edges)
            for (unsigned b : edges)
                for (unsigned c : edges)
                    for (unsigned d : edges) {
                        const std::string text = std::string(before, 'a') + bytes({a, b, c, d});
                        Utf8Check check;
                        const bool valid = check.add(text) && check.complete();
                        ASSERT_EQ(valid, is_utf8(text)) << std::hex << a << b << c << d;
                    }
    }
}

TEST(WebSocketWriter, MasksAndOpensAgain) {
    std::array<char, 70'100> room;
    for (const std::size_t length : {0U, 1U, 125U, 126U, 65535U, 65536U, 70'000U}) {
        const std::string payload(length, 'm');
        const std::size_t size = write_frame(room, WebSocketOpcode::text, payload, 0x01020304);
        const std::size_t head = length > 65535 ? 14 : length > 125 ? 8 : 6;
        ASSERT_EQ(size, head + length);
        EXPECT_EQ(static_cast<unsigned char>(room[0]), 0x81);
        EXPECT_NE(static_cast<unsigned char>(room[1]) & 0x80, 0) << "clients mask";
        for (std::size_t i = 0; i < length; ++i)
            ASSERT_EQ(room[head + i] ^ room[head - 4 + (i & 3)], 'm');
        EXPECT_EQ(write_frame({room.data(), size - 1}, WebSocketOpcode::text, payload, 1), 0U);
    }
}

TEST(WebSocketHandshake, MatchesTheExampleOfTheRfc) {
    HttpReader answer;
    const std::string good =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, "
        "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    const auto check = [&](const std::string& head) {
        answer.reset();
        std::memcpy(answer.room().data(), head.data(), head.size());
        answer.wrote(head.size());
        EXPECT_EQ(answer.next(), HttpVerdict::complete);
        return check_websocket_answer(answer.response(), "dGhlIHNhbXBsZSBub25jZQ==");
    };
    EXPECT_EQ(check(good + "\r\n"), "");
    EXPECT_NE(check(good + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), "");
    EXPECT_NE(check(good + "Sec-WebSocket-Protocol: chat\r\n\r\n"), "");
    EXPECT_NE(check("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "");
    for (const std::string part : {"s3pP", "WebSocket\r", ", Upgrade"}) {
        std::string bad = good;
        bad.replace(bad.find(part), 2, "xx");
        EXPECT_NE(check(bad + "\r\n"), "") << part;
    }
    EXPECT_EQ(make_websocket_key().size(), 24U);
    EXPECT_NE(make_websocket_key(), make_websocket_key());
    EXPECT_EQ(websocket_request("h:1", "/p?q", "K"),
              "GET /p?q HTTP/1.1\r\nHost: h:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: K\r\n\r\n");
}

}  // namespace
}  // namespace tranche::testing
