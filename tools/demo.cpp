// The demo: the simulated exchange and the real engine as processes of their own, a progress line,
// and at the end a comparison of the exchange's ledger with the engine's tranches. An engine that
// dies on the way (try `kill -9`) is started again, as a supervisor would.
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <signal.h>
#include <time.h>

#include "core/clock.hpp"
#include "core/numbers.hpp"
#include "tools/demo_files.hpp"
#include "tools/exit_codes.hpp"
#include "tools/http_client.hpp"
#include "tools/process.hpp"

namespace tranche {
namespace {

volatile sig_atomic_t interrupted = 0;  // set by the signal handler, which may touch nothing else

void nap(int milliseconds) {
    const timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    nanosleep(&pause, nullptr);
}

std::optional<nlohmann::json> get(const std::string& url, const std::string& ca_file = {}) {
    HttpCall call;
    call.url = url;
    call.ca_file = ca_file;
    call.timeout_ms = 2000;
    const auto answer = ask(call);
    if (!answer) return std::nullopt;
    auto json = nlohmann::json::parse(answer.value().body, nullptr, false);
    if (json.is_discarded()) return std::nullopt;
    return json;
}

std::string text_at(const nlohmann::json& json, const char* pointer) {
    const nlohmann::json::json_pointer at{pointer};
    if (!json.contains(at)) return "-";
    return json.at(at).is_string() ? json.at(at).get<std::string>() : json.at(at).dump();
}

/// Tick-to-order percentiles in microseconds: `p50/p99`.
std::string tick_to_order(const std::string& page) {
    const auto latency = get(page + "/api/latency");
    if (!latency || !latency->contains("stages")) return "-";
    for (const auto& stage : (*latency)["stages"]) {
        if (text_at(stage, "/stage") != "tick_to_order") continue;
        return fmt::format("{:.1f}/{:.1f} us",
                           static_cast<double>(stage.value("p50", std::int64_t{})) / 1000.0,
                           static_cast<double>(stage.value("p99", std::int64_t{})) / 1000.0);
    }
    return "-";
}

class Demo {
public:
    Demo(const DemoOptions& options, DemoFiles files)
        : options_{options}, files_{std::move(files)} {}

    Result<Done> start();
    void play();
    /// Prints the summary; true when ledger and tranches agree and everything is protected.
    bool finish();

private:
    Result<Done> start_engine();
    Result<Done> wait_for(ChildProcess& child, const std::string& url, const std::string& ca,
                          const std::string& log);
    void show_progress(int second);
    bool compare();
    void freeze_market();

    DemoOptions options_;
    DemoFiles files_;
    std::optional<ChildProcess> exchange_;
    std::optional<ChildProcess> engine_;
    int restarts_{};
};

Result<Done> Demo::wait_for(ChildProcess& child, const std::string& url, const std::string& ca,
                            const std::string& log) {
    for (int tries = 0; tries < 200 && interrupted == 0; ++tries) {
        if (get(url, ca)) return Done{};
        if (!child.running())
            return Error{ErrorKind::unavailable,
                         fmt::format("it ended before it answered at {}; its log: {}", url, log)};
        nap(100);
    }
    return Error{ErrorKind::unavailable, "no answer at " + url + "; log: " + log};
}

Result<Done> Demo::start() {
    std::vector<std::string> command = {program_folder() + "tranche-exchange",
                                        "--listen",
                                        fmt::format("127.0.0.1:{}", options_.exchange_port),
                                        "--cert-out",
                                        files_.certificate,
                                        "--seed",
                                        std::to_string(options_.seed),
                                        "--balance",
                                        "2000"};
    for (const std::string& recording : options_.recordings) {
        command.insert(command.end(), {"--recording", recording});
    }
    if (!options_.recordings.empty()) command.insert(command.end(), {"--speed", options_.speed});
    auto exchange = ChildProcess::start(command, {}, files_.exchange_log);
    if (!exchange) return exchange.error();
    exchange_ = std::move(exchange).value();
    auto there = wait_for(*exchange_, files_.exchange_url + "/fapi/v3/time", files_.certificate,
                          files_.exchange_log);
    if (!there) return there.error();
    return start_engine();
}

Result<Done> Demo::start_engine() {
    auto engine = ChildProcess::start(
        {program_folder() + "tranche", "run", "--settings", files_.settings},
        {{"TRANCHE_SIGNER_KEY_FILE", files_.key}, {"TRANCHE_USER", files_.user}},
        files_.engine_log);
    if (!engine) return engine.error();
    engine_ = std::move(engine).value();
    return wait_for(*engine_, files_.page_url + "/api/health", {}, files_.engine_log);
}

void Demo::show_progress(int second) {
    const auto health = get(files_.page_url + "/api/overview");
    if (!health) return fmt::print("{:4} s  the page does not answer\n", second);
    fmt::print(
        "{:4} s  {:<9} liquidations {:>5}  triggers {:>4}  open tranches {:>3}  "
        "closed {:>3}  fills {:>4}  tick-to-order p50/p99 {}\n",
        second, text_at(*health, "/mode"), text_at(*health, "/funnel/liquidations"),
        text_at(*health, "/funnel/triggers"), text_at(*health, "/funnel/open_tranches"),
        text_at(*health, "/funnel/tranches_closed"), text_at(*health, "/funnel/fills"),
        tick_to_order(files_.page_url));
    std::fflush(stdout);
}

void Demo::play() {
    const Nanos begin = monotonic_now();
    for (int second = 0; interrupted == 0; ++second) {
        if (options_.seconds > 0 && second >= options_.seconds) return;
        while (monotonic_now() - begin < seconds(second + 1) && interrupted == 0) nap(20);
        if (!engine_->running()) {
            ++restarts_;
            fmt::print("the engine ended on the way; starting it again\n");
            if (auto again = start_engine(); !again) {
                fmt::print(stderr, "{}\n", again.error().message);
                return;
            }
        }
        show_progress(second + 1);
    }
}

void Demo::freeze_market() {
    HttpCall call;
    call.method = "POST";
    call.url = files_.exchange_url + "/sim/pause_market";
    call.body = "{}";
    call.ca_file = files_.certificate;
    (void)ask(call);
}

using Holdings = std::map<std::string, std::int64_t>;  // `SYMBOL SIDE` → quantity in 1e-8

void add_to(Holdings& holdings, const nlohmann::json& row, const char* side, const char* quantity) {
    const auto amount = parse_decimal(text_at(row, quantity));
    if (!amount || *amount == 0) return;
    const std::string key = fmt::format("{} {}", text_at(row, "/symbol"), text_at(row, side));
    holdings[key] += std::abs(*amount);
}

struct Totals {
    Holdings ours;
    Holdings theirs;
    std::size_t tranches{};
    std::size_t without_exits{};
};

Totals read_totals(const nlohmann::json& tranches, const nlohmann::json& ledger) {
    Totals totals;
    for (const auto& row : tranches) {
        add_to(totals.ours, row, "/side", "/quantity");
        ++totals.tranches;
        const bool held = parse_decimal(text_at(row, "/quantity")).value_or(0) != 0;
        if (held && text_at(row, "/state") != "protected") ++totals.without_exits;
    }
    for (const auto& row : ledger.value("positions", nlohmann::json::array()))
        add_to(totals.theirs, row, "/positionSide", "/quantity");
    return totals;
}

bool Demo::compare() {
    Totals totals;
    std::optional<nlohmann::json> ledger;
    bool same = false;
    // What was on its way when the market stopped needs a moment to settle.
    for (int tries = 0; tries < 100 && !(same && totals.without_exits == 0); ++tries) {
        nap(100);
        const auto tranches = get(files_.page_url + "/api/tranches");
        ledger = get(files_.exchange_url + "/sim/ledger", files_.certificate);
        if (!tranches || !ledger || !tranches->is_array()) continue;
        totals = read_totals(*tranches, *ledger);
        same = totals.ours == totals.theirs;
    }
    if (!ledger) {
        fmt::print("no ledger: the exchange does not answer\n");
        return false;
    }
    fmt::print("\n{:<22} {:>18} {:>18}\n", "position", "tranches", "exchange ledger");
    std::map<std::string, bool> keys;
    for (const auto& [key, amount] : totals.ours) keys[key] = true;
    for (const auto& [key, amount] : totals.theirs) keys[key] = true;
    for (const auto& [key, present] : keys) {
        const std::int64_t ours = totals.ours.contains(key) ? totals.ours.at(key) : 0;
        const std::int64_t theirs = totals.theirs.contains(key) ? totals.theirs.at(key) : 0;
        fmt::print("{:<22} {:>18} {:>18}  {}\n", key, to_text(ours), to_text(theirs),
                   ours == theirs ? "same" : "DIFFERENT");
    }
    const int most = ledger->value("orders_by_client_id_max", 0);
    const auto published = text_at(*ledger, "/liquidations_published");
    const std::size_t symbols =
        ledger->value("liquidations_by_symbol", nlohmann::json::object()).size();
    fmt::print("\nopen tranches            {}\n", totals.tranches);
    fmt::print("without TP and SL        {}\n", totals.without_exits);
    fmt::print("liquidations published   {} on {} symbols\n", published, symbols);
    fmt::print("orders per client id     {} at most\n", most);
    fmt::print("realised / fees          {} / {} USDT\n", text_at(*ledger, "/realized_pnl"),
               text_at(*ledger, "/fees"));
    fmt::print("ledger and tranches      {}\n", same ? "agree to the last step" : "DIFFER");
    return same && totals.without_exits == 0 && most <= 1;
}

bool Demo::finish() {
    fmt::print("\nstopping the market to compare\n");
    const bool had_engine = engine_ && engine_->running();
    freeze_market();
    const auto health = get(files_.page_url + "/api/overview");
    const std::string speed = tick_to_order(files_.page_url);
    const bool good = had_engine && compare();
    if (health) {
        fmt::print("triggers / entries       {} / {}\n", text_at(*health, "/funnel/triggers"),
                   text_at(*health, "/funnel/verdicts/entered"));
        fmt::print("orders sent / rejected   {} / {}\n", text_at(*health, "/funnel/orders_sent"),
                   text_at(*health, "/funnel/orders_rejected"));
        fmt::print("fills                    {}\n", text_at(*health, "/funnel/fills"));
        fmt::print("longest without a stop   {} ms\n",
                   text_at(*health, "/funnel/unprotected_max_ms"));
    }
    fmt::print("tick-to-order p50/p99    {}\n", speed);
    fmt::print("engine restarts          {}\n", restarts_);
    if (engine_) {
        const int code = engine_->stop(15'000);
        fmt::print("engine left with code    {}\n", code);
        if (code != 0) return false;
    }
    if (exchange_) exchange_->stop(5'000);
    return good;
}

}  // namespace

int demo(const DemoOptions& options) {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    auto files = make_demo_files(options);
    if (!files) return report(files.error());
    Demo play{options, files.value()};
    fmt::print("simulated exchange at {}, logs and database in {}\n", files.value().exchange_url,
               options.folder);
    if (auto started = play.start(); !started) return report(started.error());
    fmt::print("\n  status page: {}/\n\n", files.value().page_url);
    play.play();
    return play.finish() ? 0 : 1;
}

}  // namespace tranche
