// The facts the engine keeps about the world, as plain rows: what records carry, what the status
// board shows and what a restart reads back. All rows have the same size, without padding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/numbers.hpp"

namespace tranche {

/// What the wire says about the side of a position: one-way mode only knows `both`.
enum class PositionLeg : std::uint8_t { both, long_side, short_side };

enum class OrderType : std::uint8_t {
    limit,
    market,
    stop,
    stop_market,
    take_profit,
    take_profit_market,
    trailing_stop_market,
    liquidation,
    unknown,
};
/// Conditional orders count against the exchange's limit of their own.
constexpr bool is_conditional(OrderType type) {
    return type == OrderType::stop || type == OrderType::stop_market ||
           type == OrderType::take_profit || type == OrderType::take_profit_market ||
           type == OrderType::trailing_stop_market;
}

enum class OrderStatus : std::uint8_t {
    none,
    created,  // NEW
    partially_filled,
    filled,
    canceled,
    expired,
    rejected,
    unknown,
};
constexpr bool is_terminal(OrderStatus status) {
    return status == OrderStatus::filled || status == OrderStatus::canceled ||
           status == OrderStatus::expired || status == OrderStatus::rejected;
}

enum class ExecutionType : std::uint8_t {
    created,
    trade,
    canceled,
    expired,
    calculated,
    amended,
    unknown,
};
enum class TimeInForce : std::uint8_t { gtc, ioc, fok, gtx };
enum class WorkingType : std::uint8_t { contract_price, mark_price };
enum class ForcedClose : std::uint8_t { none, liquidation, deleveraging };
enum class CommissionAsset : std::uint8_t { usdt, other };
enum class StreamCondition : std::uint8_t { open, lost, gap };
enum class AccountNoticeKind : std::uint8_t {
    margin_call,
    listen_key_expired,
    leverage_changed,
    multi_assets_changed,
    hedge_mode_changed,
    clock_offset_bad,
    clock_offset_good,
    storage_behind,   // what happens is not written down in time, or at all
    storage_current,  // it is again
};
enum class ReplyClass : std::uint8_t {
    accepted,
    rejected,   // for certain: it does not exist
    throttled,  // not processed
    banned,     // nothing passes until `retry_after`
    unknown,    // may exist
    not_sent,   // failed before the first byte left
};
/// `replace` gives a resting limit order another price and quantity; refused, it stays as it was.
/// `noop` voids the last attempt of an order that may still be on its way; it has no other effect.
enum class CommandKind : std::uint8_t { place, cancel, query, replace, noop };
/// Protective orders, closing orders and cancels go first; entries second; questions last.
enum class Lane : std::uint8_t { protective, entry, reconcile };
enum class ControlKind : std::uint8_t {
    pause,
    resume,
    flatten,
    drain,
    merge,
    close_position,
    setting,
};
/// Settings that take effect at once. None of them moves the exits of a tranche that is open.
enum class LiveSetting : std::uint8_t {
    tranche_increment,      // 1e-8
    tranche_merge_pnl,      // 1e-8
    max_tranches_per_side,  // a count
    max_total_exposure,     // 1e-8 USDT
    trigger_cooldown,       // ns
    threshold_long,         // of one symbol, as those that follow
    threshold_short,
    trade_value,
    max_position,
};

/// Source: reliability-model.md §0.
enum class Mode : std::uint8_t {
    boot,
    reconcile,
    protect_only,
    trading,
    drain,
    flatten,
    halt,
};

/// Why a liquidation was or was not traded. Each event gets exactly one.
enum class Verdict : std::uint8_t {
    entered,         // an order was decided
    not_configured,  // symbol without settings: shown, never traded
    duplicate,       // same event seen within 5 s
    malformed,       // no usable price or quantity
    below_threshold,
    cooling_down,
    entries_off,  // mode does not allow entries
    paused,
    symbol_not_trading,
    side_blocked,         // this side key is being reconciled or an order's fate is unknown
    no_book,              // no best bid and ask, or older than 2 s
    price_out_of_bounds,  // PERCENT_PRICE or PRICE_FILTER
    size_impossible,      // filters leave no quantity
    size_overshoot,       // max_size_overshoot_pct
    symbol_limit,         // max_position_usdt
    total_limit,          // max_total_exposure_usdt
    order_limit,          // open entry orders of the symbol
    conditional_limit,    // no room for a stop order
    tranche_limit,        // on_max_tranches = reject
    against_position,     // one-way mode, would reduce
    rate_governor,        // entries or notional per minute
    loss_governor,        // loss per hour or day, drawdown
    no_capacity,          // a table or ring of ours is full
    imported,             // taken over from the old bot, which kept no reason
};
inline constexpr std::size_t verdict_count = 24;

/// Life of an order on our side. Source: reference-behaviour.md §4.7.
enum class OrderState : std::uint8_t {
    sent,
    unknown,  // no verdict: may or may not exist
    working,
    partial,
    cancelling,
    filled,
    canceled,
    expired,
    rejected,
    dropped,  // never left the process
};
constexpr bool is_final(OrderState state) {
    return state >= OrderState::filled;
}

/// Life of a tranche. Source: reference-behaviour.md §4.7.
enum class TrancheState : std::uint8_t {
    pending,      // entry order live, nothing filled
    unprotected,  // an enabled protective order is missing
    protecting,   // being placed
    protected_,   // TP and SL, as enabled, work for exactly its quantity
    adjusting,    // being replaced after a change
    closing,      // a closing order is at work
    closed,
    merged,
    discarded,  // its entry ended without a fill
};
constexpr bool is_final(TrancheState state) {
    return state >= TrancheState::closed;
}

enum class CloseReason : std::uint8_t {
    none,
    take_profit,
    stop_loss,
    market_close,    // instant close, stop already breached
    operator_close,  // button, flatten
    unattributed,    // reduced by an order that is not ours
    liquidation,
    deleveraging,
    merged,
    vanished,  // the exchange says it is not there (reconciliation)
};

enum class AlarmKind : std::uint8_t {
    unprotected_too_long,
    order_unknown,
    protection_rejected,
    position_differs,
    clock_offset,
    credentials_refused,
    margin_call,
    forced_close,
    rate_limited,
    banned,
    user_stream_lost,
    market_stream_lost,
    stop_placed_at_limit,
    governor_tripped,
    adopted,
    foreign_epoch,
    entry_rejected,
    exchange_unreachable,
    control_refused,  // an operator's request that was not carried out
    size_overshoot,   // an order had to be larger than the settings ask for
    exit_removed,     // somebody else cancelled an exit of ours
    order_limit,      // the exchange takes no more orders, or a setting allows none
    position_mode,    // the account's is not that of the settings
    filters_doubted,  // the exchange refused an order for its tick, step or limits, twice
    agent_expires,    // the signer's permission to trade ends soon
    stream_gap,       // for so long (value, ms) no connection brought these streams; it is over
    answers_changed,  // the exchange's answers have another shape than the documented one
    storage,          // the database is behind, fails or runs out of room; the text says which
    records_lost,     // the journal was full: so many records (value) were not written down
};

inline constexpr std::size_t row_bytes = 232;

/// A liquidation and what came of it.
struct LiquidationRow {
    Nanos arrival_time;
    Nanos exchange_time;
    Nanos trade_time;
    Price price;
    Price average_price;
    Quantity quantity;
    Quantity filled;
    Notional value;           // quantity × average price (else price)
    std::int64_t window_sum;  // 1e-8 USDT or base units, as the settings say
    std::int64_t threshold;   // same unit
    TrancheId tranche;        // it entered into; else 0
    SymbolId symbol;
    Side side;        // of the forced order
    Side trade_side;  // ours, if it had been or was traded
    Verdict verdict;
    std::array<char, 24> name;  // symbol, also when it is not in the table; zero-filled
    std::array<std::byte, 119> reserved;
};

/// An order of ours: state after the change.
struct OrderRow {
    ClientOrderId id;
    std::int64_t order_id;  // the exchange's; 0 until known
    Price price;
    Price stop_price;
    Quantity quantity;
    Quantity filled;
    Price average_price;
    Nanos created;
    Nanos updated;
    Nanos sent;         // first byte handed to the kernel; 0 until known
    Nanos cause_time;   // arrival of the event that caused it
    std::int32_t code;  // last error code of the exchange; 0 for none
    SymbolId symbol;
    Side side;
    PositionSide position_side;
    OrderType type;
    TimeInForce time_in_force;
    OrderState state;
    WorkingType working_type;
    bool reduce_only;
    bool close_position;
    bool price_protect;
    std::uint8_t unused;
    std::array<std::byte, 120> reserved;
};

/// One trade of one of our orders, or one that changed a position of ours from outside.
struct FillRow {
    ClientOrderId id;  // zero when the order is not ours
    std::int64_t order_id;
    std::int64_t trade_id;  // 0: the exchange named none
    Quantity quantity;
    Price price;
    Notional commission;
    Notional realized;           // by our own cost basis of the tranche
    Notional exchange_realized;  // rp
    Nanos time;                  // trade time
    TrancheId tranche;
    SymbolId symbol;
    Side side;
    PositionSide position_side;
    Role role;
    bool maker;
    bool ours;
    CommissionAsset commission_asset;
    std::array<std::byte, 140> reserved;
};

/// A tranche: state after the change.
struct TrancheRow {
    TrancheId id;
    std::uint32_t episode;  // life of the side key from flat to flat
    std::uint32_t ordinal;  // within the episode, from 0
    SymbolId symbol;
    PositionSide side;
    TrancheState state;
    Quantity quantity;  // held now
    Notional cost;      // of what is held: Σ quantity × price
    Price entry;        // cost / quantity, to the nearest 1e-8
    Quantity entered;   // ever
    Quantity exited;    // ever
    Notional realized;  // before fees
    Notional fees;
    Price take_profit;  // trigger or limit price of the working order, 0 without
    Price stop_loss;
    std::int64_t take_profit_order;  // exchange ids, 0 without
    std::int64_t stop_loss_order;
    Nanos created;
    Nanos updated;
    Nanos closed;             // 0 while open
    Nanos unprotected_since;  // 0 while protected
    Nanos unprotected_total;
    Nanos unprotected_max;
    std::uint32_t entry_generation;        // last generation used, per role, so that
    std::uint32_t take_profit_generation;  // a restart never repeats a client order id
    std::uint32_t stop_loss_generation;
    std::uint32_t close_generation;
    CloseReason close_reason;
    bool adopted;  // made from a position we did not open
    std::array<std::byte, 62> reserved;
};

struct ModeRow {
    Mode from;
    Mode to;
    bool paused;
    std::array<char, 80> reason;  // zero-filled text
    std::array<std::byte, 149> reserved;
};

struct AlarmRow {
    AlarmKind kind;
    bool raised;  // false: it is over
    SymbolId symbol;
    TrancheId tranche;
    std::int64_t value;  // milliseconds, code or raw quantity, by kind
    std::array<char, 80> text;
    std::array<std::byte, 136> reserved;
};

struct BalanceRow {
    Notional wallet;
    Notional available;
    Notional unrealized;
    Notional realized_today;
    std::array<std::byte, 200> reserved;
};

/// Two tranches became one.
struct MergeRow {
    TrancheId kept;
    TrancheId absorbed;
    Quantity kept_quantity;  // before
    Quantity absorbed_quantity;
    Price kept_entry;
    Price absorbed_entry;
    Price entry;  // after
    SymbolId symbol;
    PositionSide side;
    std::uint8_t why;  // 0 automatic, 1 forced, 2 manual
    std::array<std::byte, 180> reserved;
};

static_assert(sizeof(LiquidationRow) == row_bytes && sizeof(OrderRow) == row_bytes &&
              sizeof(FillRow) == row_bytes && sizeof(TrancheRow) == row_bytes &&
              sizeof(ModeRow) == row_bytes && sizeof(AlarmRow) == row_bytes &&
              sizeof(BalanceRow) == row_bytes && sizeof(MergeRow) == row_bytes);

}  // namespace tranche
