// The stage that sends orders. It decides nothing about trading: it takes a command, encodes it,
// sends it at most once, and says what came of it. Exactly one reply per command, always.
//
// Never sends a command again once a byte of it may have left (reliability-model.md §2.2).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/canary.hpp"
#include "core/clock.hpp"
#include "core/messages.hpp"
#include "core/require.hpp"
#include "core/ring.hpp"
#include "core/time_source.hpp"
#include "net/gateway_metrics.hpp"
#include "net/lane_queue.hpp"
#include "net/order_answer.hpp"
#include "net/rate_limit.hpp"

namespace tranche {

/// How long a command may wait for a connection and budget when it names no earlier deadline.
struct GatewaySettings {
    bool simulate_only{true};
    Nanos protective_patience{seconds(2)};
    Nanos entry_patience{milliseconds(300)};  // from the decision on: reliability-model.md N6
    Nanos reconcile_patience{seconds(2)};
    Nanos ping_after{seconds(15)};   // an idle connection is asked for nothing, to keep it warm
    Nanos ping_gap{};                // between two pings, so that not all are busy with one
    Nanos pong_limit{seconds(3)};    // a ping without answer for so long ends its connection
    std::size_t lane_capacity{256};  // commands waiting per urgency; more stay in the ring
    bool batch_entries{};            // those that stand ready together leave as one request
    bool batch_exits{};
};

/// Takes commands, the most urgent first, and sends each on a connection of its own: one request
/// per connection at a time, and the last free connection is kept for the protective lane. All of
/// them are open before they are needed, for opening one allocates. The reactor of the connections
/// must be polled before each `poll`.
template <OrderConnection C, OrderAdapter A> class Gateway {
public:
    static constexpr std::size_t batch = 64;
    static constexpr std::size_t request_capacity = 4096;

    /// All references and the connections must outlive the gateway. `replies` has this stage as its
    /// only producer. Allocates here and never again.
    Gateway(Ring<Command>& commands, Ring<Event>& replies, std::vector<C*> connections, A& adapter,
            RateBudget budget, const GatewaySettings& settings, TimeSource time,
            GatewayMetrics& metrics)
        : commands_{commands},
          replies_{replies},
          adapter_{adapter},
          budget_{budget},
          settings_{settings},
          time_{time},
          metrics_{metrics},
          request_{new char[request_capacity]},
          waiting_{LaneQueue{settings.lane_capacity}, LaneQueue{settings.lane_capacity},
                   LaneQueue{settings.lane_capacity}, LaneQueue{settings.lane_capacity}} {
        for (C* connection : connections) slots_.push_back({.connection = connection});
    }

    /// One turn: answers in, commands out. Returns how many commands and answers it dealt with.
    std::size_t poll(Nanos now) {
        std::size_t done = 0;
        for (Slot& slot : slots_) done += settle(slot, now);
        done += take_commands(now);
        for (LaneQueue& waiting : waiting_) {
            if (planted(Canary::starve_protection) && &waiting == waiting_.data() &&
                now.count / seconds(1).count % 4 != 0)
                continue;
            give_up_late(waiting, now);
            done += dispatch(waiting, now);
        }
        keep_warm(now);
        if (done > 0 || now >= show_at_) show(now);
        return done;
    }

    /// While `halted` says so no order is placed any more, not even one that waits here already.
    void obey(const std::atomic<bool>& halted) { halted_ = &halted; }

    /// Commands taken from the ring that have no reply yet.
    std::size_t pending() const { return pending_; }

private:
    enum class Busy : std::uint8_t { no, command, ping };
    struct Slot {
        C* connection{};
        Busy busy{Busy::no};
        bool was_ready{};
        Nanos last_used{};
        Nanos first_byte{};
        std::array<Waiting, most_in_batch> sent{};  // the commands under way, one unless a batch
        std::size_t sent_count{};
    };
    /// What goes first: exits, then cancels, then questions, then entries.
    enum class Urgency : std::uint8_t { protect, cancel, question, entry };

    static Urgency urgency(const Command& command) {
        switch (command.kind) {
            case CommandKind::cancel:
            case CommandKind::noop: return Urgency::cancel;
            case CommandKind::query: return Urgency::question;
            case CommandKind::place:
            case CommandKind::replace: break;
        }
        return command.lane == Lane::entry ? Urgency::entry : Urgency::protect;
    }

    // ------------------------------------------------------------ answers

    std::size_t settle(Slot& slot, Nanos now) {
        const HttpOutcome outcome = slot.connection->poll(now);
        const bool ready = slot.connection->is_ready();
        if (ready && !slot.was_ready) slot.last_used = now;
        slot.was_ready = ready;
        if (outcome == HttpOutcome::none && slot.busy == Busy::ping) watch_ping(slot, now);
        if (outcome == HttpOutcome::none || slot.busy == Busy::no) return 0;
        const Busy busy = std::exchange(slot.busy, Busy::no);
        slot.last_used = now;
        if (outcome == HttpOutcome::answer) {
            take_answer(slot, busy, now);
        } else if (busy == Busy::command) {
            take_loss(slot, outcome, now);
        }
        return 1;
    }

    /// A half-open connection is found before an order needs it (reliability-model.md N4).
    void watch_ping(Slot& slot, Nanos now) {
        if constexpr (requires(C connection) { connection.give_up(); })
            if (now - slot.first_byte >= settings_.pong_limit) {
                slot.connection->give_up();
                metrics_.pings_unanswered.add();
            }
    }

    void take_answer(Slot& slot, Busy busy, Nanos now) {
        const HttpResponse& response = slot.connection->response();
        const RateAnswer rate = adapter_.read_limits(response, now);
        budget_.on_answer(rate.verdict, rate.all(), rate.retry_after, now);
        metrics_.count_status(response.status);
        const Nanos answered = slot.connection->answered();
        metrics_.last_answer.set(static_cast<std::uint64_t>(answered.count));
        average_round_trip(answered - slot.first_byte);
        if (busy != Busy::command) return;
        const Waiting& first = slot.sent.front();
        if (planted(Canary::retry_on_503) && response.status == 503 &&
            queue(first.command).push_front(first))
            return;
        metrics_.round_trip.add((answered - slot.first_byte).count);
        if (slot.sent_count > 1) return take_batch_answer(slot, response, rate);
        Reply reply = adapter_.decode(first.command, response, rate);
        reply.sent_at = slot.first_byte;
        publish(first.command, reply, answered);
    }

    void take_batch_answer(Slot& slot, const HttpResponse& response, const RateAnswer& rate) {
        if constexpr (BatchAdapter<A>) {
            std::array<Reply, most_in_batch> replies{};
            for (std::size_t i = 0; i < slot.sent_count; ++i) batch_[i] = slot.sent[i].command;
            adapter_.decode_batch({batch_.data(), slot.sent_count}, response, rate,
                                  {replies.data(), slot.sent_count});
            for (std::size_t i = 0; i < slot.sent_count; ++i) {
                replies[i].sent_at = slot.first_byte;
                publish(batch_[i], replies[i], slot.connection->answered());
            }
        }
    }

    /// An eighth of the newest: a few answers show that the link has become slow (N6).
    void average_round_trip(Nanos newest) {
        const std::int64_t before = average_round_trip_.count;
        average_round_trip_.count =
            before == 0 ? newest.count : before + (newest.count - before) / 8;
        metrics_.average_round_trip.set(static_cast<std::uint64_t>(average_round_trip_.count));
    }

    void take_loss(Slot& slot, HttpOutcome outcome, Nanos now) {
        if (outcome == HttpOutcome::refused) metrics_.refused.add();
        for (std::size_t i = slot.sent_count; i-- > 0;) {
            const Waiting& lost = slot.sent[i];
            // Only a request of which nothing left may be tried again: it cannot exist.
            if (outcome == HttpOutcome::not_sent && now < lost.give_up_at &&
                queue(lost.command).push_front(lost)) {
                metrics_.not_sent_again.add();
                continue;
            }
            Reply reply{};
            reply.verdict =
                outcome == HttpOutcome::cut ? ReplyClass::unknown : ReplyClass::not_sent;
            if (outcome == HttpOutcome::cut) reply.sent_at = slot.first_byte;
            publish(lost.command, reply, now);
        }
    }

    void answer_unsent(const Command& command, Nanos now) {
        Reply reply{};
        reply.verdict = ReplyClass::not_sent;
        publish(command, reply, now);
    }

    void publish(const Command& command, Reply reply, Nanos arrival) {
        reply.sequence = command.sequence;
        reply.id = command.id;
        reply.command = command.kind;
        if (reply.order_id == 0) reply.order_id = command.order_id;
        Event* event = replies_.slot();
        // A command is taken only when its reply has a place: see `take_commands`.
        require(event != nullptr, "every command taken has room for its reply");
        *event = Event{};
        event->arrival_time = arrival;
        event->symbol = command.symbol;
        event->kind = EventKind::reply;
        event->reply = reply;
        replies_.publish();
        --pending_;
        metrics_.count_reply(reply.verdict);
    }

    // ------------------------------------------------------------ commands

    std::size_t take_commands(Nanos now) {
        std::size_t taken = 0;
        for (; taken < batch; ++taken) {
            const Command* next = commands_.front();
            if (next == nullptr || pending_ >= replies_.room()) break;
            const bool full = queue(*next).full();
            // Entries and questions must never stand in front of protection; that one may wait in
            // the ring, because nothing of its kind may be refused.
            if (full && next->lane == Lane::protective) break;
            const Command command = *next;
            commands_.pop();
            ++pending_;
            if (is_simulated(command) || full) {
                (full ? metrics_.lane_full : metrics_.simulated).add();
                answer_unsent(command, now);
                continue;
            }
            if (command.kind == CommandKind::cancel && withdraw(command, now)) continue;
            queue(command).push_back({.command = command, .give_up_at = patience(command, now)});
        }
        return taken;
    }

    /// A cancel must not overtake the order it is for: one that still waits here never leaves.
    bool withdraw(const Command& cancel, Nanos now) {
        if (cancel.id == ClientOrderId{}) return false;
        for (LaneQueue& waiting : waiting_)
            for (std::size_t i = 0; i < waiting.size(); ++i) {
                const Command place = waiting.at(i).command;
                if (place.kind != CommandKind::place || place.id != cancel.id) continue;
                waiting.erase(i);
                metrics_.withdrawn.add();
                answer_unsent(place, now);
                answer_unsent(cancel, now);
                return true;
            }
        return false;
    }

    bool is_simulated(const Command& command) const {
        return settings_.simulate_only && command.kind != CommandKind::query;
    }

    Nanos patience(const Command& command, Nanos now) const {
        Nanos limit = now;
        switch (command.lane) {
            case Lane::protective: limit += settings_.protective_patience; break;
            case Lane::entry:
                if (command.decided_at != Nanos{}) limit = std::min(now, command.decided_at);
                limit += settings_.entry_patience;
                break;
            case Lane::reconcile: limit += settings_.reconcile_patience; break;
        }
        return command.deadline == Nanos{} ? limit : std::min(limit, command.deadline);
    }

    void give_up_late(LaneQueue& waiting, Nanos now) {
        // Deadlines differ within a lane, so one that is over may stand behind one that is not.
        for (std::size_t i = 0; i < waiting.size();) {
            if (now < waiting.at(i).give_up_at || planted(Canary::late_entry_leaves)) {
                ++i;
                continue;
            }
            metrics_.late.add();
            answer_unsent(waiting.at(i).command, now);
            waiting.erase(i);
        }
    }

    std::size_t dispatch(LaneQueue& waiting, Nanos now) {
        std::size_t done = 0;
        while (!waiting.empty()) {
            const Waiting next = waiting.front();
            const Lane lane = next.command.lane;
            Slot* slot = free_slot(lane);
            if (slot == nullptr) break;
            const bool works = next.command.kind == CommandKind::place ||
                               next.command.kind == CommandKind::replace;
            if (works && halted()) {
                waiting.pop_front();
                answer_unsent(next.command, now);
                ++done;
                continue;
            }
            if (const std::size_t together = send_batch(waiting, *slot, now); together > 0) {
                done += together;
                continue;
            }
            const RateCost cost = adapter_.cost(next.command);
            if (!budget_.allows(lane, cost, now)) {
                metrics_.budget_waits.add();
                if (!next.command.with_exits) break;
                // Without them it may still be borne: the engine decides that anew.
                waiting.pop_front();
                answer_unsent(next.command, now);
                ++done;
                continue;
            }
            const std::size_t length = encode(next.command);
            if (length == 0) {
                metrics_.not_encodable.add();
                waiting.pop_front();
                answer_unsent(next.command, now);
                ++done;
                continue;
            }
            if (!leave(*slot, {&next.command, 1}, length, now)) break;
            budget_.spend(cost, now, lane);
            waiting.pop_front();
            slot->sent.front() = next;
            slot->sent_count = 1;
            ++done;
        }
        return done;
    }

    /// The first commands of the lane as one request, where the settings ask for it and they are
    /// new orders of one symbol. What stands first leaves with it, so a stop never stays behind its
    /// take-profit. Returns how many left; 0: they go one by one, a lone one always.
    std::size_t send_batch(LaneQueue& waiting, Slot& slot, Nanos now) {
        if constexpr (BatchAdapter<A>) {
            const std::size_t count = take_up(waiting);
            if (count < 2) return 0;
            const std::span<const Command> commands{batch_.data(), count};
            const Lane lane = commands.front().lane;
            const RateCost cost = adapter_.batch_cost(commands);
            if (!budget_.allows(lane, cost, now)) return 0;
            const Nanos before = time_();
            const std::size_t length =
                adapter_.encode_batch(commands, before, {request_.get(), request_capacity});
            metrics_.sign.add((time_() - before).count);
            if (length == 0 || !leave(slot, commands, length, now)) return 0;
            budget_.spend(cost, now, lane);
            for (std::size_t i = 0; i < count; ++i) {
                slot.sent[i] = waiting.front();
                waiting.pop_front();
            }
            slot.sent_count = count;
            metrics_.batches.add();
            return count;
        } else {
            return 0;
        }
    }

    /// Copies the commands at the front that may go together to `batch_`; returns how many.
    std::size_t take_up(const LaneQueue& waiting) {
        const Command& first = waiting.front().command;
        const bool wanted =
            first.lane == Lane::entry ? settings_.batch_entries : settings_.batch_exits;
        std::size_t count = 0;
        while (wanted && count < most_in_batch && count < waiting.size()) {
            const Command& next = waiting.at(count).command;
            const bool fits = next.kind == CommandKind::place && next.symbol == first.symbol &&
                              next.lane == first.lane && adapter_.may_batch(next);
            if (!fits) break;
            batch_[count++] = next;
        }
        return count;
    }

    /// A ready connection; the last one only for the protective lane, if there are others at all.
    Slot* free_slot(Lane lane) {
        Slot* found = nullptr;
        std::size_t ready = 0;
        for (Slot& slot : slots_) {
            if (slot.busy != Busy::no || !slot.connection->is_ready()) continue;
            ++ready;
            if (found == nullptr) found = &slot;
        }
        const bool spare_is_kept = lane != Lane::protective && slots_.size() > 1;
        return spare_is_kept && ready < 2 ? nullptr : found;
    }

    std::size_t encode(const Command& command) {
        const Nanos before = time_();
        const std::size_t length =
            adapter_.encode(command, before, {request_.get(), request_capacity});
        metrics_.sign.add((time_() - before).count);
        return length;
    }

    /// The one gate: nothing reaches a connection but through here. No commands: a ping.
    bool leave(Slot& slot, std::span<const Command> commands, std::size_t length, Nanos now) {
        for (const Command& command : commands)
            require(!is_simulated(command), "a simulated order never leaves");
        if (!slot.connection->send({request_.get(), length}, now)) return false;
        slot.busy = commands.empty() ? Busy::ping : Busy::command;
        slot.was_ready = false;
        slot.first_byte = slot.connection->first_byte_out();
        if (commands.empty()) metrics_.pings.add();
        for (const Command& command : commands) {
            metrics_.sent.add();
            note_wait(command, slot.first_byte);
            if (command.kind != CommandKind::place || command.cause_time == Nanos{}) continue;
            metrics_.tick_to_order.add((slot.first_byte - command.cause_time).count);
            metrics_.decide.add((command.decided_at - command.cause_time).count);
        }
        return true;
    }

    void note_wait(const Command& command, Nanos left) {
        if (command.decided_at == Nanos{} || left < command.decided_at) return;
        const auto waited = static_cast<std::uint64_t>((left - command.decided_at).count);
        Figure& longest = metrics_.longest_wait[static_cast<std::size_t>(command.lane)];
        if (waited > longest.get()) longest.set(waited);
    }

    void keep_warm(Nanos now) {
        if (now < next_ping_) return;
        for (Slot& slot : slots_) {
            if (slot.busy != Busy::no || !slot.connection->is_ready()) continue;
            if (now - slot.last_used < settings_.ping_after) continue;
            const std::size_t length = adapter_.encode_ping({request_.get(), request_capacity});
            if (length == 0 || !budget_.allows(Lane::reconcile, RateCost{}, now)) return;
            if (leave(slot, {}, length, now)) budget_.spend(RateCost{}, now);
            next_ping_ = now + settings_.ping_gap;
            return;  // one at a time: the others stay free
        }
    }

    void show(Nanos now) {
        show_at_ = now + milliseconds(100);
        std::size_t ready = 0;
        for (const Slot& slot : slots_) ready += slot.connection->is_ready() ? 1U : 0U;
        budget_.share(now);
        metrics_.connections_ready.set(ready);
        metrics_.pending.set(pending_);
        show_queues(now);
        metrics_.budget_left_permille.set(budget_.left_permille(now));
        metrics_.blocked_until.set(static_cast<std::uint64_t>(budget_.blocked_until().count));
    }

    void show_queues(Nanos now) {
        std::array<std::uint64_t, lane_count> oldest{};
        for (const LaneQueue& waiting : waiting_) {
            if (waiting.empty()) continue;
            const Command& first = waiting.front().command;
            if (first.decided_at == Nanos{} || now < first.decided_at) continue;
            std::uint64_t& age = oldest[static_cast<std::size_t>(first.lane)];
            age = std::max(age, static_cast<std::uint64_t>((now - first.decided_at).count));
        }
        for (std::size_t i = 0; i < oldest.size(); ++i) metrics_.queue_age[i].set(oldest[i]);
    }

    bool halted() const { return halted_ != nullptr && halted_->load(std::memory_order_relaxed); }

    LaneQueue& queue(const Command& command) {
        return waiting_[static_cast<std::size_t>(urgency(command))];
    }

    Ring<Command>& commands_;
    Ring<Event>& replies_;
    A& adapter_;
    RateBudget budget_;
    GatewaySettings settings_;
    TimeSource time_;
    GatewayMetrics& metrics_;
    std::unique_ptr<char[]> request_;
    std::array<LaneQueue, 4> waiting_;  // by urgency
    std::array<Command, most_in_batch> batch_{};
    std::vector<Slot> slots_;
    const std::atomic<bool>* halted_{};
    std::size_t pending_{};
    Nanos show_at_{};
    Nanos next_ping_{};
    Nanos average_round_trip_{};
};

}  // namespace tranche
