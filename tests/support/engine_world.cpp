#include "tests/support/engine_world.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "tranche/lifecycle.hpp"

namespace tranche::test {
namespace {

constexpr std::int32_t unknown_order = -2011;
constexpr std::int32_t no_such_order = -2013;
constexpr std::int32_t nonce_expired = -4225;
constexpr std::int32_t reduce_only_rejected = -2022;
constexpr std::int32_t too_many_stops = -4045;

template <class Number> Number parsed(std::string_view text) {
    const auto value = parse_as<Number>(text);
    if (!value) ADD_FAILURE() << "not a decimal: " << text;
    return value.value_or(Number{});
}

bool is_closing(const Command& command) {
    return command.side == closing_side(command.position_side);
}

std::string name_of(const ClientOrderId& id) {
    const ClientOrderIdText text = encode(id);
    return {text.data(), text.size()};
}

SymbolRules rules(std::string name, std::string_view tick, std::string_view step) {
    SymbolRules made;
    made.name = std::move(name);
    made.trading = true;
    made.tick = price(tick);
    made.min_price = made.tick;
    made.max_price = price("1000000");
    made.step = made.market_step = quantity(step);
    made.min_quantity = made.market_min_quantity = made.step;
    made.max_quantity = made.market_max_quantity = quantity("1000");
    made.min_notional = usdt("5");
    made.multiplier_up = ratio("1.5");
    made.multiplier_down = ratio("0.5");
    made.max_orders = 200;
    made.max_conditional_orders = 100;
    return made;
}

SymbolSettings symbol_settings(std::string name) {
    SymbolSettings made;
    made.name = std::move(name);
    made.threshold_long = usdt("10000").raw;
    made.threshold_short = usdt("15000").raw;
    made.leverage = 10;
    made.trade_value = usdt("100");
    made.max_position = usdt("100000");
    made.price_offset = ratio("0.001");
    made.take_profit = ratio("0.01");
    made.stop_loss = ratio("0.2");
    return made;
}

}  // namespace

Price price(std::string_view text) {
    return parsed<Price>(text);
}
Quantity quantity(std::string_view text) {
    return parsed<Quantity>(text);
}
Notional usdt(std::string_view text) {
    return parsed<Notional>(text);
}
Ratio ratio(std::string_view text) {
    return parsed<Ratio>(text);
}

Options options() {
    Options made;
    EngineSettings& s = made.settings;
    s.simulate_only = false;
    s.hedge_mode = true;
    s.window.in_usdt = true;
    s.entry.max_total_exposure = usdt("1000000");
    s.entry.max_open_orders = 20;
    s.tranche.increment = ratio("0.05");
    s.tranche.max_per_side = 5;
    s.tranche.max_stops = 50;
    s.symbols = {symbol_settings("BTCUSDT"), symbol_settings("ETHUSDT")};
    made.rules = {rules("BTCUSDT", "0.1", "0.001"), rules("ETHUSDT", "0.01", "0.01"),
                  rules("DOGEUSDT", "0.00001", "1")};
    return made;
}

World::World(Options made)
    : with{std::move(made)}, table_{with.rules, with.settings.symbols.size()} {
    Restored nothing;
    nothing.epoch = epoch_;
    start(nothing);
}

void World::start(const Restored& restored) {
    board_ = std::make_unique<StatusBoard>(table_.configured(), 256, 4096);
    engine_ = std::make_unique<Engine>(with.settings, table_, *board_, restored);
    stream(StreamKind::market, StreamCondition::open);
    stream(StreamKind::user, StreamCondition::open);
    now += milliseconds(5);
    snapshot();
    pump();
}

Event World::event(EventKind kind, SymbolId symbol) const {
    Event made{};
    made.arrival_time = now;
    made.symbol = symbol;
    made.kind = kind;
    return made;
}

// ---------------------------------------------------------------- the market

void World::book(SymbolId symbol, Price bid, Price ask) {
    Event made = event(EventKind::book_ticker, symbol);
    made.book_ticker.bid = bid;
    made.book_ticker.ask = ask;
    send(made);
}

void World::mark(SymbolId symbol, Price at) {
    marks[symbol] = at;
    Event made = event(EventKind::mark_price, symbol);
    made.mark_price.mark = at;
    send(made);
}

Verdict World::liquidation(SymbolId symbol, Side forced, Price at, Quantity amount) {
    Event made = event(EventKind::liquidation, symbol);
    made.liquidation.trade_time = now;
    made.liquidation.price = at;
    made.liquidation.average_price = at;
    made.liquidation.quantity = amount;
    made.liquidation.side = forced;
    const std::size_t before = records.size();
    send(made);
    for (std::size_t i = before; i < records.size(); ++i)
        if (records[i].kind == RecordKind::liquidation) return records[i].liquidation.verdict;
    return Verdict::duplicate;
}

Verdict World::trigger(SymbolId symbol, Side forced, Price at) {
    now += milliseconds(1);
    const Price tick = table_.rules(symbol).tick;
    book(symbol, at - tick, at + tick);
    mark(symbol, at);
    return liquidation(symbol, forced, at, quantity("100"));
}

// ---------------------------------------------------------------- the exchange

void World::fill(const ClientOrderId& id, Price at, Quantity amount) {
    ASSERT_TRUE(orders.contains(id)) << "no order " << name_of(id);
    ExchangeOrder& order = orders[id];
    if (!order.open()) return;
    execute(order, amount.positive() ? amount : order.left(), at, report_fills);
    pump();
}

void World::end(const ClientOrderId& id, OrderStatus status) {
    ASSERT_TRUE(orders.contains(id)) << "no order " << name_of(id);
    ExchangeOrder& order = orders[id];
    if (!order.open()) return;
    order.status = status;
    report(order,
           status == OrderStatus::canceled ? ExecutionType::canceled : ExecutionType::expired, {},
           {});
    drive(id, true);
    pump();
}

void World::move(SymbolId symbol, PositionSide side, bool opens, Quantity amount, Price at) {
    Holding& holding = holdings[{symbol, side}];
    if (opens) {
        holding.quantity += amount;
        holding.cost += at * amount;
        return;
    }
    if (amount > holding.quantity) {
        trouble_ += "a closing order closed more than there was\n";
        amount = holding.quantity;
    }
    if (amount.zero()) return;
    const Notional basis{
        static_cast<std::int64_t>(Wide{holding.cost.raw} * amount.raw / holding.quantity.raw)};
    holding.cost -= basis;
    holding.quantity -= amount;
}

void World::execute(ExchangeOrder& order, Quantity amount, Price at, bool tell) {
    const Command& placed = order.placed;
    const bool opens = !is_closing(placed);
    const Quantity held = holdings[{placed.symbol, placed.position_side}].quantity;
    if (placed.close_position) amount = order.placed.quantity = held;
    if (!opens) amount = std::min(amount, held);
    if (amount.zero()) {
        order.status = OrderStatus::expired;
        if (tell) report(order, ExecutionType::expired, {}, {});
        return;
    }
    const PositionSide other = placed.position_side == long_side ? short_side : long_side;
    if (opens && !with.settings.hedge_mode && holdings[{placed.symbol, other}].quantity.positive())
        trouble_ += "an entry reduced the other side in one-way mode\n";
    order.filled += amount;
    order.value += at * amount;
    const bool whole = order.filled == placed.quantity;
    order.status = whole ? OrderStatus::filled : OrderStatus::partially_filled;
    move(placed.symbol, placed.position_side, opens, amount, at);
    ++next_trade_;
    if (tell) {
        report(order, ExecutionType::trade, amount, at);
        push_position(placed.symbol, placed.position_side, 0);
    }
    // A market order never rests: what finds no position to reduce any more is over.
    if (!opens && !whole && amount == held && placed.type == OrderType::market) {
        order.status = OrderStatus::expired;
        if (tell) report(order, ExecutionType::expired, {}, {});
    }
    drive(placed.id, tell);
}

void World::report(const ExchangeOrder& order, ExecutionType execution, Quantity last, Price at) {
    const Command& placed = order.placed;
    Event made = event(EventKind::order_update, placed.symbol);
    OrderUpdate& update = made.order_update;
    update.exchange_time = update.trade_time = now;
    update.order_id = order.order_id;
    update.trade_id = execution == ExecutionType::trade && trade_ids ? next_trade_ : 0;
    update.last_quantity = last;
    update.filled = order.filled;
    update.last_price = at;
    update.average_price = at;
    update.id = placed.id;
    update.ours = true;
    update.side = placed.side;
    update.leg = !with.settings.hedge_mode           ? PositionLeg::both
                 : placed.position_side == long_side ? PositionLeg::long_side
                                                     : PositionLeg::short_side;
    update.type = update.original_type = placed.type;
    update.execution = execution;
    update.status = order.status;
    wire.push_back(made);
}

void World::push_position(SymbolId symbol, PositionSide side, std::uint32_t generation) {
    // One-way mode knows one net position.
    const PositionSide other = side == long_side ? short_side : long_side;
    if (!with.settings.hedge_mode && holdings[{symbol, other}].quantity.positive()) side = other;
    const auto at = holdings.find({symbol, side});
    const Holding held = at == holdings.end() ? Holding{} : at->second;
    Event made = event(EventKind::position_update, symbol);
    PositionUpdate& update = made.position_update;
    update.exchange_time = now;
    update.amount = side == long_side ? held.quantity : -held.quantity;
    if (held.quantity.positive())
        update.entry_price = {
            static_cast<std::int64_t>(Wide{held.cost.raw} * Price::one / held.quantity.raw)};
    update.generation = generation;
    update.leg = !with.settings.hedge_mode ? PositionLeg::both
                 : side == long_side       ? PositionLeg::long_side
                                           : PositionLeg::short_side;
    wire.push_back(made);
}

void World::foreign(SymbolId symbol, PositionSide side, Side trade, Quantity amount, Price at,
                    ForcedClose forced) {
    move(symbol, side, trade == opening_side(side), amount, at);
    Event made = event(EventKind::order_update, symbol);
    OrderUpdate& update = made.order_update;
    update.exchange_time = update.trade_time = now;
    update.order_id = next_order_++;
    update.trade_id = trade_ids ? ++next_trade_ : 0;
    update.last_quantity = update.filled = amount;
    update.last_price = update.average_price = at;
    update.side = trade;
    update.leg = !with.settings.hedge_mode ? PositionLeg::both
                 : side == long_side       ? PositionLeg::long_side
                                           : PositionLeg::short_side;
    update.execution = ExecutionType::trade;
    update.status = OrderStatus::filled;
    update.forced = forced;
    wire.push_back(made);
    push_position(symbol, side, 0);
    pump();
}

std::size_t World::conditional_open(SymbolId symbol) const {
    return static_cast<std::size_t>(
        std::count_if(orders.begin(), orders.end(), [&](const auto& entry) {
            const ExchangeOrder& order = entry.second;
            return order.open() && order.placed.symbol == symbol &&
                   is_conditional(order.placed.type);
        }));
}

/// Creates the order; the code of its refusal, or 0.
std::int32_t World::make_void(const Command& command) {
    if (orders.contains(command.id)) return nonce_expired;
    voided_.insert(command.id);
    return 0;
}

std::int32_t World::place(const Command& command) {
    if (voided_.contains(command.id)) return nonce_expired;
    if (!used_.insert(command.id).second) trouble_ += "sent twice: " + name_of(command.id) + "\n";
    const bool closing = is_closing(command);
    if ((command.id.role == Role::entry) == closing)
        trouble_ += "wrong side for its role: " + name_of(command.id) + "\n";
    const bool reduces = !with.settings.hedge_mode && closing && !command.close_position;
    if (command.reduce_only != reduces)
        trouble_ += "wrong reduceOnly: " + name_of(command.id) + "\n";
    const Quantity held = holdings[{command.symbol, command.position_side}].quantity;
    if (closing && held.zero()) return reduce_only_rejected;
    if (is_conditional(command.type)) {
        const std::size_t limit = table_.rules(command.symbol).max_conditional_orders;
        if (conditional_open(command.symbol) >= limit) {
            trouble_ += "conditional order beyond the limit: " + name_of(command.id) + "\n";
            return too_many_stops;
        }
    }
    ExchangeOrder& order = orders[command.id];
    order.placed = command;
    order.order_id = next_order_++;
    if (command.with_exits) strategies_[command.id] = command;
    return 0;
}

std::int32_t World::cancel(const Command& command) {
    const auto found = orders.find(command.id);
    if (found == orders.end() || !found->second.open()) return unknown_order;
    found->second.status = OrderStatus::canceled;
    return 0;
}

std::int32_t World::change(const Command& command) {
    const auto found = orders.find(command.id);
    if (found == orders.end() || !found->second.open()) return no_such_order;
    ExchangeOrder& order = found->second;
    if (order.placed.type != OrderType::limit || command.quantity <= order.filled)
        trouble_ += "changed what cannot be: " + name_of(command.id) + "\n";
    order.placed.price = command.price;
    order.placed.quantity = command.quantity;
    return 0;
}

Event World::reply(const Command& command, ReplyClass verdict, std::int32_t code) const {
    Event made = event(EventKind::reply, command.symbol);
    Reply& reply = made.reply;
    reply.sequence = command.sequence;
    reply.sent_at = now;
    reply.id = command.id;
    reply.command = command.kind;
    reply.verdict = verdict;
    reply.code = code;
    const auto found = orders.find(command.id);
    if (verdict != ReplyClass::accepted || found == orders.end()) return made;
    if (command.with_exits) {  // it names a strategy, and no order
        reply.status = OrderStatus::created;
        return made;
    }
    const ExchangeOrder& order = found->second;
    reply.order_id = order.order_id;
    reply.status = order.status;
    reply.filled = order.filled;
    reply.price = order.placed.price;
    reply.quantity = order.placed.quantity;
    if (order.filled.positive())
        reply.average_price = {
            static_cast<std::int64_t>(Wide{order.value.raw} * Price::one / order.filled.raw)};
    return made;
}

void World::carry_out(const Command& command) {
    carry_out(command, treat ? treat(command) : Treatment{});
}

void World::carry_out(const Command& command, Treatment treatment) {
    switch (treatment.answer) {
        case Answer::hold: held_.push_back(command); return;
        case Answer::reject:
            if (command.kind == CommandKind::place) used_.insert(command.id);
            wire.push_back(reply(command, ReplyClass::rejected, treatment.code));
            return;
        case Answer::not_sent: wire.push_back(reply(command, ReplyClass::not_sent, 0)); return;
        case Answer::throttled:
            wire.push_back(reply(command, ReplyClass::throttled, -1003));
            return;
        case Answer::never_came:
            wire.push_back(reply(command, ReplyClass::unknown, treatment.code));
            return;
        case Answer::accept:
        case Answer::reply_first:
        case Answer::reply_only:
        case Answer::report_only:
        case Answer::lost_reply:
        case Answer::silent: break;
    }
    std::int32_t code = 0;
    if (command.kind == CommandKind::place) code = place(command);
    if (command.kind == CommandKind::cancel) code = cancel(command);
    if (command.kind == CommandKind::noop) code = make_void(command);
    if (command.kind == CommandKind::replace) code = change(command);
    if (command.kind == CommandKind::query && !orders.contains(command.id)) code = no_such_order;
    const bool tells = treatment.answer == Answer::accept ||
                       treatment.answer == Answer::reply_first ||
                       treatment.answer == Answer::report_only;
    const std::size_t first_report = wire.size();
    if (code == 0 && command.kind == CommandKind::place && tells)
        report(orders[command.id], ExecutionType::created, {}, {});
    if (code == 0 && command.kind == CommandKind::cancel && tells)
        report(orders[command.id], ExecutionType::canceled, {}, {});
    if (code == 0 && command.kind == CommandKind::cancel) drive(command.id, tells);
    if (code == 0 && command.kind == CommandKind::place && command.type == OrderType::market)
        execute(orders[command.id], command.quantity, marks[command.symbol], tells);
    if (treatment.answer == Answer::silent) return;
    const bool unsure =
        treatment.answer == Answer::report_only || treatment.answer == Answer::lost_reply;
    const Event answer = reply(command,
                               unsure      ? ReplyClass::unknown
                               : code == 0 ? ReplyClass::accepted
                                           : ReplyClass::rejected,
                               unsure ? 0 : code);
    if (treatment.answer == Answer::reply_first)
        wire.insert(wire.begin() + static_cast<std::ptrdiff_t>(first_report), answer);
    else
        wire.push_back(answer);
}

void World::release() {
    const std::vector<Command> now_free = std::exchange(held_, {});
    for (const Command& command : now_free) carry_out(command, {});
    pump();
}

void World::snapshot(bool complete) {
    snapshot_wanted_ = false;
    Event begin = event(EventKind::snapshot_mark, no_symbol);
    begin.snapshot_mark.requested_at = now;
    begin.snapshot_mark.generation = ++generation_;
    begin.snapshot_mark.begins = true;
    begin.snapshot_mark.hedge_mode = with.settings.hedge_mode;
    wire.push_back(begin);
    for (const auto& [key, held] : holdings)
        if (complete && held.quantity.positive()) push_position(key.first, key.second, generation_);
    for (const auto& [id, order] : orders) {
        if (!order.open() || !complete) continue;
        Event row = event(EventKind::open_order, order.placed.symbol);
        OpenOrder& open = row.open_order;
        open.update_time = now;
        open.order_id = order.order_id;
        open.price = order.placed.price;
        open.stop_price = order.placed.stop_price;
        open.quantity = order.placed.quantity;
        open.filled = order.filled;
        open.id = id;
        open.generation = generation_;
        open.ours = true;
        open.side = order.placed.side;
        open.leg = !with.settings.hedge_mode                 ? PositionLeg::both
                   : order.placed.position_side == long_side ? PositionLeg::long_side
                                                             : PositionLeg::short_side;
        open.type = order.placed.type;
        open.status = order.status;
        open.close_position = order.placed.close_position;
        wire.push_back(row);
    }
    Event end = begin;
    end.snapshot_mark.begins = false;
    end.snapshot_mark.complete = complete;
    wire.push_back(end);
    if (deliver_at_once) pump();
}

void World::stream(StreamKind kind, StreamCondition condition) {
    Event made = event(EventKind::stream_change, no_symbol);
    made.stream_change.stream = kind;
    made.stream_change.state = condition;
    send(made);
}

void World::control(ControlKind kind, SymbolId symbol, PositionSide side) {
    Event made = event(EventKind::control, symbol);
    made.control.kind = kind;
    made.control.side = side;
    send(made);
}

// ---------------------------------------------------------------- delivery

void World::send(Event made) {
    deliver(made);
    pump();
}

void World::deliver(Event made) {
    made.arrival_time = now;
    engine_->on(made, *out_);
    for (const Command& command : out_->commands()) {
        commands.push_back(command);
        inbox_.push_back(command);
    }
    records.insert(records.end(), out_->records().begin(), out_->records().end());
    if (out_->snapshot_wanted() && !snapshot_wanted_) {
        snapshot_wanted_ = true;
        snapshot_at_ = now + milliseconds(50);
    }
    out_->clear();
}

void World::pump() {
    while (!inbox_.empty() || (deliver_at_once && !wire.empty())) {
        if (!inbox_.empty()) {
            const Command command = inbox_.front();
            inbox_.pop_front();
            carry_out(command);
            continue;
        }
        const Event next = wire.front();
        wire.pop_front();
        deliver(next);
    }
}

void World::pass(Nanos span) {
    const Nanos until = now + span;
    const Nanos step = span > seconds(3) ? milliseconds(50) : milliseconds(5);
    while (now < until) {
        now = std::min(until, now + step);
        if (snapshot_wanted_ && snapshots_on_demand && now >= snapshot_at_) snapshot();
        send(event(EventKind::timer, no_symbol));
    }
}

Restored World::remembered() const {
    Restored made;
    made.epoch = epoch_;
    std::map<TrancheId, TrancheRow> tranche_rows;
    std::map<ClientOrderId, OrderRow> order_rows;
    std::map<std::pair<SymbolId, PositionSide>, std::pair<std::uint32_t, std::uint32_t>> keys;
    for (const Record& record : records) {
        if (record.kind == RecordKind::tranche) tranche_rows[record.tranche.id] = record.tranche;
        if (record.kind == RecordKind::order) order_rows[record.order.id] = record.order;
        if (record.kind == RecordKind::fill) made.recent_fills.push_back(record.fill);
        if (record.kind == RecordKind::liquidation &&
            now - record.time <= with.settings.window.span)
            made.window.push_back(record.liquidation);
    }
    for (const auto& [id, row] : tranche_rows) {
        made.next_tranche = std::max(made.next_tranche, static_cast<std::uint32_t>(id) + 1);
        auto& key = keys[{row.symbol, row.side}];
        key = std::max(key, {row.episode, row.ordinal + 1});
        if (!is_final(row.state)) made.tranches.push_back(row);
    }
    for (const auto& [id, row] : order_rows)
        if (!is_final(row.state)) made.orders.push_back(row);
    for (const auto& [key, value] : keys)
        made.episode_keys.push_back({key.first, key.second, value.first, value.second});
    return made;
}

void World::restart(bool orders_remembered) {
    ++epoch_;
    wire.clear();
    inbox_.clear();
    held_.clear();
    out_->clear();
    Restored restored = remembered();
    if (!orders_remembered) restored.orders.clear();
    start(restored);
}

}  // namespace tranche::test
