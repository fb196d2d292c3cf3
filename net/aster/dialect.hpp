// In what one venue differs from another where the shapes agree. A venue is a row here and a
// column of the paths in endpoints.hpp. Source: exchange-protocol.md §1, §13.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/settings.hpp"

namespace tranche::aster {

struct Dialect {
    std::string_view book_streams;    // in front of `/stream`, for best prices
    std::string_view market_streams;  // in front of `/stream`, for liquidations and mark prices
    std::string_view user_stream;     // in front of the listen key
    std::string_view user_events;     // behind it
    std::size_t streams_per_connection{};
    /// Orders with a trigger live in a service of their own until it fires: other paths, other
    /// names of the same members, ALGO_UPDATE instead of ORDER_TRADE_UPDATE.
    bool conditionals_apart{};
    bool replace_names_side{};  // a change of an order repeats its side

    /// Whether one connection can bring best prices and liquidations.
    constexpr bool one_market_address() const { return book_streams == market_streams; }
};

inline constexpr Dialect aster_dialect{.book_streams = "",
                                       .market_streams = "",
                                       .user_stream = "/ws/",
                                       .user_events = "",
                                       .streams_per_connection = 200,
                                       .conditionals_apart = false,
                                       .replace_names_side = false};

/// Without the list of events some never come: it is what is wanted, not a hint.
inline constexpr Dialect binance_dialect{
    .book_streams = "/public",
    .market_streams = "/market",
    .user_stream = "/private/ws?listenKey=",
    .user_events =
        "&events=ORDER_TRADE_UPDATE/ALGO_UPDATE/ACCOUNT_UPDATE/ACCOUNT_CONFIG_UPDATE/"
        "MARGIN_CALL/listenKeyExpired",
    .streams_per_connection = 1024,
    .conditionals_apart = true,
    .replace_names_side = true};

constexpr const Dialect& dialect_of(Venue venue) {
    switch (venue) {
        case Venue::aster: return aster_dialect;
        case Venue::binance: return binance_dialect;
    }
    return aster_dialect;
}

}  // namespace tranche::aster
