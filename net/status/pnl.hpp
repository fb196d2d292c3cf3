// Unrealised profit, in fixed point, for show: a number that cannot be is left out, never wrong.
// Source: reference-behaviour.md §11.
#pragma once

#include <cstdint>
#include <optional>

#include "core/ids.hpp"
#include "core/numbers.hpp"

namespace tranche {

struct Unrealized {
    Notional profit;       // sign · (mark − entry) · quantity, toward zero
    Ratio price_percent;   // of the entry price, in percent: 1.5 is 1.5 %
    Ratio margin_percent;  // of the margin at `leverage`, in percent
};

/// Nothing without a mark, an entry or a quantity, or when a result leaves its range.
std::optional<Unrealized> unrealized(PositionSide side, Price entry, Price mark, Quantity quantity,
                                     std::uint16_t leverage);

/// Notional of `quantity` at `price`, toward zero; nothing out of range.
std::optional<Notional> value_at(Price price, Quantity quantity);

/// Decimals that a tick or step has, 0…8: what the page shows prices and quantities with.
int decimals_of(std::int64_t grid);

}  // namespace tranche
