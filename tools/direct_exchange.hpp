// The simulated exchange without bytes: commands in, and out come the very events that its answers
// and streams would be decoded to. `tranche sim` and paper mode speak to it; the server program
// speaks HTTP and WebSocket instead. Nothing is lost, late or doubled here: that is the caller's
// business.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche {

/// The venue's rules for exactly the symbols of the table, with the very filters the engine uses.
/// `profiles`, by symbol id, say what market to generate; a symbol without one has none.
exchange::Rules venue_rules(const SymbolTable& symbols,
                            std::span<const exchange::MarketProfile> profiles = {});

/// The client id under which the venue keeps one of ours: the id's bytes, not its text, because
/// nobody reads it there. Never equal to a text that a person or the venue could make.
exchange::ClientText venue_client_id(const ClientOrderId& id);
/// The other way; nothing for an id that is not ours.
std::optional<ClientOrderId> our_client_id(const exchange::ClientText& text);
/// For people: our id in its text form, or the foreign text.
std::string readable(const exchange::ClientText& text);

class DirectExchange {
public:
    /// Both outlive it; the venue lists every symbol of the table, by name. Orders are written for
    /// the position mode that the account has now, as a gateway would that was set up for it.
    DirectExchange(exchange::Venue& venue, const SymbolTable& symbols);

    /// Carries out one command now. A placement is acknowledged as NEW with nothing filled, as the
    /// venue's ACK answers do; a cancel or query is answered with the order as it stands; refusals
    /// carry the venue's code and are classed as the gateway would class them. `sent_at` is left 0.
    Reply execute(const Command& command, Nanos now);

    /// Runs generated market, triggers and timers up to `now`; appends book tickers, mark prices
    /// and liquidations in the order they were published.
    void advance(Nanos now, std::vector<Event>& market);

    /// A price of a market that is not ours to generate (paper mode): a book ticker or mark price.
    /// The last price is taken to be the middle of the book.
    void observe(const Event& price);

    /// Appends what the user stream says since the last call, in order: order updates, position
    /// updates, balance updates, account notices.
    void take_user_events(Nanos now, std::vector<Event>& user);

    /// Appends a complete snapshot as the account stage would deliver it: begin, positions,
    /// balances, open orders, end. Source: core/messages.hpp, SnapshotMark.
    void snapshot(std::uint32_t generation, Nanos now, std::vector<Event>& out) const;

    exchange::Venue& venue() { return venue_; }
    const exchange::Venue& venue() const { return venue_; }
    exchange::SymbolIndex to_venue(SymbolId symbol) const { return to_venue_[index(symbol)]; }
    SymbolId from_venue(exchange::SymbolIndex symbol) const { return from_venue_[symbol]; }

private:
    std::variant<exchange::NewOrder, exchange::Reject> terms_of(const Command& command) const;
    Reply place(const Command& command, Reply reply, std::int64_t now_ms);
    Reply place_strategy(const Command& command, Reply reply, std::int64_t now_ms);
    Reply change(const Command& command, Reply reply, std::int64_t now_ms);
    Reply find(const Command& command, Reply reply, std::int64_t now_ms);
    const exchange::Order* named(const Command& command) const;

    exchange::Venue& venue_;
    bool hedge_mode_;
    std::vector<exchange::SymbolIndex> to_venue_;  // by SymbolId
    std::vector<SymbolId> from_venue_;             // by SymbolIndex
    std::vector<exchange::MarketEvent> published_;
    std::size_t configured_;
};

}  // namespace tranche
