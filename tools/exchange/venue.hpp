// The exchange without its bytes: market, books and account, moved by one call a tick.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/exchange/account.hpp"
#include "tools/exchange/behaviour.hpp"
#include "tools/exchange/board.hpp"
#include "tools/exchange/feed.hpp"
#include "tools/exchange/market.hpp"
#include "tools/exchange/matching.hpp"
#include "tools/exchange/publisher.hpp"
#include "tools/exchange/rules.hpp"

namespace tranche::exchange {

struct VenueOptions {
    std::uint64_t seed{1};
    double speed{1};  // of the generated market, against the caller's time
    bool hedge_mode{true};
    bool generate{true};  // false: recordings, or the caller, are the market
    Amount balance{units(10'000)};
    Behaviour behaviour{};
    MarketOptions market{};
    bool liquidations{};          // the account itself can be liquidated
    bool funding{};               // is paid at the market's funding interval
    bool candles{true};           // klines are kept
    std::size_t history_limit{};  // ended orders, fills and incomes kept, in flat memory; 0: all
    std::int64_t listen_key_life_ms{3'600'000};
};

/// What was published of liquidations, for the ledger.
struct Published {
    std::int64_t total{};
    std::vector<std::int64_t> by_symbol;
    std::int64_t generated{};  // before the one-a-second rule
};

/// The user stream's one key (exchange-protocol.md §3.1).
class ListenKey {
public:
    static constexpr std::int64_t life_ms = 3'600'000;

    explicit ListenKey(std::uint64_t seed, std::int64_t life = life_ms)
        : random_{mix(seed ^ 0x6c697374656eU)}, life_ms_{life} {}

    /// The active key, extended, or a new one.
    const std::string& create(std::int64_t now_ms);
    /// False if there is none to extend (-1125).
    bool extend(std::int64_t now_ms);
    void close() { key_.clear(); }
    /// The next look at the clock finds it expired.
    void run_out() { until_ms_ = 0; }
    /// True once when the active key has just run out; `key` still names it then.
    bool expire(std::int64_t now_ms, std::string& key);
    [[nodiscard]] const std::string& key() const { return key_; }

private:
    Random random_;
    std::int64_t life_ms_;
    std::string key_;
    std::int64_t until_ms_{};
};

/// Everything but authentication, HTTP and sockets. Deterministic: same options, same calls,
/// same results.
class Venue {
public:
    Venue(Rules rules, VenueOptions options, std::int64_t start_ms);
    Venue(const Venue&) = delete;
    Venue& operator=(const Venue&) = delete;

    /// Runs market, triggers and timers up to `now_ms`; frames of wanted streams are appended.
    void advance(std::int64_t now_ms, const Wanted& wanted, std::vector<StreamFrame>& out);
    /// The same without texts: appends what was published, in order. Allocates nothing once the
    /// vector has its size.
    void advance(std::int64_t now_ms, std::vector<MarketEvent>& published);
    /// Lets a recorded frame set quotes and marks, so that queries and orders see its prices.
    void observe(std::string_view frame, std::int64_t now_ms);
    /// A price of a market that is not generated here.
    void observe(const Quote& quote, std::int64_t now_ms);
    void observe(const Trade& trade, std::int64_t now_ms);
    void observe(const Mark& mark, std::int64_t now_ms);
    void pause(bool paused) { paused_ = paused; }
    /// A liquidation of somebody else that the generated market did not think of.
    void publish(const Liquidation& liquidation) { publisher_.add(liquidation); }
    /// Arms (or with 0 disarms) the dead-man timer of a symbol.
    void countdown(SymbolIndex symbol, std::int64_t delay_ms, std::int64_t now_ms);

    // Settings of the account, by its owner or by somebody in the web page. Nothing: done.
    std::optional<Reject> set_leverage(SymbolIndex symbol, std::int64_t leverage,
                                       std::int64_t now_ms);
    std::optional<Reject> set_isolated(SymbolIndex symbol, bool isolated, std::int64_t now_ms);
    std::optional<Reject> set_hedge_mode(bool hedge, std::int64_t now_ms);
    std::optional<Reject> set_multi_assets(bool multi, std::int64_t now_ms);

    // Things that happen to an account.
    /// A market order of somebody in the web page; `quantity` may exceed what closes.
    std::variant<OrderId, Reject> trade_by_hand(SymbolIndex symbol, PositionSide position_side,
                                                Side side, Amount quantity, std::int64_t now_ms);
    /// Closes the position at market up to its bankruptcy price, charges the fee.
    void liquidate(SymbolIndex symbol, PositionSide side, std::int64_t now_ms);
    /// Takes up to `quantity` of a position at the mark price.
    void deleverage(SymbolIndex symbol, PositionSide side, Amount quantity, std::int64_t now_ms);
    /// Charges every position its funding at the mark price.
    void pay_funding(std::int64_t now_ms);

    // Things that happen to a symbol.
    /// TRADING, PENDING_TRADING, PRE_SETTLE, SETTLING or CLOSE. Without TRADING there is no market
    /// and no placement (-4140, -4141); CLOSE settles positions at the mark price.
    void set_status(SymbolIndex symbol, std::string_view status, std::int64_t now_ms);
    /// New ticks, steps and limits; orders that are open stay as they are.
    void change_filters(SymbolIndex symbol, SymbolRules changed);
    /// Puts the generated market of a symbol into a regime.
    void force_regime(SymbolIndex symbol, Regime regime, double direction,
                      std::int64_t duration_ms) {
        market_.force(symbol, regime, direction, duration_ms);
    }

    [[nodiscard]] const Published& published() const { return published_; }
    [[nodiscard]] const VenueOptions& options() const { return options_; }
    [[nodiscard]] bool paused() const { return paused_; }

    /// False while queries and lists do not show the order yet (list E9).
    [[nodiscard]] bool visible(const Order& order, std::int64_t now_ms) const {
        return now_ms - order.time_ms >= options_.behaviour.appears_after_ms;
    }
    /// The position as REST tells it (list E14).
    [[nodiscard]] Position position_seen(SymbolIndex symbol, PositionSide side,
                                         std::int64_t now_ms) const {
        return account.position_at(symbol, side, now_ms - options_.behaviour.position_lag_ms);
    }

private:
    VenueOptions options_;

public:
    Rules rules;
    Board board;
    Account account;
    Outbox outbox;
    Matching matching;
    ListenKey listen_key;

private:
    struct Countdown {
        SymbolIndex symbol;
        std::int64_t at_ms;
    };

    void play(std::int64_t now_ms, std::vector<MarketEvent>& published);
    void publish(std::int64_t now_ms, std::vector<MarketEvent>& published);
    void run_timers(std::int64_t now_ms);
    [[nodiscard]] Amount bankruptcy_price(SymbolIndex symbol, PositionSide side) const;

    Market market_;
    ForceOrderPublisher publisher_;
    Feed feed_;
    Published published_;
    std::vector<MarketEvent> events_, to_feed_;
    std::vector<Liquidation> due_;
    std::vector<Countdown> countdowns_;
    double market_ms_;
    std::int64_t last_ms_;
    std::int64_t funding_period_{};
    std::int64_t hands_{};
    bool paused_{};
};

}  // namespace tranche::exchange
