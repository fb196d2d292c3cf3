// Writes the JSON of the exchange: one growing text, commas placed by the writer.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tools/exchange/amount.hpp"

namespace tranche::exchange {

/// Appends to one string. Amounts are written as decimal strings, as the venue does.
class JsonWriter {
public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view{text}); }
    JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
    JsonWriter& value(Amount amount) { return value(plain(amount)); }
    template <std::integral I> JsonWriter& value(I number) {
        if constexpr (std::same_as<I, bool>)
            return raw(number ? "true" : "false");
        else
            return raw(std::to_string(number));
    }
    /// A finished JSON text.
    JsonWriter& raw(std::string_view json);

    template <class T> JsonWriter& field(std::string_view name, const T& content) {
        key(name);
        return value(content);
    }
    JsonWriter& raw_field(std::string_view name, std::string_view json) {
        key(name);
        return raw(json);
    }

    [[nodiscard]] std::string take() { return std::move(text_); }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    void separate();

    std::string text_;
    bool comma_{};
};

}  // namespace tranche::exchange
