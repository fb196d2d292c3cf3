// Whose a fill is. The effect follows from order side and position side, never from what an order
// is not known to be. Source: reference-behaviour.md §4.4, §4.5.
#pragma once

#include "tranche/state.hpp"

namespace tranche {

/// One trade of an order of ours: counted once, by trade id, or by the cumulative quantity where
/// the exchange gives no trade id.
void apply_trade(EngineState& state, OrderSlot slot, const OrderUpdate& update, Outbox& out);

/// Gives a quantity filled on an order of ours to its tranche: an entry adds, the others reduce.
void apply_quantity(EngineState& state, OrderSlot slot, Quantity quantity, Price price,
                    Outbox& out);

/// A trade of somebody else's order on a symbol of ours: a hand at the exchange's page, a forced
/// close. Reductions follow the written policy; increases wait for reconciliation to adopt them.
void apply_foreign_trade(EngineState& state, SymbolId symbol, const OrderUpdate& update,
                         Outbox& out);

/// The order of that client id; one that this process never placed (it was placed before a
/// restart that lost it) is taken up again from what the report says.
OrderSlot find_or_adopt(EngineState& state, SymbolId symbol, const OrderUpdate& update,
                        Outbox& out);

}  // namespace tranche
