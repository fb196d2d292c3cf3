#include "tools/sim/spending.hpp"

#include <algorithm>

namespace tranche::sim {

Spending::Spending(std::span<const RateLimit> limits) {
    for (const RateLimit& limit : limits) windows_.push_back({limit, {}, 0});
}

void Spending::add(RateCost cost, Nanos now) {
    for (Window& window : windows_) {
        const std::uint32_t units =
            window.limit.unit == RateUnit::orders ? cost.orders : cost.weight;
        if (units == 0) continue;
        window.spent.push_back({now, units});
        window.sum += units;
    }
}

std::uint32_t Spending::used_permille(Nanos now) {
    std::uint64_t most = 0;
    for (Window& window : windows_) {
        while (!window.spent.empty() && now - window.spent.front().time >= window.limit.interval) {
            window.sum -= window.spent.front().units;
            window.spent.pop_front();
        }
        most = std::max(most, window.sum * 1'000 / window.limit.limit);
    }
    return static_cast<std::uint32_t>(most);
}

void Spending::reset() {
    for (Window& window : windows_) {
        window.spent.clear();
        window.sum = 0;
    }
}

}  // namespace tranche::sim
