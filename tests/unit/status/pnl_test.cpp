#include "net/status/pnl.hpp"

#include <gtest/gtest.h>

#include "net/status/json.hpp"

namespace tranche::test {
namespace {

TEST(Unrealized, IsExactAndSignedByTheSide) {
    const Price entry = *parse_as<Price>("0.15702");
    const Price mark = *parse_as<Price>("0.15231");
    const Quantity quantity = *parse_as<Quantity>("6100");
    const auto open = unrealized(PositionSide::long_side, entry, mark, quantity, 10);
    ASSERT_TRUE(open);
    EXPECT_EQ(to_text(open->profit), "-28.731");
    EXPECT_EQ(to_text(open->price_percent), "-2.9996");
    EXPECT_EQ(to_text(open->margin_percent), "-29.9961");
    const auto other = unrealized(PositionSide::short_side, entry, mark, quantity, 10);
    EXPECT_EQ(to_text(other->profit), "28.731");
}

TEST(Unrealized, IsLeftOutWhenItCannotBe) {
    const Price huge{INT64_MAX};
    EXPECT_FALSE(unrealized(PositionSide::long_side, {1}, huge, {INT64_MAX}, 125));
    EXPECT_FALSE(unrealized(PositionSide::long_side, {0}, {1}, {1}, 1));
    EXPECT_FALSE(unrealized(PositionSide::long_side, {1}, {0}, {1}, 1));
    EXPECT_FALSE(unrealized(PositionSide::long_side, {1}, {1}, {0}, 1));
    EXPECT_FALSE(value_at(huge, {INT64_MAX}));
}

TEST(Decimals, AreThoseOfTheGrid) {
    EXPECT_EQ(decimals_of(parse_as<Price>("0.1")->raw), 1);
    EXPECT_EQ(decimals_of(parse_as<Price>("0.00001")->raw), 5);
    EXPECT_EQ(decimals_of(parse_as<Price>("0.5")->raw), 1);
    EXPECT_EQ(decimals_of(parse_as<Price>("10")->raw), 0);
    EXPECT_EQ(decimals_of(0), 8);
}

TEST(JsonText, EscapesWhatCouldEndAStringOrStartAnElement) {
    std::string out;
    append_json_text(out, "a\"\\\n<&>\x7f");
    EXPECT_EQ(out, R"("a\u0022\u005c\u000a\u003c\u0026\u003e\u007f")");
}

TEST(JsonText, KeepsGoodUtf8AndReplacesBroken) {
    const auto written = [](std::string_view text) {
        std::string out;
        append_json_text(out, text);
        return out;
    };
    EXPECT_EQ(written("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
              "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    EXPECT_EQ(written("\xC3"), R"("\ufffd")");
    EXPECT_EQ(written("\xC0\xAF"), R"("\ufffd\ufffd")") << "overlong";
    EXPECT_EQ(written("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")") << "surrogate";
    EXPECT_EQ(written("\xF5z"), R"("\ufffdz")");
}

TEST(JsonWriter, PutsCommasBetweenThingsOnly) {
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.field("a", 1);
    json.key("b");
    json.begin_array();
    json.begin_object();
    json.end_object();
    json.value(true);
    json.null();
    json.end_array();
    json.field("c", Price{150'000'000});
    json.time("d", Nanos{});
    json.end_object();
    EXPECT_EQ(out, R"({"a":1,"b":[{},true,null],"c":"1.5","d":null})");
}

}  // namespace
}  // namespace tranche::test
