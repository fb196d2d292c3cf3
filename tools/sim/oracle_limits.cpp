// The limits an entry must keep: money, numbers of orders, the exchange's own budgets.
#include <algorithm>

#include "tools/sim/oracle.hpp"

namespace tranche::sim {
namespace {

constexpr std::uint32_t entries_stop_at = 700;  // I14: in 1/1000 of a limit
constexpr std::int64_t highest_leverage = 25;   // of ActionKind::leverage

std::string text_of(const ClientOrderId& id) {
    const ClientOrderIdText text = encode(id);
    return {text.data(), text.size()};
}

Notional with_slack(Notional limit) {
    return limit + Notional{limit.raw / 100} + Notional{Notional::one};
}

}  // namespace

/// I14: what protects, cancels and asks finds 30 % of every limit unused by entries.
void Oracle::check_reserve(Nanos now) {
    const std::uint32_t used = spending_.used_permille(now);
    if (used > entries_stop_at)
        fail("I14",
             "an entry leaves and " + std::to_string(used) + "/1000 of a limit is used with it",
             now);
}

/// It is at the exchange now, or it never will be.
void Oracle::settle_pending(const ClientOrderId& id) {
    std::erase_if(pending_, [&](const Pending& pending) { return pending.id == id; });
}

/// Leverage may change on the way: a limit is broken when no leverage of this run explains it.
std::int64_t Oracle::leverage_of(SymbolId symbol) const {
    return plan_.faults[index(Fault::s7)] ? highest_leverage
                                          : plan_.settings.symbols[tranche::index(symbol)].leverage;
}

/// What our orders opened there and may still open, those under way counted as filled.
Notional Oracle::exposure(SymbolId symbol) const {
    Notional sum;
    for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side})
        sum += ledger_.side(symbol, side).own_cost;
    for (const std::uint32_t place : ledger_.open()) {
        const LedgerOrder& order = ledger_.orders()[place];
        if (order.ours && !order.closing && order.symbol == symbol)
            sum += order.price * (order.quantity - order.filled);
    }
    for (const Pending& pending : pending_)
        if (pending.symbol == symbol) sum += pending.notional;
    return sum;
}

/// I9: money, on the symbol and in total. Where somebody else trades too, nothing can be said.
void Oracle::check_caps(const Command& command, Nanos now) {
    const Notional wanted = command.price * command.quantity;
    Notional total{wanted.raw / leverage_of(command.symbol)};
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
        const SymbolId symbol{static_cast<std::uint16_t>(i)};
        const Notional held = exposure(symbol);
        total += Notional{held.raw / leverage_of(symbol)};
        if (symbol != command.symbol || foreign_[i]) continue;
        if ((held + wanted).raw / leverage_of(symbol) >
            with_slack(plan_.settings.symbols[i].max_position).raw)
            fail("I9", text_of(command.id) + " brings its symbol beyond max_position", now);
    }
    if (foreign_.none() && total > with_slack(plan_.settings.entry.max_total_exposure))
        fail("I9",
             text_of(command.id) + " brings the collateral to " + to_text(total) +
                 ", beyond max_total_exposure",
             now);
}

/// I9: numbers of orders, against the settings and the exchange's own limits.
void Oracle::check_counts(const Command& command, Nanos now) {
    std::size_t entries = 0;
    std::size_t conditionals = 0;
    for (const std::uint32_t place : ledger_.open()) {
        const LedgerOrder& order = ledger_.orders()[place];
        if (!order.ours || order.symbol != command.symbol) continue;
        if (!order.closing) ++entries;
        if (order.conditional) ++conditionals;
    }
    for (const Pending& pending : pending_)
        if (pending.symbol == command.symbol) ++entries;
    if (foreign_[tranche::index(command.symbol)]) return;
    if (command.id.role == Role::entry && entries >= plan_.settings.entry.max_open_orders)
        fail("I9", text_of(command.id) + " is one entry more than max_open_orders", now);
    const std::uint16_t limit = plan_.rules[tranche::index(command.symbol)].max_conditional_orders;
    if (remembers_all_ && is_conditional(command.type) && conditionals >= limit)
        fail("I9", text_of(command.id) + " is one conditional order more than the symbol may have",
             now);
}

}  // namespace tranche::sim
