// The simulated markets' prices: random walks with jumps, in whole ticks.
#pragma once

#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "tools/sim/plan.hpp"
#include "tools/sim/random.hpp"

namespace tranche::sim {

struct PricePoint {
    Price bid;
    Price ask;
    Quantity bid_quantity;
    Quantity ask_quantity;
};

class Prices {
public:
    explicit Prices(const Plan& plan);

    /// The next symbol that moves.
    SymbolId next_symbol();
    /// Moves it one step and says what the book shows.
    PricePoint step(SymbolId symbol);
    /// Moves it at once.
    void shock(SymbolId symbol, std::int64_t permille);
    /// The next so many steps show this little at the best prices.
    void make_thin(SymbolId symbol, std::int64_t steps) {
        markets_[tranche::index(symbol)].thin = steps;
    }
    Price mid(SymbolId symbol) const;
    /// A size that is worth so many USDT, in whole lots, at least one.
    Quantity worth(SymbolId symbol, std::int64_t usdt) const;
    void set_volatility(std::int64_t volatility) { volatility_ = volatility; }
    Dice& dice() { return dice_; }

private:
    struct Market {
        std::int64_t tick{};
        std::int64_t step{};
        std::int64_t start{};  // in ticks
        std::int64_t mid{};
        std::int64_t thin{};
    };

    Dice dice_;
    std::vector<Market> markets_;
    std::int64_t volatility_;
};

}  // namespace tranche::sim
