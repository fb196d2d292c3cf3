#include "tools/sim/sim_account.hpp"

#include <algorithm>

#include "core/canary.hpp"

namespace tranche::sim {
namespace {

constexpr Nanos longest_wait = seconds(3);

}  // namespace

SimAccount::SimAccount(const Plan& plan, EventHeap& heap, VenueSide& venue, Weather& weather,
                       FaultCounts& counts)
    : plan_{plan},
      heap_{heap},
      venue_{venue},
      weather_{weather},
      counts_{counts},
      dice_{plan.seed, Concern::account} {
    positions_.reserve(64);
    orders_.reserve(256);
}

void SimAccount::reset() {
    ++life_;
    part_ = Part::none;
    generation_ = 0;
    due_ = retry_at_ = {};
    wait_ = milliseconds(100);
    again_ = false;
}

void SimAccount::go_on(Part next, Nanos now) {
    part_ = next;
    Nanos wait = dice_.between(Nanos{plan_.latency.count}, Nanos{plan_.latency.count * 4});
    const Fault slow = Fault::n6;
    if (!calm_ && plan_.faults[index(slow)] && dice_.chance(plan_.chance[index(slow)])) {
        ++counts_[index(slow)];
        wait += dice_.long_tailed(milliseconds(20), seconds(6));
    }
    heap_.push(now + wait, HappeningKind::account_turn, life_);
}

void SimAccount::look(std::atomic<bool>& wanted, Nanos now) {
    if (part_ != Part::none || now < retry_at_) return;
    if (!wanted.load(std::memory_order_relaxed) && !again_ && now < due_) return;
    wanted.store(false, std::memory_order_relaxed);
    again_ = false;
    requested_ = now;
    ++generation_;
    due_ = now + plan_.settings.protection.reconcile_interval;
    go_on(Part::positions, now);
}

bool SimAccount::fails(Nanos now) {
    if (now < weather_.outage_until || now < weather_.throttled_until ||
        now < weather_.banned_until || now < weather_.keys_refused_until)
        return true;
    const bool hit = dice_.chance(plan_.chance[index(Fault::x13)]);
    if (calm_ || !hit || !plan_.faults[index(Fault::x13)]) return false;
    ++counts_[index(Fault::x13)];
    return true;
}

Event SimAccount::mark(bool begins, bool complete, Nanos now) const {
    Event event{};
    event.arrival_time = now;
    event.symbol = no_symbol;
    event.kind = EventKind::snapshot_mark;
    event.snapshot_mark.requested_at = requested_;
    event.snapshot_mark.generation = generation_;
    event.snapshot_mark.begins = begins;
    event.snapshot_mark.complete = complete && !begins;
    event.snapshot_mark.hedge_mode = plan_.settings.hedge_mode;
    return event;
}

void SimAccount::fail(Nanos now, std::vector<Event>& out) {
    out.push_back(mark(true, false, now));
    out.push_back(mark(false, planted(Canary::failed_snapshot_is_empty), now));
    part_ = Part::none;
    again_ = true;
    retry_at_ = now + wait_;
    wait_ = std::min(longest_wait, Nanos{wait_.count * 2});
}

bool SimAccount::turn(std::uint32_t life, Nanos now, std::vector<Event>& out, Nanos& made) {
    if (life != life_) return false;
    made = positions_read_;
    if (fails(now)) {
        fail(now, out);
        return true;
    }
    if (part_ == Part::positions) {
        positions_.clear();
        venue_.snapshot(generation_, now, positions_);
        positions_read_ = now;
        go_on(Part::orders, now);
        return false;
    }
    if (part_ == Part::orders) {
        orders_.clear();
        venue_.snapshot(generation_, now, orders_);
        go_on(Part::delivery, now);
        return false;
    }
    out.push_back(mark(true, true, now));
    for (const Event& event : positions_)
        if (event.kind == EventKind::position_update || event.kind == EventKind::balance_update)
            out.push_back(event);
    for (const Event& event : orders_)
        if (event.kind == EventKind::open_order) out.push_back(event);
    out.push_back(mark(false, true, now));
    part_ = Part::none;
    wait_ = milliseconds(100);
    return true;
}

}  // namespace tranche::sim
