// Reads the parameters of a new order and refuses the combinations that no market state could
// make right (exchange-protocol.md §6).
#pragma once

#include <variant>

#include "tools/exchange/order.hpp"
#include "tools/exchange/params.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// The order that the parameters ask for, in the account's position mode.
std::variant<NewOrder, Reject> read_order(const Params& params, const Rules& rules,
                                          bool hedge_mode);

/// True for 1 to 36 letters of `.A-Z:/a-z0-9_-`.
bool valid_client_id(std::string_view id);

}  // namespace tranche::exchange
