#include "tools/direct_exchange.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <variant>

#include "core/require.hpp"
#include "net/aster/replies.hpp"
#include "tools/direct_words.hpp"

namespace tranche {
namespace {

using direct_words::from;
using direct_words::to;

constexpr char packed_id_mark = '\x01';  // no client id may hold it

ForcedClose forced_close_of(std::string_view client_id) {
    if (client_id.starts_with("autoclose-")) return ForcedClose::liquidation;
    if (client_id == "adl_autoclose") return ForcedClose::deleveraging;
    return ForcedClose::none;
}

Event& append(std::vector<Event>& out, EventKind kind, SymbolId symbol, Nanos now) {
    // Copied, not made anew: compilers clear so large a temporary byte by byte.
    static constexpr Event blank{};
    Event& event = out.emplace_back(blank);
    event.arrival_time = now;
    event.symbol = symbol;
    event.kind = kind;
    return event;
}

/// How the gateway would class a refusal.
void refuse(Reply& reply, const exchange::Reject& refused) {
    reply.code = refused.code;
    reply.http_status = static_cast<std::uint16_t>(refused.http_status);
    const bool id_taken =
        refused.code == -4015 && refused.message.find("uplicat") != std::string::npos;
    reply.verdict = !id_taken && aster::is_certain_rejection(reply.command, refused.code)
                        ? ReplyClass::rejected
                        : ReplyClass::unknown;
}

void accept(Reply& reply, const exchange::Order& order, bool acknowledge) {
    reply.verdict = ReplyClass::accepted;
    reply.http_status = 200;
    reply.order_id = order.id;
    reply.exchange_time = milliseconds(acknowledge ? order.time_ms : order.update_ms);
    if (acknowledge) {
        reply.status = OrderStatus::created;
        return;
    }
    reply.status = from(order.status);
    reply.filled = from<Quantity>(order.executed);
    reply.average_price = from<Price>(order.average_price());
    reply.price = from<Price>(order.terms.price);
    reply.quantity = from<Quantity>(order.terms.quantity);
}

/// What the wire's parameters would be refused for before anything is looked up.
std::optional<exchange::Reject> check_shape(const exchange::NewOrder& order, bool hedge_mode) {
    using exchange::Reject;
    const bool sided = order.position_side != exchange::PositionSide::both;
    if (sided != hedge_mode)
        return Reject{-4061, "Order's position side does not match user's setting."};
    if (!order.close_position) return std::nullopt;
    if (!exchange::conditional(order.type) || !exchange::at_market(order.type))
        return Reject{-4020, "closePosition needs STOP_MARKET or TAKE_PROFIT_MARKET."};
    if (!order.quantity.zero()) return Reject{-4137, "Quantity must be zero with closePosition."};
    return std::nullopt;
}

exchange::SymbolRules rules_of(const SymbolRules& rules) {
    const auto limit = [](std::uint16_t count) {
        return count == 0 ? INT64_MAX : std::int64_t{count};
    };
    exchange::SymbolRules made;
    made.name = rules.name;
    made.base =
        rules.name.ends_with("USDT") ? rules.name.substr(0, rules.name.size() - 4) : rules.name;
    made.status = rules.trading ? "TRADING" : "SETTLING";
    made.tick = to(rules.tick);
    made.min_price = to(rules.min_price);
    made.max_price = to(rules.max_price);
    made.step = to(rules.step);
    made.min_quantity = to(rules.min_quantity);
    made.max_quantity = to(rules.max_quantity);
    made.market_step = to(rules.market_step);
    made.market_min_quantity = to(rules.market_min_quantity);
    made.market_max_quantity = to(rules.market_max_quantity);
    made.min_notional = to(rules.min_notional);
    made.multiplier_up = to(rules.multiplier_up);
    made.multiplier_down = to(rules.multiplier_down);
    made.max_orders = limit(rules.max_orders);
    made.max_algo_orders = limit(rules.max_conditional_orders);
    // Not in the engine's table; as narrow as the limit prices, or as on most symbols.
    constexpr exchange::Amount usual{3'000'000};
    const exchange::Amount above = made.multiplier_up - exchange::units(1);
    made.trigger_protect = made.market_take_bound = above.raw > 0 ? above : usual;
    made.liquidation_fee = {2'000'000};
    return made;
}

}  // namespace

exchange::Rules venue_rules(const SymbolTable& symbols,
                            std::span<const exchange::MarketProfile> profiles) {
    exchange::Rules rules;
    for (std::size_t at = 0; at < symbols.size(); ++at) {
        exchange::SymbolRules made =
            rules_of(symbols.rules(SymbolId{static_cast<std::uint16_t>(at)}));
        if (at < profiles.size()) made.market = profiles[at];
        rules.add(std::move(made));
    }
    return rules;
}

exchange::ClientText venue_client_id(const ClientOrderId& id) {
    std::array<char, 1 + sizeof id> bytes{packed_id_mark};
    std::memcpy(bytes.data() + 1, &id, sizeof id);
    return exchange::ClientText{std::string_view{bytes.data(), bytes.size()}};
}

std::optional<ClientOrderId> our_client_id(const exchange::ClientText& text) {
    const std::string_view bytes = text.view();
    ClientOrderId id;
    if (bytes.size() != 1 + sizeof id || bytes.front() != packed_id_mark) return std::nullopt;
    std::memcpy(&id, bytes.data() + 1, sizeof id);
    return id;
}

std::string readable(const exchange::ClientText& text) {
    const auto ours = our_client_id(text);
    if (!ours) return std::string{text.view()};
    const ClientOrderIdText written = encode(*ours);
    return {written.data(), written.size()};
}

DirectExchange::DirectExchange(exchange::Venue& venue, const SymbolTable& symbols)
    : venue_{venue},
      hedge_mode_{venue.account.hedge_mode},
      from_venue_(venue.rules.size(), no_symbol),
      configured_{symbols.configured()} {
    for (std::size_t at = 0; at < symbols.size(); ++at) {
        const SymbolId id{static_cast<std::uint16_t>(at)};
        const auto listed = venue.rules.find(symbols.name(id));
        require(listed.has_value(), "the venue lists every symbol of the table");
        to_venue_.push_back(*listed);
        from_venue_[*listed] = id;
    }
}

Reply DirectExchange::execute(const Command& command, Nanos now) {
    Reply reply{};
    reply.sequence = command.sequence;
    reply.id = command.id;
    reply.command = command.kind;
    const std::int64_t now_ms = now.milliseconds();
    if (index(command.symbol) >= to_venue_.size()) {
        refuse(reply, {-1121, "Invalid symbol."});
        return reply;
    }
    switch (command.kind) {
        case CommandKind::place: return place(command, reply, now_ms);
        case CommandKind::cancel:
        case CommandKind::query: return find(command, reply, now_ms);
        case CommandKind::replace: return change(command, reply, now_ms);
        case CommandKind::noop: break;
    }
    // Every order is carried out as it comes, so there is nothing left to void.
    refuse(reply, {-4225, "Nonce Expired"});
    return reply;
}

std::variant<exchange::NewOrder, exchange::Reject> DirectExchange::terms_of(
    const Command& command) const {
    const auto type = to(command.type);
    if (!type) return exchange::Reject{-1116, "Invalid orderType."};
    exchange::NewOrder order;
    order.symbol = to_venue(command.symbol);
    order.client_id = venue_client_id(command.id);
    order.side = to(command.side);
    order.type = *type;
    order.time_in_force = to(command.time_in_force);
    order.position_side = hedge_mode_ ? to(command.position_side) : exchange::PositionSide::both;
    order.quantity = command.close_position ? exchange::Amount{} : to(command.quantity);
    order.price = exchange::at_market(*type) ? exchange::Amount{} : to(command.price);
    order.stop_price = exchange::conditional(*type) ? to(command.stop_price) : exchange::Amount{};
    order.working_type = command.working_type == WorkingType::mark_price
                             ? exchange::WorkingType::mark_price
                             : exchange::WorkingType::contract_price;
    order.price_protect = command.price_protect;
    order.close_position = command.close_position;
    // As the gateway writes it: whatever does not open carries it, where the mode allows it.
    order.reduce_only = !hedge_mode_ && !command.close_position && command.id.role != Role::entry;
    if (const auto refused = check_shape(order, venue_.account.hedge_mode)) return *refused;
    return order;
}

Reply DirectExchange::place(const Command& command, Reply reply, std::int64_t now_ms) {
    if (command.with_exits) return place_strategy(command, reply, now_ms);
    const auto order = terms_of(command);
    if (const auto* refused = std::get_if<exchange::Reject>(&order)) {
        refuse(reply, *refused);
        return reply;
    }
    const auto placed = venue_.matching.place(std::get<exchange::NewOrder>(order), now_ms);
    if (const auto* refused = std::get_if<exchange::Reject>(&placed))
        refuse(reply, *refused);
    else
        accept(reply, *venue_.matching.find(std::get<exchange::OrderId>(placed)), true);
    return reply;
}

/// The wiring that net/aster/strategy.hpp writes. The answer names no order.
Reply DirectExchange::place_strategy(const Command& command, Reply reply, std::int64_t now_ms) {
    using exchange::Drive;
    using exchange::DrivenOn;
    const std::array<Command, 3> commands{command, attached_exit(command, Role::take_profit),
                                          attached_exit(command, Role::stop_loss)};
    exchange::NewStrategy strategy;
    strategy.type = "OTOCO";
    strategy.count = commands.size();
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const auto order = terms_of(commands[i]);
        if (const auto* refused = std::get_if<exchange::Reject>(&order)) {
            refuse(reply, *refused);
            return reply;
        }
        strategy.legs[i].terms = std::get<exchange::NewOrder>(order);
        if (i > 0)
            strategy.legs[i].drivers = {
                {{1, DrivenOn::partially_filled_or_filled, Drive::place},
                 {4 - i, DrivenOn::partially_filled_or_filled, Drive::cancel}}};
    }
    if (command.take_profit_type == OrderType::limit)
        strategy.legs[2].drivers[1].on = DrivenOn::filled;
    const auto placed = venue_.matching.place(strategy, now_ms);
    if (const auto* refused = std::get_if<exchange::Reject>(&placed)) {
        refuse(reply, *refused);
        return reply;
    }
    const auto& outcome = std::get<exchange::StrategyOutcome>(placed);
    reply.verdict = outcome.failure_code == 0 ? ReplyClass::accepted : ReplyClass::unknown;
    reply.http_status = 200;
    reply.code = outcome.failure_code;
    reply.status = OrderStatus::created;
    reply.exchange_time = milliseconds(now_ms);
    return reply;
}

/// By our id, which is never used twice; by the venue's for orders that are not ours.
const exchange::Order* DirectExchange::named(const Command& command) const {
    const exchange::SymbolIndex symbol = to_venue(command.symbol);
    if (command.id != ClientOrderId{})
        return venue_.matching.find_client(symbol, venue_client_id(command.id));
    const exchange::Order* order = venue_.matching.find(command.order_id);
    return order != nullptr && order->terms.symbol == symbol ? order : nullptr;
}

Reply DirectExchange::change(const Command& command, Reply reply, std::int64_t now_ms) {
    const exchange::Order* order = named(command);
    if (order == nullptr) {
        refuse(reply, {-2013, "Order does not exist."});
        return reply;
    }
    if (const auto refused =
            venue_.matching.modify(order->id, to(command.quantity), to(command.price), now_ms))
        refuse(reply, *refused);
    else
        accept(reply, *order, false);
    return reply;
}

Reply DirectExchange::find(const Command& command, Reply reply, std::int64_t now_ms) {
    const exchange::Order* order = named(command);
    const bool cancels = command.kind == CommandKind::cancel;
    if (order == nullptr || (!cancels && !venue_.visible(*order, now_ms))) {
        refuse(reply, cancels ? exchange::Reject{-2011, "Unknown order sent."}
                              : exchange::Reject{-2013, "Order does not exist."});
        return reply;
    }
    if (cancels) {
        if (const auto refused = venue_.matching.cancel(order->id, now_ms)) {
            refuse(reply, *refused);
            return reply;
        }
    }
    accept(reply, *order, false);
    return reply;
}

namespace {

void write(Event& event, const exchange::Quote& quote) {
    event.kind = EventKind::book_ticker;
    BookTicker& body = event.book_ticker;
    body.exchange_time = body.trade_time = milliseconds(quote.time_ms);
    body.update_id = quote.update_id;
    body.bid = from<Price>(quote.bid);
    body.ask = from<Price>(quote.ask);
    body.bid_quantity = from<Quantity>(quote.bid_quantity);
    body.ask_quantity = from<Quantity>(quote.ask_quantity);
}

void write(Event& event, const exchange::Mark& mark) {
    event.kind = EventKind::mark_price;
    MarkPrice& body = event.mark_price;
    body.exchange_time = milliseconds(mark.time_ms);
    body.mark = from<Price>(mark.mark);
    body.index = from<Price>(mark.index);
    body.funding_rate = from<Ratio>(mark.funding_rate);
    body.next_funding_time = milliseconds(mark.next_funding_ms);
}

void write(Event& event, const exchange::Liquidation& liquidation) {
    event.kind = EventKind::liquidation;
    Liquidation& body = event.liquidation;
    body.exchange_time = event.arrival_time;
    body.trade_time = milliseconds(liquidation.time_ms);
    body.price = from<Price>(liquidation.price);
    body.average_price = from<Price>(liquidation.average_price);
    body.quantity = body.filled = from<Quantity>(liquidation.quantity);
    body.last_quantity = from<Quantity>(liquidation.last_quantity);
    body.side = from(liquidation.side);
}

void write(Event& event, const exchange::OrderEvent& update) {
    event.kind = EventKind::order_update;
    const exchange::Order& order = update.order;
    OrderUpdate& body = event.order_update;
    body.exchange_time = body.trade_time = milliseconds(update.time_ms);
    body.order_id = order.id;
    body.filled = from<Quantity>(order.executed);
    body.average_price = from<Price>(order.average_price());
    if (update.has_fill) {
        body.trade_id = update.fill.trade_id;
        body.last_quantity = from<Quantity>(update.fill.quantity);
        body.last_price = from<Price>(update.fill.price);
        body.commission = from<Notional>(update.fill.fee);
        body.realized = from<Notional>(update.fill.realized);
        body.maker = update.fill.maker;
    }
    if (const auto ours = our_client_id(order.terms.client_id)) {
        body.ours = true;
        body.id = *ours;
    } else {
        body.forced = forced_close_of(order.terms.client_id);
    }
    body.side = from(order.terms.side);
    body.leg = from(order.terms.position_side);
    body.type = from(order.terms.type);
    body.original_type = from(order.original_type);
    body.execution = from(update.execution);
    body.status = from(order.status);
}

}  // namespace

void DirectExchange::advance(Nanos now, std::vector<Event>& market) {
    published_.clear();
    venue_.advance(now.milliseconds(), published_);
    for (const exchange::MarketEvent& item : published_) {
        std::visit(
            [&](const auto& body) {
                using Body = std::remove_cvref_t<decltype(body)>;
                // Trades move last prices inside; the engine does not read their stream.
                if constexpr (!std::is_same_v<Body, exchange::Trade>) {
                    const SymbolId symbol = from_venue_[body.symbol];
                    if (symbol != no_symbol)
                        write(append(market, EventKind::timer, symbol, now), body);
                }
            },
            item);
    }
}

void DirectExchange::observe(const Event& price) {
    if (index(price.symbol) >= to_venue_.size()) return;
    const exchange::SymbolIndex symbol = to_venue(price.symbol);
    const std::int64_t now_ms = price.arrival_time.milliseconds();
    if (price.kind == EventKind::mark_price) {
        const MarkPrice& mark = price.mark_price;
        venue_.observe(exchange::Mark{.symbol = symbol,
                                      .time_ms = now_ms,
                                      .mark = to(mark.mark),
                                      .index = to(mark.index),
                                      .funding_rate = to(mark.funding_rate),
                                      .next_funding_ms = mark.next_funding_time.milliseconds()},
                       now_ms);
    } else if (price.kind == EventKind::book_ticker) {
        const BookTicker& book = price.book_ticker;
        venue_.observe(exchange::Quote{.symbol = symbol,
                                       .time_ms = now_ms,
                                       .update_id = book.update_id,
                                       .bid = to(book.bid),
                                       .bid_quantity = to(book.bid_quantity),
                                       .ask = to(book.ask),
                                       .ask_quantity = to(book.ask_quantity)},
                       now_ms);
        // Nobody says what trades: half way between the quotes, of no size that could fill.
        venue_.observe(exchange::Trade{.symbol = symbol,
                                       .time_ms = now_ms,
                                       .id = book.update_id,
                                       .price = exchange::Amount{(book.bid.raw + book.ask.raw) / 2},
                                       .quantity = {},
                                       .buyer_is_maker = false},
                       now_ms);
    }
}

namespace {

void append_position(std::vector<Event>& out, SymbolId symbol, Nanos now,
                     const exchange::PositionState& state, std::int64_t time_ms) {
    PositionUpdate& body = append(out, EventKind::position_update, symbol, now).position_update;
    body.exchange_time = milliseconds(time_ms);
    body.amount = from<Quantity>(state.quantity);
    body.entry_price = from<Price>(state.entry);
    body.unrealized = from<Notional>(state.unrealized);
    body.leg = from(state.side);
    body.isolated = state.isolated;
}

BalanceUpdate& append_balance(std::vector<Event>& out, Nanos now, exchange::Amount wallet,
                              std::int64_t time_ms) {
    BalanceUpdate& body = append(out, EventKind::balance_update, no_symbol, now).balance_update;
    body.exchange_time = milliseconds(time_ms);
    body.wallet = body.cross_wallet = from<Notional>(wallet);
    body.asset = CommissionAsset::usdt;
    return body;
}

AccountNotice& append_notice(std::vector<Event>& out, AccountNoticeKind kind, SymbolId symbol,
                             Nanos now, std::int64_t time_ms) {
    AccountNotice& body = append(out, EventKind::account_notice, symbol, now).account_notice;
    body.exchange_time = milliseconds(time_ms);
    body.kind = kind;
    return body;
}

/// Writes what one user event decodes to, in the codec's order.
struct UserEventWriter {
    const DirectExchange& exchange;
    Nanos now;
    std::vector<Event>& out;

    void operator()(const exchange::OrderEvent& update) const {
        const SymbolId symbol = exchange.from_venue(update.order.terms.symbol);
        write(append(out, EventKind::order_update, symbol, now), update);
    }
    void operator()(const exchange::AccountEvent& update) const {
        append_balance(out, now, update.wallet, update.time_ms);
        for (std::size_t at = 0; at < update.position_count; ++at)
            append_position(out, exchange.from_venue(update.positions[at].symbol), now,
                            update.positions[at], update.time_ms);
    }
    void operator()(const exchange::LeverageEvent& update) const {
        append_notice(out, AccountNoticeKind::leverage_changed, exchange.from_venue(update.symbol),
                      now, update.time_ms)
            .leverage = static_cast<std::uint16_t>(update.leverage);
    }
    void operator()(const exchange::ModeEvent& update) const {
        append_notice(out, AccountNoticeKind::multi_assets_changed, no_symbol, now, update.time_ms)
            .flag = update.multi_assets;
        append_notice(out, AccountNoticeKind::hedge_mode_changed, no_symbol, now, update.time_ms)
            .flag = update.hedge_mode;
    }
    void operator()(const exchange::MarginCallEvent& update) const {
        append_notice(out, AccountNoticeKind::margin_call, no_symbol, now, update.time_ms);
    }
};

void append_open_order(std::vector<Event>& out, SymbolId symbol, Nanos now,
                       const exchange::Order& order, std::uint32_t generation) {
    OpenOrder& body = append(out, EventKind::open_order, symbol, now).open_order;
    body.update_time = milliseconds(order.update_ms);
    body.order_id = order.id;
    body.price = from<Price>(order.terms.price);
    body.stop_price = from<Price>(order.terms.stop_price);
    body.quantity = from<Quantity>(order.terms.quantity);
    body.filled = from<Quantity>(order.executed);
    if (const auto ours = our_client_id(order.terms.client_id)) {
        body.ours = true;
        body.id = *ours;
    }
    body.generation = generation;
    body.side = from(order.terms.side);
    body.leg = from(order.terms.position_side);
    body.type = from(order.terms.type);
    body.status = from(order.status);
    body.reduce_only = order.terms.reduce_only;
    body.close_position = order.terms.close_position;
}

void append_mark(std::vector<Event>& out, Nanos now, std::uint32_t generation, bool begins,
                 bool hedge_mode) {
    SnapshotMark& body = append(out, EventKind::snapshot_mark, no_symbol, now).snapshot_mark;
    body.requested_at = now;
    body.generation = generation;
    body.begins = begins;
    body.complete = !begins;
    body.hedge_mode = hedge_mode;
}

}  // namespace

void DirectExchange::take_user_events(Nanos now, std::vector<Event>& user) {
    const UserEventWriter writer{*this, now, user};
    for (const exchange::UserEvent& event : venue_.outbox.user) std::visit(writer, event);
    venue_.outbox.user.clear();
}

void DirectExchange::snapshot(std::uint32_t generation, Nanos now, std::vector<Event>& out) const {
    const exchange::Account& account = venue_.account;
    const std::int64_t now_ms = now.milliseconds();
    append_mark(out, now, generation, true, account.hedge_mode);
    for (exchange::SymbolIndex listed = 0; listed < from_venue_.size(); ++listed) {
        const SymbolId symbol = from_venue_[listed];
        if (symbol == no_symbol) continue;
        for (const exchange::PositionSide side : exchange::every_position_side) {
            if ((side == exchange::PositionSide::both) == account.hedge_mode) continue;
            const exchange::Position position = venue_.position_seen(listed, side, now_ms);
            if (position.quantity.zero() && index(symbol) >= configured_) continue;
            exchange::PositionState state =
                exchange::position_state(account, venue_.board, listed, side);
            state.quantity = position.quantity;
            state.entry = position.entry;
            append_position(out, symbol, now, state,
                            position.update_ms != 0 ? position.update_ms : now_ms);
            PositionUpdate& body = out.back().position_update;
            body.generation = generation;
            body.leverage = static_cast<std::uint16_t>(account.settings[listed].leverage);
        }
    }
    BalanceUpdate& balance = append_balance(out, now, account.wallet(), now_ms);
    balance.available = from<Notional>(venue_.matching.available());
    balance.has_available = true;
    for (exchange::SymbolIndex listed = 0; listed < from_venue_.size(); ++listed) {
        const SymbolId symbol = from_venue_[listed];
        if (symbol == no_symbol) continue;
        for (const exchange::Order* order : venue_.matching.open(listed))
            if (venue_.visible(*order, now_ms))
                append_open_order(out, symbol, now, *order, generation);
    }
    append_mark(out, now, generation, false, account.hedge_mode);
}

}  // namespace tranche
