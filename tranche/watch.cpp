#include <algorithm>

#include "tranche/book.hpp"
#include "tranche/exits.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/protection.hpp"

namespace tranche {
namespace {

/// Whether marks beyond the take-profit close at market. A conditional one needs no help.
bool closes_at_market(const EngineState& state, const SymbolState& symbol) {
    const ProtectionSettings& rules = state.settings.protection;
    return rules.instant_close && take_profit_is_limit(state) &&
           symbol.settings.take_profit_enabled;
}

}  // namespace

void set_crossed(EngineState& state, TrancheSlot slot, Nanos when) {
    Tranche& tranche = state.tranches[slot];
    std::uint16_t& crossed = state.side_of(tranche).crossed;
    if (tranche.crossed_since.count != 0) --crossed;
    if (when.count != 0) ++crossed;
    tranche.crossed_since = when;
}

void watch_target(EngineState& state, TrancheSlot slot) {
    const TrancheRow& row = state.tranches[slot].row;
    SideBook& side = state.side(row.symbol, row.side);
    Price& target = side.targets[place_in(side, slot)];
    const Price wanted =
        closes_at_market(state, state.symbol(row.symbol)) ? row.take_profit : Price{};
    if (target == wanted) return;
    const bool added = target.zero();
    target = wanted;
    if (!added) return refresh_quiet(state, row.symbol);
    // One more only narrows the range, whatever the others are.
    QuietRange& quiet = state.price(row.symbol).quiet;
    quiet = row.side == PositionSide::long_side ? quiet.below(wanted) : quiet.above(wanted);
}

void refresh_quiet(EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbol(id);
    Price above;
    Price below{INT64_MAX};
    for (const PositionSide which : {PositionSide::long_side, PositionSide::short_side}) {
        const SideBook& side = symbol.sides[index(which)];
        if (side.crossed > 0) {
            state.price(id).quiet = QuietRange::never();
            return;
        }
        for (std::size_t i = 0; i < side.count; ++i) {
            if (!side.targets[i].positive()) continue;
            if (which == PositionSide::long_side)
                below = std::min(below, side.targets[i]);
            else
                above = std::max(above, side.targets[i]);
        }
    }
    state.price(id).quiet = {above, below};
}

void watch_mark(EngineState& state, SymbolId id, Outbox& out) {
    SymbolState& symbol = state.symbol(id);
    const Price mark = state.price(id).mark;
    for (const PositionSide which : {PositionSide::long_side, PositionSide::short_side}) {
        SideBook& side = symbol.sides[index(which)];
        for (std::size_t i = side.count; i-- > 0;) {
            const Price target = side.targets[i];
            const TrancheSlot slot = side.tranches[i];
            const bool crossed =
                target.positive() &&
                (which == PositionSide::long_side ? mark >= target : mark <= target);
            const Tranche& tranche = state.tranches[slot];
            if (!crossed) {
                set_crossed(state, slot, {});
            } else if (tranche.crossed_since.count == 0) {
                set_crossed(state, slot, state.now);
            } else if (state.now - tranche.crossed_since >=
                           state.settings.protection.instant_close_grace &&
                       state.now >= tranche.close_attempts.not_before && out.roomy()) {
                start_close(state, slot, CloseReason::market_close, out);
            }
        }
    }
    refresh_quiet(state, id);
}

}  // namespace tranche
