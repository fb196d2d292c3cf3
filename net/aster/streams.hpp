// Which streams go over which connection. Cold. Source: exchange-protocol.md §1.3, §2.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/settings.hpp"

namespace tranche::aster {

enum class FeedKind : std::uint8_t {
    signal,  // liquidations and best prices: what decides
    marks,   // mark prices of everything, large frames: kept away from the signals
};

/// One market connection.
struct MarketFeed {
    std::string name;  // for status: "signal 1", "signal 1.2", "marks 1"
    std::string path;  // target below the stream address
    FeedKind kind{};
    std::uint16_t part{};  // connections of one kind and part bring the same
    bool heartbeat{};      // something comes every second: silence means that it is dead
};

/// `feeds` redundant sets of connections. A set is one signal connection with `!forceOrder@arr` and
/// the best prices of `symbols` (as on the wire, upper case), more when there are too many symbols
/// for one connection or for a path of `longest_path` characters, and one for mark prices. Each
/// signal connection carries the mark price of its first symbol too, as its heartbeat. Where the
/// venue has an address of its own for best prices, they have connections of their own.
std::vector<MarketFeed> market_feeds(std::span<const std::string> symbols, std::uint16_t feeds,
                                     std::size_t longest_path, Venue venue = Venue::aster);

/// Path of the user stream. A listen key reads the account: never log the result.
std::string user_stream_path(std::string_view listen_key, Venue venue = Venue::aster);

}  // namespace tranche::aster
