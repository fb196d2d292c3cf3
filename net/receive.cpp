#include "net/receive.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/require.hpp"

namespace tranche {
namespace {

constexpr std::uint16_t normal_close = 1000;
constexpr std::uint16_t going_away = 1001;
// A connection that lasted this long was a good one: the next wait is a short one again.
constexpr Nanos good_after = seconds(10);

void add(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    // One writer: no read-modify-write is needed.
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

struct Receive::Stream {
    StreamPlan plan;
    std::uint16_t index{};
    WebSocketConnection connection;
    Backoff backoff;
    StreamCounters counters;
    StreamPhase phase{};
    StreamPhase announced{};
    bool announce_again{};  // lost and come back between two announcements
    Nanos retry_at{};
    Nanos opened_at{};
    Nanos next_ping{};
    std::size_t next_address{};

    Stream(StreamPlan wanted, std::uint16_t number, Reactor& reactor, ChannelId channel,
           const TlsContext* tls, std::size_t message_limit, std::uint64_t seed)
        : plan{std::move(wanted)},
          index{number},
          connection{reactor, channel, plan.endpoint.secure ? tls : nullptr, plan.link,
                     message_limit},
          backoff{plan.backoff, seed} {}
};

Receive::Receive(Reactor& reactor, ByteRing& frames, Ring<StreamState>& states,
                 Ring<PathChange>& paths)
    : reactor_{reactor}, frames_{frames}, states_{states}, paths_{paths} {}

Receive::~Receive() = default;

Result<std::unique_ptr<Receive>> Receive::create(Reactor& reactor, const TlsContext* tls,
                                                 std::vector<StreamPlan> plans, ByteRing& frames,
                                                 Ring<StreamState>& states, Ring<PathChange>& paths,
                                                 std::uint64_t seed) {
    std::unique_ptr<Receive> stage{new Receive{reactor, frames, states, paths}};
    // A message that could never be published would block its connection for ever.
    const std::size_t limit = std::min(websocket_message_limit, frames.longest());
    for (StreamPlan& plan : plans) {
        const auto index = static_cast<std::uint16_t>(stage->streams_.size());
        const std::string what = "stream \"" + plan.name + "\": ";
        if (plan.addresses.empty())
            return Error{ErrorKind::settings,
                         what + "no address of \"" + plan.endpoint.host + "\" is known"};
        if (plan.path.size() > longest_path)
            return Error{ErrorKind::settings, what + "the path has " +
                                                  std::to_string(plan.path.size()) +
                                                  " characters, at most " +
                                                  std::to_string(longest_path) + " are allowed"};
        if (plan.endpoint.secure && tls == nullptr)
            return Error{ErrorKind::usage, what + "TLS is needed but was not set up"};
        Result<ChannelId> channel = reactor.acquire();
        if (!channel) return Error{channel.error().kind, what + channel.error().message};
        stage->streams_.push_back(std::make_unique<Stream>(
            std::move(plan), index, reactor, channel.value(), tls, limit, seed + index));
    }
    return stage;
}

std::size_t Receive::poll(Nanos now) {
    reactor_.poll();
    apply_path_changes(now);
    std::size_t delivered = 0;
    for (const std::unique_ptr<Stream>& stream : streams_) delivered += poll_stream(*stream, now);
    return delivered;
}

void Receive::apply_path_changes(Nanos now) {
    while (const PathChange* change = paths_.front()) {
        require(change->connection < streams_.size() && change->length <= longest_path,
                "a path change names a connection and fits");
        Stream& stream = *streams_[change->connection];
        stream.plan.path.assign(change->path.data(), change->length);
        paths_.pop();
        stream.connection.close(LossReason::path_changed, normal_close);
        if (stream.phase == StreamPhase::open || stream.phase == StreamPhase::connecting)
            lose(stream, now);
        stream.backoff.reset();
        stream.retry_at = now;
        if (stream.plan.path.empty()) stream.phase = StreamPhase::idle;
        announce(stream, now);
    }
}

std::size_t Receive::poll_stream(Stream& stream, Nanos now) {
    if (stream.announced != stream.phase || stream.announce_again) [[unlikely]]
        announce(stream, now);
    if (stream.phase == StreamPhase::idle || stream.phase == StreamPhase::lost) {
        if (!stream.plan.path.empty() && now >= stream.retry_at) open(stream, now);
        return 0;
    }
    const LinkState state = stream.connection.poll(now);
    if (state == LinkState::closed) {
        lose(stream, now);
        return 0;
    }
    if (state != LinkState::open) return 0;
    if (stream.phase == StreamPhase::connecting) {
        stream.phase = StreamPhase::open;
        stream.opened_at = now;
        stream.next_ping = now + stream.plan.ping_interval;
        announce(stream, now);
    }
    const std::size_t delivered = deliver(stream, now);
    watch(stream, now);
    if (stream.connection.state() == LinkState::closed) lose(stream, now);
    return delivered;
}

std::size_t Receive::deliver(Stream& stream, Nanos now) {
    WebSocketConnection& connection = stream.connection;
    const std::uint64_t pings = connection.pings_answered();
    std::size_t delivered = 0;
    std::uint64_t bytes = 0;
    for (; delivered < batch && connection.receive(now); ++delivered) {
        const std::span<const char> message = connection.message();
        // A copy on purpose: for the few hundred bytes of a message it takes 10 ns, where reading
        // each frame's head and payload apart, straight into the ring, takes one more TLS call.
        char* const room = frames_.reserve(message.size());
        if (room == nullptr) {
            connection.hold(now);
            add(stream.counters.held_turns, 1);
            break;
        }
        std::memcpy(room, message.data(), message.size());
        frames_.publish({connection.arrival(), static_cast<std::uint32_t>(message.size()),
                         stream.index, stream.plan.kind});
        bytes += message.size();
        connection.take();
    }
    if (connection.pings_answered() != pings)
        add(stream.counters.pings, connection.pings_answered() - pings);
    if (delivered == 0) return 0;
    add(stream.counters.messages, delivered);
    add(stream.counters.bytes, bytes);
    stream.counters.last_message_ns.store(connection.arrival().count, std::memory_order_relaxed);
    return delivered;
}

void Receive::watch(Stream& stream, Nanos now) {
    WebSocketConnection& connection = stream.connection;
    const StreamPlan& plan = stream.plan;
    if (connection.state() != LinkState::open) return;
    if (plan.silence_limit > Nanos{} && now - connection.last_heard() >= plan.silence_limit)
        return connection.close(LossReason::silence, going_away);
    if (plan.ping_interval == Nanos{}) return;
    const Nanos pinged = connection.ping_unanswered_since();
    if (pinged != Nanos{} && now - pinged >= plan.pong_limit)
        return connection.close(LossReason::pong_overdue, going_away);
    if (now < stream.next_ping) return;
    stream.next_ping = now + plan.ping_interval;
    connection.ping(now);
}

void Receive::open(Stream& stream, Nanos now) {
    const SocketAddress& address = stream.plan.addresses[stream.next_address];
    stream.next_address = (stream.next_address + 1) % stream.plan.addresses.size();
    const Endpoint& endpoint = stream.plan.endpoint;
    stream.connection.open(address, endpoint.host, endpoint.host_header(),
                           endpoint.prefix + stream.plan.path, now);
    stream.phase = StreamPhase::connecting;
    announce(stream, now);
}

void Receive::lose(Stream& stream, Nanos now) {
    if (stream.phase == StreamPhase::open && now - stream.opened_at >= good_after)
        stream.backoff.reset();
    stream.phase = StreamPhase::lost;
    stream.retry_at = now + stream.backoff.next();
    stream.announce_again = true;
    add(stream.counters.reconnects, 1);
    announce(stream, now);
}

/// A full ring loses no state: the latest is announced again at the next turn.
void Receive::announce(Stream& stream, Nanos now) {
    if (stream.announced == stream.phase && !stream.announce_again) return;
    StreamState* slot = states_.slot();
    if (slot == nullptr) return;
    *slot = {now,
             stream.counters.reconnects.load(std::memory_order_relaxed),
             stream.index,
             stream.plan.kind,
             stream.phase,
             stream.phase == StreamPhase::lost ? stream.connection.reason() : LossReason::none,
             {}};
    states_.publish();
    stream.announced = stream.phase;
    stream.announce_again = false;
}

void Receive::stop() {
    for (const std::unique_ptr<Stream>& stream : streams_) {
        stream->plan.path.clear();
        stream->connection.close(LossReason::requested, normal_close);
        stream->phase = StreamPhase::idle;
    }
}

const StreamCounters& Receive::counters(std::size_t connection) const {
    return streams_.at(connection)->counters;
}
std::string_view Receive::name(std::size_t connection) const {
    return streams_.at(connection)->plan.name;
}
std::string Receive::why(std::size_t connection) const {
    return streams_.at(connection)->connection.why();
}

}  // namespace tranche
