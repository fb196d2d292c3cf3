// One packet as the capture file holds it.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "net/capture/bytes.hpp"

namespace tranche::capture {

/// What the first bytes of a packet are; the numbers of the link-layer registry (LINKTYPE_…).
enum class LinkType : std::uint16_t {
    null = 0,
    ethernet = 1,
    raw_bsd = 12,  // DLT_RAW as some systems wrote it
    raw_openbsd = 14,
    raw = 101,
    loop = 108,
    linux_cooked = 113,
    ipv4 = 228,
    ipv6 = 229,
    linux_cooked2 = 276,
    none = 0xFFFF,
};

/// A custom block of pcapng in which tranche's recorder says how many packets it missed: enterprise
/// number (RFC 5612's for examples), mark, and the count as two numbers, higher half first.
inline constexpr std::uint32_t example_enterprise = 32473;
inline constexpr std::uint32_t gap_mark = 0x54524750;  // "TRGP"

/// `bytes` stay valid until the reader is asked for the next packet.
struct Packet {
    Nanos time;  // UTC
    Bytes bytes;
    std::uint32_t length{};  // on the wire; more than `bytes` when the capture cut it
    LinkType link{};
};

}  // namespace tranche::capture
