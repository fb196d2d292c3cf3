#include "net/aster/streams.hpp"

#include "core/require.hpp"
#include "core/symbols.hpp"

namespace tranche::aster {
namespace {

constexpr std::string_view combined = "/stream?streams=";
constexpr std::string_view liquidations = "!forceOrder@arr";
constexpr std::string_view best_prices = "@bookTicker";
constexpr std::string_view heartbeat = "@markPrice@1s";
constexpr std::string_view mark_prices = "!markPrice@arr@1s";

std::string lower(std::string_view symbol) {
    std::string text{symbol};
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// Paths of one set: the first begins with the liquidations.
std::vector<std::string> signal_paths(std::span<const std::string> symbols, std::size_t longest) {
    std::vector<std::string> paths{std::string{combined} + std::string{liquidations}};
    std::size_t streams = 1;
    std::string pulse = symbols.empty() ? "" : lower(symbols.front()) + std::string{heartbeat};
    if (!pulse.empty()) {
        paths.back() += '/' + pulse;
        ++streams;
    }
    for (const std::string& symbol : symbols) {
        const std::string stream = lower(symbol) + std::string{best_prices};
        const bool fits =
            streams < streams_per_connection && paths.back().size() + 1 + stream.size() <= longest;
        if (fits) {
            paths.back() += '/' + stream;
            ++streams;
        } else {
            pulse = lower(symbol) + std::string{heartbeat};
            paths.push_back(std::string{combined} + pulse + '/' + stream);
            streams = 2;
        }
    }
    return paths;
}

}  // namespace

std::vector<MarketFeed> market_feeds(std::span<const std::string> symbols, std::uint16_t feeds,
                                     std::size_t longest_path) {
    const std::size_t longest_stream = max_symbol_name + heartbeat.size() + 1;
    require(longest_path >= combined.size() + liquidations.size() + 1 + 2 * longest_stream,
            "a path has room for a symbol and its heartbeat");
    const auto paths = signal_paths(symbols, longest_path);
    std::vector<MarketFeed> plan;
    for (std::uint16_t feed = 1; feed <= feeds; ++feed) {
        for (std::size_t part = 0; part < paths.size(); ++part) {
            std::string name = "signal " + std::to_string(feed);
            if (part != 0) name += "." + std::to_string(part + 1);
            plan.push_back({std::move(name), paths[part], FeedKind::signal,
                            static_cast<std::uint16_t>(part), !symbols.empty()});
        }
    }
    for (std::uint16_t feed = 1; feed <= feeds; ++feed)
        plan.push_back({"marks " + std::to_string(feed),
                        std::string{combined} + std::string{mark_prices}, FeedKind::marks, 0,
                        true});
    return plan;
}

std::string user_stream_path(std::string_view listen_key) {
    return "/ws/" + std::string{listen_key};
}

}  // namespace tranche::aster
