// The account stage's place: snapshots on demand and now and then, over a way of their own that can
// be slow, fail, or show positions and orders of different moments.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "tools/sim/heap.hpp"
#include "tools/sim/network.hpp"
#include "tools/sim/plan.hpp"
#include "tools/sim/venue_side.hpp"

namespace tranche::sim {

class SimAccount {
public:
    SimAccount(const Plan& plan, EventHeap& heap, VenueSide& venue, Weather& weather,
               FaultCounts& counts);

    /// The process starts anew.
    void reset();
    /// Asks when it is time; `wanted` is the engine's flag.
    void look(std::atomic<bool>& wanted, Nanos now);
    /// The next part of the snapshot under way. Events for the engine are appended to `out` when it
    /// is over; `made` is when the positions were read.
    bool turn(std::uint32_t life, Nanos now, std::vector<Event>& out, Nanos& made);
    void calm() { calm_ = true; }
    std::uint32_t life() const { return life_; }

private:
    enum class Part : std::uint8_t { none, positions, orders, delivery };

    bool fails(Nanos now);
    void fail(Nanos now, std::vector<Event>& out);
    void go_on(Part next, Nanos now);
    Event mark(bool begins, bool complete, Nanos now) const;

    const Plan& plan_;
    EventHeap& heap_;
    VenueSide& venue_;
    Weather& weather_;
    FaultCounts& counts_;
    Dice dice_;
    Part part_{};
    std::uint32_t life_{};
    std::uint32_t generation_{};
    Nanos requested_;
    Nanos positions_read_;
    Nanos due_;
    Nanos retry_at_;
    Nanos wait_{milliseconds(100)};
    bool again_{};
    bool calm_{};
    std::vector<Event> positions_;
    std::vector<Event> orders_;
};

}  // namespace tranche::sim
