// Numbers out of bytes of any order, and a reader that cannot run past its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tranche::capture {

using Bytes = std::span<const char>;

inline std::uint8_t byte_at(Bytes bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

/// Two, three, four and eight bytes at `at`, which must be there.
inline std::uint16_t big16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((byte_at(bytes, at) << 8U) | byte_at(bytes, at + 1));
}
inline std::uint32_t big24(Bytes bytes, std::size_t at) {
    return (static_cast<std::uint32_t>(byte_at(bytes, at)) << 16U) | big16(bytes, at + 1);
}
inline std::uint32_t big32(Bytes bytes, std::size_t at) {
    return (static_cast<std::uint32_t>(big16(bytes, at)) << 16U) | big16(bytes, at + 2);
}
inline std::uint64_t big64(Bytes bytes, std::size_t at) {
    return (static_cast<std::uint64_t>(big32(bytes, at)) << 32U) | big32(bytes, at + 4);
}
inline std::uint16_t little16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((byte_at(bytes, at + 1) << 8U) | byte_at(bytes, at));
}
inline std::uint32_t little32(Bytes bytes, std::size_t at) {
    return (static_cast<std::uint32_t>(little16(bytes, at + 2)) << 16U) | little16(bytes, at);
}

/// Up to `length` bytes from `at` on; fewer or none where they end.
inline Bytes slice(Bytes bytes, std::size_t at, std::size_t length = std::dynamic_extent) {
    if (at >= bytes.size()) return {};
    return bytes.subspan(at, length < bytes.size() - at ? length : bytes.size() - at);
}

/// Takes big-endian fields one after the other. After the first that is not there `ok` is false
/// and everything reads as 0 or empty, so that a parser may check once, at its end.
class FieldReader {
public:
    explicit FieldReader(Bytes bytes) : bytes_{bytes} {}

    bool ok() const { return ok_; }
    bool empty() const { return bytes_.empty(); }
    std::size_t left() const { return bytes_.size(); }

    std::uint8_t u8() {
        const Bytes field = take(1);
        return field.empty() ? std::uint8_t{} : byte_at(field, 0);
    }
    std::uint16_t u16() {
        const Bytes field = take(2);
        return field.empty() ? std::uint16_t{} : big16(field, 0);
    }
    std::uint32_t u24() {
        const Bytes field = take(3);
        return field.empty() ? std::uint32_t{} : big24(field, 0);
    }
    Bytes take(std::size_t length) {
        if (length > bytes_.size()) {
            ok_ = false;
            bytes_ = {};
            return {};
        }
        const Bytes field = bytes_.first(length);
        bytes_ = bytes_.subspan(length);
        return field;
    }

private:
    Bytes bytes_;
    bool ok_{true};
};

}  // namespace tranche::capture
