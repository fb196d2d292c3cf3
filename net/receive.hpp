// The receive stage: WebSocket connections in, frames with an arrival time out.
//
// It never drops a message. When the ring has no room it stops reading, the socket's buffer fills
// and the peer waits; pings are answered all the same.
//
// A connection that has grown old, or says nothing any more, gets a successor before it goes: both
// are read until the successor has proven itself and whatever was under way has arrived twice.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_ring.hpp"
#include "core/clock.hpp"
#include "core/ring.hpp"
#include "net/address.hpp"
#include "net/address_book.hpp"
#include "net/backoff.hpp"
#include "net/websocket_connection.hpp"

namespace tranche {

/// One connection of the stage, fixed at start but for its path.
struct StreamPlan {
    std::string name;  // for status and logs
    Endpoint endpoint;
    std::vector<SocketAddress> addresses;  // tried in turn; may be empty where there is a book
    const AddressBook* book = nullptr;     // takes their place, and outlives the stage
    std::string path;                      // target below the endpoint's prefix; empty: stays idle
    std::uint16_t kind{};                  // goes into each frame's head
    Nanos silence_limit{};                 // no byte for so long: reconnect; 0: never
    Nanos quiet_limit{};                   // no message for so long: a successor; 0: never
    Nanos rotate_after{};                  // so old: a successor; 0: never
    Nanos overlap = seconds(2);            // both are read for so long before the elder goes
    Nanos ping_interval{};                 // own pings; 0: none
    Nanos pong_limit = seconds(3);         // a pong later than this: reconnect; only where the
                                           // exchange was seen to answer pings at all
    BackoffSettings backoff;
    LinkSettings link;
};

inline constexpr std::size_t longest_path = 240;

/// cold → receive. From now on the connection uses this path; an empty one leaves it idle.
struct alignas(cache_line) PathChange {
    std::uint16_t connection{};
    std::uint16_t length{};
    std::array<char, longest_path> path{};
    std::array<std::byte, 12> reserved{};
};
static_assert(sizeof(PathChange) == 4 * cache_line &&
              std::has_unique_object_representations_v<PathChange>);

enum class StreamPhase : std::uint8_t { idle, connecting, open, lost };

/// receive → whoever watches. What has become of a connection.
struct alignas(cache_line) StreamState {
    Nanos time;                  // UTC of the turn that saw it
    std::uint64_t reconnects{};  // of this connection so far
    std::uint16_t connection{};
    std::uint16_t kind{};
    StreamPhase phase{};
    LossReason reason{};  // of `lost`
    std::array<std::byte, 42> reserved{};
};
static_assert(sizeof(StreamState) == cache_line &&
              std::has_unique_object_representations_v<StreamState>);

/// What a connection has done; written by the stage, read by anyone.
struct alignas(cache_line) StreamCounters {
    std::atomic<std::uint64_t> messages{};
    std::atomic<std::uint64_t> bytes{};             // of messages
    std::atomic<std::uint64_t> reconnects{};        // connections lost
    std::atomic<std::uint64_t> rotations{};         // successors that took over
    std::atomic<std::uint64_t> failed_rotations{};  // successors that came to nothing
    std::atomic<std::uint64_t> pings{};             // of the peer's, answered
    std::atomic<std::uint64_t> held_turns{};        // turns without room in the ring
    std::atomic<std::int64_t> last_message_ns{};    // arrival, UTC; 0: none yet
    std::atomic<StreamPhase> phase{};
    std::atomic<bool> succeeding{};  // a successor is being made
};

/// Turns sockets into frames, at most `batch` a connection and turn.
class Receive {
public:
    static constexpr std::size_t batch = 64;

    /// Takes two channels of `reactor` for each plan: one is for its successors. `tls` is needed by
    /// plans that are secure. Errors (usage, settings): the reactor is too small, a plan without
    /// address or with a long path.
    static Result<std::unique_ptr<Receive>> create(Reactor& reactor, const TlsContext* tls,
                                                   std::vector<StreamPlan> plans, ByteRing& frames,
                                                   Ring<StreamState>& states,
                                                   Ring<PathChange>& paths, std::uint64_t seed);

    Receive(const Receive&) = delete;
    Receive& operator=(const Receive&) = delete;
    ~Receive();

    /// One turn, the reactor's included. Returns the messages delivered.
    std::size_t poll(Nanos now);

    /// Closes every connection and opens none any more.
    void stop();

    std::size_t connections() const { return streams_.size(); }
    /// Any thread.
    const StreamCounters& counters(std::size_t connection) const;
    std::string_view name(std::size_t connection) const;
    /// The stage's thread only: why the connection was lost last, in words. Cold.
    std::string why(std::size_t connection) const;

private:
    struct Line;
    struct Stream;
    Receive(Reactor& reactor, ByteRing& frames, Ring<StreamState>& states, Ring<PathChange>& paths);

    Result<std::unique_ptr<Line>> make_line(const StreamPlan& plan, const TlsContext* tls);
    void apply_path_changes(Nanos now);
    std::size_t poll_stream(Stream& stream, Nanos now);
    std::size_t poll_line(Stream& stream, Line& line, Nanos now);
    std::size_t deliver(Stream& stream, Line& line, Nanos now);
    void watch(const StreamPlan& plan, Line& line, Nanos now);
    void open(Stream& stream, Line& line, Nanos now);
    void lose(Stream& stream, Nanos now);
    void announce(Stream& stream, Nanos now);
    void begin_succession(Stream& stream, Nanos now);
    std::size_t poll_successor(Stream& stream, Nanos now);
    void end_succession(Stream& stream);
    void give_up_successor(Stream& stream, Nanos now);

    Reactor& reactor_;
    ByteRing& frames_;
    Ring<StreamState>& states_;
    Ring<PathChange>& paths_;
    std::vector<std::unique_ptr<Stream>> streams_;
    int rotating_{};        // planned rotations under way: one at a time
    bool answers_pings_{};  // the exchange does: a missing pong means something
};

}  // namespace tranche
