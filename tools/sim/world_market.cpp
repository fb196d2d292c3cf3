// The market's part of a world: prices as the venue and the engine see them.
#include "tools/sim/world.hpp"

namespace tranche::sim {

void World::show_book(SymbolId symbol, const PricePoint& point) {
    Event event{};
    event.arrival_time = now_;
    event.symbol = symbol;
    event.kind = EventKind::book_ticker;
    event.book_ticker.exchange_time = event.book_ticker.trade_time = now_;
    event.book_ticker.bid = point.bid;
    event.book_ticker.ask = point.ask;
    event.book_ticker.bid_quantity = point.bid_quantity;
    event.book_ticker.ask_quantity = point.ask_quantity;
    venue_.price(event);
    deliver_market(event, true);
}

void World::show_mark(SymbolId symbol, Price mark) {
    Event event{};
    event.arrival_time = now_;
    event.symbol = symbol;
    event.kind = EventKind::mark_price;
    event.mark_price.exchange_time = now_;
    event.mark_price.mark = event.mark_price.index = mark;
    event.mark_price.next_funding_time = plan_.start + seconds(28'800);
    venue_.price(event);
    deliver_market(event, true);
}

void World::move_market() {
    Dice& dice = prices_.dice();
    next_market_ = now_ + Nanos{1 + static_cast<std::int64_t>(dice.below(
                                        2'000'000'000U / static_cast<std::uint64_t>(pace_)))};
    const SymbolId symbol = prices_.next_symbol();
    const std::uint64_t what = dice.below(16);
    if (what < 4) return show_mark(symbol, prices_.mid(symbol));
    const PricePoint point = prices_.step(symbol);
    if (what < 8) {
        const bool seller = what % 2 == 0;
        venue_.trade(symbol, seller ? point.bid : point.ask,
                     seller ? point.bid_quantity : point.ask_quantity, seller, now_);
    }
    show_book(symbol, point);
}

/// A price that has moved at once shows everywhere at once.
void World::jump(SymbolId symbol, std::int64_t permille) {
    prices_.shock(symbol, permille);
    const PricePoint point = prices_.step(symbol);
    venue_.trade(symbol, point.bid, point.bid_quantity, permille < 0, now_);
    show_book(symbol, point);
    show_mark(symbol, prices_.mid(symbol));
}

void World::liquidate(SymbolId symbol, std::int64_t usdt) {
    Event event{};
    event.symbol = symbol;
    event.kind = EventKind::liquidation;
    Liquidation& forced = event.liquidation;
    forced.exchange_time = forced.trade_time = now_;
    forced.price = forced.average_price = prices_.mid(symbol);
    forced.quantity = prices_.worth(symbol, usdt < 0 ? -usdt : usdt);
    forced.last_quantity = forced.filled = forced.quantity;
    forced.side = usdt < 0 ? Side::buy : Side::sell;
    deliver_market(event, false);
}

}  // namespace tranche::sim
