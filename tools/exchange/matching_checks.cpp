// Acceptance: what a placement is refused for (exchange-protocol.md §5, §6.2 and §10.4).
#include <fmt/format.h>

#include "tools/exchange/filters.hpp"
#include "tools/exchange/matching.hpp"

namespace tranche::exchange {
namespace {

using Refusal = std::optional<Reject>;

/// True if the reference price has reached the stop price (exchange-protocol.md §10.2).
bool reached(const NewOrder& order, Amount reference) {
    const bool upward = (order.side == Side::buy) == stops(order.type);
    return upward ? reference >= order.stop_price : reference <= order.stop_price;
}

}  // namespace

std::optional<Reject> Matching::check(const NewOrder& order) const {
    const SymbolRules& rules = rules_.at(order.symbol);
    const SymbolBoard& market = board_.at(order.symbol);
    if (rules.status != "TRADING")
        return Reject{-4140, "Invalid symbol status for opening position"};
    if (!market.priced()) return Reject{-1112, "No orders on book for symbol."};
    Refusal refusal = check_filters(
        rules, order,
        {.mark = market.mark.mark, .best_bid = market.quote.bid, .best_ask = market.quote.ask});
    if (!refusal) refusal = check_counts(order);
    if (!refusal) refusal = check_trigger(order);
    if (!refusal) refusal = check_closing(order);
    if (!refusal) refusal = check_margin(order);
    return refusal;
}

Refusal Matching::check_counts(const NewOrder& order) const {
    const SymbolRules& rules = rules_.at(order.symbol);
    const auto same_id = by_client_id_.find(order.client_id);
    if (!order.client_id.empty() && same_id != by_client_id_.end())
        for (const OrderId id : same_id->second)
            if (orders_.at(id).open()) return Reject{-4116, "ClientOrderId is duplicated."};
    std::int64_t algos = 0;
    for (const OrderId id : open_[order.symbol]) algos += orders_.at(id).waiting() ? 1 : 0;
    if (static_cast<std::int64_t>(open_[order.symbol].size()) >= rules.max_orders)
        return Reject{-2025, "Reach max open order limit."};
    if (conditional(order.type) && algos >= rules.max_algo_orders)
        return Reject{-4045, "Reach max stop order limit."};
    return std::nullopt;
}

Refusal Matching::check_trigger(const NewOrder& order) const {
    if (!conditional(order.type)) return std::nullopt;
    const SymbolBoard& market = board_.at(order.symbol);
    const Amount reference =
        order.working_type == WorkingType::mark_price ? market.mark.mark : market.last;
    if (!reached(order, reference)) return std::nullopt;
    return Reject{-2021, "Order would immediately trigger."};
}

Amount Matching::reserved_by_closers(const NewOrder& order) const {
    Amount total;
    for (const OrderId id : open_[order.symbol]) {
        const Order& other = orders_.at(id);
        const bool rival = !other.waiting() && closes(other.terms) &&
                           other.terms.side == order.side &&
                           other.terms.position_side == order.position_side;
        if (rival) total += other.remaining();
    }
    return total;
}

Refusal Matching::check_closing(const NewOrder& order) const {
    // A closePosition order may wait without a position: it looks for one when it triggers.
    if (!closes(order) || order.close_position) return std::nullopt;
    const Reject refused{-2022, "ReduceOnly Order is rejected."};
    const Amount held = account_.closable(order.symbol, order.position_side, order.side);
    if (held.zero()) return refused;
    const bool capped = order.reduce_only && order.type == OrderType::market;
    if (!capped && order.quantity > held) return refused;
    if (order.type == OrderType::limit && order.quantity + reserved_by_closers(order) > held)
        return refused;
    return std::nullopt;
}

Amount Matching::opening_quantity(const NewOrder& order) const {
    if (closes(order)) return {};
    const Amount held = account_.closable(order.symbol, order.position_side, order.side);
    return max(order.quantity - held, Amount{});
}

Amount Matching::opening_notional(const NewOrder& order) const {
    const SymbolBoard& market = board_.at(order.symbol);
    const bool market_order = at_market(order.type);
    const Amount touch = order.side == Side::buy ? market.quote.ask : market.mark.mark;
    return opening_quantity(order) * (market_order ? touch : order.price);
}

Refusal Matching::check_margin(const NewOrder& order) const {
    // Conditional orders reserve nothing; they are checked again when they fire.
    if (conditional(order.type)) return std::nullopt;
    const Amount notional = opening_notional(order);
    if (notional.zero()) return std::nullopt;
    const std::int64_t leverage = account_.settings[order.symbol].leverage;
    const Amount held = abs(account_.position(order.symbol, order.position_side).quantity) *
                        board_.at(order.symbol).mark.mark;
    const Amount cap = max_notional(leverage);
    if (held + notional > cap)
        return Reject{-2027, fmt::format("Exceeded the maximum allowable position at current "
                                         "leverage ({} USDT at {}x).",
                                         plain(cap), leverage)};
    if (notional / leverage + notional * account_.rates.taker > available())
        return Reject{-2019, "Margin is insufficient."};
    return std::nullopt;
}

Amount Matching::reserved() const {
    Amount total;
    for (SymbolIndex symbol = 0; symbol < open_.size(); ++symbol) {
        Amount buys, sells;
        for (const OrderId id : open_[symbol]) {
            const Order& order = orders_.at(id);
            if (order.waiting() || closes(order.terms)) continue;
            const Amount notional = order.remaining() * order.terms.price;
            (order.terms.side == Side::buy ? buys : sells) += notional;
        }
        const Amount larger = account_.hedge_mode ? buys + sells : max(buys, sells);
        total += larger / account_.settings[symbol].leverage;
    }
    return total;
}

Amount Matching::available() const {
    const Amount free = account_.wallet() + account_.total_unrealized(board_) -
                        account_.total_margin(board_) - reserved();
    return max(free, Amount{});
}

void Matching::trigger(SymbolIndex symbol, WorkingType source, Amount reference,
                       std::int64_t now_ms) {
    const std::vector<OrderId> candidates = open_[symbol];
    for (const OrderId id : candidates) {
        Order& order = orders_.at(id);
        const bool ready = order.open() && order.waiting() && order.terms.working_type == source &&
                           reached(order.terms, reference);
        if (ready) fire(order, now_ms);
    }
}

}  // namespace tranche::exchange
