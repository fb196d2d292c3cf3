#include "tools/exchange/faults.hpp"

#include <charconv>
#include <fmt/format.h>

namespace tranche::exchange {
namespace {

constexpr std::array<std::string_view, fault_count> names{"http503", "delay", "dup_events",
                                                          "event_first", "cut"};
constexpr double default_rate = 0.05;

std::optional<std::size_t> index_of(std::string_view name) {
    for (std::size_t at = 0; at < names.size(); ++at)
        if (names[at] == name) return at;
    return std::nullopt;
}

}  // namespace

std::optional<FaultRates> parse_faults(std::string_view list, std::string& error) {
    FaultRates rates{};
    if (list == "none" || list.empty()) return rates;
    if (list == "all") {
        rates.fill(default_rate);
        return rates;
    }
    while (!list.empty()) {
        const std::string_view entry = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), entry.size() + 1));
        const std::size_t equals = entry.find('=');
        const std::string_view name = entry.substr(0, equals);
        const auto index = index_of(name);
        if (!index) {
            error = fmt::format("unknown fault \"{}\"; known are none, all, {}", name,
                                fmt::join(names, ", "));
            return std::nullopt;
        }
        double rate = default_rate;
        if (equals != std::string_view::npos) {
            const std::string_view digits = entry.substr(equals + 1);
            const auto [end, failure] =
                std::from_chars(digits.data(), digits.data() + digits.size(), rate);
            const bool whole = failure == std::errc{} && end == digits.data() + digits.size();
            if (!whole || !(rate >= 0 && rate <= 1)) {
                error = fmt::format("fault {}: probability \"{}\" is not a number from 0 to 1",
                                    name, digits);
                return std::nullopt;
            }
        }
        rates[*index] = rate;
    }
    return rates;
}

FaultPlan FaultPlan::swarm(std::uint64_t seed, double most) {
    Random random{mix(seed ^ 0x737761726dU)};
    FaultRates rates{};
    for (double& rate : rates)
        if (random.chance(0.5)) rate = random.uniform(0, most);
    return FaultPlan{rates, seed};
}

RequestFate FaultPlan::decide(RequestKind kind) {
    RequestFate fate;
    if (kind == RequestKind::trade) {
        fate.answer_503 = happens(Fault::http503);
        fate.cut = happens(Fault::cut);
        fate.events_first = happens(Fault::event_first);
    }
    if (kind != RequestKind::open && happens(Fault::delay))
        fate.delay_ms = static_cast<std::int64_t>(random_.uniform(50, 2000));
    return fate;
}

}  // namespace tranche::exchange
