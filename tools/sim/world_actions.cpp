// What a script's actions do to a world.
#include <algorithm>
#include <cstdlib>

#include "tools/sim/world.hpp"

namespace tranche::sim {
namespace {

Nanos span(const Action& action) {
    return milliseconds(std::abs(action.value));
}

PositionSide some_side(const Action& action) {
    return action.at.count % 2 == 0 ? PositionSide::long_side : PositionSide::short_side;
}

}  // namespace

void World::act(const Action& action) {
    const ActionFault fault = fault_of(action);
    if (fault.is_fault) count(fault.fault);
    switch (action.kind) {
        case ActionKind::liquidation:
            if (action.value >= -40'000 / 5 && plan_.faults[index(Fault::o5)]) count(Fault::o5);
            return liquidate(action.symbol, action.value);
        case ActionKind::shock: return jump(action.symbol, action.value);
        case ActionKind::flash:
            jump(action.symbol, action.value);
            heap_.push(now_ + milliseconds(100), HappeningKind::quiet_quote,
                       static_cast<std::uint32_t>(1'000 - action.value) << 8U |
                           static_cast<std::uint32_t>(tranche::index(action.symbol)));
            return;
        case ActionKind::pace: pace_ = std::max<std::int64_t>(action.value, 1); return;
        case ActionKind::drip: return prices_.make_thin(action.symbol, action.value * 4);
        case ActionKind::by_hand:
        case ActionKind::cancel_by_hand:
        case ActionKind::forced:
        case ActionKind::leverage:
        case ActionKind::margin_call:
        case ActionKind::second_instance:
        case ActionKind::merge:
        case ActionKind::pause:
        case ActionKind::resume: return act_on_account(action);
        case ActionKind::user_cut:
        case ActionKind::user_half_open:
        case ActionKind::user_rotate:
        case ActionKind::key_expires:
        case ActionKind::market_cut:
        case ActionKind::market_half_open: return act_on_streams(action);
        case ActionKind::outage:
        case ActionKind::throttle:
        case ActionKind::ban:
        case ActionKind::refuse_keys:
        case ActionKind::mode_mismatch:
        case ActionKind::no_margin:
        case ActionKind::halt_symbol:
        case ActionKind::new_filters:
        case ActionKind::exchange_clock: return act_on_exchange(action);
        case ActionKind::stall:
        case ActionKind::freeze:
        case ActionKind::writer_stall:
        case ActionKind::slow_disk:
        case ActionKind::flood:
        case ActionKind::kill:
        case ActionKind::terminate:
        case ActionKind::restart_smaller:
        case ActionKind::clock_offset:
        case ActionKind::clock_step: return act_on_process(action);
    }
}

void World::operator_resumes_after(Nanos wait) {
    heap_.push(now_ + wait, HappeningKind::operator_resumes, 0);
}

void World::act_on_account(const Action& action) {
    if (action.kind == ActionKind::by_hand) {
        return by_hand(action);
    }
    if (action.kind == ActionKind::cancel_by_hand) {
        return cancel_by_hand(action);
    }
    if (action.kind == ActionKind::forced) {
        return force_close(action);
    }
    if (action.kind == ActionKind::leverage) {
        venue_.set_leverage(action.symbol, action.value, now_);
        return notice(AccountNoticeKind::leverage_changed, action.symbol, false,
                      static_cast<std::uint16_t>(action.value));
    }
    if (action.kind == ActionKind::margin_call) {
        notice(AccountNoticeKind::margin_call, no_symbol, false, 0);
        return operator_resumes_after(seconds(2));
    }
    if (action.kind == ActionKind::second_instance) {
        return pretend_second_instance(action.symbol);
    }
    if (action.kind == ActionKind::merge) {
        control(ControlKind::merge, action.symbol, some_side(action));
        return control(ControlKind::merge, action.symbol, some_side(action));
    }
    if (action.kind == ActionKind::pause) {
        return control(ControlKind::pause);
    }
    if (action.kind == ActionKind::resume) {
        return control(ControlKind::resume);
    }
}

/// Somebody trades on the exchange's page: opens, adds or takes away.
void World::by_hand(const Action& action) {
    const PositionSide side = some_side(action);
    const LedgerSide& held = oracle_.ledger().side(action.symbol, side);
    const SymbolRules& rules = plan_.rules[tranche::index(action.symbol)];
    Quantity quantity = prices_.worth(action.symbol, std::abs(action.value) / 4 + 1);
    const bool closes = action.value < 0;
    if (closes) {
        if (!held.held.positive()) return;
        const std::int64_t steps = held.held.raw / rules.step.raw;
        const std::int64_t part = std::max<std::int64_t>(steps * -action.value / 1'000, 1);
        // X6: all but one lot.
        const std::int64_t chosen = plan_.faults[index(Fault::x6)] && steps > 1 ? steps - 1 : part;
        quantity = Quantity{chosen * rules.step.raw};
        if (plan_.faults[index(Fault::x6)]) count(Fault::x6);
    }
    oracle_.foreign(action.symbol);
    const std::string id = "web_" + std::to_string(++foreign_trades_);
    (void)venue_.by_hand(action.symbol, side, closes ? closing_side(side) : opening_side(side),
                         quantity, id.c_str(), now_);
}

void World::cancel_by_hand(const Action& action) {
    const Ledger& ledger = oracle_.ledger();
    std::size_t seen = 0;
    for (const std::uint32_t place : ledger.open())
        seen += ledger.orders()[place].ours && ledger.orders()[place].closing ? 1U : 0U;
    if (seen == 0) return;
    std::size_t wanted = static_cast<std::size_t>(action.value) % seen;
    for (const std::uint32_t place : ledger.open()) {
        const LedgerOrder& order = ledger.orders()[place];
        if (!order.ours || !order.closing || wanted-- > 0) continue;
        oracle_.excuse(order.symbol, order.side, now_ + milliseconds(100));
        oracle_.removed_by_hand(order.id);
        return venue_.cancel_by_hand(order.order_id, now_);
    }
}

/// S4: the venue closes a part, or all, by an order of its own.
void World::force_close(const Action& action) {
    const PositionSide side = some_side(action);
    const Quantity held = oracle_.ledger().side(action.symbol, side).held;
    if (!held.positive()) return;
    const Price price = prices_.mid(action.symbol);
    oracle_.foreign(action.symbol);
    venue_.force_close(action.symbol, side, held, price, action.value != 0, now_);
}

/// O1: an order of our family with a younger epoch, far from the market.
void World::pretend_second_instance(SymbolId symbol) {
    if (second_instance_order_ != 0 || !process_) return;
    const SymbolRules& rules = plan_.rules[tranche::index(symbol)];
    Command command{};
    command.id = {.instance = plan_.settings.instance,
                  .role = Role::entry,
                  .reserved = 0,
                  .epoch = epoch_ + 1,
                  .tranche = TrancheId{1'000},
                  .generation = 1};
    command.symbol = symbol;
    command.kind = CommandKind::place;
    command.side = Side::buy;
    command.position_side = PositionSide::long_side;
    command.type = OrderType::limit;
    command.price = snap(Price{prices_.mid(symbol).raw / 10 * 6}, rules.tick, Rounding::down);
    command.quantity = prices_.worth(symbol, 40);
    oracle_.second_instance();
    const Reply reply = venue_.execute(command, now_);
    if (reply.verdict != ReplyClass::accepted) return;
    second_instance_order_ = reply.order_id;
    second_instance_ = true;
}

void World::act_on_streams(const Action& action) {
    if (action.kind == ActionKind::user_cut) {
        close_stream(StreamKind::user, true);
        return heap_.push(now_ + span(action), HappeningKind::user_opens, user_.life);
    }
    if (action.kind == ActionKind::market_cut) {
        close_stream(StreamKind::market, true);
        return heap_.push(now_ + span(action), HappeningKind::market_opens, market_.life);
    }
    if (action.kind == ActionKind::user_half_open || action.kind == ActionKind::market_half_open) {
        const bool user = action.kind == ActionKind::user_half_open;
        // Nothing comes; the silence is noticed after it, and the connection made anew.
        (user ? user_ : market_).deaf_until = now_ + span(action);
        const auto kind = static_cast<std::uint32_t>(user ? StreamKind::user : StreamKind::market);
        return heap_.push(now_ + span(action), HappeningKind::silence_noticed, kind);
    }
    if (action.kind == ActionKind::user_rotate) {
        // The new connection is up before the old one goes.
        if (!user_.up) return;
        stream_change(StreamKind::user, StreamCondition::open);
        return heap_.push(now_ + span(action), HappeningKind::rotation_ends, user_.life);
    }
    if (action.kind == ActionKind::key_expires) {
        notice(AccountNoticeKind::listen_key_expired, no_symbol, false, 0);
        return close_stream(StreamKind::user, true);
    }
}

/// What keeps protective orders from the exchange, and for how long after it the engine waits.
void World::excuse_weather(const Action& action, Nanos until) {
    if (action.kind == ActionKind::halt_symbol)
        for (const PositionSide side : {PositionSide::long_side, PositionSide::short_side})
            oracle_.excuse_bare(Excuse::weather, action.symbol, side, until + seconds(2));
    const bool all_are_refused =
        action.kind == ActionKind::outage || action.kind == ActionKind::throttle ||
        action.kind == ActionKind::refuse_keys || action.kind == ActionKind::mode_mismatch;
    if (all_are_refused) oracle_.excuse_bare(Excuse::weather, until + seconds(2));
    // The answer to a ban names three seconds.
    if (action.kind == ActionKind::ban) oracle_.excuse_bare(Excuse::weather, until + seconds(5));
}

void World::act_on_exchange(const Action& action) {
    const Nanos until = now_ + span(action);
    const auto raise = [until](Nanos& limit) { limit = std::max(limit, until); };
    oracle_.excuse_all(until + seconds(8));
    excuse_weather(action, until);
    if (action.kind == ActionKind::outage) {
        raise(weather_.outage_until);
        network_.cut_all(now_, span(action) + milliseconds(100));
        for (const StreamKind kind : {StreamKind::user, StreamKind::market}) {
            const Stream& stream = kind == StreamKind::user ? user_ : market_;
            if (!stream.up) continue;
            close_stream(kind, true);
            heap_.push(
                until + milliseconds(50),
                kind == StreamKind::user ? HappeningKind::user_opens : HappeningKind::market_opens,
                stream.life);
        }
        return;
    }
    if (action.kind == ActionKind::throttle) {
        return raise(weather_.throttled_until);
    }
    if (action.kind == ActionKind::ban) {
        raise(weather_.throttled_until);
        return raise(weather_.banned_until);
    }
    if (action.kind == ActionKind::refuse_keys) {
        return raise(weather_.keys_refused_until);
    }
    if (action.kind == ActionKind::mode_mismatch) {
        raise(weather_.mode_mismatch_until);
        return operator_resumes_after(span(action) + seconds(2));
    }
    if (action.kind == ActionKind::no_margin) {
        return raise(weather_.no_margin_until);
    }
    if (action.kind == ActionKind::halt_symbol) {
        if (action.value % 2 == 0) show_rules(action.symbol, false);
        heap_.push(until + seconds(1), HappeningKind::rules_read,
                   static_cast<std::uint32_t>(tranche::index(action.symbol)));
        return raise(weather_.halted_until[tranche::index(action.symbol)]);
    }
    if (action.kind == ActionKind::new_filters) {
        heap_.push(until + seconds(1), HappeningKind::rules_read,
                   static_cast<std::uint32_t>(tranche::index(action.symbol)));
        return raise(weather_.filters_changed_until[tranche::index(action.symbol)]);
    }
    if (action.kind == ActionKind::exchange_clock) {
        weather_.exchange_offset = milliseconds(action.value);
        weather_.offset_until = now_ + seconds(3);
        notice(AccountNoticeKind::clock_offset_bad, no_symbol, false, 0);
        return heap_.push(now_ + seconds(3), HappeningKind::clock_is_good, 0);
    }
}

void World::act_on_process(const Action& action) {
    const Nanos until = now_ + span(action);
    if (action.kind == ActionKind::stall || action.kind == ActionKind::flood) {
        stalled_until_ = std::max(stalled_until_, until);
        oracle_.excuse_all(until + seconds(1));
        oracle_.excuse_bare(Excuse::stall, until + milliseconds(100));
        if (action.kind == ActionKind::flood)
            for (std::int64_t i = 0; i < action.value; ++i) move_market();
        return;
    }
    if (action.kind == ActionKind::freeze) {
        stalled_until_ = std::max(stalled_until_, until);
        network_.cut_all(now_, span(action));
        oracle_.excuse_all(until + seconds(10));
        oracle_.excuse_bare(Excuse::stall, until + seconds(1));
        close_stream(StreamKind::user, true);
        close_stream(StreamKind::market, true);
        heap_.push(until + milliseconds(30), HappeningKind::user_opens, user_.life);
        return heap_.push(until + milliseconds(20), HappeningKind::market_opens, market_.life);
    }
    if (action.kind == ActionKind::writer_stall || action.kind == ActionKind::slow_disk) {
        writer_stalled_until_ = std::max(writer_stalled_until_, until);
        return;
    }
    if (action.kind == ActionKind::kill) {
        return kill(static_cast<Loss>(action.value % 4), milliseconds(20 + action.at.count % 400));
    }
    if (action.kind == ActionKind::terminate) {
        if (!process_) return;
        drain_until_ = now_ + seconds(10);
        return control(ControlKind::drain);
    }
    if (action.kind == ActionKind::restart_smaller) {
        for (SymbolSettings& symbol : settings_.symbols)
            symbol.max_position = {symbol.max_position.raw / 100 * action.value};
        return kill(Loss::nothing, milliseconds(50));
    }
    if (action.kind == ActionKind::clock_offset || action.kind == ActionKind::clock_step) {
        notice(AccountNoticeKind::clock_offset_bad, no_symbol, false, 0);
        return heap_.push(until, HappeningKind::clock_is_good, 0);
    }
}

}  // namespace tranche::sim
