#include "tools/demo_files.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tranche {
namespace {

struct DemoSymbol {
    const char* name;
    int threshold;  // USDT within the window
};
constexpr std::array demo_symbols = {
    DemoSymbol{"BTCUSDT", 150'000},     DemoSymbol{"ETHUSDT", 120'000},
    DemoSymbol{"SOLUSDT", 60'000},      DemoSymbol{"XRPUSDT", 40'000},
    DemoSymbol{"BNBUSDT", 40'000},      DemoSymbol{"DOGEUSDT", 30'000},
    DemoSymbol{"ASTERUSDT", 20'000},    DemoSymbol{"HYPEUSDT", 20'000},
    DemoSymbol{"FARTCOINUSDT", 15'000}, DemoSymbol{"PUMPUSDT", 15'000},
    DemoSymbol{"WLFIUSDT", 15'000},     DemoSymbol{"AVNTUSDT", 10'000},
    DemoSymbol{"HEMIUSDT", 10'000}};

std::string random_hex(std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        unsigned char byte = 0;
        if (getrandom(&byte, 1, 0) != 1) byte = static_cast<unsigned char>(i + 1);
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

nlohmann::json symbol_settings(const DemoSymbol& symbol) {
    return {{"volume_threshold_long", symbol.threshold},
            {"volume_threshold_short", symbol.threshold},
            {"leverage", 10},
            {"margin_type", "CROSSED"},
            {"trade_side", "OPPOSITE"},
            {"trade_value_usdt", 5},
            {"max_position_usdt", 60},
            {"price_offset_pct", 0.1},
            {"take_profit_enabled", true},
            {"take_profit_pct", 0.5},
            {"stop_loss_enabled", true},
            {"stop_loss_pct", 3},
            {"working_type", "MARK_PRICE"},
            {"price_protect", false}};
}

nlohmann::json demo_settings(const DemoOptions& options, const DemoFiles& files) {
    nlohmann::json settings;
    settings["globals"] = {{"simulate_only", false},
                           {"volume_window_sec", 60},
                           {"use_usdt_volume", true},
                           {"hedge_mode", true},
                           {"multi_assets_mode", false},
                           {"set_leverage", true},
                           {"set_margin_type", true},
                           {"max_total_exposure_usdt", 600},
                           {"max_open_orders_per_symbol", 20},
                           {"max_stop_orders_per_symbol", 8},
                           {"tranche_pnl_increment_pct", 1},
                           {"max_tranches_per_symbol_side", 4},
                           {"use_position_monitor", true},
                           {"order_ttl_seconds", 10},
                           {"stale_limit_order_minutes", 1},
                           {"order_cleanup_interval_seconds", 10},
                           {"time_in_force", "GTC"}};
    for (const DemoSymbol& symbol : demo_symbols)
        settings["symbols"][symbol.name] = symbol_settings(symbol);
    settings["exchange"] = {
        {"rest_url", fmt::format("https://localhost:{}", options.exchange_port)},
        {"stream_url", fmt::format("wss://localhost:{}", options.exchange_port)},
        {"ca_file", files.certificate}};
    settings["storage"] = {
        {"database", options.folder + "/tranche.db"},
        {"journal", fmt::format("/dev/shm/tranche-demo-{}-{}.journal", getuid(), options.port)}};
    settings["status"] = {{"listen", fmt::format("127.0.0.1:{}", options.port)}};
    return settings;
}

Result<Done> write_private(const std::string& path, const std::string& text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int error = errno;
    if (file >= 0) close(file);
    if (written) return Done{};
    return Error{ErrorKind::cannot_write, path + ": " + std::strerror(error)};
}

}  // namespace

Result<DemoFiles> make_demo_files(const DemoOptions& options) {
    std::error_code failed;
    std::filesystem::create_directories(options.folder, failed);
    if (failed) return Error{ErrorKind::cannot_write, options.folder + ": " + failed.message()};
    DemoFiles files;
    files.settings = options.folder + "/settings.json";
    files.key = options.folder + "/signer_key";
    files.user = "0x" + random_hex(20);
    files.certificate = options.folder + "/exchange.pem";
    files.exchange_log = options.folder + "/exchange.log";
    files.engine_log = options.folder + "/tranche.log";
    files.exchange_url = fmt::format("https://localhost:{}", options.exchange_port);
    files.page_url = fmt::format("http://127.0.0.1:{}", options.port);
    for (const char* old : {"tranche.db", "tranche.db-wal", "tranche.db-shm", "exchange.pem",
                            "exchange.log", "tranche.log"}) {
        const std::string path = options.folder + "/" + old;
        if (std::filesystem::exists(path))
            std::filesystem::rename(path, path + ".previous", failed);
    }
    const nlohmann::json settings = demo_settings(options, files);
    std::filesystem::remove(settings["storage"]["journal"].get<std::string>(), failed);
    if (auto done = write_private(files.key, random_hex(32) + "\n"); !done) return done.error();
    if (auto done = write_private(files.settings, settings.dump(2) + "\n"); !done)
        return done.error();
    return files;
}

}  // namespace tranche
