// The same messages come out however the bytes were cut, and whether or not somebody looks ahead.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/require.hpp"
#include "net/websocket.hpp"

namespace {

using namespace tranche;

/// Everything the reader said, as text; `step` bytes at a time.
std::string read_all(const std::uint8_t* data, std::size_t size, std::size_t step) {
    WebSocketReader reader{4096};
    std::string said;
    for (std::size_t at = 0; at < size;) {
        const auto room = reader.room();
        const std::size_t length = std::min({step, size - at, room.size()});
        require(length > 0, "a reader that was asked for everything has room");
        std::memcpy(room.data(), data + at, length);
        reader.wrote(length);
        at += length;
        for (auto verdict = reader.next(); verdict != WebSocketVerdict::need_more;
             verdict = reader.next()) {
            // Which of several faults of a frame is seen first may depend on the cut; that it is
            // refused may not.
            const bool error = verdict > WebSocketVerdict::close;
            said += error ? '!' : static_cast<char>('A' + static_cast<int>(verdict));
            if (verdict == WebSocketVerdict::message)
                said.append(reader.message().data(), reader.message().size());
            const bool control =
                verdict == WebSocketVerdict::ping || verdict == WebSocketVerdict::pong;
            if (control) said.append(reader.control().data(), reader.control().size());
            if (verdict != WebSocketVerdict::message && !control) return said;
        }
    }
    return said;
}

struct Apart {
    std::string messages;
    std::string controls;
};

/// As `read_all`, messages and control frames apart; looks behind each message before it is taken.
Apart read_apart(const std::uint8_t* data, std::size_t size, bool ahead) {
    WebSocketReader reader{4096};
    Apart found;
    const auto add_control = [&](WebSocketVerdict verdict) {
        found.controls += verdict == WebSocketVerdict::ping ? 'P' : 'p';
        found.controls.append(reader.control().data(), reader.control().size());
    };
    for (std::size_t at = 0; at < size;) {
        const auto room = reader.room();
        const std::size_t length = std::min({std::size_t{512}, size - at, room.size()});
        require(length > 0, "a reader that was asked for everything has room");
        std::memcpy(room.data(), data + at, length);
        reader.wrote(length);
        at += length;
        for (auto verdict = reader.next(); verdict != WebSocketVerdict::need_more;
             verdict = reader.next()) {
            if (verdict == WebSocketVerdict::message) {
                for (auto next = WebSocketVerdict::ping;
                     ahead && next != WebSocketVerdict::need_more;) {
                    next = reader.look_ahead();
                    if (next != WebSocketVerdict::need_more) add_control(next);
                }
                found.messages += 'M';
                found.messages.append(reader.message().data(), reader.message().size());
            } else if (verdict == WebSocketVerdict::ping || verdict == WebSocketVerdict::pong) {
                add_control(verdict);
            } else {
                return found;
            }
        }
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string whole = read_all(data, size, 1024);
    require(whole == read_all(data, size, 1), "cuts make no difference");
    require(whole == read_all(data, size, 7), "cuts make no difference");
    const Apart patient = read_apart(data, size, false);
    const Apart ahead = read_apart(data, size, true);
    require(ahead.messages == patient.messages, "looking ahead changes no message");
    // It may answer a ping that stands behind the fault of a message.
    require(ahead.controls.starts_with(patient.controls), "each control frame shows once");
    return 0;
}
