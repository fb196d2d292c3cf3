#include "net/aster/replies.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tranche::aster {
namespace {

constexpr ClientOrderId ours{.instance = 3,
                             .role = Role::take_profit,
                             .reserved = 0,
                             .epoch = 9,
                             .tranche = TrancheId{77},
                             .generation = 2};

std::string id_text(const ClientOrderId& id = ours) {
    const ClientOrderIdText text = tranche::encode(id);
    return {text.data(), text.size()};
}

Command command(CommandKind kind) {
    Command made{};
    made.kind = kind;
    made.id = ours;
    return made;
}

std::string order_body(const std::string& client_id = id_text()) {
    return R"({"orderId":17338699853,"symbol":"ETHUSDT","status":"PARTIALLY_FILLED",)"
           R"("clientOrderId":")" +
           client_id +
           R"(","price":"0","avgPrice":"3310.2500012345","origQty":"0.5","executedQty":"0.2",)"
           R"("type":"MARKET","updateTime":1785000201640,)"
           R"("newChainData":{"hash":"0x5e56","more":[1,{"code":-1}]}})";
}

std::string error_body(int code, const std::string& message = "no") {
    return R"({"code":)" + std::to_string(code) + R"(,"msg":")" + message + R"("})";
}

/// A decoder and one answer at a time.
class RepliesTest : public testing::Test {
protected:
    Reply decode(CommandKind kind, unsigned status, const std::string& body,
                 const std::vector<HttpHeader>& headers = {}) {
        return decode(command(kind), status, body, headers);
    }
    Reply decode(const Command& asked, unsigned status, const std::string& body,
                 const std::vector<HttpHeader>& headers = {}) {
        response_ = {};
        response_.status = status;
        response_.body = body;
        for (const HttpHeader& header : headers)
            response_.headers[response_.header_count++] = header;
        limits_ = read_limits(response_, seconds(1'000));
        return decoder_.decode(asked, response_, limits_);
    }

    ReplyDecoder decoder_;
    HttpResponse response_;
    RateAnswer limits_;
};

TEST_F(RepliesTest, AnOrderWithOurIdIsAccepted) {
    const Reply reply = decode(CommandKind::place, 200, order_body());
    EXPECT_EQ(reply.verdict, ReplyClass::accepted);
    EXPECT_EQ(reply.order_id, 17'338'699'853);
    EXPECT_EQ(reply.status, OrderStatus::partially_filled);
    EXPECT_EQ(to_text(reply.filled), "0.2");
    EXPECT_EQ(to_text(reply.average_price), "3310.25000123");
    EXPECT_EQ(reply.exchange_time, milliseconds(1'785'000'201'640));
    EXPECT_EQ(reply.http_status, 200);
    EXPECT_EQ(reply.code, 0);
}

TEST_F(RepliesTest, SomebodyElsesOrderIsNoAnswerToOurs) {
    ClientOrderId other = ours;
    other.generation = 3;
    EXPECT_EQ(decode(CommandKind::place, 200, order_body(id_text(other))).verdict,
              ReplyClass::unknown);
    EXPECT_EQ(decode(CommandKind::place, 200, order_body("web_abc")).verdict, ReplyClass::unknown);
}

TEST_F(RepliesTest, AForeignOrderIsRecognisedByTheExchangesId) {
    Command asked = command(CommandKind::cancel);
    asked.id = {};
    asked.order_id = 17'338'699'853;
    EXPECT_EQ(decode(asked, 200, order_body("web_abc")).verdict, ReplyClass::accepted);
    asked.order_id = 4;
    EXPECT_EQ(decode(asked, 200, order_body("web_abc")).verdict, ReplyClass::unknown);
}

TEST_F(RepliesTest, TwoHundredWithoutAnOrderIsUnknown) {
    const std::string order = order_body();
    std::vector<std::string> bodies{"",
                                    "{}",
                                    "[]",
                                    "null",
                                    "<html>",
                                    R"({"code":200,"msg":"ok"})",
                                    error_body(-2019),
                                    order + "x",
                                    order + order,
                                    std::string(40'000, ' ') + order};
    for (std::size_t cut = 1; cut < order.size(); cut += 7) bodies.push_back(order.substr(0, cut));
    for (const std::string& body : bodies)
        EXPECT_EQ(decode(CommandKind::place, 200, body).verdict, ReplyClass::unknown) << body;
    std::string negative = order;
    negative.replace(negative.find("\"0.2\""), 5, "\"-1.\"");
    EXPECT_EQ(decode(CommandKind::place, 200, negative).verdict, ReplyClass::unknown);
}

TEST_F(RepliesTest, CodesOfTheTableRejectForCertain) {
    for (const int code :
         {-1002, -1013, -1021, -1022, -1100, -1106, -1111, -1121, -1130, -1136, -2010, -2014,
          -2015, -2018, -2019, -2021, -2022, -2025, -2027, -4003, -4014, -4045, -4061, -4131,
          -4164, -4184, -4225, -4400, -4401, -4402, -4403, -5021, -5022, -5050}) {
        const Reply reply = decode(CommandKind::place, 400, error_body(code));
        EXPECT_EQ(reply.verdict, ReplyClass::rejected) << code;
        EXPECT_EQ(reply.code, code);
    }
}

TEST_F(RepliesTest, EverythingElseIsUnknown) {
    for (const int code : {-1000, -1001, -1006, -1007, -1010, -1016, -1099, -1131, -2011, -2013,
                           -2029, -3000, -4083, -4116, -4185, -9999, 0, 7}) {
        EXPECT_EQ(decode(CommandKind::place, 400, error_body(code)).verdict, ReplyClass::unknown)
            << code;
    }
    for (const unsigned status : {201U, 302U, 500U, 502U, 503U, 504U})
        EXPECT_EQ(decode(CommandKind::place, status, error_body(-2019)).verdict,
                  ReplyClass::unknown)
            << status;
    for (const char* body : {"", "<html>403 Forbidden</html>", "[-2019]", R"({"msg":"no code"})",
                             R"({"code":"x"})", R"({"code":-2019,"msg":)"})
        EXPECT_EQ(decode(CommandKind::place, 403, body).verdict, ReplyClass::unknown) << body;
}

TEST_F(RepliesTest, NoSuchOrderAnswersCancelsAndQuestionsOnly) {
    for (const int code : {-2011, -2013}) {
        EXPECT_EQ(decode(CommandKind::cancel, 400, error_body(code)).verdict, ReplyClass::rejected);
        EXPECT_EQ(decode(CommandKind::query, 400, error_body(code)).verdict, ReplyClass::rejected);
    }
}

TEST_F(RepliesTest, OnlyABareSuccessSaysThatAnAttemptIsVoid) {
    const auto noop = [this](unsigned status, const std::string& body) {
        return decode(CommandKind::noop, status, body).verdict;
    };
    EXPECT_EQ(noop(200, R"({"code":200,"msg":"success"})"), ReplyClass::accepted);
    EXPECT_EQ(decode(CommandKind::noop, 200, R"({"code":200,"msg":"success"})").code, 0);
    EXPECT_EQ(noop(200, R"({"code":201,"msg":"success"})"), ReplyClass::unknown);
    EXPECT_EQ(noop(200, R"({"msg":"success"})"), ReplyClass::unknown);
    EXPECT_EQ(noop(200, order_body()), ReplyClass::unknown);
    EXPECT_EQ(noop(400, error_body(-4225, "Nonce Expired")), ReplyClass::rejected);
    EXPECT_EQ(noop(503, error_body(-1000)), ReplyClass::unknown);
    EXPECT_EQ(decode(CommandKind::place, 200, R"({"code":200,"msg":"success"})").verdict,
              ReplyClass::unknown)
        << "no order";
}

TEST_F(RepliesTest, AnAnswerSaysHowALimitOrderStands) {
    std::string body = order_body();
    body.replace(body.find(R"("price":"0")"), 11, R"("price":"3310.25")");
    for (const CommandKind kind : {CommandKind::replace, CommandKind::query}) {
        const Reply reply = decode(kind, 200, body);
        EXPECT_EQ(reply.verdict, ReplyClass::accepted);
        EXPECT_EQ(reply.price, (Price{331'025'000'000}));
        EXPECT_EQ(reply.quantity, (Quantity{50'000'000}));
    }
    EXPECT_EQ(decode(CommandKind::replace, 400, error_body(-2013)).verdict, ReplyClass::rejected);
    EXPECT_EQ(decode(CommandKind::replace, 400, error_body(-4014)).verdict, ReplyClass::rejected);
}

/// Answers to a batch of as many orders as there are verdicts.
class BatchRepliesTest : public RepliesTest {
protected:
    std::vector<ReplyClass> verdicts(unsigned status, const std::string& body,
                                     std::size_t count = 3) {
        std::vector<Command> commands(count, command(CommandKind::place));
        for (std::size_t i = 0; i < count; ++i)
            commands[i].id.generation = static_cast<std::uint32_t>(i + 1);
        HttpResponse response;
        response.status = status;
        response.body = body;
        replies.assign(count, Reply{});
        decoder_.decode_batch(commands, response, RateAnswer{}, replies);
        std::vector<ReplyClass> found;
        for (const Reply& reply : replies) found.push_back(reply.verdict);
        return found;
    }
    static std::string element(std::uint32_t generation) {
        ClientOrderId id = ours;
        id.generation = generation;
        return order_body(id_text(id));
    }
    static std::vector<ReplyClass> all(ReplyClass verdict) {
        return std::vector<ReplyClass>(3, verdict);
    }

    std::vector<Reply> replies;
};

TEST_F(BatchRepliesTest, EachElementIsClassedByItself) {
    using enum ReplyClass;
    EXPECT_EQ(verdicts(200, '[' + element(1) + ',' + error_body(-2021) + ',' + element(3) + ']'),
              (std::vector{accepted, rejected, accepted}));
    EXPECT_EQ(replies[0].order_id, 17338699853);
    EXPECT_EQ(replies[1].code, -2021);
    EXPECT_EQ(verdicts(200, '[' + error_body(-1001) + ',' + error_body(-4083) + ',' +
                                error_body(-1015) + ']'),
              (std::vector{unknown, unknown, throttled}));
    EXPECT_EQ(verdicts(200, '[' + element(1) + ",{}," + element(2) + ']'),
              (std::vector{accepted, unknown, unknown}))
        << "what is not about its order says nothing about it";
}

TEST_F(BatchRepliesTest, WhatAnswersTheWholeLeavesAllInDoubt) {
    const std::string two = '[' + element(1) + ',' + element(2) + ']';
    EXPECT_EQ(verdicts(200, two), all(ReplyClass::unknown));
    EXPECT_EQ(verdicts(200, '[' + element(1) + ',' + element(2) + ',' + element(3) + ',' +
                                element(4) + ']'),
              all(ReplyClass::unknown));
    EXPECT_EQ(verdicts(200, '[' + element(1) + ',' + element(2) + ',' + element(3)),
              all(ReplyClass::unknown))
        << "cut";
    EXPECT_EQ(verdicts(200, element(1)), all(ReplyClass::unknown));
    EXPECT_EQ(verdicts(200, "[1,2,3]"), all(ReplyClass::unknown));
    EXPECT_EQ(verdicts(503, error_body(-1000)), all(ReplyClass::unknown));
    EXPECT_EQ(verdicts(400, error_body(-4082)), all(ReplyClass::unknown));
    EXPECT_EQ(replies[2].code, -4082);
    EXPECT_EQ(verdicts(403, "<html></html>"), all(ReplyClass::unknown));
    EXPECT_EQ(verdicts(429, error_body(-1003)), all(ReplyClass::throttled));
    EXPECT_EQ(verdicts(418, error_body(-1003)), all(ReplyClass::banned));
}

TEST_F(RepliesTest, ATakenIdMeansThatTheFirstCopyMayBeAlive) {
    EXPECT_EQ(decode(CommandKind::place, 400, error_body(-4015, "Client order id is duplicated."))
                  .verdict,
              ReplyClass::unknown);
    EXPECT_EQ(
        decode(CommandKind::place, 400, error_body(-4015, "Client order id not valid.")).verdict,
        ReplyClass::rejected);
}

TEST_F(RepliesTest, RefusedKeysAreToldFromOtherUnknownErrorsByTheirText) {
    const Reply agent = decode(CommandKind::place, 400, error_body(-1000, "No agent found"));
    EXPECT_EQ(agent.verdict, ReplyClass::rejected);
    EXPECT_EQ(agent.code, -2015);
    const Reply signature =
        decode(CommandKind::place, 400, error_body(-1000, "Signature check failed"));
    EXPECT_EQ(signature.verdict, ReplyClass::rejected);
    EXPECT_EQ(signature.code, -1022);
}

TEST_F(RepliesTest, ThrottlingNamesWhenToComeBack) {
    const Reply reply = decode(CommandKind::place, 429, error_body(-1003), {{"retry-after", "7"}});
    EXPECT_EQ(reply.verdict, ReplyClass::throttled);
    EXPECT_EQ(reply.code, -1003);
    EXPECT_EQ(reply.retry_after, seconds(1'007));
    EXPECT_EQ(limits_.verdict, RateVerdict::throttled);
    EXPECT_EQ(decode(CommandKind::place, 400, error_body(-1015)).verdict, ReplyClass::throttled);
}

TEST_F(RepliesTest, ABanEndsWhenItsTextSays) {
    const Reply reply =
        decode(CommandKind::cancel, 418,
               error_body(-1003, "Way too many requests; IP banned until 1785000000000."));
    EXPECT_EQ(reply.verdict, ReplyClass::banned);
    EXPECT_EQ(reply.retry_after, milliseconds(1'785'000'000'000));
    EXPECT_EQ(limits_.verdict, RateVerdict::banned);
    EXPECT_EQ(decode(CommandKind::cancel, 418, "<html>").retry_after, Nanos{});
}

TEST_F(RepliesTest, UsageComesFromTheHeadersInAnyCase) {
    decode(CommandKind::place, 200, order_body(),
           {{"X-MBX-USED-WEIGHT-1M", "17"},
            {"x-mbx-order-count-10s", "3"},
            {"X-Mbx-Order-Count-1m", "9"},
            {"X-MBX-USED-WEIGHT-", "5"},
            {"X-MBX-USED-WEIGHT-1X", "5"},
            {"X-MBX-ORDER-COUNT-1M", "many"}});
    ASSERT_EQ(limits_.usage_count, 3U);
    EXPECT_EQ(limits_.usage[0].unit, RateUnit::weight);
    EXPECT_EQ(limits_.usage[0].interval, seconds(60));
    EXPECT_EQ(limits_.usage[0].used, 17U);
    EXPECT_EQ(limits_.usage[1].unit, RateUnit::orders);
    EXPECT_EQ(limits_.usage[1].interval, seconds(10));
    EXPECT_EQ(limits_.usage[2].used, 9U);
}

// ---------------------------------------------------------------- conditional orders apart

std::string algo_body(const std::string& status, const std::string& actual = R"("")") {
    return R"({"algoId":2146760,"clientAlgoId":")" + id_text() +
           R"(","algoType":"CONDITIONAL","orderType":"STOP_MARKET","symbol":"BNBUSDT",)"
           R"("quantity":"0.01","algoStatus":")" +
           status + R"(","actualOrderId":)" + actual +
           R"(,"actualPrice":"0.00000","triggerPrice":"750.000","icebergQuantity":null,)"
           R"("createTime":1750514941540,"updateTime":1750514941541,"triggerTime":0})";
}

TEST_F(RepliesTest, AnAlgoOrderWithOurIdIsAccepted) {
    for (const CommandKind kind : {CommandKind::place, CommandKind::query}) {
        const Reply reply = decode(kind, 200, algo_body("NEW"));
        EXPECT_EQ(reply.verdict, ReplyClass::accepted);
        EXPECT_EQ(reply.order_id, 2'146'760);
        EXPECT_EQ(reply.status, OrderStatus::created);
        EXPECT_EQ(reply.exchange_time, milliseconds(1'750'514'941'541));
        EXPECT_TRUE(reply.filled.zero());
    }
    const Reply gone = decode(CommandKind::query, 200, algo_body("EXPIRED"));
    EXPECT_EQ(gone.verdict, ReplyClass::accepted);
    EXPECT_EQ(gone.status, OrderStatus::expired);
}

TEST_F(RepliesTest, ACancelledAlgoOrderIsAnsweredByABareSuccess) {
    const std::string body =
        R"({"algoId":2146760,"clientAlgoId":")" + id_text() + R"(","code":"200","msg":"success"})";
    const Reply reply = decode(CommandKind::cancel, 200, body);
    EXPECT_EQ(reply.verdict, ReplyClass::accepted);
    EXPECT_EQ(reply.status, OrderStatus::canceled);
    EXPECT_EQ(reply.order_id, 2'146'760);
    EXPECT_EQ(reply.code, 0);
    EXPECT_EQ(decode(CommandKind::query, 200, body).verdict, ReplyClass::unknown);
}

TEST_F(RepliesTest, AnAlgoOrderThatHasFiredIsNoVerdictButNamesItsOrder) {
    for (const char* status : {"TRIGGERING", "TRIGGERED", "FINISHED", "SOMETHING"}) {
        const Reply reply = decode(CommandKind::query, 200, algo_body(status, R"("8886774")"));
        EXPECT_EQ(reply.verdict, ReplyClass::unknown) << status;
        EXPECT_EQ(decoder_.algo_ids().algo_id, 2'146'760);
        EXPECT_EQ(decoder_.algo_ids().order_id, 8'886'774);
    }
    decode(CommandKind::query, 200, order_body());
    EXPECT_EQ(decoder_.algo_ids().algo_id, 0);
}

TEST_F(RepliesTest, AnotherOnesAlgoOrderIsNotOurs) {
    Command asked = command(CommandKind::query);
    asked.id.generation = 99;
    EXPECT_EQ(decode(asked, 200, algo_body("NEW")).verdict, ReplyClass::unknown);
    EXPECT_EQ(decoder_.algo_ids().algo_id, 0);
    asked.id = {};
    asked.order_id = 2'146'760;
    EXPECT_EQ(decode(asked, 200, algo_body("NEW")).verdict, ReplyClass::accepted);
    asked.order_id = 5;
    EXPECT_EQ(decode(asked, 200, algo_body("NEW")).verdict, ReplyClass::unknown);
}

TEST_F(RepliesTest, AConditionalOrderAtTheWrongDoorIsRejected) {
    EXPECT_EQ(decode(CommandKind::place, 400, error_body(-4120)).verdict, ReplyClass::rejected);
}

}  // namespace
}  // namespace tranche::aster
