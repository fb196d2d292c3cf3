// Birth and death of the process in a world.
#include "core/canary.hpp"
#include "tools/sim/world.hpp"

namespace tranche::sim {
namespace {

GatewaySettings gateway_settings() {
    GatewaySettings settings;
    settings.simulate_only = false;
    return settings;
}

void empty(Ring<Event>& ring) {
    while (ring.front() != nullptr) ring.pop();
}

}  // namespace

World::Process::Process(World& world, const Restored& restored)
    : board{world.symbols_.configured(), tranche_capacity(world.settings_),
            order_capacity(world.settings_)},
      engine{world.settings_, world.symbols_, board, restored},
      inputs{&world.replies_, &world.notices_, &world.account_events_, &world.events_},
      gateway{world.commands_,
              world.replies_,
              world.network_.connections(),
              adapter,
              RateBudget{world.plan_.limits, Ratio{}},
              gateway_settings(),
              TimeSource{world.now_},
              metrics},
      stage{.engine = engine,
            .inputs = inputs,
            .commands = world.commands_,
            .journal = world.journal_,
            .snapshot_wanted = world.snapshot_wanted_,
            .listen_key_wanted = world.listen_key_wanted_,
            .time = TimeSource{world.now_},
            .halted = &halted} {
    gateway.obey(halted);
}

void World::on_record(void* world, const Record& record) {
    auto& self = *static_cast<World*>(world);
    self.oracle_.recorded(record);
    if (self.tracer_ != nullptr) self.tracer_->record(record);
}

void World::start() {
    if (process_) return;
    if (!planted(Canary::reuse_epoch) || epoch_ == 0) ++epoch_;
    ++starts_;
    started_ = now_;
    has_begun_ = false;
    newest_command_ = halted_before_ = 0;
    drained_at_ = now_;
    budget_waits_ = 0;
    const Memory& known = journal_.durable();
    oracle_.restarted(epoch_, known, now_);
    process_ =
        std::make_unique<Process>(*this, known.restored(epoch_, now_, settings_.window.span));
    process_->stage.next_tick = now_;
    account_.reset();
    snapshot_wanted_.store(true);
    listen_key_wanted_.store(false);
    if (tracer_ != nullptr) tracer_->note("start " + std::to_string(epoch_), now_);
    heap_.push(now_ + milliseconds(30), HappeningKind::market_opens, market_.life);
    heap_.push(now_ + milliseconds(60), HappeningKind::user_opens, user_.life);
    if (starts_ == 2) journal_.keep_copy();
}

void World::kill(Loss loss, Nanos down_for) {
    if (process_) {
        ++outcome_.kills;
        oracle_.recount(journal_.now_known(), now_);
        check_rings();
        journal_.die(loss, now_);
        oracle_.died(loss, journal_.now_known());
        process_.reset();
        heap_.push(now_ + down_for, HappeningKind::process_starts, 0);
    }
    network_.forget_waiting();
    close_stream(StreamKind::market, false);
    close_stream(StreamKind::user, false);
    for (Ring<Event>* ring : {&replies_, &notices_, &account_events_, &events_}) empty(*ring);
    while (commands_.front() != nullptr) commands_.pop();
    backlog_.clear();
    offered_ = taken_ = pushed_;
    decided_ = replied_ = 0;
    stalled_until_ = {};
    drain_until_ = {};
    second_instance_ = false;
    if (second_instance_order_ != 0) {
        venue_.cancel_by_hand(second_instance_order_, now_);
        second_instance_order_ = 0;
        ++epoch_;
    }
}

/// I18: what was produced is consumed or still there; a command has one reply or waits for it.
void World::check_rings() {
    std::size_t waiting = 0;
    for (const Ring<Event>* ring : {&replies_, &notices_, &account_events_, &events_})
        waiting += ring->size();
    if (pushed_ != taken_ + waiting)
        oracle_.fail("I18",
                     std::to_string(pushed_) + " events went into the rings, " +
                         std::to_string(taken_) + " came out, " + std::to_string(waiting) +
                         " are in them",
                     now_);
    if (!process_) return;
    const std::uint64_t pending = process_->gateway.pending() + commands_.size();
    if (decided_ != replied_ + pending)
        oracle_.fail("I18",
                     std::to_string(decided_) + " commands were decided, " +
                         std::to_string(replied_) + " answered, " + std::to_string(pending) +
                         " wait",
                     now_);
}

/// P3: no entries any more, so the process may go.
void World::drain_is_over() {
    if (drain_until_.count == 0 || !process_) return;
    if (!process_->engine.drained() && now_ < drain_until_) return;
    kill(Loss::nothing, milliseconds(100));
}

}  // namespace tranche::sim
