#include "tools/exchange/account.hpp"

#include "tests/unit/exchange/world.hpp"

namespace tranche::exchange::test {
namespace {

Fill fill_of(Side side, PositionSide position_side, const char* quantity, const char* price) {
    Fill fill;
    fill.side = side;
    fill.position_side = position_side;
    fill.quantity = dec(quantity);
    fill.price = dec(price);
    return fill;
}

struct Step {
    Side side;
    const char* quantity;
    const char* price;
    const char* held_after;
    const char* entry_after;
    const char* realized;
};

void run(PositionSide position_side, const std::vector<Step>& steps) {
    Account account{1, position_side != PositionSide::both, units(1000)};
    for (const Step& step : steps) {
        Fill fill = fill_of(step.side, position_side, step.quantity, step.price);
        account.apply(fill);
        const Position& position = account.position(0, position_side);
        EXPECT_EQ(plain(position.quantity), step.held_after) << step.quantity << '@' << step.price;
        EXPECT_EQ(plain(position.entry), step.entry_after) << step.quantity << '@' << step.price;
        EXPECT_EQ(plain(fill.realized), step.realized) << step.quantity << '@' << step.price;
    }
}

TEST(ExchangeAccount, WeighsEntriesAndRealisesOnlyWhatIsClosed) {
    run(PositionSide::long_side, {{Side::buy, "1", "100", "1", "100", "0"},
                                  {Side::buy, "3", "120", "4", "115", "0"},
                                  {Side::sell, "1", "125", "3", "115", "10"},
                                  {Side::sell, "3", "105", "0", "0", "-30"}});
    run(PositionSide::short_side, {{Side::sell, "2", "100", "-2", "100", "0"},
                                   {Side::sell, "2", "90", "-4", "95", "0"},
                                   {Side::buy, "4", "94", "0", "0", "4"}});
}

TEST(ExchangeAccount, AOneWayPositionTurnsAtThePriceOfTheFill) {
    run(PositionSide::both, {{Side::buy, "1", "100", "1", "100", "0"},
                             {Side::sell, "3", "110", "-2", "110", "10"},
                             {Side::buy, "5", "120", "3", "120", "-20"}});
}

TEST(ExchangeAccount, LongAndShortOfASymbolAreTwoBooks) {
    Account account{1, true, units(1000)};
    Fill open_long = fill_of(Side::buy, PositionSide::long_side, "1", "100");
    Fill open_short = fill_of(Side::sell, PositionSide::short_side, "2", "100");
    account.apply(open_long);
    account.apply(open_short);
    EXPECT_EQ(account.position(0, PositionSide::long_side).quantity, dec("1"));
    EXPECT_EQ(account.position(0, PositionSide::short_side).quantity, dec("-2"));
    EXPECT_EQ(account.closable(0, PositionSide::long_side, Side::sell), dec("1"));
    EXPECT_EQ(account.closable(0, PositionSide::long_side, Side::buy), dec("0"));
    EXPECT_FALSE(account.flat());
}

TEST(ExchangeAccount, TheWalletChangesByRealisedProfitLessFees) {
    Account account{1, true, units(1000)};
    Fill open = fill_of(Side::buy, PositionSide::long_side, "1", "100");
    Fill close = fill_of(Side::sell, PositionSide::long_side, "1", "110");
    close.maker = true;
    account.apply(open);
    account.apply(close);
    EXPECT_EQ(plain(open.fee), "0.035") << "taker 0.00035";
    EXPECT_EQ(plain(close.fee), "0.011") << "maker 0.0001";
    EXPECT_EQ(plain(account.wallet()), "1009.954");
    EXPECT_EQ(account.wallet(), units(1000) + account.realized() - account.fees());
}

TEST(ExchangeAccount, RestingOrdersAndPositionsReserveMargin) {
    World world{true};
    ASSERT_EQ(world.place(market_of("BUY", "0.1", {{"positionSide", "LONG"}})), 0);
    EXPECT_EQ(plain(world.venue.matching.available()), "9496.5") << "10000 - 3.5 fee - 10000/20";
    ASSERT_EQ(world.place(limit_of("BUY", "0.1", "99000", {{"positionSide", "LONG"}})), 0);
    EXPECT_EQ(plain(world.venue.matching.reserved()), "495");
    EXPECT_EQ(plain(world.venue.matching.available()), "9001.5");
}

}  // namespace
}  // namespace tranche::exchange::test
