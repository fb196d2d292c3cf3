// What our requests have used of the exchange's limits, counted apart from the client's own books.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "net/rate_limit.hpp"

namespace tranche::sim {

class Spending {
public:
    explicit Spending(std::span<const RateLimit> limits);

    void add(RateCost cost, Nanos now);
    /// The largest used share of any limit over its newest interval, in 1/1000.
    std::uint32_t used_permille(Nanos now);
    /// A new process, whose books begin empty.
    void reset();

private:
    struct Spent {
        Nanos time;
        std::uint32_t units;
    };
    struct Window {
        RateLimit limit;
        std::deque<Spent> spent;
        std::uint64_t sum{};
    };

    std::vector<Window> windows_;
};

}  // namespace tranche::sim
