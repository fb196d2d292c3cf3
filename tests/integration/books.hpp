// What the engine believes and what the exchange knows, side by side.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tests/integration/line.hpp"

namespace tranche::integration {

/// A tranche with what must survive a restart.
struct TrancheFacts {
    std::string symbol;
    std::string side;
    std::string quantity;
    std::string entry;
    std::string take_profit_order;
    std::string stop_loss_order;
    auto operator<=>(const TrancheFacts&) const = default;
};
void PrintTo(const TrancheFacts& facts, std::ostream* out);

/// Everything the engine says, by tranche id, and its open orders by client order id.
struct EngineBook {
    std::map<std::int64_t, TrancheFacts> tranches;
    std::map<std::string, std::string> orders;
    std::size_t open_entries{};
    std::size_t unprotected{};
    bool operator==(const EngineBook&) const = default;
};
EngineBook read_engine(const Engine& engine);

/// What the ledger says beside it.
struct ExchangeBook {
    std::map<std::string, std::string> orders;      // client order id → order id, open ones
    std::map<std::string, std::string> types;       // client order id → type
    std::map<std::string, std::int64_t> positions;  // `SYMBOL SIDE` → quantity in 1e-8
    std::int64_t accepted{};
    std::int64_t fills{};
    std::int64_t most_by_client_id{};
    std::int64_t duplicates{};
    bool operator==(const ExchangeBook&) const = default;
};
ExchangeBook read_exchange(const Exchange& exchange);

/// Every difference between the two, a line each; empty when they agree to the last step and each
/// tranche has its take-profit and its stop-loss working at the exchange.
std::string differences(const EngineBook& engine, const ExchangeBook& exchange);

/// Waits until nothing moves any more and both agree; the last differences otherwise.
std::string settle(const Engine& engine, const Exchange& exchange, Nanos patience = seconds(40));

}  // namespace tranche::integration
