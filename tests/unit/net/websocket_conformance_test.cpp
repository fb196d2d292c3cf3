// Runs the conformance list against the reader, cut in every way, and over a socket.
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include "net/websocket.hpp"
#include "net/websocket_connection.hpp"
#include "tests/unit/net/conformance_cases.hpp"
#include "tests/unit/net/world.hpp"

namespace tranche::testing {
namespace {

using Verdict = WebSocketVerdict;
using Cases = std::vector<ConformanceCase>;

constexpr std::size_t largest = 16U << 20;            // of section 9
constexpr std::size_t byte_by_byte_limit = 2U << 20;  // longer streams are cut at random only

/// Lengths of the pieces a stream comes in.
using Cut = std::function<std::size_t()>;

Cut pieces_of(std::size_t size) {
    return [size] { return size; };
}

/// Every other piece is short, so that heads and characters are cut too.
Cut random_pieces(unsigned seed, std::size_t stream_size) {
    const std::size_t longest = std::max<std::size_t>(8, stream_size / 200);
    return [random = std::mt19937{seed}, longest]() mutable -> std::size_t {
        const std::size_t limit = random() % 2 == 0 ? 4 : longest;
        return 1 + random() % limit;
    };
}

struct Outcome {
    std::vector<std::string> events;
    unsigned close{};
    std::size_t ended_at{};  // bytes given when it ended
};

/// One turn of a reader: false when reading has ended.
bool take_all(WebSocketReader& reader, Outcome& outcome) {
    while (true) {
        const Verdict verdict = reader.next();
        switch (verdict) {
            case Verdict::need_more: return true;
            case Verdict::message:
                outcome.events.push_back((reader.is_text() ? "text:" : "binary:") +
                                         text_of(reader.message()));
                break;
            case Verdict::ping:
                outcome.events.push_back("pong:" + text_of(reader.control()));
                break;
            case Verdict::pong: break;
            case Verdict::close: outcome.close = reader.close_code(); return false;
            case Verdict::reserved_bits:
            case Verdict::unknown_opcode:
            case Verdict::masked:
            case Verdict::long_control:
            case Verdict::fragmented_control:
            case Verdict::unexpected_continuation:
            case Verdict::missing_continuation:
            case Verdict::bad_length:
            case Verdict::too_long:
            case Verdict::bad_utf8:
            case Verdict::bad_close: outcome.close = close_code_of(verdict); return false;
        }
    }
}

Outcome read_all(WebSocketReader& reader, const std::string& stream, Cut cut) {
    Outcome outcome;
    reader.reset();
    for (std::size_t at = 0; at < stream.size();) {
        std::size_t piece = std::min(cut(), stream.size() - at);
        while (piece > 0) {
            const std::span<char> room = reader.room();
            const std::size_t length = std::min(room.size(), piece);
            if (length == 0) return outcome;
            std::memcpy(room.data(), stream.data() + at, length);
            reader.wrote(length);
            at += length;
            piece -= length;
            outcome.ended_at = at;
            if (!take_all(reader, outcome)) return outcome;
        }
    }
    return outcome;
}

void expect(const ConformanceCase& one, const Outcome& outcome, const std::string& cut) {
    // Megabytes of difference help nobody.
    EXPECT_TRUE(outcome.events == one.events)
        << one.number << " " << cut << ": " << outcome.events.size() << " events, expected "
        << one.events.size();
    EXPECT_EQ(outcome.close, one.close) << one.number << " " << cut;
}

void run(const Cases& cases, std::size_t limit = websocket_message_limit) {
    WebSocketReader reader{limit};
    for (const ConformanceCase& one : cases) {
        const std::size_t size = one.stream.size();
        expect(one, read_all(reader, one.stream, pieces_of(size)), "whole");
        if (one.chop > 0)
            expect(one, read_all(reader, one.stream, pieces_of(one.chop)), "in its pieces");
        const unsigned seeds = size > byte_by_byte_limit ? 2 : 4;
        for (unsigned seed = 1; seed <= seeds; ++seed)
            expect(one, read_all(reader, one.stream, random_pieces(seed, size)),
                   "at random " + std::to_string(seed));
        if (size > byte_by_byte_limit) continue;
        const Outcome slow = read_all(reader, one.stream, pieces_of(1));
        expect(one, slow, "byte by byte");
        if (one.ends_at == 0) continue;
        EXPECT_EQ(slow.ended_at, one.ends_at) << one.number << " fails late";
    }
}

TEST(WebSocketConformance, FramesOfEveryLength) {
    run(framing_cases());
}
TEST(WebSocketConformance, PingsAndPongs) {
    run(ping_cases());
}
TEST(WebSocketConformance, ReservedBitsAndCompressionNobodyAgreedOn) {
    run(reserved_bit_cases());
}
TEST(WebSocketConformance, UnknownOpcodes) {
    run(opcode_cases());
}
TEST(WebSocketConformance, FragmentsAndWhatMayComeBetweenThem) {
    run(fragmentation_cases());
}
TEST(WebSocketConformance, Utf8) {
    run(utf8_cases());
}
TEST(WebSocketConformance, Closing) {
    run(close_cases());
}
TEST(WebSocketConformance, LargeMessagesWithinALimit) {
    run(limit_cases(), largest);
}
TEST(WebSocketConformance, AutomaticFragments) {
    run(auto_fragment_cases());
}

TEST(WebSocketConformance, LargeMessagesBeyondTheLimitOfAClient) {
    WebSocketReader reader;
    std::size_t beyond = 0;
    for (const ConformanceCase& one : limit_cases()) {
        const bool fits = one.events.front().size() < websocket_message_limit + 10;
        const ConformanceCase expected =
            fits ? one : ConformanceCase{one.number, {}, {}, close_code_of(Verdict::too_long)};
        beyond += fits ? 0 : 1;
        expect(expected, read_all(reader, one.stream, random_pieces(7, one.stream.size())),
               "default limit");
    }
    EXPECT_EQ(beyond, 24U) << "4, 8 and 16 MiB, and 4 MiB in nine ways, of either kind";
}

/// What a server sees of the client: pongs, and the code of the closing frame.
struct Seen {
    std::vector<std::string> pongs;
    unsigned close{};
};

Seen watch_client(ServerPeer& peer) {
    Seen seen;
    std::string unread;
    for (std::string more = peer.read(); !more.empty(); more = peer.read()) {
        unread += more;
        unsigned opcode = 0;
        std::string payload;
        while (const std::size_t used = open_client_frame(unread, opcode, payload)) {
            unread.erase(0, used);
            if (opcode == 10) seen.pongs.push_back("pong:" + payload);
            if (opcode != 8) continue;
            const auto byte_at = [&payload](std::size_t i) {
                return static_cast<unsigned>(static_cast<unsigned char>(payload.at(i)));
            };
            seen.close = payload.empty() ? 1005U : byte_at(0) << 8 | byte_at(1);
            return seen;
        }
    }
    return seen;
}

/// Every case on a connection of its own; whole, or in pieces that are segments of their own.
void run_over_sockets(const Cases& cases, bool whole) {
    std::vector<Seen> seen(cases.size());
    LoopbackServer server{[&](ServerPeer& peer, int number) {
        const auto index = static_cast<std::size_t>(number);
        const std::string& stream = cases[index].stream;
        peer.accept_upgrade();
        Cut cut = whole ? pieces_of(stream.size()) : random_pieces(1, stream.size());
        for (std::size_t at = 0, piece = 0; at < stream.size(); at += piece) {
            piece = cut();
            peer.write(stream.substr(at, piece));
        }
        seen[index] = watch_client(peer);
    }};
    World world;
    WebSocketConnection connection{*world.reactor, world.channel(), nullptr, {}};
    std::vector<std::vector<std::string>> delivered(cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        connection.open(server.address(), "127.0.0.1", "127.0.0.1", "/", world.now);
        ASSERT_TRUE(world.drive([&] {
            connection.poll(world.now);
            for (; connection.receive(world.now); connection.take())
                delivered[i].push_back(text_of(connection.message()));
            return connection.state() == LinkState::closed;
        })) << cases[i].number;
    }
    server.join_handlers(static_cast<int>(cases.size()));
    for (std::size_t i = 0; i < cases.size(); ++i) {
        std::vector<std::string> messages;
        std::vector<std::string> pongs;
        for (const std::string& event : cases[i].events) {
            if (event.starts_with("pong:"))
                pongs.push_back(event);
            else
                messages.push_back(event.substr(event.find(':') + 1));
        }
        EXPECT_TRUE(delivered[i] == messages) << cases[i].number;
        EXPECT_EQ(seen[i].pongs, pongs) << cases[i].number;
        EXPECT_EQ(seen[i].close, cases[i].close) << cases[i].number;
    }
}

TEST(WebSocketConformance, HoldsOverSockets) {
    Cases cases;
    for (const auto& section : {framing_cases, ping_cases, reserved_bit_cases, opcode_cases,
                                fragmentation_cases, utf8_cases, close_cases, auto_fragment_cases})
        for (ConformanceCase& one : section()) cases.push_back(std::move(one));
    EXPECT_GT(cases.size(), 230U);
    for (const bool whole : {true, false}) run_over_sockets(cases, whole);
}

}  // namespace
}  // namespace tranche::testing
