// Seeded bugs, one at a time: the program tranche-canaries. Included by core/canary.hpp only.
#pragma once

#include "core/canary.hpp"

namespace tranche {

inline constexpr bool has_canaries = true;

/// The one exception to "no globals": it is not part of any program that trades.
inline Canary& chosen_canary() {
    static Canary chosen{Canary::none};
    return chosen;
}
inline bool planted(Canary canary) {
    return chosen_canary() == canary;
}
/// Before any stage runs.
inline void plant(Canary canary) {
    chosen_canary() = canary;
}

}  // namespace tranche
