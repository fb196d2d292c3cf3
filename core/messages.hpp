// Every struct that crosses a ring, in pipeline order: events, commands, records. What crosses a
// ring is trivially copyable, has no padding and fills whole cache lines, so that a run and its
// replay compare byte for byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/numbers.hpp"
#include "core/ring.hpp"
#include "core/rows.hpp"

namespace tranche {

template <class M>
concept Message =
    sizeof(M) % cache_line == 0 &&
    alignof(M) ==
        cache_line&& std::is_trivially_copyable_v<M>&& std::has_unique_object_representations_v<M>;

/// What a stream connection is for; receive stamps it on each frame.
enum class StreamKind : std::uint8_t { market, user };

// ---------------------------------------------------------------- events: into the engine

/// One forced order as the exchange announced it. The stream is a sample: at most one a symbol a
/// second. Source: exchange-protocol.md §2.1.
struct Liquidation {
    Nanos exchange_time;     // E: when it was pushed
    Nanos trade_time;        // T
    Price price;             // p: limit, near the bankruptcy price
    Price average_price;     // ap: 0 if nothing filled
    Quantity quantity;       // q: original
    Quantity last_quantity;  // l
    Quantity filled;         // z
    Side side;               // of the forced order: `sell` closes a long
    std::array<std::byte, 55> reserved;
};

/// Best bid and ask. Source: exchange-protocol.md §2.3.
struct BookTicker {
    Nanos exchange_time;
    Nanos trade_time;  // T; 0 when the venue leaves it out
    std::int64_t update_id;
    Price bid;
    Price ask;
    Quantity bid_quantity;
    Quantity ask_quantity;
    std::array<std::byte, 56> reserved;
};

/// Mark price tick. Source: exchange-protocol.md §2.2.
struct MarkPrice {
    Nanos exchange_time;
    Price mark;
    Price index;
    Ratio funding_rate;
    Nanos next_funding_time;
    std::array<std::byte, 72> reserved;
};

/// One execution report of the user stream. Source: exchange-protocol.md §3.3.
struct OrderUpdate {
    Nanos exchange_time;  // E
    Nanos trade_time;     // T
    std::int64_t order_id;
    std::int64_t trade_id;   // 0 when not a trade
    Quantity last_quantity;  // l
    Quantity filled;         // z: cumulative
    Price last_price;        // L
    Price average_price;     // ap
    Notional commission;     // n, positive when charged, in `commission_asset`
    Notional realized;       // rp, before fees
    ClientOrderId id;        // only meaningful when `ours`
    bool ours;
    Side side;
    PositionLeg leg;
    OrderType type;  // reads market once a stop has triggered
    OrderType original_type;
    ExecutionType execution;
    OrderStatus status;
    bool maker;
    ForcedClose forced;  // the exchange closed it, by its special client order ids
    CommissionAsset commission_asset;
    std::array<std::byte, 6> reserved;
};

/// A position as the exchange sees it; one entry of ACCOUNT_UPDATE or one row of positionRisk.
struct PositionUpdate {
    Nanos exchange_time;
    Quantity amount;  // signed: a short is negative, in hedge mode too
    Price entry_price;
    Price liquidation_price;  // 0 when the source does not say
    Notional unrealized;
    std::uint32_t generation;  // of the snapshot it belongs to; 0 from the stream
    std::uint16_t leverage;    // 0 when the source does not say
    PositionLeg leg;
    bool isolated;
    std::array<std::byte, 64> reserved;
};

/// Wallet of one margin asset.
struct BalanceUpdate {
    Nanos exchange_time;
    Notional wallet;
    Notional cross_wallet;
    Notional available;  // 0 and `has_available` false from the stream, which does not say
    CommissionAsset asset;
    bool has_available;
    std::array<std::byte, 78> reserved;
};

/// One row of the exchange's open orders, asked for during reconciliation.
struct OpenOrder {
    Nanos update_time;
    std::int64_t order_id;
    Price price;
    Price stop_price;
    Quantity quantity;
    Quantity filled;
    ClientOrderId id;  // only meaningful when `ours`
    std::uint32_t generation;
    bool ours;
    Side side;
    PositionLeg leg;
    OrderType type;
    OrderStatus status;
    bool reduce_only;
    bool close_position;
    std::array<std::byte, 37> reserved;
};

/// Begin and end of a REST snapshot: `begin`, then PositionUpdate, BalanceUpdate and OpenOrder
/// events of the same generation, then `end`. A failed snapshot means "unknown", never "nothing".
struct SnapshotMark {
    Nanos requested_at;  // nothing older than this may be overwritten by the snapshot
    std::uint32_t generation;
    bool begins;
    bool complete;  // at the end: every part arrived and was understood
    bool hedge_mode;
    std::array<std::byte, 97> reserved;
};

/// A stream came up, was lost, or may have missed something.
struct StreamChange {
    StreamKind stream;
    std::uint8_t connection;
    StreamCondition state;
    std::array<std::byte, 109> reserved;
};

/// Something about the account that is neither order nor position.
struct AccountNotice {
    Nanos exchange_time;
    AccountNoticeKind kind;
    bool flag;               // hedge mode, or multi-assets mode, now on
    std::uint16_t leverage;  // of the event's symbol
    std::array<std::byte, 100> reserved;
};

/// gateway → engine. The answer, or the lack of one, to one command.
/// Source of the classes: reliability-model.md §2.1.
struct Reply {
    std::uint64_t sequence;  // of the command
    Nanos exchange_time;     // updateTime; 0 without a body
    Nanos sent_at;           // first byte handed to the kernel; 0 if none was
    std::int64_t order_id;
    Quantity filled;
    Price average_price;
    Nanos retry_after;  // UTC, 0 when the exchange named none
    Price price;        // its limit as it stands; 0 when the answer does not say
    Quantity quantity;  // likewise, what is filled included
    ClientOrderId id;
    std::int32_t code;  // the exchange's error code; 0 for none
    std::uint16_t http_status;
    ReplyClass verdict;
    OrderStatus status;  // meaningful when accepted
    CommandKind command;
    std::array<std::byte, 15> reserved;
};

/// Somebody pressed a button, or the process was asked to stop.
struct Control {
    std::uint64_t request;  // the answer's record names it
    std::int64_t value;     // for a setting, in its own unit
    ControlKind kind;
    PositionSide side;
    std::uint16_t tranche_count;             // 0: the engine chooses which two to merge
    std::array<std::uint32_t, 16> tranches;  // ordinals, for merge
    LiveSetting setting;
    std::array<std::byte, 27> reserved;
};

/// The rules of a symbol as the exchange states them now. Source: exchange-protocol.md §4.3.
struct RulesUpdate {
    Price tick;
    Price min_price;
    Price max_price;
    Quantity step;
    Quantity min_quantity;
    Quantity max_quantity;
    Quantity market_step;
    Quantity market_min_quantity;
    Quantity market_max_quantity;
    Notional min_notional;
    Ratio multiplier_up;
    Ratio multiplier_down;
    std::uint16_t max_orders;
    std::uint16_t max_conditional_orders;
    bool trading;
    std::array<std::byte, 11> reserved;
};

/// Nothing happened but time.
struct Timer {
    std::array<std::byte, 112> reserved;
};

enum class EventKind : std::uint8_t {
    liquidation,
    book_ticker,
    mark_price,
    order_update,
    position_update,
    balance_update,
    open_order,
    snapshot_mark,
    stream_change,
    account_notice,
    reply,
    control,
    rules_update,
    timer,
};

/// Anything that can happen to the engine. `arrival_time` is the only time it knows.
struct alignas(cache_line) Event {
    Nanos arrival_time;  // UTC, stamped by receive when the last byte was read
    SymbolId symbol;     // `no_symbol` where none applies
    EventKind kind;
    std::array<std::byte, 5> reserved;
    union {
        Liquidation liquidation;
        BookTicker book_ticker;
        MarkPrice mark_price;
        OrderUpdate order_update;
        PositionUpdate position_update;
        BalanceUpdate balance_update;
        OpenOrder open_order;
        SnapshotMark snapshot_mark;
        StreamChange stream_change;
        AccountNotice account_notice;
        Reply reply;
        Control control;
        RulesUpdate rules_update;
        Timer timer;
    };
};
static_assert(Message<Event> && sizeof(Event) == 2 * cache_line);

// ---------------------------------------------------------------- commands: engine → gateway

/// One order to place, change, cancel or ask about. The gateway adds signature and time, nothing
/// else.
struct alignas(cache_line) Command {
    std::uint64_t sequence;  // counts from 1; the reply names it
    Nanos cause_time;        // arrival of the event that caused it, for tick-to-order latency
    Nanos decided_at;        // the engine's time
    Nanos deadline;          // not worth sending after this; 0 for never
    ClientOrderId id;
    std::int64_t order_id;  // cancel and query: the exchange's id if known, else 0
    Price price;            // 0 without a limit
    Price stop_price;       // 0 without a trigger
    Quantity quantity;      // 0 with close_position; to replace: what is filled included
    SymbolId symbol;
    CommandKind kind;
    Lane lane;
    Side side;
    PositionSide position_side;
    OrderType type;
    TimeInForce time_in_force;
    WorkingType working_type;
    bool reduce_only;
    bool close_position;
    bool price_protect;
    // A new entry that takes its exits with it, both for its own quantity; `attached_exit` is each
    // of them. The exchange places them once the entry is filled, in part or whole.
    std::uint32_t take_profit_generation;
    Price take_profit;
    Price stop_loss;
    std::uint32_t stop_loss_generation;
    OrderType take_profit_type;
    bool with_exits;
    std::array<std::byte, 10> reserved;
};
static_assert(Message<Command> && sizeof(Command) == 2 * cache_line);

/// The order that an entry with exits brings along for `role`: take-profit or stop-loss. Whether it
/// is reduce-only follows from the account's position mode, as for any exit.
constexpr Command attached_exit(const Command& entry, Role role) {
    const bool stops = role == Role::stop_loss;
    Command exit = entry;
    exit.id.role = role;
    exit.id.generation = stops ? entry.stop_loss_generation : entry.take_profit_generation;
    exit.deadline = {};
    exit.lane = Lane::protective;
    exit.side = opposite(entry.side);
    exit.type = stops ? OrderType::stop_market : entry.take_profit_type;
    exit.time_in_force = TimeInForce::gtc;
    const bool conditional = is_conditional(exit.type);
    const Price at = stops ? entry.stop_loss : entry.take_profit;
    exit.price = conditional ? Price{} : at;
    exit.stop_price = conditional ? at : Price{};
    exit.price_protect = conditional && entry.price_protect;
    exit.take_profit = exit.stop_loss = {};
    exit.take_profit_generation = exit.stop_loss_generation = 0;
    exit.take_profit_type = {};
    exit.with_exits = false;
    return exit;
}

// ---------------------------------------------------------------- records: engine → writer

enum class RecordKind : std::uint8_t {
    liquidation,
    order,
    fill,
    tranche,
    mode,
    alarm,
    balance,
    merge,
};

/// One fact, whole: a row's complete state after the change, so that the newest record of a row
/// is the row. The same stream feeds database, log and page. `check` is filled by the journal.
struct alignas(cache_line) Record {
    std::uint64_t sequence;  // counts from 1 in the life of a journal
    Nanos time;
    RecordKind kind;
    std::array<std::byte, 3> reserved;
    std::uint32_t check;
    union {
        LiquidationRow liquidation;
        OrderRow order;
        FillRow fill;
        TrancheRow tranche;
        ModeRow mode;
        AlarmRow alarm;
        BalanceRow balance;
        MergeRow merge;
    };
};
static_assert(Message<Record> && sizeof(Record) == 4 * cache_line);

}  // namespace tranche
