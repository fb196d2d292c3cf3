// What happens to the account and its symbols without its owner: paths below /sim, for tests.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "tools/exchange/api.hpp"

namespace tranche::exchange {
namespace {

std::optional<Regime> regime_of(std::string_view word) {
    constexpr std::array<std::string_view, 8> words{"calm",     "trend", "cascade", "gap",
                                                    "recovery", "dead",  "plunge",  "flash"};
    for (std::size_t at = 0; at < words.size(); ++at)
        if (words[at] == word) return static_cast<Regime>(at);
    return std::nullopt;
}

bool known_status(std::string_view word) {
    constexpr std::array<std::string_view, 5> words{"TRADING", "PENDING_TRADING", "PRE_SETTLE",
                                                    "SETTLING", "CLOSE"};
    return std::ranges::find(words, word) != words.end();
}

Answer done(const std::optional<Reject>& refused) {
    return refused ? refuse(*refused) : ok(R"({"done":true})");
}

Answer unclear(std::string_view what) {
    return refuse({-1130, fmt::format("expected {}", what)});
}

/// A forced order of somebody else, at the mark price.
Liquidation liquidation_at_mark(const Board& board, SymbolIndex symbol, Side side, Amount quantity,
                                const SymbolRules& rules) {
    const Amount price = floor_to(board.at(symbol).mark.mark, max(rules.tick, Amount{1}));
    return {.symbol = symbol,
            .time_ms = 0,
            .side = side,
            .quantity = quantity,
            .price = price,
            .average_price = price,
            .last_quantity = quantity};
}

}  // namespace

std::optional<Answer> Api::happening(const Call& call) {
    constexpr std::string_view prefix = "/sim/";
    constexpr std::array<std::string_view, 3> of_account{"funding", "expire_listen_key",
                                                         "margin_call"};
    constexpr std::array<std::string_view, 11> all{
        "funding",     "expire_listen_key", "margin_call", "multi_assets", "position_mode",
        "liquidation", "liquidate",         "deleverage",  "trade",        "cancel",
        "symbol"};
    const std::string_view what = std::string_view{call.path}.substr(prefix.size());
    if (call.method != "POST" || std::ranges::find(all, what) == all.end()) return std::nullopt;
    const std::int64_t now_ms = call.now_ms();
    const auto read = Params::parse(call.body);
    if (const auto* bad = std::get_if<Reject>(&read)) return refuse(*bad);
    const Params& params = std::get<Params>(read);
    if (std::ranges::find(of_account, what) != of_account.end()) {
        if (what == "funding") venue_.pay_funding(now_ms);
        if (what == "margin_call") venue_.matching.call_margin(now_ms);
        if (what == "expire_listen_key") venue_.listen_key.run_out();
        return done(std::nullopt);
    }
    if (what == "multi_assets") return done(venue_.set_multi_assets(params.flag("on"), now_ms));
    if (what == "position_mode") return done(venue_.set_hedge_mode(params.flag("hedge"), now_ms));
    const auto symbol = symbol_of(params);
    if (const auto* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    return cause(what, params, std::get<SymbolIndex>(symbol), now_ms);
}

Answer Api::cause(std::string_view what, const Params& params, SymbolIndex symbol,
                  std::int64_t now_ms) {
    const auto of_position = position_side_of(params.get("positionSide"));
    const auto side = side_of(params.get("side"));
    const auto quantity = amount(params.get("quantity"));
    if (what == "cancel") {
        const ClientText id = params.get("clientOrderId");
        const Order* order = venue_.matching.find_client(symbol, id);
        if (order == nullptr || !order->open()) return refuse({-2011, "Unknown order sent."});
        const auto cancelled = venue_.matching.cancel(order->id, now_ms);
        return done(cancelled);
    }
    if (what == "symbol") {
        const auto regime = regime_of(params.get("regime"));
        if (params.has("regime") && !regime) return unclear("a regime of the generated market");
        if (regime)
            venue_.force_regime(symbol, *regime, params.get("direction") == "down" ? -1.0 : 1.0,
                                params.integer("ms").value_or(1000));
        if (params.has("status")) {
            if (!known_status(params.get("status"))) return unclear("a status of symbols");
            venue_.set_status(symbol, params.get("status"), now_ms);
        }
        if (params.has("isolated"))
            return done(venue_.set_isolated(symbol, params.flag("isolated"), now_ms));
        if (const auto leverage = params.integer("leverage"))
            return done(venue_.set_leverage(symbol, *leverage, now_ms));
        return done(std::nullopt);
    }
    if (what == "liquidate" && of_position) {
        venue_.liquidate(symbol, *of_position, now_ms);
        return done(std::nullopt);
    }
    if (!quantity || quantity->raw <= 0) return unclear("a quantity above 0");
    if (what == "deleverage" && of_position) {
        venue_.deleverage(symbol, *of_position, *quantity, now_ms);
        return done(std::nullopt);
    }
    if (what == "liquidation" && side) {
        venue_.publish(
            liquidation_at_mark(venue_.board, symbol, *side, *quantity, venue_.rules.at(symbol)));
        return done(std::nullopt);
    }
    if (what == "trade" && side && of_position) {
        const auto traded = venue_.trade_by_hand(symbol, *of_position, *side, *quantity, now_ms);
        const auto* refused = std::get_if<Reject>(&traded);
        return done(refused == nullptr ? std::nullopt : std::optional{*refused});
    }
    return unclear("side=BUY or SELL, positionSide=BOTH, LONG or SHORT");
}

}  // namespace tranche::exchange
