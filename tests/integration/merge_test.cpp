// `tranche merge` against a running instance: what it asks, what comes of it, how it leaves.
#include <gtest/gtest.h>
#include <optional>

#include "tests/integration/books.hpp"

namespace tranche::integration {
namespace {

/// Tranches of one side that could be merged now.
struct Pair {
    std::string symbol;
    std::string side;
    std::uint32_t first;
    std::uint32_t second;
};

std::optional<Pair> find_pair(const Engine& engine) {
    const Json rows = engine.get("/api/tranches");  // by symbol, side and ordinal
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const Json& a = rows[i - 1];
        const Json& b = rows[i];
        if (a["symbol"] == b["symbol"] && a["side"] == b["side"] && a["state"] == "protected" &&
            b["state"] == "protected")
            return Pair{a["symbol"], a["side"], a["ordinal"], b["ordinal"]};
    }
    return std::nullopt;
}

class MergeVerb : public testing::Test {
public:
    Json settings() const {
        Json made = trading_settings(folder, exchange);
        made["globals"]["tranche_pnl_increment_pct"] = 0.05;
        made["globals"]["tranche_merge_pnl_pct"] = 100;  // only when told to
        for (auto& symbol : made["symbols"]) symbol["take_profit_pct"] = 5;
        return made;
    }
    Ended merge(const Engine& engine, std::vector<std::string> what) const {
        std::vector<std::string> command{tranche_program(), "merge", "--url", engine.page()};
        command.insert(command.end(), what.begin(), what.end());
        return run_to_end(folder, command);
    }

    Folder folder;
    Exchange exchange{folder, {"--seed", "11", "--speed", "3", "--balance", "5000"}};
};

TEST_F(MergeVerb, MakesOneTrancheOfThoseNamedAndRefusesTheRestWithItsReason) {
    Engine engine{folder, settings(), credentials(folder)};
    ASSERT_TRUE(engine.trades()) << engine.log();
    ASSERT_TRUE(eventually(seconds(90), [&] { return find_pair(engine).has_value(); }))
        << engine.get_text("/api/tranches");
    ASSERT_NO_FATAL_FAILURE(exchange.pause_market());
    ASSERT_EQ(settle(engine, exchange), "");
    const std::optional<Pair> pair = find_pair(engine);
    ASSERT_TRUE(pair) << engine.get_text("/api/tranches");
    const std::size_t before = read_engine(engine).tranches.size();
    const std::string first = std::to_string(pair->first);

    const Ended missing = merge(engine, {pair->symbol, pair->side, first, "999"});
    EXPECT_EQ(missing.code, 1) << missing.text;
    EXPECT_NE(missing.text.find("tranche 999 is not open"), std::string::npos) << missing.text;
    EXPECT_EQ(merge(engine, {"NOSUCH", "LONG", "0", "1"}).code, 2);
    EXPECT_EQ(merge(engine, {pair->symbol, "UP", "0", "1"}).code, 64);
    EXPECT_EQ(merge(engine, {pair->symbol, pair->side, first}).code, 64);
    EXPECT_EQ(read_engine(engine).tranches.size(), before);

    const Ended merged =
        merge(engine, {pair->symbol, pair->side, first, std::to_string(pair->second)});
    EXPECT_EQ(merged.code, 0) << merged.text;
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return read_engine(engine).tranches.size() == before - 1;
    })) << engine.log();
    EXPECT_EQ(settle(engine, exchange), "") << engine.log();
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return engine.get("/api/tranches/merges").size() == 1;
    })) << engine.get_text("/api/tranches/merges");
    EXPECT_EQ(engine.get("/api/tranches/merges")[0]["why"], "manual");
    EXPECT_EQ(engine.stop(), 0) << engine.log();
}

}  // namespace
}  // namespace tranche::integration
