// Captured frames through the production parse and engine stages, on one thread, with the capture's
// time as the only clock. What the engine orders is carried out by the exchange of paper mode, so
// that a capture of somebody else's connection gives decisions too.
//
// The same capture and settings give the same decisions, orders and digest. Nothing is sent.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_ring.hpp"
#include "core/settings.hpp"
#include "net/aster/codec.hpp"
#include "net/gateway_metrics.hpp"
#include "net/parse.hpp"
#include "tools/paper.hpp"
#include "tools/replay/digest.hpp"
#include "tranche/stage.hpp"

namespace tranche {

inline constexpr std::size_t event_kinds = static_cast<std::size_t>(EventKind::timer) + 1;
std::string_view name_of(EventKind kind);

/// Stands in the journal's place: the engine's records pass through.
class ReplayJournal {
public:
    using Listener = std::function<void(const Record&)>;
    explicit ReplayJournal(Listener listener) : listener_{std::move(listener)} {}
    std::size_t room() const { return Outbox::record_capacity; }
    void append(const Record& record) { listener_(record); }

private:
    Listener listener_;
};

class EngineReplay {
public:
    using LineSink = std::function<void(std::string_view)>;

    /// `begin`: time of the first packet. `lines` takes decisions and orders, a JSON object each.
    EngineReplay(const Settings& settings, SymbolTable symbols, Nanos begin, LineSink lines);
    EngineReplay(const EngineReplay&) = delete;
    EngineReplay& operator=(const EngineReplay&) = delete;

    /// One message of a stream from the exchange. `connection`: which of the streams, from 0.
    void frame(std::string_view text, std::uint16_t connection, Nanos time);
    /// A market stream was there, or is not any more.
    void market_stream(bool open, Nanos time);
    /// Lets time pass up to `time`.
    void advance(Nanos time);

    std::uint64_t events(EventKind kind) const { return events_[static_cast<std::size_t>(kind)]; }
    std::uint64_t malformed() const { return parse_.counters().malformed.load(); }
    std::uint64_t decisions() const { return decisions_; }
    std::uint64_t orders() const { return orders_; }
    /// What a live run decided, to be compared with; before the first frame.
    void compare_with(std::vector<std::string> live) { live_ = std::move(live); }
    /// Decisions that only one of the two made, or made otherwise.
    std::uint64_t live_differences() const { return live_differences_ + live_.size() - live_seen_; }
    std::size_t live_decisions() const { return live_.size(); }
    std::int64_t skipped_seconds() const { return skipped_.count / 1'000'000'000; }
    /// SHA-256 over the decisions so far, in hexadecimal.
    std::string digest() const { return digest_.hex(); }

private:
    static constexpr std::size_t connections = 256;

    void turn(Nanos now);
    void pass_on();
    void record(const Record& record);
    void decided(const Record& record);
    void compare(std::string_view decision);
    void order(const Command& command);

    Settings settings_;
    SymbolTable symbols_;
    LineSink lines_;
    Nanos now_;
    Nanos skipped_{};
    ByteRing frames_{std::size_t{1} << 26};
    Ring<Event> parsed_{1U << 13};
    Ring<Event> market_{1U << 13};
    Ring<Event> events_to_engine_{1U << 13};
    Ring<Event> replies_{1U << 10};
    Ring<Event> notices_{1U << 8};
    Ring<Command> commands_{1U << 10};
    Ring<Command> to_paper_{1U << 10};
    std::atomic<bool> snapshot_wanted_{};
    std::atomic<bool> listen_key_wanted_{};
    aster::Codec codec_;
    Parse<aster::Codec> parse_;
    StatusBoard board_;
    Engine engine_;
    ReplayJournal journal_;
    GatewayMetrics metrics_;
    PaperStage paper_;
    std::array<Ring<Event>*, 3> inputs_;
    EngineStage<ReplayJournal> stage_;
    std::array<std::uint64_t, event_kinds> events_{};
    std::uint64_t decisions_{};
    std::uint64_t orders_{};
    Digest digest_;
    std::vector<std::string> live_;
    std::size_t live_seen_{};
    std::uint64_t live_differences_{};
    std::string line_;
};

}  // namespace tranche
