// The status stage: HTTP on one listening socket, driven by `poll` and by no thread of its own.
// It must never touch engine state: it reads the board and sends control messages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "core/settings.hpp"
#include "net/status/sources.hpp"

namespace tranche {

/// What the server itself counts.
struct ServerCounters {
    std::uint64_t requests{};
    std::uint64_t refused{};         // by the guard
    std::uint64_t timed_out{};       // no complete request in time
    std::uint64_t stream_clients{};  // now
};

/// HTTP server of the page, the API, the event stream and the metrics.
class StatusServer {
public:
    static constexpr unsigned max_connections = 32;
    static constexpr std::size_t max_stream_clients = 8;
    static constexpr std::size_t max_request = 16 * 1024;  // bytes of header, and of body
    static constexpr Nanos request_timeout = seconds(5);   // for a complete request
    static constexpr Nanos heartbeat_interval = seconds(15);

    /// Binds and listens. `token` is what `ensure_token` gave, empty without a token file. `now`
    /// names this start to clients that come back with an event id of an earlier one.
    /// Errors: `unavailable` for an address that cannot be bound, with the cure; `settings` for an
    /// address beyond loopback without a token.
    static Result<std::unique_ptr<StatusServer>> open(const StatusSettings& settings,
                                                      StatusSources sources, std::string token,
                                                      Nanos now);
    ~StatusServer();
    StatusServer(const StatusServer&) = delete;
    StatusServer& operator=(const StatusServer&) = delete;

    /// Serves what is ready, wakes event clients, ends connections that are too slow. Never waits.
    /// Returns how many requests were answered and events handed on.
    std::size_t poll(Nanos now);

    /// Takes one record of the stream for events, alarms and totals; once each, in order.
    void publish(const Record& record);

    /// Port listened on; the kernel's choice when the settings said 0.
    std::uint16_t port() const;
    /// Address for a browser, with scheme and port.
    std::string url() const;
    const ServerCounters& counters() const;

    struct State;  // of server.cpp

private:
    explicit StatusServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tranche
