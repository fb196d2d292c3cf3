#include "tools/sim/fault.hpp"

#include <algorithm>
#include <charconv>

namespace tranche::sim {
namespace {

constexpr std::array<std::string_view, fault_count> names{
    "N1",  "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9", "N10", "N12", "N15",
    "X1",  "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10", "X11", "X12",
    "X13", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9",  "P1",  "P3",
    "P4",  "P5", "D3", "D5", "D6", "M1", "T1", "T2", "C2", "O1",  "O3",  "O5"};
static_assert(names.back() == "O5" && names[index(Fault::p1)] == "P1");

struct Elsewhere {
    std::string_view id;
    std::string_view why;
};

/// Ids of the table that structs on one thread cannot show.
constexpr std::array<Elsewhere, 18> elsewhere{{
    {"N11", "pings are answered by the socket's own loop"},
    {"N13", "there is no TLS without bytes"},
    {"N14", "there are no names to resolve without sockets"},
    {"S10", "the income audit reads the exchange's books over HTTP"},
    {"S11", "a sampled feed is no fault; every run has it"},
    {"P2", "a crash loop is systemd's to stop"},
    {"P6", "an assertion ends the process; each one found here is reported as G7"},
    {"D1", "a full disk needs a disk"},
    {"D2", "a failing disk needs a disk"},
    {"D4", "a torn database needs a database file"},
    {"M2", "oversized frames need bytes"},
    {"M3", "memory pressure needs an operating system"},
    {"C1", "settings are read before the stages exist"},
    {"C3", "endpoints and keys are checked before the stages exist"},
    {"O2", "hard ceilings live in a file of their own"},
    {"O4", "a partial roll-out needs two binaries"},
    {"E9", "it is a question about the exchange, not a fault"},
    {"E12", "it is a question about the exchange, not a fault"},
}};

std::string upper(std::string_view text) {
    std::string made{text};
    std::transform(made.begin(), made.end(), made.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return made;
}

Result<Fault> parse_one(std::string_view text) {
    const std::string id = upper(text);
    const auto* const found = std::find(names.begin(), names.end(), id);
    if (found != names.end()) return static_cast<Fault>(found - names.begin());
    for (const Elsewhere& other : elsewhere)
        if (other.id == id)
            return Error{ErrorKind::usage, "--faults: " + id +
                                               " is not simulated: " + std::string{other.why} +
                                               "; it is tested with real processes"};
    return Error{ErrorKind::usage, "--faults: unknown fault id '" + std::string{text} +
                                       "'; give all, none, or ids such as N1,X12,P1"};
}

Result<std::uint32_t> parse_rate(std::string_view text) {
    std::uint32_t rate = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
    if (error != std::errc{} || end != text.data() + text.size() || rate == 0 || rate > 1'000'000)
        return Error{ErrorKind::usage, "--faults: '" + std::string{text} +
                                           "' is no rate; give 1 to 1000000 in a million"};
    return rate;
}

}  // namespace

std::string_view name(Fault fault) {
    return names[index(fault)];
}

Result<FaultSet> parse_faults(std::string_view text) {
    FaultSet faults;
    if (text == "all") return faults.set();
    if (text == "none") return faults;
    while (true) {
        const std::size_t comma = text.find(',');
        const std::string_view word = text.substr(0, comma);
        const std::size_t colon = word.find(':');
        const auto fault = parse_one(word.substr(0, colon));
        if (!fault) return fault.error();
        const auto rate = colon == std::string_view::npos ? Result<std::uint32_t>{0U}
                                                          : parse_rate(word.substr(colon + 1));
        if (!rate) return rate.error();
        faults.set(index(fault.value()), rate.value());
        if (comma == std::string_view::npos) return faults;
        text.remove_prefix(comma + 1);
    }
}

std::string fault_text(const FaultSet& faults) {
    if (faults.all()) return "all";
    std::string text;
    for (std::size_t i = 0; i < fault_count; ++i) {
        if (!faults[i]) continue;
        if (!text.empty()) text += ',';
        text += names[i];
        if (faults.rate(i) != 0) text += ':' + std::to_string(faults.rate(i));
    }
    return text.empty() ? "none" : text;
}

}  // namespace tranche::sim
