#include "net/aster/requests.hpp"

#include <algorithm>
#include <utility>

#include "core/ids.hpp"
#include "core/require.hpp"
#include "net/aster/dialect.hpp"
#include "net/aster/json_form.hpp"
#include "net/aster/strategy.hpp"

namespace tranche::aster {
namespace {

std::string_view text_of(Method method) {
    switch (method) {
        case Method::get: return "GET";
        case Method::post: return "POST";
        case Method::put: return "PUT";
        case Method::del: return "DELETE";
    }
    return {};
}

std::string_view text_of(Side side) {
    return side == Side::buy ? "BUY" : "SELL";
}

std::string_view text_of(PositionSide side) {
    return side == PositionSide::long_side ? "LONG" : "SHORT";
}

std::string_view text_of(TimeInForce time_in_force) {
    switch (time_in_force) {
        case TimeInForce::gtc: return "GTC";
        case TimeInForce::ioc: return "IOC";
        case TimeInForce::fok: return "FOK";
        case TimeInForce::gtx: return "GTX";
    }
    return {};
}

/// Types we place; empty for the others.
std::string_view text_of(OrderType type) {
    switch (type) {
        case OrderType::limit: return "LIMIT";
        case OrderType::market: return "MARKET";
        case OrderType::stop: return "STOP";
        case OrderType::stop_market: return "STOP_MARKET";
        case OrderType::take_profit: return "TAKE_PROFIT";
        case OrderType::take_profit_market: return "TAKE_PROFIT_MARKET";
        case OrderType::trailing_stop_market:
        case OrderType::liquidation:
        case OrderType::unknown: return {};
    }
    return {};
}

bool has_limit_price(OrderType type) {
    return type == OrderType::limit || type == OrderType::stop || type == OrderType::take_profit;
}

bool can_close_position(OrderType type) {
    return type == OrderType::stop_market || type == OrderType::take_profit_market;
}

std::string full_path(const RequestTarget& target, Resource resource) {
    const Path parts = path(target.venue, target.auth, resource);
    return target.prefix + std::string{parts.version} + std::string{parts.leaf};
}

/// Header lines that every request has, from Host on, without the empty line.
std::string headers_of(const RequestTarget& target, const std::string& api_key) {
    std::string headers = "Host: " + target.host_header + "\r\nUser-Agent: ";
    headers += user_agent;
    headers += "\r\n";
    if (!api_key.empty()) headers += "X-MBX-APIKEY: " + api_key + "\r\n";
    return headers;
}

constexpr std::string_view name_prefix = "symbol=";

/// Of one order, as they stand in a form.
constexpr std::size_t longest_parameters = 640;

constexpr std::string_view form_header = "Content-Type: application/x-www-form-urlencoded\r\n";

std::string encoded(std::span<const Parameter> parameters) {
    std::string text;
    for (const Parameter& parameter : parameters) {
        if (!text.empty()) text += '&';
        text += percent_encode(parameter.name) + '=' + percent_encode(parameter.value);
    }
    return text;
}

}  // namespace

// ---------------------------------------------------------------- cold

Result<std::string> Requests::build(Method method, Resource resource,
                                    std::span<const Parameter> parameters, Nanos now) const {
    if (path(target_.venue, target_.auth, resource).leaf.empty())
        return Error{ErrorKind::usage, "the exchange has no " + std::string{leaf(resource)} +
                                           " under this venue and authentication scheme"};
    const Access needed = access(target_.auth, resource);
    if (needed != Access::open && !authenticator_.can_sign())
        return Error{ErrorKind::credentials,
                     std::string{leaf(resource)} + " needs credentials, and none are loaded"};
    std::string text = encoded(parameters);
    if (needed == Access::full) {
        const std::size_t length = text.size();
        text.resize(length + authentication_capacity);
        Text writer{text};
        writer.take(length);
        authenticator_.sign(writer, 0, now);
        text.resize(writer.size());
    }
    const bool form = method == Method::post || method == Method::put;
    std::string request = std::string{text_of(method)} + ' ' + full_path(target_, resource);
    if (!form && !text.empty()) request += '?' + text;
    request += " HTTP/1.1\r\n";
    request += headers_of(target_, needed == Access::open ? "" : authenticator_.api_key());
    if (!form) return request + "\r\n";
    request += form_header;
    return request + "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

// ---------------------------------------------------------------- hot

OrderRequests::OrderRequests(const RequestTarget& target, const Authenticator& authenticator,
                             const SymbolTable& symbols, bool hedge_mode, PresignedPool* pool)
    : authenticator_{authenticator},
      pool_{pool},
      hedge_mode_{hedge_mode},
      orders_{heads_for(target, Resource::order)},
      replace_names_side_{dialect_of(target.venue).replace_names_side} {
    batch_ = form_for(target, Method::post, Resource::batch_orders, 4);
    // Aster changes orders under V3 only.
    if (target.venue != Venue::aster || target.auth == AuthScheme::v3)
        replace_ = form_for(target, Method::put, Resource::order);
    if (dialect_of(target.venue).conditionals_apart)
        conditionals_ = heads_for(target, Resource::algo_order);
    query_tail_ = " HTTP/1.1\r\n" + headers_of(target, authenticator.api_key()) + "\r\n";
    if (!path(target.venue, target.auth, Resource::noop).leaf.empty())
        noop_ = form_for(target, Method::post, Resource::noop);
    if (!path(target.venue, target.auth, Resource::strategy_order).leaf.empty())
        strategy_ = form_for(target, Method::post, Resource::strategy_order, 4);
    ping_ = "GET " + full_path(target, Resource::ping) + " HTTP/1.1\r\n" + headers_of(target, "") +
            "\r\n";

    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const SymbolId id{static_cast<std::uint16_t>(i)};
        SymbolParts& parts = symbols_.emplace_back();
        parts.name = std::string{name_prefix} + percent_encode(symbols.name(id));
        for (const Side side : {Side::buy, Side::sell})
            for (const PositionSide position :
                 {PositionSide::long_side, PositionSide::short_side}) {
                std::string& part =
                    parts.place[static_cast<std::size_t>(side) * 2 + index(position)];
                part = parts.name + "&side=" + std::string{text_of(side)};
                // One-way mode knows BOTH only, which is what leaving it out means.
                if (hedge_mode) part += "&positionSide=" + std::string{text_of(position)};
                part += "&newOrderRespType=" + std::string{response_type} + "&type=";
            }
    }
}

OrderRequests::Form OrderRequests::form_for(const RequestTarget& target, Method method,
                                            Resource resource, std::size_t digits) const {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    Form form;
    form.head = std::string{text_of(method)} + ' ' + full_path(target, resource) + " HTTP/1.1\r\n" +
                headers_of(target, authenticator_.api_key()) + std::string{form_header} +
                "Content-Length: " + std::string(digits, '0') + std::string{end_of_head};
    form.length_at = form.head.size() - digits - end_of_head.size();
    form.digits = digits;
    return form;
}

/// Shorter figures stand behind spaces, as HTTP allows; those of one order have three digits.
void OrderRequests::put_length(const Form& form, std::size_t length, Text& text) {
    const std::span<char> digits = text.written(form.length_at, form.digits);
    for (std::size_t i = digits.size(); i-- > 0; length /= 10)
        digits[i] = length > 0 ? static_cast<char>('0' + length % 10) : ' ';
    require(length == 0, "a body is not longer than its figure has digits for");
}

OrderRequests::Heads OrderRequests::heads_for(const RequestTarget& target,
                                              Resource resource) const {
    const std::string path = full_path(target, resource);
    Heads heads;
    heads.place = form_for(target, Method::post, resource);
    heads.cancel = "DELETE " + path + "?";
    heads.query = "GET " + path + "?";
    return heads;
}

bool OrderRequests::apart(const Command& command) const {
    return !conditionals_.place.head.empty() && is_conditional(command.type);
}

std::size_t OrderRequests::encode(const Command& command, Nanos now, std::span<char> out,
                                  std::uint64_t* nonce) const {
    require(out.size() >= order_request_capacity, "a request has room to be written");
    if (!authenticator_.can_sign() || index(command.symbol) >= symbols_.size()) return 0;
    switch (command.kind) {
        case CommandKind::place: return encode_place(command, now, Text{out}, nonce);
        case CommandKind::cancel:
        case CommandKind::query: return encode_named(command, now, Text{out});
        case CommandKind::replace: return encode_replace(command, now, Text{out});
        case CommandKind::noop: break;  // names no order but a nonce: `encode_noop`
    }
    return 0;
}

std::size_t OrderRequests::encode_noop(std::uint64_t nonce, std::span<char> out) const {
    if (noop_.head.empty() || nonce == 0 || !authenticator_.can_sign()) return 0;
    Text text{out};
    text.put(noop_.head);
    const std::size_t body = text.size();
    authenticator_.sign_again(text, body, nonce, pool_);
    put_length(noop_, text.size() - body, text);
    return text.size();
}

std::size_t OrderRequests::encode_ping(std::span<char> out) const {
    Text text{out};
    text.put(ping_);
    return text.size();
}

bool OrderRequests::may_place(const Command& command) const {
    const bool opens = command.side == opening_side(command.position_side);
    if (opens != (command.id.role == Role::entry)) return false;
    if (opens && (command.reduce_only || command.close_position)) return false;
    if (text_of(command.type).empty()) return false;
    if (command.close_position && !can_close_position(command.type)) return false;
    if (!command.close_position && !command.quantity.positive()) return false;
    if (has_limit_price(command.type) && !command.price.positive()) return false;
    return !is_conditional(command.type) || command.stop_price.positive();
}

const std::string& OrderRequests::place_part(const Command& command) const {
    return symbols_[index(command.symbol)]
        .place[static_cast<std::size_t>(command.side) * 2 + index(command.position_side)];
}

void OrderRequests::put_parameters(const Command& command, Text& text) const {
    text.put(place_part(command));
    text.put(text_of(command.type));
    if (command.type == OrderType::limit) {
        text.put("&timeInForce=");
        text.put(text_of(command.time_in_force));
    }
    if (command.close_position) {
        text.put("&closePosition=true");
    } else {
        text.put("&quantity=");
        text.put(command.quantity);
        // Every order that does not open carries it, whether or not the command said so; hedge mode
        // refuses it (-1106) and needs none, because the position's side bounds the order.
        if (!hedge_mode_ && command.id.role != Role::entry) text.put("&reduceOnly=true");
    }
    if (has_limit_price(command.type)) {
        text.put("&price=");
        text.put(command.price);
    }
    if (is_conditional(command.type)) {
        text.put(apart(command) ? "&algoType=CONDITIONAL&triggerPrice=" : "&stopPrice=");
        text.put(command.stop_price);
        text.put(command.working_type == WorkingType::mark_price ? "&workingType=MARK_PRICE"
                                                                 : "&workingType=CONTRACT_PRICE");
        if (command.price_protect) text.put("&priceProtect=TRUE");
    }
    text.put(apart(command) ? "&clientAlgoId=" : "&newClientOrderId=");
    const ClientOrderIdText id = tranche::encode(command.id);
    text.put({id.data(), id.size()});
}

std::size_t OrderRequests::encode_place(const Command& command, Nanos now, Text text,
                                        std::uint64_t* nonce) const {
    if (!may_place(command)) return 0;
    const Form& form = apart(command) ? conditionals_.place : orders_.place;
    text.put(form.head);
    const std::size_t body = text.size();
    put_parameters(command, text);
    const std::uint64_t used = authenticator_.sign(text, body, now, pool_);
    if (nonce != nullptr) *nonce = used;
    put_length(form, text.size() - body, text);
    return text.size();
}

bool OrderRequests::may_batch(const Command& command) const {
    return command.kind == CommandKind::place && !command.with_exits && !apart(command) &&
           may_place(command) && index(command.symbol) < symbols_.size();
}

std::size_t OrderRequests::encode_batch(std::span<const Command> commands, Nanos now,
                                        std::span<char> out, std::uint64_t* nonce) const {
    require(out.size() >= batch_request_capacity, "a batch has room to be written");
    if (!authenticator_.can_sign() || commands.empty() || commands.size() > most_in_batch) return 0;
    Text text{out};
    text.put(batch_.head);
    const std::size_t body = text.size();
    text.put("batchOrders=%5B");
    for (const Command& command : commands) {
        if (!may_batch(command)) return 0;
        std::array<char, longest_parameters> room;
        Text parameters{room};
        put_parameters(command, parameters);
        if (&command != commands.data()) text.put("%2C");
        put_as_object(parameters.from(0), text);
    }
    text.put("%5D");
    const std::uint64_t used = authenticator_.sign(text, body, now, pool_);
    if (nonce != nullptr) *nonce = used;
    put_length(batch_, text.size() - body, text);
    return text.size();
}

std::size_t OrderRequests::encode_strategy(const Command& entry, Nanos now, std::span<char> out,
                                           std::uint64_t* nonce) const {
    require(out.size() >= batch_request_capacity, "a strategy has room to be written");
    const std::array<Command, 3> orders{entry, attached_exit(entry, Role::take_profit),
                                        attached_exit(entry, Role::stop_loss)};
    const bool placeable = entry.type == OrderType::limit &&
                           std::all_of(orders.begin(), orders.end(),
                                       [this](const Command& o) { return may_place(o); });
    if (strategy_.head.empty() || !placeable || !authenticator_.can_sign() ||
        index(entry.symbol) >= symbols_.size())
        return 0;
    std::array<LegTexts, 3> texts;
    std::array<StrategyLeg, 3> legs;
    for (std::size_t i = 0; i < legs.size(); ++i) legs[i] = leg_of(orders[i], texts[i]);
    Text text{out};
    text.put(strategy_.head);
    const std::size_t body = text.size();
    put_strategy(client_strategy_id(texts[0].id), legs, text);
    const std::uint64_t used = authenticator_.sign(text, body, now, pool_);
    if (nonce != nullptr) *nonce = used;
    put_length(strategy_, text.size() - body, text);
    return text.size();
}

/// An order in the exchange's words; the amounts and the name are written into `texts`.
StrategyLeg OrderRequests::leg_of(const Command& order, LegTexts& texts) const {
    const auto written = [](auto amount, std::array<char, decimal_capacity>& room) {
        return std::string_view{room.data(), format_decimal(amount.raw, room)};
    };
    texts.id = tranche::encode(order.id);
    StrategyLeg leg;
    leg.symbol = std::string_view{symbols_[index(order.symbol)].name}.substr(name_prefix.size());
    leg.side = text_of(order.side);
    leg.position_side = hedge_mode_ ? text_of(order.position_side) : "BOTH";
    leg.type = text_of(order.type);
    leg.quantity = written(order.quantity, texts.quantity);
    leg.time_in_force = text_of(order.time_in_force);
    leg.client_order_id = {texts.id.data(), texts.id.size()};
    leg.reduce_only = !hedge_mode_ && order.id.role != Role::entry;
    if (has_limit_price(order.type)) leg.price = written(order.price, texts.price);
    if (!is_conditional(order.type)) return leg;
    leg.stop_price = written(order.stop_price, texts.price);
    leg.working_type =
        order.working_type == WorkingType::mark_price ? "MARK_PRICE" : "CONTRACT_PRICE";
    leg.price_protect = order.price_protect;
    return leg;
}

/// Limit orders of ours only. Neither side nor reduceOnly change, so what could not open still
/// cannot.
std::size_t OrderRequests::encode_replace(const Command& command, Nanos now, Text text) const {
    const bool changes = command.type == OrderType::limit && command.id != ClientOrderId{} &&
                         command.price.positive() && command.quantity.positive();
    if (replace_.head.empty() || !changes) return 0;
    text.put(replace_.head);
    const std::size_t body = text.size();
    text.put(symbols_[index(command.symbol)].name);
    if (replace_names_side_) {
        text.put("&side=");
        text.put(text_of(command.side));
    }
    text.put("&quantity=");
    text.put(command.quantity);
    text.put("&price=");
    text.put(command.price);
    text.put("&origClientOrderId=");
    const ClientOrderIdText id = tranche::encode(command.id);
    text.put({id.data(), id.size()});
    authenticator_.sign(text, body, now, pool_);
    put_length(replace_, text.size() - body, text);
    return text.size();
}

/// By our id, which is never used twice; by the exchange's for orders that are not ours.
std::size_t OrderRequests::encode_named(const Command& command, Nanos now, Text text) const {
    const bool ours = command.id != ClientOrderId{};
    if (!ours && command.order_id <= 0) return 0;
    const bool is_apart = apart(command);
    const Heads& heads = is_apart ? conditionals_ : orders_;
    text.put(command.kind == CommandKind::cancel ? heads.cancel : heads.query);
    const std::size_t query = text.size();
    if (!is_apart) text.put(symbols_[index(command.symbol)].name);
    if (ours) {
        text.put(is_apart ? "clientAlgoId=" : "&origClientOrderId=");
        const ClientOrderIdText id = tranche::encode(command.id);
        text.put({id.data(), id.size()});
    } else {
        text.put(is_apart ? "algoId=" : "&orderId=");
        text.put(static_cast<std::uint64_t>(command.order_id));
    }
    authenticator_.sign(text, query, now, pool_);
    text.put(query_tail_);
    return text.size();
}

}  // namespace tranche::aster
