#include "net/capture/flow.hpp"

#include <algorithm>

namespace tranche::capture {
namespace {

constexpr std::int32_t far_behind = 16 << 20;
constexpr std::uint8_t old_segments_limit = 8;

/// From `b` to `a` on the ring of sequence numbers.
std::int32_t distance(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b);
}

/// True when the source is the lower end, which comes first in the key.
bool source_is_lower(const TcpSegment& segment) {
    const int order = std::memcmp(segment.source.data(), segment.target.data(), 16);
    return order != 0 ? order < 0 : segment.source_port <= segment.target_port;
}

Party party_of(const StreamEnds& ends, const TcpSegment& segment) {
    const bool first = ends.port[0] == segment.source_port && ends.host[0] == segment.source;
    return first ? Party::first : Party::second;
}

}  // namespace

std::size_t Flows::KeyHash::operator()(const Key& key) const noexcept {
    std::uint64_t value = 0x9E3779B97F4A7C15U;
    for (const std::size_t at : {std::size_t{8}, std::size_t{24}, std::size_t{28}}) {
        std::uint64_t part = 0;
        std::memcpy(&part, key.bytes.data() + at, sizeof part);
        value = (value ^ part) * 0xFF51AFD7ED558CCDU;
        value ^= value >> 32U;
    }
    return static_cast<std::size_t>(value);
}

Flows::Stream& Flows::find(const TcpSegment& segment) {
    Key key;
    const bool lower = source_is_lower(segment);
    const HostAddress& low = lower ? segment.source : segment.target;
    const HostAddress& high = lower ? segment.target : segment.source;
    std::memcpy(key.bytes.data(), low.data(), 16);
    std::memcpy(key.bytes.data() + 16, high.data(), 16);
    const std::uint16_t ports[2] = {lower ? segment.source_port : segment.target_port,
                                    lower ? segment.target_port : segment.source_port};
    std::memcpy(key.bytes.data() + 32, ports, sizeof ports);
    if (newest_ == nullptr || !(newest_->key == key)) {
        const auto at = streams_.find(key);
        if (at == streams_.end()) return begin(key, segment);
        order_.splice(order_.end(), order_, at->second);
        newest_ = &*at->second;
    }
    // A SYN that is not the one seen begins another stream between the same ends.
    const Half& from = half(*newest_, party_of(newest_->ends, segment));
    if (segment.syn && !segment.ack && from.known && from.base != segment.sequence) {
        drop(streams_.find(key)->second);
        return begin(key, segment);
    }
    return *newest_;
}

Flows::Stream& Flows::begin(const Key& key, const TcpSegment& segment) {
    if (order_.size() >= limits_.streams) {
        if (!order_.front().ended) ++counts_.evicted;
        drop(order_.begin());
    }
    Stream& added = order_.emplace_back();
    added.key = key;
    added.number = static_cast<StreamNumber>(counts_.streams++);
    added.ends.host = {segment.source, segment.target};
    added.ends.port = {segment.source_port, segment.target_port};
    streams_[key] = std::prev(order_.end());
    newest_ = &added;
    return added;
}

void Flows::add(const TcpSegment& segment) {
    ++counts_.segments;
    counts_.payload_bytes += segment.payload.size();
    Stream& stream = find(segment);
    stream.newest = std::max(stream.newest, segment.time);
    if (stream.ended) {
        if (segment.length > 0) ++counts_.retransmissions;
        return;
    }
    const Party from = party_of(stream.ends, segment);
    Half& sender = half(stream, from);
    const std::uint32_t sequence = segment.sequence + (segment.syn ? 1U : 0U);
    if (!sender.known) {
        sender.known = true;
        sender.base = segment.sequence - (segment.syn ? 0U : 1U);
        sender.next = sequence;
    }
    if (segment.fin) {
        sender.has_end = true;
        sender.end = sequence + segment.length;
    }
    if (segment.length > 0) take(stream, from, segment, sequence);
    if (segment.ack) acknowledge(stream, from, segment);
    if (!sender.waiting.empty() && is_gap(sender, segment.time)) skip_hole(stream, from);
    const auto finished = [](const Half& one) {
        return one.has_end && one.waiting.empty() && distance(one.next, one.end) >= 0;
    };
    if (segment.reset || (finished(stream.halves[0]) && finished(stream.halves[1])))
        end(stream, segment.time);
}

void Flows::take(Stream& stream, Party from, const TcpSegment& segment, std::uint32_t sequence) {
    Half& sender = half(stream, from);
    const std::int32_t ahead = distance(sequence, sender.next);
    if (ahead > 0) {
        ++counts_.out_of_order;
        return wait(sender, segment, sequence);
    }
    const auto behind = static_cast<std::uint32_t>(-static_cast<std::int64_t>(ahead));
    if (behind >= segment.length) {
        ++counts_.retransmissions;
        // Not old but new: more was missed than sequence numbers can tell.
        sender.old_segments = behind > far_behind
                                  ? static_cast<std::uint8_t>(sender.old_segments + 1)
                                  : std::uint8_t{};
        if (sender.old_segments < old_segments_limit) return;
        miss(stream, from, 0, segment.time);
        sender.next = sequence;
        sender.has_end = sender.has_acknowledged = false;
        sender.old_segments = 0;
        return deliver(stream, from, segment.payload, segment.length, segment.time);
    }
    sender.old_segments = 0;
    if (behind > 0) ++counts_.retransmissions;
    // The part before the first byte that waits; what waits came first.
    std::uint32_t length = segment.length - behind;
    if (!sender.waiting.empty())
        length = std::min(length, sender.waiting.front().sequence - sender.next);
    const bool more = behind + length < segment.length;
    deliver(stream, from, slice(segment.payload, behind, length), length, segment.time);
    drain(stream, from, segment.time);
    if (more) {
        TcpSegment rest = segment;
        rest.payload = slice(segment.payload, behind + length);
        rest.length = segment.length - behind - length;
        if (rest.length > 0) take(stream, from, rest, sequence + behind + length);
    }
}

/// Keeps what no earlier segment has brought.
void Flows::wait(Half& half, const TcpSegment& segment, std::uint32_t sequence) {
    ++half.since_hole;
    std::uint32_t from = sequence;
    const std::uint32_t end = sequence + segment.length;
    std::size_t at = 0;
    for (; at < half.waiting.size() && distance(end, from) > 0; ++at) {
        const std::uint32_t begin = half.waiting[at].sequence;
        const std::uint32_t stop = begin + half.waiting[at].length;
        if (distance(stop, from) <= 0) continue;
        if (distance(begin, end) >= 0) break;
        if (distance(begin, from) > 0) {
            keep(half, at, segment, sequence, from, begin);
            ++at;
        }
        from = distance(stop, from) > 0 ? stop : from;
    }
    if (distance(end, from) > 0) keep(half, at, segment, sequence, from, end);
}

void Flows::keep(Half& half, std::size_t at, const TcpSegment& segment, std::uint32_t sequence,
                 std::uint32_t from, std::uint32_t to) {
    const Bytes bytes = slice(segment.payload, from - sequence, to - from);
    Waiting kept;
    kept.sequence = from;
    kept.length = to - from;
    kept.bytes.assign(bytes.begin(), bytes.end());
    kept.time = segment.time;
    half.waiting.insert(half.waiting.begin() + static_cast<std::ptrdiff_t>(at), std::move(kept));
    half.waiting_bytes += bytes.size() + sizeof(Waiting);
    waiting_bytes_ += bytes.size() + sizeof(Waiting);
}

void Flows::deliver(Stream& stream, Party from, Bytes bytes, std::uint32_t length, Nanos time) {
    half(stream, from).next += length;
    counts_.stream_bytes += bytes.size();
    if (!bytes.empty()) observer_.on_data(stream.number, stream.ends, from, bytes, time);
    if (bytes.size() < length) miss(stream, from, length - bytes.size(), time);
}

void Flows::miss(Stream& stream, Party from, std::uint64_t length, Nanos time) {
    ++counts_.gaps;
    counts_.gap_bytes += length;
    observer_.on_gap(stream.number, stream.ends, from, length, time);
}

/// What waited and is next now. It could be read when `time` filled the hole.
void Flows::drain(Stream& stream, Party from, Nanos time) {
    Half& sender = half(stream, from);
    std::size_t taken = 0;
    for (; taken < sender.waiting.size(); ++taken) {
        const Waiting& first = sender.waiting[taken];
        if (distance(first.sequence, sender.next) > 0) break;
        sender.waiting_bytes -= first.bytes.size() + sizeof(Waiting);
        waiting_bytes_ -= first.bytes.size() + sizeof(Waiting);
        deliver(stream, from, first.bytes, first.length, std::max(time, first.time));
    }
    sender.waiting.erase(sender.waiting.begin(),
                         sender.waiting.begin() + static_cast<std::ptrdiff_t>(taken));
    if (taken > 0) sender.since_hole = sender.waiting.size();
}

bool Flows::is_gap(const Half& half, Nanos now) const {
    if (half.waiting_bytes > limits_.waiting_bytes) return true;
    if (waiting_bytes_ > limits_.waiting_bytes_all) return true;
    const Nanos waited = now - half.waiting.front().time;
    if (!half.has_acknowledged) return waited > limits_.patience;
    return was_read(half) && (half.since_hole >= limits_.grace_segments || waited > limits_.grace);
}

/// False when the receiver has said that it lacks what stands before: nobody has read this.
bool Flows::was_read(const Half& half) {
    return !half.has_acknowledged ||
           distance(half.acknowledged, half.waiting.front().sequence) >= 0;
}

void Flows::skip_hole(Stream& stream, Party from) {
    Half& sender = half(stream, from);
    const Waiting& first = sender.waiting.front();
    const std::uint32_t length = first.sequence - sender.next;
    const Nanos time = first.time;  // its receiver had what the capture missed
    sender.next = first.sequence;
    miss(stream, from, length, time);
    drain(stream, from, time);
}

void Flows::acknowledge(Stream& stream, Party by, const TcpSegment& segment) {
    Half& receiver_of = half(stream, other(by));
    if (receiver_of.has_acknowledged &&
        distance(segment.acknowledged, receiver_of.acknowledged) <= 0)
        return;
    receiver_of.has_acknowledged = true;
    receiver_of.acknowledged = segment.acknowledged;
    if (!receiver_of.waiting.empty() && is_gap(receiver_of, segment.time))
        skip_hole(stream, other(by));
}

void Flows::end(Stream& stream, Nanos time) {
    if (stream.ended) return;
    for (const Party from : {Party::first, Party::second}) {
        Half& sender = half(stream, from);
        while (!sender.waiting.empty() && was_read(sender)) skip_hole(stream, from);
        for (const Waiting& never_read : sender.waiting) {
            counts_.unread_bytes += never_read.bytes.size();
            waiting_bytes_ -= never_read.bytes.size() + sizeof(Waiting);
        }
        sender.waiting = {};
        const std::int32_t missing = distance(sender.end, sender.next);
        if (sender.has_end && missing > 0)
            miss(stream, from, static_cast<std::uint64_t>(missing), time);
    }
    stream.ended = true;
    observer_.on_end(stream.number, stream.ends, time);
}

void Flows::drop(Order::iterator stream) {
    end(*stream, stream->newest);
    if (newest_ == &*stream) newest_ = nullptr;
    streams_.erase(stream->key);
    order_.erase(stream);
}

void Flows::finish() {
    // In order of appearance, so that equal captures give equal ends.
    order_.sort([](const Stream& a, const Stream& b) { return a.number < b.number; });
    for (Stream& stream : order_) end(stream, stream.newest);
    streams_.clear();
    order_.clear();
    newest_ = nullptr;
}

}  // namespace tranche::capture
