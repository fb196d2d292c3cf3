#include "tools/exchange/lines.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tranche::exchange {

std::optional<LineKind> line_kind(std::string_view word) {
    if (word == "rest") return LineKind::rest;
    if (word == "market") return LineKind::market;
    if (word == "user") return LineKind::user;
    return std::nullopt;
}

std::optional<Harm> harm(std::string_view word) {
    if (word == "cut") return Harm::cut;
    if (word == "reset") return Harm::reset;
    if (word == "half_open") return Harm::half_open;
    if (word == "close") return Harm::close;
    return std::nullopt;
}

std::size_t Lines::harm(Harm what, std::optional<LineKind> kind, std::size_t most) {
    // Who suffers may leave.
    std::vector<Line*> chosen;
    for (Line* line : lines_)
        if ((!kind || line->line_kind() == *kind) && chosen.size() < most) chosen.push_back(line);
    for (Line* line : chosen) line->suffer(what);
    return chosen.size();
}

std::size_t Lines::count(LineKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(),
                      [kind](const Line* line) { return line->line_kind() == kind; }));
}

void Lines::park(std::shared_ptr<void> what) {
    parked_.push_back(std::move(what));
    if (parked_.size() > parked_max) parked_.pop_front();
}

}  // namespace tranche::exchange
