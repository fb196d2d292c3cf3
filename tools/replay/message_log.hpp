// Lines of JSON about what a replay saw: messages, decisions, orders.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "net/capture/conversation.hpp"

namespace tranche {

/// `text` as a JSON string, quotes and all. It must be UTF-8.
void append_json(std::string& line, std::string_view text);

/// A file of lines; what cannot be written shows at `close`.
class LineFile {
public:
    /// Errors: (cannot_write) the file cannot be made.
    static Result<std::unique_ptr<LineFile>> create(const std::string& path);

    explicit LineFile(std::FILE* file, std::string path) : file_{file}, path_{std::move(path)} {}
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;
    ~LineFile();

    /// `line` without its line break.
    void write(std::string_view line);
    /// Errors: (cannot_write) something was not written.
    Result<Done> close();

private:
    std::FILE* file_;
    std::string path_;
    bool failed_{};
};

/// One WebSocket message as `--messages` has it: time_ns, stream, from, opcode, and the payload as
/// text, or in base64 where it is no text.
std::string message_line(const capture::WebSocketNote& note);

}  // namespace tranche
