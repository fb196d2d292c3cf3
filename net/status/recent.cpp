#include "net/status/recent.hpp"

#include <set>
#include <tuple>

namespace tranche {

void Recent::publish(const Record& record) {
    switch (record.kind) {
        case RecordKind::liquidation: return count(record.liquidation);
        case RecordKind::tranche: return count(record.tranche);
        case RecordKind::order:
            if (is_final(record.order.state)) ++totals_.orders_final;
            if (record.order.state == OrderState::filled) ++totals_.orders_filled;
            return;
        case RecordKind::mode:
            modes_.push_back({record.time, record.mode});
            if (modes_.size() > mode_limit) modes_.pop_front();
            return;
        case RecordKind::alarm:
            alarms_.push_back({record.time, record.alarm});
            if (record.alarm.raised && static_cast<std::size_t>(record.alarm.kind) < alarm_kinds)
                ++by_kind_[static_cast<std::size_t>(record.alarm.kind)];
            if (alarms_.size() > alarm_limit) alarms_.pop_front();
            return;
        case RecordKind::fill:
        case RecordKind::balance:
        case RecordKind::merge: return;
    }
}

void Recent::count(const LiquidationRow& row) {
    ++totals_.liquidations;
    totals_.liquidated += row.value.raw;
    const std::int64_t number = row.arrival_time.count / seconds(3600).count;
    if (number < 0) return;
    Hour& hour = by_hour_[static_cast<std::size_t>(number) % hours];
    if (hour.hour > number) return;
    if (hour.hour < number) hour = {number, 0, 0};
    ++hour.liquidations;
    hour.volume += row.value.raw;
}

void Recent::count(const TrancheRow& row) {
    if (row.state != TrancheState::closed) return;
    totals_.realized += row.realized.raw;
    totals_.fees += row.fees.raw;
    if (row.realized > row.fees) ++totals_.wins;
    if (row.realized < row.fees) ++totals_.losses;
}

std::size_t Recent::raised() const {
    std::set<std::tuple<AlarmKind, SymbolId, TrancheId>> seen;
    std::size_t raised = 0;
    for (auto alarm = alarms_.rbegin(); alarm != alarms_.rend(); ++alarm)
        if (seen.emplace(alarm->row.kind, alarm->row.symbol, alarm->row.tranche).second &&
            alarm->row.raised)
            ++raised;
    return raised;
}

}  // namespace tranche
