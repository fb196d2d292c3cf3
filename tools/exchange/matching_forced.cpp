// Orders of the venue's own against the account: liquidation, deleveraging, settlement
// (exchange-protocol.md §10.5).
#include <fmt/format.h>

#include "tools/exchange/matching.hpp"

namespace tranche::exchange {

ClientText Matching::forced_id(Force force, std::int64_t now_ms) {
    switch (force) {
        case Force::liquidation:
            return std::string_view{fmt::format("autoclose-{}{}", now_ms, ++forced_count_)};
        case Force::deleveraging: return "adl_autoclose";
        case Force::settlement:
            return std::string_view{
                fmt::format("settlement_autoclose-{}{}", now_ms, ++forced_count_)};
    }
    return {};
}

void Matching::announce_forced(Order& order, Force force, std::int64_t now_ms) {
    switch (options_.behaviour.forced_shape) {
        case ForcedShape::calculated:
        case ForcedShape::trade: return;
        case ForcedShape::fresh_calculated:
            return announce(order, Execution::fresh, nullptr, now_ms);
        case ForcedShape::announced:
            order.status =
                force == Force::deleveraging ? OrderStatus::deleveraging : OrderStatus::insurance;
            announce(order, Execution::fresh, nullptr, now_ms);
            order.status = OrderStatus::fresh;
            return;
    }
}

void Matching::force_close(SymbolIndex symbol, PositionSide side, Amount quantity, Amount price,
                           Force force, std::int64_t now_ms) {
    const Amount held = account_.position(symbol, side).quantity;
    const Amount closing = min(quantity, abs(held));
    if (closing.raw <= 0 || price.raw <= 0) return;
    if (force != Force::deleveraging) cancel_all(symbol, now_ms);
    NewOrder terms;
    terms.symbol = symbol;
    terms.client_id = forced_id(force, now_ms);
    terms.side = held.raw > 0 ? Side::sell : Side::buy;
    terms.position_side = side;
    terms.type = OrderType::limit;
    terms.time_in_force = TimeInForce::ioc;
    terms.quantity = closing;
    terms.price = price;
    terms.reduce_only = side == PositionSide::both;
    Order& order = store_.create(terms, now_ms);
    order.forced_calculated = options_.behaviour.forced_shape != ForcedShape::trade;
    if (order.forced_calculated) order.terms.type = order.original_type = OrderType::liquidation;
    enter(order);
    announce_forced(order, force, now_ms);
    const std::int64_t fills = account_.fill_count();
    const Amount quote = order.cumulated_quote;
    if (force == Force::liquidation) take(order, price, now_ms);
    // What the book does not take goes to the insurance fund, or to the other side of the ADL.
    if (order.open()) fill(order, price, order.remaining(), false, now_ms);
    if (force != Force::liquidation || account_.fill_count() == fills) return;
    const Amount fee = (order.cumulated_quote - quote) * rules_.at(symbol).liquidation_fee;
    account_.pay(symbol, "INSURANCE_CLEAR", -min(fee, max(account_.wallet(), Amount{})), now_ms);
    // Nobody owes the venue: the fund takes what is below nothing.
    if (account_.wallet().raw < 0 && account_.flat())
        account_.pay(symbol, "INSURANCE_CLEAR", -account_.wallet(), now_ms);
    announce_account(AccountReason::insurance_clear, symbol, side, now_ms);
}

void Matching::watch_margin(std::int64_t now_ms) {
    const Valuation& value = account_.valuation();
    if (value.maintenance.zero()) {
        margin_called_ = false;
        return;
    }
    const Amount equity = account_.wallet() + value.unrealized;
    if (equity <= value.maintenance) return liquidate(now_ms);
    const bool near = equity * 8 <= value.maintenance * 10;
    if (near && !margin_called_) call_margin(now_ms);
    margin_called_ = near;
}

void Matching::call_margin(std::int64_t now_ms) {
    for (SymbolIndex symbol = 0; symbol < books_.size(); ++symbol)
        for (const PositionSide side : every_position_side) {
            if (account_.position(symbol, side).quantity.zero()) continue;
            const Amount mark = board_.at(symbol).mark.mark;
            outbox_.user.emplace_back(
                MarginCallEvent{.time_ms = now_ms,
                                .wallet = account_.wallet(),
                                .position = position_state(account_, board_, symbol, side),
                                .mark = mark,
                                .maintenance = account_.maintenance(symbol, side, mark)});
        }
}

/// Worst position first, until what is left can be carried.
void Matching::liquidate(std::int64_t now_ms) {
    while (account_.wallet() + account_.valuation().unrealized <=
           account_.valuation().maintenance) {
        SymbolIndex worst_symbol = books_.size();
        PositionSide worst_side{};
        Amount worst{INT64_MAX};
        for (SymbolIndex symbol = 0; symbol < books_.size(); ++symbol)
            for (const PositionSide side : every_position_side) {
                if (account_.position(symbol, side).quantity.zero()) continue;
                const Amount gain = account_.unrealized(symbol, side, board_.at(symbol).mark.mark);
                if (gain >= worst) continue;
                worst = gain;
                worst_symbol = symbol;
                worst_side = side;
            }
        if (worst_symbol == books_.size()) return;
        // The price at which the position would have eaten its own maintenance margin as well.
        const Amount held = account_.position(worst_symbol, worst_side).quantity;
        const Amount mark = board_.at(worst_symbol).mark.mark;
        const Amount reach = mark * rules_.at(worst_symbol).liquidation_fee;
        const Amount tick = max(rules_.at(worst_symbol).tick, Amount{1});
        const Amount price = max(floor_to(held.raw > 0 ? mark - reach : mark + reach, tick), tick);
        force_close(worst_symbol, worst_side, abs(held), price, Force::liquidation, now_ms);
    }
}

}  // namespace tranche::exchange
