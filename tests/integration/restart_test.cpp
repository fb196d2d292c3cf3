// kill -9 and start again: the database and the journal bring everything back.
#include <gtest/gtest.h>
#include <random>

#include "tests/integration/books.hpp"

namespace tranche::integration {
namespace {

/// A market fast enough that a few seconds of it make several tranches.
const std::vector<std::string> lively{"--seed", "11", "--speed", "3", "--balance", "5000"};

TEST(Restart, KilledInMidTradingItComesBackWithTheSameTranchesAndOrdersAndSendsNothingTwice) {
    const Folder folder;
    const Exchange exchange{folder, lively};
    const Json settings = trading_settings(folder, exchange);
    const Environment secrets = credentials(folder);
    Engine engine{folder, settings, secrets};
    ASSERT_TRUE(engine.trades()) << engine.log();
    ASSERT_TRUE(eventually(seconds(60), [&] { return read_engine(engine).tranches.size() >= 5; }))
        << engine.log();
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    ASSERT_EQ(settle(engine, exchange), "");
    const EngineBook before = read_engine(engine);
    const ExchangeBook ledger_before = read_exchange(exchange);
    ASSERT_GE(before.tranches.size(), 3U);
    ASSERT_GE(before.orders.size(), 6U);

    ASSERT_NO_FATAL_FAILURE(engine.kill_hard());
    Engine again{folder, settings, secrets};
    ASSERT_TRUE(again.trades()) << again.log();
    EXPECT_EQ(settle(again, exchange), "") << again.log();

    const EngineBook after = read_engine(again);
    EXPECT_EQ(after.tranches, before.tranches);
    EXPECT_EQ(after.orders, before.orders);
    const ExchangeBook ledger_after = read_exchange(exchange);
    EXPECT_EQ(ledger_after.accepted, ledger_before.accepted) << "the restart sent orders";
    EXPECT_EQ(ledger_after, ledger_before);
    EXPECT_EQ(again.stop(), 0) << again.log();
}

TEST(Restart, KilledThriceAtRandomWhileTradingLedgerAndTranchesStillAgree) {
    const Folder folder;
    const Exchange exchange{folder, lively};
    const Json settings = trading_settings(folder, exchange);
    const Environment secrets = credentials(folder);
    std::random_device entropy;
    const unsigned seed = entropy();
    SCOPED_TRACE("seed of the moments: " + std::to_string(seed));
    std::mt19937 random{seed};
    for (int kills = 0; kills < 3; ++kills) {
        Engine engine{folder, settings, secrets};
        ASSERT_TRUE(engine.trades()) << engine.log();
        const std::int64_t accepted = read_exchange(exchange).accepted;
        ASSERT_TRUE(eventually(seconds(40), [&] {
            return read_exchange(exchange).accepted >= accepted + 4;
        })) << engine.log();
        const Nanos moment =
            monotonic_now() + milliseconds(std::uniform_int_distribution{0, 1'500}(random));
        eventually(seconds(5), [moment] { return monotonic_now() >= moment; });
        ASSERT_NO_FATAL_FAILURE(engine.kill_hard());
    }
    Engine engine{folder, settings, secrets};
    ASSERT_TRUE(engine.trades()) << engine.log();
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    EXPECT_EQ(settle(engine, exchange), "") << engine.log();
    EXPECT_GE(read_engine(engine).tranches.size(), 1U);
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
