// What of the liquidations reaches the wire: the newest a symbol in each interval.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/exchange/market.hpp"

namespace tranche::exchange {

/// The snapshot semantics of the forceOrder stream (exchange-protocol.md §2.1 and §10.5), aligned
/// to the whole second: older liquidations of the interval are overwritten and never seen.
class ForceOrderPublisher {
public:
    static constexpr std::int64_t interval_ms = 1000;

    explicit ForceOrderPublisher(std::size_t symbols) : newest_(symbols) {}

    void add(const Liquidation& liquidation) { newest_[liquidation.symbol] = liquidation; }

    /// Appends what is due at `now_ms`: everything held, once each time a whole second has passed.
    void flush(std::int64_t now_ms, std::vector<Liquidation>& out);

private:
    std::vector<std::optional<Liquidation>> newest_;
    std::int64_t interval_{-1};
};

}  // namespace tranche::exchange
