#include "net/aster/fields.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace tranche::aster {
namespace {

TEST(Fields, QuickDecimalsEqualTheSlowOnes) {
    for (const char* text : {"",
                             ".",
                             "-",
                             "0",
                             "1",
                             "1.",
                             ".5",
                             "-0.5",
                             "+1",
                             "1.1.1",
                             "1..1",
                             "..",
                             "1e5",
                             " 1",
                             "00012",
                             "0.00000001",
                             "0.000000001",
                             "0.100000000",
                             "9999999999.99999999",
                             "10000000000",
                             "92233720368.54775807",
                             "92233720368.54775808",
                             "123456789012345678901"})
        EXPECT_EQ(read_decimal(text), parse_decimal(text)) << text;
    std::mt19937 random{7};
    std::uniform_int_distribution<std::size_t> length{0, 22};
    std::uniform_int_distribution<std::size_t> pick{0, 13};
    for (int round = 0; round < 200'000; ++round) {
        std::string text(length(random), '0');
        for (char& c : text) c = "0123456789..-x"[pick(random)];
        ASSERT_EQ(read_decimal(text), parse_decimal(text)) << text;
    }
}

TEST(Fields, AProductFitsExactlyWhenANotionalHoldsIt) {
    const auto price = parse_as<Price>("92233720368.54775807").value();
    EXPECT_TRUE(product_fits(price, parse_as<Quantity>("1").value()));
    EXPECT_TRUE(product_fits(price, parse_as<Quantity>("-1").value()));
    EXPECT_FALSE(product_fits(price, parse_as<Quantity>("1.00000001").value()));
    EXPECT_FALSE(product_fits(price, parse_as<Quantity>("-1.00000001").value()));
}

TEST(Fields, ForgetsAMemberThatComesAgainAsNull) {
    Fields fields;
    fields.clear();
    fields.set(letter('p'), "\"1.5\" ");
    EXPECT_EQ(fields.text(letter('p')), "1.5");
    fields.set(letter('p'), "2.5\n");
    EXPECT_EQ(fields.text(letter('p')), "") << "a number is no string";
    EXPECT_EQ(fields.number(letter('p')), "2.5");
    fields.set(letter('p'), "null");
    EXPECT_FALSE(fields.has(letter('p')));
    EXPECT_TRUE(fields.number(letter('p')).empty());
}

TEST(Fields, TellsKeysApartByCaseAndLength) {
    EXPECT_EQ(key_at("e\":1"), letter('e'));
    EXPECT_NE(letter('e'), letter('E'));
    EXPECT_EQ(key_at("ap\":1"), Key::ap);
    EXPECT_EQ(key_at("AP\":1"), Key::none);
    EXPECT_EQ(key_at("\":1  "), Key::none);
    EXPECT_EQ(key_at("abc\":"), Key::none);
    EXPECT_EQ(key_at("_\":1"), Key::none);
}

}  // namespace
}  // namespace tranche::aster
