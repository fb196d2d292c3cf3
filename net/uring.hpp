// The only io_uring calls: a fixed table of TCP channels over one ring.
//
// Received bytes come in buffers the kernel picks from a ring we provide (multishot receive: one
// request for the life of a socket), so a message costs no re-arming system call. The thread that
// polls is the only submitter; with DEFER_TASKRUN the kernel completes work only when that thread
// asks, and `poll` asks only when the kernel has raised its flag: an idle turn is a few loads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sys/socket.h>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/time_source.hpp"
#include "net/address.hpp"

namespace tranche {

/// Sizes are fixed at start; nothing is allocated afterwards.
struct ReactorOptions {
    std::uint16_t channels = 16;          // sockets at once
    std::uint16_t buffers = 16;           // receive buffers of each channel; power of two, ≥ 2
    std::uint32_t buffer_bytes = 16384;   // a TLS record at most
    std::uint32_t output_bytes = 131072;  // a channel's bytes on their way out
    bool multishot = true;      // false: one receive request per buffer, as on old kernels
    bool defer_taskrun = true;  // false: the kernel interrupts us for completions
};

/// What a socket is told before it connects.
struct SocketOptions {
    int busy_poll_us = 0;         // SO_BUSY_POLL; 0: off. Needs CAP_NET_ADMIN above the default
    int user_timeout_ms = 5'000;  // TCP_USER_TIMEOUT: unacknowledged bytes end the connection
};

enum class ChannelState : std::uint8_t {
    idle,        // no socket
    connecting,  // handshake of TCP under way
    connected,   // bytes flow; may have ended for reading, see `ended`
    failed,      // `error` says why; `close` makes it idle
};

/// Names a channel of a reactor.
enum class ChannelId : std::uint16_t {};

class Reactor {
public:
    /// Sets up the ring. Errors (unavailable): says what forbids io_uring here and what to change.
    static Result<std::unique_ptr<Reactor>> create(const ReactorOptions& options, TimeSource time);

    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;
    ~Reactor();

    /// Submits what is pending and takes in what has completed; never blocks. Returns the number of
    /// completions. The first call binds the ring to the calling thread.
    std::size_t poll();

    /// As `poll`, but sleeps in the kernel until something completes or `timeout` has passed.
    std::size_t wait(Nanos timeout);

    /// Takes a free channel out of the table. Errors (usage): the table is full.
    Result<ChannelId> acquire();
    /// Closes the channel and gives it back to the table.
    void release(ChannelId id);

    /// Starts to connect an idle channel. A socket that cannot be made leaves it `failed`.
    void connect(ChannelId id, const SocketAddress& address, const SocketOptions& options);
    /// Drops the socket and everything queued; the channel is idle afterwards.
    void close(ChannelId id);

    ChannelState state(ChannelId id) const;
    /// errno of what failed; 0 while nothing has.
    int error(ChannelId id) const;
    /// The peer has closed its side; chunks received before are still there.
    bool ended(ChannelId id) const;

    /// The oldest received chunk, empty while there is none. Stays valid until `pop` or `close`.
    std::span<const char> front(ChannelId id) const;
    /// When the oldest chunk was taken from the kernel, UTC.
    Nanos arrival(ChannelId id) const;
    /// Gives the oldest chunk's buffer back. A channel whose buffers all lie unread receives no
    /// more: that is how back-pressure reaches the socket, and no channel takes room from another.
    void pop(ChannelId id);

    /// Where bytes to be sent go; `send` what was written there.
    std::span<char> room(ChannelId id);
    /// Hands `length` bytes written to `room` to the kernel. Bytes the kernel has no room for
    /// follow through the ring. A broken connection shows as `failed`.
    void send(ChannelId id, std::size_t length);
    /// Bytes of this connection the kernel has taken; 0 proves that the peer knows nothing.
    std::uint64_t sent(ChannelId id) const;
    /// Bytes written but not yet taken by the kernel.
    std::size_t unsent(ChannelId id) const;

    /// A send is with the kernel: how much of it has left is not known.
    bool sending(ChannelId id) const;

    /// Whether receive requests live as long as their socket here.
    bool multishot() const;

private:
    struct Ring;
    struct Channel;
    struct Chunk;
    struct Buffers;
    explicit Reactor(const ReactorOptions& options, TimeSource time);

    Result<Done> set_up();
    Result<Done> probe() const;
    Result<Done> set_up_buffers();
    Result<Done> register_buffers(std::uint16_t channel);
    void enable();
    std::size_t reap();
    void complete(std::uint64_t tag, int result, std::uint32_t flags);
    void received(std::uint16_t index, int result, std::uint32_t flags);
    void receive_failed(Channel& channel, std::uint16_t index, int error);
    void connected(Channel& channel, std::uint16_t index, int result);
    void sent_by_ring(Channel& channel, std::uint16_t index, int result);
    void arm_receive(Channel& channel, std::uint16_t index);
    void send_by_ring(Channel& channel, std::uint16_t index);
    void give_back(Channel& channel, std::uint16_t buffer);
    Chunk& chunk(std::uint16_t channel, std::uint16_t buffer) const;
    Channel& at(ChannelId id);
    const Channel& at(ChannelId id) const;

    ReactorOptions options_;
    TimeSource time_;
    Nanos batch_time_{};
    bool batch_stamped_{};
    bool enabled_{};
    std::unique_ptr<Ring> ring_;
    std::unique_ptr<Buffers> buffers_;
    std::unique_ptr<Channel[]> channels_;
};

/// Message for an io_uring set-up that failed with `error` (a positive errno); for `doctor` and
/// start.
std::string explain_uring_error(int error);

}  // namespace tranche
