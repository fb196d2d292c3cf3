// What each question costs of the exchange's budgets. Source: exchange-protocol.md §4.2.
#pragma once

#include "net/aster/endpoints.hpp"
#include "net/rate_limit.hpp"

namespace tranche::aster {

/// Cost of a request that names no symbol where it could. `changes`: it sets what GET reads.
/// Housekeeping only; what orders cost is OrderAdapter's business.
constexpr RateCost cost_of(Resource resource, bool changes) {
    switch (resource) {
        case Resource::ping:
        case Resource::time:
        case Resource::exchange_info:
        case Resource::premium_index:
        case Resource::test_order:
        case Resource::noop:
        case Resource::leverage:
        case Resource::margin_type:
        case Resource::leverage_bracket:
        case Resource::listen_key: return {.weight = 1};
        case Resource::algo_order: return {.weight = 1, .orders = changes ? 1U : 0U};
        case Resource::position_mode:
        case Resource::multi_assets: return {.weight = changes ? 1U : 30U};
        case Resource::balance:
        case Resource::account:
        case Resource::position_risk:
        case Resource::all_orders:
        case Resource::user_trades:
        case Resource::agent: return {.weight = 5};  // nobody says what `agent` weighs
        case Resource::depth:
        case Resource::commission_rate: return {.weight = 20};
        case Resource::income: return {.weight = 30};
        case Resource::open_orders:
        case Resource::open_algo_orders: return {.weight = 40};
        case Resource::order: return {.weight = 1, .orders = changes ? 1U : 0U};
        case Resource::batch_orders: return {.weight = 5, .orders = changes ? 5U : 0U};
        case Resource::strategy_order: return {.weight = 50, .orders = 3};
    }
    return {};
}

}  // namespace tranche::aster
