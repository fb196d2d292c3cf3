// Tranches of a side key: opening, filling, reducing, closing, merging. Quantities and cost are
// changed here and nowhere else.
#pragma once

#include <string_view>

#include "tranche/state.hpp"

namespace tranche {

/// A new tranche in state pending, at the end of its side. A flat side starts a new episode.
/// `no_slot` when a table is full. It is given the next id, unless it is to have a certain one.
TrancheSlot open_tranche(EngineState& state, SymbolId symbol, PositionSide which, bool adopted,
                         Outbox& out, TrancheId id = no_tranche);

/// Where the tranche's own exits belong after a fill.
enum class Exits : std::uint8_t { from_average, as_they_are };

/// Adds a filled quantity. `quantity` > 0.
void add_fill(EngineState& state, TrancheSlot slot, Quantity quantity, Price price, Exits exits);

/// Takes a filled quantity out, at most what is held; returns what was realised, before fees.
Notional take_fill(EngineState& state, TrancheSlot slot, Quantity quantity, Price price);

/// Ends a tranche that holds nothing: state, counters, orders on their way out.
void finish_tranche(EngineState& state, TrancheSlot slot, TrancheState final_state,
                    CloseReason reason, Outbox& out);

/// Takes `quantity` from the side's tranches without knowing which order did it. `oldest_first`
/// for forced closes and backstops, else by the setting. Without a price each tranche leaves at its
/// entry. Returns what no tranche held.
Quantity reduce_side(EngineState& state, SymbolId symbol, PositionSide which, Quantity quantity,
                     Price price, bool oldest_first, CloseReason reason, Outbox& out);

/// Folds `absorbed` into `kept`: quantities, costs, results; working exits change hands and are
/// replaced by the protection rules.
void merge_tranches(EngineState& state, TrancheSlot kept, TrancheSlot absorbed, std::uint8_t why,
                    Outbox& out);

/// Retired orders a tranche may have and still take over those of another.
inline constexpr std::uint8_t merge_retiring_max = 4;

/// Two tranches of the side that may merge (protected, no entry pending), best results first;
/// `no_slot`s when there are not two.
struct MergePair {
    TrancheSlot kept{no_slot};
    TrancheSlot absorbed{no_slot};
};
MergePair find_merge(const EngineState& state, SymbolId symbol, PositionSide which);

/// Merges by the seed rule: two tranches of the side at or above `tranche_merge_pnl_pct`, the
/// younger at least 30 s old, both protected. Source: reference-behaviour.md §4.6.
void merge_profitable(EngineState& state, SymbolId symbol, PositionSide which, Outbox& out);

/// Moves a tranche along its state machine (tranche/transitions.hpp).
void move_to(Tranche& tranche, TrancheState next);

/// Where a tranche stands in its side's arrays.
std::size_t place_in(const SideBook& side, TrancheSlot slot);

/// Counts a restored or new tranche into its side, whose arrays stay in the order of the ordinals.
void add_to_side(EngineState& state, TrancheSlot slot);

/// Merges the tranches an operator chose by their ordinals, or the two best when none are named,
/// into the one with the lowest ordinal. All are refused, with the reason, when one of them is
/// missing, not protected or has an entry pending, or when the side is being reconciled; empty
/// when it was done. Source: reference-behaviour.md §14 5.2b, reliability-model.md O3.
using MergeRefusal = std::string_view;
MergeRefusal merge_chosen(EngineState& state, SymbolId symbol, const Control& control, Outbox& out);

/// The open tranche of that id on the side, or `no_slot`.
TrancheSlot find_tranche(const EngineState& state, SymbolId symbol, PositionSide which,
                         TrancheId id);

/// Recomputes used and reserved margin of the symbol and the totals.
void refresh_margin(EngineState& state, SymbolId id);

}  // namespace tranche
