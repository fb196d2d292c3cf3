#include "core/ids.hpp"

#include <gtest/gtest.h>
#include <random>
#include <regex>
#include <set>
#include <string>

namespace tranche {
namespace {

std::string text_of(const ClientOrderId& id) {
    const ClientOrderIdText text = encode(id);
    return {text.data(), text.size()};
}

ClientOrderId example() {
    return {.instance = 37,
            .role = Role::stop_loss,
            .epoch = 123'456,
            .tranche = TrancheId{987'654'321},
            .generation = 4'321};
}

TEST(ClientOrderId, SurvivesARoundTripAtBothEndsOfEachField) {
    for (const Role role :
         {Role::entry, Role::take_profit, Role::stop_loss, Role::close, Role::backstop})
        for (const std::uint16_t instance : {std::uint16_t{0}, std::uint16_t{1023}})
            for (const std::uint32_t epoch : {0U, UINT32_MAX})
                for (const std::uint32_t tranche : {0U, UINT32_MAX})
                    for (const std::uint32_t generation : {0U, max_generation}) {
                        const ClientOrderId id{.instance = instance,
                                               .role = role,
                                               .epoch = epoch,
                                               .tranche = TrancheId{tranche},
                                               .generation = generation};
                        ASSERT_EQ(decode_client_order_id(text_of(id)), id) << text_of(id);
                    }
}

TEST(ClientOrderId, DistinctIntentsHaveDistinctIds) {
    std::mt19937 random{3};
    std::set<ClientOrderId> ids;
    std::set<std::string> texts;
    for (int i = 0; i < 10'000; ++i) {
        const ClientOrderId id{.instance = static_cast<std::uint16_t>(random() % 1024),
                               .role = static_cast<Role>(random() % 5),
                               .epoch = static_cast<std::uint32_t>(random()),
                               .tranche = TrancheId{static_cast<std::uint32_t>(random())},
                               .generation = static_cast<std::uint32_t>(random()) % max_generation};
        ids.insert(id);
        texts.insert(text_of(id));
        ASSERT_EQ(decode_client_order_id(text_of(id)), id);
    }
    EXPECT_EQ(ids.size(), texts.size());
}

TEST(ClientOrderId, UsesOnlyCharactersTheExchangeAllows) {
    const std::regex allowed{"^[.A-Z:/a-z0-9_-]{1,36}$"};
    EXPECT_TRUE(std::regex_match(text_of(example()), allowed)) << text_of(example());
    EXPECT_TRUE(std::regex_match(text_of({}), allowed)) << text_of({});
}

TEST(ClientOrderId, EverySingleCharacterCorruptionIsRefused) {
    const std::string good = text_of(example());
    ASSERT_TRUE(decode_client_order_id(good));
    for (std::size_t at = 0; at < good.size(); ++at)
        for (int c = 0; c < 256; ++c) {
            std::string bad = good;
            bad[at] = static_cast<char>(c);
            if (bad != good) {
                ASSERT_EQ(decode_client_order_id(bad), std::nullopt) << bad;
            }
        }
}

TEST(ClientOrderId, ForeignAndMalformedIdsAreNotOurs) {
    const std::string good = text_of(example());
    for (const std::string& text :
         {std::string{}, std::string{"autoclose-1234567890"}, std::string{"adl_autoclose"},
          std::string{"web_AbCdEfGhIjKlMnOpQrSt"}, std::string(good.size(), '-'),
          std::string(good.size(), '0'), good + "0", good.substr(1),
          good.substr(0, good.size() - 1), "q2" + good.substr(2), std::string(36, 'z')})
        EXPECT_EQ(decode_client_order_id(text), std::nullopt) << text;
}

TEST(Sides, AMirrorTwiceIsTheSame) {
    for (const Side side : {Side::buy, Side::sell}) {
        EXPECT_EQ(opposite(opposite(side)), side);
        EXPECT_EQ(opening_side(opened_by(side)), side);
        EXPECT_EQ(closing_side(opened_by(side)), opposite(side));
    }
    EXPECT_EQ(sign(PositionSide::long_side), 1);
    EXPECT_EQ(sign(PositionSide::short_side), -1);
}

}  // namespace
}  // namespace tranche
