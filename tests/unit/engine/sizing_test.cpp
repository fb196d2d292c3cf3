// Prices and quantities: every rounding direction, every filter, at its edge.
#include "tranche/sizing.hpp"

#include <gtest/gtest.h>

#include "tests/support/engine_world.hpp"

namespace tranche::test {
namespace {

SymbolRules fine_rules() {
    SymbolRules rules;
    rules.tick = price("0.1");
    rules.step = quantity("0.001");
    rules.min_quantity = quantity("0.001");
    rules.max_quantity = quantity("100");
    rules.min_notional = usdt("5");
    return rules;
}

TEST(EntryPrice, TakesAFifthOfAWideSpread) {
    const Quote wide{price("100"), price("101")};
    const SymbolRules rules = fine_rules();
    EXPECT_EQ(entry_price(Side::buy, wide, EntryPriceMode::reference, rules), price("100.2"));
    EXPECT_EQ(entry_price(Side::sell, wide, EntryPriceMode::reference, rules), price("100.8"));
}

TEST(EntryPrice, GoesOneBasisPointBeyondTheBestOfANarrowSpreadInReferenceMode) {
    const Quote narrow_quote{price("59999.9"), price("60000.1")};
    const SymbolRules rules = fine_rules();
    EXPECT_EQ(entry_price(Side::buy, narrow_quote, EntryPriceMode::reference, rules),
              price("60005.8"));
    EXPECT_EQ(entry_price(Side::sell, narrow_quote, EntryPriceMode::reference, rules),
              price("59994.1"));
}

TEST(EntryPrice, NeverCrossesTheBookInMakerMode) {
    const Quote narrow_quote{price("59999.9"), price("60000.1")};
    const SymbolRules rules = fine_rules();
    EXPECT_EQ(entry_price(Side::buy, narrow_quote, EntryPriceMode::maker, rules), price("60000"));
    EXPECT_EQ(entry_price(Side::sell, narrow_quote, EntryPriceMode::maker, rules), price("60000"));
    const Quote one_tick{price("60000"), price("60000.1")};
    EXPECT_EQ(entry_price(Side::buy, one_tick, EntryPriceMode::maker, rules), price("60000"));
    EXPECT_EQ(entry_price(Side::sell, one_tick, EntryPriceMode::maker, rules), price("60000.1"));
}

TEST(EntryPrice, IsRoundedTowardsNotPayingMore) {
    SymbolRules rules = fine_rules();
    rules.tick = price("0.5");
    const Quote wide{price("100"), price("101.5")};
    EXPECT_EQ(entry_price(Side::buy, wide, EntryPriceMode::reference, rules), price("100"));
    EXPECT_EQ(entry_price(Side::sell, wide, EntryPriceMode::reference, rules), price("101.5"));
}

TEST(EntryPrice, NeedsABookThatIsNotCrossedOrEmpty) {
    const SymbolRules rules = fine_rules();
    EXPECT_FALSE(
        entry_price(Side::buy, {price("100"), price("100")}, EntryPriceMode::maker, rules));
    EXPECT_FALSE(
        entry_price(Side::buy, {price("101"), price("100")}, EntryPriceMode::maker, rules));
    EXPECT_FALSE(entry_price(Side::buy, {Price{}, price("100")}, EntryPriceMode::maker, rules));
}

TEST(FallbackPrice, MovesTheLiquidationsPriceByTheOffset) {
    const SymbolRules rules = fine_rules();
    EXPECT_EQ(fallback_price(Side::buy, price("50000"), ratio("0.001"), rules), price("49950"));
    EXPECT_EQ(fallback_price(Side::sell, price("50000"), ratio("0.001"), rules), price("50050"));
    EXPECT_FALSE(fallback_price(Side::buy, Price{}, ratio("0.001"), rules));
}

TEST(PriceAllowed, FollowsThePercentFilterOnTheSideItApplies) {
    SymbolRules rules = fine_rules();
    rules.multiplier_up = ratio("1.05");
    rules.multiplier_down = ratio("0.95");
    const Price mark = price("1000");
    EXPECT_TRUE(price_allowed(Side::buy, price("1050"), mark, rules));
    EXPECT_FALSE(price_allowed(Side::buy, price("1050.1"), mark, rules));
    EXPECT_TRUE(price_allowed(Side::sell, price("950"), mark, rules));
    EXPECT_FALSE(price_allowed(Side::sell, price("949.9"), mark, rules));
    EXPECT_TRUE(price_allowed(Side::buy, price("2000"), Price{}, rules)) << "no mark, no verdict";
}

TEST(PriceAllowed, KeepsWithinTheLowestAndHighestPrice) {
    SymbolRules rules = fine_rules();
    rules.min_price = price("10");
    rules.max_price = price("20");
    EXPECT_FALSE(price_allowed(Side::buy, price("9.9"), {}, rules));
    EXPECT_TRUE(price_allowed(Side::buy, price("10"), {}, rules));
    EXPECT_TRUE(price_allowed(Side::buy, price("20"), {}, rules));
    EXPECT_FALSE(price_allowed(Side::buy, price("20.1"), {}, rules));
}

TEST(EntryQuantity, IsRoundedDownToTheStep) {
    EXPECT_EQ(entry_quantity(usdt("100"), price("30000"), fine_rules()), quantity("0.003"));
}

TEST(EntryQuantity, IsRaisedToTheSmallestStepThatMeetsTheLowestNotional) {
    EXPECT_EQ(entry_quantity(usdt("1"), price("2200"), fine_rules()), quantity("0.003"));
    EXPECT_EQ(entry_quantity(usdt("1"), price("2500"), fine_rules()), quantity("0.002"));
}

TEST(EntryQuantity, IsRaisedToTheLowestQuantity) {
    SymbolRules rules = fine_rules();
    rules.min_quantity = quantity("0.0105");
    EXPECT_EQ(entry_quantity(usdt("10"), price("5000"), rules), quantity("0.011"));
}

TEST(EntryQuantity, IsCappedAtTheHighestQuantity) {
    SymbolRules rules = fine_rules();
    rules.max_quantity = quantity("0.0505");
    EXPECT_EQ(entry_quantity(usdt("1000"), price("5000"), rules), quantity("0.05"));
}

TEST(EntryQuantity, IsNothingWhenTheFiltersContradictEachOther) {
    SymbolRules rules = fine_rules();
    rules.max_quantity = quantity("0.001");
    EXPECT_FALSE(entry_quantity(usdt("100"), price("1000"), rules)) << "1 USDT at most, 5 at least";
    EXPECT_FALSE(entry_quantity(usdt("0"), price("1000"), fine_rules()));
    EXPECT_FALSE(entry_quantity(usdt("10"), Price{}, fine_rules()));
}

TEST(EntryQuantity, IsNothingWhenNoOrderCouldHoldIt) {
    SymbolRules rules = fine_rules();
    rules.step = Quantity{Quantity::one};
    EXPECT_FALSE(entry_quantity(usdt("1000"), Price{1}, rules));
    rules.min_quantity = Quantity{INT64_MAX / 2};
    EXPECT_FALSE(entry_quantity(usdt("1000"), price("1"), rules));
}

TEST(Exits, AreNeverLessProfitAndNeverMoreLossThanConfigured) {
    const SymbolRules rules = fine_rules();
    const Price entry = price("44850");
    EXPECT_EQ(take_profit_price(long_side, entry, ratio("0.01"), rules), price("45298.5"));
    EXPECT_EQ(stop_loss_price(long_side, entry, ratio("0.5"), rules), price("22425"));
    const Price odd = price("33333.3");
    EXPECT_EQ(take_profit_price(long_side, odd, ratio("0.01"), rules), price("33666.7"));
    EXPECT_EQ(take_profit_price(short_side, odd, ratio("0.01"), rules), price("32999.9"));
    EXPECT_EQ(stop_loss_price(long_side, odd, ratio("0.01"), rules), price("33000"));
    EXPECT_EQ(stop_loss_price(short_side, odd, ratio("0.01"), rules), price("33666.6"));
}

TEST(Exits, OfAShortWithMoreThanAHundredPercentProfitStayAtTheLowestPrice) {
    const SymbolRules rules = fine_rules();
    EXPECT_EQ(take_profit_price(short_side, price("100"), ratio("1.5"), rules), price("0.1"));
}

TEST(Backstop, LiesBeyondTheWorstStopButBeforeTheLiquidationPrice) {
    const SymbolRules rules = fine_rules();
    const Ratio distance = ratio("0.02");
    EXPECT_EQ(backstop_price(long_side, price("40000"), {}, distance, rules), price("39200"));
    EXPECT_EQ(backstop_price(short_side, price("60000"), {}, distance, rules), price("61200"));
    EXPECT_EQ(backstop_price(long_side, price("40000"), price("39500"), distance, rules),
              price("39539.5"));
    EXPECT_EQ(backstop_price(short_side, price("60000"), price("61000"), distance, rules),
              price("60939"));
}

TEST(Loss, OfExactlyTheThresholdCountsAsReached) {
    const Quantity one = quantity("1");
    const Notional cost = usdt("10000");
    const Ratio five{-5'000'000};
    EXPECT_TRUE(pnl_at_or_below(long_side, price("9500"), one, cost, five));
    EXPECT_FALSE(pnl_at_or_below(long_side, price("9500.00000001"), one, cost, five));
    EXPECT_TRUE(pnl_at_or_below(short_side, price("10500"), one, cost, five));
    EXPECT_FALSE(pnl_at_or_below(short_side, price("10499.99999999"), one, cost, five));
}

TEST(Margin, IsRoundedUpSoThatALimitIsNeverOverstated) {
    EXPECT_EQ(margin_of(Notional{101}, 10), Notional{11});
    EXPECT_EQ(margin_of(Notional{100}, 10), Notional{10});
}

}  // namespace
}  // namespace tranche::test
