#include "persist/settings_audit.hpp"

#include "tests/unit/persist/world.hpp"

namespace tranche::test {
namespace {

TEST(SettingsAudit, KeepsWhatDiffersFromTheLastStart) {
    const Folder folder;
    Database database = migrated(folder / "t.db");
    const auto count = [&](const std::string& condition) {
        return take(database.integer("SELECT count(*) FROM settings_audit WHERE " + condition, -1));
    };
    EXPECT_EQ(take(audit_settings(database, {{"a.b", "1"}, {"c", "true"}}, start_time)), 2U);
    EXPECT_EQ(count("before IS NULL"), 2) << "the first start knows of nothing before";
    EXPECT_EQ(take(audit_settings(database, {{"a.b", "1"}, {"c", "true"}}, start_time)), 0U);
    EXPECT_EQ(take(audit_settings(database, {{"a.b", "2"}, {"d", "x"}}, start_time)), 3U);
    EXPECT_EQ(count("setting = 'a.b' AND before = '1' AND after = '2'"), 1);
    EXPECT_EQ(count("setting = 'c' AND before = 'true' AND after IS NULL"), 1);
    EXPECT_EQ(count("setting = 'd' AND before IS NULL AND after = 'x'"), 1);
    EXPECT_EQ(take(audit_settings(database, {{"a.b", "2"}, {"d", "x"}}, start_time)), 0U)
        << "what is gone stays gone";
}

}  // namespace
}  // namespace tranche::test
