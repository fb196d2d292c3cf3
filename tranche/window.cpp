#include "tranche/window.hpp"

#include <bit>

#include "core/require.hpp"
#include "tranche/mix.hpp"

namespace tranche {

VolumeWindow::VolumeWindow(Nanos span, std::size_t capacity)
    : span_{span}, entries_(std::bit_ceil(capacity)) {
    require(capacity >= 2, "a window holds at least two events");
}

void VolumeWindow::expire(Nanos now) {
    while (count_ > 0 && at(0).time < now - span_) {
        for (std::size_t side = 0; side < 2; ++side) sums_[side] -= at(0).values[side];
        first_ = (first_ + 1) & (entries_.size() - 1);
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
        first_ = (first_ + 1) & (entries_.size() - 1);
        --count_;
    }
    Entry& entry = at(count_++);
    entry = {time, {}};
    entry.values[which] = value;
    sums_[which] += value;
}

RecentLiquidations::RecentLiquidations() : sets_(1024) {}

std::uint64_t RecentLiquidations::mark_of(SymbolId symbol, const Liquidation& liquidation) {
    const auto bits = [](auto value) { return static_cast<std::uint64_t>(value); };
    const std::uint64_t when = mix(bits(liquidation.trade_time.count), bits(liquidation.price.raw));
    const std::uint64_t what =
        mix(bits(liquidation.quantity.raw), bits(symbol) << 1 | bits(liquidation.side));
    return mix(when, what) | 1;  // 0 is an empty place
}

void RecentLiquidations::prefetch(SymbolId symbol, const Liquidation& liquidation) const {
    const Set& set = sets_[place_of(mark_of(symbol, liquidation))];
    __builtin_prefetch(set.marks.data(), 1);
    __builtin_prefetch(set.arrivals.data(), 1);
}

bool RecentLiquidations::seen_before(SymbolId symbol, const Liquidation& liquidation, Nanos now) {
    const std::uint64_t mark = mark_of(symbol, liquidation);
    Set& set = sets_[place_of(mark)];
    std::size_t oldest = 0;
    for (std::size_t way = 0; way < ways; ++way) {
        if (set.marks[way] == mark && now - set.arrivals[way] <= memory) return true;
        if (set.arrivals[way] < set.arrivals[oldest]) oldest = way;
    }
    set.marks[oldest] = mark;
    set.arrivals[oldest] = now;
    return false;
}

}  // namespace tranche
