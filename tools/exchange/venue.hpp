// The exchange without its bytes: market, books and account, moved by one call a tick.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/exchange/account.hpp"
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
    bool generate{true};  // false: recordings are the market
    Amount balance{units(10'000)};
    MatchingOptions matching{};
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

    explicit ListenKey(std::uint64_t seed) : random_{mix(seed ^ 0x6c697374656eU)} {}

    /// The active key, extended, or a new one.
    const std::string& create(std::int64_t now_ms);
    /// False if there is none to extend (-1125).
    bool extend(std::int64_t now_ms);
    void close() { key_.clear(); }
    /// True once when the active key has just run out; `key` still names it then.
    bool expire(std::int64_t now_ms, std::string& key);
    [[nodiscard]] const std::string& key() const { return key_; }

private:
    Random random_;
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
    /// Lets a recorded frame set quotes and marks, so that queries and orders see its prices.
    void observe(std::string_view frame, std::int64_t now_ms);
    void pause(bool paused) { paused_ = paused; }
    /// Arms (or with 0 disarms) the dead-man timer of a symbol.
    void countdown(SymbolIndex symbol, std::int64_t delay_ms, std::int64_t now_ms);

    [[nodiscard]] const Published& published() const { return published_; }
    [[nodiscard]] const VenueOptions& options() const { return options_; }
    [[nodiscard]] bool paused() const { return paused_; }

private:
    VenueOptions options_;

public:
    const Rules rules;
    Board board;
    Account account;
    Outbox outbox;
    Matching matching;
    ListenKey listen_key;

private:
    void play(std::int64_t now_ms, const Wanted& wanted, std::vector<StreamFrame>& out);
    void publish(std::int64_t now_ms, const Wanted& wanted, std::vector<StreamFrame>& out);

    Market market_;
    ForceOrderPublisher publisher_;
    Feed feed_;
    Published published_;
    std::vector<MarketEvent> events_;
    std::vector<Liquidation> due_;
    std::map<SymbolIndex, std::int64_t> countdowns_;  // symbol → when
    double market_ms_;
    std::int64_t last_ms_;
    bool paused_{};
};

}  // namespace tranche::exchange
