// Balance, positions and settings of the one account (exchange-protocol.md §10.3 and §10.4).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/exchange/amount.hpp"
#include "tools/exchange/board.hpp"
#include "tools/exchange/order.hpp"

namespace tranche::exchange {

struct Position {
    Amount quantity;  // signed: short is negative
    Amount entry;
    Amount realized;  // accumulated, before fees
    std::int64_t update_ms{};
};

struct SymbolSettings {
    std::int64_t leverage{20};
    bool isolated{};
};

/// One execution of one order.
struct Fill {
    std::int64_t trade_id{};
    OrderId order{};
    SymbolIndex symbol{};
    Side side{};
    PositionSide position_side{};
    Amount price, quantity, fee, realized;
    bool maker{};
    std::int64_t time_ms{};
};

struct Income {
    SymbolIndex symbol;
    std::string_view type;  // REALIZED_PNL, COMMISSION, FUNDING_FEE or INSURANCE_CLEAR
    Amount amount;
    std::int64_t time_ms;
    std::int64_t trade_id;
};

/// Fractions of the notional.
struct FeeRates {
    Amount maker{10'000};  // 0.0001
    Amount taker{35'000};  // 0.00035
};

/// What positions are worth and need at their mark prices.
struct Valuation {
    Amount unrealized, margin, maintenance;
};

/// Accounting only: it never refuses, the checks are made before a fill.
class Account {
public:
    Account(std::size_t symbols, bool hedge_mode, Amount balance);

    /// Remembers only about so many fills, incomes and old positions, in flat memory; 0: all.
    void limit_history(std::size_t kept);

    /// Applies a fill to its position, charges the fee and fills in `fee` and `realized`.
    void apply(Fill& fill);
    /// Puts back a position of an earlier run; signed. No money moves.
    void put_back(SymbolIndex symbol, PositionSide side, Amount quantity, Amount entry);
    /// Books money that no fill moves.
    void pay(SymbolIndex symbol, std::string_view type, Amount amount, std::int64_t now_ms);

    [[nodiscard]] const Position& position(SymbolIndex symbol, PositionSide side) const {
        return positions_[symbol][static_cast<std::size_t>(side)];
    }
    /// How much an order of `side` could close of that position: 0 if it would open.
    [[nodiscard]] Amount closable(SymbolIndex symbol, PositionSide position_side, Side side) const;
    [[nodiscard]] bool flat(SymbolIndex symbol) const;
    [[nodiscard]] bool flat() const;

    /// The position as it was at an earlier time, as far as history reaches back.
    [[nodiscard]] Position position_at(SymbolIndex symbol, PositionSide side,
                                       std::int64_t time_ms) const;

    [[nodiscard]] Amount unrealized(SymbolIndex symbol, PositionSide side, Amount mark) const;
    /// Initial margin of one position at the mark price.
    [[nodiscard]] Amount margin(SymbolIndex symbol, PositionSide side, Amount mark) const;
    /// Least margin that keeps one position from being liquidated (exchange-protocol.md §10.5).
    [[nodiscard]] Amount maintenance(SymbolIndex symbol, PositionSide side, Amount mark) const;

    /// To be told when a mark price, a position or a leverage has changed: keeps `valuation`.
    void revalue(SymbolIndex symbol, Amount mark);
    /// All positions at their last marks.
    [[nodiscard]] const Valuation& valuation() const { return total_; }
    /// What the positions of one symbol add to it.
    [[nodiscard]] const Valuation& valuation(SymbolIndex symbol) const { return values_[symbol]; }

    [[nodiscard]] Amount wallet() const { return wallet_; }
    [[nodiscard]] Amount fees() const { return fees_; }
    [[nodiscard]] Amount realized() const { return realized_; }
    [[nodiscard]] std::int64_t fill_count() const { return fill_count_; }
    [[nodiscard]] const std::vector<Fill>& fills() const { return fills_; }
    [[nodiscard]] const std::vector<Income>& income() const { return income_; }

    FeeRates rates;
    bool hedge_mode;
    bool multi_assets{};
    std::vector<SymbolSettings> settings;

private:
    /// A position before it changed.
    struct Before {
        SymbolIndex symbol;
        PositionSide side;
        std::int64_t until_ms;
        Position position;
    };

    static Amount change_position(Position& position, Amount signed_quantity, Amount price);
    template <class Row> void remember(std::vector<Row>& rows, const Row& row) const;

    std::vector<std::array<Position, 3>> positions_;  // by PositionSide
    std::vector<Valuation> values_;
    Valuation total_;
    Amount wallet_, fees_, realized_;
    std::size_t kept_{};
    std::int64_t fill_count_{};
    std::vector<Fill> fills_;
    std::vector<Income> income_;
    std::vector<Before> before_;
};

inline constexpr std::array every_position_side{PositionSide::both, PositionSide::long_side,
                                                PositionSide::short_side};

}  // namespace tranche::exchange
