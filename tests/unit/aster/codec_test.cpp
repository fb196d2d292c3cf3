#include "net/aster/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/aster/feed.hpp"

namespace tranche::aster {
namespace {

using support::Feed;

// Our own samples, one a kind, in shapes the protocol allows.
const std::string force_order =
    R"({"e":"forceOrder","E":1790000000123,"o":{"s":"AAAUSDT","S":"SELL","o":"LIMIT","f":"IOC",)"
    R"("q":"184.3","p":"171.92","ap":"173.4415","X":"FILLED","l":"12.7","z":"184.3",)"
    R"("T":1790000000120}})";
const std::string book_ticker =
    R"({"e":"bookTicker","u":77,"s":"AAAUSDT","b":"9.5","B":"1.25","a":"9.6","A":"0.5",)"
    R"("T":1790000000002,"E":1790000000005})";
const std::string mark_price =
    R"({"e":"markPriceUpdate","E":1790000001000,"s":"AAAUSDT","p":"9.55000000","P":"9.54",)"
    R"("i":"9.5512345678","r":"-0.0001000009","T":1790006400000})";
const std::string order_update =
    R"({"e":"ORDER_TRADE_UPDATE","E":1790000002001,"T":1790000002000,"o":{"s":"BBBUSDT",)"
    R"("c":"web_1","S":"BUY","o":"MARKET","f":"GTC","q":"0.500","p":"0","ap":"3310.25","sp":"0",)"
    R"("x":"TRADE","X":"PARTIALLY_FILLED","i":17338699853,"l":"0.200","z":"0.300","L":"3310.40",)"
    R"("N":"USDT","n":"0.23172800","T":1790000002000,"t":481,"b":"0","a":"0","m":true,"R":false,)"
    R"("wt":"CONTRACT_PRICE","ot":"STOP_MARKET","ps":"LONG","cp":false,"rp":"-1.5"}})";
const std::string account_update =
    R"({"e":"ACCOUNT_UPDATE","T":1790000003001,"a":{"m":"ORDER",)"
    R"("B":[{"a":"USDT","wb":"1039.41184271","cw":"1000.5","bc":"0"},)"
    R"({"a":"BNB","wb":"1","cw":"0","bc":"0"}],)"
    R"("P":[{"s":"BBBUSDT","pa":"-0.500","ep":"3310.2500000001","cr":"-0.59","up":"0.1150000001",)"
    R"("mt":"isolated","iw":"12","ps":"SHORT","ma":"USDT"}]},"E":1790000003002})";
const std::string margin_call =
    R"({"e":"MARGIN_CALL","E":1790000004000,"cw":"41.1","p":[{"s":"AAAUSDT","ps":"BOTH",)"
    R"("pa":"3.1","mt":"CROSSED","iw":"0","mp":"168.4","up":"-16.8","mm":"5.2"}]})";
const std::string leverage_change =
    R"({"e":"ACCOUNT_CONFIG_UPDATE","E":1790000005000,"T":1790000004999,"ac":{"s":"AAAUSDT","l":7}})";
const std::string mode_change =
    R"({"e":"ACCOUNT_CONFIG_UPDATE","E":1790000005000,"ai":{"j":false,"f":false,"d":true}})";
const std::string key_expired = R"({"e":"listenKeyExpired","E":1790000006000})";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

Price price(const char* text) {
    return *parse_as<Price>(text);
}
Quantity quantity(const char* text) {
    return *parse_as<Quantity>(text);
}
Notional notional(const char* text) {
    return *parse_as<Notional>(text);
}

struct CodecTest : testing::Test {
    Feed feed{{"AAAUSDT", "BBBUSDT", "CCCUSDT"}, 2};
};

TEST_F(CodecTest, ReadsALiquidationWithAllItsNumbers) {
    const auto events = feed.decode(force_order);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, EventKind::liquidation);
    EXPECT_EQ(events[0].arrival_time, nanoseconds(1'000));
    EXPECT_EQ(events[0].symbol, feed.symbols.find("AAAUSDT"));
    const Liquidation& body = events[0].liquidation;
    EXPECT_EQ(body.side, Side::sell);
    EXPECT_EQ(body.exchange_time, milliseconds(1790000000123));
    EXPECT_EQ(body.trade_time, milliseconds(1790000000120));
    EXPECT_EQ(body.price, price("171.92"));
    EXPECT_EQ(body.average_price, price("173.4415"));
    EXPECT_EQ(body.quantity, quantity("184.3"));
    EXPECT_EQ(body.last_quantity, quantity("12.7"));
    EXPECT_EQ(body.filled, quantity("184.3"));
}

TEST_F(CodecTest, ReadsTheSameFromAWrapperInAnyOrderOfKeysAndWithBlanks) {
    const auto raw = feed.decode(force_order);
    feed.forget();
    const auto wrapped = feed.decode(R"({"stream":"!forceOrder@arr","data":)" + force_order + "}");
    feed.forget();
    const auto turned = feed.decode(
        R"( { "data" : { "o" : { "T" : "1790000000120" , "z" : 184.3 , "l":"12.7","ap":173.4415,
        "new":{"deep":[1,{"s":"x"}]},"p":"171.92","q":"184.30","S":"SELL","s":"AAAUSDT" },
        "E" : "1790000000123" , "e" : "forceOrder" } , "stream" : "!forceOrder@arr" } )");
    ASSERT_EQ(raw.size(), 1U);
    ASSERT_EQ(wrapped.size(), 1U);
    ASSERT_EQ(turned.size(), 1U);
    EXPECT_EQ(std::memcmp(raw.data(), wrapped.data(), sizeof(Event)), 0);
    EXPECT_EQ(std::memcmp(raw.data(), turned.data(), sizeof(Event)), 0);
}

TEST_F(CodecTest, PublishesLiquidationsOfSymbolsWeDoNotTradeOrDoNotKnow) {
    const auto listed = feed.decode(replaced(force_order, "AAAUSDT", "CCCUSDT"));
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].symbol, feed.symbols.find("CCCUSDT"));
    const auto unlisted = feed.decode(replaced(force_order, "AAAUSDT", "ZZZUSDT"));
    ASSERT_EQ(unlisted.size(), 1U);
    EXPECT_EQ(unlisted[0].symbol, no_symbol);
    EXPECT_EQ(feed.codec.counters().unlisted(), 1U);
}

TEST_F(CodecTest, FindsASymbolWhoseNameComesInEscapedCharacters) {
    const auto events = feed.decode(replaced(force_order, "AAAUSDT", R"(\u0041AAUSDT)"));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].symbol, feed.symbols.find("AAAUSDT"));
}

TEST_F(CodecTest, NeverInventsAMoneyMemberThatIsMissingOrUnfit) {
    for (const char* member :
         {R"("q":"184.3",)", R"("p":"171.92",)", R"("ap":"173.4415",)", R"("l":"12.7",)",
          R"("z":"184.3",)", R"("S":"SELL",)", R"("s":"AAAUSDT",)", R"("E":1790000000123,)"}) {
        EXPECT_TRUE(feed.decode(replaced(force_order, member, "")).empty()) << member;
    }
    EXPECT_EQ(feed.malformed(), 8U);
    for (const char* bad : {R"("p":null)", R"("p":"")", R"("p":"1e3")", R"("p":"-1")",
                            R"("p":"1.000000001")", R"("p":"92233720369")", R"("p":"NaN")",
                            R"("p":{"x":1})", R"("p":[1])", R"("p":true)", R"("p":" 1")"}) {
        EXPECT_TRUE(feed.decode(replaced(force_order, R"("p":"171.92")", bad)).empty()) << bad;
    }
    EXPECT_EQ(feed.malformed(), 19U);
}

TEST_F(CodecTest, RefusesAProductThatNoNotionalHolds) {
    auto text = replaced(force_order, R"("p":"171.92")", R"("p":"90000000000")");
    text = replaced(text, R"("q":"184.3")", R"("q":"90000000000")");
    EXPECT_TRUE(feed.decode(text).empty());
    EXPECT_EQ(feed.malformed(), 1U);
}

TEST_F(CodecTest, ReadsABookTickerAlsoWithoutItsKindAndItsTimes) {
    const auto events = feed.decode(book_ticker);
    ASSERT_EQ(events.size(), 1U);
    const BookTicker& body = events[0].book_ticker;
    EXPECT_EQ(body.update_id, 77);
    EXPECT_EQ(body.bid, price("9.5"));
    EXPECT_EQ(body.bid_quantity, quantity("1.25"));
    EXPECT_EQ(body.ask, price("9.6"));
    EXPECT_EQ(body.ask_quantity, quantity("0.5"));
    EXPECT_EQ(body.exchange_time, milliseconds(1790000000005));
    EXPECT_EQ(body.trade_time, milliseconds(1790000000002));
    const auto bare = feed.decode(R"({"u":78,"s":"BBBUSDT","b":"1","B":"2","a":"1.1","A":"3"})");
    ASSERT_EQ(bare.size(), 1U);
    EXPECT_EQ(bare[0].book_ticker.update_id, 78);
    EXPECT_EQ(bare[0].book_ticker.exchange_time.count, 0);
    EXPECT_EQ(feed.codec.counters().messages(MessageKind::none), 1U);
    EXPECT_EQ(feed.codec.counters().messages(MessageKind::book_ticker), 1U);
}

TEST_F(CodecTest, PublishesPricesOfConfiguredSymbolsOnly) {
    EXPECT_TRUE(feed.decode(replaced(book_ticker, "AAAUSDT", "CCCUSDT")).empty());
    EXPECT_TRUE(feed.decode(replaced(mark_price, "AAAUSDT", "ZZZUSDT")).empty());
    EXPECT_EQ(feed.malformed(), 0U);
    EXPECT_EQ(feed.codec.counters().messages(feed.symbols.find("CCCUSDT")), 1U);
}

TEST_F(CodecTest, CutsAdvisoryDecimalsTowardZero) {
    const auto events = feed.decode(mark_price);
    ASSERT_EQ(events.size(), 1U);
    const MarkPrice& body = events[0].mark_price;
    EXPECT_EQ(body.mark, price("9.55"));
    EXPECT_EQ(body.index, price("9.55123456"));
    EXPECT_EQ(body.funding_rate.raw, -10'000);
    EXPECT_EQ(body.next_funding_time, milliseconds(1790006400000));
    EXPECT_TRUE(feed.decode(replaced(mark_price, "9.55000000", "9.550000001")).empty());
    EXPECT_TRUE(feed.decode(replaced(mark_price, "9.5512345678", "9.55123456x8")).empty());
    EXPECT_EQ(feed.malformed(), 2U);
}

TEST_F(CodecTest, ReadsAnArrayOfMarkPrices) {
    const std::string array = "[" + mark_price + "," + replaced(mark_price, "AAAUSDT", "CCCUSDT") +
                              "," + replaced(mark_price, "AAAUSDT", "BBBUSDT") + "]";
    EXPECT_EQ(feed.decode(array).size(), 2U);
    const std::string later = R"({"stream":"!markPrice@arr@1s","data":[)" +
                              replaced(mark_price, "1790000001000", "1790000002000") + "]}";
    EXPECT_EQ(feed.decode(later).size(), 1U);
    EXPECT_EQ(feed.codec.counters().messages(MessageKind::mark_price), 4U);
    EXPECT_EQ(feed.codec.counters().frames(), 2U);
    EXPECT_TRUE(feed.decode("[]").empty());
    EXPECT_EQ(feed.malformed(), 0U);
}

TEST_F(CodecTest, OneBadElementDoesNotSpoilItsArray) {
    const std::string bad = replaced(mark_price, R"("p":"9.55000000",)", "");
    const std::string array = "[" + bad + "," + replaced(mark_price, "AAAUSDT", "BBBUSDT") + "]";
    EXPECT_EQ(feed.decode(array).size(), 1U);
    EXPECT_EQ(feed.malformed(), 1U);
}

TEST_F(CodecTest, ReadsAnOrderReport) {
    const auto events = feed.decode(order_update);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].symbol, feed.symbols.find("BBBUSDT"));
    const OrderUpdate& body = events[0].order_update;
    EXPECT_EQ(body.exchange_time, milliseconds(1790000002001));
    EXPECT_EQ(body.trade_time, milliseconds(1790000002000));
    EXPECT_EQ(body.order_id, 17338699853);
    EXPECT_EQ(body.trade_id, 481);
    EXPECT_EQ(body.last_quantity, quantity("0.2"));
    EXPECT_EQ(body.filled, quantity("0.3"));
    EXPECT_EQ(body.last_price, price("3310.4"));
    EXPECT_EQ(body.average_price, price("3310.25"));
    EXPECT_EQ(body.commission, notional("0.231728"));
    EXPECT_EQ(body.realized, notional("-1.5"));
    EXPECT_FALSE(body.ours);
    EXPECT_EQ(body.side, Side::buy);
    EXPECT_EQ(body.leg, PositionLeg::long_side);
    EXPECT_EQ(body.type, OrderType::market);
    EXPECT_EQ(body.original_type, OrderType::stop_market);
    EXPECT_EQ(body.execution, ExecutionType::trade);
    EXPECT_EQ(body.status, OrderStatus::partially_filled);
    EXPECT_TRUE(body.maker);
    EXPECT_EQ(body.forced, ForcedClose::none);
    EXPECT_EQ(body.commission_asset, CommissionAsset::usdt);
}

std::string algo_update(const std::string& status, const std::string& client_id) {
    return R"({"e":"ALGO_UPDATE","T":1790000007001,"E":1790000007002,"o":{"caid":")" + client_id +
           R"(","aid":2148719,"at":"CONDITIONAL","o":"STOP_MARKET","s":"BBBUSDT","S":"SELL",)"
           R"("ps":"LONG","f":"GTC","q":"0.01","X":")" +
           status +
           R"(","ai":"","ap":"0.00000","aq":"0.00000","act":"0","tp":"750","p":"0","V":"NONE",)"
           R"("wt":"MARK_PRICE","pm":"NONE","cp":false,"pP":false,"R":false,"tt":0,"gtd":0}})";
}

TEST_F(CodecTest, ReadsAConditionalOrderThatLivesApart) {
    const ClientOrderId id{7, Role::stop_loss, 0, 12, TrancheId{34}, 5};
    const ClientOrderIdText text = encode(id);
    const std::string ours{text.data(), text.size()};
    const auto events = feed.decode(algo_update("NEW", ours));
    ASSERT_EQ(events.size(), 1U);
    const OrderUpdate& body = events[0].order_update;
    EXPECT_EQ(events[0].kind, EventKind::order_update);
    EXPECT_EQ(feed.symbols.name(events[0].symbol), "BBBUSDT");
    EXPECT_TRUE(body.ours);
    EXPECT_EQ(body.id, id);
    EXPECT_EQ(body.order_id, 2'148'719);
    EXPECT_EQ(body.exchange_time, milliseconds(1'790'000'007'002));
    EXPECT_EQ(body.trade_time, milliseconds(1'790'000'007'001));
    EXPECT_EQ(body.type, OrderType::stop_market);
    EXPECT_EQ(body.side, Side::sell);
    EXPECT_EQ(body.leg, PositionLeg::long_side);
    EXPECT_EQ(body.status, OrderStatus::created);
    EXPECT_EQ(body.execution, ExecutionType::created);
    EXPECT_TRUE(body.filled.zero());
    const std::pair<const char*, OrderStatus> ends[] = {{"CANCELED", OrderStatus::canceled},
                                                        {"EXPIRED", OrderStatus::expired},
                                                        {"REJECTED", OrderStatus::rejected}};
    for (const auto& [word, status] : ends) {
        const auto ended = feed.decode(algo_update(word, ours));
        ASSERT_EQ(ended.size(), 1U) << word;
        EXPECT_EQ(ended[0].order_update.status, status);
        EXPECT_TRUE(is_terminal(ended[0].order_update.status));
    }
    // From here on the order that came of it is reported.
    for (const char* word : {"TRIGGERING", "TRIGGERED", "FINISHED"})
        EXPECT_TRUE(feed.decode(algo_update(word, ours)).empty()) << word;
    EXPECT_EQ(feed.malformed(), 0U);
}

TEST_F(CodecTest, AConditionalOrderWithoutWhatNamesItIsMalformed) {
    const std::string whole = algo_update("NEW", "web_1");
    EXPECT_EQ(feed.decode(whole).size(), 1U);
    const char* members[] = {R"("caid":"web_1",)", R"("aid":2148719,)", R"("s":"BBBUSDT",)",
                             R"("S":"SELL",)",     R"("X":"NEW",)",     R"("E":1790000007002,)"};
    for (const char* member : members)
        EXPECT_TRUE(feed.decode(replaced(whole, member, "")).empty()) << member;
    EXPECT_EQ(feed.malformed(), std::size(members));
}

TEST_F(CodecTest, KnowsItsOwnOrdersAndTheExchangesForcedOnes) {
    const ClientOrderId id{7, Role::stop_loss, 0, 12, TrancheId{34}, 5};
    const ClientOrderIdText text = encode(id);
    const auto ours = feed.decode(replaced(order_update, "web_1", {text.data(), text.size()}));
    ASSERT_EQ(ours.size(), 1U);
    EXPECT_TRUE(ours[0].order_update.ours);
    EXPECT_EQ(ours[0].order_update.id, id);
    const auto forced = [&](const char* client_id) {
        feed.forget();
        const auto events = feed.decode(replaced(order_update, "web_1", client_id));
        return events.size() == 1 ? events[0].order_update.forced : ForcedClose::none;
    };
    EXPECT_EQ(forced("autoclose-17900000000001"), ForcedClose::liquidation);
    EXPECT_EQ(forced("settlement_autoclose-1"), ForcedClose::liquidation);
    EXPECT_EQ(forced("adl_autoclose"), ForcedClose::deleveraging);
    EXPECT_EQ(forced("my-autoclose-1"), ForcedClose::none);
}

TEST_F(CodecTest, AFillNeedsWhatIsBooked) {
    for (const char* member :
         {R"("l":"0.200",)", R"("z":"0.300",)", R"("L":"3310.40",)", R"(,"rp":"-1.5")",
          R"("t":481,)", R"("i":17338699853,)", R"("N":"USDT",)"})
        EXPECT_TRUE(feed.decode(replaced(order_update, member, "")).empty()) << member;
    EXPECT_EQ(feed.malformed(), 7U);
}

TEST_F(CodecTest, AReportWithoutAFillMayLeaveAmountsOut) {
    const auto events = feed.decode(
        R"({"e":"ORDER_TRADE_UPDATE","E":1790000002001,"o":{"s":"AAAUSDT","c":"a","S":"SELL",)"
        R"("o":"TAKE_PROFIT_MARKET","X":"NEW","x":"NEW","i":"5","z":"0","n":null,"N":null,)"
        R"("T":1790000002000}})");
    ASSERT_EQ(events.size(), 1U);
    const OrderUpdate& body = events[0].order_update;
    EXPECT_EQ(body.order_id, 5);
    EXPECT_EQ(body.status, OrderStatus::created);
    EXPECT_EQ(body.original_type, OrderType::take_profit_market);
    EXPECT_EQ(body.leg, PositionLeg::both);
    EXPECT_TRUE(body.commission.zero());
}

TEST_F(CodecTest, SplitsAnAccountUpdateAndTakesItsTimeWhereverItStands) {
    for (const std::string& text :
         {account_update, R"({"stream":"key","data":)" + account_update + "}"}) {
        feed.forget();
        const auto events = feed.decode(text);
        ASSERT_EQ(events.size(), 3U);
        EXPECT_EQ(events[0].balance_update.wallet, notional("1039.41184271"));
        EXPECT_EQ(events[0].balance_update.cross_wallet, notional("1000.5"));
        EXPECT_EQ(events[0].balance_update.asset, CommissionAsset::usdt);
        EXPECT_FALSE(events[0].balance_update.has_available);
        EXPECT_EQ(events[1].balance_update.asset, CommissionAsset::other);
        EXPECT_EQ(events[2].kind, EventKind::position_update);
        EXPECT_EQ(events[2].symbol, feed.symbols.find("BBBUSDT"));
        const PositionUpdate& position = events[2].position_update;
        EXPECT_EQ(position.exchange_time, milliseconds(1790000003002));
        EXPECT_EQ(position.amount, quantity("-0.5"));
        EXPECT_EQ(position.entry_price, price("3310.25"));
        EXPECT_EQ(position.unrealized, notional("0.115"));
        EXPECT_EQ(position.leg, PositionLeg::short_side);
        EXPECT_TRUE(position.isolated);
        EXPECT_EQ(position.generation, 0U);
    }
}

TEST_F(CodecTest, AnAccountUpdateWithoutAnAmountIsMalformed) {
    EXPECT_TRUE(feed.decode(replaced(account_update, R"("wb":"1039.41184271",)", "")).empty());
    EXPECT_EQ(feed.decode(replaced(account_update, R"("pa":"-0.500",)", "")).size(), 2U);
    EXPECT_TRUE(feed.decode(replaced(account_update, R"("a":{)", R"("q":{)")).empty());
    EXPECT_TRUE(feed.decode("[" + account_update + "]").empty());
    EXPECT_EQ(feed.malformed(), 4U);
}

TEST_F(CodecTest, ReadsAccountNotices) {
    const auto call = feed.decode(margin_call);
    ASSERT_EQ(call.size(), 1U);
    EXPECT_EQ(call[0].account_notice.kind, AccountNoticeKind::margin_call);
    const auto expired = feed.decode(key_expired);
    ASSERT_EQ(expired.size(), 1U);
    EXPECT_EQ(expired[0].account_notice.kind, AccountNoticeKind::listen_key_expired);
    EXPECT_EQ(expired[0].account_notice.exchange_time, milliseconds(1790000006000));
    const auto leverage = feed.decode(leverage_change);
    ASSERT_EQ(leverage.size(), 1U);
    EXPECT_EQ(leverage[0].account_notice.kind, AccountNoticeKind::leverage_changed);
    EXPECT_EQ(leverage[0].account_notice.leverage, 7);
    EXPECT_EQ(leverage[0].symbol, feed.symbols.find("AAAUSDT"));
    const auto modes = feed.decode(mode_change);
    ASSERT_EQ(modes.size(), 2U);
    EXPECT_EQ(modes[0].account_notice.kind, AccountNoticeKind::multi_assets_changed);
    EXPECT_FALSE(modes[0].account_notice.flag);
    EXPECT_EQ(modes[1].account_notice.kind, AccountNoticeKind::hedge_mode_changed);
    EXPECT_TRUE(modes[1].account_notice.flag);
}

TEST_F(CodecTest, IgnoresWhatItKnowsAndDoesNotNeedAndSaysWhatItDoesNotKnow) {
    for (const char* text :
         {R"({"e":"aggTrade","E":1,"s":"AAAUSDT","p":"1"})", R"({"e":"trade","s":"AAAUSDT"})",
          R"({"e":"depthUpdate","s":"AAAUSDT","u":1,"b":[["1","2"]],"a":[]})",
          R"({"e":"kline","s":"AAAUSDT","k":{"t":1,"s":"AAAUSDT"}})", R"({"e":"24hrTicker"})",
          R"({"e":"24hrMiniTicker"})", R"({"result":null,"id":1})",
          R"({"code":2,"msg":"no such method"})", R"({"e":"announcement","en":{"t":"x"}})"})
        EXPECT_TRUE(feed.decode(text).empty()) << text;
    EXPECT_EQ(feed.parse->counters().ignored.load(), 9U);
    EXPECT_EQ(feed.codec.counters().messages(MessageKind::control_reply), 2U);
    EXPECT_TRUE(feed.decode(R"({"e":"TRADE_LITE","s":"AAAUSDT"})").empty());
    EXPECT_TRUE(feed.decode(R"({"lastUpdateId":1})").empty());
    EXPECT_TRUE(feed.decode("{}").empty());
    EXPECT_EQ(feed.parse->counters().unknown.load(), 3U);
    EXPECT_EQ(feed.malformed(), 0U);
    EXPECT_EQ(feed.codec.counters().messages(feed.symbols.find("AAAUSDT")), 5U);
}

TEST_F(CodecTest, CallsWhatIsNoJsonMalformed) {
    for (const char* text : {"", " ", "{", "}", "null", "1", "\"x\"", "{]", "[1]", "[[]]", "<html>",
                             R"({"e":"listenKeyExpired","E":1}x)", R"({"e" "x"})", R"({"e":})",
                             R"([{"e":"markPriceUpdate"])", R"({"data":[{]})", "\xff\xfe{}"})
        EXPECT_TRUE(feed.decode(text).empty()) << text;
    EXPECT_EQ(feed.malformed(), 17U);
}

/// Liquidations that are no copies of each other.
std::string force_order_at(int second) {
    return replaced(force_order, R"("T":1790000000120)",
                    R"("T":)" + std::to_string(1'790'000'000'120 + second * 1'000));
}

TEST_F(CodecTest, TakesNothingWhileTheEngineHasNoRoomForAWholeFrame) {
    Feed small{{"AAAUSDT", "BBBUSDT"}, 2, 16};  // needs room for 2 + 8 events
    for (int i = 0; i < 7; ++i) small.push(force_order_at(i));
    small.push(account_update);
    EXPECT_EQ(small.parse->poll(small.now), 7U);
    EXPECT_EQ(small.codec.counters().frames(), 7U);
    EXPECT_EQ(small.parse->counters().blocked.load(), 1U);
    EXPECT_EQ(small.parse->poll(small.now), 0U);
    EXPECT_EQ(small.drain().size(), 7U);
    EXPECT_EQ(small.parse->poll(small.now), 1U);
    EXPECT_EQ(small.drain().size(), 3U);
}

TEST_F(CodecTest, WaitsForRoomForAllEntriesOfAnAccountUpdate) {
    Feed small{{"AAAUSDT"}, 1, 16};
    std::string entries;
    for (int i = 1; i <= 12; ++i)
        entries += R"({"a":"USDT","wb":")" + std::to_string(i) + R"(","cw":"1"},)";
    entries.pop_back();
    const std::string twelve =
        R"({"e":"ACCOUNT_UPDATE","E":1,"a":{"B":[)" + entries + R"(],"P":[]}})";
    for (int i = 0; i < 5; ++i) small.push(force_order_at(i));
    small.push(twelve);
    EXPECT_EQ(small.parse->poll(small.now), 5U);
    EXPECT_EQ(small.codec.counters().messages(MessageKind::account_update), 0U);
    EXPECT_EQ(small.drain().size(), 5U);
    EXPECT_EQ(small.parse->poll(small.now), 1U);
    EXPECT_EQ(small.drain().size(), 12U);
    const std::string forty =
        R"({"e":"ACCOUNT_UPDATE","E":1,"a":{"B":[)" + entries + "," + entries + R"(],"P":[]}})";
    EXPECT_TRUE(small.decode(forty).empty()) << "can never fit, so it must not block the stage";
    EXPECT_EQ(small.malformed(), 1U);
}

TEST_F(CodecTest, LeavesNoByteOfAnEarlierEventBehind) {
    Feed small{{"AAAUSDT", "BBBUSDT"}, 2, 16};
    const auto first = small.decode(key_expired);
    for (int i = 0; i < 20; ++i) {
        small.forget();
        EXPECT_EQ(small.decode(order_update).size(), 1U);
    }
    const auto again = small.decode(key_expired);
    ASSERT_EQ(first.size(), 1U);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(std::memcmp(first.data(), again.data(), sizeof(Event)), 0);
}

const std::vector<std::string>& samples() {
    static const std::vector<std::string> all{force_order,
                                              book_ticker,
                                              mark_price,
                                              order_update,
                                              account_update,
                                              margin_call,
                                              leverage_change,
                                              mode_change,
                                              key_expired,
                                              "[" + mark_price + "]",
                                              R"({"stream":"k","data":)" + account_update + "}"};
    return all;
}

TEST_F(CodecTest, NeverTakesAPrefixForAMessage) {
    std::uint64_t cut = 0;
    for (const std::string& sample : samples())
        for (std::size_t length = 0; length < sample.size(); ++length, ++cut)
            EXPECT_TRUE(feed.decode(sample.substr(0, length)).empty()) << sample.substr(0, length);
    EXPECT_EQ(feed.malformed(), cut);
}

TEST_F(CodecTest, SurvivesFlippedBytesAndStaysBounded) {
    std::mt19937 random{20261122};
    const auto pick = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
    };
    for (int round = 0; round < 60'000; ++round) {
        std::string text = samples()[pick(samples().size())];
        for (std::size_t flips = 1 + pick(4); flips > 0; --flips) {
            char& byte = text[pick(text.size())];
            byte = pick(2) == 0 ? static_cast<char>(pick(256)) : "{}[]\",:\\0e-"[pick(11)];
        }
        EXPECT_LE(feed.decode(text).size(), 3U) << text;
    }
    EXPECT_EQ(feed.codec.counters().frames(), 60'000U);
}

}  // namespace
}  // namespace tranche::aster
