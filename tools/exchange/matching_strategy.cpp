// Orders that are placed and cancelled by what becomes of others (exchange-protocol.md §4.4).
#include <algorithm>
#include <utility>

#include "tools/exchange/filters.hpp"
#include "tools/exchange/matching.hpp"

namespace tranche::exchange {
namespace {

constexpr OrderId never = -1;  // it will not be placed any more

bool drives(DrivenOn on, OrderStatus status) {
    switch (on) {
        case DrivenOn::fresh: return status == OrderStatus::fresh;
        case DrivenOn::partially_filled_or_filled:
            return status == OrderStatus::partially_filled || status == OrderStatus::filled;
        case DrivenOn::filled: return status == OrderStatus::filled;
        case DrivenOn::canceled: return status == OrderStatus::canceled;
        case DrivenOn::expired: return status == OrderStatus::expired;
        case DrivenOn::replaced:
        case DrivenOn::stopped:
        case DrivenOn::rejected: break;
    }
    return false;
}

}  // namespace

/// Whether the driven orders could be placed at all, and would not fire at once.
std::optional<Reject> Matching::check_driven(const NewStrategy& strategy) const {
    for (std::size_t i = 0; i < strategy.count; ++i) {
        const NewOrder& terms = strategy.legs[i].terms;
        if (strategy.legs[i].leads()) continue;
        const SymbolBoard& market = board_.at(terms.symbol);
        std::optional<Reject> refused = check_filters(
            rules_.at(terms.symbol), terms,
            {.mark = market.mark.mark, .best_bid = market.quote.bid, .best_ask = market.quote.ask});
        if (!refused) refused = check_client_id(terms);
        if (refused) return refused;
        if (check_trigger(terms)) return Reject{-4142, "Order would immediately trigger."};
    }
    return std::nullopt;
}

std::variant<StrategyOutcome, Reject> Matching::place(const NewStrategy& strategy,
                                                      std::int64_t now_ms) {
    StrategyOutcome outcome{++strategy_id_, options_.behaviour.strategy_failure_code, {}};
    if (outcome.failure_code != 0) return outcome;
    const bool at_once = std::any_of(
        strategy.legs.begin(), strategy.legs.end(),
        [](const StrategyLeg& leg) { return leg.leads() && leg.terms.type == OrderType::market; });
    const std::optional<Reject> refused = check_driven(strategy);
    // With an entry at market the exits are looked at when that has been executed.
    if (refused && !at_once) return *refused;
    if (refused) {
        outcome.failure_code = -4142;
        outcome.failure_reason = refused->message;
    }
    strategies_.push_back({.id = outcome.id, .plan = strategy, .orders = {}});
    const std::optional<Reject> not_placed = place_leading(outcome.id, refused.has_value(), now_ms);
    drive(now_ms);
    forget_over();
    if (not_placed) return *not_placed;
    return outcome;
}

/// What leads is placed before anything is driven. `alone`: the rest never is.
std::optional<Reject> Matching::place_leading(std::int64_t id, bool alone, std::int64_t now_ms) {
    const NewStrategy plan = find_strategy(id)->plan;
    std::optional<Reject> refused;
    driving_ = true;
    for (std::size_t i = 0; i < plan.count && !refused; ++i) {
        OrderId& order = find_strategy(id)->orders[i];
        if (!plan.legs[i].leads()) {
            if (alone) order = never;
            continue;
        }
        NewOrder terms = plan.legs[i].terms;
        terms.strategy = id;
        terms.leg = i;
        const auto placed = place(std::move(terms), now_ms);
        if (const Reject* no = std::get_if<Reject>(&placed))
            refused = *no;
        else
            order = std::get<OrderId>(placed);
    }
    driving_ = false;
    return refused;
}

Matching::Strategy* Matching::find_strategy(std::int64_t id) {
    const auto found = std::find_if(strategies_.begin(), strategies_.end(),
                                    [id](const Strategy& one) { return one.id == id; });
    return found == strategies_.end() ? nullptr : &*found;
}

void Matching::note_move(const Order& order) {
    if (order.terms.strategy != 0)
        moves_.push_back({order.terms.strategy, order.terms.leg, order.id, order.status});
}

/// Carries out what the moves since the last call drive; loops over orders are over by then.
void Matching::drive(std::int64_t now_ms) {
    if (driving_ || moves_.empty()) return;
    driving_ = true;
    for (std::size_t at = 0; at < moves_.size(); ++at) {
        const Move move = moves_[at];
        for (std::size_t leg = 0; leg < 3; ++leg) {
            if (leg == move.leg || find_strategy(move.strategy) == nullptr) continue;
            drive_leg(move, leg, now_ms);
        }
    }
    moves_.clear();
    driving_ = false;
    forget_over();
}

void Matching::drive_leg(const Move& move, std::size_t leg, std::int64_t now_ms) {
    const Strategy& strategy = *find_strategy(move.strategy);
    const OrderId placed = strategy.orders[leg];
    const Order* mover = store_.find(move.order);
    const Amount executed = mover == nullptr ? Amount{} : mover->executed;
    for (const Driver& driver : strategy.plan.legs[leg].drivers) {
        if (driver.leg != move.leg + 1) continue;
        const bool late = options_.behaviour.strategy_exits == StrategyExits::at_end;
        // Placed once the order that drives it is over, if anything of it was executed.
        const bool ends = late && move.status != OrderStatus::fresh &&
                          move.status != OrderStatus::partially_filled && executed.raw > 0;
        const bool placing = driver.action == Drive::place;
        if (placing && late ? !ends : !drives(driver.on, move.status)) continue;
        if (!placing) return cancel_leg(move.strategy, leg, now_ms);
        if (placed == 0) return place_leg(move.strategy, leg, executed, now_ms);
        return grow_leg(placed, executed, strategy.plan.legs[leg].terms.quantity, now_ms);
    }
}

void Matching::place_leg(std::int64_t id, std::size_t leg, Amount executed, std::int64_t now_ms) {
    NewOrder terms = find_strategy(id)->plan.legs[leg].terms;
    if (options_.behaviour.strategy_exits != StrategyExits::whole && !terms.close_position)
        terms.quantity = min(terms.quantity, executed);
    terms.strategy = id;
    terms.leg = leg;
    terms.attached = true;
    const auto placed = place(std::move(terms), now_ms);
    // Refused by then, it is not announced: nobody asked for it now.
    const OrderId* order = std::get_if<OrderId>(&placed);
    if (Strategy* held = find_strategy(id)) held->orders[leg] = order == nullptr ? never : *order;
}

void Matching::cancel_leg(std::int64_t id, std::size_t leg, std::int64_t now_ms) {
    const OrderId placed = std::exchange(find_strategy(id)->orders[leg], never);
    Order* order = placed > 0 ? store_.find(placed) : nullptr;
    if (order != nullptr && order->open()) finish(*order, OrderStatus::canceled, now_ms);
}

void Matching::grow_leg(OrderId placed, Amount executed, Amount most, std::int64_t now_ms) {
    Order* order = placed > 0 ? store_.find(placed) : nullptr;
    const Amount wanted = min(executed, most);
    if (options_.behaviour.strategy_exits != StrategyExits::filled || order == nullptr ||
        !order->open() || order->terms.close_position || order->terms.quantity >= wanted)
        return;
    order->terms.quantity = wanted;
    order->update_ms = now_ms;
    update_resting(*order);
    announce(*order, Execution::amendment, nullptr, now_ms);
}

/// Strategies of which no order is open drive nothing any more.
void Matching::forget_over() {
    std::erase_if(strategies_, [this](const Strategy& strategy) {
        return std::none_of(strategy.orders.begin(), strategy.orders.end(), [this](OrderId id) {
            const Order* order = id > 0 ? store_.find(id) : nullptr;
            return order != nullptr && order->open();
        });
    });
}

}  // namespace tranche::exchange
