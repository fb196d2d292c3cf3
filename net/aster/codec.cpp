#include "net/aster/codec.hpp"

#include <cstring>
#include <simdjson.h>
#include <utility>

#include "net/aster/words.hpp"

namespace tranche::aster {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::SUCCESS;

constexpr std::size_t spare_events = 8;  // room beyond the prices: notices, a few balances
constexpr Key symbol_key = letter('s');
constexpr Key event_key = letter('e');
constexpr Key event_time = letter('E');

bool key_is(const ondemand::field& field, std::string_view name) {
    const char* raw = field.key().raw();
    return raw[0] == name[0] && std::strncmp(raw, name.data(), name.size()) == 0 &&
           raw[name.size()] == '"';
}

bool is_container(std::string_view token) {
    return token.front() == '{' || token.front() == '[';
}

/// Stores a scalar; false when it is no JSON. Only names may come with escaped characters.
bool store(ondemand::field& field, Key key, std::string_view token, Fields& out) {
    if (key != symbol_key || token.find('\\') == std::string_view::npos) {
        out.set(key, token);
        return true;
    }
    std::string_view text;
    if (field.value().get_string().get(text) != SUCCESS) return false;
    out.set_text(key, text);
    return true;
}

/// Collects the scalars of an object; false when it is no JSON.
bool collect(ondemand::value& value, Fields& out) {
    ondemand::object object;
    if (value.get_object().get(object) != SUCCESS) return false;
    for (auto result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != SUCCESS) return false;
        const std::string_view token = field.value().raw_json_token();
        if (token.empty()) return false;
        if (is_container(token)) continue;
        if (!store(field, key_at(field.key().raw()), token, out)) return false;
    }
    return true;
}

/// Calls `visit(array key, element)` for the entries of `a.B` and `a.P`; false when it is no JSON
/// or `visit` says so.
template <class Visit> bool for_each_entry(ondemand::value& account, Visit visit) {
    ondemand::object object;
    if (account.get_object().get(object) != SUCCESS) return false;
    for (auto result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != SUCCESS) return false;
        const Key key = key_at(field.key().raw());
        if (key != letter('B') && key != letter('P')) continue;
        ondemand::array array;
        if (field.value().get_array().get(array) != SUCCESS) return false;
        for (auto element : array) {
            ondemand::value value;
            if (std::move(element).get(value) != SUCCESS || !visit(key, value)) return false;
        }
    }
    return true;
}

MessageKind kind_of(std::string_view word) {
    if (word == "bookTicker") return MessageKind::book_ticker;
    if (word == "forceOrder") return MessageKind::force_order;
    if (word == "markPriceUpdate") return MessageKind::mark_price;
    if (word == "ORDER_TRADE_UPDATE") return MessageKind::order_trade_update;
    if (word == "ALGO_UPDATE") return MessageKind::algo_update;
    if (word == "ACCOUNT_UPDATE") return MessageKind::account_update;
    if (word == "aggTrade") return MessageKind::agg_trade;
    if (word == "trade") return MessageKind::trade;
    if (word == "depthUpdate") return MessageKind::depth_update;
    if (word == "kline") return MessageKind::kline;
    if (word == "24hrTicker") return MessageKind::ticker;
    if (word == "24hrMiniTicker") return MessageKind::mini_ticker;
    if (word == "ACCOUNT_CONFIG_UPDATE") return MessageKind::account_config_update;
    if (word == "MARGIN_CALL") return MessageKind::margin_call;
    if (word == "listenKeyExpired") return MessageKind::listen_key_expired;
    if (word == "announcement") return MessageKind::announcement;
    return MessageKind::other;
}

}  // namespace

std::string_view name(MessageKind kind) {
    switch (kind) {
        case MessageKind::force_order: return "forceOrder";
        case MessageKind::book_ticker: return "bookTicker";
        case MessageKind::mark_price: return "markPriceUpdate";
        case MessageKind::agg_trade: return "aggTrade";
        case MessageKind::trade: return "trade";
        case MessageKind::depth_update: return "depthUpdate";
        case MessageKind::kline: return "kline";
        case MessageKind::ticker: return "24hrTicker";
        case MessageKind::mini_ticker: return "24hrMiniTicker";
        case MessageKind::order_trade_update: return "ORDER_TRADE_UPDATE";
        case MessageKind::algo_update: return "ALGO_UPDATE";
        case MessageKind::account_update: return "ACCOUNT_UPDATE";
        case MessageKind::account_config_update: return "ACCOUNT_CONFIG_UPDATE";
        case MessageKind::margin_call: return "MARGIN_CALL";
        case MessageKind::listen_key_expired: return "listenKeyExpired";
        case MessageKind::announcement: return "announcement";
        case MessageKind::other: return "(other)";
        case MessageKind::none: return "(none)";
        case MessageKind::control_reply: return "(control reply)";
    }
    return "(other)";
}

/// simdjson's state; kept out of the header, which is large. On demand: a value is looked at once,
/// where it stands, and what nobody asks for is skipped.
struct Codec::Json {
    ondemand::parser parser;
    ondemand::document document;

    Decoded read(std::string_view text, Codec& codec, EventSink& out);
    Decoded read_object(Codec& codec, EventSink& out);
    Decoded read_elements(ondemand::array array, Codec& codec, EventSink& out);
    bool scan(ondemand::object& object, Message& message);
    bool scan_member(ondemand::field& field, std::string_view token, Message& message);
    bool scan_container(ondemand::field& field, Message& message);
    template <class Visit> bool read_account(Visit visit);

    /// Nothing may follow the document.
    bool at_end() {
        const char* location = nullptr;
        return document.current_location().get(location) == simdjson::OUT_OF_BOUNDS;
    }
};

void Codec::Message::clear() {
    top.clear();
    order.clear();
    config.clear();
    has_order = has_leverage = has_modes = has_account = control = false;
    account_entries = 0;
}

Decoded Codec::Json::read(std::string_view text, Codec& codec, EventSink& out) {
    const simdjson::padded_string_view padded{text.data(), text.size(),
                                              text.size() + simdjson::SIMDJSON_PADDING};
    ondemand::json_type type{};
    if (parser.iterate(padded).get(document) != SUCCESS) return Decoded::malformed;
    if (document.type().get(type) != SUCCESS) return Decoded::malformed;
    if (type == ondemand::json_type::object) return read_object(codec, out);
    ondemand::array array;
    if (document.get_array().get(array) != SUCCESS) return Decoded::malformed;
    const Decoded decoded = read_elements(array, codec, out);
    return at_end() ? decoded : Decoded::malformed;
}

/// A raw message, or one inside a wrapper; a wrapped array is read where it stands.
Decoded Codec::Json::read_object(Codec& codec, EventSink& out) {
    ondemand::object object;
    if (document.get_object().get(object) != SUCCESS) return Decoded::malformed;
    Message& message = codec.message_;
    message.clear();
    bool elements = false;
    Decoded decoded = Decoded::ignored;
    for (auto result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != SUCCESS) return Decoded::malformed;
        const std::string_view token = field.value().raw_json_token();
        if (token.empty()) return Decoded::malformed;
        if (!is_container(token) || !key_is(field, "data")) {
            if (!scan_member(field, token, message)) return Decoded::malformed;
        } else if (token.front() == '{') {
            ondemand::object inner;
            if (field.value().get_object().get(inner) != SUCCESS) return Decoded::malformed;
            if (!scan(inner, message)) return Decoded::malformed;
        } else {
            ondemand::array array;
            if (field.value().get_array().get(array) != SUCCESS) return Decoded::malformed;
            elements = true;
            decoded = read_elements(array, codec, out);
            if (decoded == Decoded::malformed) return decoded;
        }
    }
    if (!at_end()) return Decoded::malformed;
    return elements ? decoded : codec.finish(out);
}

/// Each element is a message of its own; one that is malformed does not spoil the others.
Decoded Codec::Json::read_elements(ondemand::array array, Codec& codec, EventSink& out) {
    Decoded all = Decoded::ignored;
    for (auto element : array) {
        ondemand::object object;
        if (std::move(element).get_object().get(object) != SUCCESS) return Decoded::malformed;
        codec.message_.clear();
        if (!scan(object, codec.message_)) return Decoded::malformed;
        // an account update is read twice, from the document's start: never part of an array
        if (codec.message_.has_account) return Decoded::malformed;
        const Decoded one = codec.finish(out);
        // what does not fit an empty ring would never fit: an array repeats itself for ever
        if (one == Decoded::malformed || one == Decoded::no_room) all = Decoded::malformed;
        if (one == Decoded::events && all != Decoded::malformed) all = one;
    }
    return all;
}

bool Codec::Json::scan(ondemand::object& object, Message& message) {
    for (auto result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != SUCCESS) return false;
        const std::string_view token = field.value().raw_json_token();
        if (token.empty() || !scan_member(field, token, message)) return false;
    }
    return true;
}

bool Codec::Json::scan_member(ondemand::field& field, std::string_view token, Message& message) {
    const Key key = key_at(field.key().raw());
    if (key == Key::none) {
        if (key_is(field, "result") || key_is(field, "error") || key_is(field, "code"))
            message.control = true;
    }
    if (token.front() == '{') return scan_container(field, message);
    if (token.front() == '[') return true;  // depth levels, positions of a margin call
    return store(field, key, token, message.top);
}

bool Codec::Json::scan_container(ondemand::field& field, Message& message) {
    ondemand::value& value = field.value();
    const Key key = key_at(field.key().raw());
    if (key == letter('o')) {
        message.has_order = true;
        return collect(value, message.order);
    }
    if (key == letter('a')) {
        message.has_account = true;
        return for_each_entry(value, [&](Key, ondemand::value&) {
            ++message.account_entries;
            return true;
        });
    }
    if (key_is(field, "ac")) {
        message.has_leverage = true;
        return collect(value, message.config);
    }
    if (key_is(field, "ai")) {
        message.has_modes = true;
        return collect(value, message.config);
    }
    return true;
}

/// Second pass over an ACCOUNT_UPDATE, now that time and number of entries are known.
template <class Visit> bool Codec::Json::read_account(Visit visit) {
    document.rewind();
    ondemand::object object;
    if (document.get_object().get(object) != SUCCESS) return false;
    for (auto result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != SUCCESS) return false;
        if (key_at(field.key().raw()) == letter('a')) return for_each_entry(field.value(), visit);
        if (!key_is(field, "data")) continue;
        ondemand::value account;
        if (field.value().find_field("a").get(account) != SUCCESS) return false;
        return for_each_entry(account, visit);
    }
    return false;
}

Codec::Codec(const SymbolTable& symbols, std::size_t longest)
    : symbols_{symbols},
      longest_{longest},
      needed_{symbols.configured() + spare_events},
      json_{std::make_unique<Json>()},
      counters_{symbols.size()} {
    require(json_->parser.allocate(longest) == SUCCESS, "the parser gets its memory at start");
}

Codec::~Codec() = default;

Decoded Codec::decode(const Frame& frame, EventSink& out) {
    require(out.capacity() >= needed_, "an event ring holds what one frame of prices may give");
    if (out.room() < needed_) return Decoded::no_room;
    arrival_ = frame.head.arrival_time;
    const Decoded decoded = frame.bytes.size() > longest_
                                ? Decoded::malformed
                                : json_->read({frame.bytes.data(), frame.bytes.size()}, *this, out);
    if (decoded == Decoded::no_room) return decoded;
    CodecCounters::add(counters_.frames_);
    CodecCounters::add(counters_.bytes_, frame.bytes.size());
    if (decoded == Decoded::malformed) CodecCounters::add(counters_.malformed_);
    return decoded;
}

MessageKind Codec::kind() const {
    if (message_.top.has(event_key)) return kind_of(message_.top.text(event_key));
    return message_.control ? MessageKind::control_reply : MessageKind::none;
}

SymbolId Codec::count_symbol() {
    std::string_view symbol = message_.top.text(symbol_key);
    if (symbol.empty()) symbol = message_.order.text(symbol_key);
    if (symbol.empty()) return no_symbol;
    const SymbolId id = symbols_.find(symbol);
    CodecCounters::add(id == no_symbol ? counters_.unlisted_ : counters_.by_symbol_[index(id)]);
    return id;
}

Decoded Codec::finish(EventSink& out) {
    const MessageKind kind = this->kind();
    if (kind == MessageKind::account_update && message_.account_entries > out.room())
        return message_.account_entries > out.capacity() ? Decoded::malformed : Decoded::no_room;
    CodecCounters::add(counters_.by_kind_[static_cast<std::size_t>(kind)]);
    const SymbolId symbol = count_symbol();
    switch (kind) {
        case MessageKind::force_order: return liquidation(symbol, out);
        case MessageKind::book_ticker: return book_ticker(symbol, out);
        case MessageKind::mark_price: return mark_price(symbol, out);
        case MessageKind::order_trade_update: return order_update(symbol, out);
        case MessageKind::algo_update: return algo_update(symbol, out);
        case MessageKind::account_update: return account_update(out);
        case MessageKind::account_config_update: return config_update(out);
        case MessageKind::margin_call: return notice(AccountNoticeKind::margin_call, out);
        case MessageKind::listen_key_expired:
            return notice(AccountNoticeKind::listen_key_expired, out);
        case MessageKind::agg_trade:
        case MessageKind::trade:
        case MessageKind::depth_update:
        case MessageKind::kline:
        case MessageKind::ticker:
        case MessageKind::mini_ticker:
        case MessageKind::announcement:
        case MessageKind::control_reply: return Decoded::ignored;
        case MessageKind::other: return Decoded::unknown_kind;
        case MessageKind::none: break;
    }
    // the spot form of a book ticker has no `e`; its six members tell it
    const Fields& top = message_.top;
    const bool book = top.has(letter('u')) && top.has(letter('s')) && top.has(letter('b')) &&
                      top.has(letter('B')) && top.has(letter('a')) && top.has(letter('A'));
    return book ? book_ticker(symbol, out) : Decoded::unknown_kind;
}

/// The next slot, with every byte of an earlier event wiped.
Event& Codec::fresh(EventKind kind, SymbolId symbol, EventSink& out) {
    Event* slot = out.slot();
    require(slot != nullptr, "room was there before the first event of a frame");
    *slot = Event{};
    slot->arrival_time = arrival_;
    slot->symbol = symbol;
    slot->kind = kind;
    return *slot;
}

/// Entries are whole each for itself: one that is malformed does not spoil those before it.
Decoded Codec::account_update(EventSink& out) {
    Nanos time{};
    if (!message_.has_account || !message_.top.time(event_time, time)) return Decoded::malformed;
    const bool whole = json_->read_account([&](Key array, ondemand::value& value) {
        entry_.clear();
        if (!collect(value, entry_)) return false;
        return array == letter('B') ? balance(time, out) : position(time, out);
    });
    if (!whole) return Decoded::malformed;
    return message_.account_entries == 0 ? Decoded::ignored : Decoded::events;
}

}  // namespace tranche::aster
