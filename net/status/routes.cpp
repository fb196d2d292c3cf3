#include "net/status/routes.hpp"

#include <algorithm>
#include <array>

#include "net/status/assets.hpp"
#include "net/status/json.hpp"
#include "net/status/metrics.hpp"

namespace tranche {
namespace {

using Segments = std::vector<std::string_view>;

/// Segments below /api/, at most six; empty when the path is another one.
Segments api_segments(std::string_view path) {
    constexpr std::string_view prefix = "/api/";
    Segments segments;
    if (path.substr(0, prefix.size()) != prefix) return segments;
    path.remove_prefix(prefix.size());
    while (segments.size() < 6) {
        const std::size_t slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
    return {};
}

using BoardAnswer = Answer (*)(const AnswerContext&);
using QueryAnswer = Answer (*)(const AnswerContext&, const Request&);
template <class Function> struct Route {
    std::string_view name;
    Function answer;
};

constexpr std::array board_routes{
    Route<BoardAnswer>{"overview", overview},      Route<BoardAnswer>{"health", health},
    Route<BoardAnswer>{"account", account},        Route<BoardAnswer>{"stats", stats},
    Route<BoardAnswer>{"latency", latency},        Route<BoardAnswer>{"symbols", symbols},
    Route<BoardAnswer>{"alarms", alarms},          Route<BoardAnswer>{"orders", open_orders},
    Route<BoardAnswer>{"tranches", open_tranches}, Route<BoardAnswer>{"positions", positions},
};
constexpr std::array query_routes{
    Route<QueryAnswer>{"liquidations", liquidations},
    Route<QueryAnswer>{"decisions", decisions},
    Route<QueryAnswer>{"trades", trades},
};

template <class Routes> const auto* find_route(const Routes& routes, std::string_view name) {
    const auto found = std::find_if(routes.begin(), routes.end(),
                                    [name](const auto& route) { return route.name == name; });
    return found == routes.end() ? nullptr : &*found;
}

/// Paths with an effect: /api/control/<verb>, …/<side>/close, …/<side>/tranches/merge.
bool takes_post(const Segments& at) {
    if (at.size() == 2 && at[0] == "control")
        return at[1] == "pause" || at[1] == "resume" || at[1] == "flatten";
    if (at.size() == 4 && at[0] == "positions") return at[3] == "close";
    return at.size() == 5 && at[0] == "positions" && at[3] == "tranches" && at[4] == "merge";
}

Answer config(const StatusSources& sources) {
    if (sources.settings_json.empty()) return error_answer(503, "the settings are not known");
    Answer answer;
    answer.body = sources.settings_json;
    return answer;
}

Answer method_refused(std::string allow) {
    Answer answer = error_answer(405, "this path takes " + allow);
    answer.allow = std::move(allow);
    return answer;
}

}  // namespace

std::optional<std::string_view> Request::parameter(std::string_view name) const {
    for (const auto& one : query)
        if (one.first == name) return one.second;
    return std::nullopt;
}

Answer error_answer(unsigned status, std::string_view message) {
    Answer answer;
    answer.status = status;
    JsonWriter json{answer.body};
    json.begin_object();
    json.field("error", message);
    json.end_object();
    return answer;
}

Answer Routes::answer(const Request& request, Nanos now) {
    const AnswerContext context{sources_, view_, recent_, now};
    const bool effect = takes_post(api_segments(request.path));
    if (request.method == "POST") {
        if (effect) return post(request, context);
        const Answer other = get(request, context);
        return other.status == 404 ? other : method_refused("GET, HEAD");
    }
    if (request.method == "GET") return effect ? method_refused("POST") : get(request, context);
    return method_refused(effect ? "POST" : "GET, HEAD");
}

Answer Routes::get(const Request& request, const AnswerContext& context) {
    if (const Asset* asset = find_asset(request.path)) {
        Answer page;
        page.content_type = asset->content_type;
        page.body = asset->content;
        return page;
    }
    if (request.path == "/metrics") {
        Answer text;
        text.content_type = "text/plain; version=0.0.4; charset=utf-8";
        text.body = metrics_text(context);
        return text;
    }
    const Segments at = api_segments(request.path);
    if (at.size() == 1) {
        if (const auto* route = find_route(board_routes, at[0])) return route->answer(context);
        if (const auto* route = find_route(query_routes, at[0]))
            return route->answer(context, request);
        if (at[0] == "config") return config(sources_);
    }
    if (at.size() == 2 && at[0] == "trades") return trade(context, at[1]);
    if (at.size() == 2 && at[0] == "tranches" && at[1] == "history")
        return tranche_history(context, request);
    if (at.size() == 2 && at[0] == "tranches" && at[1] == "merges")
        return merge_history(context, request);
    if (at.size() == 3 && at[0] == "positions")
        return at[2] == "tranches" ? symbol_tranches(context, at[1])
                                   : position(context, at[1], at[2]);
    return error_answer(404, "no such path");
}

Answer Routes::post(const Request& request, const AnswerContext& context) {
    const Segments at = api_segments(request.path);
    const std::uint64_t number = ++commands_;
    if (at.size() == 2) return control(context, at[1], number);
    if (at.size() == 4) return close_position(context, at[1], at[2], number);
    return merge(context, at[1], at[2], request.body, number);
}

}  // namespace tranche
