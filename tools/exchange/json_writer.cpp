#include "tools/exchange/json_writer.hpp"

#include <fmt/format.h>

namespace tranche::exchange {
namespace {

void append_escaped(std::string& out, char letter) {
    switch (letter) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    const auto code = static_cast<unsigned char>(letter);
    // Bytes of other alphabets come from unchecked requests, so they are escaped one by one:
    // the reply stays valid UTF-8 whatever was sent.
    if (code < 0x20 || code >= 0x7f)
        out += fmt::format("\\u{:04x}", code);
    else
        out += letter;
}

}  // namespace

void JsonWriter::separate() {
    if (comma_) text_ += ',';
    comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    text_ += bracket;
    comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    text_ += '"';
    for (const char letter : name) append_escaped(text_, letter);
    text_ += "\":";
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view content) {
    separate();
    text_ += '"';
    for (const char letter : content) append_escaped(text_, letter);
    text_ += '"';
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
}

}  // namespace tranche::exchange
