// Verbs that ask a running instance: status, latency, pause, resume, flatten, merge.
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/exit_codes.hpp"
#include "tools/http_client.hpp"
#include "tools/verbs.hpp"

namespace tranche {
namespace {

Result<std::string> read_token(const std::string& path) {
    if (path.empty()) return std::string{};
    std::ifstream in{path};
    std::string token;
    if (!std::getline(in, token))
        return Error{ErrorKind::credentials, path + ": cannot be read as a token file"};
    return token;
}

/// `body` is JSON and makes it a POST; empty for GET.
Result<HttpAnswer> ask_instance(const AskOptions& options, const std::string& path,
                                const std::string& body = {}) {
    auto token = read_token(options.token_file);
    if (!token) return token.error();
    HttpCall call;
    call.method = body.empty() ? "GET" : "POST";
    call.url = options.url + path;
    call.token = token.value();
    call.body = body;
    return ask(call);
}

/// `a.b.c` of an answer as text; "-" when it is not there.
std::string field(const nlohmann::json& json, const std::string& pointer) {
    const nlohmann::json::json_pointer at{pointer};
    if (!json.contains(at)) return "-";
    const nlohmann::json& value = json.at(at);
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// What a running instance says at `path`. Errors (bad_data): somebody else answers there.
Result<nlohmann::json> asked(const AskOptions& options, const std::string& path) {
    const auto answer = ask_instance(options, path);
    if (!answer) return answer.error();
    auto json = nlohmann::json::parse(answer.value().body, nullptr, false);
    if (!json.is_object() || answer.value().status != 200)
        return Error{ErrorKind::bad_data,
                     options.url + path + ": this is not the page of a tranche (status " +
                         std::to_string(answer.value().status) + "); name it with --url"};
    return json;
}

Exit exit_code_of(long http_status) {
    if (http_status >= 200 && http_status < 300) return Exit::ok;
    switch (http_status) {
        case 400: return Exit::usage;
        case 401:
        case 403: return Exit::credentials;
        case 404: return Exit::not_found;
        case 503: return Exit::unavailable;
        default: return Exit::no;
    }
}

/// Sends a command and says what became of it.
int command(const AskOptions& options, const std::string& path, const std::string& body) {
    const auto answer = ask_instance(options, path, body);
    if (!answer) return report(answer.error());
    const Exit code = exit_code_of(answer.value().status);
    if (options.json || code == Exit::ok) {
        fmt::print("{}\n", answer.value().body);
    } else {
        const auto json = nlohmann::json::parse(answer.value().body, nullptr, false);
        fmt::print(stderr, "refused ({}): {}\n", answer.value().status, field(json, "/error"));
    }
    return static_cast<int>(code);
}

}  // namespace

int status(const AskOptions& options) {
    const auto answer = asked(options, "/api/overview");
    if (!answer) return report(answer.error());
    const nlohmann::json& json = answer.value();
    const bool ready = field(json, "/ready") == "true";
    if (options.json) {
        fmt::print("{}\n", json.dump());
        return ready ? 0 : 1;
    }
    fmt::print("{}: {}\n", ready ? "ready" : "not ready", field(json, "/mode"));
    fmt::print("why: {}\n", field(json, "/mode_reason"));
    if (field(json, "/waits_for_operator") == "true")
        fmt::print("entries wait for you: mend the cause, then tranche resume\n");
    for (const auto& problem : json.value("problems", nlohmann::json::array()))
        fmt::print("problem: {}\n", field(problem, ""));
    fmt::print("liquidations {}, triggers {}, open tranches {}, unprotected {}\n",
               field(json, "/funnel/liquidations"), field(json, "/funnel/triggers"),
               field(json, "/funnel/open_tranches"), field(json, "/funnel/unprotected_now"));
    return ready ? 0 : 1;
}

int latency(const AskOptions& options) {
    const auto answer = asked(options, "/api/latency");
    if (!answer) return report(answer.error());
    const nlohmann::json& json = answer.value();
    if (options.json) {
        fmt::print("{}\n", json.dump());
        return 0;
    }
    fmt::print("{:<16} {:>10} {:>10} {:>10} {:>10} {:>12}\n", "stage", "count", "p50 ns", "p99 ns",
               "p99.9 ns", "max ns");
    for (const auto& stage : json.value("stages", nlohmann::json::array()))
        fmt::print("{:<16} {:>10} {:>10} {:>10} {:>10} {:>12}\n", field(stage, "/stage"),
                   field(stage, "/count"), field(stage, "/p50"), field(stage, "/p99"),
                   field(stage, "/p999"), field(stage, "/max"));
    return 0;
}

int press(const AskOptions& options, const std::string& button) {
    return command(options, "/api/control/" + button, "{}");
}

int merge(const AskOptions& options, const MergeOptions& wanted) {
    const nlohmann::json body{{"ordinals", wanted.ordinals}};
    return command(options,
                   "/api/positions/" + wanted.symbol + "/" + wanted.side + "/tranches/merge",
                   body.dump());
}

}  // namespace tranche
