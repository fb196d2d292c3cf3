// Verbs that ask a running instance: status, latency, pause, resume, flatten.
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

Result<HttpAnswer> ask_instance(const AskOptions& options, const std::string& method,
                                const std::string& path) {
    auto token = read_token(options.token_file);
    if (!token) return token.error();
    HttpCall call;
    call.method = method;
    call.url = options.url + path;
    call.token = token.value();
    if (method == "POST") call.body = "{}";
    return ask(call);
}

/// `a.b.c` of an answer as text; "-" when it is not there.
std::string field(const nlohmann::json& json, const std::string& pointer) {
    const nlohmann::json::json_pointer at{pointer};
    if (!json.contains(at)) return "-";
    const nlohmann::json& value = json.at(at);
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

int status(const AskOptions& options) {
    const auto answer = ask_instance(options, "GET", "/api/overview");
    if (!answer) return report(answer.error());
    const auto json = nlohmann::json::parse(answer.value().body, nullptr, false);
    const bool ready = field(json, "/ready") == "true";
    if (options.json) {
        fmt::print("{}\n", answer.value().body);
        return ready ? 0 : 1;
    }
    fmt::print("{}: {}\n", ready ? "ready" : "not ready", field(json, "/mode"));
    fmt::print("why: {}\n", field(json, "/mode_reason"));
    fmt::print("liquidations {}, triggers {}, open tranches {}, unprotected {}\n",
               field(json, "/funnel/liquidations"), field(json, "/funnel/triggers"),
               field(json, "/funnel/open_tranches"), field(json, "/funnel/unprotected_now"));
    return ready ? 0 : 1;
}

int latency(const AskOptions& options) {
    const auto answer = ask_instance(options, "GET", "/api/latency");
    if (!answer) return report(answer.error());
    if (options.json) {
        fmt::print("{}\n", answer.value().body);
        return 0;
    }
    const auto json = nlohmann::json::parse(answer.value().body, nullptr, false);
    fmt::print("{:<16} {:>10} {:>10} {:>10} {:>10} {:>12}\n", "stage", "count", "p50 ns", "p99 ns",
               "p99.9 ns", "max ns");
    for (const auto& stage : json.value("stages", nlohmann::json::array()))
        fmt::print("{:<16} {:>10} {:>10} {:>10} {:>10} {:>12}\n", field(stage, "/stage"),
                   field(stage, "/count"), field(stage, "/p50"), field(stage, "/p99"),
                   field(stage, "/p999"), field(stage, "/max"));
    return 0;
}

int press(const AskOptions& options, const std::string& button) {
    const auto answer = ask_instance(options, "POST", "/api/control/" + button);
    if (!answer) return report(answer.error());
    if (options.json || answer.value().status == 200)
        fmt::print("{}\n", answer.value().body);
    else
        fmt::print(stderr, "refused ({}): {}\n", answer.value().status, answer.value().body);
    if (answer.value().status == 401 || answer.value().status == 403)
        return static_cast<int>(Exit::credentials);
    return answer.value().status == 200 ? 0 : 1;
}

}  // namespace tranche
