#include "tranche/window.hpp"

#include <algorithm>
#include <bit>

#include "core/require.hpp"
#include "tranche/mix.hpp"

namespace tranche {

VolumeWindow::VolumeWindow(Nanos span, std::span<Entry> place) : span_{span}, entries_{place} {
    require(place.size() >= 2 && std::has_single_bit(place.size()),
            "a window holds a power of two of events");
}

void VolumeWindow::expire(Nanos now) {
    while (count_ > 0 && oldest_ < now - span_) {
        for (std::size_t side = 0; side < 2; ++side) sums_[side] -= at(0).values[side];
        forget_first();
    }
}

void VolumeWindow::forget_first() {
    first_ = static_cast<std::uint32_t>((first_ + 1U) & (entries_.size() - 1));
    if (--count_ > 0) oldest_ = at(0).time;
}

void VolumeWindow::add(Nanos time, Side side, std::int64_t value) {
    require(value >= 0, "a liquidated volume is not negative");
    const auto which = static_cast<std::size_t>(side);
    // A sum that leaves its range is far beyond any threshold; it stays at the end of the range.
    std::int64_t after = 0;
    if (__builtin_add_overflow(sums_[0] + sums_[1], value, &after)) return;
    if (count_ == entries_.size()) {
        for (std::size_t s = 0; s < 2; ++s) at(1).values[s] += at(0).values[s];
        forget_first();
    }
    if (count_ == 0) oldest_ = time;
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

bool RecentLiquidations::seen_before(std::uint64_t mark, Nanos now) {
    constexpr std::uint64_t arrival_mask = (1U << arrival_bits) - 1;
    constexpr std::uint64_t longest = (static_cast<std::uint64_t>(memory.count) >> unit_bits) + 1;
    const std::uint64_t arrival = static_cast<std::uint64_t>(now.count) >> unit_bits;
    const std::uint64_t wanted = mark << arrival_bits;
    Set& set = sets_[place_of(mark)];
    unsigned seen = 0;
    for (const std::uint64_t entry : set) {
        const unsigned same = (entry ^ wanted) <= arrival_mask ? 1 : 0;
        const unsigned young = ((arrival - entry) & arrival_mask) <= longest ? 1 : 0;
        seen |= same & young;
    }
    if (seen != 0) return true;
    // Moving all of them up costs a few vector moves; searching the oldest cost branches that
    // nothing can predict.
    std::copy_backward(set.begin(), set.end() - 1, set.end());
    set[0] = wanted | (arrival & arrival_mask);
    return false;
}

}  // namespace tranche
