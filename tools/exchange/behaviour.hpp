// What nobody knows yet of the real exchange, as switches: list E of reliability-model.md §2.5 and
// the open questions of exchange-protocol.md §10. Each answer is playable, and a seed draws a set.
#pragma once

#include <cstdint>

namespace tranche::exchange {

/// A closing order of hedge mode that is larger than the position (E4).
enum class OverClose : std::uint8_t { refuse, trim };

/// The order events of an own liquidation or deleveraging (E13).
enum class ForcedShape : std::uint8_t {
    calculated,        // one CALCULATED event a fill
    fresh_calculated,  // NEW before it
    trade,             // one TRADE event a fill
    announced          // NEW_INSURANCE or NEW_ADL before it
};

/// Which of our two orders gives way when they would meet (exchange-protocol.md §10.6).
enum class SelfTrade : std::uint8_t { ignored, expire_taker, expire_maker, expire_both };

/// When the exits of a strategy are placed, and for how much (E12).
enum class StrategyExits : std::uint8_t {
    whole,   // at the entry's first fill, for all it is for
    filled,  // likewise, for what has been filled; it grows
    at_end   // once the entry is filled, or over
};

/// The server plays the defaults.
struct Behaviour {
    bool close_position_needs_position{};  // E1: a closePosition stop without position is refused
    bool one_close_position_a_side{};      // E2: a second closePosition stop of a side is refused
    bool stops_share_position{};           // E3: Σ quantity of closing stops ≤ position
    bool stop_needs_position{true};        // a closing stop with quantity needs one at placement
    OverClose over_close{};                // E4
    int open_id_code{-4116};               // E5: client id of an open order
    int closed_id_code{};                  // E5: client id of an ended order; 0 accepts it
    bool noop_of_used_succeeds{};          // E6: a noop whose nonce was used; else -4225
    bool trigger_changes_order_id{};       // E7: what fires continues as another order
    bool trigger_changes_client_id{};      // E7: and under a client id of the venue's
    bool trigger_announces_expiry{};  // EXPIRED of the conditional form before NEW of the executed
    bool protect_keeps_order{};       // priceProtect refusal: the order stays, does not expire
    bool post_only_refused{};         // GTX that would take: -5022 instead of EXPIRED
    std::int64_t appears_after_ms{};  // E9: queries say -2013 for so long after a placement
    ForcedShape forced_shape{};       // E13
    std::int64_t position_lag_ms{};   // E14: positions read over REST are so old
    SelfTrade self_trade{};
    StrategyExits strategy_exits{};  // E12
    int strategy_failure_code{};     // every strategy is answered 200 with it and not carried out
};

/// The set that a seed stands for; each switch is drawn by itself.
Behaviour draw_behaviour(std::uint64_t seed);

}  // namespace tranche::exchange
