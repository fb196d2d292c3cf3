// Streams and stages: how events reach the engine and commands the gateway.
#include <algorithm>
#include <cstring>

#include "core/canary.hpp"
#include "core/rules_update.hpp"
#include "tools/sim/world.hpp"

namespace tranche::sim {
namespace {

/// All words of a message, cheaply.
template <class M> std::uint64_t hash_of(const M& message) {
    std::array<std::uint64_t, sizeof(M) / 8> words;
    std::memcpy(words.data(), &message, sizeof message);
    std::uint64_t hash = 0;
    for (const std::uint64_t word : words) hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    return hash ^ hash >> 32;
}

}  // namespace

bool World::strikes(Fault fault) {
    const bool hit = stream_dice_.chance(plan_.chance[index(fault)]);
    if (!hit || calm_ || !plan_.faults[index(fault)]) return false;
    count(fault);
    return true;
}

/// From the venue: the user stream takes it along, or loses it.
void World::send_off(const Event& event, Nanos now) {
    const Nanos usual =
        stream_dice_.between(Nanos{plan_.latency.count / 2}, Nanos{plan_.latency.count * 2});
    const bool missed = strikes(Fault::n5);
    if (event.kind == EventKind::order_update && plan_.faults[index(Fault::s3)] &&
        event.order_update.execution == ExecutionType::created &&
        is_conditional(event.order_update.original_type) &&
        !is_conditional(event.order_update.type))
        count(Fault::s3);
    if (!process_ || !user_.up || now < user_.deaf_until || missed) return;
    Parcel parcel{event, now, user_.life};
    if (now < weather_.offset_until) {
        if (event.kind == EventKind::order_update)
            parcel.event.order_update.exchange_time += weather_.exchange_offset;
        if (event.kind == EventKind::position_update)
            parcel.event.position_update.exchange_time += weather_.exchange_offset;
    }
    Nanos at = now + usual;
    if (strikes(Fault::n7))
        at += stream_dice_.long_tailed(milliseconds(1), seconds(5));  // out of turn
    else
        at = user_.newest = std::max(user_.newest, at);
    heap_.push(at, HappeningKind::user_event, parcels_.take(parcel));
    if (strikes(Fault::n8))
        heap_.push(at + stream_dice_.long_tailed(milliseconds(1), seconds(10)),
                   HappeningKind::user_event, parcels_.take(parcel));
}

void World::deliver(Event event, Nanos made, Ring<Event>& ring) {
    if (!process_) return;
    event.arrival_time = now_;
    ++offered_;
    Event* slot = backlog_.empty() ? ring.slot() : nullptr;
    if (slot == nullptr && planted(Canary::drop_when_ring_full)) return;
    if (slot == nullptr) {
        // The socket is not read on: what came later comes after it.
        backlog_.push_back({event, made, 0});
        return;
    }
    *slot = event;
    ring.publish();
    ++pushed_;
    ++outcome_.events;
    outcome_.digest = mix(outcome_.digest ^ hash_of(event));
    if (tracer_ != nullptr) tracer_->event(event, now_);
    oracle_.delivered(event, made, std::max(now_, stalled_until_));
    poll_engine();
}

void World::deliver_backlog() {
    std::size_t done = 0;
    for (; done < backlog_.size(); ++done) {
        const Parcel& parcel = backlog_[done];
        Ring<Event>& ring = parcel.event.kind == EventKind::rules_update ||
                                    parcel.event.kind == EventKind::snapshot_mark ||
                                    parcel.event.kind == EventKind::open_order ||
                                    parcel.event.kind == EventKind::balance_update ||
                                    (parcel.event.kind == EventKind::position_update &&
                                     parcel.event.position_update.generation != 0)
                                ? account_events_
                            : parcel.event.kind == EventKind::stream_change ||
                                    parcel.event.kind == EventKind::control ||
                                    parcel.event.kind == EventKind::account_notice
                                ? notices_
                                : events_;
        Event* slot = ring.slot();
        if (slot == nullptr) break;
        *slot = parcel.event;
        slot->arrival_time = now_;
        ring.publish();
        ++pushed_;
        ++outcome_.events;
        outcome_.digest = mix(outcome_.digest ^ hash_of(parcel.event));
        if (tracer_ != nullptr) tracer_->event(parcel.event, now_);
        oracle_.delivered(parcel.event, parcel.made, std::max(now_, stalled_until_));
    }
    backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(done));
}

/// Prices may be dropped while the ring is full: the next one says more.
void World::deliver_market(const Event& event, bool droppable) {
    if (!process_ || !market_.up || now_ < market_.deaf_until) return;
    if (droppable && (!backlog_.empty() || events_.room() == 0)) {
        count(Fault::m1);
        return;
    }
    deliver(event, now_, events_);
    if (strikes(Fault::n8))
        heap_.push(now_ + stream_dice_.long_tailed(microseconds(100), seconds(2)),
                   HappeningKind::market_event, parcels_.take({event, now_, market_.life}));
}

void World::stream_change(StreamKind kind, StreamCondition condition) {
    Event event{};
    event.symbol = no_symbol;
    event.kind = EventKind::stream_change;
    event.stream_change.stream = kind;
    event.stream_change.state = condition;
    deliver(event, now_, notices_);
}

void World::open_stream(StreamKind kind) {
    Stream& stream = kind == StreamKind::user ? user_ : market_;
    if (stream.up || !process_) return;
    if (now_ < weather_.outage_until) {
        heap_.push(
            weather_.outage_until + milliseconds(20),
            kind == StreamKind::user ? HappeningKind::user_opens : HappeningKind::market_opens,
            stream.life);
        return;
    }
    stream.up = true;
    stream.deaf_until = {};
    stream_change(kind, StreamCondition::open);
    if (kind == StreamKind::user) snapshot_wanted_.store(true, std::memory_order_relaxed);
}

void World::close_stream(StreamKind kind, bool told) {
    Stream& stream = kind == StreamKind::user ? user_ : market_;
    if (!stream.up) return;
    stream.up = false;
    ++stream.life;
    stream.newest = {};
    if (told) stream_change(kind, StreamCondition::lost);
}

void World::notice(AccountNoticeKind kind, SymbolId symbol, bool flag, std::uint16_t leverage) {
    Event event{};
    event.symbol = symbol;
    event.kind = EventKind::account_notice;
    event.account_notice.exchange_time = now_;
    event.account_notice.kind = kind;
    event.account_notice.flag = flag;
    event.account_notice.leverage = leverage;
    deliver(event, now_, notices_);
}

/// The account stage has read exchangeInfo again.
void World::show_rules(SymbolId symbol, bool trading) {
    const SymbolRules& rules = plan_.rules[tranche::index(symbol)];
    Event event{};
    event.symbol = symbol;
    event.kind = EventKind::rules_update;
    event.rules_update = rules_update(rules);
    event.rules_update.trading = trading;
    deliver(event, now_, account_events_);
}

void World::control(ControlKind kind, SymbolId symbol, PositionSide side) {
    Event event{};
    event.symbol = symbol;
    event.kind = EventKind::control;
    event.control.kind = kind;
    event.control.side = side;
    deliver(event, now_, notices_);
}

void World::poll_engine() {
    constexpr int rounds = 8;  // of answers that come at once; what is left comes a little later
    for (int round = 0; round < rounds && process_ && now_ >= stalled_until_; ++round) {
        poll_engine_once();
        if (commands_.size() == 0 && replies_.size() == 0) break;
        poll_gateway();
        if (replies_.size() == 0) break;
    }
    if (!backlog_.empty()) deliver_backlog();
}

void World::poll_engine_once() {
    const Mode before = process_->engine.state().totals.mode;
    const Nanos since = process_->engine.state().totals.mode_since;
    const Nanos tick = process_->stage.next_tick;
    taken_ += process_->stage.poll(now_);
    if (process_->stage.next_tick != tick) ++outcome_.events;
    const EngineState& state = process_->engine.state();
    if (state.totals.mode == Mode::halt && state.totals.mode_since != since)
        halted_before_ = state.next_sequence;
    if (commands_.size() > 0) look_at_commands(before);
    if (taken_ == pushed_) drained_at_ = now_;
}

void World::look_at_commands(Mode before) {
    EngineView seen = view();
    // One turn takes many events; what it decided first was decided in the mode before.
    if (before == Mode::trading || seen.mode == Mode::halt) seen.mode = before;
    seen.drained_at = drained_at_;
    std::size_t ahead = 0;
    for (const Command* command = commands_.peek(ahead); command != nullptr;
         command = commands_.peek(++ahead)) {
        if (command->sequence <= newest_command_) continue;
        newest_command_ = command->sequence;
        // One that had no room at first was decided before the mode it comes out in.
        EngineView then = seen;
        if (seen.mode == Mode::halt && command->sequence < halted_before_)
            then.mode = Mode::protect_only;
        ++decided_;
        outcome_.digest = mix(outcome_.digest ^ hash_of(*command));
        if (tracer_ != nullptr) tracer_->command(*command, now_);
        oracle_.decided(*command, then, now_);
        if (telling_again_ && command->kind != CommandKind::query)
            oracle_.fail("I13", "an order is sent because an old event comes again", now_);
    }
}

/// A question about what protects found no line that could carry it.
void World::excuse_unsent(const Reply& reply) {
    if (reply.command != CommandKind::query || reply.verdict != ReplyClass::not_sent) return;
    const LedgerOrder* order = oracle_.ledger().find(reply.id);
    if (order != nullptr && order->closing)
        oracle_.excuse_bare(Excuse::request, order->symbol, order->side, now_ + seconds(1));
}

void World::poll_gateway() {
    if (!process_) return;
    const std::size_t before = replies_.size();
    process_->gateway.poll(now_);
    std::size_t fresh = replies_.size() - before;
    for (std::size_t i = before; fresh > 0; ++i, --fresh) {
        const Event* reply = replies_.peek(i);
        if (reply == nullptr) break;
        ++offered_;
        ++pushed_;
        ++replied_;
        ++outcome_.events;
        outcome_.digest = mix(outcome_.digest ^ hash_of(*reply));
        if (tracer_ != nullptr) tracer_->event(*reply, now_);
        excuse_unsent(reply->reply);
        oracle_.delivered(*reply, reply->reply.sent_at, std::max(now_, stalled_until_));
    }
}

}  // namespace tranche::sim
