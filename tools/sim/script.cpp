#include "tools/sim/script.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace tranche::sim {
namespace {

constexpr std::array<std::string_view, action_count> names{
    "liquidation",     "shock",        "flash",       "pace",           "by_hand",
    "cancel_by_hand",  "forced",       "drip",        "leverage",       "user_cut",
    "user_half_open",  "user_rotate",  "key_expires", "market_cut",     "market_half_open",
    "outage",          "throttle",     "ban",         "refuse_keys",    "mode_mismatch",
    "no_margin",       "halt_symbol",  "new_filters", "stall",          "freeze",
    "writer_stall",    "slow_disk",    "flood",       "kill",           "terminate",
    "restart_smaller", "clock_offset", "clock_step",  "exchange_clock", "margin_call",
    "second_instance", "merge",        "pause",       "resume"};
static_assert(names[static_cast<std::size_t>(ActionKind::kill)] == "kill" &&
              names.back() == "resume");

Fault fault_of_kill(std::int64_t loss) {
    return loss == static_cast<std::int64_t>(Loss::older_copy) ? Fault::d6 : Fault::p1;
}

std::string_view next_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    const std::string_view word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

template <class Integer> bool read(std::string_view& line, Integer& value) {
    const std::string_view word = next_word(line);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc{} && end == word.data() + word.size();
}

bool read_action(std::string_view line, Action& action) {
    constexpr std::int64_t longest_us = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    std::int64_t at_us = 0;
    std::uint16_t symbol = 0;
    if (!read(line, at_us) || at_us < 0 || at_us > longest_us) return false;
    const std::string_view word = next_word(line);
    const auto* const found = std::find(names.begin(), names.end(), word);
    if (found == names.end() || !read(line, symbol) || !read(line, action.value)) return false;
    action.at = microseconds(at_us);
    action.kind = static_cast<ActionKind>(found - names.begin());
    action.symbol = SymbolId{symbol};
    return next_word(line).empty();
}

Error wrong(std::size_t line, std::string_view what) {
    return {ErrorKind::bad_data,
            "script, line " + std::to_string(line) + ": expected " + std::string{what}};
}

bool read_head(std::string_view line, Script& script, std::string& trouble) {
    if (next_word(line) != "run" || !read(line, script.seed) || !read(line, script.steps))
        return false;
    const auto faults = parse_faults(next_word(line));
    if (!faults) {
        trouble = faults.error().message;
        return false;
    }
    script.faults = faults.value();
    return next_word(line).empty();
}

}  // namespace

std::string_view name(ActionKind kind) {
    return names[static_cast<std::size_t>(kind)];
}

ActionFault fault_of(const Action& action) {
    switch (action.kind) {
        case ActionKind::liquidation:
        case ActionKind::shock:
        case ActionKind::pace:
        case ActionKind::pause:
        case ActionKind::resume: return {false, {}};
        case ActionKind::flash: return {true, Fault::s2};
        case ActionKind::by_hand: return {true, Fault::s5};
        case ActionKind::cancel_by_hand: return {true, Fault::s6};
        case ActionKind::forced: return {true, Fault::s4};
        case ActionKind::drip: return {true, Fault::s1};
        case ActionKind::leverage: return {true, Fault::s7};
        case ActionKind::user_cut: return {true, Fault::n3};
        case ActionKind::user_half_open:
        case ActionKind::market_half_open: return {true, Fault::n4};
        case ActionKind::user_rotate: return {true, Fault::n10};
        case ActionKind::key_expires: return {true, Fault::n12};
        case ActionKind::market_cut: return {true, Fault::n2};
        case ActionKind::outage: return {true, Fault::n15};
        case ActionKind::throttle:
        case ActionKind::ban: return {true, Fault::x12};
        case ActionKind::refuse_keys: return {true, Fault::x11};
        case ActionKind::mode_mismatch: return {true, Fault::x10};
        case ActionKind::no_margin: return {true, Fault::x7};
        case ActionKind::halt_symbol: return {true, Fault::s8};
        case ActionKind::new_filters: return {true, Fault::s9};
        case ActionKind::stall: return {true, Fault::p4};
        case ActionKind::freeze: return {true, Fault::p5};
        case ActionKind::writer_stall: return {true, Fault::d3};
        case ActionKind::slow_disk: return {true, Fault::d5};
        case ActionKind::flood: return {true, Fault::m1};
        case ActionKind::kill: return {true, fault_of_kill(action.value)};
        case ActionKind::terminate: return {true, Fault::p3};
        case ActionKind::restart_smaller: return {true, Fault::c2};
        case ActionKind::clock_offset: return {true, Fault::x2};
        case ActionKind::clock_step: return {true, Fault::t1};
        case ActionKind::exchange_clock: return {true, Fault::t2};
        case ActionKind::margin_call: return {true, Fault::x8};
        case ActionKind::second_instance: return {true, Fault::o1};
        case ActionKind::merge: return {true, Fault::o3};
    }
    return {false, {}};
}

std::string script_text(const Script& script) {
    std::string text = "run " + std::to_string(script.seed) + " " + std::to_string(script.steps) +
                       " " + fault_text(script.faults) + "\n";
    for (const Action& action : script.actions) {
        text += std::to_string(action.at.microseconds()) + " ";
        text += name(action.kind);
        text +=
            " " + std::to_string(index(action.symbol)) + " " + std::to_string(action.value) + "\n";
    }
    return text;
}

Result<Script> parse_script(std::string_view text) {
    Script script;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (number == 1) {
            std::string trouble = "'run SEED STEPS FAULTS'";
            if (!read_head(line, script, trouble)) return wrong(number, trouble);
            continue;
        }
        if (line.empty()) continue;
        Action action;
        if (!read_action(line, action)) return wrong(number, "'MICROSECONDS ACTION SYMBOL VALUE'");
        script.actions.push_back(action);
    }
    if (number == 0) return wrong(1, "'run SEED STEPS FAULTS'");
    std::stable_sort(script.actions.begin(), script.actions.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    return script;
}

}  // namespace tranche::sim
