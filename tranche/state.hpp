// Everything the engine knows. One struct, so that the rules can live in files of their own; only
// the engine's thread touches it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/board.hpp"
#include "core/large_table.hpp"
#include "core/restored.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "tranche/orders.hpp"
#include "tranche/outbox.hpp"
#include "tranche/timers.hpp"
#include "tranche/window.hpp"

namespace tranche {

/// What retries need to know about one protective role of a tranche.
struct Attempts {
    std::uint8_t failures{};
    std::uint8_t removals{};  // cancelled by others since `removed_since`
    bool given_up{};          // somebody else does not want it there: no more until resumed
    Nanos not_before;         // next try
    Nanos removed_since;
};

/// Exits of one fill, beside the tranche's own (`enable_order_consolidation` off).
struct ExitPair {
    OrderSlot stop_loss{no_slot};
    OrderSlot take_profit{no_slot};
    Quantity quantity;  // still held of that fill
};

/// Pairs beside the first that `max_orders_per_tranche` (at most 20) leaves room for.
inline constexpr std::size_t most_pairs = 9;

/// What every event of a tranche reads or writes: the row and its working orders. At most one order
/// of a role is the current one.
struct alignas(cache_line) TrancheCore {
    TrancheRow row;
    OrderSlot take_profit{no_slot};
    OrderSlot stop_loss{no_slot};
    OrderSlot close{no_slot};
    std::uint16_t live_entries{};
    std::uint8_t retiring_count{};
    std::uint8_t pair_count{};
    CloseReason closing_for{CloseReason::none};
    bool live{};     // slot in use
    bool alarmed{};  // "unprotected too long" was raised
    bool changed{};  // since the event's records were written
    bool unshown{};  // since the board was written
    bool crowded{};  // a pair found no room and that was said
    bool dust{};     // the exchange takes no order for so little; until the quantity changes
    Attempts take_profit_attempts;
    Attempts stop_loss_attempts;
    Attempts close_attempts;
    Nanos crossed_since;       // mark has been beyond the take-profit since; 0 while it is not
    Nanos adjusted_at;         // newest replacement of the stop, to coalesce small fills
    Price stop_wanted;         // of its entry; recomputed when that changes
    Price take_profit_wanted;  // likewise
};

/// A tranche, with what is empty most of the time: orders that are being replaced, cancelled once
/// their successor works, and pairs. Beyond their counts the arrays hold what was there before.
struct Tranche : TrancheCore {
    std::array<OrderSlot, 8 + 2 * most_pairs> retiring{};  // on their way out, by rule
    std::array<ExitPair, most_pairs> pairs{};

    /// What the tranche's own exits are for: all it holds, less what its pairs cover.
    Quantity own_quantity() const {
        Quantity own = row.quantity;
        for (std::size_t i = 0; i < pair_count; ++i) own -= pairs[i].quantity;
        return own;
    }
};

/// Most tranches a side key can hold: the setting's limit plus adopted ones.
inline constexpr std::size_t tranches_per_side = 64;

/// One symbol and side: its tranches from flat to flat, and what the exchange says it holds.
/// What an entry decision needs comes first; the arrays are in the order of the ordinals, so that
/// a rule over all tranches of a side reads one or two lines instead of one tranche after another.
struct alignas(cache_line) SideBook {
    Quantity quantity;           // Σ of the tranches
    Notional cost;               // likewise
    Quantity exchange_quantity;  // unsigned, newest word of the exchange
    Nanos differs_since;         // our sum and the exchange's differ since; 0 while they agree
    Nanos last_fill;             // newest local evidence of a change
    OrderSlot backstop{no_slot};
    std::uint16_t count{};
    std::uint16_t unknown_orders{};
    std::uint16_t alarmed{};  // tranches whose stop has been missing for too long
    std::uint16_t crossed{};  // tranches whose take-profit the mark price is beyond
    std::uint32_t next_ordinal{};
    Price merge_from;  // before this mark no two profit enough to be merged; 0: not known

    alignas(cache_line) Attempts backstop_attempts;
    Price backstop_beyond;  // worst stop the backstop was placed for
    Price backstop_within;  // liquidation price, likewise
    Price exchange_entry;
    Quantity foreign_opened;  // by somebody else, told by trades, not adopted yet
    Price liquidation_price;
    Nanos exchange_time;  // of the exchange's newest word
    Nanos pushed_at;      // arrival of the newest push; 0 for none
    Nanos surplus_since;  // the exchange holds more than the tranches; 0 while it does not
    OrderSlot lost_backstop{no_slot};  // of unknown fate; another stands for it
    std::uint32_t episode{};
    std::uint16_t pending{};  // tranches that wait for their first fill
    std::uint8_t differing_snapshots{};
    bool in_snapshot{};
    bool overruled{};  // the newest snapshot's row was older than what had been pushed

    /// Somebody else's part, that no tranche has: by the position, or by trades before it is told.
    bool has_surplus() const { return exchange_quantity > quantity || foreign_opened.positive(); }

    alignas(cache_line) std::array<TrancheSlot, tranches_per_side> tranches{};
    alignas(cache_line) std::array<Price, tranches_per_side> stops{};    // where each one's stop
                                                                         // belongs; 0 for none
    alignas(cache_line) std::array<Price, tranches_per_side> targets{};  // take-profits to be
                                                                         // watched; 0 for none
};
static_assert(offsetof(SideBook, backstop_attempts) == cache_line &&
                  offsetof(SideBook, tranches) == 3 * cache_line,
              "what an event reads of a side are its first lines and the first of each array");

/// The marks at which there is nothing to do, as one comparison: what lies below the first wraps
/// around to far above.
class QuietRange {
public:
    constexpr QuietRange() = default;
    /// Strictly between the two; empty when they leave nothing.
    constexpr QuietRange(Price above, Price below)
        : first_{above.raw + 1},
          width_{below.raw > first_ ? static_cast<std::uint64_t>(below.raw - first_) : 0} {}
    static constexpr QuietRange never() { return {Price{}, Price{}}; }
    /// What remains of it when there is one more mark that is not quiet, and all beyond it.
    constexpr QuietRange above(Price limit) const {
        return {std::max(limit, Price{first_ - 1}), Price{end()}};
    }
    constexpr QuietRange below(Price limit) const {
        return {Price{first_ - 1}, std::min(limit, Price{end()})};
    }
    constexpr bool contains(Price mark) const {
        return static_cast<std::uint64_t>(mark.raw) - static_cast<std::uint64_t>(first_) < width_;
    }

private:
    constexpr std::int64_t end() const { return first_ + static_cast<std::int64_t>(width_); }

    std::int64_t first_{1};
    std::uint64_t width_{INT64_MAX - 1};
};

static_assert(!QuietRange::never().above(Price{5}).contains(Price{6}) &&
                  !QuietRange::never().below(Price{5}).contains(Price{4}) &&
                  QuietRange{}.above(Price{5}).below(Price{9}).contains(Price{6}) &&
                  !QuietRange{}.above(Price{5}).below(Price{9}).contains(Price{5}) &&
                  !QuietRange{}.above(Price{5}).below(Price{9}).contains(Price{9}),
              "a range only narrows");

/// All that a book ticker or a mark price touches: one line a symbol, side by side.
struct alignas(cache_line) SymbolPrices {
    Price bid;
    Price ask;
    Nanos book_time;  // 0 without a usable book
    Price mark;
    Nanos mark_time;
    QuietRange quiet;
    bool unshown{};  // something of the symbol changed since the board was written
    bool differs{};  // a side's tranches and its position did when it was last shown
};
static_assert(sizeof(SymbolPrices) == cache_line, "a tick touches one line of the engine's state");

/// One configured symbol, without its prices.
struct SymbolState {
    /// `volumes` is where its window keeps what it counts.
    SymbolState(const SymbolRules& with_rules, const SymbolSettings& with_settings, Nanos span,
                std::span<VolumeWindow::Entry> volumes);

    std::array<SideBook, 2> sides;
    VolumeWindow window;
    Nanos cooling_until;
    Nanos entries_off_until;         // margin refused and the like
    std::uint8_t filter_refusals{};  // since the rules were read
    bool rules_doubted{};            // entries stay off until they are read again
    bool closed{};                   // it refused an order for being closed, likewise
    bool overshoot_told{};           // an order had to be larger than asked for
    Notional used_margin;
    Notional reserved_margin;
    OrderSlot first_entry{no_slot};  // live entry orders, a list through the order table
    std::uint16_t live_entries{};
    std::uint16_t live_conditionals{};  // orders that count against the exchange's own limit
    std::uint16_t leverage{};
    bool isolated{};
    Verdict last_verdict{};
    Nanos last_liquidation;
    std::uint64_t liquidations{};
    std::uint64_t entries{};
    Nanos merge_checked;
    SymbolRules rules;
    SymbolSettings settings;
    Nanos plain_entries_until;  // the exchange takes none with exits
};

/// Sums over fixed spans, for the governors. Buckets of `Width` nanoseconds, a constant, so that
/// finding the bucket is a multiplication.
template <std::size_t Buckets, std::int64_t Width> struct RollingSum {
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
    void forget() { sums.fill(0); }

private:
    void advance(Nanos now) {
        const std::int64_t wanted = now.count / Width;
        if (wanted - newest >= static_cast<std::int64_t>(Buckets)) {
            sums.fill(0);
            newest = wanted;
        }
        while (newest < wanted) sums[static_cast<std::size_t>(++newest) % Buckets] = 0;
    }
};

using MinuteSum = RollingSum<60, seconds(1).count>;
using HourSum = RollingSum<60, seconds(60).count>;

struct Governors {
    MinuteSum entries;
    MinuteSum notional;
    MinuteSum refused_entries;  // by the two above
    bool told{};                // that one of them refuses
    HourSum hour_result;
    std::int64_t day{};  // UTC day of `day_result`
    Notional day_result;
    Notional result;  // since start
    Notional best_result;
};

/// Why trading only comes back when an operator says so (reliability-model.md, rows marked †); the
/// more severe come later.
enum class Hold : std::uint8_t {
    none,
    rate_governor,
    loss_governor,
    margin_call,
    forced_close,
    banned,
    position_mode,
    credentials,       // from here on nothing leaves any more
    younger_instance,  // another process sends orders on this account
};
constexpr bool halts(Hold hold) {
    return hold >= Hold::credentials;
}

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
    LargeTable<SymbolPrices> prices;  // of configured symbols, by id
    LargeTable<SymbolState> symbols;  // likewise
    LargeTable<Tranche> tranches;
    std::vector<TrancheSlot> free_tranches;
    OrderTable orders;
    LargeTable<VolumeWindow::Entry> volumes;  // of all symbols' windows
    Timers timers;  // by order slot, tranche slot, side: when to look at it again
    SeenTrades trades;
    Governors governors;
    RecentLiquidations recent_liquidations;
    std::vector<TrancheSlot> changed_tranches;  // recorded once, at the end of the event
    std::vector<TrancheSlot> unshown_tranches;  // written to the board by the next timer
    std::vector<OrderSlot> unshown_orders;
    Streams streams;
    std::uint32_t differing{};  // symbols with `SymbolPrices::differs`
    EngineBoardRow totals{};    // counters and mode; written to the board when they change
    Nanos now;                  // arrival time of the event at hand
    std::uint32_t epoch{};
    std::uint32_t next_tranche{1};
    std::uint32_t first_tranche{1};   // of this run; what it was restored with is older
    LargeTable<std::uint8_t> opened;  // by this run, from `first_tranche` on: not to be given back
    std::uint32_t next_backstop{1};
    std::uint64_t next_sequence{1};
    Hold hold{Hold::none};
    bool hedge_mode{};
    bool paused{};
    bool drain_wanted{};
    bool flatten_wanted{};
    bool clock_bad{};
    bool storage_behind{};  // what happens is not written down in time
    MinuteSum clock_refusals;
    Nanos clock_doubted_until;
    // Learnt from a refusal: all closing stops of a side together may not exceed its position.
    bool stops_share_position{};
    std::vector<std::array<Notional, 2>> foreign_margin;  // by listed symbol: not traded by us
    Nanos throttled_told;  // newest alarm about the exchange's limits
    bool snapshot_open{};
    bool reconciled{};
    std::uint32_t snapshot_generation{};
    Nanos snapshot_requested;  // the request time of the one being received
    Nanos next_snapshot;       // after one that did not agree; 0 for none
    Nanos snapshot_pause;
    Nanos banned_until;
    SymbolPrices& price(SymbolId id) { return prices[index(id)]; }
    SymbolState& symbol(SymbolId id) { return symbols[index(id)]; }
    SideBook& side(SymbolId id, PositionSide which) { return symbol(id).sides[index(which)]; }
    SideBook& side_of(const Tranche& t) { return side(t.row.symbol, t.row.side); }
    std::uint32_t timer_of_tranche(TrancheSlot slot) const {
        return static_cast<std::uint32_t>(orders.capacity()) + slot;
    }
    std::uint32_t timer_of_side(SymbolId id, PositionSide which) const {
        return static_cast<std::uint32_t>(orders.capacity() + tranches.size() + 2 * index(id) +
                                          index(which));
    }
};

/// Most orders the engine can hold for these settings, beside those it was restored with.
std::size_t order_capacity(const EngineSettings& settings);
/// Most tranches at one time, likewise.
std::size_t tranche_capacity(const EngineSettings& settings);

/// Counts an order that may be filled from now on, or no longer.
void order_begins(EngineState& state, OrderSlot slot);
void order_ends(EngineState& state, OrderSlot slot);

/// Puts an order's state on record now, a tranche's at the end of the event; both on the board
/// with the next timer.
void record_order(EngineState& state, OrderSlot slot, Outbox& out);
void record_tranche(EngineState& state, TrancheSlot slot);
/// At once, for a tranche that others refer to in the same event, or that ends.
void record_tranche_now(EngineState& state, TrancheSlot slot, Outbox& out);
void record_changed_tranches(EngineState& state, Outbox& out);
void record_alarm(EngineState& state, AlarmKind kind, bool raised, SymbolId symbol,
                  TrancheId tranche, std::int64_t value, std::string_view text, Outbox& out);
/// A figure from outside that cannot be true: nothing is computed with it, a snapshot decides.
void refuse_figures(EngineState& state, SymbolId symbol, Outbox& out);
/// A symbol's row, or orders, tranches and totals that changed, onto the board.
void show_symbol(EngineState& state, SymbolId id);
void show_changes(EngineState& state);

}  // namespace tranche
