// Bytes as hexadecimal text and back, for hashes, keys and signatures.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tranche::aster {

/// Both lower-case digits of every byte: one look-up a byte on the path of a signature.
inline constexpr auto hex_pairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {digits[byte >> 4], digits[byte & 15]};
    return pairs;
}();

/// Writes two lower-case digits for each byte. For public bytes only: the look-up leaves traces in
/// the cache.
inline void write_hex(std::span<const std::uint8_t> bytes, char* out) {
    for (const std::uint8_t byte : bytes) {
        std::memcpy(out, hex_pairs[byte].data(), 2);
        out += 2;
    }
}

/// Without `0x` in front, where it is.
constexpr std::string_view without_0x(std::string_view text) {
    return text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : text;
}

/// False unless `text` is exactly as many hex digits, of either case, as `out` needs.
bool read_hex(std::string_view text, std::span<std::uint8_t> out);

}  // namespace tranche::aster
