#include "tests/unit/tools/paper_world.hpp"

#include <stdexcept>
#include <string>

namespace tranche::test {
namespace {

template <class Number> Number read(std::string_view text) {
    const auto value = parse_decimal(text);
    if (!value) throw std::invalid_argument("not a decimal: " + std::string{text});
    return Number{*value};
}

SymbolRules rules(std::string name, std::string_view tick) {
    SymbolRules rules;
    rules.name = std::move(name);
    rules.trading = true;
    rules.tick = price(tick);
    rules.min_price = price("1");
    rules.max_price = price("1000000");
    rules.step = rules.min_quantity = quantity("0.001");
    rules.max_quantity = quantity("1000");
    rules.market_step = rules.market_min_quantity = quantity("0.001");
    rules.market_max_quantity = quantity("100");
    rules.min_notional = usdt("5");
    rules.multiplier_up = read<Ratio>("1.05");
    rules.multiplier_down = read<Ratio>("0.95");
    rules.max_orders = 200;
    rules.max_conditional_orders = 10;
    return rules;
}

}  // namespace

Price price(std::string_view text) {
    return read<Price>(text);
}
Quantity quantity(std::string_view text) {
    return read<Quantity>(text);
}
Notional usdt(std::string_view text) {
    return read<Notional>(text);
}

Settings paper_settings() {
    auto settings = load_settings(R"({"globals": {"hedge_mode": true},
        "symbols": {"BTCUSDT": {"leverage": 10}, "ETHUSDT": {"leverage": 10}},
        "paper": {"latency_ms": 20, "maker_fee": 0.0001, "taker_fee": 0.0005,
                  "balance_usdt": 1000}})");
    if (!settings) throw std::runtime_error(settings.error().message);
    return std::move(settings).value();
}

PaperWorld::PaperWorld(const Settings& with, const Restored& past, Notional wallet)
    : settings{with}, symbols{{rules("BTCUSDT", "0.1"), rules("ETHUSDT", "0.01")}, 2} {
    stage = std::make_unique<PaperStage>(
        settings, symbols, PaperPast{past, wallet},
        PaperRings{market, commands, to_engine, answers, snapshot_wanted}, metrics, std::uint8_t{5},
        now);
}

Event PaperWorld::fresh(EventKind kind, SymbolId symbol) const {
    Event event{};
    event.arrival_time = now;
    event.symbol = symbol;
    event.kind = kind;
    return event;
}

void PaperWorld::arrive(const Event& event) {
    Event* slot = market.slot();
    if (slot == nullptr) throw std::runtime_error("the market ring is full");
    *slot = event;
    market.publish();
    stage->poll(now);
}

void PaperWorld::book(SymbolId symbol, std::string_view bid, std::string_view ask,
                      std::string_view size) {
    Event event = fresh(EventKind::book_ticker, symbol);
    event.book_ticker.exchange_time = now;
    event.book_ticker.update_id = ++update_id_;
    event.book_ticker.bid = price(bid);
    event.book_ticker.ask = price(ask);
    event.book_ticker.bid_quantity = event.book_ticker.ask_quantity = quantity(size);
    arrive(event);
}

void PaperWorld::mark(SymbolId symbol, std::string_view mark, std::string_view funding_rate,
                      Nanos next_funding) {
    Event event = fresh(EventKind::mark_price, symbol);
    event.mark_price.exchange_time = now;
    event.mark_price.mark = event.mark_price.index = price(mark);
    event.mark_price.funding_rate = read<Ratio>(funding_rate);
    event.mark_price.next_funding_time = next_funding;
    arrive(event);
}

void PaperWorld::open() {
    book(btc, "99999.9", "100000");
    mark(btc, "100000");
    book(eth, "2999.99", "3000");
    mark(eth, "3000");
    pass(milliseconds(100));
    events();
}

void PaperWorld::send(Command command) {
    Command* slot = commands.slot();
    if (slot == nullptr) throw std::runtime_error("the command ring is full");
    command.sequence = ++sequence_;
    command.decided_at = now;
    *slot = command;
    commands.publish();
    stage->poll(now);
}

Command PaperWorld::order(OrderType type, Side side, PositionSide position_side,
                          std::string_view size, std::string_view limit, std::string_view stop) {
    Command command{};
    command.id.epoch = 1;
    command.id.tranche = TrancheId{1};
    command.id.generation = ++generation_;
    const bool opens = side == opening_side(position_side);
    command.id.role = opens ? Role::entry : Role::take_profit;
    command.price = price(limit);
    command.stop_price = price(stop);
    command.quantity = quantity(size);
    command.symbol = btc;
    command.kind = CommandKind::place;
    command.side = side;
    command.position_side = position_side;
    command.type = type;
    command.working_type = WorkingType::mark_price;
    return command;
}

Command PaperWorld::cancel(const Command& placed) {
    Command command = placed;
    command.kind = CommandKind::cancel;
    return command;
}

void PaperWorld::pass(Nanos span) {
    const Nanos end = now + span;
    while (now < end) {
        now = std::min(end, now + milliseconds(1));
        stage->poll(now);
    }
}

std::vector<Event> PaperWorld::events() {
    std::vector<Event> taken;
    for (const Event* event = to_engine.front(); event != nullptr; event = to_engine.front()) {
        taken.push_back(*event);
        to_engine.pop();
    }
    return taken;
}

std::vector<Reply> PaperWorld::replies() {
    std::vector<Reply> taken;
    for (const Event* event = answers.front(); event != nullptr; event = answers.front()) {
        taken.push_back(event->reply);
        answers.pop();
    }
    return taken;
}

std::vector<OrderUpdate> PaperWorld::reports() {
    std::vector<OrderUpdate> updates;
    for (const Event& event : events())
        if (event.kind == EventKind::order_update) updates.push_back(event.order_update);
    return updates;
}

std::vector<Event> PaperWorld::snapshot() {
    pass(seconds(1));  // they are a second apart at least
    events();
    snapshot_wanted.store(true);
    pass(milliseconds(100));
    std::vector<Event> rows;
    bool inside = false;
    for (const Event& event : events()) {
        const bool is_mark = event.kind == EventKind::snapshot_mark;
        inside = inside || is_mark;
        if (inside) rows.push_back(event);
        if (is_mark && !event.snapshot_mark.begins) break;
    }
    return rows;
}

exchange::Amount PaperWorld::held(exchange::PositionSide side) const {
    return stage->venue().account.position(*stage->venue().rules.find("BTCUSDT"), side).quantity;
}

}  // namespace tranche::test
