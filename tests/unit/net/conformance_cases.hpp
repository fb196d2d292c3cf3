// The Autobahn conformance list for a WebSocket client, as bytes of the server and what must
// follow.
//
// Left out, each for its reason:
// - 7.2, 7.4, 7.6, 7.8, 7.10, 7.11 and 9.9, 9.10: reserved numbers, the list runs no case there.
// - 12.1 to 12.5 and 13.1 to 13.7: permessage-deflate. We offer no extension, so the list marks
//   them as outside what such a client does. The one rule it has for it is here as "12 and 13": a
//   compressed frame, which shows by RSV1, ends the connection.
// The echo that the list asks for becomes "delivered": this client has nothing to echo to. Pauses
// between writes become the run that sends byte by byte, which sees the moment of every answer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tranche::testing {

struct ConformanceCase {
    std::string number;
    std::string stream;  // all that the server sends
    /// In order: "text:…" and "binary:…" are delivered, "pong:…" is answered.
    std::vector<std::string> events;
    /// Code of our closing frame, which ends the case; 1005: a frame without a code.
    unsigned close = 1000;
    /// Bytes of `stream` after which the closing frame must have been sent and before which it must
    /// not; 0: any.
    std::size_t ends_at = 0;
    /// Bytes a write, where the case is about that.
    std::size_t chop = 0;
};

std::vector<ConformanceCase> framing_cases();        // 1
std::vector<ConformanceCase> ping_cases();           // 2
std::vector<ConformanceCase> reserved_bit_cases();   // 3, and what 12 and 13 mean here
std::vector<ConformanceCase> opcode_cases();         // 4
std::vector<ConformanceCase> fragmentation_cases();  // 5
std::vector<ConformanceCase> utf8_cases();           // 6
std::vector<ConformanceCase> close_cases();          // 7
std::vector<ConformanceCase> limit_cases();          // 9, up to 16 MiB a message
std::vector<ConformanceCase> auto_fragment_cases();  // 10

/// `server_frame` for each piece of `payload` of at most `size` bytes.
std::string fragmented(unsigned opcode, const std::string& payload, std::size_t size);

/// What `bytes` says, of values that fit one.
std::string bytes_of(const std::vector<unsigned>& bytes);

}  // namespace tranche::testing
