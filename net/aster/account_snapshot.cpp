// Snapshots: positions, balances and open orders of one generation, handed to the engine whole or
// marked as incomplete. Source: exchange-protocol.md §3.2; reliability-model.md §3.
#include <algorithm>
#include <utility>

#include "net/aster/account.hpp"
#include "net/aster/dialect.hpp"

namespace tranche::aster {
namespace {

// Source: reliability-model.md N5.
constexpr Nanos orders_audit_interval = seconds(15);
constexpr Nanos positions_audit_interval = seconds(5);
constexpr Nanos longest_without_snapshot = seconds(60);

}  // namespace

/// False: nobody knows the mode yet.
bool Account::take_mode(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::missing) return true;  // a venue that has only one
    const auto hedge = answer.body.flag("dualSidePosition");
    if (answer.kind == AnswerKind::ok && hedge) {
        hedge_known_ = *hedge;
        return true;
    }
    mode_doubted_.store(true, std::memory_order_release);
    retry("positionSide/dual: " + (answer.text.empty() ? "no dualSidePosition" : answer.text), now,
          answer.retry_after);
    return false;
}

void Account::on_snapshot(Call call, const Answer& answer, Nanos now) {
    if (answer.kind != AnswerKind::ok && call != Call::snapshot_mode) {
        retry("snapshot: " + answer.text, now, answer.retry_after);
        return finish_snapshot(false, now);
    }
    const auto take = [&](const auto& rows) {
        if (!rows) {
            retry("snapshot: " + rows.error().message, now);
            return false;
        }
        collect(rows.value());
        return true;
    };
    bool whole = false;
    if (call == Call::snapshot_positions) {
        whole = take(read_positions(answer.body));
        const bool doubted = mode_doubted_.exchange(false, std::memory_order_acquire);
        snapshot_next_ = doubted ? Call::snapshot_mode : Call::snapshot_balances;
    } else if (call == Call::snapshot_mode) {
        whole = take_mode(answer, now);
        snapshot_next_ = Call::snapshot_balances;
    } else if (call == Call::snapshot_balances) {
        whole = take(read_balances(answer.body));
        snapshot_next_ = dialect_of(settings_.venue).conditionals_apart ? Call::snapshot_algo_orders
                                                                        : Call::snapshot_orders;
    } else if (call == Call::snapshot_algo_orders) {
        // Before the others: one that fires in between is then in both lists rather than in none.
        whole = take(read_open_algo_orders(answer.body));
        snapshot_next_ = Call::snapshot_orders;
    } else {
        whole = take(read_open_orders(answer.body));
        if (whole) return finish_snapshot(true, now);
    }
    if (!whole) finish_snapshot(false, now);
}

void Account::finish_snapshot(bool complete, Nanos now) {
    const auto mark = [&](bool begins) {
        SnapshotMark& body = queue(EventKind::snapshot_mark, no_symbol, now).snapshot_mark;
        body.requested_at = snapshot_begun_;
        body.generation = generation_;
        body.begins = begins;
        body.complete = complete && !begins;
        body.hedge_mode = hedge_known_;
    };
    mark(true);
    if (complete) {
        for (Event& part : parts_) {
            part.arrival_time = now;
            outgoing_.push_back(part);
        }
        backoff_.reset();
        ++status_.snapshots;
        status_.snapshot_time = now;
        snapshot_due_ = now + std::min(settings_.reconcile_interval, orders_audit_interval);
        snapshot_latest_ = now + longest_without_snapshot;
        audit_due_ = now + positions_audit_interval;
        if (step_ == AccountStep::snapshot) advance(AccountStep::running);
    } else {
        snapshot_wanted_.store(true, std::memory_order_release);  // as soon as `retry_at_` allows
    }
    mark(false);
    parts_.clear();
    snapshot_next_ = Call::none;
}

/// Flat rows of symbols we do not trade say nothing; of those we trade they say "flat".
void Account::collect(const std::vector<ListedPosition>& rows) {
    learn_mode(rows);
    listed_ = rows;
    for (const ListedPosition& row : rows) {
        const SymbolId symbol = symbols_.find(row.symbol);
        if (symbol == no_symbol) continue;
        if (row.update.amount.zero() && !symbols_.is_configured(symbol)) continue;
        Event& event = parts_.emplace_back(Event{});
        event.symbol = symbol;
        event.kind = EventKind::position_update;
        event.position_update = row.update;
        event.position_update.generation = generation_;
    }
}

void Account::collect(const std::vector<BalanceUpdate>& rows) {
    for (const BalanceUpdate& row : rows) {
        if (row.asset != CommissionAsset::usdt && row.wallet.zero()) continue;
        Event& event = parts_.emplace_back(Event{});
        event.symbol = no_symbol;
        event.kind = EventKind::balance_update;
        event.balance_update = row;
    }
}

void Account::collect(const std::vector<ListedOrder>& rows) {
    for (const ListedOrder& row : rows) {
        const SymbolId symbol = symbols_.find(row.symbol);
        if (symbol == no_symbol) continue;
        Event& event = parts_.emplace_back(Event{});
        event.symbol = symbol;
        event.kind = EventKind::open_order;
        event.open_order = row.order;
        event.open_order.generation = generation_;
    }
}

/// Between snapshots: a position that has changed since it was last read is told as if the stream
/// had pushed it. Where the stream has, that says nothing new; where it has not, the engine sees
/// the difference and asks for a snapshot (reliability-model.md N5).
void Account::on_audit(const Answer& answer, Nanos now) {
    if (answer.kind != AnswerKind::ok)
        return retry("positionRisk: " + answer.text, now, answer.retry_after);
    auto rows = read_positions(answer.body);
    if (!rows) return retry(rows.error().message, now);
    audit_due_ = now + positions_audit_interval;
    ++status_.audits;
    learn_mode(rows.value());
    for (const ListedPosition& row : rows.value()) {
        const SymbolId symbol = symbols_.find(row.symbol);
        if (symbol == no_symbol || !symbols_.is_configured(symbol)) continue;
        const bool known =
            std::any_of(listed_.begin(), listed_.end(), [&row](const ListedPosition& before) {
                return before.symbol == row.symbol && before.update.leg == row.update.leg &&
                       before.update.amount == row.update.amount;
            });
        if (known) continue;
        if (row.update.exchange_time.count == 0) {
            request_snapshot();  // without its time it cannot be compared with what was pushed
            continue;
        }
        queue(EventKind::position_update, symbol, now).position_update = row.update;
    }
    listed_ = std::move(rows).value();
}

}  // namespace tranche::aster
