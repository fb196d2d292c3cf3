#include "tools/paper.hpp"

#include <algorithm>

namespace tranche {
namespace {

constexpr Nanos snapshot_gap = seconds(1);  // as the account stage keeps it
constexpr std::size_t news_under_way = 4096;

}  // namespace

std::size_t PaperStage::poll(Nanos now) {
    std::size_t done = take_commands(now);
    done += follow_market();
    ask_for_snapshot(now);
    run_until(now);
    metrics_.pending.set(arriving_.size());
    return done;
}

std::size_t PaperStage::take_commands(Nanos now) {
    std::size_t taken = 0;
    for (; taken < batch && leaving_.size() < news_under_way; ++taken) {
        const Command* next = rings_.commands.front();
        if (next == nullptr) break;
        const Nanos sent = next->decided_at == Nanos{} ? now : next->decided_at;
        arriving_.push_back({.due = sent + latency_, .asked = {}, .command = *next});
        rings_.commands.pop();
    }
    return taken;
}

/// Prices count from the moment they arrived, for orders that were there before them.
std::size_t PaperStage::follow_market() {
    std::size_t done = 0;
    for (; done < batch; ++done) {
        const Event* event = rings_.market.front();
        if (event == nullptr) break;
        run_until(event->arrival_time);
        Event* slot = rings_.events.slot();
        if (slot == nullptr) break;  // the engine is behind; so will be the parser
        *slot = *event;
        rings_.events.publish();
        see(*slot);
        rings_.market.pop();
    }
    return done;
}

void PaperStage::ask_for_snapshot(Nanos now) {
    if (now < snapshot_earliest_) return;
    const bool wanted = rings_.snapshot_wanted.exchange(false, std::memory_order_relaxed);
    if (!wanted && now < snapshot_due_) return;
    snapshot_earliest_ = now + snapshot_gap;
    snapshot_due_ = now + snapshot_interval_;
    arriving_.push_back({.due = now + latency_, .asked = now, .command = {}});
}

void PaperStage::run_until(Nanos time) {
    while (!arriving_.empty() && arriving_.front().due <= time) {
        const Arriving next = arriving_.front();
        arriving_.pop_front();
        time_ = std::max(time_, next.due);
        if (next.asked == Nanos{})
            execute(next.command);
        else
            take_snapshot(next.asked);
        collect();
    }
    time_ = std::max(time_, time);
    deliver();
}

void PaperStage::execute(const Command& command) {
    if (command.kind == CommandKind::place && command.cause_time != Nanos{})
        metrics_.decide.add((command.decided_at - command.cause_time).count);
    Reply reply{};
    if (command.deadline != Nanos{} && command.deadline <= command.decided_at) {
        reply.verdict = ReplyClass::not_sent;
        metrics_.late.add();
    } else {
        reply = exchange_->execute(command, time_);
        reply.sent_at = command.decided_at;
        metrics_.simulated.add();
    }
    answer(command, reply);
}

void PaperStage::answer(const Command& command, Reply reply) {
    reply.sequence = command.sequence;
    reply.id = command.id;
    reply.command = command.kind;
    if (reply.order_id == 0) reply.order_id = command.order_id;
    Event event{};
    event.symbol = command.symbol;
    event.kind = EventKind::reply;
    event.reply = reply;
    send(event, true);
    metrics_.count_reply(reply.verdict);
}

void PaperStage::take_snapshot(Nanos asked) {
    news_.clear();
    exchange_->snapshot(++generation_, time_, news_);
    for (Event& event : news_) {
        // What happens between question and answer is newer than what the engine knew when asking.
        if (event.kind == EventKind::snapshot_mark) event.snapshot_mark.requested_at = asked;
        send(event, false);
    }
    news_.clear();
}

void PaperStage::see(const Event& event) {
    const bool price = event.kind == EventKind::book_ticker || event.kind == EventKind::mark_price;
    if (!price || event.symbol == no_symbol) return;
    if (event.kind == EventKind::mark_price) fund(event.symbol, event.mark_price);
    exchange_->observe(event);
    collect();
}

void PaperStage::fund(SymbolId symbol, const MarkPrice& tick) {
    Funding& before = funding_[index(symbol)];
    const Funding due = before;
    before = {tick.funding_rate, tick.next_funding_time};
    const bool came = due.next != Nanos{} && due.next < tick.next_funding_time;
    if (!came || due.rate.zero()) return;
    const exchange::SymbolIndex at = exchange_->to_venue(symbol);
    exchange::Amount paid;
    for (const exchange::PositionSide side : exchange::every_position_side) {
        const exchange::Amount value =
            venue_->account.position(at, side).quantity * exchange::Amount{tick.mark.raw};
        paid += value * exchange::Amount{due.rate.raw};
    }
    if (paid.zero()) return;
    venue_->account.pay(at, "FUNDING_FEE", -paid, time_.milliseconds());
    exchange::AccountEvent event;
    event.time_ms = time_.milliseconds();
    event.reason = exchange::AccountReason::funding_fee;
    event.wallet = venue_->account.wallet();
    venue_->outbox.user.emplace_back(event);
}

void PaperStage::collect() {
    news_.clear();
    exchange_->take_user_events(time_, news_);
    for (const Event& event : news_) send(event, false);
    news_.clear();
}

void PaperStage::send(Event event, bool is_reply) {
    event.arrival_time = time_ + latency_;
    leaving_.push_back({.due = event.arrival_time, .is_reply = is_reply, .event = event});
}

void PaperStage::deliver() {
    while (!leaving_.empty() && leaving_.front().due <= time_) {
        Ring<Event>& ring = leaving_.front().is_reply ? rings_.replies : rings_.events;
        Event* slot = ring.slot();
        if (slot == nullptr) return;
        *slot = leaving_.front().event;
        ring.publish();
        leaving_.pop_front();
    }
}

}  // namespace tranche
