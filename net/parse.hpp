// The stage that turns frames into events: receive → parse → engine.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "core/byte_ring.hpp"
#include "core/histogram.hpp"
#include "core/messages.hpp"
#include "core/ring.hpp"
#include "core/time_source.hpp"
#include "net/event_sink.hpp"

namespace tranche {

/// Turns one frame into events. Must leave frame and sink alone when it answers `no_room`.
template <class C>
concept FrameCodec = requires(C codec, const Frame& frame, EventSink& sink) {
    { codec.decode(frame, sink) } -> std::same_as<Decoded>;
};

/// Written by parse only, read by any thread.
struct ParseCounters {
    std::atomic<std::uint64_t> frames{};
    std::atomic<std::uint64_t> events{};      // published
    std::atomic<std::uint64_t> duplicates{};  // events that were known already
    std::atomic<std::uint64_t> ignored{};
    std::atomic<std::uint64_t> unknown{};
    std::atomic<std::uint64_t> malformed{};
    std::atomic<std::uint64_t> blocked{};  // turns that ended because the engine is behind
    Histogram latency;                     // ns from arrival of a frame to its events' publication
};

/// At most `batch` frames a turn; decodes straight into the ring. A frame that finds no room stays
/// where it is, so back-pressure reaches receive. No allocation, no log.
template <FrameCodec Codec> class Parse {
public:
    static constexpr std::size_t batch = 64;

    /// `symbols`: number of configured symbols, the ones that may have prices. `connections`: of
    /// the receive stage.
    Parse(ByteRing& frames, Ring<Event>& events, Codec& codec, std::size_t symbols, TimeSource time,
          std::size_t connections = 1)
        : frames_{&frames}, codec_{&codec}, sink_{events, symbols, connections}, time_{time} {}

    /// Returns the number of frames taken.
    std::size_t poll(Nanos) {
        std::size_t done = 0;
        Frame frame;
        while (done < batch && frames_->front(frame)) {
            sink_.from(frame.head.connection);
            const Decoded verdict = codec_->decode(frame, sink_);
            if (verdict == Decoded::no_room) {
                bump(counters_.blocked);
                break;
            }
            count(verdict);
            if (verdict == Decoded::events)
                counters_.latency.add((time_() - frame.head.arrival_time).count);
            frames_->pop();
            ++done;
        }
        if (done != 0) {
            counters_.events.store(sink_.published(), std::memory_order_relaxed);
            counters_.duplicates.store(sink_.dropped(), std::memory_order_relaxed);
        }
        return done;
    }

    /// Any thread.
    const ParseCounters& counters() const { return counters_; }
    /// Any thread: which connection won how often, and how far behind the others were.
    const FeedArbiter& arbiter() const { return sink_.arbiter(); }

private:
    // One writer, so a load and a store are enough.
    static void bump(std::atomic<std::uint64_t>& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    void count(Decoded verdict) {
        bump(counters_.frames);
        switch (verdict) {
            case Decoded::ignored: return bump(counters_.ignored);
            case Decoded::unknown_kind: return bump(counters_.unknown);
            case Decoded::malformed: return bump(counters_.malformed);
            case Decoded::events:
            case Decoded::no_room: return;
        }
    }

    ByteRing* frames_;
    Codec* codec_;
    EventSink sink_;
    TimeSource time_;
    ParseCounters counters_;
};

}  // namespace tranche
