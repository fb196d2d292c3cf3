#include "tools/sim/world.hpp"

#include <algorithm>
#include <cstring>

namespace tranche::sim {
namespace {

constexpr Nanos sweep_interval = milliseconds(50);
constexpr Nanos settling_limit = seconds(60);
constexpr Nanos settled_for = seconds(1);
constexpr std::uint64_t recount_every = 1'000;

}  // namespace

World::World(const Plan& plan, const Script& script, Tracer* tracer,
             std::atomic<std::uint64_t>& progress)
    : plan_{plan},
      script_{script},
      tracer_{tracer},
      progress_{progress},
      settings_{plan.settings},
      now_{plan.start},
      symbols_{plan.rules, plan.rules.size()},
      oracle_{plan},
      venue_{plan, symbols_, oracle_, *this},
      network_{plan, heap_, venue_, oracle_, weather_, outcome_.faults},
      account_{plan, heap_, venue_, weather_, outcome_.faults},
      journal_{&World::on_record, this},
      prices_{plan},
      stream_dice_{plan.seed, Concern::stream},
      replies_{256},
      notices_{64},
      account_events_{1024},
      events_{plan.ring_capacity},
      commands_{1024},
      pace_{plan.pace} {
    backlog_.reserve(1024);
    parts_.reserve(512);
    next_market_ = next_sweep_ = now_;
}

Outcome World::run() {
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
        const SymbolId symbol{static_cast<std::uint16_t>(i)};
        show_book(symbol, prices_.step(symbol));
        show_mark(symbol, prices_.mid(symbol));
        jump(symbol, 0);
    }
    start();
    const std::uint64_t limit = script_.steps;
    for (std::uint64_t done = 0; outcome_.steps < limit && !over(); ++done) {
        step();
        progress_.store(outcome_.steps, std::memory_order_relaxed);
        if (done % recount_every != 0) continue;
        oracle_.recount(journal_.now_known(), now_);
        check_rings();
    }
    if (!over()) settle();
    if (!over()) check_rings();
    if (!over()) tell_again();
    outcome_.violation = oracle_.violation();
    if (tracer_ != nullptr) tell_state();
    outcome_.orders = oracle_.orders();
    outcome_.doubled_orders = oracle_.doubled_orders();
    outcome_.requests = network_.requests();
    outcome_.trades = oracle_.ledger().trades();
    outcome_.unprotected = oracle_.unprotected();
    outcome_.short_of_stops = oracle_.short_of_stops();
    outcome_.excused = oracle_.excused();
    return outcome_;
}

/// The next thing that is due, whatever it is; the engine's timer at the latest.
void World::step() {
    Nanos next = next_market_;
    if (!heap_.empty()) next = std::min(next, heap_.top().at);
    if (process_ && now_ >= stalled_until_) {
        // A stage without room comes back a little later.
        const bool held_back = process_->stage.next_tick <= now_ || replies_.size() > 0;
        next = std::min(next, held_back ? now_ + milliseconds(1) : process_->stage.next_tick);
    }
    const bool has_action = !calm_ && next_action_ < script_.actions.size();
    const Nanos action_at =
        has_action ? plan_.start + script_.actions[next_action_].at : Nanos{INT64_MAX};
    next = std::min({next, action_at, next_sweep_});
    now_ = std::max(now_, next);
    ++outcome_.steps;
    if (has_action && action_at <= now_) {
        const Action& action = script_.actions[next_action_++];
        if (tracer_ != nullptr) tracer_->action(action, now_);
        act(action);
    } else if (!heap_.empty() && heap_.top().at <= now_) {
        happen(heap_.pop());
    } else if (next_market_ <= now_) {
        move_market();
    }
    poll_engine();
    if (now_ >= next_sweep_) sweep();
}

void World::happen(const Happening& happening) {
    switch (happening.kind) {
        case HappeningKind::request_arrives: return network_.arrive(happening.index, now_);
        case HappeningKind::answer_arrives:
            network_.answer(happening.index, now_);
            return poll_gateway();
        case HappeningKind::request_times_out:
            network_.time_out(happening.index, now_);
            return poll_gateway();
        case HappeningKind::link_up: network_.link_up(happening.index, now_); return poll_gateway();
        case HappeningKind::user_event:
        case HappeningKind::market_event: {
            const bool user = happening.kind == HappeningKind::user_event;
            const Parcel parcel = parcels_[happening.index];
            parcels_.give_back(happening.index);
            const Stream& stream = user ? user_ : market_;
            if (!stream.up || parcel.life != stream.life || now_ < stream.deaf_until) return;
            if (user) told_.push_back(parcel.event);
            return deliver(parcel.event, parcel.made, events_);
        }
        case HappeningKind::user_opens:
            if (happening.index == user_.life) open_stream(StreamKind::user);
            return;
        case HappeningKind::market_opens:
            if (happening.index == market_.life) open_stream(StreamKind::market);
            return;
        case HappeningKind::account_turn: {
            parts_.clear();
            Nanos made{};
            if (!process_ || !account_.turn(happening.index, now_, parts_, made)) return;
            for (const Event& part : parts_) deliver(part, made, account_events_);
            return;
        }
        case HappeningKind::quiet_quote:
            return jump(SymbolId{static_cast<std::uint16_t>(happening.index & 0xffU)},
                        static_cast<std::int64_t>(happening.index >> 8U) - 1'000);
        case HappeningKind::operator_resumes: return control(ControlKind::resume);
        case HappeningKind::silence_noticed: {
            const auto kind = static_cast<StreamKind>(happening.index);
            close_stream(kind, true);
            return open_stream(kind);
        }
        case HappeningKind::rotation_ends:
            if (happening.index == user_.life && user_.up)
                stream_change(StreamKind::user, StreamCondition::lost);
            return;
        case HappeningKind::rules_read:
            return show_rules(SymbolId{static_cast<std::uint16_t>(happening.index)}, true);
        case HappeningKind::clock_is_good:
            return notice(AccountNoticeKind::clock_offset_good, no_symbol, false, 0);
        case HappeningKind::process_starts: return start();
    }
}

void World::sweep() {
    next_sweep_ = now_ + sweep_interval;
    journal_.commit(now_, now_ < writer_stalled_until_);
    if (now_ < stalled_until_) oracle_.excuse_entries(now_);
    if (offered_ != pushed_ + backlog_.size())
        oracle_.fail("I18", "an event that must not be dropped was", now_);
    if (process_) {
        account_.look(snapshot_wanted_, now_);
        if (listen_key_wanted_.exchange(false) && !user_.up)
            heap_.push(now_ + milliseconds(200), HappeningKind::user_opens, user_.life);
        poll_gateway();
        drain_is_over();
    }
    excuse();
    oracle_.sweep(journal_.now_known(), view(), now_);
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
        const SymbolId symbol{static_cast<std::uint16_t>(i)};
        for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side})
            oracle_.compare(symbol, side, venue_.net(symbol, side), now_);
    }
}

/// What is wrong now and hits everything; checked every 50 ms.
void World::excuse() {
    if (!process_ || !network_.any_usable() || !user_.up) oracle_.excuse_all(now_ + seconds(6));
    if (!process_ || network_.stuck(now_)) {
        oracle_.excuse_all(now_ + seconds(6));
        oracle_.excuse_bare(Excuse::down, now_ + milliseconds(300));
    }
    if (!process_) return;
    const Mode mode = process_->engine.state().totals.mode;
    // X11, O1: nothing leaves until an operator says so.
    if (mode == Mode::halt) {
        oracle_.excuse_all(now_ + seconds(6));
        oracle_.excuse_bare(Excuse::down, now_ + seconds(1));
    }
    has_begun_ = has_begun_ || (mode != Mode::boot && mode != Mode::reconcile);
    if (!has_begun_ && now_ - started_ < seconds(10))
        oracle_.excuse_bare(Excuse::start, now_ + seconds(1));
    const std::uint64_t waits = process_->metrics.budget_waits.get();
    if (waits != budget_waits_) {
        oracle_.excuse_all(now_ + seconds(6));
        if (oracle_.limits_used_up(now_)) oracle_.excuse_bare(Excuse::budget, now_ + seconds(1));
    }
    budget_waits_ = waits;
}

EngineView World::view() const {
    EngineView seen;
    seen.epoch = epoch_;
    if (!process_) return seen;
    const EngineState& state = process_->engine.state();
    seen.mode = state.totals.mode;
    seen.paused = state.paused;
    const bool entries = std::any_of(state.symbols.begin(), state.symbols.end(),
                                     [](const auto& symbol) { return symbol.live_entries > 0; });
    bool untold = false;
    for (OrderSlot slot = 0; slot < state.orders.highest(); ++slot) {
        const Order& order = state.orders[slot];
        untold = untold || (order.live && order.attributed < order.row.filled);
    }
    seen.stray_reservation = !entries && !untold && !state.totals.reserved_margin.zero();
    for (std::size_t i = 0; i < plan_.rules.size(); ++i)
        for (std::size_t side = 0; side < 2; ++side)
            seen.reconciling[i][side] = state.symbols[i].sides[side].differs_since.count != 0 ||
                                        state.totals.mode == Mode::reconcile;
    return seen;
}

std::string World::unsettled() const {
    if (!process_) return "the process is down\n";
    const EngineState& state = process_->engine.state();
    std::string text;
    if (state.totals.mode != Mode::trading)
        text += std::string{"mode: "} + state.totals.mode_reason.data() + "\n";
    if (state.totals.unknown_now != 0) text += "an order's fate is unknown to the engine\n";
    if (state.paused) text += "paused\n";
    for (OrderSlot slot = 0; slot < state.orders.highest(); ++slot) {
        const Order& order = state.orders[slot];
        if (order.live && order.row.state == OrderState::cancelling &&
            now_ - order.state_since > seconds(1))
            text += "an order is being cancelled for long\n";
    }
    text += oracle_.unsettled(journal_.now_known());
    return text;
}

void World::tell_state() {
    const Ledger& ledger = oracle_.ledger();
    for (const std::uint32_t place : ledger.open()) tracer_->order(ledger.orders()[place], now_);
    for (const TrancheRow& row : journal_.now_known().tranches()) {
        if (row.id == no_tranche || is_final(row.state)) continue;
        Record record{};
        record.time = now_;
        record.kind = RecordKind::tranche;
        record.tranche = row;
        tracer_->record(record);
    }
    tracer_->note(unsettled(), now_);
}

/// What an operator does about a process that waits for one: it is started again once it has
/// halted for good (O1, refused keys) or drained, and resumed otherwise.
void World::tend() {
    const EngineView seen = view();
    if (process_ && (seen.mode == Mode::halt || seen.mode == Mode::drain))
        return kill(Loss::nothing, milliseconds(50));
    if (seen.mode != Mode::trading || seen.paused) control(ControlKind::resume);
}

/// Faults stop; within a minute all must be as if there had been none.
void World::settle() {
    calm_ = true;
    network_.calm();
    account_.calm();
    weather_ = {};
    stalled_until_ = writer_stalled_until_ = {};
    user_.deaf_until = market_.deaf_until = {};
    drain_until_ = {};
    pace_ = 200;
    prices_.set_volatility(2);
    const Nanos end = now_ + settling_limit;
    if (!process_ || second_instance_) kill(Loss::nothing, milliseconds(50));
    if (!user_.up) heap_.push(now_ + milliseconds(50), HappeningKind::user_opens, user_.life);
    if (!market_.up) heap_.push(now_ + milliseconds(50), HappeningKind::market_opens, market_.life);
    Nanos next_round = now_ + milliseconds(500);
    for (std::uint32_t i = 0; i < plan_.rules.size(); ++i)
        heap_.push(now_ + milliseconds(600), HappeningKind::rules_read, i);
    Nanos good_since{};
    Nanos next_look = now_ + seconds(1);
    while (now_ < end && !over()) {
        step();
        progress_.store(outcome_.steps, std::memory_order_relaxed);
        if (now_ < next_look) continue;
        next_look = now_ + milliseconds(100);
        if (now_ >= next_round) {
            next_round = now_ + seconds(5);
            tend();
        }
        const bool good = unsettled().empty();
        if (!good) good_since = {};
        if (good && good_since.count == 0) good_since = now_;
        if (good && now_ - good_since >= settled_for) return;
    }
    if (!over()) oracle_.fail("liveness", unsettled(), now_);
}

}  // namespace tranche::sim
