// What the gateway shows of itself: the gateway writes, any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/histogram.hpp"
#include "core/rows.hpp"

namespace tranche {

/// One figure with one writer; a plain load and store instead of a locked add.
class Figure {
public:
    void add(std::uint64_t by = 1) noexcept { set(get() + by); }
    void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{};
};

/// HTTP answers by status.
enum class StatusGroup : std::uint8_t { ok, client_error, throttled, banned, server_error, other };

inline constexpr std::size_t lane_count = 3;

struct GatewayMetrics {
    Figure sent;            // commands handed to a connection
    Figure batches;         // requests that held more than one of them
    Figure simulated;       // place and cancel commands held back by paper mode
    Figure late;            // not sent: deadline or patience over
    Figure lane_full;       // not sent: too many entries or questions waiting already
    Figure not_encodable;   // not sent: no key, or a command that must not become a request
    Figure refused;         // not sent: the guard at the connection let no byte leave
    Figure not_sent_again;  // attempts of which nothing left, queued once more
    Figure budget_waits;    // turns in which a command waited for the exchange's limits
    Figure pings;
    Figure pings_unanswered;         // each ended its connection
    Figure withdrawn;                // orders not sent because their cancel came first
    std::array<Figure, 6> replies;   // by ReplyClass
    std::array<Figure, 6> statuses;  // by StatusGroup

    Figure connections_ready;     // now
    Figure pending;               // commands without a reply, now
    Figure budget_left_permille;  // of the scarcest limit, now
    Figure blocked_until;         // UTC nanoseconds; 0 or past: not blocked
    Figure last_answer;           // UTC nanoseconds; 0 for never
    Figure average_round_trip;    // of the newest answers, each weighs an eighth; nanoseconds
    std::array<Figure, lane_count> queue_age;     // by Lane: of the oldest that waits now, ns
    std::array<Figure, lane_count> longest_wait;  // by Lane: from decision to first byte, ns

    Histogram tick_to_order;  // event's arrival → order's first byte handed to the kernel
    Histogram decide;         // event's arrival → decision
    Histogram sign;           // building and signing one request
    Histogram round_trip;     // first byte out → answer's last byte in

    void count_reply(ReplyClass verdict) { replies[static_cast<std::size_t>(verdict)].add(); }
    void count_status(unsigned status) {
        statuses[static_cast<std::size_t>(group_of(status))].add();
    }
    std::uint64_t of(ReplyClass verdict) const {
        return replies[static_cast<std::size_t>(verdict)].get();
    }
    std::uint64_t of(StatusGroup group) const {
        return statuses[static_cast<std::size_t>(group)].get();
    }

    static StatusGroup group_of(unsigned status) {
        if (status == 418) return StatusGroup::banned;
        if (status == 429) return StatusGroup::throttled;
        if (status >= 200 && status < 300) return StatusGroup::ok;
        if (status >= 400 && status < 500) return StatusGroup::client_error;
        return status >= 500 && status < 600 ? StatusGroup::server_error : StatusGroup::other;
    }
};

}  // namespace tranche
