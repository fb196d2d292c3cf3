#include "tools/replay/engine_replay.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

#include "net/status/names.hpp"
#include "tools/replay/live_decisions.hpp"
#include "tools/replay/message_log.hpp"
#include "tranche/state.hpp"

namespace tranche {
namespace {

constexpr Nanos longest_wait = seconds(600);  // without a packet; what is longer is passed over
constexpr Nanos kept_of_wait = seconds(60);

std::string_view text_of(const std::array<char, 24>& name) {
    return {name.data(), strnlen(name.data(), name.size())};
}

std::string_view name_of_command(CommandKind kind) {
    switch (kind) {
        case CommandKind::place: return "place";
        case CommandKind::cancel: return "cancel";
        case CommandKind::query: return "query";
        case CommandKind::replace: return "replace";
        case CommandKind::noop: return "noop";
    }
    return "unknown";
}

/// Of a decision's text: what the exchange said, up to the quantity.
std::string_view event_of(std::string_view decision) {
    std::size_t end = 0;
    for (int field = 0; field < 6 && end != std::string_view::npos; ++field)
        end = decision.find(' ', end + 1);
    return decision.substr(0, end);
}

Restored nothing_before() {
    Restored restored;
    restored.epoch = 1;
    return restored;
}

}  // namespace

std::string_view name_of(EventKind kind) {
    switch (kind) {
        case EventKind::liquidation: return "liquidation";
        case EventKind::book_ticker: return "book_ticker";
        case EventKind::mark_price: return "mark_price";
        case EventKind::order_update: return "order_update";
        case EventKind::position_update: return "position_update";
        case EventKind::balance_update: return "balance_update";
        case EventKind::open_order: return "open_order";
        case EventKind::snapshot_mark: return "snapshot_mark";
        case EventKind::stream_change: return "stream_change";
        case EventKind::account_notice: return "account_notice";
        case EventKind::reply: return "reply";
        case EventKind::control: return "control";
        case EventKind::rules_update: return "rules_update";
        case EventKind::timer: return "timer";
    }
    return "unknown";
}

EngineReplay::EngineReplay(const Settings& settings, SymbolTable symbols, Nanos begin,
                           LineSink lines)
    : settings_{settings},
      symbols_{std::move(symbols)},
      lines_{std::move(lines)},
      now_{begin},
      codec_{symbols_},
      parse_{frames_, parsed_, codec_, symbols_.configured(), TimeSource{now_}, connections},
      board_{symbols_.configured(), tranche_capacity(settings_.engine),
             order_capacity(settings_.engine)},
      engine_{settings_.engine, symbols_, board_, nothing_before()},
      journal_{[this](const Record& record) { this->record(record); }},
      paper_{settings_,
             symbols_,
             PaperPast{nothing_before(), settings_.paper.balance},
             PaperRings{.market = market_,
                        .commands = to_paper_,
                        .events = events_to_engine_,
                        .replies = replies_,
                        .snapshot_wanted = snapshot_wanted_},
             metrics_,
             0,
             begin},
      inputs_{&replies_, &notices_, &events_to_engine_},
      stage_{.engine = engine_,
             .inputs = inputs_,
             .commands = commands_,
             .journal = journal_,
             .snapshot_wanted = snapshot_wanted_,
             .listen_key_wanted = listen_key_wanted_,
             .time = TimeSource{now_},
             .halted = nullptr} {
    stage_.next_tick = begin;
}

void EngineReplay::advance(Nanos time) {
    if (time - now_ > longest_wait) {
        skipped_ += time - now_ - kept_of_wait;
        now_ = time - kept_of_wait;
        stage_.next_tick = now_;
    }
    while (stage_.next_tick <= time) {
        now_ = std::max(now_, stage_.next_tick);
        turn(now_);
    }
    now_ = std::max(now_, time);
}

void EngineReplay::frame(std::string_view text, std::uint16_t connection, Nanos time) {
    advance(time);
    if (text.size() > frames_.longest()) return;
    char* const room = frames_.reserve(text.size());
    require(room != nullptr, "the parser has taken the frame before");
    std::memcpy(room, text.data(), text.size());
    FrameHead head;
    head.arrival_time = now_;
    head.length = static_cast<std::uint32_t>(text.size());
    head.connection = static_cast<std::uint16_t>(connection % connections);
    head.kind = static_cast<std::uint16_t>(StreamKind::market);
    frames_.publish(head);
    turn(now_);
}

void EngineReplay::market_stream(bool open, Nanos time) {
    advance(time);
    Event* const event = notices_.slot();
    require(event != nullptr, "the engine has taken the notice before");
    *event = Event{};
    event->arrival_time = now_;
    event->symbol = no_symbol;
    event->kind = EventKind::stream_change;
    event->stream_change.stream = StreamKind::market;
    event->stream_change.state = open ? StreamCondition::open : StreamCondition::lost;
    notices_.publish();
    ++events_[static_cast<std::size_t>(EventKind::stream_change)];
    turn(now_);
}

/// Every stage until none has anything left to do at this instant.
void EngineReplay::turn(Nanos now) {
    std::size_t done = 1;
    while (done > 0) {
        done = parse_.poll(now);
        pass_on();
        done += paper_.poll(now);
        done += stage_.poll(now);
        while (const Command* command = commands_.front()) {
            Command* const slot = to_paper_.slot();
            if (slot == nullptr) break;
            order(*command);
            *slot = *command;
            to_paper_.publish();
            commands_.pop();
        }
    }
}

/// Counts what the parser made. The account's own events are another's here: this engine's account
/// is the paper exchange's.
void EngineReplay::pass_on() {
    while (const Event* event = parsed_.front()) {
        ++events_[static_cast<std::size_t>(event->kind)];
        const bool market = event->kind == EventKind::liquidation ||
                            event->kind == EventKind::book_ticker ||
                            event->kind == EventKind::mark_price;
        if (market) {
            Event* const slot = market_.slot();
            if (slot == nullptr) return;
            *slot = *event;
            market_.publish();
        }
        parsed_.pop();
    }
}

void EngineReplay::record(const Record& record) {
    if (record.kind == RecordKind::liquidation) decided(record);
}

/// The digest covers what the exchange said and what was decided, and no time of ours.
void EngineReplay::decided(const Record& record) {
    const LiquidationRow& row = record.liquidation;
    ++decisions_;
    const std::string decision = decision_text(row);
    digest_.add(decision);
    compare(decision);
    line_ = fmt::format(R"({{"kind":"decision","time_ns":{},"exchange_time_ns":{},"symbol":)",
                        row.arrival_time.count, row.exchange_time.count);
    append_json(line_, text_of(row.name));
    fmt::format_to(std::back_inserter(line_),
                   R"(,"side":"{}","price":"{}","quantity":"{}","value":"{}","window":"{}",)"
                   R"("threshold":"{}","verdict":"{}","trade_side":"{}","tranche":{}}})",
                   tranche::name_of(row.side), to_text(row.price), to_text(row.quantity),
                   to_text(row.value), to_text(row.window_sum), to_text(row.threshold),
                   tranche::name_of(row.verdict), tranche::name_of(row.trade_side),
                   static_cast<std::uint32_t>(row.tranche));
    lines_(line_);
}

/// The two are compared line by line in order: a liquidation that one of them did not see counts
/// once, and the rest is compared behind it.
void EngineReplay::compare(std::string_view decision) {
    const std::span<const std::string> left = std::span{live_}.subspan(live_seen_);
    if (left.empty()) return;
    constexpr std::size_t ahead = 64;
    const std::span<const std::string> near = left.first(std::min(ahead, left.size()));
    const auto same = std::find(near.begin(), near.end(), decision);
    if (same == near.end()) {
        ++live_differences_;
        live_seen_ += event_of(left.front()) == event_of(decision) ? 1U : 0U;
        return;
    }
    const auto skipped = static_cast<std::size_t>(same - near.begin());
    live_differences_ += skipped;
    live_seen_ += skipped + 1;
}

void EngineReplay::order(const Command& command) {
    if (command.kind == CommandKind::place || command.kind == CommandKind::replace) ++orders_;
    const ClientOrderIdText id = encode(command.id);
    line_ = fmt::format(R"({{"kind":"order","time_ns":{},"action":"{}","client_id":"{}",)",
                        command.decided_at.count, name_of_command(command.kind),
                        std::string_view{id.data(), id.size()});
    line_ += "\"symbol\":";
    append_json(line_,
                command.symbol == no_symbol ? std::string_view{} : symbols_.name(command.symbol));
    fmt::format_to(std::back_inserter(line_),
                   R"(,"side":"{}","type":"{}","quantity":"{}","price":"{}","stop_price":"{}",)"
                   R"("cause_ns":{}}})",
                   tranche::name_of(command.side), tranche::name_of(command.type),
                   to_text(command.quantity), to_text(command.price), to_text(command.stop_price),
                   command.cause_time.count);
    lines_(line_);
}

}  // namespace tranche
