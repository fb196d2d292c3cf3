// The account: balances, positions, settings, listen key.
#include <algorithm>

#include "tools/exchange/api.hpp"

namespace tranche::exchange {
namespace {

constexpr std::int64_t history_limit_max = 1000;

/// Index range of the newest `limit` of `count` items.
std::size_t first_of_newest(std::size_t count, std::int64_t limit) {
    const auto wanted = static_cast<std::size_t>(limit);
    return count > wanted ? count - wanted : 0;
}

/// The answer to a change of settings.
Answer done(const std::optional<Reject>& refused) {
    return refused ? refuse(*refused) : ok(R"({"code":200,"msg":"success"})");
}

std::int64_t limit_of(const Params& params, std::int64_t fallback) {
    return std::clamp(params.integer("limit").value_or(fallback), std::int64_t{1},
                      history_limit_max);
}

}  // namespace

Answer Api::balance(const Call& call, const Params&) {
    const Account& account = venue_.account;
    const std::string wallet = fixed(account.wallet(), 8);
    const std::string available = fixed(venue_.matching.available(), 8);
    JsonWriter json;
    json.begin_array().begin_object().field("accountAlias", "SgsR").field("asset", "USDT");
    json.field("balance", wallet).field("crossWalletBalance", wallet);
    json.field("crossUnPnl", fixed(account.valuation().unrealized, 8));
    json.field("availableBalance", available).field("maxWithdrawAmount", available);
    json.field("marginAvailable", true).field("updateTime", call.now_ms());
    return ok(json.end_object().end_array().take());
}

template <class Write> void Api::each_position(const Params& params, Write write) {
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol) {
        if (params.has("symbol") && params.get("symbol") != venue_.rules.at(symbol).name) continue;
        for (const PositionSide side : every_position_side)
            if (venue_.account.hedge_mode || side == PositionSide::both) write(symbol, side);
    }
}

Answer Api::position_risk(const Call& call, const Params& params) {
    if (params.has("symbol") && !venue_.rules.find(params.get("symbol")))
        return refuse({-1121, "Invalid symbol."});
    const Account& account = venue_.account;
    JsonWriter json;
    json.begin_array();
    each_position(params, [&](SymbolIndex symbol, PositionSide side) {
        const SymbolRules& rules = venue_.rules.at(symbol);
        const Position& position = account.position(symbol, side);
        const SymbolSettings& settings = account.settings[symbol];
        const Amount mark = venue_.board.at(symbol).mark.mark;
        const Amount margin = settings.isolated ? account.margin(symbol, side, mark) : Amount{};
        json.begin_object().field("symbol", rules.name);
        json.field("positionAmt", fixed(position.quantity, rules.quantity_decimals()));
        json.field("entryPrice", fixed(position.entry, 8)).field("markPrice", fixed(mark, 8));
        json.field("unRealizedProfit", fixed(account.unrealized(symbol, side, mark), 8));
        json.field("liquidationPrice", "0").field("leverage", std::to_string(settings.leverage));
        json.field("maxNotionalValue", max_notional(settings.leverage));
        json.field("marginType", settings.isolated ? "isolated" : "cross");
        json.field("isolatedMargin", fixed(margin, 8)).field("isAutoAddMargin", "false");
        json.field("positionSide", name(side)).field("notional", position.quantity * mark);
        json.field("isolatedWallet", fixed(margin, 8));
        const bool touched = position.update_ms != 0;
        json.field("updateTime", touched ? position.update_ms : call.now_ms()).end_object();
    });
    return ok(json.end_array().take());
}

Answer Api::account(const Call& call, const Params&) {
    const Account& account = venue_.account;
    const std::string wallet = fixed(account.wallet(), 8);
    const Amount unrealized = account.valuation().unrealized;
    const Amount margin = account.valuation().margin;
    const Amount reserved = venue_.matching.reserved();
    const std::string available = fixed(venue_.matching.available(), 8);
    const auto totals = [&](JsonWriter& json, bool asset) {
        const auto label = [asset](std::string_view total, std::string_view single) {
            return asset ? single : total;
        };
        json.field(label("totalInitialMargin", "initialMargin"), fixed(margin + reserved, 8));
        json.field(label("totalWalletBalance", "walletBalance"), wallet);
        json.field(label("totalUnrealizedProfit", "unrealizedProfit"), fixed(unrealized, 8));
        json.field(label("totalMarginBalance", "marginBalance"),
                   fixed(account.wallet() + unrealized, 8));
        json.field(label("totalPositionInitialMargin", "positionInitialMargin"), fixed(margin, 8));
        json.field(label("totalOpenOrderInitialMargin", "openOrderInitialMargin"),
                   fixed(reserved, 8));
        json.field(label("totalCrossWalletBalance", "crossWalletBalance"), wallet);
        json.field(label("totalCrossUnPnl", "crossUnPnl"), fixed(unrealized, 8));
        json.field("availableBalance", available).field("maxWithdrawAmount", available);
    };
    JsonWriter json;
    json.begin_object().field("feeTier", 0).field("canTrade", true).field("canDeposit", true);
    json.field("canWithdraw", true).field("updateTime", call.now_ms());
    totals(json, false);
    json.key("assets").begin_array().begin_object().field("asset", "USDT");
    totals(json, true);
    json.field("marginAvailable", true).field("updateTime", call.now_ms());
    json.end_object().end_array().key("positions").begin_array();
    each_position(Params{}, [&](SymbolIndex symbol, PositionSide side) {
        const Position& position = account.position(symbol, side);
        const SymbolSettings& settings = account.settings[symbol];
        const Amount mark = venue_.board.at(symbol).mark.mark;
        json.begin_object().field("symbol", venue_.rules.at(symbol).name);
        json.field("initialMargin", fixed(account.margin(symbol, side, mark), 8));
        json.field("unrealizedProfit", fixed(account.unrealized(symbol, side, mark), 8));
        json.field("leverage", std::to_string(settings.leverage));
        json.field("isolated", settings.isolated).field("entryPrice", fixed(position.entry, 8));
        json.field("maxNotional", max_notional(settings.leverage));
        json.field("positionSide", name(side)).field("positionAmt", position.quantity);
        json.field("updateTime", position.update_ms).end_object();
    });
    return ok(json.end_array().end_object().take());
}

Answer Api::user_trades(const Call&, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const std::int64_t from = params.integer("startTime").value_or(0);
    const std::int64_t to = params.integer("endTime").value_or(INT64_MAX);
    const std::int64_t first = params.integer("fromId").value_or(0);
    const std::int64_t limit = limit_of(params, 500);
    std::vector<const Fill*> found;
    for (const Fill& fill : venue_.account.fills())
        if (fill.symbol == std::get<SymbolIndex>(symbol) && fill.time_ms >= from &&
            fill.time_ms <= to && fill.trade_id >= first)
            found.push_back(&fill);
    std::size_t begin = first == 0 ? first_of_newest(found.size(), limit) : 0;
    const std::size_t end = std::min(found.size(), begin + static_cast<std::size_t>(limit));
    JsonWriter json;
    json.begin_array();
    for (; begin < end; ++begin) {
        const Fill& fill = *found[begin];
        json.begin_object().field("symbol", venue_.rules.at(fill.symbol).name);
        json.field("id", fill.trade_id).field("orderId", fill.order);
        json.field("side", name(fill.side)).field("price", fill.price);
        json.field("qty", fill.quantity).field("quoteQty", fill.price * fill.quantity);
        json.field("realizedPnl", fill.realized).field("commission", -fill.fee);
        json.field("commissionAsset", "USDT").field("marginAsset", "USDT");
        json.field("positionSide", name(fill.position_side)).field("maker", fill.maker);
        json.field("buyer", fill.side == Side::buy).field("time", fill.time_ms).end_object();
    }
    return ok(json.end_array().take());
}

Answer Api::income(const Call&, const Params& params) {
    const std::string_view type = params.get("incomeType");
    const std::int64_t from = params.integer("startTime").value_or(0);
    const std::int64_t to = params.integer("endTime").value_or(INT64_MAX);
    std::vector<const Income*> found;
    for (const Income& income : venue_.account.income()) {
        const bool symbol_fits =
            !params.has("symbol") || params.get("symbol") == venue_.rules.at(income.symbol).name;
        if (symbol_fits && (type.empty() || type == income.type) && income.time_ms >= from &&
            income.time_ms <= to)
            found.push_back(&income);
    }
    JsonWriter json;
    json.begin_array();
    for (std::size_t at = first_of_newest(found.size(), limit_of(params, 100)); at < found.size();
         ++at) {
        const Income& income = *found[at];
        json.begin_object().field("symbol", venue_.rules.at(income.symbol).name);
        json.field("incomeType", income.type).field("income", fixed(income.amount, 8));
        json.field("asset", "USDT").field("info", income.type).field("time", income.time_ms);
        json.field("tranId", income.trade_id * 1000 + static_cast<std::int64_t>(income.symbol));
        json.field("tradeId", std::to_string(income.trade_id)).end_object();
    }
    return ok(json.end_array().take());
}

Answer Api::get_dual(const Call&, const Params&) {
    JsonWriter json;
    json.begin_object().field("dualSidePosition", venue_.account.hedge_mode);
    return ok(json.end_object().take());
}

Answer Api::set_dual(const Call& call, const Params& params) {
    if (!params.has("dualSidePosition")) return refuse(missing("dualSidePosition"));
    const bool hedge = params.flag("dualSidePosition");
    return done(venue_.set_hedge_mode(hedge, call.now_ms()));
}

Answer Api::get_multi(const Call&, const Params&) {
    JsonWriter json;
    json.begin_object().field("multiAssetsMargin", venue_.account.multi_assets);
    return ok(json.end_object().take());
}

Answer Api::set_multi(const Call& call, const Params& params) {
    if (!params.has("multiAssetsMargin")) return refuse(missing("multiAssetsMargin"));
    const bool multi = params.flag("multiAssetsMargin");
    return done(venue_.set_multi_assets(multi, call.now_ms()));
}

Answer Api::set_leverage(const Call& call, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const auto leverage = params.integer("leverage");
    if (!leverage) return refuse(missing("leverage"));
    const SymbolIndex index = std::get<SymbolIndex>(symbol);
    if (const auto refused = venue_.set_leverage(index, *leverage, call.now_ms()))
        return refuse(*refused);
    const SymbolRules& rules = venue_.rules.at(index);
    JsonWriter json;
    json.begin_object().field("leverage", *leverage);
    json.field("maxNotionalValue", max_notional(*leverage)).field("symbol", rules.name);
    return ok(json.end_object().take());
}

Answer Api::set_margin_type(const Call& call, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    const std::string_view type = params.get("marginType");
    if (type != "ISOLATED" && type != "CROSSED") return refuse(missing("marginType"));
    const SymbolIndex index = std::get<SymbolIndex>(symbol);
    return done(venue_.set_isolated(index, type == "ISOLATED", call.now_ms()));
}

Answer Api::leverage_bracket(const Call&, const Params& params) {
    const auto write = [this](JsonWriter& json, SymbolIndex symbol) {
        json.begin_object().field("symbol", venue_.rules.at(symbol).name);
        json.key("brackets").begin_array();
        for (const Bracket& bracket : brackets()) {
            json.begin_object().field("bracket", bracket.number);
            json.field("initialLeverage", bracket.leverage);
            json.raw_field("notionalCap", plain(bracket.cap));
            json.raw_field("notionalFloor", plain(bracket.floor));
            json.raw_field("maintMarginRatio", plain(bracket.maintenance_ratio));
            json.raw_field("cum", plain(bracket.cumulated)).end_object();
        }
        json.end_array().end_object();
    };
    JsonWriter json;
    if (params.has("symbol")) {
        const auto symbol = symbol_of(params);
        if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
        write(json, std::get<SymbolIndex>(symbol));
        return ok(json.take());
    }
    json.begin_array();
    for (SymbolIndex symbol = 0; symbol < venue_.rules.size(); ++symbol) write(json, symbol);
    return ok(json.end_array().take());
}

Answer Api::commission_rate(const Call&, const Params& params) {
    const auto symbol = symbol_of(params);
    if (const Reject* refused = std::get_if<Reject>(&symbol)) return refuse(*refused);
    JsonWriter json;
    json.begin_object().field("symbol", params.get("symbol"));
    json.field("makerCommissionRate", venue_.account.rates.maker);
    json.field("takerCommissionRate", venue_.account.rates.taker);
    return ok(json.end_object().take());
}

Answer Api::agents(const Call& call, const Params& params) {
    constexpr std::int64_t a_year_ms = 365 * 86'400'000LL;
    JsonWriter json;
    json.begin_array().begin_object().field("agentAddress", params.get("signer"));
    json.field("ipWhitelist", "").field("expired", call.now_ms() + a_year_ms);
    json.field("canPerpTrade", true).field("canSpotTrade", false).field("canWithdraw", false);
    return ok(json.end_object().end_array().take());
}

Answer Api::open_listen_key(const Call& call, const Params&) {
    JsonWriter json;
    json.begin_object().field("listenKey", venue_.listen_key.create(call.now_ms()));
    return ok(json.end_object().take());
}

Answer Api::keep_listen_key(const Call& call, const Params&) {
    if (!venue_.listen_key.extend(call.now_ms()))
        return refuse({-1125, "This listenKey does not exist."});
    return ok("{}");
}

Answer Api::close_listen_key(const Call&, const Params&) {
    venue_.listen_key.close();
    return ok("{}");
}

}  // namespace tranche::exchange
