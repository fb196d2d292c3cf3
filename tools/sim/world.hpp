// One seed's world: the production stages, the exchange and everything between them, on one thread
// under virtual time. Moves by steps; the oracle looks after each.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/board.hpp"
#include "core/symbols.hpp"
#include "tools/sim/heap.hpp"
#include "tools/sim/market.hpp"
#include "tools/sim/memory.hpp"
#include "tools/sim/network.hpp"
#include "tools/sim/oracle.hpp"
#include "tools/sim/plan.hpp"
#include "tools/sim/sim_account.hpp"
#include "tools/sim/tally.hpp"
#include "tools/sim/tracer.hpp"
#include "tools/sim/venue_side.hpp"
#include "tranche/stage.hpp"

namespace tranche::sim {

/// What came of one run.
struct Outcome : Tally {
    std::optional<Violation> violation;
};

class World final : public UserStreamSink {
public:
    /// `tracer` may be null. `progress` is told the step, for whoever watches from outside.
    World(const Plan& plan, const Script& script, Tracer* tracer,
          std::atomic<std::uint64_t>& progress);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    virtual ~World() = default;

    Outcome run();

    void send_off(const Event& event, Nanos now) override;

private:
    using Stage = EngineStage<SimJournal>;
    using OrderGateway = Gateway<SimConnection, SimAdapter>;

    /// What lives and dies with the process.
    struct Process {
        Process(World& world, const Restored& restored);

        StatusBoard board;
        Engine engine;
        std::vector<Ring<Event>*> inputs;
        std::atomic<bool> halted{};
        GatewayMetrics metrics;
        SimAdapter adapter;
        OrderGateway gateway;
        Stage stage;
    };
    /// An event on its way.
    struct Parcel {
        Event event;
        Nanos made;
        std::uint32_t life;  // of the stream it travels on
    };
    struct Stream {
        bool up{};
        std::uint32_t life{};
        Nanos deaf_until;  // half open: connected, and nothing comes
        Nanos newest;      // arrival of the newest parcel, to keep the order
    };

    // world.cpp: the loop
    void step();
    void advance_to(Nanos time);
    void happen(const Happening& happening);
    void sweep();
    void excuse();
    bool settled();
    std::string unsettled() const;
    void tend();
    void settle();
    void tell_state();
    bool over() const { return oracle_.violation().has_value(); }

    // world_delivery.cpp: streams and stages
    void deliver(Event event, Nanos made, Ring<Event>& ring);
    void deliver_backlog();
    void deliver_market(const Event& event, bool droppable);
    void open_stream(StreamKind kind);
    void close_stream(StreamKind kind, bool told);
    void stream_change(StreamKind kind, StreamCondition condition);
    void notice(AccountNoticeKind kind, SymbolId symbol, bool flag, std::uint16_t leverage);
    void show_rules(SymbolId symbol, bool trading);
    void control(ControlKind kind, SymbolId symbol = no_symbol,
                 PositionSide side = PositionSide::long_side);
    void poll_engine();
    void poll_engine_once();
    void poll_gateway();
    void excuse_unsent(const Reply& reply);
    void look_at_commands(Mode before);
    EngineView view() const;
    void count(Fault fault) { ++outcome_.faults[index(fault)]; }
    bool strikes(Fault fault);

    // world_market.cpp
    void move_market();
    void show_book(SymbolId symbol, const PricePoint& point);
    void show_mark(SymbolId symbol, Price mark);
    void liquidate(SymbolId symbol, std::int64_t usdt);
    void jump(SymbolId symbol, std::int64_t permille);

    // world_actions.cpp
    void act(const Action& action);
    void act_on_account(const Action& action);
    void act_on_streams(const Action& action);
    void act_on_exchange(const Action& action);
    void excuse_weather(const Action& action, Nanos until);
    void act_on_process(const Action& action);
    void by_hand(const Action& action);
    void cancel_by_hand(const Action& action);
    void force_close(const Action& action);
    void pretend_second_instance(SymbolId symbol);
    void operator_resumes_after(Nanos wait);

    // world_process.cpp
    void start();
    void kill(Loss loss, Nanos down_for);
    void drain_is_over();
    void check_rings();
    // world_again.cpp
    void tell_again();
    bool is_old_news(const Event& event);

    static void on_record(void* world, const Record& record);

    const Plan& plan_;
    const Script& script_;
    Tracer* tracer_;
    std::atomic<std::uint64_t>& progress_;
    EngineSettings settings_;
    Nanos now_;
    Outcome outcome_;
    SymbolTable symbols_;
    EventHeap heap_{1024};
    Weather weather_{};
    Oracle oracle_;
    VenueSide venue_;
    Network network_;
    SimAccount account_;
    SimJournal journal_;
    Prices prices_;
    Pool<Parcel> parcels_{1024};
    Dice stream_dice_;

    Ring<Event> replies_;
    Ring<Event> notices_;
    Ring<Event> account_events_;
    Ring<Event> events_;
    Ring<Command> commands_;
    std::atomic<bool> snapshot_wanted_{};
    std::atomic<bool> listen_key_wanted_{};
    std::unique_ptr<Process> process_;
    std::vector<Parcel> backlog_;  // what found no room in its ring
    std::vector<Event> parts_;

    Stream user_;
    Stream market_;
    std::size_t next_action_{};
    Nanos next_market_;
    Nanos next_sweep_;
    Nanos stalled_until_;
    Nanos writer_stalled_until_;
    Nanos drain_until_;
    std::int64_t pace_;
    std::uint64_t newest_command_{};
    std::uint64_t halted_before_{};  // commands that the turn which halted may have decided
    Nanos drained_at_;               // when the rings to the engine were last empty
    std::uint64_t foreign_trades_{};
    std::uint64_t budget_waits_{};
    std::uint64_t offered_{};  // to the rings that may not drop
    std::uint64_t pushed_{};
    std::uint64_t taken_{};
    std::uint64_t decided_{};  // commands of this process
    std::uint64_t replied_{};  // to them
    std::vector<Event> told_;  // by the user stream, as it reached the engine
    std::uint32_t epoch_{};
    std::int64_t second_instance_order_{};
    std::uint32_t starts_{};
    Nanos started_;
    bool has_begun_{};  // this process has read the exchange
    bool calm_{};
    bool telling_again_{};
    bool second_instance_{};
};

}  // namespace tranche::sim
