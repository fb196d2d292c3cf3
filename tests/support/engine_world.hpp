// The world around one engine, on one thread: a clock that moves only when told, an exchange that
// does as it is told, and what the engine said so far. Nothing in it is random.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/board.hpp"
#include "core/messages.hpp"
#include "core/restored.hpp"
#include "core/settings.hpp"
#include "core/symbols.hpp"
#include "tranche/engine.hpp"

namespace tranche::test {

inline constexpr SymbolId btc{0};
inline constexpr SymbolId eth{1};
inline constexpr SymbolId doge{2};  // listed, not configured
inline constexpr PositionSide long_side = PositionSide::long_side;
inline constexpr PositionSide short_side = PositionSide::short_side;

Price price(std::string_view text);
Quantity quantity(std::string_view text);
Notional usdt(std::string_view text);
Ratio ratio(std::string_view text);

/// What the exchange does with a command.
enum class Answer {
    accept,       // report on the stream, then the reply
    reply_first,  // reply, then the report
    reply_only,   // the stream says nothing
    report_only,  // executed, reported, the reply is lost without a verdict
    lost_reply,   // executed, the stream says nothing, the reply has no verdict
    silent,       // executed, nobody says anything
    never_came,   // not executed, no verdict
    reject,       // refused for certain, with `code`
    not_sent,     // never left the process
    throttled,
    hold,  // kept until `release`
};
/// When the exits that left with their entry are placed, and for how much (E12).
enum class Exits {
    whole,   // at its first fill, for all it is for
    filled,  // likewise, for what has been filled by then
    at_end,  // once it is filled or over
    never,
};
struct Treatment {
    Answer answer{Answer::accept};
    std::int32_t code{};
};

/// An order on the exchange's side.
struct ExchangeOrder {
    Command placed;
    std::int64_t order_id{};
    OrderStatus status{OrderStatus::created};
    Quantity filled;
    Notional value;
    bool open() const { return !is_terminal(status); }
    Quantity left() const { return placed.quantity - filled; }
};

/// A position on the exchange's side, unsigned.
struct Holding {
    Quantity quantity;
    Notional cost;
};

/// What a world is made from. BTCUSDT and ETHUSDT are traded, DOGEUSDT is only listed.
struct Options {
    EngineSettings settings;
    std::vector<SymbolRules> rules;
};
Options options();

class World {
public:
    /// Streams up and a first, empty snapshot taken: the engine trades.
    explicit World(Options with = options());

    // The market.
    void book(SymbolId symbol, Price bid, Price ask);
    void mark(SymbolId symbol, Price mark);
    /// A forced order; the verdict it got.
    Verdict liquidation(SymbolId symbol, Side forced, Price at, Quantity quantity);
    /// A forced order large enough for any threshold, with a book one tick wide around `at`.
    Verdict trigger(SymbolId symbol, Side forced, Price at);

    // The exchange.
    /// Fills an order of ours; the rest of it, or what the position lets it close, unless told.
    void fill(const ClientOrderId& id, Price at, Quantity quantity = {});
    /// The exchange ends an order by itself.
    void end(const ClientOrderId& id, OrderStatus status);
    /// Somebody else's trade changes a position.
    void foreign(SymbolId symbol, PositionSide side, Side trade, Quantity quantity, Price at,
                 ForcedClose forced = ForcedClose::none);
    /// Takes up the commands that were held.
    void release();
    /// A snapshot of what the exchange holds now.
    void snapshot(bool complete = true);
    void stream(StreamKind kind, StreamCondition state);
    void control(ControlKind kind, SymbolId symbol = no_symbol, PositionSide side = long_side);
    /// One event as it stands.
    void send(Event event);
    /// Delivers what is on the wire until nothing moves any more.
    void pump();

    // Time.
    void pass(Nanos span);

    /// The process dies and starts again from its records. What was on the wire is lost, and the
    /// memory of orders too if so told.
    void restart(bool orders_remembered = true);

    // What there is to see.
    std::vector<TrancheRow> tranches(SymbolId symbol, PositionSide side) const;
    /// The same, as the records tell it: what a database would hold.
    std::vector<TrancheRow> recorded(SymbolId symbol, PositionSide side) const;
    /// The same, as the status board shows it.
    std::vector<TrancheRow> shown(SymbolId symbol, PositionSide side) const;
    /// A symbol as the status board shows it.
    SymbolBoardRow shown(SymbolId symbol) const { return board_->symbols[index(symbol)].read(); }
    /// What the tranches' own stops cover at the exchange.
    Quantity covered(SymbolId symbol, PositionSide side) const;
    /// Open orders at the exchange, oldest first.
    std::vector<ExchangeOrder> open(SymbolId symbol, Role role) const;
    std::vector<ExchangeOrder> open(SymbolId symbol, PositionSide side, Role role) const;
    /// The only open order of the role; a failure when there is not exactly one.
    ExchangeOrder only(SymbolId symbol, Role role) const;
    std::size_t sent(CommandKind kind) const;
    std::size_t sent(CommandKind kind, Role role) const;
    std::vector<Record> records_of(RecordKind kind) const;
    std::size_t alarms(AlarmKind kind) const;
    const EngineState& state() const { return engine_->state(); }
    /// Orders, fills and tranches of one side in the order they happened, a line each.
    std::string story(SymbolId symbol, PositionSide side) const;
    /// Every broken rule that must hold at any time; empty when all hold.
    std::string broken() const;
    /// Also those that must hold once nothing is under way.
    std::string unsettled() const;

    Options with;
    Nanos now{seconds(1'700'000'000)};
    std::function<Treatment(const Command&)> treat;  // unset: accept
    bool deliver_at_once{true};                      // else the caller delivers from `wire`
    bool snapshots_on_demand{true};  // 50 ms after the engine asked, while time passes
    bool trade_ids{true};            // else reports carry trade id 0
    bool report_fills{true};         // else fills happen unseen
    Exits attached{Exits::whole};
    std::deque<Event> wire;         // on its way to the engine
    std::vector<Command> commands;  // ever sent
    std::vector<Record> records;
    std::map<ClientOrderId, ExchangeOrder> orders;
    std::map<std::pair<SymbolId, PositionSide>, Holding> holdings;
    std::map<SymbolId, Price> marks;

private:
    Event event(EventKind kind, SymbolId symbol) const;
    void deliver(Event event);
    void carry_out(const Command& command);
    void carry_out(const Command& command, Treatment treatment);
    std::int32_t place(const Command& command);
    std::int32_t cancel(const Command& command);
    std::int32_t make_void(const Command& command);
    std::int32_t change(const Command& command);
    void execute(ExchangeOrder& order, Quantity quantity, Price at, bool tell);
    void report(const ExchangeOrder& order, ExecutionType execution, Quantity last, Price at);
    void push_position(SymbolId symbol, PositionSide side, std::uint32_t generation);
    void drive(const ClientOrderId& moved, bool tell);
    void show_exits(const Command& entry, Quantity quantity, bool tell);
    Event reply(const Command& command, ReplyClass verdict, std::int32_t code) const;
    void move(SymbolId symbol, PositionSide side, bool opens, Quantity quantity, Price at);
    std::size_t conditional_open(SymbolId symbol) const;
    Restored remembered() const;
    void start(const Restored& restored);
    void check_tranches(SymbolId symbol, PositionSide side, std::string& text) const;
    void check_ledger(std::string& text) const;

    SymbolTable table_;
    std::unique_ptr<StatusBoard> board_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Outbox> out_{std::make_unique<Outbox>()};
    std::deque<Command> inbox_;  // commands on their way to the exchange
    std::vector<Command> held_;
    std::set<ClientOrderId> used_;
    std::set<ClientOrderId> voided_;                 // their nonces are used up
    std::map<ClientOrderId, Command> strategies_;    // entries whose exits are still to come
    std::map<ClientOrderId, ClientOrderId> rivals_;  // of two exits, the other
    std::string trouble_;                            // what the exchange saw that must never happen
    std::int64_t next_order_{1000};
    std::int64_t next_trade_{1};
    std::uint32_t generation_{};
    std::uint32_t epoch_{1};
    bool snapshot_wanted_{};
    Nanos snapshot_at_{};
};

/// An entry, filled whole at `at`, and half a second for its exits.
void take_position(World& world, SymbolId symbol, Side forced, Price at);

/// The one order without a verdict is given up when its validity is over, and not before.
void expect_patience(World& world);

/// A stop of BTCUSDT that no step of a test reaches; and no take-profit either.
Options wide_stop();
Options patient();

/// Long tranches of BTCUSDT in 10 % steps down, the first at 50 000.
void open_steps(World& world, int count);

/// Alarms raised since a number of records ago, of any kind.
std::size_t alarms_since(const World& world, std::size_t first);

/// Gives `treatment` to every new order of the role.
std::function<Treatment(const Command&)> placing(Role role, Treatment treatment);

}  // namespace tranche::test
