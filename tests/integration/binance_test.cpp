// A whole trade at the second venue: liquidation, entry, fill, take-profit, and a stop that lives
// in the service for conditional orders until it fires.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/integration/books.hpp"
#include "tools/http_client.hpp"

namespace tranche::integration {
namespace {

const std::string api_key = "k1b2c3d4e5f60718293a4b5c6d7e8f90";
const std::string api_secret = "s1b2c3d4e5f60718293a4b5c6d7e8f91";

Environment keys() {
    return {{"API_KEY", api_key}, {"API_SECRET", api_secret}};
}

std::vector<std::string> binance(const std::string& seed) {
    return {"--venue",   "binance", "--seed",    seed,    "--speed",      "5",
            "--balance", "5000",    "--api-key", api_key, "--api-secret", api_secret};
}

class Binance : public testing::Test {
public:
    Json settings() const {
        Json made = trading_settings(folder, exchange);
        made["exchange"]["venue"] = "binance";
        return made;
    }
    /// Orders the exchange ever had that `which` says yes to.
    std::size_t orders(const std::function<bool(const Json&)>& which) const {
        HttpCall call;
        call.url = exchange.control() + "/sim/orders";
        const auto answer = ask(call);
        const Json list = answer ? Json::parse(answer.value().body, nullptr, false) : Json::array();
        return static_cast<std::size_t>(std::count_if(list.begin(), list.end(), which));
    }

    Folder folder;
    Exchange exchange{folder, binance("11")};
};

bool is_stop(const Json& order) {
    return order["origType"] == "STOP_MARKET";
}

TEST_F(Binance, ATradeIsEnteredFilledAndProtectedByAConditionalOrderThatLivesApart) {
    Engine engine{folder, settings(), keys()};
    ASSERT_TRUE(engine.trades()) << engine.log();
    ASSERT_TRUE(eventually(seconds(90), [&] {
        const Json rows = engine.get("/api/tranches");
        return std::any_of(rows.begin(), rows.end(),
                           [](const Json& row) { return row["state"] == "protected"; });
    })) << engine.log();
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    EXPECT_EQ(settle(engine, exchange), "") << engine.log();
    EXPECT_GT(orders([](const Json& order) { return is_stop(order) && order["status"] == "NEW"; }),
              0U)
        << exchange.ledger();
    const std::string metrics = engine.get_text("/metrics");
    EXPECT_EQ(metrics.find("tranche_messages_total{event=\"ALGO_UPDATE\"} 0\n"), std::string::npos)
        << metrics;
    EXPECT_NE(metrics.find("tranche_messages_total{event=\"ALGO_UPDATE\"} "), std::string::npos);
    EXPECT_EQ(engine.figure("/orders_rejected"), 0) << engine.log();
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

TEST_F(Binance, AStopThatFiresClosesItsTrancheAndBothSidesAgree) {
    Json made = settings();
    for (auto& symbol : made["symbols"]) symbol["stop_loss_pct"] = 0.2;
    Engine engine{folder, made, keys()};
    ASSERT_TRUE(engine.trades()) << engine.log();
    ASSERT_TRUE(eventually(seconds(120), [&] {
        return orders([](const Json& order) {
                   return is_stop(order) && order["type"] == "MARKET" &&
                          order["status"] == "FILLED";
               }) > 0;
    })) << exchange.ledger();
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    EXPECT_EQ(settle(engine, exchange), "") << engine.log();
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
