// A client order id without heap: at most 36 characters, compared and hashed as a few words.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tools/exchange/random.hpp"

namespace tranche::exchange {

/// Any bytes, 36 at most; longer texts are cut (order entry refuses them before).
class ClientText {
public:
    static constexpr std::size_t capacity = 36;

    ClientText() = default;
    /// From any text.
    template <std::convertible_to<std::string_view> Text> ClientText(const Text& text) {
        assign(text);
    }

    void assign(std::string_view text) {
        bytes_ = {};
        const std::size_t length = std::min(text.size(), capacity);
        std::copy_n(text.data(), length, bytes_.data());
        bytes_[size_at] = static_cast<char>(length);
    }
    void clear() { bytes_ = {}; }

    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(bytes_[size_at]); }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size()}; }
    operator std::string_view() const { return view(); }

    [[nodiscard]] std::uint64_t hash() const {
        std::array<std::uint64_t, 5> words;
        std::memcpy(words.data(), bytes_.data(), sizeof words);
        std::uint64_t state = 0x9e3779b97f4a7c15U;
        for (const std::uint64_t word : words) {
            state = (state ^ word) * 0xff51afd7ed558ccdU;
            state ^= state >> 32U;
        }
        return state;
    }
    friend bool operator==(const ClientText& a, const ClientText& b) {
        return std::memcmp(a.bytes_.data(), b.bytes_.data(), sizeof a.bytes_) == 0;
    }

private:
    static constexpr std::size_t size_at = 39;
    std::array<char, 40> bytes_{};  // zero beyond the text; the last byte is its length
};

}  // namespace tranche::exchange
