#include "tools/exchange/account.hpp"

#include <algorithm>

namespace tranche::exchange {

Account::Account(std::size_t symbols, bool hedge, Amount balance)
    : hedge_mode{hedge}, settings(symbols), positions_(symbols), wallet_{balance} {}

Amount Account::change_position(Position& position, Amount signed_quantity, Amount price) {
    const Amount held = position.quantity;
    const bool same_way = held.zero() || (held.raw > 0) == (signed_quantity.raw > 0);
    position.quantity += signed_quantity;
    if (same_way) {
        position.entry = weighted(abs(held), position.entry, abs(signed_quantity), price);
        return {};
    }
    const Amount closed = min(abs(held), abs(signed_quantity));
    const Amount gain = held.raw > 0 ? price - position.entry : position.entry - price;
    if (abs(signed_quantity) > abs(held)) position.entry = price;
    if (position.quantity.zero()) position.entry = {};
    return closed * gain;
}

void Account::apply(Fill& fill) {
    Position& position = positions_[fill.symbol][static_cast<std::size_t>(fill.position_side)];
    const Amount change = fill.side == Side::buy ? fill.quantity : -fill.quantity;
    fill.realized = change_position(position, change, fill.price);
    fill.fee = fill.price * fill.quantity * (fill.maker ? rates.maker : rates.taker);
    position.realized += fill.realized;
    position.update_ms = fill.time_ms;
    realized_ += fill.realized;
    fees_ += fill.fee;
    wallet_ += fill.realized - fill.fee;
    fills_.push_back(fill);
    if (!fill.realized.zero())
        income_.push_back(
            {fill.symbol, "REALIZED_PNL", fill.realized, fill.time_ms, fill.trade_id});
    income_.push_back({fill.symbol, "COMMISSION", -fill.fee, fill.time_ms, fill.trade_id});
}

Amount Account::closable(SymbolIndex symbol, PositionSide position_side, Side side) const {
    const Amount held = position(symbol, position_side).quantity;
    const bool against = side == Side::sell ? held.raw > 0 : held.raw < 0;
    return against ? abs(held) : Amount{};
}

bool Account::flat(SymbolIndex symbol) const {
    const auto& sides = positions_[symbol];
    return std::all_of(sides.begin(), sides.end(),
                       [](const Position& position) { return position.quantity.zero(); });
}

bool Account::flat() const {
    for (SymbolIndex symbol = 0; symbol < positions_.size(); ++symbol)
        if (!flat(symbol)) return false;
    return true;
}

Amount Account::unrealized(SymbolIndex symbol, PositionSide side, Amount mark) const {
    const Position& held = position(symbol, side);
    return held.quantity.zero() ? Amount{} : held.quantity * (mark - held.entry);
}

Amount Account::margin(SymbolIndex symbol, PositionSide side, Amount mark) const {
    return abs(position(symbol, side).quantity) * mark / settings[symbol].leverage;
}

Amount Account::total_unrealized(const Board& board) const {
    Amount total;
    for (SymbolIndex symbol = 0; symbol < positions_.size(); ++symbol)
        for (const PositionSide side : every_position_side)
            total += unrealized(symbol, side, board.at(symbol).mark.mark);
    return total;
}

Amount Account::total_margin(const Board& board) const {
    Amount total;
    for (SymbolIndex symbol = 0; symbol < positions_.size(); ++symbol)
        for (const PositionSide side : every_position_side)
            total += margin(symbol, side, board.at(symbol).mark.mark);
    return total;
}

}  // namespace tranche::exchange
