// The pipeline, wired: every ring and every stage, in the order of the data. No threads here:
// tests poll the stages by hand, `run` hands them to threads.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/board.hpp"
#include "core/restored.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "net/address_book.hpp"
#include "net/aster/authenticator.hpp"
#include "net/aster/codec.hpp"
#include "net/aster/order_adapter.hpp"
#include "net/aster/streams.hpp"
#include "net/gateway.hpp"
#include "net/http_connection.hpp"
#include "net/parse.hpp"
#include "net/receive.hpp"
#include "persist/journal.hpp"
#include "persist/writer.hpp"
#include "tools/frame_tap.hpp"
#include "tools/paper.hpp"
#include "tools/record_tap.hpp"
#include "tools/storage_gate.hpp"
#include "tools/stream_watch.hpp"
#include "tranche/stage.hpp"

namespace tranche {

/// Where the exchange is, resolved.
struct Peers {
    Endpoint rest;
    Endpoint stream;
    std::vector<SocketAddress> rest_addresses;
    std::vector<SocketAddress> stream_addresses;
    std::unique_ptr<AddressBook> rest_book;  // the same, kept up to date by whoever watches names
    std::unique_ptr<AddressBook> stream_book;

    /// Parses and resolves the two addresses of the settings. Errors: settings, unavailable.
    static Result<Peers> find(const ExchangeSettings& settings);
};

/// What must be there before the pipeline can be built, and outlives it.
struct PipelineParts {
    const Settings& settings;
    const SymbolTable& symbols;
    const Peers& peers;
    const TlsContext* tls;
    RequestGuard& guard;  // sees every order before its first byte leaves
    const aster::Authenticator& authenticator;
    const std::vector<RateLimit>& limits;
    RateBoard& board;  // between gateway and account stage
    const Restored& restored;
    Journal& journal;
    Writer& writer;
    Ring<Event>& account_events;  // from the account stage
    Ring<PathChange>& paths;      // its listen keys
    const Clock& receive_clock;
    const Clock& parse_clock;
    const Clock& engine_clock;
    const Clock& gateway_clock;
    Notional paper_wallet{};              // paper mode: USDT the paper exchange starts with
    ByteRing* recorded_frames = nullptr;  // takes a copy of each frame; null: nobody records
};

/// Market connections the settings ask for; those of the user stream come after them.
std::vector<aster::MarketFeed> feeds_of(const Settings& settings);

class Pipeline {
public:
    /// Errors: io_uring is not available, a plan does not fit.
    static Result<std::unique_ptr<Pipeline>> build(const PipelineParts& parts);

    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    std::size_t poll_receive(Nanos now);
    std::size_t poll_parse(Nanos now);
    std::size_t poll_engine(Nanos now);
    std::size_t poll_gateway(Nanos now);
    std::size_t poll_writer(Nanos now);
    /// Cold: makes signatures ahead; belongs to a thread that no order waits for.
    std::size_t poll_presigned(Nanos now);

    /// Any thread: passes a button or signal on to the engine.
    void press(const Control& control, SymbolId symbol) { controls_->press(control, symbol); }

    /// The status side's thread: an alarm of its own for journal, database and page. False when
    /// there is no room.
    bool record(const Record& alarm);

    const StatusBoard& board() const { return *board_; }
    /// Null unless this is paper mode.
    const PaperStage* paper() const { return paper_.get(); }
    const RequestGuard& guard() const { return guard_; }
    const GatewayMetrics& gateway_metrics() const { return gateway_metrics_; }
    /// Null in paper mode.
    const aster::OrderFigures* order_figures() const {
        return adapter_ ? &adapter_->figures() : nullptr;
    }
    const ParseCounters& parse_counters() const { return parse_->counters(); }
    const FeedArbiter& arbiter() const { return parse_->arbiter(); }
    /// Any thread: frames that found no room where they are recorded.
    std::uint64_t frames_not_recorded() const { return frame_tap_->missed(); }
    const aster::CodecCounters& codec_counters() const { return codec_->counters(); }
    const Receive& receive() const { return *receive_; }
    const StreamWatch& streams() const { return *watch_; }
    const RecordTap& tap() const { return *tap_; }
    const Journal& journal() const { return journal_; }
    /// Whether what happens is written down, as the engine was told.
    StorageState storage() const { return storage_.load(std::memory_order_relaxed); }
    Ring<Record>& record_copies() { return record_copies_; }
    std::atomic<bool>& snapshot_wanted() { return snapshot_wanted_; }
    std::atomic<bool>& listen_key_wanted() { return listen_key_wanted_; }
    std::uint64_t held_back() const { return held_back_.load(std::memory_order_relaxed); }
    /// Null unless V3 orders are signed from entries made ahead.
    const aster::PresignedPool* presigned() const { return presigned_.get(); }
    bool drained() const { return drained_.load(std::memory_order_relaxed); }
    std::size_t frames_waiting() const { return frames_.size(); }

private:
    using OrderGateway = Gateway<HttpConnection, aster::OrderAdapter>;

    explicit Pipeline(const PipelineParts& parts);
    Result<Done> connect_streams(const PipelineParts& parts);
    Result<Done> connect_orders(const PipelineParts& parts);
    void execute_on_paper(const PipelineParts& parts);
    void record_gaps();
    void record_outside();
    void watch_storage(Nanos now);

    RequestGuard& guard_;
    Journal& journal_;
    ByteRing frames_{std::size_t{1} << 24};
    Ring<Event> market_events_{1U << 13};
    Ring<Event> paper_events_{1U << 13};  // paper mode: the market, seen by its exchange
    Ring<Event> replies_{1U << 10};
    Ring<Event> notices_{1U << 8};
    Ring<Command> commands_{1U << 10};
    Ring<StreamState> stream_states_{1U << 8};
    Ring<Record> record_copies_{1U << 13};
    Ring<Record> outside_records_{1U << 5};
    std::atomic<bool> snapshot_wanted_{};
    std::atomic<bool> listen_key_wanted_{};
    std::atomic<bool> halted_{};
    std::atomic<bool> drained_{};
    std::atomic<StorageState> storage_{};
    std::atomic<std::uint64_t> held_back_{};

    std::unique_ptr<Reactor> receive_reactor_;
    std::unique_ptr<Reactor> order_reactor_;
    std::unique_ptr<Receive> receive_;
    std::unique_ptr<StreamWatch> watch_;
    std::unique_ptr<ControlPump> controls_;
    std::unique_ptr<aster::Codec> codec_;
    std::unique_ptr<FrameTap<aster::Codec>> frame_tap_;
    std::unique_ptr<Parse<FrameTap<aster::Codec>>> parse_;
    std::unique_ptr<StatusBoard> board_;
    std::unique_ptr<Engine> engine_;
    std::vector<Ring<Event>*> engine_inputs_;
    std::unique_ptr<EngineStage<Journal>> stage_;
    std::vector<std::unique_ptr<HttpConnection>> order_connections_;
    std::unique_ptr<aster::PresignedPool> presigned_;
    std::unique_ptr<aster::OrderRequests> requests_;
    std::unique_ptr<aster::OrderAdapter> adapter_;
    GatewayMetrics gateway_metrics_;
    std::unique_ptr<OrderGateway> gateway_;  // or, in paper mode:
    std::unique_ptr<PaperStage> paper_;
    std::unique_ptr<RecordTap> tap_;
    StorageGate storage_gate_;
    std::unique_ptr<RowsAgain> rows_again_;
    Nanos storage_due_{};
};

}  // namespace tranche
