#include "tests/integration/line.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tools/http_client.hpp"

namespace tranche::integration {
namespace {

constexpr Nanos start_patience = seconds(40);

void nap() {
    constexpr timespec pause{0, 20'000'000};
    nanosleep(&pause, nullptr);
}

std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// What follows `mark` up to the end of its line; empty while that line is not whole.
std::string value_after(const std::string& text, const std::string& mark) {
    const std::size_t at = text.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    const std::size_t end = text.find('\n', begin);
    return end == std::string::npos ? std::string{} : text.substr(begin, end - begin);
}

ChildProcess must_start(const std::vector<std::string>& command, const Environment& environment,
                        const std::string& log) {
    auto child = ChildProcess::start(command, environment, log);
    if (!child) throw std::runtime_error(child.error().message);
    return std::move(child).value();
}

}  // namespace

bool eventually(Nanos patience, const std::function<bool()>& condition) {
    const Nanos begin = monotonic_now();
    while (!condition()) {
        if (monotonic_now() - begin > patience) return false;
        nap();
    }
    return true;
}

Folder::Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tranche-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
    journal_ = "/dev/shm/" + std::filesystem::path{path_}.filename().string() + ".journal";
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    std::filesystem::remove(journal_, ignored);
    std::filesystem::remove(journal_ + "-paper", ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
    const std::string file = path(name);
    {
        std::ofstream out{file, std::ios::binary | std::ios::trunc};
        out << text;
    }
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
}

std::string Folder::read(const std::string& name) const {
    return read_file(path(name));
}

Ended run_to_end(const Folder& folder, const std::vector<std::string>& command,
                 const Environment& environment, Nanos patience) {
    static int runs = 0;
    const std::string log = fmt::format("run-{}.log", ++runs);
    ChildProcess child = must_start(command, environment, folder.path(log));
    const bool ended = eventually(patience, [&child] { return !child.running(); });
    EXPECT_TRUE(ended) << command[0] << " " << command[1] << " did not end by itself";
    const int code = child.stop(5'000);
    return {code, folder.read(log)};
}

Exchange::Exchange(const Folder& folder, const std::vector<std::string>& arguments,
                   const std::string& name)
    : folder_{folder}, name_{name}, certificate_{folder.path(name + ".pem")} {
    std::vector<std::string> command{exchange_program(), "--listen",   "127.0.0.1:0", "--control",
                                     "127.0.0.1:0",      "--cert-out", certificate_};
    command.insert(command.end(), arguments.begin(), arguments.end());
    process_ = must_start(command, {}, folder.path(name + ".log"));
    eventually(start_patience, [this] {
        return !value_after(log(), "listening on ").empty() || !process_->running();
    });
    const std::string address = value_after(log(), "listening on ");
    if (address.empty()) throw std::runtime_error("the exchange does not start: " + log());
    url_ = "https://localhost" + address.substr(address.rfind(':'));
    control_ = value_after(log(), "control on ");
}

std::string Exchange::log() const {
    return folder_.read(name_ + ".log");
}

Json Exchange::ledger() const {
    HttpCall call;
    call.url = control_ + "/sim/ledger";
    const auto answer = ask(call);
    return answer ? Json::parse(answer.value().body, nullptr, false) : Json{};
}

void Exchange::pause_market() const {
    HttpCall call;
    call.method = "POST";
    call.url = control_ + "/sim/pause_market";
    call.body = "{}";
    const auto answer = ask(call);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_EQ(answer.value().status, 200) << answer.value().body;
}

Json settings_for(const Folder& folder, const std::string& exchange_url,
                  const std::string& certificate, const std::vector<std::string>& symbols,
                  int threshold) {
    Json settings;
    settings["globals"] = {{"simulate_only", true},
                           {"volume_window_sec", 60},
                           {"use_usdt_volume", true},
                           {"hedge_mode", true},
                           {"max_total_exposure_usdt", 2000},
                           {"max_open_orders_per_symbol", 20},
                           {"max_stop_orders_per_symbol", 8},
                           {"tranche_pnl_increment_pct", 1},
                           {"max_tranches_per_symbol_side", 4},
                           {"use_position_monitor", true},
                           {"order_ttl_seconds", 5},
                           {"stale_limit_order_minutes", 1},
                           {"order_cleanup_interval_seconds", 5},
                           {"time_in_force", "GTC"}};
    for (const std::string& symbol : symbols)
        settings["symbols"][symbol] = {{"volume_threshold_long", threshold},
                                       {"volume_threshold_short", threshold},
                                       {"leverage", 10},
                                       {"margin_type", "CROSSED"},
                                       {"trade_side", "OPPOSITE"},
                                       {"trade_value_usdt", 5},
                                       {"max_position_usdt", 60},
                                       {"price_offset_pct", 0.05},
                                       {"take_profit_enabled", true},
                                       {"take_profit_pct", 2},
                                       {"stop_loss_enabled", true},
                                       {"stop_loss_pct", 5},
                                       {"working_type", "MARK_PRICE"}};
    const std::string host = exchange_url.substr(exchange_url.find("://"));
    settings["exchange"] = {{"rest_url", exchange_url}, {"stream_url", "wss" + host}};
    if (!certificate.empty()) settings["exchange"]["ca_file"] = certificate;
    settings["storage"] = {{"database", folder.path("tranche.db")}, {"journal", folder.journal()}};
    settings["status"] = {{"listen", "127.0.0.1:0"}};
    // Threads that sleep and run anywhere: several tests share the cores.
    settings["pipeline"]["threads"] = {
        {{"name", "hot"}, {"wait", "park"}, {"stages", {"receive", "parse", "engine", "gateway"}}},
        {{"name", "cold"}, {"wait", "park"}, {"stages", {"writer", "status"}}}};
    return settings;
}

Json trading_settings(const Folder& folder, const Exchange& exchange) {
    Json settings = settings_for(folder, exchange.url(), exchange.certificate(),
                                 {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "DOGEUSDT",
                                  "ASTERUSDT", "HYPEUSDT", "FARTCOINUSDT", "PUMPUSDT"},
                                 2'000);
    settings["globals"]["simulate_only"] = false;
    return settings;
}

Environment credentials(const Folder& folder) {
    std::string key;
    for (int i = 1; i <= 32; ++i) key += fmt::format("{:02x}", i * 7 % 256);
    return {{"TRANCHE_SIGNER_KEY_FILE", folder.write("signer_key", key + "\n")},
            {"TRANCHE_USER", "0x00000000000000000000000000000000000a11ce"}};
}

Engine::Engine(const Folder& folder, const Json& settings, const Environment& environment)
    : folder_{folder} {
    static int starts = 0;
    log_name_ = fmt::format("tranche-{}.log", ++starts);
    const std::string file = folder.write("settings.json", settings.dump(2));
    process_ = must_start({tranche_program(), "run", "--settings", file}, environment,
                          folder.path(log_name_));
}

bool Engine::answers(Nanos patience) {
    eventually(patience,
               [this] { return !value_after(log(), "status page url=").empty() || !running(); });
    page_ = value_after(log(), "status page url=");
    if (!page_.empty() && page_.back() == '/') page_.pop_back();
    return !page_.empty();
}

bool Engine::trades(Nanos patience) {
    return answers(patience) &&
           eventually(patience,
                      [this] {
                          return get("/api/overview").value("mode", "") == "trading" || !running();
                      }) &&
           running();
}

std::string Engine::get_text(const std::string& path) const {
    HttpCall call;
    call.url = page_ + path;
    const auto answer = ask(call);
    return answer ? answer.value().body : std::string{};
}

Json Engine::get(const std::string& path) const {
    Json json = Json::parse(get_text(path), nullptr, false);
    return json.is_discarded() ? Json::object() : json;
}

std::int64_t Engine::figure(const std::string& pointer) const {
    const Json overview = get("/api/overview");
    const Json::json_pointer at{pointer};
    return overview.contains(at) ? overview.at(at).get<std::int64_t>() : 0;
}

void Engine::kill_hard() {
    kill(process_->pid(), SIGKILL);
    ASSERT_TRUE(eventually(seconds(10), [this] { return !running(); }));
}

std::string Engine::log() const {
    return folder_.read(log_name_);
}

std::string tranche_program() {
    return TRANCHE_PROGRAM;
}

std::string exchange_program() {
    return TRANCHE_EXCHANGE_PROGRAM;
}

}  // namespace tranche::integration
