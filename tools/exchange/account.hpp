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
    std::string_view type;  // REALIZED_PNL or COMMISSION
    Amount amount;
    std::int64_t time_ms;
    std::int64_t trade_id;
};

/// Fractions of the notional.
struct FeeRates {
    Amount maker{10'000};  // 0.0001
    Amount taker{35'000};  // 0.00035
};

/// Accounting only: it never refuses, the checks are made before a fill.
class Account {
public:
    Account(std::size_t symbols, bool hedge_mode, Amount balance);

    /// Applies a fill to its position, charges the fee and fills in `fee` and `realized`.
    void apply(Fill& fill);

    [[nodiscard]] const Position& position(SymbolIndex symbol, PositionSide side) const {
        return positions_[symbol][static_cast<std::size_t>(side)];
    }
    /// How much an order of `side` could close of that position: 0 if it would open.
    [[nodiscard]] Amount closable(SymbolIndex symbol, PositionSide position_side, Side side) const;
    [[nodiscard]] bool flat(SymbolIndex symbol) const;
    [[nodiscard]] bool flat() const;

    [[nodiscard]] Amount unrealized(SymbolIndex symbol, PositionSide side, Amount mark) const;
    /// Initial margin of one position at the mark price.
    [[nodiscard]] Amount margin(SymbolIndex symbol, PositionSide side, Amount mark) const;
    [[nodiscard]] Amount total_unrealized(const Board& board) const;
    [[nodiscard]] Amount total_margin(const Board& board) const;

    [[nodiscard]] Amount wallet() const { return wallet_; }
    [[nodiscard]] Amount fees() const { return fees_; }
    [[nodiscard]] Amount realized() const { return realized_; }
    [[nodiscard]] const std::vector<Fill>& fills() const { return fills_; }
    [[nodiscard]] const std::vector<Income>& income() const { return income_; }
    [[nodiscard]] std::size_t symbols() const { return positions_.size(); }

    FeeRates rates;
    bool hedge_mode;
    bool multi_assets{};
    std::vector<SymbolSettings> settings;

private:
    Amount change_position(Position& position, Amount signed_quantity, Amount price);

    std::vector<std::array<Position, 3>> positions_;  // by PositionSide
    Amount wallet_, fees_, realized_;
    std::vector<Fill> fills_;
    std::vector<Income> income_;
};

inline constexpr std::array every_position_side{PositionSide::both, PositionSide::long_side,
                                                PositionSide::short_side};

}  // namespace tranche::exchange
