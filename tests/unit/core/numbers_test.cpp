#include "core/numbers.hpp"

#include <gtest/gtest.h>
#include <random>

namespace tranche {
namespace {

struct Edge {
    std::string_view text;
    std::optional<std::int64_t> raw;
};

TEST(Decimal, ReadsTheEdgesExactlyOrNotAtAll) {
    for (const Edge& edge : {
             Edge{"-0.5", -50'000'000},
             Edge{"0.123456789", std::nullopt},
             Edge{"0.123456780", 12'345'678},
             Edge{"1e5", std::nullopt},
             Edge{"", std::nullopt},
             Edge{"92233720368.54775807", INT64_MAX},
             Edge{"92233720368.54775808", std::nullopt},
             Edge{"-92233720368.54775808", INT64_MIN},
             Edge{"-92233720368.54775809", std::nullopt},
             Edge{"-0", 0},
             Edge{"+1", 100'000'000},
             Edge{"+", std::nullopt},
             Edge{"-", std::nullopt},
             Edge{".", std::nullopt},
             Edge{"-.", std::nullopt},
             Edge{".5", 50'000'000},
             Edge{"5.", 500'000'000},
             Edge{"1.2.3", std::nullopt},
             Edge{" 1", std::nullopt},
             Edge{"1 ", std::nullopt},
             Edge{"--1", std::nullopt},
             Edge{"+-1", std::nullopt},
             Edge{"1,5", std::nullopt},
             Edge{"0x1", std::nullopt},
             Edge{"NaN", std::nullopt},
             Edge{"0.00000001", 1},
             Edge{"-0.00000001", -1},
             Edge{"000000000000000000000000000000001", 100'000'000},
             Edge{"100000000000000000000000000000000000000000000000", std::nullopt},
             Edge{"0.0000000000000000000000000000000000000000000001", std::nullopt},
             Edge{"1.00000000000000000000000000000000000000000000000", 100'000'000},
         })
        EXPECT_EQ(parse_decimal(edge.text), edge.raw) << '"' << edge.text << '"';
}

TEST(Decimal, WritesTheShortestExactText) {
    EXPECT_EQ(to_text(0), "0");
    EXPECT_EQ(to_text(1), "0.00000001");
    EXPECT_EQ(to_text(-50'000'000), "-0.5");
    EXPECT_EQ(to_text(Price{1'230'000'000}), "12.3");
    EXPECT_EQ(to_text(INT64_MAX), "92233720368.54775807");
    EXPECT_EQ(to_text(INT64_MIN), "-92233720368.54775808");
}

/// Integer and fraction printed apart, then trimmed: slow, and shares nothing with the real one.
std::string slow_text(std::int64_t raw) {
    const Wide magnitude = raw < 0 ? -Wide{raw} : Wide{raw};
    const auto whole = static_cast<std::uint64_t>(magnitude / 100'000'000);
    std::string fraction = std::to_string(static_cast<std::uint64_t>(magnitude % 100'000'000));
    fraction.insert(0, 8 - fraction.size(), '0');
    std::string text = std::to_string(whole) + '.' + fraction;
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return (raw < 0 ? "-" : "") + text;
}

TEST(Decimal, SurvivesARoundTripThroughText) {
    std::mt19937_64 random{7};
    for (int i = 0; i < 100'000; ++i) {
        // All magnitudes alike: a shift by up to 63 bits.
        const auto raw = static_cast<std::int64_t>(random()) >> (random() % 64);
        const std::string text = to_text(raw);
        ASSERT_EQ(text, slow_text(raw));
        ASSERT_EQ(parse_decimal(text), raw) << text;
    }
}

TEST(Fixed, ProductsRoundTowardZero) {
    EXPECT_EQ((Price{1} * Quantity{1}).raw, 0);
    EXPECT_EQ((Price{-1} * Quantity{1}).raw, 0);
    EXPECT_EQ((Price{250'000'000} * Quantity{-300'000'000}).raw, -750'000'000);
}

TEST(Fixed, DivisionRoundsAsAskedOnBothSidesOfZero) {
    EXPECT_EQ(divide(std::int64_t{7}, 2, Rounding::down), 3);
    EXPECT_EQ(divide(std::int64_t{7}, 2, Rounding::up), 4);
    EXPECT_EQ(divide(std::int64_t{-7}, 2, Rounding::down), -4);
    EXPECT_EQ(divide(std::int64_t{-7}, 2, Rounding::up), -3);
    EXPECT_EQ(divide(std::int64_t{-8}, 2, Rounding::down), -4);
}

TEST(Numbers, DivideAsExactlyWhicheverWayTheyTake) {
    std::mt19937_64 random{11};
    for (int turn = 0; turn < 200'000; ++turn) {
        const int bits = 1 + turn % 60;
        const auto some = [&random](int most) {
            const auto value = static_cast<std::int64_t>(random() >> (64 - most));
            return random() % 2 == 0 ? value : -value;
        };
        const Wide exact = Wide{some(bits)} * some(std::min(62, 89 - bits));
        ASSERT_EQ(over_one(exact), static_cast<std::int64_t>(exact / Price::one));
        const std::int64_t divisor = 1 + (std::int64_t{1} << 30) + (some(29) & INT64_MAX) % 1000;
        const Wide quotient = exact / divisor;
        if (quotient > INT64_MAX || quotient < INT64_MIN) continue;
        const Wide rest = exact % divisor;
        const auto toward_zero = static_cast<std::int64_t>(quotient);
        ASSERT_EQ(divide(exact, divisor, Rounding::down), toward_zero - (rest < 0 ? 1 : 0));
        ASSERT_EQ(divide(exact, divisor, Rounding::up), toward_zero + (rest > 0 ? 1 : 0));
    }
}

TEST(Fixed, SnapsToTheGridInTheDirectionAsked) {
    const Price tick{10};
    EXPECT_EQ(snap(Price{123}, tick, Rounding::down), Price{120});
    EXPECT_EQ(snap(Price{123}, tick, Rounding::up), Price{130});
    EXPECT_EQ(snap(Price{-123}, tick, Rounding::down), Price{-130});
    EXPECT_EQ(snap(Price{120}, tick, Rounding::up), Price{120});
}

TEST(Fixed, ScalesAndSizesExactly) {
    EXPECT_EQ(scale(Price{101}, Ratio{Ratio::one / 2}, Rounding::down), Price{50});
    EXPECT_EQ(scale(Price{101}, Ratio{Ratio::one / 2}, Rounding::up), Price{51});
    EXPECT_EQ(quantity_for(Notional{100}, Price{3 * Price::one}, Rounding::down), Quantity{33});
    EXPECT_EQ(quantity_for(Notional{100}, Price{3 * Price::one}, Rounding::up), Quantity{34});
    EXPECT_EQ(absolute(Price{-5}), Price{5});
}

TEST(FixedDeathTest, LeavingTheRangeStopsTheProcess) {
    EXPECT_DEATH(static_cast<void>(Price{INT64_MAX} + Price{1}), "a sum fits its range");
    EXPECT_DEATH(static_cast<void>(Price{INT64_MIN} - Price{1}), "a difference fits its range");
    EXPECT_DEATH(static_cast<void>(-Price{INT64_MIN}), "a difference fits its range");
    EXPECT_DEATH(static_cast<void>(Price{INT64_MAX} * Quantity{2 * Quantity::one}),
                 "a notional fits its range");
}

}  // namespace
}  // namespace tranche
