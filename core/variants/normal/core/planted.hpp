// No seeded bugs: every build that trades. Included by core/canary.hpp only.
#pragma once

#include "core/canary.hpp"

namespace tranche {

inline constexpr bool has_canaries = false;

constexpr bool planted(Canary) {
    return false;
}
inline void plant(Canary) {}

}  // namespace tranche
