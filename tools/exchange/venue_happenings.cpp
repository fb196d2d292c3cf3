// What happens to an account and its symbols besides orders: settings, hands, force, funding.
#include <algorithm>
#include <fmt/format.h>

#include "tools/exchange/venue.hpp"

namespace tranche::exchange {
namespace {

constexpr std::int64_t leverage_max = 125;

}  // namespace

std::optional<Reject> Venue::set_leverage(SymbolIndex symbol, std::int64_t leverage,
                                          std::int64_t now_ms) {
    if (leverage < 1 || leverage > leverage_max) return Reject{-4028, "Leverage is not valid"};
    SymbolSettings& settings = account.settings[symbol];
    if (settings.isolated && leverage < settings.leverage && !account.flat(symbol))
        return Reject{-4161,
                      "Leverage reduction is not supported in Isolated Margin Mode with open "
                      "positions"};
    if (settings.leverage == leverage) return std::nullopt;
    settings.leverage = leverage;
    matching.revalue(symbol);
    outbox.user.emplace_back(LeverageEvent{now_ms, symbol, leverage});
    return std::nullopt;
}

std::optional<Reject> Venue::set_isolated(SymbolIndex symbol, bool isolated, std::int64_t now_ms) {
    if (account.settings[symbol].isolated == isolated)
        return Reject{-4046, "No need to change margin type."};
    if (isolated && account.multi_assets)
        return Reject{-4168,
                      "Unable to adjust to isolated-margin mode under the Multi-Assets mode."};
    if (!matching.open(symbol).empty())
        return Reject{-4047, "Margin type cannot be changed if there exists open orders."};
    if (!account.flat(symbol))
        return Reject{-4048, "Margin type cannot be changed if there exists position."};
    account.settings[symbol].isolated = isolated;
    AccountEvent event;
    event.time_ms = now_ms;
    event.reason = AccountReason::margin_type_change;
    event.wallet = account.wallet();
    for (const PositionSide side : every_position_side)
        if ((side == PositionSide::both) != account.hedge_mode)
            event.add(position_state(account, board, symbol, side));
    outbox.user.emplace_back(event);
    return std::nullopt;
}

std::optional<Reject> Venue::set_hedge_mode(bool hedge, std::int64_t now_ms) {
    if (hedge == account.hedge_mode) return Reject{-4059, "No need to change position side."};
    for (SymbolIndex symbol = 0; symbol < rules.size(); ++symbol)
        if (!matching.open(symbol).empty())
            return Reject{-4067, "Position side cannot be changed if there exists open orders."};
    if (!account.flat())
        return Reject{-4068, "Position side cannot be changed if there exists position."};
    account.hedge_mode = hedge;
    outbox.user.emplace_back(ModeEvent{now_ms, account.multi_assets, account.hedge_mode});
    return std::nullopt;
}

std::optional<Reject> Venue::set_multi_assets(bool multi, std::int64_t now_ms) {
    if (multi == account.multi_assets) return Reject{-4171, "No need to change multi-assets mode."};
    const bool isolated = std::any_of(account.settings.begin(), account.settings.end(),
                                      [](const SymbolSettings& one) { return one.isolated; });
    if (multi && isolated)
        return Reject{-4168, "Unable to adjust to Multi-Assets mode with isolated margin."};
    account.multi_assets = multi;
    outbox.user.emplace_back(ModeEvent{now_ms, account.multi_assets, account.hedge_mode});
    return std::nullopt;
}

std::variant<OrderId, Reject> Venue::trade_by_hand(SymbolIndex symbol, PositionSide position_side,
                                                   Side side, Amount quantity,
                                                   std::int64_t now_ms) {
    NewOrder order;
    order.symbol = symbol;
    order.client_id = std::string_view{fmt::format("web_{}", ++hands_)};
    order.side = side;
    order.position_side = position_side;
    order.type = OrderType::market;
    order.quantity = quantity;
    if (closes(order))
        order.quantity = min(quantity, account.closable(symbol, position_side, side));
    return matching.place(order, now_ms);
}

/// Where the book's remainder goes to the insurance fund: beyond the mark by the liquidation fee.
Amount Venue::bankruptcy_price(SymbolIndex symbol, PositionSide side) const {
    const SymbolRules& listed = rules.at(symbol);
    const Amount mark = board.at(symbol).mark.mark;
    const Amount reach = mark * max(listed.liquidation_fee, Amount{100'000});
    const Amount tick = max(listed.tick, Amount{1});
    const bool holds_long = account.position(symbol, side).quantity.raw > 0;
    return max(floor_to(holds_long ? mark - reach : mark + reach, tick), tick);
}

void Venue::liquidate(SymbolIndex symbol, PositionSide side, std::int64_t now_ms) {
    matching.force_close(symbol, side, abs(account.position(symbol, side).quantity),
                         bankruptcy_price(symbol, side), Force::liquidation, now_ms);
}

void Venue::deleverage(SymbolIndex symbol, PositionSide side, Amount quantity,
                       std::int64_t now_ms) {
    const Amount tick = max(rules.at(symbol).tick, Amount{1});
    matching.force_close(symbol, side, quantity, floor_to(board.at(symbol).mark.mark, tick),
                         Force::deleveraging, now_ms);
}

void Venue::pay_funding(std::int64_t now_ms) {
    for (SymbolIndex symbol = 0; symbol < rules.size(); ++symbol) {
        Amount payment;
        AccountEvent event;
        const Mark& mark = board.at(symbol).mark;
        for (const PositionSide side : every_position_side) {
            const Amount held = account.position(symbol, side).quantity;
            payment += held * mark.mark * mark.funding_rate;
            // A cross position is left out: only the balance changes (exchange-protocol.md §3.3).
            if (!held.zero() && account.settings[symbol].isolated)
                event.add(position_state(account, board, symbol, side));
        }
        if (payment.zero()) continue;
        account.pay(symbol, "FUNDING_FEE", -payment, now_ms);
        event.time_ms = now_ms;
        event.reason = AccountReason::funding_fee;
        event.wallet = account.wallet();
        outbox.user.emplace_back(event);
    }
}

void Venue::set_status(SymbolIndex symbol, std::string_view status, std::int64_t now_ms) {
    SymbolRules changed = rules.at(symbol);
    changed.status = status;
    rules.change(symbol, std::move(changed));
    if (status != "CLOSE") return;
    matching.cancel_all(symbol, now_ms);
    const Amount tick = max(rules.at(symbol).tick, Amount{1});
    const Amount price = floor_to(board.at(symbol).mark.mark, tick);
    for (const PositionSide side : every_position_side)
        matching.force_close(symbol, side, abs(account.position(symbol, side).quantity), price,
                             Force::settlement, now_ms);
}

void Venue::change_filters(SymbolIndex symbol, SymbolRules changed) {
    changed.name = rules.at(symbol).name;
    rules.change(symbol, std::move(changed));
    market_.refilter(symbol);
}

}  // namespace tranche::exchange
