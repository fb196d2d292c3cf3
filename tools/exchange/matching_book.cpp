// What the account has on each symbol, kept so that prices need not look at each order.
#include <algorithm>

#include "tools/exchange/matching.hpp"

namespace tranche::exchange {

void Matching::enter(Order& order) {
    Book& book = books_[order.terms.symbol];
    book.open.push_back(&order);
    if (order.waiting()) ++book.conditional;
    note(book, order);
    update_resting(order);
}

void Matching::leave(Order& order) {
    Book& book = books_[order.terms.symbol];
    const auto place = std::find(book.open.begin(), book.open.end(), &order);
    if (place == book.open.end()) return;
    book.open.erase(place);
    if (order.waiting()) --book.conditional;
    renew_bounds(book);
    if (order.resting.zero()) return;
    const Amount remaining = order.resting;
    order.resting = {};
    const bool buys = order.terms.side == Side::buy;
    (buys ? book.resting.bids : book.resting.asks) -= remaining;
    if (!closes(order.terms)) {
        (buys ? book.opening.bids : book.opening.asks) -= remaining;
        reserve(order.terms.symbol);
    }
}

void Matching::note(Book& book, const Order& order) {
    const NewOrder& terms = order.terms;
    if (!order.waiting()) {
        if (terms.price.zero()) return;  // a market order never rests
        if (terms.side == Side::buy)
            book.best_bid = max(book.best_bid, terms.price);
        else
            book.best_ask = min(book.best_ask, terms.price);
        return;
    }
    Triggers& triggers = terms.working_type == WorkingType::mark_price ? book.mark : book.last;
    if (triggers_upward(terms))
        triggers.at_or_above = min(triggers.at_or_above, terms.stop_price);
    else
        triggers.at_or_below = max(triggers.at_or_below, terms.stop_price);
}

void Matching::renew_bounds(Book& book) {
    book.best_bid = {INT64_MIN};
    book.best_ask = {INT64_MAX};
    book.mark = book.last = {};
    for (const Order* order : book.open) note(book, *order);
}

/// To be called when price, rest or kind of an open order has changed.
void Matching::update_resting(Order& order) {
    const bool rests = order.open() && !order.waiting();
    const Amount now = rests ? order.remaining() * order.terms.price : Amount{};
    const Amount change = now - order.resting;
    if (change.zero()) return;
    order.resting = now;
    Book& book = books_[order.terms.symbol];
    const bool buys = order.terms.side == Side::buy;
    (buys ? book.resting.bids : book.resting.asks) += change;
    if (closes(order.terms)) return;
    (buys ? book.opening.bids : book.opening.asks) += change;
    reserve(order.terms.symbol);
}

void Matching::revalue(SymbolIndex symbol) {
    account_.revalue(symbol, board_.at(symbol).mark.mark);
    reserve(symbol);
}

void Matching::reserve(SymbolIndex symbol) {
    Book& book = books_[symbol];
    const Amount larger = account_.hedge_mode ? book.opening.bids + book.opening.asks
                                              : max(book.opening.bids, book.opening.asks);
    const Amount reserved = larger / account_.settings[symbol].leverage;
    reserved_ += reserved - book.reserved;
    book.reserved = reserved;
}

}  // namespace tranche::exchange
