// Start-up of a signed account: position mode, multi-assets mode, leverage, margin type. Only what
// differs is changed. Source: exchange-protocol.md §14; reference-behaviour.md §2.1.
#include <algorithm>

#include "net/aster/account.hpp"

namespace tranche::aster {
namespace {

constexpr std::int64_t same_margin_type = -4046;
constexpr std::int64_t same_position_mode = -4059;
constexpr std::int64_t mode_has_orders = -4067;
constexpr std::int64_t mode_has_position = -4068;
constexpr std::int64_t bad_leverage = -4028;

std::string mode_mismatch(bool hedge_wanted) {
    const char* wanted = hedge_wanted ? "hedge mode" : "one-way mode";
    const char* there = hedge_wanted ? "one-way mode" : "hedge mode";
    return std::string{"globals.hedge_mode asks for "} + wanted + ", but the account is in " +
           there;
}
const char* const mode_cure = "; close them, or set globals.hedge_mode to what the account uses";

}  // namespace

void Account::on_position_mode(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::missing) return advance(AccountStep::multi_assets);
    const auto hedge = answer.body.flag("dualSidePosition");
    if (answer.kind != AnswerKind::ok || !hedge)
        return retry(
            "positionSide/dual: " + (answer.text.empty() ? "no dualSidePosition" : answer.text),
            now, answer.retry_after);
    backoff_.reset();
    hedge_known_ = *hedge;
    mode_differs_ = *hedge != settings_.hedge_mode;
    if (!mode_differs_) advance(AccountStep::multi_assets);
}

void Account::on_flat_positions(const Answer& answer, Nanos now) {
    if (answer.kind != AnswerKind::ok)
        return retry("positionRisk: " + answer.text, now, answer.retry_after);
    const auto positions = read_positions(answer.body);
    if (!positions) return retry(positions.error().message, now);
    for (const ListedPosition& position : positions.value())
        if (!position.update.amount.zero())
            return stop(ErrorKind::settings,
                        mode_mismatch(settings_.hedge_mode) +
                            " and cannot be switched while positions are open (" + position.symbol +
                            ")" + mode_cure,
                        now);
    flat_positions_ = true;
}

void Account::on_flat_orders(const Answer& answer, Nanos now) {
    if (answer.kind != AnswerKind::ok)
        return retry("openOrders: " + answer.text, now, answer.retry_after);
    if (!answer.body.is_array()) return retry("openOrders: expected a list", now);
    if (!answer.body.items.empty())
        return stop(ErrorKind::settings,
                    mode_mismatch(settings_.hedge_mode) +
                        " and cannot be switched while orders are open (" +
                        std::to_string(answer.body.items.size()) + ")" + mode_cure,
                    now);
    flat_orders_ = true;
}

void Account::on_set_position_mode(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::ok || answer.code == same_position_mode) {
        hedge_known_ = settings_.hedge_mode;
        mode_differs_ = false;
        backoff_.reset();
        return advance(AccountStep::multi_assets);
    }
    if (answer.code == mode_has_orders || answer.code == mode_has_position ||
        answer.kind == AnswerKind::missing)
        return stop(ErrorKind::settings,
                    mode_mismatch(settings_.hedge_mode) + " and the exchange does not switch it (" +
                        answer.text + ")" + mode_cure,
                    now);
    retry("positionSide/dual: " + answer.text, now, answer.retry_after);
}

void Account::on_multi_assets(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::missing) return advance(AccountStep::positions);
    const auto on = answer.body.flag("multiAssetsMargin");
    if (answer.kind != AnswerKind::ok || !on)
        return retry(
            "multiAssetsMargin: " + (answer.text.empty() ? "no multiAssetsMargin" : answer.text),
            now, answer.retry_after);
    backoff_.reset();
    multi_assets_on_ = *on;
    multi_assets_differ_ = *on != settings_.multi_assets;
    if (!multi_assets_differ_) advance(AccountStep::positions);
}

/// Not fatal: the account works in either mode, and margin type follows what it really is.
void Account::on_set_multi_assets(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::try_again || answer.kind == AnswerKind::stale)
        return retry("multiAssetsMargin: " + answer.text, now, answer.retry_after);
    multi_assets_differ_ = false;
    if (answer.kind == AnswerKind::ok) {
        multi_assets_on_ = settings_.multi_assets;
    } else {
        warnings_.push_back("multi-assets mode stays as it is: " + answer.text);
        note(warnings_.back(), now);
    }
    advance(AccountStep::positions);
}

void Account::on_positions(const Answer& answer, Nanos now) {
    if (answer.kind != AnswerKind::ok)
        return retry("positionRisk: " + answer.text, now, answer.retry_after);
    const auto positions = read_positions(answer.body);
    if (!positions) return retry(positions.error().message, now);
    backoff_.reset();
    learn_mode(positions.value());
    if (!positions.value().empty() && hedge_known_ != settings_.hedge_mode)
        return stop(ErrorKind::settings,
                    mode_mismatch(settings_.hedge_mode) +
                        "; the exchange did not keep our change, or somebody else made one: set "
                        "globals.hedge_mode to what the account uses",
                    now);
    plan_changes(positions.value());
    advance(changes_.empty() ? AccountStep::listen_key : AccountStep::symbol_settings);
}

/// A row's side says which mode the account is in.
void Account::learn_mode(const std::vector<ListedPosition>& rows) {
    for (const ListedPosition& row : rows) hedge_known_ = row.update.leg != PositionLeg::both;
}

/// In multi-assets mode everything is cross margin, whatever a symbol says.
void Account::plan_changes(const std::vector<ListedPosition>& positions) {
    for (const SymbolSettings& symbol : settings_.symbols) {
        bool same_leverage = false;
        bool same_margin = false;
        for (const ListedPosition& row : positions) {
            if (row.symbol != symbol.name) continue;
            same_leverage = row.update.leverage == symbol.leverage;
            same_margin = row.update.isolated == (symbol.margin_type == MarginType::isolated);
            if (!same_leverage || !same_margin) break;
        }
        if (settings_.set_margin_type && !multi_assets_on_ && !same_margin)
            changes_.push_back(
                {symbol.name, Resource::margin_type,
                 symbol.margin_type == MarginType::isolated ? "ISOLATED" : "CROSSED"});
        if (settings_.set_leverage && !same_leverage)
            changes_.push_back({symbol.name, Resource::leverage, std::to_string(symbol.leverage)});
    }
}

/// A refusal leaves the symbol as it is: what counts is in every position row. Only a leverage the
/// exchange does not know is a mistake of the settings.
void Account::on_change_symbol(const Answer& answer, Nanos now) {
    if (answer.kind == AnswerKind::try_again || answer.kind == AnswerKind::stale)
        return retry(changes_.front().symbol + ": " + answer.text, now, answer.retry_after);
    const SymbolChange change = changes_.front();
    changes_.pop_front();
    backoff_.reset();
    const bool leverage = change.resource == Resource::leverage;
    if (leverage && answer.code == bad_leverage)
        return stop(ErrorKind::settings,
                    "symbols." + change.symbol + ".leverage: the exchange does not allow " +
                        change.value + " (" + answer.text + ")",
                    now);
    if (answer.kind != AnswerKind::ok && answer.code != same_margin_type) {
        warnings_.push_back(change.symbol + ": " + (leverage ? "leverage " : "margin type ") +
                            change.value + " not set: " + answer.text);
        note(warnings_.back(), now);
    }
    if (changes_.empty()) advance(AccountStep::listen_key);
}

}  // namespace tranche::aster
