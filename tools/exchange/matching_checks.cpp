// Acceptance: what a placement is refused for (exchange-protocol.md §5, §6.2 and §10.4).
#include <fmt/format.h>

#include "tools/exchange/filters.hpp"
#include "tools/exchange/matching.hpp"

namespace tranche::exchange {
namespace {

using Refusal = std::optional<Reject>;

const Reject& reduce_only_rejected() {
    static const Reject refused{-2022, "ReduceOnly Order is rejected."};
    return refused;
}

}  // namespace

std::optional<Reject> Matching::check(const NewOrder& order) const {
    const SymbolRules& rules = rules_.at(order.symbol);
    const SymbolBoard& market = board_.at(order.symbol);
    if (!rules.trading()) {
        if (rules.status == "CLOSE") return Reject{-4141, "Symbol is closed."};
        return Reject{-4140, "Invalid symbol status for opening position"};
    }
    if (!market.priced()) return Reject{-1112, "No orders on book for symbol."};
    Refusal refusal = check_filters(
        rules, order,
        {.mark = market.mark.mark, .best_bid = market.quote.bid, .best_ask = market.quote.ask});
    if (!refusal) refusal = check_counts(order);
    if (!refusal) refusal = check_trigger(order);
    if (!refusal) refusal = check_post_only(order);
    if (!refusal)
        refusal = order.close_position ? check_close_position(order) : check_closing(order);
    if (!refusal) refusal = check_margin(order);
    return refusal;
}

Refusal Matching::check_client_id(const NewOrder& order) const {
    const Order* same = order.client_id.empty() ? nullptr : store_.newest(order.client_id);
    if (same == nullptr) return std::nullopt;
    const int closed_code = options_.behaviour.closed_id_code;
    for (const Order* other = same; other != nullptr; other = other->earlier)
        if (other->open())
            return Reject{options_.behaviour.open_id_code, "ClientOrderId is duplicated."};
    if (closed_code != 0) return Reject{closed_code, "ClientOrderId is duplicated."};
    return std::nullopt;
}

Refusal Matching::check_counts(const NewOrder& order) const {
    const SymbolRules& rules = rules_.at(order.symbol);
    if (Refusal refused = check_client_id(order)) return refused;
    const Book& book = books_[order.symbol];
    if (static_cast<std::int64_t>(book.open.size()) >= rules.max_orders)
        return Reject{-2025, "Reach max open order limit."};
    if (conditional(order.type) && book.conditional >= rules.max_algo_orders)
        return Reject{-4045, "Reach max stop order limit."};
    return std::nullopt;
}

Refusal Matching::check_trigger(const NewOrder& order) const {
    if (!conditional(order.type)) return std::nullopt;
    const SymbolBoard& market = board_.at(order.symbol);
    const Amount reference =
        order.working_type == WorkingType::mark_price ? market.mark.mark : market.last;
    const bool reached =
        triggers_upward(order) ? reference >= order.stop_price : reference <= order.stop_price;
    if (!reached) return std::nullopt;
    return Reject{-2021, "Order would immediately trigger."};
}

Refusal Matching::check_post_only(const NewOrder& order) const {
    const bool asked = options_.behaviour.post_only_refused && order.type == OrderType::limit &&
                       order.time_in_force == TimeInForce::gtx;
    if (!asked || available_up_to(order.symbol, order.side, order.price).zero())
        return std::nullopt;
    return Reject{-5022, "Due to the order could not be executed as maker, it is rejected."};
}

/// What other closing orders of the same position, waiting or resting, will close.
Amount Matching::quantity_of_closers(const NewOrder& order, bool waiting) const {
    Amount total;
    for (const Order* other : books_[order.symbol].open) {
        const bool rival = other->waiting() == waiting && closes(other->terms) &&
                           other->terms.side == order.side &&
                           other->terms.position_side == order.position_side;
        if (rival) total += other->remaining();
    }
    return total;
}

Refusal Matching::check_close_position(const NewOrder& order) const {
    const Behaviour& behaviour = options_.behaviour;
    // By default it may wait without a position: it looks for one when it triggers.
    if (behaviour.close_position_needs_position &&
        account_.closable(order.symbol, order.position_side, order.side).zero())
        return reduce_only_rejected();
    if (!behaviour.one_close_position_a_side) return std::nullopt;
    for (const Order* other : books_[order.symbol].open)
        if (other->terms.close_position && other->terms.side == order.side &&
            other->terms.position_side == order.position_side &&
            stops(other->terms.type) == stops(order.type))
            return Reject{-4130,
                          "An open stop or take profit order with closePosition in the direction "
                          "is existing."};
    return std::nullopt;
}

Refusal Matching::check_closing(const NewOrder& order) const {
    if (!closes(order)) return std::nullopt;
    const bool waits = conditional(order.type);
    const Amount held = account_.closable(order.symbol, order.position_side, order.side);
    if (waits && !options_.behaviour.stop_needs_position && held.zero()) return std::nullopt;
    if (held.zero()) return reduce_only_rejected();
    if (order.attached) return std::nullopt;
    const bool capped = order.reduce_only && order.type == OrderType::market;
    if (!capped && order.quantity > held) return reduce_only_rejected();
    const bool shares =
        order.type == OrderType::limit || (waits && options_.behaviour.stops_share_position);
    if (shares && order.quantity + quantity_of_closers(order, waits) > held)
        return reduce_only_rejected();
    return std::nullopt;
}

/// Cuts a closing order to what is left to close, for venues that do so (E4).
void Matching::trim(NewOrder& order) const {
    const bool may =
        closes(order) && !order.close_position && !order.attached && !conditional(order.type);
    if (!may) return;
    Amount left = account_.closable(order.symbol, order.position_side, order.side);
    if (order.type == OrderType::limit) left -= quantity_of_closers(order, false);
    if (left.raw > 0) order.quantity = min(order.quantity, left);
}

Amount Matching::opening_notional(const NewOrder& order) const {
    if (closes(order)) return {};
    const Amount held = account_.closable(order.symbol, order.position_side, order.side);
    const Amount opening = max(order.quantity - held, Amount{});
    if (!at_market(order.type)) return opening * order.price;
    const SymbolBoard& market = board_.at(order.symbol);
    return opening * (order.side == Side::buy ? market.quote.ask : market.mark.mark);
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

Amount Matching::available() const {
    const Valuation& value = account_.valuation();
    return max(account_.wallet() + value.unrealized - value.margin - reserved_, Amount{});
}

}  // namespace tranche::exchange
