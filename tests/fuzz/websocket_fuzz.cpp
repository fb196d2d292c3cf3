// The same messages come out however the bytes were cut.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string whole = read_all(data, size, 1024);
    require(whole == read_all(data, size, 1), "cuts make no difference");
    require(whole == read_all(data, size, 7), "cuts make no difference");
    return 0;
}
