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
constexpr BackoffSettings successor_waits{seconds(5), seconds(60), {}, 0};

void add(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    // One writer: no read-modify-write is needed.
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

void keep_words(const WebSocketConnection& lost, Snapshot<LossWords>& words) {
    if (lost.reason() == LossReason::path_changed || lost.reason() == LossReason::requested) return;
    const std::string why = lost.why();
    LossWords kept;
    kept.length = why.copy(kept.text.data(), kept.text.size());
    words.write(kept);
}

}  // namespace

/// One WebSocket connection of a stream.
struct Receive::Line {
    WebSocketConnection connection;
    bool open{};
    bool spoke{};   // brought a message since it opened
    bool held{};    // a message of its waits for room
    bool pinged{};  // by us, since it opened
    Nanos opened_at{};
    Nanos last_message{};
    Nanos next_ping{};

    Line(Reactor& reactor, ChannelId channel, const TlsContext* tls, const LinkSettings& link,
         std::size_t message_limit)
        : connection{reactor, channel, tls, link, message_limit} {}
};

struct Receive::Stream {
    StreamPlan plan;
    std::uint16_t index{};
    std::array<std::unique_ptr<Line>, 2> lines;
    std::size_t active{};     // of the two lines
    std::size_t lost_line{};  // the one that was lost last
    bool succeeding{};        // the other line is to take over
    bool rotation{};          // because of age
    Nanos proven_at{};        // the successor works since then; 0: not yet
    Nanos next_succession{};  // not before
    Backoff backoff;
    Backoff patience;  // between successors that came to nothing
    StreamCounters counters;
    Snapshot<LossWords> words;
    StreamPhase phase{};
    StreamPhase announced{};
    bool announce_again{};  // lost and come back between two announcements
    Nanos retry_at{};
    std::size_t next_address{};
    std::size_t failures_in_a_row{};

    Stream(StreamPlan wanted, std::uint16_t number, std::uint64_t seed)
        : plan{std::move(wanted)},
          index{number},
          backoff{plan.backoff, seed},
          patience{successor_waits, ~seed} {}

    Line& line() { return *lines[active]; }
    Line& other() { return *lines[1 - active]; }
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
    for (StreamPlan& plan : plans) {
        const auto index = static_cast<std::uint16_t>(stage->streams_.size());
        auto stream = std::make_unique<Stream>(std::move(plan), index, seed + index);
        for (std::unique_ptr<Line>& line : stream->lines) {
            Result<std::unique_ptr<Line>> made = stage->make_line(stream->plan, tls);
            if (!made)
                return Error{made.error().kind,
                             "stream \"" + stream->plan.name + "\": " + made.error().message};
            line = std::move(made).value();
        }
        stage->streams_.push_back(std::move(stream));
    }
    return stage;
}

Result<std::unique_ptr<Receive::Line>> Receive::make_line(const StreamPlan& plan,
                                                          const TlsContext* tls) {
    if (plan.addresses.empty() && plan.book == nullptr)
        return Error{ErrorKind::settings, "no address of \"" + plan.endpoint.host + "\" is known"};
    if (plan.path.size() > longest_path)
        return Error{ErrorKind::settings, "the path has " + std::to_string(plan.path.size()) +
                                              " characters, at most " +
                                              std::to_string(longest_path) + " are allowed"};
    if (plan.endpoint.secure && tls == nullptr)
        return Error{ErrorKind::usage, "TLS is needed but was not set up"};
    Result<ChannelId> channel = reactor_.acquire();
    if (!channel) return channel.error();
    // A message that could never be published would block its connection for ever.
    const std::size_t limit = std::min(websocket_message_limit, frames_.longest());
    return std::make_unique<Line>(reactor_, channel.value(), plan.endpoint.secure ? tls : nullptr,
                                  plan.link, limit);
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
        if (stream.succeeding) end_succession(stream);
        stream.line().connection.close(LossReason::path_changed, normal_close);
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
        if (stream.plan.path.empty() || now < stream.retry_at) return 0;
        open(stream, stream.line(), now);
        stream.phase = StreamPhase::connecting;
        announce(stream, now);
        return 0;
    }
    Line& line = stream.line();
    std::size_t delivered = poll_line(stream, line, now);
    if (line.open && stream.phase == StreamPhase::connecting) {
        stream.phase = StreamPhase::open;
        announce(stream, now);
    }
    if (line.connection.state() == LinkState::closed) lose(stream, now);
    if (stream.succeeding)
        delivered += poll_successor(stream, now);
    else if (stream.phase == StreamPhase::open)
        begin_succession(stream, now);
    return delivered;
}

std::size_t Receive::poll_line(Stream& stream, Line& line, Nanos now) {
    if (line.connection.poll(now) != LinkState::open) return 0;
    if (!line.open) {
        line.open = true;
        stream.failures_in_a_row = 0;
        line.opened_at = line.last_message = now;
        line.next_ping = now + stream.plan.ping_interval;
    }
    const std::size_t delivered = deliver(stream, line, now);
    watch(stream.plan, line, now);
    return delivered;
}

std::size_t Receive::deliver(Stream& stream, Line& line, Nanos now) {
    WebSocketConnection& connection = line.connection;
    const std::uint64_t pings = connection.pings_answered();
    std::size_t delivered = 0;
    std::uint64_t bytes = 0;
    line.held = false;
    for (; delivered < batch && connection.receive(now); ++delivered) {
        const std::span<const char> message = connection.message();
        // A copy on purpose: for the few hundred bytes of a message it takes 10 ns, where reading
        // each frame's head and payload apart, straight into the ring, takes one more TLS call.
        char* const room = frames_.reserve(message.size());
        if (room == nullptr) {
            connection.hold(now);
            line.held = true;
            line.last_message = now;  // what cannot be read cannot be missed
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
    line.spoke = true;
    line.last_message = now;
    add(stream.counters.messages, delivered);
    add(stream.counters.bytes, bytes);
    stream.counters.last_message_ns.store(connection.arrival().count, std::memory_order_relaxed);
    return delivered;
}

void Receive::watch(const StreamPlan& plan, Line& line, Nanos now) {
    WebSocketConnection& connection = line.connection;
    if (connection.state() != LinkState::open) return;
    if (plan.silence_limit > Nanos{} && now - connection.last_heard() >= plan.silence_limit)
        return connection.close(LossReason::silence, going_away);
    if (plan.ping_interval == Nanos{}) return;
    const Nanos pinged = connection.ping_unanswered_since();
    if (line.pinged && pinged == Nanos{}) answers_pings_ = true;
    // Whether the exchange answers at all is not documented; where it does not, the kernel still
    // notices that a ping of ours is not acknowledged (TCP_USER_TIMEOUT).
    if (answers_pings_ && pinged != Nanos{} && now - pinged >= plan.pong_limit)
        return connection.close(LossReason::pong_overdue, going_away);
    if (now < line.next_ping) return;
    line.next_ping = now + plan.ping_interval;
    line.pinged = true;
    connection.ping(now);
}

void Receive::open(Stream& stream, Line& line, Nanos now) {
    const StreamPlan& plan = stream.plan;
    const std::size_t turn = stream.next_address++;
    const SocketAddress address = plan.book != nullptr
                                      ? plan.book->pick(turn, stream.failures_in_a_row)
                                      : plan.addresses[turn % plan.addresses.size()];
    ++stream.failures_in_a_row;  // until it is open
    const Endpoint& endpoint = stream.plan.endpoint;
    line.open = line.spoke = line.held = line.pinged = false;
    line.connection.open(address, endpoint.host, endpoint.host_header(),
                         endpoint.prefix + stream.plan.path, now);
}

/// A successor that is on its way takes the place at once; what may have been missed in between is
/// told all the same.
void Receive::lose(Stream& stream, Nanos now) {
    const Line& gone = stream.line();
    if (stream.phase == StreamPhase::open && now - gone.opened_at >= good_after)
        stream.backoff.reset();
    stream.phase = StreamPhase::lost;
    stream.lost_line = stream.active;
    stream.retry_at = now + stream.backoff.next();
    stream.announce_again = true;
    add(stream.counters.reconnects, 1);
    keep_words(gone.connection, stream.words);
    announce(stream, now);
    if (!stream.succeeding) return;
    stream.active = 1 - stream.active;
    end_succession(stream);
    stream.phase = stream.line().open ? StreamPhase::open : StreamPhase::connecting;
    announce(stream, now);
}

// --------------------------------------------------------------------------------- succession

void Receive::begin_succession(Stream& stream, Nanos now) {
    const Line& line = stream.line();
    const StreamPlan& plan = stream.plan;
    const bool quiet = plan.quiet_limit > Nanos{} && now - line.last_message >= plan.quiet_limit;
    const bool old = plan.rotate_after > Nanos{} && now - line.opened_at >= plan.rotate_after;
    if (!quiet && !(old && rotating_ == 0)) [[likely]]
        return;
    if (now < stream.next_succession) return;
    stream.succeeding = true;
    stream.rotation = !quiet;
    stream.proven_at = {};
    if (stream.rotation) ++rotating_;
    stream.counters.succeeding.store(true, std::memory_order_relaxed);
    open(stream, stream.other(), now);
}

/// A stream that always has something to say proves itself by saying it, another one by staying
/// open; then both are read for a while, so that what only the elder had got is not lost.
std::size_t Receive::poll_successor(Stream& stream, Nanos now) {
    Line& next = stream.other();
    const std::size_t delivered = poll_line(stream, next, now);
    if (next.connection.state() == LinkState::closed) {
        give_up_successor(stream, now);
        return delivered;
    }
    if (!next.open) return delivered;
    const StreamPlan& plan = stream.plan;
    const bool chatty = plan.quiet_limit > Nanos{};
    if (stream.proven_at == Nanos{}) {
        if (next.spoke || !chatty)
            stream.proven_at = now;
        else if (now - next.opened_at >= plan.quiet_limit)
            give_up_successor(stream, now);
        return delivered;
    }
    if (now - stream.proven_at < plan.overlap || stream.line().held) return delivered;
    stream.line().connection.close(LossReason::requested, normal_close);
    stream.active = 1 - stream.active;
    stream.patience.reset();
    add(stream.counters.rotations, 1);
    end_succession(stream);
    return delivered;
}

/// Whoever is not the active line now is closed.
void Receive::end_succession(Stream& stream) {
    if (stream.rotation) --rotating_;
    stream.succeeding = stream.rotation = false;
    stream.counters.succeeding.store(false, std::memory_order_relaxed);
    Line& left = stream.other();
    if (left.connection.state() != LinkState::closed)
        left.connection.close(LossReason::requested, normal_close);
    left.open = false;
}

void Receive::give_up_successor(Stream& stream, Nanos now) {
    add(stream.counters.failed_rotations, 1);
    stream.next_succession = now + stream.patience.next();
    end_succession(stream);
}

/// A full ring loses no state: the latest is announced again at the next turn.
void Receive::announce(Stream& stream, Nanos now) {
    stream.counters.phase.store(stream.phase, std::memory_order_relaxed);
    if (stream.announced == stream.phase && !stream.announce_again) return;
    StreamState* slot = states_.slot();
    if (slot == nullptr) return;
    *slot = {now,
             stream.counters.reconnects.load(std::memory_order_relaxed),
             stream.index,
             stream.plan.kind,
             stream.phase,
             stream.phase == StreamPhase::lost ? stream.lines[stream.lost_line]->connection.reason()
                                               : LossReason::none,
             {}};
    states_.publish();
    stream.announced = stream.phase;
    stream.announce_again = false;
}

void Receive::stop() {
    for (const std::unique_ptr<Stream>& stream : streams_) {
        stream->plan.path.clear();
        if (stream->succeeding) end_succession(*stream);
        stream->line().connection.close(LossReason::requested, normal_close);
        stream->phase = StreamPhase::idle;
    }
}

const StreamCounters& Receive::counters(std::size_t connection) const {
    return streams_.at(connection)->counters;
}
std::string_view Receive::name(std::size_t connection) const {
    return streams_.at(connection)->plan.name;
}
const Snapshot<LossWords>& Receive::loss_words(std::size_t connection) const {
    return streams_.at(connection)->words;
}
std::string Receive::why(std::size_t connection) const {
    const Stream& stream = *streams_.at(connection);
    return stream.lines[stream.lost_line]->connection.why();
}

}  // namespace tranche
