// Where a codec writes events: the ring to the engine, minus what a redundant connection has
// brought before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/messages.hpp"
#include "core/ring.hpp"
#include "net/feed_arbiter.hpp"

namespace tranche {

/// What became of one frame.
enum class Decoded : std::uint8_t {
    events,        // one or more were written
    ignored,       // understood, nothing in it for the engine
    unknown_kind,  // a message whose kind we do not know
    malformed,     // no JSON, or a field we need is missing or makes no sense
    no_room,       // nothing was taken; come again when the engine has moved on
};

/// The producer's side of an event ring. What the arbiter knows already goes no further. (The
/// engine recognises repeated liquidations and fills for itself as well: it must do so after a
/// restart too.) Allocates only when made.
class EventSink {
public:
    /// `symbols`: how many ids, counted from 0, may have prices: the configured ones.
    /// `connections`: of the receive stage.
    EventSink(Ring<Event>& out, std::size_t symbols, std::size_t connections = 1)
        : out_{&out}, arbiter_{symbols, connections} {}

    /// Which connection brought what is written next.
    void from(std::uint16_t connection) { connection_ = connection; }

    /// How many more events are certain to fit.
    std::size_t room() { return out_->room(); }
    std::size_t capacity() const { return out_->capacity(); }

    /// Where the next event goes, or null while the ring is full.
    Event* slot() { return out_->slot(); }

    /// Hands over the event written into `slot()`, unless its content is known already.
    void publish() {
        if (!arbiter_.admit(*out_->slot(), connection_)) {
            ++dropped_;
            return;
        }
        ++published_;
        out_->publish();
    }

    /// Events handed over, and events dropped as known, since the start.
    std::uint64_t published() const { return published_; }
    std::uint64_t dropped() const { return dropped_; }
    const FeedArbiter& arbiter() const { return arbiter_; }

private:
    Ring<Event>* out_;
    FeedArbiter arbiter_;
    std::uint16_t connection_{};
    std::uint64_t published_{};
    std::uint64_t dropped_{};
};

}  // namespace tranche
