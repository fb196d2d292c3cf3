// The generated market: prices, best quotes, trades, mark prices and liquidations from one seed.
// Pure: no clock, no I/O; the same seed and the same stretch of time give the same events.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "tools/exchange/amount.hpp"
#include "tools/exchange/order.hpp"
#include "tools/exchange/random.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

/// A new best bid and ask; the book behind it is renewed with it.
struct Quote {
    SymbolIndex symbol;
    std::int64_t time_ms;
    std::int64_t update_id;  // increasing over all symbols
    Amount bid, bid_quantity, ask, ask_quantity;
};
struct Trade {
    SymbolIndex symbol;
    std::int64_t time_ms;
    std::int64_t id;  // increasing per symbol
    Amount price, quantity;
    bool buyer_is_maker;  // the aggressor sold
};
struct Mark {
    SymbolIndex symbol;
    std::int64_t time_ms;
    Amount mark, index;
    Amount funding_rate;
    std::int64_t next_funding_ms;
};
/// A position that was closed by force; `side` is that of the closing order.
struct Liquidation {
    SymbolIndex symbol;
    std::int64_t time_ms;
    Side side;
    Amount quantity, price, average_price, last_quantity;
};
using MarketEvent = std::variant<Quote, Trade, Mark, Liquidation>;

enum class Regime : std::uint8_t {
    calm,
    trend,
    cascade,
    gap,
    recovery,
    // only with MarketOptions::wild, or by force
    dead,    // nobody quotes or trades; marks stand still
    plunge,  // a gap of several percent, through stops
    flash    // a crash of many percent, and back within seconds
};

struct MarketOptions {
    bool wild{};                  // dead markets, plunges and flash crashes happen by themselves
    Amount funding_rate{10'000};  // 0.0001
    std::int64_t funding_interval_ms{8 * 3'600'000};
};

/// One random market a symbol. Events of a call come in order of time.
class Market {
public:
    /// How fine the model's time is.
    static constexpr std::int64_t step_ms = 25;

    Market(const Rules& rules, std::uint64_t seed, std::int64_t start_ms,
           const MarketOptions& options = {});

    /// Runs the model up to `until_ms` and appends what happened.
    void advance(std::int64_t until_ms, std::vector<MarketEvent>& out);

    /// Puts a symbol into a regime now, for so long; `direction` is +1 or -1.
    void force(SymbolIndex symbol, Regime regime, double direction, std::int64_t duration_ms);

    /// To be told when the rules of a symbol have changed.
    void refilter(SymbolIndex symbol);

    [[nodiscard]] Regime regime(SymbolIndex symbol) const { return models_[symbol].regime; }

private:
    struct Model {
        SymbolIndex symbol;
        MarketProfile profile;
        Random random;
        Regime regime{Regime::calm};
        std::int64_t regime_since_ms{}, regime_until_ms{};
        std::int64_t moved_ms{};                  // how far prices have been carried on
        double anchor{}, base{}, displacement{};  // log prices; the price is exp(base + disp.)
        double log_level{}, level{};              // log price and price, as of `moved_ms`
        double direction{1};                      // of trend, cascade or gap
        double pace{};                            // log price per second in that direction
        double mark{};
        double wildness{};       // against a typical symbol
        double typical_trade{};  // quantity
        std::uint32_t quote_chance{}, trade_chance{}, liquidation_chance{};  // of 2^21, a step
        Amount tick{}, step{};
        Quote quote{};
        std::int64_t trade_id{};
    };

    void step(Model& model, std::vector<MarketEvent>& out);
    void change_regime(Model& model) const;
    void enter(Model& model, Regime regime, std::int64_t duration_ms) const;
    void move(Model& model) const;
    void quote(Model& model, std::vector<MarketEvent>& out);
    void trade(Model& model, std::vector<MarketEvent>& out) const;
    void liquidate(Model& model, std::vector<MarketEvent>& out) const;
    void mark(Model& model, std::vector<MarketEvent>& out) const;

    const Rules& rules_;
    MarketOptions options_;
    std::vector<Model> models_;
    std::int64_t now_ms_;
    std::int64_t next_funding_ms_{};
    std::int64_t update_id_{600'000'000'000};
};

}  // namespace tranche::exchange
