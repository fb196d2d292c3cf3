// Where a codec writes events: the ring to the engine, minus what a redundant connection brought
// a second time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "core/ring.hpp"

namespace tranche {

/// What became of one frame.
enum class Decoded : std::uint8_t {
    events,        // one or more were written
    ignored,       // understood, nothing in it for the engine
    unknown_kind,  // a message whose kind we do not know
    malformed,     // no JSON, or a field we need is missing or makes no sense
    no_room,       // nothing was taken; come again when the engine has moved on
};

/// The producer's side of an event ring. Drops best prices and mark prices that are not newer than
/// the last one of their symbol; everything else passes (duplicate liquidations and fills are the
/// engine's to recognise, because it must do so after a restart too). Allocates only when made.
class EventSink {
public:
    /// `symbols`: how many ids, counted from 0, may have prices: the configured ones.
    EventSink(Ring<Event>& out, std::size_t symbols) : out_{&out}, latest_(symbols) {}

    /// How many more events are certain to fit.
    std::size_t room() { return out_->room(); }
    std::size_t capacity() const { return out_->capacity(); }

    /// Where the next event goes, or null while the ring is full.
    Event* slot() { return out_->slot(); }

    /// Hands over the event written into `slot()`, unless its content is known already.
    void publish() {
        const Event& event = *out_->slot();
        if (stale(event)) {
            ++dropped_;
            return;
        }
        ++published_;
        out_->publish();
    }

    /// Events handed over, and events dropped as known, since the start.
    std::uint64_t published() const { return published_; }
    std::uint64_t dropped() const { return dropped_; }

private:
    // A sequence that runs backwards is an old copy, unless the exchange's clock says that it has
    // moved on by this much meanwhile: then the exchange has started to count anew, and dropping
    // for ever would leave the symbol without prices.
    static constexpr Nanos restart_gap = seconds(1);
    static constexpr Nanos mark_gap = seconds(10);

    struct Latest {
        std::int64_t update_id{INT64_MIN};
        Nanos book_time{};
        Nanos mark_time{};
    };

    bool stale(const Event& event) {
        const std::size_t symbol = index(event.symbol);
        if (symbol >= latest_.size()) return false;
        if (event.kind == EventKind::book_ticker) return stale_book(event, latest_[symbol]);
        if (event.kind == EventKind::mark_price) return stale_mark(event, latest_[symbol]);
        return false;
    }
    static bool stale_book(const Event& event, Latest& latest) {
        const BookTicker& book = event.book_ticker;
        const Nanos time = book.exchange_time.count != 0 ? book.exchange_time : event.arrival_time;
        const bool newer = book.update_id > latest.update_id;
        if (!newer && time < latest.book_time + restart_gap) return true;
        latest.update_id = book.update_id;
        latest.book_time = time;
        return false;
    }
    static bool stale_mark(const Event& event, Latest& latest) {
        const Nanos time = event.mark_price.exchange_time;
        if (time <= latest.mark_time && latest.mark_time - time < mark_gap) return true;
        latest.mark_time = time;
        return false;
    }

    Ring<Event>* out_;
    std::vector<Latest> latest_;
    std::uint64_t published_{};
    std::uint64_t dropped_{};
};

}  // namespace tranche
