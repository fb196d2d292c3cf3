// The only reader of the exchange's clock; everything else is told the time.
#pragma once

#include <chrono>
#include <cstdint>

namespace tranche::exchange {

/// Microseconds since the epoch.
inline std::int64_t wall_clock_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace tranche::exchange
