#include "tools/outside_alarms.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <string>
#include <utility>

namespace tranche {
namespace {

constexpr Nanos unreachable_after = seconds(10);
constexpr Nanos day = seconds(86'400);
constexpr std::array days_before{14, 7, 1, 0};

Record alarm(AlarmKind kind, bool raised, std::int64_t value, const std::string& text, Nanos now) {
    Record record{};
    record.time = now;
    record.kind = RecordKind::alarm;
    AlarmRow& row = record.alarm;
    row.kind = kind;
    row.raised = raised;
    row.symbol = no_symbol;
    row.value = value;
    std::memcpy(row.text.data(), text.data(), std::min(text.size(), row.text.size() - 1));
    return record;
}

}  // namespace

std::vector<Record> OutsideAlarms::poll(const OutsideFacts& facts, Nanos now) {
    std::vector<Record> changed;
    watch_contact(facts.contact, now, changed);
    watch_agent(facts.agent_expires, now, changed);
    watch_ban(facts.banned_until, now, changed);
    watch_answers(facts, now, changed);
    return changed;
}

std::int64_t OutsideAlarms::silent_seconds(Nanos now) const {
    return std::max<std::int64_t>((now - heard_).count, 0) / seconds(1).count;
}

void OutsideAlarms::watch_contact(Nanos contact, Nanos now, std::vector<Record>& out) {
    const bool news = contact > heard_;
    heard_ = std::max(heard_, contact);
    if (silent_since_.count == 0 && now - heard_ >= unreachable_after) {
        silent_since_ = heard_;
        out.push_back(alarm(
            AlarmKind::exchange_unreachable, true, (now - silent_since_).milliseconds(),
            fmt::format("nothing came from the exchange for {} s", silent_seconds(now)), now));
    } else if (silent_since_.count != 0 && news) {
        const std::int64_t lasted = (heard_ - silent_since_).milliseconds();
        silent_since_ = {};
        out.push_back(alarm(AlarmKind::exchange_unreachable, false, lasted,
                            fmt::format("the exchange is there again after {} s", lasted / 1'000),
                            now));
    }
}

void OutsideAlarms::watch_agent(Nanos expires, Nanos now, std::vector<Record>& out) {
    if (expires.count == 0) return;
    int reached = -1;
    for (const int days : days_before)
        if (expires - now <= Nanos{day.count * days}) reached = days;
    if (reached == days_told_) return;
    const bool better = reached < 0;  // another one, or a longer life
    days_told_ = reached;
    const std::int64_t left = (expires - now).milliseconds();
    std::string text = "the signer's permission is good for long again";
    if (reached == 0)
        text = "the signer's permission has ended: every order is refused";
    else if (reached > 0)
        text = fmt::format("the signer's permission ends in {} h", left / 3'600'000);
    out.push_back(alarm(AlarmKind::agent_expires, !better, left, text, now));
}

void OutsideAlarms::watch_ban(Nanos until, Nanos now, std::vector<Record>& out) {
    if (until > now && until > banned_until_) {
        banned_until_ = until;
        const std::int64_t left = (until - now).milliseconds();
        out.push_back(alarm(AlarmKind::banned, true, left,
                            fmt::format("the exchange answers nothing for {} s more", left / 1'000),
                            now));
    } else if (banned_until_.count != 0 && now >= banned_until_) {
        banned_until_ = {};
        out.push_back(alarm(AlarmKind::banned, false, 0, "the exchange's ban is over", now));
    }
}

/// On first sight; how many there are is in the metrics.
void OutsideAlarms::watch_answers(const OutsideFacts& facts, Nanos now, std::vector<Record>& out) {
    const auto tell = [&](bool& told, std::uint64_t count, const char* text) {
        if (count == 0 || std::exchange(told, true)) return;
        out.push_back(
            alarm(AlarmKind::answers_changed, true, static_cast<std::int64_t>(count), text, now));
    };
    tell(unknown_told_, facts.unknown_members, "the exchange's answers have members nobody knows");
    tell(unreadable_told_, facts.unreadable, "answers of the exchange cannot be read as orders");
}

}  // namespace tranche
