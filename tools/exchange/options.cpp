#include "tools/exchange/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iostream>

namespace tranche::exchange {
namespace {

constexpr int usage_error = 64;

constexpr std::string_view default_key =
    "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83";
constexpr std::string_view default_secret =
    "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";

/// Texts that need a second look after CLI11 has taken the line apart.
struct Texts {
    std::string listen{"127.0.0.1:18443"};
    std::string speed{"real"};
    std::string faults{"none"};
    std::string control;
    std::string account{"hedge"};
    std::string venue{"aster"};
    std::string balance{"10000"};
    std::string strategy_exits{"whole"};
    std::int64_t listen_key_s{3600};
    std::int64_t funding_s{8 * 3600};
};

void declare_connection(CLI::App& app, Options& options, Texts& texts) {
    app.add_option("--listen", texts.listen, "address and port; port 0 takes a free one")
        ->type_name("ADDR:PORT")
        ->capture_default_str();
    app.add_flag("--plain", options.plain, "http and ws instead of https and wss");
    auto* cert = app.add_option("--tls-cert", options.tls_cert, "certificate chain in PEM");
    auto* key = app.add_option("--tls-key", options.tls_key, "its private key in PEM");
    cert->needs(key)->type_name("FILE");
    key->needs(cert)->type_name("FILE");
    app.add_option("--cert-out", options.cert_out,
                   "where the certificate made at start is written, for the client's ca_file")
        ->type_name("FILE");
    app.add_option("--control", texts.control,
                   "a second port, plain HTTP, which no fault reaches: for the paths below /sim")
        ->type_name("ADDR:PORT");
    app.add_option("--json-log", options.json_log,
                   "one JSON line per order, fill, cancel and published liquidation")
        ->type_name("FILE");
    app.add_option("--faults", texts.faults, "what goes wrong, by the rules below")
        ->type_name("LIST")
        ->capture_default_str();
}

/// Seconds from 1, for durations that tests shorten.
template <class Target>
void declare_seconds(CLI::App& app, const std::string& flag, Target& target, int preset,
                     const std::string& help) {
    app.add_option_function<int>(
           flag, [&target](int given) { target = Target{given}; }, help)
        ->type_name("S")
        ->check(CLI::Range(1, 86'400))
        ->default_str(std::to_string(preset));
}

void declare_streams(CLI::App& app, Options& options, Texts& texts) {
    declare_seconds(app, "--connection-life", options.streams.lifetime, 86'400,
                    "after which the exchange ends a WebSocket connection");
    declare_seconds(app, "--ping-period", options.streams.ping_period, 300,
                    "between its pings of a WebSocket connection");
    declare_seconds(app, "--pong-deadline", options.streams.pong_deadline, 900,
                    "without a pong, after which it ends the connection");
    app.add_option("--listen-key-life", texts.listen_key_s,
                   "life of a listenKey from its last extension")
        ->type_name("S")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
}

void declare_market(CLI::App& app, Options& options, Texts& texts) {
    app.add_option("--seed", options.venue.seed, "of the generated market and of the faults")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--recording", options.recordings,
                   "frames recorded by others, played instead of the generated market to every "
                   "connection that reads !forceOrder@arr (repeatable)")
        ->type_name("FILE");
    app.add_option("--exchange-info", options.exchange_info,
                   "an exchangeInfo recorded by others, served as it is")
        ->type_name("FILE");
    app.add_option("--speed", texts.speed,
                   "of recordings (max, real or a factor) and of the generated market (a factor)")
        ->type_name("max|real|N")
        ->capture_default_str();
}

void declare_account(CLI::App& app, Options& options, Texts& texts) {
    app.add_option("--account", texts.account, "position mode")
        ->type_name("hedge|oneway")
        ->capture_default_str();
    app.add_option("--balance", texts.balance, "wallet at start")
        ->type_name("USDT")
        ->capture_default_str();
    app.add_option("--signer", options.auth.signer,
                   "the only V3 agent address accepted; without it any signer may trade")
        ->type_name("0x…");
    app.add_option("--chain-id", options.auth.chain_id, "of the V3 signing domain")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--api-key", options.auth.api_key, "V1 key")
        ->type_name("KEY")
        ->capture_default_str();
    app.add_option("--api-secret", options.auth.api_secret, "V1 secret")
        ->type_name("SECRET")
        ->capture_default_str();
    app.add_option("--weight-limit", options.budgets.weight_per_minute, "request weight a minute")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--order-limit-1m", options.budgets.orders_per_minute, "orders a minute")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--order-limit-10s", options.budgets.orders_per_10_seconds,
                   "orders in 10 seconds")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--ban-after", options.budgets.ban_after, "429s in a minute before a 418")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--ban-seconds", options.budgets.ban_s,
                   "of the first ban; each further one doubles")
        ->type_name("S")
        ->check(CLI::Range(1, 259'200))
        ->capture_default_str();
    app.add_option("--venue", texts.venue,
                   "whose dialect: aster, or binance (conditional orders apart, split streams)")
        ->check(CLI::IsMember({"aster", "binance"}))
        ->capture_default_str();
    app.add_flag("--own-liquidation", options.venue.liquidations,
                 "margin calls and liquidation of the account itself");
    app.add_flag("--funding", options.venue.funding, "funding is paid");
    app.add_option("--funding-interval", texts.funding_s, "between two payments")
        ->type_name("S")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    app.add_flag("--trigger-expires", options.venue.behaviour.trigger_announces_expiry,
                 "announce EXPIRED of a conditional order before NEW of the executed one");
    app.add_option("--strategy-exits", texts.strategy_exits,
                   "when exits of a strategy come: at the entry's first fill for the whole of it, "
                   "for what is filled, or late: once the entry is over")
        ->check(CLI::IsMember({"whole", "filled", "late"}))
        ->capture_default_str();
    app.add_option("--strategy-failure", options.venue.behaviour.strategy_failure_code,
                   "failureCode with which every strategy is answered, and not carried out")
        ->type_name("CODE")
        ->capture_default_str();
    app.add_flag("--protect-keeps", options.venue.behaviour.protect_keeps_order,
                 "an order held back by priceProtect stays instead of expiring");
}

/// ADDR:PORT, or [ADDR]:PORT for IPv6.
bool read_endpoint(const std::string& text, std::string& address, std::uint16_t& port) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return false;
    address = text.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    return error == std::errc{} && stop == end;
}

bool read_speed(const std::string& text, Speed& speed) {
    speed.max = text == "max";
    if (speed.max || text == "real") return true;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, speed.factor);
    return error == std::errc{} && stop == end && speed.factor > 0 && speed.factor <= 1e6;
}

/// What is wrong with the texts, or empty.
std::string read_texts(const Texts& texts, Options& options) {
    if (!read_endpoint(texts.listen, options.address, options.port))
        return fmt::format("--listen {}: expected ADDR:PORT, for example 127.0.0.1:18443",
                           texts.listen);
    if (!texts.control.empty() &&
        !read_endpoint(texts.control, options.control_address, options.control_port))
        return fmt::format("--control {}: expected ADDR:PORT, for example 127.0.0.1:0",
                           texts.control);
    if (!read_speed(texts.speed, options.speed))
        return fmt::format("--speed {}: expected max, real or a factor above 0", texts.speed);
    std::string error;
    auto faults = parse_faults(texts.faults, error);
    if (!faults) return "--faults: " + error;
    options.faults = std::move(*faults);
    if (texts.account != "hedge" && texts.account != "oneway")
        return fmt::format("--account {}: expected hedge or oneway", texts.account);
    options.venue.hedge_mode = texts.account == "hedge";
    if (texts.venue == "binance") {
        options.venue.algo_service = options.streams.split = true;
        options.venue.behaviour.trigger_changes_order_id = true;
    }
    if (texts.strategy_exits != "whole")
        options.venue.behaviour.strategy_exits =
            texts.strategy_exits == "late" ? StrategyExits::at_end : StrategyExits::filled;
    options.venue.listen_key_life_ms = texts.listen_key_s * 1000;
    options.venue.market.funding_interval_ms = texts.funding_s * 1000;
    const auto balance = amount(texts.balance);
    if (!balance || balance->raw < 0)
        return fmt::format("--balance {}: expected an amount of USDT from 0", texts.balance);
    options.venue.balance = *balance;
    const std::string& signer = options.auth.signer;
    const bool address = signer.size() == 42 && signer.starts_with("0x") &&
                         signer.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
    if (!signer.empty() && !address)
        return fmt::format("--signer {}: expected 0x and 40 hex digits", signer);
    options.venue.speed = options.speed.max ? 1 : options.speed.factor;
    options.venue.generate = options.recordings.empty();
    return {};
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
    Options options;
    Texts texts;
    options.auth.api_key = default_key;
    options.auth.api_secret = default_secret;
    CLI::App app{
        "The simulated exchange: REST and WebSocket on one port, a seeded market, V1 and "
        "V3 authentication checked."};
    app.footer(
        faults_help() +
        "Besides the venue's paths, loopback only: GET /sim/ledger, /sim/orders, /sim/faults,\n"
        "/sim/connections; POST /sim/pause_market, /sim/resume_market, /sim/faults (a list),\n"
        "/sim/forget_limits,\n"
        "/sim/connections (do=cut|reset|half_open|close&which=rest|market|user|all&count=N),\n"
        "/sim/liquidation (symbol, side, quantity: of somebody else), /sim/liquidate (symbol,\n"
        "positionSide: our own), /sim/deleverage (and quantity), /sim/trade (symbol,\n"
        "positionSide, side, quantity), /sim/cancel (symbol, clientOrderId), /sim/symbol (symbol;\n"
        "status, leverage, isolated, regime with direction and ms), /sim/position_mode (hedge),\n"
        "/sim/multi_assets (on), /sim/funding, /sim/margin_call, /sim/expire_listen_key.\n"
        "Example:\n  tranche-exchange --listen 127.0.0.1:18443 --cert-out exchange.pem --seed 7 "
        "--faults 'cut:17@POST order*1,delay=0.1'");
    declare_connection(app, options, texts);
    declare_market(app, options, texts);
    declare_account(app, options, texts);
    declare_streams(app, options, texts);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return {.options = std::nullopt, .exit_code = app.exit(error) == 0 ? 0 : usage_error};
    }
    const std::string wrong = read_texts(texts, options);
    if (!wrong.empty()) {
        std::cerr << "tranche-exchange: " << wrong << '\n';
        return {.options = std::nullopt, .exit_code = usage_error};
    }
    return {.options = options, .exit_code = 0};
}

}  // namespace tranche::exchange
