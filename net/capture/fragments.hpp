// IP fragments put together again, within a bound of datagrams and bytes.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "net/capture/bytes.hpp"

namespace tranche::capture {

/// IPv6, or IPv4 mapped into it.
using HostAddress = std::array<std::uint8_t, 16>;

struct Fragment {
    HostAddress source{};
    HostAddress target{};
    std::uint32_t id{};
    std::uint8_t protocol{};
    bool ipv6{};
    bool more{};
    std::uint32_t offset{};
    Bytes bytes;
    Nanos time{};
};

/// At most 64 datagrams at a time; the one that has waited longest makes room, and none waits
/// longer than 30 s. Where fragments overlap the first copy counts; with IPv6 such a datagram is
/// given up (RFC 5722).
class Fragments {
public:
    /// The whole datagram once its last piece is there, valid until the next call; else empty.
    Bytes add(const Fragment& piece);

    /// Datagrams given up before they were whole.
    std::uint64_t lost() const { return lost_; }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Datagram {
        HostAddress source{};
        HostAddress target{};
        std::uint32_t id{};
        std::uint8_t protocol{};
        bool spoilt{};
        std::uint32_t length{};  // 0: the last piece has not come
        Nanos begun{};
        std::vector<char> bytes;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> parts;  // [begin, end), in order
    };

    Datagram& find(const Fragment& piece);
    static void put(Datagram& into, const Fragment& piece);

    std::vector<Datagram> waiting_;
    std::vector<char> whole_;
    std::uint64_t lost_{};
};

}  // namespace tranche::capture
