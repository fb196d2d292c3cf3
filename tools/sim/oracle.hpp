// What must always hold, judged from the exchange's own ledger and from what the engine recorded.
// Shares no code with the engine. Cheap enough to run after every step.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/messages.hpp"
#include "tools/sim/excuses.hpp"
#include "tools/sim/ledger.hpp"
#include "tools/sim/memory.hpp"
#include "tools/sim/plan.hpp"
#include "tools/sim/spending.hpp"

namespace tranche::sim {

/// The first thing that must never have happened.
struct Violation {
    std::string invariant;  // I1 … I18, G7, liveness, determinism
    std::string text;
};

/// What the oracle may ask of the engine, copied out after a step.
struct EngineView {
    Mode mode{};
    bool paused{};
    std::uint32_t epoch{};
    std::array<std::array<bool, 2>, most_symbols> reconciling{};
    bool stray_reservation{};  // margin is reserved, and no entry is there to use it
    Nanos drained_at;          // when the engine had last taken every event there was
};

/// Milliseconds, one bucket each; the last one holds what is longer.
struct UnprotectedTimes {
    static constexpr std::size_t longest = 2'000;
    std::array<std::uint64_t, longest + 1> counts{};
    std::uint64_t samples{};
    std::uint64_t covered_at_once{};  // fills that a stop or a backstop covered before they came
    std::int64_t max_ms{};

    void add(Nanos time);
    /// The time that so many of a thousand samples do not exceed.
    std::int64_t permille(std::uint64_t wanted) const;
    void add(const UnprotectedTimes& other);
};

class Oracle {
public:
    explicit Oracle(const Plan& plan);

    // What happens at the exchange.
    void sent(const Command& command, Nanos now);
    /// A keep-alive left.
    void pinged(Nanos now) { spending_.add({}, now); }
    /// The exchange's limits leave nothing for anybody.
    bool limits_used_up(Nanos now) { return spending_.used_permille(now) >= 900; }
    void arrived(const Command& command, Nanos now);
    void accepted(const Command& command, std::int64_t order_id, Nanos now);
    /// The exchange has placed an exit that left with its entry.
    void attached(const Command& exit, std::int64_t order_id, Nanos now);
    /// The exchange has changed an order of ours in place.
    void replaced(const Command& command, Nanos now);
    void executed(const Command& command, const Reply& reply, Nanos now);
    void truth(const Event& event, Nanos now);

    // What happens at the engine.
    void decided(const Command& command, const EngineView& view, Nanos now);
    void recorded(const Record& record);
    /// An event reached the engine that the exchange had made at `made`.
    void delivered(const Event& event, Nanos made, Nanos now);
    /// A process ended; `memory` is what is left of what it knew.
    void died(Loss loss, const Memory& memory);
    /// A process begins with `known`.
    void restarted(std::uint32_t epoch, const Memory& known, Nanos now);

    // What excuses a delay, and what does not. A missing stop (I3) needs a reason of its own.
    void excuse(SymbolId symbol, PositionSide side, Nanos until);
    void excuse_all(Nanos until);
    void excuse_bare(Excuse why, SymbolId symbol, PositionSide side, Nanos until) {
        watch(symbol, side).excuses.add(why, until);
    }
    void excuse_bare(Excuse why, Nanos until) { all_bare_.add(why, until); }
    /// Cancels of entries may take as long.
    void excuse_entries(Nanos until) {
        entries_excused_until_ = std::max(entries_excused_until_, until);
    }
    /// Somebody else traded on this symbol.
    void foreign(SymbolId symbol) { foreign_.set(tranche::index(symbol)); }
    /// S6: somebody else cancels an exit of ours. From the third time on it may stay away.
    void removed_by_hand(const ClientOrderId& id);
    /// The next order accepted comes from somebody else who uses our ids.
    void second_instance() { ++entry_verdicts_; }

    /// All clocks; every 50 ms.
    void sweep(Memory& memory, const EngineView& view, Nanos now);
    /// Everything again from the beginning. `net` is what the venue's account says.
    void recount(const Memory& memory, Nanos now);
    void compare(SymbolId symbol, PositionSide side, std::int64_t net, Nanos now);
    /// Empty once all is as it must be when nothing goes on.
    std::string unsettled(const Memory& memory) const;

    void fail(const char* invariant, std::string text, Nanos now);
    const std::optional<Violation>& violation() const { return violation_; }
    const Ledger& ledger() const { return ledger_; }
    /// Spans without stop or backstop, from the evidence that reached the engine to the cover.
    const UnprotectedTimes& unprotected() const { return unprotected_; }
    /// The same without counting backstops: how long tranches wait for stops of their own.
    const UnprotectedTimes& short_of_stops() const { return short_of_stops_; }
    const ExcusedTimes& excused() const { return excused_; }
    /// Every trade the engine was told of is booked, and no memory of it was lost.
    bool booked(SymbolId symbol, std::int64_t trade_id);
    bool remembers_all() const { return remembers_all_; }
    std::uint64_t entry_orders() const { return entry_orders_; }
    std::uint64_t orders() const { return orders_; }
    std::uint64_t doubled_orders() const { return doubled_; }

private:
    /// Something is missing: since when, and since when the engine knows.
    struct Span {
        Nanos since;  // by the ledger, as last seen
        Nanos known;  // 0 while it does not
    };
    struct SideWatch {
        Excuses excuses;  // of I3
        Span bare;        // neither stops nor backstop cover it
        Span short_of;    // stops alone do not
        Nanos excused_until;
        Nanos differs_since;  // tranches and position
        Nanos flagged_since;  // differing, and the engine says so
        Nanos over_covered_since;
        std::int64_t recorded{};         // Σ tranche quantity by the records
        std::int64_t entered{};          // Σ of what they say was entered, ever
        std::int64_t adopted{};          // part of it that no order of ours may have brought
        std::uint64_t newest_ordinal{};  // episode and ordinal of the newest tranche
    };
    struct TrancheWatch {
        TrancheId absorbed_by{};
        Quantity quantity;  // by the newest record
        Quantity entered;
        Quantity exited;
        Quantity exit_fills;                    // booked on it, of its own exits
        std::array<std::uint8_t, 2> removed{};  // by hand, since it was resumed: stops, profits
        ClientOrderId newest_stop;              // that the exchange accepted
        bool known{};
        bool over{};
        bool forgotten{};  // all memory of it was lost once
        Nanos stop_short_since;
        Nanos profit_short_since;
    };

    // oracle_books.cpp
    void check_time(const Command& command, Nanos now);
    void check_book(const Command& command, Nanos now);
    void check_replacement(const Command& command, Nanos now);
    void check_window(const LiquidationRow& row, Nanos now);
    void check_end(const OrderRow& row, Nanos now);
    void check_tranche(const TrancheRow& row, TrancheWatch& seen, Nanos now);
    void check_resolution(const TrancheRow& row, const TrancheWatch& seen, Nanos now);
    void check_exits(const TrancheRow& row, Nanos now);
    void watch_entries(Nanos now);
    std::string left_behind() const;

    void check_shape(const Command& command, Nanos now);
    void check_attached(const Command& entry, Nanos now);
    void check_change(const Command& command, Nanos now);
    // oracle_limits.cpp
    void check_caps(const Command& command, Nanos now);
    void check_counts(const Command& command, Nanos now);
    void check_reserve(Nanos now);
    void settle_pending(const ClientOrderId& id);
    Notional exposure(SymbolId symbol) const;
    std::int64_t leverage_of(SymbolId symbol) const;

    void book(const FillRow& fill, Nanos now);
    void watch_bare(SymbolId symbol, Nanos now);
    void watch_side(SymbolId symbol, PositionSide side, const EngineView& view, Nanos now);
    /// What works for a tranche at the exchange.
    struct Exits {
        Quantity stops{};
        Quantity profits{};
        bool backstopped{};
        bool dust{};  // X6: less than an order may be worth is left to the backstop
    };
    Exits exits_of(const TrancheRow& row) const;
    void watch_tranche(const TrancheRow& row, Nanos now);
    TrancheWatch& watch_of(TrancheId id);
    void forget_removals();
    bool left_to_backstop(TrancheId id) const;
    TrancheId resolve(TrancheId id);
    SideWatch& watch(SymbolId symbol, PositionSide side) {
        return sides_[tranche::index(symbol) * 2 + tranche::index(side)];
    }
    Nanos excused_until(SymbolId symbol, PositionSide side) {
        return std::max(all_excused_until_, watch(symbol, side).excused_until);
    }
    Nanos bare_excused_until(SymbolId symbol, PositionSide side) {
        return std::max(all_bare_.until(), watch(symbol, side).excuses.until());
    }
    bool protects(SymbolId symbol) const {  // a backstop lies beyond a stop
        return plan_.settings.symbols[tranche::index(symbol)].stop_loss_enabled;
    }
    bool is_evidence(const Event& event, PositionSide side, Nanos since, Nanos made);
    void learn(const Event& event, PositionSide side, Nanos made, Nanos now);
    void follow(Span& span, Nanos since, Nanos excused, UnprotectedTimes& times, Nanos now) const;
    void count_excuses(SymbolId symbol, PositionSide side, Nanos now);

    const Plan& plan_;
    Ledger ledger_;
    std::vector<SideWatch> sides_;
    std::vector<TrancheWatch> tranches_;
    UnprotectedTimes unprotected_;
    UnprotectedTimes short_of_stops_;
    ExcusedTimes excused_;
    Excuses all_bare_;
    Spending spending_;
    struct Pending {
        ClientOrderId id;
        SymbolId symbol{};
        Notional notional;
    };
    std::vector<Pending> pending_;  // entries decided, and not at the exchange yet
    std::optional<Violation> violation_;
    std::bitset<most_symbols> foreign_;
    IdTable decided_{1024};
    IdTable arrived_{1024};
    IdTable dead_{1024};  // orders the engine said do not exist
    struct Volume {
        Nanos time;
        Side side;
        std::int64_t value;
    };
    struct SymbolWatch {
        std::deque<Volume> window;
        Nanos crowded_until;  // before that the engine may have put volumes together
        Nanos book;           // newest quote the engine was given
    };
    std::array<SymbolWatch, most_symbols> symbols_;
    bool remembers_all_{true};  // no process has lost any of its memory
    bool overlap_refused_{};    // a stop beside another one: the engine has learned to replace
    Nanos all_excused_until_;
    Nanos entries_excused_until_;
    Nanos foreign_epoch_seen_;
    Nanos newest_record_;
    std::uint32_t epoch_{};
    std::uint64_t newest_sequence_{};
    std::uint64_t entries_decided_{};
    std::uint64_t entry_verdicts_{};
    std::uint64_t entry_orders_{};
    std::uint64_t orders_{};
    std::uint64_t doubled_{};
};

}  // namespace tranche::sim
