// What is done to a run from outside, in words: workload, human hands and faults, each with its
// time. A seed expands to a script; a shrunk script replays what it shows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "tools/sim/fault.hpp"

namespace tranche::sim {

enum class ActionKind : std::uint8_t {
    liquidation,     // value: USDT, positive for a forced sell
    shock,           // value: permille of the price
    flash,           // the same, and back 100 ms later
    pace,            // value: market events a second
    by_hand,         // value: permille of a typical entry; negative closes a part
    cancel_by_hand,  // value: which one of our stops
    forced,          // value 0: liquidation, 1: deleveraging
    drip,            // value: lots; the next fills come in small parts
    leverage,        // value: the new one
    user_cut,        // value: milliseconds
    user_half_open,
    user_rotate,
    key_expires,
    market_cut,
    market_half_open,
    outage,
    throttle,
    ban,
    refuse_keys,      // X11: every signed request, for so long
    mode_mismatch,    // X10
    no_margin,        // X7
    halt_symbol,      // S8
    new_filters,      // S9
    stall,            // the engine's thread is off its core
    freeze,           // the whole machine is
    writer_stall,     // the database is locked
    slow_disk,        // each commit takes a second
    flood,            // value: market events at once while the engine's thread is off its core
    kill,             // value: Loss
    terminate,        // SIGTERM, and started again
    restart_smaller,  // value: limits in percent of what they were
    clock_offset,     // value: milliseconds; how long the notice stands
    clock_step,       // value: milliseconds by which the wall clock steps
    exchange_clock,   // value: milliseconds; the exchange's clock is wrong for a while
    margin_call,
    second_instance,
    merge,  // a click; value: side
    pause,
    resume,
};
inline constexpr std::size_t action_count = 39;

/// What a killed process remembers.
enum class Loss : std::uint8_t { nothing, last_moments, everything, older_copy };

struct Action {
    Nanos at;  // since the start of the run
    ActionKind kind{};
    SymbolId symbol{};
    std::int64_t value{};
};

/// One run, whole. `steps` counts what the pipeline is given.
struct Script {
    std::uint64_t seed{};
    std::uint64_t steps{};
    FaultSet faults;  // those decided request by request and event by event, among others
    std::vector<Action> actions;  // by time
};

/// The fault an action stands for; false in `second` for what is plain workload.
struct ActionFault {
    bool is_fault;
    Fault fault;
};
ActionFault fault_of(const Action& action);

std::string_view name(ActionKind kind);

/// A line for the head, a line for each action.
std::string script_text(const Script& script);
/// Errors (bad_data): the line and what is wrong with it.
Result<Script> parse_script(std::string_view text);

}  // namespace tranche::sim
