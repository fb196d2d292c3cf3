// What one seed, a worker or a whole run counted.
#pragma once

#include <cstdint>

#include "tools/sim/excuses.hpp"
#include "tools/sim/fault.hpp"
#include "tools/sim/network.hpp"
#include "tools/sim/oracle.hpp"

namespace tranche::sim {

struct Tally {
    std::uint64_t steps{};
    std::uint64_t events{};  // the pipeline was given
    std::uint64_t digest{};  // of the end of a seed; of all seeds, in whatever order they ran
    std::uint64_t orders{};
    std::uint64_t doubled_orders{};
    std::uint64_t kills{};
    std::uint64_t requests{};
    std::uint64_t trades{};
    FaultCounts faults{};
    UnprotectedTimes unprotected;
    UnprotectedTimes short_of_stops;
    ExcusedTimes excused;

    void add(const Tally& other);
};

}  // namespace tranche::sim
