#include "tools/exchange/faults.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace tranche::exchange {
namespace {

enum class Group : std::uint8_t { calls, events, frames, connections, clocks };
enum class Argument : std::uint8_t { no_argument, a_number, a_shape, a_flaw };

/// How a fault is written, and what it does when little is said.
struct FaultInfo {
    std::string_view name;
    Group group;
    Argument argument;
    bool needs_argument;
    std::int64_t low, high;  // of a number
    std::string_view where;  // calls
    double probability;
    std::string_view help;
};

constexpr double everyday = 0.05;
constexpr std::int64_t longest_ms = 600'000;
constexpr std::int64_t most_bytes = 1 << 20;
using enum Group;
using enum Argument;

constexpr std::array<FaultInfo, fault_count> faults{{
    {"http503", calls, no_argument, false, 0, 0, "trade", everyday, "executed, answered 503"},
    {"cut", calls, a_number, false, 0, most_bytes, "trade", everyday,
     "executed, closed after N bytes (0) of the answer"},
    {"cut_request", calls, a_number, false, 0, most_bytes, "trade", 1,
     "closed after N bytes (0) of the request; executed only if it was no longer"},
    {"hang", calls, no_argument, false, 0, 0, "trade", 1, "executed, never answered, not closed"},
    {"hang_request", calls, no_argument, false, 0, 0, "trade", 1,
     "never executed, never answered, not closed"},
    {"delay", calls, a_number, false, 0, longest_ms, "signed", everyday,
     "answered N ms late (50 to 2000 by chance)"},
    {"delay_request", calls, a_number, true, 0, longest_ms, "trade", 1, "executed N ms late"},
    {"drip", calls, a_number, true, 1, 10'000, "any", 1, "a byte of the answer every N ms"},
    {"status", calls, a_number, true, 400, 599, "any", 1,
     "not executed, HTTP status N: 429 and 418 with Retry-After, others as HTML"},
    {"reject", calls, a_number, true, -99'999, -1, "POST order", 1,
     "not executed, 400 with code N"},
    {"executed", calls, a_number, true, -99'999, -1, "POST order", 1,
     "executed, and yet 400 with code N"},
    {"schema", calls, a_shape, true, 0, 0, "trade", 1,
     "executed; the answer is missing (a field), retyped, extra, huge, html, torn or empty"},
    {"last_answer", calls, no_argument, false, 0, 0, "any", 1,
     "the connection ends with the answer"},
    {"event_first", calls, no_argument, false, 0, 0, "trade", everyday,
     "user events leave before the answer that they belong to"},
    {"dup_events", events, no_argument, false, 0, 0, "", everyday, "a user event is sent twice"},
    {"drop_events", events, no_argument, false, 0, 0, "", 1, "a user event is never sent"},
    {"swap_events", events, no_argument, false, 0, 0, "", 1,
     "a user event is sent after the next one"},
    {"lag_events", events, a_number, true, 0, longest_ms, "", 1, "user events are N ms late"},
    {"dup_frames", frames, no_argument, false, 0, 0, "", 1, "a market frame is sent twice"},
    {"drop_frames", frames, no_argument, false, 0, 0, "", 1, "a market frame is never sent"},
    {"lag_frames", frames, a_number, true, 0, longest_ms, "", 1, "market frames are N ms late"},
    {"refuse", connections, no_argument, false, 0, 0, "", 1,
     "a connection that comes is closed at once"},
    {"blackhole", connections, no_argument, false, 0, 0, "", 1,
     "a connection that comes is accepted, and nothing more"},
    {"certificate", connections, a_flaw, true, 0, 0, "", 1,
     "a connection that comes is shown an expired, wrong_host or unknown_issuer certificate"},
    {"clock", clocks, a_number, true, -3'600'000, 3'600'000, "", 1,
     "the exchange's clock is N ms ahead"},
}};
constexpr std::array<std::string_view, 8> shapes{"",     "missing", "retyped", "extra",
                                                 "huge", "html",    "torn",    "empty"};
constexpr std::array<std::string_view, 4> flaws{"", "expired", "wrong_host", "unknown_issuer"};

const FaultInfo& info(Fault fault) {
    return faults[static_cast<std::size_t>(fault)];
}

std::optional<Fault> find_fault(std::string_view name) {
    for (std::size_t at = 0; at < faults.size(); ++at)
        if (faults[at].name == name) return static_cast<Fault>(at);
    return std::nullopt;
}

template <class Number> std::optional<Number> read_number(std::string_view text) {
    Number value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Takes what follows the last `mark` off the end of an entry.
std::optional<std::string_view> take_after(std::string_view& entry, char mark) {
    const std::size_t at = entry.rfind(mark);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view tail = entry.substr(at + 1);
    entry = entry.substr(0, at);
    return tail;
}

template <std::size_t N>
std::optional<std::int64_t> word(const std::array<std::string_view, N>& words,
                                 std::string_view text) {
    for (std::size_t at = 1; at < N; ++at)
        if (words[at] == text) return static_cast<std::int64_t>(at);
    return std::nullopt;
}

std::string read_argument(std::string_view text, FaultRule& rule) {
    const FaultInfo& about = info(rule.fault);
    switch (about.argument) {
        case no_argument: return fmt::format("fault {} takes no argument", about.name);
        case a_number: rule.number = read_number<std::int64_t>(text); break;
        case a_shape: rule.number = word(shapes, text); break;
        case a_flaw: rule.number = word(flaws, text); break;
    }
    const bool in_range = about.argument != a_number ||
                          (rule.number && *rule.number >= about.low && *rule.number <= about.high);
    if (rule.number && in_range) return {};
    if (about.argument == a_number)
        return fmt::format("fault {}: \"{}\" is not a whole number from {} to {}", about.name, text,
                           about.low, about.high);
    return fmt::format("fault {}: \"{}\" is unknown: {}", about.name, text, about.help);
}

bool known_place(std::string_view where) {
    for (const std::string_view known : {"any", "open", "query", "trade", "signed"})
        if (where == known) return true;
    for (const std::string_view method : {"GET ", "POST ", "PUT ", "DELETE "})
        if (where.starts_with(method) && where.size() > method.size()) return true;
    return false;
}

/// What is wrong with the entry, or empty.
std::string read_entry(std::string_view entry, FaultRule& rule) {
    const auto probability = take_after(entry, '=');
    const auto times = take_after(entry, '*');
    const auto text = take_after(entry, '~');
    const auto where = take_after(entry, '@');
    const auto argument = take_after(entry, ':');
    const auto fault = find_fault(entry);
    if (!fault) {
        std::vector<std::string_view> names;
        names.reserve(faults.size());
        for (const FaultInfo& one : faults) names.push_back(one.name);
        return fmt::format("unknown fault \"{}\"; known are none, all, {}", entry,
                           fmt::join(names, ", "));
    }
    rule.fault = *fault;
    const FaultInfo& about = info(*fault);
    rule.probability = times ? 1 : about.probability;
    if (argument)
        if (std::string wrong = read_argument(*argument, rule); !wrong.empty()) return wrong;
    if (about.needs_argument && !argument)
        return fmt::format("fault {} needs an argument, as in {}:N: {}", entry, entry, about.help);
    rule.where = where.value_or(about.where);
    rule.text = text.value_or("");
    if ((where || text) && about.group != calls)
        return fmt::format("fault {} is not one of calls: it takes no @ and no ~", entry);
    if (where && !known_place(*where))
        return fmt::format(
            "fault {}: @{} is none of any, open, query, trade, signed or a call as "
            "in @POST order",
            entry, *where);
    if (times) {
        rule.left = read_number<std::int64_t>(*times);
        if (!rule.left || *rule.left < 1)
            return fmt::format("fault {}: *{} is not a number of times", entry, *times);
    }
    if (probability) {
        const auto value = read_number<double>(*probability);
        if (!value || !(*value >= 0 && *value <= 1))
            return fmt::format("fault {}: probability \"{}\" is not a number from 0 to 1", entry,
                               *probability);
        rule.probability = *value;
    }
    return {};
}

bool concerns(const FaultRule& rule, const CallFacts& call) {
    const std::string_view where = rule.where;
    if (!rule.text.empty() && call.parameters.find(rule.text) == std::string_view::npos)
        return false;
    if (where == "any") return true;
    if (where == "open") return call.kind == RequestKind::open;
    if (where == "query") return call.kind == RequestKind::query;
    if (where == "trade") return call.kind == RequestKind::trade;
    if (where == "signed") return call.kind != RequestKind::open;
    const std::size_t space = where.find(' ');
    return where.substr(0, space) == call.method && where.substr(space + 1) == call.name;
}

}  // namespace

std::string_view name(Fault fault) {
    return info(fault).name;
}

std::string faults_help() {
    std::string text =
        "Faults: none, all, or a list of NAME[:N][@WHERE[~TEXT]][*TIMES][=PROBABILITY]\n"
        "  WHERE: any, open, query, trade, signed, or a call as in 'POST order'; TEXT: what its\n"
        "  parameters contain. Without PROBABILITY always, or as shown. POST /sim/faults takes\n"
        "  such a list as its body and replaces the rules; GET /sim/faults counts what happened.\n";
    for (const FaultInfo& one : faults) {
        const std::string preset =
            fmt::format("{}{}", one.where.empty() ? "" : fmt::format(" [@{}]", one.where),
                        one.probability < 1 ? fmt::format(" [={}]", one.probability) : "");
        text += fmt::format("  {:<13} {}{}\n", one.name, one.help, preset);
    }
    return text;
}

std::optional<FaultRules> parse_faults(std::string_view list, std::string& error) {
    FaultRules rules;
    if (list == "none" || list.empty()) return rules;
    if (list == "all") list = "http503,delay,dup_events,event_first,cut";
    while (true) {
        const std::string_view entry = list.substr(0, list.find(','));
        error = read_entry(entry, rules.emplace_back());
        if (!error.empty()) return std::nullopt;
        if (entry.size() == list.size()) return rules;
        list.remove_prefix(entry.size() + 1);
    }
}

bool FaultPlan::happens(FaultRule& rule) {
    if (rule.left && *rule.left == 0) return false;
    if (rule.probability < 1 && !random_.chance(rule.probability)) return false;
    if (rule.left) --*rule.left;
    ++rule.happened;
    return true;
}

void FaultPlan::apply(const FaultRule& rule, RequestFate& fate, Random& random) {
    const std::int64_t number = rule.number.value_or(0);
    const auto bytes = static_cast<std::size_t>(std::max(number, std::int64_t{0}));
    switch (rule.fault) {
        case Fault::http503: fate.answer_503 = true; return;
        case Fault::cut: fate.cut_response = bytes; return;
        case Fault::cut_request: fate.cut_request = bytes; return;
        case Fault::hang: fate.hang = true; return;
        case Fault::hang_request: fate.never_arrives = true; return;
        case Fault::delay:
            fate.delay_ms =
                rule.number ? number : static_cast<std::int64_t>(random.uniform(50, 2000));
            return;
        case Fault::delay_request: fate.delay_request_ms = number; return;
        case Fault::drip: fate.drip_ms = number; return;
        case Fault::status: fate.status = static_cast<unsigned>(number); return;
        case Fault::reject: fate.reject_code = static_cast<int>(number); return;
        case Fault::executed: fate.executed_code = static_cast<int>(number); return;
        case Fault::schema: fate.shape = static_cast<Shape>(number); return;
        case Fault::last_answer: fate.last_answer = true; return;
        case Fault::event_first: fate.events_first = true; return;
        case Fault::dup_events:
        case Fault::drop_events:
        case Fault::swap_events:
        case Fault::lag_events:
        case Fault::dup_frames:
        case Fault::drop_frames:
        case Fault::lag_frames:
        case Fault::refuse:
        case Fault::blackhole:
        case Fault::certificate:
        case Fault::clock: return;
    }
}

RequestFate FaultPlan::decide(const CallFacts& call) {
    RequestFate fate;
    for (FaultRule& rule : rules_)
        if (info(rule.fault).group == Group::calls && concerns(rule, call) && happens(rule))
            apply(rule, fate, random_);
    return fate;
}

FrameFate FaultPlan::decide_event() {
    FrameFate fate;
    for (FaultRule& rule : rules_) {
        if (info(rule.fault).group != Group::events || !happens(rule)) continue;
        fate.twice |= rule.fault == Fault::dup_events;
        fate.never |= rule.fault == Fault::drop_events;
        fate.after_next |= rule.fault == Fault::swap_events;
        fate.lag_ms += rule.number.value_or(0);
    }
    return fate;
}

FrameFate FaultPlan::decide_frame() {
    FrameFate fate;
    for (FaultRule& rule : rules_) {
        if (info(rule.fault).group != Group::frames || !happens(rule)) continue;
        fate.twice |= rule.fault == Fault::dup_frames;
        fate.never |= rule.fault == Fault::drop_frames;
        fate.lag_ms += rule.number.value_or(0);
    }
    return fate;
}

ConnectionFate FaultPlan::decide_connection() {
    ConnectionFate fate;
    for (FaultRule& rule : rules_) {
        if (info(rule.fault).group != Group::connections || !happens(rule)) continue;
        fate.refuse |= rule.fault == Fault::refuse;
        fate.blackhole |= rule.fault == Fault::blackhole;
        if (rule.fault == Fault::certificate)
            fate.flaw = static_cast<Flaw>(rule.number.value_or(0));
    }
    return fate;
}

std::int64_t FaultPlan::clock_ms() const {
    std::int64_t ahead = 0;
    for (const FaultRule& rule : rules_)
        if (rule.fault == Fault::clock) ahead += rule.number.value_or(0);
    return ahead;
}

}  // namespace tranche::exchange
