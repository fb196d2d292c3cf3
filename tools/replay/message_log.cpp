#include "tools/replay/message_log.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <openssl/evp.h>

namespace tranche {
namespace {

bool is_text(const capture::WebSocketNote& note) {
    if (note.opcode != WebSocketOpcode::text) return false;
    Utf8Check check;
    return check.add(note.payload) && check.complete();
}

void append_base64(std::string& line, capture::Bytes bytes) {
    const std::size_t at = line.size();
    line.resize(at + (bytes.size() + 2) / 3 * 4 + 1);
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(line.data() + at),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    line.resize(at + static_cast<std::size_t>(length));
}

}  // namespace

void append_json(std::string& line, std::string_view text) {
    line += '"';
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
        line.append(text.substr(begin, at - begin));
        begin = at + 1;
        if (c == '"' || c == '\\')
            line.append({'\\', c});
        else
            fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned>(c));
    }
    line.append(text.substr(begin)) += '"';
}

Result<std::unique_ptr<LineFile>> LineFile::create(const std::string& path) {
    std::FILE* const file = std::fopen(path.c_str(), "we");
    if (file == nullptr)
        return Error{ErrorKind::cannot_write,
                     path + ": cannot be written: " + std::strerror(errno)};
    return std::make_unique<LineFile>(file, path);
}

LineFile::~LineFile() {
    if (file_ != nullptr) std::fclose(file_);
}

void LineFile::write(std::string_view line) {
    failed_ = failed_ || std::fwrite(line.data(), 1, line.size(), file_) != line.size() ||
              std::fputc('\n', file_) == EOF;
}

Result<Done> LineFile::close() {
    std::FILE* const file = std::exchange(file_, nullptr);
    if (std::fclose(file) != 0 || failed_)
        return Error{ErrorKind::cannot_write, path_ + ": could not be written whole"};
    return Done{};
}

std::string message_line(const capture::WebSocketNote& note) {
    std::string line = fmt::format(
        R"({{"time_ns":{},"stream":{},"from":"{}","opcode":{},)", note.time.count, note.stream,
        note.from_client ? "client" : "server", static_cast<unsigned>(note.opcode));
    if (is_text(note)) {
        line += "\"payload\":";
        append_json(line, {note.payload.data(), note.payload.size()});
    } else {
        line += "\"payload_base64\":\"";
        append_base64(line, note.payload);
        line += '"';
    }
    return line += '}';
}

}  // namespace tranche
