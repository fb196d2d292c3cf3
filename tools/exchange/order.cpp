#include "tools/exchange/order.hpp"

#include <array>
#include <utility>

namespace tranche::exchange {
namespace {

template <class E, std::size_t N> using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<Side, 2> sides{{{Side::buy, "BUY"}, {Side::sell, "SELL"}}};
constexpr Names<OrderType, 7> types{{{OrderType::limit, "LIMIT"},
                                     {OrderType::market, "MARKET"},
                                     {OrderType::stop, "STOP"},
                                     {OrderType::stop_market, "STOP_MARKET"},
                                     {OrderType::take_profit, "TAKE_PROFIT"},
                                     {OrderType::take_profit_market, "TAKE_PROFIT_MARKET"},
                                     {OrderType::liquidation, "LIQUIDATION"}}};
constexpr Names<TimeInForce, 4> times{{{TimeInForce::gtc, "GTC"},
                                       {TimeInForce::ioc, "IOC"},
                                       {TimeInForce::fok, "FOK"},
                                       {TimeInForce::gtx, "GTX"}}};
constexpr Names<PositionSide, 3> position_sides{{{PositionSide::both, "BOTH"},
                                                 {PositionSide::long_side, "LONG"},
                                                 {PositionSide::short_side, "SHORT"}}};
constexpr Names<WorkingType, 2> working_types{
    {{WorkingType::contract_price, "CONTRACT_PRICE"}, {WorkingType::mark_price, "MARK_PRICE"}}};
constexpr Names<OrderStatus, 7> statuses{{{OrderStatus::fresh, "NEW"},
                                          {OrderStatus::partially_filled, "PARTIALLY_FILLED"},
                                          {OrderStatus::filled, "FILLED"},
                                          {OrderStatus::canceled, "CANCELED"},
                                          {OrderStatus::expired, "EXPIRED"},
                                          {OrderStatus::insurance, "NEW_INSURANCE"},
                                          {OrderStatus::deleveraging, "NEW_ADL"}}};
constexpr Names<Execution, 6> executions{{{Execution::fresh, "NEW"},
                                          {Execution::trade, "TRADE"},
                                          {Execution::canceled, "CANCELED"},
                                          {Execution::expired, "EXPIRED"},
                                          {Execution::amendment, "AMENDMENT"},
                                          {Execution::calculated, "CALCULATED"}}};

template <class E, std::size_t N> std::string_view name_in(const Names<E, N>& names, E value) {
    return names[static_cast<std::size_t>(value)].second;
}

template <class E, std::size_t N>
std::optional<E> value_in(const Names<E, N>& names, std::string_view text) {
    for (const auto& [value, label] : names)
        if (label == text) return value;
    return std::nullopt;
}

}  // namespace

std::string_view name(Side side) {
    return name_in(sides, side);
}
std::string_view name(OrderType type) {
    return name_in(types, type);
}
std::string_view name(TimeInForce time_in_force) {
    return name_in(times, time_in_force);
}
std::string_view name(PositionSide side) {
    return name_in(position_sides, side);
}
std::string_view name(WorkingType type) {
    return name_in(working_types, type);
}
std::string_view name(OrderStatus status) {
    return name_in(statuses, status);
}
std::string_view name(Execution execution) {
    return name_in(executions, execution);
}

std::optional<Side> side_of(std::string_view text) {
    return value_in(sides, text);
}
std::optional<OrderType> order_type_of(std::string_view text) {
    const auto type = value_in(types, text);
    return type == OrderType::liquidation ? std::nullopt : type;  // not a client's to place
}
std::optional<TimeInForce> time_in_force_of(std::string_view text) {
    return value_in(times, text);
}
std::optional<PositionSide> position_side_of(std::string_view text) {
    return value_in(position_sides, text);
}
std::optional<WorkingType> working_type_of(std::string_view text) {
    return value_in(working_types, text);
}

}  // namespace tranche::exchange
