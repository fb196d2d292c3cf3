// The simulated exchange without bytes: commands in, and out come the very events that its answers
// and streams would be decoded to. `tranche sim` and paper mode speak to it; the server program
// speaks HTTP and WebSocket instead. Nothing is lost, late or doubled here: that is the caller's
// business.
#pragma once

#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche {

class DirectExchange {
public:
    /// Both outlive it; the venue lists every symbol of the table, by name.
    DirectExchange(exchange::Venue& venue, const SymbolTable& symbols);

    /// Carries out one command now. Accepted with the order as it then stands, or rejected with
    /// the venue's code; `sent_at` is left 0.
    Reply execute(const Command& command, Nanos now);

    /// Runs generated market, triggers and timers up to `now`; appends book tickers, mark prices
    /// and liquidations in the order they were published.
    void advance(Nanos now, std::vector<Event>& market);

    /// A price of a market that is not ours to generate (paper mode): a book ticker or mark price.
    void observe(const Event& price);

    /// Appends what the user stream says since the last call, in order: order updates, position
    /// updates, balance updates, account notices.
    void take_user_events(Nanos now, std::vector<Event>& user);

    /// Appends a complete snapshot as the account stage would deliver it: begin, positions,
    /// balances, open orders, end. Source: core/messages.hpp, SnapshotMark.
    void snapshot(std::uint32_t generation, Nanos now, std::vector<Event>& out) const;

    exchange::Venue& venue() { return venue_; }

private:
    exchange::Venue& venue_;
    const SymbolTable& symbols_;
    std::vector<exchange::SymbolIndex> to_venue_;  // by SymbolId
    std::vector<SymbolId> from_venue_;             // by SymbolIndex
};

}  // namespace tranche
