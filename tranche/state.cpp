#include "tranche/state.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace tranche {
namespace {

/// Room for the window's events at the stream's rate of one a symbol and second, twice over.
std::size_t window_capacity(Nanos span) {
    return std::bit_ceil(static_cast<std::size_t>(span.count / 1'000'000'000) * 2 + 64);
}

}  // namespace

SymbolState::SymbolState(const SymbolRules& with_rules, const SymbolSettings& with_settings,
                         Nanos span, std::span<VolumeWindow::Entry> volumes)
    : window{span, volumes},
      leverage{with_settings.leverage},
      rules{with_rules},
      settings{with_settings} {
    for (SideBook& side : sides) side.tranches.fill(no_slot);
}

std::size_t order_capacity(const EngineSettings& settings) {
    // Per side: an entry budget, and for each tranche TP, SL, one of each being replaced, a close.
    const std::size_t per_side =
        settings.entry.max_open_orders + 8U + std::size_t{settings.tranche.max_per_side} * 6;
    return std::max<std::size_t>(4096, settings.symbols.size() * 2 * per_side);
}

std::size_t tranche_capacity(const EngineSettings& settings) {
    return std::max<std::size_t>(
        64, settings.symbols.size() * 2 * (settings.tranche.max_per_side + 3U));
}

EngineState::EngineState(EngineSettings with, const SymbolTable& names, StatusBoard& show,
                         const Restored& restored)
    : settings{std::move(with)},
      table{names},
      board{show},
      prices(settings.symbols.size()),
      tranches(tranche_capacity(settings) + restored.tranches.size()),
      orders{order_capacity(settings) + restored.orders.size()},
      volumes(settings.symbols.size() * window_capacity(settings.window.span)),
      timers{orders.capacity() + tranches.size() + 2 * settings.symbols.size()},
      trades{1U << 16},
      opened(1U << 16) {
    require(settings.symbols.size() == names.configured(), "each configured symbol has settings");
    symbols.reserve(settings.symbols.size());
    const std::size_t each = window_capacity(settings.window.span);
    for (std::size_t i = 0; i < settings.symbols.size(); ++i)
        symbols.emplace_back(names.rules(SymbolId{static_cast<std::uint16_t>(i)}),
                             settings.symbols[i], settings.window.span,
                             std::span{volumes}.subspan(i * each, each));
    foreign_margin.resize(names.size());
    changed_tranches.reserve(tranches.size());
    unshown_tranches.reserve(tranches.size());
    unshown_orders.reserve(orders.capacity());
    free_tranches.reserve(tranches.size());
    for (std::size_t i = tranches.size(); i-- > 0;)
        free_tranches.push_back(static_cast<TrancheSlot>(i));
    hedge_mode = settings.hedge_mode;
    totals.mode = Mode::boot;
    totals.hedge_mode = hedge_mode;
}

void order_begins(EngineState& state, OrderSlot slot) {
    Order& order = state.orders[slot];
    SymbolState& symbol = state.symbol(order.row.symbol);
    if (is_conditional(order.row.type)) ++symbol.live_conditionals;
    if (order.row.id.role != Role::entry) return;
    ++symbol.live_entries;
    order.next_entry = symbol.first_entry;
    if (symbol.first_entry != no_slot) state.orders[symbol.first_entry].previous_entry = slot;
    symbol.first_entry = slot;
}

void order_ends(EngineState& state, OrderSlot slot) {
    Order& order = state.orders[slot];
    SymbolState& symbol = state.symbol(order.row.symbol);
    if (is_conditional(order.row.type)) --symbol.live_conditionals;
    if (order.row.id.role != Role::entry) return;
    --symbol.live_entries;
    if (order.next_entry != no_slot)
        state.orders[order.next_entry].previous_entry = order.previous_entry;
    (order.previous_entry != no_slot ? state.orders[order.previous_entry].next_entry
                                     : symbol.first_entry) = order.next_entry;
    order.next_entry = order.previous_entry = no_slot;
}

void record_order(EngineState& state, OrderSlot slot, Outbox& out) {
    Order& order = state.orders[slot];
    order.row.updated = state.now;
    out.record(RecordKind::order, state.now, &Record::order, order.row);
    if (!std::exchange(order.unshown, true)) state.unshown_orders.push_back(slot);
}

void record_tranche(EngineState& state, TrancheSlot slot) {
    Tranche& tranche = state.tranches[slot];
    if (!std::exchange(tranche.changed, true)) state.changed_tranches.push_back(slot);
}

void record_tranche_now(EngineState& state, TrancheSlot slot, Outbox& out) {
    Tranche& tranche = state.tranches[slot];
    tranche.changed = false;
    tranche.row.updated = state.now;
    out.record(RecordKind::tranche, state.now, &Record::tranche, tranche.row);
    if (!std::exchange(tranche.unshown, true)) state.unshown_tranches.push_back(slot);
}

void record_changed_tranches(EngineState& state, Outbox& out) {
    for (const TrancheSlot slot : state.changed_tranches)
        if (state.tranches[slot].changed) record_tranche_now(state, slot, out);
    state.changed_tranches.clear();
}

void record_alarm(EngineState& state, AlarmKind kind, bool raised, SymbolId symbol,
                  TrancheId tranche, std::int64_t value, std::string_view text, Outbox& out) {
    AlarmRow& alarm = out.record(RecordKind::alarm, state.now).alarm;
    alarm.kind = kind;
    alarm.raised = raised;
    alarm.symbol = symbol;
    alarm.tranche = tranche;
    alarm.value = value;
    text.copy(alarm.text.data(), alarm.text.size() - 1);
}

void refuse_figures(EngineState& state, SymbolId symbol, Outbox& out) {
    record_alarm(state, AlarmKind::position_differs, true, symbol, no_tranche, 0,
                 "a figure of the exchange cannot be true; asking for a snapshot", out);
    out.want_snapshot();
}

void show_symbol(EngineState& state, SymbolId id) {
    const SymbolState& symbol = state.symbol(id);
    const SymbolPrices& price = state.price(id);
    SymbolBoardRow row{};
    row.bid = price.bid;
    row.ask = price.ask;
    row.mark = price.mark;
    row.book_time = price.book_time;
    row.mark_time = price.mark_time;
    row.last_liquidation_time = symbol.last_liquidation;
    row.window_buy = symbol.window.sum(Side::buy);
    row.window_sell = symbol.window.sum(Side::sell);
    row.liquidations = symbol.liquidations;
    row.entries = symbol.entries;
    row.used_margin = symbol.used_margin;
    row.reserved_margin = symbol.reserved_margin;
    for (std::size_t s = 0; s < 2; ++s) {
        const SideBook& side = symbol.sides[s];
        row.position[s] = side.exchange_quantity;
        row.position_entry[s] = side.exchange_entry;
        row.liquidation_price[s] = side.liquidation_price;
        row.position_time[s] = side.exchange_time;
        row.reconciling[s] = side.differs_since.count != 0 || side.unknown_orders != 0;
        row.open_tranches[s] = static_cast<std::uint8_t>(side.count);
    }
    row.leverage = symbol.leverage;
    row.last_verdict = symbol.last_verdict;
    row.isolated = symbol.isolated;
    state.board.symbols[index(id)].write(row);
}

void show_changes(EngineState& state) {
    for (const OrderSlot slot : state.unshown_orders) {
        Order& order = state.orders[slot];
        order.unshown = false;
        if (slot < state.board.orders.size())
            state.board.orders[slot].write({order.row, is_final(order.row.state) ? 0U : 1U});
    }
    state.unshown_orders.clear();
    for (const TrancheSlot slot : state.unshown_tranches) {
        Tranche& tranche = state.tranches[slot];
        tranche.unshown = false;
        if (slot < state.board.tranches.size())
            state.board.tranches[slot].write({tranche.row, is_final(tranche.row.state) ? 0U : 1U});
    }
    state.unshown_tranches.clear();
    state.totals.now = state.now;
    state.totals.paused = state.paused;
    state.totals.hedge_mode = state.hedge_mode;
    state.totals.market_stream_up = state.streams.market_open > 0;
    state.totals.user_stream_up = state.streams.user_open > 0;
    state.board.engine.write(state.totals);
}

}  // namespace tranche
