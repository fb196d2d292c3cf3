// What the record stream said lately and in sum, kept in memory: alarms, changes of mode, volume by
// the hour. Everything older is the database's business.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "core/messages.hpp"
#include "core/symbols.hpp"

namespace tranche {

/// Fed with each record once. One thread.
class Recent {
public:
    static constexpr std::size_t alarm_limit = 200;
    static constexpr std::size_t mode_limit = 50;
    static constexpr std::size_t hours = 24;
    static constexpr std::size_t alarm_kinds =
        static_cast<std::size_t>(AlarmKind::records_lost) + 1;

    struct Alarm {
        Nanos time;
        AlarmRow row;
    };
    struct ModeChange {
        Nanos time;
        ModeRow row;
    };
    struct Hour {
        std::int64_t hour;  // since the epoch; 0 for none
        std::uint64_t liquidations;
        Wide volume;  // 1e-8 USDT
    };
    struct Totals {
        std::uint64_t liquidations{};
        Wide liquidated{};  // 1e-8 USDT
        std::uint64_t orders_filled{};
        std::uint64_t orders_final{};
        std::uint64_t wins{};  // closed tranches, net of fees
        std::uint64_t losses{};
        Wide realized{};  // of closed tranches, before fees
        Wide fees{};
    };

    void publish(const Record& record);

    /// Oldest first.
    const std::deque<Alarm>& alarms() const { return alarms_; }
    const std::deque<ModeChange>& modes() const { return modes_; }
    /// Raised and not over, the last state of each kind, symbol and tranche.
    std::size_t raised() const;
    /// Slot of an hour is its number modulo `hours`.
    const std::array<Hour, hours>& by_hour() const { return by_hour_; }
    const Totals& totals() const { return totals_; }
    /// Alarms ever raised, by kind.
    const std::array<std::uint64_t, alarm_kinds>& alarms_by_kind() const { return by_kind_; }

private:
    void count(const LiquidationRow& row);
    void count(const TrancheRow& row);

    std::deque<Alarm> alarms_;
    std::deque<ModeChange> modes_;
    std::array<Hour, hours> by_hour_{};
    Totals totals_;
    std::array<std::uint64_t, alarm_kinds> by_kind_{};
};

}  // namespace tranche
