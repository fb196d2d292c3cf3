#include "tools/sim/network.hpp"

#include <algorithm>
#include <cstring>

#include "core/require.hpp"

namespace tranche::sim {
namespace {

constexpr Nanos answer_timeout = seconds(10);        // net/http_connection.hpp
constexpr Nanos slow = milliseconds(100);            // more than any request without a fault takes
constexpr Nanos told_to_wait = seconds(3);           // with a ban, in Retry-After
constexpr Nanos asked_to_pause = milliseconds(300);  // by a 403: nothing may leave for most of it
constexpr std::int32_t nonce_expired = -4225;

std::uint64_t hash_of(const ClientOrderId& id) {
    const IdTable::Key key = IdTable::key(id);
    return mix(key.high ^ mix(key.low));
}

bool opens(const Command& command) {
    return command.id.role == Role::entry;
}

}  // namespace

bool SimConnection::send(std::span<const char> bytes, Nanos now) {
    if (!is_ready()) return false;
    waiting_ = true;
    first_byte_out_ = now;
    network_.submit(*this, bytes, now);
    return true;
}

std::size_t SimAdapter::encode(const Command& command, Nanos, std::span<char> out) {
    require(out.size() >= sizeof command, "a request holds a command");
    std::memcpy(out.data(), &command, sizeof command);
    return sizeof command;
}

std::size_t SimAdapter::encode_ping(std::span<char> out) {
    out[0] = 0;
    return 1;
}

Network::Network(const Plan& plan, EventHeap& heap, VenueSide& venue, Oracle& oracle,
                 Weather& weather, FaultCounts& counts)
    : plan_{plan}, heap_{heap}, venue_{venue}, oracle_{oracle}, weather_{weather}, counts_{counts} {
    connections_.reserve(plan.order_connections);
    for (std::uint32_t i = 0; i < plan.order_connections; ++i) connections_.emplace_back(*this, i);
}

std::vector<SimConnection*> Network::connections() {
    std::vector<SimConnection*> all;
    for (SimConnection& connection : connections_) all.push_back(&connection);
    return all;
}

bool Network::any_usable() const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const SimConnection& connection) { return connection.up_; });
}

bool Network::stuck(Nanos now) const {
    return std::all_of(connections_.begin(), connections_.end(),
                       [now](const SimConnection& connection) {
                           return !connection.up_ ||
                                  (connection.waiting_ && now - connection.first_byte_out_ > slow);
                       });
}

bool Network::strikes(Fault fault, Dice& dice) {
    // Drawn even when it cannot strike, so that the other draws stay what they are.
    const bool hit = dice.chance(plan_.chance[index(fault)]);
    if (!hit || calm_ || !plan_.faults[index(fault)]) return false;
    ++counts_[index(fault)];
    return true;
}

void Network::refuse(Request& request, Fault fault, std::int32_t code) {
    if (!plan_.faults[index(fault)]) return;
    request.way = Way::refused;
    request.code = code;
}

/// What strikes single requests, each decided by the intent and how often it was tried.
void Network::choose_rarely(Request& request, Dice& dice) {
    const Command& command = request.command;
    const bool place = command.kind == CommandKind::place;
    const bool stop = place && command.type == OrderType::stop_market;
    if (strikes(Fault::n1, dice)) {
        constexpr std::array ways{Way::not_sent, Way::cut_before, Way::cut_after, Way::late};
        request.way = ways[dice.below(ways.size())];
    } else if (strikes(Fault::n7, dice)) {
        constexpr std::array ways{Way::server_error, Way::done_but_503, Way::done_but_503,
                                  Way::done_late_503};
        request.way = ways[dice.below(ways.size())];
    } else if (strikes(Fault::x13, dice)) {
        request.way = Way::garbage;
        request.garbage = static_cast<Garbage>(dice.below(5));
    }
    request.held = dice.between(milliseconds(1), milliseconds(4'500));
    if (strikes(Fault::n6, dice)) {
        request.up += dice.long_tailed(milliseconds(20), seconds(12));
        request.down += dice.long_tailed(milliseconds(20), seconds(20));
    }
    if (strikes(Fault::x1, dice)) refuse(request, Fault::x1, dice.below(2) == 0 ? -1021 : -4225);
    if (place && strikes(Fault::x5, dice)) {
        constexpr std::array<std::int32_t, 6> codes{-1111, -4003, -4014, -4023, -4164, -4183};
        refuse(request, Fault::x5, codes[dice.below(codes.size())]);
    }
    if (stop && strikes(Fault::x3, dice))
        refuse(request, Fault::x3, dice.below(2) == 0 ? -2021 : -4142);
    // Fewer orders are of this kind: thrice the chance.
    if (place && !opens(command) && !stop &&
        (strikes(Fault::x4, dice) || strikes(Fault::x4, dice) || strikes(Fault::x4, dice))) {
        constexpr std::array<std::int32_t, 3> codes{-2022, -4118, -2024};
        refuse(request, Fault::x4, codes[dice.below(codes.size())]);
    }
    if (place && strikes(Fault::x9, dice))
        refuse(request, Fault::x9, command.type == OrderType::stop_market ? -4045 : -2025);
}

bool Network::refused_by_weather(Request& request, Nanos now) {
    const Command& command = request.command;
    const std::size_t symbol = tranche::index(command.symbol);
    const bool place = command.kind == CommandKind::place;
    std::int32_t code = 0;
    if (now < weather_.keys_refused_until) code = -2015;
    if (place && now < weather_.mode_mismatch_until) code = -4061;
    if (place && opens(command) && now < weather_.no_margin_until) code = -2019;
    if (place && now < weather_.halted_until[symbol]) code = opens(command) ? -4140 : -4141;
    if (place && opens(command) && now < weather_.filters_changed_until[symbol]) code = -4014;
    if (code == 0) return false;
    request.way = Way::refused;
    request.code = code;
    return true;
}

void Network::choose(Request& request, Nanos now) {
    const Command& command = request.command;
    const IdTable::Key key = IdTable::key(command.id);
    std::uint32_t place = attempts_.find(key);
    if (place == IdTable::nowhere) {
        place = static_cast<std::uint32_t>(attempt_counts_.size());
        attempts_.add(key, place);
        attempt_counts_.push_back(0);
    }
    const std::uint64_t nth = ++attempt_counts_[place];
    Dice dice{keyed(plan_.seed, Concern::fate, hash_of(command.id),
                    nth << 8 | static_cast<std::uint64_t>(command.kind))};
    request.up = dice.between(Nanos{plan_.latency.count / 2}, Nanos{plan_.latency.count * 2});
    request.down = dice.between(Nanos{plan_.latency.count / 2}, Nanos{plan_.latency.count * 2});
    choose_rarely(request, dice);
    if (command.kind == CommandKind::cancel && opens(command) && plan_.faults[index(Fault::n9)] &&
        !calm_ && dice.below(4) != 0)
        request.race = dice.below(2) == 0 ? Race::filled : Race::filled_in_part;
    if (now < weather_.throttled_until) request.way = Way::throttled;
    if (now < weather_.banned_until) request.way = Way::throttled;
}

void Network::submit(SimConnection& connection, std::span<const char> bytes, Nanos now) {
    Request request;
    request.connection = connection.number_;
    request.life = life_;
    request.waited_for = true;
    request.ping = bytes.size() < sizeof(Command);
    if (request.ping) {
        request.up = request.down = plan_.latency;
        oracle_.pinged(now);
    } else {
        std::memcpy(static_cast<void*>(&request.command), bytes.data(), sizeof(Command));
        ++requests_sent_;
        choose(request, now);
        // What failed before its first byte may be tried again.
        if (request.way != Way::not_sent) oracle_.sent(request.command, now);
        if (request.way != Way::clean || request.up + request.down > slow) excuse(request, now);
    }
    if (now < ban_known_until_) oracle_.fail("I8", "a request although we are banned", now);
    const std::uint32_t slot = pool_.take(request);
    connection.request_ = slot;
    Request& kept = pool_[slot];
    if (now < weather_.outage_until) kept.way = Way::cut_before;
    if (kept.way == Way::not_sent || kept.way == Way::cut_before) {
        kept.open_ends = 1;
        heap_.push(now + kept.up, HappeningKind::answer_arrives, slot);
        return;
    }
    const bool late = kept.way == Way::late || kept.way == Way::done_late_503;
    kept.open_ends = 2;
    heap_.push(now + answer_timeout, HappeningKind::request_times_out, slot);
    heap_.push(now + kept.up + (late ? kept.held : Nanos{}), HappeningKind::request_arrives, slot);
    if (!late) return;
    ++kept.open_ends;
    heap_.push(now + kept.up, HappeningKind::answer_arrives, slot);
}

void Network::excuse(const Request& request, Nanos now) {
    if (opens(request.command)) return oracle_.excuse_entries(now + answer_timeout + seconds(16));
    const Nanos known = request.up + request.down + request.held;
    oracle_.excuse(request.command.symbol, request.command.position_side,
                   now + std::min(known, answer_timeout) + seconds(16));
    const Role role = request.command.id.role;
    if (role != Role::take_profit)
        oracle_.excuse_bare(Excuse::request, request.command.symbol, request.command.position_side,
                            now + std::min(known, answer_timeout) + seconds(2));
}

/// N9: somebody takes the entry's price just before its cancel comes. The report of the fill and
/// the answer to the cancel (−2011, or what was filled) race to the engine.
void Network::fill_first(const Request& request, Nanos now) {
    const LedgerOrder* order = oracle_.ledger().find(request.command.id);
    if (order == nullptr || !order->open || order->price.zero()) return;
    const SymbolRules& rules = plan_.rules[tranche::index(order->symbol)];
    const Quantity left = order->quantity - order->filled;
    const std::int64_t steps = left.raw / rules.step.raw;
    const Quantity taken =
        request.race == Race::filled ? left : Quantity{(steps + 1) / 2 * rules.step.raw};
    const Quantity before = order->filled;
    const ClientOrderId id = order->id;
    venue_.trade(order->symbol, order->price, taken, opening_side(order->side) == Side::buy, now);
    order = oracle_.ledger().find(id);
    if (order->filled > before) ++counts_[index(Fault::n9)];
}

/// Its nonce was used up before it came.
bool Network::is_void(const Request& request) const {
    const Command& command = request.command;
    return command.kind == CommandKind::place &&
           voided_.find(IdTable::key(command.id)) != IdTable::nowhere;
}

/// A noop arrives. Each order is sent at most once, so its id stands for the nonce.
void Network::make_void(Request& request) {
    const IdTable::Key key = IdTable::key(request.command.id);
    const bool used = oracle_.ledger().find(request.command.id) != nullptr;
    const bool refused = used && !plan_.venue.behaviour.noop_of_used_succeeds;
    if (!used && voided_.find(key) == IdTable::nowhere) voided_.add(key, 0);
    request.reply.verdict = refused ? ReplyClass::rejected : ReplyClass::accepted;
    request.reply.code = refused ? nonce_expired : 0;
}

void Network::execute(Request& request, Nanos now) {
    if (request.command.kind == CommandKind::noop) return make_void(request);
    if (request.race != Race::none) fill_first(request, now);
    oracle_.arrived(request.command, now);
    request.reply = venue_.execute(request.command, now);
    oracle_.executed(request.command, request.reply, now);
}

void Network::arrive(std::uint32_t slot, Nanos now) {
    Request& request = pool_[slot];
    if (now < weather_.outage_until) {
        release(slot);
        return;
    }
    if (request.ping) {
        request.status = 200;
    } else if (request.way == Way::throttled) {
        request.status = now < weather_.banned_until ? 418 : 429;
    } else if (request.way == Way::server_error) {
        request.status = 503;
    } else if (request.way == Way::refused || refused_by_weather(request, now)) {
        request.status = 400;
    } else if (is_void(request)) {
        request.code = nonce_expired;
        request.status =
            request.way == Way::done_but_503 || request.way == Way::done_late_503 ? 503 : 400;
    } else {
        execute(request, now);
        const bool busy = request.way == Way::done_but_503 || request.way == Way::done_late_503;
        request.status = busy ? 503 : request.reply.verdict == ReplyClass::accepted ? 200 : 400;
        if (request.status == 400) request.code = request.reply.code;
    }
    const bool answered = request.way != Way::late && request.way != Way::done_late_503;
    if (!answered) return release(slot);
    heap_.push(now + request.down, HappeningKind::answer_arrives, slot);
}

void Network::write(SimConnection& connection, const Request& request) {
    HttpResponse& response = connection.response_;
    response.status = request.status;
    response.keep_alive = true;
    response.header_count = 0;
    std::size_t length = 0;
    const std::span<char> out{connection.body_};
    if (request.ping) {
        length = 2;
        std::memcpy(out.data(), "{}", 2);
    } else if (request.status == 200) {
        length = request.command.kind == CommandKind::noop ? write_error(200, "success", out)
                 : request.command.with_exits ? write_strategy(request.command, request.reply, out)
                                              : write_order(request.command, request.reply, out);
    } else if (request.status == 400) {
        length = write_error(request.code, "refused", out);
    } else if (request.status == 503) {
        length =
            write_error(-1000, "Unknown error, please check your request or try again later.", out);
    } else if (request.status == 429) {
        length = write_error(-1003, "Too many requests.", out);
        response.headers[response.header_count++] = {"Retry-After", "1"};
    } else {
        length = write_error(-1003, "Way too many requests.", out);
        response.headers[response.header_count++] = {"Retry-After", "3"};
    }
    if (request.way == Way::garbage) {
        length = spoil(request.garbage, length, out);
        if (request.garbage == Garbage::web_page) response.status = 403;
    }
    response.body = {out.data(), length};
}

void Network::answer(std::uint32_t slot, Nanos now) {
    Request& request = pool_[slot];
    SimConnection& connection = connections_[request.connection];
    const bool waited = request.waited_for && request.life == life_ && !request.settled &&
                        connection.waiting_ && connection.request_ == slot;
    if (!waited || now < weather_.outage_until) return release(slot);
    request.settled = true;
    switch (request.way) {
        case Way::not_sent: lose(connection, HttpOutcome::not_sent, milliseconds(50), now); break;
        case Way::cut_before:
        case Way::cut_after:
        case Way::late: lose(connection, HttpOutcome::cut, milliseconds(50), now); break;
        case Way::done_late_503: request.status = 503; [[fallthrough]];
        case Way::clean:
        case Way::server_error:
        case Way::done_but_503:
        case Way::garbage:
        case Way::refused:
        case Way::throttled:
            write(connection, request);
            if (connection.response_.status == 403)
                oracle_.excuse_bare(Excuse::weather, now + asked_to_pause);
            if (request.status == 418) ban_known_until_ = now + told_to_wait;
            connection.waiting_ = false;
            connection.answered_ = now;
            connection.outcome_ = HttpOutcome::answer;
            break;
    }
    release(slot);
}

void Network::time_out(std::uint32_t slot, Nanos now) {
    Request& request = pool_[slot];
    SimConnection& connection = connections_[request.connection];
    if (request.waited_for && request.life == life_ && !request.settled && connection.waiting_ &&
        connection.request_ == slot) {
        request.settled = true;
        lose(connection, HttpOutcome::cut, milliseconds(50), now);
    }
    release(slot);
}

void Network::lose(SimConnection& connection, HttpOutcome outcome, Nanos down_for, Nanos now) {
    connection.waiting_ = false;
    connection.up_ = false;
    connection.outcome_ = outcome;
    heap_.push(now + down_for, HappeningKind::link_up, connection.number_);
}

void Network::link_up(std::uint32_t number, Nanos now) {
    if (now < weather_.outage_until) {
        heap_.push(weather_.outage_until + milliseconds(100), HappeningKind::link_up, number);
        return;
    }
    connections_[number].up_ = true;
}

void Network::cut_all(Nanos now, Nanos down_for) {
    for (SimConnection& connection : connections_) {
        if (!connection.up_) continue;
        if (connection.waiting_) {
            pool_[connection.request_].settled = true;
            lose(connection, HttpOutcome::cut, down_for, now);
        } else {
            connection.up_ = false;
            heap_.push(now + down_for, HappeningKind::link_up, connection.number_);
        }
    }
}

void Network::forget_waiting() {
    ++life_;
    ban_known_until_ = {};
    for (SimConnection& connection : connections_) {
        connection.waiting_ = false;
        connection.outcome_ = HttpOutcome::none;
    }
}

/// A request's slot is free once nothing that is going to happen names it.
void Network::release(std::uint32_t slot) {
    Request& request = pool_[slot];
    require(request.open_ends > 0, "a request is let go as often as it is named");
    if (--request.open_ends == 0) pool_.give_back(slot);
}

}  // namespace tranche::sim
