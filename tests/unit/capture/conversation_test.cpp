#include <gtest/gtest.h>

#include "tests/unit/capture/made.hpp"

namespace tranche::capture {
namespace {

using made::Flight;
using Texts = std::vector<std::string>;

std::string text(const std::string& payload, bool masked = false) {
    return websocket_frame(WebSocketOpcode::text, payload, masked);
}

std::string part(const std::string& payload, bool first, bool final) {
    std::string frame = text(payload);
    frame[0] = static_cast<char>((first ? 1 : 0) | (final ? 0x80 : 0));
    return frame;
}

TEST(Conversation, TellsBothSidesOfAWebSocket) {
    const auto found = made::decode(made::capture_of({{Party::first, made::upgrade_request()},
                                                      {Party::second, made::upgrade_answer()},
                                                      {Party::first, text("subscribe", true)},
                                                      {Party::second, text("one") + text("two")}}));
    EXPECT_EQ(found->kept.said(true), Texts{"subscribe"});
    EXPECT_EQ(found->kept.said(false), (Texts{"one", "two"}));
    EXPECT_EQ(found->kept.messages[1].time, made::at(4));
    EXPECT_EQ(found->counts().http_requests, 1U);
}

TEST(Conversation, TakesFramesThatCameWithTheAnswerToTheUpgrade) {
    const auto found =
        made::decode(made::capture_of({{Party::first, made::upgrade_request()},
                                       {Party::second, made::upgrade_answer() + text("x")}}));
    EXPECT_EQ(found->kept.said(false), Texts{"x"});
}

TEST(Conversation, JoinsFragmentsWithControlFramesBetweenThem) {
    const std::string ping = websocket_frame(WebSocketOpcode::ping, Bytes{"p", 1}, false);
    const std::string stream = part("one ", true, false) + ping + part("two ", false, false) +
                               part("three", false, true) + text("next");
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        const auto found = made::decode(made::capture_of({{Party::first, made::upgrade_request()},
                                                          {Party::second, made::upgrade_answer()},
                                                          {Party::second, stream.substr(0, cut)},
                                                          {Party::second, stream.substr(cut)}}));
        ASSERT_EQ(found->kept.said(false), (Texts{"one two three", "next"})) << cut;
        ASSERT_EQ(found->counts().websocket_controls, 1U);
    }
}

TEST(Conversation, UnpacksCompressedMessagesAsAgreed) {
    for (const bool takeover : {true, false}) {
        made::Deflater server{takeover};
        made::Deflater client{takeover};
        const std::string terms =
            takeover ? "permessage-deflate"
                     : "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        const std::string json = R"({"e":"forceOrder","o":{"s":"BTCUSDT"}})";
        std::string asked = client.frame(json, true);
        asked += client.frame(json, true);
        std::string told = server.frame(json, false) + text("plain");
        told += server.frame(json + json, false);
        const auto found =
            made::decode(made::capture_of({{Party::first, made::upgrade_request()},
                                           {Party::second, made::upgrade_answer(terms)},
                                           {Party::first, asked},
                                           {Party::second, told}}));
        EXPECT_EQ(found->kept.said(true), (Texts{json, json}));
        EXPECT_EQ(found->kept.said(false), (Texts{json, "plain", json + json}));
    }
}

/// A capture that misses `hole` bytes of the server's at `from`.
std::string with_hole(const std::string& stream, std::size_t from, std::size_t hole,
                      const std::string& extensions = {}) {
    std::string file;
    PcapngWriter writer{file};
    TcpScript script{writer, made::ends()};
    script.open(made::at(0));
    script.data(Party::first, made::upgrade_request(), made::at(1));
    script.data(Party::second, made::upgrade_answer(extensions), made::at(2));
    script.data(Party::second, Bytes{stream}.first(from), made::at(3));
    script.skip(Party::second, static_cast<std::uint32_t>(hole));
    script.data(Party::second, Bytes{stream}.subspan(from + hole), made::at(4));
    script.close(made::at(5));
    return file;
}

TEST(Conversation, FindsTheNextFrameAfterAnyLoss) {
    Texts texts;
    std::string stream;
    std::vector<std::size_t> begins;
    for (int i = 0; i < 8; ++i) {
        texts.push_back(R"({"number":)" + std::to_string(i) + R"(,"text":"}{"})");
        begins.push_back(stream.size());
        stream += text(texts.back());
    }
    for (std::size_t from = 1; from < stream.size() / 2; from += 3) {
        for (const std::size_t hole : {1U, 20U, 50U, 90U}) {
            const auto found = made::decode(with_hole(stream, from, hole));
            Texts whole;
            for (std::size_t i = 0; i < texts.size(); ++i) {
                const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : stream.size();
                if (end <= from || begins[i] >= from + hole) whole.push_back(texts[i]);
            }
            ASSERT_EQ(found->kept.said(false), whole) << from << ' ' << hole;
            ASSERT_EQ(found->flows().gaps, 1U);
        }
    }
}

TEST(Conversation, ForgetsTheContextOfCompressionAfterALoss) {
    made::Deflater server{true};
    const std::string json = R"({"e":"forceOrder","o":{"s":"BTCUSDT","q":"0.0140"}})";
    const std::string first = server.frame(json, false);
    const std::string second = server.frame(json, false);  // refers to the first
    const std::string stream = first + second + text(R"({"plain":1})");
    const auto found = made::decode(with_hole(stream, first.size() - 2, 2, "permessage-deflate"));
    EXPECT_EQ(found->kept.said(false), Texts{R"({"plain":1})"});
    EXPECT_GE(found->kept.lost, 2U);
}

TEST(Conversation, BeginsInTheMiddle) {
    std::string file;
    PcapngWriter writer{file};
    TcpScript script{writer, made::ends()};
    const std::string stream = text(R"({"a":1})") + text(R"({"b":2})") + text(R"({"c":3})");
    script.data(Party::second, Bytes{stream}.subspan(4), made::at(1));
    script.data(Party::first, text(R"({"method":"x"})", true), made::at(2));
    const auto found = made::decode(file);
    EXPECT_EQ(found->kept.said(false), (Texts{R"({"b":2})", R"({"c":3})"}));
    EXPECT_EQ(found->kept.said(true), Texts{R"({"method":"x"})"});
}

TEST(Conversation, ReadsPipelinedAndChunkedAnswers) {
    const std::string answers =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3;x=y\r\nond\r\n0\r\nT: "
        "1\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the "
        "end";
    const std::string questions =
        "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nHEAD /3 HTTP/1.1\r\n\r\n"
        "POST /4 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=bGET /5 HTTP/1.1\r\n\r\n";
    for (std::size_t cut = 1; cut < answers.size(); cut += 2) {
        const auto found = made::decode(made::capture_of({{Party::first, questions},
                                                          {Party::second, answers.substr(0, cut)},
                                                          {Party::second, answers.substr(cut)}}));
        ASSERT_EQ(found->kept.http,
                  (Texts{"GET /1 ", "GET /2 ", "HEAD /3 ", "POST /4 a=b", "GET /5 ", "200 first",
                         "200 second", "200 ", "100 ", "204 ", "200 to the end"}))
            << cut;
    }
}

TEST(Conversation, RefusedUpgradesGoOnAsHttp) {
    const auto found = made::decode(
        made::capture_of({{Party::first, made::upgrade_request("/ws")},
                          {Party::second, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"},
                          {Party::first, "GET /again HTTP/1.1\r\n\r\n"},
                          {Party::second, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}}));
    EXPECT_EQ(found->kept.http, (Texts{"GET /ws ", "403 no", "GET /again ", "200 ok"}));
}

}  // namespace
}  // namespace tranche::capture
