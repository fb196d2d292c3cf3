#include "tools/exchange/amount.hpp"

#include <gtest/gtest.h>

namespace tranche::exchange {
namespace {

TEST(ExchangeAmount, ReadsPlainDecimalsExactly) {
    EXPECT_EQ(amount("0.5")->raw, 50'000'000);
    EXPECT_EQ(amount("-0.5")->raw, -50'000'000);
    EXPECT_EQ(amount("95210.05")->raw, 9'521'005'000'000);
    EXPECT_EQ(amount("0.00000001")->raw, 1);
    EXPECT_EQ(amount("5.")->raw, 500'000'000);
    EXPECT_EQ(amount("92233720368.54775807")->raw, INT64_MAX);
    EXPECT_EQ(amount("1.000000000000")->raw, 100'000'000) << "trailing zeros say nothing";
}

TEST(ExchangeAmount, RefusesWhatIsNotAPlainDecimal) {
    for (const char* text : {"", "-", ".", "1e5", "1.2.3", "+1", " 1", "0x10", "1,5", "--1",
                             "92233720368.54775808", "99999999999999999999999999999999999999"})
        EXPECT_EQ(parse_amount(text).error, AmountError::malformed) << text;
    EXPECT_EQ(parse_amount("0.000000001").error, AmountError::too_precise);
}

TEST(ExchangeAmount, WritesWhatItRead) {
    for (const char* text : {"0", "0.5", "-0.5", "3", "0.00000001", "95210.05", "-12.3"})
        EXPECT_EQ(plain(*amount(text)), text);
    EXPECT_EQ(fixed(*amount("1.5"), 3), "1.500");
    EXPECT_EQ(fixed(*amount("1.5"), 0), "1");
    EXPECT_EQ(fixed(*amount("-0.0001"), 2), "0.00") << "no minus zero";
}

TEST(ExchangeAmount, SaturatesInsteadOfWrapping) {
    const Amount huge{INT64_MAX};
    EXPECT_EQ((huge + huge).raw, INT64_MAX);
    EXPECT_EQ((huge * huge).raw, INT64_MAX);
    EXPECT_EQ((-huge - huge).raw, -INT64_MAX);
    EXPECT_EQ((huge / Amount{}).raw, 0);
}

TEST(ExchangeAmount, MeansTwoLotsByTheirQuantities) {
    EXPECT_EQ(plain(weighted(*amount("0.2"), *amount("100"), *amount("0.1"), *amount("130"))),
              "110");
    EXPECT_EQ(plain(weighted(*amount("1"), *amount("1"), *amount("2"), *amount("2"))),
              "1.66666667");
}

}  // namespace
}  // namespace tranche::exchange
