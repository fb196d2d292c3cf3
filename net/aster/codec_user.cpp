// User stream messages. Source: exchange-protocol.md §3.3.
#include "net/aster/codec.hpp"
#include "net/aster/words.hpp"

namespace tranche::aster {
namespace {

constexpr Key member(char c) {
    return letter(c);
}

/// What a fill books: quantity, price, fee, profit. Reports without a fill leave them out.
bool read_amounts(const Fields& order, OrderUpdate& body) {
    const bool fill =
        body.execution == ExecutionType::trade || body.execution == ExecutionType::calculated;
    const auto needed = [&](Key key) { return fill || order.has(key); };
    if (!order.amount(member('z'), body.filled)) return false;
    if (needed(member('l')) && !order.amount(member('l'), body.last_quantity)) return false;
    if (needed(member('L')) && !order.amount(member('L'), body.last_price)) return false;
    if (needed(Key::rp) && !order.exact(Key::rp, body.realized)) return false;
    if (needed(member('t')) && !order.whole(member('t'), body.trade_id)) return false;
    // absent when nothing was charged; a fee without its asset cannot be booked
    if (order.has(member('n'))) {
        if (!order.exact(member('n'), body.commission)) return false;
        if (!body.commission.zero() && !order.has(member('N'))) return false;
    }
    body.commission_asset =
        order.has(member('N')) ? asset_of(order.text(member('N'))) : CommissionAsset::usdt;
    if (order.has(Key::ap) && !order.rounded(Key::ap, body.average_price)) return false;
    return body.average_price.raw >= 0 && product_fits(body.last_price, body.last_quantity) &&
           product_fits(body.average_price, body.filled);
}

bool read_order(const Fields& order, OrderUpdate& body) {
    const auto side = side_of(order.text(member('S')));
    const auto leg = leg_of(order.text(Key::ps));
    const std::string_view client_id = order.text(member('c'));
    if (!side || !leg || client_id.empty() || order.text(member('X')).empty()) return false;
    body.side = *side;
    body.leg = *leg;
    body.type = order_type_of(order.text(member('o')));
    body.original_type = order.has(Key::ot) ? order_type_of(order.text(Key::ot)) : body.type;
    body.execution = execution_of(order.text(member('x')));
    body.status = order_status_of(order.text(member('X')));
    body.maker = order.flag(member('m'));
    body.forced = forced_close_of(client_id);
    if (const auto id = decode_client_order_id(client_id)) {
        body.ours = true;
        body.id = *id;
    }
    return order.whole(member('i'), body.order_id) && read_amounts(order, body);
}

}  // namespace

Decoded Codec::order_update(SymbolId symbol, EventSink& out) {
    const Fields& order = message_.order;
    if (order.text(member('s')).empty()) return Decoded::malformed;
    if (out.room() == 0) return Decoded::no_room;
    Event& event = fresh(EventKind::order_update, symbol, out);
    OrderUpdate& body = event.order_update;
    if (!message_.top.time(member('E'), body.exchange_time)) return Decoded::malformed;
    const Fields& timed = order.has(member('T')) ? order : message_.top;
    if (!timed.time(member('T'), body.trade_time)) return Decoded::malformed;
    if (!read_order(order, body)) return Decoded::malformed;
    out.publish();
    return Decoded::events;
}

/// A conditional order that lives apart (Binance): `caid` and `aid` read as `c` and `i`, `aq` as
/// `z`. From when it fires to its end ORDER_TRADE_UPDATE reports the order that came of it, under
/// the same client id, so those statuses tell nothing here.
Decoded Codec::algo_update(SymbolId symbol, EventSink& out) {
    const Fields& order = message_.order;
    const std::string_view word = order.text(member('X'));
    const std::string_view client_id = order.text(member('c'));
    const auto side = side_of(order.text(member('S')));
    const auto leg = leg_of(order.text(Key::ps));
    if (order.text(member('s')).empty() || word.empty() || client_id.empty() || !side || !leg)
        return Decoded::malformed;
    const OrderStatus status = algo_status_of(word);
    if (status == OrderStatus::unknown) return Decoded::ignored;
    if (out.room() == 0) return Decoded::no_room;
    OrderUpdate& body = fresh(EventKind::order_update, symbol, out).order_update;
    body.side = *side;
    body.leg = *leg;
    body.type = body.original_type = order_type_of(order.text(member('o')));
    body.status = status;
    body.execution = status == OrderStatus::created    ? ExecutionType::created
                     : status == OrderStatus::canceled ? ExecutionType::canceled
                                                       : ExecutionType::expired;
    if (const auto id = decode_client_order_id(client_id)) {
        body.ours = true;
        body.id = *id;
    }
    const bool whole = message_.top.time(member('E'), body.exchange_time) &&
                       message_.top.time(member('T'), body.trade_time) &&
                       order.whole(member('i'), body.order_id) &&
                       (!order.has(member('z')) || order.amount(member('z'), body.filled));
    if (!whole) return Decoded::malformed;
    out.publish();
    return Decoded::events;
}

bool Codec::balance(Nanos time, EventSink& out) {
    if (entry_.text(member('a')).empty()) return false;
    Event& event = fresh(EventKind::balance_update, no_symbol, out);
    BalanceUpdate& body = event.balance_update;
    body.exchange_time = time;
    body.asset = asset_of(entry_.text(member('a')));
    if (!entry_.exact(Key::wb, body.wallet) || !entry_.exact(Key::cw, body.cross_wallet))
        return false;
    out.publish();
    return true;
}

bool Codec::position(Nanos time, EventSink& out) {
    const std::string_view name = entry_.text(member('s'));
    const auto leg = leg_of(entry_.text(Key::ps));
    if (name.empty() || !leg) return false;
    const SymbolId symbol = symbols_.find(name);
    if (symbol == no_symbol) CodecCounters::add(counters_.unlisted_);
    Event& event = fresh(EventKind::position_update, symbol, out);
    PositionUpdate& body = event.position_update;
    body.exchange_time = time;
    body.leg = *leg;
    body.isolated = entry_.text(Key::mt) == "isolated" || entry_.text(Key::mt) == "ISOLATED";
    if (!entry_.exact(Key::pa, body.amount) || !entry_.rounded(Key::ep, body.entry_price))
        return false;
    if (entry_.has(Key::up) && !entry_.rounded(Key::up, body.unrealized)) return false;
    if (!product_fits(body.entry_price, body.amount)) return false;
    out.publish();
    return true;
}

Decoded Codec::notice(AccountNoticeKind kind, EventSink& out) {
    if (out.room() == 0) return Decoded::no_room;
    Event& event = fresh(EventKind::account_notice, no_symbol, out);
    event.account_notice.kind = kind;
    if (!message_.top.time(member('E'), event.account_notice.exchange_time))
        return Decoded::malformed;
    out.publish();
    return Decoded::events;
}

/// `ac`: leverage of a symbol. `ai`: account-wide modes, each of which may be left out.
Decoded Codec::config_update(EventSink& out) {
    Nanos time{};
    if (!message_.top.time(member('E'), time)) return Decoded::malformed;
    if (out.room() < 3) return Decoded::no_room;
    const Fields& config = message_.config;
    std::int64_t leverage = 0;
    if (message_.has_leverage) {
        const std::string_view name = config.text(member('s'));
        if (name.empty() || !config.whole(member('l'), leverage) || leverage < 1 || leverage > 1000)
            return Decoded::malformed;
        Event& event = fresh(EventKind::account_notice, symbols_.find(name), out);
        event.account_notice.exchange_time = time;
        event.account_notice.kind = AccountNoticeKind::leverage_changed;
        event.account_notice.leverage = static_cast<std::uint16_t>(leverage);
        out.publish();
    }
    const auto mode = [&](Key key, AccountNoticeKind kind) {
        if (!message_.has_modes || !config.has(key)) return;
        Event& event = fresh(EventKind::account_notice, no_symbol, out);
        event.account_notice.exchange_time = time;
        event.account_notice.kind = kind;
        event.account_notice.flag = config.flag(key);
        out.publish();
    };
    mode(member('j'), AccountNoticeKind::multi_assets_changed);
    mode(member('d'), AccountNoticeKind::hedge_mode_changed);
    return message_.has_leverage || message_.has_modes ? Decoded::events : Decoded::malformed;
}

}  // namespace tranche::aster
