// Market messages: what each needs, and what makes it malformed. Source: exchange-protocol.md §2.
#include "net/aster/codec.hpp"
#include "net/aster/words.hpp"

namespace tranche::aster {

Decoded Codec::liquidation(SymbolId symbol, EventSink& out) {
    const Fields& order = message_.order;
    const auto side = side_of(order.text(letter('S')));
    if (!side || order.text(letter('s')).empty()) return Decoded::malformed;
    if (out.room() == 0) return Decoded::no_room;
    Event& event = fresh(EventKind::liquidation, symbol, out);
    Liquidation& body = event.liquidation;
    body.side = *side;
    const bool whole =
        message_.top.time(letter('E'), body.exchange_time) &&
        order.time(letter('T'), body.trade_time) && order.amount(letter('p'), body.price) &&
        order.amount(letter('q'), body.quantity) && order.amount(letter('l'), body.last_quantity) &&
        order.amount(letter('z'), body.filled) && order.rounded(Key::ap, body.average_price) &&
        body.average_price.raw >= 0;
    if (!whole || !product_fits(body.price, body.quantity) ||
        !product_fits(body.average_price, body.filled))
        return Decoded::malformed;
    out.publish();
    return Decoded::events;
}

Decoded Codec::book_ticker(SymbolId symbol, EventSink& out) {
    if (!priced(symbol)) return Decoded::ignored;
    if (out.room() == 0) return Decoded::no_room;
    const Fields& top = message_.top;
    Event& event = fresh(EventKind::book_ticker, symbol, out);
    BookTicker& body = event.book_ticker;
    const bool whole =
        top.whole(letter('u'), body.update_id) && top.amount(letter('b'), body.bid) &&
        top.amount(letter('B'), body.bid_quantity) && top.amount(letter('a'), body.ask) &&
        top.amount(letter('A'), body.ask_quantity);
    // some venues leave one or both times out; one that is there must be a time
    const bool timed = (!top.has(letter('E')) || top.time(letter('E'), body.exchange_time)) &&
                       (!top.has(letter('T')) || top.time(letter('T'), body.trade_time));
    if (!whole || !timed || !product_fits(body.bid, body.bid_quantity) ||
        !product_fits(body.ask, body.ask_quantity))
        return Decoded::malformed;
    out.publish();
    return Decoded::events;
}

Decoded Codec::mark_price(SymbolId symbol, EventSink& out) {
    if (!priced(symbol)) return Decoded::ignored;
    if (out.room() == 0) return Decoded::no_room;
    const Fields& top = message_.top;
    Event& event = fresh(EventKind::mark_price, symbol, out);
    MarkPrice& body = event.mark_price;
    if (!top.time(letter('E'), body.exchange_time) || !top.amount(letter('p'), body.mark))
        return Decoded::malformed;
    // index, funding rate and its time are shown, never booked or traded on; they may be missing,
    // but not nonsense
    const bool sane =
        (!top.has(letter('i')) || top.rounded(letter('i'), body.index)) &&
        (top.number(letter('r')).empty() || top.rounded(letter('r'), body.funding_rate)) &&
        (!top.has(letter('T')) || top.time(letter('T'), body.next_funding_time));
    if (!sane) return Decoded::malformed;
    out.publish();
    return Decoded::events;
}

}  // namespace tranche::aster
