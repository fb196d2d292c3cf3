// Alarms about what the engine does not see: whether the exchange can be reached at all, how long
// our key is good for, a ban that only a housekeeping question met, answers of another shape.
// Source: reliability-model.md N15, X11, X13.
#pragma once

#include <cstdint>
#include <vector>

#include "core/messages.hpp"

namespace tranche {

/// What there is to judge by. Times are UTC, 0 for never.
struct OutsideFacts {
    Nanos contact{};        // newest sign of life: an answer or a stream's message
    Nanos agent_expires{};  // 0 while unknown
    Nanos banned_until{};
    std::uint64_t unknown_members{};  // of answers, so far
    std::uint64_t unreadable{};       // answers, so far
};

/// Each alarm is raised once, and once more when it is over. One thread; pure, time comes in.
class OutsideAlarms {
public:
    /// Nothing heard before `start` is missed from then on.
    explicit OutsideAlarms(Nanos start) : heard_{start} {}

    /// What has changed since the last call, as records for journal, page and log.
    std::vector<Record> poll(const OutsideFacts& facts, Nanos now);

    /// Seconds since the newest sign of life.
    std::int64_t silent_seconds(Nanos now) const;

private:
    void watch_contact(Nanos contact, Nanos now, std::vector<Record>& out);
    void watch_agent(Nanos expires, Nanos now, std::vector<Record>& out);
    void watch_ban(Nanos until, Nanos now, std::vector<Record>& out);
    void watch_answers(const OutsideFacts& facts, Nanos now, std::vector<Record>& out);

    Nanos heard_;
    Nanos silent_since_{};  // while unreachable
    Nanos banned_until_{};  // while banned
    int days_told_{-1};     // of the agent's life; −1: long
    bool unknown_told_{};
    bool unreadable_told_{};
};

}  // namespace tranche
