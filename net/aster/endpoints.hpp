// Where things are at the exchange: one path per resource, venue and authentication scheme.
// Source: exchange-protocol.md §4.2, §12, §13.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/settings.hpp"
#include "net/rate_limit.hpp"

namespace tranche::aster {

/// What can be asked for or changed.
enum class Resource : std::uint8_t {
    ping,
    time,
    exchange_info,
    depth,
    premium_index,
    order,
    test_order,
    batch_orders,
    noop,            // V3: voids the request that carries the same nonce
    strategy_order,  // V3: an entry with its exits
    open_orders,
    algo_order,  // conditional orders, where they live apart
    open_algo_orders,
    all_orders,
    user_trades,
    income,
    balance,
    account,
    position_risk,
    position_mode,
    multi_assets,
    leverage,
    margin_type,
    leverage_bracket,
    commission_rate,
    listen_key,
    agent,
};

/// What a request must carry to be heard.
enum class Access : std::uint8_t {
    open,   // nothing
    keyed,  // the API key's header, no signature
    full,   // a signature
};

constexpr Access access(AuthScheme scheme, Resource resource) {
    switch (resource) {
        case Resource::ping:
        case Resource::time:
        case Resource::exchange_info:
        case Resource::depth:
        case Resource::premium_index: return Access::open;
        case Resource::listen_key: return scheme == AuthScheme::v1 ? Access::keyed : Access::full;
        case Resource::order:
        case Resource::test_order:
        case Resource::batch_orders:
        case Resource::noop:
        case Resource::strategy_order:
        case Resource::open_orders:
        case Resource::algo_order:
        case Resource::open_algo_orders:
        case Resource::all_orders:
        case Resource::user_trades:
        case Resource::income:
        case Resource::balance:
        case Resource::account:
        case Resource::position_risk:
        case Resource::position_mode:
        case Resource::multi_assets:
        case Resource::leverage:
        case Resource::margin_type:
        case Resource::leverage_bracket:
        case Resource::commission_rate:
        case Resource::agent: return Access::full;
    }
    return Access::full;
}

/// The part of a path behind the version.
constexpr std::string_view leaf(Resource resource) {
    switch (resource) {
        case Resource::ping: return "ping";
        case Resource::time: return "time";
        case Resource::exchange_info: return "exchangeInfo";
        case Resource::depth: return "depth";
        case Resource::premium_index: return "premiumIndex";
        case Resource::order: return "order";
        case Resource::test_order: return "order/test";
        case Resource::batch_orders: return "batchOrders";
        case Resource::noop: return "noop";
        case Resource::strategy_order: return "placeStrategyOrder";
        case Resource::open_orders: return "openOrders";
        case Resource::algo_order: return "algoOrder";
        case Resource::open_algo_orders: return "openAlgoOrders";
        case Resource::all_orders: return "allOrders";
        case Resource::user_trades: return "userTrades";
        case Resource::income: return "income";
        case Resource::balance: return "balance";
        case Resource::account: return "account";
        case Resource::position_risk: return "positionRisk";
        case Resource::position_mode: return "positionSide/dual";
        case Resource::multi_assets: return "multiAssetsMargin";
        case Resource::leverage: return "leverage";
        case Resource::margin_type: return "marginType";
        case Resource::leverage_bracket: return "leverageBracket";
        case Resource::commission_rate: return "commissionRate";
        case Resource::listen_key: return "listenKey";
        case Resource::agent: return "agent";
    }
    return {};
}

/// A path in two parts, so that it needs no memory.
struct Path {
    std::string_view version;  // `/fapi/v3/`
    std::string_view leaf;     // empty: the venue has no such resource under this scheme
};

constexpr Path path(Venue venue, AuthScheme scheme, Resource resource) {
    const bool wallet_state = resource == Resource::balance || resource == Resource::account ||
                              resource == Resource::position_risk;
    const bool needs_v3 = resource == Resource::noop || resource == Resource::strategy_order;
    if (needs_v3 && (venue != Venue::aster || scheme != AuthScheme::v3)) return {"/fapi/v1/", {}};
    if (venue == Venue::binance) {
        if (resource == Resource::agent || scheme == AuthScheme::v3) return {"/fapi/v1/", {}};
        // Version 3 leaves out flat symbols, leverage and margin type, all of which we need.
        if (resource == Resource::position_risk) return {"/fapi/v2/", leaf(resource)};
        return {wallet_state ? "/fapi/v3/" : "/fapi/v1/", leaf(resource)};
    }
    const bool apart = resource == Resource::algo_order || resource == Resource::open_algo_orders;
    if (apart) return {"/fapi/v1/", {}};
    if (scheme == AuthScheme::v3) {
        if (resource == Resource::account) return {"/fapi/v3/", "accountWithJoinMargin"};
        return {"/fapi/v3/", leaf(resource)};
    }
    if (resource == Resource::agent) return {"/fapi/v1/", {}};
    if (resource == Resource::account) return {"/fapi/v4/", leaf(resource)};
    return {wallet_state ? "/fapi/v2/" : "/fapi/v1/", leaf(resource)};
}

/// The limits to assume until `exchangeInfo` has named them. Source: exchange-protocol.md §8.
inline constexpr std::array<RateLimit, 3> default_rate_limits{{
    {RateUnit::weight, seconds(60), 2400},
    {RateUnit::orders, seconds(60), 1200},
    {RateUnit::orders, seconds(10), 300},
}};

}  // namespace tranche::aster
