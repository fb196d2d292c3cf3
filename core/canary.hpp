// Seeded bugs: does the simulation bite? Each is a mistake that somebody could make, planted where
// it would be made: `if (planted(Canary::half_stop)) …`. In every normal build `planted` is false
// at compile time and nothing of them is left. Only the program tranche-canaries takes the other
// variant of core/planted.hpp, where one can be chosen: `tranche-canaries sim --canary half_stop`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tranche {

enum class Canary : std::uint8_t {
    none,
    // the gateway, its budget and its answers
    retry_on_503,               // although the order may exist
    starve_protection,          // the protective lane waits for all others
    server_error_is_rejection,  // 503 read as "it does not exist"
    late_entry_leaves,          // an entry leaves after its deadline
    ignore_ban,                 // requests go on after 418
    // what surrounds the engine
    drop_when_ring_full,       // events without room are lost
    reuse_epoch,               // a restart keeps the epoch
    failed_snapshot_is_empty,  // an audit that failed says that nothing is held
    memory_forgets_orders,     // a restart without its open orders
    memory_forgets_tranches,   // a restart without its open tranches
    lost_record,               // one fill in eight is not journaled
    // orders
    absent_at_once,               // one -2013 proves that an order never was
    unknown_order_is_cancelled,   // -2011 on a cancel read as "it is cancelled"
    no_ttl,                       // entries rest for ever
    one_way_without_reduce_only,  // exits may open
    keep_reservation,             // the margin of an entry is never given back
    cap_ignores_inflight,         // limits count what is filled only
    float_quantity,               // a quantity goes through a binary fraction
    stale_book,                   // prices are taken from a book of any age
    enter_while_reconciling,      // entries before positions agree
    window_counts_twice,          // each liquidation is counted twice
    // fills
    dedup_by_order_id,       // trades told apart by their order
    forget_trades,           // only the newest trade is remembered
    ignore_late_fill,        // a fill after the order ended is not booked
    count_reply_and_stream,  // a fill counts by its answer and by its report
    take_profit_as_entry,    // a closing fill increases
    wrong_tranche_reduced,   // an exit reduces another tranche than its own
    unprotected_partial,     // a partial fill waits for the rest
    // tranches and their protection
    half_stop,               // a stop for half the quantity
    no_backstop,             // it is never placed
    cancel_before_place,     // the old stop goes before the new one works
    second_stop_kept,        // the old stop never goes
    flip_on_double_trigger,  // a close of twice the quantity that nothing clamps
    keep_orphan_stop,        // exits of a tranche that is over stay
    merge_loses_quantity,    // of the absorbed tranche, one step
    reuse_ordinal,           // two tranches of a side with one ordinal
    adopt_one_step_less,     // than the exchange holds
    old_snapshot_wins,       // over a push that is newer
};
inline constexpr std::size_t canary_count = 39;
inline constexpr std::array<std::string_view, canary_count> canary_names{
    "none",
    "retry_on_503",
    "starve_protection",
    "server_error_is_rejection",
    "late_entry_leaves",
    "ignore_ban",
    "drop_when_ring_full",
    "reuse_epoch",
    "failed_snapshot_is_empty",
    "memory_forgets_orders",
    "memory_forgets_tranches",
    "lost_record",
    "absent_at_once",
    "unknown_order_is_cancelled",
    "no_ttl",
    "one_way_without_reduce_only",
    "keep_reservation",
    "cap_ignores_inflight",
    "float_quantity",
    "stale_book",
    "enter_while_reconciling",
    "window_counts_twice",
    "dedup_by_order_id",
    "forget_trades",
    "ignore_late_fill",
    "count_reply_and_stream",
    "take_profit_as_entry",
    "wrong_tranche_reduced",
    "unprotected_partial",
    "half_stop",
    "no_backstop",
    "cancel_before_place",
    "second_stop_kept",
    "flip_on_double_trigger",
    "keep_orphan_stop",
    "merge_loses_quantity",
    "reuse_ordinal",
    "adopt_one_step_less",
    "old_snapshot_wins",
};
static_assert(canary_names[static_cast<std::size_t>(Canary::old_snapshot_wins)] ==
              canary_names.back());

}  // namespace tranche

#include "core/planted.hpp"  // found in core/variants/normal or core/variants/canaries
