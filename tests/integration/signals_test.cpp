#include <gtest/gtest.h>

#include "tests/integration/books.hpp"

namespace tranche::integration {
namespace {

TEST(Signals, SigtermDrainsAndLeavesExitsStanding) {
    const Folder folder;
    const Exchange exchange{folder, {"--seed", "5", "--speed", "3", "--balance", "5000"}};
    Engine engine{folder, trading_settings(folder, exchange), credentials(folder)};
    ASSERT_TRUE(engine.trades()) << engine.log();
    ASSERT_TRUE(eventually(seconds(60), [&] {
        const EngineBook book = read_engine(engine);
        return book.tranches.size() >= 2 && book.open_entries > 0;
    })) << engine.log();
    const Nanos begin = monotonic_now();
    EXPECT_EQ(engine.stop(), 0) << engine.log();
    EXPECT_LT((monotonic_now() - begin).milliseconds(), 12'000);

    const Json ledger = exchange.ledger();
    ASSERT_TRUE(ledger.is_object());
    std::map<std::string, std::set<std::string>> roles;  // `SYMBOL SIDE` → types of its exits
    for (const Json& order : ledger["open_orders"]) {
        const std::string side = order.value("positionSide", "");
        EXPECT_NE(order.value("side", ""), side == "LONG" ? "BUY" : "SELL")
            << "an entry is still open: " << order.dump();
        std::string type = order.value("type", "");
        if (order.value("closePosition", false)) type = "backstop";
        roles[order.value("symbol", "") + " " + side].insert(type);
    }
    ASSERT_FALSE(ledger["positions"].empty());
    for (const Json& position : ledger["positions"]) {
        const std::string key =
            position.value("symbol", "") + " " + position.value("positionSide", "");
        EXPECT_TRUE(roles[key].contains("LIMIT")) << key << " has no take-profit";
        EXPECT_TRUE(roles[key].contains("STOP_MARKET")) << key << " has no stop-loss";
        EXPECT_TRUE(roles[key].contains("backstop")) << key << " has no backstop";
    }
}

}  // namespace
}  // namespace tranche::integration
