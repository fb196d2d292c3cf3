#include "tools/exchange/account.hpp"

#include <algorithm>

namespace tranche::exchange {

Account::Account(std::size_t symbols, bool hedge, Amount balance)
    : hedge_mode{hedge},
      settings(symbols),
      positions_(symbols),
      values_(symbols),
      wallet_{balance} {}

void Account::limit_history(std::size_t kept) {
    kept_ = kept;
    fills_.reserve(2 * kept);
    income_.reserve(2 * kept);
    before_.reserve(2 * kept);
}

template <class Row> void Account::remember(std::vector<Row>& rows, const Row& row) const {
    if (kept_ > 0 && rows.size() >= 2 * kept_)
        rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(kept_));
    rows.push_back(row);
}

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
    remember(before_, {fill.symbol, fill.position_side, fill.time_ms, position});
    const Amount change = fill.side == Side::buy ? fill.quantity : -fill.quantity;
    fill.realized = change_position(position, change, fill.price);
    fill.fee = fill.price * fill.quantity * (fill.maker ? rates.maker : rates.taker);
    position.realized += fill.realized;
    position.update_ms = fill.time_ms;
    realized_ += fill.realized;
    fees_ += fill.fee;
    wallet_ += fill.realized - fill.fee;
    ++fill_count_;
    remember(fills_, fill);
    if (!fill.realized.zero())
        remember(income_,
                 {fill.symbol, "REALIZED_PNL", fill.realized, fill.time_ms, fill.trade_id});
    remember(income_, {fill.symbol, "COMMISSION", -fill.fee, fill.time_ms, fill.trade_id});
}

void Account::pay(SymbolIndex symbol, std::string_view type, Amount amount, std::int64_t now_ms) {
    wallet_ += amount;
    remember(income_, {symbol, type, amount, now_ms, 0});
}

Position Account::position_at(SymbolIndex symbol, PositionSide side, std::int64_t time_ms) const {
    Position position = this->position(symbol, side);
    for (auto change = before_.rbegin(); change != before_.rend(); ++change) {
        if (change->until_ms <= time_ms) break;
        if (change->symbol == symbol && change->side == side) position = change->position;
    }
    return position;
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

Amount Account::maintenance(SymbolIndex symbol, PositionSide side, Amount mark) const {
    const Amount notional = abs(position(symbol, side).quantity) * mark;
    for (const Bracket& bracket : brackets())
        if (notional <= bracket.cap)
            return notional * bracket.maintenance_ratio - bracket.cumulated;
    return notional / 2;
}

void Account::revalue(SymbolIndex symbol, Amount mark) {
    Valuation now;
    for (const PositionSide side : every_position_side) {
        if (position(symbol, side).quantity.zero()) continue;
        now.unrealized += unrealized(symbol, side, mark);
        now.margin += margin(symbol, side, mark);
        now.maintenance += maintenance(symbol, side, mark);
    }
    Valuation& before = values_[symbol];
    total_.unrealized += now.unrealized - before.unrealized;
    total_.margin += now.margin - before.margin;
    total_.maintenance += now.maintenance - before.maintenance;
    before = now;
}

}  // namespace tranche::exchange
