// Market frames recorded by others, to be played byte for byte.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tranche::exchange {

struct RecordedFrame {
    std::int64_t gap_us;  // since the frame before it, ≥ 0
    std::string text;
};

/// Frames of one or more files, in the order given.
struct Recording {
    std::vector<RecordedFrame> frames;
    std::set<std::string> symbols;  // named by `s`, `o.s` or stream names
};

/// Reads the text of a recording and appends it. Two formats, told apart by line:
/// `1626992741.06217: {json}` (receive time in seconds), or one JSON frame a line, timed by its
/// `E` or `T`. A first line that names the recorded address is skipped.
/// On failure: false, and what is wrong in which line.
bool append_recording(std::string_view text, Recording& into, std::string& error);

/// The JSON of a recorded GET: after `-> time: ` on its line, or the whole text.
std::string recorded_reply(std::string_view text);

}  // namespace tranche::exchange
