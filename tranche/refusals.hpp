// What the exchange's error codes mean for what the engine does next.
// Source: exchange-protocol.md §9.2, reliability-model.md §2.3 rows X1 … X11.
#pragma once

#include <cstdint>

namespace tranche {

inline constexpr std::int32_t unknown_order =
    -2011;  // to a cancel: it may have filled a moment ago
inline constexpr std::int32_t no_such_order = -2013;  // to a question

enum class Refusal : std::uint8_t {
    other,
    would_take,         // post-only order that would not rest: not filled, no failure
    would_trigger,      // the price is beyond the trigger already
    nothing_to_reduce,  // the position is smaller than believed
    filter,             // tick, step, limits: our rules are old, or our bug
    too_small,          // below the least notional
    no_margin,
    too_many_orders,
    not_trading,  // the symbol takes no order now
    clock,        // the request was too early or too late
    in_liquidation,
    position_mode,
    credentials,
};

constexpr Refusal refusal_of(std::int32_t code) {
    switch (code) {
        case -5022: return Refusal::would_take;
        case -2021:
        case -4142: return Refusal::would_trigger;
        case -2022:
        case -2024:
        case -4118: return Refusal::nothing_to_reduce;
        case -1111:
        case -4016:
        case -4023:
        case -4024:
        case -4131:
        case -4183:
        case -4184: return Refusal::filter;
        case -4164: return Refusal::too_small;
        case -2018:
        case -2019:
        case -2027:
        case -2028:
        case -4087:
        case -4088:
        case -4400:  // quantitative rules: the account may not open for a while, it may close
        case -4401:
        case -4402: return Refusal::no_margin;
        case -2025:
        case -4045: return Refusal::too_many_orders;
        case -2016:
        case -4022:
        case -4140:
        case -4141: return Refusal::not_trading;
        case -1021:
        case -4225: return Refusal::clock;
        case -2023: return Refusal::in_liquidation;
        case -4059:
        case -4060:
        case -4061:
        case -4062:
        case -4067:
        case -1106: return Refusal::position_mode;
        case -1002:
        case -1004:
        case -1005:
        case -1011:
        case -1022:
        case -2014:
        case -2015:
        case -5050: return Refusal::credentials;
        default: break;
    }
    return code <= -4001 && code >= -4014 ? Refusal::filter : Refusal::other;
}

}  // namespace tranche
