// What the engine wrote down, against what the exchange did; and what it did, against its rules.
#include <algorithm>

#include "tools/sim/oracle.hpp"

namespace tranche::sim {
namespace {

constexpr Nanos entry_overdue = seconds(8);     // beyond its time to live, nothing in the way
constexpr std::size_t window_never_folds = 60;  // the engine keeps so many volumes apart
constexpr Nanos book_slack = milliseconds(50);

std::string text_of(const ClientOrderId& id) {
    const ClientOrderIdText text = encode(id);
    return {text.data(), text.size()};
}

std::string key_text(SymbolId symbol, PositionSide side) {
    return "symbol " + std::to_string(tranche::index(symbol)) +
           (side == PositionSide::long_side ? " long" : " short");
}

}  // namespace

/// N6: an entry leaves in time.
void Oracle::check_time(const Command& command, Nanos now) {
    if (command.deadline.count != 0 && now > command.deadline)
        fail("I8", text_of(command.id) + " left after its deadline", now);
}

/// Without a young book there is a price only for those who take the liquidation's (N2).
void Oracle::check_book(const Command& command, Nanos now) {
    const EntrySettings& rules = plan_.settings.entry;
    const Nanos book = symbols_[tranche::index(command.symbol)].book;
    if (rules.price_mode == EntryPriceMode::maker &&
        command.cause_time - book > rules.book_limit + book_slack)
        fail("N2", text_of(command.id) + " is priced by a book that is too old", now);
}

/// G5: the old stop goes only after the new one works. Exceptions are where stops may not overlap.
void Oracle::check_replacement(const Command& command, Nanos now) {
    if (command.id.role != Role::stop_loss || !remembers_all_) return;
    const SymbolRules& rules = plan_.rules[tranche::index(command.symbol)];
    const bool crowded = rules.max_conditional_orders < 50 || plan_.faults[index(Fault::x9)] ||
                         overlap_refused_ || plan_.venue.behaviour.stops_share_position;
    const TrancheWatch& seen = watch_of(command.id.tranche);
    if (crowded || !plan_.settings.tranche.consolidate || seen.over ||
        seen.absorbed_by != no_tranche)
        return;
    if (seen.quantity.positive() && seen.newest_stop == command.id)
        fail("G5", text_of(command.id) + " is cancelled and no newer stop works", now);
}

/// The recorded sum is that of the recorded liquidations.
void Oracle::check_window(const LiquidationRow& row, Nanos now) {
    if (tranche::index(row.symbol) >= plan_.rules.size() || row.verdict == Verdict::malformed ||
        row.verdict == Verdict::not_configured)
        return;
    const WindowSettings& settings = plan_.settings.window;
    SymbolWatch& seen = symbols_[tranche::index(row.symbol)];
    const std::int64_t value = settings.in_usdt ? row.value.raw : row.quantity.raw;
    seen.window.push_back({now, row.side, value});
    while (seen.window.front().time < now - settings.span) seen.window.pop_front();
    if (seen.window.size() > window_never_folds) seen.crowded_until = now + settings.span;
    if (now <= seen.crowded_until) return;
    std::int64_t sum = 0;
    for (const Volume& volume : seen.window)
        if (settings.side == VolumeSide::both || volume.side == row.side) sum += volume.value;
    if (sum != row.window_sum)
        fail("window",
             "symbol " + std::to_string(tranche::index(row.symbol)) + ": liquidations sum up to " +
                 tranche::to_text(sum) + ", recorded " + tranche::to_text(row.window_sum),
             now);
}

/// N9: an order is over when the exchange says so, and only then.
void Oracle::check_end(const OrderRow& row, Nanos now) {
    const bool gone = row.state == OrderState::canceled || row.state == OrderState::rejected ||
                      row.state == OrderState::dropped;
    if (!gone) return;
    const LedgerOrder* order = ledger_.find(row.id);
    if (order != nullptr && order->open)
        return fail("N9", text_of(row.id) + " is over for the engine and works at the exchange",
                    now);
    const IdTable::Key key = IdTable::key(row.id);
    if (order == nullptr && dead_.find(key) == IdTable::nowhere) dead_.add(key, 0);
}

/// Ordinals grow; what tranches say was entered, entries of ours were filled with.
void Oracle::check_tranche(const TrancheRow& row, TrancheWatch& seen, Nanos now) {
    check_resolution(row, seen, now);
    SideWatch& side = watch(row.symbol, row.side);
    if (!seen.known) {
        const std::uint64_t ordinal = std::uint64_t{row.episode} << 32 | (row.ordinal + 1);
        if (remembers_all_ && ordinal <= side.newest_ordinal)
            fail("I12", key_text(row.symbol, row.side) + ": an ordinal is used again", now);
        side.newest_ordinal = std::max(side.newest_ordinal, ordinal);
    }
    seen.known = true;
    const std::int64_t more = (row.entered - seen.entered).raw;
    side.entered += more;
    if (row.adopted && more > 0) side.adopted += more;
    seen.entered = row.entered;
    seen.exited = row.exited;
    if (side.entered > ledger_.entered(row.symbol, row.side).raw + side.adopted)
        fail("I1",
             key_text(row.symbol, row.side) + ": tranches entered " +
                 tranche::to_text(side.entered) + ", orders were filled with " +
                 to_text(ledger_.entered(row.symbol, row.side)),
             now);
}

/// Where every trade was reported there is nothing to adopt, and nothing vanishes (I2).
void Oracle::check_resolution(const TrancheRow& row, const TrancheWatch& seen, Nanos now) {
    const bool adopts = row.adopted && !seen.known;
    const bool vanishes =
        is_final(row.state) && row.close_reason == CloseReason::vanished && !seen.over;
    if ((!adopts && !vanishes) || foreign_[tranche::index(row.symbol)] || !remembers_all_) return;
    // A close that is reported before what it closed leaves something to vanish.
    if (plan_.faults[index(Fault::n7)]) return;
    for (const LedgerTrade& trade : ledger_.all_trades())
        if (ledger_.orders()[trade.order].symbol == row.symbol && (!trade.told || trade.forgiven))
            return;
    fail("I2",
         key_text(row.symbol, row.side) + " tranche " +
             std::to_string(static_cast<std::uint32_t>(row.id)) +
             (adopts ? " is adopted" : " vanishes") +
             " although every trade was reported; positions over REST are " +
             std::to_string(plan_.venue.behaviour.position_lag_ms) + " ms old (E14)",
         now);
}

/// What a tranche's own exits were filled with has left it.
void Oracle::check_exits(const TrancheRow& row, Nanos now) {
    const TrancheWatch& seen = watch_of(row.id);
    if (remembers_all_ && row.exited < seen.exit_fills)
        fail("I1",
             key_text(row.symbol, row.side) + " tranche " +
                 std::to_string(static_cast<std::uint32_t>(row.id)) + ": its exits were filled " +
                 to_text(seen.exit_fills) + ", it says " + to_text(row.exited),
             now);
}

/// Entries do not rest for ever.
void Oracle::watch_entries(Nanos now) {
    for (const std::uint32_t place : ledger_.open()) {
        const LedgerOrder& order = ledger_.orders()[place];
        if (!order.ours || order.closing) continue;
        const Nanos from =
            std::max({order.accepted + plan_.settings.entry.ttl, all_excused_until_,
                      entries_excused_until_, watch(order.symbol, order.side).excused_until});
        if (now - from > entry_overdue)
            fail("I4", "entry " + text_of(order.id) + " rests beyond its time to live", now);
    }
}

/// What must not be there when nothing goes on.
std::string Oracle::left_behind() const {
    std::string text;
    for (const LedgerTrade& trade : ledger_.all_trades())
        if (trade.told && !trade.forgiven && trade.booked < trade.quantity)
            text += "a trade of " + text_of(ledger_.orders()[trade.order].id) + " is not booked\n";
    for (const std::uint32_t place : ledger_.open()) {
        const LedgerOrder& order = ledger_.orders()[place];
        const auto owner = static_cast<std::size_t>(order.id.tranche);
        const bool exit = order.ours && order.closing && order.id.tranche != no_tranche;
        if (exit && owner < tranches_.size() && tranches_[owner].over)
            text += text_of(order.id) + " is left of a tranche that is over\n";
    }
    return text;
}

}  // namespace tranche::sim
