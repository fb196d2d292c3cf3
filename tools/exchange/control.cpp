#include "tools/exchange/control.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/exchange/json_writer.hpp"

namespace tranche::exchange {
namespace {

using Json = nlohmann::json;

std::string failure(int code, std::string_view message) {
    JsonWriter json;
    return json.begin_object().field("code", code).field("msg", message).end_object().take();
}

std::string success(std::string_view result, std::uint64_t id) {
    return fmt::format(R"({{"result":{},"id":{}}})", result, id);
}

bool add_streams(std::string_view names, Subscriptions& into) {
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find('/'));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        if (!name.empty()) into.streams.emplace(name);
    }
    return into.streams.size() <= Subscriptions::streams_max;
}

std::string change(const Json& params, bool subscribe, std::uint64_t id, Subscriptions& state) {
    if (!params.is_array()) return failure(2, "Invalid request: params must be a list of streams");
    for (const Json& name : params)
        if (!name.is_string()) return failure(2, "Invalid request: a stream name must be a string");
    for (const Json& name : params) {
        const auto& stream = name.get_ref<const std::string&>();
        if (!subscribe)
            state.streams.erase(stream);
        else if (state.streams.size() >= Subscriptions::streams_max && !state.has(stream))
            return failure(2, "Invalid request: more than 200 streams on one connection");
        else
            state.streams.insert(stream);
    }
    return success("null", id);
}

std::string list(std::uint64_t id, const Subscriptions& state) {
    JsonWriter json;
    json.begin_array();
    for (const std::string& stream : state.streams) json.value(stream);
    return success(json.end_array().take(), id);
}

std::string property(const Json& params, bool set, std::uint64_t id, Subscriptions& state) {
    const std::size_t wanted = set ? 2 : 1;
    if (!params.is_array() || params.empty() || !params[0].is_string())
        return failure(2, "Invalid request: property name must be a string");
    if (params.size() > wanted) return failure(2, "Invalid request: too many parameters");
    if (params[0] != "combined") return failure(0, "Unknown property");
    if (!set) return success(state.combined ? "true" : "false", id);
    if (params.size() < 2 || !params[1].is_boolean())
        return failure(1, "Invalid value type: expected Boolean");
    state.combined = params[1].get<bool>();
    return success("null", id);
}

}  // namespace

std::optional<Subscriptions> subscriptions_of_target(std::string_view target) {
    Subscriptions state;
    constexpr std::string_view combined = "/stream";
    if (target == "/ws" || target.starts_with("/ws/")) {
        if (!add_streams(target.substr(3), state)) return std::nullopt;
        return state;
    }
    if (!target.starts_with(combined)) return std::nullopt;
    target.remove_prefix(combined.size());
    state.combined = true;
    if (target.empty() || target == "?") return state;
    constexpr std::string_view query = "?streams=";
    if (!target.starts_with(query)) return std::nullopt;
    const std::string_view names = target.substr(query.size(), target.find('&') - query.size());
    if (!add_streams(names, state)) return std::nullopt;
    return state;
}

bool Subscriptions::takes(std::string_view payload) const {
    constexpr std::string_view mark = R"({"e":")";
    if (events.empty() || !payload.starts_with(mark)) return true;
    payload.remove_prefix(mark.size());
    return events.contains(payload.substr(0, payload.find('"')));
}

std::optional<Subscriptions> subscriptions_of_split_target(std::string_view target) {
    constexpr std::string_view account = "/private/ws?listenKey=";
    if (target.starts_with(account)) {
        target.remove_prefix(account.size());
        Subscriptions state;
        state.streams.emplace(target.substr(0, target.find('&')));
        constexpr std::string_view wanted = "&events=";
        const std::size_t at = target.find(wanted);
        if (at == std::string_view::npos) return state;
        for (target.remove_prefix(at + wanted.size()); !target.empty();) {
            const std::string_view event = target.substr(0, target.find('/'));
            target.remove_prefix(std::min(target.size(), event.size() + 1));
            state.events.emplace(event);
        }
        return state;
    }
    const bool books = target.starts_with("/public/");
    if (!books && !target.starts_with("/market/")) return std::nullopt;
    auto state = subscriptions_of_target(target.substr(std::string_view{"/public"}.size()));
    if (!state) return std::nullopt;
    std::erase_if(state->streams, [books](const std::string& stream) {
        const bool of_books = stream.find("bookTicker") != std::string::npos ||
                              stream.find("@depth") != std::string::npos;
        return of_books != books;
    });
    return state;
}

std::string answer_control(std::string_view text, Subscriptions& state) {
    const Json message = Json::parse(text, nullptr, false);
    if (message.is_discarded()) return failure(3, "Invalid JSON");
    if (!message.is_object()) return failure(2, "Invalid request: expected an object");
    const auto id = message.find("id");
    if (id == message.end() || !id->is_number_unsigned())
        return failure(2, "Invalid request: request ID must be an unsigned integer");
    const auto method = message.find("method");
    if (method == message.end() || !method->is_string())
        return failure(2, "Invalid request: missing method");
    const auto number = id->get<std::uint64_t>();
    const Json params = message.value("params", Json{});
    if (*method == "SUBSCRIBE") return change(params, true, number, state);
    if (*method == "UNSUBSCRIBE") return change(params, false, number, state);
    if (*method == "LIST_SUBSCRIPTIONS") return list(number, state);
    if (*method == "SET_PROPERTY") return property(params, true, number, state);
    if (*method == "GET_PROPERTY") return property(params, false, number, state);
    return failure(2, "Invalid request: unknown method");
}

}  // namespace tranche::exchange
