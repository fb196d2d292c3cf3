// The exchange's truth as the oracle keeps it: every order, trade and position, from what the
// exchange itself said, before any fault could touch it. Shares no code with the engine.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "tools/sim/plan.hpp"
#include "tools/sim/table.hpp"

namespace tranche::sim {

struct LedgerOrder {
    ClientOrderId id;  // zero for somebody else's
    std::int64_t order_id{};
    Quantity quantity;
    Quantity filled;
    Price price;
    Nanos accepted;
    SymbolId symbol{};
    PositionSide side{};
    bool ours{};
    bool closing{};
    bool close_position{};
    bool stop{};         // a waiting stop order
    bool conditional{};  // waiting, a stop or a take-profit
    bool open{};
};

struct LedgerTrade {
    std::uint32_t order{};  // place in `orders`
    Quantity quantity;
    Quantity booked;  // by fill records of the engine
    bool forgiven{};  // the engine may have forgotten that it booked it
    bool told{};      // its report has reached the engine
};

/// One side of one symbol.
struct LedgerSide {
    Quantity held;
    Quantity own;       // part of it that orders of ours opened; reductions take this first
    Notional own_cost;  // of `own`
    Quantity covered;   // remaining quantity of our waiting stops
    std::int32_t backstops{};
    std::int32_t stops{};
    Nanos changed;      // newest change of `held`
    Nanos bare_since;   // held, and neither stops nor backstop cover it; 0 while they do
    Nanos short_since;  // held, and stops alone do not cover it; 0 while they do

    bool short_of_stops() const { return held.positive() && covered < held; }
    bool bare() const { return short_of_stops() && backstops == 0; }
};

class Ledger {
public:
    Ledger(std::size_t symbols, bool hedge_mode);

    /// An order of ours was accepted; false if its client id had been accepted before.
    bool accepted(const Command& command, std::int64_t order_id, Nanos now);
    /// An order of ours has another price and quantity; false if it is not open.
    bool replaced(const Command& command);
    /// One order update as the exchange made it. False if it contradicts what was known.
    bool on(const OrderUpdate& update, SymbolId symbol, Nanos now);

    const LedgerSide& side(SymbolId symbol, PositionSide which) const {
        return sides_[tranche::index(symbol) * 2 + tranche::index(which)];
    }
    const std::vector<LedgerSide>& sides() const { return sides_; }
    const std::vector<LedgerOrder>& orders() const { return orders_; }
    /// Places of open orders, not in order.
    const std::vector<std::uint32_t>& open() const { return open_; }
    /// Null when there is none.
    const LedgerOrder* find(const ClientOrderId& id) const;
    LedgerTrade* find_trade(SymbolId symbol, std::int64_t trade_id);
    void forgive_trades();
    /// A process died: reports it had not booked yet went with it.
    void forgive_unbooked_trades();
    const std::vector<LedgerTrade>& all_trades() const { return trades_; }
    /// What entries of ours have been filled on each side, ever.
    Quantity entered(SymbolId symbol, PositionSide which) const {
        return entered_[tranche::index(symbol) * 2 + tranche::index(which)];
    }
    std::size_t trades() const { return trades_.size(); }
    bool hedge_mode() const { return hedge_mode_; }

private:
    std::uint32_t add(const LedgerOrder& order);
    void trade(const OrderUpdate& update, LedgerOrder& order, Nanos now);
    void open_or_close(LedgerOrder& order, Side direction, PositionLeg leg, Quantity quantity,
                       Price price, Nanos now);
    void increase(LedgerSide& side, const LedgerOrder& order, Quantity quantity, Price price);
    void reduce(LedgerSide& side, Quantity quantity);
    void cover(const LedgerOrder& order, std::int64_t sign);
    void finish(std::uint32_t place);
    void reopen(std::uint32_t place);
    void look(SymbolId symbol, Nanos now);
    LedgerSide& mutable_side(SymbolId symbol, PositionSide which) {
        return sides_[tranche::index(symbol) * 2 + tranche::index(which)];
    }

    bool hedge_mode_;
    std::vector<LedgerSide> sides_;
    std::vector<Quantity> entered_;
    std::vector<LedgerOrder> orders_;
    std::vector<std::uint32_t> open_;
    std::vector<std::uint32_t> open_place_;  // by order: where in `open_`
    std::vector<LedgerTrade> trades_;
    IdTable by_order_id_;
    IdTable by_client_id_;
    IdTable by_trade_id_;
};

}  // namespace tranche::sim
