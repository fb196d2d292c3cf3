// TCP put back in order, stream by stream, without looking at what the bytes mean.
//
// - The first copy of a byte counts; what a retransmission says differently is not taken.
// - Bytes that the receiver has acknowledged, and that nevertheless do not come, were missed by the
//   capture: a gap, after a grace for packets that were written out of order. Without
//   acknowledgements a gap is believed when much has come after it, or much time has passed. What
//   still waits for a hole when the stream ends was never read by anybody, and is not told.
// - Memory is bounded: by stream, over all streams, and in their number. The stream that has been
//   quiet for longest goes first.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/capture/ip.hpp"

namespace tranche::capture {

using StreamNumber = std::uint32_t;  // in order of appearance, from 0

/// Whose bytes: of the host that sent the stream's first packet, or of the other.
enum class Party : std::uint8_t { first, second };
constexpr Party other(Party party) {
    return party == Party::first ? Party::second : Party::first;
}

/// The two ends of a stream, in the order of `Party`.
struct StreamEnds {
    std::array<HostAddress, 2> host{};
    std::array<std::uint16_t, 2> port{};
};

/// What comes of the packets. The bytes are valid during the call.
class StreamObserver {
public:
    StreamObserver() = default;
    StreamObserver(const StreamObserver&) = delete;
    StreamObserver& operator=(const StreamObserver&) = delete;
    virtual ~StreamObserver() = default;
    /// The next bytes of a direction. `time`: when they could be read by their receiver.
    virtual void on_data(StreamNumber stream, const StreamEnds& ends, Party from, Bytes bytes,
                         Nanos time) = 0;
    /// `length` bytes of a direction are missing here; 0: nobody knows how many.
    virtual void on_gap(StreamNumber stream, const StreamEnds& ends, Party from,
                        std::uint64_t length, Nanos time) = 0;
    /// Nothing more will come. Told once.
    virtual void on_end(StreamNumber stream, const StreamEnds& ends, Nanos time) = 0;
};

struct FlowCounts {
    std::uint64_t streams{};
    std::uint64_t segments{};
    std::uint64_t payload_bytes{};  // as captured, retransmissions included
    std::uint64_t stream_bytes{};   // delivered in order
    std::uint64_t retransmissions{};
    std::uint64_t out_of_order{};
    std::uint64_t gaps{};
    std::uint64_t gap_bytes{};
    std::uint64_t unread_bytes{};  // came behind a hole that was never filled
    std::uint64_t evicted{};       // streams that had to go while they were open
};

struct FlowLimits {
    std::size_t streams{16'384};
    std::size_t waiting_bytes{std::size_t{4} << 20};       // of one direction, out of order
    std::size_t waiting_bytes_all{std::size_t{64} << 20};  // of all streams
    std::size_t grace_segments{8};  // after an acknowledged hole, before it is a gap
    Nanos grace{seconds(1)};
    Nanos patience{seconds(10)};  // with a hole that nobody has acknowledged
};

class Flows {
public:
    explicit Flows(StreamObserver& observer, FlowLimits limits = {})
        : observer_{observer}, limits_{limits} {}

    void add(const TcpSegment& segment);
    /// The capture is over: what waits comes behind its gaps, and every stream ends.
    void finish();

    const FlowCounts& counts() const { return counts_; }
    std::size_t open_streams() const { return streams_.size(); }
    std::size_t waiting_bytes() const { return waiting_bytes_; }

private:
    struct Waiting {
        std::uint32_t sequence{};
        std::uint32_t length{};   // on the wire
        std::vector<char> bytes;  // captured
        Nanos time{};
    };
    struct Half {
        std::uint32_t base{};  // of the SYN, seen or not
        std::uint32_t next{};  // of the byte expected
        std::uint32_t acknowledged{};
        std::uint32_t end{};  // behind the last byte, once `has_end`
        bool known{};
        bool has_acknowledged{};
        bool has_end{};
        std::uint8_t old_segments{};  // in a row, far behind what is expected
        std::size_t waiting_bytes{};
        std::size_t since_hole{};  // segments that came while it was there
        std::vector<Waiting> waiting;
    };
    struct Key {
        std::array<char, 36> bytes{};
        friend bool operator==(const Key& a, const Key& b) {
            return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
        }
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct Stream {
        Key key;
        StreamNumber number{};
        StreamEnds ends;
        std::array<Half, 2> halves;
        bool ended{};
        Nanos newest{};
    };
    using Order = std::list<Stream>;  // the quietest first

    Stream& find(const TcpSegment& segment);
    Stream& begin(const Key& key, const TcpSegment& segment);
    static Half& half(Stream& stream, Party party) {
        return stream.halves[static_cast<std::size_t>(party)];
    }
    void take(Stream& stream, Party from, const TcpSegment& segment, std::uint32_t sequence);
    void wait(Half& half, const TcpSegment& segment, std::uint32_t sequence);
    void keep(Half& half, std::size_t at, const TcpSegment& segment, std::uint32_t sequence,
              std::uint32_t from, std::uint32_t to);
    void deliver(Stream& stream, Party from, Bytes bytes, std::uint32_t length, Nanos time);
    void miss(Stream& stream, Party from, std::uint64_t length, Nanos time);
    void drain(Stream& stream, Party from, Nanos time);
    bool is_gap(const Half& half, Nanos now) const;
    static bool was_read(const Half& half);
    void skip_hole(Stream& stream, Party from);
    void acknowledge(Stream& stream, Party by, const TcpSegment& segment);
    void end(Stream& stream, Nanos time);
    void drop(Order::iterator stream);

    StreamObserver& observer_;
    FlowLimits limits_;
    FlowCounts counts_;
    Order order_;
    std::unordered_map<Key, Order::iterator, KeyHash> streams_;
    Stream* newest_{};  // most packets belong to the stream of the one before
    std::size_t waiting_bytes_{};
};

}  // namespace tranche::capture
