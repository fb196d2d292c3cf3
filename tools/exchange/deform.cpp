#include "tools/exchange/deform.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tranche::exchange {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t throttled_s = 2;
constexpr std::string_view too_large = "123456789012345678901234567890";

std::string page(std::string_view title) {
    return fmt::format(
        "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
        "</body>\r\n</html>\r\n",
        title);
}

std::string_view title_of(unsigned status) {
    switch (status) {
        case 403: return "403 Forbidden";
        case 500: return "500 Internal Server Error";
        case 502: return "502 Bad Gateway";
        case 503: return "503 Service Temporarily Unavailable";
        case 504: return "504 Gateway Time-out";
        default: return "Error";
    }
}

/// The field that matters most of an object: the order's id, or else the first.
std::string main_field(const Json& object) {
    return object.contains("orderId") ? "orderId" : object.begin().key();
}

Json reshaped(Json object, Shape shape) {
    if (!object.is_object() || object.empty()) return object;
    const std::string field = main_field(object);
    if (shape == Shape::missing) object.erase(field);
    if (shape == Shape::retyped) object[field] = {{"value", object[field]}};
    if (shape == Shape::huge) object[field] = too_large;
    if (shape == Shape::extra) {
        Json grown = {{"schemaVersion", {{"major", 9}, {"notes", {1, 2.5, nullptr, "x"}}}}};
        grown.update(object);
        grown["positionIdx"] = Json::array();
        return grown;
    }
    return object;
}

std::string reshaped(const std::string& body, Shape shape) {
    if (shape == Shape::html) return page("Under maintenance");
    if (shape == Shape::torn) return body.substr(0, body.size() * 2 / 3);
    if (shape == Shape::empty) return {};
    Json json = Json::parse(body, nullptr, false);
    if (json.is_discarded()) return body;
    if (json.is_array())
        for (Json& one : json) one = reshaped(one, shape);
    else
        json = reshaped(json, shape);
    std::string text = json.dump();
    if (shape != Shape::huge) return text;
    // A number beyond 64 bits, which no JSON value of ours can hold: written as text, unquoted.
    const std::string quoted = fmt::format("\"{}\"", too_large);
    for (std::size_t at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at))
        text.replace(at, quoted.size(), too_large);
    return text;
}

}  // namespace

std::optional<Answer> instead_of(const RequestFate& fate, std::int64_t now_ms, std::int64_t ban_s) {
    if (fate.reject_code != 0)
        return refuse(
            {fate.reject_code, fmt::format("Refused by rule with {}.", fate.reject_code)});
    if (fate.status == 0) return std::nullopt;
    Answer answer;
    if (fate.status == 418)
        answer = refuse({-1003, fmt::format("Way too many requests; IP banned until {}.",
                                            now_ms + ban_s * 1000)});
    else if (fate.status == 429)
        answer = refuse({-1003, "Too many requests."});
    else
        answer.body = page(title_of(fate.status));
    answer.status = fate.status;
    if (fate.status == 418) answer.headers.emplace_back("Retry-After", std::to_string(ban_s));
    if (fate.status == 429) answer.headers.emplace_back("Retry-After", std::to_string(throttled_s));
    return answer;
}

void deform(const RequestFate& fate, Answer& answer) {
    if (fate.answer_503) {
        answer.status = 503;
        answer.body = page(title_of(503));
    }
    // A strategy tells of what failed later with status 200.
    constexpr std::string_view no_failure = R"("failureCode":0)";
    if (const auto at = answer.body.find(no_failure);
        fate.executed_code != 0 && at != std::string::npos) {
        answer.body.replace(at, no_failure.size(),
                            fmt::format(R"("failureCode":{})", fate.executed_code));
    } else if (fate.executed_code != 0) {
        const auto headers = std::move(answer.headers);
        answer = refuse({fate.executed_code, fmt::format("Told by rule: {}.", fate.executed_code)});
        answer.headers = headers;
    }
    if (fate.shape != Shape::as_it_is) answer.body = reshaped(answer.body, fate.shape);
}

}  // namespace tranche::exchange
