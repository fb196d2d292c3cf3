#include "tools/stream_watch.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/require.hpp"

namespace tranche {

StreamWatch::StreamWatch(Ring<StreamState>& states, Ring<Event>& events,
                         std::vector<StreamRole> roles, std::vector<const StreamCounters*> counters)
    : states_{states},
      events_{events},
      roles_{std::move(roles)},
      counters_{std::move(counters)},
      losses_(roles_.size()),
      open_(roles_.size()) {
    require(counters_.size() == roles_.size(), "each connection has a role and counters");
    for (std::size_t i = 0; i < roles_.size(); ++i) {
        const StreamRole& role = roles_[i];
        if (role.group >= groups_.size()) groups_.resize(role.group + 1U);
        groups_[role.group].role = role;
        groups_[role.group].members.push_back(static_cast<std::uint16_t>(i));
    }
}

std::size_t StreamWatch::poll(Nanos now) {
    std::size_t done = 0;
    while (const StreamState* state = states_.front()) {
        if (!take(*state)) return done;
        states_.pop();
        next_look_ = now;
        ++done;
    }
    if (now < next_look_) return done;
    next_look_ = now + interval;
    for (Group& group : groups_) look(group, now);
    if (!tell_market(now)) next_look_ = now;
    return done;
}

/// False when the events have no room; nothing has changed then.
bool StreamWatch::take(const StreamState& state) {
    const StreamRole& role = roles_[state.connection];
    const bool is_open = state.phase == StreamPhase::open;
    const bool was_open = open_[state.connection].load(std::memory_order_relaxed);
    // Lost and back again between two announcements.
    const bool blinked = is_open && was_open && state.reconnects != losses_[state.connection];
    if (role.kind == StreamKind::user && (is_open != was_open || blinked)) {
        if (events_.room() < 2) return false;
        if (was_open) tell(role.kind, state.connection, false, state.time);
        if (is_open) tell(role.kind, state.connection, true, state.time);
        if (is_open) user_opened_.fetch_add(1, std::memory_order_relaxed);
    }
    Group& group = groups_[role.group];
    if (state.phase == StreamPhase::lost) group.reason = state.reason;
    if (is_open != was_open) group.newest = state.connection;
    losses_[state.connection] = state.reconnects;
    open_[state.connection].store(is_open, std::memory_order_relaxed);
    return true;
}

void StreamWatch::look(Group& group, Nanos now) {
    bool any_open = false;
    for (const std::uint16_t member : group.members) {
        any_open = any_open || open_[member].load(std::memory_order_relaxed);
        const Nanos spoke{counters_[member]->last_message_ns.load(std::memory_order_relaxed)};
        if (spoke <= group.last_message) continue;
        group.last_message = spoke;
        group.newest = member;
    }
    const bool silent = group.role.silence > Nanos{} && group.last_message > Nanos{} &&
                        now - group.last_message > group.role.silence;
    const bool covered = any_open && !silent;
    if (covered == group.covered) return;
    group.covered = covered;
    if (!covered) {
        const bool chatty = group.role.silence > Nanos{} && group.last_message > Nanos{};
        group.uncovered_since = chatty ? group.last_message : now;
        if (any_open) group.reason = LossReason::silence;
        return;
    }
    if (std::exchange(group.was_covered, true)) {
        gap_count_.fetch_add(1, std::memory_order_relaxed);
        if (StreamGap* slot = gaps_.slot()) {
            *slot = {group.uncovered_since, now, group.newest, group.reason};
            gaps_.publish();
        }
    }
    group.reason = LossReason::none;
}

bool StreamWatch::tell_market(Nanos now) {
    bool there = false;
    bool first = true;
    std::uint16_t newest = 0;
    for (const Group& group : groups_) {
        if (group.role.kind != StreamKind::market || !group.role.decides) continue;
        if (group.covered != market_told_) newest = group.newest;
        // What was never there may be something this exchange does not have; the first group is
        // the one that signals.
        if (first || group.was_covered) there = group.covered && (first || there);
        first = false;
    }
    if (there == market_told_) return true;
    if (!tell(StreamKind::market, newest, there, now)) return false;
    market_told_ = there;
    return true;
}

bool StreamWatch::tell(StreamKind kind, std::uint16_t connection, bool is_open, Nanos now) {
    Event* event = events_.slot();
    if (event == nullptr) return false;
    *event = Event{};
    event->arrival_time = now;
    event->symbol = no_symbol;
    event->kind = EventKind::stream_change;
    event->stream_change.stream = kind;
    event->stream_change.connection = static_cast<std::uint8_t>(connection);
    event->stream_change.state = is_open ? StreamCondition::open : StreamCondition::lost;
    events_.publish();
    return true;
}

Record record_of(const StreamGap& gap, std::string_view connection) {
    Record record{};
    record.time = gap.end;
    record.kind = RecordKind::alarm;
    AlarmRow& row = record.alarm;
    row.kind = AlarmKind::stream_gap;
    row.symbol = no_symbol;
    row.value = (gap.end - gap.begin).milliseconds();
    std::size_t used = 0;
    for (const std::string_view part :
         {connection, std::string_view{" and its like: "}, std::string_view{name_of(gap.reason)}}) {
        const std::size_t length = std::min(part.size(), row.text.size() - 1 - used);
        std::memcpy(row.text.data() + used, part.data(), length);
        used += length;
    }
    return record;
}

}  // namespace tranche
