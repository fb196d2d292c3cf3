// How the paper exchange comes to be: with what a former run left, so that its first snapshot
// agrees with the restored engine.
#include <algorithm>

#include "tools/paper.hpp"

namespace tranche {
namespace {

using exchange::Amount;

exchange::PositionSide leg_of(PositionSide side, bool hedge_mode) {
    if (!hedge_mode) return exchange::PositionSide::both;
    return side == PositionSide::long_side ? exchange::PositionSide::long_side
                                           : exchange::PositionSide::short_side;
}

exchange::Side side_of(Side side) {
    return side == Side::buy ? exchange::Side::buy : exchange::Side::sell;
}

/// Types that a venue keeps; a market order never waits.
exchange::OrderType type_of(OrderType type) {
    switch (type) {
        case OrderType::stop: return exchange::OrderType::stop;
        case OrderType::stop_market: return exchange::OrderType::stop_market;
        case OrderType::take_profit: return exchange::OrderType::take_profit;
        case OrderType::take_profit_market: return exchange::OrderType::take_profit_market;
        case OrderType::market: return exchange::OrderType::market;
        case OrderType::limit:
        case OrderType::trailing_stop_market:
        case OrderType::liquidation:
        case OrderType::unknown: break;
    }
    return exchange::OrderType::limit;
}

exchange::TimeInForce time_in_force_of(TimeInForce given) {
    switch (given) {
        case TimeInForce::gtc: return exchange::TimeInForce::gtc;
        case TimeInForce::ioc: return exchange::TimeInForce::ioc;
        case TimeInForce::fok: return exchange::TimeInForce::fok;
        case TimeInForce::gtx: return exchange::TimeInForce::gtx;
    }
    return exchange::TimeInForce::gtc;
}

/// It was at the exchange, and neither ended nor was still on its way there.
bool was_working(const OrderRow& row) {
    if (row.order_id == 0 || row.type == OrderType::market) return false;
    switch (row.state) {
        case OrderState::working:
        case OrderState::partial:
        case OrderState::cancelling:
        case OrderState::unknown: return true;
        case OrderState::sent:
        case OrderState::filled:
        case OrderState::canceled:
        case OrderState::expired:
        case OrderState::rejected:
        case OrderState::dropped: break;
    }
    return false;
}

/// Of a new run: above all of earlier ones, as long as there are fewer than a million a second.
std::int64_t first_number(Nanos now) {
    return now.milliseconds() * 1'000;
}

}  // namespace

PaperStage::PaperStage(const Settings& settings, const SymbolTable& symbols, const PaperPast& past,
                       const PaperRings& rings, GatewayMetrics& metrics,
                       std::uint8_t user_connection, Nanos now)
    : rings_{rings},
      metrics_{metrics},
      latency_{settings.paper.latency},
      snapshot_interval_{settings.engine.protection.reconcile_interval},
      hedge_mode_{settings.engine.hedge_mode},
      funding_(symbols.size()),
      time_{now} {
    exchange::VenueOptions options;
    options.hedge_mode = hedge_mode_;
    options.generate = false;
    options.candles = false;
    options.balance = {past.wallet.raw};
    options.history_limit = 4'096;
    venue_ = std::make_unique<exchange::Venue>(venue_rules(symbols), options, now.milliseconds());
    venue_->account.rates = {{settings.paper.maker_fee.raw}, {settings.paper.taker_fee.raw}};
    venue_->account.multi_assets = settings.exchange.multi_assets_mode;
    for (const SymbolSettings& symbol : settings.engine.symbols) {
        const auto at = venue_->rules.find(symbol.name);
        if (!at) continue;
        venue_->account.settings[*at] = {symbol.leverage,
                                         symbol.margin_type == MarginType::isolated};
    }
    exchange_ = std::make_unique<DirectExchange>(*venue_, symbols);
    rebuild(past.restored, now);
    // As if a user stream had opened: there is nothing to lose it.
    Event open{};
    open.symbol = no_symbol;
    open.kind = EventKind::stream_change;
    open.stream_change.stream = StreamKind::user;
    open.stream_change.connection = user_connection;
    open.stream_change.state = StreamCondition::open;
    send(open, false);
}

void PaperStage::rebuild(const Restored& restored, Nanos now) {
    std::int64_t newest_order = first_number(now);
    std::int64_t newest_trade = first_number(now);
    for (const OrderRow& row : restored.orders) newest_order = std::max(newest_order, row.order_id);
    for (const FillRow& row : restored.recent_fills) {
        newest_order = std::max(newest_order, row.order_id);
        newest_trade = std::max(newest_trade, row.trade_id);
    }
    venue_->matching.number_from(newest_order, newest_trade);
    for (const TrancheRow& row : restored.tranches) {
        if (!row.quantity.positive()) continue;
        const Amount held{row.quantity.raw * sign(row.side)};
        venue_->account.put_back(exchange_->to_venue(row.symbol), leg_of(row.side, hedge_mode_),
                                 held, {row.entry.raw});
    }
    for (const OrderRow& row : restored.orders)
        if (was_working(row)) put_back(row);
}

void PaperStage::put_back(const OrderRow& row) {
    exchange::NewOrder terms;
    terms.symbol = exchange_->to_venue(row.symbol);
    terms.client_id = venue_client_id(row.id);
    terms.side = side_of(row.side);
    terms.type = type_of(row.type);
    terms.time_in_force = time_in_force_of(row.time_in_force);
    terms.position_side = leg_of(row.position_side, hedge_mode_);
    terms.quantity = {row.quantity.raw};
    terms.price = {row.price.raw};
    terms.stop_price = {row.stop_price.raw};
    terms.working_type = row.working_type == WorkingType::mark_price
                             ? exchange::WorkingType::mark_price
                             : exchange::WorkingType::contract_price;
    terms.price_protect = row.price_protect;
    terms.reduce_only = row.reduce_only && !hedge_mode_;
    terms.close_position = row.close_position;
    const Amount executed{row.filled.raw};
    venue_->matching.put_back(terms, row.order_id, executed,
                              executed * Amount{row.average_price.raw}, row.created.milliseconds());
}

}  // namespace tranche
