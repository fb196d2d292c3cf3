#include "net/aster/streams.hpp"

#include "core/require.hpp"
#include "core/symbols.hpp"

namespace tranche::aster {
namespace {

constexpr std::string_view combined = "/stream?streams=";
constexpr std::string_view liquidations = "!forceOrder@arr";
constexpr std::string_view best_prices = "@bookTicker";
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
    for (const std::string& symbol : symbols) {
        const std::string stream = lower(symbol) + std::string{best_prices};
        const bool fits =
            streams < streams_per_connection && paths.back().size() + 1 + stream.size() <= longest;
        if (fits) {
            paths.back() += '/' + stream;
            ++streams;
        } else {
            paths.push_back(std::string{combined} + stream);
            streams = 1;
        }
    }
    return paths;
}

}  // namespace

std::vector<MarketFeed> market_feeds(std::span<const std::string> symbols, std::uint16_t feeds,
                                     std::size_t longest_path) {
    require(longest_path >= combined.size() + max_symbol_name + best_prices.size(),
            "a path has room for one stream");
    const auto paths = signal_paths(symbols, longest_path);
    std::vector<MarketFeed> plan;
    for (std::uint16_t feed = 1; feed <= feeds; ++feed) {
        for (std::size_t part = 0; part < paths.size(); ++part) {
            std::string name = "signal " + std::to_string(feed);
            if (part != 0) name += "." + std::to_string(part + 1);
            plan.push_back({std::move(name), paths[part], FeedKind::signal});
        }
    }
    plan.push_back({"marks", std::string{combined} + std::string{mark_prices}, FeedKind::marks});
    return plan;
}

std::string user_stream_path(std::string_view listen_key) {
    return "/ws/" + std::string{listen_key};
}

}  // namespace tranche::aster
