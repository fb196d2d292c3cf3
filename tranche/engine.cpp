#include "tranche/engine.hpp"

#include <algorithm>

#include "tranche/book.hpp"
#include "tranche/entry.hpp"
#include "tranche/lifecycle.hpp"
#include "tranche/live_settings.hpp"
#include "tranche/plausible.hpp"
#include "tranche/prefetch.hpp"
#include "tranche/protection.hpp"
#include "tranche/reconcile.hpp"
#include "tranche/risk.hpp"

namespace tranche {
namespace {

constexpr Nanos merge_interval = seconds(1);
constexpr Nanos visit_interval = seconds(60);  // of what did not change
constexpr std::size_t symbol_turns = 20;       // timers until every symbol had its turn: 100 ms
constexpr Nanos watch_interval = milliseconds(500);

}  // namespace

Engine::Engine(const EngineSettings& settings, const SymbolTable& symbols, StatusBoard& board,
               const Restored& restored)
    : state_{settings, symbols, board, restored} {
    require(board.symbols.size() >= symbols.configured(), "the board has a row for each symbol");
    Outbox unused;
    restore(state_, restored, unused);
    show_changes(state_);
}

void Engine::on(const Event& event, Outbox& out) {
    // A branch, not a maximum: a tick must not wait for the store of the one before it.
    if (event.arrival_time > state_.now) state_.now = event.arrival_time;
    ++state_.totals.events;
    // Nearly all events are these two; what they do is worth no more than a few instructions.
    if (event.kind == EventKind::mark_price)
        return on_mark_price(event.mark_price, event.symbol, out);
    if (event.kind == EventKind::book_ticker)
        return on_book_ticker(event.book_ticker, event.symbol);
    if (state_.totals.started.count == 0) state_.totals.started = state_.now;
    if (index(event.symbol) < state_.prices.size()) state_.price(event.symbol).unshown = true;
    dispatch(event, out);
    record_changed_tranches(state_, out);
}

void Engine::dispatch(const Event& event, Outbox& out) {
    switch (event.kind) {
        case EventKind::liquidation: return on_liquidation(state_, event, out);
        case EventKind::book_ticker:
        case EventKind::mark_price: return;
        case EventKind::order_update: return on_order_update(state_, event, out);
        case EventKind::position_update: return on_position_update(state_, event, out);
        case EventKind::balance_update: return on_balance_update(event.balance_update, out);
        case EventKind::open_order: return on_open_order(state_, event, out);
        case EventKind::snapshot_mark: return on_snapshot_mark(state_, event, out);
        case EventKind::stream_change: return on_stream_change(event.stream_change, out);
        case EventKind::account_notice:
            return on_account_notice(event.account_notice, event.symbol, out);
        case EventKind::reply: return on_reply(state_, event, out);
        case EventKind::control: return on_control(event.control, event.symbol, out);
        case EventKind::rules_update: return on_rules_update(event.rules_update, event.symbol);
        case EventKind::timer: return on_timer(out);
    }
}

void Engine::on_book_ticker(const BookTicker& ticker, SymbolId id) {
    if (index(id) >= state_.prices.size()) return;
    SymbolPrices& price = state_.price(id);
    const bool usable = plausible(ticker.bid) && plausible(ticker.ask);
    price.bid = usable ? ticker.bid : Price{};
    price.ask = usable ? ticker.ask : Price{};
    price.book_time = state_.now;
    price.unshown = true;
}

void Engine::on_mark_price(const MarkPrice& mark, SymbolId id, Outbox& out) {
    if (index(id) >= state_.prices.size() || !plausible(mark.mark)) return;
    SymbolPrices& price = state_.price(id);
    price.mark = mark.mark;
    price.mark_time = state_.now;
    price.unshown = true;
    if (price.quiet.contains(mark.mark)) [[likely]]
        return;
    watch_mark(state_, id, out);
    record_changed_tranches(state_, out);
}

void Engine::on_balance_update(const BalanceUpdate& balance, Outbox& out) {
    if (balance.asset != CommissionAsset::usdt || !plausible(balance.wallet)) return;
    state_.totals.wallet = balance.wallet;
    if (balance.has_available) state_.totals.available = balance.available;
    BalanceRow& row = out.record(RecordKind::balance, state_.now).balance;
    row.wallet = balance.wallet;
    row.available = state_.totals.available;
    row.realized_today = state_.totals.realized;
}

/// Fills may have passed unseen: no entries before a snapshot has agreed again.
void Engine::doubt_user_stream() {
    state_.streams.user_gap_at = state_.now;
    state_.reconciled = false;
}

void Engine::on_stream_change(const StreamChange& change, Outbox& out) {
    Streams& streams = state_.streams;
    std::uint16_t& open =
        change.stream == StreamKind::market ? streams.market_open : streams.user_open;
    switch (change.state) {
        case StreamCondition::open: ++open; break;
        case StreamCondition::lost:
            if (open > 0) --open;
            break;
        case StreamCondition::gap: break;
    }
    // A second connection that comes up misses nothing while the first one is up.
    if (change.stream == StreamKind::user && (change.state != StreamCondition::open || open == 1))
        doubt_user_stream();
    if (change.stream == StreamKind::user) out.want_snapshot();
    const bool lost = change.state == StreamCondition::lost && open == 0;
    if (lost || (change.state == StreamCondition::open && open == 1))
        record_alarm(state_,
                     change.stream == StreamKind::market ? AlarmKind::market_stream_lost
                                                         : AlarmKind::user_stream_lost,
                     lost, no_symbol, no_tranche, change.connection,
                     lost ? "no connection left" : "connected", out);
    update_mode(state_, out);
}

void Engine::on_account_notice(const AccountNotice& notice, SymbolId id, Outbox& out) {
    const bool known = id != no_symbol && state_.table.is_configured(id);
    switch (notice.kind) {
        case AccountNoticeKind::margin_call:
            record_alarm(state_, AlarmKind::margin_call, true, id, no_tranche, 0,
                         "margin call: entries are off until resumed", out);
            hold(state_, Hold::margin_call, out);
            break;
        case AccountNoticeKind::leverage_changed:
            if (known && notice.leverage > 0) state_.symbol(id).leverage = notice.leverage;
            if (known) refresh_margin(state_, id);
            break;
        case AccountNoticeKind::hedge_mode_changed:
            if (notice.flag != state_.hedge_mode) mismatch_mode(state_, out);
            break;
        case AccountNoticeKind::listen_key_expired:
            doubt_user_stream();
            out.want_listen_key();
            out.want_snapshot();
            break;
        case AccountNoticeKind::multi_assets_changed: break;
        case AccountNoticeKind::clock_offset_bad:
        case AccountNoticeKind::clock_offset_good:
            learn_clock(state_, notice.kind == AccountNoticeKind::clock_offset_bad, out);
            break;
        case AccountNoticeKind::storage_behind:
        case AccountNoticeKind::storage_current:
            state_.storage_behind = notice.kind == AccountNoticeKind::storage_behind;
            break;
    }
    update_mode(state_, out);
}

void Engine::on_control(const Control& control, SymbolId id, Outbox& out) {
    switch (control.kind) {
        case ControlKind::pause: state_.paused = true; break;
        case ControlKind::resume:
            state_.paused = false;
            state_.flatten_wanted = false;
            release_hold(state_, out);
            break;
        case ControlKind::flatten:
            state_.paused = true;
            state_.flatten_wanted = true;
            break;
        case ControlKind::drain: state_.drain_wanted = true; break;
        case ControlKind::close_position:
            if (id == no_symbol || !state_.table.is_configured(id)) break;
            for (std::size_t i = state_.side(id, control.side).count; i-- > 0;)
                start_close(state_, state_.side(id, control.side).tranches[i],
                            CloseReason::operator_close, out);
            break;
        case ControlKind::merge: merge_by_hand(control, id, out); break;
        case ControlKind::setting: apply_setting(state_, control, id, out); break;
    }
    update_mode(state_, out);
    ModeRow& row = out.record(RecordKind::mode, state_.now).mode;
    row.from = row.to = state_.totals.mode;
    row.paused = state_.paused;
    row.reason = state_.totals.mode_reason;
}

void Engine::merge_by_hand(const Control& control, SymbolId id, Outbox& out) {
    const MergeRefusal refusal = state_.table.is_configured(id) && id != no_symbol
                                     ? merge_chosen(state_, id, control, out)
                                     : MergeRefusal{"no such symbol"};
    if (!refusal.empty())
        record_alarm(state_, AlarmKind::control_refused, true, id, no_tranche,
                     control.tranche_count, refusal, out);
}

void Engine::on_rules_update(const RulesUpdate& update, SymbolId id) {
    if (index(id) >= state_.symbols.size() || !update.tick.positive() || !update.step.positive())
        return;
    SymbolState& symbol = state_.symbol(id);
    SymbolRules& rules = symbol.rules;
    rules.trading = update.trading;
    rules.tick = update.tick;
    rules.min_price = update.min_price;
    rules.max_price = update.max_price;
    rules.step = update.step;
    rules.min_quantity = update.min_quantity;
    rules.max_quantity = update.max_quantity;
    rules.market_step = update.market_step;
    rules.market_min_quantity = update.market_min_quantity;
    rules.market_max_quantity = update.market_max_quantity;
    rules.min_notional = update.min_notional;
    rules.multiplier_up = update.multiplier_up;
    rules.multiplier_down = update.multiplier_down;
    rules.max_orders = update.max_orders;
    rules.max_conditional_orders = update.max_conditional_orders;
    symbol.filter_refusals = 0;
    symbol.rules_doubted = false;
    symbol.closed = !update.trading;
}

void Engine::cancel_entries(Outbox& out) {
    for (const SymbolState& symbol : state_.symbols)
        for (OrderSlot slot = symbol.first_entry; slot != no_slot && out.roomy();
             slot = state_.orders[slot].next_entry)
            cancel(state_, slot, out);
}

void Engine::close_everything(Outbox& out) {
    for (TrancheSlot slot = 0; slot < state_.tranches.size() && out.roomy(); ++slot)
        if (state_.tranches[slot].live) start_close(state_, slot, CloseReason::operator_close, out);
}

bool Engine::drained() const {
    if (!state_.drain_wanted) return false;
    return std::all_of(state_.symbols.begin(), state_.symbols.end(),
                       [](const SymbolState& symbol) { return symbol.live_entries == 0; });
}

void Engine::run_due(Outbox& out) {
    while (out.roomy()) {
        const std::uint32_t id = state_.timers.pop(state_.now);
        if (id == Timers::none) return;
        const std::uint32_t first_tranche = static_cast<std::uint32_t>(state_.orders.capacity());
        const std::uint32_t first_side = state_.timer_of_side(SymbolId{0}, PositionSide{});
        if (id < first_tranche) {
            state_.price(state_.orders[id].row.symbol).unshown = true;
            on_order_due(state_, id, out);
        }
        // Restored tranches keep the exits they have until a snapshot says what works.
        else if (state_.totals.last_reconcile.count == 0)
            continue;
        else if (id < first_side)
            protect(state_, id - first_tranche, out);
        else
            ensure_backstop(state_, SymbolId{static_cast<std::uint16_t>((id - first_side) / 2)},
                            PositionSide{static_cast<std::uint8_t>((id - first_side) % 2)}, out);
    }
}

void Engine::expect_soon(const Event& event) const {
    if (event.kind == EventKind::liquidation) return expect_liquidation(state_, event);
    if (index(event.symbol) >= state_.symbols.size()) return;
    if (event.kind == EventKind::order_update)
        return prefetch_report(state_, event.symbol, event.order_update);
    prefetch(&state_.prices[index(event.symbol)], cache_line);
}

void Engine::expect_next(const Event& event) const {
    if (event.kind == EventKind::liquidation) expect_entry(state_, event);
}

/// What has time: a share of the symbols each turn, so that no turn is longer than others. Only
/// those of which something changed: looking at all would push what trades out of the near caches.
void Engine::visit_symbols(Outbox& out) {
    const std::size_t all = state_.symbols.size();
    for (std::size_t i = 0; i < std::min(all / symbol_turns + 1, all); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(next_visit_)};
        if (state_.price(id).unshown) merge_what_profits(id, out);
        if (visit_all_ || state_.price(id).unshown) show(id);
        if (++next_visit_ < all) continue;
        next_visit_ = 0;
        visit_all_ = state_.now - all_visited_ >= visit_interval;
        if (visit_all_) all_visited_ = state_.now;
    }
}

void Engine::merge_what_profits(SymbolId id, Outbox& out) {
    SymbolState& symbol = state_.symbol(id);
    if (state_.now - symbol.merge_checked < merge_interval || !out.roomy()) return;
    symbol.merge_checked = state_.now;
    for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side})
        if (state_.side(id, side).count >= 2 && out.roomy())
            merge_profitable(state_, id, side, out);
}

void Engine::show(SymbolId id) {
    SymbolPrices& price = state_.price(id);
    price.unshown = false;
    const bool differs = std::ranges::any_of(state_.symbol(id).sides, [](const SideBook& side) {
        return side.quantity != side.exchange_quantity;
    });
    if (differs != price.differs) state_.differing += differs ? 1U : -1U;
    price.differs = differs;
    show_symbol(state_, id);
}

void Engine::on_timer(Outbox& out) {
    run_due(out);
    if (state_.drain_wanted || state_.flatten_wanted) cancel_entries(out);
    if (state_.flatten_wanted) close_everything(out);
    if (state_.now - last_watch_ >= watch_interval) {
        last_watch_ = state_.now;
        watch_differences(state_, out);
        watch_losses(state_, out);
        update_mode(state_, out);
    }
    visit_symbols(out);
    show_changes(state_);
    prefetch_next_entry(state_);
}

}  // namespace tranche
