// Between the parse stage and its codec: a copy of each frame for whoever records, never waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "core/byte_ring.hpp"
#include "net/event_sink.hpp"

namespace tranche {

/// As a codec in the codec's place. Costs one comparison a frame while nobody records; then a copy
/// of the frame's bytes. A frame that finds no room is counted and not recorded.
template <class Codec> class FrameTap {
public:
    /// `copies` is null when nothing is recorded. Both outlive it.
    FrameTap(Codec& codec, ByteRing* copies) : codec_{codec}, copies_{copies} {}

    Decoded decode(const Frame& frame, EventSink& out) {
        const Decoded verdict = codec_.decode(frame, out);
        if (copies_ != nullptr && verdict != Decoded::no_room) copy(frame);
        return verdict;
    }

    /// Any thread: frames that found no room.
    std::uint64_t missed() const { return missed_.load(std::memory_order_relaxed); }

private:
    void copy(const Frame& frame) {
        const bool fits = frame.bytes.size() <= copies_->longest();
        char* const room = fits ? copies_->reserve(frame.bytes.size()) : nullptr;
        if (room == nullptr) {
            missed_.store(missed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            return;
        }
        std::memcpy(room, frame.bytes.data(), frame.bytes.size());
        copies_->publish(frame.head);
    }

    Codec& codec_;
    ByteRing* copies_;
    std::atomic<std::uint64_t> missed_{};
};

}  // namespace tranche
