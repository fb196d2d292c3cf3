// The one validated set of settings. What `load_settings` returns needs no further check anywhere.
// Source of the keys: reference-behaviour.md §2, interfaces.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/numbers.hpp"
#include "core/result.hpp"
#include "core/rows.hpp"

namespace tranche {

enum class TradeSide : std::uint8_t { opposite, same, buy, sell };
enum class MarginType : std::uint8_t { crossed, isolated };
enum class VolumeSide : std::uint8_t { both, trigger_side };
enum class EntryPriceMode : std::uint8_t { maker, reference };
enum class OnMaxTranches : std::uint8_t { add_to_newest, merge_then_new, reject };
enum class UnattributedClose : std::uint8_t { lifo, fifo };

/// One entry of `symbols`.
struct SymbolSettings {
    std::string name;
    std::int64_t threshold_long{};   // 1e-8 USDT or base units (`use_usdt_volume`); trade side BUY
    std::int64_t threshold_short{};  // trade side SELL
    std::uint16_t leverage{10};
    MarginType margin_type{MarginType::crossed};
    TradeSide trade_side{TradeSide::opposite};
    Notional trade_value{};   // collateral per entry
    Notional max_position{};  // collateral per symbol, both sides
    Ratio price_offset{};
    bool take_profit_enabled{true};
    Ratio take_profit{};  // of price
    bool stop_loss_enabled{true};
    Ratio stop_loss{};  // of price
    WorkingType working_type{WorkingType::contract_price};
    bool price_protect{};
};

/// Liquidated volume in a span, per symbol.
struct WindowSettings {
    Nanos span{seconds(60)};  // 1 s … 1 h
    bool in_usdt{};           // else base units
    VolumeSide side{VolumeSide::both};
    Nanos cooldown{};  // after a trigger; 0 for none
};

struct EntrySettings {
    EntryPriceMode price_mode{EntryPriceMode::maker};
    TimeInForce time_in_force{TimeInForce::gtc};
    Nanos ttl{seconds(30)};           // min(order_ttl_seconds, 60 × stale_limit_order_minutes)
    Nanos book_limit{seconds(2)};     // an older best bid and ask is no book
    Ratio max_overshoot{};            // of the intended size; 0 for no limit
    Notional max_total_exposure{};    // collateral, all symbols
    std::uint16_t max_open_orders{};  // open entry orders per symbol
    bool void_unknown{};              // one without a verdict is voided by its nonce (V3)
    bool attach_exits{};              // it takes its exits with it, as one request (OTOCO)
};

/// Age at which protective orders are replaced; 0 for never.
struct OrderTtl {
    Nanos general{};
    std::vector<std::pair<std::uint32_t, Nanos>> by_ordinal;  // where a tranche has its own

    Nanos of(std::uint32_t ordinal) const {
        for (const auto& [of_ordinal, ttl] : by_ordinal)
            if (of_ordinal == ordinal) return ttl;
        return general;
    }
};

struct TrancheSettings {
    Ratio increment{};             // loss at which the next entry opens a new tranche, of price
    std::uint16_t max_per_side{};  // open tranches per symbol and side
    std::uint16_t max_orders{2};   // working protective orders per tranche
    std::uint16_t max_stops{};     // open conditional orders per side key
    Ratio merge_pnl{};             // tranches at or above it merge
    OnMaxTranches on_max{OnMaxTranches::merge_then_new};
    UnattributedClose unattributed{UnattributedClose::lifo};
    bool consolidate{true};  // one TP/SL pair for the whole tranche
    OrderTtl order_ttl;      // protective orders are replaced, not removed
};

struct ProtectionSettings {
    bool take_profit_is_limit{true};  // use_position_monitor: LIMIT TP and instant close
    bool modify_take_profits{};       // a LIMIT TP is changed in place, not cancelled and placed
    bool instant_close{true};
    Nanos instant_close_grace{milliseconds(1500)};
    Nanos reconcile_interval{seconds(20)};  // order_cleanup_interval_seconds
    bool backstop{true};
};

/// Governors: 0 switches one off. A tripped one stops entries, never protection.
struct GovernorSettings {
    std::uint32_t entries_per_minute{};
    Notional notional_per_minute{};
    Notional loss_per_hour{};
    Notional loss_per_day{};
    Notional drawdown{};  // from the highest equity since start
};

/// All the engine takes; by value.
struct EngineSettings {
    bool simulate_only{true};
    bool hedge_mode{};
    std::uint16_t instance{};  // which installation on this account, 0…1023
    WindowSettings window;
    EntrySettings entry;
    TrancheSettings tranche;
    ProtectionSettings protection;
    GovernorSettings governor;
    std::vector<SymbolSettings> symbols;  // in the order of the configured symbol ids
};

enum class Venue : std::uint8_t { aster, binance };
enum class AuthScheme : std::uint8_t { v3, v1 };

struct ExchangeSettings {
    Venue venue{Venue::aster};
    AuthScheme auth{AuthScheme::v3};
    std::string rest_url;  // venue's mainnet unless set
    std::string stream_url;
    std::string ca_file;  // extra trust anchor, PEM; empty for none
    std::uint64_t chain_id{1666};
    std::uint16_t feeds{2};               // redundant market connections
    std::uint16_t user_feeds{2};          // connections that bring the account's own events
    Nanos silence{seconds(5)};            // of the market: a successor is opened, entries close
    Nanos rotate_after{seconds(82'800)};  // age of a connection at which its successor comes
    Nanos rotate_stagger{seconds(600)};   // so much earlier for each further connection
    Nanos listen_key_refresh{seconds(1'200)};  // the exchange forgets a key after an hour
    std::vector<std::string> dns_servers;      // ADDRESS:PORT; empty: the system's resolver
    Nanos dns_interval{seconds(60)};           // how often names are looked up again
    std::uint16_t order_connections{3};
    std::uint32_t presigned_nonces{1024};  // V3 signatures kept ready; 0: the library signs
    // New orders that stand ready together leave as one request. Off unless asked for: side by side
    // on warm connections they are faster, and a request that is cut leaves one fate unknown, not
    // up to five.
    bool batch_entries{};       // batch_orders
    bool batch_exits{};         // tp_sl_batch_enabled
    Ratio rate_limit_buffer{};  // share of the exchange's limits kept unused
    bool multi_assets_mode{};
    bool set_leverage{true};
    bool set_margin_type{true};
    Nanos reconnect_delay{milliseconds(100)};
};

enum class Stage : std::uint8_t { receive, parse, engine, gateway, writer, status };
enum class Wait : std::uint8_t { spin, yield, park };
enum class ThreadPolicy : std::uint8_t { other, fifo };

struct ThreadSettings {
    std::string name;
    int core{-1};  // −1: not pinned
    ThreadPolicy policy{ThreadPolicy::other};
    int priority{};
    Wait wait{Wait::park};
    std::vector<Stage> stages;
};

struct PipelineSettings {
    std::vector<ThreadSettings> threads;  // empty means "auto": the composition root decides
    bool lock_memory{};
};

struct StorageSettings {
    std::string database{"data/tranche.db"};  // paper mode: "data/tranche-paper.db"
    std::string
        journal;  // empty: /dev/shm/tranche-<account>.journal, the account being "paper" there
    std::uint32_t liquidation_days{30};
};

/// Execution on paper (`simulate_only`): what the exchange inside the process is like.
struct PaperSettings {
    Nanos latency{milliseconds(50)};             // one way: order to exchange, news back
    Ratio maker_fee{Ratio::one / 10'000};        // of the notional; below 0 is a rebate
    Ratio taker_fee{35 * Ratio::one / 100'000};  // of the notional
    Notional balance{10'000 * Notional::one};    // USDT in the wallet of a new database
};

struct StatusSettings {
    std::string address{"127.0.0.1"};
    std::uint16_t port{8787};
    std::string token_file;
    bool loopback{true};
};

struct Settings {
    EngineSettings engine;
    ExchangeSettings exchange;
    PipelineSettings pipeline;
    StorageSettings storage;
    StatusSettings status;
    PaperSettings paper;
    std::vector<std::string> warnings;  // a line each
};

/// Reads, defaults and checks in one go.
/// Errors (kind `settings`): every problem found, a line each: key, value, what was expected and,
/// for an unknown key, the nearest known one.
Result<Settings> load_settings(std::string_view json);

/// The same from a file; a missing or unreadable file is an error that names it.
Result<Settings> load_settings_file(const std::string& path);

}  // namespace tranche
