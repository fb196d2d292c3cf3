#include "net/aster/account.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/aster/account_world.hpp"

namespace tranche::aster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct AccountTest : support::AccountWorld {};

TEST_F(AccountTest, StartsInOrderAndChangesNothingThatIsRight) {
    start();
    ASSERT_EQ(account().fatal(), nullptr) << account().fatal()->message;
    EXPECT_THAT(peer.distinct_calls(),
                ElementsAre("GET time", "GET exchangeInfo", "GET positionSide/dual",
                            "GET multiAssetsMargin", "GET positionRisk", "POST listenKey",
                            "GET positionRisk", "GET balance", "GET openOrders"));
    EXPECT_EQ(account().status().read().step, AccountStep::running);
    EXPECT_THAT(account().warnings(), IsEmpty());
}

TEST_F(AccountTest, PutsTheConfiguredSymbolsFirst) {
    run(seconds(1));
    ASSERT_TRUE(account().symbols_ready());
    EXPECT_EQ(account().symbols().configured(), 2U);
    EXPECT_EQ(account().symbols().name(SymbolId{0}), "BBBUSDT");
    EXPECT_EQ(account().symbols().name(SymbolId{1}), "AAAUSDT");
    EXPECT_EQ(account().symbols().size(), 3U);
}

TEST_F(AccountTest, AsksNothingThatIsSignedWhenItMayNot) {
    settings.signed_calls = false;
    run(seconds(200));
    EXPECT_EQ(account().status().read().step, AccountStep::running);
    for (const std::string& call : peer.distinct_calls())
        EXPECT_THAT(call, testing::AnyOf("GET time", "GET exchangeInfo"));
    for (const std::string& request : peer.requests)
        EXPECT_EQ(request.find("signature"), std::string::npos);
}

TEST_F(AccountTest, MeasuresTheClockAndUsesTheShortestRoundTrip) {
    peer.clock_offset = milliseconds(-120);
    run(seconds(1));
    EXPECT_EQ(peer.count("GET time"), 5U);
    EXPECT_NEAR(static_cast<double>(nonces.offset().count), -120e6, 1.1e6);
    peer.clock_offset = milliseconds(300);
    run(seconds(70));
    EXPECT_EQ(peer.count("GET time"), 10U);
    EXPECT_NEAR(static_cast<double>(nonces.offset().count), 300e6, 1.1e6);
    EXPECT_TRUE(drain().empty());
}

TEST_F(AccountTest, SaysWhenTheClockIsTooFarOffAndWhenItIsRightAgain) {
    peer.clock_offset = milliseconds(900);
    run(seconds(1));
    auto taken = drain();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].account_notice.kind, AccountNoticeKind::clock_offset_bad);
    EXPECT_THAT(std::string{account().status().read().last_error()}, HasSubstr("900 ms"));
    peer.clock_offset = {};
    run(seconds(70));
    taken = drain();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].account_notice.kind, AccountNoticeKind::clock_offset_good);
}

TEST_F(AccountTest, HandsOverAWholeSnapshotOnceTheUserStreamIsOpen) {
    run(seconds(3));
    EXPECT_EQ(account().status().read().step, AccountStep::user_stream);
    EXPECT_TRUE(drain().empty());
    account().user_stream_opened();
    const Nanos before = peer.now;
    run(seconds(1));
    const auto taken = drain();
    ASSERT_EQ(taken.size(), 6U);
    EXPECT_TRUE(taken[0].snapshot_mark.begins);
    EXPECT_GE(taken[0].snapshot_mark.requested_at, before);
    EXPECT_EQ(taken[0].snapshot_mark.generation, 1U);
    const PositionUpdate& position = taken[1].position_update;
    EXPECT_EQ(taken[1].symbol, account().symbols().find("AAAUSDT"));
    EXPECT_EQ(to_text(position.amount), "0.5");
    EXPECT_EQ(to_text(position.entry_price), "100");
    EXPECT_EQ(to_text(position.liquidation_price), "50.5");
    EXPECT_EQ(to_text(position.unrealized), "-1.25");
    EXPECT_EQ(position.leverage, 10);
    EXPECT_EQ(position.generation, 1U);
    EXPECT_EQ(taken[2].symbol, account().symbols().find("BBBUSDT")) << "flat, but ours to trade";
    EXPECT_EQ(to_text(taken[3].balance_update.wallet), "1000.5");
    EXPECT_EQ(to_text(taken[3].balance_update.available), "800.25");
    EXPECT_TRUE(taken[3].balance_update.has_available);
    const OpenOrder& order = taken[4].open_order;
    EXPECT_EQ(order.order_id, 77);
    EXPECT_EQ(to_text(order.stop_price), "90.5");
    EXPECT_EQ(order.type, OrderType::stop_market);
    EXPECT_TRUE(order.reduce_only);
    EXPECT_FALSE(order.ours);
    EXPECT_FALSE(taken[5].snapshot_mark.begins);
    EXPECT_TRUE(taken[5].snapshot_mark.complete);
}

TEST_F(AccountTest, RepeatsTheSnapshotOnTimeAndOnRequest) {
    start();
    EXPECT_EQ(account().status().read().snapshots, 1U);
    run(seconds(21));
    EXPECT_EQ(account().status().read().snapshots, 2U);
    account().request_snapshot();
    run(seconds(1));
    EXPECT_EQ(account().status().read().snapshots, 3U);
}

TEST_F(AccountTest, NeverTakesAHalfSnapshotForAWholeOne) {
    peer.told["GET openOrders"] = {{503, "<html>"}};
    peer.told["GET balance"] = {{200, R"([{"asset":"USDT","balance":"abc"}])"}};
    run(seconds(3));
    account().user_stream_opened();
    run(seconds(10));
    const auto taken = drain();
    ASSERT_EQ(taken.size(), 2U + 2U + 6U);
    for (const std::size_t failed : {0U, 2U}) {
        EXPECT_TRUE(taken[failed].snapshot_mark.begins);
        EXPECT_FALSE(taken[failed + 1].snapshot_mark.begins);
        EXPECT_FALSE(taken[failed + 1].snapshot_mark.complete);
    }
    EXPECT_TRUE(taken[9].snapshot_mark.complete);
    EXPECT_EQ(taken[9].snapshot_mark.generation, 3U);
}

TEST_F(AccountTest, WaitsForTheEngineWithoutLosingPartOfASnapshot) {
    Ring<Event> narrow{2};
    run(Nanos{1});
    Account slow{settings, *requests, nonces, peer, narrow, paths.ring(), board};
    std::vector<Event> taken;
    for (int turn = 0; turn < 1'000; ++turn, peer.now += milliseconds(10)) {
        slow.poll(peer.now);
        if (turn == 300) slow.user_stream_opened();
        if (turn % 7 == 0 && narrow.front() != nullptr) {
            taken.push_back(*narrow.front());
            narrow.pop();
        }
    }
    ASSERT_EQ(taken.size(), 6U);
    EXPECT_TRUE(taken[5].snapshot_mark.complete);
}

TEST_F(AccountTest, SwitchesThePositionModeOnlyWhenFlatAndWithoutOrders) {
    settings.hedge_mode = true;
    peer.usual["GET positionRisk"] = "[]";
    peer.usual["GET openOrders"] = "[]";
    start();
    ASSERT_EQ(account().fatal(), nullptr) << account().fatal()->message;
    EXPECT_THAT(peer.last("POST positionSide/dual"), HasSubstr("dualSidePosition=true"));
}

TEST_F(AccountTest, RefusesToStartInTheWrongPositionModeWithAPositionOpen) {
    settings.hedge_mode = true;
    run(seconds(3));
    ASSERT_NE(account().fatal(), nullptr);
    EXPECT_EQ(account().fatal()->kind, ErrorKind::settings);
    EXPECT_THAT(account().fatal()->message, HasSubstr("globals.hedge_mode asks for hedge mode"));
    EXPECT_THAT(account().fatal()->message, HasSubstr("AAAUSDT"));
    EXPECT_EQ(peer.count("POST positionSide/dual"), 0U);
    const std::size_t asked = peer.calls.size();
    run(seconds(60));
    EXPECT_EQ(peer.calls.size(), asked) << "nothing is asked any more";
}

TEST_F(AccountTest, RefusesToStartInTheWrongPositionModeWithOrdersOpen) {
    settings.hedge_mode = true;
    peer.usual["GET positionRisk"] = "[]";
    run(seconds(3));
    ASSERT_NE(account().fatal(), nullptr);
    EXPECT_THAT(account().fatal()->message, HasSubstr("orders are open (1)"));
}

TEST_F(AccountTest, ChangesLeverageAndMarginTypeOnlyWhereTheyDiffer) {
    settings.symbols[0].leverage = 7;
    settings.symbols[1].margin_type = MarginType::isolated;
    peer.told["POST marginType"] = {{400, R"({"code":-4046,"msg":"No need to change"})"}};
    start();
    EXPECT_EQ(peer.count("POST leverage"), 1U);
    EXPECT_EQ(peer.count("POST marginType"), 1U);
    EXPECT_THAT(peer.last("POST leverage"), HasSubstr("symbol=BBBUSDT&leverage=7"));
    EXPECT_THAT(peer.last("POST marginType"), HasSubstr("symbol=AAAUSDT&marginType=ISOLATED"));
    EXPECT_THAT(account().warnings(), IsEmpty());
    EXPECT_EQ(account().status().read().step, AccountStep::running);
}

TEST_F(AccountTest, WarnsWhenAMarginTypeCannotChangeAndStopsAtAnImpossibleLeverage) {
    settings.symbols[1].margin_type = MarginType::isolated;
    settings.symbols[1].leverage = 200;
    peer.told["POST marginType"] = {{400, R"({"code":-4048,"msg":"has position"})"}};
    peer.told["POST leverage"] = {{400, R"({"code":-4028,"msg":"not valid"})"}};
    run(seconds(3));
    EXPECT_THAT(account().warnings(), ElementsAre(HasSubstr("AAAUSDT: margin type ISOLATED")));
    ASSERT_NE(account().fatal(), nullptr);
    EXPECT_THAT(account().fatal()->message, HasSubstr("symbols.AAAUSDT.leverage"));
}

TEST_F(AccountTest, LeavesMarginTypesAloneInMultiAssetsMode) {
    settings.multi_assets = true;
    settings.symbols[1].margin_type = MarginType::isolated;
    start();
    EXPECT_THAT(peer.last("POST multiAssetsMargin"), HasSubstr("multiAssetsMargin=true"));
    EXPECT_EQ(peer.count("POST marginType"), 0U);
}

TEST_F(AccountTest, GetsAlongWithAPeerThatLacksWhatIsOptional) {
    peer.usual.erase("GET positionSide/dual");
    peer.usual.erase("GET multiAssetsMargin");
    peer.usual.erase("POST leverage");
    settings.symbols[0].leverage = 7;
    start();
    EXPECT_EQ(account().fatal(), nullptr);
    EXPECT_EQ(account().status().read().step, AccountStep::running);
    EXPECT_EQ(account().warnings().size(), 1U);
}

TEST_F(AccountTest, TellsReceiveTheUserStreamsPath) {
    start();
    EXPECT_THAT(paths.take(), ElementsAre(std::make_pair(std::uint16_t{3}, "/ws/key1")));
    account().renew_listen_key();
    peer.usual["POST listenKey"] = R"({"listenKey":"key2"})";
    run(seconds(1));
    EXPECT_THAT(paths.take(), ElementsAre(std::make_pair(std::uint16_t{3}, "/ws/key2")));
}

TEST_F(AccountTest, KeepsTheListenKeyAliveAndReplacesOneThatIsGone) {
    start();
    paths.take();
    run(seconds(20 * 60));
    EXPECT_EQ(peer.count("PUT listenKey"), 1U);
    EXPECT_EQ(peer.count("POST listenKey"), 1U);
    peer.told["PUT listenKey"] = {{503, ""}, {400, R"({"code":-1125,"msg":"no such key"})"}};
    peer.usual["POST listenKey"] = R"({"listenKey":"key2"})";
    run(seconds(20 * 60 + 20));
    EXPECT_EQ(peer.count("PUT listenKey"), 2U);
    run(seconds(40));
    EXPECT_EQ(peer.count("PUT listenKey"), 3U);
    EXPECT_THAT(paths.take(), ElementsAre(std::make_pair(std::uint16_t{3}, "/ws/key2")));
}

TEST_F(AccountTest, RefusesAListenKeyThatWouldBreakAPath) {
    peer.told["POST listenKey"] = {{200, R"({"listenKey":"a b\r\nx"})"}, {200, "{}"}};
    run(seconds(5));
    EXPECT_THAT(paths.take(), ElementsAre(std::make_pair(std::uint16_t{3}, "/ws/key1")));
}

TEST_F(AccountTest, StopsWhenTheExchangeRefusesTheKey) {
    struct Refusal {
        unsigned status;
        const char* body;
        const char* hint;
    };
    for (const Refusal& refusal :
         {Refusal{400, R"({"code":-1022,"msg":"Signature invalid"})", "exchange.chain_id"},
          Refusal{400, R"({"code":-1000,"msg":"Signature check failed"})", "exchange.chain_id"},
          Refusal{400, R"({"code":-1000,"msg":"No agent found"})", "approve this signer"},
          Refusal{400, R"({"code":-2015,"msg":"Invalid key"})", "active"},
          Refusal{400, R"({"code":-5050,"msg":"deposit"})", "deposit first"},
          Refusal{401, "", "does not accept the key"}}) {
        made.reset();
        peer.told["GET positionSide/dual"] = {{refusal.status, refusal.body}};
        run(seconds(3));
        ASSERT_NE(account().fatal(), nullptr) << refusal.body;
        EXPECT_EQ(account().fatal()->kind, ErrorKind::credentials);
        EXPECT_THAT(account().fatal()->message, HasSubstr(refusal.hint));
    }
}

TEST_F(AccountTest, TriesAgainWithGrowingWaitsWhileTheExchangeHasTrouble) {
    peer.told["GET exchangeInfo"] = {{0, ""},          {500, "<html>"}, {200, "{}"},
                                     {403, "blocked"}, {429, ""},       {200, "[1"}};
    run(seconds(60));  // no longer: then it is read again
    EXPECT_EQ(peer.count("GET exchangeInfo"), 7U);
    EXPECT_TRUE(account().symbols_ready());
    EXPECT_EQ(account().status().read().failures, 6U);
    EXPECT_NE(account().status().read().error_time.count, 0);
}

TEST_F(AccountTest, MeasuresTheClockAnewWhenANonceIsRefused) {
    peer.told["GET positionSide/dual"] = {{400, R"({"code":-4225,"msg":"Nonce Expired"})"}};
    start();
    EXPECT_EQ(peer.count("GET time"), 10U);
    EXPECT_EQ(account().status().read().step, AccountStep::running);
}

TEST_F(AccountTest, NamesConfiguredSymbolsThatAreNotListed) {
    settings.symbols[0].name = "BBBUSD";
    run(seconds(3));
    ASSERT_NE(account().fatal(), nullptr);
    EXPECT_EQ(account().fatal()->kind, ErrorKind::settings);
    EXPECT_THAT(account().fatal()->message, HasSubstr("did you mean \"BBBUSDT\"?"));
}

}  // namespace
}  // namespace tranche::aster
