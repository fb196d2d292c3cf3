// What our process remembers beyond its death: the newest state of each row, folded from records,
// as journal and database would have it. Stands in the place of the journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/messages.hpp"
#include "core/restored.hpp"
#include "core/settings.hpp"
#include "tools/sim/script.hpp"
#include "tools/sim/table.hpp"

namespace tranche::sim {

/// Rows by id, newest state.
class Memory {
public:
    Memory();

    void apply(const Record& record);
    /// What a start finds; `epoch` is that of the start.
    Restored restored(std::uint32_t epoch, Nanos now, Nanos window) const;

    /// By tranche id; id 0 for those that never were.
    const std::vector<TrancheRow>& tranches() const { return tranches_; }
    const std::vector<OrderRow>& orders() const { return orders_; }
    /// Tranches that hold something or wait for it; may contain some that are over.
    const std::vector<std::uint32_t>& live() const { return live_; }
    /// Takes out of `live` what is over.
    void prune();

private:
    void apply_tranche(const TrancheRow& row);
    void apply_order(const OrderRow& row);

    std::vector<TrancheRow> tranches_;
    std::vector<std::uint32_t> live_;
    std::vector<OrderRow> orders_;
    IdTable order_places_;
    std::vector<FillRow> fills_;
    std::vector<LiquidationRow> window_;
};

/// The journal of the engine's stage. Records younger than `group_commit` can still be lost when
/// the power goes; whoever listens hears of each record at once.
class SimJournal {
public:
    static constexpr Nanos group_commit = milliseconds(50);
    static constexpr std::size_t usual = 8192;

    /// Called with every record; a plain pointer, to cost nothing when tracing is off.
    using Listener = void (*)(void* whom, const Record& record);

    SimJournal(Listener listener, void* whom) : listener_{listener}, whom_{whom} {
        recent_.reserve(usual);
    }

    void append(Record record);
    /// The writer's turn: what is old enough becomes durable, unless it is stalled.
    void commit(Nanos now, bool stalled);
    /// The process dies: keeps everything, or only what was committed.
    void die(Loss loss, Nanos now);
    /// The database of an earlier moment.
    void keep_copy() {
        copy_ = durable_;
        has_copy_ = true;
    }

    const Memory& durable() const { return durable_; }
    /// All records folded, also those that a power cut would take.
    const Memory& now_known() const { return current_; }
    Memory& now_known() { return current_; }
    std::uint64_t appended() const { return appended_; }

private:
    Listener listener_;
    void* whom_;
    Memory durable_;
    Memory current_;
    Memory copy_;
    bool has_copy_{};
    std::vector<Record> recent_;  // not durable yet, from `folded_` on
    std::size_t folded_{};
    std::uint64_t appended_{};
};

}  // namespace tranche::sim
