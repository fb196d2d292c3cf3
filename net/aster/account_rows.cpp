#include "net/aster/account_rows.hpp"

#include <algorithm>

#include "net/aster/fields.hpp"
#include "net/aster/words.hpp"

namespace tranche::aster {
namespace {

/// An absent member is 0; one that is there must be readable.
template <class Number> bool optional_exact(const Json& row, std::string_view name, Number& out) {
    if (row.text_of(name).empty()) return true;
    const auto value = row.exact<Number>(name);
    if (value) out = *value;
    return value.has_value();
}
template <class Number> bool optional_rounded(const Json& row, std::string_view name, Number& out) {
    if (row.text_of(name).empty()) return true;
    const auto value = row.rounded<Number>(name);
    if (value) out = *value;
    return value.has_value();
}
template <class Number> bool needed(const Json& row, std::string_view name, Number& out) {
    return !row.text_of(name).empty() && optional_exact(row, name, out);
}

bool read_time(const Json& row, std::string_view name, Nanos& out) {
    const auto time = row.whole(name).value_or(0);
    if (time < 0 || time > INT64_MAX / 1'000'000) return false;
    out = milliseconds(time);
    return true;
}

bool read_row(const Json& row, ListedPosition& out) {
    PositionUpdate& update = out.update;
    out.symbol = row.text_of("symbol");
    const auto leg = leg_of(row.text_of("positionSide"));
    const auto leverage = row.whole("leverage").value_or(0);
    if (out.symbol.empty() || !leg || leverage < 0) return false;
    update.leg = *leg;
    update.leverage = static_cast<std::uint16_t>(std::min<std::int64_t>(leverage, UINT16_MAX));
    const std::string_view margin = row.text_of("marginType");
    update.isolated = margin == "isolated" || margin == "ISOLATED";
    return read_time(row, "updateTime", update.exchange_time) &&
           needed(row, "positionAmt", update.amount) &&
           optional_rounded(row, "entryPrice", update.entry_price) &&
           optional_rounded(row, "liquidationPrice", update.liquidation_price) &&
           optional_rounded(row, "unRealizedProfit", update.unrealized) &&
           product_fits(update.entry_price, update.amount);
}

bool read_row(const Json& row, BalanceUpdate& out) {
    const std::string_view asset = row.text_of("asset");
    if (asset.empty()) return false;
    out.asset = asset_of(asset);
    out.has_available = !row.text_of("availableBalance").empty();
    return read_time(row, "updateTime", out.exchange_time) && needed(row, "balance", out.wallet) &&
           optional_exact(row, "crossWalletBalance", out.cross_wallet) &&
           optional_exact(row, "availableBalance", out.available);
}

bool read_row(const Json& row, ListedOrder& out) {
    OpenOrder& order = out.order;
    out.symbol = row.text_of("symbol");
    const auto side = side_of(row.text_of("side"));
    const auto leg = leg_of(row.text_of("positionSide"));
    const auto id = row.whole("orderId");
    if (out.symbol.empty() || !side || !leg || !id) return false;
    order.side = *side;
    order.leg = *leg;
    order.order_id = *id;
    order.type = order_type_of(row.text_of("type"));
    order.status = order_status_of(row.text_of("status"));
    order.reduce_only = row.flag("reduceOnly").value_or(false);
    order.close_position = row.flag("closePosition").value_or(false);
    if (const auto ours = decode_client_order_id(row.text_of("clientOrderId"))) {
        order.ours = true;
        order.id = *ours;
    }
    return read_time(row, "updateTime", order.update_time) &&
           optional_exact(row, "price", order.price) &&
           optional_exact(row, "stopPrice", order.stop_price) &&
           needed(row, "origQty", order.quantity) && needed(row, "executedQty", order.filled);
}

bool read_algo_row(const Json& row, ListedOrder& out) {
    OpenOrder& order = out.order;
    out.symbol = row.text_of("symbol");
    const auto side = side_of(row.text_of("side"));
    const auto leg = leg_of(row.text_of("positionSide"));
    const auto id = row.whole("algoId");
    if (out.symbol.empty() || !side || !leg || !id) return false;
    order.side = *side;
    order.leg = *leg;
    order.order_id = *id;
    order.type = order_type_of(row.text_of("orderType"));
    order.status = OrderStatus::created;  // the list has only what has not ended
    order.reduce_only = row.flag("reduceOnly").value_or(false);
    order.close_position = row.flag("closePosition").value_or(false);
    if (const auto ours = decode_client_order_id(row.text_of("clientAlgoId"))) {
        order.ours = true;
        order.id = *ours;
    }
    return read_time(row, "updateTime", order.update_time) &&
           optional_exact(row, "price", order.price) &&
           needed(row, "triggerPrice", order.stop_price) &&
           (order.close_position || needed(row, "quantity", order.quantity));
}

template <class Row>
Result<std::vector<Row>> read_rows(const Json& body, const char* what,
                                   bool (*read)(const Json&, Row&) = read_row) {
    if (!body.is_array())
        return Error{ErrorKind::bad_data, std::string{what} + ": expected a list"};
    std::vector<Row> rows;
    for (const Json& item : body.items) {
        if (read(item, rows.emplace_back())) continue;
        std::string name{item.text_of("symbol")};
        if (name.empty()) name = item.text_of("asset");
        return Error{ErrorKind::bad_data, std::string{what} + ": row " +
                                              std::to_string(rows.size()) + " (" + name +
                                              ") lacks a member or has one that is no amount"};
    }
    return rows;
}

}  // namespace

Result<std::vector<ListedPosition>> read_positions(const Json& body) {
    return read_rows<ListedPosition>(body, "positionRisk");
}
Result<std::vector<BalanceUpdate>> read_balances(const Json& body) {
    return read_rows<BalanceUpdate>(body, "balance");
}
Result<std::vector<ListedOrder>> read_open_orders(const Json& body) {
    return read_rows<ListedOrder>(body, "openOrders");
}
Result<std::vector<ListedOrder>> read_open_algo_orders(const Json& body) {
    return read_rows<ListedOrder>(body, "openAlgoOrders", read_algo_row);
}

}  // namespace tranche::aster
