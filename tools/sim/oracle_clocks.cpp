// The oracle's clocks: what may be wrong for a moment, and how long.
#include <algorithm>

#include "tools/sim/oracle.hpp"

namespace tranche::sim {
namespace {

constexpr Nanos unprotected_hard = seconds(1);        // I3
constexpr Nanos difference_unnoticed = seconds(15);   // I2: an audit finds what a stream lost
constexpr Nanos difference_flagged = seconds(60);     // I2
constexpr Nanos stop_in_repair = seconds(2);          // I4
constexpr Nanos profit_in_repair = seconds(10);       // I4
constexpr Notional slack_of_dust{Notional::one * 2};  // exits are priced away from the entry
constexpr std::uint8_t removals_until_left = 3;       // S6
constexpr Nanos doubled_protection = seconds(5);      // I6

std::string key_text(SymbolId symbol, PositionSide side) {
    return "symbol " + std::to_string(tranche::index(symbol)) +
           (side == PositionSide::long_side ? " long" : " short");
}

/// Runs a clock: since when `wrong` has been true.
Nanos since(Nanos before, bool wrong, Nanos now) {
    if (!wrong) return {};
    return before.count == 0 ? now : before;
}

bool ends_stop(OrderStatus status, bool ours, const ClientOrderId& id) {
    const bool over = status != OrderStatus::created && status != OrderStatus::partially_filled;
    return ours && over && (id.role == Role::stop_loss || id.role == Role::backstop);
}

}  // namespace

/// Whether this tells the engine that the side is without a stop: a fill that it did not know of,
/// or the end of a stop of what it has on record. Market data does not, nor does a position that it
/// knows of already, nor one as it was before, even when it is told later (E14).
bool Oracle::is_evidence(const Event& event, PositionSide side, Nanos since, Nanos made) {
    const auto names = [side](PositionLeg leg) {
        return leg == PositionLeg::both ||
               (leg == PositionLeg::long_side) == (side == PositionSide::long_side);
    };
    const bool held = watch(event.symbol, side).recorded > 0;
    if (event.kind == EventKind::order_update) {
        const OrderUpdate& update = event.order_update;
        return made >= since && names(update.leg) &&
               (update.execution == ExecutionType::trade ||
                (held && ends_stop(update.status, update.ours, update.id)));
    }
    if (event.kind == EventKind::position_update) {
        const PositionUpdate& update = event.position_update;
        const bool read = update.generation != 0;
        const Nanos lag = read ? milliseconds(plan_.venue.behaviour.position_lag_ms) : Nanos{};
        return made - lag >= since && names(update.leg) &&
               update.amount.raw * sign(side) > watch(event.symbol, side).recorded;
    }
    if (event.kind != EventKind::reply || event.reply.verdict != ReplyClass::accepted) return false;
    const LedgerOrder* order = ledger_.find(event.reply.id);
    return order != nullptr && order->side == side &&
           ((event.reply.filled.positive() && order->accepted >= made) ||
            (held && ends_stop(event.reply.status, true, order->id)));
}

void Oracle::learn(const Event& event, PositionSide side, Nanos made, Nanos now) {
    SideWatch& seen = watch(event.symbol, side);
    for (Span* span : {&seen.bare, &seen.short_of})
        if (span->since.count != 0 && span->known.count == 0 &&
            is_evidence(event, side, span->since, made))
            span->known = now;
}

/// A span that ends gives a sample, however short, unless it ends while it is excused.
void Oracle::follow(Span& span, Nanos since, Nanos excused, UnprotectedTimes& times,
                    Nanos now) const {
    if (since.count == 0 && span.known.count != 0 && now > excused)
        times.add(now - std::max(span.known, excused));
    if (since.count == 0 || since != span.since) span.known = {};
    span.since = since;
}

/// Follows the ledger's spans; called whenever they may have changed.
void Oracle::watch_bare(SymbolId symbol, Nanos now) {
    if (!protects(symbol)) return;
    for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side}) {
        const LedgerSide& truth = ledger_.side(symbol, side);
        SideWatch& seen = watch(symbol, side);
        const Nanos excused = bare_excused_until(symbol, side);
        follow(seen.bare, truth.bare_since, excused, unprotected_, now);
        follow(seen.short_of, truth.short_since, excused, short_of_stops_, now);
    }
}

/// How much of the time a side needs protection is excused, and by what.
void Oracle::count_excuses(SymbolId symbol, PositionSide side, Nanos now) {
    if (!ledger_.side(symbol, side).held.positive() || !protects(symbol)) return;
    constexpr std::uint64_t since_last_sweep = 50;
    excused_.held += since_last_sweep;
    const Excuses& own = watch(symbol, side).excuses;
    for (std::size_t i = 0; i < excuse_count; ++i)
        if (now <= std::max(all_bare_.until(i), own.until(i)))
            excused_.by_reason[i] += since_last_sweep;
}

void Oracle::watch_side(SymbolId symbol, PositionSide side, const EngineView& view, Nanos now) {
    SideWatch& seen = watch(symbol, side);
    const LedgerSide& truth = ledger_.side(symbol, side);
    const bool excused = now <= excused_until(symbol, side);
    count_excuses(symbol, side, now);
    const Nanos from = std::max(seen.bare.known, bare_excused_until(symbol, side));
    if (seen.bare.known.count != 0 && now - from > unprotected_hard)
        fail("I3",
             key_text(symbol, side) + " holds " + to_text(truth.held) + " and " +
                 to_text(truth.covered) + " of it is covered by stops",
             now);
    const bool differs = seen.recorded != truth.held.raw;
    seen.differs_since = since(seen.differs_since, differs && !excused, now);
    if (seen.differs_since.count == 0) return;
    const Nanos limit = view.reconciling[tranche::index(symbol)][tranche::index(side)]
                            ? difference_flagged
                            : difference_unnoticed;
    if (now - seen.differs_since > limit)
        fail("I2",
             key_text(symbol, side) + ": tranches hold " + tranche::to_text(seen.recorded) +
                 ", the exchange " + to_text(truth.held),
             now);
}

Oracle::Exits Oracle::exits_of(const TrancheRow& row) const {
    Exits exits;
    for (const std::uint32_t place : ledger_.open()) {
        const LedgerOrder& order = ledger_.orders()[place];
        if (!order.ours || order.symbol != row.symbol) continue;
        exits.backstopped =
            exits.backstopped || (order.id.role == Role::backstop && order.side == row.side);
        if (order.id.tranche == no_tranche || order.id.tranche != row.id) continue;
        if (order.id.role == Role::stop_loss) exits.stops += order.quantity - order.filled;
        if (order.id.role == Role::take_profit) exits.profits += order.quantity - order.filled;
    }
    const SymbolRules& rules = plan_.rules[tranche::index(row.symbol)];
    exits.dust = exits.backstopped && row.entry * row.quantity < rules.min_notional + slack_of_dust;
    return exits;
}

void Oracle::removed_by_hand(const ClientOrderId& id) {
    if (id.role != Role::stop_loss && id.role != Role::take_profit) return;
    std::uint8_t& times = watch_of(id.tranche).removed[id.role == Role::stop_loss ? 0 : 1];
    if (times < UINT8_MAX) ++times;
}

bool Oracle::left_to_backstop(TrancheId id) const {
    const auto place = static_cast<std::size_t>(id);
    return place < tranches_.size() && tranches_[place].removed[0] >= removals_until_left;
}

void Oracle::forget_removals() {
    for (TrancheWatch& seen : tranches_) seen.removed = {};
}

void Oracle::watch_tranche(const TrancheRow& row, Nanos now) {
    const SymbolSettings& settings = plan_.settings.symbols[tranche::index(row.symbol)];
    const auto [stops, profits, backstopped, dust] = exits_of(row);
    TrancheWatch& seen = watch_of(row.id);
    const bool stop_may_miss = backstopped && left_to_backstop(row.id);
    const bool profit_may_miss = seen.removed[1] >= removals_until_left;
    const bool excused = dust || now <= excused_until(row.symbol, row.side) ||
                         watch(row.symbol, row.side).differs_since.count != 0;
    const bool closing = row.state == TrancheState::closing;
    seen.stop_short_since = since(seen.stop_short_since,
                                  settings.stop_loss_enabled && stops < row.quantity && !excused &&
                                      !closing && !stop_may_miss,
                                  now);
    seen.profit_short_since = since(seen.profit_short_since,
                                    settings.take_profit_enabled && profits < row.quantity &&
                                        !excused && !closing && !profit_may_miss,
                                    now);
    const std::string name = key_text(row.symbol, row.side) + " tranche " +
                             std::to_string(static_cast<std::uint32_t>(row.id)) + " of " +
                             to_text(row.quantity);
    if (seen.stop_short_since.count != 0 && now - seen.stop_short_since > stop_in_repair)
        fail("I4", name + ": stops cover " + to_text(stops), now);
    if (seen.profit_short_since.count != 0 && now - seen.profit_short_since > profit_in_repair)
        fail("I4", name + ": take-profits cover " + to_text(profits), now);
    if (stops > row.quantity + row.quantity && !excused) {
        Nanos& over = watch(row.symbol, row.side).over_covered_since;
        over = since(over, true, now);
        if (now - over > doubled_protection) fail("I6", name + ": stops are doubled", now);
    }
}

void Oracle::sweep(Memory& memory, const EngineView& view, Nanos now) {
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        const SymbolId symbol{static_cast<std::uint16_t>(i / 2)};
        const PositionSide side = i % 2 == 0 ? PositionSide::long_side : PositionSide::short_side;
        watch_side(symbol, side, view, now);
    }
    if (view.stray_reservation) fail("I9", "margin is reserved for an entry that is over", now);
    watch_entries(now);
    memory.prune();
    for (const std::uint32_t id : memory.live()) {
        const TrancheRow& row = memory.tranches()[id];
        if (!row.quantity.positive()) continue;
        watch_tranche(row, now);
        check_exits(row, now);
    }
}

void Oracle::recount(const Memory& memory, Nanos now) {
    std::vector<std::int64_t> sums(sides_.size());
    for (const TrancheRow& row : memory.tranches())
        if (row.id != no_tranche && !is_final(row.state))
            sums[tranche::index(row.symbol) * 2 + tranche::index(row.side)] += row.quantity.raw;
    for (std::size_t i = 0; i < sums.size(); ++i)
        if (sums[i] != sides_[i].recorded)
            fail("oracle", "running sum of recorded tranches differs from their rows", now);
    std::vector<Quantity> covered(sides_.size());
    for (const LedgerOrder& order : ledger_.orders())
        if (order.open && order.ours && order.stop && !order.close_position)
            covered[tranche::index(order.symbol) * 2 + tranche::index(order.side)] +=
                order.quantity - order.filled;
    for (std::size_t i = 0; i < covered.size(); ++i)
        if (covered[i] != ledger_.sides()[i].covered)
            fail("oracle", "running cover differs from the open stops", now);
}

void Oracle::compare(SymbolId symbol, PositionSide side, std::int64_t net, Nanos now) {
    const std::int64_t ours = ledger_.side(symbol, PositionSide::long_side).held.raw -
                              ledger_.side(symbol, PositionSide::short_side).held.raw;
    const std::int64_t held =
        ledger_.hedge_mode() ? ledger_.side(symbol, side).held.raw * sign(side) : ours;
    if (held != net)
        fail("ledger",
             key_text(symbol, side) + ": trades sum up to " + tranche::to_text(held) +
                 ", the account says " + tranche::to_text(net),
             now);
}

std::string Oracle::unsettled(const Memory& memory) const {
    std::string text;
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        const LedgerSide& truth = ledger_.sides()[i];
        const SymbolId symbol{static_cast<std::uint16_t>(i / 2)};
        const PositionSide side = i % 2 == 0 ? PositionSide::long_side : PositionSide::short_side;
        if (sides_[i].recorded != truth.held.raw)
            text += key_text(symbol, side) + ": tranches hold " +
                    tranche::to_text(sides_[i].recorded) + ", the exchange " + to_text(truth.held) +
                    "\n";
        if (protects(symbol) && truth.bare())
            text += key_text(symbol, side) + " is not protected\n";
        if (truth.held.zero() && truth.backstops > 0)
            text += key_text(symbol, side) + " has a backstop and holds nothing\n";
        if (truth.backstops > 1) text += key_text(symbol, side) + " has two backstops\n";
    }
    for (const std::uint32_t id : memory.live()) {
        const TrancheRow& row = memory.tranches()[id];
        if (is_final(row.state) || !row.quantity.positive()) continue;
        const Exits exits = exits_of(row);
        const SymbolSettings& settings = plan_.settings.symbols[tranche::index(row.symbol)];
        const bool left = exits.dust || (exits.backstopped && left_to_backstop(row.id));
        if (settings.stop_loss_enabled && exits.stops != row.quantity && !left)
            text += key_text(row.symbol, row.side) + " tranche " + std::to_string(id) +
                    ": stops cover " + to_text(exits.stops) + " of " + to_text(row.quantity) + "\n";
    }
    for (const OrderRow& row : memory.orders())
        if (row.state == OrderState::unknown) text += "the fate of an order is still unknown\n";
    return text + left_behind();
}

}  // namespace tranche::sim
