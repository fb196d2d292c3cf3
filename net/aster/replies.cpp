#include "net/aster/replies.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/canary.hpp"
#include "core/ids.hpp"
#include "core/numbers.hpp"
#include "core/require.hpp"
#include "net/aster/strategy.hpp"
#include "net/aster/words.hpp"

namespace tranche::aster {
namespace {

constexpr std::int64_t success = 200;  // as a code, where the answer is no order
constexpr std::int64_t too_many_requests = -1003;
constexpr std::int64_t too_many_orders = -1015;
constexpr std::int64_t unknown_error = -1000;
constexpr std::int64_t invalid_signature = -1022;
constexpr std::int64_t key_refused = -2015;
constexpr std::int64_t cancel_rejected = -2011;
constexpr std::int64_t no_such_order = -2013;
constexpr std::int64_t bad_client_id = -4015;  // on old gateways also: taken by an open order

struct CodeRange {
    std::int64_t from;
    std::int64_t to;
};

/// Codes of exchange-protocol.md §9.2 whose meaning is "this had no effect", whatever was asked.
/// Left out on purpose: -1001, -1006, -1007, -1016 (fate unknown), -4083 (parts of a batch may
/// have passed), -4116 (the id is taken, so the first copy is alive). Binance's own: -4400 … -4403
/// (trading rules, risk control, the region), -5021 (fill or kill that would not fill), -5022
/// (post-only that would take).
constexpr std::array<CodeRange, 18> certain_rejections{{
    {-1002, -1002},
    {-1005, -1004},
    {-1011, -1011},
    {-1014, -1013},
    {-1023, -1020},
    {-1130, -1100},
    {-1136, -1136},
    {-2010, -2010},
    {-2016, -2014},
    {-2028, -2018},
    {-2031, -2031},
    {-4082, -4000},
    {-4115, -4084},
    {-4184, -4117},
    {-4225, -4225},
    {-4403, -4400},
    {-5022, -5021},
    {-5053, -5050},
}};

/// What order objects have beside what is read (exchange-protocol.md §4.5, §13).
constexpr std::string_view known_members =
    " symbol cumQty cumQuote timeInForce type reduceOnly closePosition side "
    "positionSide stopPrice workingType priceProtect origType newChainData time activatePrice "
    "priceRate priceMatch selfTradePreventionMode goodTillDate stpMode pegPriceType pegOffset "
    "triggerPrice algoType orderType quantity createTime triggerTime callbackRate "
    "icebergQuantity strategyType strategyStatus failureReason ";

bool is_known_member(std::string_view key) {
    if (key.empty() || key.front() == ' ') return false;
    for (auto at = known_members.find(key); at != std::string_view::npos;
         at = known_members.find(key, at + 1))
        if (known_members[at - 1] == ' ' && known_members[at + key.size()] == ' ') return true;
    return false;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What is behind `prefix` (lower case) in `name`, whatever the case of `name`.
std::optional<std::string_view> after(std::string_view name, std::string_view prefix) {
    if (name.size() < prefix.size()) return std::nullopt;
    for (std::size_t i = 0; i < prefix.size(); ++i)
        if (lower(name[i]) != prefix[i]) return std::nullopt;
    return name.substr(prefix.size());
}

template <class Integer> std::optional<Integer> whole(std::string_view text) {
    Integer value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// `1M`, `10S`: a count and a unit.
std::optional<Nanos> interval_of(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    const auto count = whole<std::uint16_t>(text.substr(0, text.size() - 1));
    if (!count) return std::nullopt;
    switch (lower(text.back())) {
        case 's': return seconds(*count);
        case 'm': return seconds(std::int64_t{*count} * 60);
        case 'h': return seconds(std::int64_t{*count} * 3'600);
        case 'd': return seconds(std::int64_t{*count} * 86'400);
        default: return std::nullopt;
    }
}

void read_usage(const HttpHeader& header, RateAnswer& answer) {
    RateUnit unit = RateUnit::weight;
    auto rest = after(header.name, "x-mbx-used-weight-");
    if (!rest) {
        rest = after(header.name, "x-mbx-order-count-");
        unit = RateUnit::orders;
    }
    if (!rest || answer.usage_count == answer.usage.size()) return;
    const auto interval = interval_of(*rest);
    const auto used = whole<std::uint32_t>(header.value);
    if (interval && used) answer.usage[answer.usage_count++] = {unit, *interval, *used};
}

/// `… banned until 1785000000000 …`, milliseconds; 0 when the text does not say so.
Nanos end_of_ban(std::span<const char> body) {
    constexpr std::string_view mark = "banned until ";
    constexpr std::size_t digits = 13;
    const std::string_view text{body.data(), std::min<std::size_t>(body.size(), 1024)};
    const auto at = text.find(mark);
    if (at == std::string_view::npos) return {};
    const auto end = whole<std::int64_t>(text.substr(at + mark.size(), digits));
    return end && *end > 0 ? milliseconds(*end) : Nanos{};
}

/// A firewall answers in HTML, the exchange itself never does.
bool is_json_object(std::span<const char> body) {
    const auto first = std::find_if(body.begin(), body.end(),
                                    [](char c) { return static_cast<unsigned char>(c) > ' '; });
    return first != body.end() && *first == '{';
}

/// A whole number that gateways may have put into quotes.
bool read_whole(simdjson::ondemand::value value, std::int64_t& out) {
    if (value.get_int64().get(out) == simdjson::SUCCESS) return true;
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return false;
    const auto number = whole<std::int64_t>(text);
    if (number) out = *number;
    return number.has_value();
}

/// Nobody says how "none" is written: 0, "0", an empty text and null mean it.
bool read_failure(simdjson::ondemand::value value, std::optional<std::int64_t>& out) {
    std::int64_t code = 0;
    std::string_view text;
    if (value.get_int64().get(code) == simdjson::SUCCESS) {
        out = code;
        return true;
    }
    if (value.get_string().get(text) == simdjson::SUCCESS) {
        out = text.empty() ? 0 : whole<std::int64_t>(text);
        return out.has_value();
    }
    bool none = false;
    if (simdjson::simdjson_result<bool>{value.is_null()}.get(none) != simdjson::SUCCESS || !none)
        return false;
    out = 0;
    return true;
}

/// An average is a rounded quotient anyway, so decimals beyond the eighth are cut.
std::optional<Price> average_of(std::string_view text) {
    const auto point = text.find('.');
    if (point != std::string_view::npos) text = text.substr(0, point + 1 + 8);
    return parse_as<Price>(text);
}

}  // namespace

bool is_certain_rejection(CommandKind kind, std::int64_t code) {
    // "No such order" is an answer to a cancel or a question; to a new order it makes no sense.
    if (code == cancel_rejected || code == no_such_order) return kind != CommandKind::place;
    return std::ranges::any_of(certain_rejections, [code](CodeRange range) {
        return code >= range.from && code <= range.to;
    });
}

bool doubts_rules(std::int64_t code) {
    // precision; price, quantity, tick, step and their limits; status and notional of the symbol
    return code == -1111 || code == -1121 || (code <= -4001 && code >= -4014) || code == -4023 ||
           code == -4140 || code == -4141 || code == -4164 || code == -4183 || code == -4184;
}

bool doubts_clock(std::int64_t code) {
    return code == -1021 || code == -4225;
}

bool doubts_mode(std::int64_t code) {
    return code == -1106 || (code <= -4059 && code >= -4062) || code == -4067;
}

RateAnswer read_limits(const HttpResponse& response, Nanos now) {
    RateAnswer answer;
    for (const HttpHeader& header : response.all()) read_usage(header, answer);
    if (response.status == 403 && !is_json_object(response.body)) {
        answer.verdict = RateVerdict::forbidden;
        return answer;
    }
    if (response.status != 429 && response.status != 418) return answer;
    answer.verdict = response.status == 418 ? RateVerdict::banned : RateVerdict::throttled;
    const auto wait = whole<std::uint32_t>(response.find("Retry-After"));
    if (wait) answer.retry_after = now + seconds(*wait);
    answer.retry_after = std::max(answer.retry_after, end_of_ban(response.body));
    return answer;
}

ReplyDecoder::ReplyDecoder() {
    require(parser_.allocate(longest_body) == simdjson::SUCCESS,
            "there is memory for a reply parser");
}

Reply ReplyDecoder::decode(const Command& command, const HttpResponse& response,
                           const RateAnswer& rate) {
    Reply reply{};
    reply.http_status = static_cast<std::uint16_t>(response.status);
    reply.verdict = ReplyClass::unknown;
    reply.retry_after = rate.retry_after;
    const Body body = read(response);
    const bool algo = body.algo.algo_id > 0 && is_about(command, body, body.algo.algo_id);
    algo_ids_ = algo ? body.algo : AlgoIds{};
    if (body.has_code) reply.code = static_cast<std::int32_t>(body.code);
    if (response.status == 418) {
        reply.verdict = ReplyClass::banned;
    } else if (response.status == 429) {
        reply.verdict = ReplyClass::throttled;
    } else if (response.status == 200) {
        const bool understood = command.kind == CommandKind::noop ? accept_noop(body, reply)
                                : command.with_exits ? accept_strategy(command, body, reply)
                                : algo               ? accept_algo(command, body, reply)
                                                     : accept(command, body, reply);
        if (!understood)
            ++unreadable_;
        else if (!command.with_exits || reply.code == 0)  // else its entry may exist all the same
            reply.verdict = ReplyClass::accepted;
    } else if (response.status >= 400 && response.status < 500 && body.is_object && body.has_code) {
        refuse(command, body, reply);
    } else if (planted(Canary::server_error_is_rejection) && response.status >= 500) {
        reply.verdict = ReplyClass::rejected;
    }
    return reply;
}

void ReplyDecoder::decode_batch(std::span<const Command> commands, const HttpResponse& response,
                                const RateAnswer& rate, std::span<Reply> replies) {
    algo_ids_ = {};
    for (Reply& reply : replies) {
        reply = {};
        reply.http_status = static_cast<std::uint16_t>(response.status);
        reply.retry_after = rate.retry_after;
        reply.verdict = response.status == 418   ? ReplyClass::banned
                        : response.status == 429 ? ReplyClass::throttled
                                                 : ReplyClass::unknown;
    }
    if (response.status != 200) {
        const Body whole = read(response);
        for (Reply& reply : replies)
            if (whole.has_code) reply.code = static_cast<std::int32_t>(whole.code);
        return;
    }
    std::array<Body, most_in_batch> bodies;
    const std::span<Body> elements = std::span{bodies}.first(commands.size());
    if (!read_list(response, elements)) {
        ++unreadable_;
        return;
    }
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const Body& body = elements[i];
        if (body.has_code) {
            replies[i].code = static_cast<std::int32_t>(body.code);
            refuse(commands[i], body, replies[i]);
        } else if (accept(commands[i], body, replies[i])) {
            replies[i].verdict = ReplyClass::accepted;
        } else {
            ++unreadable_;
        }
    }
}

/// A copy, because simdjson wants bytes to read over behind the end.
bool ReplyDecoder::open(const HttpResponse& response, simdjson::ondemand::document& document) {
    const std::span<const char> bytes = response.body;
    if (bytes.empty() || bytes.size() > longest_body) return false;
    std::memcpy(copy_.data(), bytes.data(), bytes.size());
    std::memset(copy_.data() + bytes.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser_.iterate(copy_.data(), bytes.size(), copy_.size()).get(document) ==
           simdjson::SUCCESS;
}

/// As many objects as there are bodies, no more and no fewer.
bool ReplyDecoder::read_list(const HttpResponse& response, std::span<Body> bodies) {
    simdjson::ondemand::document document;
    simdjson::ondemand::array array;
    if (!open(response, document) || document.get_array().get(array)) return false;
    std::size_t count = 0;
    for (auto element : array) {
        simdjson::ondemand::object object;
        if (count == bodies.size() || element.get_object().get(object)) return false;
        Body& body = bodies[count++];
        if (!read_members(object, body)) return false;
        body.is_object = true;
    }
    return count == bodies.size() && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

ReplyDecoder::Body ReplyDecoder::read(const HttpResponse& response) {
    Body body;
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (!open(response, document) || document.get_object().get(object) ||
        !read_members(object, body) ||
        document.current_location().error() != simdjson::OUT_OF_BOUNDS)
        return Body{};  // half an answer is none
    body.is_object = true;
    return body;
}

bool ReplyDecoder::read_members(simdjson::ondemand::object object, Body& body) {
    for (auto member : object) {
        simdjson::ondemand::field field;
        std::string_view key;
        if (std::move(member).get(field) || field.unescaped_key().get(key)) return false;
        if (!read_member(key, field.value(), body)) return false;
    }
    return true;
}

bool ReplyDecoder::read_member(std::string_view key, simdjson::ondemand::value value, Body& body) {
    const auto text = [&value](std::string_view& out) {
        return value.get_string().get(out) == simdjson::SUCCESS;
    };
    if (key == "orderId") return read_whole(value, body.order_id);
    if (key == "clientOrderId") return text(body.client_order_id);
    if (key == "status") return text(body.status);
    if (key == "executedQty") return text(body.filled);
    if (key == "avgPrice") return text(body.average_price);
    if (key == "price") return text(body.price);
    if (key == "origQty") return text(body.quantity);
    if (key == "updateTime") return read_whole(value, body.update_time);
    if (key == "strategyId") return read_whole(value, body.strategy_id);
    if (key == "clientStrategyId") return text(body.client_strategy_id);
    if (key == "failureCode") return read_failure(value, body.failure);
    if (key == "algoId") return read_whole(value, body.algo.algo_id);
    if (key == "clientAlgoId") return text(body.client_order_id);
    if (key == "algoStatus") return text(body.status);
    if (key == "actualOrderId") {  // "" until it has fired
        (void)read_whole(value, body.algo.order_id);
        return true;
    }
    if (key == "msg") return text(body.message);
    if (key == "code") return body.has_code = read_whole(value, body.code);
    if (!is_known_member(key)) ++unknown_members_;
    return true;  // simdjson skips what was not looked at
}

/// By our id, or for orders that are not ours by the exchange's.
bool ReplyDecoder::is_about(const Command& command, const Body& body, std::int64_t order_id) {
    if (command.id == ClientOrderId{}) return order_id == command.order_id;
    return decode_client_order_id(body.client_order_id) == command.id;
}

/// True when the body is the order the command was about.
bool ReplyDecoder::accept(const Command& command, const Body& body, Reply& reply) {
    if (!body.is_object || body.order_id <= 0 || body.status.empty()) return false;
    if (!is_about(command, body, body.order_id)) return false;
    const auto filled = parse_as<Quantity>(body.filled);
    if (!filled || filled->raw < 0) return false;
    if (!body.average_price.empty()) {
        const auto average = average_of(body.average_price);
        if (!average || average->raw < 0) return false;
        reply.average_price = *average;
    }
    constexpr std::int64_t latest = INT64_MAX / 1'000'000;
    if (body.update_time < 0 || body.update_time > latest) return false;
    reply.order_id = body.order_id;
    reply.filled = *filled;
    reply.price = parse_as<Price>(body.price).value_or(Price{});
    reply.quantity = parse_as<Quantity>(body.quantity).value_or(Quantity{});
    reply.status = order_status_of(body.status);
    reply.exchange_time = milliseconds(body.update_time);
    return true;
}

/// The same for a conditional order that lives apart. One that has fired is asked for where it has
/// become an order, so this answer is no verdict. A cancel is answered by a bare success.
bool ReplyDecoder::accept_algo(const Command& command, const Body& body, Reply& reply) {
    constexpr std::int64_t latest = INT64_MAX / 1'000'000;
    const bool done = body.has_code && body.code == success;
    if (done) reply.code = 0;
    reply.status = algo_status_of(body.status);
    if (command.kind == CommandKind::cancel && done && body.status.empty())
        reply.status = OrderStatus::canceled;
    if (reply.status == OrderStatus::unknown || body.update_time < 0 || body.update_time > latest)
        return false;
    reply.order_id = body.algo.algo_id;
    reply.exchange_time = milliseconds(body.update_time);
    return true;
}

/// A strategy, which names none of its orders: those are known by their client order ids. Status
/// 200 does not mean success; what failed later may have left an entry behind (§4.4).
bool ReplyDecoder::accept_strategy(const Command& command, const Body& body, Reply& reply) {
    const ClientOrderIdText id = encode(command.id);
    const bool ours = body.client_strategy_id == client_strategy_id(id);
    if (!body.is_object || body.strategy_id <= 0 || !ours || !body.failure) return false;
    if (*body.failure < INT32_MIN || *body.failure > INT32_MAX) return false;
    reply.code = static_cast<std::int32_t>(*body.failure);
    reply.status = OrderStatus::created;
    return true;
}

/// A bare success, whatever it was that is void now.
bool ReplyDecoder::accept_noop(const Body& body, Reply& reply) {
    if (!body.is_object || !body.has_code || body.code != success) return false;
    reply.code = 0;
    return true;
}

/// A 4xx with a code: rejected for certain, throttled, or still unknown.
void ReplyDecoder::refuse(const Command& command, const Body& body, Reply& reply) {
    if (body.code == too_many_requests || body.code == too_many_orders) {
        reply.verdict = ReplyClass::throttled;
        return;
    }
    // -1000 hides two refusals of the key behind its text; they get the code that means the same.
    if (body.code == unknown_error) {
        if (contains(body.message, "Signature check failed")) reply.code = invalid_signature;
        if (contains(body.message, "No agent found")) reply.code = key_refused;
    }
    const bool id_taken = body.code == bad_client_id && (contains(body.message, "uplicat"));
    if (!id_taken && is_certain_rejection(command.kind, reply.code))
        reply.verdict = ReplyClass::rejected;
}

}  // namespace tranche::aster
