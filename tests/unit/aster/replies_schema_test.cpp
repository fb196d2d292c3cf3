// Answers that are not as the documentation has them: reliability-model.md §2.1, X13.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/aster/order_adapter.hpp"

namespace tranche::aster {
namespace {

constexpr ClientOrderId ours{.instance = 3,
                             .role = Role::stop_loss,
                             .reserved = 0,
                             .epoch = 9,
                             .tranche = TrancheId{77},
                             .generation = 2};

std::string body_with(const std::string& more, const std::string& order_id = "17338699853") {
    const ClientOrderIdText id = tranche::encode(ours);
    return R"({"orderId":)" + order_id + R"(,"clientOrderId":")" +
           std::string{id.data(), id.size()} +
           R"(","status":"NEW","executedQty":"0.2","avgPrice":"0","updateTime":1785000201640)" +
           more + "}";
}

struct SchemaTest : testing::Test {
    ReplyClass verdict(unsigned status, const std::string& body) {
        Command command{};
        command.kind = CommandKind::place;
        command.id = ours;
        HttpResponse response;
        response.status = status;
        response.body = body;
        limits = read_limits(response, seconds(1'000));
        return decoder.decode(command, response, limits).verdict;
    }

    ReplyDecoder decoder;
    RateAnswer limits;
};

TEST_F(SchemaTest, AnAnswerCutAtAnyByteIsUnknown) {
    const std::string whole = body_with(R"(,"newChainData":{"hash":"0x5e"})");
    ASSERT_EQ(verdict(200, whole), ReplyClass::accepted);
    const std::uint64_t unreadable = decoder.unreadable();
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_EQ(verdict(200, whole.substr(0, length)), ReplyClass::unknown) << length;
    EXPECT_EQ(decoder.unreadable() - unreadable, whole.size());
}

TEST_F(SchemaTest, ARefusalCutAtAnyByteIsUnknown) {
    const std::string whole = R"({"code":-2019,"msg":"Margin is insufficient."})";
    ASSERT_EQ(verdict(400, whole), ReplyClass::rejected);
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_EQ(verdict(400, whole.substr(0, length)), ReplyClass::unknown) << length;
}

TEST_F(SchemaTest, UnknownMembersAreIgnoredAndCounted) {
    EXPECT_EQ(verdict(200, body_with(R"(,"origQty":"1","priceRate":"0","stopPrice":"0")")),
              ReplyClass::accepted);
    EXPECT_EQ(decoder.unknown_members(), 0U);
    EXPECT_EQ(verdict(200, body_with(R"(,"mood":"good","deep":{"er":[1,2]},"":0,"Price":"1")")),
              ReplyClass::accepted);
    EXPECT_EQ(decoder.unknown_members(), 4U);
}

TEST_F(SchemaTest, AMissingOrRetypedMemberIsUnknown) {
    for (const std::string missing : {"orderId", "clientOrderId", "status", "executedQty"}) {
        std::string body = body_with("");
        body.replace(body.find("\"" + missing) + 1, 1, "X");
        EXPECT_EQ(verdict(200, body), ReplyClass::unknown) << missing;
    }
    for (const std::string id : {"1e3", "-1", "0", "99999999999999999999", "true", "[]", "null"})
        EXPECT_EQ(verdict(200, body_with("", id)), ReplyClass::unknown) << id;
    EXPECT_EQ(verdict(200, body_with("", "\"17338699853\"")), ReplyClass::accepted)
        << "gateways may quote it";
}

TEST_F(SchemaTest, AFirewallsPageIsUnknownAndMakesEverybodyWait) {
    EXPECT_EQ(verdict(403, "<html>Request blocked</html>"), ReplyClass::unknown);
    EXPECT_EQ(limits.verdict, RateVerdict::forbidden);
    EXPECT_EQ(verdict(403, ""), ReplyClass::unknown);
    EXPECT_EQ(limits.verdict, RateVerdict::forbidden);
    EXPECT_EQ(verdict(403, R"( {"code":-2015,"msg":"no"})"), ReplyClass::rejected);
    EXPECT_EQ(limits.verdict, RateVerdict::served);
}

TEST_F(SchemaTest, TheAdapterTellsWhatARefusalCastsDoubtOn) {
    EXPECT_TRUE(doubts_rules(-4014) && doubts_rules(-4023) && doubts_rules(-1121) &&
                doubts_rules(-4140) && doubts_rules(-4164) && doubts_rules(-1111));
    EXPECT_FALSE(doubts_rules(0) || doubts_rules(-2019) || doubts_rules(-4045) ||
                 doubts_rules(-4015));
    EXPECT_TRUE(doubts_clock(-1021) && doubts_clock(-4225));
    EXPECT_FALSE(doubts_clock(-1022) || doubts_clock(0));
    EXPECT_TRUE(doubts_mode(-4061) && doubts_mode(-4059) && doubts_mode(-4067) &&
                doubts_mode(-1106));
    EXPECT_FALSE(doubts_mode(0) || doubts_mode(-4058) || doubts_mode(-4063) || doubts_mode(-4068));
}

}  // namespace
}  // namespace tranche::aster
