#include "core/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>

#include "core/settings_process.hpp"
#include "core/settings_section.hpp"
#include "core/symbols.hpp"

namespace tranche {
namespace {

// Ceilings no account comes near; they keep sums and products of settings inside their types.
constexpr std::int64_t most_money = 1'000'000'000;
constexpr std::int64_t most_volume = 10'000'000'000;
constexpr std::size_t most_symbols = 512;
constexpr std::size_t most_bytes = 1 << 20;

void read_mode(SettingsSection& globals, Settings& settings) {
    EngineSettings& engine = settings.engine;
    globals.read("simulate_only", engine.simulate_only);
    globals.read("hedge_mode", engine.hedge_mode);
    globals.read("multi_assets_mode", settings.exchange.multi_assets_mode);
    globals.read("set_leverage", settings.exchange.set_leverage);
    globals.read("set_margin_type", settings.exchange.set_margin_type);
    globals.read("batch_orders", settings.exchange.batch_entries);
    globals.read("tp_sl_batch_enabled", settings.exchange.batch_exits);
}

void read_window(SettingsSection& globals, WindowSettings& window) {
    std::int64_t span = window.span.count / seconds(1).count;
    globals.read("volume_window_sec", span, 1, 3600);
    window.span = seconds(span);
    globals.read("use_usdt_volume", window.in_usdt);
    globals.choice<VolumeSide>(
        "volume_side_mode", window.side,
        {{"BOTH", VolumeSide::both}, {"TRIGGER_SIDE", VolumeSide::trigger_side}});
    globals.span("trigger_cooldown_ms", window.cooldown, milliseconds(1), between(0, 3'600'000));
}

void read_entry(SettingsSection& globals, EntrySettings& entry) {
    globals.choice<EntryPriceMode>(
        "entry_price_mode", entry.price_mode,
        {{"maker", EntryPriceMode::maker}, {"reference", EntryPriceMode::reference}});
    globals.choice<TimeInForce>("time_in_force", entry.time_in_force,
                                {{"GTC", TimeInForce::gtc},
                                 {"IOC", TimeInForce::ioc},
                                 {"FOK", TimeInForce::fok},
                                 {"GTX", TimeInForce::gtx}});
    Nanos stale = seconds(180);
    Nanos ttl = entry.ttl;
    globals.span("order_ttl_seconds", ttl, seconds(1), above(0, 86'400));
    globals.span("stale_limit_order_minutes", stale, seconds(60), above(0, 1'440));
    entry.ttl = std::min(ttl, stale);  // D-01
    globals.percent("max_size_overshoot_pct", entry.max_overshoot, between(0, 10'000));
    entry.max_total_exposure = {10'000 * Notional::one};
    globals.read("max_total_exposure_usdt", entry.max_total_exposure, above(0, most_money));
    entry.max_open_orders = 100;
    globals.read("max_open_orders_per_symbol", entry.max_open_orders, 1, 200);
}

/// A number for all tranches, or a map ordinal → seconds.
void read_order_ttl(SettingsSection& globals, Findings& findings, OrderTtl& order_ttl) {
    constexpr std::string_view key = "tranche_order_ttl_seconds";
    const DecimalRange range = between(0, 31'536'000);
    const JsonValue* value = globals.find(key);
    if (value == nullptr || value->kind != JsonKind::object)
        return globals.span(key, order_ttl.general, seconds(1), range);
    SettingsSection map{value, globals.path() + '.' + std::string{key}, findings};
    for (const auto& [ordinal, written] : value->members) {
        const bool is_ordinal = !ordinal.empty() && ordinal.size() < 10 &&
                                ordinal.find_first_not_of("0123456789") == std::string::npos;
        if (!is_ordinal) {
            map.refuse(ordinal, "is not a tranche ordinal, expected 0, 1, 2 …");
            map.find(ordinal);
            continue;
        }
        Nanos ttl{};
        map.span(ordinal, ttl, seconds(1), range);
        order_ttl.by_ordinal.emplace_back(static_cast<std::uint32_t>(std::stoul(ordinal)), ttl);
    }
}

void read_tranche(SettingsSection& globals, Findings& findings, TrancheSettings& tranche) {
    tranche.increment = {5 * Ratio::one / 100};
    tranche.max_per_side = 5;
    tranche.max_stops = 8;
    globals.percent("tranche_pnl_increment_pct", tranche.increment, above(0, 100));
    globals.read("max_tranches_per_symbol_side", tranche.max_per_side, 1, 50);
    globals.read("max_orders_per_tranche", tranche.max_orders, 2, 20);
    globals.read("max_stop_orders_per_symbol", tranche.max_stops, 1, 100);
    globals.read("enable_order_consolidation", tranche.consolidate);
    globals.percent("tranche_merge_pnl_pct", tranche.merge_pnl, between(-100, 100));
    // Below that, two tranches would merge right after they were split (reference §4.6).
    if (tranche.merge_pnl.raw * 2 < -tranche.increment.raw)
        globals.refuse("tranche_merge_pnl_pct", to_text(tranche.merge_pnl.raw * 100) +
                                                    " is too low, expected at least " +
                                                    to_text(-tranche.increment.raw * 50) +
                                                    " (half of -tranche_pnl_increment_pct)");
    globals.choice<OnMaxTranches>("on_max_tranches", tranche.on_max,
                                  {{"add_to_newest", OnMaxTranches::add_to_newest},
                                   {"merge_then_new", OnMaxTranches::merge_then_new},
                                   {"reject", OnMaxTranches::reject}});
    globals.choice<UnattributedClose>(
        "unattributed_close_policy", tranche.unattributed,
        {{"LIFO", UnattributedClose::lifo}, {"FIFO", UnattributedClose::fifo}});
    read_order_ttl(globals, findings, tranche.order_ttl);
}

void read_protection(SettingsSection& globals, ProtectionSettings& protection) {
    globals.read("use_position_monitor", protection.take_profit_is_limit);
    globals.read("instant_tp_enabled", protection.instant_close);
    protection.instant_close = protection.instant_close && protection.take_profit_is_limit;
    globals.span("instant_close_grace_ms", protection.instant_close_grace, milliseconds(1),
                 between(0, 60'000));
    globals.span("order_cleanup_interval_seconds", protection.reconcile_interval, seconds(1),
                 between(1, 600));
}

/// Of the exchange's limits; old documents gave a fraction where the key says percent.
void read_rate_limit_buffer(SettingsSection& globals, Ratio& buffer) {
    buffer = {Ratio::one / 10};
    Ratio percent{10 * Ratio::one};
    globals.read("rate_limit_buffer_pct", percent, between(0, 50));
    if (percent.raw > 0 && percent.raw < Ratio::one) {
        globals.warn("rate_limit_buffer_pct", to_text(percent) + " is taken as a fraction, " +
                                                  to_text(percent.raw * 100) + " %");
        buffer = percent;
        constexpr std::int64_t half = Ratio::one / 2;
        if (buffer.raw > half)
            globals.refuse("rate_limit_buffer_pct",
                           to_text(percent) + " is out of range, expected 0..50");
        return;
    }
    globals.percent("rate_limit_buffer_pct", buffer, between(0, 50));
}

/// Keys whose effect the design has made unnecessary; their values are still checked.
void read_without_effect(SettingsSection& globals) {
    bool flag{};
    globals.read("buffer_liquidations", flag);
    Nanos span{};
    globals.span("liquidation_buffer_ms", span, milliseconds(1), between(0, 60'000));
}

void read_globals(const JsonValue* value, Findings& findings, Settings& settings) {
    SettingsSection globals{value, "globals", findings};
    read_mode(globals, settings);
    read_window(globals, settings.engine.window);
    read_entry(globals, settings.engine.entry);
    read_tranche(globals, findings, settings.engine.tranche);
    read_protection(globals, settings.engine.protection);
    read_rate_limit_buffer(globals, settings.exchange.rate_limit_buffer);
    globals.span("price_monitor_reconnect_delay", settings.exchange.reconnect_delay, seconds(1),
                 between(0, 60));
    read_without_effect(globals);
    globals.finish({{"db_path", "the database is storage.database"},
                    {"order_status_check_interval", "order states come from the user stream"},
                    {"open_orders_warning_threshold", "the exchange's own limits are watched"},
                    {"order_batch_window_ms", "entries never wait for others"}});
}

void read_thresholds(SettingsSection& section, SymbolSettings& symbol) {
    symbol.threshold_long = 10'000 * Notional::one;
    symbol.threshold_short = 15'000 * Notional::one;
    std::int64_t both = -1;
    section.decimal("volume_threshold", both, between(0, most_volume));
    if (section.has("volume_threshold"))
        section.warn("volume_threshold",
                     "an old key; it stands in for volume_threshold_long and _short");
    if (both >= 0) symbol.threshold_long = symbol.threshold_short = both;
    section.decimal("volume_threshold_long", symbol.threshold_long, between(0, most_volume));
    section.decimal("volume_threshold_short", symbol.threshold_short, between(0, most_volume));
}

void read_exits(SettingsSection& section, SymbolSettings& symbol) {
    symbol.take_profit = {5 * Ratio::one / 100};
    symbol.stop_loss = {20 * Ratio::one / 100};
    section.read("take_profit_enabled", symbol.take_profit_enabled);
    section.percent("take_profit_pct", symbol.take_profit, above(0, 1000));
    section.read("stop_loss_enabled", symbol.stop_loss_enabled);
    section.percent("stop_loss_pct", symbol.stop_loss, {0, 100 * Ratio::one, true, true});
    section.choice<WorkingType>(
        "working_type", symbol.working_type,
        {{"CONTRACT_PRICE", WorkingType::contract_price}, {"MARK_PRICE", WorkingType::mark_price}});
    section.read("price_protect", symbol.price_protect);
}

void warn_of_odd_values(SettingsSection& section, const SymbolSettings& symbol) {
    const std::int64_t loss = symbol.stop_loss.raw * 100 * symbol.leverage;
    if (symbol.stop_loss_enabled && loss > 100 * Ratio::one)
        section.warn("stop_loss_pct",
                     to_text(symbol.stop_loss.raw * 100) + " times leverage " +
                         std::to_string(symbol.leverage) + " is " + to_text(loss) +
                         " % of the margin: an isolated position is liquidated before its "
                         "stop-loss, a crossed one depends on the rest of the account");
    if (symbol.max_position < symbol.trade_value)
        section.warn("max_position_usdt",
                     to_text(symbol.max_position) + " is less than trade_value_usdt " +
                         to_text(symbol.trade_value) + ": this symbol is never traded");
}

SymbolSettings read_symbol(const std::string& name, const JsonValue& value, Findings& findings) {
    SettingsSection section{&value, "symbols." + name, findings};
    SymbolSettings symbol;
    symbol.name = name;
    read_thresholds(section, symbol);
    section.read("leverage", symbol.leverage, 1, 125);
    section.choice<MarginType>(
        "margin_type", symbol.margin_type,
        {{"CROSSED", MarginType::crossed}, {"ISOLATED", MarginType::isolated}});
    section.choice<TradeSide>("trade_side", symbol.trade_side,
                              {{"OPPOSITE", TradeSide::opposite},
                               {"SAME", TradeSide::same},
                               {"BUY", TradeSide::buy},
                               {"SELL", TradeSide::sell}});
    symbol.trade_value = {Notional::one};
    symbol.max_position = {20 * Notional::one};
    section.read("trade_value_usdt", symbol.trade_value, above(0, most_money));
    section.read("max_position_usdt", symbol.max_position, above(0, most_money));
    symbol.price_offset = {Ratio::one / 1000};
    section.percent("price_offset_pct", symbol.price_offset, between(0, 5));
    read_exits(section, symbol);
    warn_of_odd_values(section, symbol);
    section.finish({{"trade_qty", "the size is trade_value_usdt times leverage"},
                    {"position_side", "it follows from the order's side"},
                    {"hedge_position_side", "it follows from the order's side"},
                    {"use_trailing_stop", "the stop-loss is fixed: stop_loss_pct"},
                    {"trailing_callback_rate", "the stop-loss is fixed: stop_loss_pct"},
                    {"trailing_activation_pct", "the stop-loss is fixed: stop_loss_pct"},
                    {"volume_check_type", "the unit is globals.use_usdt_volume"}});
    return symbol;
}

bool is_symbol_name(std::string_view name) {
    const auto unusable = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '\0' && c <= ' ') || c == '"' || c == '\\' ||
               c == '/' || c == '\x7f';
    };
    return !name.empty() && name.size() <= max_symbol_name &&
           std::none_of(name.begin(), name.end(), unusable);
}

void read_symbols(const JsonValue* value, Findings& findings, Settings& settings) {
    SettingsSection section{value, "symbols", findings};
    for (const auto& [name, symbol] : section.members()) {
        if (!is_symbol_name(name))
            section.refuse(name, "is not a symbol, expected upper case as on the exchange, up to " +
                                     std::to_string(max_symbol_name) + " bytes");
        else
            settings.engine.symbols.push_back(read_symbol(name, symbol, findings));
    }
    const std::size_t count = section.members().size();
    if (count > most_symbols)
        findings.errors.push_back("symbols: " + std::to_string(count) +
                                  " symbols are too many, expected at most " +
                                  std::to_string(most_symbols));
    if (count == 0)
        findings.warnings.emplace_back("symbols: none is configured, so nothing is ever traded");
}

void read_limits(const JsonValue* value, Findings& findings, GovernorSettings& governor) {
    SettingsSection section{value, "limits", findings};
    section.read("entries_per_minute", governor.entries_per_minute, 0, 100'000);
    section.read("notional_per_minute_usdt", governor.notional_per_minute, between(0, most_volume));
    section.read("loss_per_hour_usdt", governor.loss_per_hour, between(0, most_money));
    section.read("loss_per_day_usdt", governor.loss_per_day, between(0, most_money));
    section.read("drawdown_usdt", governor.drawdown, between(0, most_money));
    section.finish();
}

Settings read_all(const JsonValue& root, Findings& findings) {
    Settings settings;
    SettingsSection top{&root, "", findings};
    read_globals(top.find("globals"), findings, settings);
    read_symbols(top.find("symbols"), findings, settings);
    read_exchange(top.find("exchange"), findings, settings.exchange, settings.engine);
    read_pipeline(top.find("pipeline"), findings, settings.pipeline);
    read_storage(top.find("storage"), findings, settings.engine.simulate_only, settings.storage);
    read_status(top.find("status"), findings, settings.status);
    read_paper(top.find("paper"), findings, settings.paper);
    read_limits(top.find("limits"), findings, settings.engine.governor);
    top.finish();
    return settings;
}

Error failure(std::string message) {
    return {ErrorKind::settings, std::move(message)};
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
}

/// Each line of `problems` behind the file's name, as compilers do.
std::string with_file(const std::string& path, const std::string& problems) {
    std::string text;
    for (std::size_t at = 0; at < problems.size();) {
        const std::size_t end = std::min(problems.find('\n', at), problems.size());
        const bool has_position = problems[at] >= '0' && problems[at] <= '9';
        text += text.empty() ? "" : "\n";
        text += path + (has_position ? ":" : ": ") + problems.substr(at, end - at);
        at = end + 1;
    }
    return text;
}

}  // namespace

Result<Settings> load_settings(std::string_view json) {
    try {
        if (json.size() > most_bytes) return failure("settings: longer than 1 MiB, expected less");
        const auto root = parse_json(json);
        if (!root) return root.error();
        Findings findings;
        Settings settings = read_all(root.value(), findings);
        if (!findings.errors.empty()) return failure(joined(findings.errors));
        settings.warnings = std::move(findings.warnings);
        return settings;
    } catch (const std::exception& exception) {
        return failure(std::string{"settings: cannot be read: "} + exception.what());
    }
}

Result<Settings> load_settings_file(const std::string& path) {
    const auto unreadable = [&] {
        return failure(path + ": cannot be read: " + std::strerror(errno) +
                       "; name a settings file with --settings");
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rb"),
                                                               &std::fclose};
    if (!file) return unreadable();
    std::string content(most_bytes + 1, '\0');
    content.resize(std::fread(content.data(), 1, content.size(), file.get()));
    if (std::ferror(file.get()) != 0) return unreadable();
    auto settings = load_settings(content);
    if (!settings) return failure(with_file(path, settings.error().message));
    return settings;
}

}  // namespace tranche
