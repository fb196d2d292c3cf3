// A paper exchange on two symbols under a clock that moves only when told, with the engine's ends
// of the rings in the test's hands.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "tools/paper.hpp"

namespace tranche::test {

inline constexpr SymbolId btc{0};
inline constexpr SymbolId eth{1};

Price price(std::string_view text);
Quantity quantity(std::string_view text);
Notional usdt(std::string_view text);

/// Latency 20 ms, maker 0.0001, taker 0.0005, 1000 USDT, hedge mode, leverage 10.
Settings paper_settings();

class PaperWorld {
public:
    explicit PaperWorld(const Settings& with = paper_settings(), const Restored& past = {},
                        Notional wallet = {1'000 * Notional::one});

    // The market; each price arrives now.
    void book(SymbolId symbol, std::string_view bid, std::string_view ask,
              std::string_view size = "1");
    void mark(SymbolId symbol, std::string_view mark, std::string_view funding_rate = "0",
              Nanos next_funding = seconds(1'800'000'000));
    /// Prices of both symbols and the first snapshot, delivered and forgotten.
    void open();

    /// Sends a command as the engine would, decided now.
    void send(Command command);
    /// An order on BTCUSDT.
    Command order(OrderType type, Side side, PositionSide position_side, std::string_view size,
                  std::string_view limit = "0", std::string_view stop = "0");
    Command cancel(const Command& placed);
    void pass(Nanos span);

    /// What came since the last call, in order of delivery on either ring.
    std::vector<Event> events();
    std::vector<Reply> replies();
    /// Order updates among `events()`.
    std::vector<OrderUpdate> reports();
    /// Asks for a snapshot and waits for it.
    std::vector<Event> snapshot();
    exchange::Amount held(exchange::PositionSide side) const;

    Settings settings;
    SymbolTable symbols;
    Nanos now{seconds(1'700'000'000)};
    Ring<Event> market{64};
    Ring<Command> commands{64};
    Ring<Event> to_engine{256};
    Ring<Event> answers{64};
    std::atomic<bool> snapshot_wanted{};
    GatewayMetrics metrics;
    std::unique_ptr<PaperStage> stage;

private:
    Event fresh(EventKind kind, SymbolId symbol) const;
    void arrive(const Event& event);

    std::uint64_t sequence_{};
    std::uint32_t generation_{};
    std::int64_t update_id_{};
};

}  // namespace tranche::test
