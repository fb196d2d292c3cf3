#include "tools/sim/tally.hpp"

namespace tranche::sim {

void Tally::add(const Tally& other) {
    steps += other.steps;
    events += other.events;
    digest += other.digest;
    orders += other.orders;
    doubled_orders += other.doubled_orders;
    kills += other.kills;
    requests += other.requests;
    trades += other.trades;
    for (std::size_t i = 0; i < fault_count; ++i) faults[i] += other.faults[i];
    unprotected.add(other.unprotected);
    short_of_stops.add(other.short_of_stops);
    excused.add(other.excused);
}

}  // namespace tranche::sim
