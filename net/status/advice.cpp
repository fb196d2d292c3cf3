// What an operator can do: the second half of every alarm, and whether the engine waits for one.
#include "net/status/json.hpp"
#include "net/status/names.hpp"

namespace tranche {

std::string_view advice(AlarmKind kind) {
    switch (kind) {
        case AlarmKind::unprotected_too_long:
            return "Entries of this side wait. It is tried again by itself; place a stop by hand "
                   "if it does not end.";
        case AlarmKind::order_unknown:
            return "It is asked about until its fate is certain; no second one is sent.";
        case AlarmKind::protection_rejected:
            return "It is tried again ever more slowly. The exchange's list of error codes says "
                   "why it was refused.";
        case AlarmKind::position_differs:
            return "Somebody else traded here, or news was missed. Compare positions and tranches.";
        case AlarmKind::clock_offset:
            return "Entries wait. Check the time synchronisation of this host.";
        case AlarmKind::credentials_refused:
            return "Nothing is sent, exits at the exchange stay. Check key, user and permissions, "
                   "then start again.";
        case AlarmKind::margin_call: return "Add margin or reduce positions, then press Resume.";
        case AlarmKind::forced_close:
            return "Look at margin and leverage of the account, then press Resume.";
        case AlarmKind::rate_limited:
            return "It passes by itself. If it returns, lower limits.entries_per_minute or raise "
                   "rate_limit_buffer_pct.";
        case AlarmKind::banned:
            return "Exits at the exchange stay. Find what else uses this address, wait for the end "
                   "of the ban, then press Resume.";
        case AlarmKind::user_stream_lost:
            return "Entries wait, exits at the exchange stay. It is opened again by itself.";
        case AlarmKind::market_stream_lost: return "Entries wait. It is opened again by itself.";
        case AlarmKind::stop_placed_at_limit:
            return "Check the stop-loss distance of this symbol against its price limits.";
        case AlarmKind::governor_tripped:
            return "Entries within the limits go on by themselves. While the mode says protect "
                   "only: look at the cause, then press Resume.";
        case AlarmKind::adopted:
            return "It was opened by somebody else and now has a stop and a take-profit. Close it "
                   "at the exchange if it should not be here.";
        case AlarmKind::foreign_epoch:
            return "Two processes trade this account. Stop one of them; then press Resume on the "
                   "one that stays.";
        case AlarmKind::entry_rejected:
            return "Protection goes on. The exchange's list of error codes says why; a symbol that "
                   "was closed is traded again after Resume.";
        case AlarmKind::exchange_unreachable:
            return "Exits at the exchange stay. Check network and the exchange's status page.";
        case AlarmKind::control_refused: return "Nothing was changed. Mend it, ask again.";
        case AlarmKind::size_overshoot:
            return "Raise trade_value_usdt or leverage of this symbol, or set "
                   "max_size_overshoot_pct to refuse such entries.";
        case AlarmKind::exit_removed:
            return "It is not placed again. Find who cancels it; press Resume to have it back.";
        case AlarmKind::order_limit:
            return "The tranche stays protected. Raise max_orders_per_tranche if that is the "
                   "limit; else close tranches of this symbol.";
        case AlarmKind::position_mode:
            return "Make globals.hedge_mode and the account's mode agree, then press Resume.";
        case AlarmKind::filters_doubted:
            return "The symbol's rules are read again every minute; entries go on when they have "
                   "changed. Press Resume to try once more with the old ones.";
        case AlarmKind::agent_expires:
            return "Approve a new signer or extend this one, then start again. Exits stay.";
        case AlarmKind::stream_gap: return "What was missed is asked for again.";
        case AlarmKind::answers_changed:
            return "Look for a change of the exchange's API, and for a newer version of this.";
        case AlarmKind::storage:
            return "Look at the disk of storage.database: room, speed, errors.";
        case AlarmKind::records_lost: return "What is held was written again; history has gaps.";
    }
    return "";
}

bool waits_for_operator(const EngineBoardRow& engine) {
    if (engine.paused || engine.mode == Mode::halt || engine.mode == Mode::flatten) return true;
    return engine.mode == Mode::protect_only &&
           text_of(engine.mode_reason).find("resume") != std::string_view::npos;
}

}  // namespace tranche
