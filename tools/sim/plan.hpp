// What one seed decides before anything happens: settings, symbols, the exchange's open questions,
// latencies, how often which fault strikes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "net/rate_limit.hpp"
#include "tools/exchange/venue.hpp"
#include "tools/sim/fault.hpp"
#include "tools/sim/script.hpp"

namespace tranche::sim {

inline constexpr std::size_t most_symbols = 6;

struct Plan {
    std::uint64_t seed{};
    FaultSet faults;                                  // that strike in this run
    std::array<std::uint32_t, fault_count> chance{};  // per million: requests or events
    EngineSettings settings;
    std::vector<SymbolRules> rules;
    std::vector<Price> prices;  // where the markets start
    exchange::VenueOptions venue;
    Nanos start{seconds(1'750'000'000)};
    std::int64_t pace{};        // market events a second
    std::int64_t volatility{};  // of one market event, in 1e-6 of the price
    Nanos latency;              // one way, typical
    std::size_t order_connections{3};
    std::size_t ring_capacity{};
    std::vector<RateLimit> limits;
};

/// Whether a seed draws its part of the faults, or has them all.
enum class Swarm : std::uint8_t { drawn, as_given };

/// The swarm: a random part of `allowed`, each fault with a rate of its own.
Plan make_plan(std::uint64_t seed, const FaultSet& allowed, Swarm swarm = Swarm::drawn);

/// Workload and faults of the whole run, as actions; the plan's faults with them.
Script expand(const Plan& plan, std::uint64_t steps);

}  // namespace tranche::sim
