// An hour of paper trading in this process under virtual time: the texts of a market with its
// liquidations through parse, the paper exchange and the unchanged engine.
#include <algorithm>
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "net/aster/codec.hpp"
#include "net/aster/exchange_info.hpp"
#include "net/parse.hpp"
#include "tools/paper.hpp"
#include "tranche/stage.hpp"

namespace tranche::test {
namespace {

constexpr Nanos start = seconds(1'700'000'000);

/// Keeps what a database would.
struct Records {
    std::vector<FillRow> fills;
    std::map<TrancheId, TrancheRow> tranches;
    std::map<AlarmKind, int> alarms;
    std::set<std::int32_t> codes;  // of refused orders
    std::size_t entered{};
    Notional wallet;  // the newest balance

    std::size_t room() const { return 1'000'000; }
    void append(const Record& record) {
        if (record.kind == RecordKind::fill) fills.push_back(record.fill);
        if (record.kind == RecordKind::tranche) tranches[record.tranche.id] = record.tranche;
        if (record.kind == RecordKind::alarm && record.alarm.raised) ++alarms[record.alarm.kind];
        if (record.kind == RecordKind::order) codes.insert(record.order.code);
        if (record.kind == RecordKind::balance) wallet = record.balance.wallet;
        if (record.kind == RecordKind::liquidation &&
            record.liquidation.verdict == Verdict::entered)
            ++entered;
    }
    std::size_t in(TrancheState state) const {
        return static_cast<std::size_t>(
            std::count_if(tranches.begin(), tranches.end(),
                          [state](const auto& one) { return one.second.state == state; }));
    }
};

Settings session_settings() {
    std::string symbols;
    for (const std::string name : {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"})
        symbols += (symbols.empty() ? "\"" : ",\"") + name + R"(": {
            "volume_threshold": 2000, "leverage": 10, "trade_value_usdt": 20,
            "max_position_usdt": 200, "price_offset_pct": 0.01, "take_profit_pct": 0.3,
            "stop_loss_pct": 0.6, "working_type": "MARK_PRICE"})";
    auto settings = load_settings(R"({"globals": {"simulate_only": true, "hedge_mode": true,
        "use_usdt_volume": true, "max_total_exposure_usdt": 800, "order_ttl_seconds": 10,
        "tranche_pnl_increment_pct": 0.2, "order_cleanup_interval_seconds": 20},
        "paper": {"latency_ms": 35}, "symbols": {)" +
                                  symbols + "}}");
    if (!settings) throw std::runtime_error(settings.error().message);
    return std::move(settings).value();
}

SymbolTable listed(const Settings& settings) {
    std::vector<std::string> names;
    for (const SymbolSettings& symbol : settings.engine.symbols) names.push_back(symbol.name);
    auto info = aster::read_exchange_info(
        exchange::Rules::standard().exchange_info(start.milliseconds(), {}), names);
    if (!info) throw std::runtime_error(info.error().message);
    return {std::move(info.value().symbols), info.value().configured};
}

/// What `tranche run` wires, with the market's texts in place of sockets and no account stage.
struct Session {
    Nanos now{start};
    Settings settings = session_settings();
    SymbolTable symbols = listed(settings);
    exchange::Venue world;
    ByteRing frames{std::size_t{1} << 22};
    Ring<Event> market{1U << 13};
    Ring<Event> paper_events{1U << 13};
    Ring<Event> replies{1U << 10};
    Ring<Event> notices{1U << 8};
    Ring<Command> commands{1U << 10};
    std::atomic<bool> snapshot_wanted{};
    std::atomic<bool> listen_key_wanted{};
    GatewayMetrics metrics;
    Records records;
    aster::Codec codec{symbols};
    Parse<aster::Codec> parse{frames, market, codec, symbols.configured(), TimeSource{now}};
    StatusBoard board{symbols.configured(), tranche_capacity(settings.engine),
                      order_capacity(settings.engine)};
    Restored nothing;
    Engine engine{settings.engine, symbols, board, nothing};
    std::array<Ring<Event>*, 3> inputs{&replies, &notices, &paper_events};
    EngineStage<Records> stage{.engine = engine,
                               .inputs = inputs,
                               .commands = commands,
                               .journal = records,
                               .snapshot_wanted = snapshot_wanted,
                               .listen_key_wanted = listen_key_wanted,
                               .time = TimeSource{now}};
    PaperStage paper{settings,
                     symbols,
                     PaperPast{nothing, settings.paper.balance},
                     PaperRings{market, commands, paper_events, replies, snapshot_wanted},
                     metrics,
                     std::uint8_t{1},
                     start};
    std::vector<exchange::StreamFrame> published;
    std::set<std::string, std::less<>> wanted;
    std::size_t liquidations{};

    explicit Session(std::uint64_t seed)
        : world{exchange::Rules::standard(), exchange::VenueOptions{.seed = seed},
                start.milliseconds()} {
        for (const SymbolSettings& symbol : settings.engine.symbols) {
            std::string name = symbol.name;
            for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
            for (const char* kind : {"@bookTicker", "@markPrice@1s", "@forceOrder"})
                wanted.insert(name + kind);
        }
        Event open{};
        open.arrival_time = now;
        open.symbol = no_symbol;
        open.kind = EventKind::stream_change;
        open.stream_change.stream = StreamKind::market;
        open.stream_change.state = StreamCondition::open;
        tell(open);
    }
    void tell(const Event& event) {
        *notices.slot() = event;
        notices.publish();
    }
    void press(ControlKind kind) {
        Event event{};
        event.arrival_time = now;
        event.symbol = no_symbol;
        event.kind = EventKind::control;
        event.control.kind = kind;
        tell(event);
    }
    void receive(const exchange::StreamFrame& frame) {
        const std::string text =
            R"({"stream":")" + frame.stream + R"(","data":)" + frame.payload + "}";
        char* place = frames.reserve(text.size());
        ASSERT_NE(place, nullptr);
        std::memcpy(place, text.data(), text.size());
        frames.publish({now, static_cast<std::uint32_t>(text.size()), 0, 0});
        if (frame.stream.ends_with("@forceOrder")) ++liquidations;
    }
    void step(Nanos span) {
        now += span;
        published.clear();
        world.advance(
            now.milliseconds(),
            [this](std::string_view stream) { return wanted.count(stream) > 0; }, published);
        for (const exchange::StreamFrame& frame : published) receive(frame);
        while (parse.poll(now) + paper.poll(now) + stage.poll(now) > 0) {
        }
    }
    void play(Nanos span) {
        for (const Nanos end = now + span; now < end;) step(milliseconds(25));
    }
    /// What the tranches hold on one side.
    Quantity held(SymbolId symbol, PositionSide side) const {
        Quantity sum;
        for (const auto& [id, row] : records.tranches)
            if (row.symbol == symbol && row.side == side && !is_final(row.state))
                sum += row.quantity;
        return sum;
    }
    void expect_positions_agree() const {
        for (std::uint16_t i = 0; i < symbols.configured(); ++i) {
            const SymbolId id{i};
            const auto at = paper.venue().rules.find(symbols.name(id));
            ASSERT_TRUE(at);
            EXPECT_EQ(
                held(id, PositionSide::long_side).raw,
                paper.venue().account.position(*at, exchange::PositionSide::long_side).quantity.raw)
                << symbols.name(id);
            EXPECT_EQ(held(id, PositionSide::short_side).raw,
                      -paper.venue()
                           .account.position(*at, exchange::PositionSide::short_side)
                           .quantity.raw)
                << symbols.name(id);
        }
    }
};

Notional funding_of(const exchange::Account& account) {
    Notional sum;
    for (const exchange::Income& income : account.income())
        if (income.type == "FUNDING_FEE") sum += Notional{income.amount.raw};
    return sum;
}

TEST(PaperSession, AnHourOfLiquidationsOpensAndClosesTranchesAndTheBooksAgreeToTheLastDigit) {
    Session session{11};
    session.play(seconds(3'600));
    session.expect_positions_agree();
    EXPECT_GT(session.liquidations, 200U);
    EXPECT_GT(session.records.entered, 20U);
    EXPECT_GT(session.records.in(TrancheState::closed), 5U);
    for (const AlarmKind never :
         {AlarmKind::position_differs, AlarmKind::adopted, AlarmKind::unprotected_too_long,
          AlarmKind::order_unknown, AlarmKind::forced_close})
        EXPECT_EQ(session.records.alarms.count(never), 0U) << static_cast<int>(never);
    // A stop that was under way when the take-profit filled, and a cancel that came too late.
    for (const std::int32_t code : session.records.codes)
        EXPECT_TRUE(code == 0 || code == -2022 || code == -2011) << code;

    session.press(ControlKind::flatten);
    session.play(seconds(20));
    session.expect_positions_agree();
    EXPECT_TRUE(session.paper.venue().account.flat());
    Notional result;
    Notional own;
    for (const FillRow& fill : session.records.fills) {
        result += fill.exchange_realized - fill.commission;
        own += fill.realized - fill.commission;
    }
    const Notional earned = session.paper.wallet() - session.settings.paper.balance;
    EXPECT_EQ(result + funding_of(session.paper.venue().account), earned);
    EXPECT_EQ(session.records.wallet, session.paper.wallet());
    // By our own cost basis: the venue rounds its average entry to 1e-8 at each fill.
    const auto rounding = static_cast<std::int64_t>(session.records.fills.size()) * 10'000;
    EXPECT_LE(std::abs((own - result).raw), rounding);
    EXPECT_EQ(session.metrics.sent.get(), 0U);  // of requests; there is not even a connection
    EXPECT_GT(session.metrics.simulated.get(), 60U);
}

TEST(PaperSession, TheSameHourGivesTheSameResult) {
    Notional wallets[2];
    for (Notional& wallet : wallets) {
        Session session{5};
        session.play(seconds(300));
        wallet = session.paper.wallet();
    }
    EXPECT_EQ(wallets[0], wallets[1]);
}

}  // namespace
}  // namespace tranche::test
