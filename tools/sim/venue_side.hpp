// The exchange's end: the venue with its market, the ledger that watches it, and the user stream
// that tells of it. Nothing is lost here.
#pragma once

#include <vector>

#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "tools/direct_exchange.hpp"
#include "tools/sim/ledger.hpp"
#include "tools/sim/oracle.hpp"
#include "tools/sim/plan.hpp"

namespace tranche::sim {

/// Takes what the user stream says, in order, as the exchange sends it off.
class UserStreamSink {
public:
    virtual void send_off(const Event& event, Nanos now) = 0;

protected:
    ~UserStreamSink() = default;
};

class VenueSide {
public:
    VenueSide(const Plan& plan, const SymbolTable& symbols, Oracle& oracle, UserStreamSink& sink);

    Reply execute(const Command& command, Nanos now);
    /// A book ticker or mark price of the market.
    void price(const Event& event);
    /// Somebody trades at `price`.
    void trade(SymbolId symbol, Price price, Quantity quantity, bool seller_aggressive, Nanos now);
    void snapshot(std::uint32_t generation, Nanos now, std::vector<Event>& out);
    /// Somebody places a market order on our account; false if it was refused.
    bool by_hand(SymbolId symbol, PositionSide which, Side side, Quantity quantity,
                 const char* client_id, Nanos now);
    /// Somebody cancels an order by its number.
    void cancel_by_hand(std::int64_t order_id, Nanos now);
    /// The venue closes by itself, at `price`: deleveraging, else a liquidation.
    void force_close(SymbolId symbol, PositionSide which, Quantity quantity, Price price,
                     bool deleveraging, Nanos now);
    void set_leverage(SymbolId symbol, std::int64_t leverage, Nanos now);
    std::int64_t leverage(SymbolId symbol) const;
    /// What the venue's own account says, signed; to compare the ledger with.
    std::int64_t net(SymbolId symbol, PositionSide which) const;
    /// Orders may show up under another id once they have triggered (E7).
    exchange::Venue& venue() { return venue_; }

private:
    void tell(Nanos now);
    void see_leg(const OrderUpdate& update, Nanos now);

    bool hedge_mode_;
    exchange::Venue venue_;
    DirectExchange direct_;
    Oracle& oracle_;
    UserStreamSink& sink_;
    std::vector<Event> told_;
    std::vector<Command> legs_;  // exits of strategies, as they are or will be
    std::vector<exchange::SymbolIndex> index_;
};

}  // namespace tranche::sim
