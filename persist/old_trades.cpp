// Orders of the old bot: rows of `trades`, completed by what other tables say of the same order.
#include <algorithm>
#include <charconv>
#include <utility>

#include "persist/old_rows.hpp"
#include "persist/stored_names.hpp"

namespace tranche {
namespace {

OrderType type_of(std::string_view word) {
    constexpr std::pair<std::string_view, OrderType> words[] = {
        {"LIMIT", OrderType::limit},
        {"MARKET", OrderType::market},
        {"STOP", OrderType::stop},
        {"STOP_MARKET", OrderType::stop_market},
        {"TAKE_PROFIT", OrderType::take_profit},
        {"TAKE_PROFIT_MARKET", OrderType::take_profit_market},
        {"TRAILING_STOP_MARKET", OrderType::trailing_stop_market},
        {"LIQUIDATION", OrderType::liquidation}};
    const auto* found =
        std::ranges::find(words, word, &std::pair<std::string_view, OrderType>::first);
    return found == std::end(words) ? OrderType::unknown : found->second;
}

/// Final states only, and `unknown`: what is open now only the exchange can say.
std::optional<OrderState> state_of(std::string_view word, Fate& fate) {
    if (word == "FILLED") return OrderState::filled;
    if (word == "CANCELED") return OrderState::canceled;
    if (word == "EXPIRED") return OrderState::expired;
    if (word == "REJECTED") return OrderState::rejected;
    if (word == "FAILED") {
        fate.change("FAILED: the exchange had refused it");
        return OrderState::rejected;
    }
    if (word == "NEW" || word == "PARTIALLY_FILLED") {
        fate.change("was open: history here; the exchange says what is open now");
        return OrderState::unknown;
    }
    if (word == "ERROR") {
        fate.change("ERROR: whether it came to be was never known");
        return OrderState::unknown;
    }
    if (word == "SUCCESS" || word == "INSTANT_TP" || word == "CLOSED" || word == "CLOSED_PHANTOM") {
        fate.change("a status word of the old bot that stands for filled");
        return OrderState::filled;
    }
    fate.ignore(word == "SIMULATED" ? "simulated: it was never sent" : "unknown status");
    return std::nullopt;
}

Role role_of(OrderType type, std::string_view status, bool has_parent) {
    switch (type) {
        case OrderType::take_profit:
        case OrderType::take_profit_market: return Role::take_profit;
        case OrderType::stop:
        case OrderType::stop_market:
        case OrderType::trailing_stop_market: return Role::stop_loss;
        case OrderType::market:
        case OrderType::liquidation: return Role::close;
        case OrderType::limit:
        case OrderType::unknown: break;
    }
    if (status == "SUCCESS" || status == "INSTANT_TP") return Role::close;
    return has_parent ? Role::take_profit : Role::entry;
}

bool is_trigger(OrderType type) {
    return type != OrderType::limit && type != OrderType::market && type != OrderType::unknown;
}

std::int64_t code_in(std::string_view response) {
    const std::string_view digits = scalar_in(response, "code");
    std::int32_t code = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), code);
    return code;
}

}  // namespace

/// Epoch 0 is of no start of the process, so no order of ours ever has such an id.
ClientOrderIdText OldRows::name_order(Role role, std::uint32_t tranche) {
    const std::uint32_t count = generations_[{role, tranche}]++;
    return encode({.instance = static_cast<std::uint16_t>(count >> 20),
                   .role = role,
                   .reserved = 0,
                   .epoch = 0,
                   .tranche = TrancheId{tranche},
                   .generation = count & max_generation});
}

Result<ClientOrderIdText> OldRows::put_order(const OldOrder& order, Fate& fate) {
    const ClientOrderIdText id = name_order(order.role, order.tranche);
    const bool trigger = is_trigger(order.type);
    const std::optional<std::int64_t> tranche =
        order.tranche == 0 ? std::nullopt : std::optional<std::int64_t>{order.tranche};
    Insert& insert = into(Target::order);
    insert << next_sequence() << order.updated.count << std::string_view{id.data(), id.size()}
           << stored_name(order.role) << tranche << order.order_id << std::string_view{order.symbol}
           << stored_name(order.side) << stored_name(order.position_side) << stored_name(order.type)
           << stored_name(order.state) << (trigger ? 0 : order.price) << (trigger ? order.price : 0)
           << order.quantity << order.filled << order.average_price << order.created.count
           << order.updated.count << order.code << std::int64_t{order.role != Role::entry};
    if (auto done = check(insert.run(), "writing an order", fate); !done) return done.error();
    return id;
}

Result<Done> OldRows::order_status(const OldRow& row, Fate& fate) {
    OldOrder order;
    order.symbol = read_symbol(row, fate);
    const auto side = read_side(row, fate);
    const auto placed = read_old_time(row, "time_placed");
    if (fate.ignored()) return Done{};
    const auto position = read_position_side(row.text("position_side").value_or(""));
    const auto id = row.whole("order_id").value_or(0);
    OldOrderFacts* facts = facts_of(order.symbol, std::to_string(id));
    if (facts != nullptr && facts->last_row != 0) {
        if (position) facts->side = position;
        facts->placed = placed.value_or(Nanos{});
        facts->updated = read_old_time(row, "time_updated").value_or(Nanos{});
        fate.change("the same order is in trades: gave its times and position side");
        return Done{};
    }
    const auto state = state_of(row.text("status").value_or(""), fate);
    if (!placed) fate.ignore("no usable time");
    if (fate.ignored()) return Done{};
    order.side = *side;
    order.position_side = position.value_or(opened_by(*side));
    order.state = *state;
    order.order_id = id;
    order.quantity = amount_or_zero(row, "quantity", fate);
    order.price = amount_or_zero(row, "price", fate);
    order.filled = amount_or_zero(row, "filled_qty", fate);
    order.created = *placed;
    order.updated = std::max(*placed, read_old_time(row, "time_updated").value_or(*placed));
    if (auto put = put_order(order, fate); !put) return put.error();
    return Done{};
}

/// What the order traded. Of several trades only their sum is known: no trade id, and no result.
Result<Done> OldRows::put_fill(const OldRow& row, const OldOrder& order, Fate& fate) {
    if (order.filled <= 0 || order.average_price <= 0) return Done{};
    const std::int64_t trade = row.whole("exchange_trade_id").value_or(0);
    const bool single = trade > 0;
    const std::int64_t commission = read_amount(row, "commission", fate).value_or(0);
    const std::int64_t realized = read_amount(row, "realized_pnl", fate).value_or(0);
    if (!single && (commission != 0 || realized != 0))
        fate.change(
            "several trades: result and fee were of the last one, the exchange's income "
            "has them");
    const std::optional<std::int64_t> tranche =
        order.tranche == 0 ? std::nullopt : std::optional<std::int64_t>{order.tranche};
    Insert& insert = into(Target::fill);
    insert << next_sequence() << order.updated.count << std::string_view{order.symbol} << trade
           << order.order_id << std::optional<std::int64_t>{} << tranche << stored_name(order.side)
           << stored_name(order.position_side) << stored_name(order.role) << order.filled
           << order.average_price << (single ? std::max(commission, -commission) : 0)
           << (single ? realized : 0);
    return check(insert.run(), "writing a trade", fate);
}

Result<Done> OldRows::trade(const OldRow& row, Fate& fate) {
    OldOrder order;
    order.symbol = read_symbol(row, fate);
    const auto side = read_side(row, fate);
    const auto status = row.text("status").value_or("");
    const auto state = state_of(status, fate);
    const auto time = read_old_time(row, "timestamp");
    if (!time) fate.ignore("no usable time");
    if (fate.ignored()) return Done{};
    order.order_id = std::max<std::int64_t>(row.whole("order_id").value_or(0), 0);
    OldOrderFacts facts;
    if (order.order_id == 0)
        fate.change("no order id of the exchange");
    else if (const auto* known = facts_of(order.symbol, std::to_string(order.order_id)))
        facts = *known;
    if (facts.last_row > row.number()) {
        fate.ignore("a later row tells of the same order");
        return Done{};
    }
    const auto type = row.text("order_type");
    if (!type) fate.change("no order type stored");
    order.type = type_of(type.value_or(""));
    order.side = *side;
    order.state = *state;
    order.role =
        facts.role.value_or(role_of(order.type, status, row.text("parent_order_id").has_value()));
    const auto response = row.text("response").value_or("");
    auto position = facts.side;
    if (!position) position = read_position_side(row.text("position_side").value_or(""));
    if (!position) position = read_position_side(scalar_in(response, "positionSide"));
    order.position_side =
        position.value_or(opened_by(order.role == Role::entry ? *side : opposite(*side)));
    order.tranche = facts.tranche;
    order.quantity = amount_or_zero(row, row.text("qty") ? "qty" : "quantity", fate);
    order.price = amount_or_zero(row, "price", fate);
    order.filled = amount_or_zero(row, "filled_qty", fate);
    order.average_price = amount_or_zero(row, "avg_price", fate);
    if (status == "FILLED" && order.filled == 0) {
        order.filled = order.quantity;
        fate.change("no filled quantity stored: that of the order");
    }
    order.code = code_in(response);
    order.created = facts.placed == Nanos{} ? *time : facts.placed;
    order.updated = std::max(order.created, facts.updated);
    if (auto put = put_order(order, fate); !put) return put.error();
    return fate.ignored() ? Result<Done>{Done{}} : put_fill(row, order, fate);
}

}  // namespace tranche
