// The numbers of README.md, "Tranches": what the chapter says is executed here.
#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

/// Increment 5 %, take-profit 1 %, stop-loss 50 %: two tranches as the chapter's table has them.
class ReadmeExample : public testing::Test {
public:
    static Options settings() {
        Options with = options();
        with.settings.symbols[0].stop_loss = ratio("0.5");
        with.settings.symbols[0].trade_value = usdt("450");
        return with;
    }
    /// An entry at the best bid, of which `filled` is filled before it ends.
    void buy(std::string_view where, std::string_view filled) {
        ASSERT_EQ(world.trigger(btc, Side::sell, price(where)), Verdict::entered);
        const ClientOrderId entry = world.only(btc, Role::entry).placed.id;
        world.fill(entry, price(where), quantity(filled));
        if (!world.open(btc, Role::entry).empty()) world.end(entry, OrderStatus::canceled);
        world.pass(milliseconds(500));
    }
    void SetUp() override {
        buy("45000", "0.1");
        buy("44550", "0.05");
        buy("42300", "0.08");
    }
    void expect(std::size_t at, std::uint32_t ordinal, std::string_view held,
                std::string_view take_profit, std::string_view stop_loss) const {
        const std::vector<TrancheRow> rows = world.tranches(btc, long_side);
        ASSERT_GT(rows.size(), at);
        EXPECT_EQ(rows[at].ordinal, ordinal);
        EXPECT_EQ(rows[at].quantity, quantity(held));
        EXPECT_EQ(rows[at].take_profit, price(take_profit));
        EXPECT_EQ(rows[at].stop_loss, price(stop_loss));
        EXPECT_EQ(rows[at].state, TrancheState::protected_);
    }

    World world{settings()};
};

TEST_F(ReadmeExample, OfEntriesEndsInTwoTranchesWithTheirOwnExits) {
    EXPECT_EQ(world.tranches(btc, long_side).size(), 2U);
    expect(0, 0, "0.15", "45298.5", "22425");
    EXPECT_EQ(world.tranches(btc, long_side)[0].entry, price("44850"));
    expect(1, 1, "0.08", "42723", "21150");
    EXPECT_EQ(world.open(btc, Role::take_profit).size(), 2U);
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 2U);
    EXPECT_EQ(world.open(btc, Role::backstop).size(), 1U);
    EXPECT_EQ(world.unsettled(), "");
}

TEST_F(ReadmeExample, OfMergingByHandLeavesOneTrancheAtTheCommonEntry) {
    Event event{};
    event.kind = EventKind::control;
    event.symbol = btc;
    event.control.kind = ControlKind::merge;
    event.control.side = long_side;
    event.control.tranche_count = 2;
    event.control.tranches[1] = 1;
    world.send(event);
    world.pass(seconds(2));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    expect(0, 0, "0.23", "44402.7", "21981.6");
    EXPECT_EQ(world.tranches(btc, long_side)[0].entry, price("43963.04347826"));
    EXPECT_EQ(world.open(btc, Role::stop_loss).size(), 1U);
    EXPECT_EQ(world.covered(btc, long_side), quantity("0.23"));
    EXPECT_EQ(world.unsettled(), "");
}

TEST_F(ReadmeExample, OfASaleByHandTakesTheNewestTrancheFirst) {
    world.foreign(btc, long_side, Side::sell, quantity("0.1"), price("42500"));
    world.pass(seconds(30));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 1U);
    expect(0, 0, "0.13", "45298.5", "22425");
    EXPECT_EQ(world.unsettled(), "");
}

TEST_F(ReadmeExample, OfAPurchaseByHandBecomesATrancheOfItsOwn) {
    world.foreign(btc, long_side, Side::buy, quantity("0.1"), price("42000"));
    world.pass(seconds(30));
    ASSERT_EQ(world.tranches(btc, long_side).size(), 3U);
    EXPECT_TRUE(world.tranches(btc, long_side)[2].adopted);
    expect(2, 2, "0.1", "42420", "21000");
    EXPECT_EQ(world.unsettled(), "");
}

// ---------------------------------------------------------------- modes and holds

/// The status side shows "waits for you" by mode and reason.
void expect_wait(World& world) {
    const EngineBoardRow& totals = world.state().totals;
    ASSERT_EQ(totals.mode, Mode::protect_only);
    EXPECT_NE(std::string_view{totals.mode_reason.data()}.find("resume"), std::string_view::npos)
        << totals.mode_reason.data();
    world.control(ControlKind::resume);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
}

TEST(Hold, OfEntriesNamesResumeInItsReasonAndEndsWithIt) {
    World called;
    Event event{};
    event.kind = EventKind::account_notice;
    event.symbol = no_symbol;
    event.account_notice.kind = AccountNoticeKind::margin_call;
    called.send(event);
    expect_wait(called);

    World closed;
    take_position(closed, btc, Side::sell, price("50000"));
    closed.foreign(btc, long_side, Side::sell, quantity("0.02"), price("45000"),
                   ForcedClose::deleveraging);
    closed.pass(seconds(60));
    expect_wait(closed);

    Options with = options();
    with.settings.governor.loss_per_day = usdt("100");
    World lost{with};
    take_position(lost, btc, Side::sell, price("50000"));
    lost.fill(lost.only(btc, Role::stop_loss).placed.id, price("40000"));
    lost.pass(seconds(1));
    expect_wait(lost);
}

TEST(Hold, OfTheEntryGovernorComesWithAHundredRefusalsAMinute) {
    Options with = options();
    with.settings.governor.entries_per_minute = 1;
    World world{with};
    ASSERT_EQ(world.trigger(btc, Side::sell, price("50000")), Verdict::entered);
    for (int i = 0; i < 99; ++i)
        ASSERT_EQ(world.trigger(btc, Side::sell, price("50000")), Verdict::rate_governor);
    EXPECT_EQ(world.state().totals.mode, Mode::trading);
    ASSERT_EQ(world.trigger(btc, Side::sell, price("50000")), Verdict::rate_governor);
    EXPECT_EQ(world.alarms(AlarmKind::governor_tripped), 2U);
    expect_wait(world);
}

}  // namespace
}  // namespace tranche::test
