// The checksum of a journal record: cheap enough for the engine's thread, strong enough that a
// half-written record is never read as data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nmmintrin.h>

#include "core/messages.hpp"

namespace tranche {

/// CRC-32C (Castagnoli) over the whole record with `check` taken as 0, in four lanes: lane i takes
/// the 64-bit words i, i + 4, i + 8 …, each starting from all ones; then the CRC-32C of the four
/// results. One lane alone would wait for the CPU's three cycles of latency at each of the words.
inline std::uint32_t record_check(const Record& record) {
    constexpr std::size_t words = sizeof(Record) / sizeof(std::uint64_t);
    constexpr std::size_t check_word = offsetof(Record, check) / sizeof(std::uint64_t);
    static_assert(words % 4 == 0 && offsetof(Record, check) % 8 == 4, "lanes and mask fit");
    const auto word = [&record](std::size_t i) {
        std::uint64_t value;
        std::memcpy(&value, reinterpret_cast<const std::byte*>(&record) + i * sizeof value,
                    sizeof value);
        return i == check_word ? value & 0xffff'ffffU : value;
    };
    std::uint64_t lanes[4] = {0xffff'ffff, 0xffff'ffff, 0xffff'ffff, 0xffff'ffff};
    for (std::size_t i = 0; i < words; i += 4)
        for (std::size_t lane = 0; lane < 4; ++lane)
            lanes[lane] = _mm_crc32_u64(lanes[lane], word(i + lane));
    const std::uint64_t joined =
        _mm_crc32_u64(_mm_crc32_u64(0, lanes[0] << 32 | lanes[1]), lanes[2] << 32 | lanes[3]);
    return static_cast<std::uint32_t>(joined);
}

/// CRC-32C of any bytes, for the journal's head; not for the hot path.
inline std::uint32_t crc32c(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    std::uint32_t crc = 0xffff'ffff;
    for (std::size_t i = 0; i < size; ++i) crc = _mm_crc32_u8(crc, bytes[i]);
    return ~crc;
}

}  // namespace tranche
