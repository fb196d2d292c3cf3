#include "tools/sim/memory.hpp"

#include <algorithm>
#include <map>

#include "core/canary.hpp"
#include "core/require.hpp"

namespace tranche::sim {
namespace {

constexpr std::size_t recent_fills = 4096;
constexpr std::size_t window_rows = 512;

/// Keeps the newest half when it grows beyond `limit`.
template <class Row> void keep_newest(std::vector<Row>& rows, std::size_t limit) {
    if (rows.size() < 2 * limit) return;
    rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(limit));
}

}  // namespace

Memory::Memory() {
    tranches_.reserve(256);
    orders_.reserve(1024);
}

void Memory::apply(const Record& record) {
    switch (record.kind) {
        case RecordKind::tranche: return apply_tranche(record.tranche);
        case RecordKind::order: return apply_order(record.order);
        case RecordKind::fill:
            fills_.push_back(record.fill);
            return keep_newest(fills_, recent_fills);
        case RecordKind::liquidation:
            window_.push_back(record.liquidation);
            return keep_newest(window_, window_rows);
        case RecordKind::mode:
        case RecordKind::alarm:
        case RecordKind::balance:
        case RecordKind::merge: return;
    }
}

void Memory::apply_tranche(const TrancheRow& row) {
    const auto id = static_cast<std::uint32_t>(row.id);
    require(id < 10'000'000, "tranche ids count from 1");
    if (id >= tranches_.size()) tranches_.resize(id + 1);
    if (tranches_[id].id == no_tranche) live_.push_back(id);
    tranches_[id] = row;
}

void Memory::apply_order(const OrderRow& row) {
    const IdTable::Key key = IdTable::key(row.id);
    std::uint32_t place = order_places_.find(key);
    if (place == IdTable::nowhere) {
        place = static_cast<std::uint32_t>(orders_.size());
        order_places_.add(key, place);
        orders_.emplace_back();
    }
    orders_[place] = row;
}

void Memory::prune() {
    std::erase_if(live_, [&](std::uint32_t id) { return is_final(tranches_[id].state); });
}

Restored Memory::restored(std::uint32_t epoch, Nanos now, Nanos window) const {
    Restored made;
    made.epoch = epoch;
    std::map<std::pair<SymbolId, PositionSide>, std::pair<std::uint32_t, std::uint32_t>> keys;
    for (const TrancheRow& row : tranches_) {
        if (row.id == no_tranche) continue;
        made.next_tranche = std::max(made.next_tranche, static_cast<std::uint32_t>(row.id) + 1);
        auto& key = keys[{row.symbol, row.side}];
        key = std::max(key, {row.episode, row.ordinal + 1});
        if (!is_final(row.state) && !planted(Canary::memory_forgets_tranches))
            made.tranches.push_back(row);
    }
    for (const OrderRow& row : orders_)
        if (!is_final(row.state) && !planted(Canary::memory_forgets_orders))
            made.orders.push_back(row);
    made.recent_fills = fills_;
    for (const LiquidationRow& row : window_)
        if (now - row.arrival_time <= window) made.window.push_back(row);
    for (const auto& [key, value] : keys)
        made.episode_keys.push_back({key.first, key.second, value.first, value.second});
    return made;
}

void SimJournal::append(Record record) {
    record.sequence = ++appended_;
    recent_.push_back(record);
    current_.apply(record);
    listener_(whom_, record);
}

void SimJournal::commit(Nanos now, bool stalled) {
    if (stalled) return;
    while (folded_ < recent_.size() && now - recent_[folded_].time > group_commit)
        durable_.apply(recent_[folded_++]);
    if (folded_ < recent_.size() && folded_ < usual / 2) return;
    recent_.erase(recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(folded_));
    folded_ = 0;
}

void SimJournal::die(Loss loss, Nanos now) {
    switch (loss) {
        case Loss::nothing:
            for (; folded_ < recent_.size(); ++folded_) durable_.apply(recent_[folded_]);
            break;
        case Loss::last_moments: commit(now, false); break;
        case Loss::everything: durable_ = Memory{}; break;
        case Loss::older_copy:
            if (has_copy_) durable_ = copy_;
            break;
    }
    recent_.clear();
    folded_ = 0;
    current_ = durable_;
}

}  // namespace tranche::sim
