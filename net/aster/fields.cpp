#include "net/aster/fields.hpp"

namespace tranche::aster {
bool Fields::whole(Key key, std::int64_t& out) const {
    const std::string_view text = number(key);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool Fields::time(Key key, Nanos& out) const {
    constexpr std::int64_t last = INT64_MAX / 1'000'000;  // in the year 2262
    std::int64_t count = 0;
    if (!whole(key, count) || count < 0 || count > last) return false;
    out = milliseconds(count);
    return true;
}

std::optional<std::int64_t> Fields::round_decimal(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos || text.size() - point <= 9) return read_decimal(text);
    for (const char c : text.substr(point + 9))
        if (c < '0' || c > '9') return std::nullopt;
    return read_decimal(text.substr(0, point + 9));
}

}  // namespace tranche::aster
