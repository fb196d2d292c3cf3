// WebSocket messages of Aster and Binance USD-M futures → events. Never allocates after start,
// never throws, never trusts: every member that money depends on is there and fits, or the message
// is malformed. Source: exchange-protocol.md §1.4, §2, §3.3.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/byte_ring.hpp"
#include "core/messages.hpp"
#include "core/symbols.hpp"
#include "net/aster/fields.hpp"
#include "net/event_sink.hpp"

namespace tranche::aster {

/// Kinds of message, by the member `e`.
enum class MessageKind : std::uint8_t {
    force_order,
    book_ticker,
    mark_price,
    agg_trade,
    trade,
    depth_update,
    kline,
    ticker,
    mini_ticker,
    order_trade_update,
    algo_update,
    account_update,
    account_config_update,
    margin_call,
    listen_key_expired,
    announcement,
    other,          // an `e` we do not know
    none,           // no `e`
    control_reply,  // answer to SUBSCRIBE and the like; has no `e` either
};
inline constexpr std::size_t message_kind_count = 19;

/// The exchange's own word for it: "forceOrder"; "(none)" without `e`.
std::string_view name(MessageKind kind);

/// Written by the codec only, read by any thread.
class CodecCounters {
public:
    explicit CodecCounters(std::size_t symbols)
        : by_symbol_{new std::atomic<std::uint64_t>[symbols]()}, symbols_{symbols} {}

    std::uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }
    std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    /// Frames that were no JSON, or in which a needed member was missing or made no sense.
    std::uint64_t malformed() const { return malformed_.load(std::memory_order_relaxed); }
    /// Messages that name a symbol exchangeInfo did not list.
    std::uint64_t unlisted() const { return unlisted_.load(std::memory_order_relaxed); }
    /// Messages of a kind; an array counts each of its elements.
    std::uint64_t messages(MessageKind kind) const {
        return by_kind_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
    }
    /// Messages whose `s`, or `o.s`, names the symbol; 0 for an id outside the table.
    std::uint64_t messages(SymbolId symbol) const {
        const std::size_t i = index(symbol);
        return i < symbols_ ? by_symbol_[i].load(std::memory_order_relaxed) : 0;
    }

private:
    friend class Codec;
    // One writer, so a load and a store are enough.
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
        counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> frames_{};
    std::atomic<std::uint64_t> bytes_{};
    std::atomic<std::uint64_t> malformed_{};
    std::atomic<std::uint64_t> unlisted_{};
    std::array<std::atomic<std::uint64_t>, message_kind_count> by_kind_{};
    std::unique_ptr<std::atomic<std::uint64_t>[]> by_symbol_;
    std::size_t symbols_;
};

/// Raw messages, `{"stream","data"}` wrappers and arrays. Prices are published for configured
/// symbols only; liquidations for all, with `no_symbol` where the table does not know the name.
/// One thread.
class Codec {
public:
    /// Longest frame it takes unless told otherwise; `!markPrice@arr` stays below 100 kB.
    static constexpr std::size_t default_longest = std::size_t{1} << 20;

    /// `symbols` must outlive the codec.
    explicit Codec(const SymbolTable& symbols, std::size_t longest = default_longest);
    ~Codec();
    Codec(const Codec&) = delete;
    Codec& operator=(const Codec&) = delete;

    /// Decodes one frame, straight into the sink. `no_room`: nothing was taken, nothing counted.
    /// The bytes behind the frame must be readable (simdjson_padding of them).
    Decoded decode(const Frame& frame, EventSink& out);

    /// Any thread.
    const CodecCounters& counters() const { return counters_; }

private:
    struct Json;

    struct Message {
        Fields top;
        Fields order;   // `o`
        Fields config;  // `ac` or `ai`
        bool has_order;
        bool has_leverage;  // `ac`
        bool has_modes;     // `ai`
        bool has_account;   // `a` as an object
        bool control;
        std::size_t account_entries;  // of `a.B` and `a.P` together
        void clear();
    };

    Decoded finish(EventSink& out);
    SymbolId count_symbol();
    MessageKind kind() const;

    Decoded liquidation(SymbolId symbol, EventSink& out);
    Decoded book_ticker(SymbolId symbol, EventSink& out);
    Decoded mark_price(SymbolId symbol, EventSink& out);
    Decoded order_update(SymbolId symbol, EventSink& out);
    Decoded algo_update(SymbolId symbol, EventSink& out);
    Decoded account_update(EventSink& out);
    Decoded config_update(EventSink& out);
    Decoded notice(AccountNoticeKind kind, EventSink& out);
    bool balance(Nanos time, EventSink& out);
    bool position(Nanos time, EventSink& out);
    Event& fresh(EventKind kind, SymbolId symbol, EventSink& out);
    bool priced(SymbolId symbol) const { return symbols_.is_configured(symbol); }

    const SymbolTable& symbols_;
    std::size_t longest_;
    std::size_t needed_;  // events one frame of prices may give
    std::unique_ptr<Json> json_;
    Message message_{};  // the one being decoded
    Fields entry_;       // its current balance or position
    Nanos arrival_{};
    CodecCounters counters_;
};

}  // namespace tranche::aster
