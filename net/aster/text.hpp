// Text written in place, front to back, into memory somebody else owns.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/numbers.hpp"
#include "core/require.hpp"

namespace tranche::aster {

/// Appends; the room was sized by us for the longest text, so running out of it is our bug.
class Text {
public:
    explicit Text(std::span<char> room) : room_{room} {}

    void put(std::string_view text) {
        std::memcpy(take(text.size()).data(), text.data(), text.size());
    }
    void put(std::uint64_t number) {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        put({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    template <class Tag> void put(Fixed<Tag> number) {
        require(room_.size() - size_ >= decimal_capacity, "a request has room for its text");
        size_ += format_decimal(number.raw, room_.subspan(size_));
    }
    /// The next `count` bytes, for the caller to fill.
    std::span<char> take(std::size_t count) {
        require(room_.size() - size_ >= count, "a request has room for its text");
        const std::span<char> taken = room_.subspan(size_, count);
        size_ += count;
        return taken;
    }

    std::size_t size() const { return size_; }
    std::string_view from(std::size_t position) const {
        return {room_.data() + position, size_ - position};
    }
    /// Bytes already written, for figures that are known only afterwards.
    std::span<char> written(std::size_t position, std::size_t count) {
        require(position + count <= size_, "only what is written is written again");
        return room_.subspan(position, count);
    }

private:
    std::span<char> room_;
    std::size_t size_{};
};

}  // namespace tranche::aster
