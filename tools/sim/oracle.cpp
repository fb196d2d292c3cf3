#include "tools/sim/oracle.hpp"

#include <algorithm>
#include <array>

namespace tranche::sim {
namespace {

constexpr std::array<std::int32_t, 3> nothing_to_reduce = {-2022, -2024, -4118};

std::string text_of(const ClientOrderId& id) {
    const ClientOrderIdText text = encode(id);
    return {text.data(), text.size()};
}

}  // namespace

void UnprotectedTimes::add(Nanos time) {
    const std::int64_t ms = std::max<std::int64_t>(time.milliseconds(), 0);
    ++counts[std::min(static_cast<std::size_t>(ms), longest)];
    ++samples;
    max_ms = std::max(max_ms, ms);
}

void UnprotectedTimes::add(const UnprotectedTimes& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    samples += other.samples;
    covered_at_once += other.covered_at_once;
    max_ms = std::max(max_ms, other.max_ms);
}

std::int64_t UnprotectedTimes::permille(std::uint64_t wanted) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        seen += counts[i];
        if (seen * 1'000 >= samples * wanted) return static_cast<std::int64_t>(i);
    }
    return max_ms;
}

Oracle::Oracle(const Plan& plan)
    : plan_{plan},
      ledger_{plan.rules.size(), plan.settings.hedge_mode},
      sides_(plan.rules.size() * 2),
      spending_{plan.limits} {
    tranches_.reserve(256);
}

void Oracle::fail(const char* invariant, std::string text, Nanos now) {
    if (violation_) return;
    violation_ = Violation{invariant, "at " + std::to_string((now - plan_.start).microseconds()) +
                                          " us: " + std::move(text)};
}

// ---------------------------------------------------------------- at the exchange

void Oracle::sent(const Command& command, Nanos now) {
    const bool place = command.kind == CommandKind::place;
    const bool counts = place || command.kind == CommandKind::replace;
    spending_.add(command.with_exits ? RateCost{.weight = 50, .orders = 3}
                                     : RateCost{.weight = 1, .orders = counts ? 1U : 0U},
                  now);
    if (!place) return;
    if (command.id.role == Role::entry) check_reserve(now);
    check_time(command, now);
    const IdTable::Key key = IdTable::key(command.id);
    if (arrived_.find(key) != IdTable::nowhere) {
        ++doubled_;
        return fail("I5", "a second attempt of " + text_of(command.id) + " left", now);
    }
    arrived_.add(key, 0);
}

void Oracle::arrived(const Command& command, Nanos) {
    if (command.kind == CommandKind::place) ++orders_;
}

void Oracle::accepted(const Command& command, std::int64_t order_id, Nanos now) {
    if (command.id.role == Role::entry) {
        ++entry_orders_;
        settle_pending(command.id);
    }
    if (dead_.find(IdTable::key(command.id)) != IdTable::nowhere)
        fail("I5", "the engine had called " + text_of(command.id) + " absent, and it came", now);
    if (command.id.role == Role::stop_loss) {
        ClientOrderId& newest = watch_of(command.id.tranche).newest_stop;
        const bool newer = command.id.epoch != newest.epoch
                               ? command.id.epoch > newest.epoch
                               : command.id.generation > newest.generation;
        if (newer) newest = command.id;
    }
    if (ledger_.accepted(command, order_id, now)) return watch_bare(command.symbol, now);
    ++doubled_;
    fail("I5", "the exchange accepted " + text_of(command.id) + " twice", now);
}

/// One that the engine had given up may still come: it is cancelled then (I6 has the bound).
void Oracle::attached(const Command& exit, std::int64_t order_id, Nanos now) {
    if (ledger_.accepted(exit, order_id, now)) return watch_bare(exit.symbol, now);
    ++doubled_;
    fail("I5", "the exchange placed " + text_of(exit.id) + " twice", now);
}

void Oracle::replaced(const Command& command, Nanos now) {
    if (!ledger_.replaced(command))
        fail("ledger", "the exchange changed " + text_of(command.id) + ", which is not open", now);
}

void Oracle::executed(const Command&, const Reply&, Nanos now) {
    if (entry_orders_ > entry_verdicts_)
        fail("I5", "more entry orders at the exchange than entries decided", now);
}

void Oracle::truth(const Event& event, Nanos now) {
    if (event.kind != EventKind::order_update) return;
    const OrderUpdate& update = event.order_update;
    const bool trades =
        update.execution == ExecutionType::trade || update.execution == ExecutionType::calculated;
    const PositionSide opposite_side = opened_by(opposite(update.side));
    // One that was on its way while the memory of it was lost cannot be known of.
    const bool lost = !remembers_all_ && update.id.epoch < epoch_;
    if (trades && update.ours && !lost && update.id.role == Role::entry && !ledger_.hedge_mode() &&
        !foreign_[tranche::index(event.symbol)] &&
        ledger_.side(event.symbol, opposite_side).held.positive())
        fail("I7", "entry " + text_of(update.id) + " reduced the other side", now);
    if (!update.ours) foreign(event.symbol);
    if (!ledger_.on(update, event.symbol, now))
        fail("ledger",
             "the exchange contradicts itself about order " + std::to_string(update.order_id), now);
    if (trades && update.ours && update.id.role != Role::entry && !ledger_.hedge_mode()) {
        const LedgerSide& flipped = ledger_.side(event.symbol, opened_by(update.side));
        if (flipped.held.positive() && flipped.changed == now &&
            !foreign_[tranche::index(event.symbol)])
            fail("I7", "closing order " + text_of(update.id) + " flipped the position", now);
    }
    watch_bare(event.symbol, now);
    const bool entered = trades && update.ours && update.id.role == Role::entry;
    if (!entered || !protects(event.symbol)) return;
    const LedgerSide& side = ledger_.side(event.symbol, opened_by(update.side));
    if (side.held.positive() && !side.bare()) ++unprotected_.covered_at_once;
}

// ---------------------------------------------------------------- at the engine

void Oracle::check_shape(const Command& command, Nanos now) {
    const bool entry = command.id.role == Role::entry;
    const bool opens = command.side == opening_side(command.position_side);
    if (entry != opens) return fail("I7", text_of(command.id) + " works the wrong way", now);
    if (entry && (command.reduce_only || command.close_position))
        return fail("I7", text_of(command.id) + " is an entry that reduces", now);
    if (!entry && !ledger_.hedge_mode() && !command.reduce_only && !command.close_position)
        return fail("I7", text_of(command.id) + " could open: reduceOnly is missing", now);
    if (ledger_.hedge_mode() && command.reduce_only)
        return fail("I7", text_of(command.id) + " carries reduceOnly in hedge mode", now);
    const SymbolRules& rules = plan_.rules[tranche::index(command.symbol)];
    if (!command.close_position &&
        (!command.quantity.positive() || command.quantity.raw % rules.step.raw != 0))
        return fail("I20", text_of(command.id) + " has a quantity off its step", now);
    if (command.price.raw % rules.tick.raw != 0 || command.stop_price.raw % rules.tick.raw != 0)
        fail("I20", text_of(command.id) + " has a price off its tick", now);
}

/// Exits that leave with their entry are new, close, and are for all of it.
void Oracle::check_attached(const Command& entry, Nanos now) {
    for (const Role role : {Role::take_profit, Role::stop_loss}) {
        Command exit = attached_exit(entry, role);
        exit.reduce_only = !ledger_.hedge_mode();
        const IdTable::Key key = IdTable::key(exit.id);
        if (decided_.find(key) != IdTable::nowhere)
            return fail("I5", "client order id " + text_of(exit.id) + " used again", now);
        decided_.add(key, 0);
        check_shape(exit, now);
    }
}

/// A change keeps side and role; what it asks for must be as an order's.
void Oracle::check_change(const Command& command, Nanos now) {
    const SymbolRules& rules = plan_.rules[tranche::index(command.symbol)];
    if (command.id.role != Role::take_profit || command.type != OrderType::limit)
        fail("I7", text_of(command.id) + " is changed, and is no resting take-profit", now);
    if (!command.quantity.positive() || command.quantity.raw % rules.step.raw != 0 ||
        !command.price.positive() || command.price.raw % rules.tick.raw != 0)
        fail("I20", text_of(command.id) + " is changed to something off its step or tick", now);
}

void Oracle::decided(const Command& command, const EngineView& view, Nanos now) {
    if (command.sequence <= newest_sequence_) fail("I12", "command sequence does not grow", now);
    newest_sequence_ = command.sequence;
    // What lay in the rings before that report is taken first.
    if (foreign_epoch_seen_.count != 0 && view.drained_at > foreign_epoch_seen_ &&
        command.kind == CommandKind::place)
        fail("I15", "an order after a younger instance was seen: " + text_of(command.id), now);
    if (view.mode == Mode::halt) fail("I8", "a command while halted", now);
    if (command.kind == CommandKind::cancel) check_replacement(command, now);
    if (command.kind == CommandKind::replace) check_change(command, now);
    if (command.kind != CommandKind::place) return;
    if (command.id.epoch != epoch_) fail("I12", text_of(command.id) + " has another epoch", now);
    const IdTable::Key key = IdTable::key(command.id);
    if (decided_.find(key) != IdTable::nowhere)
        return fail("I5", "client order id " + text_of(command.id) + " used again", now);
    decided_.add(key, 0);
    check_shape(command, now);
    if (command.with_exits) check_attached(command, now);
    check_counts(command, now);
    if (command.id.role != Role::entry) return;
    ++entries_decided_;
    if (view.mode != Mode::trading || view.paused)
        fail("I8", "entry " + text_of(command.id) + " while entries are off", now);
    check_book(command, now);
    check_caps(command, now);
    pending_.push_back({command.id, command.symbol, command.price * command.quantity});
}

Oracle::TrancheWatch& Oracle::watch_of(TrancheId id) {
    const auto place = static_cast<std::size_t>(id);
    if (place >= tranches_.size()) tranches_.resize(place + 1);
    return tranches_[place];
}

TrancheId Oracle::resolve(TrancheId id) {
    for (int hops = 0; hops < 64; ++hops) {
        const TrancheId by = watch_of(id).absorbed_by;
        if (by == no_tranche) return id;
        id = by;
    }
    return id;
}

/// I1: a trade is booked once, and on the tranche whose order it was.
void Oracle::book(const FillRow& fill, Nanos now) {
    if (fill.trade_id == 0) return;
    LedgerTrade* trade = ledger_.find_trade(fill.symbol, fill.trade_id);
    if (trade == nullptr)
        return fail("I1", "trade " + std::to_string(fill.trade_id) + " never was", now);
    trade->booked += fill.quantity;
    if (trade->forgiven) return;
    const LedgerOrder& order = ledger_.orders()[trade->order];
    const std::string what = "trade " + std::to_string(fill.trade_id) + " of " +
                             (order.ours ? text_of(order.id) : "somebody else");
    if (trade->booked > trade->quantity)
        return fail("I1",
                    what + " is booked more than once: " + to_text(trade->booked) + " of " +
                        to_text(trade->quantity),
                    now);
    if (!order.ours || order.id.tranche == no_tranche || fill.tranche == no_tranche) return;
    const TrancheId own = resolve(order.id.tranche);
    if (order.closing && fill.tranche == own && !watch_of(own).over)
        watch_of(own).exit_fills += fill.quantity;
    if (fill.tranche == own) return;
    // More than the tranche held goes to others by rule; what it holds must be taken first.
    if (order.closing && watch_of(own).quantity.zero()) return;
    // A late fill of an entry whose tranche is closed opens another, and so may one of a tranche
    // of which nothing but this order is left.
    if (!order.closing && !watch_of(own).over && !watch_of(own).forgotten)
        fail("I1",
             what + " is booked on tranche " +
                 std::to_string(static_cast<std::uint32_t>(fill.tranche)),
             now);
}

bool Oracle::booked(SymbolId symbol, std::int64_t trade_id) {
    const LedgerTrade* trade = ledger_.find_trade(symbol, trade_id);
    return trade != nullptr && !trade->forgiven && trade->booked == trade->quantity;
}

void Oracle::recorded(const Record& record) {
    if (record.time < newest_record_) fail("I12", "records run backwards", record.time);
    newest_record_ = record.time;
    switch (record.kind) {
        case RecordKind::liquidation:
            if (record.liquidation.verdict == Verdict::entered) ++entry_verdicts_;
            return check_window(record.liquidation, record.time);
        case RecordKind::fill: return book(record.fill, record.time);
        case RecordKind::merge:
            watch_of(record.merge.absorbed).absorbed_by = record.merge.kept;
            watch_of(record.merge.kept).exit_fills += watch_of(record.merge.absorbed).exit_fills;
            return;
        case RecordKind::tranche: {
            const TrancheRow& row = record.tranche;
            TrancheWatch& seen = watch_of(row.id);
            check_tranche(row, seen, record.time);
            const Quantity held = is_final(row.state) ? Quantity{} : row.quantity;
            watch(row.symbol, row.side).recorded += held.raw - seen.quantity.raw;
            seen.quantity = held;
            seen.over = is_final(row.state);
            return;
        }
        case RecordKind::order:
            if (is_final(record.order.state)) settle_pending(record.order.id);
            return check_end(record.order, record.time);
        case RecordKind::mode:
        case RecordKind::alarm:
        case RecordKind::balance: return;
    }
}

void Oracle::delivered(const Event& event, Nanos made, Nanos now) {
    if (event.kind == EventKind::control && event.control.kind == ControlKind::resume) {
        foreign_epoch_seen_ = {};
        forget_removals();
    }
    if (event.symbol == no_symbol) return;
    const bool exit = event.kind == EventKind::reply && (event.reply.id.role == Role::stop_loss ||
                                                         event.reply.id.role == Role::take_profit);
    if (exit && std::find(nothing_to_reduce.begin(), nothing_to_reduce.end(), event.reply.code) !=
                    nothing_to_reduce.end())
        overlap_refused_ = true;
    if (event.kind == EventKind::book_ticker) symbols_[tranche::index(event.symbol)].book = now;
    if (event.kind == EventKind::order_update && event.order_update.last_quantity.positive())
        if (LedgerTrade* trade = ledger_.find_trade(event.symbol, event.order_update.trade_id))
            trade->told = true;
    if (event.kind == EventKind::order_update && event.order_update.ours &&
        event.order_update.id.epoch > epoch_ && foreign_epoch_seen_.count == 0)
        foreign_epoch_seen_ = now;
    for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side}) {
        if (watch(event.symbol, side).short_of.since.count != 0) learn(event, side, made, now);
    }
}

void Oracle::restarted(std::uint32_t epoch, const Memory& known, Nanos now) {
    epoch_ = epoch;
    newest_sequence_ = 0;
    excuse_all(now + seconds(10));
    // What was under way has lost its answer: settled as after any lost one (N1), not sooner.
    for (const OrderRow& row : known.orders())
        if (row.state == OrderState::sent || row.state == OrderState::unknown)
            excuse(row.symbol, row.position_side, now + seconds(16));
    spending_.reset();
    foreign_epoch_seen_ = {};
    forget_removals();
    for (SymbolWatch& symbol : symbols_) {
        symbol.window.clear();
        symbol.crowded_until = now + plan_.settings.window.span;
    }
}

void Oracle::died(Loss loss, const Memory& memory) {
    ledger_.forgive_unbooked_trades();
    pending_.clear();
    if (loss == Loss::nothing) return;
    remembers_all_ = false;
    ledger_.forgive_trades();
    for (TrancheWatch& tranche : tranches_) {
        tranche = {};
        tranche.forgotten = true;
    }
    for (SideWatch& side : sides_) side.recorded = side.entered = side.adopted = 0;
    for (const TrancheRow& row : memory.tranches()) {
        if (row.id == no_tranche) continue;
        watch_of(row.id).over = is_final(row.state);
        watch_of(row.id).forgotten = false;
        if (is_final(row.state)) continue;
        watch(row.symbol, row.side).recorded += row.quantity.raw;
        watch_of(row.id).quantity = row.quantity;
    }
}

void Oracle::excuse(SymbolId symbol, PositionSide side, Nanos until) {
    Nanos& excused = watch(symbol, side).excused_until;
    excused = std::max(excused, until);
}

void Oracle::excuse_all(Nanos until) {
    all_excused_until_ = std::max(all_excused_until_, until);
}

}  // namespace tranche::sim
