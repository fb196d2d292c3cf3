// The status board: what the engine shows to whoever looks, row by row, at the price of the rows
// that changed. The engine writes, the low-priority side reads; neither waits.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/histogram.hpp"
#include "core/rows.hpp"
#include "core/snapshot.hpp"

namespace tranche {

/// A symbol as the engine sees it now.
struct SymbolBoardRow {
    Price bid;
    Price ask;
    Price mark;
    Nanos book_time;  // arrival of the newest book ticker; 0 for never
    Nanos mark_time;
    Nanos last_liquidation_time;
    std::int64_t window_buy;   // liquidated volume in the window by side of the forced orders,
    std::int64_t window_sell;  // 1e-8 USDT or base units as the settings say
    std::uint64_t liquidations;
    std::uint64_t entries;
    Notional used_margin;                 // of open tranches
    Notional reserved_margin;             // of live entry orders
    std::array<Quantity, 2> position;     // by PositionSide, as the exchange last said, unsigned
    std::array<Price, 2> position_entry;  // the exchange's average
    std::array<Price, 2> liquidation_price;
    std::array<Nanos, 2> position_time;
    std::uint16_t leverage;
    Verdict last_verdict;
    bool isolated;
    std::array<bool, 2> reconciling;
    std::array<std::uint8_t, 2> open_tranches;
};

/// The engine as a whole.
struct EngineBoardRow {
    Mode mode;
    bool paused;
    bool hedge_mode;
    bool market_stream_up;
    bool user_stream_up;
    bool reconciled;  // the newest snapshot agreed with us
    std::array<std::byte, 2> reserved;
    Nanos started;
    Nanos now;  // arrival time of the newest event
    Nanos last_reconcile;
    Nanos mode_since;
    std::array<char, 80> mode_reason;
    std::uint64_t events;
    std::uint64_t liquidations;
    std::array<std::uint64_t, verdict_count> verdicts;
    std::uint64_t triggers;  // liquidations at or above their threshold
    std::uint64_t orders_sent;
    std::uint64_t orders_accepted;
    std::uint64_t orders_rejected;
    std::uint64_t orders_unknown;  // ever
    std::uint64_t unknown_now;
    std::uint64_t fills;
    std::uint64_t tranches_opened;
    std::uint64_t tranches_closed;
    std::uint64_t tranches_merged;
    std::uint64_t open_tranches;
    std::uint64_t unprotected_now;
    std::uint64_t position_differences;
    std::uint64_t duplicates;  // events dropped because they had been seen
    Nanos unprotected_max;     // longest a tranche was without its stop
    Notional wallet;
    Notional available;
    Notional realized;  // since start of the day, UTC, before fees
    Notional fees;
    Notional used_margin;
    Notional reserved_margin;
};

/// An order or tranche in its slot; `live` false once it is final.
struct OrderBoardRow {
    OrderRow order;
    std::uint64_t live;
};
struct TrancheBoardRow {
    TrancheRow tranche;
    std::uint64_t live;
};

/// Fixed capacity, made at start. Slots of finished rows are used again.
struct StatusBoard {
    StatusBoard(std::size_t symbol_capacity, std::size_t tranche_capacity,
                std::size_t order_capacity)
        : symbols(symbol_capacity), tranches(tranche_capacity), orders(order_capacity) {}

    Snapshot<EngineBoardRow> engine;
    std::vector<Snapshot<SymbolBoardRow>> symbols;  // index: SymbolId of configured symbols
    std::vector<Snapshot<TrancheBoardRow>> tranches;
    std::vector<Snapshot<OrderBoardRow>> orders;
    Histogram unprotected;  // nanoseconds from fill to a live stop, one sample a time
};

}  // namespace tranche
