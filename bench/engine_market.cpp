#include "bench/engine_market.hpp"

#include <fmt/format.h>

namespace tranche::bench {
namespace {

constexpr Price tick{10'000'000};                      // 0.1
constexpr Quantity step{100'000};                      // 0.001
constexpr std::int64_t threshold = 1'000'000'000'000;  // 10,000 USDT

SymbolRules rules_of(const std::string& name) {
    SymbolRules rules;
    rules.name = name;
    rules.trading = true;
    rules.tick = rules.min_price = tick;
    rules.max_price = {Price::one * 1'000'000};
    rules.step = rules.market_step = step;
    rules.min_quantity = rules.market_min_quantity = step;
    rules.max_quantity = rules.market_max_quantity = {Quantity::one * 1'000};
    rules.min_notional = {Notional::one * 5};
    rules.multiplier_up = {Ratio::one * 3 / 2};
    rules.multiplier_down = {Ratio::one / 2};
    rules.max_orders = 200;
    rules.max_conditional_orders = 100;
    return rules;
}

SymbolSettings settings_of(const std::string& name) {
    SymbolSettings symbol;
    symbol.name = name;
    symbol.threshold_long = symbol.threshold_short = threshold;
    symbol.trade_value = {Notional::one * 100};
    symbol.max_position = {Notional::one * 100'000};
    symbol.price_offset = {Ratio::one / 1'000};
    symbol.take_profit = {Ratio::one / 5};
    symbol.stop_loss = {Ratio::one / 5};
    return symbol;
}

EngineSettings settings_for(std::size_t symbols) {
    EngineSettings settings;
    settings.simulate_only = false;
    settings.hedge_mode = true;
    settings.window.in_usdt = true;
    settings.entry.max_total_exposure = {Notional::one * 10'000'000};
    settings.entry.max_open_orders = 20;
    settings.tranche.increment = {Ratio::one / 200};
    settings.tranche.max_per_side = 6;
    settings.tranche.merge_pnl = {Ratio::one * 10};  // the tranches are to stay
    settings.tranche.max_stops = 50;
    for (std::size_t i = 0; i < symbols; ++i)
        settings.symbols.push_back(settings_of(fmt::format("S{:03}USDT", i)));
    return settings;
}

}  // namespace

std::size_t EngineMarket::HashOfId::operator()(const ClientOrderId& id) const {
    // One tranche after another, as the engine's own table has them.
    const bool of_side = id.role == Role::backstop;
    const std::size_t block = of_side ? id.generation : static_cast<std::size_t>(id.tranche);
    return block * 16 + static_cast<std::size_t>(id.role) * 2 + id.generation % 2;
}

EngineMarket::EngineMarket(std::size_t symbols) {
    const EngineSettings settings = settings_for(symbols);
    std::vector<SymbolRules> rules;
    for (const SymbolSettings& symbol : settings.symbols) rules.push_back(rules_of(symbol.name));
    table_ = SymbolTable{std::move(rules), symbols};
    board_ = std::make_unique<StatusBoard>(symbols, tranche_capacity(settings),
                                           order_capacity(settings));
    Restored nothing;
    nothing.epoch = 1;
    engine_ = std::make_unique<Engine>(settings, table_, *board_, nothing);
    for (const StreamKind kind : {StreamKind::market, StreamKind::user}) {
        Event change = event(EventKind::stream_change, no_symbol);
        change.stream_change.stream = kind;
        change.stream_change.state = StreamCondition::open;
        feed(change);
    }
    now += milliseconds(5);
    Event snapshot = event(EventKind::snapshot_mark, no_symbol);
    snapshot.snapshot_mark.requested_at = now;
    snapshot.snapshot_mark.generation = 1;
    snapshot.snapshot_mark.begins = true;
    snapshot.snapshot_mark.hedge_mode = true;
    feed(snapshot);
    snapshot.snapshot_mark.begins = false;
    snapshot.snapshot_mark.complete = true;
    feed(snapshot);
    settle();
}

[[gnu::noinline]] void EngineMarket::measured(const Event& event) {
    engine_->on(event, *out_);
}

Event EngineMarket::event(EventKind kind, SymbolId symbol) const {
    Event made{};
    made.arrival_time = now;
    made.symbol = symbol;
    made.kind = kind;
    return made;
}

Event EngineMarket::book(SymbolId symbol, Price around) const {
    Event made = event(EventKind::book_ticker, symbol);
    made.book_ticker.bid = around - tick;
    made.book_ticker.ask = around + tick;
    return made;
}

Event EngineMarket::mark(SymbolId symbol, Price at) const {
    Event made = event(EventKind::mark_price, symbol);
    made.mark_price.mark = at;
    return made;
}

Event EngineMarket::liquidation(SymbolId symbol, Quantity quantity, Side side, Price at) const {
    Event made = event(EventKind::liquidation, symbol);
    made.liquidation.trade_time = now;
    made.liquidation.price = made.liquidation.average_price = at;
    made.liquidation.quantity = quantity;
    made.liquidation.side = side;
    return made;
}

Price EngineMarket::losing(PositionSide side, std::size_t tranches) {
    const auto percent = static_cast<std::int64_t>(tranches);
    return {center.raw / 100 * (100 - sign(side) * percent)};
}

void EngineMarket::open_tranche(SymbolId symbol, PositionSide side, Price at) {
    now += milliseconds(1);
    feed(mark(symbol, at));
    feed(book(symbol, at));
    feed(liquidation(symbol, {Quantity::one * 10}, closing_side(side), at));
    settle();
    feed(fill(newest(Role::entry)));
    settle();
}

void EngineMarket::populate(std::size_t tranches) {
    const std::size_t symbols = table_.configured();
    for (std::size_t i = 0; i < symbols * tranches * 2; ++i) {
        const PositionSide side = i % 2 == 0 ? PositionSide::long_side : PositionSide::short_side;
        const SymbolId symbol{static_cast<std::uint16_t>(i / 2 % symbols)};
        open_tranche(symbol, side, losing(side, i / 2 / symbols));
        if (i % 256 != 0) continue;
        feed(event(EventKind::timer, no_symbol));
        settle();
    }
}

Event EngineMarket::report(const Command& order, ExecutionType execution,
                           OrderStatus status) const {
    Event made = event(EventKind::order_update, order.symbol);
    OrderUpdate& update = made.order_update;
    update.exchange_time = update.trade_time = now;
    update.order_id = static_cast<std::int64_t>(order.sequence);
    update.id = order.id;
    update.ours = true;
    update.side = order.side;
    update.leg = order.position_side == PositionSide::long_side ? PositionLeg::long_side
                                                                : PositionLeg::short_side;
    update.type = update.original_type = order.type;
    update.execution = execution;
    update.status = status;
    return made;
}

Event EngineMarket::fill(const Command& order) {
    Event made = report(order, ExecutionType::trade, OrderStatus::filled);
    OrderUpdate& update = made.order_update;
    update.trade_id = ++trades_;
    update.last_quantity = update.filled = order.quantity;
    update.last_price = update.average_price = order.price;
    open_.erase(order.id);
    return made;
}

void EngineMarket::answer(const Command& command) {
    const bool placed = command.kind == CommandKind::place;
    const bool known = placed || open_.contains(command.id);
    Event reply = event(EventKind::reply, command.symbol);
    reply.reply.sequence = command.sequence;
    reply.reply.sent_at = now;
    reply.reply.id = command.id;
    reply.reply.command = command.kind;
    reply.reply.verdict = known ? ReplyClass::accepted : ReplyClass::rejected;
    reply.reply.code = known ? 0 : -2011;
    reply.reply.order_id = static_cast<std::int64_t>(command.sequence);
    if (placed) {
        open_[command.id] = newest_[command.id.role] = command;
        reply.reply.status = OrderStatus::created;
        wire_.push_back(report(command, ExecutionType::created, OrderStatus::created));
    } else if (known && command.kind == CommandKind::cancel) {
        wire_.push_back(
            report(open_.at(command.id), ExecutionType::canceled, OrderStatus::canceled));
        reply.reply.order_id = static_cast<std::int64_t>(open_.at(command.id).sequence);
        reply.reply.status = OrderStatus::canceled;
        open_.erase(command.id);
    }
    wire_.push_back(reply);
}

void EngineMarket::burst(std::span<const Event> events, bool ahead) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (ahead && i + 2 < events.size()) engine_->expect_soon(events[i + 2]);
        if (ahead && i + 1 < events.size()) engine_->expect_next(events[i + 1]);
        engine_->on(events[i], *out_);
        sent_.insert(sent_.end(), out_->commands().begin(), out_->commands().end());
        out_->clear();
    }
}

void EngineMarket::settle() {
    for (const Command& command : sent_) answer(command);
    sent_.clear();
    while (true) {
        for (const Command& command : out_->commands()) answer(command);
        out_->clear();
        if (wire_.empty()) return;
        const Event next = wire_.front();
        wire_.pop_front();
        feed(next);
    }
}

}  // namespace tranche::bench
