// What a connection needs of the exchange: answers to calls, and the events that follow them.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "tools/exchange/api.hpp"
#include "tools/exchange/faults.hpp"
#include "tools/exchange/hub.hpp"
#include "tools/exchange/lines.hpp"
#include "tools/exchange/venue.hpp"

namespace tranche::exchange {

/// How long the exchange bears with a WebSocket connection (exchange-protocol.md §1.3).
struct StreamLimits {
    std::chrono::seconds ping_period{300};
    std::chrono::seconds pong_deadline{900};
    std::chrono::seconds lifetime{86'400};
};

/// Glue between the pure exchange and its sockets; all on one thread.
class Service {
public:
    /// `log` may be null; it is not owned.
    Service(Venue& venue, Api& api, FaultPlan& faults, StreamLimits stream_limits, std::FILE* log)
        : venue_{venue}, api_{api}, faults_{faults}, stream_limits_{stream_limits}, log_{log} {
        venue_.outbox.keep_log = log != nullptr;
    }

    /// The exchange's own clock, which may be off.
    [[nodiscard]] std::int64_t now_us() const;
    /// One turn of the clock: market frames and events go out.
    void tick(std::int64_t now_ms);
    [[nodiscard]] RequestFate fate_of(const Call& call);
    Answer handle(const Call& call, const RequestFate& fate);
    ConnectionFate fate_of_connection() { return faults_.decide_connection(); }
    /// Sends the user events that have come up and writes the log.
    void flush();
    /// True if one of these streams is the account's.
    [[nodiscard]] bool private_stream(const Subscriptions& subscriptions) const;
    [[nodiscard]] const StreamLimits& stream_limits() const { return stream_limits_; }

    Hub hub;
    Lines lines;

private:
    /// A payload that waits for its time.
    struct Late {
        std::int64_t due_ms;
        std::string stream, payload;
    };

    void send_event(const std::string& key, const std::string& payload, std::int64_t now_ms);
    void send_frame(const StreamFrame& frame, std::int64_t now_ms);
    void pass(std::deque<Late>& late, Late one, std::int64_t lag_ms, std::int64_t now_ms);
    void release(std::deque<Late>& late, std::int64_t now_ms);
    void write_log();
    Answer faults(const Call& call);
    Answer connections(const Call& call);

    Venue& venue_;
    Api& api_;
    FaultPlan& faults_;
    StreamLimits stream_limits_;
    std::FILE* log_;
    std::vector<StreamFrame> frames_;
    std::deque<Late> late_frames_, late_events_;
    std::optional<Late> held_;  // an event that goes after the next one
};

}  // namespace tranche::exchange
