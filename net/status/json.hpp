// JSON out, appended to one string: the page asks often, so no tree of values is built. Text from
// outside is escaped here and nowhere else.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/numbers.hpp"

namespace tranche {

/// Appends `text` as a JSON string with its quotes. Control characters, `<`, `>` and `&` become
/// \u escapes, so that an answer taken for HTML stays inert; broken UTF-8 becomes U+FFFD.
void append_json_text(std::string& out, std::string_view text);

/// Text of a zero-filled array as rows carry it.
template <std::size_t N> std::string_view text_of(const std::array<char, N>& chars) {
    const std::string_view whole{chars.data(), N};
    return whole.substr(0, whole.find('\0'));
}

/// Writes one JSON document. Commas are its business, balance is the caller's.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_{out} {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    /// Name of the next value.
    void key(std::string_view name);

    void value(std::string_view text);
    void value(const char* text) { value(std::string_view{text}); }
    void value(bool flag);
    void value(std::integral auto number) {
        comma();
        out_ += std::to_string(number);
    }
    /// Decimals are strings: a JSON number would lose digits in the browser.
    template <class Tag> void value(Fixed<Tag> number) { value(to_text(number)); }
    void null();
    /// Text that is JSON already.
    void raw(std::string_view json);

    template <class T> void field(std::string_view name, const T& content) {
        key(name);
        value(content);
    }
    /// Milliseconds since the epoch; null for an instant that has not come.
    void time(std::string_view name, Nanos instant);
    /// Milliseconds of a span.
    void span(std::string_view name, Nanos length) { field(name, length.milliseconds()); }

private:
    void open(char bracket);
    void close(char bracket);
    void comma();

    std::string& out_;
    bool first_{true};
};

}  // namespace tranche
