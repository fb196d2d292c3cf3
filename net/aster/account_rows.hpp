// Rows of the account's REST answers as the payloads of events. A row that cannot be read makes
// the whole answer an error: half a snapshot would look like positions that are gone.
// Source: exchange-protocol.md §4.2, §4.5.
#pragma once

#include <string>
#include <vector>

#include "core/messages.hpp"
#include "core/result.hpp"
#include "net/aster/json.hpp"

namespace tranche::aster {

struct ListedPosition {
    std::string symbol;
    PositionUpdate update{};
};
struct ListedOrder {
    std::string symbol;
    OpenOrder order{};
};

/// Errors (bad_data) name the row and what is wrong with it.
Result<std::vector<ListedPosition>> read_positions(const Json& body);
Result<std::vector<BalanceUpdate>> read_balances(const Json& body);
Result<std::vector<ListedOrder>> read_open_orders(const Json& body);
/// The same for conditional orders that live apart (openAlgoOrders).
Result<std::vector<ListedOrder>> read_open_algo_orders(const Json& body);

}  // namespace tranche::aster
