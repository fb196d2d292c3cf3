#include "tranche/window.hpp"

#include "core/require.hpp"

namespace tranche {

VolumeWindow::VolumeWindow(Nanos span, std::size_t capacity) : span_{span}, entries_(capacity) {
    require(capacity >= 2, "a window holds at least two events");
}

void VolumeWindow::expire(Nanos now) {
    while (count_ > 0 && at(0).time < now - span_) {
        for (std::size_t side = 0; side < 2; ++side) sums_[side] -= at(0).values[side];
        first_ = (first_ + 1) % entries_.size();
        --count_;
    }
}

void VolumeWindow::add(Nanos time, Side side, std::int64_t value) {
    require(value >= 0, "a liquidated volume is not negative");
    const auto which = static_cast<std::size_t>(side);
    // A sum that leaves its range is far beyond any threshold; it stays at the end of the range.
    std::int64_t after = 0;
    if (__builtin_add_overflow(sums_[0] + sums_[1], value, &after)) return;
    if (count_ == entries_.size()) {
        for (std::size_t s = 0; s < 2; ++s) at(1).values[s] += at(0).values[s];
        first_ = (first_ + 1) % entries_.size();
        --count_;
    }
    Entry& entry = at(count_++);
    entry = {time, {}};
    entry.values[which] = value;
    sums_[which] += value;
}

bool RecentLiquidations::seen_before(SymbolId symbol, const Liquidation& liquidation, Nanos now) {
    for (const Entry& entry : entries_)
        if (entry.trade_time == liquidation.trade_time && entry.price == liquidation.price &&
            entry.quantity == liquidation.quantity && entry.side == liquidation.side &&
            entry.symbol == symbol && now - entry.arrival <= memory)
            return true;
    entries_[next_] = {
        now,   liquidation.trade_time, liquidation.price, liquidation.quantity, liquidation.side,
        symbol};
    next_ = (next_ + 1) % entries_.size();
    return false;
}

}  // namespace tranche
