// Liquidated volume of one symbol in a sliding span, and which events were seen before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "core/large_table.hpp"
#include "core/messages.hpp"
#include "core/settings.hpp"

namespace tranche {

/// Exact running sums over the events of the last `span`, the bound included. Capacity is fixed;
/// when more events lie within the span than fit, the two oldest are counted as one until the
/// newer of them leaves: the sum is never understated. Source: reference-behaviour.md §3.2.
class alignas(cache_line) VolumeWindow {
public:
    struct alignas(32) Entry {  // never over two lines
        Nanos time;
        std::array<std::int64_t, 2> values;
    };

    /// Keeps its events in `place`: a power of two of them, at least two. The windows of all
    /// symbols lie in one table, because each alone would be too small for a large page.
    VolumeWindow(Nanos span, std::span<Entry> place);

    /// Counts one event. `value` in 1e-8 USDT or base units.
    void add(Nanos time, Side side, std::int64_t value);

    /// Forgets what lies before `now − span`.
    void expire(Nanos now);

    std::int64_t sum(Side side) const { return sums_[static_cast<std::size_t>(side)]; }

    /// What is compared with the threshold of a trigger by a forced order of `trigger_side`.
    std::int64_t sum(VolumeSide which, Side trigger_side) const {
        return which == VolumeSide::both ? sums_[0] + sums_[1] : sum(trigger_side);
    }
    std::size_t size() const { return count_; }

    /// Asks for what `expire` and `add` will look at.
    [[gnu::always_inline]] void prefetch() const {
        __builtin_prefetch(&entries_[first_], 1);
        __builtin_prefetch(&entries_[(first_ + count_) & (entries_.size() - 1)], 1);
    }

private:
    Entry& at(std::size_t position) {
        return entries_[(first_ + position) & (entries_.size() - 1)];
    }

    void forget_first();

    Nanos span_;
    std::span<Entry> entries_;
    Nanos oldest_;  // time of the first: whether something expires is known without its line
    std::uint32_t first_{};
    std::uint32_t count_{};
    std::array<std::int64_t, 2> sums_{};
};
static_assert(sizeof(VolumeWindow) == cache_line);

/// Remembers the forced orders of the last five seconds: overlapping connections and streams bring
/// the same one twice. Source: reference-behaviour.md §3.4.
class RecentLiquidations {
public:
    /// How long at least; at most 9 ms longer, because arrivals are kept in units of 4.2 ms.
    static constexpr Nanos memory = seconds(5);

    RecentLiquidations();

    /// True when an equal one (symbol, side, quantity, price, trade time) was seen within 5 s.
    /// Told apart by 58 bits of a mix of the five. More than eight of one set within 5 s push out
    /// the oldest; there are 1,024 sets, and the stream carries at most one a second and symbol.
    bool seen_before(SymbolId symbol, const Liquidation& liquidation, Nanos now) {
        return seen_before(mark_of(symbol, liquidation), now);
    }
    /// The same in two steps, so that the lines can be asked for as soon as the mix is known.
    bool seen_before(std::uint64_t mark, Nanos now);
    static std::uint64_t mark_of(SymbolId symbol, const Liquidation& liquidation);
    [[gnu::always_inline]] void prefetch(std::uint64_t mark) const {
        __builtin_prefetch(&sets_[place_of(mark)], 1);
    }

private:
    std::size_t place_of(std::uint64_t mark) const { return mark >> 54 & (sets_.size() - 1); }
    /// Newest first. The low 48 bits of the mark, then the arrival in units that wrap around after
    /// 275 s: what equals a mark that old is no other forced order.
    using Set = std::array<std::uint64_t, cache_line / sizeof(std::uint64_t)>;
    static constexpr unsigned arrival_bits = 16;
    static constexpr unsigned unit_bits = 22;  // of nanoseconds: 4.2 ms
    LargeTable<Set> sets_;
};

}  // namespace tranche
