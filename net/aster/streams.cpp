#include "net/aster/streams.hpp"

#include "core/require.hpp"
#include "core/symbols.hpp"
#include "net/aster/dialect.hpp"

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

/// The signal connections of one set.
class SignalPaths {
public:
    struct Path {
        std::string text;
        bool heartbeat;
    };

    SignalPaths(const Dialect& dialect, std::size_t longest)
        : dialect_{dialect}, longest_{longest} {}

    /// The first begins with the liquidations.
    std::vector<Path> plan(std::span<const std::string> symbols) {
        open(dialect_.market_streams, liquidations);
        if (!symbols.empty()) add(pulse_of(symbols.front()));
        paths_.back().heartbeat = !symbols.empty();
        bool begun = dialect_.one_market_address();
        for (const std::string& symbol : symbols) {
            const std::string stream = lower(symbol) + std::string{best_prices};
            if (begun && fits(stream))
                add(stream);
            else
                open_books(symbol, stream);
            begun = true;
        }
        return std::move(paths_);
    }

private:
    static std::string pulse_of(const std::string& symbol) {
        return lower(symbol) + std::string{heartbeat};
    }
    bool fits(const std::string& stream) const {
        return streams_ < dialect_.streams_per_connection &&
               paths_.back().text.size() + 1 + stream.size() <= longest_;
    }
    void open(std::string_view address, std::string_view stream) {
        paths_.push_back(
            {std::string{address} + std::string{combined} + std::string{stream}, false});
        streams_ = 1;
    }
    /// Where mark prices have an address of their own, best prices are heartbeat enough for a
    /// ping to watch over.
    void open_books(const std::string& symbol, const std::string& stream) {
        if (!dialect_.one_market_address()) return open(dialect_.book_streams, stream);
        open(dialect_.book_streams, pulse_of(symbol));
        paths_.back().heartbeat = true;
        add(stream);
    }
    void add(const std::string& stream) {
        paths_.back().text += '/' + stream;
        ++streams_;
    }

    const Dialect& dialect_;
    std::size_t longest_;
    std::vector<Path> paths_;
    std::size_t streams_{};
};

}  // namespace

std::vector<MarketFeed> market_feeds(std::span<const std::string> symbols, std::uint16_t feeds,
                                     std::size_t longest_path, Venue venue) {
    const Dialect& dialect = dialect_of(venue);
    const std::size_t longest_stream = max_symbol_name + heartbeat.size() + 1;
    require(longest_path >= dialect.market_streams.size() + combined.size() + liquidations.size() +
                                1 + 2 * longest_stream,
            "a path has room for a symbol and its heartbeat");
    const auto paths = SignalPaths{dialect, longest_path}.plan(symbols);
    std::vector<MarketFeed> plan;
    for (std::uint16_t feed = 1; feed <= feeds; ++feed) {
        for (std::size_t part = 0; part < paths.size(); ++part) {
            std::string name = "signal " + std::to_string(feed);
            if (part != 0) name += "." + std::to_string(part + 1);
            plan.push_back({std::move(name), paths[part].text, FeedKind::signal,
                            static_cast<std::uint16_t>(part), paths[part].heartbeat});
        }
    }
    for (std::uint16_t feed = 1; feed <= feeds; ++feed)
        plan.push_back(
            {"marks " + std::to_string(feed),
             std::string{dialect.market_streams} + std::string{combined} + std::string{mark_prices},
             FeedKind::marks, 0, true});
    return plan;
}

std::string user_stream_path(std::string_view listen_key, Venue venue) {
    const Dialect& dialect = dialect_of(venue);
    return std::string{dialect.user_stream} + std::string{listen_key} +
           std::string{dialect.user_events};
}

}  // namespace tranche::aster
