// Server-sent events: each record becomes one message, written once; every client reads all of
// them at its own pace out of one bounded backlog. Source: reference-behaviour.md §10.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "net/status/board_view.hpp"

namespace tranche {

/// The backlog. One thread.
class EventHub {
public:
    static constexpr std::size_t backlog = 4096;
    /// Bytes a message has room for from the start; a longer one makes its place larger.
    static constexpr std::size_t usual_length = 1024;
    static constexpr std::uint64_t lost = UINT64_MAX;

    /// `run` tells one start of the process from the next: ids of another run cannot be resumed.
    EventHub(const SymbolTable& symbols, const BoardView& view, std::uint64_t run,
             std::size_t capacity = backlog);

    /// Appends the message for one record; call it once a record, in order.
    void publish(const Record& record);

    /// Number of the newest message; the first one is 1.
    std::uint64_t newest() const { return newest_; }

    /// Where a client that last saw `last_event_id` goes on; a new one (empty) at the end. An id
    /// of another run or nonsense gives `lost`: such a client is told to start afresh.
    std::uint64_t cursor_for(std::string_view last_event_id) const;

    /// Appends what comes after `cursor` to `out`, about `limit` bytes, and moves the cursor. A
    /// cursor that fell out of the backlog gets one `resync` message and goes on at the end.
    void read(std::uint64_t& cursor, std::size_t limit, Nanos now, std::string& out) const;

    /// First message of every connection, at `cursor`.
    std::string connected(std::uint64_t cursor, Nanos now) const;
    /// Keeps proxies and clients awake; carries no id, so it does not move anybody's cursor.
    static std::string heartbeat(Nanos now);

private:
    std::string_view type_of(const Record& record);
    std::string_view type_of(const TrancheRow& row);
    std::string id_of(std::uint64_t number) const;
    std::uint64_t oldest() const;

    const SymbolTable& symbols_;
    const BoardView& view_;
    std::uint64_t run_;
    std::uint64_t newest_{};
    std::vector<std::string> messages_;  // at its number modulo the capacity; written over in turn
    std::unordered_set<std::uint32_t> open_tranches_;  // announced, not final yet
};

}  // namespace tranche
