// Everything the engine knows. One struct, so that the rules can live in files of their own; only
// the engine's thread touches it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/board.hpp"
#include "core/restored.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "tranche/orders.hpp"
#include "tranche/outbox.hpp"
#include "tranche/window.hpp"

namespace tranche {

/// What retries need to know about one protective role of a tranche.
struct Attempts {
    std::uint8_t failures{};
    Nanos not_before;  // next try
};

/// A tranche and its working orders. At most one order of a role is the current one; older ones
/// that are being replaced are found through the order table and cancelled once it works.
struct Tranche {
    TrancheRow row;
    OrderSlot take_profit{no_slot};
    OrderSlot stop_loss{no_slot};
    OrderSlot close{no_slot};
    std::array<OrderSlot, 8> retiring{};  // replaced or inherited exits, cancelled by rule
    std::uint8_t retiring_count{};
    std::uint16_t live_entries{};
    Attempts take_profit_attempts;
    Attempts stop_loss_attempts;
    Attempts close_attempts;
    Nanos crossed_since;  // mark has been beyond the take-profit since; 0 while it is not
    Nanos adjusted_at;    // newest replacement of the stop, to coalesce small fills
    CloseReason closing_for{CloseReason::none};
    bool live{};     // slot in use
    bool alarmed{};  // "unprotected too long" was raised
};

/// Most tranches a side key can hold: the setting's limit plus adopted ones.
inline constexpr std::size_t tranches_per_side = 64;

/// One symbol and side: its tranches from flat to flat, and what the exchange says it holds.
struct SideBook {
    std::array<TrancheSlot, tranches_per_side> tranches{};  // in the order of their ordinals
    std::uint16_t count{};
    std::uint32_t episode{};
    std::uint32_t next_ordinal{};
    OrderSlot backstop{no_slot};
    Attempts backstop_attempts;
    Quantity exchange_quantity;  // unsigned, newest word of the exchange
    Price exchange_entry;
    Price liquidation_price;
    Nanos exchange_time;  // of that word
    Nanos pushed_at;      // arrival of the newest push; 0 for none
    Nanos last_fill;      // newest local evidence of a change
    Nanos differs_since;  // our sum and the exchange's differ since; 0 while they agree
    std::uint8_t differing_snapshots{};
    bool in_snapshot{};
    std::uint16_t unknown_orders{};
};

/// One configured symbol, hot fields first: a mark tick or a book ticker touches the first lines.
struct SymbolState {
    SymbolState(const SymbolRules& with_rules, const SymbolSettings& with_settings, Nanos span);

    Price bid;
    Price ask;
    Nanos book_time;
    Price mark;
    Nanos mark_time;
    Nanos merge_checked;
    std::array<SideBook, 2> sides;
    SymbolRules rules;
    SymbolSettings settings;
    VolumeWindow window;
    // The stream carries at most one a second and symbol; this bears eight copies of that.
    RecentLiquidations recent{48};
    Nanos cooling_until;
    Nanos entries_off_until;  // margin refused and the like
    Notional used_margin;
    Notional reserved_margin;
    std::uint16_t live_entries{};
    std::uint64_t liquidations{};
    std::uint64_t entries{};
    Nanos last_liquidation;
    Verdict last_verdict{};
    std::uint16_t leverage{};
    bool isolated{};
};

/// Sums over fixed spans, for the governors. One bucket a second or minute.
template <std::size_t Buckets> struct RollingSum {
    Nanos width;  // of one bucket
    std::array<std::int64_t, Buckets> sums{};
    std::int64_t newest{};  // index of the newest bucket's time

    std::int64_t total(Nanos now) {
        advance(now);
        std::int64_t sum = 0;
        for (const std::int64_t bucket : sums) sum += bucket;
        return sum;
    }
    void add(Nanos now, std::int64_t value) {
        advance(now);
        sums[static_cast<std::size_t>(newest) % Buckets] += value;
    }

private:
    void advance(Nanos now) {
        const std::int64_t wanted = now.count / width.count;
        if (wanted - newest >= static_cast<std::int64_t>(Buckets)) {
            sums.fill(0);
            newest = wanted;
        }
        while (newest < wanted) sums[static_cast<std::size_t>(++newest) % Buckets] = 0;
    }
};

struct Governors {
    RollingSum<60> entries{seconds(1)};
    RollingSum<60> notional{seconds(1)};
    RollingSum<60> hour_result{seconds(60)};
    std::int64_t day{};  // UTC day of `day_result`
    Notional day_result;
    Notional result;  // since start
    Notional best_result;
};

struct Streams {
    std::uint16_t market_open{};
    std::uint16_t user_open{};
    Nanos user_gap_at;  // newest moment at which events of the user stream may have been missed
};

struct EngineState {
    EngineState(EngineSettings with, const SymbolTable& names, StatusBoard& show,
                const Restored& restored);

    EngineSettings settings;
    const SymbolTable& table;
    StatusBoard& board;
    std::vector<SymbolState> symbols;  // configured ones, by id
    std::vector<Tranche> tranches;
    std::vector<TrancheSlot> free_tranches;
    OrderTable orders;
    std::vector<Nanos> order_due;    // by slot: when to look at it again; 0 for never
    std::vector<Nanos> tranche_due;  // likewise
    SeenTrades trades;
    Governors governors;
    RecentLiquidations unconfigured_recent{512};  // shown, never traded; still only once
    Streams streams;
    EngineBoardRow totals{};  // counters and mode; written to the board when they change
    Nanos now;                // arrival time of the event at hand
    std::uint32_t epoch{};
    std::uint32_t next_tranche{1};
    std::uint32_t next_backstop{1};
    std::uint64_t next_sequence{1};
    bool hedge_mode{};
    bool paused{};
    bool drain_wanted{};
    bool flatten_wanted{};
    bool clock_bad{};
    bool snapshot_open{};
    bool reconciled{};
    std::uint32_t snapshot_generation{};
    Nanos snapshot_requested;  // the request time of the one being received
    Nanos banned_until;
    Nanos next_shown;  // board rows of symbols whose prices moved

    SymbolState& symbol(SymbolId id) { return symbols[index(id)]; }
    SideBook& side(SymbolId id, PositionSide which) { return symbol(id).sides[index(which)]; }
    SideBook& side_of(const Tranche& t) { return side(t.row.symbol, t.row.side); }
};

/// Most orders the engine can hold for these settings, beside those it was restored with.
std::size_t order_capacity(const EngineSettings& settings);
/// Most tranches at one time, likewise.
std::size_t tranche_capacity(const EngineSettings& settings);

/// Puts an order's or tranche's state on record and on the board.
void record_order(EngineState& state, OrderSlot slot, Outbox& out);
void record_tranche(EngineState& state, TrancheSlot slot, Outbox& out);
void record_alarm(EngineState& state, AlarmKind kind, bool raised, SymbolId symbol,
                  TrancheId tranche, std::int64_t value, std::string_view text, Outbox& out);
/// A figure from outside that cannot be true: nothing is computed with it, a snapshot decides.
void refuse_figures(EngineState& state, SymbolId symbol, Outbox& out);
/// Symbol row and totals onto the board.
void show_symbol(EngineState& state, SymbolId id);
void show_totals(EngineState& state);

}  // namespace tranche
