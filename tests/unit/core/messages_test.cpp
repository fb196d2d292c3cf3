#include "core/messages.hpp"

#include <bit>
#include <cstring>
#include <gtest/gtest.h>

#include "core/board.hpp"
#include "core/restored.hpp"

namespace tranche {
namespace {

// What crosses a ring is compared byte for byte, so a hole in any alternative would be a fault.
template <class T> constexpr bool whole = std::has_unique_object_representations_v<T>;
static_assert(whole<Liquidation> && whole<BookTicker> && whole<MarkPrice> && whole<OrderUpdate> &&
              whole<PositionUpdate> && whole<BalanceUpdate> && whole<OpenOrder> &&
              whole<SnapshotMark> && whole<StreamChange> && whole<AccountNotice> && whole<Reply> &&
              whole<Control> && whole<Timer>);
static_assert(whole<LiquidationRow> && whole<OrderRow> && whole<FillRow> && whole<TrancheRow> &&
              whole<ModeRow> && whole<AlarmRow> && whole<BalanceRow> && whole<MergeRow>);
static_assert(sizeof(Control) == sizeof(Timer) && sizeof(Reply) == sizeof(Timer));
static_assert(static_cast<std::size_t>(Verdict::imported) + 1 == verdict_count);

TEST(Messages, AnEventComesBackFromItsBytesUnchanged) {
    Event event{};
    event.arrival_time = seconds(7);
    event.symbol = SymbolId{3};
    event.kind = EventKind::liquidation;
    event.liquidation.price = Price{42};
    event.liquidation.side = Side::sell;
    Event copy{};
    std::memcpy(static_cast<void*>(&copy), &event, sizeof event);
    EXPECT_EQ(copy.arrival_time, seconds(7));
    EXPECT_EQ(copy.liquidation.price, Price{42});
    EXPECT_EQ(std::memcmp(&copy, &event, sizeof event), 0);
}

TEST(Messages, AZeroedEventHasNoLeftOvers) {
    const Event event{};
    const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(Event)>>(event);
    for (const std::uint8_t byte : bytes) EXPECT_EQ(byte, 0);
}

TEST(Rows, StatesKnowTheirEnd) {
    for (const OrderState state : {OrderState::sent, OrderState::unknown, OrderState::working,
                                   OrderState::partial, OrderState::cancelling})
        EXPECT_FALSE(is_final(state));
    for (const OrderState state : {OrderState::filled, OrderState::canceled, OrderState::expired,
                                   OrderState::rejected, OrderState::dropped})
        EXPECT_TRUE(is_final(state));
    EXPECT_FALSE(is_final(TrancheState::closing));
    EXPECT_TRUE(is_final(TrancheState::closed));
    EXPECT_TRUE(is_final(TrancheState::merged));
    EXPECT_TRUE(is_final(TrancheState::discarded));
}

TEST(Rows, OnlyATerminalStatusEndsAnOrderOnTheExchange) {
    EXPECT_TRUE(is_terminal(OrderStatus::filled) && is_terminal(OrderStatus::canceled) &&
                is_terminal(OrderStatus::expired) && is_terminal(OrderStatus::rejected));
    EXPECT_FALSE(is_terminal(OrderStatus::created) || is_terminal(OrderStatus::partially_filled) ||
                 is_terminal(OrderStatus::unknown) || is_terminal(OrderStatus::none));
}

TEST(Rows, OnlyOrdersWithATriggerAreConditional) {
    EXPECT_TRUE(is_conditional(OrderType::stop_market));
    EXPECT_TRUE(is_conditional(OrderType::take_profit_market));
    EXPECT_FALSE(is_conditional(OrderType::limit));
    EXPECT_FALSE(is_conditional(OrderType::market));
}

TEST(StatusBoard, KeepsTheRowsItWasMadeFor) {
    StatusBoard board{2, 3, 4};
    EXPECT_EQ(board.symbols.size(), 2U);
    EXPECT_EQ(board.tranches.size(), 3U);
    EXPECT_EQ(board.orders.size(), 4U);
    SymbolBoardRow row{};
    row.bid = Price{5};
    board.symbols[1].write(row);
    EXPECT_EQ(board.symbols[1].read().bid, Price{5});
}

}  // namespace
}  // namespace tranche
