// What a restart reads back from journal and database before the exchange is asked.
#pragma once

#include <cstdint>
#include <vector>

#include "core/rows.hpp"

namespace tranche {

/// Newest state of every open tranche and live order, and what must never repeat.
struct Restored {
    std::uint32_t epoch{};               // of this start: already saved, larger than any before
    std::uint32_t next_tranche{1};       // smallest tranche id never used
    std::vector<TrancheRow> tranches;    // not final
    std::vector<OrderRow> orders;        // not final
    std::vector<FillRow> recent_fills;   // of the last 7 days: their trade ids are not new
    std::vector<LiquidationRow> window;  // newest volume window, oldest first
    struct EpisodeKey {
        SymbolId symbol;
        PositionSide side;
        std::uint32_t episode;
        std::uint32_t next_ordinal;
    };
    std::vector<EpisodeKey> episode_keys;
    Notional realized_today{};
    Notional fees_today{};
};

}  // namespace tranche
