// Database and journal lost or damaged: what was open comes back from the exchange alone.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>

#include "core/numbers.hpp"
#include "tests/integration/storage.hpp"

namespace tranche::integration {
namespace {

namespace files = std::filesystem;

/// The same tranches, by id and quantity. Entries agree to the last digit where trades tell them;
/// of tranches that were merged only the position's average is known, and then exits may move.
void expect_same(const EngineBook& after, const EngineBook& before) {
    ASSERT_EQ(after.tranches.size(), before.tranches.size());
    std::size_t exact = 0;
    for (const auto& [id, facts] : before.tranches) {
        ASSERT_TRUE(after.tranches.contains(id)) << id;
        TrancheFacts found = after.tranches.at(id);
        exact += found.entry == facts.entry ? 1U : 0U;
        const std::int64_t entry = parse_decimal(facts.entry).value_or(0);
        EXPECT_LE(std::abs(parse_decimal(found.entry).value_or(0) - entry), entry / 50) << id;
        found.entry = facts.entry;
        found.take_profit_order = facts.take_profit_order;
        found.stop_loss_order = facts.stop_loss_order;
        EXPECT_EQ(found, facts) << id;
    }
    EXPECT_GE(exact, before.tranches.size() / 2);
}

void lose(const Folder& folder) {
    for (const char* suffix : {"", "-wal", "-shm"})
        files::remove(folder.path("tranche.db") + suffix);
    files::remove(folder.journal());
}

TEST(LostStorage, WithDatabaseAndJournalGoneTheClientOrderIdsBringBackTheSameTranches) {
    StoppedLine line{{"--seed", "11", "--speed", "3", "--balance", "5000"}, 4};
    ASSERT_EQ(line.problem, "");
    lose(line.folder);
    Engine again{line.folder, line.settings, line.secrets};
    ASSERT_TRUE(again.trades()) << again.log();
    EXPECT_EQ(settle(again, line.exchange), "") << again.log();
    EXPECT_NE(again.log().find("rebuilt from the exchange"), std::string::npos) << again.log();
    const EngineBook after = read_engine(again);
    expect_same(after, line.before);
    EXPECT_EQ(after.orders.size(), line.before.orders.size());
    const ExchangeBook theirs = read_exchange(line.exchange);
    EXPECT_EQ(theirs.positions, line.theirs.positions) << "nothing was bought or sold";
    EXPECT_EQ(theirs.fills, line.theirs.fills);
    EXPECT_EQ(line.verify().code, 0);
    EXPECT_EQ(again.stop(), 0) << again.log();
}

/// Damages the file, starts, and expects it set aside and everything open again as it was.
void expect_repaired(StoppedLine& line, const std::function<void(const std::string&)>& damage) {
    const std::string path = line.folder.path("tranche.db");
    {
        // what lies in the log beside it goes into the file first, so that the damage is read
        Engine once{line.folder, line.settings, line.secrets};
        ASSERT_TRUE(once.trades()) << once.log();
        ASSERT_EQ(once.stop(), 0) << once.log();
    }
    damage(path);
    Engine again{line.folder, line.settings, line.secrets};
    ASSERT_TRUE(again.trades()) << again.log();
    EXPECT_EQ(settle(again, line.exchange), "") << again.log();
    EXPECT_NE(again.log().find("alarm the database was damaged"), std::string::npos) << again.log();
    bool kept = false;
    for (const auto& entry : files::directory_iterator{files::path{path}.parent_path()})
        kept = kept || entry.path().string().find("tranche.db.damaged-") != std::string::npos;
    EXPECT_TRUE(kept) << "the damaged file is set aside, not deleted";
    expect_same(read_engine(again), line.before);
    EXPECT_EQ(read_exchange(line.exchange).positions, line.theirs.positions);
    EXPECT_EQ(line.verify().code, 0);
    EXPECT_EQ(again.stop(), 0) << again.log();
}

TEST(LostStorage, ADatabaseWithOverwrittenPagesIsSetAsideAndFilledAnew) {
    StoppedLine line{{"--seed", "12", "--speed", "3", "--balance", "5000"}, 3};
    ASSERT_EQ(line.problem, "");
    expect_repaired(line, [](const std::string& path) {
        std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
        for (const std::streamoff page : {2, 3, 5, 7, 9}) {
            file.seekp(page * 4096);
            const std::string noise(2048, '\x5a');
            file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
        }
    });
}

TEST(LostStorage, ADatabaseCutInTheMiddleIsSetAsideAndFilledAnew) {
    StoppedLine line{{"--seed", "13", "--speed", "3", "--balance", "5000"}, 3};
    ASSERT_EQ(line.problem, "");
    expect_repaired(line, [](const std::string& path) {
        files::resize_file(path, files::file_size(path) / 2);
    });
}

}  // namespace
}  // namespace tranche::integration
