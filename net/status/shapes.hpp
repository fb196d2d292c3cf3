// Rows as JSON objects. The API and the event stream write a thing by the same function, so they
// cannot disagree about its shape. Source: reference-behaviour.md §10.2.
#pragma once

#include <span>

#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "net/status/board_view.hpp"
#include "net/status/json.hpp"

namespace tranche {

/// Name of a symbol, empty for `no_symbol`.
std::string_view symbol_name(const SymbolTable& symbols, SymbolId id);

/// `price_decimals` and `quantity_decimals` of a symbol.
void write_decimals(JsonWriter& json, const SymbolTable& symbols, SymbolId id);

void write_liquidation(JsonWriter& json, const LiquidationRow& row, const SymbolTable& symbols);
void write_order(JsonWriter& json, const OrderRow& row, const SymbolTable& symbols);
void write_fill(JsonWriter& json, const FillRow& row, const SymbolTable& symbols);
void write_mode(JsonWriter& json, const ModeRow& row);
void write_alarm(JsonWriter& json, const AlarmRow& row, Nanos time, const SymbolTable& symbols);
void write_balance(JsonWriter& json, const BalanceRow& row);
void write_merge(JsonWriter& json, const MergeRow& row, const SymbolTable& symbols);

/// A tranche with its protection and, where the board knows a mark, its profit.
void write_tranche(JsonWriter& json, const TrancheRow& row, const BoardView& view,
                   const SymbolTable& symbols);

/// An order with the fills that belong to it, as the old API's row of `trades`.
void write_trade(JsonWriter& json, const OrderRow& row, std::span<const FillRow> fills,
                 const SymbolTable& symbols);

}  // namespace tranche
