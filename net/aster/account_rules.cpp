// Symbols, their rules and the limits: read at start, read again while running, so that what the
// exchange changes reaches the engine as an event; and how long our key is good for.
// Source: exchange-protocol.md §4.2, §4.3; reliability-model.md S8, S9, X11.
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/rules_update.hpp"
#include "net/aster/account.hpp"

namespace tranche::aster {
namespace {

constexpr Nanos rules_interval = seconds(60);
constexpr Nanos rules_gap = seconds(5);
constexpr Nanos agent_interval = seconds(6 * 3600);
constexpr std::uint32_t audit_share = 10;  // audits may cost a tenth of the weight

/// As an event. What a symbol that does not trade says about its grid is not believed: the last
/// usable rules stay, so that what is open can still be closed.
RulesUpdate update_of(const SymbolRules& rules, const RulesUpdate& last) {
    if (rules.tick.positive() && rules.step.positive()) return rules_update(rules);
    RulesUpdate update = last;
    update.trading = false;
    return update;
}

bool same(const RulesUpdate& a, const RulesUpdate& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

bool same_address(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [lower](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

void Account::learn_limits(const std::vector<RateLimit>& limits) {
    budget_.learn(limits);
    limits_ = budget_.limits();
    const auto weight = std::find_if(limits_.begin(), limits_.end(), [](const RateLimit& limit) {
        return limit.unit == RateUnit::weight;
    });
    if (weight != limits_.end()) audit_weight_.set_limit(weight->limit / audit_share);
}

void Account::on_exchange_info(const Answer& answer, Nanos now) {
    if (answer.kind != AnswerKind::ok)
        return retry("exchangeInfo: " + answer.text, now, answer.retry_after);
    std::vector<std::string> names;
    for (const SymbolSettings& symbol : settings_.symbols) names.push_back(symbol.name);
    auto info = read_exchange_info(answer.body, names);
    if (!info && info.error().kind == ErrorKind::settings)
        return stop(ErrorKind::settings, info.error().message, now);
    if (!info) return retry(info.error().message, now);
    const std::size_t configured = info.value().configured;
    for (std::size_t i = 0; i < configured; ++i)
        rules_.push_back(update_of(info.value().symbols[i], {}));
    learn_limits(info.value().limits);
    budget_.join(board_, RateParty::account);
    symbols_ = SymbolTable{std::move(info.value().symbols), configured};
    symbols_ready_ = true;
    status_.symbols_ready = true;
    rules_due_ = now + rules_interval;
    backoff_.reset();
    advance(settings_.signed_calls ? AccountStep::position_mode : AccountStep::running);
}

/// Read again: only what differs is told.
void Account::on_rules(const Answer& answer, Nanos now) {
    rules_wanted_.store(false, std::memory_order_relaxed);
    rules_earliest_ = now + rules_gap;
    rules_due_ = std::max(now + rules_interval, answer.retry_after);
    if (answer.kind != AnswerKind::ok) return note("exchangeInfo: " + answer.text, now);
    auto info = read_exchange_info(answer.body, {});
    if (!info) return note(info.error().message, now);
    learn_limits(info.value().limits);
    const std::vector<SymbolRules>& listed = info.value().symbols;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        const auto found =
            std::find_if(listed.begin(), listed.end(),
                         [&](const SymbolRules& rules) { return rules.name == symbols_.name(id); });
        // One that is listed no more trades no more.
        const RulesUpdate update =
            update_of(found == listed.end() ? SymbolRules{} : *found, rules_[i]);
        if (same(update, rules_[i])) continue;
        rules_[i] = update;
        ++status_.rules_changes;
        queue(EventKind::rules_update, id, now).rules_update = update;
    }
}

/// Of the list of agents only the one that signs here matters. Nothing depends on the answer but
/// warnings: a key that is refused is noticed by every call.
void Account::on_agent(const Answer& answer, Nanos now) {
    agent_due_ = std::max(now + agent_interval, answer.retry_after);
    if (answer.kind == AnswerKind::missing) return;
    if (answer.kind != AnswerKind::ok) return note("agent: " + answer.text, now);
    for (const Json& agent : answer.body.items) {
        if (!same_address(agent.text_of("agentAddress"), settings_.agent_address)) continue;
        const auto expires = agent.whole("expired").value_or(0);
        if (expires > 0 && expires < INT64_MAX / 1'000'000)
            status_.agent_expires = milliseconds(expires);
        const bool told = std::exchange(agent_seen_, true);
        if (!told && !agent.flag("canPerpTrade").value_or(true))
            warnings_.push_back(
                "this signer may not trade perpetuals: allow it, or every order is "
                "refused");
        if (!told && agent.flag("canWithdraw").value_or(false))
            warnings_.push_back("this signer may withdraw: use one that may only trade");
        return;
    }
}

}  // namespace tranche::aster
