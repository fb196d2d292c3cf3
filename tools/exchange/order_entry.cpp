#include "tools/exchange/order_entry.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace tranche::exchange {
namespace {

using Refusal = std::optional<Reject>;

Reject unneeded(std::string_view name) {
    return {-1106, fmt::format("Parameter '{}' sent when not required.", name)};
}

Refusal read_amount(const Params& params, std::string_view name, Amount& into) {
    const std::string* text = params.find(name);
    if (text == nullptr) return std::nullopt;
    if (text->empty()) return Reject{-1105, fmt::format("Parameter '{}' was empty.", name)};
    const ParsedAmount parsed = parse_amount(*text);
    switch (parsed.error) {
        case AmountError::none: into = parsed.value; return std::nullopt;
        case AmountError::too_precise:
            return Reject{-1111, "Precision is over the maximum defined for this asset."};
        case AmountError::malformed:
            return Reject{-1100, fmt::format("Illegal characters found in parameter '{}'; legal "
                                             "range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'.",
                                             name)};
    }
    return std::nullopt;
}

Refusal read_flag(const Params& params, std::string_view name, bool& into) {
    const std::string* text = params.find(name);
    if (text == nullptr) return std::nullopt;
    if (*text == "true" || *text == "TRUE")
        into = true;
    else if (*text == "false" || *text == "FALSE")
        into = false;
    else
        return Reject{-1130, fmt::format("Data sent for parameter '{}' is not valid.", name)};
    return std::nullopt;
}

template <class E>
Refusal read_name(const Params& params, std::string_view name,
                  std::optional<E> (*of)(std::string_view), Reject wrong, E& into) {
    const std::string* text = params.find(name);
    if (text == nullptr) return std::nullopt;
    const std::optional<E> value = of(*text);
    if (!value) return wrong;
    into = *value;
    return std::nullopt;
}

std::optional<ResponseType> response_of(std::string_view text) {
    if (text == "ACK") return ResponseType::ack;
    if (text == "RESULT") return ResponseType::result;
    return std::nullopt;
}

Refusal read_names(const Params& params, NewOrder& order) {
    if (!params.has("side")) return missing("side");
    if (!params.has("type")) return missing("type");
    Refusal refusal = read_name(params, "side", side_of, {-1117, "Invalid side."}, order.side);
    if (!refusal)
        refusal =
            read_name(params, "type", order_type_of, {-1116, "Invalid orderType."}, order.type);
    if (!refusal)
        refusal = read_name(params, "timeInForce", time_in_force_of,
                            {-1115, "Invalid timeInForce."}, order.time_in_force);
    if (!refusal)
        refusal = read_name(params, "positionSide", position_side_of,
                            {-4060, "Invalid position side."}, order.position_side);
    if (!refusal)
        refusal = read_name(params, "workingType", working_type_of, {-4031, "Invalid working type"},
                            order.working_type);
    if (!refusal)
        refusal = read_name(params, "newOrderRespType", response_of,
                            {-1136, "Invalid newOrderRespType"}, order.response);
    return refusal;
}

Refusal read_values(const Params& params, NewOrder& order) {
    Refusal refusal = read_amount(params, "quantity", order.quantity);
    if (!refusal) refusal = read_amount(params, "price", order.price);
    if (!refusal) refusal = read_amount(params, "stopPrice", order.stop_price);
    if (!refusal) refusal = read_flag(params, "reduceOnly", order.reduce_only);
    if (!refusal) refusal = read_flag(params, "closePosition", order.close_position);
    if (!refusal) refusal = read_flag(params, "priceProtect", order.price_protect);
    return refusal;
}

Refusal check_close_position(const Params& params, const NewOrder& order) {
    if (!order.close_position) return std::nullopt;
    if (order.type != OrderType::stop_market && order.type != OrderType::take_profit_market)
        return Reject{-4020, "Target strategy invalid for orderType '" +
                                 std::string{name(order.type)} + "',closePosition 'true'."};
    if (params.has("quantity"))
        return Reject{-4137, "Quantity must be zero with closePosition equals true"};
    if (params.has("reduceOnly")) return unneeded("reduceonly");
    return std::nullopt;
}

/// What the type needs, and what it must not have.
Refusal check_type(const Params& params, const NewOrder& order) {
    const bool market = at_market(order.type);
    const bool has_time = params.has("timeInForce");
    if (order.type == OrderType::limit && !has_time) return missing("timeInForce");
    if (order.type == OrderType::market && has_time)
        return Reject{-1114, "TimeInForce parameter sent when not required."};
    if (!order.close_position && !params.has("quantity")) return missing("quantity");
    if (!market && !params.has("price")) return missing("price");
    if (market && params.has("price")) return unneeded("price");
    if (conditional(order.type) && !params.has("stopPrice")) return missing("stopPrice");
    if (!conditional(order.type) && params.has("stopPrice")) return unneeded("stopPrice");
    for (const std::string_view trailing : {"callbackRate", "activationPrice"})
        if (params.has(trailing)) return unneeded(trailing);
    return std::nullopt;
}

Refusal check_position_mode(const Params& params, const NewOrder& order, bool hedge_mode) {
    const bool sided = order.position_side != PositionSide::both;
    if (sided != hedge_mode)
        return Reject{-4061, "Order's position side does not match user's setting."};
    if (!hedge_mode) return std::nullopt;
    if (params.has("reduceOnly")) return unneeded("reduceonly");
    const bool closing_side =
        (order.side == Side::sell) == (order.position_side == PositionSide::long_side);
    if (order.close_position && !closing_side)
        return Reject{-4061,
                      "Order's position side does not match user's setting: closePosition "
                      "cannot open."};
    return std::nullopt;
}

Refusal check_client_id(const Params& params, NewOrder& order) {
    const std::string* id = params.find("newClientOrderId");
    if (id == nullptr) return std::nullopt;
    if (!valid_client_id(*id))
        return Reject{-4015,
                      "Client order id length should be less than 36 chars, of "
                      "'.A-Z:/a-z0-9_-'."};
    order.client_id = *id;
    return std::nullopt;
}

}  // namespace

bool valid_client_id(std::string_view id) {
    static constexpr std::string_view marks = ".:/_-";
    return !id.empty() && id.size() <= 36 && std::all_of(id.begin(), id.end(), [](char letter) {
        const bool word = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9');
        return word || marks.find(letter) != std::string_view::npos;
    });
}

std::variant<NewOrder, Reject> read_order(const Params& params, const Rules& rules,
                                          bool hedge_mode) {
    NewOrder order;
    if (!params.has("symbol")) return missing("symbol");
    const std::optional<SymbolIndex> symbol = rules.find(params.get("symbol"));
    if (!symbol) return Reject{-1121, "Invalid symbol."};
    order.symbol = *symbol;
    Refusal refusal = read_names(params, order);
    if (!refusal) refusal = read_values(params, order);
    if (!refusal) refusal = check_close_position(params, order);
    if (!refusal) refusal = check_type(params, order);
    if (!refusal) refusal = check_position_mode(params, order, hedge_mode);
    if (!refusal) refusal = check_client_id(params, order);
    if (refusal) return *refusal;
    return order;
}

}  // namespace tranche::exchange
